//! Isolated environments: one for each interpreter and set of requirements, made once and kept in the user's cache.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use iama_sandbox::{Ended, Launch, Sandbox};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::interpreter::Interpreter;

/// The longest that making an environment may take.
const LIMIT: Duration = Duration::from_mins(10);

/// The last virtualenv that makes environments for Python 2.7.
const VIRTUALENV: &str = "virtualenv==20.15.1";

/// An environment that can run tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The interpreter to start.
    pub python: PathBuf,
    /// Folders that it must be able to read.
    pub folders: Vec<PathBuf>,
    /// What could not be installed, a sentence each. Tests that need it will say so themselves.
    pub missing: Vec<String>,
    /// A folder with modules that stand in for others, see [`super::stand_ins`].
    #[serde(default)]
    pub stand_ins: Option<PathBuf>,
}

/// Names of modules that the interpreter or the environment brings: no module of a project may take one of them unseen.
pub fn module_names(interpreter: &Interpreter, environment: &Environment) -> BTreeSet<String> {
    let version = format!("python{}.{}", interpreter.version.major, interpreter.version.minor);
    let own = environment.python.parent().and_then(Path::parent).map(|root| root.join("lib").join(&version));
    let shared = interpreter.prefix.join("lib").join(&version);
    let mut names = BTreeSet::new();
    for folder in own.into_iter().chain([shared]).flat_map(|folder| [folder.join("site-packages"), folder]) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            names.extend(name.split('.').next().map(str::to_owned));
        }
    }
    names
}

/// Where environments are kept and what makes them.
#[derive(Debug, Clone)]
pub struct Kitchen<'a> {
    /// The cache folder.
    pub cache: &'a Path,
    /// Starts the installer.
    pub sandbox: &'a Sandbox,
    /// A Python 3 that makes environments for interpreters that can't make their own.
    pub helper: Option<&'a Interpreter>,
    /// Variables that the installer needs, such as PATH, HOME and its own settings.
    pub variables: &'a BTreeMap<String, String>,
}

/// The packages that run tests on an interpreter.
pub fn test_tools(interpreter: &Interpreter) -> Vec<String> {
    let version = interpreter.version;
    let tools: &[&str] = match (version.major, version.minor) {
        (2, _) => &["pytest==4.6.11", "mock==3.0.5"],
        (_, ..=7) => &["pytest==7.0.1", "mock"],
        (_, 8..=12) => &["pytest==7.4.4", "mock"],
        _ => &["pytest==8.3.4", "mock"],
    };
    tools.iter().map(|tool| (*tool).to_owned()).collect()
}

/// Makes an environment, or finds the one that was made before. What cannot be installed is noted; what cannot even be
/// started falls back to the bare interpreter, whose own unittest runs most suites.
pub fn prepare(kitchen: &Kitchen<'_>, interpreter: &Interpreter, requirements: &[String]) -> io::Result<Environment> {
    let folder = kitchen.cache.join("environments").join(key(interpreter, requirements));
    fs::create_dir_all(&folder)?;
    // Two jobs may want the same environment; the second one waits and finds it made.
    let lock = File::create(folder.with_extension("lock"))?;
    lock.lock()?;
    let note = folder.join("iama.json");
    let known = fs::read(&note).ok().and_then(|bytes| serde_json::from_slice::<Environment>(&bytes).ok());
    if let Some(known) = known.filter(|known| known.python.is_file()) {
        return Ok(known);
    }
    fs::remove_dir_all(&folder)?;
    fs::create_dir_all(&folder)?;
    let environment = build(kitchen, interpreter, requirements, &folder)?;
    if environment.missing.is_empty() {
        fs::write(&note, serde_json::to_vec(&environment)?)?;
    }
    Ok(environment)
}

fn key(interpreter: &Interpreter, requirements: &[String]) -> String {
    let mut hash = Sha256::new();
    hash.update(interpreter.path.to_string_lossy().as_bytes());
    hash.update(interpreter.version.to_string());
    for requirement in requirements {
        hash.update([0]);
        hash.update(requirement);
    }
    let digest = hex::encode(hash.finalize());
    format!("python{}-{}", interpreter.version, &digest[..16])
}

fn build(
    kitchen: &Kitchen<'_>,
    interpreter: &Interpreter,
    requirements: &[String],
    folder: &Path,
) -> io::Result<Environment> {
    let bare = |missing| Environment {
        python: interpreter.path.clone(),
        folders: vec![interpreter.prefix.clone()],
        missing,
        stand_ins: None,
    };
    if let Err(reason) = create(kitchen, interpreter, folder)? {
        return Ok(bare(vec![format!("no isolated environment could be made: {reason}")]));
    }
    let python = folder.join("env/bin/python");
    let missing = install(kitchen, &python, folder, requirements)?;
    let folders = vec![interpreter.prefix.clone(), folder.to_owned()];
    Ok(Environment { python, folders, missing, stand_ins: None })
}

fn create(kitchen: &Kitchen<'_>, interpreter: &Interpreter, folder: &Path) -> io::Result<Result<(), String>> {
    let target = folder.join("env").display().to_string();
    let program = |path: &Path| path.display().to_string();
    if interpreter.version.major >= 3 {
        let command = vec![program(&interpreter.path), "-m".into(), "venv".into(), target];
        return run(kitchen, folder, command, None);
    }
    let Some(helper) = kitchen.helper else { return Ok(Err("a Python 3 is needed to make one for Python 2".into())) };
    let tool = folder.join("virtualenv");
    let mut install: Vec<String> = [&program(&helper.path), "-m", "pip", "install", "-q"].map(Into::into).into();
    install.extend([VIRTUALENV.to_owned(), "--target".to_owned(), program(&tool)]);
    if let Err(reason) = run(kitchen, folder, install, None)? {
        return Ok(Err(reason));
    }
    let create: Vec<String> =
        [&program(&helper.path), "-m", "virtualenv", "-q", "-p", &program(&interpreter.path), &target]
            .map(Into::into)
            .into();
    run(kitchen, folder, create, Some(&tool))
}

/// Installs all at once; when that fails, one by one, so that one bad name does not take the others with it.
fn install(kitchen: &Kitchen<'_>, python: &Path, folder: &Path, requirements: &[String]) -> io::Result<Vec<String>> {
    let command = |wanted: &[String]| {
        let mut command: Vec<String> =
            [&python.display().to_string(), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
                .map(Into::into)
                .into();
        command.extend_from_slice(wanted);
        command
    };
    if requirements.is_empty() || run(kitchen, folder, command(requirements), None)?.is_ok() {
        return Ok(Vec::new());
    }
    let mut missing = Vec::new();
    for requirement in requirements {
        if let Err(reason) = run(kitchen, folder, command(std::slice::from_ref(requirement)), None)? {
            missing.push(format!("{requirement} could not be installed: {reason}"));
        }
    }
    Ok(missing)
}

/// Runs an installer: it needs the network, so it runs with limits only, and never in the project's folder.
fn run(
    kitchen: &Kitchen<'_>,
    folder: &Path,
    command: Vec<String>,
    pythonpath: Option<&Path>,
) -> io::Result<Result<(), String>> {
    let mut environment = kitchen.variables.clone();
    if let Some(path) = pythonpath {
        environment.insert("PYTHONPATH".into(), path.display().to_string());
    }
    environment.insert("PIP_ROOT_USER_ACTION".into(), "ignore".into());
    environment.insert("PIP_NO_INPUT".into(), "1".into());
    let launch = Launch {
        command,
        folder: folder.to_owned(),
        environment,
        writable: Vec::new(),
        readable: Vec::new(),
        hidden: Vec::new(),
        output: folder.join("install.log"),
        limit: LIMIT,
    };
    let outcome = kitchen.sandbox.limits_only().run(&launch, || ControlFlow::Continue(())).map_err(io::Error::other)?;
    if kitchen.sandbox.is_stopped() {
        // What was cut short says nothing about what can be installed.
        return Err(io::Error::from(io::ErrorKind::Interrupted));
    }
    Ok(match outcome.ended {
        Ended::Exited(0) => Ok(()),
        Ended::TimedOut => Err("it took longer than ten minutes".to_owned()),
        Ended::Exited(_) | Ended::Killed | Ended::Stopped => Err(last_line(&outcome.output)),
    })
}

fn last_line(output: &str) -> String {
    let errors = output.lines().rev().find(|line| line.starts_with("ERROR"));
    errors.or_else(|| output.lines().last()).unwrap_or("it ended without a word").trim().to_owned()
}
