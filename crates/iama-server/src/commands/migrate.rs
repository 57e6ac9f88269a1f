//! `iama-server migrate`: the database in the form that this version needs.

use anyhow::{Result, ensure};
use iama_recipes::PAIRS;
use iama_store::{Database, configs};

use super::api::connect;
use crate::args::Configured;
use crate::config::Config;
use crate::surroundings;

pub(crate) async fn run(configured: &Configured) -> Result<()> {
    let config = Config::read(configured.config.as_ref())?;
    ensure!(config.database.url.is_some(), "database.url is missing\n hint: set DATABASE_URL");
    let db = connect(&config).await?;
    db.migrate().await.map_err(super::told)?;
    seed(&db).await?;
    println!("the database has every migration of this version");
    db.close().await;
    Ok(())
}

/// Puts the settings that come with this version where none are set.
pub(crate) async fn seed(db: &Database) -> Result<()> {
    let mut connection = db.pool().acquire().await?;
    let pairs: Vec<&str> = PAIRS.iter().map(|pair| pair.id).collect();
    configs::seed(&mut connection, &pairs, surroundings::clock().now()).await?;
    Ok(())
}
