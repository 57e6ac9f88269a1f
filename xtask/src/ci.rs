//! Every check and test, in the order in which they fail fastest.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::tools::{command, run as start, works};
use crate::{
    api_check, client, docker_job, escapes, fault_matrix, injections, kill, material, model_jobs, node, oauth,
    pgbouncer, platforms, postgres, queries, recipes, s3, sarif_check, secrets, setup, story, tidy,
};

/// What is run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Begin with this step, as after a failure that was mended
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
}

/// Runs everything; stops at the first failure.
pub(crate) fn run(options: Options) -> Result<()> {
    let mut steps = Steps { awaited: options.from };
    steps.run("set up", setup::run)?;
    steps.run("format", || cargo(&["fmt", "--all", "--check"]))?;
    steps.run("tidy", tidy::run)?;
    steps.run("unused dependencies", || cargo(&["machete", "--skip-target-dir"]))?;
    steps.run("vulnerable dependencies", vulnerable)?;
    steps.run("clippy", || {
        cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"])
    })?;
    steps.run("checked queries", || queries::run(&queries::Options { check: true }))?;
    steps.run("client in TypeScript", || client::run(&client::Options::default()))?;
    steps.run("tests", tests)?;
    steps.run("the API and its document", || api_check::run(&api_check::Options::default()))?;
    steps.run("sign-ins by other providers", oauth::run)?;
    steps.run("other systems", platforms::run)?;
    steps.run("sarif", || sarif_check::run(&sarif_check::Options::default()))?;
    steps.run("secrets in the repository", secrets::own)?;
    steps.run("ways out of the sandbox", escapes::run)?;
    steps.run("a job in containers", || docker_job::run(&docker_job::Options::default()))?;
    steps.run("test harness on every interpreter found", || {
        start(&mut command("python3", &["crates/iama-baseline/harness/test_harness.py"]))
    })?;
    steps.run("recorder of calls", || {
        start(&mut command("python3", &["crates/iama-baseline/recorder/test_values.py"]))?;
        start(&mut command("python3", &["crates/iama-baseline/recorder/test_recorder.py"]))?;
        start(&mut command("python3", &["crates/iama-baseline/recorder/test_rules.py"]))?;
        start(&mut command("python3", &["crates/iama-baseline/recorder/test_grow.py"]))?;
        start(&mut command("python3", &["crates/iama-baseline/recorder/test_brought.py"]))?;
        start(&mut command("python3", &["crates/iama-baseline/recorder/test_programs.py"]))
    })?;
    steps.run("runner of planted faults", || {
        start(&mut command("python3", &["crates/iama-baseline/mutation/test_mutation.py"]))
    })?;
    steps.run("code for both languages", recipes::check_dual)?;
    steps.run("a job of a server", || story::run(&story::Options::for_ci()))?;
    steps.run("published packages", || material::run(&material::Options::for_ci()))?;
    steps.run("a provider that breaks", fault_matrix::run)?;
    steps.run("jobs with a scripted model", || model_jobs::run(&model_jobs::Options::for_ci()))?;
    steps.run("poisoned projects", || injections::run(&injections::Options::for_ci()))?;
    steps.run("kill and resume with model calls", || model_jobs::kill::run(&model_jobs::kill::Options::for_ci()))?;
    steps.run("kill and resume", || kill::run(&kill::Options::for_ci()))?;
    steps.end()
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

/// Steps one after the other.
struct Steps {
    /// The step to begin with, until it has come.
    awaited: Option<String>,
}

impl Steps {
    #[expect(clippy::disallowed_methods, reason = "a step is measured by the real clock")]
    fn run(&mut self, name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        if self.awaited.as_ref().is_some_and(|awaited| awaited != name) {
            return Ok(());
        }
        self.awaited = None;
        println!("\n== {name}");
        let started = Instant::now();
        work()?;
        println!("== {name}: {:.0} s", started.elapsed().as_secs_f64());
        Ok(())
    }

    fn end(self) -> Result<()> {
        self.awaited.map_or(Ok(()), |awaited| bail!("there is no step {awaited:?}"))
    }
}
