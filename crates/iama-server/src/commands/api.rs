//! `iama-server api`: the API on a database that somebody else runs.

use anyhow::{Context as _, Result};
use iama_store::{Database, PoolSize, Settings};

use crate::args::Configured;
use crate::config::Config;
use crate::serve;

pub(crate) async fn run(configured: &Configured) -> Result<()> {
    let config = Config::read(configured.config.as_ref())?;
    config.validate()?;
    let sender = super::tell(&config)?;
    let db = connect(&config).await?;
    db.is_current().await.map_err(super::told)?;
    let state = serve::state(&config, db.clone(), sender.traces())?;
    serve::serve(&config, &state, |address| tracing::info!(%address, "listening")).await?;
    db.close().await;
    sender.end().await;
    Ok(())
}

/// Connects to the database that the configuration names.
pub(crate) async fn connect(config: &Config) -> Result<Database> {
    let url = config.database.url.clone().context("database.url is missing")?;
    let pool = PoolSize { max_connections: config.database.max_connections, ..PoolSize::default() };
    let settings =
        Settings { direct_url: config.database.direct_url.clone(), pool, ..Settings::new(url, "iama-server") };
    Database::connect(&settings).await.map_err(super::told)
}
