//! What is checked before a job is made, so that a slip leaves nothing behind.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use iama_baseline::python::interpreter::{self, Interpreter, Wanted};
use iama_baseline::scenarios::FILE;
use iama_engine::Tape;
use iama_engine::exports::SigningKey;
use iama_engine::folder::cannot_write;
use iama_engine::{Machine, blackbox};
use iama_source::walk::Patterns;

use crate::problem::{Problem, bad_input};

/// Patterns of files to leave out can be read.
pub(super) fn patterns(globs: &[String]) -> Result<(), Problem> {
    let hint = "patterns look like `tests/**` or `**/generated_*.py`";
    Patterns::new(globs).map(drop).map_err(|error| bad_input("PATH_INVALID", error.to_string(), hint))
}

/// Files of tests that were named lie in the project.
pub(super) fn tests(root: &Path, files: &[String]) -> Result<(), Problem> {
    for file in files {
        let place = root.join(file).canonicalize().ok();
        if Path::new(file).is_absolute() || !place.is_some_and(|place| place.is_file() && place.starts_with(root)) {
            let sentence = format!("{} has no file {file}", root.display());
            return Err(bad_input("TEST_UNKNOWN", sentence, "--test takes paths relative to the project"));
        }
    }
    Ok(())
}

/// The interpreter for the legacy side, if it was named.
pub(in crate::commands) fn legacy_python(named: Option<&Path>, machine: &Machine) -> Result<Option<PathBuf>, Problem> {
    let Some(named) = named else { return Ok(None) };
    answering("--legacy-python", Wanted::LEGACY, named, machine).map(|found| Some(found.path))
}

/// The interpreter for the result, if it was named. It must be the version that the recipes write for.
pub(in crate::commands) fn python(
    named: Option<&Path>,
    target: Wanted,
    machine: &Machine,
) -> Result<Option<PathBuf>, Problem> {
    let Some(named) = named else { return Ok(None) };
    let found = answering("--python", target, named, machine)?;
    let version = found.version;
    if version.minor == target.minor {
        return Ok(Some(found.path));
    }
    let sentence = format!("{} is Python {version}, and the result is for {target}", named.display());
    let hint = format!("pass --to python{}.{}, or name a Python {target}", version.major, version.minor);
    Err(bad_input("PYTHON_MISMATCH", sentence, hint))
}

fn answering(option: &str, wanted: Wanted, named: &Path, machine: &Machine) -> Result<Interpreter, Problem> {
    let search = &machine.search;
    let found = programs(named, machine).iter().find_map(|path| interpreter::find(wanted, Some(path), search));
    let by_version = || {
        let version = Wanted::parse(named.to_str()?).filter(|version| version.major == wanted.major)?;
        interpreter::find(version, None, search)
    };
    found.or_else(by_version).ok_or_else(|| {
        let sentence = format!("{option} {} does not answer as Python {}", named.display(), wanted.major);
        bad_input("INTERPRETER_INVALID", sentence, "`iama doctor` shows the interpreters that were found")
    })
}

/// A bare name is looked for on PATH. Shims stand for other programs, depending on the folder that they are started in.
fn programs(named: &Path, machine: &Machine) -> Vec<PathBuf> {
    if named.parent().is_some_and(|parent| parent.as_os_str().is_empty()) {
        let folders = std::env::split_paths(&machine.search.path).filter(|folder| !folder.ends_with("shims"));
        folders.map(|folder| folder.join(named)).collect()
    } else {
        std::path::absolute(named).into_iter().collect()
    }
}

/// The file of scenarios: the one that was named, or the usual one where it is there. It is read once, so that a slip is told
/// before any work.
pub(super) fn scenarios(named: Option<&Path>, root: &Path) -> Result<Option<PathBuf>, Problem> {
    let usual = root.join(FILE);
    let file = match named {
        Some(named) => named.canonicalize().unwrap_or_else(|_| named.to_owned()),
        None if usual.is_file() => usual,
        None => return Ok(None),
    };
    blackbox::read(&file).map(|_| Some(file))
}

/// Modules to be replaced are named as they are imported, by their first part.
pub(super) fn mocks(given: &[(String, String)]) -> Result<BTreeMap<String, String>, Problem> {
    let is_name = |name: &str| {
        !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    match given.iter().find(|(name, _)| !is_name(name)) {
        Some((name, _)) => Err(bad_input(
            "MODULE_INVALID",
            format!("{name:?} is no module that could be replaced"),
            "name the part before the first dot: `--mock ldap=REASON` is for `ldap.filter`, too",
        )),
        None => Ok(given.iter().cloned().collect()),
    }
}

/// The folder for results, made and tried.
pub(super) fn out(named: Option<&Path>) -> Result<Option<PathBuf>, Problem> {
    let Some(named) = named else { return Ok(None) };
    let failed = |error: std::io::Error| cannot_write(named, &error);
    let folder = std::path::absolute(named).map_err(failed)?;
    fs::create_dir_all(&folder).map_err(failed)?;
    let probe = folder.join(format!(".iama-{}", std::process::id()));
    fs::write(&probe, "").and_then(|()| fs::remove_file(&probe)).map_err(failed)?;
    Ok(Some(folder))
}

/// The key that signs, read once so that a bad one is told before any work.
pub(super) fn sign_key(named: Option<&Path>) -> Result<Option<PathBuf>, Problem> {
    let Some(named) = named else { return Ok(None) };
    SigningKey::read(named)?;
    std::path::absolute(named).map(Some).map_err(|error| cannot_write(named, &error))
}

/// Where the answers of models come from. A recording that is to be played back must be there.
pub(super) fn tape(record: Option<&Path>, replay: Option<&Path>) -> Result<Tape, Problem> {
    let absolute = |folder: &Path| std::path::absolute(folder).map_err(|error| cannot_write(folder, &error));
    match (record, replay) {
        (Some(folder), _) => Ok(Tape::Record(absolute(folder)?)),
        (None, Some(folder)) if folder.is_dir() => Ok(Tape::Replay(absolute(folder)?)),
        (None, Some(folder)) => Err(bad_input(
            "RECORDING_UNUSABLE",
            format!("{} is no folder", folder.display()),
            "name the folder that --record has filled",
        )),
        (None, None) => Ok(Tape::Live),
    }
}
