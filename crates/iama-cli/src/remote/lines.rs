//! What this machine shows its user, told to the readers of the job's stream: in batches, beside the work and never at its cost.
//! What tests and programs print stays here; of a test its name and its end are told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use iama_baseline::{Status, TestId};
use iama_engine::Progress;
use iama_engine::models::holds_secret;
use iama_job::Timestamp;
use iama_sandbox::printable;
use serde::Deserialize;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::fault::Fault;
use super::wire::{Call, Wire};
use crate::out::{count, tell};
use crate::show;

/// Lines that are told at once.
const AT_ONCE: usize = 100;

/// The longest line, in characters.
const LONGEST: usize = 500;

/// Lines that may wait; what comes while so many do is left out.
const WAITING: usize = 1_000;

/// How long lines are gathered.
const GATHER: Duration = Duration::from_secs(1);

/// The pause after lines were not taken.
const PAUSE: Duration = Duration::from_secs(10);

/// How long the last lines may take.
const LAST: Duration = Duration::from_secs(2);

/// Tests of one run that are told of, and as many more of those that end badly; all of them are counted.
const TESTS: usize = 200;

/// What stands in place of a line with a secret.
const LEFT_OUT: &str = "(left out: it looks like a secret)";

/// The way of lines to a job's stream. What is on it is told, for a moment, when this is dropped.
pub(super) struct Lines {
    queue: Option<Sender<String>>,
    lost: Arc<AtomicUsize>,
    task: Option<JoinHandle<()>>,
    runtime: Handle,
    /// The tests of the run at work.
    tests: BTreeMap<TestId, bool>,
    /// How many of them were told of.
    told: usize,
}

impl Lines {
    /// Begins to tell, for the session that a machine has at a job. The moment keeps what is told apart from what an earlier
    /// process has told.
    pub(super) fn begin(
        wire: &Wire,
        runtime: &Handle,
        job: &str,
        session: &Arc<Mutex<String>>,
        since: Timestamp,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        let lost = Arc::new(AtomicUsize::new(0));
        let way = Way {
            wire: wire.clone(),
            path: format!("/jobs/{job}/execution/log"),
            session: Arc::clone(session),
            key: format!("lines-{}", since.0),
            lost: Arc::clone(&lost),
        };
        let task = runtime.spawn(way.run(waiting));
        let (queue, task, runtime) = (Some(queue), Some(task), runtime.clone());
        Self { queue, lost, task, runtime, tests: BTreeMap::new(), told: 0 }
    }

    /// Tells of a step.
    pub(super) fn take(&mut self, step: Progress<'_>) {
        if let Progress::Test { id, status } = step {
            self.test(id, status);
            return;
        }
        self.end_count();
        if let Some(line) = show::step(&step) {
            self.put(&line);
        }
    }

    fn test(&mut self, id: &TestId, status: Status) {
        let bad = show::is_bad(status);
        let known = self.tests.insert(id.clone(), bad) == Some(bad);
        let most = if bad { 2 * TESTS } else { TESTS };
        if !known && self.told < most {
            self.told += 1;
            self.put(&format!("{} {}", ended(status), id.0));
        }
    }

    fn end_count(&mut self) {
        if !self.tests.is_empty() {
            self.put(&show::counted(&self.tests));
        }
        self.tests.clear();
        self.told = 0;
    }

    fn put(&self, line: &str) {
        let line: String = printable(line).chars().take(LONGEST).collect();
        if self.queue.as_ref().is_some_and(|queue| queue.try_send(line).is_err()) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.end_count();
        self.queue = None;
        if let Some(mut task) = self.task.take() {
            let last = self.runtime.block_on(async { timeout(LAST, &mut task).await });
            if last.is_err() {
                task.abort();
            }
        }
    }
}

const fn ended(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed ",
        Status::Failed => "failed ",
        Status::Error => "error  ",
        Status::Skipped => "skipped",
        Status::Xfailed => "xfailed",
        Status::Xpassed => "xpassed",
        Status::Timeout => "timeout",
    }
}

/// The connection of lines.
struct Way {
    wire: Wire,
    path: String,
    session: Arc<Mutex<String>>,
    /// What the keys of batches begin with.
    key: String,
    lost: Arc<AtomicUsize>,
}

#[derive(Deserialize)]
struct Told {
    room: usize,
}

impl Way {
    /// Tells what comes until nothing more can come, or the job may say no more.
    async fn run(self, mut queue: Receiver<String>) {
        let mut warned = false;
        for batch in 0_u64.. {
            let Some(first) = queue.recv().await else { return };
            let mut lines = gathered(first, &mut queue).await;
            let lost = self.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                lines.push(format!("({} left out: they came too fast)", count(lost, "line")));
            }
            match self.tell(batch, lines).await {
                Ok(Told { room: 0 }) => return,
                Ok(_) => {}
                Err(fault) => {
                    let pause = fault.retry_after().unwrap_or(PAUSE);
                    if !std::mem::replace(&mut warned, true) {
                        let problem = fault.problem(self.wire.url());
                        let why = format!("{} [{}]", problem.sentence, problem.code);
                        tell!("the job's stream misses some of what is shown here: {why}; the job goes on");
                    }
                    sleep(pause).await;
                }
            }
        }
    }

    async fn tell(&self, batch: u64, lines: Vec<String>) -> Result<Told, Fault> {
        let looked = tokio::task::spawn_blocking(move || without_secrets(lines));
        let lines = looked.await.unwrap_or_else(|_| vec![LEFT_OUT.to_owned()]);
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let body = json!({ "client_session": session, "lines": lines });
        self.wire.try_send(&Call::post(&self.path, body).once(format!("{}-{batch}", self.key))).await
    }
}

/// Lines that come within a moment, with room for one more.
async fn gathered(first: String, queue: &mut Receiver<String>) -> Vec<String> {
    let mut lines = vec![first];
    let moment = sleep(GATHER);
    tokio::pin!(moment);
    loop {
        tokio::select! {
            () = &mut moment => return lines,
            more = queue.recv(), if lines.len() < AT_ONCE - 1 => match more {
                Some(line) => lines.push(line),
                None => return lines,
            },
        }
    }
}

/// Nothing that looks like a secret leaves; one that goes over several lines takes all of them along.
fn without_secrets(lines: Vec<String>) -> Vec<String> {
    if !holds_secret(&lines.join("\n")) {
        return lines;
    }
    let own: Vec<bool> = lines.iter().map(|line| holds_secret(line)).collect();
    let spread = !own.contains(&true);
    let left = |(line, secret): (String, bool)| if secret || spread { LEFT_OUT.to_owned() } else { line };
    lines.into_iter().zip(own).map(left).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_takes_its_line_along_and_leaves_the_others() {
        let key = format!("passed  test_a.py::test[AKIA{}]", "Q3EGRJ5VXK2DT7MZ");
        let lines = ["passed  test_a.py::test_b".to_owned(), key];
        assert_eq!(without_secrets(lines.to_vec()), [lines[0].as_str(), LEFT_OUT]);
    }

    #[tokio::test(start_paused = true)]
    async fn lines_are_gathered_for_a_moment_and_up_to_a_number() {
        let (sender, mut queue) = mpsc::channel(WAITING);
        (0..250).for_each(|number| sender.try_send(number.to_string()).unwrap());
        drop(sender);
        let mut sizes = Vec::new();
        while let Some(first) = queue.recv().await {
            sizes.push(gathered(first, &mut queue).await.len());
        }
        assert_eq!(sizes, [99, 99, 52]);
    }
}
