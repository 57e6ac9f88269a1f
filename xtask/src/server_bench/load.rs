//! Requests, and `wrk`, which sends them.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::server::Server;
use crate::server_bench::peers::{Stage, cpu_seconds};
use crate::tools::{command, output, workspace};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `GET /jobs`
    List,
    /// `POST /jobs/{id}/heartbeat`
    Heartbeat,
    /// `POST /jobs/{id}/start`
    Start,
}

impl Endpoint {
    pub(crate) const ALL: [Self; 3] = [Self::List, Self::Heartbeat, Self::Start];

    pub(crate) const fn shown(self) -> &'static str {
        match self {
            Self::List => "`GET /jobs`, 20 of a person's",
            Self::Heartbeat => "`POST /heartbeat`",
            Self::Start => "start with reservation",
        }
    }
}

/// What came of asking.
pub(crate) struct Asked {
    pub(crate) endpoint: Endpoint,
    /// Answers in a second.
    pub(crate) rate: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// CPU of the server for each answer.
    pub(crate) cpu_us: f64,
}

/// What `bench/load.lua` prints.
#[derive(Deserialize)]
struct Run {
    requests: f64,
    seconds: f64,
    p50_ms: f64,
    p99_ms: f64,
    failed: u64,
}

/// A job of somebody's, and a token of theirs.
struct Job {
    id: String,
    client: String,
    token: String,
}

/// Requests that are ready to be sent.
pub(crate) struct Load {
    seconds: u32,
    connections: u32,
    jobs: Vec<Job>,
    /// Jobs that nobody has started yet begin here.
    next: usize,
}

/// Jobs that are started to warm up, and those that are measured.
pub(crate) const STARTS: (usize, usize) = (3_000, 7_000);
/// Jobs with a client.
pub(crate) const BEATING: usize = 1_000;

impl Load {
    pub(crate) fn new(stage: &Stage, seconds: u32, connections: u32) -> Result<Self> {
        let rows = stage.query("SELECT id, client, owner FROM bench_jobs ORDER BY n")?;
        let fields = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let rows: Vec<Vec<String>> = rows.lines().map(fields).collect();
        let mut people: Vec<&str> = rows.iter().filter_map(|row| row.get(2)).map(String::as_str).collect();
        people.sort_unstable();
        people.dedup();
        let tokens = stage.tokens(&people)?;
        ensure!(tokens.len() == people.len(), "tokens are missing");
        let job = |row: &Vec<String>| {
            let [id, client, owner] = &row[..] else { return None };
            let token = tokens.get(people.binary_search(&owner.as_str()).ok()?)?.clone();
            Some(Job { id: id.clone(), client: client.clone(), token })
        };
        let jobs = rows.iter().filter_map(job).collect();
        Ok(Self { seconds, connections, jobs, next: BEATING })
    }

    /// Asks a server that has been warmed up with the same.
    pub(crate) fn ask(&mut self, stage: &Stage, server: &Server, endpoint: Endpoint) -> Result<Asked> {
        if endpoint == Endpoint::Heartbeat {
            stage.query(
                "UPDATE client_heartbeat_sessions SET status = 'ACTIVE', lost_at = NULL,
                     last_seen_at = now() + interval '1 hour'",
            )?;
        }
        let warm = self.requests(endpoint, STARTS.0);
        self.wrk(stage, server, endpoint, &warm, 2)?;
        let text = self.requests(endpoint, STARTS.1);
        let before = cpu_seconds(server.process())?;
        let run = self.wrk(stage, server, endpoint, &text, self.seconds)?;
        let cpu = cpu_seconds(server.process())? - before;
        let has_more = endpoint != Endpoint::Start || run.requests < f64::from(u32::try_from(STARTS.1)?);
        ensure!(has_more, "all jobs were started before the time was over: measure for fewer seconds");
        ensure!(run.failed == 0, "{} of {} requests failed", run.failed, run.requests);
        if endpoint == Endpoint::Heartbeat {
            stage.query("UPDATE client_heartbeat_sessions SET last_seen_at = now() + interval '1 hour'")?;
        }
        let (p50_ms, p99_ms) = (run.p50_ms, run.p99_ms);
        Ok(Asked { endpoint, rate: run.requests / run.seconds, p50_ms, p99_ms, cpu_us: cpu * 1e6 / run.requests })
    }

    /// Requests, one in a line. A job can be started once.
    fn requests(&mut self, endpoint: Endpoint, starts: usize) -> String {
        let mut text = String::new();
        let jobs = match endpoint {
            Endpoint::List | Endpoint::Heartbeat => &self.jobs[..BEATING],
            Endpoint::Start => {
                let from = self.next;
                self.next = (from + starts).min(self.jobs.len());
                &self.jobs[from..self.next]
            }
        };
        for Job { id, client, token } in jobs {
            let _ = match endpoint {
                Endpoint::List => writeln!(text, "GET /api/v1/jobs {token} - "),
                Endpoint::Heartbeat => writeln!(
                    text,
                    r#"POST /api/v1/jobs/{id}/heartbeat {token} - {{"client_session":"{client}","client":"bench"}}"#
                ),
                Endpoint::Start => writeln!(text, "POST /api/v1/jobs/{id}/start {token} {id} "),
            };
        }
        text
    }

    fn wrk(&self, stage: &Stage, server: &Server, endpoint: Endpoint, text: &str, seconds: u32) -> Result<Run> {
        let file = stage.path("requests.txt");
        fs::write(&file, text)?;
        let (file, script) = (file.display().to_string(), workspace().join("bench/load.lua").display().to_string());
        let (url, connections, duration) = (server.url(), self.connections.to_string(), format!("{seconds}s"));
        let again = if endpoint == Endpoint::Start { "once" } else { "again" };
        let line = ["-t1", "-c", &connections, "-d", &duration, "--timeout", "10s", "-s", &script, &url, &file, again];
        let said = output(&mut command("wrk", &line))?;
        let last = said.lines().last().context("wrk says nothing")?;
        Ok(serde_json::from_str(last)?)
    }
}
