//! The arguments of `iama scan`.

use std::path::PathBuf;

use clap::Args;

#[expect(clippy::struct_excessive_bools, reason = "flags of one command line")]
#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// A file or folder
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Print one JSON object (iama.scan/1) instead
    #[arg(long, conflicts_with = "sarif")]
    pub(crate) json: bool,
    /// Print SARIF 2.1.0 instead
    #[arg(long)]
    pub(crate) sarif: bool,
    /// A file of findings that are known and not told again
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write what is found now into the baseline; exit 0
    #[arg(long, requires = "baseline")]
    pub(crate) update_baseline: bool,
    /// Leave files out whose path matches (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// Scan what .gitignore and .iamaignore leave out, too
    #[arg(long)]
    pub(crate) ignored: bool,
}
