//! Settings that change without a release.

mod changing;

use std::collections::BTreeMap;

use iama_job::policy::tiers::TIERS;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::StoreError;
use crate::journal::bad;

pub use changing::{Change, Setting, change, history, list, set, setting};

/// The numbers of the tiers: jobs a day and credits a month, by the tier's name.
pub const TIER_LIMITS: &str = "tier_limits";

/// The largest context packs in tokens, by the tier's name.
pub const CONTEXT_CAPS: &str = "tier_context_caps";

/// Which language pairs may be asked for, by name.
pub const LANGUAGE_MATRIX: &str = "language_matrix";

/// Whether people may make accounts; they may where nothing is set.
pub const REGISTRATION: &str = "feature.registration";

/// Which models there are, and which of them serves which class.
pub const ROUTE_TABLE: &str = "IAMA_LLM_ROUTE_TABLE";

/// A setting; nothing where none is set.
pub async fn get<T: for<'de> Deserialize<'de>>(
    connection: &mut PgConnection,
    key: &str,
) -> Result<Option<T>, StoreError> {
    let value =
        sqlx::query_scalar!("SELECT value FROM dynamic_configs WHERE key = $1", key).fetch_optional(connection).await?;
    read(value)
}

/// What a setting says.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(value: Option<Value>) -> Result<Option<T>, StoreError> {
    value.map(|value| serde_json::from_value(value).map_err(bad("dynamic_configs.value"))).transpose()
}

/// A setting as it was at a version.
pub async fn at_version(connection: &mut PgConnection, key: &str, version: i32) -> Result<Option<Value>, StoreError> {
    let value =
        sqlx::query_scalar!("SELECT value FROM dynamic_config_history WHERE key = $1 AND version = $2", key, version,)
            .fetch_optional(connection)
            .await?;
    Ok(value)
}

/// Where the keys of providers lie, by the provider's name: `model.NAME.api_key_ref`.
pub async fn key_refs(connection: &mut PgConnection) -> Result<BTreeMap<String, String>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT key, value #>> '{}' AS "lies!" FROM dynamic_configs
           WHERE key ~ '^model\.[A-Za-z0-9_]+\.api_key_ref$'"#
    )
    .fetch_all(connection)
    .await?;
    let name = |key: &str| key.split('.').nth(1).unwrap_or_default().to_owned();
    Ok(rows.into_iter().map(|row| (name(&row.key), row.lies)).collect())
}

/// The language pairs that may be asked for.
pub async fn language_pairs(connection: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    let matrix: BTreeMap<String, bool> = get(connection, LANGUAGE_MATRIX).await?.unwrap_or_default();
    Ok(matrix.into_iter().filter(|(_, open)| *open).map(|(pair, _)| pair).collect())
}

/// Puts what comes with this version where nothing is set.
pub async fn seed(connection: &mut PgConnection, pairs: &[&str], now: OffsetDateTime) -> Result<(), StoreError> {
    let by_tier = |value: fn(&iama_job::policy::tiers::TierGrant) -> Value| -> Value {
        TIERS.iter().map(|grant| (grant.tier.code().to_owned(), value(grant))).collect()
    };
    let limits = by_tier(|grant| json!({ "jobs_a_day": grant.jobs_a_day, "credits_a_month": grant.credits_a_month }));
    let caps = by_tier(|grant| json!(grant.context_tokens));
    let matrix: Value = pairs.iter().map(|pair| ((*pair).to_owned(), json!(true))).collect();
    for (key, value) in [(TIER_LIMITS, limits), (CONTEXT_CAPS, caps), (LANGUAGE_MATRIX, matrix)] {
        put_where_none_is(connection, key, &value, now).await?;
    }
    Ok(())
}

/// Puts a setting where none is.
pub async fn put_where_none_is(
    connection: &mut PgConnection,
    key: &str,
    value: &Value,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO dynamic_configs (key, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING",
        key,
        value,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
