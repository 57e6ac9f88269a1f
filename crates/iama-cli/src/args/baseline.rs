//! The arguments of `iama baseline`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::SandboxName;

#[derive(Debug, Subcommand)]
pub(crate) enum Baseline {
    /// Run each scenario three times on the legacy code and write what was seen into the file
    Record(BaselineRecord),
    /// Run each scenario and show what differs from what was recorded; exit 1 when something does
    Run(BaselineRun),
    /// Show what a file of scenarios holds
    Show(BaselineShow),
}

#[derive(Debug, Args)]
pub(crate) struct ScenarioRuns {
    /// The file of scenarios; without it `iama-scenarios.yaml` in the root
    pub(crate) file: Option<PathBuf>,
    /// The folder of the code; it is copied, and nothing in it is written
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) root: PathBuf,
    /// Only this scenario (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// Allow runs of the project's code, as long as they are closed off
    #[arg(long)]
    pub(crate) yes: bool,
    /// Where the code runs: in Docker or not at all, natively, or in Docker when an engine answers [default: auto]
    #[arg(long, value_name = "WHERE")]
    pub(crate) sandbox: Option<SandboxName>,
    /// The image that containers start from; it must be here already. Without it one is made from this machine
    #[arg(long, value_name = "IMAGE")]
    pub(crate) docker_image: Option<String>,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineRecord {
    #[command(flatten)]
    pub(crate) runs: ScenarioRuns,
    /// The Python 2 interpreter, when it is not found by itself
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) legacy_python: Option<PathBuf>,
    /// Where there is no file yet, write one with the ways into the project that can be found
    #[arg(long)]
    pub(crate) propose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineRun {
    #[command(flatten)]
    pub(crate) runs: ScenarioRuns,
    /// The version of Python that runs the code
    #[arg(long, default_value = "python3.11", value_name = "PYTHON")]
    pub(crate) to: String,
    /// The interpreter, when it is not found by itself
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) python: Option<PathBuf>,
    /// Run with Python 2.7: the code is still the old one
    #[arg(long, conflicts_with = "to")]
    pub(crate) legacy: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineShow {
    /// The file of scenarios; without it `iama-scenarios.yaml` in the root
    pub(crate) file: Option<PathBuf>,
    /// The folder of the code
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) root: PathBuf,
    /// List the normalisers instead
    #[arg(long)]
    pub(crate) normalisers: bool,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}
