//! What follows from an event inside the database.

use iama_job::effect::{Dispatch, Notice};
use iama_job::journal::Record;
use iama_job::policy::billing::Settlement;
use iama_job::{Effect, EffectId, Event, Job};
use serde_json::json;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Put, bad, moment};
use crate::StoreError;
use crate::audit::{self, Actor, Entry};
use crate::quota::{self, Noted, Round};
use crate::stream::{self, StreamEvent};
use crate::{requests, runs, specs, tiers, timers};

/// Where effects are carried out.
pub(super) struct Stage<'a> {
    pub(super) before: &'a Job,
    pub(super) job: &'a Job,
    pub(super) id: Uuid,
    pub(super) owner: Uuid,
    pub(super) now: OffsetDateTime,
}

impl Stage<'_> {
    /// Carries out what the record asks for; something when quota or credits are wanting.
    pub(super) async fn carry_out(
        &self,
        connection: &mut PgConnection,
        record: &Record,
    ) -> Result<Option<Put>, StoreError> {
        self.tell_change(connection, record).await?;
        match &record.event {
            Event::Result { effect, result } => {
                runs::note(connection, self.id, self.before, (effect, result), self.now).await?;
            }
            Event::Decision(iama_job::Decision::ApproveSpec) => specs::approve(connection, self.id, self.now).await?,
            Event::Decision(_) | Event::Signal(_) => {}
        }
        for dispatch in &record.effects {
            let short = match &dispatch.effect {
                Effect::ReserveQuota { round } => self.reserve(connection, *round).await?,
                Effect::JournalCost { ordinal, class, worst_case } => {
                    let noted = Noted { ordinal: *ordinal, class: *class, worst_case: *worst_case };
                    self.note_cost(connection, noted).await?
                }
                other => {
                    self.carry_out_one(connection, dispatch, other).await?;
                    None
                }
            };
            if short.is_some() {
                return Ok(short);
            }
        }
        stream::announce(connection, self.id).await?;
        Ok(None)
    }

    async fn carry_out_one(
        &self,
        connection: &mut PgConnection,
        dispatch: &Dispatch,
        effect: &Effect,
    ) -> Result<(), StoreError> {
        match effect {
            Effect::WriteEntitlement { .. } => self.write_entitlement(connection).await,
            Effect::WriteCheckpoint { round } => self.write_checkpoint(connection, *round).await,
            Effect::CorrectCost { ordinal, actual } => {
                quota::correct_call(connection, self.id, *ordinal, *actual, self.now).await
            }
            Effect::SettleBilling { settlement } => {
                quota::settle(connection, self.round(settlement), settlement, self.now).await
            }
            Effect::CorrectSettlement { settlement } => {
                quota::correct_settlement(connection, self.round(settlement), settlement, self.now).await
            }
            Effect::Audit { decision, tests } => {
                let details = json!({ "decision": decision, "tests": tests });
                self.audit(connection, decision.code(), details).await
            }
            Effect::WaiveSeal { tests } => self.audit(connection, "SEAL_WAIVED", json!({ "tests": tests })).await,
            Effect::ArmTimer { deadline } => {
                timers::arm(connection, self.id, deadline.id, deadline.kind, moment(deadline.at)).await
            }
            Effect::CancelTimer { deadline } => timers::cancel(connection, self.id, *deadline).await,
            Effect::CancelInFlight { effects } => requests::cancel(connection, self.id, effects).await,
            Effect::StopTokens => requests::stop_tokens(connection, self.id, self.now).await,
            Effect::Notify { notice } => {
                self.notify(connection, *notice).await?;
                // The report is written where the job's folder is.
                if *notice == Notice::IssueReported { self.request(connection, dispatch).await } else { Ok(()) }
            }
            // Settling closes the reservation, in the same record.
            Effect::CommitReservation { .. } | Effect::ReleaseReservation { .. } => Ok(()),
            _ => self.request(connection, dispatch).await,
        }
    }

    const fn round(&self, settlement: &Settlement) -> Round {
        Round { user: self.owner, job: self.id, round: settlement.round }
    }

    async fn reserve(&self, connection: &mut PgConnection, round: u32) -> Result<Option<Put>, StoreError> {
        let round = Round { user: self.owner, job: self.id, round };
        let allowed =
            tiers::allowed(connection, self.owner, self.now).await?.ok_or(StoreError::Missing("subscription"))?;
        let reserved = quota::reserve(connection, round, &allowed.quota(), self.now).await?;
        Ok(reserved.err().map(Put::Denied))
    }

    async fn note_cost(&self, connection: &mut PgConnection, noted: Noted) -> Result<Option<Put>, StoreError> {
        let round = Round { user: self.owner, job: self.id, round: self.job.counters.round };
        // What the job was started with, not what the person has now.
        let limited = self.job.entitlement.tier.grant().credits_to_start.is_some();
        let enough = quota::note_call(connection, round, noted, limited, self.now).await?;
        Ok((!enough).then_some(Put::CreditsExhausted))
    }

    async fn write_entitlement(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let entitlement = &self.job.entitlement;
        let snapshot = serde_json::to_value(entitlement).map_err(bad("entitlement_snapshots.snapshot"))?;
        sqlx::query!(
            "INSERT INTO entitlement_snapshots (job_id, user_id, tier, snapshot, created_at) VALUES ($1, $2, $3, $4, $5)",
            self.id,
            self.owner,
            entitlement.tier.code(),
            snapshot,
            self.now,
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn write_checkpoint(&self, connection: &mut PgConnection, round: u32) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO billing_checkpoint_records (job_id, round, reached_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            self.id,
            i32::try_from(round).unwrap_or(i32::MAX),
            self.now,
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn audit(
        &self,
        connection: &mut PgConnection,
        action: &str,
        details: serde_json::Value,
    ) -> Result<(), StoreError> {
        let entry = Entry {
            actor: Actor::User(self.owner),
            user: Some(self.owner),
            job: Some(self.id),
            action,
            details,
            request_id: None,
        };
        audit::write(connection, &entry, self.now).await
    }

    /// Asks the executor.
    async fn request(&self, connection: &mut PgConnection, dispatch: &Dispatch) -> Result<(), StoreError> {
        let request = requests::open(connection, self.id, dispatch, 0, self.now).await?;
        let data = json!({ "request_id": request, "kind": requests::kind_of(&dispatch.effect) });
        stream::tell(connection, self.id, &StreamEvent::new("execution_request", data), self.now).await
    }

    async fn notify(&self, connection: &mut PgConnection, notice: Notice) -> Result<(), StoreError> {
        let deadline = self.job.deadline.map(|deadline| deadline.at.0);
        let event = match notice {
            Notice::DeepFixStarted => "deep_fix_start",
            Notice::ArtifactReady | Notice::PartialOffered => "artifact_ready",
            Notice::ClientLost | Notice::ClientBack => "heartbeat_status",
            Notice::JobFailed => "job_end",
            _ => "decision_wanted",
        };
        let data = json!({ "notice": notice, "deadline_ms": deadline });
        stream::tell(connection, self.id, &StreamEvent::new(event, data), self.now).await
    }

    /// Tells where the job goes, and where attempts begin and end.
    async fn tell_change(&self, connection: &mut PgConnection, record: &Record) -> Result<(), StoreError> {
        let (from, to) = (self.before.state.place(), self.job.state.place());
        if from != to {
            let data = json!({
                "from": from, "to": to, "status": self.job.state.kind(), "seq": record.seq,
                "attempt": self.job.counters.attempt, "round": self.job.counters.round,
            });
            stream::tell(connection, self.id, &StreamEvent::new("state_change", data), self.now).await?;
        }
        for dispatch in &record.effects {
            if let Effect::RunRecipes { .. } | Effect::GeneratePatch { .. } = dispatch.effect {
                let data = json!({
                    "attempt": self.job.counters.attempt, "round": self.job.counters.round,
                    "class": dispatch.effect.model(),
                });
                stream::tell(connection, self.id, &StreamEvent::new("attempt_start", data), self.now).await?;
            }
        }
        if let Some(ended) = ended_attempt(self.before, &record.event) {
            let data = json!({
                "attempt": self.before.counters.attempt, "round": self.before.counters.round, "outcome": ended,
            });
            stream::tell(connection, self.id, &StreamEvent::new("attempt_end", data), self.now).await?;
        }
        Ok(())
    }
}

/// How the attempt at work ended, if the event ends it: a test run of the result does, and a patch that was refused.
fn ended_attempt(before: &Job, event: &Event) -> Option<&'static str> {
    let Event::Result { effect, result } = event else { return None };
    let asked = asked(before, effect)?;
    match (asked, result) {
        (Effect::RunTests { .. }, iama_job::EffectResult::TestsRun { outcome }) => Some(match outcome {
            iama_job::event::TestOutcome::Green => "GREEN",
            iama_job::event::TestOutcome::Failed { .. } => "LOGIC_FAILURE",
            iama_job::event::TestOutcome::TimedOut => "TIMEOUT_EXECUTION",
        }),
        (_, iama_job::EffectResult::PatchRefused { .. }) => Some("PATCH_REFUSED"),
        _ => None,
    }
}

fn asked<'a>(job: &'a Job, effect: &EffectId) -> Option<&'a Effect> {
    let entry = job.in_flight.iter().find(|entry| entry.dispatch.id == *effect)?;
    Some(&entry.dispatch.effect)
}
