//! A delivery reaches the user's tree, in whole or in part, and can be taken back.
//!
//! Nothing is written before every file has been checked: each must be what the job saw, or already what it is to become
//! (a process may have died half-way). What fails half-way is put back.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use iama_job::event::TestOutcome;
use iama_job::state::Selection;
use iama_job::{ArtifactId, EffectResult, Fingerprint};
use iama_patch::{FileState, Files, Patch};
use serde::{Deserialize, Serialize};

use crate::copies::{copy_project, remove};
use crate::folder::{cannot_read, cannot_write, write_whole};
use crate::perform::{Shop, run_tests_in, sha256};
use crate::problem::Problem;

/// What was chosen of a delivery: `selection-N.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Whole files.
    pub files: Vec<String>,
    /// Hunks by name, `path#n`.
    pub hunks: Vec<String>,
}

/// What was written to the user's tree: `applied.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Applied {
    selection: Selection,
    forward: Patch,
    reverse: Patch,
    /// The commit that was checked out.
    head: Option<String>,
}

impl Shop<'_> {
    /// The files of a delivery before and after, for all of it or a part.
    fn delivery(&self, selection: &Selection) -> Result<(Files, Files), Problem> {
        let patch: Patch = self.folder.read("patch.json")?;
        let before = self.originals(patch.base.iter().filter(|(_, hash)| hash.is_some()).map(|(path, _)| path))?;
        let after = applied(&patch, &before)?;
        match selection {
            Selection::Whole => Ok((before, after)),
            Selection::Subset { selection } => {
                let chosen: Chosen = self.folder.read(&selection.0)?;
                let part = choose(&before, &after, &chosen)?;
                Ok((before, part))
            }
        }
    }

    /// Tests a part of a delivery on its own.
    pub(crate) fn retest(&mut self, selection: &Selection) -> Result<TestOutcome, Problem> {
        (self.progress)(crate::driver::Progress::Stage("testing the chosen part on its own"));
        let after = match self.delivery(selection) {
            Ok((_, after)) => after,
            // The part cannot be tested, so it is not shown to be good.
            Err(problem) if matches!(problem.code, "SELECTION_INVALID" | "WORKSPACE_CHANGED") => {
                return Ok(TestOutcome::Failed { fingerprint: Fingerprint::of([]) });
            }
            Err(problem) => return Err(problem),
        };
        let copy = self.folder.file("subset");
        copy_project(&self.folder.root, &copy)?;
        for (path, state) in &after {
            write_whole(&copy.join(path), &state.bytes)?;
        }
        let outcome = run_tests_in(self, &copy, "subset.suite.json", 1, &[]);
        remove(&copy)?;
        outcome
    }

    /// Writes a delivery to the user's tree.
    pub(crate) fn apply_delivery(&mut self, selection: &Selection) -> Result<EffectResult, Problem> {
        let known = self.folder.read_if_kept::<Applied>("applied.json")?;
        let applied = match known.filter(|known| known.selection == *selection) {
            Some(applied) => applied,
            None => match self.delivery(selection) {
                Ok((before, after)) => {
                    let (forward, reverse) =
                        (iama_patch::between(&before, &after), iama_patch::between(&after, &before));
                    Applied { selection: selection.clone(), forward, reverse, head: self.head() }
                }
                Err(problem) if problem.code == "WORKSPACE_CHANGED" => {
                    return Ok(EffectResult::DeliveryRefused { code: "BASE_HASH_MISMATCH".to_owned() });
                }
                Err(problem) => return Err(problem),
            },
        };
        self.folder.keep("applied.json", &applied)?;
        Ok(match put(&self.folder.root, &applied.forward, &applied.reverse)? {
            Put::Done => EffectResult::DeliveryApplied,
            Put::Changed => EffectResult::DeliveryRefused { code: "BASE_HASH_MISMATCH".to_owned() },
        })
    }

    /// Takes a delivery back, unless the user has edited its files or committed it.
    pub(crate) fn revert_delivery(&mut self, _: &Selection) -> Result<EffectResult, Problem> {
        let applied: Applied = self.folder.read("applied.json")?;
        if self.is_committed(&applied) {
            self.folder.keep("reverse.json", &applied.reverse)?;
            return Ok(EffectResult::RevertBlocked { reverse_patch: ArtifactId("reverse.json".to_owned()) });
        }
        Ok(match put(&self.folder.root, &applied.reverse, &applied.forward)? {
            Put::Done => EffectResult::DeliveryReverted,
            Put::Changed => EffectResult::DeliveryRefused { code: "EDITED_SINCE".to_owned() },
        })
    }

    fn head(&self) -> Option<String> {
        self.run_tool(&self.folder.root, &["git", "rev-parse", "HEAD"]).map(|head| head.trim().to_owned())
    }

    /// Whether the delivery is part of a commit: another one is checked out, and the files are as it has them.
    fn is_committed(&self, applied: &Applied) -> bool {
        let (Some(then), Some(now)) = (&applied.head, self.head()) else { return false };
        if *then == now {
            return false;
        }
        let mut arguments = vec!["git", "--no-optional-locks", "status", "--porcelain", "--"];
        arguments.extend(applied.forward.base.keys().map(String::as_str));
        self.run_tool(&self.folder.root, &arguments).is_some_and(|output| output.trim().is_empty())
    }
}

/// Keeps what was chosen, under a name of its own.
pub fn keep_choice(folder: &crate::JobFolder, chosen: &Chosen) -> Result<ArtifactId, Problem> {
    let number = (1..10_000).find(|number| !folder.file(&format!("selection-{number}.json")).exists()).unwrap_or(1);
    let name = format!("selection-{number}.json");
    folder.keep(&name, chosen)?;
    Ok(ArtifactId(name))
}

/// Whether a choice names parts that a delivery has. Asked before a decision is put, so that no job waits for the impossible.
pub fn check_choice(folder: &crate::JobFolder, chosen: &Chosen) -> Result<(), Problem> {
    let patch: Patch = folder.read("patch.json")?;
    let mut before = Files::new();
    for path in patch.base.keys() {
        before.extend(read(&folder.root.join(path))?.map(|state| (path.clone(), state)));
    }
    match applied(&patch, &before) {
        Ok(after) => choose(&before, &after, chosen).map(|_| ()),
        Err(_) => Err(changed_since()),
    }
}

/// A part of a change; a part that does not exist or needs more is an error that says so.
pub fn choose(before: &Files, after: &Files, chosen: &Chosen) -> Result<Files, Problem> {
    let selection = iama_patch::Selection { files: chosen.files.clone(), hunks: chosen.hunks.clone() };
    iama_patch::select(before, after, &selection).map_err(|error| {
        Problem::input("SELECTION_INVALID", error.to_string())
            .hint("`iama jobs show JOB` lists the files and hunks of a delivery")
    })
}

/// The files after a patch that is known to fit.
fn applied(patch: &Patch, before: &Files) -> Result<Files, Problem> {
    let application = iama_patch::apply(patch, before);
    let Some(changed) = application.changed else {
        return Err(Problem::input("PATCH_INVALID", "the patch of the job no longer fits its own files")
            .hint("the job's folder was changed; start a new job"));
    };
    let mut after = before.clone();
    for (path, state) in changed {
        match state {
            Some(state) => after.insert(path, state),
            None => after.remove(&path),
        };
    }
    Ok(after)
}

enum Put {
    Done,
    Changed,
}

/// Carries a patch out on a folder, file by file. `back` is its inverse and knows what each file is to become.
fn put(root: &Path, patch: &Patch, back: &Patch) -> Result<Put, Problem> {
    let mut parts = by_file(patch);
    let mut todo = BTreeMap::new();
    for (path, base) in &patch.base {
        let now = read(&root.join(path))?;
        let hash = now.as_ref().map(|state| sha256(&state.bytes));
        if hash == *base {
            let Some(part) = parts.remove(path) else { continue };
            let before: Files = now.iter().map(|state| (path.clone(), state.clone())).collect();
            let after = applied(&part, &before)?.remove(path);
            todo.insert(path.clone(), (now, after));
        } else if back.base.get(path) != Some(&hash) {
            return Ok(Put::Changed);
        }
    }
    let mut done: Vec<&String> = Vec::new();
    for (path, (_, after)) in &todo {
        if let Err(problem) = write(&root.join(path), after.as_ref()) {
            for path in done {
                // The first failure is the one to report; what can be put back is put back.
                let _ = write(&root.join(path), todo[path].0.as_ref());
            }
            return Err(problem);
        }
        done.push(path);
    }
    Ok(Put::Done)
}

/// Whether every file is what the patch starts from.
fn is_at(root: &Path, patch: &Patch) -> Result<bool, Problem> {
    for (path, base) in &patch.base {
        if read(&root.join(path))?.map(|state| sha256(&state.bytes)) != *base {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A patch of its own for each file.
fn by_file(patch: &Patch) -> BTreeMap<String, Patch> {
    let alone = |(path, base): (&String, &Option<String>)| {
        let base = [(path.clone(), base.clone())].into();
        (path.clone(), Patch { schema: patch.schema, base, operations: Vec::new() })
    };
    let mut parts: BTreeMap<String, Patch> = patch.base.iter().map(alone).collect();
    for operation in &patch.operations {
        if let Some(part) = parts.get_mut(&operation.path) {
            part.operations.push(operation.clone());
        }
    }
    parts
}

fn read(path: &Path) -> Result<Option<FileState>, Problem> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(FileState { bytes, executable: crate::perform::is_executable(path) })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot_read(path, &error)),
    }
}

fn write(path: &Path, state: Option<&FileState>) -> Result<(), Problem> {
    match state {
        Some(state) => {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
            }
            write_whole(path, &state.bytes)
        }
        None => match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot_write(path, &error)),
            _ => Ok(()),
        },
    }
}

/// Writes the partial patch of a job that could not be finished to the user's tree.
pub fn apply_partial(folder: &crate::JobFolder) -> Result<usize, Problem> {
    let forward: Patch = folder.read("partial.json")?;
    let mut before = Files::new();
    for path in forward.base.keys() {
        if let Some(state) = read(&folder.root.join(path))? {
            before.insert(path.clone(), state);
        }
    }
    let known = folder.read_if_kept::<Applied>("applied.json")?;
    let applied = if let Some(applied) = known {
        applied
    } else {
        let after = applied(&forward, &before).map_err(|_| changed_since())?;
        let reverse = iama_patch::between(&after, &before);
        Applied { selection: Selection::Whole, forward, reverse, head: None }
    };
    folder.keep("applied.json", &applied)?;
    match put(&folder.root, &applied.forward, &applied.reverse)? {
        Put::Done => Ok(applied.forward.base.len()),
        Put::Changed => Err(changed_since()),
    }
}

/// Takes a partial patch back; taken back already, puts it there again. Says whether it is there now.
pub fn revert_partial(folder: &crate::JobFolder) -> Result<bool, Problem> {
    let applied: Applied = folder.read_if_kept("applied.json")?.ok_or_else(|| {
        Problem::input("NOT_APPLIED", "nothing of this job was applied").hint("`iama jobs list` shows what was")
    })?;
    let (mut there, mut wanted, mut back) = (false, &applied.reverse, &applied.forward);
    if is_at(&folder.root, &applied.forward)? {
        (there, wanted, back) = (true, &applied.forward, &applied.reverse);
    }
    match put(&folder.root, wanted, back)? {
        Put::Done => Ok(there),
        Put::Changed => Err(changed_since()),
    }
}

fn changed_since() -> Problem {
    Problem::input("EDITED_SINCE", "a file was changed meanwhile, so nothing was written")
        .hint("put the file back as it was, or start a new job on what is there now")
}
