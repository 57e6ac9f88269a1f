//! Which of the proposed tests are run at all, and in which words.

use std::collections::BTreeSet;

use iama_baseline::python::candidate::{Unfit, name_of_test};
use iama_model::proposed_tests::ProposedTest;
use iama_recipes::pair::Reading;
use iama_recipes::{Options, Outcome, Project, Strategy, migrate};
use iama_source::secrets;
use iama_syntax::{Dialect, SyntaxTree};

use super::INSIDE;
use crate::perform::Shop;

/// Why a test is not run.
pub(super) struct Objection {
    pub(super) code: &'static str,
    pub(super) why: String,
}

fn objection(code: &'static str, why: impl Into<String>) -> Objection {
    Objection { code, why: why.into() }
}

/// A test that may be run.
pub(super) struct Fit {
    pub(super) name: String,
    /// Its source, in words that both versions of the language read the same.
    pub(super) code: String,
}

impl Shop<'_> {
    /// Reads a proposed test; recipes make it run on both versions of the language where it does not yet.
    pub(super) fn screen(
        &self,
        proposed: &ProposedTest,
        items: &BTreeSet<String>,
        project: &Project,
    ) -> Result<Fit, Objection> {
        if !items.contains(&proposed.item) {
            let shown: String = proposed.item.chars().take(40).collect();
            return Err(objection("NO_ITEM", format!("{shown:?} is no item of the spec that was shown")));
        }
        if !secrets::scan("test.py", proposed.code.as_bytes()).is_empty() {
            return Err(objection("SECRET", "it holds something that looks like a key or a password"));
        }
        let name = self.name_of(&proposed.code).map_err(|unfit| objection(unfit.code(), unfit.to_string()))?;
        let options = Options {
            target: (self.request.target.major, self.request.target.minor),
            dual: true,
            ..Options::of(Strategy::Standard)
        };
        let path = format!("{INSIDE}/test_proposed.py");
        let code = match migrate(self.pair, &path, &proposed.code, project, &options) {
            Outcome::Migrated(done) if done.added.is_empty() && done.moved.is_none() => done.text,
            Outcome::AlreadyTarget => proposed.code.clone(),
            Outcome::Migrated(_) => {
                let why = "it uses what the target language has no more, and no words for both are known";
                return Err(objection("NOT_PORTABLE", why));
            }
            Outcome::Unreadable(_) | Outcome::Restored { .. } => {
                return Err(objection("SYNTAX", "it cannot be read as source of both languages"));
            }
        };
        (self.pair.accepts_dual)(&code).map_err(|found| {
            objection("NOT_PORTABLE", format!("one of the two languages does not read {:?}", found.excerpt))
        })?;
        Ok(Fit { name, code })
    }

    fn name_of(&self, code: &str) -> Result<String, Unfit> {
        let target = SyntaxTree::parse(Dialect::Python3, code).map_err(|_| Unfit::Syntax)?;
        if !target.has_error() {
            return name_of_test(&target);
        }
        match (self.pair.read)(code) {
            Reading::Source(tree) => name_of_test(&tree),
            Reading::Target | Reading::Neither(_) => Err(Unfit::Syntax),
        }
    }
}

/// A name for the file of a test that no other one has.
pub(super) fn file_name(item: &str, name: &str, taken: &BTreeSet<String>) -> String {
    let words = name.trim_start_matches("test_");
    let slug: String =
        words.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let slug: String = slug.chars().take(60).collect();
    let base = format!("test_{}_{slug}", item.to_ascii_lowercase());
    let numbered = std::iter::once(format!("{base}.py")).chain((2..).map(|number| format!("{base}_{number}.py")));
    numbered.into_iter().find(|file| !taken.contains(file)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_tests_are_named_by_item_and_test_and_no_two_the_same() {
        let taken = BTreeSet::from(["test_b1_greets.py".to_owned()]);
        assert_eq!(file_name("B1", "test_greets", &BTreeSet::new()), "test_b1_greets.py");
        assert_eq!(file_name("B1", "test_greets", &taken), "test_b1_greets_2.py");
        assert_eq!(file_name("S12", "test_Größe", &taken), "test_s12_gr__e.py");
    }
}
