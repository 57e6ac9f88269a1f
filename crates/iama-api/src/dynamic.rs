//! Settings that change without a release: which there are, what may stand in them, and who may change them.
//!
//! Whoever reads one takes it from `iama_store::configs`; nothing gets there but through [`check`]. What a job was started with
//! stays with the job, so a change reaches the next one.

mod schemas;

use iama_source::secrets;
use serde_json::{Value, json};

use crate::auth::Permission;
use crate::error::{ApiError, ErrorCode};

/// A setting, or a family of them.
pub(crate) struct Known {
    /// The name; `*` stands for one part of it.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) about: &'static str,
    /// Who may change it.
    pub(crate) permission: Permission,
    /// What may stand in it.
    pub(crate) schema: fn() -> Value,
    /// What a schema cannot say: each fault in a sentence.
    further: fn(&Value) -> Vec<String>,
}

/// All there are.
pub(crate) const KNOWN: &[Known] = &[
    Known {
        name: "IAMA_LLM_ROUTE_TABLE",
        about: "Which models there are, and which of them serves which class",
        permission: Permission::WriteConfig,
        schema: schemas::route_table,
        further: schemas::route_table_faults,
    },
    Known {
        name: "feature.*",
        about: "Whether something new is on; `feature.registration` lets people make accounts",
        permission: Permission::WriteConfig,
        schema: schemas::switch,
        further: none,
    },
    Known {
        name: "language_matrix",
        about: "Which language pairs may be asked for",
        permission: Permission::WriteConfig,
        schema: schemas::language_matrix,
        further: none,
    },
    Known {
        name: "model.*.api_key_ref",
        about: "Where the key of a provider lies: `env:NAME` or `file:NAME`",
        permission: Permission::ReferToKeys,
        schema: schemas::key_reference,
        further: none,
    },
    Known {
        name: "system.kill_switch.*",
        about: "What is stopped; set with POST /admin/kill-switch alone",
        permission: Permission::StopAll,
        schema: schemas::switch,
        further: by_switch_alone,
    },
    Known {
        name: "tier_context_caps",
        about: "The largest context packs in tokens, by tier",
        permission: Permission::WriteConfig,
        schema: schemas::context_caps,
        further: none,
    },
    Known {
        name: "tier_limits",
        about: "Jobs a day and credits a month, by tier",
        permission: Permission::WriteConfig,
        schema: schemas::tier_limits,
        further: none,
    },
    Known {
        name: "usage.typical_refactor_credits",
        about: "What a usual refactoring costs, for people who have had too few to tell",
        permission: Permission::WriteConfig,
        schema: schemas::typical_credits,
        further: none,
    },
];

const fn none(_: &Value) -> Vec<String> {
    Vec::new()
}

fn by_switch_alone(_: &Value) -> Vec<String> {
    vec!["is set with POST /admin/kill-switch, which stops jobs and asks for a reason".to_owned()]
}

impl Known {
    fn is(&self, key: &str) -> bool {
        let plain = |part: &str| {
            !part.is_empty() && part.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
        };
        let (names, parts) = (self.name.split('.'), key.split('.'));
        names.clone().count() == parts.clone().count()
            && names.zip(parts).all(|(name, part)| if name == "*" { plain(part) } else { name == part })
    }
}

/// The setting of a name.
pub(crate) fn known(key: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.is(key))
}

/// Refuses a value that may not stand in a setting, with all that is wrong. What it says never quotes the value.
pub(crate) fn check(known: &Known, value: &Value) -> Result<(), ApiError> {
    if holds_key(value) {
        return Err(ApiError::new(ErrorCode::RawKeyRefused, "the value looks like it holds a key, or another secret"));
    }
    // Whatever is put where a reference belongs may be what it should refer to, of whatever form the keys of a provider are.
    if known.name.ends_with(".api_key_ref") && value.as_str().is_some_and(|text| !is_reference(text)) {
        return Err(ApiError::new(ErrorCode::RawKeyRefused, "the value is no reference, and may be a key itself"));
    }
    let schema = (known.schema)();
    let validator = jsonschema::validator_for(&schema).map_err(|error| ApiError::internal(&error))?;
    let told = |error: jsonschema::ValidationError<'_>| format!("value{}: {}", error.instance_path(), error.masked());
    let mut faults: Vec<String> = validator.iter_errors(value).map(told).collect();
    if faults.is_empty() {
        faults = (known.further)(value);
    }
    if value.to_string().contains("\\u0000") {
        faults.push("value: must not contain NUL".to_owned());
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::ValidationFailed, faults.join("; ")).details(json!({ "faults": faults })))
}

/// Whether something in a value looks like a secret: a text by itself, or with the name that it stands under.
fn holds_key(value: &Value) -> bool {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    !secrets::scan("settings.json", text.as_bytes()).is_empty() || names_key(value)
}

/// Whether a member says that it is a key, and holds something else than a reference.
fn names_key(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, member)| {
            let name = name.to_ascii_lowercase().replace('-', "_");
            let says =
                ["api_key", "apikey", "secret", "password", "authorization", "x_api_key"].contains(&name.as_str());
            (says && member.as_str().is_some_and(|text| !text.is_empty() && !is_reference(text))) || names_key(member)
        }),
        Value::Array(items) => items.iter().any(names_key),
        _ => false,
    }
}

/// Whether a text says where a key lies.
fn is_reference(text: &str) -> bool {
    let named = |name: &str, also: fn(char) -> bool| !name.is_empty() && name.chars().all(also);
    match text.split_once(':') {
        Some(("env", name)) => named(name, |c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'),
        Some(("file", name)) => named(name, |c| c.is_ascii_alphanumeric() || "_.-".contains(c)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_setting_or_none() {
        let of = |key: &str| known(key).map(|known| known.name);
        assert_eq!(of("tier_limits"), Some("tier_limits"));
        assert_eq!(of("model.anthropic.api_key_ref"), Some("model.*.api_key_ref"));
        assert_eq!(of("feature.registration"), Some("feature.*"));
        for none in ["feature", "feature.", "feature.a.b", "feature.a b", "tier_limits.x", "api_key", ""] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn what_looks_like_a_key_is_told_from_where_it_lies() {
        // Made up, and put together here so that no scanner finds them in this file.
        let keys = [
            json!(format!("sk-ant-api03-{}-{}AA", "Zx8Kq2Vw".repeat(11), "abcde")),
            json!({ "provider": { "x": { "headers": { "Authorization": "Bearer hunter2hunter2" } } } }),
            json!({ "api-key": "anything" }),
            json!([{ "token": format!("ghp_{}", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6") }]),
        ];
        for key in keys {
            assert!(holds_key(&key), "{key}");
        }
        for plain in [json!("env:ANTHROPIC_API_KEY"), json!({ "api_key": "file:anthropic.key" }), json!({ "FREE": 3 })]
        {
            assert!(!holds_key(&plain), "{plain}");
        }
    }

    #[test]
    fn every_schema_is_one() {
        for known in KNOWN {
            assert!(jsonschema::validator_for(&(known.schema)()).is_ok(), "{}", known.name);
        }
    }
}
