//! Who may do what, tried on every operation that the document has, by everybody there is.

mod table;

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::{StreamExt as _, stream};
use iama_store::admins::AdminRole;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::jobs::{made, person, write};
use crate::support::TestApp;
use table::{For, TABLE, body};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Anonymous,
    Other,
    Owner,
    Admin(AdminRole),
}

/// The owner comes last: what they do may end what the others ask for.
const CALLERS: [Caller; 6] = [
    Caller::Anonymous,
    Caller::Other,
    Caller::Admin(AdminRole::Support),
    Caller::Admin(AdminRole::Engineer),
    Caller::Admin(AdminRole::SuperAdmin),
    Caller::Owner,
];

/// What a caller is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Whatever follows from the request: they may ask.
    Allowed,
    /// 401: nobody knows who asks.
    Unauthenticated,
    /// 403: the role is not enough.
    Forbidden,
    /// 404: it does not exist for them.
    Missing,
}

fn expected(rule: For, caller: Caller) -> Told {
    match (rule, caller) {
        (For::Everybody, _) | (For::People, Caller::Other | Caller::Owner) | (For::Owner, Caller::Owner) => {
            Told::Allowed
        }
        (For::Owner, Caller::Other) => Told::Missing,
        (For::Admins(roles), Caller::Admin(role)) if roles.contains(&role) => Told::Allowed,
        (For::Admins(_), Caller::Admin(_)) => Told::Forbidden,
        (For::People | For::Owner, Caller::Anonymous | Caller::Admin(_))
        | (For::Admins(_), Caller::Anonymous | Caller::Other | Caller::Owner) => Told::Unauthenticated,
    }
}

/// An operation of the document.
#[derive(Debug, Clone)]
struct Operation {
    name: String,
    method: String,
    path: String,
    /// Whose tokens it takes.
    schemes: BTreeSet<String>,
    statuses: BTreeSet<String>,
    takes_body: bool,
}

fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(iama_api::openapi()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schemes = operation["security"].as_array().into_iter().flatten();
            found.push(Operation {
                name: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                schemes: schemes.flat_map(|scheme| scheme.as_object().unwrap().keys().cloned()).collect(),
                statuses: operation["responses"].as_object().unwrap().keys().cloned().collect(),
                takes_body: operation["requestBody"].is_object(),
            });
        }
    }
    found
}

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let known: BTreeMap<&str, For> = TABLE.iter().copied().collect();
    assert_eq!(known.len(), TABLE.len(), "no operation has two rows");
    let operations = operations();
    let uncovered: Vec<&str> =
        operations.iter().map(|one| one.name.as_str()).filter(|name| !known.contains_key(name)).collect();
    assert_eq!(uncovered, Vec::<&str>::new(), "operations without a row in authorisation/table.rs");
    let names: BTreeSet<&str> = operations.iter().map(|operation| operation.name.as_str()).collect();
    let idle: Vec<&str> = known.keys().copied().filter(|name| !names.contains(name)).collect();
    assert_eq!(idle, Vec::<&str>::new(), "rows without an operation");
}

#[test]
fn the_document_says_whose_token_an_operation_takes() {
    let known: BTreeMap<&str, For> = TABLE.iter().copied().collect();
    for operation in operations() {
        let wanted: &[&str] = match known[operation.name.as_str()] {
            For::Everybody => &[],
            For::People | For::Owner => &["user"],
            For::Admins(_) => &["admin"],
        };
        let schemes: Vec<&str> = operation.schemes.iter().map(String::as_str).collect();
        assert_eq!(schemes, wanted, "{}", operation.name);
    }
}

async fn open_request(app: &TestApp, owner: &str, job: &str) -> String {
    let shown = app.get(&format!("/api/v1/jobs/{job}"), Some(owner)).await.json();
    shown["open_requests"][0].as_str().unwrap().to_owned()
}

/// What came with the answer to the first request.
async fn an_artifact(app: &TestApp, owner: &str, job: &str) -> String {
    let path = format!("/api/v1/jobs/{job}");
    let request = open_request(app, owner, job).await;
    let heard = app.post(&format!("{path}/heartbeat"), Some(owner), json!({})).await.json();
    let claim = json!({ "client_session": heard["client_session"] });
    let claimed = app.post(&format!("{path}/execution/requests/{request}/claim"), Some(owner), claim).await.json();
    let document =
        json!({ "name": "notes.txt", "holds": "NAMES", "text": "", "sha256": hex::encode(Sha256::digest("")) });
    let outcome = json!({ "outcome": "RESULT", "result": { "type": "PREFLIGHT_DONE", "dirty": false } });
    let effect = &claimed["order"]["dispatch"]["id"];
    let reply = json!({ "effect": effect, "turn": 0, "outcome": outcome, "documents": [document] });
    let answer = json!({ "fencing_token": claimed["fencing_token"], "reply": reply });
    let answered = app.post(&format!("{path}/execution/requests/{request}/result"), Some(owner), answer).await;
    assert_eq!(answered.status, StatusCode::OK, "{}", answered.text);
    let listed = app.get(&format!("{path}/artifacts"), Some(owner)).await.json();
    listed["artifacts"][0]["id"].as_str().unwrap().to_owned()
}

/// A server with a job at work, its owner, somebody else, and administrators.
struct World {
    app: TestApp,
    tokens: Vec<(Caller, String)>,
    refresh: String,
    /// What stands for the parts of paths.
    parts: BTreeMap<&'static str, String>,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let owner = person(&app, "owner@example.org").await;
        let other = person(&app, "other@example.org").await;
        let job = made(&app, &owner, "made").await;
        let started =
            write(&app, axum::http::Method::POST, &format!("/jobs/{job}/start"), &owner, "started", None).await;
        assert_eq!(started.status, StatusCode::OK, "{}", started.text);
        let artifact = an_artifact(&app, &owner, &job).await;
        let request = open_request(&app, &owner, &job).await;
        let elsewhere = app.login("owner@example.org", crate::support::PASSWORD).await.json();
        let sessions = app.get("/api/v1/me/sessions", Some(&owner)).await.json();
        let mine = sessions["sessions"].as_array().unwrap().iter().find(|session| session["current"] == false);
        let device = app.post("/api/v1/auth/device", None, json!({})).await.json();
        let mut tokens = vec![(Caller::Owner, owner), (Caller::Other, other)];
        for role in AdminRole::ALL {
            let email = format!("{}@example.org", role.code().to_lowercase());
            tokens.push((Caller::Admin(role), app.admin(role, &email).await.1));
        }
        let parts = BTreeMap::from([
            ("job_id", job),
            ("request_id", request),
            ("session_id", mine.unwrap()["id"].as_str().unwrap().to_owned()),
            ("artifact_id", artifact),
            ("user_code", device["user_code"].as_str().unwrap().to_owned()),
            ("admin_id", app.admin(AdminRole::Support, "target@example.org").await.0),
            ("key", "language_matrix".to_owned()),
            ("user_id", elsewhere["user_id"].as_str().unwrap().to_owned()),
        ]);
        let refresh = elsewhere["refresh_token"].as_str().unwrap().to_owned();
        Self { app, tokens, refresh, parts }
    }

    fn request(&self, operation: &Operation, caller: Caller) -> Request<Body> {
        let path = operation.path.split('/').map(|part| match part.strip_prefix('{') {
            Some(name) => {
                let name = name.trim_end_matches('}');
                self.parts.get(name).unwrap_or_else(|| panic!("nothing stands for {name} in authorisation.rs")).as_str()
            }
            None => part,
        });
        let path: Vec<&str> = path.collect();
        let token = self.tokens.iter().find(|(who, _)| *who == caller).map(|(_, token)| token);
        let mut request = Request::builder()
            .method(operation.method.as_str())
            .uri(path.join("/"))
            .header("idempotency-key", format!("{caller:?}"));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if !operation.takes_body {
            return request.body(Body::empty()).unwrap();
        }
        let body = body(&operation.name, &self.refresh).to_string();
        request.header("content-type", "application/json").body(body.into()).unwrap()
    }

    /// What a caller is told, and what is wrong with the answer besides.
    async fn ask(&self, operation: &Operation, caller: Caller) -> (Told, Option<String>) {
        let response = self.app.open(self.request(operation, caller)).await;
        let status = response.status();
        // A stream has no end: only what is refused is read.
        let code = if status.is_client_error() || status.is_server_error() {
            let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            let text: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            text["error"]["code"].as_str().unwrap_or_default().to_owned()
        } else {
            String::new()
        };
        let wrong = (status.is_server_error() || !operation.statuses.contains(status.as_str()))
            .then(|| format!("answers {status} {code}, which the document does not name"));
        // A password or a refresh token that is wrong is said to somebody who was allowed to try.
        let told = match (status, code.as_str()) {
            (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED" | "TOKEN_EXPIRED") => Told::Unauthenticated,
            (StatusCode::FORBIDDEN, "FORBIDDEN") => Told::Forbidden,
            // They see that it is not there yet.
            (StatusCode::NOT_FOUND, "NOT_YET") => Told::Allowed,
            (StatusCode::NOT_FOUND, _) => Told::Missing,
            _ => Told::Allowed,
        };
        (told, wrong)
    }
}

async fn faults_of(operation: Operation, rule: For) -> Vec<String> {
    let world = World::new().await;
    let mut faults = Vec::new();
    for caller in CALLERS {
        let (told, wrong) = world.ask(&operation, caller).await;
        let expected = expected(rule, caller);
        if told != expected {
            faults.push(format!("{} by {caller:?}: {told:?} instead of {expected:?}", operation.name));
        }
        faults.extend(wrong.map(|wrong| format!("{} by {caller:?} {wrong}", operation.name)));
    }
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_do_what_the_table_says_and_nothing_else() {
    let known: BTreeMap<&str, For> = TABLE.iter().copied().collect();
    let operations = operations();
    let tried = operations.into_iter().filter_map(|operation| {
        let rule = known.get(operation.name.as_str()).copied()?;
        Some(faults_of(operation, rule))
    });
    let faults: Vec<Vec<String>> = stream::iter(tried).buffer_unordered(6).collect().await;
    let faults: Vec<String> = faults.into_iter().flatten().collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
