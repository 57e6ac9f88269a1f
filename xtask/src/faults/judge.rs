//! Whether the baseline notices a planted fault: by the own tests, by the recorded tests, by running the old code against the new.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use iama_baseline::python::differences::{self, Difference, Outcome};
use iama_baseline::python::environment::Environment;
use iama_baseline::python::mutants::{Kind, Mutant};
use iama_baseline::python::recording::{self, module_path, wider_path};
use iama_baseline::python::strength::{Bench, Planted, Request, Verdict, measure};
use iama_sandbox::Sandbox;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::draw::{Candidate, Drawn};
use crate::proof::{Migrated, Strengths};
use crate::tools::{command, output};

/// The longest that calls may run again on one side.
const REPLAY: Duration = Duration::from_mins(2);

/// Calls that are run again for one fault.
const CALLS: usize = 800;

/// What became of a planted fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Caught {
    /// By the package's own tests.
    Own,
    /// By recorded tests.
    Recorded,
    /// By running the old code against the new.
    Differences,
    /// By nothing.
    Missed,
    /// The byte code is the same, or it does not compile: no fault.
    Nothing,
}

#[derive(Deserialize)]
struct Scope {
    test_files: Vec<String>,
}

#[derive(Deserialize)]
struct Choice {
    calls: Vec<Chosen>,
}

#[derive(Deserialize)]
struct Chosen {
    id: String,
    file: String,
    lines: BTreeMap<String, Vec<u32>>,
}

#[derive(Serialize, Deserialize)]
struct Varied {
    schema: String,
    calls: Vec<Value>,
}

#[derive(Deserialize)]
struct Toolchain {
    environment: Option<Environment>,
}

/// A migrated package into which faults are planted.
pub(crate) struct Judge<'a> {
    migrated: &'a Migrated,
    strengths: Strengths,
    sandbox: &'a Sandbox,
    environment: Environment,
    test_files: Vec<String>,
    folder: PathBuf,
}

/// Which tests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tests {
    Own,
    Recorded,
}

impl<'a> Judge<'a> {
    /// Reads what the job knows. Copies go below `folder`.
    pub(crate) fn new(migrated: &'a Migrated, sandbox: &'a Sandbox, folder: &Path) -> Result<Self> {
        let toolchain: Toolchain = migrated.read("target.toolchain.json")?;
        let environment = toolchain.environment.context("the job had no interpreter for the target")?;
        let scope: Scope = migrated.read("scope.json")?;
        let folder = folder.join(migrated.package.name);
        fs::create_dir_all(&folder)?;
        let strengths = migrated.read("strength.json")?;
        Ok(Self { migrated, strengths, sandbox, environment, test_files: scope.test_files, folder })
    }

    /// Plants each fault for itself.
    pub(crate) fn judge(&self, candidates: &[Candidate]) -> Result<BTreeMap<Drawn, Caught>> {
        let all: Vec<&Candidate> = candidates.iter().collect();
        let mut found = BTreeMap::new();
        let left = self.with_tests(Tests::Own, &all, &mut found)?;
        println!("{}: {} left after the own tests", self.migrated.package.name, left.len());
        let left = self.with_tests(Tests::Recorded, &left, &mut found)?;
        println!("{}: {} left after the recorded tests", self.migrated.package.name, left.len());
        for candidate in left {
            let caught = if self.differs(candidate)? { Caught::Differences } else { Caught::Missed };
            println!(
                "  {} {} line {}: {caught:?}",
                candidate.drawn.operator, candidate.drawn.symbol, candidate.fault.line
            );
            found.insert(candidate.drawn.clone(), caught);
        }
        Ok(found)
    }

    /// Runs tests on each fault, and gives those that they do not notice.
    fn with_tests<'c>(
        &self,
        tests: Tests,
        candidates: &[&'c Candidate],
        found: &mut BTreeMap<Drawn, Caught>,
    ) -> Result<Vec<&'c Candidate>> {
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let root = self.copy()?;
        let (files, pythonpath) = match tests {
            Tests::Own => (self.test_files.clone(), module_path(&root)),
            Tests::Recorded => {
                let files = recording::put_tests(&self.migrated.job.join("characterization"), &root)?;
                let mut pythonpath = wider_path(&root, &self.test_files);
                pythonpath.push(recording::TESTS.to_owned());
                (files, pythonpath)
            }
        };
        let scratch = self.folder.join("scratch");
        let mut mutants: BTreeMap<String, Vec<Planted>> = BTreeMap::new();
        for candidate in candidates {
            mutants.entry(candidate.drawn.file.clone()).or_default().push(planted(candidate));
        }
        let request = Request {
            files: &files,
            without: &BTreeSet::new(),
            per_test: Duration::from_secs(30),
            budget: None,
            every: false,
            workers: 2,
            touched: &BTreeMap::new(),
            mutants: &mutants,
        };
        let strength = measure(&self.bench(&root, &scratch, &pythonpath), &request)?;
        let mut left = Vec::new();
        for &candidate in candidates {
            let rows = strength.tried.get(&candidate.drawn.file).into_iter().flatten();
            let verdict = rows.filter(|row| row.mutant.name == name_of(candidate)).map(|row| row.verdict).next();
            let caught = match verdict {
                Some(Verdict::Killed | Verdict::Timeout) if tests == Tests::Own => Caught::Own,
                Some(Verdict::Killed | Verdict::Timeout) => Caught::Recorded,
                Some(Verdict::Equivalent | Verdict::Invalid) => Caught::Nothing,
                _ => {
                    left.push(candidate);
                    continue;
                }
            };
            found.insert(candidate.drawn.clone(), caught);
        }
        Ok(left)
    }

    /// Whether calls do something in the faulty code that they do not in the migrated code as it is.
    fn differs(&self, candidate: &Candidate) -> Result<bool> {
        let root = self.copy()?;
        let place = root.join(&candidate.drawn.file);
        let clean = fs::read_to_string(&place)?;
        let mut text = clean.clone();
        text.replace_range(candidate.fault.span.range(), &candidate.fault.replacement);
        fs::write(&place, text)?;
        let scratch = self.folder.join("calls");
        copy(&self.migrated.job.join("characterization-run"), &scratch)?;
        // A job whose calls were not compared says nothing about them now, either.
        let Ok(before) = differences::found(&scratch) else { return Ok(false) };
        self.keep_calls(candidate, &scratch)?;
        let mut known: BTreeSet<_> = before.differences.iter().map(what).collect();
        let fresh = self.compared(&root, &scratch, &known)?;
        if fresh.is_empty() {
            return Ok(false);
        }
        // What the code without the fault does as well, when it is asked now, is no sign of the fault.
        fs::write(&place, clean)?;
        let ids: BTreeSet<&str> = fresh.iter().map(|(id, _)| id.as_str()).collect();
        let mut calls: Varied = serde_json::from_slice(&fs::read(scratch.join("varied.json"))?)?;
        calls.calls.retain(|call| call.get("id").and_then(Value::as_str).is_some_and(|id| ids.contains(id)));
        fs::write(scratch.join("varied.json"), serde_json::to_vec(&calls)?)?;
        known.extend(self.compared(&root, &scratch, &known)?);
        Ok(fresh.iter().any(|found| !known.contains(found)))
    }

    /// The differences to the legacy code that are not known yet.
    fn compared(
        &self,
        root: &Path,
        scratch: &Path,
        known: &BTreeSet<(String, String)>,
    ) -> Result<BTreeSet<(String, String)>> {
        let pythonpath = wider_path(root, &self.test_files);
        let found = differences::compare_again(&self.bench(root, scratch, &pythonpath), REPLAY)?;
        Ok(found.differences.iter().map(what).filter(|found| !known.contains(found)).collect())
    }

    /// Leaves those calls, first of all the ones that run the touched lines of the faulty symbol, then others of its file.
    fn keep_calls(&self, candidate: &Candidate, scratch: &Path) -> Result<()> {
        let Drawn { file, symbol, .. } = &candidate.drawn;
        let choice: Choice = serde_json::from_slice(&fs::read(scratch.join("choice.json"))?)?;
        let touched = self.strengths.legacy().reach.remove(file).unwrap_or_default();
        let lines: BTreeSet<u32> =
            touched.iter().filter(|row| row.symbol == *symbol).flat_map(|row| row.first..=row.last).collect();
        let runs = |call: &Chosen| call.lines.get(file).is_some_and(|ran| ran.iter().any(|line| lines.contains(line)));
        let near: BTreeSet<&str> = choice.calls.iter().filter(|call| runs(call)).map(|call| call.id.as_str()).collect();
        let far: BTreeSet<&str> = choice
            .calls
            .iter()
            .filter(|call| call.file == *file || call.lines.contains_key(file))
            .map(|call| call.id.as_str())
            .collect();
        let mut varied: Varied = serde_json::from_slice(&fs::read(scratch.join("varied.json"))?)?;
        let origin = |call: &Value| {
            let name = call.get("origin").or_else(|| call.get("id")).and_then(Value::as_str);
            name.unwrap_or_default().to_owned()
        };
        let (first, rest): (Vec<Value>, Vec<Value>) =
            varied.calls.into_iter().partition(|call| near.contains(origin(call).as_str()));
        let rest = rest.into_iter().filter(|call| far.contains(origin(call).as_str()));
        varied.calls = first.into_iter().chain(rest).take(CALLS).collect();
        Ok(fs::write(scratch.join("varied.json"), serde_json::to_vec(&varied)?)?)
    }

    fn copy(&self) -> Result<PathBuf> {
        let root = self.folder.join("code");
        copy(&self.migrated.job.join("work"), &root)?;
        Ok(root)
    }

    fn bench<'b>(&'b self, root: &'b Path, scratch: &'b Path, pythonpath: &'b [String]) -> Bench<'b> {
        Bench { sandbox: self.sandbox, environment: &self.environment, root, scratch, pythonpath, hidden: &[] }
    }
}

/// The call, and what the migrated code does; where objects lie is left out.
fn what(found: &Difference) -> (String, String) {
    let Outcome { kind, .. } = &found.migrated;
    (found.id.clone(), without_numbers(&format!("{kind}: {}", found.migrated.sentence())))
}

/// Long numbers, hexadecimal or not, become one sign each.
fn without_numbers(text: &str) -> String {
    const LONG: usize = 6;
    let mut plain = String::new();
    let mut run = String::new();
    for letter in text.chars().chain(['\n']) {
        if letter.is_ascii_hexdigit() {
            run.push(letter);
            continue;
        }
        let is_number = run.len() >= LONG && run.contains(|letter: char| letter.is_ascii_digit());
        plain.push_str(if is_number { "#" } else { &run });
        run.clear();
        plain.push(letter);
    }
    plain
}

fn name_of(candidate: &Candidate) -> String {
    let Drawn { symbol, operator, ordinal, .. } = &candidate.drawn;
    format!("{symbol}/{operator}/{ordinal}")
}

fn planted(candidate: &Candidate) -> Planted {
    let fault = &candidate.fault;
    let mutant = Mutant {
        name: name_of(candidate),
        symbol: fault.symbol.clone(),
        kind: Kind::Operator,
        line: fault.line,
        span: Some(fault.span),
        replacement: fault.replacement.clone(),
    };
    Planted { mutant, start: fault.span.start as usize, end: fault.span.end as usize }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    output(&mut command("cp", &["-r", &format!("{}/.", from.display()), &to.display().to_string()]))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_an_object_lies_is_no_part_of_what_a_call_does() {
        let told = ["<C at 0x7f39c3ff5f90>", "(140234567890123, 12345)", "decade 2003", "faded"].map(without_numbers);
        assert_eq!(told, ["<C at 0x#>\n", "(#, 12345)\n", "decade 2003\n", "faded\n"]);
    }
}
