//! The API without a socket, its clock in the test's hand.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::MockConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::response::Response;
use iama_api::auth::{Passwords, SigningKeys};
use iama_api::clock::Clock;
use iama_api::hub::Hub;
use iama_api::models::{KeyPlace, Models};
use iama_api::settings::{AuthSettings, ClientSecrets, HttpSettings, OauthSettings, Providers};
use iama_api::{AppState, Objects, Parts, Traces};
use iama_store::admins::{self, AdminRole, NewAdmin};
use iama_store::sealing::KeyRing;
use iama_store::testing::{TestDatabase, database};
use iama_store::{Database, configs};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use tower::ServiceExt as _;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);
pub(crate) const PASSWORD: &str = "correct horse battery";

/// The key of the test's provider; there is no other.
pub(crate) const PROVIDER_KEY: &str = "provider-key-of-the-test";

fn key(place: KeyPlace<'_>) -> Option<String> {
    (place == KeyPlace::File("scripted")).then(|| PROVIDER_KEY.to_owned())
}

/// Made once: the keys of a test need not be strong, but they need to be keys.
static PEM: LazyLock<String> = LazyLock::new(|| {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref()))
});

/// A server.
pub(crate) struct TestApp {
    pub(crate) db: TestDatabase,
    pub(crate) state: AppState,
    pub(crate) objects: tempfile::TempDir,
    router: Router,
    now: Arc<Mutex<OffsetDateTime>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// Status and code of an error.
    pub(crate) fn error(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
    }
}

impl TestApp {
    pub(crate) async fn new() -> Self {
        Self::with(HttpSettings::default()).await
    }

    pub(crate) async fn with(http: HttpSettings) -> Self {
        Self::vouched(http, OauthSettings::default(), ClientSecrets::default()).await
    }

    /// With people who vouch for others.
    pub(crate) async fn vouched(http: HttpSettings, oauth: OauthSettings, secrets: ClientSecrets) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let providers = oauth.providers(secrets, &http.public_url).unwrap();
        Self::over(http, (oauth, providers), Objects::folder(folder.path()).unwrap(), folder).await
    }

    /// One whose artifacts lie elsewhere than in its folder.
    pub(crate) async fn with_objects(objects: Objects) -> Self {
        let http = HttpSettings::default();
        let oauth = OauthSettings::default();
        let providers = oauth.providers(ClientSecrets::default(), &http.public_url).unwrap();
        Self::over(http, (oauth, providers), objects, tempfile::tempdir().unwrap()).await
    }

    async fn over(
        http: HttpSettings,
        oauth: (OauthSettings, Providers),
        objects: Objects,
        folder: tempfile::TempDir,
    ) -> Self {
        let db = database().await.unwrap();
        let mut connection = db.pool().acquire().await.unwrap();
        configs::seed(&mut connection, &["python2-3"], NOW).await.unwrap();
        drop(connection);
        let now = Arc::new(Mutex::new(NOW));
        let state = state((*db).clone(), http, oauth, objects, &now);
        let from: SocketAddr = ([192, 0, 2, 7], 4711).into();
        let router = iama_api::router(&state).layer(MockConnectInfo(from));
        Self { db, state, objects: folder, router, now }
    }

    /// Another server, on the same database and objects and with the same clock.
    pub(crate) fn beside(&self) -> AppState {
        let http = HttpSettings::default();
        let oauth = OauthSettings::default();
        let providers = oauth.providers(ClientSecrets::default(), &http.public_url).unwrap();
        state((*self.db).clone(), http, (oauth, providers), self.state.objects.clone(), &self.now)
    }

    pub(crate) fn pass(&self, time: Duration) {
        *self.now.lock().unwrap() += time;
    }

    /// An answer whose body is read by the caller.
    pub(crate) async fn open(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.open(request).await;
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(crate) async fn call(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.call(Method::GET, path, token, None).await
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: Value) -> Answer {
        self.call(Method::POST, path, token, Some(body)).await
    }

    /// Makes an account. Gives its pair of tokens.
    pub(crate) async fn register(&self, email: &str) -> Value {
        let body = json!({ "email": email, "password": PASSWORD, "consent": true, "client": "test" });
        let answer = self.post("/api/v1/auth/register", None, body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.json()
    }

    /// Makes an administrator who is signed in. Gives their name and token.
    pub(crate) async fn admin(&self, role: AdminRole, email: &str) -> (String, String) {
        let hash = self.state.passwords.hash(PASSWORD).await.unwrap();
        let new = NewAdmin { email, password_hash: &hash, role, created_by: None };
        let mut connection = self.db.pool().acquire().await.unwrap();
        let now = self.state.clock.now();
        let id = admins::create(&mut connection, &new, now).await.unwrap();
        drop(connection);
        let answer = self.admin_login(email, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        (id.to_string(), token(&answer.json(), "token").to_owned())
    }

    pub(crate) async fn admin_login(&self, email: &str, password: &str) -> Answer {
        self.post("/api/v1/admin/auth/login", None, json!({ "email": email, "password": password })).await
    }

    /// What is on record, oldest first: actions with their details.
    pub(crate) async fn audited(&self) -> Vec<(String, Value)> {
        let rows = sqlx::query_as("SELECT action, details FROM audit_events ORDER BY created_at, id");
        rows.fetch_all(&mut *self.db.pool().acquire().await.unwrap()).await.unwrap()
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Answer {
        self.post("/api/v1/auth/login", None, json!({ "email": email, "password": password })).await
    }
}

fn state(
    db: Database,
    http: HttpSettings,
    oauth: (OauthSettings, Providers),
    objects: Objects,
    now: &Arc<Mutex<OffsetDateTime>>,
) -> AppState {
    let (oauth, providers) = oauth;
    let told = Arc::clone(now);
    let lifetime = Duration::minutes(15);
    AppState::new(Parts {
        objects,
        db,
        hub: Hub::default(),
        models: Models::new(key),
        clock: Clock::new(move || *told.lock().unwrap()),
        ring: KeyRing::new([("k1", "0000000000000000000000000000000000000000000000000000000000000001")]).unwrap(),
        signing: SigningKeys::new(http.public_url.clone(), lifetime, &[PEM.as_str()]).unwrap(),
        passwords: Passwords::new(4).unwrap(),
        metrics: PrometheusBuilder::new().build_recorder().handle(),
        traces: Traces::default(),
        http,
        auth: AuthSettings::default(),
        providers,
        oauth,
    })
}

/// One of a pair of tokens.
pub(crate) fn token<'a>(pair: &'a Value, which: &str) -> &'a str {
    pair[which].as_str().unwrap()
}
