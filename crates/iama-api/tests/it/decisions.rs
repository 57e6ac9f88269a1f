//! Everything that a person can decide, by the endpoint that is for it, in the places of a job where it means something.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use iama_job::effect::PatchMode;
use iama_job::event::{BaselineOutcome, EventKind, Source, TestOutcome, Usage};
use iama_job::policy::billing::Price;
use iama_job::state::Quote;
use iama_job::{
    ArtifactId, Decision, Effect, EffectResult, Entitlement, Event, Fingerprint, MilliCredits, ModelClass, QuoteId,
    Route, Tier,
};
use iama_store::journal;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::jobs::{made, person, write};
use crate::support::{Answer, NOW, TestApp};

const CLASSES: [ModelClass; 3] = [ModelClass::L1, ModelClass::L2, ModelClass::L3];

/// A job and the machine that answers for it.
pub(crate) struct Play<'a> {
    app: &'a TestApp,
    pub(crate) access: String,
    pub(crate) job: String,
    session: Value,
    /// How often something was decided: each has a key of its own.
    decided: std::cell::Cell<u32>,
}

impl<'a> Play<'a> {
    /// A job that was started with all classes, by a tier.
    async fn started(app: &'a TestApp, name: &str, tier: Tier) -> Self {
        let access = person(app, &format!("{name}@example.org")).await;
        let job = made(app, &access, "made").await;
        let route =
            |class: ModelClass| Route { name: class.code().into(), price: Price::default(), output_tokens: 1_000 };
        let routes = CLASSES.into_iter().map(|class| (class, route(class))).collect();
        let entitlement = Box::new(Entitlement::for_tier(tier, routes));
        let mut transaction = app.state.db.begin().await.unwrap();
        let owned = journal::lock(&mut transaction, job.parse().unwrap()).await.unwrap().unwrap();
        let start = Event::Decision(Decision::Start { entitlement });
        let put = journal::put(&mut transaction, &owned, start, NOW).await.unwrap();
        assert!(matches!(put, journal::Put::Taken { .. }), "{put:?}");
        transaction.commit().await.unwrap();
        let play = Self { app, access, job, session: Value::Null, decided: 0.into() };
        let heard = play.post("/heartbeat", json!({})).await.json();
        Self { session: heard["client_session"].clone(), ..play }
    }

    /// A job of somebody who has an account, started with the routes that the server has.
    pub(crate) async fn with(app: &'a TestApp, access: &str, key: &str) -> Self {
        let job = made(app, access, key).await;
        let play = Self { app, access: access.to_owned(), job, session: Value::Null, decided: 0.into() };
        let started = play.simply("/start").await;
        assert_eq!(started, "ANALYZING.preflight");
        let heard = play.post("/heartbeat", json!({})).await.json();
        Self { session: heard["client_session"].clone(), ..play }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.app.post(&format!("/api/v1/jobs/{}{path}", self.job), Some(&self.access), body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.app.get(&format!("/api/v1/jobs/{}{path}", self.job), Some(&self.access)).await
    }

    pub(crate) async fn place(&self) -> String {
        self.get("").await.json()["place"].as_str().unwrap().to_owned()
    }

    /// Decides something. Gives the place that it leads to, or the code by which it is refused.
    pub(crate) async fn decide(&self, method: Method, path: &str, body: Option<Value>) -> String {
        self.decided.set(self.decided.get() + 1);
        let (path, key) = (format!("/jobs/{}{path}", self.job), format!("decision-{}", self.decided.get()));
        let answer = write(self.app, method, &path, &self.access, &key, body).await;
        let told = answer.json();
        let refused = told["error"]["code"].as_str().map(str::to_owned);
        refused.unwrap_or_else(|| told["place"].as_str().unwrap().to_owned())
    }

    pub(crate) async fn say(&self, path: &str, body: Value) -> String {
        self.decide(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn simply(&self, path: &str) -> String {
        self.decide(Method::POST, path, None).await
    }

    /// Answers what the machine is asked, until the job is in a place.
    pub(crate) async fn until(&self, place: &str, shown: impl Fn(&Effect) -> Option<EffectResult>) {
        for _ in 0..80 {
            if self.place().await == place && !self.is_asked().await {
                return;
            }
            assert!(self.is_asked().await, "in {} nothing is asked, and {place} is wanted", self.place().await);
            self.answer(&shown).await;
        }
        panic!("{} instead of {place}", self.place().await);
    }

    async fn is_asked(&self) -> bool {
        !self.asked().await.is_empty()
    }

    /// What the machine is asked first.
    pub(crate) async fn asked(&self) -> String {
        let listed = self.get("/execution/requests").await.json();
        listed["requests"][0]["kind"].as_str().unwrap_or_default().to_owned()
    }

    /// Answers what the machine is asked, until it is asked for something.
    pub(crate) async fn until_asked(&self, kind: &str, shown: impl Fn(&Effect) -> Option<EffectResult>) {
        for _ in 0..80 {
            match self.asked().await {
                asked if asked == kind => return,
                asked if asked.is_empty() => panic!("in {} nothing is asked", self.place().await),
                _ => self.answer(&shown).await,
            }
        }
        panic!("{kind} is never asked for");
    }

    /// Claims the first request. Gives its name and the claim.
    pub(crate) async fn claim(&self) -> (String, Value) {
        let listed = self.get("/execution/requests").await.json();
        let request = listed["requests"][0]["id"].as_str().unwrap().to_owned();
        let claim = json!({ "client_session": self.session, "seen": 0 });
        let claimed = self.post(&format!("/execution/requests/{request}/claim"), claim).await.json();
        (request, claimed)
    }

    /// Answers the first request.
    pub(crate) async fn answer(&self, shown: &impl Fn(&Effect) -> Option<EffectResult>) {
        let (request, claimed) = self.claim().await;
        let token = &claimed["fencing_token"];
        let answer = match claimed["order"].as_object() {
            Some(order) => {
                let effect: Effect = serde_json::from_value(order["dispatch"]["effect"].clone()).unwrap();
                let result = shown(&effect).unwrap_or_else(|| usual(&effect));
                let outcome = json!({ "outcome": "RESULT", "result": result });
                let (id, turn) = (&order["dispatch"]["id"], &order["turn"]);
                let documents = documents(&effect);
                json!({ "fencing_token": token, "reply": { "effect": id, "turn": turn, "outcome": outcome, "documents": documents } })
            }
            None => json!({ "fencing_token": token, "documents": self.followed(&claimed["news"]) }),
        };
        let done = self.post(&format!("/execution/requests/{request}/result"), answer).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    }

    /// The revisions of the spec that records ask for.
    fn followed(&self, news: &Value) -> Vec<Value> {
        let effects =
            news["records"].as_array().unwrap().iter().flat_map(|record| record["effects"].as_array().unwrap());
        let revisions = effects.filter_map(|one| match one["effect"]["type"].as_str() {
            Some("PERSIST_SPEC") => one["effect"]["revision"].as_u64(),
            _ => None,
        });
        revisions.map(|revision| document(&format!("spec/{revision}.json"), &self.spec(revision).to_string())).collect()
    }

    fn spec(&self, revision: u64) -> Value {
        let token = Sha256::digest(format!("{} {revision}", self.job));
        json!({
            "strategy": "STANDARD", "revision": revision, "token": hex::encode(&token[..16]), "based_on": null, "by": "recipes",
            "next": { "behaviour": 2, "design": 1 },
            "items": [
                { "id": "R1", "kind": "RULE", "text": "Tests stay sealed.", "origin": "recipes" },
                { "id": "B1", "kind": "BDD", "text": "Sums stay.", "origin": "recipes",
                  "behaviour": { "given": "two numbers", "when": "they are added", "then": "the sum is the same" } },
            ],
        })
    }

    /// To work on the code, with the tests failing in the same way or in different ways.
    async fn failing(
        app: &'a TestApp,
        name: &str,
        place: &str,
        shown: impl Fn(&Effect) -> Option<EffectResult>,
    ) -> Self {
        let play = Self::started(app, name, Tier::Max).await;
        play.approved().await;
        play.until(place, shown).await;
        play
    }

    async fn approved(&self) {
        self.until("WAITING_STRATEGY.choosing", |_| None).await;
        assert_eq!(self.say("/proposals/select", json!({ "strategy": "STANDARD" })).await, "WAITING_STRATEGY.drafting");
        self.until("WAITING_SPEC_APPROVAL", |_| None).await;
        assert_eq!(self.say("/spec/approve", json!({})).await, "GENERATING_TESTS");
    }
}

fn document(name: &str, text: &str) -> Value {
    let hash = hex::encode(Sha256::digest(text.as_bytes()));
    json!({ "name": name, "holds": "SOURCE", "sha256": hash, "text": text })
}

/// What goes with a test run and with a delivery.
fn documents(effect: &Effect) -> Vec<Value> {
    let suite = |regressions: &[&str]| {
        let case = json!({ "id": "tests/test_a.py::test_a", "status": "passed" });
        json!({ "runner": null, "cases": [case], "uncollected": [], "ran_out": false, "regressions": regressions })
            .to_string()
    };
    match effect {
        Effect::RunBaseline { .. } => vec![document("legacy.summary.json", &suite(&[]))],
        Effect::RunTests { .. } => vec![document("result.summary.json", &suite(&["tests/test_a.py::test_a"]))],
        Effect::PrepareDelivery => {
            let hunk = json!({ "id": "a.py#1", "old_start": 1, "old_lines": 1, "new_start": 1, "new_lines": 1 });
            let file = json!({ "path": "a.py", "before": "00", "after": "01", "hunks": [hunk] });
            let manifest = json!({ "patch_sha256": "", "diff_sha256": "", "files": [file] });
            vec![document("patch.manifest.json", &manifest.to_string()), document("patch.diff", "--- a.py")]
        }
        _ => Vec::new(),
    }
}

fn usage() -> Usage {
    Usage::default()
}

fn red(fingerprint: &str) -> EffectResult {
    EffectResult::TestsRun { outcome: TestOutcome::Failed { fingerprint: Fingerprint::from_hex(fingerprint) } }
}

/// What a machine answers when all goes well.
pub(crate) fn usual(effect: &Effect) -> EffectResult {
    match effect {
        Effect::Preflight => EffectResult::PreflightDone { dirty: false },
        Effect::BuildContext { .. } => EffectResult::ContextBuilt { tokens: 100, confidence: 90 },
        Effect::AnalyseScope { .. } => EffectResult::AnalysisDone { usage: usage() },
        Effect::WriteReport { .. } => EffectResult::ReportDone { usage: usage() },
        Effect::Propose { .. } => EffectResult::ProposalsReady { usage: usage() },
        Effect::Quote { .. } => EffectResult::QuoteReady {
            quote: Quote { id: QuoteId("q1".to_owned()), class: ModelClass::L3, max: MilliCredits(1_000) },
        },
        Effect::DraftSpec { .. } => EffectResult::SpecDrafted { usage: usage() },
        Effect::GenerateTests { .. } => EffectResult::TestsGenerated { tests: 3, usage: usage() },
        Effect::RunBaseline { .. } => {
            EffectResult::BaselineDone { outcome: BaselineOutcome::Ran { passed: 3, failed: 0, uncovered: 0 } }
        }
        Effect::SealTests { .. } => EffectResult::TestsSealed,
        Effect::MigrateTests => EffectResult::TestsMigrated,
        Effect::RunRecipes { .. } | Effect::GeneratePatch { .. } => {
            EffectResult::PatchGenerated { patch: ArtifactId("recipes.json".to_owned()), usage: usage() }
        }
        Effect::ApplyPatch { .. } => EffectResult::PatchApplied,
        Effect::RunTests { .. } | Effect::RetestSelection { .. } => {
            EffectResult::TestsRun { outcome: TestOutcome::Green }
        }
        Effect::RestoreWorkspace { .. } => EffectResult::WorkspaceRestored,
        Effect::PackPartial => EffectResult::PartialPacked { patch: Some(ArtifactId("partial.json".to_owned())) },
        Effect::PrepareDelivery => EffectResult::DeliveryPrepared { complex: false },
        Effect::ApplyDelivery { .. } => EffectResult::DeliveryApplied,
        Effect::RevertDelivery { .. } => EffectResult::DeliveryReverted,
        other => panic!("nobody answers {other:?}"),
    }
}

#[track_caller]
fn leads(came: &str, place: &str) {
    assert!(came.starts_with(place), "{came} instead of {place}");
}

async fn preflight(app: &TestApp) {
    for (choice, place) in [("CONTINUE", "ANALYZING.context"), ("SAFE_MODE", "ANALYZING.context"), ("CANCEL", "FAILED")]
    {
        let play = Play::started(app, &format!("preflight-{}", choice.to_lowercase()), Tier::Pro).await;
        let dirty = |effect: &Effect| {
            matches!(effect, Effect::Preflight).then_some(EffectResult::PreflightDone { dirty: true })
        };
        play.until("ANALYZING.dirty", dirty).await;
        assert_eq!(play.say("/preflight", json!({ "choice": choice })).await, place);
    }
}

async fn agreeing(app: &TestApp) {
    let play = Play::started(app, "agreeing", Tier::Pro).await;
    let unsure = |effect: &Effect| {
        matches!(effect, Effect::BuildContext { .. })
            .then_some(EffectResult::ContextBuilt { tokens: 100, confidence: 30 })
    };
    play.until("WAITING_STRATEGY.choosing", unsure).await;
    assert_eq!(play.say("/proposals/select", json!({ "strategy": "HUGE" })).await, "VALIDATION_FAILED");
    play.say("/proposals/select", json!({ "strategy": "STANDARD" })).await;
    play.until("WAITING_SPEC_APPROVAL", unsure).await;
    let spec = play.get("/spec").await.json();
    assert_eq!((&spec["revision"], &spec["items"][1]["scenario"]["when"]), (&json!(1), &json!("they are added")));
    let item = |id: Value, kind: &str, text: &str| json!({ "id": id, "kind": kind, "text": text });
    let rule = item(json!("R1"), "RULE", "Tests stay sealed.");
    let edit = |token: &Value, items: Vec<Value>| json!({ "revision_token": token, "items": items });
    let (token, stale) = (spec["revision_token"].clone(), json!("00000000000000000000000000000000"));
    let design = item(Value::Null, "SDD", "Keep the old names as aliases.");
    let patch = async |body: Value| play.decide(Method::PATCH, "/spec", Some(body)).await;
    assert_eq!(patch(edit(&stale, vec![rule.clone()])).await, "SPEC_STALE");
    assert_eq!(patch(edit(&token, vec![design.clone()])).await, "VALIDATION_FAILED", "a rule cannot be taken out");
    assert_eq!(patch(edit(&token, vec![rule.clone(), design.clone()])).await, "WAITING_SPEC_APPROVAL");
    assert_eq!(patch(edit(&token, vec![rule, design])).await, "SPEC_STALE", "the next revision is on its way");
    let news = play.get("/news?seen=0").await.json();
    let edited: Value = serde_json::from_str(news["documents"]["spec/2.edited.json"].as_str().unwrap()).unwrap();
    assert_eq!((&edited["based_on"], &edited["items"][1]["origin"]), (&token, &json!("person")));
    play.until("WAITING_SPEC_APPROVAL", unsure).await;
    assert_eq!(play.say("/baseline/mode", json!({ "mode": "ASSERTIONS" })).await, "WAITING_SPEC_APPROVAL");
    assert_eq!(play.say("/spec/approve", json!({ "revision_token": token })).await, "SPEC_STALE");
    let read = play.get("/spec").await.json()["revision_token"].clone();
    assert_eq!(play.say("/spec/approve", json!({ "revision_token": read })).await, "GENERATING_TESTS");
    let revisions = play.get("/spec").await.json()["revisions"].clone();
    let approved: Vec<bool> = revisions.as_array().unwrap().iter().map(|one| one["approved_at"].is_string()).collect();
    assert_eq!(approved, [false, true]);
}

async fn baseline(app: &TestApp) {
    let ran = |passed, failed, uncovered| {
        Some(EffectResult::BaselineDone { outcome: BaselineOutcome::Ran { passed, failed, uncovered } })
    };
    for (path, name) in [("/baseline/quarantine", "quarantine"), ("/baseline/mock", "mock")] {
        let play = Play::started(app, name, Tier::Pro).await;
        play.approved().await;
        let failed = |effect: &Effect| if matches!(effect, Effect::RunBaseline { .. }) { ran(2, 1, 0) } else { None };
        play.until("BASELINE_VALIDATION_FAILED", failed).await;
        let unknown = json!({ "tests": ["tests/test_b.py::test_b"] });
        assert_eq!(play.say(path, unknown).await, "VALIDATION_FAILED");
        let known = json!({ "tests": ["tests/test_a.py::test_a"] });
        assert_eq!(play.say(path, known).await, "BASELINE_VALIDATION.running");
    }
    let play = Play::started(app, "uncovered", Tier::Pro).await;
    let unsure = |effect: &Effect| match effect {
        Effect::BuildContext { .. } => Some(EffectResult::ContextBuilt { tokens: 100, confidence: 30 }),
        Effect::RunBaseline { .. } => ran(2, 0, 4),
        _ => None,
    };
    play.until("WAITING_STRATEGY.choosing", unsure).await;
    play.say("/proposals/select", json!({ "strategy": "CONSERVATIVE" })).await;
    play.until("WAITING_SPEC_APPROVAL", unsure).await;
    play.say("/spec/approve", json!({})).await;
    play.until("BASELINE_VALIDATION.awaiting_ack", unsure).await;
    assert_eq!(play.get("/decisions").await.json()["uncovered"], 4);
    assert_eq!(play.say("/baseline/acknowledge", json!({ "uncovered": 3 })).await, "UNCOVERED_COUNT_MISMATCH");
    leads(&play.say("/baseline/acknowledge", json!({ "uncovered": 4 })).await, "BASELINE_VALIDATION");
}

/// Tests that fail in one way, again and again.
fn alike(effect: &Effect) -> Option<EffectResult> {
    matches!(effect, Effect::RunTests { .. }).then(|| red("aa"))
}

/// Tests that fail in another way each time.
pub(crate) fn each_otherwise() -> impl Fn(&Effect) -> Option<EffectResult> {
    let count = std::cell::Cell::new(16_u32);
    move |effect| {
        let fails = matches!(effect, Effect::RunTests { .. });
        count.set(count.get() + u32::from(fails));
        fails.then(|| red(&format!("{:x}", count.get())))
    }
}

async fn intervention(app: &TestApp) {
    let play = Play::failing(app, "continue", "WAITING_INTERVENTION", alike).await;
    let open = play.get("/decisions").await.json();
    assert!(open["decisions"].as_array().unwrap().contains(&json!("CONTINUE_REPAIR")), "{open}");
    let sealed = json!({ "tests": ["tests/test_a.py::test_a"] });
    assert_eq!(play.say("/baseline/waive", sealed).await, "WAITING_INTERVENTION");
    leads(&play.simply("/intervention/continue").await, "WAITING_ESCALATION_DECISION");
    play.say("/escalation/confirm", json!({ "class": "L2" })).await;
    play.until("WAITING_INTERVENTION", alike).await;
    assert_eq!(play.simply("/intervention/deep-fix").await, "WAITING_INTERVENTION");
    play.until("WAITING_INTERVENTION", alike).await;
    let price = play.get("/decisions").await.json()["price"].clone();
    assert_eq!((&price["id"], &price["class"]), (&json!("q1"), &json!("L3")));
    assert_eq!(play.say("/intervention/deep-fix/confirm", json!({ "quote": "q0" })).await, "QUOTE_MISMATCH");
    leads(&play.say("/intervention/deep-fix/confirm", json!({ "quote": "q1" })).await, "DEEP_FIX_ACTIVE");
    let play = Play::failing(app, "intervene", "WAITING_INTERVENTION", alike).await;
    assert_eq!(play.simply("/intervention/intervene").await, "USER_INTERVENING.idle");
    assert_eq!(play.say("/intervention/command", json!({ "text": "  " })).await, "VALIDATION_FAILED");
    let words = json!({ "text": "keep the old name" });
    leads(&play.say("/intervention/command", words).await, "USER_INTERVENING");
    let seq = play.get("").await.json()["seq"].as_u64().unwrap();
    let news = play.get(&format!("/news?seen={}", seq - 1)).await.json();
    assert_eq!(news["documents"][format!("command-{seq}.txt")], "keep the old name");
    let commanded = |effect: &Effect| match effect {
        Effect::GeneratePatch { mode, .. } if *mode != PatchMode::Command => panic!("the command is carried out"),
        other => alike(other),
    };
    play.until("USER_INTERVENING.idle", commanded).await;
    assert_eq!(play.simply("/intervention/run-tests").await, "USER_INTERVENING.testing");
    play.until("USER_INTERVENING.idle", alike).await;
    leads(&play.simply("/intervention/resume").await, "WAITING_ESCALATION_DECISION");
}

async fn escalation(app: &TestApp) {
    let play = Play::failing(app, "confirm", "WAITING_ESCALATION_DECISION", each_otherwise()).await;
    assert_eq!(play.get("/decisions").await.json()["classes"], json!(["L2"]));
    assert_eq!(play.say("/escalation/confirm", json!({ "class": "L3" })).await, "CLASS_NOT_OFFERED");
    leads(&play.say("/escalation/confirm", json!({ "class": "L2" })).await, "REFACTORING");
    let play = Play::failing(app, "decline", "WAITING_ESCALATION_DECISION", each_otherwise()).await;
    leads(&play.simply("/escalation/decline").await, "RECOVERY_PENDING");
    play.until("FALLBACK_REQUIRED", |_| None).await;
    fallback(app, &play).await;
}

async fn fallback(app: &TestApp, play: &Play<'_>) {
    let view = play.get("/fallback").await.json();
    assert_eq!(
        (&view["reason"], &view["failed_tests"][0]),
        (&json!("ESCALATION_DECLINED"), &json!("tests/test_a.py::test_a"))
    );
    let deep_fix = view["actions"].as_array().unwrap().iter().find(|one| one["action"] == "DEEP_FIX").unwrap();
    assert_eq!((&deep_fix["available"], &deep_fix["requires_confirmation"]), (&json!(true), &json!(true)));
    for action in ["DOWNLOAD_PARTIAL", "REPORT_ISSUE", "DEEP_FIX"] {
        assert_eq!(play.say("/fallback", json!({ "action": action })).await, "FALLBACK_REQUIRED", "{action}");
    }
    assert_eq!(play.say("/fallback", json!({ "action": "EDIT_SPEC" })).await, "WAITING_SPEC_APPROVAL");
    for (action, place) in [("INTERVENE", "USER_INTERVENING"), ("RETRY_STRONGER_MODEL", "REFACTORING")] {
        let name = format!("fallback-{}", action.to_lowercase().replace('_', "-"));
        let play = Play::failing(app, &name, "WAITING_ESCALATION_DECISION", each_otherwise()).await;
        play.simply("/escalation/decline").await;
        play.until("FALLBACK_REQUIRED", |_| None).await;
        let came = play.say("/fallback", json!({ "action": action })).await;
        assert!(came.starts_with(place), "{action} leads to {came}");
    }
}

async fn timeouts(app: &TestApp) {
    let late = |effect: &Effect| {
        matches!(effect, Effect::RunTests { .. }).then_some(EffectResult::TestsRun { outcome: TestOutcome::TimedOut })
    };
    let tests = json!(["tests/test_a.py::test_a"]);
    for (choice, body) in [
        ("increase", json!({ "choice": "INCREASE_TIMEOUT" })),
        ("skip", json!({ "choice": "SKIP_OR_QUARANTINE_TEST", "tests": tests })),
        ("repair", json!({ "choice": "CONTINUE_REPAIR" })),
    ] {
        let play = Play::failing(app, &format!("timeout-{choice}"), "REFACTORING.timed_out", late).await;
        let surplus = json!({ "choice": "INCREASE_TIMEOUT", "tests": tests });
        assert_eq!(play.say("/timeout", surplus).await, "VALIDATION_FAILED");
        let came = play.say("/timeout", body).await;
        assert!(came.starts_with("REFACTORING") && came != "REFACTORING.timed_out", "{choice} leads to {came}");
    }
}

async fn delivery(app: &TestApp) {
    let play = Play::started(app, "delivery", Tier::Pro).await;
    play.approved().await;
    assert_eq!(play.get("/delivery").await.status, StatusCode::NOT_FOUND);
    play.until("DELIVERED.ready", |_| None).await;
    let view = play.get("/delivery").await.json();
    assert_eq!((&view["status"], &view["files"][0]["hunks"][0]["id"]), (&json!("READY"), &json!("a.py#1")));
    let diff = view["diff_url"].as_str().unwrap();
    let saved = app.get(diff, Some(&play.access)).await;
    assert_eq!(
        (saved.text.as_str(), &saved.headers["content-type"]),
        ("--- a.py", &"application/octet-stream".parse().unwrap())
    );
    let listed = play.get("/artifacts").await.json();
    assert!(listed["artifacts"].as_array().unwrap().iter().any(|one| one["name"] == "spec/1.json"), "{listed}");
    assert_eq!(play.say("/delivery/apply", json!({ "hunks": ["a.py#2"] })).await, "VALIDATION_FAILED");
    assert_eq!(play.say("/delivery/apply", json!({ "hunks": ["a.py#1"] })).await, "DELIVERED.busy");
    play.until("DELIVERED.applied", |_| None).await;
    assert_eq!(play.get("/delivery").await.json()["status"], "APPLIED");
    assert_eq!(play.simply("/delivery/revert").await, "DELIVERED.busy");
    play.until("DELIVERED.reverted", |_| None).await;
}

async fn endings(app: &TestApp) {
    let play = Play::started(app, "cancel", Tier::Pro).await;
    assert_eq!(play.decide(Method::DELETE, "", None).await, "FAILED");
    let play = Play::started(app, "terminate", Tier::Pro).await;
    app.pass(time::Duration::seconds(36));
    iama_api::sweeping::sweep(&app.state).await.unwrap();
    assert_eq!(play.simply("/force-terminate").await, "FAILED");
}

#[tokio::test]
async fn every_decision_can_be_taken_by_an_endpoint_of_its_own() {
    let app = TestApp::new().await;
    tokio::join!(
        preflight(&app),
        agreeing(&app),
        baseline(&app),
        intervention(&app),
        escalation(&app),
        timeouts(&app),
        delivery(&app),
    );
    endings(&app).await;
    let seen: Vec<String> = sqlx::query_scalar("SELECT DISTINCT kind FROM job_events")
        .fetch_all(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    let seen: BTreeSet<&str> = seen.iter().map(String::as_str).collect();
    let missing: Vec<&str> = EventKind::ALL
        .iter()
        .filter(|kind| kind.source() == Source::Decision)
        .map(|kind| kind.code())
        .filter(|code| !seen.contains(code))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
    let rows: (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM spec_revisions), (SELECT count(*) FROM bdd_items), (SELECT count(*) FROM test_runs),
             (SELECT count(*) FROM patch_attempts WHERE outcome = 'APPLIED')",
    )
    .fetch_one(&mut *app.db.pool().acquire().await.unwrap())
    .await
    .unwrap();
    assert!(rows.0 > 10 && rows.1 == rows.0 && rows.2 > 20 && rows.3 > 20, "{rows:?}");
    for job in sqlx::query_scalar::<_, Uuid>("SELECT id FROM refactor_jobs")
        .fetch_all(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap()
    {
        let mut connection = app.db.pool().acquire().await.unwrap();
        assert!(journal::is_faithful(&mut connection, job).await.unwrap(), "{job}");
    }
}
