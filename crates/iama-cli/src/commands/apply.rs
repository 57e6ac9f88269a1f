//! `iama apply` and `iama revert`.

use std::process::ExitCode;

use iama_engine::delivery::{self, Chosen};
use iama_engine::{JobFolder, journal};
use iama_job::state::{Delivery, Selection};
use iama_job::{Decision, EffectResult, Event, Job, State};
use serde_json::json;

use super::jobs::{find, job_of};
use super::put;
use crate::args::{Apply, Revert};
use crate::out::{count, say};
use crate::problem::{Problem, bad_input};
use crate::{decide, machine, show};

/// Writes a delivery, or a part of it, to the project.
pub(super) fn apply(options: &Apply) -> Result<ExitCode, Problem> {
    let folder = find(&options.name)?;
    let mut machine = machine::machine()?;
    let _lock = folder.lock()?;
    let before = job_of(&folder)?;
    let unfinished = matches!(before.state, State::FallbackRequired { .. });
    match (options.partial, unfinished) {
        (true, true) => return apply_partial(&folder, &machine, options),
        (true, false) => return Err(no_partial(&folder)),
        (false, true) => return Err(only_partial(&folder)),
        (false, false) => {}
    }
    let selection = if options.file.is_empty() && options.hunk.is_empty() {
        Selection::Whole
    } else {
        let chosen = Chosen { files: options.file.clone(), hunks: options.hunk.clone() };
        delivery::check_choice(&folder, &chosen)?;
        Selection::Subset { selection: delivery::keep_choice(&folder, &chosen)? }
    };
    if selection != Selection::Whole || !before.in_flight.is_empty() {
        // A part is tested on its own.
        machine::isolate(&mut machine, &folder.read("request.json")?)?;
    }
    machine::catch_interrupts()?;
    let mut ticker = show::Ticker::new();
    let decision = Decision::ApplyDelivery { selection, complexity_confirmed: false };
    let job = put(&folder, &machine, decision, &mut |progress| ticker.take(progress))?;
    ticker.end_count();
    match &job.state {
        State::Delivered { delivery: Delivery::Applied { .. }, .. } => {
            Ok(tell(&folder, &job, "applied", options.name.json))
        }
        _ => Err(refused(&folder)?),
    }
}

fn no_partial(folder: &JobFolder) -> Problem {
    let sentence = format!("{} has no partial patch: only a job that could not be finished has one", folder.id);
    bad_input("NO_PARTIAL", sentence, format!("`iama jobs show {}` says what is possible", folder.id))
}

fn only_partial(folder: &JobFolder) -> Problem {
    let sentence = format!("{} delivered nothing: some tests fail with what it has", folder.id);
    bad_input("PARTIAL_ONLY", sentence, format!("to take what there is: iama apply --partial {}", folder.id))
}

fn apply_partial(folder: &JobFolder, machine: &iama_engine::Machine, options: &Apply) -> Result<ExitCode, Problem> {
    let question = "The partial patch is not proven: some tests fail with it. Write it to the project?";
    if !options.yes && !decide::agreed(question) {
        return Err(Problem::decision("DECISION_NEEDED", "a partial patch is written only after a yes")
            .hint("run it in a terminal, or pass --yes"));
    }
    let job = put(folder, machine, Decision::DownloadPartial, &mut |_| {})?;
    let files = delivery::apply_partial(folder)?;
    if options.name.json {
        say_partial(folder, &job, "applied");
    } else {
        let them = if files == 1 { "it" } else { "them" };
        say!("{} written; `iama revert {}` takes {them} back", count(files, "file"), folder.id);
    }
    Ok(ExitCode::SUCCESS)
}

fn say_partial(folder: &JobFolder, job: &Job, partial: &str) {
    let state = job.state.place().to_string();
    say!("{}", json!({ "schema": "iama.delivery/1", "job": folder.id, "state": state, "partial": partial }));
}

/// Takes a delivery back, or puts it there again.
pub(super) fn revert(options: &Revert) -> Result<ExitCode, Problem> {
    let folder = find(&options.name)?;
    let machine = machine::machine()?;
    let _lock = folder.lock()?;
    let before = job_of(&folder)?;
    if matches!(before.state, State::FallbackRequired { .. }) {
        let there = delivery::revert_partial(&folder)?;
        if options.name.json {
            say_partial(&folder, &before, if there { "applied" } else { "reverted" });
        } else {
            say!("the partial patch is {}", if there { "there again" } else { "taken back" });
        }
        return Ok(ExitCode::SUCCESS);
    }
    let job = put(&folder, &machine, Decision::RevertDelivery, &mut |_| {})?;
    match (&before.state, &job.state) {
        (
            State::Delivered { delivery: Delivery::Applied { .. }, .. },
            State::Delivered { delivery: Delivery::Reverted { .. }, .. },
        ) => Ok(tell(&folder, &job, "reverted", options.name.json)),
        (
            State::Delivered { delivery: Delivery::Reverted { .. }, .. },
            State::Delivered { delivery: Delivery::Applied { .. }, .. },
        ) => Ok(tell(&folder, &job, "applied", options.name.json)),
        _ if job.reverse_patch.is_some() => Err(bad_input(
            "POST_COMMIT_REVERT_BLOCKED",
            "the delivery has been committed since",
            format!("apply the reverse patch yourself: iama patch apply {}", folder.file("reverse.json").display()),
        )),
        _ => Err(refused(&folder)?),
    }
}

/// Why the last decision came to nothing, by the journal.
fn refused(folder: &JobFolder) -> Result<Problem, Problem> {
    let records = journal::read(&folder.file("journal.jsonl"))?;
    let tests_failed = records
        .last()
        .is_some_and(|record| matches!(&record.event, Event::Result { result: EffectResult::TestsRun { .. }, .. }));
    Ok(if tests_failed {
        let sentence = "the chosen part does not pass the tests on its own; nothing was written";
        bad_input(
            "SUBSET_RED",
            sentence,
            "choose more of the delivery, or all of it; a file and its tests belong together",
        )
    } else {
        let sentence = "a file is not what the job left or found there; nothing was written";
        bad_input("EDITED_SINCE", sentence, "put the files back as they were, or start a new job")
    })
}

fn tell(folder: &JobFolder, job: &Job, what: &str, as_json: bool) -> ExitCode {
    let state = job.state.place().to_string();
    if as_json {
        say!("{}", json!({ "schema": "iama.delivery/1", "job": folder.id, "state": state }));
    } else {
        say!("{} {what}", folder.id);
    }
    ExitCode::SUCCESS
}
