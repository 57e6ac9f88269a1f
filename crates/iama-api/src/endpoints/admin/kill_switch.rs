//! `POST /api/v1/admin/kill-switch`: everything, or one person, is stopped at once.

use axum::extract::State;
use iama_store::{StoreError, switches, users};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::bearer::Deed;
use crate::auth::{Admin, Permission};
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Fields, Json};
use crate::state::AppState;
use crate::sweeping;

/// Whom a switch stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Scope {
    /// Everybody.
    Global,
    /// One person.
    User,
}

/// A switch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switch {
    /// Whom it stops.
    scope: Scope,
    /// The person, where it stops one.
    #[serde(default)]
    user_id: Option<Uuid>,
    /// Whether it stops them from now on, or lets them go on.
    active: bool,
    /// Why; it goes on record.
    #[schema(example = "a provider leaks prompts", min_length = 1, max_length = 500)]
    reason: String,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Switched {
    /// Whom it stops.
    scope: Scope,
    /// Whether it stops them.
    active: bool,
    /// Jobs that were at work and have failed with `KILL_SWITCH`, which costs their owners nothing.
    stopped_jobs: usize,
}

/// Stops everything or one person at once, or lets them go on. Jobs that were stopped stay so.
#[utoipa::path(post, path = "/admin/kill-switch", operation_id = "setKillSwitch", tag = "Administration",
    security(("admin" = [])), request_body = Switch,
    responses(
        (status = OK, body = Switched),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = FORBIDDEN, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    admin: Admin,
    Json(switch): Json<Switch>,
) -> Result<Json<Switched>, ApiError> {
    admin.require(match switch.scope {
        Scope::Global => Permission::StopAll,
        Scope::User => Permission::StopPerson,
    })?;
    let reason = switch.reason.trim();
    let mut fields = Fields::default();
    fields.require((1..=500).contains(&reason.chars().count()), "reason", "needs 1 to 500 characters");
    fields.require(!reason.contains('\0'), "reason", "must not contain NUL");
    let fits = (switch.scope == Scope::User) == switch.user_id.is_some();
    fields.require(fits, "user_id", "names the person where one is stopped, and nobody else");
    fields.done()?;
    let now = state.clock.now();
    let mut transaction = state.db.begin().await?;
    match switch.user_id {
        None => switches::stop_all(&mut transaction, switch.active, admin.id, now).await?,
        Some(user) => {
            users::get(&mut transaction, user).await?.ok_or_else(|| ApiError::not_found("person"))?;
            if switch.active {
                switches::stop_person(&mut transaction, user, reason, admin.id, now).await?;
            } else {
                switches::free_person(&mut transaction, user).await?;
            }
        }
    }
    let details = json!({ "scope": switch.scope, "active": switch.active, "reason": reason });
    let deed = Deed { user: switch.user_id, details };
    admin.did(&mut transaction, "KILL_SWITCH", deed, now).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    // Should this be cut short, the next sweep goes on with it.
    let mut stopped_jobs = 0;
    loop {
        let stopped = sweeping::stopped(&state).await?;
        stopped_jobs += stopped;
        if stopped == 0 {
            return Ok(Json(Switched { scope: switch.scope, active: switch.active, stopped_jobs }));
        }
    }
}
