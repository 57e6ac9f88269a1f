//! Which level runs get: the one that was asked for, or the best that works here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::docker::{self, Engine};
use crate::level::{Level, Probe, bubblewrap, landlock_works, probe};
use crate::output::Capped;
use crate::run::{Launch, Limits, Order};
use crate::supervise::Verdict;
use crate::watch::Disk;

/// Tells folders of trials apart.
static TRIALS: AtomicU32 = AtomicU32::new(0);

/// Where runs are to happen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// In Docker when an engine answers, else natively.
    #[default]
    Auto,
    /// In Docker or not at all.
    Docker,
    /// On this machine, closed off as well as it can.
    Native,
}

/// What was asked for, and where to look.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Where runs are to happen.
    pub choice: Choice,
    /// The value of PATH, for bubblewrap.
    pub path: String,
    /// The value of `DOCKER_HOST`, when it is set.
    pub docker_host: Option<String>,
    /// Sockets to try when it is not.
    pub sockets: Vec<PathBuf>,
    /// The image that containers start from; without it one is made from this machine.
    pub image: Option<String>,
    /// A folder of our own in which a container is tried out.
    pub scratch: PathBuf,
}

/// What was asked for cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("tests cannot run in Docker: {reason}")]
pub struct Unavailable {
    /// Why not, as a part of a sentence.
    pub reason: String,
}

/// Finds the level for runs. Docker that was asked for and cannot be had is an error, and nothing else takes its place.
pub fn choose(wish: &Wish) -> Result<Probe, Unavailable> {
    if wish.choice == Choice::Native {
        return Ok(probe(&wish.path));
    }
    match engine(wish) {
        Ok(found) => Ok(in_docker(found)),
        Err(reason) if wish.choice == Choice::Docker => Err(Unavailable { reason }),
        Err(reason) => Ok(natively_since(&reason, wish)),
    }
}

/// The best native level, where Docker will not do for a reason that is a part of a sentence.
pub fn natively_since(reason: &str, wish: &Wish) -> Probe {
    let native = probe(&wish.path);
    Probe { reason: format!("not in Docker, since {reason}; {}", native.reason), ..native }
}

/// A level, and whether runs can have it on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Which.
    pub level: Level,
    /// Whether it works here.
    pub works: bool,
    /// Why, or why not.
    pub reason: String,
}

/// Tries every level out, strongest first, whatever the wish's choice is.
pub fn standings(wish: &Wish) -> Vec<Standing> {
    let docker = engine(wish).map(|found| in_docker(found).reason);
    let bubblewrap = bubblewrap(&wish.path).map(|program| format!("{} works here", program.display()));
    let landlock = landlock_works().map(|()| "this kernel has what it takes".to_owned());
    let limits = Ok("for want of a better one, and only after a person has said yes".to_owned());
    let all = [
        (Level::Docker, docker),
        (Level::Bubblewrap, bubblewrap),
        (Level::LandlockSeccomp, landlock),
        (Level::LimitsOnly, limits),
    ];
    all.map(|(level, tried)| {
        let works = tried.is_ok();
        Standing { level, works, reason: tried.unwrap_or_else(|reason| reason) }
    })
    .into()
}

fn in_docker(engine: Engine) -> Probe {
    let reason = format!("the engine {} answers at {}", engine.version, engine.socket.display());
    Probe { reason, docker: Some(engine), ..Probe::of(Level::Docker) }
}

/// The first engine that a container runs in as it should.
fn engine(wish: &Wish) -> Result<Engine, String> {
    let sockets = match wish.docker_host.as_deref().map(|host| host.strip_prefix("unix://").ok_or(host)) {
        Some(Ok(socket)) => vec![PathBuf::from(socket)],
        Some(Err(other)) => {
            return Err(format!("DOCKER_HOST is {other}, and only an engine at a socket of this machine will do"));
        }
        None => wish.sockets.clone(),
    };
    let mut present = sockets.iter().filter(|socket| socket.exists()).peekable();
    if present.peek().is_none() {
        let names: Vec<_> = sockets.iter().map(|socket| socket.display().to_string()).collect();
        return Err(format!("no engine has a socket at {}", names.join(" or ")));
    }
    let mut reasons = Vec::new();
    for socket in present {
        let tried = docker::find(socket, wish.image.as_deref()).and_then(|found| try_out(&found, wish).map(|()| found));
        match tried {
            Ok(found) => return Ok(found),
            Err(reason) => reasons.push(format!("the engine at {} will not do ({reason})", socket.display())),
        }
    }
    Err(reasons.join(", and "))
}

/// An engine may answer and still see other files than we do, or be unable to start anything.
fn try_out(engine: &Engine, wish: &Wish) -> Result<(), String> {
    let number = TRIALS.fetch_add(1, Ordering::Relaxed);
    let folder = wish.scratch.join(format!("docker-{}-{number}", std::process::id()));
    let tried = fs::create_dir_all(&folder).map_err(|error| error.to_string()).and_then(|()| try_in(&folder, engine));
    // A folder that cannot be removed does no harm.
    let _ = fs::remove_dir_all(&folder);
    tried
}

fn try_in(folder: &Path, engine: &Engine) -> Result<(), String> {
    let word = format!("iama {}", std::process::id());
    fs::write(folder.join("given"), &word).map_err(|error| error.to_string())?;
    let launch = Launch {
        command: ["/bin/sh", "-c", "read -r word < given; echo \"$word\" > taken"].map(str::to_owned).into(),
        folder: folder.to_owned(),
        environment: BTreeMap::new(),
        writable: vec![folder.to_owned()],
        readable: Vec::new(),
        hidden: Vec::new(),
        output: folder.join("output"),
        limit: Duration::from_secs(30),
    };
    let order = Order { probe: in_docker(engine.clone()), limits: Limits::default(), launch, supervisor: Vec::new() };
    let mut output = Capped::new(Vec::new(), 4096);
    let deadline = deadline(order.launch.limit);
    let ended = docker::run(&order, &mut output, || !deadline(), &Disk::unwatched());
    let taken = fs::read_to_string(folder.join("taken")).unwrap_or_default();
    match ended {
        Err(error) => Err(error.to_string()),
        Ok(_) if taken.trim() == word => Ok(()),
        Ok(Verdict { code: Some(0), .. }) => Err("it does not see this machine's files".to_owned()),
        Ok(_) => Err("a container that was tried out did not do its work".to_owned()),
    }
}

#[expect(clippy::disallowed_methods, reason = "an engine is given real time")]
fn deadline(limit: Duration) -> impl Fn() -> bool {
    let started = std::time::Instant::now();
    move || started.elapsed() > limit
}
