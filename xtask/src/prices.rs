//! The prices of models: taken from LiteLLM's package, and compared with it.

use anyhow::Result;
use clap::Args;

use crate::tools::{command, environment, run};

/// The version whose table the repository has.
const VERSION: &str = "1.106.2";

/// What to make.
#[derive(Args)]
pub(crate) struct Options {
    /// The version of the package `litellm`
    #[arg(long, default_value = VERSION)]
    version: String,
}

/// What to compare.
#[derive(Args)]
pub(crate) struct OracleOptions {
    /// Usages
    #[arg(long, default_value_t = 20_000)]
    count: u32,
    /// The start of the random numbers
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

/// Writes `crates/iama-model/prices`.
pub(crate) fn make(options: &Options) -> Result<()> {
    let line = ["xtask/python/prices.py", "make", "--version", &options.version, "--out", "crates/iama-model/prices"];
    run(&mut command("python3", &line))
}

/// Fails unless every usage costs the same to the micro-dollar.
pub(crate) fn compare(options: &OracleOptions) -> Result<()> {
    let python = environment("litellm", VERSION)?.join("python").display().to_string();
    let (count, seed) = (options.count.to_string(), options.seed.to_string());
    let ours = ["cargo", "run", "--quiet", "--locked", "--package", "iama-model", "--example", "price"];
    let mut line = vec!["xtask/python/prices.py", "compare", "--table", "crates/iama-model/prices/litellm.json"];
    line.extend(["--count", &count, "--seed", &seed, "--"]);
    line.extend(ours);
    run(command(&python, &line).env("LITELLM_LOCAL_MODEL_COST_MAP", "True"))
}
