//! Sealed artifacts in a bucket of a strict peer, and objects that nobody's row names.

mod peer;

use axum::http::StatusCode;
use iama_api::{ObjectError, Objects, S3, sweeping};
use iama_store::identity;
use time::Duration;
use uuid::Uuid;
use walkdir::WalkDir;

use self::peer::{BUCKET, Peer};
use crate::execution::{Machine, preflight};
use crate::support::TestApp;

/// The object that says which database the others belong to.
const OWNER: &str = "iama-database";

const TEXT: &str = "def price(self): return self.net * 1.19";

/// The files of a folder that hold objects.
fn objects(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let files = WalkDir::new(folder).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    let named = files.map(walkdir::DirEntry::into_path);
    // The peer keeps notes of its own beside them, and one says whose they are.
    let is_object = |name: &str| !name.starts_with('.') && name != OWNER;
    named.filter(|path| path.file_name().is_some_and(|name| is_object(&name.to_string_lossy()))).collect()
}

#[tokio::test]
async fn what_is_put_into_a_bucket_is_there_until_it_is_deleted() {
    let Some(peer) = Peer::start().await else { return };
    let bucket = Objects::s3(&peer.place()).unwrap();
    bucket.check().await.unwrap();
    let large: Vec<u8> = (0..48_u32 << 20).map(|at| u8::try_from(at % 251).unwrap()).collect();
    for (key, bytes) in [("a/small", b"sealed".to_vec()), ("a/empty", Vec::new()), ("a/large", large)] {
        bucket.put(key, bytes.clone()).await.unwrap();
        assert!(bucket.get(key).await.unwrap() == bytes, "{key}");
    }
    assert_eq!(objects(&peer.folder.path().join(BUCKET).join("artifacts/here/a")).len(), 3, "below the prefix");
    bucket.put("a/small", b"another".to_vec()).await.unwrap();
    assert_eq!(bucket.get("a/small").await.unwrap(), b"another");
    for key in ["a/small", "a/empty", "a/large", "a/large"] {
        bucket.delete(key).await.unwrap();
        assert!(matches!(bucket.get(key).await, Err(ObjectError::Missing(_))), "{key}");
    }
    assert_eq!(objects(&peer.folder.path().join(BUCKET)), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn a_wrong_secret_and_a_bucket_that_is_not_there_are_told_apart() {
    let Some(mut peer) = Peer::start().await else { return };
    let check = async |place: S3| Objects::s3(&place).unwrap().check().await;
    check(peer.place()).await.unwrap();
    let wrong = S3 { secret_key: "another".to_owned(), ..peer.place() };
    assert!(matches!(check(wrong.clone()).await, Err(ObjectError::Refused(_))));
    let put = Objects::s3(&wrong).unwrap().put("a/b", b"x".to_vec()).await;
    assert!(matches!(put, Err(ObjectError::Refused(_))), "{put:?}");
    let stranger = S3 { access_key: "AKIANOBODY".to_owned(), ..peer.place() };
    assert!(matches!(check(stranger).await, Err(ObjectError::Refused(_))));
    let nowhere = S3 { bucket: "nobodys".to_owned(), ..peer.place() };
    assert!(matches!(check(nowhere).await, Err(ObjectError::Missing(_))));
    peer.end();
    assert!(matches!(check(peer.place()).await, Err(ObjectError::Away(_))));
    let told = format!("{:?}", peer.place());
    assert!(!told.contains("secret-of-the-peer") && told.contains(BUCKET), "{told}");
}

#[tokio::test]
async fn while_the_bucket_is_away_nothing_is_lost() {
    let Some(mut peer) = Peer::start().await else { return };
    let app = TestApp::with_objects(Objects::s3(&peer.place()).unwrap()).await;
    let machine = Machine::at_work(&app).await;
    let (request, _) = machine.waiting().await;
    let claimed = machine.claim(&request).await.json();
    let documents = [("patch.diff", TEXT)];
    peer.end();
    let away = machine.answer(&request, &claimed, preflight(false), &documents).await;
    assert_eq!(away.error(), (503, "UNAVAILABLE".to_owned()));
    assert_eq!(away.headers["retry-after"], "5");
    assert_eq!(machine.get("").await["seq"], 1, "the job stands where it stood");
    peer.again().await;
    let answered = machine.answer(&request, &claimed, preflight(false), &documents).await;
    assert_eq!(answered.json()["place"], "ANALYZING.context", "{}", answered.text);
    peer.end();
    let path = format!("/api/v1/jobs/{}/artifacts/{}", machine.job, artifact(&app).await);
    assert_eq!(app.get(&path, Some(&machine.access)).await.error(), (503, "UNAVAILABLE".to_owned()));
    peer.again().await;
    assert_eq!(app.get(&path, Some(&machine.access)).await.text, TEXT);
}

async fn artifact(app: &TestApp) -> Uuid {
    sqlx::query_scalar("SELECT id FROM job_artifacts")
        .fetch_one(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn in_a_bucket_lies_nothing_in_the_clear_and_after_its_time_nothing() {
    let Some(peer) = Peer::start().await else { return };
    let app = TestApp::with_objects(Objects::s3(&peer.place()).unwrap()).await;
    let machine = Machine::at_work(&app).await;
    let (request, _) = machine.waiting().await;
    let claimed = machine.claim(&request).await.json();
    machine.answer(&request, &claimed, preflight(false), &[("patch.diff", TEXT)]).await;
    let [object] = &objects(peer.folder.path())[..] else { panic!("one object") };
    let bytes = std::fs::read(object).unwrap();
    assert!(bytes.len() > TEXT.len() && !bytes.windows(9).any(|window| window == b"def price"));
    let path = format!("/api/v1/jobs/{}/artifacts/{}", machine.job, artifact(&app).await);
    assert_eq!(app.get(&path, Some(&machine.access)).await.text, TEXT);
    let changed: Vec<u8> = bytes.iter().rev().copied().collect();
    std::fs::write(object, changed).unwrap();
    let damaged = app.get(&path, Some(&machine.access)).await;
    assert_eq!(damaged.error(), (500, "INTERNAL".to_owned()));
    app.pass(Duration::days(14));
    sweeping::tidy(&app.state).await.unwrap();
    assert!(objects(peer.folder.path()).is_empty());
    let (rows, gone): (i64, i64) = sqlx::query_as("SELECT count(*), count(deleted_at) FROM job_artifacts")
        .fetch_one(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert_eq!((rows, gone), (1, 1), "the row stays");
}

#[tokio::test]
async fn an_object_whose_row_was_rolled_back_is_deleted_and_no_other() {
    let app = TestApp::new().await;
    let machine = Machine::at_work(&app).await;
    let (request, _) = machine.waiting().await;
    let claimed = machine.claim(&request).await.json();
    machine.answer(&request, &claimed, preflight(false), &[("patch.diff", TEXT)]).await;
    let own = objects(app.objects.path());
    let orphan = format!("{}/{}", Uuid::now_v7(), Uuid::now_v7());
    for key in [orphan.as_str(), "notes/of-somebody-else.txt"] {
        app.state.objects.put(key, b"sealed".to_vec()).await.unwrap();
    }
    assert_eq!((own.len(), objects(app.objects.path()).len()), (1, 3));
    // The files are as old as this machine's clock says, which the test's clock follows far behind or far ahead.
    app.pass(Duration::days(-36_500));
    assert_eq!(sweeping::sweep_orphans(&app.state).await.unwrap(), 0, "a transaction may be at work for it still");
    app.pass(Duration::days(2 * 36_500));
    assert_eq!(sweeping::sweep_orphans(&app.state).await.unwrap(), 1);
    assert!(matches!(app.state.objects.get(&orphan).await, Err(ObjectError::Missing(_))));
    let left = objects(app.objects.path());
    assert!(left.len() == 2 && left.contains(&own[0]), "{left:?}");
}

/// A place that two databases want is the first one's, and the second deletes nothing there.
async fn belongs_to_the_first(place: Objects) {
    let (first, second) = (TestApp::with_objects(place.clone()).await, TestApp::with_objects(place.clone()).await);
    let name = async |app: &TestApp| identity::of(&mut app.db.pool().acquire().await.unwrap()).await.unwrap();
    let (own, other) = (name(&first).await, name(&second).await);
    assert_eq!((own, own == other), (name(&first).await, false), "a database keeps its name");
    place.claim(own).await.unwrap();
    place.claim(own).await.unwrap();
    let refused = place.claim(other).await.unwrap_err();
    assert_eq!(refused.code(), "OBJECTS_OF_ANOTHER_DATABASE");
    assert!(refused.to_string().contains(&own.to_string()) && refused.hint().contains(OWNER), "{refused}");
    let object = format!("{}/{}", Uuid::now_v7(), Uuid::now_v7());
    place.put(&object, b"sealed".to_vec()).await.unwrap();
    first.pass(Duration::days(36_500));
    second.pass(Duration::days(36_500));
    assert_eq!(sweeping::sweep_orphans(&second.state).await.unwrap_err().code(), "INTERNAL");
    assert_eq!(place.get(&object).await.unwrap(), b"sealed", "which has no row there");
    assert_eq!(sweeping::sweep_orphans(&first.state).await.unwrap(), 1);
    assert_eq!(place.get(OWNER).await.unwrap(), own.to_string().as_bytes(), "however old it is");
    place.delete(OWNER).await.unwrap();
    place.claim(other).await.unwrap();
    assert!(matches!(place.claim(own).await, Err(ObjectError::Anothers { .. })));
}

#[tokio::test]
async fn a_folder_belongs_to_one_database() {
    let folder = tempfile::tempdir().unwrap();
    belongs_to_the_first(Objects::folder(folder.path()).unwrap()).await;
}

#[tokio::test]
async fn a_bucket_belongs_to_one_database_below_each_prefix() {
    let Some(peer) = Peer::start().await else { return };
    let elsewhere = Objects::s3(&S3 { prefix: "artifacts/there".to_owned(), ..peer.place() }).unwrap();
    elsewhere.claim(Uuid::now_v7()).await.unwrap();
    belongs_to_the_first(Objects::s3(&peer.place()).unwrap()).await;
}

#[tokio::test]
async fn of_two_servers_one_keeps_house() {
    let app = TestApp::new().await;
    let other = app.beside();
    // The files are as old as this machine's clock says.
    app.pass(Duration::days(36_500));
    let orphan = || format!("{}/{}", Uuid::now_v7(), Uuid::now_v7());
    let both = async || {
        let (one, two) = tokio::join!(sweeping::keep_house(&app.state), sweeping::keep_house(&other));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert!(!(one.tidied && two.tidied) && (one.orphans.is_none() || two.orphans.is_none()), "{one:?} {two:?}");
        (one.tidied || two.tidied, one.orphans.or(two.orphans))
    };
    for (minutes, done) in [(0, (true, Some(1))), (9, (false, None)), (1, (true, None)), (50, (true, Some(1)))] {
        app.pass(Duration::minutes(minutes));
        if done.1.is_some() {
            app.state.objects.put(&orphan(), b"sealed".to_vec()).await.unwrap();
        }
        assert_eq!(both().await, done, "{minutes} minutes later");
    }
}

#[tokio::test]
async fn an_answer_that_is_refused_leaves_an_object_and_the_sweeper_takes_it() {
    let app = TestApp::new().await;
    let machine = Machine::at_work(&app).await;
    let (request, _) = machine.waiting().await;
    let claimed = machine.claim(&request).await.json();
    sqlx::query("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'")
        .execute(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    sqlx::query("CREATE CONSTRAINT TRIGGER late AFTER INSERT ON job_artifacts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no()")
        .execute(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    let failed = machine.answer(&request, &claimed, preflight(false), &[("patch.diff", TEXT)]).await;
    assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR, "{}", failed.text);
    assert_eq!(objects(app.objects.path()).len(), 1, "written before the row");
    app.pass(Duration::days(36_500));
    assert_eq!(sweeping::sweep_orphans(&app.state).await.unwrap(), 1);
    assert_eq!(objects(app.objects.path()).len(), 0);
}
