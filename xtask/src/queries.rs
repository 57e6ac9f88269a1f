//! The cache of checked queries: what PostgreSQL says about each statement of the store, kept in the repository so that a build
//! needs no database.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use iama_postgres::{DATABASE, ROLE, Server};

use crate::postgres;
use crate::tools::{command, run as start, workspace};

/// Where the store's macros look.
const CACHE: &str = "crates/iama-store/.sqlx";

/// How the cache is made.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only compare what is kept with what PostgreSQL says
    #[arg(long)]
    pub(crate) check: bool,
}

/// Asks PostgreSQL about every statement and keeps the answers, or fails when others are kept.
pub(crate) fn run(options: &Options) -> Result<()> {
    let server = postgres::server()?;
    migrate(&server)?;
    let fresh = tempfile::tempdir()?;
    compile(&server, fresh.path())?;
    server.stop()?;
    let (answers, kept) = (read(fresh.path())?, read(&workspace().join(CACHE))?);
    if answers == kept {
        println!("{} statements, kept as PostgreSQL answers", kept.len());
        return Ok(());
    }
    if options.check {
        bail!("{CACHE} is not what PostgreSQL answers ({}): run `cargo xtask sqlx`", differences(&answers, &kept));
    }
    let cache = workspace().join(CACHE);
    if cache.exists() {
        fs::remove_dir_all(&cache)?;
    }
    fs::create_dir_all(&cache)?;
    for (name, answer) in &answers {
        fs::write(cache.join(name), answer)?;
    }
    println!("{} statements written to {CACHE}", answers.len());
    Ok(())
}

/// The migrations as they are, since the store that applies them cannot be compiled without this cache.
fn migrate(server: &Server) -> Result<()> {
    let psql = server.programs().program("psql").display().to_string();
    let socket = server.socket_folder().display().to_string();
    let line = ["-qX", "-v", "ON_ERROR_STOP=1", "-1", "-h", &socket, "-U", ROLE, "-d", DATABASE];
    let mut psql = command(&psql, &line);
    let mut migrations: Vec<_> = fs::read_dir(workspace().join("migrations"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|found| found == "sql"))
        .collect();
    migrations.sort();
    for migration in migrations {
        psql.arg("-f").arg(migration);
    }
    start(&mut psql)
}

/// Compiles the store with the macros asking the server; each writes its answer down.
#[expect(clippy::disallowed_methods, reason = "cargo compiles what is newer than what was built from it")]
fn compile(server: &Server, answers: &Path) -> Result<()> {
    for root in ["src/lib.rs", "tests/it/main.rs"] {
        let root = workspace().join("crates/iama-store").join(root);
        let file = File::options().append(true).open(&root).with_context(|| root.display().to_string())?;
        file.set_modified(std::time::SystemTime::now())?;
    }
    let mut check = command("cargo", &["check", "--quiet", "--locked", "--package", "iama-store", "--all-targets"]);
    check.env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", answers).env("DATABASE_URL", server.url(DATABASE));
    start(&mut check)
}

/// The files of a cache by their names; none where there is none.
fn read(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    if folder.exists() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            files.insert(entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path())?);
        }
    }
    Ok(files)
}

fn differences(answers: &BTreeMap<String, String>, kept: &BTreeMap<String, String>) -> String {
    let missing = answers.keys().filter(|name| !kept.contains_key(*name)).count();
    let left = kept.keys().filter(|name| !answers.contains_key(*name)).count();
    let other = answers.iter().filter(|(name, answer)| kept.get(*name).is_some_and(|kept| kept != *answer)).count();
    format!("{missing} missing, {left} left over, {other} answered otherwise")
}
