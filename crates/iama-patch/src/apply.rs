//! All operations of a patch, or none.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::anchor;
use crate::files::{FileState, Files, check_path, sha256};
use crate::outcome::{OperationOutcome, Outcome};
use crate::patch::{Action, Operation, Patch};
use crate::symbolic;
use crate::working::Working;

/// What became of a patch.
#[derive(Debug, Clone, PartialEq)]
pub struct Application {
    /// One for each operation, in order.
    pub outcomes: Vec<OperationOutcome>,
    /// The files that are different afterwards, `None` for those that are gone. Nothing when any operation was refused.
    pub changed: Option<BTreeMap<String, Option<FileState>>>,
}

impl Application {
    /// The first operation that was refused for a reason of its own.
    pub fn refusal(&self) -> Option<&OperationOutcome> {
        self.outcomes.iter().find(|outcome| outcome.outcome.is_refused())
    }
}

/// Applies a patch to files in memory.
///
/// The operations run in order, each on the files as the ones before it left them. After a refusal the later operations on
/// the same file are not tried; those on other files are, so that all that is wrong can be told at once.
pub fn apply(patch: &Patch, files: &Files) -> Application {
    let stale = stale_bases(patch, files);
    let named: BTreeSet<&str> = patch.operations.iter().flat_map(paths_of).collect();
    // A file that no operation names may still be one that the patch relies on.
    let context = stale.iter().find(|(path, _)| !named.contains(path.as_str())).map(|(_, stale)| stale);
    let mut run = Run {
        patch,
        files,
        stale: &stale,
        context,
        working: Working::new(files),
        refused: BTreeMap::new(),
        ids: BTreeSet::new(),
    };
    let mut outcomes: Vec<OperationOutcome> = patch.operations.iter().map(|operation| run.outcome(operation)).collect();
    let Run { working, refused, .. } = run;
    let changed = if refused.is_empty() && stale.is_empty() { finish(working, &mut outcomes) } else { None };
    if changed.is_none() {
        for outcome in outcomes.iter_mut().filter(|outcome| outcome.is_applied()) {
            outcome.outcome = Outcome::HeldBack;
        }
    }
    Application { outcomes, changed }
}

fn finish(working: Working<'_>, outcomes: &mut [OperationOutcome]) -> Option<BTreeMap<String, Option<FileState>>> {
    match working.finish() {
        Ok(changed) => Some(changed),
        Err((path, error)) => {
            let last = outcomes.iter_mut().rev().find(|outcome| outcome.path == path);
            if let Some(last) = last {
                last.outcome = Outcome::unencodable(&error);
            }
            None
        }
    }
}

/// The files whose state is not the one that the patch was made for.
fn stale_bases(patch: &Patch, files: &Files) -> BTreeMap<String, Outcome> {
    let stale = patch.base.iter().filter_map(|(path, expected)| {
        let found = files.get(path).map(|state| sha256(&state.bytes));
        let outcome = match (expected, &found) {
            (Some(expected), Some(found)) if expected.eq_ignore_ascii_case(found) => return None,
            (None, None) => return None,
            (Some(_), None) => Outcome::FileNotFound { file: path.clone() },
            _ => Outcome::BaseHashMismatch { file: path.clone(), expected: expected.clone(), found },
        };
        Some((path.clone(), outcome))
    });
    stale.collect()
}

struct Run<'p> {
    patch: &'p Patch,
    files: &'p Files,
    stale: &'p BTreeMap<String, Outcome>,
    /// What is wrong with a file that the patch relies on without touching it.
    context: Option<&'p Outcome>,
    working: Working<'p>,
    /// The files of refused operations, each with the operation's id.
    refused: BTreeMap<String, String>,
    ids: BTreeSet<&'p str>,
}

impl<'p> Run<'p> {
    fn outcome(&mut self, operation: &'p Operation) -> OperationOutcome {
        let outcome = self.try_operation(operation).map_or_else(|refusal| refusal, |line| Outcome::Applied { line });
        if !outcome.is_applied() {
            for path in paths_of(operation) {
                self.refused.entry(path.to_owned()).or_insert_with(|| operation.id.clone());
            }
        }
        OperationOutcome { id: operation.id.clone(), path: operation.path.clone(), outcome }
    }

    fn try_operation(&mut self, operation: &'p Operation) -> Result<u32, Outcome> {
        if !self.ids.insert(&operation.id) {
            return Err(Outcome::DuplicateId);
        }
        for path in paths_of(operation) {
            check_path(path).map_err(|reason| Outcome::PathOutsideWorkspace { file: path.to_owned(), reason })?;
        }
        for path in paths_of(operation) {
            if let Some(refused) = self.refused.get(path) {
                return Err(Outcome::NotTried { refused: refused.clone() });
            }
            self.check_base(path, &operation.action)?;
        }
        self.run(operation)
    }

    fn check_base(&self, path: &str, action: &Action) -> Result<(), Outcome> {
        let makes = matches!(action, Action::Create { .. } | Action::Move { .. });
        match self.stale.get(path) {
            Some(Outcome::BaseHashMismatch { expected: None, .. }) if makes => {
                return Err(Outcome::FileExists { file: path.to_owned() });
            }
            Some(stale) => return Err(stale.clone()),
            None => {}
        }
        if !self.patch.base.contains_key(path) {
            return Err(Outcome::BaseHashMissing { file: path.to_owned() });
        }
        self.context.map_or(Ok(()), |stale| Err(stale.clone()))
    }

    fn run(&mut self, operation: &Operation) -> Result<u32, Outcome> {
        let path = &operation.path;
        match &operation.action {
            Action::ExactSearchReplace { search, replace } => self.search_replace(path, search, replace),
            Action::Create { content, executable } => {
                self.refuse_obstacle(path)?;
                self.working.create(path, FileState { bytes: content.0.clone(), executable: *executable });
                Ok(1)
            }
            Action::Delete {} => self.working.remove(path).map(|_| 1),
            Action::Move { to } => {
                let state = self.working.remove(path)?;
                self.refuse_obstacle(to)?;
                self.working.create(to, state);
                Ok(1)
            }
            symbolic => symbolic::run(self.working.open(path)?, symbolic),
        }
    }

    fn search_replace(&mut self, path: &str, search: &str, replace: &str) -> Result<u32, Outcome> {
        let was_touched = self.working.is_touched(path);
        let file = self.working.open(path)?;
        anchor::search_replace(file, search, replace).map_err(|refusal| match refusal {
            Outcome::AnchorNotFound { .. } if was_touched && self.stood_before(path, search) => {
                Outcome::OverlappingOperations
            }
            refusal => refusal,
        })
    }

    /// Whether a search text was in the file before the patch.
    fn stood_before(&self, path: &str, search: &str) -> bool {
        let mut before = Working::new(self.files);
        before.open(path).is_ok_and(|file| {
            let search = anchor::in_ending(search, file.line_end());
            !search.is_empty() && file.text().contains(&*search)
        })
    }

    fn refuse_obstacle(&self, path: &str) -> Result<(), Outcome> {
        self.working.obstacle(path).map_or(Ok(()), |file| Err(Outcome::FileExists { file }))
    }
}

fn paths_of(operation: &Operation) -> impl Iterator<Item = &str> {
    let to = match &operation.action {
        Action::Move { to } => Some(to.as_str()),
        _ => None,
    };
    std::iter::once(operation.path.as_str()).chain(to)
}

/// An application as a report: the outcomes, and what is different without its bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Whether every operation landed.
    pub applied: bool,
    /// One for each operation, in order.
    pub outcomes: Vec<OperationOutcome>,
    /// The files that are different afterwards, each with its new hash; null for those that are gone.
    pub changed: BTreeMap<String, Option<String>>,
}

impl From<&Application> for Report {
    fn from(application: &Application) -> Self {
        let changed = application.changed.iter().flatten();
        let hash = |state: &Option<FileState>| state.as_ref().map(|state| sha256(&state.bytes));
        Self {
            applied: application.changed.is_some(),
            outcomes: application.outcomes.clone(),
            changed: changed.map(|(path, state)| (path.clone(), hash(state))).collect(),
        }
    }
}
