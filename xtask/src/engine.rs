//! A Docker engine for tests: the one that runs here, else one of our own for as long as it is needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use iama_sandbox::{Choice, Probe, Wish, choose};

use crate::tools::{cache, command, output, run, variable, works};

/// The place where an engine usually answers.
const USUAL: &str = "/var/run/docker.sock";

/// Tenths of a second that an engine of our own has to come up.
const PATIENCE: u32 = 300;

/// An engine. One of our own ends when this is dropped.
pub(crate) struct Engine {
    /// Where it answers.
    pub(crate) socket: PathBuf,
    own: Option<Child>,
}

impl Engine {
    /// Finds or starts one; the error says why there is none.
    pub(crate) fn ready() -> Result<Self> {
        let usual = PathBuf::from(USUAL);
        if works("docker", &["-H", &format!("unix://{USUAL}"), "version"]) {
            return Ok(Self { socket: usual, own: None });
        }
        if !works("dockerd", &["--version"]) {
            install()?;
        }
        Self::start(&cache().join("engine"))
    }

    /// Without networks, so that nothing of this machine's is changed.
    fn start(folder: &Path) -> Result<Self> {
        if !is_root() {
            bail!("an engine of our own needs root");
        }
        fs::create_dir_all(folder)?;
        let place = |name: &str| folder.join(name).display().to_string();
        let socket = folder.join("docker.sock");
        let host = format!("unix://{}", socket.display());
        if works("docker", &["-H", &host, "version"]) {
            return Ok(Self { socket, own: None });
        }
        // Left by an engine that was killed.
        let _ = fs::remove_file(place("docker.pid"));
        let log = fs::File::create(place("log"))?;
        let places = ["--data-root", &place("data"), "--exec-root", &place("exec"), "--pidfile", &place("docker.pid")];
        let closed = ["-H", &host, "--bridge=none", "--iptables=false", "--ip6tables=false"];
        let mut command = command("dockerd", &[&places[..], &closed[..]].concat());
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        let mut engine = Self { socket, own: Some(child) };
        engine.wait(&place("log"))?;
        Ok(engine)
    }

    fn wait(&mut self, log: &str) -> Result<()> {
        let host = format!("unix://{}", self.socket.display());
        for _ in 0..PATIENCE {
            if works("docker", &["-H", &host, "version"]) {
                return Ok(());
            }
            if let Some(ended) = self.own.as_mut().and_then(|child| child.try_wait().ok().flatten()) {
                let text = fs::read_to_string(log).unwrap_or_default();
                bail!("dockerd ended ({ended}): {}", text.lines().last().unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("dockerd did not answer");
    }

    /// What a run in this engine needs.
    pub(crate) fn probe(&self) -> Result<Probe> {
        let wish = Wish {
            choice: Choice::Docker,
            path: variable("PATH").unwrap_or_default(),
            sockets: vec![self.socket.clone()],
            scratch: cache().join("tried"),
            ..Wish::default()
        };
        choose(&wish).context("a container was tried out")
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(mut child) = self.own.take() {
            // It clears up when it is asked to end; the wait is short.
            let _ = run(&mut command("kill", &["-TERM", &child.id().to_string()]));
            let _ = child.wait();
        }
    }
}

fn is_root() -> bool {
    output(&mut command("id", &["-u"])).is_ok_and(|id| id.trim() == "0")
}

fn install() -> Result<()> {
    if !is_root() || !works("apt-get", &["--version"]) {
        bail!("there is no dockerd, and it can be installed only as root on Debian");
    }
    let packages = ["install", "-y", "-qq", "--no-install-recommends", "docker.io", "iptables"];
    if run(&mut command("apt-get", &packages)).is_err() {
        run(&mut command("apt-get", &["update", "-qq"]))?;
        run(&mut command("apt-get", &packages))?;
    }
    Ok(())
}
