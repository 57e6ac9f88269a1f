//! Housekeeping: one server does it for all.

use futures_util::future::join_all;
use iama_store::chores::take;
use iama_store::testing::database;
use time::Duration;

use crate::support::NOW;

const EVERY: Duration = Duration::hours(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_chore_is_taken_by_one_of_many_each_time_that_it_is_due() {
    let db = database().await.unwrap();
    let Some(pooled) = db.through_pgbouncer(20).await.unwrap() else {
        eprintln!("not run: there is no PgBouncer of 1.21 or newer (cargo xtask setup builds one)");
        return;
    };
    for (later, wanted) in [(0, 1), (59, 0), (60, 1), (119, 0), (120, 1)] {
        let now = NOW + Duration::minutes(later);
        let all = (0..20).map(async |_| take(&mut pooled.pool().acquire().await.unwrap(), "list", EVERY, now).await);
        let taken = join_all(all).await.into_iter().filter(|taken| *taken.as_ref().unwrap()).count();
        assert_eq!(taken, wanted, "after {later} minutes");
    }
    assert!(take(&mut pooled.pool().acquire().await.unwrap(), "another", EVERY, NOW).await.unwrap());
}

#[tokio::test]
async fn a_clock_that_was_wrong_keeps_nobody_from_a_chore() {
    let db = database().await.unwrap();
    let mut connection = db.pool().acquire().await.unwrap();
    assert!(take(&mut connection, "list", EVERY, NOW + Duration::days(365)).await.unwrap());
    assert!(take(&mut connection, "list", EVERY, NOW).await.unwrap());
    assert!(
        !take(&mut connection, "list", EVERY, NOW - Duration::minutes(30)).await.unwrap(),
        "clocks differ a little"
    );
}
