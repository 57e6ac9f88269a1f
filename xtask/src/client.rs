//! The client in TypeScript: what is made of the API's document, and what is written around it.

use std::fs;

use anyhow::{Result, ensure};
use clap::Args;

use crate::node;
use crate::tools::{output, run as start, workspace};

/// What to do.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Make the types anew of the committed document
    #[arg(long)]
    update: bool,
}

/// Where the client is.
const FOLDER: &str = "packages/api";

/// How its types are made.
const GENERATE: [&str; 5] = [
    "../../docs/schemas/openapi.json",
    "--root-types",
    "--root-types-no-schema-prefix",
    "--alphabetize",
    "--empty-objects-unknown",
];

/// Installs what the client needs, and sees that its types are those of the document and that it is in order. It is tried
/// against a server by the tests of `iama-server`.
pub(crate) fn run(options: &Options) -> Result<()> {
    node::packages(FOLDER)?;
    let known = workspace().join(FOLDER).join("src/schema.ts");
    let fresh = output(&mut node::tool(FOLDER, "openapi-typescript", &GENERATE)?)?;
    if options.update {
        fs::write(&known, &fresh)?;
    }
    let is_fresh = fs::read_to_string(&known).is_ok_and(|known| known == fresh);
    ensure!(
        is_fresh,
        "{FOLDER}/src/schema.ts is not made of docs/schemas/openapi.json; run cargo xtask client --update"
    );
    start(&mut node::tool(FOLDER, "tsc", &[])?)?;
    start(&mut node::tool(FOLDER, "biome", &["ci", "--error-on-warnings"])?)
}
