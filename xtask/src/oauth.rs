//! Signing in by providers of identities, played with real servers and providers of other makers: `emulate` for GitHub and
//! Google, the certified `oidc-provider`, and `oauth2-mock-server` for whatever a provider must not say.

use anyhow::Result;

use crate::node;
use crate::tools::{command, debug_binary, run as start, workspace};

/// Where the browser and the providers are.
const FOLDER: &str = "xtask/oauth";

/// Signs people in, and tries what an attacker would.
pub(crate) fn run() -> Result<()> {
    node::packages(FOLDER)?;
    let program = debug_binary("iama-server", "iama-server")?.display().to_string();
    let work = tempfile::Builder::new().prefix("iama-oauth-").tempdir_in("/tmp")?;
    let (node, data) = (node::node()?.display().to_string(), work.path().display().to_string());
    start(command(&node, &["check.mjs", &program, &data]).current_dir(workspace().join(FOLDER)))
}
