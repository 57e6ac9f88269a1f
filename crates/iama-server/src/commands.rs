//! A file for each command.

mod admin;
mod api;
mod dev;
mod migrate;

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::{Admin, Arguments, Command};
use crate::config::Config;
use crate::traces::Sender;

/// Does what the command line says.
pub(crate) fn run(arguments: Arguments) -> Result<()> {
    match arguments.command {
        Command::Dev(dev) => runtime()?.block_on(dev::run(dev)),
        Command::Api(configured) => runtime()?.block_on(api::run(&configured)),
        Command::Migrate(configured) => runtime()?.block_on(migrate::run(&configured)),
        Command::Admin(Admin::Create(create)) => runtime()?.block_on(admin::create(&create)),
        Command::Admin(Admin::Check(place)) => runtime()?.block_on(admin::check(&place)),
        Command::Openapi => {
            println!("{}", iama_api::openapi().to_pretty_json()?);
            Ok(())
        }
        Command::ConfigSchema => {
            println!("{}", serde_json::to_string_pretty(&schemars::schema_for!(Config))?);
            Ok(())
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")
}

/// Logs go to standard error, so that what is printed can be read by programs; spans go to whoever collects them.
fn tell(config: &Config) -> Result<Sender> {
    let filter: Targets = config.log.filter.parse().context("log.filter cannot be understood")?;
    let lines =
        tracing_subscriber::fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    let lines = if config.log.json { lines.json().boxed() } else { lines.boxed() };
    let sender = Sender::new(&config.traces)?;
    tracing_subscriber::registry().with(lines.with_filter(filter)).with(sender.layer()).init();
    Ok(sender)
}

/// What went wrong with the database, with its code and hint.
fn told(error: iama_store::Error) -> anyhow::Error {
    let (code, hint) = (error.code(), error.hint());
    anyhow::Error::new(error).context(format!("[{code}] hint: {hint}"))
}
