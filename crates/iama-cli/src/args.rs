//! The arguments of every command.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use iama_engine::request::Effort;
use iama_job::ModelClass;
use iama_model::Cost;
use iama_model::templates::Mode;

mod baseline;
mod context;
mod scan;
mod server;

pub(crate) use baseline::{Baseline, BaselineRecord, BaselineRun, BaselineShow, ScenarioRuns};
pub(crate) use context::Context;
pub(crate) use scan::Scan;
pub(crate) use server::{Login, Logout};

/// Modernises legacy code and shows that it still behaves the same.
#[derive(Debug, Parser)]
#[command(name = "iama", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Migrate a project, test it on both sides and explain what was done
    Refactor(Box<Refactor>),
    /// Sign in at a server, which drives jobs that this machine carries out
    Login(Login),
    /// Forget the sign-in at a server, here and there
    Logout(Logout),
    /// Jobs of a project
    #[command(subcommand)]
    Jobs(Jobs),
    /// Write a delivery, or a part of it, to the project
    Apply(Apply),
    /// Take an applied delivery back; taken back already, put it there again
    Revert(Revert),
    /// Whether an evidence is what it claims to be: hashes, signature, sealed tests; offline
    Verify(Verify),
    /// What was found on this machine, what is missing, how to get it
    Doctor(Doctor),
    /// What a program does, seen from outside: scenarios in a YAML file
    #[command(subcommand)]
    Baseline(Baseline),
    /// Patches in iama.patch/1
    #[command(subcommand)]
    Patch(Patch),
    /// Deterministic rewrites
    #[command(subcommand)]
    Recipes(Recipes),
    /// Look for passwords, keys and tokens; exit 1 when there are any
    Scan(Scan),
    /// What a model would be shown of a project: how far it is understood, what is left out, and the context pack
    Context(Context),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Recipes {
    /// Rewrite files, or show what would be rewritten
    Run(RecipesRun),
    /// List the recipes
    List(RecipesList),
    /// Explain one recipe
    Explain(RecipesExplain),
}

#[expect(clippy::struct_excessive_bools, reason = "three of them are one choice on the command line")]
#[derive(Debug, Args)]
pub(crate) struct RecipesRun {
    /// Files and folders; `-` alone reads one file from standard input and writes it to standard output
    #[arg(default_value = ".", value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Language pair
    #[arg(long, default_value = "python2-3")]
    pub(crate) pair: String,
    /// How much to take on [default: standard]
    #[arg(long)]
    pub(crate) strategy: Option<StrategyName>,
    /// The version that decides what counts as removed
    #[arg(long, default_value = "3.11", value_name = "VERSION")]
    pub(crate) target_version: String,
    /// Write code that runs on Python 2.7 as well
    #[arg(long)]
    pub(crate) dual: bool,
    /// Rules of your own in ast-grep's YAML (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Vec<PathBuf>,
    /// Show a diff (the default)
    #[arg(long, group = "mode")]
    pub(crate) diff: bool,
    /// Write the files
    #[arg(long, group = "mode")]
    pub(crate) write: bool,
    /// Change nothing; exit 1 when something would change
    #[arg(long, group = "mode")]
    pub(crate) check: bool,
    /// Run only this recipe (repeatable)
    #[arg(long, value_name = "ID")]
    pub(crate) select: Vec<String>,
    /// Leave this recipe out (repeatable)
    #[arg(long, value_name = "ID")]
    pub(crate) ignore: Vec<String>,
    /// Leave files out whose path matches (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RecipesList {
    /// Language pair
    #[arg(long, default_value = "python2-3")]
    pub(crate) pair: String,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RecipesExplain {
    /// The recipe
    pub(crate) id: String,
    /// Language pair
    #[arg(long, default_value = "python2-3")]
    pub(crate) pair: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StrategyName {
    Conservative,
    Standard,
    Comprehensive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SandboxName {
    Docker,
    Native,
    Auto,
}

impl From<SandboxName> for iama_sandbox::Choice {
    fn from(name: SandboxName) -> Self {
        match name {
            SandboxName::Docker => Self::Docker,
            SandboxName::Native => Self::Native,
            SandboxName::Auto => Self::Auto,
        }
    }
}

impl From<StrategyName> for iama_recipes::Strategy {
    fn from(name: StrategyName) -> Self {
        match name {
            StrategyName::Conservative => Self::Conservative,
            StrategyName::Standard => Self::Standard,
            StrategyName::Comprehensive => Self::Comprehensive,
        }
    }
}

#[expect(clippy::struct_excessive_bools, reason = "flags of one command line")]
#[derive(Debug, Args)]
pub(crate) struct Refactor {
    /// The project
    pub(crate) path: PathBuf,
    /// The interpreter that the result must run on
    #[arg(long, default_value = "python3.11", value_name = "PYTHON")]
    pub(crate) to: String,
    /// Let this server drive the job and call the models: it gets the context packs that models are shown and the results, and
    /// the project stays here
    #[arg(long, value_name = "URL", conflicts_with_all = ["check_only", "record", "replay", "fast_track"])]
    pub(crate) server: Option<String>,
    /// How much to take on; without it you are asked
    #[arg(long)]
    pub(crate) strategy: Option<StrategyName>,
    /// Write code that runs on Python 2.7 as well
    #[arg(long)]
    pub(crate) dual: bool,
    /// Answer all questions in the safe way: go on with uncommitted changes, take the standard strategy, approve the
    /// spec, acknowledge what no test covers, run the tests closed off
    #[arg(long)]
    pub(crate) yes: bool,
    /// Print one JSON object (iama.result/1) instead
    #[arg(long)]
    pub(crate) json: bool,
    /// Put report, evidence, patch, in-toto statement, Agent Trace, SARIF and `JUnit` into this folder as well
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Sign the statement about the patch with this private Ed25519 key in PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) sign_key: Option<PathBuf>,
    /// For a pipeline: answer like --yes, say what would come of it, leave nothing in the project; exit 0 when all that
    /// passes today would pass, or when nothing is left to migrate
    #[arg(long)]
    pub(crate) check_only: bool,
    /// The Python 2 interpreter, when it is not found by itself
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) legacy_python: Option<PathBuf>,
    /// The Python 3 interpreter, when it is not found by itself
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) python: Option<PathBuf>,
    /// A file of tests, relative to the project; without it they are searched for (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) test: Vec<String>,
    /// A command that tests the project, judged by its exit code, instead of suites that are found; `python` is the
    /// interpreter of each side
    #[arg(long, value_name = "COMMAND", conflicts_with = "test")]
    pub(crate) test_command: Option<String>,
    /// Record calls of public functions while the tests run on the legacy code, write them as tests, and compare what
    /// they do in the old and the new code; takes several times as long as the tests alone
    #[arg(long)]
    pub(crate) characterise: bool,
    /// A command that shows what the old code does: it runs in a copy of the old code, `python` is the old interpreter, and
    /// the calls that it makes are recorded like those of the tests, or instead of them where there are none (repeatable)
    #[arg(long, value_name = "COMMAND")]
    pub(crate) exercise: Vec<String>,
    /// Plant small faults at the places that the migration touches and see how many the tests notice, on both sides: for
    /// so long altogether (`60s`, `5m`), or `full`
    #[arg(long, value_name = "TIME", value_parser = effort)]
    pub(crate) strength: Option<Effort>,
    /// A file of scenarios: run on the old code and on the result, where each has to come out the same; without it
    /// `iama-scenarios.yaml` in the project counts, if it is there
    #[arg(long, value_name = "FILE")]
    pub(crate) scenarios: Option<PathBuf>,
    /// Acknowledge that so many functions lie in files with neither a test nor a scenario; where there are more, you are asked
    #[arg(long, value_name = "N")]
    pub(crate) acknowledge_uncovered: Option<u32>,
    /// Leave a test or scenario out on both sides, for a reason that is kept on record (repeatable)
    #[arg(long, value_name = "TEST=REASON", value_parser = reasoned)]
    pub(crate) quarantine: Vec<(String, String)>,
    /// Put a stand-in that accepts everything in place of a module that cannot be installed, on both sides, for a reason
    /// that is kept on record (repeatable)
    #[arg(long, value_name = "MODULE=REASON", value_parser = reasoned)]
    pub(crate) mock: Vec<(String, String)>,
    /// Seconds that one test may take
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) test_timeout: u64,
    /// Seconds that all tests together may take
    #[arg(long, default_value_t = 900, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub(crate) run_timeout: u64,
    /// Where tests run: in Docker or not at all, natively, or in Docker when an engine answers [default: auto]
    #[arg(long, value_name = "WHERE")]
    pub(crate) sandbox: Option<SandboxName>,
    /// The image that containers start from; it must be here already. Without it one is made from this machine
    #[arg(long, value_name = "IMAGE")]
    pub(crate) docker_image: Option<String>,
    /// Leave files out whose path matches (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// Leave the source to models: recipes carry the tests over and nothing else
    #[arg(long)]
    pub(crate) no_recipes: bool,
    /// Let a model write tests of the legacy code; those that notice a planted fault which no other test notices are kept
    #[arg(long)]
    pub(crate) generate_tests: bool,
    /// Let a model say what it sees in the proposals, and add to the first draft of the spec
    #[arg(long)]
    pub(crate) model_views: bool,
    /// Use no model, whatever is configured
    #[arg(long, conflicts_with_all = ["no_recipes", "record", "replay", "max_cost", "pre_authorise", "model_views", "generate_tests"])]
    pub(crate) no_models: bool,
    /// The most that model calls of this job may cost, in dollars; the job stops cleanly before it would be passed
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub(crate) max_cost: Option<Cost>,
    /// Let models of class L2 work without a question; L3 always asks
    #[arg(long)]
    pub(crate) pre_authorise: bool,
    /// Let the first spec approve itself: it is kept and told like any other, and nobody is asked about it
    #[arg(long)]
    pub(crate) fast_track: bool,
    /// For whom models explain what they do [default: professional]
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<ModeName>,
    /// Keep every exchange with a model in this folder
    #[arg(long, value_name = "DIR", conflicts_with = "replay")]
    pub(crate) record: Option<PathBuf>,
    /// Take the answers of models from this folder, where --record has put them; no network is used
    #[arg(long, value_name = "DIR")]
    pub(crate) replay: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ModeName {
    /// In plain words
    Simple,
    /// For engineers
    Professional,
    /// For engineers and those who answer for the change
    Enterprise,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Simple => Self::Simple,
            ModeName::Professional => Self::Professional,
            ModeName::Enterprise => Self::Enterprise,
        }
    }
}

/// Dollars with up to six places behind the point.
fn dollars(text: &str) -> Result<Cost, String> {
    let wrong = || "an amount looks like 2 or 0.50".to_owned();
    let (whole, part) = text.trim_start_matches('$').split_once('.').unwrap_or((text.trim_start_matches('$'), "0"));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit()) && !text.is_empty();
    if !digits(whole) || !digits(part) || part.len() > 6 {
        return Err(wrong());
    }
    let micro: u64 = format!("{part:0<6}").parse().map_err(|_| wrong())?;
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    whole
        .checked_mul(1_000_000)
        .and_then(|whole| whole.checked_add(micro))
        .map(Cost::from_microdollars)
        .ok_or_else(wrong)
}

/// A name and a reason. Names of tests may hold a `=` within brackets.
fn reasoned(text: &str) -> Result<(String, String), String> {
    let at = text.find("]=").map(|at| at + 1).or_else(|| text.find('='));
    let parts = at.map(|at| (text[..at].trim(), text[at + 1..].trim()));
    match parts {
        Some((name, reason)) if !name.is_empty() && !reason.is_empty() => Ok((name.to_owned(), reason.to_owned())),
        _ => Err("a name and a reason are needed, as in `tests/test_a.py::test_b=needs a printer`".to_owned()),
    }
}

/// `60s`, `5m` or `full`.
fn effort(text: &str) -> Result<Effort, String> {
    if text == "full" {
        return Ok(Effort::Full);
    }
    let (digits, unit) = text.split_at(text.trim_end_matches(|c: char| !c.is_ascii_digit()).len());
    let count: Option<u64> = digits.parse().ok().filter(|count| (1..=86_400).contains(count));
    match (count, unit) {
        (Some(count), "" | "s") => Ok(Effort::Seconds(count)),
        (Some(count), "m") => Ok(Effort::Seconds(count * 60)),
        _ => Err("a time looks like 60s or 5m; `full` goes on to the end".to_owned()),
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Jobs {
    /// List the jobs of a project
    List(JobsList),
    /// Show one job
    Show(JobName),
    /// Go on with a job that was interrupted or waits for a decision
    Resume(JobsResume),
    /// Decide something that a job waits for, and go on with it
    Decide(JobsDecide),
    /// Print the spec of a job, or make a revision of it
    Spec(JobsSpec),
    /// Cancel a job
    Cancel(JobName),
    /// Remove the folders of jobs that have ended
    Clean(JobsList),
}

#[derive(Debug, Args)]
pub(crate) struct JobsSpec {
    #[command(flatten)]
    pub(crate) name: JobName,
    /// Make what this file says the next revision; a job at work begins again with it
    #[arg(long, value_name = "FILE")]
    pub(crate) set: Option<PathBuf>,
    /// Show what a model makes of the spec by these words of yours; nothing is changed
    #[arg(long, value_name = "TEXT", conflicts_with = "set")]
    pub(crate) words: Option<String>,
    /// Make what --words shows the next revision
    #[arg(long, requires = "words")]
    pub(crate) take: bool,
}

#[derive(Debug, Args)]
pub(crate) struct JobsList {
    /// The project
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) root: PathBuf,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct JobName {
    /// The job, or the beginning of its name; without it the latest one
    pub(crate) job: Option<String>,
    /// The project
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) root: PathBuf,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct JobsResume {
    #[command(flatten)]
    pub(crate) name: JobName,
    /// Answer all questions in the safe way
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct JobsDecide {
    /// The job, or the beginning of its name
    pub(crate) job: String,
    /// What is decided, as `iama jobs show` lists it; without it, what can be
    pub(crate) decision: Option<String>,
    /// The class of models that is confirmed
    #[arg(long, value_name = "CLASS", value_parser = class)]
    pub(crate) class: Option<ModelClass>,
    /// The price that is confirmed, by its name
    #[arg(long, value_name = "ID")]
    pub(crate) quote: Option<String>,
    /// A test (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(crate) test: Vec<String>,
    /// What a model shall do, in your own words
    #[arg(long, value_name = "TEXT")]
    pub(crate) words: Option<String>,
    /// The project
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) root: PathBuf,
    /// Answer all further questions in the safe way
    #[arg(long)]
    pub(crate) yes: bool,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

fn class(text: &str) -> Result<ModelClass, String> {
    let known = ModelClass::ALL.iter().filter(|class| class.is_model());
    known
        .copied()
        .find(|class| class.code().eq_ignore_ascii_case(text))
        .ok_or_else(|| "classes are L1, L2 and L3".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) name: JobName,
    /// Only this file (repeatable)
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Vec<String>,
    /// Only this hunk, as `iama jobs show` names it (repeatable)
    #[arg(long, value_name = "ID")]
    pub(crate) hunk: Vec<String>,
    /// Write the partial patch of a job that could not be finished
    #[arg(long, conflicts_with_all = ["file", "hunk"])]
    pub(crate) partial: bool,
    /// Do not ask before a partial patch is written
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Revert {
    #[command(flatten)]
    pub(crate) name: JobName,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The folder that `iama refactor --out` wrote, a job's folder, or an evidence.json
    #[arg(value_name = "EVIDENCE")]
    pub(crate) evidence: PathBuf,
    /// The public Ed25519 key, in PEM, of who should have signed
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// The project as it was before: the patch is tried on it in memory, and has to lead to the bytes that were tested
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Run the whole job again, on a copy of the project as it was before, and hold patch, tests and verdict against the
    /// evidence; the project's code runs closed off, never with limits alone
    #[arg(long)]
    pub(crate) rerun: bool,
    /// Print one JSON object (iama.verification/1) instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Patch {
    /// Apply a patch to a folder, wholly or not at all
    Apply(PatchFile),
    /// Say what would come of a patch
    Check(PatchFile),
    /// Print the patch that undoes a patch, made from the folder as it is before it
    Invert(PatchInvert),
}

#[derive(Debug, Args)]
pub(crate) struct PatchInvert {
    /// The patch, as iama.patch/1
    #[arg(value_name = "PATCH.json")]
    pub(crate) patch: PathBuf,
    /// The folder
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) root: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct PatchFile {
    #[command(flatten)]
    pub(crate) input: PatchInvert,
    /// Write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}
