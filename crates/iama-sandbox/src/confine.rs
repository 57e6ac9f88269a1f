//! The last step before the command: this process takes the limits and the restrictions on itself, then becomes the command.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::level::Level;
use crate::run::{Launch, Limits, Order};
use crate::view::View;

/// The largest file that a run may write, in bytes.
pub(crate) const FILE_BYTES: u64 = 1 << 30;

/// The memory that one process may map, in bytes. Runtimes reserve far more than they use.
#[cfg(unix)]
const ADDRESS_BYTES: u64 = 16 << 30;

/// Becomes the command; comes back only with what stood in the way.
pub(crate) fn become_command(order: &Order) -> io::Error {
    match prepared(order) {
        Ok(mut prepared) => exec(&mut prepared.command),
        Err(error) => error,
    }
}

/// A command, and pipes that it inherits.
struct Prepared {
    command: Command,
    _pipes: Vec<io::PipeReader>,
}

fn prepared(order: &Order) -> io::Result<Prepared> {
    die_with_supervisor()?;
    take_limits(&order.limits)?;
    let launch = &order.launch;
    let mut prepared = match (order.probe.level, &order.probe.bubblewrap) {
        (Level::LimitsOnly, _) => plain(launch),
        (Level::LandlockSeccomp, _) => {
            restrict(launch)?;
            plain(launch)
        }
        (Level::Bubblewrap, Some(program)) => bubblewrap(program, launch, &order.limits)?,
        (Level::Bubblewrap | Level::Docker, _) => return Err(io::Error::from(io::ErrorKind::Unsupported)),
    };
    prepared.command.env_clear().envs(&launch.environment);
    Ok(prepared)
}

#[expect(clippy::disallowed_methods, reason = "the one room that starts processes")]
fn plain(launch: &Launch) -> Prepared {
    let mut command = Command::new(launch.command.first().map_or("", String::as_str));
    command.args(launch.command.iter().skip(1)).current_dir(&launch.folder);
    Prepared { command, _pipes: Vec::new() }
}

#[cfg(unix)]
fn exec(command: &mut Command) -> io::Error {
    std::os::unix::process::CommandExt::exec(command)
}

/// Without a call that becomes another program this one waits for it and passes its code on.
#[cfg(not(unix))]
fn exec(command: &mut Command) -> io::Error {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}

#[cfg(target_os = "linux")]
fn die_with_supervisor() -> io::Result<()> {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "as where it can fail")]
fn die_with_supervisor() -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn take_limits(limits: &Limits) -> io::Result<()> {
    use rlimit::Resource;
    let lower = |resource: Resource, wanted: u64| -> io::Result<()> {
        let (_, hard) = resource.get()?;
        let limit = wanted.min(hard);
        resource.set(limit, limit)
    };
    lower(Resource::CORE, 0)?;
    lower(Resource::FSIZE, FILE_BYTES.min(limits.disk_bytes))?;
    lower(Resource::NPROC, crate::tree::threads_of_user().saturating_add(limits.processes))?;
    // Some systems know this limit and refuse it.
    let mapped = lower(Resource::AS, ADDRESS_BYTES.max(limits.memory_bytes));
    if cfg!(target_os = "linux") { mapped } else { Ok(()) }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as where it can fail")]
fn take_limits(_: &Limits) -> io::Result<()> {
    Ok(())
}

/// Starts bubblewrap around a command that does nothing.
pub(crate) fn try_bubblewrap(program: &Path) -> io::Result<Output> {
    let launch = Launch {
        command: vec!["true".to_owned()],
        folder: "/".into(),
        environment: BTreeMap::new(),
        writable: Vec::new(),
        readable: Vec::new(),
        hidden: Vec::new(),
        output: PathBuf::new(),
        limit: Duration::ZERO,
    };
    let mut prepared = bubblewrap(program, &launch, &Limits::default())?;
    prepared.command.stdin(Stdio::null()).output()
}

#[cfg(target_os = "linux")]
fn bubblewrap(program: &Path, launch: &Launch, limits: &Limits) -> io::Result<Prepared> {
    use std::os::fd::AsRawFd as _;
    let mut arguments = bubblewrap_arguments(&View::of(launch), launch, limits);
    let mut pipes = Vec::new();
    for filter in crate::seccomp::programs(crate::seccomp::Sockets::OwnNamespace).map_err(io::Error::other)? {
        let pipe = inherited(&crate::seccomp::bytes(&filter))?;
        arguments.extend(["--add-seccomp-fd".into(), pipe.as_raw_fd().to_string().into()]);
        pipes.push(pipe);
    }
    #[expect(clippy::disallowed_methods, reason = "the one room that starts processes")]
    let mut command = Command::new(program);
    command.args(arguments).arg("--").args(&launch.command);
    Ok(Prepared { command, _pipes: pipes })
}

#[cfg(not(target_os = "linux"))]
fn bubblewrap(_: &Path, _: &Launch, _: &Limits) -> io::Result<Prepared> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// A pipe that holds `bytes` and that the next program inherits.
#[cfg(target_os = "linux")]
fn inherited(bytes: &[u8]) -> io::Result<io::PipeReader> {
    use std::io::Write as _;

    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(bytes)?;
    fcntl(&reader, FcntlArg::F_SETFD(FdFlag::empty()))?;
    Ok(reader)
}

/// Namespaces of its own, and in them only what the view holds.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "bubblewrap is a part of Linux"))]
fn bubblewrap_arguments(view: &View, launch: &Launch, limits: &Limits) -> Vec<OsString> {
    // Also for root, who would otherwise keep every capability in there and could mount the system again to write to it.
    let first = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--cap-drop", "ALL"];
    let mut arguments: Vec<OsString> = first.map(Into::into).into();
    let mut add = |parts: &[&Path]| arguments.extend(parts.iter().map(|part| part.as_os_str().to_owned()));
    let room = limits.memory_bytes.min(FILE_BYTES).to_string();
    let empty = |add: &mut dyn FnMut(&[&Path]), path: &Path| {
        add(&["--size", &room, "--tmpfs"].map(Path::new));
        add(&[path]);
    };
    view.system.iter().for_each(|path| add(&[Path::new("--ro-bind"), path, path]));
    add(&["--proc", "/proc", "--dev", "/dev"].map(Path::new));
    for path in ["/dev/shm", "/tmp", "/var/tmp", "/run"] {
        empty(&mut add, Path::new(path));
    }
    view.read.iter().for_each(|path| add(&[Path::new("--ro-bind"), path, path]));
    view.empty.iter().for_each(|path| empty(&mut add, path));
    view.write.iter().for_each(|path| add(&[Path::new("--bind"), path, path]));
    add(&["--remount-ro", "/dev", "--remount-ro", "/"].map(Path::new));
    add(&[Path::new("--chdir"), &launch.folder]);
    arguments
}

/// From here on this process and all that it starts see only what the view holds, open no socket and signal nobody else.
#[cfg(target_os = "linux")]
fn restrict(launch: &Launch) -> io::Result<()> {
    drop_capabilities().map_err(io::Error::other)?;
    restrict_files(&View::of(launch)).map_err(io::Error::other)?;
    for filter in crate::seccomp::programs(crate::seccomp::Sockets::None).map_err(io::Error::other)? {
        seccompiler::apply_filter(&filter).map_err(io::Error::other)?;
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn restrict(_: &Launch) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// Root keeps none either: some of them lead around the kernel's rules, as to the memory of other processes.
#[cfg(target_os = "linux")]
fn drop_capabilities() -> Result<(), caps::errors::CapsError> {
    use caps::{CapSet, Capability, clear, drop, has_cap};
    if has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP)? {
        caps::runtime::thread_all_supported()
            .into_iter()
            .try_for_each(|capability| drop(None, CapSet::Bounding, capability))?;
    }
    clear(None, CapSet::Effective)?;
    clear(None, CapSet::Permitted)?;
    clear(None, CapSet::Inheritable)
}

#[cfg(target_os = "linux")]
fn restrict_files(view: &View) -> Result<(), landlock::RulesetError> {
    use landlock::{
        ABI, Access as _, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _,
        Scope, path_beneath_rules,
    };
    let abi = ABI::V6;
    let devices = ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/random", "/dev/urandom", "/dev/shm"];
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(crate::level::LANDLOCK))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .add_rules(path_beneath_rules(&view.system, AccessFs::from_read(abi)))?
        .add_rules(path_beneath_rules(&view.read, AccessFs::from_read(abi)))?
        .add_rules(path_beneath_rules(["/proc", "/sys/devices/system/cpu"], AccessFs::from_read(abi)))?
        .add_rules(path_beneath_rules(&view.write, AccessFs::from_all(abi)))?
        .add_rules(path_beneath_rules(devices, AccessFs::from_all(abi)))?
        .restrict_self()?;
    Ok(())
}
