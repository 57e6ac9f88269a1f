//! What is counted has happened.

use axum::http::{Method, StatusCode};
use iama_store::Connection;
use metrics_exporter_prometheus::PrometheusBuilder;
use sqlx::AssertSqlSafe;

use crate::execution::Machine;
use crate::jobs::write;
use crate::support::TestApp;

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
    let settled: Vec<&str> = counted.lines().filter(|line| line.starts_with("iama_rounds_settled_total{")).collect();
    assert!(matches!(settled[..], [one] if one.ends_with(" 1")), "{counted}");
}
