//! Revisions of a spec. What is to become one waits in `spec/next.json`; it becomes one when the job says so, and never before
//! its journal does.

use std::collections::BTreeMap;
use std::fs;

use iama_job::{Decision, Job};
use serde::{Deserialize, Serialize};

use super::record::{Kind, Numbers, Origin, Spec, SpecItem};
use super::{check, markdown};
use crate::driver::{self, Progress};
use crate::folder::{JobFolder, cannot_write, write_whole};
use crate::perform::sha256;
use crate::problem::Problem;
use crate::request::Machine;

/// The current revision.
pub(crate) const SPEC: &str = "spec.json";

const NEXT: &str = "spec/next.json";

/// An edited spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// The token of the revision that was edited.
    pub based_on: String,
    /// Who edited it.
    pub by: Origin,
    /// All items; new ones without an id.
    pub items: Vec<SpecItem>,
}

/// What is to become the next revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Next {
    strategy: iama_recipes::Strategy,
    based_on: Option<String>,
    by: Origin,
    numbers: Numbers,
    items: Vec<SpecItem>,
}

/// The current revision.
pub fn current(folder: &JobFolder) -> Result<Spec, Problem> {
    folder.read(SPEC)
}

/// Makes an edited spec the next revision of a job, which cancels what the job is carrying out. `SPEC_STALE` when another
/// revision was made meanwhile; `SPEC_INVALID` when the edit does what none may.
pub fn commit(
    folder: &JobFolder,
    machine: &Machine,
    edited: &Edited,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Job, Problem> {
    stage(folder, edited)?;
    let done = driver::decide(folder, machine, Decision::EditSpec, progress);
    if done.is_err() {
        unstage(folder);
    }
    done
}

/// Puts an edited spec where the next revision is made from.
pub(crate) fn stage(folder: &JobFolder, edited: &Edited) -> Result<(), Problem> {
    put(folder, &next_of(&current(folder)?, edited)?)
}

/// What an edit makes of a revision.
fn next_of(base: &Spec, edited: &Edited) -> Result<Next, Problem> {
    if base.token != edited.based_on {
        return Err(stale(base));
    }
    let faults = check::faults(base, &edited.items);
    if !faults.is_empty() {
        let told: Vec<String> = faults.into_iter().map(|fault| fault.sentence).collect();
        return Err(Problem::input("SPEC_INVALID", told.join("; ")).hint("the spec stays as it was"));
    }
    let mut next = base.next;
    let named = |item: &SpecItem| {
        let id = if item.id.is_empty() { next.take(item.kind).unwrap_or_default() } else { item.id.clone() };
        SpecItem { id, ..item.clone() }
    };
    let items = edited.items.iter().map(named).collect();
    Ok(Next { strategy: base.strategy, based_on: Some(base.token.clone()), by: edited.by, numbers: next, items })
}

/// The name under which a spec that was edited elsewhere comes to become a revision.
pub(crate) fn edited_name(revision: u32) -> String {
    format!("spec/{revision}.edited.json")
}

/// What edits from elsewhere will become, revision by revision, in the order in which a journal asks for them. Nothing is
/// written; an edit that none may make, or that was made from another revision, is refused.
pub(crate) fn plan(
    folder: &JobFolder,
    revisions: &[u32],
    edits: &BTreeMap<u32, Edited>,
) -> Result<BTreeMap<u32, Next>, Problem> {
    let mut base: Option<Spec> = folder.read_if_kept(SPEC)?;
    let mut waiting: Option<Next> = folder.read_if_kept(NEXT)?;
    let mut planned = BTreeMap::new();
    for revision in revisions {
        let token = base.as_ref().map(|spec| spec.token.clone());
        let fits = waiting.take().filter(|next| next.based_on == token);
        let next = match (edits.get(revision), base, fits) {
            (Some(edited), Some(base), _) => {
                let next = next_of(&base, edited)?;
                planned.insert(*revision, next.clone());
                next
            }
            (Some(_), None, _) => {
                return Err(Problem::input("SPEC_STALE", "there is no spec yet that could be edited"));
            }
            (None, _, Some(next)) => next,
            (None, Some(base), None) => unchanged(base),
            (None, None, None) => return Ok(planned),
        };
        base = Some(revision_of(folder, *revision, next));
    }
    Ok(planned)
}

/// An edit was made from another revision than this one.
pub fn stale(current: &Spec) -> Problem {
    let sentence = format!("the spec has become revision {} since it was taken for editing", current.revision);
    Problem::decision("SPEC_STALE", sentence).hint("look at the new revision and make the change there")
}

/// Takes back what was staged and did not become a revision. What cannot be removed is overwritten by the next edit.
pub(crate) fn unstage(folder: &JobFolder) {
    let _ = fs::remove_file(folder.file(NEXT));
}

/// Puts the first revision where it is made from: items without ids, which are given in their order.
pub(crate) fn stage_first(
    folder: &JobFolder,
    strategy: iama_recipes::Strategy,
    by: Origin,
    items: Vec<SpecItem>,
) -> Result<(), Problem> {
    let mut next = Numbers::default();
    let named = |item: SpecItem| match next.take(item.kind) {
        Some(id) => SpecItem { id, ..item },
        None => item,
    };
    let items = items.into_iter().map(named).collect();
    put(folder, &Next { strategy, based_on: None, by, numbers: next, items })
}

/// Puts what is to become the next revision where it is made from.
pub(crate) fn put(folder: &JobFolder, next: &Next) -> Result<(), Problem> {
    let path = folder.file("spec");
    fs::create_dir_all(&path).map_err(|error| cannot_write(&path, &error))?;
    folder.keep(NEXT, next)
}

/// Makes what waits the given revision. Safe to call again after a crash: what has become a revision stays it, and what waits
/// to become a later one goes on waiting.
pub(crate) fn persist(folder: &JobFolder, revision: u32) -> Result<(), Problem> {
    let name = format!("spec/{revision}.json");
    let waiting: Option<Next> = folder.read_if_kept(NEXT)?;
    let spec = if let Some(known) = folder.read_if_kept::<Spec>(&name)? {
        known
    } else {
        let before = folder.read_if_kept::<Spec>(SPEC)?;
        let base = before.as_ref().map(|spec| spec.token.clone());
        let fits = waiting.clone().filter(|next| next.based_on == base);
        let next = match (fits, before) {
            (Some(next), _) => next,
            (None, Some(before)) => unchanged(before),
            (None, None) => folder.read(NEXT)?,
        };
        let spec = revision_of(folder, revision, next);
        write_whole(&folder.file(&format!("spec/{revision}.md")), markdown::write(&spec).as_bytes())?;
        folder.keep(&name, &spec)?;
        spec
    };
    folder.keep(SPEC, &spec)?;
    if waiting.is_some_and(|next| next.based_on.as_ref() != Some(&spec.token)) {
        unstage(folder);
    }
    Ok(())
}

fn revision_of(folder: &JobFolder, revision: u32, next: Next) -> Spec {
    let token = token(folder, revision, &next);
    let Next { strategy, based_on, by, numbers, items } = next;
    Spec { strategy, revision, token, based_on, by, next: numbers, items }
}

fn unchanged(spec: Spec) -> Next {
    Next { strategy: spec.strategy, based_on: Some(spec.token), by: spec.by, numbers: spec.next, items: spec.items }
}

/// The same revision of the same job has the same name wherever it is worked out.
fn token(folder: &JobFolder, revision: u32, next: &Next) -> String {
    let text = serde_json::to_string(next).unwrap_or_default();
    let mut hash = sha256(format!("{}\n{revision}\n{text}", folder.id).as_bytes());
    hash.truncate(32);
    hash
}

/// What became of each item between two revisions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Items that are new.
    pub added: Vec<SpecItem>,
    /// Items that say something else: before and after.
    pub changed: Vec<(SpecItem, SpecItem)>,
    /// Items that are gone.
    pub removed: Vec<SpecItem>,
    /// Whether items that stay are in another order.
    pub moved: bool,
}

impl Changes {
    /// Whether nothing is different.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What is different in the second list of items. Items without an id are new.
pub fn changes(before: &[SpecItem], after: &[SpecItem]) -> Changes {
    let find = |items: &'_ [SpecItem], id: &str| items.iter().find(|item| item.id == id).cloned();
    let mut changes = Changes::default();
    for item in after {
        match find(before, &item.id) {
            None => changes.added.push(item.clone()),
            Some(old) if !old.says_the_same(item) => changes.changed.push((old, item.clone())),
            Some(_) => {}
        }
    }
    changes.removed = before.iter().filter(|item| find(after, &item.id).is_none()).cloned().collect();
    let order = |items: &[SpecItem], others: &[SpecItem], kind: Kind| -> Vec<String> {
        let both = items.iter().filter(|item| item.kind == kind && find(others, &item.id).is_some());
        both.map(|item| item.id.clone()).collect()
    };
    changes.moved = [Kind::Rule, Kind::Behaviour, Kind::Design]
        .iter()
        .any(|kind| order(before, after, *kind) != order(after, before, *kind));
    changes
}
