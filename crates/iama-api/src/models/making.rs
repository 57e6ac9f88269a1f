//! One call, from the moment it is taken to its end.

use std::convert::Infallible;
use std::sync::OnceLock;
use std::time::Duration;

use iama_engine::models::{Declined, WantedCall};
use iama_job::policy::retry::retry_policy;
use iama_job::{EffectResult, Event, MilliCredits, ModelClass, QuoteId};
use iama_model::{CancellationToken, Cost, Done, Failure, Router, Session};
use iama_store::calls::{self, Taken};
use iama_store::journal::{self, Owned};
use iama_store::quota::{self, Round};
use iama_store::requests::{self, Request};
use iama_store::{Connection, StoreError, users};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::Instrument as _;

use super::ending::End;
use super::{counting, table, wanting};
use crate::error::ApiError;
use crate::state::AppState;

/// How often a lease is renewed, and how soon it is noticed that a call must stop where nobody told.
pub(super) const RENEW: Duration = Duration::from_secs(2);

/// A call that was taken so often brings whoever takes it down.
const MOST_TAKES: i32 = 20;

/// A call with what it belongs to.
pub(super) struct Work<'a> {
    pub(super) state: &'a AppState,
    pub(super) taken: &'a Taken,
    pub(super) owned: Owned,
    pub(super) asked: Request,
    pub(super) call: WantedCall,
}

/// Makes a call that was taken. What goes wrong on our side leaves it to whoever takes it next.
pub(super) async fn make(state: &AppState, taken: &Taken) {
    let span = state.traces.model_call(taken.id, taken.job, taken.traceparent.as_deref());
    if let Err(error) = Box::pin(attempt(state, taken)).instrument(span).await {
        tracing::warn!(call = %taken.id, job = %taken.job, code = error.code(), "a model call was left to the next who takes it");
    }
}

async fn attempt(state: &AppState, taken: &Taken) -> Result<(), ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let owned = journal::load(&mut connection, taken.job).await?.ok_or(StoreError::Missing("job"))?;
    let asked = requests::get(&mut connection, taken.job, taken.request).await?;
    let asked = asked.ok_or(StoreError::Missing("request"))?;
    let call = wanting::question(state, &mut connection, taken.question).await?;
    let router = table::router(state, &mut connection, taken.job).await?;
    drop(connection);
    let mut work = Work { state, taken, owned, asked, call };
    work.absorb_lost().await?;
    let end = match router {
        _ if taken.tries > MOST_TAKES => End::failed("GIVEN_UP"),
        None => End::failed("NO_ROUTE"),
        Some(router) => work.carry_out(&router).await?,
    };
    work.end(end).await
}

/// Why this server has cancelled a call itself.
type Why = OnceLock<&'static str>;

impl Work<'_> {
    pub(super) const fn round(&self) -> Round {
        Round { user: self.owned.owner, job: self.taken.job, round: self.owned.job.counters.round }
    }

    /// The number of the effect among the job's model calls: the ledger's attempt number.
    pub(super) fn ordinal(&self) -> Option<u32> {
        let waiting = self.owned.job.in_flight.iter().find(|entry| entry.dispatch.id == self.asked.dispatch.id);
        waiting.and_then(|entry| entry.cost).map(|cost| cost.ordinal)
    }

    pub(super) fn key(&self, what: &str) -> String {
        format!("call:{}:{what}:{}", self.taken.id, self.taken.tries)
    }

    /// What somebody may have spent who was not heard of again is the platform's.
    async fn absorb_lost(&self) -> Result<(), ApiError> {
        let Some(lost) = self.taken.lost.and_then(|lost| u64::try_from(lost).ok()) else { return Ok(()) };
        let mut transaction = self.state.db.begin().await?;
        let (lost, now) = (Cost::from_microdollars(lost).millicredits(), self.state.clock.now());
        quota::absorb(&mut transaction, self.round(), lost, &self.key("lost"), now).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    async fn carry_out(&mut self, router: &Router) -> Result<End, ApiError> {
        let call = self.call.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let hidden = call.without_secrets();
            (hidden.has_secret(), hidden)
        });
        let (leaks, hidden) = looked.await.map_err(|error| ApiError::internal(&error))?;
        self.call = hidden;
        if leaks {
            return Ok(End::Declined(Declined::Refused { code: "SECRET_IN_PROMPT".to_owned() }));
        }
        let session = self.session().await?;
        if !self.hold(router, &session).await? {
            return Ok(End::Declined(Declined::CapReached));
        }
        let why = Why::new();
        let done = self.ask(router, &session, &why).await;
        Ok(match (&done.result, why.get()) {
            (Err(Failure::Cancelled), Some(code)) => {
                End::Failed { code: (*code).to_owned(), again: *code == TIMEOUT, pause: None, audit: Some(done.audit) }
            }
            (Err(Failure::Cancelled), None) => End::Stopped(done.audit),
            _ => End::of(&self.call, done),
        })
    }

    /// The money of the call. A price of L3 that a person has confirmed is a cap of its own.
    async fn session(&self) -> Result<Session, ApiError> {
        let Some(quote) = &self.call.quote else { return Ok(Session::new(None, Cost::ZERO)) };
        let mut connection = self.state.db.pool().acquire().await.map_err(StoreError::from)?;
        let price = price(&mut connection, self.taken.job, quote).await?;
        let charged = calls::charged_on(&mut connection, self.taken.job, &quote.0).await?;
        Ok(Session::new(Some(cost(price)), cost(charged)))
    }

    /// Notes what the call costs at most, and reserves what is missing for it. False when the person has too little left.
    async fn hold(&self, router: &Router, session: &Session) -> Result<bool, ApiError> {
        let entitlement = &self.owned.job.entitlement;
        let quoted = router.quote(&self.call.call(session, entitlement)).ok().and_then(|quote| quote.worst_case);
        // The router has the last word on what it does not quote; until then it is taken to be as dear as any.
        let dearest = || cost(entitlement.worst_case(self.call.class, u32::MAX));
        let worst_case = quoted.unwrap_or_else(dearest);
        let (round, now) = (self.round(), self.state.clock.now());
        let mut transaction = self.state.db.begin().await?;
        let limited = entitlement.tier.grant().credits_to_start.is_some();
        if let (true, Some(ordinal)) = (limited, self.ordinal()) {
            let charged = calls::charged(&mut transaction, self.taken.job, &self.asked.dispatch.id).await?;
            let most = charged.plus(worst_case.millicredits());
            if !quota::hold_more(&mut transaction, round, ordinal, most, &self.key("hold"), now).await? {
                return Ok(false);
            }
        }
        let (id, token) = (self.taken.id, self.taken.token);
        calls::note_worst_case(&mut transaction, id, token, worst_case.microdollars()).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(true)
    }

    async fn ask(&self, router: &Router, session: &Session, why: &Why) -> Done {
        let at_work = self.state.models.begin(self.taken.id, self.taken.job);
        let call = self.call.call(session, &self.owned.job.entitlement);
        let mut unheard = |_: iama_model::Progress<'_>| {};
        let asked = async {
            tokio::select! {
                biased;
                never = self.watch(&at_work.cancel, router, why) => match never {},
                done = router.call(&call, &at_work.cancel, &mut unheard) => done,
            }
        };
        counting::counted(self.call.class, self.call.stage, asked).await
    }

    /// Renews the lease, and cancels the call when it must stop.
    async fn watch(&self, cancel: &CancellationToken, router: &Router, why: &Why) -> Infallible {
        let longest = sleep(retry_policy(&self.asked.dispatch.effect).timeout);
        tokio::pin!(longest);
        let mut ticks = interval(RENEW);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let found = tokio::select! {
                () = &mut longest => Found::Stop(Some(TIMEOUT)),
                _ = ticks.tick() => self.look(router).await,
            };
            if let Found::Stop(code) = found {
                code.map(|code| why.set(code));
                cancel.cancel();
                return std::future::pending().await;
            }
        }
    }

    /// Whether the call may go on. While the database does not answer, it does: nobody else can take it then.
    async fn look(&self, router: &Router) -> Found {
        let looked = async {
            let mut connection = self.state.db.pool().acquire().await.map_err(StoreError::from)?;
            let (id, token) = (self.taken.id, self.taken.token);
            if !calls::renew(&mut connection, id, token, self.state.clock.now()).await? {
                return Ok(Found::Stop(None));
            }
            let off = table::off(&mut connection).await?;
            let stopped = off.stops_class(self.call.class).is_some()
                || users::is_stopped(&mut connection, self.owned.owner).await?;
            router.switch(off);
            Ok(if stopped { Found::Stop(Some(KILL_SWITCH)) } else { Found::GoOn })
        };
        looked.await.unwrap_or_else(|error: ApiError| {
            tracing::warn!(call = %self.taken.id, code = error.code(), "a lease was not renewed");
            Found::GoOn
        })
    }
}

/// The code of a call that took too long.
const TIMEOUT: &str = "TIMEOUT";

/// The code of a call that was switched off.
const KILL_SWITCH: &str = "KILL_SWITCH";

enum Found {
    GoOn,
    /// With the code of a failure, where it is one.
    Stop(Option<&'static str>),
}

/// A credit is a cent.
const fn cost(credits: MilliCredits) -> Cost {
    Cost::from_microdollars(credits.0.saturating_mul(10))
}

/// The price that a machine has worked out and a person confirmed.
async fn price(connection: &mut Connection, job: uuid::Uuid, id: &QuoteId) -> Result<MilliCredits, ApiError> {
    let told = |event: Event| match event {
        Event::Result { result: EffectResult::QuoteReady { quote }, .. } => Some(quote),
        _ => None,
    };
    let records = journal::records_after(connection, job, 0).await?;
    let mut quotes = records.into_iter().rev().filter_map(|record| told(record.event));
    let confirmed = quotes.find(|quote| quote.id == *id && quote.class == ModelClass::L3);
    Ok(confirmed.map(|quote| quote.max).unwrap_or_default())
}
