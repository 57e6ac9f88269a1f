//! How much the tests notice at the places that the migration touches, on the legacy code and on the result.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use iama_baseline::python::environment::Environment;
use iama_baseline::python::mutants::{Mutant, migration_mutants, mutants};
use iama_baseline::python::recording;
use iama_baseline::python::strength::{Bench, Planted, Request, Strength, Verdict, measure};
use iama_baseline::{Status, TestId};
use iama_job::TestId as JobTestId;
use iama_patch::{FileDiff, Files, LineKind};
use iama_recipes::pair::Reading;
use iama_syntax::{Dialect, SourceText, SyntaxTree};

use super::Shop;
use super::behaviour::TESTS as RECORDED;
use super::generating::{is_generated, put};
use super::rewriting::Lines;
use super::testing::{Side, not_run, target_missing};
use crate::copies::copy_project;
use crate::driver::Progress;
use crate::folder::cannot_write;
use crate::problem::Problem;
use crate::records::{
    BEHAVIOUR, BehaviourRecord, CHARACTERIZATION, CharacterizationRecord, STRENGTH, Sides, StrengthRecord, SuiteRecord,
};
use crate::request::Effort;

const SCRATCH: &str = "strength-run";

/// One side's code: what was touched and what can be planted there.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) touched: BTreeMap<String, Lines>,
    pub(super) mutants: BTreeMap<String, Vec<Planted>>,
}

/// The tests that faults are tried with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tests<'t> {
    /// Those of the project.
    Project,
    /// Those of the project and the generated ones.
    Own,
    /// Those that recorded calls were written as.
    Recorded,
    /// Proposed ones, by file with its text: each is tried on every fault that it reaches.
    Proposed(&'t [(&'t str, &'t str)]),
}

impl Shop<'_> {
    /// Plants faults at the touched places of the legacy code and of the result. What the own tests do not notice is tried with
    /// the recorded ones.
    pub(super) fn measure_strength(&mut self, without: &[JobTestId]) -> Result<(), Problem> {
        let Some(effort) = self.request.strength else { return Ok(()) };
        let legacy_suite: Option<SuiteRecord> = self.folder.read_if_kept("legacy.suite.json")?;
        let (legacy, target) = (self.toolchain(Side::Legacy)?, self.toolchain(Side::Target)?);
        let missing = self.no_own_tests(legacy_suite.as_ref())?;
        let known = self.folder.read_if_kept::<CharacterizationRecord>(CHARACTERIZATION)?;
        let recorded = known.is_some_and(|record| !record.known.tests.is_empty());
        let changed = self.changed_files()?.filter(|_| recorded || missing.is_none());
        let (Some(legacy), Some((before, after))) = (legacy.environment, changed) else {
            let why = missing.unwrap_or("nothing was changed, or the legacy code cannot be run").to_owned();
            return self.folder.keep(STRENGTH, &StrengthRecord { own: not_measured(&why), recorded: None });
        };
        let Some(target) = target.environment else { return Err(target_missing(self)) };
        let (old, new) = self.fields(&before, &after)?;
        // Every run has to fit into it.
        let runs = if recorded && missing.is_none() { 4 } else { 2 };
        let budget = match effort {
            Effort::Full => None,
            Effort::Seconds(seconds) => Some(Duration::from_secs(seconds) / runs),
        };
        let sides = (&legacy, &target);
        let without: BTreeSet<TestId> = self.left_out(without).into_iter().map(|id| TestId(id.0)).collect();
        if let Some(why) = missing {
            let recorded = self.both_sides(Tests::Recorded, sides, (&old, &new), budget, &without)?;
            return self.folder.keep(STRENGTH, &StrengthRecord { own: not_measured(why), recorded: Some(recorded) });
        }
        let own = self.both_sides(Tests::Own, sides, (&old, &new), budget, &without)?;
        let recorded = if recorded {
            let missed = |verdict: Verdict| verdict.is_telling() && !verdict.is_noticed();
            let (old, new) = (old.only(&own.legacy, missed), new.only(&own.result, missed));
            Some(self.both_sides(Tests::Recorded, sides, (&old, &new), budget, &without)?)
        } else {
            None
        };
        self.folder.keep(STRENGTH, &StrengthRecord { own, recorded })
    }

    /// Why faults cannot be tried with the project's own tests.
    fn no_own_tests(&self, legacy: Option<&SuiteRecord>) -> Result<Option<&'static str>, Problem> {
        let generated = legacy.is_some_and(|suite| suite.passed().any(is_generated));
        if self.request.test_command.is_some() && !generated {
            return Ok(Some(
                "a test command is one test, and nobody sees which part of it reaches a fault; with --characterise the calls \
                 that it makes are recorded, and faults are tried with the tests written from them",
            ));
        }
        let tests = self.scope()?.test_files;
        let counts = |id: &TestId| is_generated(id) || tests.iter().any(|file| file == id.file());
        let passed = legacy.is_some_and(|suite| suite.passed().any(counts));
        Ok((!passed).then_some("no test of the project passes on the legacy code"))
    }

    /// Faults of the legacy code and of the result: most are the same on both sides.
    fn both_sides(
        &mut self,
        tests: Tests<'_>,
        (legacy, target): (&Environment, &Environment),
        (old, new): (&Field, &Field),
        budget: Option<Duration>,
        without: &BTreeSet<TestId>,
    ) -> Result<Sides, Problem> {
        (self.progress)(Progress::Stage(match tests {
            Tests::Project | Tests::Own | Tests::Proposed(_) => "planting faults into the legacy code",
            Tests::Recorded => "trying the recorded tests on the faults that nothing noticed",
        }));
        let silent = self.silent(tests, Side::Legacy)?;
        let but = silent.keys().chain(without).cloned().collect();
        let mut legacy = self.plant(tests, legacy, (&self.folder.root, &self.folder.legacy()), old, budget, &but)?;
        legacy.left_out.extend(silent.into_iter().map(|(id, why)| (id.0, why)));
        (self.progress)(Progress::Stage("planting the same faults into the result"));
        let silent = self.silent(tests, Side::Target)?;
        let but = silent.keys().chain(without).cloned().collect();
        let mut result =
            self.plant(tests, target, (&self.folder.work(), &self.folder.file("result")), new, budget, &but)?;
        result.left_out.extend(silent.into_iter().map(|(id, why)| (id.0, why)));
        Ok(Sides { legacy, result })
    }

    /// Tests that were seen not to pass on a side, with how they end: no fault can be noticed by them, and one that hangs would
    /// take the time of the others.
    fn silent(&self, tests: Tests<'_>, side: Side) -> Result<BTreeMap<TestId, String>, Problem> {
        if tests == Tests::Recorded {
            let known: BehaviourRecord = self.folder.read_if_kept(BEHAVIOUR)?.unwrap_or_default();
            let failed = known.differences.into_iter().filter_map(|found| found.test);
            let id = |name: String| (TestId(format!("{}/{name}", recording::TESTS)), "failed".to_owned());
            return Ok(if side == Side::Legacy { BTreeMap::new() } else { failed.map(id).collect() });
        }
        let name = if side == Side::Legacy { "legacy.suite.json" } else { "result.suite.json" };
        let suite: SuiteRecord = self.folder.read_if_kept(name)?.unwrap_or_default();
        let rows = suite.cases.into_iter().filter(|(_, case)| case.status != Status::Passed);
        let said = |status: Status| serde_json::to_value(status).ok().and_then(|name| name.as_str().map(str::to_owned));
        Ok(rows.map(|(id, case)| (id, said(case.status).unwrap_or_default())).collect())
    }

    pub(super) fn plant(
        &self,
        tests: Tests<'_>,
        environment: &Environment,
        (code, root): (&Path, &Path),
        field: &Field,
        budget: Option<Duration>,
        without: &BTreeSet<TestId>,
    ) -> Result<Strength, Problem> {
        if field.touched.is_empty() {
            let skipped = Some("there is no place where a fault could be planted".to_owned());
            return Ok(Strength { skipped, ..Strength::default() });
        }
        copy_project(code, root)?;
        let (files, pythonpath) = self.tests_for(tests, root)?;
        let scratch = self.folder.file(SCRATCH);
        let bench = Bench {
            sandbox: &self.machine.sandbox,
            environment,
            root,
            scratch: &scratch,
            pythonpath: &pythonpath,
            hidden: &self.machine.hidden,
        };
        let request = Request {
            files: &files,
            every: matches!(tests, Tests::Proposed(_)),
            without,
            per_test: Duration::from_secs(self.request.per_test_seconds),
            budget,
            workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            touched: &field.touched,
            mutants: &field.mutants,
        };
        let found = measure(&bench, &request).map_err(|error| not_run(&scratch, &error))?;
        crate::copies::remove(root)?;
        Ok(found)
    }

    /// The files of the tests in a copy, and its module path.
    fn tests_for(&self, tests: Tests<'_>, root: &Path) -> Result<(Vec<String>, Vec<String>), Problem> {
        let project = recording::module_path(root);
        Ok(match tests {
            Tests::Project => (self.scope()?.test_files, project),
            Tests::Own => (self.scope()?.test_files.into_iter().chain(self.put_generated(root)?).collect(), project),
            Tests::Proposed(tests) => (put(root, tests)?, project),
            Tests::Recorded => {
                let files = recording::put_tests(&self.folder.file(RECORDED), root)
                    .map_err(|error| cannot_write(root, &error))?;
                let mut pythonpath = self.wider_path(root)?;
                pythonpath.push(recording::TESTS.to_owned());
                (files, pythonpath)
            }
        })
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
                    let planted = mutants(&tree, &removed);
                    old.add(&diff.path, removed, planted, text, &state.bytes);
                }
            }
            if let Some(state) = after.get(&diff.path) {
                let text = SourceText::decode(Dialect::Python3, &state.bytes).ok();
                let tree = text.as_ref().and_then(|text| SyntaxTree::parse(Dialect::Python3, text.text()).ok());
                if let (Some(text), Some(tree)) = (&text, &tree) {
                    // What migrations get wrong can only be planted where one was made.
                    let planted = mutants(tree, &added).into_iter().chain(migration_mutants(tree, &added)).collect();
                    new.add(&diff.path, added, planted, text, &state.bytes);
                }
            }
        }
        Ok((old, new))
    }
}

/// A record of what was not tried.
fn not_measured(why: &str) -> Sides {
    Sides { legacy: Strength { skipped: Some(why.to_owned()), ..Strength::default() }, ..Sides::default() }
}

impl Field {
    pub(super) const fn empty() -> Self {
        Self { touched: BTreeMap::new(), mutants: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, path: &str, lines: Lines, faults: Vec<Mutant>, text: &SourceText, bytes: &[u8]) {
        let plain = text.text().as_bytes() == bytes;
        let place = |offset: u32| {
            let offset = offset as usize;
            // Where the file is written otherwise, what stands before the place tells how far it is.
            if plain { Some(offset) } else { Some(text.encode(text.text().get(..offset)?).ok()?.len()) }
        };
        let planted = faults.into_iter().filter_map(|mutant| {
            let span = mutant.span?;
            Some(Planted { start: place(span.start)?, end: place(span.end)?, mutant })
        });
        self.mutants.insert(path.to_owned(), planted.collect());
        self.touched.insert(path.to_owned(), lines);
    }

    /// The faults of these names with the wanted verdicts, and all touched lines.
    pub(super) fn only(&self, tried: &Strength, wanted: impl Fn(Verdict) -> bool) -> Self {
        let mutants = self.mutants.iter().map(|(path, planted)| {
            let rows = tried.tried.get(path).into_iter().flatten();
            let known: BTreeSet<&str> =
                rows.filter(|row| wanted(row.verdict)).map(|row| row.mutant.name.as_str()).collect();
            let left = planted.iter().filter(|planted| known.contains(planted.mutant.name.as_str())).cloned().collect();
            (path.clone(), left)
        });
        Self { mutants: mutants.collect(), touched: self.touched.clone() }
    }
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
