//! What has to hold, each in one form of the wire.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use iama_model::{AuditEvent, Cache, CancellationToken, Cost, Form, Progress, Prompt, Stop, Template};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::peer::{Model, WINDOW};
use super::relay::Relay;
use super::{Asker, Wire};
use crate::tools::workspace;

/// The longest that a provider may go on after a cancel.
const CLOSED: Duration = Duration::from_millis(250);
/// The longest that a slot may go on.
const FREED: Duration = Duration::from_secs(15);
/// Between two looks at the slots of a server that sends words: it sees at once that nobody takes them.
const SOON: Duration = Duration::from_millis(5);
/// The same for one that reads a prompt. It sees that somebody hung up when nothing at all happened for a second, and a look is
/// something that happens.
const LATER: Duration = Duration::from_millis(1_200);
/// Plans that are asked for.
const PLANS: usize = 3;

/// A question with a long answer.
fn long_winded() -> Prompt {
    let task = "Write a very long story about a clockmaker and his apprentice, with many chapters.".to_owned();
    Prompt { system: "You tell stories.".to_owned(), task, ..Prompt::default() }
}

/// An answer arrives in pieces, is whole, and its usage is what the server counts.
pub(super) async fn streams(model: &Model, wire: &Wire) -> Result<String> {
    let asker = Asker::new(wire, &model.server.url(), WINDOW)?;
    let prompt = long_winded();
    let (mut pieces, mut shown, mut first, started) = (0, String::new(), None, Instant::now());
    let mut listener = |progress: Progress<'_>| {
        if let Progress::Text(text) = progress {
            first.get_or_insert_with(|| started.elapsed());
            pieces += 1;
            shown.push_str(text);
        }
    };
    let done = asker.ask(&prompt, 120, &CancellationToken::new(), &mut listener).await;
    let took = started.elapsed();
    once(&done.audit)?;
    let answer = done.result.context("no answer")?;
    ensure!(pieces > 1 && shown == answer.text, "{pieces} pieces, {shown:?} against {:?}", answer.text);
    ensure!(!done.audit.estimated, "the usage is an estimate");
    let used = answer.usage;
    let counted = model.count(wire.counts, &request(wire, &prompt))?;
    ensure!(
        used.prompt() == counted,
        "{} tokens are said to have been sent, and the server counts {counted}",
        used.prompt()
    );
    ensure!((1..=120).contains(&used.output), "{} tokens were answered", used.output);
    ensure!((answer.stop == Stop::Length) == (used.output == 120), "it ended with {:?}", answer.stop);
    let cost = Cost { picodollars: used.input * 3_000_000 + used.cache_read * 300_000 + used.output * 15_000_000 };
    ensure!(done.audit.cost == Some(cost), "it cost {:?}, and the usage makes {cost}", done.audit.cost);
    let speed = used.output * 1_000 / u64::try_from(took.as_millis())?.max(1);
    let first = first.unwrap_or_default().as_millis();
    Ok(format!(
        "{pieces} pieces, the first after {first} ms; {} tokens sent, {} received, {speed} a second; {cost}",
        used.prompt(),
        used.output
    ))
}

/// Whether a call took one request, and how each ended if not.
fn once(event: &AuditEvent) -> Result<()> {
    let outcomes: Vec<&str> = event.tries.iter().map(|tried| tried.outcome.as_str()).collect();
    ensure!(outcomes == ["OK"], "the requests ended with {outcomes:?}");
    Ok(())
}

/// Cancels after some words.
pub(super) async fn cancelled_between_words(model: &Model, wire: &Wire) -> Result<String> {
    let cancel = CancellationToken::new();
    let words = AtomicUsize::new(0);
    let stop = async {
        while words.load(Ordering::Relaxed) < 5 {
            sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    };
    cancelled(model, wire, &long_winded(), (&cancel, SOON), &words, stop).await
}

/// Cancels while the server still reads the prompt.
pub(super) async fn cancelled_before_words(model: &Model, wire: &Wire) -> Result<String> {
    let cancel = CancellationToken::new();
    let words = AtomicUsize::new(0);
    let stop = async {
        while !model.works()? {
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    };
    // Nothing of it may be in the server's cache yet.
    let interfaces = source(&format!("{}, cancelled", wire.kind), 7_000)?;
    let prompt = Prompt { interfaces, ..long_winded() };
    let figures = cancelled(model, wire, &prompt, (&cancel, LATER), &words, stop).await?;
    ensure!(words.load(Ordering::Relaxed) == 0, "{} words had arrived", words.load(Ordering::Relaxed));
    Ok(figures)
}

/// A call that is cancelled when `ready` is over: what the provider sees of it, and when. The slots are looked at that often.
async fn cancelled(
    model: &Model,
    wire: &Wire,
    prompt: &Prompt,
    (cancel, look): (&CancellationToken, Duration),
    words: &AtomicUsize,
    ready: impl Future<Output = Result<()>>,
) -> Result<String> {
    ensure!(!model.works()?, "a slot works before the call");
    let relay = Relay::before(model.server.port)?;
    let asker = Asker::new(wire, &relay.url(), WINDOW)?;
    let mut listener = |progress: Progress<'_>| {
        if let Progress::Text(_) = progress {
            words.fetch_add(1, Ordering::Relaxed);
        }
    };
    let stop = async {
        let ready = timeout(Duration::from_mins(1), ready).await;
        let worked = model.works();
        cancel.cancel();
        (ready, worked, Instant::now())
    };
    let (done, (ready, worked, at)) = tokio::join!(asker.ask(prompt, 2_000, cancel, &mut listener), stop);
    let returned = at.elapsed();
    ready.context("the call did not come to the point where it is cancelled")??;
    ensure!(worked?, "no slot worked when it was cancelled");
    ensure!(done.audit.outcome == "CANCELLED", "it ended with {}", done.audit.outcome);
    let closed = relay.hung_up.recv_timeout(FREED).context("the connection stays open")? - at;
    ensure!(closed <= CLOSED, "the connection was closed after {} ms", closed.as_millis());
    let freed = freed(model, at, look).await?;
    let [returned, closed, freed] = [returned, closed, freed].map(|time| time.as_millis());
    let cost = done.audit.cost.unwrap_or_default();
    Ok(format!(
        "after {} words: returned in {returned} ms, closed in {closed} ms, slot free in {freed} ms; {cost} counted",
        words.load(Ordering::Relaxed)
    ))
}

/// Waits until no slot works.
async fn freed(model: &Model, since: Instant, look: Duration) -> Result<Duration> {
    sleep(look).await;
    while model.works()? {
        ensure!(since.elapsed() < FREED, "the slot still works after {} ms", since.elapsed().as_millis());
        sleep(look).await;
    }
    Ok(since.elapsed())
}

/// The second call with the same beginning reads it from the cache.
pub(super) async fn cached(model: &Model, wire: &Wire) -> Result<String> {
    let asker = Asker::new(wire, &model.server.url(), WINDOW)?;
    let interfaces = source(&format!("{}, cached", wire.kind), 3_000)?;
    let (mut events, mut times) = (Vec::new(), Vec::new());
    for task in ["Name one function.", "Name one class, if there is one."] {
        let spec = "The meaning stays.".to_owned();
        let prompt = Prompt { interfaces: interfaces.clone(), spec, task: task.to_owned(), ..long_winded() };
        let started = Instant::now();
        let done = asker.ask(&prompt, 4, &CancellationToken::new(), &mut |_| {}).await;
        done.result.context("no answer")?;
        once(&done.audit)?;
        times.push(started.elapsed().as_millis());
        events.push(done.audit);
    }
    let (first, second) = (&events[0], &events[1]);
    let (cold, warm) = (first.tokens, second.tokens);
    ensure!(cold.cache_read * 10 < cold.prompt(), "the first call already read {} from the cache", cold.cache_read);
    ensure!(second.cache == Cache::Hit, "the second call's event says {:?}", second.cache);
    ensure!(warm.input * 5 < cold.input, "{} tokens were evaluated, after {}", warm.input, cold.input);
    ensure!(second.cost < first.cost, "it cost {:?}, after {:?}", second.cost, first.cost);
    let [cost, then] = [first, second].map(|event| event.cost.unwrap_or_default());
    Ok(format!(
        "{} of {} tokens evaluated in {} ms, then {} of {} in {} ms ({} cached); {cost}, then {then}",
        cold.input,
        cold.prompt(),
        times[0],
        warm.input,
        warm.prompt(),
        times[1],
        warm.cache_read
    ))
}

/// Plans by a schema fit it at the first answer.
pub(super) async fn planned(model: &Model, wire: &Wire) -> Result<String> {
    let asker = Asker::new(wire, &model.server.url(), WINDOW)?;
    let form = Form::Json { name: "proposal".to_owned(), schema: schema() };
    let template = Template::of("live-model/1", "");
    let (mut calls, mut repaired, mut last) = (0, 0, Value::Null);
    for number in 1..=PLANS {
        let task = format!("Propose strategy {number} for the migration of a Python 2 package to Python 3.");
        let prompt = Prompt { system: "You plan migrations.".to_owned(), task, ..Prompt::default() };
        let call = asker.call(&prompt, &form, &template, 400);
        let (plan, events) = asker.router.plan(&call, &CancellationToken::new(), &mut |_| {}).await;
        let plan = plan.with_context(|| format!("plan {number}"))?;
        events.iter().try_for_each(once)?;
        calls += events.len();
        repaired += usize::from(plan.repaired);
        last = plan.value;
    }
    ensure!((calls, repaired) == (PLANS, 0), "{calls} calls for {PLANS} plans, {repaired} of them repaired");
    Ok(format!("{PLANS} of {PLANS} plans fit at the first answer, none repaired; the last: {last}"))
}

fn schema() -> Value {
    let file = json!({"type": "string", "minLength": 1, "maxLength": 24});
    json!({
        "type": "object",
        "properties": {
            "strategy": {"type": "string", "enum": ["CONSERVATIVE", "STANDARD", "COMPREHENSIVE"]},
            "risk": {"type": "integer", "minimum": 1, "maximum": 5},
            "files": {"type": "array", "items": file, "minItems": 1, "maxItems": 3},
            "reversible": {"type": "boolean"},
        },
        "required": ["strategy", "risk", "files", "reversible"],
        "additionalProperties": false,
    })
}

/// The estimate of a prompt beside the server's count, for texts of several kinds.
pub(super) fn counted(model: &Model, wire: &Wire) -> Result<String> {
    let texts = [("Python", "xtask/python/secret_bars.py"), ("prose", "README.md"), ("JSON", "xtask/faults.json")];
    let mut told = Vec::new();
    for (what, path) in texts {
        let task = std::fs::read_to_string(workspace().join(path))?.chars().take(9_000).collect();
        let prompt = Prompt { system: "Read.".to_owned(), task, ..Prompt::default() };
        let (estimate, most) = (prompt.tokens(), prompt.most_tokens());
        let counted = model.count(wire.counts, &request(wire, &prompt))?;
        ensure!(counted <= most, "{what} has {counted} tokens, and {most} are taken for the most");
        told.push(format!("{what} {estimate} for {counted} ({:+} %)", percent(estimate, counted)));
    }
    Ok(format!("estimated {}", told.join(", ")))
}

/// A prompt that is too long by the estimate, and not by the server's count: it is sent where the router can know.
pub(super) async fn near_the_cap(model: &Model, wire: &Wire) -> Result<String> {
    const LONGEST: u64 = 4;
    let prompt = Prompt { system: "Read.".to_owned(), task: source(wire.kind, 1_500)?, ..Prompt::default() };
    let (estimate, counted) = (prompt.tokens(), model.count(wire.counts, &request(wire, &prompt))?);
    ensure!(counted < estimate, "{counted} tokens, and the estimate is {estimate}");
    let cap = u64::midpoint(counted, estimate);
    let asker = Asker::new(wire, &model.server.url(), cap + LONGEST)?;
    let done = asker.ask(&prompt, LONGEST, &CancellationToken::new(), &mut |_| {}).await;
    let expected = if wire.counting { "OK" } else { "CONTEXT_CAP" };
    ensure!(done.audit.outcome == expected, "{estimate} for {counted}, and {cap} fit: {}", done.audit.outcome);
    let sent = done.audit.tokens.prompt();
    ensure!(sent == if wire.counting { counted } else { 0 }, "{sent} tokens were sent, of {counted}");
    Ok(format!("{estimate} estimated, {counted} counted, {cap} fit: {expected}"))
}

fn percent(estimate: u64, counted: u64) -> i64 {
    let [estimate, counted] = [estimate, counted].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    (estimate - counted) * 100 / counted.max(1)
}

/// The part of a request that is counted.
fn request(wire: &Wire, prompt: &Prompt) -> Value {
    let user = json!({"role": "user", "content": prompt.task});
    if wire.kind == "anthropic" {
        return json!({"model": "small", "system": prompt.system, "messages": [user]});
    }
    json!({"model": "small", "messages": [{"role": "system", "content": prompt.system}, user]})
}

/// So many characters of source, which differ from the first one on.
fn source(mark: &str, length: usize) -> Result<String> {
    let text = std::fs::read_to_string(workspace().join("xtask/python/secret_bars.py"))?;
    Ok(format!("# {mark}\n{text}").chars().take(length).collect())
}
