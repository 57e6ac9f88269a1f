//! What a situation rests on: causes, limits, attempts and money.

use std::collections::BTreeMap;

use iama_baseline::{Status, Suite};
use iama_job::state::{BaselineStep, DeepFixStep, Quote, RefactorStep};
use iama_job::{Job, QuoteId, State};
use iama_model::Cost;

use super::{ISSUE, offered, times};
use crate::folder::JobFolder;
use crate::models::{Ledger, SPENDING, prices};
use crate::perform::regressions;
use crate::perform::repairing::failures::causes;
use crate::perform::repairing::{TRIED, told_price};
use crate::problem::Problem;
use crate::request::Request;

/// Causes that are told.
const CAUSES: usize = 3;

/// Tests that are told of those that did not end.
const UNENDED: usize = 8;

/// Calls of models that are told, the last ones.
const CALLS: usize = 3;

/// All of it, a line each.
pub(super) fn facts(folder: &JobFolder, job: &Job) -> Result<Vec<String>, Problem> {
    let mut facts = Vec::new();
    if let Some(fingerprint) = &job.counters.fingerprint {
        facts.push(format!(
            "failure {fingerprint}, {} in a row, after attempt {}",
            times(job.counters.streak),
            job.counters.attempt
        ));
    }
    let suite: Option<Suite> = folder.read_if_kept("result.suite.json")?;
    let legacy: Option<Suite> = folder.read_if_kept("legacy.suite.json")?;
    if let Some(suite) = suite {
        let found = causes(&suite, &regressions(legacy.as_ref(), &suite));
        for cause in found.iter().take(CAUSES) {
            let place = cause.file.as_deref().map(|file| format!(" in {file}")).unwrap_or_default();
            let count = cause.tests.len();
            facts.push(format!("{count} × {}{place}: {}", cause.class, cause.message));
        }
        if found.len() > CAUSES {
            facts.push(format!("{} more causes", found.len() - CAUSES));
        }
    }
    facts.extend(called(folder)?);
    if folder.file(SPENDING).exists() {
        facts.push(format!("spent so far: {}", spent(folder)?));
    }
    facts.extend(paid(folder)?);
    if let Some(Quote { id, class, max }) = offered(job) {
        facts.push(match prices(folder)?.get(id) {
            Some(None) => format!("nobody knows what {class} costs: its route has no price (quote {id})"),
            _ => format!(
                "{class} would cost at most {}, and no more is spent without asking (quote {id})",
                told_price(*max)
            ),
        });
    }
    if folder.file(ISSUE).exists() {
        facts.push(format!("a report to the makers is in {}", folder.file(ISSUE).display()));
    }
    if matches!(job.state, State::UserIntervening { .. }) {
        facts.push(format!("the copy is {}", folder.work().display()));
    }
    Ok(facts)
}

/// What the calls of a job have cost, unanswered ones at their worst case.
fn spent(folder: &JobFolder) -> Result<Cost, Problem> {
    Ok(Ledger::open(&folder.file(SPENDING))?.spent())
}

/// The record of the run that ran out of time; nothing where none did.
fn timed_out(folder: &JobFolder, job: &Job) -> Result<Option<Suite>, Problem> {
    match &job.state {
        State::BaselineValidation { step: BaselineStep::TimedOut } => folder.read_if_kept("legacy.suite.json"),
        State::Refactoring { step: RefactorStep::TimedOut }
        | State::DeepFixActive { step: DeepFixStep::TimedOut, .. } => folder.read_if_kept("result.suite.json"),
        _ => Ok(None),
    }
}

/// The tests that did not end in time.
pub(super) fn unended(folder: &JobFolder, job: &Job) -> Result<Vec<String>, Problem> {
    let suite = timed_out(folder, job)?.unwrap_or_default();
    let cases = suite.cases.into_iter().filter(|(_, case)| case.status == Status::Timeout);
    Ok(cases.map(|(id, _)| id.0).collect())
}

/// What is known of a run that ran out of time: the limits, what ended, and what did not.
pub(super) fn timing(folder: &JobFolder, job: &Job, unended: &[String]) -> Result<Vec<String>, Problem> {
    let Some(suite) = timed_out(folder, job)? else { return Ok(Vec::new()) };
    let request: Request = folder.read("request.json")?;
    let factor = u64::from(job.tests.time_factor);
    let seconds = |seconds: u64| seconds.saturating_mul(factor);
    let ended = suite.cases.len() - unended.len();
    let mut facts = vec![format!(
        "the limits were {} s for a test and {} s for all; tests that ended in time: {ended}; what came after was not started",
        seconds(request.per_test_seconds),
        seconds(request.run_seconds)
    )];
    facts.extend(unended.iter().take(UNENDED).map(|test| format!("did not end: {test}")));
    if unended.len() > UNENDED {
        facts.push(format!("{} more did not end", unended.len() - UNENDED));
    }
    let unread = suite.collect_errors.iter().filter(|row| row.error.class == "Timeout");
    facts.extend(unread.map(|row| format!("did not end while it was read: {}", row.file)));
    Ok(facts)
}

/// What came of the last calls of models.
fn called(folder: &JobFolder) -> Result<Vec<String>, Problem> {
    let tried: BTreeMap<u32, String> = folder.read_if_kept(TRIED)?.unwrap_or_default();
    let first = tried.len().saturating_sub(CALLS);
    // What follows is for models.
    let row = |(number, what): (&u32, &String)| {
        format!("call {number} of a model: {}", what.split(';').next().unwrap_or_default())
    };
    Ok(tried.iter().skip(first).map(row).collect())
}

/// What was spent of each price that a person confirmed.
fn paid(folder: &JobFolder) -> Result<Vec<String>, Problem> {
    let prices = prices(folder)?;
    if prices.is_empty() {
        return Ok(Vec::new());
    }
    let ledger = Ledger::open(&folder.file(SPENDING))?;
    let row = |(quote, price): (QuoteId, Option<Cost>)| {
        let (spent, price) = (ledger.spent_from(&quote), price?);
        (spent > Cost::ZERO).then(|| format!("of the {price} that were confirmed, {spent} are spent (quote {quote})"))
    };
    Ok(prices.into_iter().filter_map(row).collect())
}
