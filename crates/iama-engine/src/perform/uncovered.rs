//! What nothing shows the behaviour of, before anything is rewritten.

use std::collections::BTreeSet;
use std::fs;

use iama_baseline::{Suite, TestId};
use iama_recipes::pair::Reading;
use iama_syntax::symbols::{SymbolKind, Symbols};

use super::Shop;
use crate::generated::{GENERATED, GeneratedRecord};
use crate::problem::Problem;
use crate::reach;
use crate::records::{CHARACTERIZATION, CharacterizationRecord, SCENARIOS, ScenariosRecord, WorkspaceRecord};

impl Shop<'_> {
    /// How many functions lie in files that no test that passes today imports, no scenario starts and no recorded call runs,
    /// directly or through another.
    pub(super) fn uncovered(&self, suite: &Suite) -> Result<u32, Problem> {
        let workspace: WorkspaceRecord = self.folder.read("workspace.json")?;
        let passing: BTreeSet<&str> = suite.passed().map(TestId::file).collect();
        let tests = self.scope()?.test_files;
        let mut roots: Vec<String> = tests.iter().filter(|path| passing.contains(path.as_str())).cloned().collect();
        let record: ScenariosRecord = self.folder.read_if_kept(SCENARIOS)?.unwrap_or_default();
        roots.extend(record.started());
        let known: CharacterizationRecord = self.folder.read_if_kept(CHARACTERIZATION)?.unwrap_or_default();
        roots.extend(known.files());
        let generated: GeneratedRecord = self.folder.read_if_kept(GENERATED)?.unwrap_or_default();
        roots.extend(generated.files());
        let reached = reach::from_tests(&self.folder.root, &workspace, &roots);
        let left = workspace.files.keys().filter(|path| !reached.contains(*path) && !tests.contains(path));
        Ok(u32::try_from(left.map(|path| self.functions(path)).sum::<usize>()).unwrap_or(u32::MAX))
    }

    /// All functions of the project's own code.
    pub(super) fn all_functions(&self) -> Result<usize, Problem> {
        let workspace: WorkspaceRecord = self.folder.read("workspace.json")?;
        let tests = self.scope()?.test_files;
        let own = workspace.files.keys().filter(|path| !tests.contains(path));
        Ok(own.map(|path| self.functions(path)).sum())
    }

    /// The functions of a file. What a file without any does when it is run or imported counts as one.
    fn functions(&self, path: &str) -> usize {
        let bytes = fs::read(self.folder.root.join(path)).unwrap_or_default();
        let Ok(text) = (self.pair.decode)(&bytes) else { return 1 };
        if text.text().trim().is_empty() {
            return 0;
        }
        let Reading::Source(tree) = (self.pair.read)(text.text()) else { return 1 };
        let symbols = Symbols::of(&tree);
        let functions =
            symbols.iter().filter(|symbol| matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method));
        functions.count().max(1)
    }
}
