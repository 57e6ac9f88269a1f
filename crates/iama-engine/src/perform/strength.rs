//! How much the tests notice at the places that the migration touches, on the legacy code and on the result.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use iama_baseline::python::environment::Environment;
use iama_baseline::python::mutants::mutants;
use iama_baseline::python::strength::{Bench, Planted, Request, Strength, measure};
use iama_patch::{FileDiff, Files, LineKind};
use iama_recipes::pair::Reading;
use iama_syntax::{Dialect, SourceText, SyntaxTree};

use super::Shop;
use super::testing::{Side, not_run, python_path, target_missing};
use crate::copies::copy_project;
use crate::driver::Progress;
use crate::problem::Problem;
use crate::records::{STRENGTH, StrengthRecord, SuiteRecord};
use crate::request::Effort;

const SCRATCH: &str = "strength-run";

/// First and last line of each run of lines, from 1.
type Lines = Vec<(u32, u32)>;

/// One side's code: what was touched and what can be planted there.
struct Field {
    touched: BTreeMap<String, Lines>,
    mutants: BTreeMap<String, Vec<Planted>>,
}

impl Shop<'_> {
    /// Plants faults at the touched places of the legacy code, and those that a test noticed into the result.
    pub(super) fn measure_strength(&mut self) -> Result<(), Problem> {
        let Some(effort) = self.request.strength else { return Ok(()) };
        let legacy_suite: Option<SuiteRecord> = self.folder.read_if_kept("legacy.suite.json")?;
        let (legacy, target) = (self.toolchain(Side::Legacy)?, self.toolchain(Side::Target)?);
        let ran = legacy_suite.is_some_and(|suite| suite.counts().passed > 0) && self.request.test_command.is_none();
        let (Some(legacy), Some((before, after)), true) = (legacy.environment, self.changed_files()?, ran) else {
            let why = "the tests do not run on the legacy code, or are no suite that was found".to_owned();
            let skipped = Strength { skipped: Some(why), ..Strength::default() };
            return self.folder.keep(STRENGTH, &StrengthRecord { legacy: skipped, ..StrengthRecord::default() });
        };
        let Some(target) = target.environment else { return Err(target_missing(self)) };
        let (old, new) = self.fields(&before, &after)?;
        (self.progress)(Progress::Stage("planting faults into the legacy code"));
        let budget = match effort {
            Effort::Full => None,
            // Both sides have to fit into it.
            Effort::Seconds(seconds) => Some(Duration::from_secs(seconds) / 2),
        };
        let root = self.folder.legacy();
        copy_project(&self.folder.root, &root)?;
        let on_legacy = self.plant(&legacy, &root, &old, budget)?;
        crate::copies::remove(&root)?;
        (self.progress)(Progress::Stage("planting the same faults into the result"));
        let new = noticed_only(new, &on_legacy);
        let root = self.folder.file("result");
        copy_project(&self.folder.work(), &root)?;
        let on_result = self.plant(&target, &root, &new, budget)?;
        crate::copies::remove(&root)?;
        self.folder.keep(STRENGTH, &StrengthRecord { legacy: on_legacy, result: on_result })
    }

    fn plant(
        &self,
        environment: &Environment,
        root: &std::path::Path,
        field: &Field,
        budget: Option<Duration>,
    ) -> Result<Strength, Problem> {
        if field.mutants.values().all(Vec::is_empty) {
            let skipped = Some("there is no place where a fault could be planted".to_owned());
            return Ok(Strength { skipped, ..Strength::default() });
        }
        let (scratch, pythonpath, scope) = (self.folder.file(SCRATCH), python_path(root), self.scope()?);
        let bench = Bench {
            sandbox: &self.machine.sandbox,
            environment,
            root,
            scratch: &scratch,
            pythonpath: &pythonpath,
            hidden: &self.machine.hidden,
        };
        let request = Request {
            files: &scope.test_files,
            without: &BTreeSet::new(),
            per_test: Duration::from_secs(self.request.per_test_seconds),
            budget,
            workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            touched: &field.touched,
            mutants: &field.mutants,
        };
        measure(&bench, &request).map_err(|error| not_run(&scratch, &error))
    }

    /// The touched lines of both sides with the faults that can be planted there. Tests are not touched code.
    fn fields(&self, before: &Files, after: &Files) -> Result<(Field, Field), Problem> {
        let tests: BTreeSet<String> =
            self.rewrite_records()?.into_iter().filter(|record| record.test).map(|record| record.path).collect();
        let (mut old, mut new) = (Field::empty(), Field::empty());
        for diff in iama_patch::diff(before, after).iter().filter(|diff| !tests.contains(&diff.path)) {
            let (removed, added) = touched(diff);
            if let Some(state) = before.get(&diff.path) {
                let text = (self.pair.decode)(&state.bytes).ok();
                let read = text.as_ref().map(|text| (self.pair.read)(text.text()));
                if let (Some(text), Some(Reading::Source(tree))) = (&text, read) {
                    old.add(&diff.path, removed, &tree, text, &state.bytes);
                }
            }
            if let Some(state) = after.get(&diff.path) {
                let text = SourceText::decode(Dialect::Python3, &state.bytes).ok();
                let tree = text.as_ref().and_then(|text| SyntaxTree::parse(Dialect::Python3, text.text()).ok());
                if let (Some(text), Some(tree)) = (&text, &tree) {
                    new.add(&diff.path, added, tree, text, &state.bytes);
                }
            }
        }
        Ok((old, new))
    }
}

impl Field {
    const fn empty() -> Self {
        Self { touched: BTreeMap::new(), mutants: BTreeMap::new() }
    }

    fn add(&mut self, path: &str, lines: Lines, tree: &SyntaxTree, text: &SourceText, bytes: &[u8]) {
        let plain = text.text().as_bytes() == bytes;
        let place = |offset: u32| {
            let offset = offset as usize;
            // Where the file is written otherwise, what stands before the place tells how far it is.
            if plain { Some(offset) } else { Some(text.encode(text.text().get(..offset)?).ok()?.len()) }
        };
        let planted = mutants(tree, &lines).into_iter().filter_map(|mutant| {
            let span = mutant.span?;
            Some(Planted { start: place(span.start)?, end: place(span.end)?, mutant })
        });
        self.mutants.insert(path.to_owned(), planted.collect());
        self.touched.insert(path.to_owned(), lines);
    }
}

/// What a test noticed before, it has to notice afterwards; the rest says nothing about the migration.
fn noticed_only(field: Field, legacy: &Strength) -> Field {
    let noticed = |path: &str| -> BTreeSet<&str> {
        let rows = legacy.tried.get(path).into_iter().flatten();
        rows.filter(|row| row.verdict.is_noticed()).map(|row| row.mutant.name.as_str()).collect()
    };
    let mutants = field.mutants.into_iter().map(|(path, planted)| {
        let known = noticed(&path);
        let planted = planted.into_iter().filter(|planted| known.contains(planted.mutant.name.as_str())).collect();
        (path, planted)
    });
    Field { mutants: mutants.collect(), touched: field.touched }
}

/// The removed lines of the old text and the added lines of the new one, in runs.
fn touched(diff: &FileDiff) -> (Lines, Lines) {
    let (mut removed, mut added) = (Lines::new(), Lines::new());
    for hunk in &diff.hunks {
        let (mut old, mut new) = (hunk.old_start, hunk.new_start);
        for (kind, _) in &hunk.lines {
            match kind {
                LineKind::Context => (old, new) = (old + 1, new + 1),
                LineKind::Removed => {
                    lengthen(&mut removed, old);
                    old += 1;
                }
                LineKind::Added => {
                    lengthen(&mut added, new);
                    new += 1;
                }
            }
        }
    }
    (removed, added)
}

fn lengthen(runs: &mut Lines, line: u32) {
    match runs.last_mut() {
        Some((_, last)) if *last + 1 == line => *last = line,
        _ => runs.push((line, line)),
    }
}
