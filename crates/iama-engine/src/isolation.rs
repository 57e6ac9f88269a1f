//! How a job's runs are closed off: which level they get, who has agreed to it, and what could be gone back to.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use iama_baseline::python::interpreter::{self, Interpreter, Wanted};
use iama_job::Timestamp;
use iama_sandbox::{Choice, Ended, Launch, Level, Probe, Sandbox, Wish, choose, natively_since};
use serde::{Deserialize, Serialize};

use crate::driver::{Answer, Decider, PERSON, Question};
use crate::folder::{JobFolder, cannot_write, write_whole};
use crate::perform::Shop;
use crate::problem::Problem;
use crate::request::{Machine, Request};

/// The level that the last run of a job's tests had, in its folder.
pub(crate) const ISOLATION: &str = "isolation.json";

/// The file that remembers agreements, in IAMA's own state folder.
const AGREED: &str = "native-runs.json";

/// The longest that an interpreter may take to start in a container.
const START: Duration = Duration::from_mins(1);

/// What `sandbox` and `image` mean on this machine.
pub fn wish(machine: &Machine, sandbox: Choice, image: Option<&str>) -> Wish {
    let get = |name: &str| machine.variables.get(name).filter(|value| !value.is_empty());
    let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
    sockets.extend(get("XDG_RUNTIME_DIR").map(|folder| Path::new(folder).join("docker.sock")));
    sockets.extend(get("HOME").map(|home| Path::new(home).join(".docker/run/docker.sock")));
    Wish {
        choice: sandbox,
        path: machine.search.path.clone(),
        docker_host: get("DOCKER_HOST").cloned(),
        sockets,
        image: image.map(str::to_owned),
        scratch: machine.cache.join("tried"),
    }
}

/// The level for a job's runs. Docker counts only when the job's interpreters start in a container.
pub fn isolate(machine: &Machine, request: &Request) -> Result<Probe, Problem> {
    let wish = wish(machine, request.sandbox, request.docker_image.as_deref());
    let found = choose(&wish).map_err(|missing| unavailable(&missing.reason))?;
    if found.level != Level::Docker {
        return Ok(found);
    }
    match start_all(machine, request, &found) {
        Ok(()) => Ok(found),
        Err(reason) if request.sandbox == Choice::Docker => Err(unavailable(&reason)),
        Err(reason) => Ok(natively_since(&reason, &wish)),
    }
}

fn unavailable(reason: &str) -> Problem {
    Problem::input("SANDBOX_UNAVAILABLE", format!("tests cannot run in Docker: {reason}")).hint(
        "`iama doctor` shows every level that this machine has; `--sandbox native` takes the best one without Docker, \
         `--sandbox auto` takes it when Docker is missing; a job keeps the choice that it was started with",
    )
}

/// What was asked for by name is what runs get, whatever the program was started with.
pub(crate) fn require_named(request: &Request, probe: &Probe) -> Result<(), Problem> {
    if request.sandbox == Choice::Docker && probe.level != Level::Docker {
        return Err(unavailable("this command did not look for an engine; `iama jobs resume` does"));
    }
    Ok(())
}

/// Starts the interpreters of both sides in a container: an image may lack what they are linked to.
fn start_all(machine: &Machine, request: &Request, probe: &Probe) -> Result<(), String> {
    let find = |wanted: Wanted, named: &Option<PathBuf>| interpreter::find(wanted, named.as_deref(), &machine.search);
    let legacy = find(Wanted::LEGACY, &request.legacy_python);
    let target = find(request.target, &request.python);
    let folder = machine.cache.join(format!("tried/interpreters-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let sandbox = Sandbox { probe: probe.clone(), ..machine.sandbox.clone() };
    let mut all = legacy.iter().chain(&target);
    let tried = all.try_for_each(|found| start(&sandbox, found, &folder));
    // A folder that cannot be removed does no harm.
    let _ = fs::remove_dir_all(&folder);
    tried
}

fn start(sandbox: &Sandbox, interpreter: &Interpreter, folder: &Path) -> Result<(), String> {
    let launch = Launch {
        command: [&interpreter.path.display().to_string(), "-c", "import hashlib"].map(Into::into).into(),
        folder: folder.to_owned(),
        environment: std::collections::BTreeMap::new(),
        writable: vec![folder.to_owned()],
        readable: vec![interpreter.prefix.clone()],
        hidden: Vec::new(),
        output: folder.join("output"),
        limit: START,
    };
    let failed = |why: &str| format!("Python {} does not start in a container ({why})", interpreter.version);
    let outcome = sandbox.run(&launch, || ControlFlow::Continue(())).map_err(|error| failed(&error.to_string()))?;
    if outcome.ended == Ended::Exited(0) {
        return Ok(());
    }
    let said = outcome.reason.as_deref().or_else(|| outcome.output.lines().last());
    Err(failed(said.unwrap_or("it ended without a word").trim()))
}

/// What a person has agreed to once for all jobs.
#[derive(Debug, Serialize, Deserialize)]
struct Agreed {
    level: Level,
    at: Timestamp,
}

/// Whether a person has agreed to native runs that are closed off as well as this, or not as well. Limits alone are asked
/// about for each job.
pub(crate) fn is_agreed(machine: &Machine, level: Level) -> bool {
    let known = fs::read(machine.state.join(AGREED)).ok();
    let known = known.and_then(|bytes| serde_json::from_slice::<Agreed>(&bytes).ok());
    level != Level::LimitsOnly && known.is_some_and(|known| known.level <= level)
}

/// Remembers what a person has agreed to.
pub(crate) fn agree(machine: &Machine, level: Level) -> Result<(), Problem> {
    if level == Level::LimitsOnly || is_agreed(machine, level) {
        return Ok(());
    }
    let path = machine.state.join(AGREED);
    fs::create_dir_all(&machine.state).map_err(|error| cannot_write(&machine.state, &error))?;
    let bytes = serde_json::to_vec(&Agreed { level, at: (machine.clock)() });
    write_whole(&path, &bytes.map_err(|error| cannot_write(&path, &error.into()))?)
}

/// Allows the runs of a command that makes no job: in Docker and where it was agreed to before nobody is asked.
pub fn allow(machine: &Machine, decider: &mut dyn Decider) -> Result<(), Problem> {
    let probe = &machine.sandbox.probe;
    if probe.level == Level::Docker || is_agreed(machine, probe.level) {
        return Ok(());
    }
    match decider.decide(&Question::NativeRun { level: probe.level, reason: probe.reason.clone() })? {
        (Answer::No, _) => {
            Err(Problem::decision("NATIVE_RUN_DECLINED", "the project's code may not run on this machine")
                .hint("run the command where it may"))
        }
        (_, PERSON) => agree(machine, probe.level),
        _ => Ok(()),
    }
}

/// Whether git holds a commit of the project, or a stash, to go back to.
pub(crate) fn has_checkpoint(shop: &Shop<'_>) -> bool {
    let known = |name: &str| {
        let arguments = ["git", "--no-optional-locks", "rev-parse", "--quiet", "--verify", name];
        shop.run_tool(&shop.folder.root, &arguments).is_some()
    };
    known("HEAD:./") || known("refs/stash")
}

/// The copy of the project that stands in for a commit.
pub(crate) fn snapshot(folder: &JobFolder) -> Result<(), Problem> {
    crate::copies::copy_project(&folder.root, &folder.file("snapshot"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use iama_baseline::python::interpreter::Search;
    use iama_sandbox::Limits;

    use super::*;

    fn machine(state: PathBuf, variables: &[(&str, &str)]) -> Machine {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let probe = Probe::of(Level::LimitsOnly);
        Machine {
            models: None,
            cache: PathBuf::from("/cache"),
            state,
            sandbox: Sandbox { probe, supervisor: Vec::new(), stop: None, limits: Limits::default() },
            search: Search { path: "/bin".to_owned(), home: PathBuf::from("/u/me"), pyenv_root: None },
            variables: variables.iter().map(own).collect::<BTreeMap<_, _>>(),
            clock: || Timestamp(7),
            hidden: Vec::new(),
        }
    }

    #[test]
    fn a_yes_counts_for_its_level_and_stronger_ones_and_never_for_limits_alone() {
        let state = tempfile::tempdir().unwrap();
        let machine = machine(state.path().join("iama"), &[]);
        let agreed =
            || [Level::LimitsOnly, Level::LandlockSeccomp, Level::Bubblewrap].map(|on| is_agreed(&machine, on));
        agree(&machine, Level::LimitsOnly).unwrap();
        assert_eq!(agreed(), [false; 3]);
        agree(&machine, Level::Bubblewrap).unwrap();
        assert_eq!(agreed(), [false, false, true]);
        agree(&machine, Level::LandlockSeccomp).unwrap();
        agree(&machine, Level::Bubblewrap).unwrap();
        assert_eq!(agreed(), [false, true, true]);
    }

    #[test]
    fn engines_are_looked_for_in_the_usual_places_and_where_the_variable_says() {
        let variables = [("HOME", "/u/me"), ("XDG_RUNTIME_DIR", "/run/user/7"), ("DOCKER_HOST", "")];
        let found = wish(&machine(PathBuf::new(), &variables), Choice::Docker, Some("an:image"));
        let usual = ["/var/run/docker.sock", "/run/user/7/docker.sock", "/u/me/.docker/run/docker.sock"];
        assert_eq!(found.sockets, usual.map(PathBuf::from));
        assert_eq!((found.choice, found.docker_host, found.image), (Choice::Docker, None, Some("an:image".to_owned())));
        let named = machine(PathBuf::new(), &[("DOCKER_HOST", "unix:///run/e.sock")]);
        assert_eq!(wish(&named, Choice::Auto, None).docker_host, Some("unix:///run/e.sock".to_owned()));
    }
}
