//! `iama recipes list` and `iama recipes explain`.

use std::process::ExitCode;

use iama_recipes::{Class, PAIRS, Pair, Recipe, Strategy};
use serde_json::json;

use crate::args::{RecipesExplain, RecipesList};
use crate::out::say;
use crate::paint;
use crate::problem::{Problem, bad_input};

/// The pair with this name.
pub(super) fn pair(id: &str) -> Result<&'static Pair, Problem> {
    PAIRS.iter().copied().find(|pair| pair.id == id).ok_or_else(|| {
        let known = PAIRS.iter().map(|pair| pair.id).collect::<Vec<_>>().join(", ");
        bad_input("PAIR_UNKNOWN", format!("there is no language pair {id:?}"), format!("known: {known}"))
    })
}

/// The recipe with this name.
pub(super) fn recipe(pair: &'static Pair, id: &str) -> Result<&'static Recipe, Problem> {
    pair.recipes.iter().find(|recipe| recipe.id == id).ok_or_else(|| {
        let sentence = format!("{} has no recipe {id:?}", pair.id);
        bad_input("RECIPE_UNKNOWN", sentence, "`iama recipes list` names them all")
    })
}

pub(super) fn class_name(class: Class) -> &'static str {
    match class {
        Class::Safe => "SAFE",
        Class::Check => "CHECK",
        Class::Refused => "REFUSED",
    }
}

fn sorted(pair: &Pair) -> Vec<&Recipe> {
    let mut recipes: Vec<_> = pair.recipes.iter().collect();
    recipes.sort_by_key(|recipe| recipe.id);
    recipes
}

/// Lists the recipes of a pair.
pub(super) fn list(options: &RecipesList) -> Result<ExitCode, Problem> {
    let pair = pair(&options.pair)?;
    let recipes = sorted(pair);
    if options.json {
        let rows: Vec<_> = recipes
            .iter()
            .map(|recipe| {
                json!({ "id": recipe.id, "title": recipe.title, "class": recipe.class,
                        "strategy": recipe.strategy, "why": recipe.why })
            })
            .collect();
        say!("{}", json!({ "schema": "iama.recipes/1", "pair": pair.id, "recipes": rows }));
        return Ok(ExitCode::SUCCESS);
    }
    let width = recipes.iter().map(|recipe| recipe.id.len()).max().unwrap_or(0);
    for strategy in Strategy::ALL {
        say!("{}", paint::strong(strategy.name()));
        for recipe in recipes.iter().filter(|recipe| recipe.strategy == strategy) {
            let class = format!("{:7}", class_name(recipe.class));
            say!("  {}  {}  {}", paint::place(format!("{:width$}", recipe.id)), paint::dim(class), recipe.title);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Explains one recipe.
pub(super) fn explain(options: &RecipesExplain) -> Result<ExitCode, Problem> {
    let recipe = recipe(pair(&options.pair)?, &options.id)?;
    say!("{}  {}", paint::strong(recipe.id), paint::dim(class_name(recipe.class)));
    say!("{}\n\n{}\n", recipe.title, recipe.why);
    say!("Runs from the strategy {} on.\n", paint::strong(recipe.strategy.name()));
    for line in recipe.before.lines() {
        say!("{}", paint::removed(format!("- {line}")));
    }
    for line in recipe.after.lines() {
        say!("{}", paint::added(format!("+ {line}")));
    }
    say!("\nTo leave a line alone: {}", paint::dim(format!("# iama: skip[{}]", recipe.id)));
    Ok(ExitCode::SUCCESS)
}
