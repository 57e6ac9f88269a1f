//! The job's copy: patches land on it, steps are taken back, and what a person changes in it is noticed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use iama_job::effect::RestorePoint;
use iama_job::{ArtifactId, EffectId, EffectResult};
use iama_patch::{FileState, Files, Patch};
use iama_source::{WalkOptions, walk};

use super::rewriting::SEALED;
use super::{Shop, is_executable, sha256};
use crate::copies::copy_project;
use crate::folder::{cannot_read, write_whole};
use crate::history::{Author, HISTORY, History, author_file};
use crate::manifest::{operations, operations_file};
use crate::problem::Problem;
use crate::records::WorkspaceRecord;

/// The patch of what a round has left behind.
pub(crate) const PARTIAL: &str = "partial.json";

/// Tests that a person has allowed to change: a list of files.
const WAIVED: &str = "waived.json";

impl Shop<'_> {
    /// Applies a patch to the files as the steps before it left them, wholly or not at all. A sealed test is never changed.
    pub(super) fn apply_patch(&mut self, effect: &EffectId, id: &ArtifactId) -> Result<EffectResult, Problem> {
        let history = History::read(self.folder)?;
        if let Some(step) = history.of(effect) {
            self.folder.lay_out(step.files.iter().map(|(path, kept)| (path, kept.as_ref())))?;
            return Ok(EffectResult::PatchApplied);
        }
        if id.0 == PARTIAL {
            return self.put_back(&history);
        }
        let patch: Patch = self.folder.read(&id.0)?;
        let before = self.standing_files(&history, patch.base.keys())?;
        let applied = iama_patch::apply(&patch, &before);
        self.folder.keep(&operations_file(&id.0), &operations(&patch, &applied.outcomes))?;
        let Some(changed) = applied.changed else {
            let code = applied.refusal().map_or_else(|| "REFUSED".to_owned(), |outcome| outcome.code().to_owned());
            return Ok(refused(&code));
        };
        let sealed = self.sealed()?;
        let breaks = |(path, state): (&String, &Option<FileState>)| {
            let hash = sealed.get(path);
            hash.is_some_and(|hash| state.as_ref().is_none_or(|state| sha256(&state.bytes) != *hash))
        };
        if changed.iter().any(breaks) {
            return Ok(refused("SEALED_TEST"));
        }
        let author = self.folder.read_if_kept(&author_file(id))?.unwrap_or(Author::Recipes);
        let step = self.folder.record_step(effect, author, changed)?;
        self.folder.lay_out(step.files.iter().map(|(path, kept)| (path, kept.as_ref())))?;
        Ok(EffectResult::PatchApplied)
    }

    /// Takes the work of a round up again: the steps still hold, as long as the project is what it was.
    fn put_back(&self, history: &History) -> Result<EffectResult, Problem> {
        let files = history.files();
        let known: WorkspaceRecord = self.folder.read("workspace.json")?;
        if self.originals(files.into_keys().filter(|path| known.files.contains_key(*path))).is_err() {
            return Ok(refused("WORKSPACE_CHANGED"));
        }
        self.make_copy(history)?;
        Ok(EffectResult::PatchApplied)
    }

    /// Makes the copy anew: the project, the sealed tests, the steps that hold.
    fn make_copy(&self, history: &History) -> Result<(), Problem> {
        copy_project(&self.folder.root, &self.folder.work())?;
        for (path, hash) in self.sealed()? {
            write_whole(&self.folder.work().join(path), &self.folder.get(&hash)?)?;
        }
        self.folder.lay_out(history.files())
    }

    /// Takes steps back. The user's own tree was never touched, so the start needs nothing; a deep fix begins where the recipes
    /// ended, without anything of later attempts.
    pub(super) fn restore(&mut self, effect: &EffectId, to: RestorePoint) -> Result<EffectResult, Problem> {
        if to == RestorePoint::Sealed {
            self.forget_tried()?;
            let mut history = History::read(self.folder)?;
            if history.of(effect).is_none() {
                let kept = history.standing().iter().take_while(|step| step.author == Author::Recipes).count();
                let step = crate::history::Step {
                    effect: effect.to_string(),
                    author: Author::TakenBack { kept },
                    files: BTreeMap::new(),
                };
                history.steps.push(step);
                self.folder.keep(HISTORY, &history)?;
            }
            self.make_copy(&history)?;
        }
        Ok(EffectResult::WorkspaceRestored)
    }

    /// Files as the sealed tests and the steps left them; of the project's own files only those named.
    pub(super) fn standing_files<'p>(
        &self,
        history: &History,
        paths: impl Iterator<Item = &'p String>,
    ) -> Result<Files, Problem> {
        let wanted: BTreeSet<&String> = paths.collect();
        let sealed = self.sealed()?;
        let written = history.files();
        let known: WorkspaceRecord = self.folder.read("workspace.json")?;
        let own = wanted.iter().copied().filter(|path| !sealed.contains_key(*path) && !written.contains_key(path));
        let mut base = self.originals(own.filter(|path| known.files.contains_key(*path)))?;
        for (path, hash) in sealed.iter().filter(|(path, _)| wanted.contains(path)) {
            let executable = is_executable(&self.folder.root.join(path));
            base.insert(path.clone(), FileState { bytes: self.folder.get(hash)?, executable });
        }
        let mut files = self.folder.after_steps(history, base)?;
        files.retain(|path, _| wanted.contains(path));
        Ok(files)
    }

    /// The sealed tests with the hashes of their bytes.
    pub(super) fn sealed(&self) -> Result<BTreeMap<String, String>, Problem> {
        Ok(self.folder.read_if_kept(SEALED)?.unwrap_or_default())
    }

    /// Allows the files of tests to change.
    pub(crate) fn waive_seal(&self, tests: &[iama_job::TestId]) -> Result<(), Problem> {
        let mut waived: BTreeSet<String> = self.folder.read_if_kept(WAIVED)?.unwrap_or_default();
        waived.extend(tests.iter().map(|test| iama_baseline::TestId(test.0.clone()).file().to_owned()));
        self.folder.keep(WAIVED, &waived)
    }

    /// Notes what a person has changed in the copy as a step of theirs. A sealed test may be among it only if it was waived by
    /// name; it is sealed anew as it now stands.
    pub(super) fn note_own_edits(&mut self, effect: &EffectId) -> Result<(), Problem> {
        let history = History::read(self.folder)?;
        if history.of(effect).is_some() || !self.folder.work().is_dir() {
            return Ok(());
        }
        let mut changed = self.own_edits(&history)?;
        let mut sealed = self.sealed()?;
        let waived: BTreeSet<String> = self.folder.read_if_kept(WAIVED)?.unwrap_or_default();
        for (path, hash) in &mut sealed {
            let Some(state) = changed.remove(path) else { continue };
            let Some(state) = state.filter(|_| waived.contains(path)) else { return Err(seal_broken(path)) };
            *hash = self.folder.put(&state.bytes)?;
        }
        self.folder.keep(SEALED, &sealed)?;
        if !changed.is_empty() {
            self.folder.record_step(effect, Author::Person, changed)?;
        }
        Ok(())
    }

    /// The files of the copy that are not what the steps left; nothing for one that is gone.
    fn own_edits(&self, history: &History) -> Result<BTreeMap<String, Option<FileState>>, Problem> {
        let work = self.folder.work();
        let options = WalkOptions { exclude: self.request.exclude.clone() };
        let found = walk(&work, &options, self.pair.claims).map_err(|error| {
            Problem::input("COPY_GONE", error.to_string())
                .hint("the job's copy was removed from outside; start a new job")
        })?;
        let workspace: WorkspaceRecord = self.folder.read("workspace.json")?;
        let mut expected: BTreeMap<String, Option<String>> =
            workspace.files.into_iter().map(|(path, hash)| (path, Some(hash))).collect();
        expected.extend(self.sealed()?.into_iter().map(|(path, hash)| (path, Some(hash))));
        let written = history.files().into_iter();
        expected.extend(written.map(|(path, kept)| (path.clone(), kept.map(|kept| kept.sha256.clone()))));
        let mut paths: BTreeSet<String> = found.files.into_iter().map(|file| file.path).collect();
        paths.extend(expected.keys().cloned());
        let mut changed = BTreeMap::new();
        for path in paths {
            let place = work.join(&path);
            let state = match fs::read(&place) {
                Ok(bytes) => Some(FileState { bytes, executable: is_executable(&place) }),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => return Err(cannot_read(&place, &error)),
            };
            let hash = state.as_ref().map(|state| sha256(&state.bytes));
            if hash != expected.get(&path).cloned().flatten() {
                changed.insert(path, state);
            }
        }
        Ok(changed)
    }
}

fn seal_broken(path: &str) -> Problem {
    Problem::input("SEAL_BROKEN", format!("the sealed test {path} was changed")).hint(
        "undo the change in the job's copy, or allow it by name with `iama jobs decide JOB waive-seal --test NAME`",
    )
}

/// Nothing of a patch landed.
pub(super) fn refused(code: &str) -> EffectResult {
    EffectResult::PatchRefused { code: code.to_owned(), usage: iama_job::event::Usage::default() }
}
