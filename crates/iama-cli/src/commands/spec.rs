//! `iama jobs spec`: the spec of a job for scripts, and a revision from a file.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use iama_engine::executor::server_of;
use iama_engine::spec::{Edited, Origin, Preview, Spec, markdown, revise};
use iama_engine::{JobFolder, Machine, folder};
use iama_job::Job;
use iama_sandbox::printable;
use serde_json::json;

use super::jobs::find;
use crate::args::{JobName, JobsSpec};
use crate::decide::previewed;
use crate::machine;
use crate::models;
use crate::out::{bytes, say, tell};
use crate::problem::{Problem, bad_input, io};
use crate::remote::Remote;

/// Runs the command.
pub(super) fn run(options: &JobsSpec) -> Result<ExitCode, Problem> {
    let folder = find(&options.name)?;
    if options.set.is_none() && options.words.is_none() {
        return print(&folder, &options.name);
    }
    let mut machine = machine::machine()?;
    let _lock = folder.lock()?;
    if options.words.is_some() && server_of(&folder)?.is_none() {
        models::connect(&mut machine, &folder.read("request.json")?)?;
    }
    machine::catch_interrupts()?;
    let mut remote = Remote::of(&folder, &machine)?;
    let spec = current(&folder)?;
    let edited = match (&options.set, &options.words) {
        (Some(file), _) => read(&spec, file)?,
        (None, words) => {
            let preview = preview(&folder, &machine, remote.as_ref(), &spec, words.as_deref().unwrap_or_default())?;
            if !options.take {
                show(&folder, &spec, &preview, options.name.json);
                return Ok(ExitCode::SUCCESS);
            }
            for line in previewed(&spec, &preview) {
                tell!("{line}");
            }
            if preview.edited.items == spec.items {
                return Err(unchanged("the words change nothing"));
            }
            preview.edited
        }
    };
    let job = match &mut remote {
        Some(remote) => {
            let decided = remote.executor().edit_spec(&edited)?;
            remote.tell(&decided)?;
            remote.rest(&mut |_| ())?
        }
        None => revise::commit(&folder, &machine, &edited, &mut |_| {})?,
    };
    told(&folder, &job, options.name.json)
}

/// What a model makes of the spec: the server's, or this machine's.
fn preview(
    folder: &JobFolder,
    machine: &Machine,
    remote: Option<&Remote<'_>>,
    spec: &Spec,
    words: &str,
) -> Result<Preview, Problem> {
    if words.trim().is_empty() {
        return Err(bad_input(
            "WORDS_NEEDED",
            "nothing was asked for",
            "say what should be different with --words TEXT",
        ));
    }
    match remote {
        Some(remote) => remote.preview(spec, words.trim()),
        None => iama_engine::preview(folder, machine, words.trim(), &mut |_| ()),
    }
}

fn show(folder: &JobFolder, spec: &Spec, preview: &Preview, json: bool) {
    if json {
        let changes = revise::changes(&spec.items, &preview.edited.items);
        let Preview { words, says, refused, .. } = preview;
        let (job, token) = (&folder.id, &spec.token);
        say!(
            "{}",
            json!({ "job": job, "token": token, "words": words, "says": says, "refused": refused, "changes": changes })
        );
    } else {
        for line in previewed(spec, preview) {
            say!("{line}");
        }
        say!("\nTo make it so, say the same once more with --take.");
    }
}

fn told(folder: &JobFolder, job: &Job, json: bool) -> Result<ExitCode, Problem> {
    let spec = revise::current(folder)?;
    if json {
        let state = job.state.place().to_string();
        let told = json!({ "job": folder.id, "state": state, "revision": spec.revision, "token": spec.token });
        say!("{told}");
    } else {
        say!("revision {} of the spec; the job is {}", spec.revision, job.state.place());
    }
    Ok(ExitCode::SUCCESS)
}

fn unchanged(sentence: &str) -> Problem {
    bad_input("SPEC_UNCHANGED", sentence, "change an item, or leave it")
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
        return Err(unchanged("the file says what the spec says"));
    }
    Ok(Edited { based_on: parsed.token, by: Origin::Person, items: parsed.items })
}
