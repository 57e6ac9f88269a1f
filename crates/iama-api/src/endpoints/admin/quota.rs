//! `PATCH /api/v1/admin/quota/{user_id}`: quota is given to a person, or taken.

use axum::extract::State;
use axum::http::HeaderMap;
use iama_job::MilliCredits;
use iama_store::credits::{self, Account, Kind, Transfer};
use iama_store::sealing::sha256;
use iama_store::{StoreError, Transaction, tiers};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::bearer::Deed;
use crate::auth::{Admin, Permission};
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::{Fields, Json, Path};
use crate::layers::IDEMPOTENCY_KEY;
use crate::state::AppState;

/// The most credits that are moved at once.
const MOST: i64 = 1_000_000;

/// What is given or taken.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuotaChange {
    /// Credits to give; below zero to take.
    #[serde(default)]
    #[schema(example = 100, minimum = -1_000_000, maximum = 1_000_000)]
    credits: i64,
    /// Jobs a day beside those of the tier, from now on; below zero for fewer.
    #[serde(default)]
    #[schema(example = 5, minimum = -1_000_000, maximum = 1_000_000)]
    extra_jobs_a_day: Option<i32>,
    /// Why; it goes on record.
    #[schema(example = "an apology", min_length = 1, max_length = 500)]
    reason: String,
}

/// What the person has now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Quota {
    /// Who.
    user_id: Uuid,
    /// The tier.
    #[schema(example = "PRO")]
    tier: &'static str,
    /// Jobs a day beside those of the tier.
    extra_jobs_a_day: i32,
    /// Whole credits that may be used.
    credits_available: u64,
    /// Whole credits that jobs at work may use.
    credits_reserved: u64,
}

/// Gives quota to a person, or takes it. Credits are booked in double entry, and nobody comes below zero.
#[utoipa::path(patch, path = "/admin/quota/{user_id}", operation_id = "adjustQuota", tag = "Administration",
    security(("admin" = [])),
    params(
        ("user_id" = Uuid, Path, description = "Whose"),
        ("Idempotency-Key" = String, Header, description = "A new one for each intent"),
    ),
    request_body = QuotaChange,
    responses(
        (status = OK, body = Quota),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = FORBIDDEN, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = CONFLICT, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn patch(
    State(state): State<AppState>,
    admin: Admin,
    Path(user): Path<Uuid>,
    headers: HeaderMap,
    Json(change): Json<QuotaChange>,
) -> Result<Json<Quota>, ApiError> {
    admin.require(Permission::AdjustQuota)?;
    let reason = check(&change)?;
    let now = state.clock.now();
    let mut transaction = state.db.begin().await?;
    credits::lock(&mut transaction, user).await?;
    let known = tiers::subscription(&mut transaction, user).await?.ok_or_else(|| ApiError::not_found("person"))?;
    let extra_jobs_a_day = change.extra_jobs_a_day.unwrap_or(known.extra_jobs_a_day);
    tiers::set_extra_jobs(&mut transaction, user, extra_jobs_a_day, now).await?;
    let key = headers.get(IDEMPOTENCY_KEY).map(|key| key.as_bytes().to_vec()).unwrap_or_default();
    book(
        &mut transaction,
        &format!("adjust:{}:{}:{}", admin.id, now.date(), hex::encode(sha256(&key))),
        user,
        change.credits,
        now,
    )
    .await?;
    let details = json!({ "credits": change.credits, "extra_jobs_a_day": extra_jobs_a_day, "reason": reason });
    admin.did(&mut transaction, "QUOTA_ADJUSTED", Deed { user: Some(user), details }, now).await?;
    let balances = credits::balances(&mut transaction, user).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(Json(Quota {
        user_id: user,
        tier: known.tier.code(),
        extra_jobs_a_day,
        credits_available: balances.available.0 / 1_000,
        credits_reserved: balances.reserved.0 / 1_000,
    }))
}

fn check(change: &QuotaChange) -> Result<&str, ApiError> {
    let reason = change.reason.trim();
    let mut fields = Fields::default();
    fields.require((-MOST..=MOST).contains(&change.credits), "credits", format!("is not from -{MOST} to {MOST}"));
    let extra = i64::from(change.extra_jobs_a_day.unwrap_or_default());
    fields.require((-MOST..=MOST).contains(&extra), "extra_jobs_a_day", format!("is not from -{MOST} to {MOST}"));
    fields.require((1..=500).contains(&reason.chars().count()), "reason", "needs 1 to 500 characters");
    fields.require(!reason.contains('\0'), "reason", "must not contain NUL");
    fields.done()?;
    Ok(reason)
}

/// Moves credits between the person and the platform.
async fn book(
    transaction: &mut Transaction,
    key: &str,
    user: Uuid,
    credits: i64,
    now: OffsetDateTime,
) -> Result<(), ApiError> {
    let (from, to) =
        if credits < 0 { (Account::Available, Account::Granted) } else { (Account::Granted, Account::Available) };
    let amount = MilliCredits::credits(credits.unsigned_abs());
    let transfer = Transfer { kind: Kind::Adjust, key, user, job: None, round: None, from, to, amount };
    credits::book(transaction, &transfer, now).await.map_err(|error| {
        if error.is_short() {
            ApiError::new(ErrorCode::CreditsShort, "the person does not have that many credits")
        } else {
            error.into()
        }
    })
}
