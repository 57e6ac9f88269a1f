//! Runs in containers of a Docker engine on this machine. Nothing is ever pulled.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigLogConfig, Mount, MountType, ResourcesUlimits, SystemInfo,
};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateImageOptionsBuilder, InspectContainerOptions, RemoveContainerOptionsBuilder,
};
use bollard::{API_DEFAULT_VERSION, Docker};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};

use crate::confine::FILE_BYTES;
use crate::level::Probe;
use crate::output::Capped;
use crate::run::{Launch, Limits, Order};
use crate::supervise::{TICK, Verdict};
use crate::view::View;
use crate::watch::{Disk, megabytes};

mod image;
mod lend;
mod sweep;

use image::Image;
use lend::Loan;

/// Seconds that one answer of the engine may take.
const PATIENCE: u64 = 60;

/// How long an engine may take to say that it is there.
const HELLO: Duration = Duration::from_secs(3);

/// The exit code of a command that was killed outright.
const KILLED: i64 = 137;

/// A Docker engine on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    /// The socket that it answers at.
    pub socket: PathBuf,
    /// Its version.
    pub version: String,
    /// The image that containers start from, by name.
    pub image: String,
    /// Whether the image has a system of its own, so that nothing of this machine's is mounted over it.
    pub own_system: bool,
}

/// Asks the engine at a socket whether runs of this machine's interpreters can be put into its hands, and makes ready for
/// them: leftovers go, the image comes to be. The error is a part of a sentence.
pub(crate) fn find(socket: &Path, named: Option<&str>) -> Result<Engine, String> {
    let work = async {
        let docker = connect(socket).map_err(|error| says(&error))?;
        let info = tokio::time::timeout(HELLO, docker.info()).await;
        let info = info.map_err(|_| "it does not answer".to_owned())?.map_err(|error| says(&error))?;
        suits(&info)?;
        sweep::sweep(&docker).await;
        let image = match named {
            Some(name) => known(&docker, name).await?,
            None => import(&docker).await.map_err(|error| says(&error))?,
        };
        let version = info.server_version.unwrap_or_default();
        Ok(Engine { socket: socket.to_owned(), version, image, own_system: named.is_some() })
    };
    runtime().map_err(|error| error.to_string())?.block_on(work)
}

/// Removes the containers of supervisors that died before they could.
pub fn sweep(probe: &Probe) {
    let Some(engine) = &probe.docker else { return };
    let work = async {
        if let Ok(docker) = connect(&engine.socket) {
            sweep::sweep(&docker).await;
        }
    };
    if let Ok(runtime) = runtime() {
        runtime.block_on(work);
    }
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

fn connect(socket: &Path) -> Result<Docker, Error> {
    Docker::connect_with_socket(&socket.to_string_lossy(), PATIENCE, API_DEFAULT_VERSION)
}

/// The engine must share this kernel, or nothing that is mounted could be run there, and must be able to limit.
fn suits(info: &SystemInfo) -> Result<(), String> {
    let own = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    if own.trim().is_empty() || info.kernel_version.as_deref() != Some(own.trim()) {
        return Err("it runs in a machine of its own, where this machine's interpreters are not".to_owned());
    }
    if info.memory_limit == Some(false) || info.pids_limit == Some(false) {
        return Err("it can limit neither memory nor processes here".to_owned());
    }
    Ok(())
}

async fn known(docker: &Docker, name: &str) -> Result<String, String> {
    match docker.inspect_image(name).await {
        Ok(_) => Ok(name.to_owned()),
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => {
            Err(format!("it has no image {name}, and none is ever pulled unasked: `docker pull {name}` gets it"))
        }
        Err(error) => Err(says(&error)),
    }
}

async fn import(docker: &Docker) -> Result<String, Error> {
    let image = Image::of_this_machine();
    let name = image.name();
    if docker.inspect_image(&name).await.is_ok() {
        return Ok(name);
    }
    let options = CreateImageOptionsBuilder::new().from_src("-").repo(image.repository).tag(&image.tag).build();
    let body = bollard::body_full(image.tar.into());
    let mut steps = docker.create_image(Some(options), Some(body), None);
    while let Some(step) = steps.next().await {
        step?;
    }
    Ok(name)
}

fn says(error: &Error) -> String {
    let text = match error {
        Error::DockerResponseServerError { message, .. } => message.clone(),
        error => error.to_string(),
    };
    text.lines().next().unwrap_or_default().to_owned()
}

fn failed(error: &Error) -> io::Error {
    io::Error::other(format!("the Docker engine says: {}", says(error)))
}

/// Runs a command in a container of its own, which is gone when this returns. It ends when `wanted` turns false.
pub(crate) fn run(
    order: &Order,
    output: &mut Capped<impl Write>,
    wanted: impl Fn() -> bool,
    disk: &Disk,
) -> io::Result<Verdict> {
    let engine = order.probe.docker.as_ref().ok_or(io::ErrorKind::Unsupported)?;
    let view = View::of(&order.launch);
    let loan = Loan::of(&view)?;
    let body = container(engine, &order.launch, &order.limits, &view, &loan);
    runtime()?.block_on(async {
        let docker = connect(&engine.socket).map_err(|error| failed(&error))?;
        let made = docker.create_container(None, body).await.map_err(|error| failed(&error))?;
        let ended = watched(&docker, &made.id, order, output, wanted, disk).await;
        remove(&docker, &made.id).await;
        ended
    })
}

/// What cannot be removed now is swept up by the next run.
async fn remove(docker: &Docker, id: &str) {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    let _ = docker.remove_container(id, Some(options)).await;
}

async fn watched(
    docker: &Docker,
    id: &str,
    order: &Order,
    output: &mut Capped<impl Write>,
    wanted: impl Fn() -> bool,
    disk: &Disk,
) -> io::Result<Verdict> {
    let options = AttachContainerOptionsBuilder::new().stream(true).stdout(true).stderr(true).build();
    let mut attached = docker.attach_container(id, Some(options)).await.map_err(|error| failed(&error))?;
    docker.start_container(id, None).await.map_err(|error| failed(&error))?;
    let mut open = true;
    while wanted() {
        if let Some(reason) = disk.verdict() {
            return Ok(Verdict { code: None, reason: Some(reason) });
        }
        if open {
            match tokio::time::timeout(TICK, attached.output.next()).await {
                Ok(Some(Ok(chunk))) => output.push(&chunk.into_bytes())?,
                Ok(Some(Err(_)) | None) => open = false,
                Err(_) => {}
            }
        } else if let Some(verdict) = ended(docker, id, &order.limits).await? {
            return Ok(verdict);
        } else {
            tokio::time::sleep(TICK).await;
        }
    }
    Ok(Verdict::default())
}

/// The end of a container; none while it runs.
async fn ended(docker: &Docker, id: &str, limits: &Limits) -> io::Result<Option<Verdict>> {
    let known = docker.inspect_container(id, None::<InspectContainerOptions>).await.map_err(|error| failed(&error))?;
    let Some(state) = known.state.filter(|state| state.running != Some(true)) else { return Ok(None) };
    if state.oom_killed == Some(true) && state.exit_code == Some(KILLED) {
        let reason = format!("it took more memory than the {} that are allowed", megabytes(limits.memory_bytes));
        return Ok(Some(Verdict { code: None, reason: Some(reason) }));
    }
    let code = state.exit_code.and_then(|code| i32::try_from(code).ok());
    Ok(Some(Verdict { code, reason: None }))
}

fn container(engine: &Engine, launch: &Launch, limits: &Limits, view: &View, loan: &Loan) -> ContainerCreateBody {
    let (user, group) = loan.user;
    // One stream keeps lines in the order in which they were written.
    let mut command: Vec<String> = ["/bin/sh", "-c", "exec \"$@\" 2>&1", "sh"].map(str::to_owned).into();
    command.extend(launch.command.iter().cloned());
    ContainerCreateBody {
        image: Some(engine.image.clone()),
        entrypoint: Some(command),
        cmd: Some(Vec::new()),
        env: Some(launch.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        working_dir: Some(launch.folder.display().to_string()),
        user: Some(format!("{user}:{group}")),
        labels: Some(HashMap::from([(sweep::LABEL.to_owned(), sweep::own_mark())])),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        network_disabled: Some(true),
        host_config: Some(host(engine, limits, view)),
        ..ContainerCreateBody::default()
    }
}

fn host(engine: &Engine, limits: &Limits, view: &View) -> HostConfig {
    let amount = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let memory = amount(limits.memory_bytes);
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let room = limits.memory_bytes.min(FILE_BYTES);
    let temporary = format!("rw,exec,nosuid,nodev,mode=1777,size={room}");
    let ulimit =
        |name: &str, value: i64| ResourcesUlimits { name: Some(name.to_owned()), soft: Some(value), hard: Some(value) };
    HostConfig {
        network_mode: Some("none".to_owned()),
        memory: Some(memory),
        memory_swap: Some(memory),
        nano_cpus: Some(i64::try_from(processors).unwrap_or(1).saturating_mul(1_000_000_000)),
        pids_limit: Some(amount(limits.processes)),
        readonly_rootfs: Some(true),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        init: Some(true),
        tmpfs: Some(["/tmp", "/var/tmp", "/run"].map(|path| (path.to_owned(), temporary.clone())).into()),
        shm_size: Some(amount(room)),
        ulimits: Some(vec![ulimit("core", 0), ulimit("fsize", amount(FILE_BYTES.min(limits.disk_bytes)))]),
        // The engine would keep a second copy of the output, without a limit.
        log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
        mounts: Some(mounts(engine, view)),
        ..HostConfig::default()
    }
}

fn mounts(engine: &Engine, view: &View) -> Vec<Mount> {
    let bind = |path: &PathBuf, read_only: bool| Mount {
        typ: Some(MountType::BIND),
        source: Some(path.canonicalize().unwrap_or_else(|_| path.clone()).display().to_string()),
        target: Some(path.display().to_string()),
        read_only: Some(read_only),
        ..Mount::default()
    };
    let empty = |path: &PathBuf| Mount {
        typ: Some(MountType::TMPFS),
        target: Some(path.display().to_string()),
        ..Mount::default()
    };
    let (sbin, known_by_place) = (Path::new("/sbin"), PathBuf::from("/sbin/ldconfig"));
    let kept = |path: &&PathBuf| *path != sbin && !Image::has_link(path);
    let alone = Some(&known_by_place).filter(|path| path.exists());
    let system = view.system.iter().filter(kept).chain(alone).filter(|_| !engine.own_system);
    let read = system.chain(&view.read).map(|path| bind(path, true));
    read.chain(view.empty.iter().map(empty)).chain(view.write.iter().map(|path| bind(path, false))).collect()
}
