//! What may stand in each setting.

use iama_job::policy::tiers::TIERS;
use serde_json::{Map, Value, json};

use crate::models;

/// An object with a member for each tier.
fn by_tier(member: &Value) -> Value {
    let names: Vec<&str> = TIERS.iter().map(|grant| grant.tier.code()).collect();
    let members: Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), member.clone())).collect();
    json!({ "type": "object", "properties": members, "required": names, "additionalProperties": false })
}

pub(super) fn tier_limits() -> Value {
    by_tier(&json!({
        "type": "object",
        "properties": {
            "jobs_a_day": { "type": "integer", "minimum": 0, "maximum": 1_000_000 },
            "credits_a_month": { "type": "integer", "minimum": 0, "maximum": 100_000_000 },
        },
        "required": ["jobs_a_day", "credits_a_month"],
        "additionalProperties": false,
    }))
}

pub(super) fn context_caps() -> Value {
    by_tier(&json!({ "type": "integer", "minimum": 1_000, "maximum": 2_000_000 }))
}

pub(super) fn language_matrix() -> Value {
    json!({
        "type": "object",
        "propertyNames": { "pattern": "^[a-z0-9]+(-[a-z0-9]+)+$" },
        "additionalProperties": { "type": "boolean" },
    })
}

pub(super) fn switch() -> Value {
    json!({ "type": "boolean" })
}

pub(super) fn key_reference() -> Value {
    json!({ "type": "string", "pattern": "^(env:[A-Z][A-Z0-9_]*|file:[A-Za-z0-9_.-]+)$", "maxLength": 200 })
}

pub(super) fn typical_credits() -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": 100_000 })
}

pub(super) fn route_table() -> Value {
    json!({ "type": "object" })
}

/// The table is read as jobs read it.
pub(super) fn route_table_faults(table: &Value) -> Vec<String> {
    let faults = models::check_table(table).err().unwrap_or_default();
    faults.iter().map(|fault| format!("{} {fault}; {}", fault.code, fault.hint)).collect()
}
