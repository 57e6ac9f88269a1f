//! Scenarios: a program seen from outside. A scenario is a command with its input, or a server with requests; what shows of it
//! is the exit code, the output, the files that it writes, the responses. Scenarios live in a small YAML file that people
//! write and read; what the legacy code did is recorded into it, and the result has to do the same.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

mod compare;
mod content;
mod file;
mod normalise;
mod propose;
mod run;
mod settle;
mod times;
mod write;

pub use compare::{Difference, differences};
pub use content::Content;
pub use file::{Malformed, parse};
pub use normalise::{NORMALISERS, Normaliser, Use};
pub use propose::{Entry, entries, propose};
pub use run::{Bench, Observation, observe};
pub use settle::{Settled, settle};
pub use write::{NotWritten, put};

/// The file that is looked for in the root of a project.
pub const FILE: &str = "iama-scenarios.yaml";

/// The version of the format.
pub const VERSION: u32 = 1;

/// Seconds that a scenario may take when it says nothing.
pub const SECONDS: u64 = 30;

/// A file of scenarios.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scenarios {
    /// In the order of the file.
    pub scenarios: Vec<Scenario>,
}

/// One scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Its name, once in a file.
    pub name: String,
    /// Where it begins in the file, from 1.
    pub line: usize,
    /// What is run.
    pub action: Action,
    /// The standard input.
    pub stdin: Vec<u8>,
    /// Variables besides the usual ones.
    pub environment: BTreeMap<String, String>,
    /// Files that are put into the copy first, by path from the root.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Seconds that the command, or one request, may take.
    pub seconds: u64,
    /// Normalisers that were asked for besides those that always run.
    pub normalise: BTreeSet<&'static str>,
    /// Normalisers that are not to run.
    pub keep: BTreeSet<&'static str>,
    /// Parts that nobody cares about: the name of one, or its beginning, such as `stderr` or `file cache`.
    pub ignore: Vec<String>,
    /// What was recorded.
    pub expect: Option<Expectation>,
}

/// What a scenario runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A command that ends.
    Run(Command),
    /// A server that is asked and then ended.
    Serve {
        /// What starts it.
        command: Command,
        /// Seconds until it must listen on its port.
        ready_seconds: u64,
        /// The requests, one after the other.
        requests: Vec<Request>,
    },
}

/// How something is started. `python` is the interpreter of the side that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A line for the shell.
    Line(String),
    /// A program and its arguments.
    Words(Vec<String>),
}

impl Command {
    /// The words to start.
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::Line(line) => vec!["/bin/sh".to_owned(), "-c".to_owned(), line.clone()],
            Self::Words(words) => words.clone(),
        }
    }

    /// The command as a person reads it.
    pub fn shown(&self) -> String {
        match self {
            Self::Line(line) => line.clone(),
            Self::Words(words) => words.join(" "),
        }
    }
}

/// One HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Headers besides the necessary ones.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What was recorded on the legacy code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// What shows, by name of the part: `exit`, `stdout`, `stderr`, `file PATH`, `response N status`, `response N body`,
    /// `response N header NAME`.
    pub parts: BTreeMap<String, Content>,
    /// How often each normaliser changed something while it was recorded. Those that do not always run were found to be
    /// needed, and run again.
    pub normalised: BTreeMap<String, usize>,
    /// Parts that are no facts about the code, with the reason.
    pub quarantined: BTreeMap<String, String>,
}

impl Scenario {
    /// The command as a person reads it.
    pub fn shown(&self) -> String {
        match &self.action {
            Action::Run(command) | Action::Serve { command, .. } => command.shown(),
        }
    }

    /// Whether nobody cares about a part.
    pub fn ignores(&self, part: &str) -> bool {
        let begins = |pattern: &String| {
            part.strip_prefix(pattern.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '/']))
        };
        self.ignore.iter().any(begins)
    }

    /// The normalisers that run for it, in their order.
    pub fn normalisers(&self) -> Vec<&'static Normaliser> {
        let found = |name: &str| self.expect.as_ref().is_some_and(|expect| expect.normalised.contains_key(name));
        let wanted = |normaliser: &&Normaliser| {
            !self.keep.contains(normaliser.name)
                && (normaliser.when == Use::Always
                    || self.normalise.contains(normaliser.name)
                    || found(normaliser.name))
        };
        NORMALISERS.iter().filter(wanted).collect()
    }
}
