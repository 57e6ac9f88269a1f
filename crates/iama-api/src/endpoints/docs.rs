//! `/docs`: the API's document for people, and `/api/v1/openapi.json` for machines.

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::state::AppState;

/// Where the document lies.
const DOCUMENT: &str = "/api/v1/openapi.json";

pub(crate) fn routes(document: OpenApi) -> Router<AppState> {
    SwaggerUi::new("/docs").url(DOCUMENT, document).into()
}
