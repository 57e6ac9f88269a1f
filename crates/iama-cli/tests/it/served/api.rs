//! A server in the test's own process, on a port and a database of its own, and somebody who is signed in at it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::connect_info::MockConnectInfo;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use iama_api::auth::{Passwords, SigningKeys};
use iama_api::clock::Clock;
use iama_api::hub::Hub;
use iama_api::models::{self, KeyPlace, Models};
use iama_api::settings::{AuthSettings, ClientSecrets, HttpSettings, OauthSettings};
use iama_api::{AppState, Objects, Parts, Traces};
use iama_job::MilliCredits;
use iama_store::configs;
use iama_store::credits::{self, Account, Kind, Transfer};
use iama_store::sealing::KeyRing;
use iama_store::stream;
use iama_store::testing::{TestDatabase, database};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use uuid::Uuid;

const PASSWORD: &str = "correct horse battery";

/// What a machine shows its user is refused so often, and then taken.
type Refusals = Arc<AtomicUsize>;

/// A server. Its parts end before what they run on.
pub(super) struct Api {
    pub(super) url: String,
    state: AppState,
    access: String,
    user: Uuid,
    /// Where `iama` keeps its sign-in, among other things.
    settings: TempDir,
    refusals: Refusals,
    db: TestDatabase,
    runtime: Runtime,
    _objects: TempDir,
}

fn key(place: KeyPlace<'_>) -> Option<String> {
    (place == KeyPlace::File("scripted")).then(|| "key-of-the-provider".to_owned())
}

fn pem() -> String {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref()))
}

fn state(db: &TestDatabase, objects: &Path) -> AppState {
    let (http, oauth) = (HttpSettings::default(), OauthSettings::default());
    let lifetime = time::Duration::minutes(15);
    AppState::new(Parts {
        db: (**db).clone(),
        hub: Hub::default(),
        models: Models::new(key),
        clock: Clock::new(OffsetDateTime::now_utc),
        ring: KeyRing::new([("k1", "0000000000000000000000000000000000000000000000000000000000000001")]).unwrap(),
        objects: Objects::folder(objects).unwrap(),
        signing: SigningKeys::new(http.public_url.clone(), lifetime, &[pem().as_str()]).unwrap(),
        passwords: Passwords::new(4).unwrap(),
        metrics: PrometheusBuilder::new().build_recorder().handle(),
        traces: Traces::default(),
        providers: oauth.providers(ClientSecrets::default(), &http.public_url).unwrap(),
        auth: AuthSettings::default(),
        http,
        oauth,
    })
}

/// Refuses lines, as often as it is to.
async fn refuse_lines(State(refusals): State<Refusals>, request: Request, next: Next) -> Response {
    let fewer = |left: usize| left.checked_sub(1);
    let concerned = request.uri().path().ends_with("/execution/log");
    if concerned && refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer).is_ok() {
        let error = json!({ "code": "CLIENT_NOT_BOUND", "message": "of no use here", "hint": "none" });
        return (StatusCode::CONFLICT, axum::Json(json!({ "error": error }))).into_response();
    }
    next.run(request).await
}

impl Api {
    /// A server, and somebody of a tier who is signed in at it on this machine and has read what is processed.
    pub(super) fn start(tier: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let (objects, settings) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let refusals = Refusals::default();
        let (db, state, url) = runtime.block_on(async {
            let db = database().await.unwrap();
            let mut connection = db.pool().acquire().await.unwrap();
            configs::seed(&mut connection, &["python2-3"], OffsetDateTime::now_utc()).await.unwrap();
            drop(connection);
            let state = state(&db, objects.path());
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let router = iama_api::router(&state).layer(from_fn_with_state(Arc::clone(&refusals), refuse_lines));
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            tokio::spawn(async move { axum::serve(listener, service).await });
            tokio::spawn(models::drive(state.clone()));
            let heard = state.clone();
            tokio::spawn(async move {
                loop {
                    heard.hub.ring_all();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            });
            (db, state, url)
        });
        let (access, user) = (String::new(), Uuid::nil());
        let mut api = Self { url, state, access, user, settings, refusals, db, runtime, _objects: objects };
        api.sign_in(tier);
        api
    }

    fn sign_in(&mut self, tier: &str) {
        let body = json!({ "email": "ada@example.org", "password": PASSWORD, "consent": true });
        let pair = self.ask(Method::POST, "/auth/register", Some(&body));
        pair["access_token"].as_str().unwrap().clone_into(&mut self.access);
        self.user = pair["user_id"].as_str().unwrap().parse().unwrap();
        self.ask(Method::POST, "/me/disclosure", None);
        let account = json!({ "access_token": pair["access_token"], "refresh_token": pair["refresh_token"] });
        let folder = self.settings.path().join("iama");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("accounts.json"), json!({ &self.url: account }).to_string()).unwrap();
        self.runtime.block_on(async {
            let mut transaction = self.db.begin().await.unwrap();
            let raised = sqlx::query("UPDATE subscription_tiers SET tier = $1").bind(tier);
            raised.execute(&mut *transaction).await.unwrap();
            let (kind, user, amount, job, round) = (Kind::Adjust, self.user, MilliCredits(1_000_000), None, None);
            let (from, to, key) = (Account::Granted, Account::Available, "gift");
            let transfer = Transfer { kind, key, user, job, round, from, to, amount };
            credits::book(&mut transaction, &transfer, OffsetDateTime::now_utc()).await.unwrap();
            transaction.commit().await.unwrap();
        });
    }

    /// Lets a provider serve two classes.
    pub(super) fn serve_models(&self, provider: &str) {
        let route = |class: &str, model: &str| json!({ "class": class, "provider": "here", "model": model, "price": { "input": 1.0, "output": 2.0 } });
        let here = json!({ "kind": "openai-compatible", "base-url": format!("{provider}/v1") });
        let table =
            json!({ "route": [route("L1", "scripted"), route("L2", "stronger")], "provider": { "here": here } });
        self.set(configs::ROUTE_TABLE, &table);
        self.set("model.here.api_key_ref", &json!("file:scripted"));
    }

    fn set(&self, key: &str, value: &Value) {
        let statement = "INSERT INTO dynamic_configs (key, value, updated_at) VALUES ($1, $2, now())
             ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = dynamic_configs.version + 1";
        let put = sqlx::query(statement).bind(key).bind(value);
        self.runtime.block_on(async { put.execute(&mut *self.db.pool().acquire().await.unwrap()).await }).unwrap();
    }

    /// Refuses so many batches of lines.
    pub(super) fn refuse_lines(&self, batches: usize) {
        self.refusals.store(batches, Ordering::SeqCst);
    }

    /// Where `iama` finds its sign-in.
    pub(super) fn settings(&self) -> PathBuf {
        self.settings.path().to_owned()
    }

    /// What the person is told.
    pub(super) fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, None)
    }

    fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let request = axum::http::Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {}", self.access))
            .header("content-type", "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())));
        let from: SocketAddr = ([192, 0, 2, 7], 4711).into();
        let router = iama_api::router(&self.state).layer(MockConnectInfo(from));
        self.runtime.block_on(async move {
            let answer = router.oneshot(request.unwrap()).await.unwrap();
            let status = answer.status();
            let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            assert!(status.is_success(), "{path}: {status} {text}");
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
        })
    }

    /// The lines of a job that its machine has told, as its owner reads them, and whether they lie in the clear.
    pub(super) fn lines(&self, job: &str) -> Vec<String> {
        let job: Uuid = job.parse().unwrap();
        self.runtime.block_on(async {
            let mut connection = self.db.pool().acquire().await.unwrap();
            let told = stream::after(&mut connection, job, 0, i64::MAX).await.unwrap();
            let lines = told.into_iter().filter(|told| told.event == "log_line");
            let read = |told: stream::Told| match told.body {
                stream::Body::Sealed(sealed) => {
                    String::from_utf8(self.state.ring.open(&stream::context(job), &sealed).unwrap()).unwrap()
                }
                stream::Body::Data(data) => panic!("in the clear: {data}"),
            };
            lines.map(read).collect()
        })
    }
}
