//! Events of jobs.

use iama_job::{Decision, EffectResult, Event, JobId, RefusalCode, Stale, Tier};
use iama_store::journal::{self, Put};
use iama_store::testing::{TestDatabase, database};
use iama_store::{requests, stream, timers};
use time::Duration;

use crate::support::{NOW, job, person, put, start};

async fn started(db: &TestDatabase) -> uuid::Uuid {
    let mut connection = db.pool().acquire().await.unwrap();
    let owner = person(&mut connection, "a@example.org", Tier::Free).await;
    let job = job(&mut connection, owner).await;
    assert!(matches!(put(db, job, start(Tier::Free), NOW).await, Put::Taken { .. }));
    job
}

#[tokio::test]
async fn a_started_job_asks_the_executor_and_says_so_on_its_stream() {
    let db = database().await.unwrap();
    let job = started(&db).await;
    let mut connection = db.pool().acquire().await.unwrap();
    let waiting = requests::waiting(&mut connection, job).await.unwrap();
    assert_eq!(waiting.iter().map(|request| request.kind.as_str()).collect::<Vec<_>>(), ["PREFLIGHT"]);
    let told = stream::after(&mut connection, job, 0, 10).await.unwrap();
    let told: Vec<(i64, &str)> = told.iter().map(|told| (told.id, told.event.as_str())).collect();
    assert_eq!(told, [(1, "state_change"), (2, "execution_request")]);
    let row: (String, String, i64) = sqlx::query_as("SELECT status, place, seq FROM refactor_jobs WHERE id = $1")
        .bind(job)
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    assert_eq!(row, ("ANALYZING".to_owned(), "ANALYZING.preflight".to_owned(), 1));
}

#[tokio::test]
async fn the_snapshot_is_what_the_events_fold_to() {
    let db = database().await.unwrap();
    let job = started(&db).await;
    let mut connection = db.pool().acquire().await.unwrap();
    let effect = requests::waiting(&mut connection, job).await.unwrap()[0].dispatch.id.clone();
    let done = Event::Result { effect, result: EffectResult::PreflightDone { dirty: true } };
    assert!(matches!(put(&db, job, done, NOW).await, Put::Taken { .. }));
    assert!(journal::is_faithful(&mut connection, job).await.unwrap());
    assert_eq!(journal::records_after(&mut connection, job, 1).await.unwrap().len(), 1);
    sqlx::query("UPDATE refactor_jobs SET snapshot = jsonb_set(snapshot, '{safe_mode}', 'true') WHERE id = $1")
        .bind(job)
        .execute(&mut *connection)
        .await
        .unwrap();
    assert!(!journal::is_faithful(&mut connection, job).await.unwrap());
}

#[tokio::test]
async fn what_a_job_refuses_or_ignores_leaves_no_trace() {
    let db = database().await.unwrap();
    let job = started(&db).await;
    let refused = put(&db, job, Event::Decision(Decision::ApproveSpec), NOW).await;
    assert!(matches!(refused, Put::Refused(refusal) if refusal.code == RefusalCode::StillWorking
        || refusal.code == RefusalCode::NotHere));
    let effect = iama_job::EffectId { job: JobId(job.to_string()), seq: 9, index: 0 };
    let late = Event::Result { effect, result: EffectResult::TestsSealed };
    assert_eq!(put(&db, job, late, NOW).await, Put::Ignored(Stale::Result));
    let mut connection = db.pool().acquire().await.unwrap();
    assert_eq!(journal::records_after(&mut connection, job, 0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_two_events_at_once_one_is_put_after_the_other() {
    let db = database().await.unwrap();
    let mut connection = db.pool().acquire().await.unwrap();
    let owner = person(&mut connection, "a@example.org", Tier::Free).await;
    let job = job(&mut connection, owner).await;
    let starts = (0..5).map(|_| put(&db, job, start(Tier::Free), NOW));
    let mut taken = 0;
    for put in futures_util::future::join_all(starts).await {
        match put {
            Put::Taken { .. } => taken += 1,
            Put::Refused(refusal) => assert_eq!(refusal.code, RefusalCode::AlreadyStarted),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn a_dirty_workspace_arms_a_timer_that_fires_when_it_is_due() {
    let db = database().await.unwrap();
    let job = started(&db).await;
    let mut connection = db.pool().acquire().await.unwrap();
    let effect = requests::waiting(&mut connection, job).await.unwrap()[0].dispatch.id.clone();
    let dirty = Event::Result { effect, result: EffectResult::PreflightDone { dirty: true } };
    put(&db, job, dirty, NOW).await;
    assert_eq!(timers::due(&mut connection, NOW + Duration::days(13), 10).await.unwrap(), []);
    let due = timers::due(&mut connection, NOW + Duration::days(14), 10).await.unwrap();
    assert_eq!(due.iter().map(|due| due.job).collect::<Vec<_>>(), [job]);
}

#[tokio::test]
async fn records_are_never_changed() {
    let db = database().await.unwrap();
    let job = started(&db).await;
    for statement in ["UPDATE job_events SET kind = 'X' WHERE job_id = $1", "DELETE FROM job_events WHERE job_id = $1"]
    {
        let error =
            sqlx::query(statement).bind(job).execute(&mut *db.pool().acquire().await.unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("never changed"), "{error}");
    }
}
