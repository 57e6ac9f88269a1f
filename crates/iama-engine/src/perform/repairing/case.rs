//! What a call is about: the causes of the failures, the files that they point to, and what those files lean on.

use std::collections::{BTreeMap, BTreeSet};

use iama_baseline::Suite;
use iama_job::Job;
use iama_job::effect::PatchMode;
use iama_patch::Files;
use iama_source::context::{Index, Pack, PackError, Wanted};
use iama_source::secrets::baseline::Baseline;
use iama_source::secrets::folder::Located;
use iama_source::secrets::{locate, scan};

use super::failures::{self, Cause, causes};
use crate::history::History;
use crate::perform::{Shop, regressions};
use crate::problem::Problem;
use crate::reach::Imports;
use crate::records::WorkspaceRecord;

/// Files that one task is about.
const TARGETS: usize = 12;
/// Tests that are shown beside them.
const SHOWN_TESTS: usize = 4;
/// Tokens that are kept free for the rules, the spec and the failures.
pub(in crate::perform) const KEPT_FREE: u64 = 12_000;

/// What a call is about.
pub(super) struct Case {
    pub(super) causes: Vec<Cause>,
    /// The files that may be edited, as they stand.
    pub(super) editable: Files,
    /// What a model is shown of them and of what they import.
    pub(super) pack: Pack,
    /// The old code of the editable files, for a deep fix.
    pub(super) old: Option<Pack>,
}

/// Why there is no case.
pub(super) enum NoCase {
    /// Nothing is left that a model could edit.
    NothingToEdit,
    /// One file alone is too large for every model of the class.
    TooLarge,
    /// Somebody has to do something first.
    Problem(Problem),
}

impl From<Problem> for NoCase {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Shop<'_> {
    /// Gathers a case from the files as they are now, within `cap` tokens.
    pub(super) fn case(&mut self, job: &Job, mode: PatchMode, cap: u64) -> Result<Case, NoCase> {
        let suite: Suite = self.folder.read_if_kept("result.suite.json")?.unwrap_or_default();
        let legacy: Option<Suite> = self.folder.read_if_kept("legacy.suite.json")?;
        let mut causes = causes(&suite, &regressions(legacy.as_ref(), &suite));
        let workspace: WorkspaceRecord = self.folder.read("workspace.json")?;
        let history = History::read(self.folder)?;
        let sealed = self.sealed()?;
        let (targets, mut tests) = self.involved(&causes, &workspace, &history, &sealed);
        tests.truncate(SHOWN_TESTS);
        let mut paths: BTreeSet<String> = workspace.files.keys().cloned().collect();
        paths.extend(history.files().into_iter().filter(|(_, kept)| kept.is_some()).map(|(path, _)| path.clone()));
        paths.retain(|path| self.folder.work().join(path).is_file());
        let cap = cap.min(u64::from(job.entitlement.context_tokens)).saturating_sub(KEPT_FREE);
        let (pack, editable) = self.with_index(&self.folder.work(), paths, |shop, index| {
            shop.fitting(index, &history, targets, &tests, cap)
        })?;
        let old = if mode == PatchMode::DeepFix {
            // What went wrong with earlier attempts says nothing about the code that they were taken back from.
            for cause in &mut causes {
                *cause = Cause { tests: std::mem::take(&mut cause.tests), ..failures::unknown() };
            }
            self.old_code(&editable, &workspace)?
        } else {
            None
        };
        Ok(Case { causes, editable, pack, old })
    }

    /// As many of the targets as fit, with what is shown of them.
    fn fitting(
        &self,
        index: &Index,
        history: &History,
        mut targets: Vec<String>,
        tests: &[String],
        cap: u64,
    ) -> Result<(Pack, Files), NoCase> {
        targets.truncate(TARGETS);
        while !targets.is_empty() {
            let editable = self.standing_files(history, targets.iter())?;
            let mut wanted = Wanted::new(targets.clone(), cap);
            wanted.named = tests.to_vec();
            wanted.known = Some(secrets_of(&editable));
            match index.pack(&wanted) {
                Ok(pack) => return Ok((pack, editable)),
                Err(PackError::Cap { .. }) if targets.len() > 1 => targets.truncate(targets.len() / 2),
                Err(PackError::Cap { .. }) => return Err(NoCase::TooLarge),
                Err(error) => return Err(Problem::input(error.code(), error.to_string()).hint(error.hint()).into()),
            }
        }
        Err(NoCase::NothingToEdit)
    }

    /// The old code of files; nothing where it cannot be shown.
    fn old_code(&self, editable: &Files, workspace: &WorkspaceRecord) -> Result<Option<Pack>, Problem> {
        let known: Vec<String> = editable.keys().filter(|path| workspace.files.contains_key(*path)).cloned().collect();
        let originals = self.originals(&known)?;
        let mut wanted = Wanted::new(known.clone(), u64::MAX);
        (wanted.reach, wanted.known) = (0, Some(secrets_of(&originals)));
        Ok(Index::of(&self.folder.root, known).pack(&wanted).ok())
    }

    /// The source files that failures point to, most pointed to first, and the tests that fail.
    fn involved(
        &self,
        causes: &[Cause],
        workspace: &WorkspaceRecord,
        history: &History,
        sealed: &BTreeMap<String, String>,
    ) -> (Vec<String>, Vec<String>) {
        let (mut targets, mut tests): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        let written = history.files();
        let is_source = |path: &str| {
            let known =
                workspace.files.contains_key(path) || written.get(&path.to_owned()).is_some_and(Option::is_some);
            known && !sealed.contains_key(path) && self.folder.work().join(path).is_file()
        };
        for cause in causes {
            let files = cause.tests.iter().map(|test| test.split_once("::").map_or(test.as_str(), |(file, _)| file));
            files.filter(|file| sealed.contains_key(*file)).for_each(|file| add(&mut tests, file));
            let own = cause.file.iter().chain(&cause.tests).map(String::as_str);
            own.filter(|path| is_source(path)).for_each(|path| add(&mut targets, path));
        }
        // A test that fails in its own assertion points to what it imports.
        let mut imports = Imports::new(&self.folder.root, workspace);
        for test in &tests {
            for path in imports.direct(test).filter(|path| is_source(path)) {
                add(&mut targets, path);
            }
        }
        (targets, tests)
    }
}

fn add(list: &mut Vec<String>, path: &str) {
    if !list.iter().any(|known| known == path) {
        list.push(path.to_owned());
    }
}

/// The secrets of files, so that they are shown as placeholders instead of stopping the job.
pub(in crate::perform) fn secrets_of(files: &Files) -> Baseline {
    let found = files.iter().flat_map(|(path, state)| {
        scan(path, &state.bytes).into_iter().map(|finding| Located { path: path.clone(), finding })
    });
    Baseline::of(&found.collect::<Vec<_>>())
}

/// A text that tests or a person wrote, without what looks like a secret.
pub(crate) fn without_secrets(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for (range, _) in locate("failures.txt", text.as_bytes()) {
        if let Some(before) = text.get(at..range.start).filter(|_| range.end <= text.len()) {
            shown.push_str(before);
            shown.push_str("(left out: it looks like a secret)");
            at = range.end;
        }
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_left_out_of_what_tests_say() {
        let key = format!("AKIA{}", "Q3EGRJ5VXK2DT7MZ");
        let shown = without_secrets(&format!("KeyError: '{key}' is no bucket\nnext\n"));
        assert_eq!(shown, "KeyError: '(left out: it looks like a secret)' is no bucket\nnext\n");
        assert_eq!(without_secrets("plain"), "plain");
    }
}
