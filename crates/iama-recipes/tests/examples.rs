//! Every recipe does what its own example says, and does nothing a second time.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test says what it found by panicking")]

use std::collections::BTreeSet;

use iama_recipes::{Options, Outcome, PAIRS, Project, Recipe, Strategy, migrate};
use iama_syntax::Span;

fn project() -> Project {
    let files = ["package/__init__.py", "package/helpers.py", "package/module.py"];
    let mut project = Project { files: files.map(str::to_owned).into(), certain: true, ..Project::default() };
    // What a run of the legacy code saw at the operands of `middle = width / 2`.
    for operand in [Span::new(9, 14), Span::new(17, 18)] {
        project.facts.observe("package/module.py", operand, "int");
    }
    // And at those of `late = limit < 2` and at the list of `rows.sort()`.
    for (start, end, kind) in [(7, 12, "int"), (7, 12, "NoneType"), (15, 16, "int"), (0, 4, "unlike")] {
        project.facts.observe("package/module.py", Span::new(start, end), kind);
    }
    project
}

fn run(recipe: &Recipe, text: &str) -> String {
    let options = Options { select: vec![recipe.id.to_owned()], ..Options::of(Strategy::Comprehensive) };
    let file = recipe.kinds.iter().find(|kind| kind.contains('.')).unwrap_or(&"package/module.py");
    let mut project = project();
    if file.ends_with(".py") {
        project.learn(PAIRS[0], file, text);
    }
    match migrate(PAIRS[0], file, text, &project, &options) {
        Outcome::Migrated(migration) => migration.text,
        other => panic!("{}: {other:?}", recipe.id),
    }
}

#[test]
fn every_recipe_does_what_its_example_says() {
    for recipe in PAIRS[0].recipes {
        assert_eq!(run(recipe, &format!("{}\n", recipe.before)), format!("{}\n", recipe.after), "{}", recipe.id);
    }
}

#[test]
fn recipe_ids_are_unique_and_each_has_a_reason() {
    let ids: BTreeSet<_> = PAIRS[0].recipes.iter().map(|recipe| recipe.id).collect();
    assert_eq!(ids.len(), PAIRS[0].recipes.len());
    assert!(PAIRS[0].recipes.iter().all(|recipe| recipe.why.len() > 20 && recipe.title.len() > 5));
}
