//! What a run takes up while it is at work: processes, memory, disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::run::Limits;
use crate::tree;

/// Pauses between two measurements of folders, at least, and how many times the last one.
const PAUSE: Duration = Duration::from_millis(200);
const PAUSES: u32 = 4;

/// Free space, in bytes, that a run leaves on the disks it writes to.
const KEPT_FREE: u64 = 256 << 20;

/// Watches the folders of a run. It ends with its owner.
pub(crate) struct Disk {
    verdicts: Receiver<String>,
}

impl Disk {
    /// Begins to watch `folders`, which may grow by the limit.
    pub(crate) fn watch(folders: Vec<PathBuf>, limits: Limits) -> Self {
        let (sender, verdicts) = channel();
        std::thread::spawn(move || {
            let before = used(&folders);
            let free = free(&folders);
            loop {
                let took = timed(|| {
                    let grown = used(&folders).saturating_sub(before);
                    verdict(grown, free, self::free(&folders), limits.disk_bytes)
                });
                let (pause, verdict) = took;
                match verdict {
                    Some(verdict) => return drop(sender.send(verdict)),
                    None => std::thread::sleep(pause),
                }
            }
        });
        Self { verdicts }
    }

    /// For a run that is over before it could fill anything.
    pub(crate) fn unwatched() -> Self {
        Self { verdicts: channel().1 }
    }

    /// Why the run must end, if it must.
    pub(crate) fn verdict(&self) -> Option<String> {
        self.verdicts.try_recv().ok()
    }
}

#[expect(clippy::disallowed_methods, reason = "measuring is not to take more time than it leaves")]
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = Instant::now();
    let done = work();
    ((started.elapsed() * PAUSES).max(PAUSE), done)
}

fn verdict(grown: u64, free_before: Option<u64>, free_now: Option<u64>, limit: u64) -> Option<String> {
    if grown > limit {
        return Some(format!("it wrote {} to its folders, and {} are allowed", megabytes(grown), megabytes(limit)));
    }
    let full = |before: u64, now: u64| before > KEPT_FREE && now < KEPT_FREE;
    match (free_before, free_now) {
        (Some(before), Some(now)) if full(before, now) => Some(format!("the disk is full but for {}", megabytes(now))),
        _ => None,
    }
}

/// Bytes on the disk below the folders. Links are not followed; what vanishes meanwhile is not counted.
fn used(folders: &[PathBuf]) -> u64 {
    folders
        .iter()
        .filter(|one| !folders.iter().any(|other| other != *one && one.starts_with(other)))
        .map(|folder| below(folder))
        .sum()
}

fn below(folder: &Path) -> u64 {
    let mut sum = 0;
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(data) = entry.metadata() else { continue };
            if data.is_dir() {
                left.push(entry.path());
            } else {
                sum += on_disk(&data);
            }
        }
    }
    sum
}

#[cfg(unix)]
fn on_disk(data: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(data) * 512
}

#[cfg(not(unix))]
fn on_disk(data: &fs::Metadata) -> u64 {
    data.len()
}

/// The least free space on the disks of the folders.
fn free(folders: &[PathBuf]) -> Option<u64> {
    folders.iter().filter_map(|folder| free_at(folder)).min()
}

#[cfg(unix)]
#[cfg_attr(target_os = "linux", expect(clippy::useless_conversion, reason = "the number is narrower elsewhere"))]
fn free_at(folder: &Path) -> Option<u64> {
    let known = nix::sys::statvfs::statvfs(folder).ok()?;
    u64::from(known.blocks_available()).checked_mul(known.fragment_size())
}

#[cfg(not(unix))]
fn free_at(_: &Path) -> Option<u64> {
    None
}

/// Why the processes of a run must end, if they must.
pub(crate) fn processes(limits: &Limits) -> Option<String> {
    let found = tree::descendants();
    let many = u64::try_from(found.len()).unwrap_or(u64::MAX);
    if many > limits.processes {
        return Some(format!("it started {many} processes, and {} are allowed", limits.processes));
    }
    let memory = tree::memory(&found, limits.memory_bytes);
    (memory > limits.memory_bytes)
        .then(|| format!("it took {} of memory, and {} are allowed", megabytes(memory), megabytes(limits.memory_bytes)))
}

pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes >> 20)
}
