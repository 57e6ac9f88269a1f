//! `iama jobs spec`: the spec of a job for scripts, and a revision from a file.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use iama_engine::spec::{Edited, Origin, Spec, markdown, revise};
use iama_engine::{JobFolder, folder};
use iama_sandbox::printable;
use serde_json::json;

use super::jobs::find;
use crate::args::{JobName, JobsSpec};
use crate::machine;
use crate::out::{bytes, say};
use crate::problem::{Problem, bad_input, io};
use crate::remote::Remote;

/// Runs the command.
pub(super) fn run(options: &JobsSpec) -> Result<ExitCode, Problem> {
    let folder = find(&options.name)?;
    let Some(file) = &options.set else { return print(&folder, &options.name) };
    let machine = machine::machine()?;
    let _lock = folder.lock()?;
    let edited = read(&current(&folder)?, file)?;
    let job = match Remote::of(&folder, &machine)? {
        Some(mut remote) => {
            let decided = remote.executor().edit_spec(&edited)?;
            remote.tell(&decided)?;
            remote.job()?
        }
        None => revise::commit(&folder, &machine, &edited, &mut |_| {})?,
    };
    let spec = revise::current(&folder)?;
    if options.name.json {
        let state = job.state.place().to_string();
        let told = json!({ "job": folder.id, "state": state, "revision": spec.revision, "token": spec.token });
        say!("{told}");
    } else {
        say!("revision {} of the spec; the job is {}", spec.revision, job.state.place());
    }
    Ok(ExitCode::SUCCESS)
}

fn print(folder: &JobFolder, name: &JobName) -> Result<ExitCode, Problem> {
    let spec = current(folder)?;
    if name.json {
        let text = serde_json::to_string(&spec).map_err(|error| io("cannot write the spec", &error.into()))?;
        say!("{text}");
    } else {
        bytes(markdown::write(&spec).as_bytes());
    }
    Ok(ExitCode::SUCCESS)
}

fn current(folder: &JobFolder) -> Result<Spec, Problem> {
    if !folder.file("spec.json").exists() {
        let hint = "a spec is drafted once a proposal was chosen: `iama jobs resume`";
        return Err(bad_input("SPEC_MISSING", format!("{} has no spec yet", folder.id), hint));
    }
    revise::current(folder)
}

fn read(spec: &Spec, file: &Path) -> Result<Edited, Problem> {
    let text = fs::read_to_string(file).map_err(|error| folder::cannot_read(file, &error))?;
    if markdown::token(&text).is_some_and(|token| token != spec.token) {
        return Err(revise::stale(spec));
    }
    let parsed = markdown::read(&text, spec).map_err(|faults| {
        let told: Vec<String> =
            faults.iter().map(|fault| format!("{}:{}: {}", file.display(), fault.line, fault.sentence)).collect();
        bad_input("SPEC_INVALID", printable(&told.join("\n")).into_owned(), "the spec stays as it was")
    })?;
    if parsed.items == spec.items {
        return Err(bad_input("SPEC_UNCHANGED", "the file says what the spec says", "change an item, or leave it"));
    }
    Ok(Edited { based_on: parsed.token, by: Origin::Person, items: parsed.items })
}
