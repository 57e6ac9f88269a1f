//! Every check and test, in the order in which they fail fastest.

use std::time::Instant;

use anyhow::Result;

use crate::tools::{command, run as start, works};
use crate::{
    api_check, client, docker_job, escapes, fault_matrix, injections, kill, material, model_jobs, node, oauth,
    pgbouncer, platforms, postgres, queries, recipes, s3, sarif_check, secrets, setup, story, tidy,
};

/// Runs everything; stops at the first failure.
pub(crate) fn run() -> Result<()> {
    step("set up", setup::run)?;
    step("format", || cargo(&["fmt", "--all", "--check"]))?;
    step("tidy", tidy::run)?;
    step("unused dependencies", || cargo(&["machete", "--skip-target-dir"]))?;
    step("vulnerable dependencies", vulnerable)?;
    step("clippy", || {
        cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"])
    })?;
    step("checked queries", || queries::run(&queries::Options { check: true }))?;
    step("client in TypeScript", || client::run(&client::Options::default()))?;
    step("tests", tests)?;
    step("the API and its document", || api_check::run(&api_check::Options::default()))?;
    step("sign-ins by other providers", oauth::run)?;
    step("other systems", platforms::run)?;
    step("sarif", || sarif_check::run(&sarif_check::Options::default()))?;
    step("secrets in the repository", secrets::own)?;
    step("ways out of the sandbox", escapes::run)?;
    step("a job in containers", || docker_job::run(&docker_job::Options::default()))?;
    step("test harness on every interpreter found", || {
        start(&mut command("python3", &["crates/iama-baseline/harness/test_harness.py"]))
    })?;
    step("recorder of calls", || {
        start(&mut command("python3", &["crates/iama-baseline/recorder/test_values.py"]))?;
        start(&mut command("python3", &["crates/iama-baseline/recorder/test_recorder.py"]))?;
        start(&mut command("python3", &["crates/iama-baseline/recorder/test_rules.py"]))?;
        start(&mut command("python3", &["crates/iama-baseline/recorder/test_grow.py"]))?;
        start(&mut command("python3", &["crates/iama-baseline/recorder/test_brought.py"]))?;
        start(&mut command("python3", &["crates/iama-baseline/recorder/test_programs.py"]))
    })?;
    step("runner of planted faults", || {
        start(&mut command("python3", &["crates/iama-baseline/mutation/test_mutation.py"]))
    })?;
    step("code for both languages", recipes::check_dual)?;
    step("a job of a server", || story::run(&story::Options::for_ci()))?;
    step("published packages", || material::run(&material::Options::for_ci()))?;
    step("a provider that breaks", fault_matrix::run)?;
    step("jobs with a scripted model", || model_jobs::run(&model_jobs::Options::for_ci()))?;
    step("poisoned projects", || injections::run(&injections::Options::for_ci()))?;
    step("kill and resume with model calls", || model_jobs::kill::run(&model_jobs::kill::Options::for_ci()))?;
    step("kill and resume", || kill::run(&kill::Options::for_ci()))
}

/// All tests, with one database server among them.
fn tests() -> Result<()> {
    let server = postgres::server()?;
    let mut nextest = command("cargo", &["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]);
    nextest.env("IAMA_TEST_DATABASE_URL", server.url(iama_postgres::DATABASE));
    nextest.env("IAMA_TEST_NODE", node::node()?);
    if let Some(program) = pgbouncer::program() {
        nextest.env("IAMA_TEST_PGBOUNCER", program);
    }
    if let Some(program) = s3::program() {
        nextest.env("IAMA_TEST_S3", program);
    }
    start(&mut nextest)?;
    Ok(server.stop()?)
}

/// Asks the advisory database, which lies outside the package registries and cannot be reached from everywhere.
fn vulnerable() -> Result<()> {
    let advisories = "https://github.com/rustsec/advisory-db";
    if !works(
        "git",
        &["-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=20", "ls-remote", "--quiet", advisories, "HEAD"],
    ) {
        println!("not run: {advisories} cannot be reached from here");
        return Ok(());
    }
    setup::cargo_tool("audit", "0.22.2")?;
    cargo(&["audit", "--deny", "warnings"])
}

fn cargo(arguments: &[&str]) -> Result<()> {
    start(&mut command("cargo", arguments))
}

#[expect(clippy::disallowed_methods, reason = "a step is measured by the real clock")]
fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n== {name}");
    let started = Instant::now();
    work()?;
    println!("== {name}: {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}
