//! `GET /api/v1/jobs/{job_id}/decisions`: what a person can decide now.

use axum::extract::State;
use iama_job::state::{Offer, Quote};
use iama_job::{Job, State as JobState, choices};
use iama_store::{StoreError, tiers};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::{self, PriceView, Unseen, Viewed};

/// What a person can decide now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionsView {
    /// Where the job is.
    #[schema(example = "WAITING_INTERVENTION")]
    place: String,
    /// The decisions that are possible there, as far as that hangs on nothing that is said with them.
    #[schema(example = json!(["DEEP_FIX", "INTERVENE", "CONTINUE_REPAIR", "CANCEL"]))]
    decisions: Vec<&'static str>,
    /// The classes that are asked about.
    #[schema(example = json!(["L2"]))]
    classes: Vec<&'static str>,
    /// The price that waits for a yes.
    price: Option<PriceView>,
    /// Behaviour that nothing covers, to be acknowledged.
    uncovered: Option<u32>,
    /// Until when.
    #[serde(with = "time::serde::rfc3339::option")]
    deadline_at: Option<OffsetDateTime>,
}

/// What a person can decide now.
#[utoipa::path(get, path = "/jobs/{job_id}/decisions", operation_id = "listDecisions", tag = "Views",
    security(("user" = [])), params(Viewed), responses((status = OK, body = DecisionsView), Unseen))]
pub(crate) async fn get(State(state): State<AppState>, own: OwnJob) -> Result<Json<DecisionsView>, ApiError> {
    let job = viewing::job(&state, own).await?;
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let allowed = tiers::allowed(&mut connection, own.user.id, state.clock.now()).await?;
    let allowed = allowed.ok_or(StoreError::Missing("subscription"))?;
    let classes: &[iama_job::ModelClass] = match &job.state {
        JobState::WaitingEscalationDecision { classes, .. } => classes,
        _ => &[],
    };
    let uncovered = match &job.state {
        JobState::BaselineValidation { step: iama_job::state::BaselineStep::AwaitingAck { uncovered } } => {
            Some(*uncovered)
        }
        _ => None,
    };
    Ok(Json(DecisionsView {
        place: job.state.place().code().to_owned(),
        decisions: choices::decisions(&job).into_iter().map(iama_job::event::EventKind::code).collect(),
        classes: classes.iter().map(|class| class.code()).collect(),
        price: offered(&job).map(|quote| PriceView::of(quote, allowed.limits.credits_a_month)),
        uncovered,
        deadline_at: job.deadline.map(|deadline| iama_store::journal::moment(deadline.at)),
    }))
}

/// The price that a job waits to hear about.
pub(crate) fn offered(job: &Job) -> Option<&Quote> {
    match &job.state {
        JobState::WaitingEscalationDecision { quote, .. } => quote.as_ref(),
        JobState::WaitingIntervention { offer } | JobState::FallbackRequired { offer, .. } => match offer {
            Offer::Quoted { quote } => Some(quote),
            Offer::None | Offer::Quoting => None,
        },
        _ => None,
    }
}
