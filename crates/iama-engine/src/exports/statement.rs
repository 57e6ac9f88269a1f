//! An in-toto statement over the patch, with the predicate for test results.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::told::Told;
use super::{Named, resource};

const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE: &str = "https://in-toto.io/attestation/test-result/v0.1";

/// What a checker needs of a statement.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    /// What it is about.
    pub subject: Vec<Resource>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    /// What it says.
    pub predicate: Predicate,
}

/// What a statement says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Predicate {
    /// `PASSED`, `WARNED` or `FAILED`.
    pub result: String,
    /// The files that say more: the evidence.
    pub configuration: Vec<Resource>,
}

/// A file by name and hash.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Resource {
    /// Its name beside the statement.
    pub name: String,
    /// The hash of its bytes.
    pub digest: Digest,
}

/// The hash of a file's bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Digest {
    /// SHA-256, in lower-case hexadecimal digits.
    pub sha256: String,
}

impl Statement {
    /// Reads a statement; nothing when it is none of this kind.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let statement: Self = serde_json::from_slice(bytes).ok()?;
        (statement.kind == STATEMENT_TYPE && statement.predicate_type == PREDICATE_TYPE).then_some(statement)
    }
}

/// The statement. Without a patch it is about the evidence itself.
pub(super) fn of(told: &Told, evidence: &[u8], patches: &[Named]) -> Value {
    let mut subject: Vec<Value> = patches.iter().map(|(name, bytes)| resource(name, bytes)).collect();
    if subject.is_empty() {
        subject.push(resource("evidence.json", evidence));
    }
    let ids = |wanted: fn(&super::told::Case) -> bool| -> Vec<&str> {
        told.tests.cases.iter().filter(|case| wanted(case)).map(|case| case.id.as_str()).collect()
    };
    json!({
        "_type": STATEMENT_TYPE,
        "subject": subject,
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "result": result(told),
            "configuration": [resource("evidence.json", evidence)],
            "passedTests": ids(|case| !case.regression && case.result == "passed"),
            "warnedTests": ids(|case| !case.regression && case.result != "passed"),
            "failedTests": ids(|case| case.regression),
        },
    })
}

/// A gap that is named is a warning: the patch may be taken, with open eyes.
fn result(told: &Told) -> &'static str {
    match told.verdict.code.as_str() {
        "PROVEN" => "PASSED",
        "PROVEN_WITH_GAPS" | "UNPROVEN" => "WARNED",
        _ => "FAILED",
    }
}
