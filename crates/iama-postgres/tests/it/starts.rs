use std::fs;

use iama_postgres::{Bundle, DATABASE, Durability, Programs, Server};

use crate::tool::{Keeping, command, folder, path, programs, soon, sql};

#[test]
fn what_was_written_is_there_after_a_warm_start() {
    let folder = folder();
    let data = folder.path().join("data");
    let cold = Server::start(programs(), &data, Durability::Full).unwrap();
    sql(cold.socket_folder(), "CREATE TABLE kept AS SELECT 'behaviour' AS what").unwrap();
    cold.stop().unwrap();
    let warm = Server::start(programs(), &data, Durability::Full).unwrap();
    assert_eq!(sql(warm.socket_folder(), "SELECT what FROM kept").unwrap(), "behaviour");
}

#[test]
fn it_listens_on_its_socket_alone_and_nobody_else_may_come_near() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let server = Server::start(programs(), &folder.path().join("data"), Durability::None).unwrap();
    let shown = |name| sql(server.socket_folder(), &format!("SHOW {name}")).unwrap();
    assert_eq!(shown("listen_addresses"), "");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder.path().join("data")), mode(server.socket_folder())), (0o700, 0o700));
    let rules = "SELECT string_agg(type || ' ' || auth_method, ', ') FROM pg_hba_file_rules";
    assert_eq!(sql(server.socket_folder(), rules).unwrap(), "local trust");
}

#[test]
fn it_does_not_run_as_root() {
    use std::os::unix::fs::MetadataExt as _;
    let server = Server::temporary(programs()).unwrap();
    let process = fs::metadata(format!("/proc/{}", server.process().unwrap())).unwrap();
    assert_ne!(process.uid(), 0);
    assert_ne!(process.gid(), 0);
}

#[test]
fn a_second_process_attaches_and_leaves_the_server_alone() {
    let folder = folder();
    let first = Keeping::start(folder.path().join("data").as_path());
    let second = Server::start(programs(), &folder.path().join("data"), Durability::Full).unwrap();
    assert!(first.has_started() && second.is_attached());
    second.stop().unwrap();
    assert_eq!(sql(&first.socket(), "SELECT 1").unwrap(), "1");
    first.stop();
}

#[test]
fn when_the_first_process_has_ended_the_next_one_starts_a_server() {
    let folder = folder();
    let data = folder.path().join("data");
    Keeping::start(&data).stop();
    let next = Server::start(programs(), &data, Durability::Full).unwrap();
    assert!(!next.is_attached());
}

#[test]
fn of_many_that_start_at_once_one_keeps_the_server_and_all_can_use_it() {
    let folder = folder();
    let data = folder.path().join("data");
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let data = data.clone();
            std::thread::spawn(move || Server::start(programs(), &data, Durability::None).unwrap())
        })
        .collect();
    let servers: Vec<Server> = starts.into_iter().map(|start| start.join().unwrap()).collect();
    assert_eq!(servers.iter().filter(|server| !server.is_attached()).count(), 1);
    for server in &servers {
        assert_eq!(sql(server.socket_folder(), "SELECT 1").unwrap(), "1");
    }
}

#[test]
fn a_path_that_is_too_long_for_a_socket_gets_one_elsewhere() {
    let folder = folder();
    let data = folder.path().join("a".repeat(120));
    let server = Server::start(programs(), &data, Durability::None).unwrap();
    let socket = server.socket_folder().to_owned();
    assert!(socket.starts_with("/tmp/"));
    assert_eq!(sql(&socket, "SELECT 1").unwrap(), "1");
    server.stop().unwrap();
    fs::remove_dir_all(socket).unwrap();
}

#[test]
fn a_temporary_server_takes_its_data_with_it() {
    let server = Server::temporary(programs()).unwrap();
    let data = server.socket_folder().parent().unwrap().to_owned();
    assert!(data.join("cluster/PG_VERSION").exists());
    server.stop().unwrap();
    assert!(!data.exists());
}

#[test]
fn many_processes_that_unpack_the_bundle_at_once_get_one_whole_copy() {
    if Bundle::included().is_none() {
        eprintln!("not run: this build carries no PostgreSQL (cargo xtask setup makes the bundle)");
        return;
    }
    let folder = folder();
    let cache = folder.path().join("cache");
    let starts: Vec<_> = (0..5)
        .map(|number| {
            let (data, cache) = (folder.path().join(number.to_string()), cache.clone());
            std::thread::spawn(move || Keeping::start_with(&data, &cache))
        })
        .collect();
    for start in starts {
        let started = start.join().unwrap();
        assert!(started.has_started());
        started.stop();
    }
    let mut left: Vec<_> = fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    let [programs, lock] = left.as_slice() else { panic!("more than one copy, or half of one: {left:?}") };
    assert!(programs.to_str().unwrap().starts_with("postgres-"));
    assert_eq!(lock, "postgres.lock");
}

#[test]
fn a_postgres_of_the_machine_does_as_well() {
    let Ok(found) = Programs::on_machine(path().as_ref()) else {
        eprintln!("not run: no PostgreSQL is installed");
        return;
    };
    let server = Server::temporary(&found).unwrap();
    let dump =
        command(found.program("pg_dump")).args(["-U", "iama", "-h"]).arg(server.socket_folder()).arg(DATABASE).output();
    assert!(String::from_utf8(dump.unwrap().stdout).unwrap().contains("PostgreSQL database dump complete"));
    soon("it answers", || sql(server.socket_folder(), "SELECT 1").is_ok());
}
