//! What a person can decide now, asked of the rules themselves.

use crate::event::{Decision, Event, EventKind, Source};
use crate::ids::Timestamp;
use crate::job::Job;
use crate::outcome::{Outcome, Refusal};
use crate::place::StateKind;
use crate::policy::waterfall::ModelClass;
use crate::step::step;
use crate::table;
use serde::Serialize;

/// One of the six actions of `FALLBACK_REQUIRED`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FallbackAction {
    /// The action.
    pub action: EventKind,
    /// Whether a price has to be confirmed before work begins.
    pub requires_confirmation: bool,
    /// Why it is not to be had, if it is not.
    pub refusal: Option<Refusal>,
}

/// The decisions that the job's place lists. Their data may still be refused.
pub fn decisions(job: &Job) -> Vec<EventKind> {
    let listed = table::moves(job.state.place()).map(|found| found.on);
    listed.filter(|on| on.source() == Source::Decision).collect()
}

/// The actions of `FALLBACK_REQUIRED`, refused ones included; empty in any other state.
pub fn fallback_actions(job: &Job, now: Timestamp) -> Vec<FallbackAction> {
    if job.state.kind() != StateKind::FallbackRequired {
        return Vec::new();
    }
    let actions = [
        Decision::DeepFix,
        Decision::Intervene,
        Decision::RetryStrongerModel,
        Decision::EditSpec,
        Decision::DownloadPartial,
        Decision::ReportIssue,
    ];
    actions.into_iter().map(|decision| action(job, decision, now)).collect()
}

fn action(job: &Job, decision: Decision, now: Timestamp) -> FallbackAction {
    let action = decision.kind();
    let deep_fix_with_l3 = job.entitlement.deep_fix_class() == Ok(ModelClass::L3);
    let (refusal, asks_first) = match step(job, &Event::Decision(decision), now) {
        Outcome::Next { job: next, .. } => (None, next.state.kind() == StateKind::WaitingEscalationDecision),
        Outcome::Ignored(_) => (None, false),
        Outcome::Refused(refusal) => (Some(refusal), false),
    };
    let requires_confirmation = asks_first || action == EventKind::DeepFix && deep_fix_with_l3;
    FallbackAction { action, requires_confirmation, refusal }
}
