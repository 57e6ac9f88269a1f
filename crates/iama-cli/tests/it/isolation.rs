//! Which level tests get, what is asked before they run on this machine, and what is said about it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::world::{Shown, World};

const SOURCE: &str = "def show(d):\n    print d.has_key(1)\n    return d.keys()\n";
const TEST: &str = "import lib\n\ndef test_show():\n    assert lib.show({1: 2}) == [1]\n";

/// A place at which no engine listens.
const NOWHERE: (&str, &str) = ("DOCKER_HOST", "unix:///nowhere/docker.sock");

fn project() -> World {
    World::new(&[("lib.py", SOURCE), ("test_lib.py", TEST)])
}

fn without_engine(world: &World, arguments: &[&str]) -> Shown {
    world.iama_where(&[(NOWHERE.0, Path::new(NOWHERE.1))], arguments)
}

fn notices(shown: &Shown) -> Vec<&str> {
    shown.err.lines().filter(|line| line.starts_with("isolation: ")).collect()
}

#[test]
fn docker_that_was_asked_for_and_is_missing_stops_the_command_and_leaves_nothing_behind() {
    let world = project();
    let stopped = |arguments: &[&str]| {
        let shown = without_engine(&world, arguments);
        assert_eq!((shown.code, shown.error()), (2, "SANDBOX_UNAVAILABLE"), "{}", shown.err);
        assert!(shown.err.contains("no engine has a socket at /nowhere/docker.sock"), "{}", shown.err);
        assert!(shown.err.contains("hint: `iama doctor`"), "{}", shown.err);
        assert!(!world.root().join(".iama").exists());
    };
    stopped(&["refactor", ".", "--yes", "--sandbox", "docker"]);
    world.write("iama.toml", b"sandbox = \"docker\"\n");
    stopped(&["refactor", ".", "--yes"]);
    let shown = without_engine(&world, &["refactor", ".", "--sandbox", "native"]);
    assert_eq!(shown.error(), "DECISION_NEEDED", "{}", shown.err);
}

#[test]
fn one_line_says_which_level_it_is_and_why_and_the_job_keeps_the_choice() {
    let world = project();
    let shown = without_engine(&world, &["refactor", ".", "--docker-image", "some:1"]);
    let [notice] = notices(&shown)[..] else { panic!("{}", shown.err) };
    assert!(notice.contains("(not in Docker, since no engine has a socket at /nowhere/docker.sock; "), "{notice}");
    let kept = world.job().join("request.json");
    let mut request: Value = serde_json::from_slice(&fs::read(&kept).unwrap()).unwrap();
    assert_eq!((&request["sandbox"], &request["docker_image"]), (&Value::from("auto"), &Value::from("some:1")));
    let again = without_engine(&world, &["jobs", "resume"]);
    assert_eq!(notices(&again), [notice]);
    request["sandbox"] = Value::from("docker");
    fs::write(&kept, request.to_string()).unwrap();
    let refused = without_engine(&world, &["jobs", "resume", "--yes"]);
    assert_eq!((refused.code, refused.error()), (2, "SANDBOX_UNAVAILABLE"), "{}", refused.err);
}

#[test]
fn every_level_is_shown_with_its_reason() {
    let world = project();
    let report = without_engine(&world, &["doctor", "--json"]).json();
    let levels: Vec<_> = report["levels"].as_array().unwrap().iter().map(|row| row["level"].clone()).collect();
    assert_eq!(levels, ["docker", "bubblewrap", "landlock-seccomp", "limits-only"]);
    let docker = &report["levels"][0];
    assert_eq!(docker["works"], false);
    assert_eq!(docker["reason"], "no engine has a socket at /nowhere/docker.sock");
    let text = without_engine(&world, &["doctor"]).out;
    for name in ["docker ", "bubblewrap+seccomp ", "landlock+seccomp ", "limits-only "] {
        assert!(text.contains(name), "{text}");
    }
}

/// Runs at a terminal where no engine is and where nothing has been agreed to but what `state` remembers.
#[cfg(target_os = "linux")]
fn at_terminal(world: &World, state: &Path, arguments: &str, answers: &[(&str, &str)]) -> Option<Shown> {
    let variables = [(NOWHERE.0, Path::new(NOWHERE.1)), ("XDG_STATE_HOME", state), ("NO_COLOR", Path::new("1"))];
    world.iama_at_terminal(&variables, arguments, answers)
}

#[cfg(target_os = "linux")]
const SPEC: (&str, &str) = ("Is this what shall be done?", "yes\n");

#[cfg(target_os = "linux")]
#[test]
fn without_a_commit_a_native_run_stops_and_yes_takes_a_snapshot_instead() {
    let (world, state) = (project(), tempfile::tempdir().unwrap());
    let Some(shown) = at_terminal(&world, state.path(), "refactor . --strategy standard", &[SPEC]) else {
        eprintln!("not run: there is no `script` to make a terminal");
        return;
    };
    assert_eq!((shown.code, shown.error()), (3, "LOCAL_NATIVE_NO_VCS_CHECKPOINT"), "{}", shown.err);
    assert!(shown.err.contains("hint: commit the project"), "{}", shown.err);
    assert!(!world.job().join("legacy.suite.json").exists());
    let resumed = without_engine(&world, &["jobs", "resume", "--yes", "--json"]);
    if resumed.error() == "ISOLATION_MISSING" {
        eprintln!("not run: nothing closes runs off here");
        return;
    }
    assert_eq!((resumed.code, &resumed.json()["state"]), (0, &Value::from("DELIVERED")), "{}", resumed.err);
    assert_eq!(resumed.err.matches("no commit or stash to go back to: keeping a snapshot").count(), 1);
    assert_eq!(fs::read_to_string(world.job().join("snapshot/lib.py")).unwrap(), SOURCE);
    let decisions = fs::read_to_string(world.job().join("decisions.jsonl")).unwrap();
    assert!(decisions.contains("LOCAL_NATIVE_NO_VCS_CHECKPOINT"), "{decisions}");
    assert!(!state.path().join("iama").exists(), "--yes speaks for one job");
}

#[cfg(target_os = "linux")]
#[test]
fn a_person_is_asked_once_about_native_runs_and_every_job_says_so() {
    let (world, state) = (project(), tempfile::tempdir().unwrap());
    world.git(&["init", "-q"]);
    world.git(&["add", "."]);
    world.git(&["commit", "-qm", "first"]);
    let refactor = "refactor . --strategy standard";
    let interrupt = ("preparing an isolated environment", "\x03");
    let Some(first) = at_terminal(&world, state.path(), refactor, &[SPEC, interrupt]) else {
        eprintln!("not run: there is no `script` to make a terminal");
        return;
    };
    assert_eq!(first.err.matches("Allow it?").count(), 1, "{}", first.err);
    assert!(first.err.contains("They write to a copy of the project") || first.err.contains("limits-only"));
    if first.err.contains("limits-only") {
        eprintln!("not run: nothing closes runs off here, and that is asked about each time");
        return;
    }
    assert!(state.path().join("iama/native-runs.json").exists());
    let second = at_terminal(&world, state.path(), refactor, &[SPEC, interrupt]).unwrap();
    assert!(!second.err.contains("Allow it?"), "{}", second.err);
    let mut jobs: Vec<_> = fs::read_dir(world.root().join(".iama/jobs")).unwrap().flatten().collect();
    jobs.sort_by_key(fs::DirEntry::file_name);
    let decided = |job: &fs::DirEntry| fs::read_to_string(job.path().join("decisions.jsonl")).unwrap();
    let by: Vec<_> = jobs
        .iter()
        .filter_map(|job| {
            let rows = decided(job);
            let row = rows.lines().find(|row| row.contains("NATIVE_RUN"))?.to_owned();
            Some(serde_json::from_str::<Value>(&row).unwrap()["by"].clone())
        })
        .collect();
    assert_eq!(by, ["person", "remembered"]);
}
