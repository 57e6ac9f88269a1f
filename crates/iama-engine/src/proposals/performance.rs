//! What the touched places cost when they run, next to the old code, as far as the kinds of rewrites tell. Places are counted; nothing is
//! run, and no time is guessed.

use iama_recipes::pair::Weight;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::findings::FileFindings;

/// Counts in files of code that recipes look into; those of tests are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Performance {
    /// Places whose words made a list and make none in the target language, by the names of what they call. The same for all
    /// proposals.
    pub lists: usize,
    /// Those of them that are rewritten to make one as before. The others make none: less to do, and a view or an iterator for
    /// whoever uses it.
    pub kept: usize,
    /// Places that call a small function where an operator, a builtin or a method stood.
    pub functions: usize,
    /// Places that turn text into bytes or bytes into text and did not before.
    pub conversions: usize,
    /// Sorts that wrap each thing to compare it by a function.
    pub comparisons: usize,
}

impl Performance {
    pub(super) fn of(found: &[FileFindings], largest: &[FileFindings]) -> Self {
        let notes = || found.iter().filter(|file| !file.test).flat_map(|file| &file.notes);
        let of = |weight: Weight| notes().filter(|note| note.weight == Some(weight)).count();
        let kept = of(Weight::List);
        let lists: usize = largest.iter().filter(|file| !file.test).map(|file| file.lists).sum();
        Self {
            lists: lists.max(kept),
            kept,
            functions: of(Weight::Function),
            conversions: of(Weight::Conversion),
            comparisons: of(Weight::Comparison),
        }
    }

    /// The counts with their names, for a table.
    pub const fn rows(&self) -> [(&'static str, usize); 5] {
        [
            ("lists no longer made", self.lists - self.kept),
            ("lists made as before", self.kept),
            ("calls of a small function", self.functions),
            ("text and bytes converted", self.conversions),
            ("sorts that wrap to compare", self.comparisons),
        ]
    }

    /// In a sentence; nothing where nothing was counted.
    pub(super) fn sentence(&self) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        let rows: Vec<String> = self.rows().iter().map(|(name, count)| format!("{name} {count}")).collect();
        Some(format!("When it runs, in places counted: {}.", rows.join(", ")))
    }
}
