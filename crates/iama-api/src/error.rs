//! What a client is told when something goes wrong: a stable code, a sentence, a hint.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use iama_job::{Refusal, RefusalCode};
use iama_store::StoreError;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

macro_rules! error_codes {
    ($($(#[$meta:meta])* $variant:ident = $code:tt, $status:ident, $hint:literal;)+) => {
        /// Codes of the API's own. Decisions that a job refuses carry the codes of `iama_job::RefusalCode`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        pub enum ErrorCode {
            $($(#[$meta])* #[doc = $hint] #[serde(rename = $code)] $variant,)+
        }

        impl ErrorCode {
            /// Every member, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The status that goes with it.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            const fn hint(self) -> &'static str {
                match self { $(Self::$variant => $hint),+ }
            }
        }
    };
}

error_codes! {
    BadRequest = "BAD_REQUEST", BAD_REQUEST, "Send the request as the API's document describes it.";
    ValidationFailed = "VALIDATION_FAILED", UNPROCESSABLE_ENTITY, "Correct what is named; /docs says what the endpoint takes.";
    Unauthenticated = "UNAUTHENTICATED", UNAUTHORIZED, "Sign in and send the access token.";
    TokenExpired = "TOKEN_EXPIRED", UNAUTHORIZED, "Change the refresh token for a new pair.";
    InvalidCredentials = "INVALID_CREDENTIALS", UNAUTHORIZED, "Check the e-mail address and the password.";
    RefreshTokenInvalid = "REFRESH_TOKEN_INVALID", UNAUTHORIZED, "Sign in again.";
    RefreshTokenReused = "REFRESH_TOKEN_REUSED", UNAUTHORIZED,
        "The session was ended because its token was used twice; sign in again.";
    TooManyAttempts = "TOO_MANY_ATTEMPTS", TOO_MANY_REQUESTS, "Wait as long as Retry-After says.";
    AuthorizationPending = "AUTHORIZATION_PENDING", BAD_REQUEST, "Ask again after the interval.";
    SlowDown = "SLOW_DOWN", BAD_REQUEST, "Wait five seconds longer between two questions from now on.";
    AccessDenied = "ACCESS_DENIED", BAD_REQUEST, "Begin anew, if it was a mistake.";
    DeviceCodeExpired = "DEVICE_CODE_EXPIRED", BAD_REQUEST, "Begin anew.";
    LoginCodeInvalid = "LOGIN_CODE_INVALID", BAD_REQUEST, "Begin the sign-in anew; a code is good once and for two minutes.";
    ReturnRefused = "RETURN_REFUSED", UNPROCESSABLE_ENTITY,
        "Wait on 127.0.0.1 at a port of your own, in an extension, or on a page that is configured.";
    ProviderNotConfigured = "PROVIDER_NOT_CONFIGURED", UNPROCESSABLE_ENTITY, "Sign in another way.";
    ProviderUnavailable = "PROVIDER_UNAVAILABLE", SERVICE_UNAVAILABLE, "Try again in a moment, or sign in another way.";
    OauthStateInvalid = "OAUTH_STATE_INVALID", BAD_REQUEST,
        "Begin the sign-in anew, and finish it in the same browser within ten minutes.";
    IdentityNotProven = "IDENTITY_NOT_PROVEN", BAD_REQUEST, "Begin the sign-in anew.";
    EmailNotVerified = "EMAIL_NOT_VERIFIED", FORBIDDEN, "Verify your address there first, or sign in another way.";
    IdentityConflict = "IDENTITY_CONFLICT", CONFLICT, "Sign in with the account that you have used before.";
    RateLimited = "RATE_LIMITED", TOO_MANY_REQUESTS, "Wait as long as Retry-After says, and ask less often.";
    EmailTaken = "EMAIL_TAKEN", CONFLICT, "Sign in, or use another address.";
    ConsentRequired = "CONSENT_REQUIRED", FORBIDDEN, "Accept the terms of data processing first.";
    DisclosureRequired = "DISCLOSURE_REQUIRED", FORBIDDEN, "Read and accept the first-run disclosure.";
    Forbidden = "FORBIDDEN", FORBIDDEN, "Ask somebody whose role allows it.";
    AccountSuspended = "ACCOUNT_SUSPENDED", FORBIDDEN, "Write to support.";
    EntitlementDenied = "ENTITLEMENT_DENIED", FORBIDDEN, "Upgrade to a tier that includes it.";
    SubscriptionPastDue = "SUBSCRIPTION_PAST_DUE", FORBIDDEN, "Pay what is open, and start the job then.";
    NotInThisVersion = "NOT_IN_THIS_VERSION", UNPROCESSABLE_ENTITY, "Use `LOCAL_DOCKER` or `LOCAL_NATIVE`.";
    DailyJobsUsed = "DAILY_JOBS_USED", FORBIDDEN, "Wait until tomorrow, or upgrade.";
    CreditsExhausted = "CREDITS_EXHAUSTED", FORBIDDEN, "Wait for the next period, or upgrade.";
    LastSuperAdmin = "LAST_SUPER_ADMIN", CONFLICT, "Give somebody else the role first.";
    ConfigChanged = "CONFIG_CHANGED", CONFLICT, "See what it is now, and decide again.";
    RawKeyRefused = "RAW_KEY_REFUSED", UNPROCESSABLE_ENTITY,
        "Put the key into the environment or a secret file, and refer to it as `env:NAME` or `file:NAME`.";
    CreditsShort = "CREDITS_SHORT", CONFLICT, "Take no more than there is.";
    EverythingStopped = "KILL_SWITCH", SERVICE_UNAVAILABLE, "Nothing can be started at present; try again later.";
    RegistrationClosed = "REGISTRATION_CLOSED", FORBIDDEN, "No accounts are made at present; try again later.";
    NotFound = "NOT_FOUND", NOT_FOUND, "Check the id; what belongs to others cannot be seen.";
    NotYet = "NOT_YET", NOT_FOUND, "See where the job is; it comes later, or not at all for a job like this.";
    NoRoute = "NO_SUCH_ENDPOINT", NOT_FOUND, "See /docs for what there is.";
    MethodNotAllowed = "METHOD_NOT_ALLOWED", METHOD_NOT_ALLOWED, "See /docs for what there is.";
    IdempotencyKeyMissing = "IDEMPOTENCY_KEY_MISSING", BAD_REQUEST, "Send an Idempotency-Key header, a new one for each intent.";
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", UNPROCESSABLE_ENTITY, "Use a new key for a different request.";
    IdempotencyInProgress = "IDEMPOTENCY_IN_PROGRESS", CONFLICT, "The first request with this key is still at work; ask again shortly.";
    ClientNotBound = "CLIENT_NOT_BOUND", CONFLICT, "Another client works on this job; send a heartbeat to take part.";
    SpecStale = "SPEC_STALE", CONFLICT, "Look at the new revision, and make the change there.";
    PreviewInProgress = "PREVIEW_IN_PROGRESS", CONFLICT, "Wait for its answer, and ask again then.";
    ContextCap = "CONTEXT_CAP", CONFLICT, "Edit the spec by hand; it is too long for a model.";
    AnswerUnusable = "ANSWER_UNUSABLE", BAD_GATEWAY, "Say it in other words, or edit the spec by hand; nothing is charged.";
    ModelUnavailable = "MODEL_UNAVAILABLE", SERVICE_UNAVAILABLE,
        "Try again later, or edit the spec by hand; nothing is charged.";
    WrongRequestKind = "WRONG_REQUEST_KIND", UNPROCESSABLE_ENTITY, "Answer the request where its kind is answered.";
    LeaseLost = "LEASE_LOST", CONFLICT, "Drop the work, and see what is asked for now.";
    AlreadyAnswered = "ALREADY_ANSWERED", CONFLICT, "Drop the work, and see what is asked for now.";
    ArtifactExpired = "ARTIFACT_EXPIRED", GONE, "Artifacts are deleted after 14 days; run the job again.";
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", PAYLOAD_TOO_LARGE, "Send less at once.";
    NotAcceptable = "NOT_ACCEPTABLE", NOT_ACCEPTABLE, "Ask for application/json or application/pdf, or name the form with ?format=.";
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", UNSUPPORTED_MEDIA_TYPE, "Send application/json.";
    Timeout = "TIMEOUT", SERVICE_UNAVAILABLE, "Try again; a write with the same Idempotency-Key is done once.";
    Unavailable = "UNAVAILABLE", SERVICE_UNAVAILABLE, "Try again shortly.";
    Internal = "INTERNAL", INTERNAL_SERVER_ERROR, "It is logged under the request id; try again, or report the id.";
}

/// Something that a client is told.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    hint: String,
    details: Option<Value>,
    retry_after: Option<Duration>,
}

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorDetail {
    /// A stable name: an `ErrorCode`, or why a job refused a decision.
    #[schema(example = "VALIDATION_FAILED")]
    pub code: String,
    /// What happened, in one sentence.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// More for machines, by code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

impl ApiError {
    /// An error with the usual status and hint of its code.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            status: code.status(),
            code: code.code(),
            message: message.into(),
            hint: code.hint().to_owned(),
            details: None,
            retry_after: None,
        }
    }

    /// With something for machines.
    #[must_use]
    pub fn details(self, details: Value) -> Self {
        Self { details: Some(details), ..self }
    }

    /// With the time after which it is worth to try again.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// Nothing is there that this caller may see.
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("there is no such {what}"))
    }

    /// A job of the caller's has nothing of the kind, at least not yet.
    pub fn not_yet(what: &str) -> Self {
        Self::new(ErrorCode::NotYet, format!("the job has no {what}"))
    }

    /// Something broke inside. What it was goes to the log, here, and nowhere else.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        let causes: Vec<String> =
            std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect();
        tracing::error!(error = causes.join(": "), "a request failed");
        Self::new(ErrorCode::Internal, "something went wrong on our side")
    }

    /// Its code.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// What happened, in one sentence.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> &str {
        &self.hint
    }

    /// Its status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if error.is_unavailable() {
            tracing::warn!(%error, "the database does not answer");
            return Self::new(ErrorCode::Unavailable, "the database does not answer")
                .retry_after(Duration::from_secs(1));
        }
        Self::internal(&error)
    }
}

impl From<iama_store::Error> for ApiError {
    fn from(error: iama_store::Error) -> Self {
        match error {
            iama_store::Error::Sql(error) => StoreError::from(error).into(),
            iama_store::Error::Unreachable { .. } => {
                tracing::warn!(%error, "the database does not answer");
                Self::new(ErrorCode::Unavailable, "the database does not answer").retry_after(Duration::from_secs(1))
            }
            _ => Self::internal(&error),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.code {
            RefusalCode::EntitlementDenied | RefusalCode::UpgradeRequired => StatusCode::FORBIDDEN,
            RefusalCode::Expired => StatusCode::GONE,
            _ => StatusCode::CONFLICT,
        };
        Self {
            status,
            code: refusal.code.code(),
            message: format!("{} is not possible in {}", refusal.event, refusal.from),
            hint: refusal.hint().to_owned(),
            details: serde_json::to_value(refusal).ok(),
            retry_after: None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self { status, code, message, hint, details, retry_after } = self;
        let body = ErrorBody { error: ErrorDetail { code: code.to_owned(), message, hint, details } };
        let mut response = (status, Json(body)).into_response();
        if let Some(wait) = retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
