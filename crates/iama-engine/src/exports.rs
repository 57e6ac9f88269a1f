//! The evidence in open formats, for tools that do not know IAMA: an in-toto statement over the patch, an Agent Trace
//! record, SARIF and `JUnit`. All of them are made from `evidence.json` and the patch alone, so that anybody can make them again.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::problem::Problem;

mod envelope;
mod junit;
pub mod sarif;
mod statement;
mod told;
mod trace;

pub use envelope::{Envelope, SignatureError, SigningKey, VerifyingKey};
pub use statement::Statement;
pub use told::{File, SCHEMA, Told};

/// The statement, as it stands beside the evidence.
pub const STATEMENT: &str = "statement.json";
/// The same with a signature, when a key was given.
pub const SIGNED: &str = "statement.dsse.json";
/// What is written beside `evidence.json`, with or without a key.
pub const NAMES: [&str; 5] = [STATEMENT, SIGNED, "agent-trace.json", "iama.sarif", "junit.xml"];

/// A file by its name, with its bytes.
pub type Named = (&'static str, Vec<u8>);

/// Every document that goes with an evidence. `patches` are the files that the statement is about.
pub fn documents(evidence: &[u8], patches: &[Named], key: Option<&SigningKey>) -> Result<Vec<Named>, Problem> {
    let told = Told::read(evidence)?;
    let statement = pretty(&statement::of(&told, evidence, patches))?;
    let mut documents = vec![
        ("agent-trace.json", pretty(&trace::of(&told, evidence))?),
        ("iama.sarif", pretty(&sarif::of(&told))?),
        ("junit.xml", junit::of(&told)?.into_bytes()),
    ];
    if let Some(key) = key {
        documents.push((SIGNED, pretty(&Envelope::sign(&statement, key))?));
    }
    documents.push((STATEMENT, statement));
    Ok(documents)
}

fn pretty(value: &impl serde::Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec_pretty(value)
        .map_err(|error| Problem::input("EXPORT_FAILED", format!("a document could not be written: {error}")))
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A resource of in-toto: a name and the hash of its bytes.
fn resource(name: &str, bytes: &[u8]) -> Value {
    serde_json::json!({ "name": name, "digest": { "sha256": digest(bytes) } })
}

#[cfg(test)]
mod tests;
