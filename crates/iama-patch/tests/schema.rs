//! The committed JSON schema is the one that the types give. `UPDATE_GOLDEN=1` writes it.
#![expect(clippy::disallowed_methods, reason = "one variable asks for the expected files to be written")]

use std::fs;
use std::path::Path;

#[test]
fn the_committed_schema_is_the_one_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas/iama.patch-1.json");
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(iama_patch::Patch)).unwrap() + "\n";
    if std::env::var("UPDATE_GOLDEN").is_ok_and(|value| value == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &schema).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == schema, "docs/schemas/iama.patch-1.json is out of date: run this test with UPDATE_GOLDEN=1");
}
