//! The document that describes the API.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::support::TestApp;

/// The committed document is the one that the handlers give. `UPDATE_GOLDEN=1` writes it anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test is told by a variable to write its snapshot anew")]
fn the_committed_document_is_fresh() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas/openapi.json");
    let fresh = iama_api::openapi().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&place, &fresh).unwrap();
    }
    let known = std::fs::read_to_string(&place).unwrap_or_default();
    assert!(known == fresh, "docs/schemas/openapi.json is not what the handlers give; run with UPDATE_GOLDEN=1");
}

#[test]
fn every_operation_has_a_name_of_its_own_a_summary_and_a_tag() {
    let document: Value = serde_json::to_value(iama_api::openapi()).unwrap();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap_or_default();
            assert!(!name.is_empty() && names.insert(name.to_owned()), "{method} {path}: {name:?}");
            assert!(operation["summary"].is_string() && operation["tags"].is_array(), "{method} {path}");
        }
    }
    assert!(!names.is_empty());
}

#[tokio::test]
async fn the_document_is_served() {
    let app = TestApp::new().await;
    let served = app.get("/api/v1/openapi.json", None).await.json();
    assert_eq!(served["info"]["title"], "IAMA");
    assert_eq!(served["paths"].as_object().unwrap().len(), iama_api::openapi().paths.paths.len());
}
