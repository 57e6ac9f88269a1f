//! What Prometheus is told of model calls: by provider, class, stage and outcome. Routes and classes are few; ids are never told.

use std::time::Duration;

use iama_job::ModelClass;
use iama_model::{AuditEvent, Done, Stage, Usage};
use metrics::{counter, histogram};
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument as _, Span, info_span};

/// Waits for a call, in a span of its own, and counts it.
pub(super) async fn counted(class: ModelClass, stage: Stage, call: impl Future<Output = Done>) -> Done {
    let (started, class, stage) = (Instant::now(), class.code(), stage.name());
    let span = info_span!("provider_call", class, stage, route = Empty, outcome = Empty);
    let done = call.instrument(span.clone()).await;
    let outcome = done.audit.outcome.as_str();
    made(&done.audit, started.elapsed());
    span.record("outcome", outcome);
    span.record("route", done.audit.route.as_ref().map(|route| route.0.as_str()));
    Span::current().record("outcome", outcome);
    done
}

/// A call that came back, whatever it brought.
fn made(audit: &AuditEvent, took: Duration) {
    let (class, stage) = (audit.class.code(), audit.stage.name());
    call(audit.class, audit.stage, &audit.outcome);
    histogram!("iama_model_call_seconds", "class" => class, "stage" => stage).record(took.as_secs_f64());
    for tried in &audit.tries {
        let provider = provider(&tried.route.0).to_owned();
        let outcome = tried.outcome.clone();
        counter!("iama_model_requests_total", "provider" => provider.clone(), "class" => class, "stage" => stage,
            "outcome" => outcome)
        .increment(1);
        for (kind, count) in kinds(&tried.tokens) {
            counter!("iama_model_tokens_total", "provider" => provider.clone(), "class" => class, "kind" => kind)
                .increment(count);
        }
        let cost = tried.cost.map_or(0, iama_model::Cost::microdollars);
        counter!("iama_model_cost_microdollars_total", "provider" => provider, "class" => class).increment(cost);
    }
}

/// A call for which nothing was sent.
pub(super) fn unsent(class: ModelClass, stage: Stage, code: &str) {
    call(class, stage, code);
}

/// A call that somebody else has taken meanwhile, or that nobody waits for any more.
pub(super) fn lost() {
    counter!("iama_leases_lost_total", "of" => "model_call").increment(1);
}

fn call(class: ModelClass, stage: Stage, outcome: &str) {
    let outcome = outcome.to_owned();
    counter!("iama_model_calls_total", "class" => class.code(), "stage" => stage.name(), "outcome" => outcome)
        .increment(1);
}

fn provider(route: &str) -> &str {
    route.split_once('/').map_or(route, |(provider, _)| provider)
}

/// Disjoint, as they are priced.
const fn kinds(tokens: &Usage) -> [(&'static str, u64); 5] {
    [
        ("input", tokens.input),
        ("cache_write", tokens.cache_write),
        ("cache_write_hour", tokens.cache_write_hour),
        ("cache_read", tokens.cache_read),
        ("output", tokens.output),
    ]
}
