//! Recorded characterisation: the tests run under a recorder, the calls that say something are chosen and written as tests.
//!
//! What each program does and the form of its files: `recorder/README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::exercise::{self, Exercise};
use super::run::{Recorder, Request, run_suite};
pub use super::steps::Bench;
use crate::suite::{Status, TestId};

/// The programs, by the name that they have beside each other.
const PROGRAMS: &[(&str, &str)] = &[
    ("characterization_programs.py", include_str!("../../recorder/characterization_programs.py")),
    ("characterization_support.py", include_str!("../../recorder/characterization_support.py")),
    ("characterization_values.py", include_str!("../../recorder/characterization_values.py")),
    ("iama_attempts.py", include_str!("../../recorder/iama_attempts.py")),
    ("iama_brought.py", include_str!("../../recorder/iama_brought.py")),
    ("iama_calls.py", include_str!("../../recorder/iama_calls.py")),
    ("iama_compare.py", include_str!("../../recorder/iama_compare.py")),
    ("iama_exercise.py", include_str!("../../recorder/iama_exercise.py")),
    ("iama_grow.py", include_str!("../../recorder/iama_grow.py")),
    ("iama_hints.py", include_str!("../../recorder/iama_hints.py")),
    ("iama_programs.py", include_str!("../../recorder/iama_programs.py")),
    ("iama_recorder.py", include_str!("../../recorder/iama_recorder.py")),
    ("iama_records.py", include_str!("../../recorder/iama_records.py")),
    ("iama_replay.py", include_str!("../../recorder/iama_replay.py")),
    ("iama_select.py", include_str!("../../recorder/iama_select.py")),
    ("iama_targets.py", include_str!("../../recorder/iama_targets.py")),
    ("iama_texts.py", include_str!("../../recorder/iama_texts.py")),
    ("iama_variations.py", include_str!("../../recorder/iama_variations.py")),
    ("iama_write_tests.py", include_str!("../../recorder/iama_write_tests.py")),
];

/// The plan of the recorder, in the scratch folder.
pub(super) const PLAN: &str = "recorder.json";

/// Where the written tests lie in a copy of the project while they run.
pub const TESTS: &str = "iama_characterization";

/// The chosen calls, in the scratch folder.
pub(super) const CHOICE: &str = "choice.json";

const INDEX: &str = "index.json";
const AIMS: &str = "aims.json";
const RUNS: [&str; 3] = ["records0.jsonl", "records1.jsonl", "records2.jsonl"];

/// Bytes of records that one run keeps: some tens of thousands of calls.
const KEPT_BYTES: u64 = 24 << 20;

/// How long calls are looked for that no test makes.
const GROW: Duration = Duration::from_secs(90);

/// How long programs are run to see what they do.
const PROGRAMS_RUN: Duration = Duration::from_mins(3);

/// The longest that a step without code of the project may take.
pub(super) const STEP: Duration = Duration::from_mins(2);

/// Where calls are looked for first of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aims {
    /// First and last line, from 1, of what is going to be rewritten in each file.
    pub touched: BTreeMap<String, Vec<(u32, u32)>>,
    /// Those of the files that may be run as programs.
    pub programs: Vec<String>,
    /// What rewritten code will have beside it, in place of what its language no longer has.
    pub brought: Vec<Brought>,
}

/// What a migration brings along in one file: a module in place of one that the library no longer has (a file whose name begins
/// with `_py2_`), or functions in place of builtins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Brought {
    /// Where it will lie, relative to the root.
    pub file: String,
    /// Functions that will be defined there and are not now; nothing for a module.
    pub names: Vec<String>,
    /// The files that use it.
    pub users: Vec<String>,
}

/// A call that was put aside because its outcome is no fact about the code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Quarantined {
    /// The module.
    pub module: String,
    /// The function in it: `Class.method`, or its name.
    pub function: String,
    /// Why.
    pub reason: String,
}

/// A written test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The call that it came from.
    pub call: String,
    /// The module.
    pub module: String,
    /// The function in it.
    pub function: String,
    /// The file, relative to the root.
    pub file: String,
    /// The lines that the call ran, by file.
    pub lines: BTreeMap<String, Vec<u32>>,
}

/// What came of a recording.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Characterisation {
    /// Why there are no tests, where there are none.
    pub skipped: Option<String>,
    /// What was left out or cut short, a sentence each.
    pub notes: Vec<String>,
    /// Different calls that a run made.
    pub recorded: usize,
    /// Calls that were chosen.
    pub chosen: usize,
    /// Calls beside them that no test makes: found by trying, because they run other lines or do something else.
    #[serde(default)]
    pub grown: usize,
    /// Calls that are no facts about the code.
    pub quarantined: Vec<Quarantined>,
    /// Functions whose calls cannot be made again, with the reasons.
    pub blocked: BTreeMap<String, BTreeSet<String>>,
    /// The tests, by `FILE::TEST`.
    pub tests: BTreeMap<String, Written>,
    /// Written tests that do not pass on the code that they were recorded from, and are not kept.
    pub dropped: BTreeSet<String>,
}

impl Characterisation {
    /// A recording that gave nothing, and why.
    pub fn skipped(why: impl Into<String>) -> Self {
        Self { skipped: Some(why.into()), ..Self::default() }
    }

    /// The modules and functions in quarantine with each reason once.
    pub fn quarantine(&self) -> BTreeSet<Quarantined> {
        self.quarantined.iter().cloned().collect()
    }
}

#[derive(Deserialize)]
struct Pool {
    calls: Vec<IgnoredAny>,
    #[serde(default)]
    seen: usize,
    quarantined: Vec<Quarantined>,
    #[serde(default)]
    blocked: BTreeMap<String, BTreeMap<String, u64>>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    grown: usize,
}

#[derive(Deserialize)]
struct Index {
    tests: BTreeMap<String, Written>,
}

/// Puts the programs and the plan of a recording into the scratch folder; the root is for commands that may change their folder.
pub(super) fn write_plan(
    scratch: &Path,
    recorder: &Recorder<'_>,
    pythonpath: &[String],
    root: Option<&Path>,
) -> io::Result<()> {
    write_programs(scratch)?;
    let plan = json!({
        "schema": "iama.recorder/1",
        "files": recorder.files,
        "records": scratch.join(recorder.records),
        "pythonpath": pythonpath,
        "root": root,
        "limits": { "kept_bytes": KEPT_BYTES },
    });
    fs::write(scratch.join(PLAN), serde_json::to_vec(&plan)?)
}

pub(super) fn write_programs(scratch: &Path) -> io::Result<()> {
    fs::create_dir_all(scratch)?;
    PROGRAMS.iter().try_for_each(|(name, text)| fs::write(scratch.join(name), text))
}

/// Reads a file that one of the programs wrote.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// Runs the tests and the commands three times under the recorder, with another order of sets and dicts each time. How the
/// tests end says nothing: recorded code is slower. Gives what was cut short, a sentence each.
pub fn record(
    bench: &Bench<'_>,
    request: &Request<'_>,
    files: &[String],
    commands: &Exercise<'_>,
) -> io::Result<Vec<String>> {
    fs::create_dir_all(request.scratch)?;
    let mut notes = Vec::new();
    for (seed, records) in (0..).zip(RUNS) {
        fs::write(request.scratch.join(records), "")?;
        let recorder = Recorder { files, records, seed };
        let request = Request { recorder: Some(recorder), ..request.clone() };
        let tested = (!request.files.is_empty()).then(|| run_suite(bench.sandbox, &request, |_, _| ())).transpose()?;
        if tested.is_some_and(|suite| suite.ran_out) {
            notes.push(format!(
                "recording {} of 3 took longer than {} s and was ended",
                seed + 1,
                request.whole.as_secs()
            ));
        }
        let said = exercise::run(bench.sandbox, &request, commands)?;
        notes.extend(said.into_iter().filter(|_| seed == 0));
        if bench.sandbox.is_stopped() {
            break;
        }
    }
    Ok(notes)
}

/// Chooses among the recorded calls and writes them as tests into `tests`, which is made new. `request` says how the written
/// tests are tried on the code that they were recorded from; those that fail there are not kept.
pub fn settle(
    bench: &Bench<'_>,
    request: &Request<'_>,
    tests: &Path,
    notes: Vec<String>,
    aims: &Aims,
    replay: Duration,
) -> io::Result<Characterisation> {
    let mut known = match choose(bench, replay)? {
        Ok(known) => known,
        Err(why) => return Ok(Characterisation { notes, ..Characterisation::skipped(why) }),
    };
    known.notes.splice(0..0, notes);
    match grow(bench, aims, replay)? {
        Ok(grown) => known.grown = grown,
        Err(why) => known.notes.push(format!("no calls beyond the recorded ones were looked for: {why}")),
    }
    let failing = write(bench, request, tests, &BTreeSet::new(), &mut known)?;
    if !failing.is_empty() {
        write_tests(bench, tests, &failing, &mut known)?;
        known
            .notes
            .push(format!("written tests that do not pass on the legacy code and were not kept: {}", failing.len()));
        known.dropped = failing;
    }
    // They may be large, and everything that follows goes by the choice.
    for records in RUNS {
        let _ = fs::remove_file(bench.scratch.join(records));
    }
    if known.tests.is_empty() && known.skipped.is_none() {
        known.skipped = Some("no recorded call gave a test that passes on the legacy code".to_owned());
    }
    Ok(known)
}

fn choose(bench: &Bench<'_>, replay: Duration) -> io::Result<Result<Characterisation, String>> {
    let runs = RUNS.map(|name| bench.path(name));
    let mut pool: Vec<String> = vec!["pool".into(), "--records".into()];
    pool.extend(runs);
    pool.extend(["--out".into(), bench.path("pool.json")]);
    if let Err(why) = bench.step("iama_select.py", pool, 0, STEP)? {
        return Ok(Err(why));
    }
    let first: Pool = read(&bench.scratch.join("pool.json"))?;
    if first.calls.is_empty() {
        return Ok(Err("what was run made no call of a public function that can be made again".to_owned()));
    }
    for (seed, out) in [(0, "again0.jsonl"), (1, "again1.jsonl")] {
        if let Err(why) = bench.replay("pool.json", out, seed, replay)? {
            return Ok(Err(why));
        }
    }
    let choose = ["choose", "--pool", &bench.path("pool.json"), "--out", &bench.path(CHOICE), "--outcomes"];
    let outcomes = [bench.path("again0.jsonl"), bench.path("again1.jsonl")];
    let arguments = choose.map(str::to_owned).into_iter().chain(outcomes).collect();
    if let Err(why) = bench.step("iama_select.py", arguments, 0, STEP)? {
        return Ok(Err(why));
    }
    let choice: Pool = read(&bench.scratch.join(CHOICE))?;
    Ok(Ok(Characterisation {
        recorded: first.seen,
        chosen: choice.calls.len(),
        quarantined: choice.quarantined,
        blocked: choice.blocked.into_iter().map(|(name, reasons)| (name, reasons.into_keys().collect())).collect(),
        ..Characterisation::default()
    }))
}

/// Adds calls that the tests do not make to the choice, and gives how many.
fn grow(bench: &Bench<'_>, aims: &Aims, limit: Duration) -> io::Result<Result<usize, String>> {
    let told =
        json!({ "schema": "iama.aims/1", "touched": aims.touched, "programs": aims.programs, "brought": aims.brought });
    fs::write(bench.scratch.join(AIMS), serde_json::to_vec(&told)?)?;
    let [choice, plan, aims, grown] = [CHOICE, PLAN, AIMS, "grown.json"].map(|name| bench.path(name));
    let root = bench.root.display().to_string();
    let line = ["--choice", &choice, "--plan", &plan, "--aims", &aims, "--root", &root, "--out", &grown];
    let mut arguments: Vec<String> = line.map(str::to_owned).into();
    arguments.extend(["--seconds".to_owned(), GROW.as_secs().to_string(), "--pythonpath".to_owned()]);
    arguments.extend(bench.pythonpath.iter().map(|folder| bench.root.join(folder).display().to_string()));
    // It ends by itself when its time is up.
    if let Err(why) = bench.step("iama_grow.py", arguments, 0, GROW + PROGRAMS_RUN + STEP)? {
        return Ok(Err(why));
    }
    for (seed, out) in [(0, "grown0.jsonl"), (1, "grown1.jsonl")] {
        if let Err(why) = bench.replay("grown.json", out, seed, limit)? {
            return Ok(Err(why));
        }
    }
    let outcomes = [bench.path("grown0.jsonl"), bench.path("grown1.jsonl")];
    let widen = ["widen", "--choice", &choice, "--grown", &grown, "--out", &choice, "--outcomes"].map(str::to_owned);
    if let Err(why) = bench.step("iama_select.py", widen.into_iter().chain(outcomes).collect(), 0, STEP)? {
        return Ok(Err(why));
    }
    Ok(Ok(read::<Choice>(&bench.scratch.join(CHOICE))?.grown))
}

/// Writes the tests and gives those that do not pass.
fn write(
    bench: &Bench<'_>,
    request: &Request<'_>,
    tests: &Path,
    without: &BTreeSet<String>,
    known: &mut Characterisation,
) -> io::Result<BTreeSet<String>> {
    write_tests(bench, tests, without, known)?;
    if known.tests.is_empty() {
        return Ok(BTreeSet::new());
    }
    let passed = try_tests(bench, request, tests)?;
    Ok(known.tests.keys().filter(|name| !passed.get(*name).is_some_and(Option::is_none)).cloned().collect())
}

fn write_tests(
    bench: &Bench<'_>,
    tests: &Path,
    without: &BTreeSet<String>,
    known: &mut Characterisation,
) -> io::Result<()> {
    // The program may write to the scratch folder only; what it wrote is put in place from outside.
    let made = bench.scratch.join("tests");
    for folder in [&made, tests] {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
    }
    let mut arguments = vec!["--choice".to_owned(), bench.path(CHOICE), "--out".to_owned(), bench.path("tests")];
    arguments.extend(["--index".to_owned(), bench.path(INDEX)]);
    if !without.is_empty() {
        arguments.push("--drop".to_owned());
        arguments.extend(without.iter().cloned());
    }
    if let Err(why) = bench.step("iama_write_tests.py", arguments, 0, STEP)? {
        known.skipped = Some(why);
        known.tests.clear();
        return Ok(());
    }
    known.tests = read::<Index>(&bench.scratch.join(INDEX))?.tests;
    copy_files(&made, tests)
}

/// Copies the files of a folder that has no folders in it.
fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Folders that a project's modules are usually found in.
pub fn module_path(root: &Path) -> Vec<String> {
    let present = ["src", "lib"]
        .into_iter()
        .filter(|name| root.join(name).is_dir() && !root.join(name).join("__init__.py").exists());
    std::iter::once(".".to_owned()).chain(present.map(str::to_owned)).collect()
}

/// The module path of recorded calls: their arguments may be instances of classes that tests define.
pub fn wider_path(root: &Path, test_files: &[String]) -> Vec<String> {
    let mut folders = module_path(root);
    for path in test_files {
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        if !folders.iter().any(|known| known == folder) {
            folders.push(folder.to_owned());
        }
    }
    folders
}

/// Puts written tests into a copy of the project, in [`TESTS`], which has to be on the module path, too. Gives the files of tests.
pub fn put_tests(tests: &Path, root: &Path) -> io::Result<Vec<String>> {
    let inside = root.join(TESTS);
    copy_files(tests, &inside)?;
    let mut files: Vec<String> = fs::read_dir(&inside)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("test_"))
        .map(|name| format!("{TESTS}/{name}"))
        .collect();
    files.sort();
    Ok(files)
}

/// Runs written tests on a copy of the project: for each `FILE::TEST` nothing when it passed, else what went wrong. A test that
/// was not run is absent.
pub fn try_tests(
    bench: &Bench<'_>,
    request: &Request<'_>,
    tests: &Path,
) -> io::Result<BTreeMap<String, Option<String>>> {
    let files = put_tests(tests, bench.root)?;
    let pythonpath: Vec<String> = request.pythonpath.iter().cloned().chain([TESTS.to_owned()]).collect();
    let request = Request { files: &files, pythonpath: &pythonpath, recorder: None, ..request.clone() };
    let suite = run_suite(bench.sandbox, &request, |_, _| ())?;
    fs::remove_dir_all(bench.root.join(TESTS))?;
    let own = |id: &TestId| id.0.strip_prefix(TESTS)?.strip_prefix('/').map(str::to_owned);
    let said = |error: &crate::CaseError| format!("{}: {}", error.class, error.message);
    let mut found: BTreeMap<String, Option<String>> = BTreeMap::new();
    for (id, case) in &suite.cases {
        let wrong = (case.status != Status::Passed).then(|| case.error.as_ref().map_or_else(String::new, said));
        found.extend(own(id).map(|name| (name, wrong)));
    }
    // Where a file cannot be read, its own name stands for its tests.
    for error in &suite.collect_errors {
        found.extend(own(&TestId(error.file.clone())).map(|name| (name, Some(said(&error.error)))));
    }
    Ok(found)
}
