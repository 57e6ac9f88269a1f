//! A person with a job.

use iama_job::{Decision, Entitlement, Event, ModelClass, Route, Tier};
use iama_store::jobs::{self, NewJob};
use iama_store::journal::{self, Put};
use iama_store::testing::TestDatabase;
use iama_store::users::{self, NewUser};
use sqlx::PgConnection;
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);

/// A person of a tier.
pub(crate) async fn person(connection: &mut PgConnection, email: &str, tier: Tier) -> Uuid {
    let user = NewUser {
        email,
        email_verified: true,
        password_hash: None,
        display_name: "",
        consent: true,
        tier: iama_job::Tier::Free,
    };
    let id = users::create(connection, &user, NOW).await.unwrap();
    sqlx::query("UPDATE subscription_tiers SET tier = $2 WHERE user_id = $1")
        .bind(id)
        .bind(tier.code())
        .execute(connection)
        .await
        .unwrap();
    id
}

/// A job that waits to be started.
pub(crate) async fn job(connection: &mut PgConnection, owner: Uuid) -> Uuid {
    let project = jobs::project(connection, owner, "shop", "python2-3", NOW).await.unwrap();
    let job = NewJob {
        owner,
        project,
        language_pair: "python2-3",
        execution_mode: "LOCAL_NATIVE",
        mode: "PROFESSIONAL",
        pre_authorised: false,
    };
    jobs::create(connection, &job, NOW).await.unwrap()
}

/// The decision that starts a job of a tier, with a model of class L1.
pub(crate) fn start(tier: Tier) -> Event {
    let price = iama_job::policy::billing::Price {
        input_per_mtok: iama_job::MilliCredits::credits(300),
        output_per_mtok: iama_job::MilliCredits::credits(1_500),
    };
    let route = Route { name: "test".into(), price, output_tokens: 1_000 };
    let entitlement = Box::new(Entitlement::for_tier(tier, [(ModelClass::L1, route)].into()));
    Event::Decision(Decision::Start { entitlement })
}

/// Puts an event in a transaction of its own, which is kept only when the event is taken.
pub(crate) async fn put(db: &TestDatabase, job: Uuid, event: Event, now: OffsetDateTime) -> Put {
    let mut transaction = db.begin().await.unwrap();
    let before = journal::lock(&mut transaction, job).await.unwrap().unwrap();
    let put = journal::put(&mut transaction, &before, event, now).await.unwrap();
    if matches!(put, Put::Taken { .. }) {
        transaction.commit().await.unwrap();
    }
    put
}
