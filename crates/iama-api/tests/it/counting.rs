//! What is counted has happened.

use axum::http::{Method, StatusCode};
use iama_api::{AppState, metering};
use iama_store::Connection;
use metrics_exporter_prometheus::PrometheusBuilder;
use sqlx::AssertSqlSafe;
use time::Duration;

use crate::execution::Machine;
use crate::jobs::write;
use crate::support::TestApp;

/// What a recorder has, of one metric.
fn lines<'a>(told: &'a str, name: &str) -> Vec<&'a str> {
    told.lines().filter(|line| line.starts_with(name)).collect()
}

#[tokio::test]
async fn what_one_server_has_measured_the_others_tell_without_looking() {
    let app = TestApp::new().await;
    let _machine = Machine::at_work(&app).await;
    let measured = async |state: &AppState| {
        let recorder = PrometheusBuilder::new().build_recorder();
        let _counting = metrics::set_default_local_recorder(&recorder);
        metering::measure(state).await.unwrap();
        let told = recorder.handle().render();
        assert_eq!(lines(&told, "iama_db_connections{").len(), 2, "which are its own: {told}");
        lines(&told, "iama_jobs_active{status=\"ANALYZING\"}").first().map(|line| (*line).to_owned())
    };
    let one = Some("iama_jobs_active{status=\"ANALYZING\"} 1".to_owned());
    assert_eq!(measured(&app.state).await, one);
    let mut connection = app.db.pool().acquire().await.unwrap();
    run(&mut connection, "UPDATE refactor_jobs SET status = 'REFACTORING'").await;
    let other = app.beside();
    assert_eq!(measured(&other).await, one, "it was measured a moment ago");
    app.pass(Duration::seconds(10));
    assert_eq!(measured(&other).await, Some("iama_jobs_active{status=\"ANALYZING\"} 0".to_owned()));
    assert_eq!(measured(&app.state).await, Some("iama_jobs_active{status=\"ANALYZING\"} 0".to_owned()));
}

async fn run(connection: &mut Connection, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(connection).await.unwrap();
}

#[tokio::test]
async fn a_round_counts_as_settled_when_its_settlement_lasts() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let told = recorder.handle();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let app = TestApp::new().await;
    let machine = Machine::at_work(&app).await;
    let cancel = async |key: &str| {
        let path = format!("/jobs/{}", machine.job);
        write(&app, Method::DELETE, &path, &machine.access, key, None).await.status
    };
    let mut connection = app.db.pool().acquire().await.unwrap();
    let no = "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'";
    run(&mut connection, no).await;
    let late = "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON round_settlements DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION no()";
    run(&mut connection, late).await;
    assert_eq!(cancel("1").await, StatusCode::INTERNAL_SERVER_ERROR, "it fails when it is to last");
    assert!(!told.render().contains("iama_rounds_settled_total"), "{}", told.render());
    run(&mut connection, "DROP TRIGGER late ON round_settlements").await;
    assert_eq!(cancel("2").await, StatusCode::OK);
    let counted = told.render();
    let settled = lines(&counted, "iama_rounds_settled_total{");
    assert!(matches!(settled[..], [one] if one.ends_with(" 1")), "{counted}");
}
