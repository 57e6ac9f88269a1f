//! A real PgBouncer in transaction mode before a test's database.

use std::fs::{self, Permissions};
use std::io;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;

use super::{TestDatabase, surroundings};
use crate::{Database, Error, PoolSize, Settings};

/// Looks at a PgBouncer that starts: ten seconds.
const LOOKS: usize = 500;
const BETWEEN: Duration = Duration::from_millis(20);
/// Connections that PgBouncer has to the server, however many come to it.
pub const SERVER_CONNECTIONS: u32 = 5;
/// Ends it with this process, however this process ends: the pipe to the shell is closed then. Killed, since it would wait for its
/// clients otherwise.
const GUARDED: &str = r#""$@" & read -r _; kill -KILL "$!"; wait"#;

/// The test's database through PgBouncer: its pool goes through it, direct connections do not.
pub struct Pooled {
    /// The way through it.
    pub url: String,
    database: Database,
    shell: Child,
    _folder: TempDir,
}

impl Deref for Pooled {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

impl TestDatabase {
    /// The same database with a PgBouncer of its own between, for `clients` connections; `None` where there is no PgBouncer of
    /// 1.21 or newer (`IAMA_TEST_PGBOUNCER`, or the one that `cargo xtask setup` builds).
    pub async fn through_pgbouncer(&self, clients: u32) -> Result<Option<Pooled>, Error> {
        let Some(program) = program() else { return Ok(None) };
        let folder = configuration(&self.server, &self.name).map_err(failed)?;
        let shell = start(&program, &folder.path().join("pgbouncer.ini")).map_err(failed)?;
        let url = format!("postgres://iama@localhost:6432/{}?host={}", self.name, folder.path().display());
        let pool = PoolSize { max_connections: clients, acquire: Duration::from_mins(1), ..PoolSize::default() };
        let settings = Settings { direct_url: Some(self.url()), pool, ..Settings::new(url.clone(), "iama-test") };
        let mut answer = Database::connect(&settings).await;
        for _ in 0..LOOKS {
            if !matches!(answer, Err(Error::Unreachable { .. })) {
                break;
            }
            tokio::time::sleep(BETWEEN).await;
            answer = Database::connect(&settings).await;
        }
        Ok(Some(Pooled { url, database: answer?, shell, _folder: folder }))
    }
}

fn program() -> Option<PathBuf> {
    if let Some(named) = super::variable("IAMA_TEST_PGBOUNCER") {
        return Some(PathBuf::from(named));
    }
    let (home, _) = surroundings();
    let cache = super::variable("XDG_CACHE_HOME").map_or_else(|| Path::new(&home).join(".cache"), PathBuf::from);
    Some(cache.join("iama/pgbouncer/pgbouncer")).filter(|built| built.exists())
}

/// As it should be in production, but for the socket and for whom it lets in. Like PostgreSQL it refuses to run as root.
fn configuration(server: &PgConnectOptions, database: &str) -> io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("iama-pgbouncer-").tempdir_in("/tmp")?;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777))?;
    let host = server.get_socket().map_or_else(|| server.get_host().to_owned(), |path| path.display().to_string());
    let (port, role, place) = (server.get_port(), server.get_username(), folder.path().display());
    let root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let user = if root { "user = nobody\n" } else { "" };
    let text = format!(
        "[databases]\n{database} = host={host} port={port} dbname={database} user={role}\n\
         [pgbouncer]\nunix_socket_dir = {place}\nlisten_port = 6432\nauth_type = any\n{user}\
         logfile = {place}/pgbouncer.log\npool_mode = transaction\nmax_client_conn = 2000\n\
         default_pool_size = {SERVER_CONNECTIONS}\nmax_prepared_statements = 200\n"
    );
    fs::write(folder.path().join("pgbouncer.ini"), text)?;
    Ok(folder)
}

#[expect(clippy::disallowed_methods, reason = "a test's peer is kept as long as the test, and ended with it")]
fn start(program: &Path, configuration: &Path) -> io::Result<Child> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", GUARDED, "guard"]).arg(program).arg("-q").arg(configuration);
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

fn failed(source: io::Error) -> Error {
    Error::Unreachable { name: "IAMA_TEST_PGBOUNCER", source: sqlx::Error::Io(source) }
}
