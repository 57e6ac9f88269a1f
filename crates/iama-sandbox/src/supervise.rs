//! The supervisor: a process between us and the command.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::level::Level;
use crate::output::Capped;
use crate::run::Order;
use crate::watch::{self, Disk};
use crate::{confine, docker, tree};

/// How often the command is looked at.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// How long output may still come in when nobody is left to write it.
const DRAIN: Duration = Duration::from_secs(1);

/// Exit code for an order that could not be carried out.
pub(crate) const REFUSED: i32 = 126;

/// The first argument of the process that becomes the command.
const BECOME: &str = "--become";

/// How a run ended, as the supervisor tells it: in one line of its error output, which the command cannot reach.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// The exit code, when the command ended by itself.
    pub(crate) code: Option<i32>,
    /// Why it was ended, or why it could not begin.
    pub(crate) reason: Option<String>,
}

/// Carries out one order, given as JSON in the last argument, and leaves nothing running.
pub fn supervise(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.collect();
    let order = arguments.last().and_then(|text| serde_json::from_str::<Order>(&text.to_string_lossy()).ok());
    let Some(order) = order else {
        eprintln!("iama: the supervisor was started without an order");
        return ExitCode::FAILURE;
    };
    let name = order.launch.command.first().map_or("", String::as_str);
    if arguments.first().is_some_and(|first| first == BECOME) {
        let error = confine::become_command(&order);
        eprintln!("iama: {name} cannot be run: {error}");
        return u8::try_from(REFUSED).map_or(ExitCode::FAILURE, ExitCode::from);
    }
    let verdict = carry_out(&order).unwrap_or_else(|error| {
        let reason = format!("{name} cannot be run: {error}");
        println!("iama: {reason}");
        Verdict { code: Some(REFUSED), reason: Some(reason) }
    });
    eprintln!("{}", serde_json::to_string(&verdict).unwrap_or_default());
    ExitCode::SUCCESS
}

fn carry_out(order: &Order) -> io::Result<Verdict> {
    let caller_gone = watch_caller();
    let disk = Disk::watch(order.launch.writable.clone(), order.limits);
    if order.probe.level == Level::Docker {
        let mut output = Capped::new(io::stdout(), order.limits.output_bytes);
        let verdict = docker::run(order, &mut output, || !caller_gone.load(Ordering::Relaxed), &disk)?;
        end_output(&mut output, &verdict)?;
        return Ok(verdict);
    }
    adopt_orphans();
    let (reader, writer) = io::pipe()?;
    let mut child = start(order, writer)?;
    let (output, drained) = pass_on(reader, order.limits.output_bytes);
    let verdict = wait(&mut child, order, &caller_gone, &disk);
    // A child that has ended already cannot be killed, and that is as wanted.
    let _ = kill_group(&child);
    let _ = child.kill();
    tree::kill_all();
    let _ = child.wait();
    // Whoever still holds the other end of the pipe is out of reach; its output is not waited for.
    let _ = drained.recv_timeout(DRAIN);
    let mut output = output.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    end_output(&mut output, &verdict)?;
    Ok(verdict)
}

fn end_output(output: &mut Capped<io::Stdout>, verdict: &Verdict) -> io::Result<()> {
    output.finish()?;
    match &verdict.reason {
        Some(reason) => writeln!(io::stdout(), "\niama: ended, because {reason}"),
        None => Ok(()),
    }
}

fn wait(child: &mut Child, order: &Order, caller_gone: &AtomicBool, disk: &Disk) -> Verdict {
    while !caller_gone.load(Ordering::Relaxed) {
        match child.try_wait() {
            Ok(Some(status)) => return Verdict { code: status.code(), reason: None },
            Ok(None) => {}
            Err(_) => return Verdict::default(),
        }
        let reason = watch::processes(&order.limits).or_else(|| disk.verdict());
        if reason.is_some() {
            return Verdict { code: None, reason };
        }
        std::thread::sleep(TICK);
    }
    Verdict::default()
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

/// Starts this program once more, to become the command. The supervisor itself stays outside of all restrictions, so that the
/// command is kept from it as from everybody else.
#[expect(clippy::disallowed_methods, reason = "the one room that starts processes")]
fn start(order: &Order, output: io::PipeWriter) -> io::Result<Child> {
    let mut own = order.supervisor.iter();
    let mut command = Command::new(own.next().ok_or(io::ErrorKind::NotFound)?);
    command.args(own).arg(BECOME).arg(serde_json::to_string(order)?);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.stdin(Stdio::null()).stderr(output.try_clone()?).stdout(output).spawn()
}

type Output = Arc<std::sync::Mutex<Capped<io::Stdout>>>;

/// Passes the output on from a thread of its own; the second value tells when all of it has come.
fn pass_on(reader: io::PipeReader, bytes: u64) -> (Output, Receiver<()>) {
    let output = Arc::new(std::sync::Mutex::new(Capped::new(io::stdout(), bytes)));
    let (sender, drained) = channel();
    let shared = Arc::clone(&output);
    std::thread::spawn(move || {
        let mut reader = reader;
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = reader.read(&mut buffer) {
            let mut output = shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            // What cannot be written is lost; the command goes on.
            let _ = output.push(buffer.get(..read).unwrap_or_default());
        }
        // Nobody listens any more when the wait for it was too long.
        let _ = sender.send(());
    });
    (output, drained)
}

#[cfg(unix)]
fn kill_group(child: &Child) -> io::Result<()> {
    use nix::sys::signal::{Signal, killpg};
    let group = nix::unistd::Pid::from_raw(child.id().cast_signed());
    killpg(group, Signal::SIGKILL).map_err(io::Error::from)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as where it can fail")]
fn kill_group(_: &Child) -> io::Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
fn adopt_orphans() {
    // Where this fails the process group still takes most of what a command leaves behind.
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

#[cfg(not(target_os = "linux"))]
fn adopt_orphans() {}
