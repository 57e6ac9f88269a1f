//! Leases of requests to the executor.

use iama_job::Tier;
use iama_store::requests::{self, Answered, LEASE, Lost, Status};
use iama_store::testing::{TestDatabase, database};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::support::{NOW, job, person, put, start};

struct Offered {
    db: TestDatabase,
    job: Uuid,
    request: Uuid,
    clients: [Uuid; 2],
}

async fn offered() -> Offered {
    let db = database().await.unwrap();
    let mut connection = db.pool().acquire().await.unwrap();
    let owner = person(&mut connection, "a@example.org", Tier::Free).await;
    let job = job(&mut connection, owner).await;
    put(&db, job, start(Tier::Free), NOW).await;
    let request = requests::waiting(&mut connection, job).await.unwrap()[0].id;
    let clients =
        [client(&mut connection, job, owner, "CLOSED").await, client(&mut connection, job, owner, "ACTIVE").await];
    drop(connection);
    Offered { db, job, request, clients }
}

async fn client(connection: &mut PgConnection, job: Uuid, user: Uuid, status: &str) -> Uuid {
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO client_heartbeat_sessions (id, job_id, user_id, client, status, last_seen_at, created_at)
         VALUES ($1, $2, $3, 'test', $4, $5, $5)",
    )
    .bind(id)
    .bind(job)
    .bind(user)
    .bind(status)
    .bind(NOW)
    .execute(connection)
    .await
    .unwrap();
    id
}

#[tokio::test]
async fn one_client_works_on_a_request_until_its_lease_runs_out() {
    let Offered { db, job, request, clients: [one, other] } = offered().await;
    let mut connection = db.pool().acquire().await.unwrap();
    let first = requests::claim(&mut connection, job, request, one, NOW).await.unwrap();
    assert_eq!(first, Ok(1));
    assert_eq!(requests::claim(&mut connection, job, request, other, NOW).await.unwrap(), Err(Lost::Taken));
    let later = NOW + LEASE;
    assert_eq!(requests::claim(&mut connection, job, request, other, later).await.unwrap(), Ok(2));
    assert_eq!(requests::renew(&mut connection, job, request, 1, later).await.unwrap(), Err(Lost::Taken));
    assert_eq!(requests::renew(&mut connection, job, request, 2, later).await.unwrap(), Ok(later + LEASE));
}

#[tokio::test]
async fn an_answer_counts_once_and_under_the_last_claim_only() {
    let Offered { db, job, request, clients: [one, other] } = offered().await;
    let mut connection = db.pool().acquire().await.unwrap();
    requests::claim(&mut connection, job, request, one, NOW).await.unwrap().unwrap();
    let token = requests::claim(&mut connection, job, request, other, NOW + LEASE).await.unwrap().unwrap();
    let (mine, theirs) = (json!({ "dirty": false }), json!({ "dirty": true }));
    let late = requests::answer(&mut connection, job, request, 1, &theirs, NOW).await.unwrap();
    assert_eq!(late, Answered::Lost(Lost::Taken));
    let first = requests::answer(&mut connection, job, request, token, &mine, NOW).await.unwrap();
    assert_eq!(first, Answered::First);
    let again = requests::answer(&mut connection, job, request, token, &mine, NOW).await.unwrap();
    assert_eq!(again, Answered::Again);
    let otherwise = requests::answer(&mut connection, job, request, token, &theirs, NOW).await.unwrap();
    assert_eq!(otherwise, Answered::Lost(Lost::Answered));
}

#[tokio::test]
async fn a_claim_that_ran_out_is_offered_again() {
    let Offered { db, job, request, clients: [one, _] } = offered().await;
    let mut connection = db.pool().acquire().await.unwrap();
    requests::claim(&mut connection, job, request, one, NOW).await.unwrap().unwrap();
    assert_eq!(requests::sweep(&mut connection, NOW).await.unwrap(), []);
    assert_eq!(requests::sweep(&mut connection, NOW + LEASE).await.unwrap(), [(job, request)]);
    let known = requests::get(&mut connection, job, request).await.unwrap().unwrap();
    assert_eq!((known.status, known.claimed_by), (Status::Open, None));
    let late = requests::answer(&mut connection, job, request, 1, &json!({}), NOW + LEASE).await.unwrap();
    assert_eq!(late, Answered::First, "nobody else has claimed it since");
}
