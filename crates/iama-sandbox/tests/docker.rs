//! Runs in a Docker engine; `cargo xtask escapes` provides one and names its socket.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]
#![expect(
    clippy::disallowed_methods,
    reason = "the engine is named from outside, and asked past the code that is tested"
)]

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use iama_sandbox::{Choice, Ended, Launch, Level, Limits, Outcome, Probe, Sandbox, Wish, choose, sweep};

/// Some tests count the containers of the engine.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn socket() -> PathBuf {
    PathBuf::from(std::env::var("IAMA_TEST_ENGINE").unwrap())
}

fn wish() -> Wish {
    let scratch = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    Wish { choice: Choice::Docker, sockets: vec![socket()], scratch, ..Wish::default() }
}

fn sandbox() -> Sandbox {
    let supervisor = vec![PathBuf::from(env!("CARGO_BIN_EXE_iama-supervise"))];
    Sandbox { probe: choose(&wish()).unwrap(), supervisor, stop: None, limits: Limits::default() }
}

fn launch(folder: &Path, script: &str) -> Launch {
    Launch {
        command: ["/bin/sh", "-c", script].map(str::to_owned).into(),
        folder: folder.to_owned(),
        environment: BTreeMap::from([("GIVEN".to_owned(), "a value".to_owned())]),
        writable: vec![folder.to_owned()],
        readable: Vec::new(),
        hidden: Vec::new(),
        output: folder.join("output"),
        limit: Duration::from_secs(20),
    }
}

fn run(launch: &Launch) -> Outcome {
    sandbox().run(launch, || ControlFlow::Continue(())).unwrap()
}

fn containers() -> String {
    let host = format!("unix://{}", socket().display());
    let output = Command::new("docker").args(["-H", &host, "ps", "-aq"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "needs an engine"]
fn exit_codes_output_environment_and_files_come_through() {
    let _lock = ONE_AT_A_TIME.lock();
    let folder = tempfile::tempdir().unwrap();
    let outcome = run(&launch(folder.path(), "echo \"$GIVEN\"; echo err >&2; echo x > made; id -u; exit 7"));
    assert_eq!((outcome.ended, outcome.reason), (Ended::Exited(7), None), "{}", outcome.output);
    let lines: Vec<_> = outcome.output.lines().collect();
    assert!(matches!(lines[..], ["a value", "err", user] if user != "0"), "{}", outcome.output);
    assert_eq!(fs::read_to_string(folder.path().join("made")).unwrap(), "x\n");
    fs::write(folder.path().join("made"), "ours again").unwrap();
    assert_eq!(containers(), "");
}

#[test]
#[ignore = "needs an engine"]
fn a_run_that_takes_too_long_is_ended_and_leaves_no_container() {
    let _lock = ONE_AT_A_TIME.lock();
    let folder = tempfile::tempdir().unwrap();
    let mut order = launch(folder.path(), "trap '' TERM; echo begun; while :; do sleep 0.1; done");
    order.limit = Duration::from_secs(2);
    let outcome = run(&order);
    assert_eq!((outcome.ended, outcome.output.as_str()), (Ended::TimedOut, "begun\n"));
    assert_eq!(containers(), "");
}

#[test]
#[ignore = "needs an engine"]
fn the_watcher_stops_a_run() {
    let _lock = ONE_AT_A_TIME.lock();
    let folder = tempfile::tempdir().unwrap();
    let begun = folder.path().join("begun");
    let watch = || if begun.exists() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let outcome = sandbox().run(&launch(folder.path(), "touch begun; sleep 15"), watch).unwrap();
    assert_eq!(outcome.ended, Ended::Stopped);
    assert_eq!(containers(), "");
}

#[test]
#[ignore = "needs an engine"]
fn a_command_that_does_not_exist_is_told_from_one_that_fails() {
    let _lock = ONE_AT_A_TIME.lock();
    let folder = tempfile::tempdir().unwrap();
    let mut order = launch(folder.path(), "");
    order.command = vec!["no-such-program".into()];
    let outcome = run(&order);
    assert!(matches!(outcome.ended, Ended::Exited(126 | 127)), "{outcome:?}");
    assert!(outcome.output.contains("no-such-program"), "{}", outcome.output);
}

#[test]
#[ignore = "needs an engine"]
fn what_a_killed_supervisor_leaves_is_swept_up() {
    let _lock = ONE_AT_A_TIME.lock();
    let folder = tempfile::tempdir().unwrap();
    let begun = folder.path().join("begun");
    let sandbox = sandbox();
    let watch = || {
        if begun.exists() {
            let own = std::process::id().to_string();
            let pattern = ["-KILL", "-P", &own, "-f", "iama-supervise"];
            assert!(Command::new("pkill").args(pattern).status().unwrap().success());
            fs::remove_file(&begun).unwrap();
        }
        ControlFlow::Continue(())
    };
    let outcome = sandbox.run(&launch(folder.path(), "touch begun; sleep 15"), watch).unwrap();
    assert_eq!((outcome.ended, containers().as_str()), (Ended::Killed, ""));
    sweep(&sandbox.probe);
}

#[test]
#[ignore = "needs an engine"]
fn docker_that_cannot_be_had_is_said_with_the_reason_and_auto_takes_the_next_level() {
    let _lock = ONE_AT_A_TIME.lock();
    let nowhere = Wish { sockets: vec!["/nowhere/docker.sock".into()], ..wish() };
    let reason = "no engine has a socket at /nowhere/docker.sock";
    assert_eq!(choose(&nowhere).unwrap_err().reason, reason);
    let auto = choose(&Wish { choice: Choice::Auto, ..nowhere }).unwrap();
    assert!(auto.level < Level::Docker && auto.reason.starts_with("not in Docker, since no engine"), "{auto:?}");
    let unknown = choose(&Wish { image: Some("no-such-image:1".into()), ..wish() }).unwrap_err();
    assert!(unknown.reason.contains("none is ever pulled unasked"), "{unknown}");
    let found: Probe = choose(&Wish { choice: Choice::Auto, ..wish() }).unwrap();
    assert_eq!(found.level, Level::Docker, "{}", found.reason);
}
