//! What no statement can do, whoever writes it.

use iama_job::Tier;
use iama_store::testing::{TestDatabase, database};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::support::{NOW, job, person};

async fn refused(db: &TestDatabase, statement: &str) -> String {
    match sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut *db.pool().acquire().await.unwrap()).await {
        Ok(_) => panic!("accepted: {statement}"),
        Err(error) => error.to_string(),
    }
}

async fn a_job(db: &TestDatabase) -> (Uuid, Uuid) {
    let mut connection = db.pool().acquire().await.unwrap();
    let owner = person(&mut connection, "a@example.org", Tier::Free).await;
    (owner, job(&mut connection, owner).await)
}

#[tokio::test]
async fn every_table_of_the_plan_is_there() {
    let db = database().await.unwrap();
    let wanted = [
        "users",
        "oauth_accounts",
        "subscription_tiers",
        "usage_ledger",
        "quota_reservations",
        "projects",
        "refactor_jobs",
        "job_artifacts",
        "bdd_items",
        "sdd_items",
        "spec_revisions",
        "test_runs",
        "patch_attempts",
        "patch_edit_operations",
        "audit_events",
        "payment_subscriptions",
        "dynamic_configs",
        "support_ticket_logs",
        "client_heartbeat_sessions",
        "billing_checkpoint_records",
        "admin_accounts",
        "admin_sessions",
        "entitlement_snapshots",
        "job_events",
        "execution_requests",
        "outbox",
    ];
    let known: Vec<String> = sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
        .fetch_all(&mut *db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    let missing: Vec<&str> = wanted.into_iter().filter(|table| !known.iter().any(|known| known == table)).collect();
    assert_eq!(missing, [""; 0]);
}

#[tokio::test]
async fn an_artifact_is_sealed_names_its_key_and_expires() {
    let db = database().await.unwrap();
    let (_, job) = a_job(&db).await;
    let row = |encrypted: &str, key: &str, expires: &str| {
        format!(
            "INSERT INTO job_artifacts (id, job_id, kind, encrypted, kms_key_ref, wrapped_key, object_key, size_bytes,
                 sha256, created_at, expires_at)
             VALUES (gen_random_uuid(), '{job}', 'PATCH', {encrypted}, {key}, '', gen_random_uuid(), 1,
                 sha256(''), now(), {expires})"
        )
    };
    let later = "now() + interval '14 days'";
    assert!(refused(&db, &row("false", "'k1'", later)).await.contains("encrypted"));
    assert!(refused(&db, &row("true", "NULL", later)).await.contains("kms_key_ref"));
    assert!(refused(&db, &row("true", "''", later)).await.contains("kms_key_ref"));
    assert!(refused(&db, &row("true", "'k1'", "NULL")).await.contains("expires_at"));
    sqlx::raw_sql(AssertSqlSafe(row("true", "'k1'", later)))
        .execute(&mut *db.pool().acquire().await.unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn the_ledger_has_one_row_for_each_call_and_its_key_says_which() {
    let db = database().await.unwrap();
    let (user, job) = a_job(&db).await;
    let row = |key: &str| {
        format!(
            "INSERT INTO usage_ledger (id, user_id, job_id, round, model_class, attempt_number, idempotency_key,
                 worst_case_mc, created_at)
             VALUES (gen_random_uuid(), '{user}', '{job}', 1, 'L1', 1, '{key}', 5, now())"
        )
    };
    assert!(refused(&db, &row("other")).await.contains("usage_ledger_check"));
    let key = format!("{job}:L1:1");
    sqlx::raw_sql(AssertSqlSafe(row(&key))).execute(&mut *db.pool().acquire().await.unwrap()).await.unwrap();
    assert!(refused(&db, &row(&key)).await.contains("duplicate key"));
}

#[tokio::test]
async fn credits_neither_appear_nor_vanish() {
    let db = database().await.unwrap();
    let (user, _) = a_job(&db).await;
    let statement = format!(
        "BEGIN;
         INSERT INTO credit_accounts (id, user_id, kind) VALUES ('{user}', '{user}', 'AVAILABLE');
         INSERT INTO credit_transactions (id, idempotency_key, kind, user_id, created_at)
             VALUES ('{user}', 'k', 'GRANT', '{user}', now());
         INSERT INTO credit_entries VALUES ('{user}', '{user}', 5);
         COMMIT;"
    );
    assert!(refused(&db, &statement).await.contains("must sum to zero"));
}

#[tokio::test]
async fn a_key_never_comes_into_the_configuration_only_where_it_lies() {
    let db = database().await.unwrap();
    let row = |value: &str| {
        format!(
            "INSERT INTO dynamic_configs (key, value, updated_at) VALUES ('model.l1.api_key_ref', '{value}', now())"
        )
    };
    for raw in [r#""sk-ant-api03-AAAA""#, r#"{"key": "x"}"#, r#""ENV:lower""#] {
        assert!(refused(&db, &row(raw)).await.contains("dynamic_configs"), "{raw}");
    }
    sqlx::raw_sql(AssertSqlSafe(row(r#""env:ANTHROPIC_API_KEY""#)))
        .execute(&mut *db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    let history: i64 = sqlx::query_scalar("SELECT count(*) FROM dynamic_config_history")
        .fetch_one(&mut *db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert_eq!(history, 1);
}

#[tokio::test]
async fn an_administrators_session_lasts_eight_hours_at_most() {
    let db = database().await.unwrap();
    let account = "INSERT INTO admin_accounts (id, email, password_hash, role, created_at)
         VALUES ('00000000-0000-0000-0000-000000000001', 'a@example.org', 'x', 'SUPPORT', now())";
    sqlx::query(account).execute(&mut *db.pool().acquire().await.unwrap()).await.unwrap();
    let row = |hours: u32| {
        format!(
            "INSERT INTO admin_sessions (id, admin_id, token_hash, created_at, expires_at)
             VALUES (gen_random_uuid(), '00000000-0000-0000-0000-000000000001', sha256('{hours}'), now(),
                 now() + interval '{hours} hours')"
        )
    };
    assert!(refused(&db, &row(9)).await.contains("admin_sessions_check"));
    sqlx::raw_sql(AssertSqlSafe(row(8))).execute(&mut *db.pool().acquire().await.unwrap()).await.unwrap();
}

#[tokio::test]
async fn what_is_final_stays() {
    let db = database().await.unwrap();
    let (_, job) = a_job(&db).await;
    let entry = format!(
        "INSERT INTO audit_events (id, actor, action, job_id, created_at)
         VALUES (gen_random_uuid(), 'SYSTEM', 'SOMETHING', '{job}', '{NOW}')"
    );
    sqlx::raw_sql(AssertSqlSafe(entry)).execute(&mut *db.pool().acquire().await.unwrap()).await.unwrap();
    assert!(refused(&db, "UPDATE audit_events SET action = 'OTHER'").await.contains("never changed"));
    assert!(refused(&db, "DELETE FROM audit_events").await.contains("never changed"));
}
