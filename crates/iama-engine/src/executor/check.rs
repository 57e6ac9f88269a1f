//! What an order may be. Everything is read before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use iama_job::state::Selection;
use iama_job::{ArtifactId, Decision, Effect, Event, FoldError, Record, journal};

use super::{News, Order};
use crate::delivery::Chosen;
use crate::folder::JobFolder;
use crate::journal as mirror;
use crate::perform::PARTIAL;
use crate::problem::Problem;
use crate::spec::{Edited, revise};

/// The longest name of a job.
const NAME_BYTES: usize = 64;

/// The longest document.
const DOCUMENT_BYTES: usize = 4 << 20;

/// News that may be taken over.
pub(super) struct Checked<'n> {
    /// The records that are not in the mirror.
    pub(super) fresh: Vec<&'n Record>,
    /// What edited specs become, by revision.
    pub(super) edits: BTreeMap<u32, revise::Next>,
    /// Other documents that are not there yet.
    pub(super) texts: Vec<(&'n str, &'n str)>,
}

/// The name of a job becomes that of a folder.
pub(super) fn job_name(name: &str) -> Result<(), Problem> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !name.is_empty() && name.len() <= NAME_BYTES && name.bytes().all(plain) {
        return Ok(());
    }
    Err(refused("JOB_NAME_INVALID", "the server's name of the job cannot be the name of a folder"))
}

/// Reads an order.
pub(super) fn order<'o>(folder: &JobFolder, order: &'o Order) -> Result<Checked<'o>, Problem> {
    let dispatch = &order.dispatch;
    let waits = order.news.job.in_flight.iter().any(|open| open.dispatch == *dispatch);
    if !waits || dispatch.effect.answers().is_empty() {
        return Err(refused("ORDER_NOT_IN_FLIGHT", "the job does not wait for the effect that the server orders"));
    }
    if artifacts(&dispatch.effect).iter().any(|(id, is_one)| !is_one(&id.0)) {
        return Err(refused("ORDER_ARTIFACT_INVALID", "the effect names a file that is none of the job's own"));
    }
    news(folder, &order.news)
}

/// Reads what has happened to a job.
pub(super) fn news<'n>(folder: &JobFolder, news: &'n News) -> Result<Checked<'n>, Problem> {
    if news.job.id.0 != folder.id {
        return Err(refused("ORDER_FOREIGN", "the server speaks of another job"));
    }
    let seen = mirror::read(&folder.file("journal.jsonl"))?;
    let mut job = mirror::read_job(&folder.file("journal.jsonl"), &folder.id)?;
    let mut fresh = Vec::new();
    for record in &news.records {
        match record.seq.checked_sub(1).and_then(|at| seen.get(usize::try_from(at).ok()?)) {
            Some(known) if known == record => {}
            Some(_) => return Err(refused("ORDER_RECORDS_DIFFER", "a record is another than this machine has seen")),
            None => {
                job = journal::replay(&job, record).map_err(|error| unfolded(&error))?;
                fresh.push(record);
            }
        }
    }
    if job.seq > news.job.seq {
        return Err(refused("ORDER_STALE", "the job has gone on since the order was given"));
    }
    if job.seq < news.job.seq {
        return Err(missing());
    }
    if job != *news.job {
        return Err(refused("ORDER_JOB_DIFFERS", "the records lead to another job than the server says"));
    }
    let (edits, texts) = documents(folder, news)?;
    Ok(Checked { fresh, edits, texts })
}

/// Records that the rules do not accept.
pub(super) fn unfolded(error: &FoldError) -> Problem {
    match error {
        FoldError::OutOfOrder { .. } => missing(),
        FoldError::NewerRules { .. } => {
            Problem::input("JOURNAL_NEWER", error.to_string()).hint("update iama: the server is newer")
        }
        _ => refused("ORDER_RECORDS_INVALID", &format!("the records of the order cannot be: {error}")),
    }
}

fn missing() -> Problem {
    refused("ORDER_RECORDS_MISSING", "records between what this machine has seen and the order are missing")
}

fn refused(code: &'static str, sentence: &str) -> Problem {
    Problem::input(code, sentence).hint("nothing was done and nothing was written; ask the server for the order anew")
}

type Documents<'n> = (BTreeMap<u32, revise::Next>, Vec<(&'n str, &'n str)>);

/// Reads the documents: each has to be one that a record names, and to be what its name says.
fn documents<'n>(folder: &JobFolder, news: &'n News) -> Result<Documents<'n>, Problem> {
    let (mut named, mut revisions) = (BTreeSet::new(), BTreeSet::new());
    for record in &news.records {
        named.extend(named_by(&record.event).map(|id| id.0.clone()));
        revisions.extend(record.effects.iter().filter_map(|dispatch| match dispatch.effect {
            Effect::PersistSpec { revision, .. } => Some(revision),
            _ => None,
        }));
    }
    let mut edits = BTreeMap::new();
    let mut texts = Vec::new();
    for (name, text) in &news.documents {
        let revision = revisions.iter().copied().find(|revision| revise::edited_name(*revision) == *name);
        if text.len() > DOCUMENT_BYTES || (revision.is_none() && !(named.contains(name) && is_brought(name))) {
            return Err(refused("DOCUMENT_UNASKED", "the order brings a file that no record of it names"));
        }
        if let Some(revision) = revision {
            edits.insert(revision, serde_json::from_str::<Edited>(text).map_err(|_| invalid())?);
        } else if !fits(folder, name, text)? {
            texts.push((name.as_str(), text.as_str()));
        }
    }
    let is_made = |revision: &u32| folder.file(&format!("spec/{revision}.json")).exists();
    let open: Vec<u32> = revisions.into_iter().filter(|revision| !is_made(revision)).collect();
    edits.retain(|revision, _| open.contains(revision));
    Ok((revise::plan(folder, &open, &edits)?, texts))
}

/// Whether a document is there already; one that is there with another text is refused.
fn fits(folder: &JobFolder, name: &str, text: &str) -> Result<bool, Problem> {
    if is_selection(name) {
        serde_json::from_str::<Chosen>(text).map_err(|_| invalid())?;
    }
    match std::fs::read_to_string(folder.file(name)) {
        Ok(known) if known == text => Ok(true),
        Ok(_) => Err(refused("DOCUMENT_DIFFERS", "a file of the order is there already and says something else")),
        Err(_) => Ok(false),
    }
}

fn invalid() -> Problem {
    refused("DOCUMENT_INVALID", "a file of the order is not what its name says")
}

/// The file that an event names and that may have been made elsewhere.
fn named_by(event: &Event) -> Option<&ArtifactId> {
    match event {
        Event::Decision(Decision::Command { command }) => Some(command),
        Event::Decision(Decision::ApplyDelivery { selection: Selection::Subset { selection }, .. }) => Some(selection),
        _ => None,
    }
}

/// A file that an effect names, and what its name has to be.
type Named<'e> = (&'e ArtifactId, fn(&str) -> bool);

fn artifacts(effect: &Effect) -> Vec<Named<'_>> {
    match effect {
        Effect::ApplyPatch { patch } => vec![(patch, is_patch)],
        Effect::GeneratePatch { command: Some(command), .. } => vec![(command, is_command)],
        Effect::RetestSelection { selection: Selection::Subset { selection } }
        | Effect::ApplyDelivery { selection: Selection::Subset { selection } }
        | Effect::RevertDelivery { selection: Selection::Subset { selection } } => vec![(selection, is_selection)],
        _ => Vec::new(),
    }
}

fn is_brought(name: &str) -> bool {
    is_command(name) || is_selection(name)
}

fn is_patch(name: &str) -> bool {
    name == "recipes.json" || name == PARTIAL || is_numbered(name, "model-", ".json")
}

fn is_command(name: &str) -> bool {
    is_numbered(name, "command-", ".txt")
}

fn is_selection(name: &str) -> bool {
    is_numbered(name, "selection-", ".json")
}

fn is_numbered(name: &str, before: &str, after: &str) -> bool {
    let number = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    number.is_some_and(|number| (1..=10).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_anywhere_else_are_none_of_the_jobs_own() {
        for name in ["../a", "a/b", "", ".", "a.b", "a\0", "ä", &"a".repeat(65)] {
            assert_eq!(job_name(name).unwrap_err().code, "JOB_NAME_INVALID", "{name:?}");
        }
        job_name("0198c1f2-7d1e-7c3a-9f00-b1a2c3d4e5f6").unwrap();
        for name in ["command-../../k.txt", "command-.txt", "command-1.txt/", "/command-1.txt", "command-1.json"] {
            assert!(!is_command(name), "{name:?}");
        }
        assert!(is_command("command-12.txt") && is_patch("model-7.json") && is_selection("selection-1.json"));
        assert!(!is_patch("evidence.json") && !is_patch("calls/1-1.json"));
    }
}
