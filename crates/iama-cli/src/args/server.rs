//! The arguments of what is done at a server.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Login {
    /// The server
    #[arg(long, value_name = "URL")]
    pub(crate) server: String,
    /// Accept what the server does with what it is sent, without a question
    #[arg(long)]
    pub(crate) accept_disclosure: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Logout {
    /// The server
    #[arg(long, value_name = "URL")]
    pub(crate) server: String,
}
