//! Recorded characterisation within a job: calls of the legacy code become tests of IAMA's own, and what the result does is
//! compared with what the legacy code did. All of it lies in the job's folder; nothing goes into the project.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use iama_baseline::TestId;
use iama_baseline::python::differences::{Difference, Differences, compare};
use iama_baseline::python::environment::Environment;
use iama_baseline::python::exercise::Exercise;
use iama_baseline::python::recording::{self, Aims, Bench, Characterisation, Written};
use iama_baseline::python::run::Request as SuiteRequest;
use iama_job::TestId as JobTestId;
use iama_recipes::{Class, Strategy};
use iama_sandbox::{Limits, Sandbox};

use super::rewriting::Preview;
use super::testing::{Side, not_run, target_missing};
use super::{Shop, sha256};
use crate::copies::copy_project;
use crate::driver::Progress;
use crate::folder::cannot_read;
use crate::problem::Problem;
use crate::records::{
    BEHAVIOUR, BehaviourRecord, CHARACTERIZATION, CharacterizationRecord, DifferenceRecord, FileRecord, WorkspaceRecord,
};
use crate::spec::Spec;
use crate::spec::revise::SPEC;

/// Folder of the written tests, in the job's folder.
pub(crate) const TESTS: &str = "characterization";

/// Folder of the scripts that show differences, in the job's folder.
pub(crate) const SCRIPTS: &str = "differences";

/// What the steps keep for each other, in the job's folder.
const SCRATCH: &str = "characterization-run";

/// The longest that recorded calls may be run again on one side.
const REPLAY: Duration = Duration::from_mins(1);

/// Memory of one run, in bytes: recorded code holds what it would have dropped.
const MEMORY: u64 = 2 << 30;

/// Recorded code takes so many times longer.
const SLOWER: u32 = 3;

impl Shop<'_> {
    /// Records the legacy code while its tests and the commands for it run, and writes tests. What cannot be done is skipped with the reason: the
    /// existing tests are the baseline in any case.
    pub(super) fn characterise(&mut self, environment: &Environment, without: &[JobTestId]) -> Result<(), Problem> {
        (self.progress)(Progress::Stage("recording calls of the legacy code"));
        let sandbox = restricted(&self.machine.sandbox);
        let root = self.folder.legacy();
        let tests = self.folder.file(TESTS);
        let scratch = self.folder.file(SCRATCH);
        copy_project(&self.folder.root, &root)?;
        let (pythonpath, files, scope) = (recording::module_path(&root), self.recorded_files()?, self.scope()?);
        let bench = self.bench(&sandbox, environment, &root, &scratch, &pythonpath);
        let without: BTreeSet<TestId> = without.iter().map(|id| TestId(id.0.clone())).collect();
        let commands = self.request.recorded_commands();
        // Tests that do not run by themselves are recorded through the command that runs them.
        let of_tests = if self.request.test_command.is_some() { &[][..] } else { &scope.test_files[..] };
        let request = SuiteRequest { without: &without, ..self.own_request(&bench, of_tests) };
        let fresh = || copy_project(&self.folder.root, &root).map_err(|problem| io::Error::other(problem.to_string()));
        let exercise = Exercise { commands: &commands, fresh: &fresh };
        let wider = self.wider_path(&root)?;
        let failed = |error: std::io::Error| not_run(&scratch, &error);
        let notes = recording::record(&bench, &request, &files, &exercise).map_err(failed)?;
        // The tests may have written into the copy.
        copy_project(&self.folder.root, &root)?;
        let bench = Bench { pythonpath: &wider, ..bench };
        let request = SuiteRequest { pythonpath: &wider, without: &NONE, ..request };
        let aims = self.aims(&scope.test_files)?;
        let known = recording::settle(&bench, &request, &tests, notes, &aims, REPLAY).map_err(failed)?;
        self.folder.keep(CHARACTERIZATION, &CharacterizationRecord { known, sha256: hashes(&tests)? })
    }

    /// What the recipes will rewrite, as far as can be told before they do.
    fn aims(&self, tests: &[String]) -> Result<Aims, Problem> {
        let strategy = self.folder.read_if_kept::<Spec>(SPEC)?.map_or(Strategy::Comprehensive, |spec| spec.strategy);
        let Preview { touched, brought } = self.preview(strategy, tests)?;
        let programs = touched.keys().cloned().collect();
        Ok(Aims { touched, programs, brought })
    }

    /// The written tests must be what they were when they were written.
    pub(super) fn check_own_seal(&self) -> Result<(), Problem> {
        self.check_generated()?;
        let Some(record) = self.folder.read_if_kept::<CharacterizationRecord>(CHARACTERIZATION)? else { return Ok(()) };
        if hashes(&self.folder.file(TESTS))? == record.sha256 {
            return Ok(());
        }
        let sentence = format!("the recorded tests in {} were changed", self.folder.file(TESTS).display());
        Err(Problem::input("SEAL_BROKEN", sentence).hint("they were changed from outside; start a new job"))
    }

    /// Runs the written tests on the result, and the recorded calls in both interpreters.
    pub(super) fn compare_behaviour(&mut self) -> Result<(), Problem> {
        let Some(record) = self.folder.read_if_kept::<CharacterizationRecord>(CHARACTERIZATION)? else { return Ok(()) };
        if record.known.tests.is_empty() {
            return self.folder.keep(BEHAVIOUR, &BehaviourRecord::default());
        }
        self.check_own_seal()?;
        (self.progress)(Progress::Stage("comparing the old and the new code"));
        let (legacy, target) = (self.toolchain(Side::Legacy)?, self.toolchain(Side::Target)?);
        let Some(target) = target.environment else { return Err(target_missing(self)) };
        let result = self.folder.file("result");
        copy_project(&self.folder.work(), &result)?;
        let failing = self.try_on_result(&target, &result, &record.known);
        let compared = failing.and_then(|failing| {
            copy_project(&self.folder.work(), &result)?;
            let legacy = legacy.environment.ok_or_else(|| target_missing(self))?;
            Ok((failing, self.old_against_new(&legacy, &target, &result)?))
        });
        crate::copies::remove(&result)?;
        crate::copies::remove(&self.folder.legacy())?;
        let (failing, compared) = compared?;
        let behaviour = self.judged(&record.known, &failing, compared)?;
        self.folder.keep(BEHAVIOUR, &behaviour)
    }

    /// For each written test that does not pass on the result, what went wrong.
    fn try_on_result(
        &self,
        environment: &Environment,
        root: &Path,
        known: &Characterisation,
    ) -> Result<BTreeMap<String, String>, Problem> {
        let sandbox = restricted(&self.machine.sandbox);
        let (scratch, pythonpath) = (self.folder.file(SCRATCH), self.wider_path(root)?);
        let bench = self.bench(&sandbox, environment, root, &scratch, &pythonpath);
        let request = self.own_request(&bench, &[]);
        let found = recording::try_tests(&bench, &request, &self.folder.file(TESTS));
        let found = found.map_err(|error| not_run(&scratch, &error))?;
        let wrong = |name: &String| match found.get(name).or_else(|| found.get(name.split("::").next().unwrap_or(name)))
        {
            Some(None) => None,
            Some(Some(said)) => Some(said.clone()),
            None => Some("it was not run".to_owned()),
        };
        Ok(known.tests.keys().filter_map(|name| Some((name.clone(), wrong(name)?))).collect())
    }

    fn old_against_new(
        &self,
        legacy: &Environment,
        target: &Environment,
        result: &Path,
    ) -> Result<Differences, Problem> {
        let sandbox = restricted(&self.machine.sandbox);
        let root = self.folder.legacy();
        copy_project(&self.folder.root, &root)?;
        let scratch = self.folder.file(SCRATCH);
        let (before, after) = (self.wider_path(&root)?, self.wider_path(result)?);
        let old = self.bench(&sandbox, legacy, &root, &scratch, &before);
        let new = self.bench(&sandbox, target, result, &scratch, &after);
        compare(&old, &new, &self.folder.file(SCRIPTS), REPLAY).map_err(|error| not_run(&scratch, &error))
    }

    /// Differences as the evidence holds them: one for each function and kind, those that a recipe had declared marked.
    fn judged(
        &self,
        known: &Characterisation,
        failing: &BTreeMap<String, String>,
        compared: Differences,
    ) -> Result<BehaviourRecord, Problem> {
        let rewrites = self.rewrite_records()?;
        let mut by_call: BTreeMap<&str, &Written> = BTreeMap::new();
        by_call.extend(known.tests.values().map(|test| (test.call.as_str(), test)));
        let mut rows: BTreeMap<([String; 4], Option<String>), DifferenceRecord> = BTreeMap::new();
        let script = |found: &Difference| (found.id.clone(), format!("{SCRIPTS}/{}", found.script));
        let scripts: BTreeMap<String, String> = compared.differences.iter().map(script).collect();
        let rule = |found: &Difference| Some((found.id.clone(), by_rule(found.rule.as_ref()?)));
        let rules: BTreeMap<String, String> = compared.differences.iter().filter_map(rule).collect();
        // A call as it was recorded says more than a variation of it, so it comes first.
        let (recorded, varied): (Vec<_>, Vec<_>) =
            compared.differences.into_iter().partition(|found| found.variation.is_none());
        for found in recorded.into_iter().chain(varied) {
            let recipe = || by_call.get(found.origin.as_str()).and_then(|test| declared(test, &rewrites));
            let declared = rules.get(&found.id).cloned().or_else(recipe);
            let what = [&found.file, &found.module, &found.function, &found.kind].map(Clone::clone);
            let key = (what, declared.clone());
            let row = rows.entry(key).or_insert_with(|| row_of(found, declared));
            row.count += 1;
        }
        // A call that turned out to do one thing or another in the legacy code makes no test.
        let unsteady: BTreeSet<&str> =
            compared.excluded.iter().filter(|call| call.unsteady).map(|call| call.id.as_str()).collect();
        let failed = failing.iter().filter_map(|(name, said)| {
            let test = known.tests.get(name).filter(|test| !unsteady.contains(test.call.as_str()))?;
            let script = scripts.get(&test.call).cloned();
            Some(DifferenceRecord {
                test: Some(name.clone()),
                module: test.module.clone(),
                function: test.function.clone(),
                file: test.file.clone(),
                kind: "recorded test".to_owned(),
                legacy: "passes".to_owned(),
                migrated: shortened(said.lines().next().unwrap_or_default().to_owned()),
                variation: None,
                script,
                declared: rules.get(&test.call).cloned().or_else(|| declared(test, &rewrites)),
                count: 1,
            })
        });
        let failed: Vec<DifferenceRecord> = failed.collect();
        let mut excluded: BTreeMap<String, usize> = BTreeMap::new();
        compared.excluded.iter().for_each(|call| *excluded.entry(call.reason.clone()).or_default() += 1);
        Ok(BehaviourRecord {
            failed: failed.len(),
            same: compared.same,
            excluded,
            skipped: compared.skipped,
            differences: failed.into_iter().chain(rows.into_values()).collect(),
        })
    }

    fn bench<'b>(
        &'b self,
        sandbox: &'b Sandbox,
        environment: &'b Environment,
        root: &'b Path,
        scratch: &'b Path,
        pythonpath: &'b [String],
    ) -> Bench<'b> {
        Bench { sandbox, environment, root, scratch, pythonpath, hidden: &self.machine.hidden }
    }

    fn own_request<'b>(&self, bench: &Bench<'b>, files: &'b [String]) -> SuiteRequest<'b> {
        SuiteRequest {
            root: bench.root,
            scratch: bench.scratch,
            environment: bench.environment,
            files,
            pythonpath: bench.pythonpath,
            only: None,
            without: &NONE,
            per_test: Duration::from_secs(self.request.per_test_seconds).saturating_mul(SLOWER),
            whole: Duration::from_secs(self.request.run_seconds),
            hidden: bench.hidden,
            observe: false,
            seed: 0,
            recorder: None,
        }
    }

    pub(super) fn wider_path(&self, root: &Path) -> Result<Vec<String>, Problem> {
        Ok(recording::wider_path(root, &self.scope()?.test_files))
    }

    /// The project's own modules: what tests can import.
    pub(super) fn own_modules(&self) -> Result<Vec<String>, Problem> {
        let mut files = self.recorded_files()?;
        files.retain(|path| path.ends_with(".py"));
        Ok(files)
    }

    /// The project's own code: tests and what helps them are left out.
    fn recorded_files(&self) -> Result<Vec<String>, Problem> {
        let workspace: WorkspaceRecord = self.folder.read("workspace.json")?;
        let tests = self.scope()?.test_files;
        let folder =
            |path: &str| path.split('/').rev().skip(1).any(|part| matches!(part, "test" | "tests" | "testing"));
        let program = |path: &str| matches!(path, "setup.py" | "conftest.py") || path.ends_with("/conftest.py");
        let own = |path: &String| !tests.contains(path) && !folder(path) && !program(path);
        Ok(workspace.files.into_keys().filter(own).collect())
    }
}

/// No test is left out.
static NONE: BTreeSet<TestId> = BTreeSet::new();

fn restricted(sandbox: &Sandbox) -> Sandbox {
    let memory_bytes = sandbox.limits.memory_bytes.min(MEMORY);
    Sandbox { limits: Limits { memory_bytes, ..sandbox.limits }, ..sandbox.clone() }
}

/// The recipe that declared a change of meaning at a place that the call ran through.
fn declared(test: &Written, rewrites: &[FileRecord]) -> Option<String> {
    let reached = |file: &FileRecord, line: u32| test.lines.get(&file.path).is_some_and(|lines| lines.contains(&line));
    rewrites.iter().find_map(|file| {
        let mut checks = file.notes.iter().filter(|note| note.class == Class::Check);
        checks.find(|note| reached(file, note.line)).map(|note| note.recipe.clone())
    })
}

/// How a rule of the comparison is told.
fn by_rule(rule: &str) -> String {
    format!("rule: {rule}")
}

fn row_of(found: Difference, declared: Option<String>) -> DifferenceRecord {
    DifferenceRecord {
        test: None,
        module: found.module,
        function: found.function,
        file: found.file,
        kind: found.kind,
        legacy: shortened(found.legacy.sentence()),
        migrated: shortened(found.migrated.sentence()),
        variation: found.variation,
        script: Some(format!("{SCRIPTS}/{}", found.script)),
        declared,
        count: 0,
    }
}

/// Evidence stays small: the script shows the rest.
fn shortened(text: String) -> String {
    const CHARS: usize = 400;
    if text.chars().count() <= CHARS { text } else { text.chars().take(CHARS).chain(['…']).collect() }
}

/// The hashes of the files of a folder; none where there is no such folder.
pub(super) fn hashes(folder: &Path) -> Result<BTreeMap<String, String>, Problem> {
    let failed = |error: std::io::Error| cannot_read(folder, &error);
    if !folder.is_dir() {
        return Ok(BTreeMap::new());
    }
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let bytes = fs::read(entry.path()).map_err(failed)?;
        found.insert(entry.file_name().to_string_lossy().into_owned(), sha256(&bytes));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::NoteRecord;

    fn note(class: Class, line: u32) -> NoteRecord {
        NoteRecord { recipe: format!("recipe-{line}"), class, line, why: String::new() }
    }

    #[test]
    fn a_difference_is_declared_by_a_check_where_the_call_runs_and_by_nothing_else() {
        let notes = vec![note(Class::Safe, 2), note(Class::Check, 3), note(Class::Check, 5)];
        let rewrites = [FileRecord { path: "lib.py".to_owned(), test: false, changes: Vec::new(), notes }];
        let through = |path: &str, lines: &[u32]| Written {
            call: "c".to_owned(),
            module: "lib".to_owned(),
            function: "f".to_owned(),
            file: "lib.py".to_owned(),
            lines: BTreeMap::from([(path.to_owned(), lines.to_vec())]),
        };
        let recipes = [("lib.py", [2, 4]), ("other.py", [3, 5]), ("lib.py", [4, 5])]
            .map(|(path, lines)| declared(&through(path, &lines), &rewrites));
        assert_eq!(recipes, [None, None, Some("recipe-5".to_owned())]);
    }

    #[test]
    fn long_outcomes_are_shortened_and_say_so() {
        assert_eq!(shortened("é".repeat(400)), "é".repeat(400));
        assert_eq!(shortened("é".repeat(401)), "é".repeat(400) + "…");
    }
}
