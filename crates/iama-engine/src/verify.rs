//! Whether an evidence may be believed: what it says is held against the files beside it, offline.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use iama_patch::{FileState, Files, Patch};
use serde::Serialize;

use crate::exports::{Envelope, SIGNED, STATEMENT, Statement, Told, VerifyingKey, digest};
use crate::folder::cannot_read;
use crate::problem::Problem;

pub mod rerun;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// A stable name.
    pub code: &'static str,
    /// What came of it.
    pub finding: Finding,
    /// In words.
    pub sentence: String,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It is as the evidence says.
    Holds,
    /// It is not.
    Broken,
    /// It could not be looked at with what was given.
    NotChecked,
}

/// What is checked, and with what.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The folder that the evidence lies in, or the evidence itself.
    pub place: PathBuf,
    /// The public key of who should have signed.
    pub key: Option<PathBuf>,
    /// The project as it was before: the patch is then tried on it.
    pub root: Option<PathBuf>,
}

/// Every check of an evidence, in a fixed order. Nothing is run and nothing is written.
pub fn verify(options: &Options) -> Result<Vec<Check>, Problem> {
    let path = if options.place.is_dir() { options.place.join("evidence.json") } else { options.place.clone() };
    let evidence = fs::read(&path).map_err(|error| cannot_read(&path, &error))?;
    let told = Told::read(&evidence)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let key = options.key.as_deref().map(VerifyingKey::read).transpose()?;
    let patch = read_patch(folder)?;
    let mut checks = statement(folder, &evidence, key.as_ref());
    checks.push(verdict(&told));
    checks.push(patch_bases(&told, patch.as_ref()));
    checks.push(links(&told));
    checks.push(seal(&told));
    checks.push(result(&told, patch.as_ref(), options.root.as_deref()));
    Ok(checks)
}

/// Whether nothing is broken.
pub fn is_sound(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.finding != Finding::Broken)
}

fn check(code: &'static str, wrong: &[String], fine: impl Into<String>) -> Check {
    if wrong.is_empty() {
        return Check { code, finding: Finding::Holds, sentence: fine.into() };
    }
    Check { code, finding: Finding::Broken, sentence: wrong.join("; ") }
}

fn not_checked(code: &'static str, sentence: impl Into<String>) -> Check {
    Check { code, finding: Finding::NotChecked, sentence: sentence.into() }
}

fn read_patch(folder: &Path) -> Result<Option<Patch>, Problem> {
    for name in ["patch.json", "partial.json"] {
        let path = folder.join(name);
        if path.exists() {
            let bytes = fs::read(&path).map_err(|error| cannot_read(&path, &error))?;
            let patch = Patch::from_json(&bytes)
                .map_err(|error| Problem::input(error.code(), format!("{name}: {error}")).hint(error.hint()))?;
            return Ok(Some(patch));
        }
    }
    Ok(None)
}

/// The signature first: what it covers is the statement that the hashes are taken from.
fn statement(folder: &Path, evidence: &[u8], key: Option<&VerifyingKey>) -> Vec<Check> {
    let signed = fs::read(folder.join(SIGNED)).ok();
    let plain = fs::read(folder.join(STATEMENT)).ok();
    let (signature, bytes) = match (&signed, key) {
        (Some(signed), Some(key)) => match Envelope::open(signed, key) {
            Ok(payload) => (check("SIGNATURE", &[], "the statement is signed with this key"), Some(payload)),
            Err(error) => (check("SIGNATURE", &[error.to_string()], ""), plain),
        },
        (None, Some(_)) => (check("SIGNATURE", &[format!("there is no {SIGNED}")], ""), plain),
        (Some(_), None) => (not_checked("SIGNATURE", "it is signed; name the signer's public key with --key"), plain),
        (None, None) => (not_checked("SIGNATURE", "nobody signed it"), plain),
    };
    let Some(statement) = bytes.as_deref().and_then(Statement::read) else {
        return vec![signature, check("HASHES", &[format!("{STATEMENT} is missing or no statement")], "")];
    };
    let named = statement.subject.iter().chain(&statement.predicate.configuration);
    let wrong = named.filter_map(|resource| {
        let known = match resource.name.as_str() {
            "evidence.json" => Some(evidence.to_vec()),
            name if name.contains(['/', '\\']) => None,
            name => fs::read(folder.join(name)).ok(),
        };
        match known {
            None => Some(format!("{} is missing", resource.name)),
            Some(bytes) if digest(&bytes) != resource.digest.sha256 => {
                Some(format!("{} is not the file that the statement names", resource.name))
            }
            Some(_) => None,
        }
    });
    let wrong: Vec<String> = wrong.collect();
    vec![signature, check("HASHES", &wrong, "evidence and patch are the ones that the statement names")]
}

/// The verdict has to follow from the tests that stand below it.
fn verdict(told: &Told) -> Check {
    let lost: Vec<&str> = told.tests.cases.iter().filter(|case| case.is_lost()).map(|case| case.id.as_str()).collect();
    let mut wrong: Vec<String> = told
        .tests
        .cases
        .iter()
        .filter(|case| case.is_lost() && !case.regression)
        .map(|case| format!("{} passed before and is {} now, and is not told", case.id, case.result))
        .collect();
    if told.verdict.code.starts_with("PROVEN") && !lost.is_empty() {
        wrong.push(format!("it says {}, and {} tests got worse", told.verdict.code, lost.len()));
    }
    check("VERDICT", &wrong, format!("{} follows from {} tests", told.verdict.code, told.tests.cases.len()))
}

/// Evidence and patch have to speak of the same files in the same state.
fn patch_bases(told: &Told, patch: Option<&Patch>) -> Check {
    let Some(patch) = patch else {
        return not_checked("PATCH", "there is no patch beside it");
    };
    let said: BTreeMap<&str, Option<&str>> =
        told.files.iter().map(|file| (file.path.as_str(), file.base_sha256.as_deref())).collect();
    let meant: BTreeMap<&str, Option<&str>> =
        patch.base.iter().map(|(path, hash)| (path.as_str(), hash.as_deref())).collect();
    let paths: BTreeSet<&str> = said.keys().chain(meant.keys()).copied().collect();
    let wrong = paths.into_iter().filter(|path| said.get(path) != meant.get(path));
    let wrong: Vec<String> =
        wrong.map(|path| format!("{path}: evidence and patch do not mean the same file")).collect();
    check("PATCH", &wrong, format!("evidence and patch speak of the same {} files", said.len()))
}

/// What a hunk is linked to has to stand in the same evidence.
fn links(told: &Told) -> Check {
    let wrong: Vec<String> = told
        .dangling()
        .iter()
        .map(|id| format!("{id} names an item of the spec or a test that is not there"))
        .collect();
    check("LINKS", &wrong, "each hunk is linked to items of the spec and tests that stand in the evidence")
}

/// A sealed test that the delivery changes again is no sealed test.
fn seal(told: &Told) -> Check {
    let results: BTreeMap<&str, Option<&str>> =
        told.files.iter().map(|file| (file.path.as_str(), file.result_sha256.as_deref())).collect();
    let changed = told.tests.carried.iter().filter(|carried| {
        results.get(carried.path.as_str()).is_some_and(|result| *result != Some(carried.sha256.as_str()))
    });
    let wrong: Vec<String> =
        changed.map(|carried| format!("{} was changed after it was sealed", carried.path)).collect();
    check("SEALED_TESTS", &wrong, format!("{} sealed files of tests are untouched", told.tests.carried.len()))
}

/// The patch, tried on the project in memory, has to lead to the bytes that were tested.
fn result(told: &Told, patch: Option<&Patch>, root: Option<&Path>) -> Check {
    let (Some(patch), Some(root)) = (patch, root) else {
        return not_checked("RESULT", "name the project as it was before with --root, and the patch is tried on it");
    };
    let mut files = Files::new();
    for path in patch.base.keys().filter(|path| is_inside(path)) {
        if let Ok(bytes) = fs::read(root.join(path)) {
            let executable = crate::perform::is_executable(&root.join(path));
            files.insert(path.clone(), FileState { bytes, executable });
        }
    }
    let applied = iama_patch::apply(patch, &files);
    let Some(changed) = &applied.changed else {
        let why =
            applied.refusal().map_or_else(|| "a file is not as it was".to_owned(), |outcome| outcome.outcome.message());
        return check("RESULT", &[format!("the patch does not apply to {}: {why}", root.display())], "");
    };
    let result_of = |path: &str| match changed.get(path) {
        Some(state) => state.as_ref().map(|state| digest(&state.bytes)),
        None => files.get(path).map(|state| digest(&state.bytes)),
    };
    let wrong = told.files.iter().filter(|file| result_of(&file.path) != file.result_sha256);
    let wrong: Vec<String> =
        wrong.map(|file| format!("{}: the patch leads to other bytes than were tested", file.path)).collect();
    check("RESULT", &wrong, "the patch leads to the bytes that were tested")
}

/// A path of a patch that somebody else may have written stays inside the project.
fn is_inside(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)))
}
