//! The main job on real input, from nothing.

use anyhow::Result;
use clap::Args;

use crate::tools::{cache, command, release_binary};
use crate::{packages, setup};

/// What to migrate.
#[derive(Args)]
pub(crate) struct Options {
    /// One of the listed packages
    #[arg(default_value = "iso8601")]
    package: String,
    /// The interpreter that the result must run on
    #[arg(long, default_value = "python3.11")]
    to: String,
}

/// Fetches a package, copies it to a place of its own, migrates it, and says where to look.
pub(crate) fn run(options: &Options) -> Result<()> {
    setup::bubblewrap()?;
    let iama = release_binary("iama-cli", "iama")?;
    let package = packages::named(&options.package)?;
    let project = cache().join("demo").join(package.name);
    package.copy_to(&project)?;
    println!("Migrating {} {}, a published Python 2 package, in {}", package.name, package.version, project.display());
    crate::tools::run(command(&iama.display().to_string(), &["refactor", "--yes", "--to", &options.to]).arg(&project))
}
