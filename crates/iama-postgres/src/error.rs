//! Why there is no server, each with a stable code and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why a server could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing to start.
    #[error("this build carries no PostgreSQL, and none was found on this machine")]
    NotFound,
    /// Root, and no way to be anybody else.
    #[error("PostgreSQL refuses to run as root, and this process cannot start it as user {uid}: {source}")]
    Root {
        /// The user that it was to run as.
        uid: u32,
        /// What the system says.
        source: io::Error,
    },
    /// The user that the server runs as cannot come to its files.
    #[error("user {uid}, as whom PostgreSQL has to run, cannot enter {}", folder.display())]
    Closed {
        /// The user that it was to run as.
        uid: u32,
        /// The outermost folder that is closed.
        folder: PathBuf,
    },
    /// Somebody else could change the programs.
    #[error("{} belongs to somebody else or can be written by others", folder.display())]
    Exposed {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder was written by another version.
    #[error("{} was made by PostgreSQL {found}, and this is PostgreSQL {here}", folder.display())]
    Version {
        /// The data folder.
        folder: PathBuf,
        /// The major version that made it.
        found: String,
        /// The one to be started.
        here: u32,
    },
    /// It ended before it was ready, or was not ready in time.
    #[error("PostgreSQL did not start: {words}")]
    NotStarted {
        /// Its last words.
        words: String,
    },
    /// Another process has the folder, and its server is not to be spoken to.
    #[error("another process holds {} and has no server running there", folder.display())]
    Held {
        /// The data folder.
        folder: PathBuf,
    },
    /// It does not end.
    #[error("the PostgreSQL server with process id {process} does not end")]
    NotStopped {
        /// Its process id.
        process: i32,
    },
    /// A file or folder.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A program.
    #[error("{} could not be started: {source}", program.display())]
    Program {
        /// Which.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Error {
    /// A stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "POSTGRES_NOT_FOUND",
            Self::Root { .. } => "POSTGRES_NOT_AS_ROOT",
            Self::Closed { .. } => "POSTGRES_FOLDER_CLOSED",
            Self::Exposed { .. } => "POSTGRES_FOLDER_EXPOSED",
            Self::Version { .. } => "POSTGRES_OTHER_VERSION",
            Self::NotStarted { .. } => "POSTGRES_NOT_STARTED",
            Self::Held { .. } => "POSTGRES_FOLDER_HELD",
            Self::NotStopped { .. } => "POSTGRES_NOT_STOPPED",
            Self::File { .. } => "POSTGRES_FILE",
            Self::Program { .. } => "POSTGRES_PROGRAM",
        }
    }

    /// What a person can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NotFound => {
                "set DATABASE_URL, or install PostgreSQL 15 or newer, or build again after `cargo xtask setup`"
            }
            Self::Root { .. } => "start iama-server as a user other than root, or set DATABASE_URL",
            Self::Closed { .. } => "choose a folder that every user may enter, such as one in /var/lib",
            Self::Exposed { .. } => "choose a cache folder that only you can write to",
            Self::Version { .. } => {
                "start the version that made the folder, or dump its data there and restore it to a new folder"
            }
            Self::NotStarted { .. } => "server.log in the data folder has all that it said",
            Self::Held { .. } => "end the other process, or choose another data folder",
            Self::NotStopped { .. } => "end it by hand, then start again",
            Self::File { .. } => "see that the folder can be written and that the disk has room",
            Self::Program { .. } => "see that the program can be started by hand",
        }
    }

    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}
