//! `iama verify`.

use std::process::ExitCode;

use iama_engine::verify::{self, Check, Finding, Options};

use crate::args::Verify;
use crate::out::say;
use crate::paint;
use crate::problem::{Problem, exit, io};

/// Runs the command.
pub(super) fn run(options: &Verify) -> Result<ExitCode, Problem> {
    let asked = Options { place: options.evidence.clone(), key: options.key.clone(), root: options.root.clone() };
    let checks = verify::verify(&asked)?;
    let sound = verify::is_sound(&checks);
    if options.json {
        let told = serde_json::json!({ "schema": "iama.verification/1", "sound": sound, "checks": checks });
        let text = serde_json::to_string(&told).map_err(|error| io("cannot write the result", &error.into()))?;
        say!("{text}");
    } else {
        checks.iter().for_each(show);
    }
    Ok(ExitCode::from(if sound { exit::OK } else { exit::NOT_DELIVERED }))
}

fn show(check: &Check) {
    let finding = match check.finding {
        Finding::Holds => paint::added("      holds"),
        Finding::Broken => paint::error("     BROKEN"),
        Finding::NotChecked => paint::dim("not checked"),
    };
    say!("{finding}  {:<12}  {}", check.code, check.sentence);
}
