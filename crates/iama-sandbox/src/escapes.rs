//! Ways out of a sandbox, tried for real on every level: each is a script that runs inside, and a look from outside at what
//! came of it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::level::{Level, Probe};
use crate::run::{Launch, Limits, Outcome, Sandbox};

mod attacks;
mod table;
mod world;

pub use attacks::{ATTACKS, Attack};
pub use table::table;
use world::World;

/// What the tried limits allow; far below the usual ones, so that a try is over soon.
const LIMITS: Limits = Limits { memory_bytes: 384 << 20, processes: 64, disk_bytes: 64 << 20, output_bytes: 1 << 20 };

/// The longest that one attack may take.
const LIMIT: Duration = Duration::from_secs(30);

/// What a level does about an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It comes to nothing.
    Closed,
    /// It goes as far as a limit.
    Limited,
    /// It succeeds.
    Open,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed",
            Self::Limited => "limited",
            Self::Open => "open",
        })
    }
}

/// What came of one attack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Which.
    pub attack: &'static str,
    /// What the level must do about it.
    pub expected: Held,
    /// What it did.
    pub held: Held,
    /// The run, for whoever wants to know why.
    pub shown: String,
}

/// Tries one attack on one level, in a new folder below `scratch`.
pub fn attempt(attack: &Attack, probe: &Probe, supervisor: &[PathBuf], scratch: &Path) -> io::Result<Tried> {
    let world = World::new(scratch)?;
    let sandbox = Sandbox { probe: probe.clone(), supervisor: supervisor.to_vec(), stop: None, limits: LIMITS };
    let outcome = sandbox.run(&launch(attack, &world), || ControlFlow::Continue(())).map_err(io::Error::other)?;
    if !world.job.join("began").exists() {
        return Err(io::Error::other(format!(
            "{} did not begin: {:?} {}",
            attack.name, outcome.reason, outcome.output
        )));
    }
    let held = (attack.look)(&world, &outcome);
    let shown = format!("{:?} {:?}\n{}", outcome.ended, outcome.reason, beginning(&outcome));
    Ok(Tried { attack: attack.name, expected: attack.expected(probe.level), held, shown })
}

fn beginning(outcome: &Outcome) -> String {
    outcome.output.chars().take(2000).collect()
}

fn launch(attack: &Attack, world: &World) -> Launch {
    let path = |path: &Path| path.display().to_string();
    let mut environment = BTreeMap::from([("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned())]);
    environment.insert("MARK", world.mark.clone());
    environment.insert("OUTSIDE", path(&world.outside));
    environment.insert("SECRET_HOME", path(&world.home.join("secret")));
    environment.insert("SECRET_JOB", path(&world.other_job.join("secret")));
    environment.insert("SOCKET", path(&world.socket));
    environment.insert("ABSTRACT", world.mark.clone());
    environment.insert("TCP", world.tcp_port().to_string());
    environment.insert("UDP", world.udp_port().to_string());
    environment.insert("VICTIM", world.victim.id().to_string());
    let script = format!("open('began', 'w').close()\n{}", attack.script);
    Launch {
        command: ["/usr/bin/python3", "-I", "-c", &script].map(str::to_owned).into(),
        folder: world.job.clone(),
        environment: environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        writable: vec![world.job.clone()],
        readable: Vec::new(),
        hidden: vec![world.home.clone()],
        output: world.scratch.join("output"),
        limit: LIMIT,
    }
}

/// Every level that works here, weakest first, and for each other one why not. `docker` is the engine to try, if any.
pub fn levels(path: &str, docker: Result<Probe, String>) -> Vec<(Level, Result<Probe, String>)> {
    let native = crate::probe(path);
    let without = crate::probe("/nowhere");
    let or = |probe: Probe, level: Level| if probe.level == level { Ok(probe) } else { Err(probe.reason) };
    vec![
        (Level::LimitsOnly, Ok(Probe::of(Level::LimitsOnly))),
        (Level::LandlockSeccomp, or(without, Level::LandlockSeccomp)),
        (Level::Bubblewrap, or(native, Level::Bubblewrap)),
        (Level::Docker, docker),
    ]
}
