//! Every attack on every level that this machine has.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::path::{Path, PathBuf};

use iama_sandbox::escapes::{ATTACKS, attempt, levels, table};

const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

fn hold(range: impl Fn(usize) -> bool) {
    let supervisor = [PathBuf::from(env!("CARGO_BIN_EXE_iama-supervise"))];
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut breaches = Vec::new();
    for (level, probe) in levels(PATH, Err("tried by `cargo xtask escapes`".to_owned())) {
        let Ok(probe) = probe else { continue };
        for (_, attack) in ATTACKS.iter().enumerate().filter(|(at, _)| range(*at)) {
            let tried = attempt(attack, &probe, &supervisor, scratch).unwrap();
            if tried.held != tried.expected {
                breaches.push(format!("{} on {}: {tried:?}", tried.attack, level.name()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn each_level_holds_what_the_table_says_first_part() {
    hold(|at| at % 4 == 0);
}

#[test]
fn each_level_holds_what_the_table_says_second_part() {
    hold(|at| at % 4 == 1);
}

#[test]
fn each_level_holds_what_the_table_says_third_part() {
    hold(|at| at % 4 == 2);
}

#[test]
fn each_level_holds_what_the_table_says_fourth_part() {
    hold(|at| at % 4 == 3);
}

#[test]
fn the_documentation_shows_this_table() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sandbox.md")).unwrap();
    assert!(page.contains(&table()), "`UPDATE_DOCS=1 cargo xtask escapes` writes it");
}
