//! Runs for real, on every level that this machine has.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use iama_sandbox::{Ended, Launch, Level, Limits, Outcome, Probe, Sandbox, probe};

const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

fn levels() -> Vec<Probe> {
    let best = probe(PATH);
    let without = probe("/nowhere");
    let limits = Probe::of(Level::LimitsOnly);
    let mut all = vec![best, without, limits];
    all.dedup_by_key(|probe| probe.level);
    all
}

fn launch(folder: &Path, script: &str) -> Launch {
    Launch {
        command: ["bash", "-c", script].map(str::to_owned).into(),
        folder: folder.to_owned(),
        environment: BTreeMap::from([("PATH".to_owned(), PATH.to_owned())]),
        writable: vec![folder.to_owned()],
        readable: Vec::new(),
        hidden: Vec::new(),
        output: folder.join("output"),
        limit: Duration::from_secs(20),
    }
}

fn run(probe: &Probe, launch: &Launch) -> Outcome {
    let supervisor = vec![PathBuf::from(env!("CARGO_BIN_EXE_iama-supervise"))];
    Sandbox { probe: probe.clone(), supervisor, stop: None, limits: Limits::default() }
        .run(launch, || ControlFlow::Continue(()))
        .unwrap()
}

#[test]
fn exit_codes_and_output_come_through() {
    for probe in levels() {
        let folder = tempfile::tempdir().unwrap();
        let outcome = run(&probe, &launch(folder.path(), "echo out; echo err >&2; exit 7"));
        assert_eq!((outcome.ended, outcome.output.as_str()), (Ended::Exited(7), "out\nerr\n"), "{:?}", probe.level);
    }
}

#[test]
fn a_daemon_that_the_command_leaves_behind_is_killed() {
    for probe in levels() {
        let folder = tempfile::tempdir().unwrap();
        let script = "(setsid sh -c 'while :; do date +%N > beat; sleep 0.02; done' &) ; sleep 0.3; ls beat";
        let outcome = run(&probe, &launch(folder.path(), script));
        assert_eq!(outcome.ended, Ended::Exited(0), "{}", outcome.output);
        let beat = fs::read(folder.path().join("beat")).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(fs::read(folder.path().join("beat")).unwrap(), beat, "{:?}: the daemon still beats", probe.level);
    }
}

#[test]
fn a_run_that_takes_too_long_is_ended_with_its_children() {
    for probe in levels() {
        let folder = tempfile::tempdir().unwrap();
        let mut order = launch(folder.path(), "trap '' TERM; while :; do date +%N > beat; sleep 0.02; done");
        order.limit = Duration::from_millis(400);
        assert_eq!(run(&probe, &order).ended, Ended::TimedOut);
        let beat = fs::read(folder.path().join("beat")).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(fs::read(folder.path().join("beat")).unwrap(), beat, "{:?}", probe.level);
    }
}

#[test]
fn the_watcher_stops_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let supervisor = vec![PathBuf::from(env!("CARGO_BIN_EXE_iama-supervise"))];
    let sandbox = Sandbox { probe: probe(PATH), supervisor, stop: None, limits: Limits::default() };
    let outcome = sandbox.run(&launch(folder.path(), "sleep 15"), || ControlFlow::Break(())).unwrap();
    assert_eq!(outcome.ended, Ended::Stopped);
    assert!(outcome.took < Duration::from_secs(10));
}

#[test]
fn the_network_and_foreign_files_are_out_of_reach_where_the_level_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for probe in levels() {
        let (folder, foreign) = (tempfile::tempdir().unwrap(), tempfile::tempdir_in("/var/lib").unwrap());
        let target = foreign.path().join("file");
        let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port} && echo reached; echo x > {} ; true", target.display());
        let outcome = run(&probe, &launch(folder.path(), &script));
        let closed = probe.level.closes_network();
        assert_eq!(outcome.output.contains("reached"), !closed, "{:?}: {}", probe.level, outcome.output);
        assert_eq!(target.exists(), !closed, "{:?}", probe.level);
    }
}

#[test]
fn a_command_that_does_not_exist_is_told_from_one_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let mut order = launch(folder.path(), "");
    order.command = vec!["no-such-program".into()];
    let outcome = run(&Probe::of(Level::LimitsOnly), &order);
    assert_eq!(outcome.ended, Ended::Exited(126));
    assert!(outcome.output.contains("no-such-program cannot be run"), "{}", outcome.output);
}
