//! The supervisor: a process between us and the command.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::level::Level;
use crate::run::{KILLED, Launch, Order};

const TICK: Duration = Duration::from_millis(10);

/// The largest file that a run may write.
const FILE_BYTES: u64 = 1 << 30;

/// The memory that a run may map.
const ADDRESS_BYTES: u64 = 16 << 30;

/// Exit code for an order that could not be carried out.
const REFUSED: u8 = 126;

/// Carries out one order, given as JSON in the first argument, and leaves nothing running.
pub fn supervise(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let order = arguments.next().and_then(|text| serde_json::from_str::<Order>(&text.to_string_lossy()).ok());
    let Some(order) = order else {
        eprintln!("iama: the supervisor was started without an order");
        return ExitCode::from(REFUSED);
    };
    match carry_out(&order) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("iama: {} cannot be run: {error}", order.launch.command.first().map_or("", String::as_str));
            ExitCode::from(REFUSED)
        }
    }
}

fn carry_out(order: &Order) -> io::Result<u8> {
    adopt_orphans();
    take_limits()?;
    let caller_gone = watch_caller();
    let mut command = command(order);
    if order.level == Level::LandlockSeccomp {
        close_off(&order.launch)?;
    }
    let mut child = command.spawn()?;
    let status = wait(&mut child, &caller_gone);
    kill_all(&mut child);
    Ok(status.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::try_from(KILLED).unwrap_or(REFUSED)))
}

fn wait(child: &mut Child, caller_gone: &AtomicBool) -> Option<i32> {
    while !caller_gone.load(Ordering::Relaxed) {
        match child.try_wait() {
            Ok(Some(status)) => return status.code(),
            Ok(None) => std::thread::sleep(TICK),
            Err(_) => return None,
        }
    }
    None
}

/// The caller holds the other end of our standard input for as long as it wants the run.
fn watch_caller() -> Arc<AtomicBool> {
    let gone = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&gone);
    std::thread::spawn(move || {
        let mut byte = [0];
        while matches!(io::stdin().read(&mut byte), Ok(1)) {}
        flag.store(true, Ordering::Relaxed);
    });
    gone
}

#[expect(clippy::disallowed_methods, reason = "the one room that starts processes")]
fn command(order: &Order) -> Command {
    let launch = &order.launch;
    let mut command = if let (Level::Bubblewrap, Some(bubblewrap)) = (order.level, &order.bubblewrap) {
        let mut command = Command::new(bubblewrap);
        command.args(bubblewrap_arguments(launch)).arg("--").args(&launch.command);
        command
    } else {
        let mut command = Command::new(launch.command.first().map_or("", String::as_str));
        command.args(launch.command.iter().skip(1)).current_dir(&launch.folder);
        command
    };
    command.env_clear().envs(&launch.environment).stdin(Stdio::null());
    command
}

fn bubblewrap_arguments(launch: &Launch) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["--unshare-all", "--die-with-parent", "--new-session"].map(Into::into).into();
    let mut bind = |option: &str, path: &Path| {
        arguments.push(option.into());
        arguments.push(path.into());
        if matches!(option, "--bind" | "--ro-bind") {
            arguments.push(path.into());
        }
    };
    bind("--ro-bind", Path::new("/"));
    bind("--dev", Path::new("/dev"));
    bind("--proc", Path::new("/proc"));
    for hidden in [Path::new("/tmp"), Path::new("/run"), Path::new("/var/tmp")]
        .into_iter()
        .chain(launch.hidden.iter().map(|path| &**path))
        .filter(|path| path.is_dir())
    {
        bind("--tmpfs", hidden);
    }
    launch.readable.iter().filter(|path| path.exists()).for_each(|path| bind("--ro-bind", path));
    launch.writable.iter().for_each(|path| bind("--bind", path));
    bind("--chdir", &launch.folder);
    arguments
}

#[cfg(target_os = "linux")]
fn adopt_orphans() {
    // Where this fails the process group below still takes most of what a command leaves behind.
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

#[cfg(not(target_os = "linux"))]
fn adopt_orphans() {}

#[cfg(unix)]
fn take_limits() -> io::Result<()> {
    use rlimit::Resource;
    let lower = |resource: Resource, wanted: u64| -> io::Result<()> {
        let (_, hard) = resource.get()?;
        let limit = wanted.min(hard);
        resource.set(limit, limit)
    };
    lower(Resource::CORE, 0)?;
    lower(Resource::FSIZE, FILE_BYTES)?;
    lower(Resource::AS, ADDRESS_BYTES)
}

#[cfg(not(unix))]
fn take_limits() -> io::Result<()> {
    Ok(())
}

/// From here on this process and all that it starts can write only to the named folders and open no socket.
#[cfg(target_os = "linux")]
fn close_off(launch: &Launch) -> io::Result<()> {
    restrict_files(launch).map_err(io::Error::other)?;
    restrict_sockets().map_err(io::Error::other)
}

#[cfg(not(target_os = "linux"))]
fn close_off(_: &Launch) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

#[cfg(target_os = "linux")]
fn restrict_files(launch: &Launch) -> Result<(), landlock::RulesetError> {
    use landlock::{
        ABI, Access as _, AccessFs, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, path_beneath_rules,
    };
    let abi = ABI::V3;
    let devices = ["/dev/null", "/dev/zero", "/dev/tty", "/dev/random", "/dev/urandom", "/dev/shm"];
    Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .create()?
        .add_rules(path_beneath_rules(["/"], AccessFs::from_read(abi)))?
        .add_rules(path_beneath_rules(&launch.writable, AccessFs::from_all(abi)))?
        .add_rules(path_beneath_rules(devices, AccessFs::from_all(abi)))?
        .restrict_self()?;
    Ok(())
}

#[cfg(target_os = "linux")]
fn restrict_sockets() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    use seccompiler::{SeccompAction, SeccompFilter, apply_filter};
    let calls = SOCKET_CALLS.into_iter().map(|call| (call, Vec::new())).collect();
    let refuse = SeccompAction::Errno(1);
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, refuse, std::env::consts::ARCH.try_into()?)?;
    apply_filter(&seccompiler::BpfProgram::try_from(filter)?)?;
    Ok(())
}

/// The system calls socket, connect and bind.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
const SOCKET_CALLS: [i64; 3] = [41, 42, 49];

/// The system calls socket, connect and bind.
#[cfg(all(target_os = "linux", not(target_arch = "x86_64")))]
const SOCKET_CALLS: [i64; 3] = [198, 203, 200];

/// Kills the command and everything that it left to us, again and again until nobody is left: whoever forks meanwhile is
/// adopted and killed in the next turn.
fn kill_all(child: &mut Child) {
    // A child that has ended already cannot be killed, and that is as wanted.
    let _ = child.kill();
    let _ = child.wait();
    for _ in 0..1000 {
        let children = children();
        if children.is_empty() {
            return;
        }
        for pid in children {
            reap(pid);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(target_os = "linux")]
fn children() -> Vec<i32> {
    let own = std::process::id();
    let tasks = std::fs::read_dir(format!("/proc/{own}/task"));
    let files = tasks.into_iter().flatten().flatten().map(|task| task.path().join("children"));
    let lists = files.filter_map(|file| std::fs::read_to_string(file).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
}

#[cfg(not(target_os = "linux"))]
fn children() -> Vec<i32> {
    Vec::new()
}

#[cfg(unix)]
fn reap(pid: i32) {
    use nix::sys::signal::{Signal, kill};
    use nix::sys::wait::{WaitPidFlag, waitpid};
    let pid = nix::unistd::Pid::from_raw(pid);
    // The process may be gone by now, which is what was wanted.
    let _ = kill(pid, Signal::SIGKILL);
    let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
}

#[cfg(not(unix))]
fn reap(_: i32) {}
