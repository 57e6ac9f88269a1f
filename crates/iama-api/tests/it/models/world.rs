//! A server with a provider that the test drives, and somebody with jobs.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use iama_api::settings::HttpSettings;
use iama_job::MilliCredits;
use iama_model::fake::{Fake, Reply, frames};
use iama_store::calls::{self, Taken};
use iama_store::configs;
use iama_store::credits::{self, Account, Kind, Transfer};
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;
use walkdir::WalkDir;

use crate::execution::{Machine, preflight};
use crate::jobs::{person, write};
use crate::support::{NOW, TestApp};

/// A provider's answer.
pub(crate) fn says(text: &str) -> Reply {
    Reply::stream(&frames::openai(&[text], "stop"))
}

/// Two classes of one provider, at a price for a million tokens.
pub(crate) fn table(url: &str, input: f64) -> Value {
    let route = |class: &str, model: &str| json!({ "class": class, "provider": "here", "model": model, "price": { "input": input, "output": 2.0 } });
    let here = json!({ "kind": "openai-compatible", "base-url": format!("{url}/v1") });
    json!({ "route": [route("L1", "scripted"), route("L2", "stronger")], "provider": { "here": here } })
}

/// What a machine wants in the middle of an analysis.
pub(crate) fn call(name: &str, task: &str) -> Value {
    let prompt = json!({ "system": "Rules.", "interfaces": "", "spec": "", "task": task, "again": [] });
    let template = json!({ "name": "analysis/1", "hash": "0".repeat(64) });
    json!({ "outcome": "WANTS", "call": {
        "name": name, "stage": "analysis", "class": "L1", "quote": null, "prompt": prompt, "form": { "form": "text" },
        "template": template, "fingerprint": "f".repeat(64),
    } })
}

pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) provider: Fake,
    pub(crate) access: String,
    pub(crate) user: Uuid,
}

impl World {
    /// A person of a tier, with a thousand credits, and a provider with these answers.
    pub(crate) async fn new(tier: &str, replies: Vec<Reply>) -> Self {
        Self::patient(HttpSettings::default().model_timeout(), tier, replies).await
    }

    /// The same, with another limit to how long a person waits for a model.
    pub(crate) async fn patient(wait: Duration, tier: &str, replies: Vec<Reply>) -> Self {
        let model_timeout_ms = u64::try_from(wait.as_millis()).unwrap();
        Self::over(HttpSettings { model_timeout_ms, ..HttpSettings::default() }, tier, replies).await
    }

    /// The same, with other limits.
    pub(crate) async fn over(http: HttpSettings, tier: &str, replies: Vec<Reply>) -> Self {
        let app = TestApp::with(http).await;
        let provider = Fake::start(replies).await.unwrap();
        let access = person(&app, "a@example.org").await;
        let user: Uuid = sqlx::query_scalar("UPDATE subscription_tiers SET tier = $1 RETURNING user_id")
            .bind(tier)
            .fetch_one(&mut *app.db.pool().acquire().await.unwrap())
            .await
            .unwrap();
        let world = Self { app, provider, access, user };
        world.set(configs::ROUTE_TABLE, table(&world.provider.url(), 1.0)).await;
        world.set("model.here.api_key_ref", json!("file:scripted")).await;
        world.transfer(Account::Granted, Account::Available, 1_000_000).await;
        world
    }

    /// The person cancels the job.
    pub(crate) async fn cancel(&self, machine: &Machine<'_>) {
        let path = format!("/jobs/{}", machine.job);
        let cancelled = write(&self.app, Method::DELETE, &path, &self.access, "cancel", None).await;
        assert_eq!(cancelled.json()["status"], "FAILED", "{}", cancelled.text);
    }

    async fn transfer(&self, from: Account, to: Account, amount: u64) {
        let mut transaction = self.app.db.begin().await.unwrap();
        let key = format!("{from:?}:{amount}");
        let (kind, user, amount) = (Kind::Adjust, self.user, MilliCredits(amount));
        let transfer = Transfer { kind, key: &key, user, job: None, round: None, from, to, amount };
        credits::book(&mut transaction, &transfer, NOW).await.unwrap();
        transaction.commit().await.unwrap();
    }

    /// Takes all credits away but so many.
    pub(crate) async fn leave(&self, rest: u64) {
        let mut connection = self.app.db.pool().acquire().await.unwrap();
        let available = credits::balances(&mut connection, self.user).await.unwrap().available;
        drop(connection);
        self.transfer(Account::Available, Account::Expired, available.0 - rest).await;
    }

    pub(crate) async fn set(&self, key: &str, value: Value) {
        let statement = "INSERT INTO dynamic_configs (key, value, updated_at) VALUES ($1, $2, $3)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = dynamic_configs.version + 1";
        sqlx::query(statement)
            .bind(key)
            .bind(value)
            .bind(NOW)
            .execute(&mut *self.app.db.pool().acquire().await.unwrap())
            .await
            .unwrap();
    }

    /// A job whose machine has claimed the analysis of its scope. Gives the request and the claim.
    pub(crate) async fn at_analysis(&self, key: &str) -> (Machine<'_>, String, Value) {
        let (machine, request, claimed) = self.at_scope(key).await;
        assert_eq!(claimed["order"]["dispatch"]["effect"], json!({ "type": "ANALYSE_SCOPE", "class": "L1" }));
        (machine, request, claimed)
    }

    pub(crate) async fn at_scope(&self, key: &str) -> (Machine<'_>, String, Value) {
        let machine = Machine::with(&self.app, &self.access, key).await;
        let context = json!({ "type": "CONTEXT_BUILT", "tokens": 1000, "confidence": 90 });
        for result in [preflight(false), context] {
            let (request, _) = machine.waiting().await;
            let claimed = machine.claim(&request).await.json();
            let answered = machine.answer(&request, &claimed, result, &[]).await;
            assert_eq!(answered.status, StatusCode::OK, "{}", answered.text);
        }
        let (request, _) = machine.waiting().await;
        let claimed = machine.claim(&request).await.json();
        (machine, request, claimed)
    }

    /// Ends the analysis. Gives the answers that came with the last turn.
    pub(crate) async fn finish_analysis(&self, machine: &Machine<'_>) -> Value {
        let (request, _) = machine.waiting().await;
        let claimed = machine.claim(&request).await.json();
        let result = json!({ "type": "ANALYSIS_DONE", "usage": { "credits": 0 } });
        let answered = machine.answer(&request, &claimed, result, &[]).await;
        assert_eq!(answered.status, StatusCode::OK, "{}", answered.text);
        claimed["order"]["answers"].clone()
    }

    pub(crate) async fn take(&self) -> Option<Taken> {
        let mut transaction = self.app.db.begin().await.unwrap();
        let taken = calls::take(&mut transaction, self.app.state.clock.now()).await.unwrap();
        transaction.commit().await.unwrap();
        taken
    }

    pub(crate) async fn row<T: for<'r> FromRow<'r, PgRow> + Send + Unpin>(&self, statement: &str) -> T {
        sqlx::query_as(AssertSqlSafe(statement.to_owned()))
            .fetch_one(&mut *self.app.db.pool().acquire().await.unwrap())
            .await
            .unwrap()
    }

    /// The effects that models had a part in: their number, and what was paid once they were over.
    pub(crate) async fn ledger(&self) -> Vec<(i32, Option<i64>)> {
        let statement =
            "SELECT attempt_number, actual_mc FROM usage_ledger WHERE actual_mc IS NOT NULL ORDER BY attempt_number";
        sqlx::query_as(statement).fetch_all(&mut *self.app.db.pool().acquire().await.unwrap()).await.unwrap()
    }

    pub(crate) async fn assert_balanced(&self) {
        let mut connection = self.app.db.pool().acquire().await.unwrap();
        assert_eq!(credits::audit(&mut connection).await.unwrap(), [""; 0]);
    }

    /// Every row of every table, as text.
    pub(crate) async fn dump(&self) -> String {
        let tables: Vec<String> =
            sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
                .fetch_all(&mut *self.app.db.pool().acquire().await.unwrap())
                .await
                .unwrap();
        let mut dump = String::new();
        for table in tables {
            let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("SELECT t::text FROM \"{table}\" t")))
                .fetch_all(&mut *self.app.db.pool().acquire().await.unwrap())
                .await
                .unwrap();
            dump.extend(rows);
        }
        dump
    }

    pub(crate) fn objects_contain(&self, text: &str) -> bool {
        let files =
            WalkDir::new(self.app.objects.path()).into_iter().flatten().filter(|entry| entry.file_type().is_file());
        files.into_iter().any(|file| {
            let bytes = std::fs::read(file.path()).unwrap();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    }
}
