//! Scenarios within a job: recorded on the legacy code, run on the result. Each is a case of the suites, so that one which
//! comes out otherwise is a regression like any other. All of it lies in the job's folder; nothing goes into the project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use iama_baseline::python::environment::Environment;
use iama_baseline::scenarios::{self, Content, Expectation, Scenario, Scenarios, Settled};
use iama_baseline::{Case, CaseError, Status, Suite, TestId};
use iama_job::TestId as JobTestId;
use iama_job::policy::baseline::BLACK_BOX_BELOW;

use super::Shop;
use crate::blackbox::{Ground, Outcome, Standing, parse, read};
use crate::driver::Progress;
use crate::folder::write_whole;
use crate::problem::Problem;
use crate::reach;
use crate::records::{SCENARIOS, ScenarioRow, ScenariosRecord, WorkspaceRecord};

/// The file of scenarios as the job found it, in the job's folder.
const TEXT: &str = "scenarios.yaml";

/// The copy that scenarios start in, and what they leave, in the job's folder.
const COPY: &str = "scenario-copy";
const SCRATCH: &str = "scenario-run";

/// What stands for the file in the names of scenarios that IAMA proposed.
pub(crate) const PROPOSED: &str = "proposed-scenarios";

/// Failures that say more about the machine than about the code.
const NO_BEHAVIOUR: [&str; 2] = ["ImportError", "SyntaxError"];

/// A file of scenarios, or the proposal for one.
struct Given {
    label: String,
    proposed: bool,
    scenarios: Scenarios,
}

impl Shop<'_> {
    /// Runs the scenarios on the legacy code and adds them to its suite. Those that the file holds no recording of are recorded;
    /// with no interpreter, a recording of an earlier day is all that there is.
    pub(super) fn scenarios_on_legacy(
        &mut self,
        environment: Option<&Environment>,
        suite: &mut Suite,
        without: &[JobTestId],
    ) -> Result<(), Problem> {
        let Some(mut given) = self.given_scenarios(suite)? else { return Ok(()) };
        let is_left_out = |one: &Scenario| without.iter().any(|id| id.0 == id_of(&given.label, &one.name).0);
        let left_out: Vec<String> =
            given.scenarios.scenarios.iter().filter(|one| is_left_out(one)).map(|one| one.name.clone()).collect();
        given.scenarios.scenarios.retain(|one| !left_out.contains(&one.name));
        let mut rows: Vec<ScenarioRow> = Vec::new();
        if let Some(environment) = environment {
            (self.progress)(Progress::Stage("running the scenarios on the legacy code"));
            let (old, new): (Vec<&Scenario>, Vec<&Scenario>) =
                given.scenarios.scenarios.iter().partition(|one| one.expect.is_some());
            let root = self.folder.root.clone();
            let outcomes = self.on(environment, &root, |ground| ground.compare(&old, &mut |_| {}))?;
            let settled = self.on(environment, &root, |ground| ground.record(&new, &mut |_| {}))?;
            rows.extend(old.iter().zip(outcomes).map(|(one, outcome)| compared(one, outcome)));
            rows.extend(new.iter().zip(settled).map(|(one, (_, settled))| recorded(one, settled)));
        } else {
            rows.extend(given.scenarios.scenarios.iter().map(|one| row(one, one.expect.clone())));
        }
        self.reached(&given, &mut rows)?;
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        if environment.is_some() {
            for row in rows.iter().filter(|row| !given.proposed || row.is_kept()) {
                let id = id_of(&given.label, &row.name);
                let case = legacy_case(row);
                (self.progress)(Progress::Test { id: &id, status: case.status });
                suite.cases.insert(id, case);
            }
        }
        let record = ScenariosRecord { label: given.label, proposed: given.proposed, left_out, rows };
        self.folder.keep(SCENARIOS, &record)
    }

    /// Runs the recorded scenarios on a copy of the result and adds them to its suite. The suite's name is that of the record.
    pub(super) fn scenarios_on_result(
        &mut self,
        environment: &Environment,
        copy: &Path,
        keep: &str,
        without: &[JobTestId],
    ) -> Result<BTreeMap<TestId, Case>, Problem> {
        let Some(record) = self.folder.read_if_kept::<ScenariosRecord>(SCENARIOS)? else { return Ok(BTreeMap::new()) };
        let known = self.kept_scenarios()?;
        let mut chosen: Vec<Scenario> = Vec::new();
        for row in record.rows.iter().filter(|row| row.is_kept()) {
            let is_left_out = without.iter().any(|id| id.0 == id_of(&record.label, &row.name).0);
            let one = known.scenarios.iter().find(|one| one.name == row.name).filter(|_| !is_left_out);
            chosen.extend(one.map(|one| Scenario { expect: row.expect.clone(), ..one.clone() }));
        }
        if chosen.is_empty() {
            return Ok(BTreeMap::new());
        }
        (self.progress)(Progress::Stage("running the scenarios on the result"));
        let chosen: Vec<&Scenario> = chosen.iter().collect();
        let outcomes = self.on(environment, copy, |ground| ground.compare(&chosen, &mut |_| {}))?;
        self.folder.keep(&keep.replace(".suite.json", ".scenarios.json"), &outcomes)?;
        let case = |outcome: &Outcome| (id_of(&record.label, &outcome.name), case_of(outcome));
        let cases: BTreeMap<TestId, Case> = outcomes.iter().map(case).collect();
        for (id, case) in &cases {
            (self.progress)(Progress::Test { id, status: case.status });
        }
        Ok(cases)
    }

    /// The scenarios that were named, those in the project's root, or proposals where little else would show anything. They
    /// are kept with the job, so that a resumed one runs the same.
    fn given_scenarios(&mut self, suite: &Suite) -> Result<Option<Given>, Problem> {
        let named = self.request.scenarios.clone();
        let proposed = named.is_none();
        let kept = self.folder.file(TEXT);
        if !kept.exists() {
            let text = match &named {
                Some(file) => read(file)?.0,
                None => match self.proposal(suite)? {
                    Some(text) => text,
                    None => return Ok(None),
                },
            };
            write_whole(&kept, text.as_bytes())?;
        }
        let label = named.map_or_else(|| PROPOSED.to_owned(), |file| self.label(&file));
        Ok(Some(Given { label, proposed, scenarios: self.kept_scenarios()? }))
    }

    /// Names and commands of the scenarios in the file that the request names.
    pub(super) fn named_scenarios(&self) -> Result<Vec<(String, String)>, Problem> {
        let Some(file) = &self.request.scenarios else { return Ok(Vec::new()) };
        let (text, _) = read(file)?;
        let known = parse(file, &text)?;
        Ok(known.scenarios.iter().map(|one| (one.name.clone(), one.shown())).collect())
    }

    fn kept_scenarios(&self) -> Result<Scenarios, Problem> {
        let (text, _) = read(&self.folder.file(TEXT))?;
        parse(&self.folder.file(TEXT), &text)
    }

    fn proposal(&self, suite: &Suite) -> Result<Option<String>, Problem> {
        let scope = self.scope()?;
        if scope.confidence.score >= BLACK_BOX_BELOW && suite.counts().passed > 0 {
            return Ok(None);
        }
        let workspace: WorkspaceRecord = self.folder.read("workspace.json")?;
        let files: Vec<String> = workspace.files.into_keys().filter(|path| !scope.test_files.contains(path)).collect();
        Ok(scenarios::propose(&self.folder.root, &files))
    }

    /// A file is called by its path from the root where it lies below it, else by its name.
    fn label(&self, file: &Path) -> String {
        let path = file.strip_prefix(&self.folder.root).ok().or_else(|| file.file_name().map(Path::new));
        path.unwrap_or(file).display().to_string()
    }

    /// Notes which source files each scenario names.
    fn reached(&self, given: &Given, rows: &mut [ScenarioRow]) -> Result<(), Problem> {
        let workspace: WorkspaceRecord = self.folder.read("workspace.json")?;
        for row in rows {
            let one = given.scenarios.scenarios.iter().find(|one| one.name == row.name);
            row.files = one.map(|one| reach::named_in(&one.shown(), &workspace)).unwrap_or_default();
        }
        Ok(())
    }

    fn on<T>(
        &self,
        environment: &Environment,
        original: &Path,
        work: impl FnOnce(&Ground<'_>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let (copy, scratch): (PathBuf, PathBuf) = (self.folder.file(COPY), self.folder.file(SCRATCH));
        let ground = Ground {
            sandbox: &self.machine.sandbox,
            environment,
            original,
            copy: &copy,
            scratch: &scratch,
            hidden: &self.machine.hidden,
            clock: self.machine.clock,
        };
        work(&ground)
    }
}

/// The name of a scenario among the tests.
pub(crate) fn id_of(label: &str, name: &str) -> TestId {
    TestId(format!("{label}::{name}"))
}

fn row(one: &Scenario, expect: Option<Expectation>) -> ScenarioRow {
    let (name, command) = (one.name.clone(), one.shown());
    ScenarioRow { name, command, expect, failure: None, differences: Vec::new(), files: Vec::new() }
}

/// A scenario with a recording has to do on the legacy code what was recorded, or it says nothing.
fn compared(one: &Scenario, outcome: Outcome) -> ScenarioRow {
    let why = match outcome.standing {
        Standing::Different => Some("the legacy code does not do what was recorded".to_owned()),
        _ => outcome.failure,
    };
    ScenarioRow { failure: why, differences: outcome.differences, ..row(one, one.expect.clone()) }
}

fn recorded(one: &Scenario, settled: Settled) -> ScenarioRow {
    match settled {
        Settled::Failed(why) => ScenarioRow { failure: Some(why), ..row(one, None) },
        Settled::Recorded(expect) => {
            let nothing = expect.parts.is_empty().then(|| "nothing of it is the same twice".to_owned());
            let failure = nothing.or_else(|| no_behaviour(&expect));
            ScenarioRow { failure, ..row(one, Some(expect)) }
        }
    }
}

/// Why a recording shows no behaviour, if it does not.
fn no_behaviour(expect: &Expectation) -> Option<String> {
    let Some(Content::Text(said)) = expect.parts.get("stderr") else { return None };
    let last = said.lines().last()?;
    let begins = NO_BEHAVIOUR.iter().any(|name| last.starts_with(name));
    begins.then(|| format!("it does not get far on the legacy code: {last}"))
}

fn legacy_case(row: &ScenarioRow) -> Case {
    match &row.failure {
        None => Case { status: Status::Passed, error: None },
        Some(why) => {
            let status = if row.differences.is_empty() { Status::Error } else { Status::Failed };
            Case { status, error: Some(error(why.clone())) }
        }
    }
}

fn case_of(outcome: &Outcome) -> Case {
    let told = outcome.differences.iter().map(|found| {
        let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
        let hint = found.hint().map_or_else(String::new, |hint| format!(" ({hint})"));
        format!("{}: recorded {}, seen {}{hint}", found.part, side(&found.recorded), side(&found.seen))
    });
    let message: Vec<String> = outcome.failure.iter().cloned().chain(told).collect();
    let error = (outcome.standing != Standing::Same).then(|| error(message.join("\n")));
    Case { status: outcome.status(), error }
}

fn error(message: String) -> CaseError {
    CaseError { class: "Scenario".to_owned(), message, phase: "call".to_owned(), ..CaseError::default() }
}
