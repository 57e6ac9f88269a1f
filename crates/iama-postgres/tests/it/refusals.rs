use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use iama_postgres::{Durability, Error, Folders, Programs, Server};

use crate::tool::{cache, command, folder, programs};

fn code(refused: Result<Server, Error>) -> &'static str {
    match refused {
        Ok(_) => panic!("it started"),
        Err(error) => {
            assert!(!error.hint().is_empty());
            error.code()
        }
    }
}

#[test]
fn root_that_cannot_become_anybody_else_is_refused() {
    let folder = folder();
    let data = folder.path().join("data");
    // In a namespace of users in which there is only root.
    let mut alone = command("unshare");
    alone.args(["--user", "--map-root-user", env!("CARGO_BIN_EXE_iama-postgres")]).arg(&data).arg(cache());
    if !command("unshare").args(["--user", "--map-root-user", "true"]).status().is_ok_and(|status| status.success()) {
        eprintln!("not run: no namespace of users can be made here");
        return;
    }
    let output = alone.output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("error[POSTGRES_NOT_AS_ROOT]"), "{words}");
    assert!(!data.join("cluster").exists());
}

#[test]
fn a_folder_that_the_servers_user_cannot_enter_is_refused_by_name() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("not run: only root starts the server as somebody else");
        return;
    }
    let folder = folder();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    let refused = Server::start(programs(), &folder.path().join("data"), Durability::None);
    assert!(matches!(&refused, Err(Error::Closed { folder: closed, .. }) if closed == folder.path()));
    assert_eq!(code(refused), "POSTGRES_FOLDER_CLOSED");
}

#[test]
fn data_of_another_version_is_refused_and_left_as_it_is() {
    let folder = folder();
    let cluster = folder.path().join("data/cluster");
    fs::create_dir_all(&cluster).unwrap();
    fs::write(cluster.join("PG_VERSION"), "9\n").unwrap();
    let refused = Server::start(programs(), &folder.path().join("data"), Durability::None);
    assert_eq!(code(refused), "POSTGRES_OTHER_VERSION");
    assert_eq!(fs::read_to_string(cluster.join("PG_VERSION")).unwrap(), "9\n");
}

#[test]
fn a_server_that_ends_at_once_is_refused_with_its_last_words() {
    let folder = folder();
    let data = folder.path().join("data");
    Server::start(programs(), &data, Durability::None).unwrap().stop().unwrap();
    fs::remove_file(data.join("cluster/global/pg_control")).unwrap();
    let Err(refused) = Server::start(programs(), &data, Durability::None) else { panic!("it started") };
    assert_eq!(refused.code(), "POSTGRES_NOT_STARTED");
    assert!(refused.to_string().contains("pg_control"), "{refused}");
}

#[test]
fn without_any_postgres_it_says_what_to_do() {
    if fs::exists("/usr/lib/postgresql").unwrap() {
        let found = Programs::on_machine("/nowhere".as_ref()).unwrap();
        assert!(found.program("postgres").starts_with("/usr/lib/postgresql"));
        return;
    }
    let Err(missing) = Programs::on_machine("/nowhere".as_ref()) else { panic!("there is none") };
    assert_eq!(missing.code(), "POSTGRES_NOT_FOUND");
    assert!(missing.hint().contains("DATABASE_URL"));
}

#[test]
fn a_cache_that_others_may_write_is_refused() {
    let Some(bundle) = iama_postgres::Bundle::included() else {
        eprintln!("not run: this build carries no PostgreSQL (cargo xtask setup makes the bundle)");
        return;
    };
    let folder = folder();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let Err(refused) = bundle.programs(folder.path()) else { panic!("it was unpacked") };
    assert_eq!(refused.code(), "POSTGRES_FOLDER_EXPOSED");
}

#[test]
fn the_usual_folders_of_root_are_where_others_may_enter() {
    let folders = Folders::usual("/somebody".as_ref());
    let home = !nix::unistd::geteuid().is_root();
    assert_eq!((folders.data.starts_with("/somebody"), folders.cache.starts_with("/somebody")), (home, home));
}
