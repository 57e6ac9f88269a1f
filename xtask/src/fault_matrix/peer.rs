//! The mock provider as a process: started on a free port, told what to break, asked for its verdict, ended.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::thread::sleep;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::server::{BETWEEN, LOOKS, Server};
use crate::tools::{command, environment};

const VERSION: &str = "0.2.2";

/// A running server; it ends with this value.
pub(super) struct Peer {
    program: PathBuf,
    server: Server,
}

/// What it thinks of its client.
#[derive(Debug, Deserialize)]
pub(super) struct Verdict {
    pub(super) attempts: usize,
    pub(super) faults_injected: usize,
    findings: Vec<Finding>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    code: String,
    #[expect(dead_code, reason = "shown when the report does not pass")]
    title: String,
    #[expect(dead_code, reason = "shown when the report does not pass")]
    path: String,
}

impl Verdict {
    /// The codes of the warnings, each once.
    pub(super) fn warnings(&self) -> BTreeSet<&str> {
        self.findings.iter().map(|finding| finding.code.as_str()).collect()
    }
}

impl Peer {
    pub(super) fn start() -> Result<Self> {
        let program = environment("llmock", VERSION)?.join("llmock");
        let shown = program.display().to_string();
        let line = |port: &str| ["serve", "--port", port, "--log-level", "warning"].map(str::to_owned).to_vec();
        let server = Server::start("llmock", "fault-matrix", &shown, line, "/health")?;
        Ok(Self { program, server })
    }

    pub(super) fn url(&self) -> String {
        self.server.url()
    }

    /// Forgets everything and takes new orders.
    pub(super) fn script(&self, behaviors: &[Value]) -> Result<()> {
        self.server.ask("POST", "/_llmock/reset", None)?;
        self.server.ask("POST", "/_llmock/scenario", Some(&json!({"behaviors": behaviors})))?;
        Ok(())
    }

    /// `llmock report`: an error unless it passes. It is asked when all `requests` are over, whoever gave them up.
    pub(super) fn report(&self, requests: usize) -> Result<Verdict> {
        self.over(requests)?;
        let (program, url) = (self.program.display().to_string(), self.url());
        let told = command(&program, &["report", "--url", &url, "--json"]).output()?;
        let verdict: Verdict = serde_json::from_slice(&told.stdout).context("llmock report printed no verdict")?;
        ensure!(told.status.success(), "llmock report does not pass: {:#?}", verdict.findings);
        Ok(verdict)
    }

    fn over(&self, requests: usize) -> Result<()> {
        let mut count = 0;
        for _ in 0..LOOKS {
            let seen: Value = serde_json::from_str(&self.server.ask("GET", "/_llmock/requests", None)?)?;
            count = seen["requests"].as_array().map_or(0, Vec::len);
            if count >= requests {
                break;
            }
            sleep(BETWEEN);
        }
        ensure!(count == requests, "llmock saw {count} requests, and the router tells of {requests}");
        Ok(())
    }
}
