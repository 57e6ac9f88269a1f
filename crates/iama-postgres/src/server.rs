//! A server in a data folder: started, kept, or found running.

mod keeper;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;

use crate::cluster::Place;
use crate::postmaster::{self, BETWEEN};
use crate::{Error, Programs, ROLE};
use keeper::Keeper;

/// Looks at a folder that another process holds, until it has a server: thirty seconds.
const LOOKS: usize = 3000;

/// Whether what was acknowledged outlives the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It does.
    Full,
    /// It may be lost when the machine stops: for tests.
    None,
}

/// Where the data and the unpacked programs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// The one data folder.
    pub data: PathBuf,
    /// Where the bundle is unpacked to; any number of servers share it.
    pub cache: PathBuf,
}

impl Folders {
    /// Where a person expects them: in their home, and for root, whose home nobody else may enter, in `/var`.
    pub fn usual(home: &Path) -> Self {
        if nix::unistd::geteuid().is_root() {
            return Self { data: "/var/lib/iama/postgres".into(), cache: "/var/cache/iama".into() };
        }
        Self { data: home.join(".local/share/iama/postgres"), cache: home.join(".cache/iama/postgres-unpacked") }
    }
}

/// A running server. The process that started it stops it with this value, in order; one that attached leaves it alone.
pub struct Server {
    place: Place,
    programs: Programs,
    keeper: Option<Keeper>,
}

impl Server {
    /// Starts the server of a data folder, which is made when it is not there. When another process keeps a server on this
    /// folder, that one is used; when that process is dead and its server is not, the server is stopped first.
    pub fn start(programs: &Programs, data: &Path, durability: Durability) -> Result<Self, Error> {
        Self::open(programs, data, durability, false)
    }

    /// A server on a new folder of `/tmp` that is removed with it, however this process ends.
    pub fn temporary(programs: &Programs) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("iama-postgres-").tempdir_in("/tmp");
        let folder = folder.map_err(Error::file(Path::new("/tmp")))?;
        let server = Self::open(programs, folder.path(), Durability::None, true)?;
        let _ = folder.keep();
        Ok(server)
    }

    fn open(programs: &Programs, data: &Path, durability: Durability, temporary: bool) -> Result<Self, Error> {
        let place = Place::prepare(data)?;
        place.account.closed(&programs.folder)?;
        for _ in 0..LOOKS {
            if let Some(lock) = place.lock()? {
                postmaster::end(&place.cluster)?;
                place.make_socket_folder()?;
                place.ensure_cluster(programs, durability)?;
                let keeper = Keeper::start(programs, &place, durability, lock, temporary)?;
                return Ok(Self { place, programs: programs.clone(), keeper: Some(keeper) });
            }
            if postmaster::find(&place.cluster).is_some_and(|found| found.ready) {
                place.check_socket_folder()?;
                return Ok(Self { place, programs: programs.clone(), keeper: None });
            }
            sleep(BETWEEN);
        }
        Err(Error::Held { folder: place.data })
    }

    /// Where to connect to a database of it: a URL whose host is a Unix socket.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{ROLE}@localhost/{database}?host={}", encoded(&self.place.socket.to_string_lossy()))
    }

    /// The folder of the Unix socket, as other clients want it for a host.
    pub fn socket_folder(&self) -> &Path {
        &self.place.socket
    }

    /// Its programs, such as `psql` and `pg_dump`.
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// Whether another process keeps it.
    pub fn is_attached(&self) -> bool {
        self.keeper.is_none()
    }

    /// The process id of the server, while it runs.
    pub fn process(&self) -> Option<i32> {
        postmaster::find(&self.place.cluster).map(|found| found.pid.as_raw())
    }

    /// Ends the connections and the server, and waits until everything is on the disk.
    pub fn stop(mut self) -> Result<(), Error> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Error> {
        let Some(keeper) = self.keeper.take() else { return Ok(()) };
        let temporary = keeper.temporary;
        keeper.stop(&self.place)?;
        if temporary {
            fs::remove_dir_all(&self.place.data).map_err(Error::file(&self.place.data))?;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// A text in a query of a URL.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut url, byte| {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
        url
    })
}
