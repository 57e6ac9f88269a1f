//! The committed document is the one that the table draws. `UPDATE_GOLDEN=1` writes it.

use std::fs;
use std::path::Path;

#[test]
fn the_committed_document_is_drawn_from_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/job-states.md");
    let drawn = iama_job::diagram::document();
    #[expect(clippy::disallowed_methods, reason = "a switch of the test itself")]
    if std::env::var("UPDATE_GOLDEN").is_ok_and(|value| value == "1") {
        fs::write(&path, &drawn).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    assert!(committed == drawn, "docs/job-states.md is out of date: run this test with UPDATE_GOLDEN=1");
}

#[test]
fn the_overview_shows_every_state() {
    let overview = iama_job::diagram::overview();
    let missing: Vec<&str> = iama_job::StateKind::ALL
        .iter()
        .map(|kind| kind.code())
        .filter(|code| !overview.split([' ', '\n', ':']).any(|word| word == *code))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}
