//! A spec in a person's words: a model is asked while they wait, beside the effects of the job.
//!
//! Nothing of the job changes. What a call may cost is reserved and on record before it is sent; what it did cost is part of the
//! round. The same words about the same revision are asked for once: their preview is kept, sealed.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use iama_engine::asked::Asked;
use iama_engine::models::WantedCall;
use iama_engine::problem::Problem;
use iama_engine::spec::{self, Preview, Spec};
use iama_job::{Entitlement, EventKind, MilliCredits, ModelClass, Refusal, RefusalCode, State};
use iama_model::plan::{PlanFault, read_plan};
use iama_model::templates::{Filling, Mode};
use iama_model::{Again, CancellationToken, Done, Failure, Form, Refusal as Unmade, Router, Session};
use iama_store::artifacts::Origin;
use iama_store::audit::{self, Actor, Entry};
use iama_store::quota::{self, Round};
use iama_store::sealing::sha256;
use iama_store::{StoreError, artifacts, credits, jobs, journal, previews, users};
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use uuid::Uuid;

use super::account::Account;
use super::counting;
use super::making::RENEW;
use super::table;
use crate::deciding::Open;
use crate::endpoints::deciding::named::spec_of;
use crate::error::{ApiError, ErrorCode};
use crate::jobs::OwnJob;
use crate::objects::{self, Kept};
use crate::state::AppState;

/// Who is asked.
const CLASS: ModelClass = ModelClass::L2;

/// Answers to one question: the first one, and one more that knows what was wrong with it.
const ANSWERS: usize = 2;

/// The kind of artifacts that hold previews.
const PREVIEW: &str = "SPEC_PREVIEW";

/// What would become of a revision of a spec by a person's words.
pub(crate) async fn preview(state: &AppState, own: OwnJob, token: &str, words: &str) -> Result<Preview, ApiError> {
    match begin(state, own, token, words).await? {
        Begun::Known(preview) => Ok(preview),
        Begun::Asking(asking) => {
            // Whoever hangs up has asked all the same: the answer is there when they ask again.
            let asked = tokio::spawn(async move { asking.carry_out().await });
            asked.await.map_err(|error| ApiError::internal(&error))?
        }
    }
}

enum Begun {
    Known(Preview),
    Asking(Box<Asking>),
}

/// A question that is on record.
struct Asking {
    state: AppState,
    own: OwnJob,
    entitlement: Entitlement,
    round: Round,
    spec: Spec,
    words: String,
    mode: Mode,
    router: Arc<Router>,
    call: WantedCall,
    /// Its name on record.
    id: Uuid,
    /// What is reserved for it.
    held: MilliCredits,
    deadline: Instant,
}

/// What the requests of a question came to.
#[derive(Default)]
struct Spent {
    account: Account,
    tokens: (u64, u64),
    events: Vec<serde_json::Value>,
}

/// Why there is no preview.
enum Unanswered {
    Call(Failure),
    /// This server has cancelled it.
    Stopped(&'static str),
    /// What came is of no use.
    Unusable(&'static str),
}

/// Checks what is asked, reserves what it may cost, and puts it on record.
async fn begin(state: &AppState, own: OwnJob, token: &str, words: &str) -> Result<Begun, ApiError> {
    let mut open = Open::of(state, own).await?;
    let entitlement = open.job().entitlement.clone();
    let refuse = |code, denial| Refusal { from: open.job().state.place(), event: EventKind::EditSpec, code, denial };
    if let Err(denial) = entitlement.route(CLASS) {
        let code = match denial {
            iama_job::Denial::EntitlementDenied { .. } => RefusalCode::EntitlementDenied,
            iama_job::Denial::NoRoute { .. } => RefusalCode::NoRoute,
        };
        return Err(refuse(code, Some(denial)).into());
    }
    if !matches!(open.job().state, State::WaitingSpecApproval) {
        return Err(refuse(RefusalCode::NotHere, None).into());
    }
    let spec = spec_of(state, &mut open, token).await?;
    let fingerprint = hex::encode(sha256(format!("{token}\n{words}").as_bytes()));
    let now = state.clock.now();
    if let Some(known) = previews::known(open.connection(), own.id, &fingerprint, now).await? {
        return kept(state, &mut open, known).await.map(Begun::Known);
    }
    if previews::is_at_work(open.connection(), own.id, now).await? {
        return Err(
            ApiError::new(ErrorCode::PreviewInProgress, "a model is being asked about this spec").retry_after(RENEW)
        );
    }
    let mode = mode(&jobs::mode(open.connection(), own.id).await?);
    let call = question(&spec, words, mode, &fingerprint).await?;
    let router = table::router(state, open.connection(), own.id).await?;
    let router = router.ok_or_else(|| unavailable("NO_ROUTE"))?;
    let quote = router.quote(&call.call(&Session::new(None, iama_model::Cost::ZERO), &entitlement));
    let quoted = quote.map_err(|refusal| unmade(&refusal))?.worst_case;
    let held = quoted.map_or_else(|| entitlement.worst_case(CLASS, u32::MAX), iama_model::Cost::millicredits);
    let round = Round { user: own.user.id, job: own.id, round: open.job().counters.round };
    let asked =
        previews::Asked { round, revision: spec.revision, fingerprint: &fingerprint, class: CLASS, worst_case: held };
    let id = previews::ask(open.connection(), &asked, now).await?;
    if !quota::hold_noted(open.connection(), round, &format!("preview:{id}:hold"), now).await? {
        return Err(ApiError::new(ErrorCode::CreditsExhausted, "too few credits are left to ask a model"));
    }
    open.keep().await?;
    let (state, words) = (state.clone(), words.to_owned());
    let deadline = Instant::now() + state.http.model_timeout();
    let asking = Asking { state, own, entitlement, round, spec, words, mode, router, call, id, held, deadline };
    Ok(Begun::Asking(Box::new(asking)))
}

/// A preview that was made before.
async fn kept(state: &AppState, open: &mut Open<'_>, artifact: Uuid) -> Result<Preview, ApiError> {
    let row = artifacts::get(open.connection(), artifact).await?.ok_or_else(|| ApiError::not_found("artifact"))?;
    let text = objects::read(state, &row).await?;
    serde_json::from_str(&text).map_err(|error| ApiError::internal(&error))
}

fn mode(name: &str) -> Mode {
    [Mode::Simple, Mode::Enterprise].into_iter().find(|mode| mode.name().eq_ignore_ascii_case(name)).unwrap_or_default()
}

const fn filling(mode: Mode) -> Filling<'static> {
    // The version is on the machine; the spec names it.
    Filling { mode, class: CLASS, target: "what the rule TARGET of the spec names", dual: false }
}

/// What a model is asked. Secrets are hidden, whatever somebody has typed.
async fn question(spec: &Spec, words: &str, mode: Mode, fingerprint: &str) -> Result<WantedCall, ApiError> {
    let mut asked = None;
    let mut ask = |question: &Asked| {
        asked = Some(question.clone());
        Err(Problem::decision("ASKED", "the answer comes later"))
    };
    let unasked = spec::preview(spec, words, &filling(mode), &mut ask).err();
    let Some(Asked { stage, prompt, form, template }) = asked else {
        let told = unasked.map_or_else(|| "nothing was asked".to_owned(), |problem| problem.sentence);
        return Err(ApiError::internal(&std::io::Error::other(told)));
    };
    let (name, fingerprint) = (format!("words-{}-{}", spec.revision, &fingerprint[..12]), fingerprint.to_owned());
    let call = WantedCall { name, stage, class: CLASS, quote: None, prompt, form, template, fingerprint };
    let looked = tokio::task::spawn_blocking(move || {
        let hidden = call.without_secrets();
        (hidden.has_secret(), hidden)
    });
    let (leaks, hidden) = looked.await.map_err(|error| ApiError::internal(&error))?;
    if leaks {
        return Err(ApiError::new(ErrorCode::ValidationFailed, "something in it looks like a secret"));
    }
    Ok(hidden)
}

impl Asking {
    async fn carry_out(mut self: Box<Self>) -> Result<Preview, ApiError> {
        let mut spent = Spent::default();
        let came = self.ask(&mut spent).await;
        self.end(came, &spent).await
    }

    /// Asks until an answer will do, or as often as one may ask.
    async fn ask(&mut self, spent: &mut Spent) -> Result<Preview, Unanswered> {
        let no_schema = || Unanswered::Unusable(PlanFault::NoSchema.code());
        let Form::Json { schema, .. } = &self.call.form else { return Err(no_schema()) };
        let schema = jsonschema::validator_for(schema).map_err(|_| no_schema())?;
        let mut last = no_schema();
        for _ in 0..ANSWERS {
            let why = OnceLock::new();
            let done = self.request(&why).await;
            spent.add(&done);
            let answer = match (done.result, why.get()) {
                (Ok(answer), _) => answer,
                (Err(Failure::Cancelled), Some(code)) => return Err(Unanswered::Stopped(code)),
                (Err(failure), _) => return Err(Unanswered::Call(failure)),
            };
            let plan = match read_plan(&answer.text, &answer.stop, &schema) {
                Ok(plan) => plan.value,
                Err(why) => {
                    let objection = format!("{why}. Answer again, with one whole JSON object and nothing else.");
                    self.call.prompt.again.push(Again { answer: answer.text, objection });
                    last = Unanswered::Unusable(why.code());
                    continue;
                }
            };
            let read = spec::preview(&self.spec, &self.words, &filling(self.mode), &mut |_| Ok(plan.clone()));
            spent.charge(&done.audit);
            return read.map_err(|problem| Unanswered::Unusable(problem.code));
        }
        Err(last)
    }

    async fn request(&self, why: &OnceLock<&'static str>) -> Done {
        let at_work = self.state.models.begin(self.id, self.own.id);
        let session = Session::new(None, iama_model::Cost::ZERO);
        let call = self.call.call(&session, &self.entitlement);
        let mut unheard = |_: iama_model::Progress<'_>| {};
        let asked = async {
            tokio::select! {
                biased;
                never = self.watch(&at_work.cancel, why) => match never {},
                done = self.router.call(&call, &at_work.cancel, &mut unheard) => done,
            }
        };
        counting::counted(self.call.class, self.call.stage, asked).await
    }

    /// Cancels the call when it takes too long, or nobody may want it any more.
    async fn watch(&self, cancel: &CancellationToken, why: &OnceLock<&'static str>) -> Infallible {
        let longest = sleep_until(self.deadline);
        tokio::pin!(longest);
        let mut ticks = interval(RENEW);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let stop = tokio::select! {
                () = &mut longest => Some("TIMEOUT"),
                _ = ticks.tick() => self.look().await,
            };
            if let Some(code) = stop {
                why.get_or_init(|| code);
                cancel.cancel();
                return std::future::pending().await;
            }
        }
    }

    /// Why the call has to stop, if it has to.
    async fn look(&self) -> Option<&'static str> {
        let looked = async {
            let mut connection = self.state.db.pool().acquire().await.map_err(StoreError::from)?;
            let off = table::off(&mut connection).await?;
            if off.stops_class(CLASS).is_some() || users::is_stopped(&mut connection, self.own.user.id).await? {
                return Ok(Some("KILL_SWITCH"));
            }
            self.router.switch(off);
            let owned = journal::load(&mut connection, self.own.id).await?;
            let is_over = owned.is_none_or(|owned| owned.job.state.place().is_ended());
            Ok::<_, ApiError>(is_over.then_some("JOB_ENDED"))
        };
        looked.await.unwrap_or_default()
    }

    /// Writes down how it ended, and who pays.
    async fn end(&self, came: Result<Preview, Unanswered>, spent: &Spent) -> Result<Preview, ApiError> {
        let mut transaction = self.state.db.begin().await?;
        let owned = journal::lock(&mut transaction, self.own.id).await?.ok_or(StoreError::Missing("job"))?;
        credits::lock(&mut transaction, self.own.user.id).await?;
        let now = self.state.clock.now();
        for (number, event) in spent.events.iter().enumerate() {
            let entry = Entry {
                actor: Actor::System,
                user: Some(self.own.user.id),
                job: Some(self.own.id),
                action: "MODEL_CALL",
                details: json!({ "call": self.id, "try": number + 1, "event": event }),
                request_id: None,
            };
            audit::write(&mut transaction, &entry, now).await?;
        }
        let total = spent.account.total.millicredits();
        let mut cost = previews::Cost {
            charged: MilliCredits(0),
            microdollars: spent.account.total.microdollars(),
            input_tokens: spent.tokens.0,
            output_tokens: spent.tokens.1,
        };
        let is_ours = match &came {
            Ok(preview) => {
                cost.charged = spent.account.charged.millicredits().min(self.held);
                let text = serde_json::to_string(preview).map_err(|error| ApiError::internal(&error))?;
                let name = format!("spec/{}.preview-{}.json", self.spec.revision, self.id.simple());
                let origin = Origin { seq: i64::try_from(owned.job.seq).unwrap_or(i64::MAX), index: -1, turn: 0 };
                let kept = Kept { kind: PREVIEW, name: &name, bytes: text.as_bytes(), origin };
                let answer = objects::keep(&self.state, &mut transaction, self.own.id, kept).await?;
                previews::answered(&mut transaction, self.id, answer, cost, now).await?
            }
            Err(why) => previews::failed(&mut transaction, self.id, why.code(), cost, now).await?,
        };
        if is_ours {
            let own = MilliCredits(total.0.saturating_sub(cost.charged.0));
            quota::absorb(&mut transaction, self.round, own, &format!("preview:{}:absorb", self.id), now).await?;
        }
        transaction.commit().await.map_err(StoreError::from)?;
        came.map_err(|why| why.told())
    }
}

impl Spent {
    fn add(&mut self, done: &Done) {
        let account = Account::of(&done.audit, None);
        self.account.total = self.account.total.plus(account.total);
        self.tokens.0 = self.tokens.0.saturating_add(done.audit.tokens.prompt());
        self.tokens.1 = self.tokens.1.saturating_add(done.audit.tokens.output);
        self.events.extend(serde_json::to_value(&done.audit));
    }

    /// The person pays for the request that brought what is shown, and for no other.
    fn charge(&mut self, audit: &iama_model::AuditEvent) {
        self.account.charged = Account::paid(audit);
    }
}

impl Unanswered {
    const fn code(&self) -> &str {
        match self {
            Self::Call(failure) => failure.code(),
            Self::Stopped(code) | Self::Unusable(code) => code,
        }
    }

    fn told(&self) -> ApiError {
        match self {
            Self::Call(Failure::Refused(refusal)) => unmade(refusal),
            Self::Call(Failure::OutputCap { .. }) => unusable("OUTPUT_CAP"),
            Self::Call(failure) => unavailable(failure.code()),
            Self::Stopped("KILL_SWITCH") => ApiError::new(ErrorCode::EverythingStopped, "models are switched off"),
            Self::Stopped(code) => unavailable(code),
            Self::Unusable(code) => unusable(code),
        }
    }
}

fn unavailable(code: &str) -> ApiError {
    ApiError::new(ErrorCode::ModelUnavailable, "no model has answered").details(json!({ "cause": code }))
}

fn unusable(code: &str) -> ApiError {
    ApiError::new(ErrorCode::AnswerUnusable, "what the model answered is no change of the spec")
        .details(json!({ "cause": code }))
}

/// Why a call is not made.
fn unmade(refusal: &Unmade) -> ApiError {
    match refusal {
        Unmade::KillSwitch { .. } => ApiError::new(ErrorCode::EverythingStopped, "models are switched off"),
        Unmade::ContextCap { tokens, cap } => {
            ApiError::new(ErrorCode::ContextCap, format!("the spec has about {tokens} tokens, and {cap} are the most"))
        }
        _ => unavailable(refusal.code()),
    }
}
