//! Migrates standard input, for trying recipes out: `try [--dual]`.

use std::io::Read as _;

use iama_recipes::{Options, PAIRS, Project, Strategy, migrate};

fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap_or_default();
    let project = Project { certain: true, ..Project::default() };
    let dual = std::env::args().any(|argument| argument == "--dual");
    let options = Options { dual, ..Options::of(Strategy::Comprehensive) };
    match migrate(PAIRS[0], "a.py", &text, &project, &options) {
        iama_recipes::Outcome::Migrated(migration) => {
            print!("{}", migration.text);
            for note in migration.notes {
                eprintln!("{note:?}");
            }
        }
        other => eprintln!("{other:?}"),
    }
}
