//! `iama doctor`.

use std::process::ExitCode;

use iama_baseline::python::interpreter::{self, Interpreter};
use iama_sandbox::Level;
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
    let probe = &machine.sandbox.probe;
    if options.json {
        let report = json!({
            "schema": "iama.doctor/1", "legacy": legacy, "targets": targets,
            "isolation": probe, "cache": machine.cache,
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
    say!("{}", paint::strong("Isolation of test runs"));
    let (mark, level) = (if probe.level == Level::Bubblewrap { "ok" } else { "--" }, probe.level.name());
    say!("  {mark}  {level}: {}", probe.reason);
    if probe.level != Level::Bubblewrap {
        say!(
            "      {}",
            paint::dim("install bubblewrap for namespaces of their own (Debian: apt-get install bubblewrap)")
        );
    }
    say!("{}\n  ok  {}", paint::strong("Cache of environments"), machine.cache.display());
    Ok(ExitCode::SUCCESS)
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
