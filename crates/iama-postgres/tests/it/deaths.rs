use std::fs;

use iama_postgres::{Durability, Server};
use nix::unistd::Pid;

use crate::tool::{Keeping, folder, kill_now, programs, soon, sql, write_until_death, written};

/// Rows that are acknowledged before anything is killed.
const ENOUGH: usize = 300;

#[test]
fn when_its_keeper_is_killed_the_server_ends_and_nothing_acknowledged_is_lost() {
    let folder = folder();
    let data = folder.path().join("data");
    let keeping = Keeping::start(&data);
    let socket = keeping.socket();
    let acknowledged = write_until_death(&socket, ENOUGH, || keeping.kill());
    soon("the guard has stopped the server", || !data.join("cluster/postmaster.pid").exists());
    let next = Server::start(programs(), &data, Durability::Full).unwrap();
    assert!(!next.is_attached());
    assert!(written(&socket) >= acknowledged, "{acknowledged} were acknowledged");
}

#[test]
fn a_server_that_lost_keeper_and_guard_is_stopped_by_the_next_start() {
    let folder = folder();
    let data = folder.path().join("data");
    let keeping = Keeping::start(&data);
    let socket = keeping.socket();
    let orphan = sql(&socket, "SELECT pg_postmaster_start_time()").unwrap();
    let guards: Vec<Pid> = [keeping.children("sh"), keeping.children("dash")].concat();
    assert_eq!(guards.len(), 1);
    let acknowledged = write_until_death(&socket, ENOUGH, || {
        kill_now(guards[0]);
        keeping.kill();
        let next = Server::start(programs(), &data, Durability::Full).unwrap();
        assert!(!next.is_attached());
        assert_ne!(sql(&socket, "SELECT pg_postmaster_start_time()").unwrap(), orphan);
        next.stop().unwrap();
    });
    let _last = Server::start(programs(), &data, Durability::Full).unwrap();
    assert!(written(&socket) >= acknowledged, "{acknowledged} were acknowledged");
}

#[test]
fn a_server_that_is_killed_is_started_again_and_nothing_acknowledged_is_lost() {
    let folder = folder();
    let server = Server::start(programs(), &folder.path().join("data"), Durability::Full).unwrap();
    let socket = server.socket_folder().to_owned();
    for _ in 0..3 {
        let before = server.process().unwrap();
        let present = sql(&socket, "SELECT coalesce(max(id), 0) FROM kept").map_or(0, |rows| rows.parse().unwrap_or(0));
        let acknowledged = write_until_death(&socket, ENOUGH, || kill_now(Pid::from_raw(before)));
        soon("another server runs", || server.process().is_some_and(|process| process != before));
        soon("it answers", || sql(&socket, "SELECT 1").is_ok());
        assert!(acknowledged >= ENOUGH && present < i64::MAX);
        assert!(written(&socket) >= acknowledged, "{acknowledged} were acknowledged");
    }
    server.stop().unwrap();
    assert!(!folder.path().join("data/cluster/postmaster.pid").exists());
}

#[test]
fn a_server_that_is_killed_with_its_keeper_starts_again() {
    let folder = folder();
    let data = folder.path().join("data");
    let keeping = Keeping::start(&data);
    let socket = keeping.socket();
    let servers = keeping.children("postgres");
    assert_eq!(servers.len(), 1);
    let acknowledged = write_until_death(&socket, ENOUGH, || {
        kill_now(servers[0]);
        keeping.kill();
    });
    let next = Server::start(programs(), &data, Durability::Full).unwrap();
    assert!(!next.is_attached());
    assert!(written(&socket) >= acknowledged, "{acknowledged} were acknowledged");
}

#[test]
fn a_temporary_server_leaves_nothing_behind_when_its_keeper_is_killed() {
    let keeping = Keeping::start("-".as_ref());
    let data = keeping.socket().parent().unwrap().to_owned();
    assert!(fs::metadata(&data).is_ok());
    keeping.kill();
    soon("the guard has removed the folder", || !data.exists());
}
