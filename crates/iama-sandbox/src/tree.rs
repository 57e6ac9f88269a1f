//! The processes that a run consists of.

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeSet;
    use std::fs;
    use std::time::{Duration, Instant};

    use nix::sys::signal::{Signal, kill, killpg};
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    use nix::unistd::{Pid, getpgid, getpgrp};

    /// The longest that a tree may take to be killed.
    const LONGEST: Duration = Duration::from_secs(4);

    /// Everything below this process. Whoever lost its parent was adopted by it.
    pub(crate) fn descendants() -> Vec<i32> {
        let mut found = children(std::process::id().cast_signed());
        let mut next = 0;
        while let Some(pid) = found.get(next) {
            let below = children(*pid);
            found.extend(below);
            next += 1;
        }
        found
    }

    fn children(pid: i32) -> Vec<i32> {
        let tasks = fs::read_dir(format!("/proc/{pid}/task"));
        let files = tasks.into_iter().flatten().flatten().map(|task| task.path().join("children"));
        let lists = files.filter_map(|file| fs::read_to_string(file).ok());
        lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
    }

    /// Memory that the processes hold, in bytes. Pages that several share count once if counting each time gives more than
    /// `enough`.
    pub(crate) fn memory(pids: &[i32], enough: u64) -> u64 {
        let quick: u64 = pids.iter().map(|pid| sum(*pid, "status", &["RssAnon:", "RssShmem:"])).sum();
        if quick <= enough {
            return quick;
        }
        pids.iter().map(|pid| sum(*pid, "smaps_rollup", &["Pss_Anon:", "Pss_Shmem:"])).sum()
    }

    fn sum(pid: i32, file: &str, names: &[&str]) -> u64 {
        let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let lines = text.lines().filter_map(|line| names.iter().find_map(|name| line.strip_prefix(name)));
        lines.filter_map(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok()).sum::<u64>() * 1024
    }

    /// Kills everything below this process, again and again until nobody is left: whoever forks meanwhile is adopted and
    /// killed in the next turn. A group dies at one stroke, and whoever forks in it, too.
    #[expect(clippy::disallowed_methods, reason = "a tree is given real time to die")]
    pub(crate) fn kill_all() {
        let started = Instant::now();
        while started.elapsed() < LONGEST {
            let found = descendants();
            if found.is_empty() {
                return;
            }
            let groups: BTreeSet<Pid> =
                found.iter().filter_map(|pid| getpgid(Some(Pid::from_raw(*pid))).ok()).collect();
            // Whoever is gone already cannot be killed, and that is as wanted.
            for group in groups.into_iter().filter(|group| *group != getpgrp()) {
                let _ = killpg(group, Signal::SIGKILL);
            }
            for pid in found {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
            reap();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Takes note of the dead, so that they leave the table of processes.
    fn reap() {
        while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(status) if status != WaitStatus::StillAlive) {}
    }

    /// Threads of this user on the whole machine; the kernel's limit counts them all.
    pub(crate) fn threads_of_user() -> u64 {
        use std::os::unix::fs::MetadataExt as _;
        let own = nix::unistd::getuid().as_raw();
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let mine = processes.filter(|entry| entry.metadata().is_ok_and(|data| data.uid() == own));
        mine.map(|entry| fs::read_dir(entry.path().join("task")).map_or(0, |tasks| tasks.count() as u64)).sum()
    }
}

#[cfg(target_os = "linux")]
pub(crate) use linux::{descendants, kill_all, memory, threads_of_user};

#[cfg(not(target_os = "linux"))]
mod other {
    /// Not known here.
    pub(crate) fn descendants() -> Vec<i32> {
        Vec::new()
    }

    /// Not known here.
    pub(crate) fn memory(_: &[i32], _: u64) -> u64 {
        0
    }

    /// The group of the command was killed already; nobody else can be found here.
    pub(crate) fn kill_all() {}

    /// Not known here.
    #[cfg(unix)]
    pub(crate) fn threads_of_user() -> u64 {
        u64::MAX / 2
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) use other::{descendants, kill_all, memory};

#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) use other::threads_of_user;
