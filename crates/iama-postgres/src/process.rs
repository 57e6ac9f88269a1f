//! The one place of this room that starts processes: PostgreSQL's programs and the guard.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Error;
use crate::account::{Account, is_refusal};

/// What is started, and as whom.
pub(crate) struct Start<'a> {
    program: &'a Path,
    arguments: &'a [&'a OsStr],
    account: Option<Account>,
}

impl<'a> Start<'a> {
    pub(crate) fn new(program: &'a Path, arguments: &'a [&'a OsStr]) -> Self {
        Self { program, arguments, account: None }
    }

    pub(crate) fn run_as(self, account: Account) -> Self {
        Self { account: Some(account), ..self }
    }

    /// In a process group of its own, so that an interrupt at the terminal does not reach it, and without the variables that
    /// clients and servers of PostgreSQL read.
    #[expect(
        clippy::disallowed_methods,
        reason = "a server outlives what iama_sandbox is for: it is kept, not limited, and runs no code of a project"
    )]
    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.args(self.arguments).env_clear().env("LC_ALL", "C").current_dir("/").process_group(0);
        if let Some(account) = self.account.filter(|account| account.dropped) {
            command.uid(account.uid).gid(account.gid);
        }
        command
    }

    fn refused(&self, source: io::Error) -> Error {
        match (self.account, source.raw_os_error()) {
            (Some(account), Some(code)) if account.dropped && is_refusal(code) => {
                Error::Root { uid: account.uid, source }
            }
            _ => Error::Program { program: PathBuf::from(self.program), source },
        }
    }
}

/// Starts a program whose words go to a file.
pub(crate) fn spawn(start: &Start<'_>, log: &File) -> Result<Child, Error> {
    let mut command = start.command();
    let (out, err) = (log.try_clone(), log.try_clone());
    let file = Error::file(start.program);
    let (out, err) = out.and_then(|out| Ok((out, err?))).map_err(file)?;
    command.stdin(Stdio::null()).stdout(out).stderr(err);
    command.spawn().map_err(|source| start.refused(source))
}

/// Runs a program to its end and gives what it printed; its last words when it fails.
pub(crate) fn output(start: &Start<'_>) -> Result<String, Error> {
    let output = start.command().stdin(Stdio::null()).output().map_err(|source| start.refused(source))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = [&*output.stdout, &*output.stderr].map(String::from_utf8_lossy).join("");
    Err(Error::NotStarted { words: words.trim().to_owned() })
}

/// Runs a program with something to read.
pub(crate) fn feed(start: &Start<'_>, text: &str) -> Result<(), Error> {
    use std::io::Write as _;
    let mut command = start.command();
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|source| start.refused(source))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).map_err(Error::file(start.program))?;
    }
    let output = child.wait_with_output().map_err(Error::file(start.program))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::NotStarted { words: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
}

/// `$1` is the cluster, `$2` the signal, `$3` a folder to remove. The process id is compared with the folder that the process
/// is in where the system tells that, because it may have been given to somebody else.
const GUARD: &str = r#"
ours() {
    kill -0 "$pid" 2>/dev/null || return 1
    [ ! -e /proc/self/cwd ] || [ "/proc/$pid/cwd" -ef "$cluster" ]
}
cluster=$1
read -r _
if read -r pid < "$cluster/postmaster.pid" && ours; then
    kill -"$2" "$pid"
    tries=0
    while ours && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
fi
[ -z "$3" ] || rm -rf -- "$3"
"#;

/// Waits in a shell for the end of a pipe that only this process holds, and so for this process's end, then stops the server
/// in the cluster and removes a folder. Where there is no shell, there is no guard.
pub(crate) fn guard(account: Account, cluster: &Path, signal: &str, remove: Option<&Path>) -> Option<Child> {
    let remove = remove.map_or(OsStr::new(""), Path::as_os_str);
    let arguments = ["-c".as_ref(), GUARD.as_ref(), "guard".as_ref(), cluster.as_os_str(), signal.as_ref(), remove];
    let mut command = Start::new(Path::new("/bin/sh"), &arguments).run_as(account).command();
    command.env("PATH", "/usr/bin:/bin").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().ok()
}
