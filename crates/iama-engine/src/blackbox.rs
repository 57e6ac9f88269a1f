//! Scenarios on one side's code: recorded, or run against what was recorded. The code runs on a copy, closed off like tests; of
//! a project itself nothing is written.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use iama_baseline::Status;
use iama_baseline::python::environment::Environment;
use iama_baseline::python::interpreter::{self, Interpreter, Wanted};
use iama_baseline::scenarios::{
    self, Bench, Difference, Expectation, Observation, Scenario, Scenarios, Settled, differences, observe, settle,
};
use iama_job::Timestamp;
use iama_recipes::PAIRS;
use iama_sandbox::{Sandbox, printable};
use serde::{Deserialize, Serialize};

use crate::copies::{Own, copy_project, remove};
use crate::folder::cannot_read;
use crate::perform::{environment_for, not_run};
use crate::problem::Problem;
use crate::request::Machine;

/// Seeds of the order of sets and dicts, one for each recording. With 0 the order is that of a Python 2 that was not told
/// otherwise.
const SEEDS: [u32; 3] = [0, 1, 2];

/// How far the recordings lie apart at least, so that what shows seconds differs between them.
const APART: Duration = Duration::from_millis(1100);

/// How a scenario compares with what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// As recorded.
    Same,
    /// Otherwise than recorded.
    Different,
    /// It could not be carried out.
    Failed,
    /// Nothing was recorded for it.
    NotRecorded,
}

/// What came of one scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// How it compares.
    pub standing: Standing,
    /// What differs.
    pub differences: Vec<Difference>,
    /// How often each normaliser changed something.
    pub normalised: BTreeMap<String, usize>,
    /// Why it could not be carried out.
    pub failure: Option<String>,
}

impl Outcome {
    /// The status of a test that this is.
    pub const fn status(&self) -> Status {
        match self.standing {
            Standing::Same => Status::Passed,
            Standing::Different => Status::Failed,
            Standing::Failed => Status::Error,
            Standing::NotRecorded => Status::Skipped,
        }
    }
}

/// Where scenarios run.
pub(crate) struct Ground<'a> {
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) environment: &'a Environment,
    /// The code as it is; only read.
    pub(crate) original: &'a Path,
    /// The copy of it that scenarios start in.
    pub(crate) copy: &'a Path,
    pub(crate) scratch: &'a Path,
    pub(crate) hidden: &'a [PathBuf],
    pub(crate) clock: fn() -> Timestamp,
}

impl Ground<'_> {
    /// Records scenarios three times each.
    pub(crate) fn record(
        &self,
        scenarios: &[&Scenario],
        said: &mut dyn FnMut(&str),
    ) -> Result<Vec<(String, Settled)>, Problem> {
        let mut seen: Vec<Vec<Observation>> = scenarios.iter().map(|_| Vec::new()).collect();
        self.fresh()?;
        for seed in SEEDS {
            let failed = |rows: &Vec<Observation>| rows.iter().any(|row| row.failure.is_some());
            for (scenario, rows) in scenarios.iter().zip(&mut seen) {
                if !failed(rows) {
                    if rows.is_empty() {
                        said(&scenario.name);
                    }
                    rows.push(self.once(scenario, seed)?);
                }
            }
            if seed != SEEDS[SEEDS.len() - 1] && !seen.iter().all(failed) {
                std::thread::sleep(APART / 2);
            }
        }
        remove(self.copy)?;
        Ok(scenarios.iter().zip(&seen).map(|(one, rows)| (one.name.clone(), settle(one, rows))).collect())
    }

    /// Runs scenarios against what was recorded.
    pub(crate) fn compare(
        &self,
        scenarios: &[&Scenario],
        said: &mut dyn FnMut(&Outcome),
    ) -> Result<Vec<Outcome>, Problem> {
        let mut outcomes = Vec::new();
        self.fresh()?;
        for scenario in scenarios {
            let outcome = match &scenario.expect {
                Some(expect) => self.compared(scenario, expect)?,
                None => outcome(scenario, Standing::NotRecorded),
            };
            said(&outcome);
            outcomes.push(outcome);
        }
        remove(self.copy)?;
        Ok(outcomes)
    }

    fn compared(&self, scenario: &Scenario, expect: &Expectation) -> Result<Outcome, Problem> {
        let seen = self.once(scenario, SEEDS[0])?;
        if let Some(failure) = seen.failure {
            return Ok(Outcome { failure: Some(failure), ..outcome(scenario, Standing::Failed) });
        }
        let (differences, normalised) = differences(scenario, expect, &seen);
        let standing = if differences.is_empty() { Standing::Same } else { Standing::Different };
        Ok(Outcome { differences, normalised, ..outcome(scenario, standing) })
    }

    fn once(&self, scenario: &Scenario, seed: u32) -> Result<Observation, Problem> {
        if self.sandbox.is_stopped() {
            return Err(Problem {
                kind: crate::problem::Kind::Interrupted,
                ..Problem::input("INTERRUPTED", "interrupted")
            });
        }
        let Self { sandbox, environment, copy, scratch, hidden, clock, .. } = *self;
        let clock: &dyn Fn() -> i64 = &move || clock().0.div_euclid(1000);
        let bench = Bench { sandbox, environment, root: copy, scratch, hidden, clock };
        let seen = observe(&bench, scenario, seed).map_err(|error: io::Error| not_run(scratch, &error))?;
        if seen.wrote {
            self.fresh()?;
        }
        Ok(seen)
    }

    fn fresh(&self) -> Result<(), Problem> {
        copy_project(self.original, self.copy)
    }
}

fn outcome(scenario: &Scenario, standing: Standing) -> Outcome {
    let (differences, normalised) = (Vec::new(), BTreeMap::new());
    Outcome { name: scenario.name.clone(), standing, differences, normalised, failure: None }
}

/// Reads a file of scenarios, with its text.
pub fn read(file: &Path) -> Result<(String, Scenarios), Problem> {
    let text = std::fs::read_to_string(file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Problem::input("SCENARIOS_MISSING", format!("there is no file {}", file.display()))
            .hint("name one, or let IAMA propose one: `iama baseline record --propose`"),
        _ => cannot_read(file, &error),
    })?;
    let known = parse(file, &text)?;
    Ok((text, known))
}

/// Reads the text of a file of scenarios.
pub(crate) fn parse(file: &Path, text: &str) -> Result<Scenarios, Problem> {
    scenarios::parse(text).map_err(|error| {
        let sentence = format!("{}:{}: {}", file.display(), error.line, printable(&error.what));
        Problem::input("SCENARIOS_INVALID", sentence).hint(error.hint)
    })
}

/// Which interpreter runs the scenarios of a command.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The version.
    pub wanted: Wanted,
    /// The program, when it was named.
    pub named: Option<&'a Path>,
}

/// A project with what runs its scenarios, for as long as a command lasts.
#[derive(Debug)]
pub struct Place {
    sandbox: Sandbox,
    environment: Environment,
    hidden: Vec<PathBuf>,
    clock: fn() -> Timestamp,
    root: PathBuf,
    own: Own,
    /// The interpreter.
    pub interpreter: Interpreter,
}

impl Place {
    /// Finds the interpreter and makes its environment.
    pub fn prepare(machine: &Machine, root: &Path, side: Side<'_>) -> Result<Self, Problem> {
        let found = interpreter::find(side.wanted, side.named, &machine.search).ok_or_else(|| {
            Problem::input("INTERPRETER_MISSING", format!("no Python {} was found", side.wanted))
                .hint("install it, or name it with --python; `iama doctor` shows what was found")
        })?;
        let files = python_files(root)?;
        let tests: Vec<String> = files.into_iter().filter(|path| is_test(root, path)).collect();
        let environment = environment_for(machine, root, &tests, &found)?;
        let folder = machine.cache.join("scenarios");
        let own = Own::make(&folder)?;
        let (sandbox, hidden, root) = (machine.sandbox.clone(), machine.hidden.clone(), root.to_owned());
        Ok(Self { sandbox, environment, hidden, clock: machine.clock, root, own, interpreter: found })
    }

    /// Records scenarios three times each; `said` is told of each when it begins.
    pub fn record(
        &self,
        scenarios: &[&Scenario],
        said: &mut dyn FnMut(&str),
    ) -> Result<Vec<(String, Settled)>, Problem> {
        let (copy, scratch) = self.folders();
        self.ground(&copy, &scratch).record(scenarios, said)
    }

    /// Runs scenarios against what was recorded; `said` is told of each outcome.
    pub fn compare(&self, scenarios: &[&Scenario], said: &mut dyn FnMut(&Outcome)) -> Result<Vec<Outcome>, Problem> {
        let (copy, scratch) = self.folders();
        self.ground(&copy, &scratch).compare(scenarios, said)
    }

    fn folders(&self) -> (PathBuf, PathBuf) {
        (self.own.path().join("copy"), self.own.path().join("run"))
    }

    fn ground<'a>(&'a self, copy: &'a Path, scratch: &'a Path) -> Ground<'a> {
        let Self { sandbox, environment, hidden, clock, root, .. } = self;
        Ground { sandbox, environment, original: root, copy, scratch, hidden, clock: *clock }
    }
}

/// The Python files of a project, by path from its root.
pub fn python_files(root: &Path) -> Result<Vec<String>, Problem> {
    let claims = |path: &str, first: &str| PAIRS.iter().any(|pair| (pair.claims)(path, first));
    let options = iama_source::WalkOptions { exclude: Vec::new() };
    let workspace = iama_source::walk(root, &options, claims).map_err(|error| {
        Problem::input("PATH_INVALID", error.to_string()).hint("name a folder that exists and that you may read")
    })?;
    Ok(workspace.files.into_iter().map(|file| file.path).collect())
}

fn is_test(root: &Path, path: &str) -> bool {
    let bytes = std::fs::read(root.join(path)).unwrap_or_default();
    iama_baseline::python::discover::is_test_file(path, &String::from_utf8_lossy(&bytes))
}
