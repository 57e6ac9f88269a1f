//! Servers that are killed in mid-job: it goes on by itself, comes to the same patch, and nobody pays twice.

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use iama_model::fake::Background;
use serde_json::{Value, json};

use super::{Delivered, MODELS, Story, delivered};

impl Story {
    /// Kills the server at so many points of a job by a model, spread over it, and starts it again.
    pub(super) fn killed(&mut self, provider: &Background, administrator: &str, points: u32) -> Result<()> {
        self.more_jobs(&self.token()?, administrator, points)?;
        let asked = provider.seen().len();
        let (calm, took) = self.one("calm", None)?;
        let calls = provider.seen().len() - asked;
        let paid = self.used(&self.token()?, &calm)?;
        let (mut repeated, mut events) = (0, 0);
        for point in 0..points {
            let asked = provider.seen().len();
            let after = took.mul_f64(f64::from(point) / f64::from(points));
            let (job, _) = self.one("killed", Some(after))?;
            ensure!(job.patch == calm.patch, "killed after {after:?}, the job ended with another patch");
            repeated += provider.seen().len() - asked - calls;
            let token = self.token()?;
            ensure!(self.used(&token, &job)? == paid, "killed after {after:?}, the job cost something else");
            let all = self.stream(&token, &job.id, 0)?;
            let ids: Vec<u64> = all.iter().map(|(id, ..)| *id).collect();
            ensure!(ids == (1..=ids.len() as u64).collect::<Vec<_>>(), "the stream has gaps: {ids:?}");
            events += ids.len();
        }
        println!(
            "{points} points, undisturbed {:.1} s: all ended by themselves with the same patch at the same price; {events} events \
             without a gap; {repeated} calls were made again, at nobody's cost but the platform's",
            took.as_secs_f64()
        );
        Ok(())
    }

    /// A job by a model; the server is killed after a time, and started again a moment later.
    #[expect(clippy::disallowed_methods, reason = "kills are spread over the time that a job takes")]
    fn one(&mut self, name: &str, kill: Option<Duration>) -> Result<(Delivered, Duration)> {
        let project = self.project(name)?;
        let url = self.server.url();
        let mut refactor = self.refactor(&project, &[&MODELS[..], &["--server", &url]].concat());
        let started = Instant::now();
        let child = refactor.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let Some(after) = kill {
            sleep(after);
            self.server.kill()?;
            self.server.again()?;
        }
        let done = child.wait_with_output()?;
        let took = started.elapsed();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        ensure!(done.status.success(), "{said}");
        let result: Value = serde_json::from_slice(&done.stdout).context(said)?;
        Ok((delivered(&project, &result)?, took))
    }

    /// What was used of the allowance, as the person is told.
    fn used(&self, token: &str, job: &Delivered) -> Result<Value> {
        let mut usage = self.ask(token, &format!("/api/v1/usage/job/{}", job.id))?;
        usage.as_object_mut().map(|usage| usage.remove("job_id"));
        Ok(usage)
    }

    /// A day has room for more jobs than the tier gives.
    fn more_jobs(&self, token: &str, administrator: &str, points: u32) -> Result<()> {
        let me = self.ask(token, "/api/v1/me")?;
        let user = me["id"].as_str().context("nobody is signed in")?;
        let body = json!({ "extra_jobs_a_day": points + 10, "reason": "a test of endurance" });
        let path = format!("/api/v1/admin/quota/{user}");
        self.server.ask("PATCH", &path, Some(administrator), Some(&body)).map(drop)
    }
}
