//! What the recipes make of the 2.7 library and of packages that need no migration, shown by other people's code.

use anyhow::Result;
use clap::Args;
use iama_baseline::python::interpreter::Interpreter;

use crate::packages::python;
use crate::tools::{cache, command, release_binary, run};

/// What to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Only this module; repeatable
    #[arg(long)]
    only: Vec<String>,
    /// Print whole tracebacks
    #[arg(long)]
    details: bool,
}

fn script(python: &Interpreter, script: &str, options: &[(&str, String)], rest: &[&str]) -> Result<()> {
    let iama = release_binary("iama-cli", "iama")?.display().to_string();
    let mut line = vec![script, "--iama", &iama];
    line.extend(options.iter().flat_map(|(name, value)| [*name, value.as_str()]));
    line.extend(rest);
    run(&mut command(&python.path.display().to_string(), &line))
}

/// What the 2.7 library's own tests say of its migrated modules.
pub(crate) fn stdlib_tests(options: &Options) -> Result<()> {
    let (Some(two), Some(three)) = (python(2, 7), python(3, 11)) else {
        println!("not run: it takes a Python 2.7 and a Python 3.11");
        return Ok(());
    };
    let pythons = [("--python2", two.path.display().to_string()), ("--python3", three.path.display().to_string())];
    let mut rest: Vec<&str> = options.only.iter().flat_map(|module| ["--only", module]).collect();
    rest.extend(options.details.then_some("--details"));
    script(&three, "xtask/python/stdlib_tests.py", &pythons, &rest)
}

/// Whether packages for Python 3 stay as they are.
pub(crate) fn false_alarms() -> Result<()> {
    let Some(three) = python(3, 13).or_else(|| python(3, 12)) else {
        println!("not run: it takes a Python 3.12 or 3.13 with pip");
        return Ok(());
    };
    let places =
        [("--python", three.path.display().to_string()), ("--cache", cache().join("wheels").display().to_string())];
    script(&three, "xtask/python/false_alarms.py", &places, &[])
}
