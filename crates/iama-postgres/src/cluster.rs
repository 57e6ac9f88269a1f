//! The data folder: what is where in it, who may have it, and how it comes to be.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::libc::O_NOFOLLOW;
use sha2::{Digest as _, Sha256};

use crate::account::Account;
use crate::process::{self, Start};
use crate::{DATABASE, Durability, Error, Programs, ROLE, bundle};

/// The longest path of a socket on every system, less the name of the socket itself.
const LONGEST_SOCKET_FOLDER: usize = 103 - "/.s.PGSQL.5432.lock".len();
/// A log that is longer is set aside at the next start.
const LONGEST_LOG_BYTES: u64 = 1 << 20;
/// Whoever may reach the socket may read the cluster's files, too, so a password would keep nobody out.
const ACCESS: &str = "local all all trust\n";

/// A data folder.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) data: PathBuf,
    pub(crate) cluster: PathBuf,
    pub(crate) socket: PathBuf,
    pub(crate) account: Account,
}

impl Place {
    /// Makes the folder when it is not there, and gives it to whoever the server runs as.
    pub(crate) fn prepare(data: &Path) -> Result<Self, Error> {
        fs::create_dir_all(data).map_err(Error::file(data))?;
        let data = fs::canonicalize(data).map_err(Error::file(data))?;
        let account = Account::of(&data);
        if let Some(outside) = data.parent() {
            account.closed(outside)?;
        }
        account.own(&data)?;
        fs::set_permissions(&data, Permissions::from_mode(0o700)).map_err(Error::file(&data))?;
        let cluster = data.join("cluster");
        let socket = socket_folder(&data);
        Ok(Self { data, cluster, socket, account })
    }

    /// Makes the folder of the socket when it is not there; for whoever holds the lock.
    pub(crate) fn make_socket_folder(&self) -> Result<(), Error> {
        if DirBuilder::new().mode(0o700).create(&self.socket).is_ok() {
            self.account.own(&self.socket)?;
        }
        self.check_socket_folder()
    }

    /// Somebody else may have made it, where it is in `/tmp`.
    pub(crate) fn check_socket_folder(&self) -> Result<(), Error> {
        let found = fs::symlink_metadata(&self.socket).map_err(Error::file(&self.socket))?;
        let mode = found.permissions().mode() & 0o777;
        if found.is_dir() && found.uid() == self.account.uid && mode == 0o700 {
            return Ok(());
        }
        Err(Error::Exposed { folder: self.socket.clone() })
    }

    /// The right to keep the server; `None` when another process has it. It is given back when the file is closed, also by
    /// the end of the process.
    pub(crate) fn lock(&self) -> Result<Option<File>, Error> {
        let path = self.data.join("lock");
        let file = self.open(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(Error::File { path, source }),
        }
    }

    /// The file that the server's words are added to.
    pub(crate) fn log(&self) -> Result<File, Error> {
        let path = self.log_path();
        if fs::symlink_metadata(&path).is_ok_and(|found| found.len() > LONGEST_LOG_BYTES) {
            fs::rename(&path, self.data.join("server.log.1")).map_err(Error::file(&path))?;
        }
        self.open(&path)
    }

    pub(crate) fn log_path(&self) -> PathBuf {
        self.data.join("server.log")
    }

    /// The folder is not only ours, so no link in it is followed.
    fn open(&self, path: &Path) -> Result<File, Error> {
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o600).custom_flags(O_NOFOLLOW);
        let file = options.open(path).map_err(Error::file(path))?;
        self.account.own(path)?;
        Ok(file)
    }

    /// Makes the cluster when there is none; it gets its name when it is whole. Refuses one of another version.
    pub(crate) fn ensure_cluster(&self, programs: &Programs, durability: Durability) -> Result<(), Error> {
        let version = self.cluster.join("PG_VERSION");
        if let Ok(found) = fs::read_to_string(&version) {
            let here = programs.major()?;
            let found = found.trim().to_owned();
            if found == here.to_string() {
                return Ok(());
            }
            return Err(Error::Version { folder: self.data.clone(), found, here });
        }
        let half = tempfile::Builder::new().prefix(".cluster-").tempdir_in(&self.data);
        let half = half.map_err(Error::file(&self.data))?;
        let made = half.path().join("cluster");
        match &programs.template {
            Some(template) => {
                let packed = File::open(template).map_err(Error::file(template))?;
                bundle::unpack(packed, half.path()).map_err(Error::file(&made))?;
                self.account.own_all(&made)?;
            }
            None => programs.make_cluster(&made, self.account)?,
        }
        if durability == Durability::Full {
            bundle::sync(&made).map_err(Error::file(&made))?;
        }
        fs::rename(&made, &self.cluster).map_err(Error::file(&self.cluster))
    }
}

impl Programs {
    /// A new cluster in a folder that is not there yet, in a folder that is to be the account's.
    pub(crate) fn make_cluster(&self, cluster: &Path, account: Account) -> Result<(), Error> {
        if let Some(outside) = cluster.parent() {
            account.own(outside)?;
        }
        let initdb = self.program("initdb");
        let mut settings = vec!["--encoding=UTF8", "--no-locale", "--auth=trust", "--no-sync", "--data-checksums"];
        if self.major()? >= 17 {
            settings.extend(["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]);
        }
        let mut arguments = vec!["-D".as_ref(), cluster.as_os_str(), "-U".as_ref(), ROLE.as_ref()];
        arguments.extend(settings.into_iter().map(OsStr::new));
        process::output(&Start::new(&initdb, &arguments).run_as(account))?;
        let access = cluster.join("pg_hba.conf");
        fs::write(&access, ACCESS).map_err(Error::file(&access))?;
        let single = ["--single".as_ref(), "-D".as_ref(), cluster.as_os_str(), "template1".as_ref()];
        let postgres = self.program("postgres");
        process::feed(&Start::new(&postgres, &single).run_as(account), &format!("CREATE DATABASE {DATABASE}\n"))
    }
}

/// In the data folder, or where its path is too long for a socket, in a folder of `/tmp` that is made of the path.
fn socket_folder(data: &Path) -> PathBuf {
    let inside = data.join("socket");
    if inside.as_os_str().len() <= LONGEST_SOCKET_FOLDER {
        return inside;
    }
    let hash = hex::encode(Sha256::digest(data.as_os_str().as_bytes()));
    PathBuf::from(format!("/tmp/iama-postgres-{}", &hash[..16]))
}
