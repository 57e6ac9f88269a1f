//! Running the tests: on the legacy code with the legacy interpreter, on the result with the target.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use iama_baseline::python::command::run_command;
use iama_baseline::python::environment::{self, Kitchen};
use iama_baseline::python::interpreter::{self, Interpreter, Wanted};
use iama_baseline::python::recording::module_path;
use iama_baseline::python::run::{Request as SuiteRequest, run_suite};
use iama_baseline::python::{compile, requirements, stand_ins};
use iama_baseline::{Status, Suite, TestId};
use iama_job::TestId as JobTestId;
use iama_job::event::{BaselineOutcome, TestOutcome};
use iama_job::{Failure, Fingerprint};
use iama_sandbox::printable;

use super::scenarios::PROPOSED;
use super::{Shop, unrunnable};
use crate::copies::copy_project;
use crate::driver::Progress;
use crate::problem::Problem;
use crate::records::{CHARACTERIZATION, CharacterizationRecord, SuiteRecord, Toolchain, WorkspaceRecord};
use crate::request::Machine;

/// Which code the tests run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Legacy,
    Target,
}

impl Side {
    const fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Target => "target",
        }
    }
}

/// How a run of tests is told and watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Each test is told.
    Told,
    /// None is.
    Quiet,
    /// None is, and the types of marked values are written down.
    Observed,
}

/// Which tests run, with what.
#[derive(Clone, Copy)]
pub(super) struct Tested<'a> {
    pub(super) scratch: &'a str,
    pub(super) environment: &'a environment::Environment,
    pub(super) files: &'a [String],
    pub(super) factor: u32,
    pub(super) without: &'a [JobTestId],
    /// The order of sets and dicts.
    pub(super) seed: u32,
}

impl Shop<'_> {
    /// How many tests there are, by their declarations: without a model the existing tests are the baseline.
    pub(super) fn count_tests(&mut self) -> Result<u32, Problem> {
        let scope = self.scope()?;
        let command = usize::from(self.request.test_command.is_some());
        let declared = |path: &String| {
            let text = fs::read(self.folder.root.join(path)).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let is_test = |line: &&str| line.trim_start().trim_start_matches("async ").starts_with("def test");
            text.lines().filter(is_test).count().max(1)
        };
        let tests: usize = scope.test_files.iter().map(declared).sum();
        Ok(u32::try_from(tests).unwrap_or(u32::MAX).max(u32::try_from(command).unwrap_or(0)))
    }

    /// Runs the existing tests on the legacy code. Tests that fail there already prove nothing and stay out of the baseline;
    /// the evidence names them.
    pub(super) fn run_baseline(&mut self, factor: u32, without: &[JobTestId]) -> Result<BaselineOutcome, Problem> {
        let scope = self.scope()?;
        let toolchain = self.toolchain(Side::Legacy)?;
        let Some(environment) = &toolchain.environment else {
            self.scenarios_on_legacy(None, &mut Suite::default(), without)?;
            return Ok(unrunnable(self.all_functions()?));
        };
        let without = &self.left_out(without);
        let what = Tested { scratch: "legacy-run", environment, files: &scope.test_files, factor, without, seed: 0 };
        let mut suite = self.legacy_tests(&what)?;
        let of_tests = suite.counts().passed;
        if !suite.ran_out {
            self.generated_on_legacy(&what, &mut suite)?;
            self.scenarios_on_legacy(Some(environment), &mut suite, without)?;
        }
        self.check_quarantine(&suite)?;
        if suite != Suite::default() {
            self.folder.keep("legacy.suite.json", &suite)?;
        }
        let recorded = if suite.ran_out { 0 } else { self.watch(&what, of_tests)? };
        crate::copies::remove(&self.folder.legacy())?;
        if suite.ran_out {
            return Ok(BaselineOutcome::TimedOut);
        }
        // Asked for help, a program shows next to nothing of what it does.
        let passed = suite.passed().filter(|id| id.file() != PROPOSED).count() + recorded;
        if passed == 0 {
            return Ok(unrunnable(self.all_functions()?));
        }
        let passed = u32::try_from(passed).unwrap_or(u32::MAX);
        // What fails today is no part of the baseline, so nothing of the baseline fails.
        Ok(BaselineOutcome::Ran { passed, failed: 0, uncovered: self.uncovered(&suite)? })
    }

    /// Watches the legacy code at work. Gives how many tests were written from what it was seen to do, where it has no others.
    fn watch(&mut self, what: &Tested<'_>, of_tests: u32) -> Result<usize, Problem> {
        if of_tests > 0 || self.has_generated()? || !self.request.exercise.is_empty() {
            self.observe(what, of_tests > 0)?;
        }
        if !self.request.records() || of_tests == 0 && self.request.exercise.is_empty() {
            return Ok(0);
        }
        self.characterise(what.environment, what.without)?;
        let known: Option<CharacterizationRecord> = self.folder.read_if_kept(CHARACTERIZATION)?;
        Ok(if of_tests > 0 { 0 } else { known.map_or(0, |record| record.known.tests.len()) })
    }

    /// The existing tests on the legacy code; nothing where there are none.
    fn legacy_tests(&mut self, what: &Tested<'_>) -> Result<Suite, Problem> {
        if what.files.is_empty() && self.request.test_command.is_none() {
            return Ok(Suite::default());
        }
        (self.progress)(Progress::Stage("running the tests on the legacy code"));
        copy_project(&self.folder.root, &self.folder.legacy())?;
        self.run(&self.folder.legacy(), what, false)
    }

    /// The tests that were written for the job, on the legacy code.
    fn generated_on_legacy(&mut self, what: &Tested<'_>, suite: &mut Suite) -> Result<(), Problem> {
        if !self.has_generated()? {
            return Ok(());
        }
        (self.progress)(Progress::Stage("running the generated tests on the legacy code"));
        copy_project(&self.folder.root, &self.folder.legacy())?;
        self.run_generated(&self.folder.legacy(), what, suite)
    }

    /// Runs the tests on the result and compares.
    pub(super) fn run_result(&mut self, factor: u32, without: &[JobTestId]) -> Result<TestOutcome, Problem> {
        // An environment that has to be made first is a step of its own.
        self.toolchain(Side::Target)?;
        (self.progress)(Progress::Stage("running the tests on the result"));
        let work = self.folder.work();
        self.check_seal()?;
        let run = self.folder.file("result");
        // Tests may write into what they test; the copy that is delivered stays clean.
        copy_project(&work, &run)?;
        let outcome = run_tests_in(self, &run, "result.suite.json", factor, without);
        crate::copies::remove(&run)?;
        // Where tests fail on the result, the same figures help a person to go on from there.
        if matches!(outcome, Ok(TestOutcome::Green | TestOutcome::Failed { .. })) {
            self.compare_behaviour()?;
            self.measure_strength(without)?;
        }
        outcome
    }

    /// The files that the target must be able to compile: what was rewritten, and where nothing was rewritten by recipes, all.
    fn compiled_paths(&self) -> Result<Vec<String>, Problem> {
        let mut paths: BTreeSet<String> = self.rewritten_paths()?.into_iter().collect();
        if self.request.no_recipes {
            let workspace: WorkspaceRecord = self.folder.read("workspace.json")?;
            paths.extend(workspace.files.into_keys().filter(|path| (self.pair.plain)(path).is_none()));
        }
        paths.retain(|path| self.folder.work().join(path).is_file());
        Ok(paths.into_iter().collect())
    }

    pub(super) fn toolchain(&mut self, side: Side) -> Result<Toolchain, Problem> {
        let mut toolchain = self.own_toolchain(side)?;
        if let Some(environment) = toolchain.environment.as_mut().filter(|_| !self.request.mock.is_empty()) {
            let folder = self.folder.file("stand-ins");
            let put = stand_ins::put(environment, &folder, self.request.mock.keys());
            put.map_err(|error| crate::folder::cannot_write(&folder, &error))?;
        }
        Ok(toolchain)
    }

    /// What is already known of a side; nothing when it was not looked for yet.
    pub(super) fn known_toolchain(&self, side: Side) -> Result<Toolchain, Problem> {
        Ok(self.folder.read_if_kept(&format!("{}.toolchain.json", side.name()))?.unwrap_or_default())
    }

    fn own_toolchain(&mut self, side: Side) -> Result<Toolchain, Problem> {
        let name = format!("{}.toolchain.json", side.name());
        if let Some(known) = self.folder.read_if_kept::<Toolchain>(&name)? {
            return Ok(known);
        }
        let interpreter = self.interpreter(side);
        let environment = match &interpreter {
            Some(interpreter) => Some(self.environment(interpreter)?),
            None => None,
        };
        let toolchain = Toolchain { interpreter, environment };
        // What was not found may be installed before the job is resumed.
        if toolchain.interpreter.is_some() && !self.machine.sandbox.is_stopped() {
            self.folder.keep(&name, &toolchain)?;
        }
        Ok(toolchain)
    }

    fn interpreter(&self, side: Side) -> Option<Interpreter> {
        let search = &self.machine.search;
        match side {
            Side::Legacy => interpreter::find(Wanted::LEGACY, self.request.legacy_python.as_deref(), search),
            Side::Target => interpreter::find(self.request.target, self.request.python.as_deref(), search),
        }
    }

    /// Without a target interpreter nothing can be delivered: better said before any work than after.
    pub(super) fn require_target(&self) -> Result<(), Problem> {
        if self.interpreter(Side::Target).is_some() { Ok(()) } else { Err(target_missing(self)) }
    }

    fn environment(&mut self, interpreter: &Interpreter) -> Result<environment::Environment, Problem> {
        (self.progress)(Progress::Stage("preparing an isolated environment"));
        environment_for(self.machine, &self.folder.root, &self.scope()?.test_files, interpreter)
    }

    pub(super) fn run(&mut self, root: &Path, what: &Tested<'_>, observe: bool) -> Result<Suite, Problem> {
        // How tests of marked code end is no news to anybody.
        let how = if observe { Manner::Observed } else { Manner::Told };
        self.run_by(root, what, self.request.test_command.clone().as_deref(), how)
    }

    /// Runs tests by their files, whatever command tests the project.
    pub(super) fn run_files(&mut self, root: &Path, what: &Tested<'_>, how: Manner) -> Result<Suite, Problem> {
        self.run_by(root, what, None, how)
    }

    fn run_by(&mut self, root: &Path, what: &Tested<'_>, command: Option<&str>, how: Manner) -> Result<Suite, Problem> {
        let Tested { scratch, environment, files, factor, without, seed } = *what;
        let scratch = self.folder.file(scratch);
        let pythonpath = module_path(root);
        let request = SuiteRequest {
            root,
            scratch: &scratch,
            environment,
            files,
            pythonpath: &pythonpath,
            only: None,
            without: &without.iter().map(|id| TestId(id.0.clone())).collect(),
            per_test: Duration::from_secs(self.request.per_test_seconds).saturating_mul(factor),
            whole: Duration::from_secs(self.request.run_seconds).saturating_mul(factor),
            hidden: &self.machine.hidden,
            observe: how == Manner::Observed,
            seed,
            recorder: None,
        };
        if let Some(command) = command {
            let suite = run_command(&self.machine.sandbox, &request, command);
            return suite.map_err(|error| not_run(&scratch, &error));
        }
        let progress = &mut *self.progress;
        let suite = run_suite(&self.machine.sandbox, &request, |id, status| {
            if how == Manner::Told {
                progress(Progress::Test { id, status });
            }
        });
        suite.map_err(|error| not_run(&scratch, &error))
    }
}

/// The environment for a project and its tests, made or found again.
pub(crate) fn environment_for(
    machine: &Machine,
    root: &Path,
    test_files: &[String],
    interpreter: &Interpreter,
) -> Result<environment::Environment, Problem> {
    let texts: Vec<String> = test_files
        .iter()
        .filter_map(|path| fs::read(root.join(path)).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect();
    let mut wanted = environment::test_tools(interpreter);
    wanted.extend(requirements::of_project(root, &texts));
    let helper = interpreter::all(3, &machine.search).into_iter().find(|found| found.version.minor <= 12);
    let kitchen = Kitchen {
        cache: &machine.cache,
        sandbox: &machine.sandbox,
        helper: helper.as_ref(),
        variables: &machine.variables,
    };
    environment::prepare(&kitchen, interpreter, &wanted)
        .map_err(|error| crate::folder::cannot_write(&machine.cache, &error))
}

/// The sandbox failed, or a file of ours.
pub(crate) fn not_run(scratch: &Path, error: &io::Error) -> Problem {
    if error.kind() != io::ErrorKind::Other {
        return crate::folder::cannot_write(scratch, error);
    }
    let shown = error.to_string();
    Problem::input("RUN_FAILED", format!("the tests could not be run: {}", printable(&shown)))
        .hint("`iama doctor` shows what closes runs off here; `iama jobs resume` tries again")
}

pub(super) fn target_missing(shop: &Shop<'_>) -> Problem {
    let sentence = format!("no Python {} was found, so the result cannot be tested", shop.request.target);
    Problem::input("TARGET_MISSING", sentence)
        .hint("install it, name it with --python, or choose another with --to; `iama doctor` shows what was found")
}

/// Compiles and tests a copy with the target interpreter and says whether anything is worse than on the legacy side.
pub(crate) fn run_tests_in(
    shop: &mut Shop<'_>,
    copy: &Path,
    keep: &str,
    factor: u32,
    without: &[JobTestId],
) -> Result<TestOutcome, Problem> {
    let toolchain = shop.toolchain(Side::Target)?;
    let (Some(environment), Some(interpreter)) = (&toolchain.environment, &toolchain.interpreter) else {
        return Err(target_missing(shop));
    };
    let scope = shop.scope()?;
    let without = &shop.left_out(without);
    let what = Tested { scratch: "result-run", environment, files: &scope.test_files, factor, without, seed: 0 };
    // Scenarios come first: tests may write into the copy.
    let scenarios = shop.scenarios_on_result(environment, copy, keep, without)?;
    let mut suite = shop.run(copy, &what, false)?;
    // Last: what they may leave in the copy says nothing to the others.
    let mut generated = Suite::default();
    shop.run_generated(copy, &what, &mut generated)?;
    if suite.cases.is_empty() && suite.collect_errors.is_empty() && !scope.test_files.is_empty() && !suite.ran_out {
        let why = if suite.problems.is_empty() { "it found none".to_owned() } else { suite.problems.join("; ") };
        return Err(Problem::input("TESTS_DID_NOT_RUN", format!("the test runner ran no test on the result: {why}"))
            .hint(format!("its output is in {}", shop.folder.file("result-run/output.txt").display())));
    }
    let changed = shop.compiled_paths()?;
    let broken =
        compile::broken_files(&shop.machine.sandbox, interpreter, copy, &shop.folder.file("compile"), &changed);
    for error in broken.map_err(|error| not_run(&shop.folder.path(), &error))? {
        suite.collect_errors.retain(|known| known.file != error.file);
        suite.collect_errors.push(error);
    }
    suite.collect_errors.sort_by(|a, b| a.file.cmp(&b.file));
    suite.cases.extend(scenarios);
    suite.add(generated);
    let legacy: Option<SuiteRecord> = shop.folder.read_if_kept("legacy.suite.json")?;
    let left_out = without.iter().map(|id| TestId(id.0.clone()));
    suite.left_out.extend(left_out.filter(|id| legacy.as_ref().is_some_and(|legacy| legacy.cases.contains_key(id))));
    shop.folder.keep(keep, &suite)?;
    let worse = regressions(legacy.as_ref(), &suite);
    if worse.is_empty() {
        return Ok(TestOutcome::Green);
    }
    let in_time = |id: &String| suite.cases.get(&TestId(id.clone())).is_some_and(|case| case.status != Status::Timeout);
    if suite.ran_out && !worse.iter().any(in_time) {
        // What is missing was never started or not waited for: the time ran out, and no logic failed.
        return Ok(TestOutcome::TimedOut);
    }
    Ok(TestOutcome::Failed { fingerprint: fingerprint(&suite, &worse) })
}

/// Tests that passed on the legacy code and do not on the result, but for those that a person left out. Where the legacy code
/// could not be run, every test is expected to pass. A file that cannot be read any more counts with its name.
pub(crate) fn regressions(legacy: Option<&Suite>, result: &Suite) -> BTreeSet<String> {
    let good = |status: Status| matches!(status, Status::Passed | Status::Skipped | Status::Xfailed | Status::Xpassed);
    let mut worse: BTreeSet<String> = match legacy {
        Some(legacy) if legacy.counts().passed > 0 => legacy
            .passed()
            .filter(|id| !result.left_out.contains(*id))
            .filter(|id| result.cases.get(*id).is_none_or(|case| case.status != Status::Passed))
            .map(|id| id.0.clone())
            .collect(),
        _ => result.cases.iter().filter(|(_, case)| !good(case.status)).map(|(id, _)| id.0.clone()).collect(),
    };
    let failed_before =
        |file: &str| legacy.is_some_and(|legacy| legacy.collect_errors.iter().any(|old| old.file == file));
    worse.extend(result.collect_errors.iter().map(|new| new.file.clone()).filter(|file| !failed_before(file)));
    worse
}

fn fingerprint(suite: &Suite, worse: &BTreeSet<String>) -> Fingerprint {
    let cases = suite.cases.iter().filter(|(id, _)| worse.contains(&id.0));
    let errors = cases.filter_map(|(id, case)| Some((id.0.as_str(), case.error.as_ref()?)));
    let collected = suite.collect_errors.iter().map(|error| (error.file.as_str(), &error.error));
    Fingerprint::of(errors.chain(collected).map(|(test, error)| Failure {
        test,
        error_class: &error.class,
        file: error.file.as_deref().unwrap_or(""),
        symbol: error.symbol.as_deref().unwrap_or(""),
    }))
}

#[cfg(test)]
mod tests {
    use iama_baseline::{Case, CaseError, Frame};

    use super::*;

    fn suite(line: u32, way: &[&str]) -> Suite {
        let frame = |file: &&str| Frame { file: (*file).to_owned(), line: Some(line), symbol: None };
        let error = CaseError {
            class: "ValueError".into(),
            file: Some("lib.py".into()),
            line: Some(line),
            symbol: Some("half".into()),
            frames: way.iter().map(frame).collect(),
            ..CaseError::default()
        };
        let case = Case { status: Status::Failed, error: Some(error) };
        Suite { cases: [(TestId("test_lib.py::test_half".into()), case)].into(), ..Suite::default() }
    }

    #[test]
    fn neither_lines_nor_the_way_to_a_failure_are_part_of_what_it_is() {
        let worse = BTreeSet::from(["test_lib.py::test_half".to_owned()]);
        let known = fingerprint(&suite(2, &[]), &worse);
        assert_eq!(fingerprint(&suite(7, &["test_lib.py", "lib.py"]), &worse), known);
    }

    #[test]
    fn what_a_person_left_out_is_no_regression() {
        let passed = Case { status: Status::Passed, error: None };
        let id = TestId("test_lib.py::test_slow".into());
        let legacy = Suite { cases: [(id.clone(), passed)].into(), ..Suite::default() };
        assert_eq!(regressions(Some(&legacy), &Suite::default()).len(), 1);
        let without = Suite { left_out: [id].into(), ..Suite::default() };
        assert_eq!(regressions(Some(&legacy), &without), BTreeSet::new());
    }
}
