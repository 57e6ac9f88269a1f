//! All routes, and the document that describes them.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, OpenApi};
use utoipa::{Modify, OpenApi as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::describing;
use crate::endpoints::{
    admin, auth, deciding, docs, execution, health, jobs, jwks, me, metrics, ready, usage, viewing,
};
use crate::error::{ApiError, ErrorCode};
use crate::idempotency;
use crate::layers;
use crate::limiting;
use crate::state::AppState;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "IAMA", description = "Modernises legacy code and proves that it still behaves the same."),
    modifiers(&Security),
    components(schemas(crate::error::ErrorBody, crate::error::ErrorCode))
)]
struct Document;

/// Whose tokens there are.
struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_with(Components::new);
        let jwt = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme("user", SecurityScheme::Http(jwt));
        components.add_security_scheme("admin", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// What administrators call.
fn administration(state: Option<&AppState>) -> OpenApiRouter<AppState> {
    let once = OpenApiRouter::new().routes(routes!(admin::quota::patch));
    let once = match state {
        Some(state) => once.route_layer(from_fn_with_state(state.clone(), idempotency::once_by_admin)),
        None => once,
    };
    once.routes(routes!(admin::login::post))
        .routes(routes!(admin::logout::post))
        .routes(routes!(admin::me::get))
        .routes(routes!(admin::account_list::get, admin::account_create::post))
        .routes(routes!(admin::account_change::patch))
        .routes(routes!(admin::account_password::post))
        .routes(routes!(admin::config_list::get))
        .routes(routes!(admin::config_put::put))
        .routes(routes!(admin::config_history::get))
        .routes(routes!(admin::kill_switch::post))
        .routes(routes!(admin::health::get))
}

/// What people may use, and have used.
fn usage() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(usage::subscription::get))
        .routes(routes!(usage::summary::get))
        .routes(routes!(usage::job::get))
}

/// What a person can see of a job.
fn viewing() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(viewing::proposals::get))
        .routes(routes!(viewing::enterprise_report::get))
        .routes(routes!(viewing::delivery::get))
        .routes(routes!(viewing::artifacts::get))
        .routes(routes!(viewing::artifact::get))
}

/// What a person can decide about a job.
fn deciding() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(deciding::preflight_choice::post, viewing::preflight::get))
        .routes(routes!(deciding::proposal_select::post))
        .routes(routes!(viewing::spec::get, deciding::spec_edit::patch))
        .routes(routes!(deciding::spec_words::post))
        .routes(routes!(deciding::spec_approve::post))
        .routes(routes!(deciding::baseline_mode::post))
        .routes(routes!(deciding::acknowledge::post))
        .routes(routes!(deciding::quarantine::post))
        .routes(routes!(deciding::mock_override::post))
        .routes(routes!(deciding::waive_seal::post))
        .routes(routes!(deciding::escalation_confirm::post))
        .routes(routes!(deciding::escalation_decline::post))
        .routes(routes!(deciding::deep_fix::post))
        .routes(routes!(deciding::deep_fix_confirm::post))
        .routes(routes!(deciding::intervene::post))
        .routes(routes!(deciding::continue_repair::post))
        .routes(routes!(deciding::command::post))
        .routes(routes!(deciding::run_tests::post))
        .routes(routes!(deciding::resume_repair::post))
        .routes(routes!(deciding::timeout_choice::post))
        .routes(routes!(deciding::apply::post))
        .routes(routes!(deciding::revert::post))
        .routes(routes!(deciding::fallback_action::post, viewing::fallback::get))
}

fn described(state: Option<&AppState>) -> OpenApiRouter<AppState> {
    let accounts = OpenApiRouter::new()
        .routes(routes!(auth::register::post))
        .routes(routes!(auth::login::post))
        .routes(routes!(auth::refresh::post))
        .routes(routes!(auth::logout::post))
        .routes(routes!(auth::oauth_initiate::github))
        .routes(routes!(auth::oauth_initiate::google))
        .routes(routes!(auth::oauth_callback::get))
        .routes(routes!(auth::code_exchange::post))
        .routes(routes!(auth::device_begin::post))
        .routes(routes!(auth::device_token::post))
        .routes(routes!(auth::device_decide::get, auth::device_decide::post))
        .routes(routes!(me::get::get))
        .routes(routes!(me::consent::post))
        .routes(routes!(me::disclosure::get, me::disclosure::post))
        .routes(routes!(me::password::post))
        .routes(routes!(me::sessions::get))
        .routes(routes!(me::session_end::delete))
        .routes(routes!(jobs::heartbeat::post))
        .routes(routes!(jobs::logs::get))
        .merge(viewing())
        .routes(routes!(execution::news::get))
        .routes(routes!(execution::requests::get))
        .routes(routes!(execution::claim::post))
        .routes(routes!(execution::renew::post));
    let results = OpenApiRouter::new()
        .routes(routes!(execution::result::post))
        .routes(routes!(execution::apply_result::post))
        .routes(routes!(execution::test_result::post));
    let results = match state {
        Some(state) => results.route_layer(DefaultBodyLimit::max(state.http.artifact_limit_bytes)),
        None => results,
    };
    let once = OpenApiRouter::new()
        .routes(routes!(execution::decide::post, viewing::decisions::get))
        .routes(routes!(execution::log::post))
        .merge(deciding())
        .routes(routes!(jobs::list::get, jobs::create::post))
        .routes(routes!(jobs::get::get, jobs::cancel::delete))
        .routes(routes!(jobs::start::post))
        .routes(routes!(jobs::force_terminate::post));
    let once = match state {
        Some(state) => once.route_layer(from_fn_with_state(state.clone(), idempotency::once)),
        None => once,
    };
    let all = accounts.merge(results).merge(once).merge(usage()).merge(administration(state));
    let all = match state {
        Some(state) => all.route_layer(from_fn_with_state(state.clone(), limiting::limit)),
        None => all,
    };
    let mut described = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(health::get))
        .routes(routes!(ready::get))
        .routes(routes!(metrics::get))
        .routes(routes!(jwks::get))
        .nest("/api/v1", all);
    describing::layers(described.get_openapi_mut());
    described
}

/// The document that describes all routes.
pub fn openapi() -> OpenApi {
    described(None).into_openapi()
}

/// The pages on which people sign in, limited as signing in is.
fn pages(state: &AppState) -> Router<AppState> {
    let pages = auth::device_page::routes().merge(auth::sign_in_page::routes()).merge(auth::register_page::routes());
    pages.route_layer(from_fn_with_state(state.clone(), limiting::limit))
}

/// The whole API.
pub fn router(state: &AppState) -> Router {
    let (routes, document) = described(Some(state)).split_for_parts();
    let routes = routes
        .merge(docs::routes(document))
        .merge(pages(state))
        .fallback(|| async { ApiError::new(ErrorCode::NoRoute, "there is no such endpoint").into_response() })
        .method_not_allowed_fallback(|| async {
            ApiError::new(ErrorCode::MethodNotAllowed, "the endpoint does not know this method").into_response()
        });
    layers::around(routes, state).with_state(state.clone())
}
