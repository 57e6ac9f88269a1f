//! From a context pack to a verdict, for repair, deep fix and a person's command alike.

use super::draft::Draft;
use super::{Answer, baseline};
use crate::effect::{Effect, PatchMode};
use crate::event::{EffectResult, Event, TestOutcome};
use crate::fingerprint::Fingerprint;
use crate::ids::QuoteId;
use crate::policy::baseline::EditMode;
use crate::policy::waterfall::ModelClass;
use crate::state::PatchStep;

/// Who asks for the patch, and on what terms.
pub(super) struct Terms {
    pub(super) class: ModelClass,
    pub(super) mode: PatchMode,
    pub(super) quote: Option<QuoteId>,
}

/// What a step of the patch line led to.
pub(super) enum Line {
    /// The next step of it. The caller enters the state and calls [`ask`].
    On(PatchStep),
    /// The patch was refused.
    Refused,
    /// The tests fail like this.
    Red(Fingerprint),
    /// The time ran out for the second time.
    TimedOut,
    /// The delivery is ready.
    Done { complex: bool },
}

/// Reads a result; `None` for events that do not belong to the line.
pub(super) fn advance(draft: &mut Draft, step: PatchStep, event: &Event) -> Option<Line> {
    let Event::Result { result, .. } = event else { return None };
    Some(match (step, result) {
        (PatchStep::Context, EffectResult::ContextBuilt { tokens, .. }) => {
            if let Some(scope) = draft.job.scope.as_mut() {
                scope.pack_tokens = *tokens;
            }
            Line::On(PatchStep::Generating)
        }
        (PatchStep::Generating, EffectResult::PatchGenerated { .. }) => Line::On(PatchStep::Applying),
        (PatchStep::Generating | PatchStep::Applying, EffectResult::PatchRefused { .. }) => Line::Refused,
        (PatchStep::Applying, EffectResult::PatchApplied) => Line::On(PatchStep::Testing { rerun: false }),
        (PatchStep::Testing { rerun }, EffectResult::TestsRun { outcome }) => match outcome {
            TestOutcome::Green => Line::On(PatchStep::Delivering),
            TestOutcome::Failed { fingerprint } => Line::Red(fingerprint.clone()),
            TestOutcome::TimedOut if rerun => Line::TimedOut,
            TestOutcome::TimedOut => Line::On(PatchStep::Testing { rerun: true }),
        },
        (PatchStep::Delivering, EffectResult::DeliveryPrepared { complex }) => Line::Done { complex: *complex },
        _ => return None,
    })
}

/// Asks for what a step waits for. `event` is the one that led to it: it holds the patch to apply.
pub(super) fn ask(draft: &mut Draft, step: PatchStep, terms: &Terms, event: &Event) {
    match (step, event) {
        (PatchStep::Context, _) => build_context(draft, terms.mode == PatchMode::DeepFix),
        (PatchStep::Generating, _) => generate(draft, terms),
        (PatchStep::Applying, Event::Result { result: EffectResult::PatchGenerated { patch, .. }, .. }) => {
            draft.emit(Effect::ApplyPatch { patch: patch.clone() });
        }
        (PatchStep::Applying, _) => {}
        (PatchStep::Testing { .. }, _) => run_tests(draft),
        (PatchStep::Delivering, _) => draft.emit(Effect::PrepareDelivery),
    }
}

pub(super) fn build_context(draft: &mut Draft, purged: bool) {
    draft.emit(Effect::BuildContext { purged });
}

fn generate(draft: &mut Draft, terms: &Terms) {
    let effect = Effect::GeneratePatch {
        class: terms.class,
        mode: terms.mode,
        attempt: draft.job.counters.attempt,
        edits: edits(draft),
        quote: terms.quote.clone(),
        command: draft.job.command.clone().filter(|_| terms.mode == PatchMode::Command),
    };
    draft.emit(effect);
}

pub(super) fn edits(draft: &Draft) -> EditMode {
    draft.job.scope.map_or(EditMode::ExactOnly, |scope| scope.edits)
}

pub(super) fn run_tests(draft: &mut Draft) {
    let without = baseline::left_out(draft);
    draft.emit(Effect::RunTests { time_factor: draft.job.tests.time_factor, without });
}

/// Applies a time-out choice of a person that leads to another run.
pub(super) fn rerun_choice(draft: &mut Draft, event: &Event) -> Option<Answer> {
    use crate::event::{Decision, EventKind};
    match event {
        Event::Decision(Decision::IncreaseTimeout) => Some(baseline::increase_timeout(draft)),
        Event::Decision(Decision::SkipOrQuarantineTest { tests }) => {
            Some(baseline::leave_out(draft, EventKind::SkipOrQuarantineTest, tests))
        }
        _ => None,
    }
}
