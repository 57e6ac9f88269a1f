//! Tests are written and run on the legacy code, so that today's behaviour is pinned down before it can change.

use super::draft::Draft;
use super::{Answer, refactor, rounds, unlisted};
use crate::effect::{Effect, Notice, SealScope};
use crate::event::{BaselineOutcome, Decision, EffectResult, Event, EventKind};
use crate::ids::TestId;
use crate::outcome::RefusalCode;
use crate::policy::baseline::BaselineMode;
use crate::policy::budget::TIME_FACTOR_LIMIT;
use crate::state::{BaselineStep, State};
use std::collections::BTreeSet;

/// The approved spec becomes tests, and the round billable.
pub(super) fn generate_tests(draft: &mut Draft) {
    rounds::pass_checkpoint(draft);
    draft.go(State::GeneratingTests);
    let class = draft.job.entitlement.stage_class();
    let (revision, mode) = (draft.job.spec_revision, baseline_mode(draft));
    draft.emit(Effect::GenerateTests { class, revision, mode });
}

fn baseline_mode(draft: &Draft) -> BaselineMode {
    draft.job.scope.map_or(BaselineMode::BlackBox, |scope| scope.baseline)
}

pub(super) fn generating(draft: &mut Draft, event: &Event) -> Answer {
    let Event::Result { result: EffectResult::TestsGenerated { tests, .. }, .. } = event else { return unlisted() };
    draft.job.tests.total = Some(*tests);
    run(draft, false);
    Ok(())
}

fn run(draft: &mut Draft, rerun: bool) {
    draft.go(State::BaselineValidation { step: BaselineStep::Running { rerun } });
    let mode = baseline_mode(draft);
    let without = left_out(draft);
    draft.emit(Effect::RunBaseline { mode, time_factor: draft.job.tests.time_factor, without });
}

pub(super) fn left_out(draft: &Draft) -> Vec<TestId> {
    draft.job.tests.left_out.iter().cloned().collect()
}

pub(super) fn validating(draft: &mut Draft, step: BaselineStep, event: &Event) -> Answer {
    match step {
        BaselineStep::Running { rerun } => running(draft, rerun, event),
        BaselineStep::AwaitingAck { uncovered } => awaiting_ack(draft, uncovered, event),
        BaselineStep::TimedOut => timed_out(draft, event),
        BaselineStep::Sealing => {
            draft.job.tests.sealed = true;
            refactor::begin(draft);
            Ok(())
        }
    }
}

fn running(draft: &mut Draft, rerun: bool, event: &Event) -> Answer {
    let Event::Result { result: EffectResult::BaselineDone { outcome }, .. } = event else { return unlisted() };
    match *outcome {
        BaselineOutcome::TimedOut if rerun => wait_after_timeout(draft),
        BaselineOutcome::TimedOut => run(draft, true),
        BaselineOutcome::Unrunnable { uncovered } => ask_for_ack(draft, uncovered),
        BaselineOutcome::Ran { failed: 1.., .. } => wait_after_failure(draft),
        BaselineOutcome::Ran { passed, uncovered, .. } => {
            if passed == 0 || baseline_mode(draft) == BaselineMode::BlackBox {
                ask_for_ack(draft, uncovered);
            } else {
                seal(draft);
            }
        }
    }
    Ok(())
}

fn wait_after_timeout(draft: &mut Draft) {
    draft.go(State::BaselineValidation { step: BaselineStep::TimedOut });
    draft.tell(Notice::TestsTimedOut);
}

fn wait_after_failure(draft: &mut Draft) {
    draft.go(State::BaselineValidationFailed);
    draft.tell(Notice::BaselineFailed);
}

fn ask_for_ack(draft: &mut Draft, uncovered: u32) {
    draft.go(State::BaselineValidation { step: BaselineStep::AwaitingAck { uncovered } });
    draft.tell(Notice::UncoveredBehaviour);
}

fn seal(draft: &mut Draft) {
    draft.go(State::BaselineValidation { step: BaselineStep::Sealing });
    draft.emit(Effect::SealTests { scope: SealScope::Own });
}

fn awaiting_ack(draft: &mut Draft, shown: u32, event: &Event) -> Answer {
    match event {
        Event::Decision(Decision::AcknowledgeUncovered { uncovered }) if *uncovered != shown => {
            Err(RefusalCode::CountMismatch.into())
        }
        Event::Decision(Decision::AcknowledgeUncovered { .. }) => {
            draft.job.tests.uncovered_acknowledged = true;
            draft.audit(EventKind::AcknowledgeUncovered, &[]);
            seal(draft);
            Ok(())
        }
        _ => unlisted(),
    }
}

fn timed_out(draft: &mut Draft, event: &Event) -> Answer {
    match event {
        Event::Decision(Decision::IncreaseTimeout) => increase_timeout(draft)?,
        Event::Decision(Decision::SkipOrQuarantineTest { tests }) => {
            leave_out(draft, EventKind::SkipOrQuarantineTest, tests)?;
        }
        Event::Decision(Decision::ContinueRepair) => {
            wait_after_failure(draft);
            return Ok(());
        }
        _ => return unlisted(),
    }
    run(draft, true);
    Ok(())
}

pub(super) fn failed(draft: &mut Draft, event: &Event) -> Answer {
    match event {
        Event::Decision(Decision::Quarantine { tests }) => leave_out(draft, EventKind::Quarantine, tests)?,
        Event::Decision(Decision::MockOverride { tests }) => {
            named(tests)?;
            draft.audit(EventKind::MockOverride, tests);
        }
        _ => return unlisted(),
    }
    run(draft, false);
    Ok(())
}

pub(super) fn increase_timeout(draft: &mut Draft) -> Answer {
    let factor = draft.job.tests.time_factor.saturating_mul(2);
    if factor > TIME_FACTOR_LIMIT {
        return Err(RefusalCode::TimeoutLimit.into());
    }
    draft.job.tests.time_factor = factor;
    Ok(())
}

fn named(tests: &[TestId]) -> Answer {
    if tests.is_empty() { Err(RefusalCode::NoTestsNamed.into()) } else { Ok(()) }
}

/// Leaves tests out by name, on the record, as long as one is left.
pub(super) fn leave_out(draft: &mut Draft, decision: EventKind, tests: &[TestId]) -> Answer {
    named(tests)?;
    let left_out: BTreeSet<TestId> = draft.job.tests.left_out.iter().chain(tests).cloned().collect();
    let total = usize::try_from(draft.job.tests.total.unwrap_or(0)).unwrap_or(usize::MAX);
    if left_out.len() >= total {
        return Err(RefusalCode::ZeroTestsLeft.into());
    }
    draft.job.tests.left_out = left_out;
    draft.audit(decision, tests);
    Ok(())
}

/// Allows sealed tests to change, by name, on the record.
pub(super) fn waive(draft: &mut Draft, tests: &[TestId]) -> Answer {
    named(tests)?;
    draft.audit(EventKind::WaiveSeal, tests);
    draft.emit(Effect::WaiveSeal { tests: tests.to_vec() });
    Ok(())
}
