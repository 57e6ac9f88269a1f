//! Migrates standard input, for trying recipes out.

use std::io::Read as _;

use iama_recipes::{Options, PAIRS, Project, Strategy, migrate};

fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap_or_default();
    let project = Project { certain: true, ..Project::default() };
    match migrate(PAIRS[0], "a.py", &text, &project, &Options::of(Strategy::Comprehensive)) {
        iama_recipes::Outcome::Migrated(migration) => {
            print!("{}", migration.text);
            for note in migration.notes {
                eprintln!("{note:?}");
            }
        }
        other => eprintln!("{other:?}"),
    }
}
