//! `iama-server migrate`: the database in the form that this version needs.

use anyhow::{Context as _, Result, anyhow, ensure};
use figment::providers::Env;
use iama_api::models::check_table;
use iama_recipes::PAIRS;
use iama_store::{Database, configs};
use serde_json::{Value, json};

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
    let now = surroundings::clock().now();
    configs::seed(&mut connection, &pairs, now).await?;
    configs::put_where_none_is(&mut connection, configs::ROUTE_TABLE, &route_table()?, now).await?;
    Ok(())
}

/// The route table that a server begins with: that of the variable of the same name, or none at all.
fn route_table() -> Result<Value> {
    let Some(text) = Env::var(configs::ROUTE_TABLE).filter(|text| !text.trim().is_empty()) else {
        return Ok(json!({ "route": [], "provider": {}, "off": {} }));
    };
    let table = serde_json::from_str(&text).with_context(|| format!("{} is no JSON", configs::ROUTE_TABLE))?;
    check_table(&table).map_err(|faults| {
        let told: Vec<String> =
            faults.iter().map(|fault| format!("\n  [{}] {fault}\n    hint: {}", fault.code, fault.hint)).collect();
        anyhow!("{} has {} faults:{}", configs::ROUTE_TABLE, told.len(), told.concat())
    })?;
    Ok(table)
}
