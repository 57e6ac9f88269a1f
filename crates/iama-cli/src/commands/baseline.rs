//! `iama baseline`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use iama_baseline::python::interpreter::Wanted;
use iama_baseline::scenarios::{self, Difference, Expectation, NORMALISERS, Scenario, Scenarios, Settled};
use iama_engine::blackbox::{self, Outcome, Place, Side, Standing};
use iama_engine::folder::write_whole;
use iama_engine::{Machine, Request, isolation};
use iama_sandbox::{Choice, printable};
use serde_json::{Value, json};

use super::refactor::check;
use crate::args::{BaselineRecord, BaselineRun, BaselineShow, ScenarioRuns};
use crate::out::{count, say, tell};
use crate::problem::{Problem, bad_input, exit, io};
use crate::{decide, machine, paint};

/// Records scenarios into their file.
pub(super) fn record(options: &BaselineRecord) -> Result<ExitCode, Problem> {
    let (mut machine, root) = prepared(&options.runs)?;
    let named = check::legacy_python(options.legacy_python.as_deref(), &machine)?;
    let file = file_of(options.runs.file.as_deref(), &root);
    if options.propose && !file.exists() {
        propose(&root, &file)?;
    }
    let (text, known) = blackbox::read(&file)?;
    let chosen = chosen(&known, &options.runs.only)?;
    // A file that cannot be written to is told before anything runs.
    put(&file, &text, &chosen.iter().map(|one| (one.name.clone(), Expectation::default())).collect())?;
    let place = place(&mut machine, &options.runs, &root, Wanted::LEGACY, named.as_deref())?;
    let settled = place.record(&chosen, &mut |name| tell!("       running {}", printable(name)))?;
    let mut expectations: BTreeMap<String, Expectation> = BTreeMap::new();
    for (name, one) in &settled {
        if let Settled::Recorded(expect) = one {
            expectations.insert(name.clone(), expect.clone());
        }
    }
    let new = put(&file, &text, &expectations)?;
    write_whole(&file, new.as_bytes())?;
    let failed = settled.len() - expectations.len();
    if options.runs.json {
        let rows: Vec<Value> = settled.iter().map(|(name, one)| recorded_row(name, one)).collect();
        let schema = "iama.scenarios-record/1";
        print(
            &json!({ "schema": schema, "file": file, "python": place.interpreter.version.to_string(), "scenarios": rows }),
        )?;
    } else {
        for (name, one) in &settled {
            show_recorded(name, one);
        }
        say!("{} recorded in {}, {failed} not", count(expectations.len(), "scenario"), file.display());
    }
    Ok(ExitCode::from(if failed == 0 { exit::OK } else { exit::NOT_DELIVERED }))
}

fn put(file: &Path, text: &str, expectations: &BTreeMap<String, Expectation>) -> Result<String, Problem> {
    scenarios::put(text, expectations).map_err(|error| {
        let sentence = format!("{}:{}: {}", file.display(), error.line, error.what);
        bad_input("SCENARIOS_NOT_WRITTEN", sentence, "nothing was written; docs/scenarios.md shows the plain form")
    })
}

/// Runs scenarios and shows what differs.
pub(super) fn run(options: &BaselineRun) -> Result<ExitCode, Problem> {
    let (mut machine, root) = prepared(&options.runs)?;
    let (major, minor) = super::recipes_run::target(&options.to)?;
    let wanted = if options.legacy { Wanted::LEGACY } else { Wanted { major, minor } };
    let named = options.python.as_deref();
    let named =
        if options.legacy { check::legacy_python(named, &machine)? } else { check::python(named, wanted, &machine)? };
    let file = file_of(options.runs.file.as_deref(), &root);
    let (_, known) = blackbox::read(&file)?;
    let chosen = chosen(&known, &options.runs.only)?;
    let place = place(&mut machine, &options.runs, &root, wanted, named.as_deref())?;
    let json = options.runs.json;
    let outcomes = place.compare(&chosen, &mut |outcome| {
        if !json {
            show_outcome(outcome);
        }
    })?;
    let same = outcomes.iter().filter(|outcome| outcome.standing == Standing::Same).count();
    let others = outcomes.len() - same;
    if json {
        let python = place.interpreter.version.to_string();
        print(&json!({
            "schema": "iama.scenarios-run/1", "file": file, "root": root, "python": python, "same": same,
            "not_same": others, "scenarios": outcomes,
        }))?;
    } else {
        say!("{} as recorded, {others} not", count(same, "scenario"));
    }
    Ok(ExitCode::from(if others == 0 { exit::OK } else { exit::NOT_DELIVERED }))
}

/// Shows what a file holds, or the normalisers.
pub(super) fn show(options: &BaselineShow) -> Result<ExitCode, Problem> {
    if options.normalisers {
        let row = |one: &scenarios::Normaliser| json!({ "name": one.name, "runs": one.when.name(), "what": one.what });
        if options.json {
            print(
                &json!({ "schema": "iama.normalisers/1", "normalisers": NORMALISERS.iter().map(row).collect::<Vec<_>>() }),
            )?;
        } else {
            for one in NORMALISERS {
                say!("{:16} {:14} {}", one.name, one.when.name(), one.what);
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    let file = file_of(options.file.as_deref(), &options.root);
    let (_, known) = blackbox::read(&file)?;
    if options.json {
        let row = |one: &Scenario| json!({ "name": one.name, "line": one.line, "command": one.shown(), "expect": one.expect });
        let rows: Vec<Value> = known.scenarios.iter().map(row).collect();
        print(&json!({ "schema": "iama.scenarios/1", "file": file, "scenarios": rows }))?;
        return Ok(ExitCode::SUCCESS);
    }
    for scenario in &known.scenarios {
        say!("{}  {}", paint::strong(printable(&scenario.name)), paint::dim(printable(&scenario.shown())));
        match &scenario.expect {
            None => say!("    not recorded"),
            Some(expect) => show_expectation(expect),
        }
    }
    let recorded = known.scenarios.iter().filter(|scenario| scenario.expect.is_some()).count();
    say!("{}, {recorded} recorded", count(known.scenarios.len(), "scenario"));
    Ok(ExitCode::SUCCESS)
}

fn print(value: &Value) -> Result<(), Problem> {
    let text = serde_json::to_string(value).map_err(|error| io("cannot write the result", &error.into()))?;
    say!("{text}");
    Ok(())
}

fn prepared(runs: &ScenarioRuns) -> Result<(Machine, PathBuf), Problem> {
    let machine = machine::machine()?;
    if !runs.root.is_dir() {
        let sentence = format!("{} is no folder", runs.root.display());
        return Err(bad_input("PATH_INVALID", sentence, "name the folder of the code with --root"));
    }
    let root = runs.root.canonicalize().map_err(|error| io("cannot find the project", &error))?;
    Ok((machine, root))
}

fn file_of(named: Option<&Path>, root: &Path) -> PathBuf {
    named.map_or_else(|| root.join(scenarios::FILE), Path::to_owned)
}

fn propose(root: &Path, file: &Path) -> Result<(), Problem> {
    let files = blackbox::python_files(root)?;
    let text = scenarios::propose(root, &files).ok_or_else(|| {
        let sentence =
            format!("no way into {} was found: no script, no command in setup.py, no __main__", root.display());
        bad_input("NOTHING_TO_PROPOSE", sentence, "write scenarios by hand; docs/scenarios.md shows how")
    })?;
    write_whole(file, text.as_bytes())?;
    tell!("proposed {}", file.display());
    Ok(())
}

fn chosen<'a>(known: &'a Scenarios, only: &[String]) -> Result<Vec<&'a Scenario>, Problem> {
    if let Some(name) = only.iter().find(|name| known.scenarios.iter().all(|scenario| scenario.name != **name)) {
        let sentence = format!("there is no scenario {name:?}");
        return Err(bad_input("SCENARIO_UNKNOWN", sentence, "`iama baseline show` lists them"));
    }
    let wanted = |scenario: &&Scenario| only.is_empty() || only.contains(&scenario.name);
    Ok(known.scenarios.iter().filter(wanted).collect())
}

/// Allows the runs, closes them off and finds what runs them.
fn place(
    machine: &mut Machine,
    runs: &ScenarioRuns,
    root: &Path,
    wanted: Wanted,
    named: Option<&Path>,
) -> Result<Place, Problem> {
    let legacy = wanted == Wanted::LEGACY;
    let mut request = Request::plain(root.to_owned(), if legacy { TARGET } else { wanted }, (machine.clock)());
    request.sandbox = runs.sandbox.map(Choice::from).unwrap_or_default();
    request.docker_image.clone_from(&runs.docker_image);
    *(if legacy { &mut request.legacy_python } else { &mut request.python }) = named.map(Path::to_owned);
    machine::isolate(machine, &request)?;
    isolation::allow(machine, &mut *decide::decider(runs.yes, None))?;
    machine::catch_interrupts()?;
    Place::prepare(machine, root, Side { wanted, named })
}

/// The other side of a request that is about the legacy code alone.
const TARGET: Wanted = Wanted { major: 3, minor: 11 };

fn recorded_row(name: &str, settled: &Settled) -> Value {
    match settled {
        Settled::Recorded(expect) => json!({ "name": name, "recorded": true, "expect": expect }),
        Settled::Failed(why) => json!({ "name": name, "recorded": false, "failure": why }),
    }
}

fn show_recorded(name: &str, settled: &Settled) {
    match settled {
        Settled::Recorded(expect) => {
            say!("{}  {}", paint::added("  recorded"), printable(name));
            show_expectation(expect);
        }
        Settled::Failed(why) => say!("{}  {}: {}", paint::error("NOT RECORDED"), printable(name), printable(why)),
    }
}

fn show_expectation(expect: &Expectation) {
    for (part, content) in &expect.parts {
        say!("    {}: {}", printable(part), printable(&content.shown()));
    }
    let used: Vec<String> = expect.normalised.iter().map(|(name, times)| format!("{name} {times}")).collect();
    if !used.is_empty() {
        say!("    {}", paint::dim(format!("normalised: {}", used.join(", "))));
    }
    for (part, why) in &expect.quarantined {
        say!("    {}: {}: {}", paint::warning("put aside"), printable(part), printable(why));
    }
}

fn show_outcome(outcome: &Outcome) {
    let name = printable(&outcome.name);
    match outcome.standing {
        Standing::Same => say!("{}  {name}", paint::added("        same")),
        Standing::NotRecorded => say!("{}  {name}: run `iama baseline record` first", paint::warning("NOT RECORDED")),
        Standing::Failed => {
            let why = outcome.failure.as_deref().unwrap_or_default();
            say!("{}  {name}: {}", paint::error("      FAILED"), printable(why));
        }
        Standing::Different => say!("{}  {name}", paint::error("   DIFFERENT")),
    }
    for found in &outcome.differences {
        show_difference(found);
        if let Some(hint) = found.hint() {
            say!("    {}", paint::dim(printable(&hint)));
        }
    }
}

fn show_difference(found: &Difference) {
    let side = |text: &Option<String>| {
        text.as_deref().map_or_else(|| "nothing".to_owned(), |text| printable(text).into_owned())
    };
    if found.lines.is_empty() {
        say!("    {}: recorded {}, seen {}", printable(&found.part), side(&found.recorded), side(&found.seen));
        return;
    }
    say!("    {}:", printable(&found.part));
    for line in &found.lines {
        let line = printable(line);
        match line.chars().next() {
            Some('-') => say!("      {}", paint::removed(line)),
            Some('+') => say!("      {}", paint::added(line)),
            _ => say!("      {line}"),
        }
    }
}
