//! Who is signed in where: a file that its owner alone can read. Tokens are good once, so whoever changes one holds the lock.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use iama_engine::Machine;
use serde::{Deserialize, Serialize};

use crate::problem::{Problem, bad_input, io};

/// One sign-in.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Sent with each request.
    pub(crate) access_token: String,
    /// Changed for the next pair; good once.
    pub(crate) refresh_token: String,
}

type Known = BTreeMap<String, Account>;

/// The sign-ins of this machine's user, by the addresses of servers.
#[derive(Debug, Clone)]
pub(crate) struct Accounts {
    file: PathBuf,
}

/// The lock is given back when it is dropped.
pub(crate) struct Held {
    file: PathBuf,
    _lock: File,
}

impl Accounts {
    /// Those of the user whose machine this is.
    pub(crate) fn of(machine: &Machine) -> Result<Self, Problem> {
        let folder = |name: &str| machine.variables.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let settings = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")));
        let settings = settings.ok_or_else(|| {
            bad_input(
                "CONFIG_UNKNOWN",
                "neither HOME nor XDG_CONFIG_HOME names an absolute folder, so a sign-in cannot be kept anywhere",
                "set one of them",
            )
        })?;
        Ok(Self { file: settings.join("iama/accounts.json") })
    }

    /// The sign-in at a server, if there is one.
    pub(crate) fn get(&self, url: &str) -> Result<Option<Account>, Problem> {
        Ok(read(&self.file)?.remove(url))
    }

    /// Takes the file for this process.
    pub(crate) fn hold(&self) -> Result<Held, Problem> {
        let folder = self.file.parent().unwrap_or(Path::new("/"));
        let failed = |error: std::io::Error| io(format!("cannot write to {}", folder.display()), &error);
        fs::create_dir_all(folder).map_err(failed)?;
        let mut open = OpenOptions::new();
        open.create(true).truncate(false).write(true);
        let lock = open.open(self.file.with_extension("lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        Ok(Held { file: self.file.clone(), _lock: lock })
    }
}

impl Held {
    /// The sign-in at a server, if there is one.
    pub(crate) fn get(&self, url: &str) -> Result<Option<Account>, Problem> {
        Ok(read(&self.file)?.remove(url))
    }

    /// Keeps a sign-in, or forgets it.
    pub(crate) fn put(&self, url: &str, account: Option<Account>) -> Result<(), Problem> {
        let mut known = read(&self.file)?;
        match account {
            Some(account) => known.insert(url.to_owned(), account),
            None => known.remove(url),
        };
        write(&self.file, &known).map_err(|error| io(format!("cannot write {}", self.file.display()), &error))
    }
}

fn read(file: &Path) -> Result<Known, Problem> {
    match fs::read(file) {
        Ok(text) => serde_json::from_slice(&text).map_err(|error| {
            let sentence = format!("{} cannot be understood: {error}", file.display());
            bad_input("ACCOUNTS_INVALID", sentence, "remove the file and sign in again with `iama login`")
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Known::new()),
        Err(error) => Err(io(format!("cannot read {}", file.display()), &error)),
    }
}

/// Temporary files are made for their owner alone, and stay so under their new name.
fn write(file: &Path, known: &Known) -> std::io::Result<()> {
    let mut whole = tempfile::NamedTempFile::new_in(file.parent().unwrap_or(Path::new("/")))?;
    whole.write_all(&serde_json::to_vec_pretty(known)?)?;
    whole.as_file().sync_all()?;
    whole.persist(file).map_err(|error| error.error)?;
    Ok(())
}
