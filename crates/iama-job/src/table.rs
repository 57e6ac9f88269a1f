//! The transition table: where a job can be, what means something there, and where that may lead.
//!
//! A pair of place and event that is not listed is refused (decisions) or ignored (results and signals) by
//! [`verdict`], on purpose and with a code. Where a row has several destinations, the handlers decide; a test holds
//! that they lead nowhere else, and the model check that every destination is reached.
//!
//! # Decisions on edges that the design leaves open
//!
//! * **Rounds.** A round is reserved, worked and settled as one. It ends where work ends, and where a person's decision
//!   resets the counters (`DEEP_FIX`, `EDIT_SPEC` during work): then it is settled as `SUPERSEDED` and the next one is
//!   reserved in the same step. A round that begins behind `GENERATING_TESTS` begins behind its checkpoint.
//! * **Deep fix.** It opens a round, stands in for that round's attempt 0, and uses up its one deep fix. After it,
//!   attempt 1. `FALLBACK_REQUIRED` may open another such round, since its person pays for it anew.
//! * **What counts.** Attempt 0 and a deep fix never enter the streak of identical failures; a time-out and a refused
//!   patch leave it as it is. A generation without a valid patch is a refused patch.
//! * **Attempt 0 → 1** is no crossing: L1 is what the job was started for. A phase whose class has no route is passed
//!   over, and the crossing behind it asks. Where L3 is to be had, attempt 7 always asks, and L2 may be chosen there.
//! * **Order on a failure:** three identical failures, then the end of the budget, then the class.
//! * **`USER_INTERVENING` → resume** goes on in the same round with the streak forgotten; a spent budget retreats.
//! * **Deadlines that nobody names:** before work on the code, decisions expire with the artifacts they need (14 days)
//!   and fail the job as `DECISION_TIMEOUT`; in the middle of work an idle person (24 h) makes the job retreat.
//! * **Retreat** keeps the partial patch before it puts the workspace back: afterwards there would be nothing to keep.
//!   Going back to work puts the partial patch back first, except for a deep fix, which starts from the original.
//! * **Credits** that run out matter only while a model is at work; any later call is told again. A green result is
//!   delivered all the same.
//! * **A spec revision** that is approved waits until the workspace is back as it was: its baseline runs on legacy code.
//! * **`RETRY_STRONGER_MODEL`** with L3 passes through `WAITING_ESCALATION_DECISION` for its quote; with L1 and L2 the
//!   decision is the confirmation.
//! * **Presence.** Results of effects that a lost client had taken are stale once it is back: all are asked for again.
//!   An infra failure that comes in while the client is lost, or just after that ended the job, still decides the bill.
//! * **An infra failure** during delivery work leaves the delivery as it was; in `FALLBACK_REQUIRED` it drops the offer.
//! * **A trial** upgrades by a signal of the platform: the snapshot stays, only the gate opens.
//! * **A baseline that proves nothing** (no test ran, or the legacy side cannot run) is acknowledged like a black box.

use crate::event::{EventKind, Source};
use crate::outcome::{RefusalCode, Stale};
use crate::place::{Place, StateKind};
use EventKind as E;
use Place as P;

/// An event and the places that it may lead to.
#[derive(Debug, Clone, Copy)]
pub struct Move {
    /// The event.
    pub on: EventKind,
    /// Where it may lead.
    pub to: &'static [Place],
}

/// Moves that many places share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The job is not over.
    Live,
    /// Something is being worked on: a client must be there, and the platform can fail.
    Working,
    /// A model may be at work.
    Paid,
    /// The spec is being carried out.
    Executing,
}

/// A place with its moves.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The place.
    pub place: Place,
    /// The moves that it shares with others.
    pub groups: &'static [Group],
    /// Its own.
    pub moves: &'static [Move],
}

const fn on(on: EventKind, to: &'static [Place]) -> Move {
    Move { on, to }
}

const fn row(place: Place, groups: &'static [Group], moves: &'static [Move]) -> Row {
    Row { place, groups, moves }
}

impl Group {
    /// The shared moves.
    pub const fn moves(self) -> &'static [Move] {
        match self {
            Self::Live => const { &[on(E::Cancel, &[P::Failed]), on(E::KillSwitch, &[P::Failed])] },
            Self::Working => const { &[on(E::HeartbeatLost, &[P::HeartbeatLost]), on(E::InfraFailed, &[P::Failed])] },
            Self::Paid => const { &[on(E::CreditsExhausted, &[P::RecoveryPacking])] },
            Self::Executing => const { &[on(E::EditSpec, &[P::SpecApproval])] },
        }
    }
}

const LIVE: &[Group] = &[Group::Live];
const WORK: &[Group] = &[Group::Live, Group::Working];
const PAID_WORK: &[Group] = &[Group::Live, Group::Working, Group::Paid];
const EXECUTE: &[Group] = &[Group::Live, Group::Working, Group::Executing];
const PAID_EXECUTE: &[Group] = &[Group::Live, Group::Working, Group::Paid, Group::Executing];
const ASK: &[Group] = &[Group::Live, Group::Executing];
const OVER: &[Group] = &[];

/// The next attempt, a question before it, or the end of the budget.
const NEXT: &[Place] = &[P::RepairContext, P::Escalation, P::RecoveryPacking];

/// The rule book.
pub const TABLE: &[Row] = &[
    row(P::Pending, LIVE, &[on(E::Start, &[P::Preflight])]),
    // Analysis.
    row(
        P::Preflight,
        WORK,
        &[on(E::PreflightDone, &[P::Dirty, P::AnalysisContext]), on(E::TrialUpgraded, &[P::Preflight])],
    ),
    row(
        P::Dirty,
        LIVE,
        &[
            on(E::PreflightContinue, &[P::AnalysisContext]),
            on(E::PreflightSafeMode, &[P::AnalysisContext]),
            on(E::PreflightCancel, &[P::Failed]),
            on(E::TrialUpgraded, &[P::Dirty]),
            on(E::TimerFired, &[P::Failed]),
        ],
    ),
    row(P::AnalysisContext, WORK, &[on(E::ContextBuilt, &[P::Scope]), on(E::TrialUpgraded, &[P::AnalysisContext])]),
    row(P::Scope, PAID_WORK, &[on(E::AnalysisDone, &[P::Proposals]), on(E::TrialUpgraded, &[P::Scope])]),
    row(
        P::Proposals,
        PAID_WORK,
        &[on(E::ProposalsReady, &[P::Report, P::Choosing]), on(E::TrialUpgraded, &[P::Proposals])],
    ),
    row(P::Report, PAID_WORK, &[on(E::ReportDone, &[P::Choosing]), on(E::TrialUpgraded, &[P::Report])]),
    // Strategy and spec.
    row(
        P::Choosing,
        LIVE,
        &[on(E::SelectProposal, &[P::Drafting]), on(E::TrialUpgraded, &[P::Choosing]), on(E::TimerFired, &[P::Failed])],
    ),
    row(P::Drafting, PAID_WORK, &[on(E::SpecDrafted, &[P::SpecApproval, P::GeneratingTests])]),
    row(
        P::SpecApproval,
        LIVE,
        &[
            on(E::EditSpec, &[P::SpecApproval]),
            on(E::OverrideBaseline, &[P::SpecApproval]),
            on(E::ApproveSpec, &[P::GeneratingTests]),
            on(E::WorkspaceRestored, &[P::SpecApproval]),
            on(E::InfraFailed, &[P::Failed]),
            on(E::TimerFired, &[P::Failed]),
        ],
    ),
    // Tests and baseline.
    row(P::GeneratingTests, PAID_EXECUTE, &[on(E::TestsGenerated, &[P::BaselineRunning])]),
    row(
        P::BaselineRunning,
        EXECUTE,
        &[on(
            E::BaselineDone,
            &[P::BaselineSealing, P::BaselineAwaitingAck, P::BaselineFailed, P::BaselineRunning, P::BaselineTimedOut],
        )],
    ),
    row(
        P::BaselineAwaitingAck,
        ASK,
        &[on(E::AcknowledgeUncovered, &[P::BaselineSealing]), on(E::TimerFired, &[P::RecoveryPacking])],
    ),
    row(
        P::BaselineTimedOut,
        ASK,
        &[
            on(E::IncreaseTimeout, &[P::BaselineRunning]),
            on(E::SkipOrQuarantineTest, &[P::BaselineRunning]),
            on(E::ContinueRepair, &[P::BaselineFailed]),
            on(E::TimerFired, &[P::RecoveryPacking]),
        ],
    ),
    row(P::BaselineSealing, EXECUTE, &[on(E::TestsSealed, &[P::Migrating])]),
    row(
        P::BaselineFailed,
        ASK,
        &[
            on(E::Quarantine, &[P::BaselineRunning]),
            on(E::MockOverride, &[P::BaselineRunning]),
            on(E::TimerFired, &[P::RecoveryPacking]),
        ],
    ),
    // Rewrite and repair.
    row(P::Migrating, EXECUTE, &[on(E::TestsMigrated, &[P::SealingMigrated])]),
    row(P::SealingMigrated, EXECUTE, &[on(E::TestsSealed, &[P::Recipes])]),
    row(P::Recipes, EXECUTE, &[on(E::PatchGenerated, &[P::RepairApplying]), on(E::PatchRefused, NEXT)]),
    row(
        P::Reapplying,
        EXECUTE,
        &[on(E::PatchApplied, &[P::RepairContext]), on(E::PatchRefused, &[P::RecoveryPacking])],
    ),
    row(P::RepairContext, EXECUTE, &[on(E::ContextBuilt, &[P::RepairGenerating])]),
    row(P::RepairGenerating, PAID_EXECUTE, &[on(E::PatchGenerated, &[P::RepairApplying]), on(E::PatchRefused, NEXT)]),
    row(P::RepairApplying, EXECUTE, &[on(E::PatchApplied, &[P::RepairTesting]), on(E::PatchRefused, NEXT)]),
    row(
        P::RepairTesting,
        EXECUTE,
        &[on(
            E::TestsRun,
            &[
                P::RepairDelivering,
                P::RepairTesting,
                P::RepairTimedOut,
                P::Intervention,
                P::RepairContext,
                P::Escalation,
                P::RecoveryPacking,
            ],
        )],
    ),
    row(
        P::RepairTimedOut,
        ASK,
        &[
            on(E::IncreaseTimeout, &[P::RepairTesting]),
            on(E::SkipOrQuarantineTest, &[P::RepairTesting]),
            on(E::ContinueRepair, NEXT),
            on(E::TimerFired, &[P::RecoveryPacking]),
        ],
    ),
    row(P::RepairDelivering, EXECUTE, &[on(E::DeliveryPrepared, &[P::DeliveryReady])]),
    // Questions in the middle of repair.
    row(
        P::Escalation,
        ASK,
        &[
            on(E::ConfirmEscalation, &[P::RepairContext, P::Reapplying]),
            on(E::DeclineEscalation, &[P::RecoveryPacking]),
            on(E::QuoteReady, &[P::Escalation]),
            on(E::InfraFailed, &[P::Failed]),
            on(E::TimerFired, &[P::RecoveryPacking]),
        ],
    ),
    row(
        P::Intervention,
        ASK,
        &[
            on(E::DeepFix, &[P::Intervention, P::DeepFixRestoring]),
            on(E::ConfirmDeepFix, &[P::DeepFixRestoring]),
            on(E::Intervene, &[P::UserIdle]),
            on(E::ContinueRepair, NEXT),
            on(E::WaiveSeal, &[P::Intervention]),
            on(E::QuoteReady, &[P::Intervention]),
            on(E::InfraFailed, &[P::Failed]),
            on(E::TimerFired, &[P::Failed]),
        ],
    ),
    // Deep fix.
    row(P::DeepFixRestoring, EXECUTE, &[on(E::WorkspaceRestored, &[P::DeepFixContext])]),
    row(P::DeepFixContext, EXECUTE, &[on(E::ContextBuilt, &[P::DeepFixGenerating])]),
    row(
        P::DeepFixGenerating,
        PAID_EXECUTE,
        &[on(E::PatchGenerated, &[P::DeepFixApplying]), on(E::PatchRefused, &[P::RepairContext, P::Escalation])],
    ),
    row(
        P::DeepFixApplying,
        EXECUTE,
        &[on(E::PatchApplied, &[P::DeepFixTesting]), on(E::PatchRefused, &[P::RepairContext, P::Escalation])],
    ),
    row(
        P::DeepFixTesting,
        EXECUTE,
        &[on(
            E::TestsRun,
            &[P::DeepFixDelivering, P::DeepFixTesting, P::DeepFixTimedOut, P::RepairContext, P::Escalation],
        )],
    ),
    row(
        P::DeepFixTimedOut,
        ASK,
        &[
            on(E::IncreaseTimeout, &[P::DeepFixTesting]),
            on(E::SkipOrQuarantineTest, &[P::DeepFixTesting]),
            on(E::ContinueRepair, &[P::RepairContext, P::Escalation]),
            on(E::TimerFired, &[P::RecoveryPacking]),
        ],
    ),
    row(P::DeepFixDelivering, EXECUTE, &[on(E::DeliveryPrepared, &[P::DeliveryReady])]),
    // A person at work.
    row(P::UserReapplying, EXECUTE, &[on(E::PatchApplied, &[P::UserIdle]), on(E::PatchRefused, &[P::RecoveryPacking])]),
    row(
        P::UserIdle,
        ASK,
        &[
            on(E::Command, &[P::UserContext]),
            on(E::RunTests, &[P::UserTesting]),
            on(E::IncreaseTimeout, &[P::UserTesting]),
            on(E::SkipOrQuarantineTest, &[P::UserTesting]),
            on(E::WaiveSeal, &[P::UserIdle]),
            on(E::ResumeRepair, NEXT),
            on(E::TimerFired, &[P::RecoveryPacking]),
        ],
    ),
    row(P::UserContext, EXECUTE, &[on(E::ContextBuilt, &[P::UserGenerating])]),
    row(
        P::UserGenerating,
        PAID_EXECUTE,
        &[on(E::PatchGenerated, &[P::UserApplying]), on(E::PatchRefused, &[P::UserIdle])],
    ),
    row(P::UserApplying, EXECUTE, &[on(E::PatchApplied, &[P::UserTesting]), on(E::PatchRefused, &[P::UserIdle])]),
    row(P::UserTesting, EXECUTE, &[on(E::TestsRun, &[P::UserDelivering, P::UserTesting, P::UserIdle])]),
    row(P::UserDelivering, EXECUTE, &[on(E::DeliveryPrepared, &[P::DeliveryReady])]),
    // A client that went silent.
    row(
        P::HeartbeatLost,
        LIVE,
        &[
            on(E::HeartbeatRestored, RESUMABLE),
            on(E::ForceTerminate, &[P::Failed]),
            on(E::TrialUpgraded, &[P::HeartbeatLost]),
            on(E::InfraFailed, &[P::Failed]),
            on(E::TimerFired, &[P::Failed]),
        ],
    ),
    // Retreat.
    row(P::RecoveryPacking, WORK, &[on(E::PartialPacked, &[P::RecoveryRestoring])]),
    row(P::RecoveryRestoring, WORK, &[on(E::WorkspaceRestored, &[P::Fallback])]),
    row(
        P::Fallback,
        LIVE,
        &[
            on(E::DeepFix, &[P::Fallback, P::DeepFixRestoring]),
            on(E::ConfirmDeepFix, &[P::DeepFixRestoring]),
            on(E::Intervene, &[P::UserReapplying, P::UserIdle]),
            on(E::RetryStrongerModel, &[P::Reapplying, P::RepairContext, P::Escalation]),
            on(E::EditSpec, &[P::SpecApproval]),
            on(E::DownloadPartial, &[P::Fallback]),
            on(E::ReportIssue, &[P::Fallback]),
            on(E::WaiveSeal, &[P::Fallback]),
            on(E::QuoteReady, &[P::Fallback]),
            on(E::InfraFailed, &[P::Fallback]),
            on(E::TimerFired, &[P::Failed]),
        ],
    ),
    // The end.
    row(P::DeliveryReady, OVER, &[on(E::ApplyDelivery, &[P::DeliveryBusy]), on(E::TimerFired, &[P::DeliveryExpired])]),
    row(
        P::DeliveryBusy,
        OVER,
        &[
            on(E::TestsRun, &[P::DeliveryBusy, P::DeliveryReady, P::DeliveryReverted]),
            on(E::DeliveryApplied, &[P::DeliveryApplied]),
            on(E::DeliveryRefused, &[P::DeliveryReady, P::DeliveryApplied, P::DeliveryReverted]),
            on(E::DeliveryReverted, &[P::DeliveryReverted]),
            on(E::RevertBlocked, &[P::DeliveryApplied]),
            on(E::InfraFailed, &[P::DeliveryReady, P::DeliveryApplied, P::DeliveryReverted]),
        ],
    ),
    row(
        P::DeliveryApplied,
        OVER,
        &[on(E::RevertDelivery, &[P::DeliveryBusy]), on(E::TimerFired, &[P::DeliveryExpired])],
    ),
    row(
        P::DeliveryReverted,
        OVER,
        &[
            on(E::ApplyDelivery, &[P::DeliveryBusy]),
            on(E::RevertDelivery, &[P::DeliveryBusy]),
            on(E::TimerFired, &[P::DeliveryExpired]),
        ],
    ),
    row(P::DeliveryExpired, OVER, &[]),
    row(P::Failed, OVER, &[on(E::WorkspaceRestored, &[P::Failed]), on(E::InfraFailed, &[P::Failed])]),
];

/// Where a client that came back finds the job: every place in which something is worked on.
const RESUMABLE: &[Place] = &[
    P::Preflight,
    P::AnalysisContext,
    P::Scope,
    P::Proposals,
    P::Report,
    P::Drafting,
    P::GeneratingTests,
    P::BaselineRunning,
    P::BaselineSealing,
    P::Migrating,
    P::SealingMigrated,
    P::Recipes,
    P::Reapplying,
    P::RepairContext,
    P::RepairGenerating,
    P::RepairApplying,
    P::RepairTesting,
    P::RepairDelivering,
    P::DeepFixRestoring,
    P::DeepFixContext,
    P::DeepFixGenerating,
    P::DeepFixApplying,
    P::DeepFixTesting,
    P::DeepFixDelivering,
    P::UserReapplying,
    P::UserContext,
    P::UserGenerating,
    P::UserApplying,
    P::UserTesting,
    P::UserDelivering,
    P::RecoveryPacking,
    P::RecoveryRestoring,
];

/// What the table says about a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may be accepted, and leads to one of these. Its data may still make it stale or refused.
    May(&'static [Place]),
    /// It is ignored, whatever its data.
    Ignored(Stale),
    /// It is refused, whatever its data.
    Refused(RefusalCode),
}

/// Whether a place has the moves of a group.
pub fn belongs_to(place: Place, group: Group) -> bool {
    TABLE.iter().any(|row| row.place == place && row.groups.contains(&group))
}

/// All moves of a place, its own first.
pub fn moves(place: Place) -> impl Iterator<Item = &'static Move> {
    TABLE
        .iter()
        .filter(move |row| row.place == place)
        .flat_map(|row| row.moves.iter().chain(row.groups.iter().flat_map(|group| group.moves())))
}

/// What the table says about `event` in `place`.
pub fn verdict(place: Place, event: EventKind) -> Verdict {
    match moves(place).find(|found| found.on == event) {
        Some(found) => Verdict::May(found.to),
        None => match event.source() {
            Source::Decision => Verdict::Refused(refusal(place, event)),
            Source::Result => Verdict::Ignored(Stale::Result),
            Source::Signal => Verdict::Ignored(stale_signal(event)),
        },
    }
}

fn refusal(place: Place, event: EventKind) -> RefusalCode {
    match (place, event) {
        (P::Pending, _) => RefusalCode::NotStarted,
        (_, E::Start) => RefusalCode::AlreadyStarted,
        (P::DeliveryBusy, E::ApplyDelivery | E::RevertDelivery) | (P::RecoveryPacking | P::RecoveryRestoring, _) => {
            RefusalCode::StillWorking
        }
        (P::DeliveryReady, E::RevertDelivery) => RefusalCode::NotApplied,
        (P::DeliveryApplied, E::ApplyDelivery) => RefusalCode::AlreadyApplied,
        (P::DeliveryExpired, E::ApplyDelivery | E::RevertDelivery) => RefusalCode::Expired,
        (place, _) => match place.kind() {
            StateKind::Delivered | StateKind::Failed => RefusalCode::JobEnded,
            StateKind::Pending
            | StateKind::Analyzing
            | StateKind::GeneratingAnalysisReport
            | StateKind::WaitingStrategy
            | StateKind::WaitingSpecApproval
            | StateKind::GeneratingTests
            | StateKind::BaselineValidation
            | StateKind::BaselineValidationFailed
            | StateKind::Refactoring
            | StateKind::WaitingEscalationDecision
            | StateKind::WaitingIntervention
            | StateKind::DeepFixActive
            | StateKind::UserIntervening
            | StateKind::ClientHeartbeatLost
            | StateKind::RecoveryPending
            | StateKind::FallbackRequired => RefusalCode::NotHere,
        },
    }
}

fn stale_signal(event: EventKind) -> Stale {
    match event {
        E::TimerFired => Stale::Timer,
        E::HeartbeatLost | E::HeartbeatRestored => Stale::Presence,
        E::CreditsExhausted => Stale::Credits,
        _ => Stale::Signal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_exactly_one_row() {
        let rows: Vec<Place> = TABLE.iter().map(|row| row.place).collect();
        assert_eq!(rows, Place::ALL.to_vec());
    }

    #[test]
    fn no_place_lists_an_event_twice() {
        for place in Place::ALL {
            let mut events: Vec<EventKind> = moves(*place).map(|found| found.on).collect();
            let listed = events.len();
            events.sort_unstable();
            events.dedup();
            assert_eq!(events.len(), listed, "{place}");
        }
    }

    #[test]
    fn a_client_can_come_back_to_every_working_place_and_to_no_other() {
        let working: Vec<Place> = Place::ALL.iter().copied().filter(|place| place.is_working()).collect();
        assert_eq!(RESUMABLE, working);
    }

    #[test]
    fn a_timer_means_something_exactly_where_one_is_armed() {
        for place in Place::ALL {
            let listed = moves(*place).any(|found| found.on == E::TimerFired);
            assert_eq!(listed, place.deadline().is_some(), "{place}");
        }
    }

    #[test]
    fn no_end_is_left_for_work() {
        for row in TABLE.iter().filter(|row| row.place.is_ended()) {
            for found in row.moves {
                assert!(found.to.iter().all(|to| to.kind() == row.place.kind()), "{} on {}", row.place, found.on);
            }
        }
    }

    #[test]
    fn everything_but_the_ends_can_be_cancelled_and_killed() {
        for place in Place::ALL {
            assert_eq!(belongs_to(*place, Group::Live), !place.is_ended(), "{place}");
        }
    }
}
