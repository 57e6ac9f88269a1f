//! The recipes against two large bodies of cases.

use std::path::Path;

use anyhow::Result;
use iama_baseline::python::interpreter::{self, Interpreter, Wanted};

use crate::packages::{python, search};
use crate::tools::{cache, command, run};

fn example(name: &str, arguments: &[String]) -> Result<()> {
    let cargo = ["run", "--quiet", "--release", "--locked", "--package", "iama-recipes", "--example", name, "--"];
    run(command("cargo", &cargo).args(arguments))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Idempotence, independence of order, bytes outside the record, and whether the results compile.
pub(crate) fn check_library() -> Result<()> {
    let Some(two) = python(2, 7) else {
        println!("not run: no Python 2.7 was found");
        return Ok(());
    };
    let mut arguments =
        vec![shown(&two.prefix.join("lib/python2.7")), shown(&cache().join("recipes-check")), shown(&two.path)];
    arguments.extend([11, 12, 13].into_iter().filter_map(|minor| python(3, minor)).map(|three| shown(&three.path)));
    example("library_check", &arguments)
}

/// What runs on both languages must print on each what the programs printed.
pub(crate) fn check_dual() -> Result<()> {
    let Some(two) = python(2, 7) else {
        println!("not run: no Python 2.7 was found");
        return Ok(());
    };
    let folders = ["crates/iama-recipes/tests/dual".to_owned(), shown(&cache().join("dual-check"))];
    let threes = (8..=13).filter_map(|minor| python(3, minor)).map(|three| shown(&three.path));
    let arguments: Vec<String> = folders.into_iter().chain([shown(&two.path)]).chain(threes).collect();
    example("dual_check", &arguments)
}

/// The cases are another project's, so they are recorded where that is installed and never kept here.
pub(crate) fn lib2to3_cases() -> Result<()> {
    let (Some(two), Some(three)) = (python(2, 7), with_lib2to3()) else {
        println!("not run: it takes a Python 2.7, and a Python 3.11 or older that has the tests of lib2to3");
        return Ok(());
    };
    let cases = shown(&cache().join("lib2to3-cases.json"));
    let program = shown(&three.path);
    run(&mut command(&program, &["-W", "ignore", "crates/iama-recipes/tests/record_lib2to3.py", &cases]))?;
    example("lib2to3_cases", &[cases, program, shown(&two.path)])
}

/// Distributions often leave the tests out, so each place that has a 3.11 is asked.
fn with_lib2to3() -> Option<Interpreter> {
    let elsewhere = interpreter::Search { path: String::new(), ..search() };
    let wanted = Wanted { major: 3, minor: 11 };
    let candidates = [interpreter::find(wanted, None, &search()), interpreter::find(wanted, None, &elsewhere)];
    candidates.into_iter().flatten().find(|found| {
        crate::tools::works(
            &found.path.display().to_string(),
            &["-W", "ignore", "-c", "import lib2to3.tests.test_fixers"],
        )
    })
}
