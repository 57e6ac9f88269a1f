//! The client goes silent and comes back.

use super::draft::Draft;
use super::{Answer, ending, unlisted};
use crate::effect::Notice;
use crate::event::{Decision, Event, Signal};
use crate::state::{FailureReason, State};

/// Stops everything but forgets nothing.
pub(super) fn lost(draft: &mut Draft) {
    draft.abandon();
    let resume = Box::new(draft.job.state.clone());
    draft.change(State::ClientHeartbeatLost { resume });
    draft.tell(Notice::ClientLost);
}

pub(super) fn while_lost(draft: &mut Draft, resume: State, event: &Event) -> Answer {
    match event {
        Event::Signal(Signal::HeartbeatRestored) => {
            restored(draft, resume);
            Ok(())
        }
        Event::Decision(Decision::ForceTerminate) => {
            ending::fail(draft, FailureReason::UserCancelled);
            Ok(())
        }
        _ => unlisted(),
    }
}

/// Back to the very state, and what was cancelled is asked for again under new ids.
fn restored(draft: &mut Draft, resume: State) {
    let cancelled = std::mem::take(&mut draft.job.in_flight);
    draft.change(resume);
    for entry in cancelled {
        draft.emit(entry.dispatch.effect);
    }
    draft.tell(Notice::ClientBack);
}
