//! The binary that keeps a server, as a process that can be killed, and `psql`.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;

use iama_postgres::{DATABASE, Folders, Programs, ROLE};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// The usual programs, unpacked once for all tests of this machine.
pub(crate) fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| Programs::find(&cache(), path().as_ref()).unwrap())
}

pub(crate) fn cache() -> PathBuf {
    Folders::usual(variable("HOME").as_ref()).cache
}

pub(crate) fn path() -> String {
    variable("PATH")
}

#[expect(clippy::disallowed_methods, reason = "tests have no other configuration than their environment")]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "tests start programs")]
pub(crate) fn command(program: impl AsRef<Path>) -> Command {
    Command::new(program.as_ref())
}

/// A folder that every user may enter.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    folder
}

/// A process that keeps a server.
pub(crate) struct Keeping {
    child: Child,
    /// What it said: `started URL` or `attached URL`.
    pub(crate) said: String,
}

impl Keeping {
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &cache())
    }

    pub(crate) fn start_with(data: &Path, cache: &Path) -> Self {
        let mut command = command(env!("CARGO_BIN_EXE_iama-postgres"));
        command.arg(data).arg(cache).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        Self { child, said }
    }

    pub(crate) fn has_started(&self) -> bool {
        self.said.starts_with("started ")
    }

    /// The folder of its socket.
    pub(crate) fn socket(&self) -> PathBuf {
        PathBuf::from(self.said.trim().split_once("?host=").unwrap().1)
    }

    /// `psql` and the guard are children, too, so the server is told by its name.
    pub(crate) fn children(&self, name: &str) -> Vec<Pid> {
        let parent = self.child.id().to_string();
        let processes =
            fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
        let is_child = |pid: &String| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.contains(&format!("({name})"))
                && stat.rsplit(')').next().unwrap().split_whitespace().nth(1) == Some(&parent)
        };
        processes.filter(is_child).filter_map(|pid| pid.parse().ok().map(Pid::from_raw)).collect()
    }

    /// As if the machine's memory had run out.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn stop(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

pub(crate) fn kill_now(pid: Pid) {
    kill(pid, Signal::SIGKILL).unwrap();
}

/// Waits for something that takes a moment, twenty seconds at most.
pub(crate) fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        sleep(Duration::from_millis(10));
    }
    panic!("not within twenty seconds: {what}");
}

/// What a statement gives.
pub(crate) fn sql(socket: &Path, statement: &str) -> Result<String, String> {
    let output = psql(socket).args(["-c", statement]).output().unwrap();
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned());
    }
    Err(String::from_utf8(output.stderr).unwrap())
}

fn psql(socket: &Path) -> Command {
    let mut psql = command(programs().program("psql"));
    psql.args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-U", ROLE, "-d", DATABASE, "-h"]).arg(socket);
    psql
}

/// Adds rows one by one until the server dies. After `enough` rows that were acknowledged, `then` is called. Gives how many
/// were acknowledged in all.
pub(crate) fn write_until_death(socket: &Path, enough: usize, then: impl FnOnce()) -> usize {
    sql(socket, "CREATE TABLE IF NOT EXISTS kept (id bigint GENERATED ALWAYS AS IDENTITY)").unwrap();
    let mut psql = psql(socket);
    let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer =
        std::thread::spawn(
            move || {
                while stdin.write_all(b"INSERT INTO kept DEFAULT VALUES RETURNING id;\n").is_ok() {}
            },
        );
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let acknowledged = lines.by_ref().take(enough).map_while(Result::ok).count();
    assert_eq!(acknowledged, enough);
    then();
    let rest = lines.map_while(Result::ok).count();
    child.wait().unwrap();
    writer.join().unwrap();
    acknowledged + rest
}

/// How many rows of [`write_until_death`] there are.
pub(crate) fn written(socket: &Path) -> usize {
    sql(socket, "SELECT count(*) FROM kept").unwrap().parse().unwrap()
}
