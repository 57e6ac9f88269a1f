//! How calls end: with something for the machine, to be made again, or for good.

use std::time::Duration;

use iama_engine::models::{Answered, Came, Declined, WantedCall};
use iama_job::policy::retry::retry_policy;
use iama_job::{EffectResult, Event};
use iama_model::{AuditEvent, Cost, Done, Failure, Refusal};
use iama_store::audit::{self, Actor, Entry};
use iama_store::journal::Owned;
use iama_store::{StoreError, Transaction, calls, credits, quota};
use serde_json::{Value, json};

use super::account::{Account, code, unsent};
use super::counting;
use super::making::Work;
use super::wanting::{ANSWER, next_turn, origin};
use crate::error::ApiError;
use crate::jobs::Steps;
use crate::objects::{self, Kept};

/// How a call ended.
pub(super) enum End {
    /// There is something to tell the machine.
    Answered(Box<Answered>),
    /// Nothing was sent.
    Declined(Declined),
    /// Nobody answered.
    Failed {
        code: String,
        /// Whether another try may help.
        again: bool,
        /// When it may.
        pause: Option<Duration>,
        audit: Option<AuditEvent>,
    },
    /// Somebody said that it must stop.
    Stopped(AuditEvent),
}

impl End {
    pub(super) fn failed(code: &str) -> Self {
        Self::Failed { code: code.to_owned(), again: false, pause: None, audit: None }
    }

    pub(super) fn of(call: &WantedCall, done: Done) -> Self {
        let audit = done.audit.clone();
        match call.answered(done) {
            Ok(answered) => Self::Answered(Box::new(answered)),
            Err(failure) => {
                let (again, pause) = hope(&failure);
                Self::Failed { code: failure.code().to_owned(), again, pause, audit: Some(audit) }
            }
        }
    }
}

/// Whether a call that failed is worth to be made again, and after which pause at least.
fn hope(failure: &Failure) -> (bool, Option<Duration>) {
    match failure {
        Failure::Refused(Refusal::ProvidersDown { retry_ms, .. }) => (true, Some(Duration::from_millis(*retry_ms))),
        Failure::Refused(_) => (false, None),
        Failure::Wire { .. } | Failure::Cancelled | Failure::OutputCap { .. } => (true, None),
    }
}

impl Work<'_> {
    /// Writes down how the call ended. Where somebody else has taken it since, or it was stopped, nothing is written that counts.
    pub(super) async fn end(&self, end: End) -> Result<(), ApiError> {
        match end {
            End::Answered(answered) => self.answered(&answered).await,
            End::Declined(declined) => {
                let WantedCall { name, fingerprint, stage, class, template, .. } = self.call.clone();
                let tier = self.owned.job.entitlement.tier;
                counting::unsent(class, stage, code(&declined));
                let audit = unsent(tier, stage, class, template, code(&declined));
                self.answered(&Answered { name, fingerprint, came: Came::Declined { declined }, audit }).await
            }
            End::Failed { code, again, pause, audit } => {
                let policy = retry_policy(&self.asked.dispatch.effect);
                let failures = u32::try_from(self.taken.failures).unwrap_or(u32::MAX).saturating_add(1);
                if again && failures < policy.tries {
                    let usual = policy.first_pause * 2_u32.saturating_pow(failures - 1);
                    let pause = pause.unwrap_or_default().max(usual.min(policy.longest_pause));
                    return self.give_back(Some(&code), pause, audit.as_ref()).await;
                }
                self.failed(&code, audit.as_ref()).await
            }
            End::Stopped(audit) if self.state.models.is_closed() => {
                self.give_back(None, Duration::ZERO, Some(&audit)).await
            }
            End::Stopped(audit) => self.stopped(&audit).await,
        }
    }

    /// Locks the job, the money and the call, in this order. Nothing where the call is not ours any more.
    async fn ours(&self) -> Result<Option<(Steps<'_>, Owned)>, ApiError> {
        let mut steps = Steps::begin(self.state).await?;
        let owned = steps.lock(self.taken.job).await?;
        credits::lock(&mut steps, self.owned.owner).await?;
        let now = self.state.clock.now();
        let is_ours = calls::renew(&mut steps, self.taken.id, self.taken.token, now).await?;
        let is_awaited = is_ours && owned.job.awaits(&self.asked.dispatch.id);
        if !is_awaited {
            counting::lost();
        }
        Ok(is_awaited.then_some((steps, owned)))
    }

    async fn answered(&self, answered: &Answered) -> Result<(), ApiError> {
        let Some((mut steps, _)) = self.ours().await? else { return self.stopped(&answered.audit).await };
        let (job, now) = (self.taken.job, self.state.clock.now());
        let text = serde_json::to_string(answered).map_err(|error| ApiError::internal(&error))?;
        let name = format!("calls/{}.answer.json", answered.name);
        let kept = Kept {
            kind: ANSWER,
            name: &name,
            bytes: text.as_bytes(),
            origin: origin(&self.asked.dispatch.id, self.asked.turn),
        };
        let answer = objects::keep(self.state, &mut steps, job, kept).await?;
        let account = Account::of(&answered.audit, Some(&answered.came));
        self.account(&mut steps, &answered.audit, account).await?;
        let end = match &answered.came {
            Came::Answer { .. } => calls::End::Answered { answer, charged: account.charged.millicredits() },
            Came::Declined { declined } => calls::End::Refused { answer, code: code(declined) },
        };
        calls::end(&mut steps, self.taken.id, self.taken.token, &end, now).await?;
        next_turn(self.state, &mut steps, &self.asked).await?;
        steps.commit().await
    }

    async fn give_back(&self, code: Option<&str>, pause: Duration, audit: Option<&AuditEvent>) -> Result<(), ApiError> {
        let Some((mut steps, _)) = self.ours().await? else { return Ok(()) };
        if let Some(audit) = audit {
            self.account(&mut steps, audit, Account::of(audit, None)).await?;
        }
        let (id, token) = (self.taken.id, self.taken.token);
        calls::give_back(&mut steps, id, token, code, self.state.clock.now() + pause).await?;
        steps.commit().await
    }

    /// The platform has failed, all retries included, and the job hears of it.
    async fn failed(&self, code: &str, audit: Option<&AuditEvent>) -> Result<(), ApiError> {
        let Some((mut steps, before)) = self.ours().await? else { return Ok(()) };
        if let Some(audit) = audit {
            self.account(&mut steps, audit, Account::of(audit, None)).await?;
        }
        let now = self.state.clock.now();
        calls::end(&mut steps, self.taken.id, self.taken.token, &calls::End::Failed { code }, now).await?;
        let result = EffectResult::InfraFailed { code: code.to_owned() };
        let event = Event::Result { effect: self.asked.dispatch.id.clone(), result };
        steps.put_to(&before, event).await?;
        steps.commit().await?;
        tracing::error!(job = %self.taken.job, call = %self.taken.id, code, "a model call failed for good");
        Ok(())
    }

    /// What a call cost that does not count: what the job has noted for it stands.
    async fn stopped(&self, audit: &AuditEvent) -> Result<(), ApiError> {
        let mut transaction = self.state.db.begin().await?;
        self.note(&mut transaction, audit, audit.tries.iter().filter_map(|tried| tried.cost).sum()).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Writes down what a try cost, who pays, and what may be said of it.
    async fn account(
        &self,
        transaction: &mut Transaction,
        audit: &AuditEvent,
        account: Account,
    ) -> Result<(), ApiError> {
        let (round, now) = (self.round(), self.state.clock.now());
        let own = account.absorbed().millicredits();
        quota::absorb(transaction, round, own, &self.key("absorb"), now).await?;
        if let Some(ordinal) = self.ordinal() {
            let route = audit.route.as_ref().map(|route| route.0.as_str());
            let tokens = (audit.tokens.prompt(), audit.tokens.output);
            quota::note_answer(transaction, self.taken.job, ordinal, route, tokens).await?;
        }
        self.note(transaction, audit, account.total).await
    }

    async fn note(&self, transaction: &mut Transaction, audit: &AuditEvent, total: Cost) -> Result<(), ApiError> {
        let told = told(audit)?;
        let (id, token) = (self.taken.id, self.taken.token);
        calls::note_cost(transaction, id, token, total.microdollars(), &told).await?;
        let entry = Entry {
            actor: Actor::System,
            user: Some(self.owned.owner),
            job: Some(self.taken.job),
            action: "MODEL_CALL",
            details: json!({ "call": id, "try": self.taken.tries, "event": told }),
            request_id: None,
        };
        audit::write(transaction, &entry, self.state.clock.now()).await?;
        Ok(())
    }
}

/// The event of a call has no text.
fn told(audit: &AuditEvent) -> Result<Value, ApiError> {
    serde_json::to_value(audit).map_err(|error| ApiError::internal(&error))
}
