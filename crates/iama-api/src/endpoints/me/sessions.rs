//! `GET /api/v1/me/sessions`: where the person is signed in.

use axum::extract::State;
use iama_store::{StoreError, sessions};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::User;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::state::AppState;

/// Where the person is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionList {
    /// The sessions, the last one used first.
    sessions: Vec<SessionView>,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Its name.
    id: Uuid,
    /// How it began.
    #[schema(example = "PASSWORD")]
    method: String,
    /// What the client calls itself.
    client: String,
    /// Whether it is the one that asks.
    current: bool,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it was last refreshed.
    #[serde(with = "time::serde::rfc3339")]
    last_used_at: OffsetDateTime,
}

/// Where the person is signed in.
#[utoipa::path(get, path = "/me/sessions", operation_id = "listSessions", tag = "Accounts", security(("user" = [])), responses(
    (status = OK, body = SessionList),
    (status = UNAUTHORIZED, body = ErrorBody),
))]
pub(crate) async fn get(State(state): State<AppState>, user: User) -> Result<Json<SessionList>, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let known = sessions::of(&mut connection, user.id).await?;
    let view = |session: sessions::Session| SessionView {
        current: session.id == user.session,
        id: session.id,
        method: session.method,
        client: session.client,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
    };
    Ok(Json(SessionList { sessions: known.into_iter().map(view).collect() }))
}
