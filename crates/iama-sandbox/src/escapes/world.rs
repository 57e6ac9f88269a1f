//! What lies around a sandbox: a home, another job, listeners, a bystander.

use std::fs;
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// What a secret says.
pub(super) const SECRET: &str = "not for tests";

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// One sandbox's surroundings. They go when this is dropped.
pub(super) struct World {
    top: PathBuf,
    /// Where the run may write.
    pub(super) job: PathBuf,
    pub(super) home: PathBuf,
    pub(super) other_job: PathBuf,
    /// Holds `file`, which is nobody's business.
    pub(super) outside: PathBuf,
    /// For what belongs to the suite.
    pub(super) scratch: PathBuf,
    pub(super) socket: PathBuf,
    /// In the environment of everything that the run starts.
    pub(super) mark: String,
    /// A process of the same user, with a secret in its environment.
    pub(super) victim: Child,
    tcp: TcpListener,
    udp: UdpSocket,
    path_socket: UnixListener,
    abstract_socket: UnixListener,
}

impl World {
    pub(super) fn new(scratch: &Path) -> io::Result<Self> {
        let mark = format!("iama-escape-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let top = scratch.join(&mark);
        let folder = |name: &str| {
            let path = top.join(name);
            fs::create_dir_all(&path).map(|()| path)
        };
        let (job, home, other_job) = (folder("job")?, folder("home")?, folder("other-job")?);
        let (outside, kept) = (folder("outside")?, folder("kept")?);
        for place in [&home, &other_job] {
            fs::write(place.join("secret"), SECRET)?;
        }
        fs::write(outside.join("file"), "as it was")?;
        fs::set_permissions(outside.join("file"), fs::Permissions::from_mode(0o644))?;
        let socket = outside.join("docker.sock");
        let (tcp, udp) = (TcpListener::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
        let path_socket = UnixListener::bind(&socket)?;
        let abstract_socket = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&mark)?)?;
        tcp.set_nonblocking(true)?;
        udp.set_nonblocking(true)?;
        path_socket.set_nonblocking(true)?;
        abstract_socket.set_nonblocking(true)?;
        let victim = bystander()?;
        let scratch = kept;
        Ok(Self {
            top,
            job,
            home,
            other_job,
            outside,
            scratch,
            socket,
            mark,
            victim,
            tcp,
            udp,
            path_socket,
            abstract_socket,
        })
    }

    pub(super) fn tcp_port(&self) -> u16 {
        self.tcp.local_addr().map_or(0, |address| address.port())
    }

    pub(super) fn udp_port(&self) -> u16 {
        self.udp.local_addr().map_or(0, |address| address.port())
    }

    /// Whether anybody connected or sent anything.
    pub(super) fn was_reached(&self) -> bool {
        self.tcp.accept().is_ok()
            || self.udp.recv(&mut [0; 16]).is_ok()
            || self.path_socket.accept().is_ok()
            || self.abstract_socket.accept().is_ok()
    }

    /// What the run wrote into its own folder.
    pub(super) fn loot(&self) -> String {
        fs::read_to_string(self.job.join("loot")).unwrap_or_default()
    }

    /// Whether the foreign folder is as it was.
    pub(super) fn is_untouched(&self) -> bool {
        let file = self.outside.join("file");
        let names = fs::read_dir(&self.outside).map_or(0, Iterator::count);
        names == 2 && fs::read_to_string(file).is_ok_and(|text| text == "as it was")
    }

    /// The mode of the foreign file.
    pub(super) fn mode(&self) -> u32 {
        fs::metadata(self.outside.join("file")).map_or(0, |data| data.permissions().mode() & 0o7777)
    }

    /// Whether the bystander lives.
    pub(super) fn victim_lives(&self) -> bool {
        let state = fs::read_to_string(format!("/proc/{}/stat", self.victim.id())).unwrap_or_default();
        state.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    }

    /// Whether anything that the run started is alive.
    pub(super) fn left_something(&self) -> bool {
        let mark = format!("MARK={}", self.mark);
        let own = std::process::id().to_string();
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let marked = |path: PathBuf| {
            let environment = fs::read(path.join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        };
        processes.filter(|entry| entry.file_name() != *own).any(|entry| marked(entry.path()))
    }

    /// Bytes on the disk in the run's own folder.
    pub(super) fn filled(&self) -> u64 {
        let entries = fs::read_dir(&self.job).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.metadata().ok()).map(|data| data.blocks() * 512).sum()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // What is gone already need not be ended or removed.
        let _ = self.victim.kill();
        let _ = self.victim.wait();
        let _ = fs::remove_dir_all(&self.top);
    }
}

#[expect(clippy::disallowed_methods, reason = "a bystander must be outside of every sandbox")]
fn bystander() -> io::Result<Child> {
    Command::new("sleep").arg("120").env("TOKEN", SECRET).stdin(Stdio::null()).spawn()
}
