//! Calls, from the gate to the answer.
//!
//! A failure that passes is tried again, then another route is. Both end with the first byte that reached the consumer of a
//! live call: what it has seen is never taken back.

mod exchange;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use iama_job::{Entitlement, ModelClass, QuoteId, RouteName};
use serde::{Deserialize, Serialize};
use tokio::select;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::audit::{AuditEvent, Try};
use crate::breaker::Breakers;
use crate::config::{Off, Route, RouteTable};
use crate::cost::Cost;
use crate::count;
use crate::gate::{Asked, Refusal, gate, longest_answer, window};
use crate::prompt::{Form, Prompt, Template};
use crate::session::{Reservation, Session};
use crate::stage::{Stage, output_cap};
use crate::tariff;
use crate::usage::Usage;
use crate::wire::{self, Http, Player, Recorder, Stop, StoreError, WireFault};
use exchange::{Broken, Received, Wire};

/// Requests to one route for one call.
const TRIES: u32 = 3;
/// The longest pause before the second request; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// A provider that wants a longer pause than this is passed over.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Calls models by a route table.
pub struct Router {
    table: RouteTable,
    off: Mutex<Off>,
    wire: Wire,
    breakers: Breakers,
}

/// A call.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// What calls of the job share.
    pub session: &'a Session,
    /// The job's snapshot.
    pub entitlement: &'a Entitlement,
    /// The work.
    pub stage: Stage,
    /// The class that the job machine chose.
    pub class: ModelClass,
    /// The confirmed price, for L3.
    pub quote: Option<&'a QuoteId>,
    /// The prompt.
    pub prompt: &'a Prompt,
    /// The form of the answer.
    pub form: &'a Form,
    /// Where the prompt comes from.
    pub template: &'a Template,
    /// The longest answer that is wanted, in tokens; the caps of class and route hold as well.
    pub output_tokens: u64,
    /// Whether text is shown as it arrives. If not, an answer that breaks off is asked for again.
    pub live: bool,
}

/// What happens during a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress<'a> {
    /// A request is about to be sent: its worst case has to be written down first.
    Dispatch {
        /// To whom.
        route: &'a RouteName,
        /// The most that it can cost; none if the route has no price.
        worst_case: Option<Cost>,
    },
    /// Text of the answer; for live calls only.
    Text(&'a str),
    /// The model thinks.
    Thinking,
    /// The next request waits.
    Pause(Duration),
}

/// Who listens.
pub type Listener<'l> = dyn FnMut(Progress<'_>) + Send + 'l;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The text.
    pub text: String,
    /// Why it ended.
    pub stop: Stop,
    /// Who answered.
    pub route: RouteName,
    /// What the request that succeeded used.
    pub usage: Usage,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The call was not made, or not again.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It was cancelled.
    #[error("the call was cancelled")]
    Cancelled,
    /// The providers failed.
    #[error("{route} failed")]
    Wire {
        /// The last route that was asked.
        route: RouteName,
        /// How it failed.
        #[source]
        fault: WireFault,
        /// Whether part of an answer had been shown.
        begun: bool,
    },
    /// The answer is longer than its class allows.
    #[error("the answer has {tokens} tokens, and {cap} are the most")]
    OutputCap {
        /// What it has.
        tokens: u64,
        /// The cap.
        cap: u64,
    },
}

impl Failure {
    /// The stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Cancelled => "CANCELLED",
            Self::Wire { fault, .. } => fault.code(),
            Self::OutputCap { .. } => "OUTPUT_CAP",
        }
    }

    /// What a person can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.hint(),
            Self::Cancelled => "start it again when you want to",
            Self::Wire { fault, .. } => fault.hint(),
            Self::OutputCap { .. } => "ask for less at once",
        }
    }
}

/// A call's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The answer.
    pub result: Result<Answer, Failure>,
    /// The event to keep.
    pub audit: AuditEvent,
}

/// What a call can cost, before it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// An estimate of the prompt.
    pub prompt_tokens: u64,
    /// The longest answer.
    pub output_tokens: u64,
    /// The most that one request costs on the dearest of its routes; none if one has no price.
    pub worst_case: Option<Cost>,
}

impl Router {
    /// A router that calls providers.
    pub fn live(table: RouteTable) -> Result<Self, WireFault> {
        let http = Http::new(table.used())?;
        Ok(Self::over(table, Wire::Live(http)))
    }

    /// A router that calls providers and keeps every exchange in a folder.
    pub fn recording(table: RouteTable, folder: &Path) -> Result<Self, StoreError> {
        let failed = |fault: WireFault| StoreError { path: folder.to_owned(), source: std::io::Error::other(fault) };
        let http = Http::new(table.used()).map_err(failed)?;
        let recorder = Recorder::new(folder, table.providers.values())?;
        Ok(Self::over(table, Wire::Recording(http, recorder)))
    }

    /// A router that plays a folder's exchanges back and knows no network.
    pub fn replaying(table: RouteTable, folder: &Path) -> Result<Self, StoreError> {
        let player = Player::new(folder)?;
        Ok(Self::over(table, Wire::Replaying(player)))
    }

    fn over(table: RouteTable, wire: Wire) -> Self {
        let off = Mutex::new(table.off.clone());
        Self { table, off, wire, breakers: Breakers::default() }
    }

    /// Throws switches, for the next request of every call.
    pub fn switch(&self, off: Off) {
        *self.off.lock().unwrap_or_else(PoisonError::into_inner) = off;
    }

    fn off(&self) -> Off {
        self.off.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The routes.
    pub const fn table(&self) -> &RouteTable {
        &self.table
    }

    /// What a call can cost, or why it would be refused. Nothing is sent.
    pub fn quote(&self, call: &Call<'_>) -> Result<Quote, Refusal> {
        let routes = self.routes(call, call.prompt.tokens())?;
        let costs = routes.iter().map(|route| worst_case(route, call));
        let worst_case = costs.reduce(|one, other| Some(one?.max(other?))).flatten();
        let output_tokens = routes.iter().map(|route| longest_answer(route, call.output_tokens)).max().unwrap_or(0);
        Ok(Quote { prompt_tokens: call.prompt.tokens(), output_tokens, worst_case })
    }

    /// The longest prompt that the widest route of a class takes beside its longest answer, in tokens.
    pub fn prompt_cap(&self, entitlement: &Entitlement, stage: Stage, class: ModelClass) -> u64 {
        let widest = self.table.routes_for(stage, class).map(|route| window(route, u64::MAX)).max().unwrap_or(0);
        widest.min(u64::from(entitlement.context_tokens))
    }

    /// Whether a class may do such work now, as far as that does not hang on the prompt or on a confirmation.
    pub fn serves(&self, entitlement: &Entitlement, stage: Stage, class: ModelClass) -> bool {
        let asked = Asked { stage, class, quote: None, prompt_tokens: 0, output_tokens: 1 };
        gate(&self.table, &self.off(), entitlement, &asked).is_ok()
    }

    /// Makes a call.
    pub async fn call(&self, call: &Call<'_>, cancel: &CancellationToken, listener: &mut Listener<'_>) -> Done {
        let mut audit = AuditEvent::new(call.entitlement.tier, call.stage, call.class, call.template.clone());
        let result = self.serve(call, cancel, listener, &mut audit).await;
        result.as_ref().map_or_else(Failure::code, |_| "OK").clone_into(&mut audit.outcome);
        Done { result, audit }
    }

    fn routes(&self, call: &Call<'_>, prompt_tokens: u64) -> Result<Vec<&Route>, Refusal> {
        let (stage, class, quote, output_tokens) = (call.stage, call.class, call.quote, call.output_tokens);
        let asked = Asked { stage, class, quote, prompt_tokens, output_tokens };
        let mut routes = gate(&self.table, &self.off(), call.entitlement, &asked)?;
        let unpriced = routes.iter().find(|route| route.pricing.known().is_none()).map(|route| route.name().0);
        if call.session.is_capped() {
            routes.retain(|route| route.pricing.known().is_some());
        }
        match unpriced {
            Some(route) if routes.is_empty() => Err(Refusal::Unpriced { route }),
            _ => Ok(routes),
        }
    }

    async fn serve(
        &self,
        call: &Call<'_>,
        cancel: &CancellationToken,
        listener: &mut Listener<'_>,
        audit: &mut AuditEvent,
    ) -> Result<Answer, Failure> {
        let estimate = call.prompt.tokens();
        let routes = self.routes(call, count::least(estimate)).or_else(|_| self.routes(call, estimate))?;
        let _place = select! {
            biased;
            () = cancel.cancelled() => return Err(Failure::Cancelled),
            place = call.session.place(call.class) => place,
        };
        let (mut last, mut narrow) = (None, None);
        let mut closed = Duration::MAX;
        for route in routes {
            if let Err(refusal) = self.fits(route, call, cancel).await? {
                narrow = Some(refusal);
                continue;
            }
            if let Err(wait) = self.breakers.admit(&route.name().0, Instant::now()) {
                closed = closed.min(wait);
                continue;
            }
            match self.on_route(route, call, cancel, listener, audit).await {
                Err(Failure::Wire { route, fault, begun: false }) if fault.elsewhere() => last = Some((route, fault)),
                done => return done,
            }
        }
        let retry_ms = u64::try_from(closed.as_millis()).unwrap_or(u64::MAX);
        let down = Refusal::ProvidersDown { class: call.class, retry_ms };
        let refusal = narrow.filter(|_| closed == Duration::MAX).unwrap_or(down);
        Err(last.map_or(refusal.into(), |(route, fault)| Failure::Wire { route, fault, begun: false }))
    }

    /// Whether a route takes the prompt. Near its cap the tokens are counted, where somebody can; the estimate decides elsewhere.
    async fn fits(
        &self,
        route: &Route,
        call: &Call<'_>,
        cancel: &CancellationToken,
    ) -> Result<Result<(), Refusal>, Failure> {
        let cap = window(route, call.output_tokens).min(u64::from(call.entitlement.context_tokens));
        let mut tokens = call.prompt.tokens();
        if count::doubtful(tokens, cap) && self.off().stops(route).is_none() {
            tokens = self.count(route, call.prompt, cancel).await.unwrap_or(tokens);
        }
        if cancel.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        Ok(if tokens <= cap { Ok(()) } else { Err(Refusal::ContextCap { tokens, cap }) })
    }

    /// The tokens of a prompt as the route's model has them, if that can be known.
    async fn count(&self, route: &Route, prompt: &Prompt, cancel: &CancellationToken) -> Option<u64> {
        let provider = self.table.providers.get(&route.provider)?;
        if let Some(tokens) = count::here(provider.kind, route, prompt) {
            return Some(tokens);
        }
        let (request, pointer) = wire::counting(provider, route, prompt)?;
        self.wire.number(provider, &request, pointer, cancel).await
    }

    async fn on_route(
        &self,
        route: &Route,
        call: &Call<'_>,
        cancel: &CancellationToken,
        listener: &mut Listener<'_>,
        audit: &mut AuditEvent,
    ) -> Result<Answer, Failure> {
        let name = route.name();
        for tried in 1.. {
            if let Some(switch) = self.off().stops(route) {
                return Err(Refusal::KillSwitch { switch }.into());
            }
            let worst_case = worst_case(route, call);
            let reservation = call.session.reserve(worst_case.unwrap_or_default())?;
            listener(Progress::Dispatch { route: &name, worst_case });
            let received = self.request(route, call, cancel, listener).await;
            audit.add(account(route, call, &received, reservation));
            let fault = match received.end {
                Ok(stop) => return answer(call, name, received.text, stop, audit),
                Err(Broken::Cancelled) => return Err(Failure::Cancelled),
                Err(Broken::Fault(fault)) => fault,
            };
            let begun = call.live && !received.text.is_empty();
            let pause = fault.retry_after().unwrap_or_else(|| scattered(FIRST_PAUSE * 2_u32.pow(tried - 1)));
            let admitted = self.breakers.admit(&name.0, Instant::now()).is_ok();
            if begun || !fault.passes() || tried >= TRIES || pause > LONGEST_PAUSE || !admitted {
                return Err(Failure::Wire { route: name, fault, begun });
            }
            self.pause(pause, cancel, listener).await?;
        }
        Err(Failure::Cancelled)
    }

    async fn pause(
        &self,
        pause: Duration,
        cancel: &CancellationToken,
        listener: &mut Listener<'_>,
    ) -> Result<(), Failure> {
        // A recording has no provider that would have to be spared.
        let pause = if matches!(self.wire, Wire::Replaying(_)) { Duration::ZERO } else { pause };
        listener(Progress::Pause(pause));
        select! {
            biased;
            () = cancel.cancelled() => Err(Failure::Cancelled),
            () = sleep(pause) => Ok(()),
        }
    }

    async fn request(
        &self,
        route: &Route,
        call: &Call<'_>,
        cancel: &CancellationToken,
        listener: &mut Listener<'_>,
    ) -> Received {
        let Some(provider) = self.table.providers.get(&route.provider) else {
            let what = format!("no provider is called {}", route.provider);
            return Received::failed(WireFault::Connection { what, sent: false });
        };
        let longest = longest_answer(route, call.output_tokens);
        let request = wire::request(provider, route, call.prompt, call.form, longest);
        let live = call.live;
        let mut show = |piece: &wire::Piece| match piece {
            wire::Piece::Text(text) if live => listener(Progress::Text(text)),
            wire::Piece::Text(_) => {}
            wire::Piece::Thought(_) => listener(Progress::Thinking),
        };
        let received = self.wire.exchange(provider, &request, cancel, &mut show).await;
        self.note(&route.name().0, &received);
        received
    }

    /// Tells the breaker. A refused request or a wrong key says nothing of the provider's health.
    fn note(&self, name: &str, received: &Received) {
        match &received.end {
            Ok(_) => self.breakers.succeeded(name),
            Err(Broken::Fault(fault)) if fault.passes() => self.breakers.failed(name, Instant::now()),
            Err(_) => {}
        }
    }
}

/// Half of a pause, and a random part of the other half: calls that failed together do not come back together.
fn scattered(longest: Duration) -> Duration {
    let half = longest / 2;
    half + half.mul_f64(fastrand::f64())
}

/// Settles a request: its line in the audit event, and its money.
fn account(route: &Route, call: &Call<'_>, received: &Received, reservation: Reservation<'_>) -> Try {
    let worst_case = worst_case(route, call);
    let (tokens, estimated) = received.tokens(call.prompt);
    let known = route.pricing.known().map(|price| price.cost(&tokens));
    // Where a provider never told, the worst case stays counted.
    let cost = if received.silent() { worst_case } else { known };
    reservation.settle(cost.unwrap_or_default());
    let outcome = match &received.end {
        Ok(_) => "OK",
        Err(Broken::Cancelled) => "CANCELLED",
        Err(Broken::Fault(fault)) => fault.code(),
    };
    Try { route: route.name(), worst_case, cost, tokens, estimated, outcome: outcome.to_owned() }
}

/// The most that one request can cost.
fn worst_case(route: &Route, call: &Call<'_>) -> Option<Cost> {
    let longest = longest_answer(route, call.output_tokens);
    tariff::worst_case(route.pricing.known(), route.context_tokens, longest, call.prompt)
}

/// The answer, unless it is longer than it may be.
fn answer(call: &Call<'_>, route: RouteName, text: String, stop: Stop, audit: &AuditEvent) -> Result<Answer, Failure> {
    let usage = audit.tries.last().map(|tried| tried.tokens).unwrap_or_default();
    let cap = output_cap(call.class);
    if usage.output > cap {
        return Err(Failure::OutputCap { tokens: usage.output, cap });
    }
    Ok(Answer { text, stop, route, usage })
}

#[cfg(test)]
mod tests;
