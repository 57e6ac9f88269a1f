//! `iama verify`.

use std::process::ExitCode;

use iama_engine::verify::{self, Check, Finding, Options, rerun};
use iama_engine::{drive, start};

use crate::args::Verify;
use crate::out::say;
use crate::problem::{Problem, exit, io};
use crate::show::Ticker;
use crate::{decide, machine, paint};

/// Runs the command.
pub(super) fn run(options: &Verify) -> Result<ExitCode, Problem> {
    let asked = Options { place: options.evidence.clone(), key: options.key.clone(), root: options.root.clone() };
    let mut checks = verify::verify(&asked)?;
    if options.rerun {
        checks.extend(rerun(options)?);
    }
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

/// Repeats the job and compares. Its questions are answered as `--yes` answers them; what a person chose is in the request.
fn rerun(options: &Verify) -> Result<Vec<Check>, Problem> {
    let mut machine = machine::machine()?;
    let again = rerun::prepare(&machine, &options.evidence, options.root.as_deref())?;
    machine::isolate(&mut machine, &again.request)?;
    again.folder.create()?;
    start(&again.folder, &again.request)?;
    machine::catch_interrupts()?;
    let mut ticker = Ticker::new();
    let driven =
        drive(&again.folder, &machine, &mut *decide::decider(true, None), &mut |progress| ticker.take(progress));
    ticker.end_count();
    driven?;
    again.checks()
}

fn show(check: &Check) {
    let finding = match check.finding {
        Finding::Holds => paint::added("      holds"),
        Finding::Broken => paint::error("     BROKEN"),
        Finding::NotChecked => paint::dim("not checked"),
    };
    say!("{finding}  {:<13}  {}", check.code, check.sentence);
}
