//! `POST /api/v1/jobs/{job_id}/execution/test-result`: what came of a test run.

use axum::extract::State;

use super::named_result::NamedAnswer;
use super::result::take;
use crate::endpoints::jobs::view::JobState;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;

/// What is answered here.
const KINDS: [&str; 3] = ["RUN_BASELINE", "RUN_TESTS", "RETEST_SELECTION"];

/// Takes what came of a test run: the answer to a request of the kind `RUN_BASELINE`, `RUN_TESTS` or `RETEST_SELECTION`, which the
/// body names. It is the same as an answer to the request itself; one of another kind is refused with `WRONG_REQUEST_KIND`.
#[utoipa::path(post, path = "/jobs/{job_id}/execution/test-result", operation_id = "answerTests",
    tag = "Execution", security(("user" = [])),
    params(("job_id" = uuid::Uuid, Path, description = "Which")), request_body = NamedAnswer,
    responses(
        (status = OK, body = JobState),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = CONFLICT, body = ErrorBody),
        (status = PAYLOAD_TOO_LARGE, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(named): Json<NamedAnswer>,
) -> Result<Json<JobState>, ApiError> {
    let (asked, answer) = named.of(own);
    take(&state, asked, answer, Some(&KINDS)).await
}
