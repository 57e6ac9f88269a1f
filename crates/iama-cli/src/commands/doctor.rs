//! `iama doctor`.

use std::process::ExitCode;

use iama_baseline::python::interpreter::{self, Interpreter};
use iama_engine::isolation;
use iama_sandbox::{Choice, Level, Standing, printable, standings};
use serde_json::json;

use super::recipes_run::TARGETS;
use crate::args::Doctor;
use crate::out::say;
use crate::problem::Problem;
use crate::{machine, paint};

/// Says what was found, what is missing and how to get it.
pub(super) fn run(options: &Doctor) -> Result<ExitCode, Problem> {
    let machine = machine::machine()?;
    let legacy = interpreter::all(2, &machine.search);
    let mut targets = interpreter::all(3, &machine.search);
    targets.retain(|found| TARGETS.contains(&found.version.minor));
    let levels = standings(&isolation::wish(&machine, Choice::Auto, None));
    if options.json {
        let report = json!({
            "schema": "iama.doctor/1", "legacy": legacy, "targets": targets,
            "isolation": taken(&levels), "levels": levels, "cache": machine.cache,
        });
        say!("{report}");
        return Ok(ExitCode::SUCCESS);
    }
    section(
        "Python 2, for the legacy side",
        &legacy,
        "without it nothing can be compared with the legacy code: install 2.7 with pyenv (pyenv install 2.7.18), or name it with --legacy-python",
    );
    section(
        "Python 3, for the result",
        &targets,
        "without it the result cannot be tested: install python3.11, or name one with --python",
    );
    show_levels(&levels);
    say!("{}\n  ok  {}", paint::strong("Cache of environments"), machine.cache.display());
    Ok(ExitCode::SUCCESS)
}

/// The level that `--sandbox auto` takes, without what a job's interpreters need.
fn taken(levels: &[Standing]) -> Option<&Standing> {
    levels.iter().find(|standing| standing.works)
}

fn show_levels(levels: &[Standing]) {
    say!("{}", paint::strong("Isolation of test runs, strongest first"));
    let taken = taken(levels).map(|standing| standing.level);
    for Standing { level, works, reason } in levels {
        let mark = if *works { "ok" } else { "--" };
        let note = if Some(*level) == taken { "taken by --sandbox auto; " } else { "" };
        say!("  {mark}  {:18} {note}{}", level.name(), printable(reason));
    }
    if levels.iter().any(|standing| standing.level == Level::Bubblewrap && !standing.works) {
        let hint = "bubblewrap gives runs namespaces of their own (Debian: apt-get install bubblewrap)";
        say!("      {}", paint::dim(hint));
    }
}

fn section(title: &str, found: &[Interpreter], missing: &str) {
    say!("{}", paint::strong(title));
    for one in found {
        say!("  ok  {:8} {}", one.version.to_string(), one.path.display());
    }
    if found.is_empty() {
        say!("  --  none\n      {}", paint::dim(missing));
    }
}
