//! A start with objects that cannot be used, and a bucket with a host's name of its own.

#[path = "../../../iama-api/tests/it/buckets/peer.rs"]
mod peer;

use std::path::Path;

use iama_api::S3;
use iama_store::testing::database;

use self::peer::{DOMAIN, Peer};
use crate::dev::Server;

/// The settings of a bucket, as variables.
fn settings(place: &S3) -> Vec<(&'static str, &str)> {
    vec![
        ("IAMA_SERVER_OBJECTS__S3__ENDPOINT", &place.endpoint),
        ("IAMA_SERVER_OBJECTS__S3__REGION", &place.region),
        ("IAMA_SERVER_OBJECTS__S3__BUCKET", &place.bucket),
        ("IAMA_SERVER_OBJECTS__S3__PREFIX", &place.prefix),
        ("IAMA_SERVER_OBJECTS__S3__VIRTUAL_HOSTED", if place.virtual_hosted { "true" } else { "false" }),
        ("IAMA_SERVER_OBJECTS__S3__ACCESS_KEY__ENV", "KEY_OF_THE_BUCKET"),
        ("IAMA_SERVER_OBJECTS__S3__SECRET_KEY__ENV", "SECRET_OF_THE_BUCKET"),
        ("KEY_OF_THE_BUCKET", &place.access_key),
        ("SECRET_OF_THE_BUCKET", &place.secret_key),
    ]
}

fn lies_at(folder: &Path, bucket: &str) -> bool {
    folder.join(bucket).join("artifacts/here/iama-database").exists()
}

#[tokio::test]
async fn a_bucket_that_cannot_be_used_ends_a_start_with_a_code_and_a_hint() {
    let Some(peer) = Peer::start().await else { return };
    let (database, folder) = (database().await.unwrap(), tempfile::tempdir_in("/tmp").unwrap());
    let (url, data) = (database.url(), folder.path().join("data"));
    let start = |place: &S3| {
        let variables = [settings(place), vec![("DATABASE_URL", url.as_str())]].concat();
        Server::refused(&data, &variables)
    };
    let told = start(&S3 { secret_key: "another-secret".to_owned(), ..peer.place() });
    assert!(told.contains("OBJECTS_REFUSED") && told.contains("hint: look at objects.s3.access_key"), "{told}");
    assert!(!told.contains("another-secret"), "{told}");
    let told = start(&S3 { bucket: "nobodys".to_owned(), ..peer.place() });
    assert!(told.contains("OBJECTS_MISSING") && told.contains("hint: look at objects.s3.bucket"), "{told}");
}

#[tokio::test]
async fn a_bucket_may_be_a_part_of_its_hosts_name() {
    let Some(peer) = Peer::start().await else { return };
    let (database, folder) = (database().await.unwrap(), tempfile::tempdir_in("/tmp").unwrap());
    let url = database.url();
    let plain = peer.place();
    // Nobody knows names of test domains, so the peer is asked as a proxy is. By the name that the request is for, it takes what stands
    // before its own for the bucket: `iama.s3`, which no other way of asking leads to.
    let place = S3 { endpoint: format!("http://s3.{DOMAIN}"), virtual_hosted: true, ..plain.clone() };
    std::fs::create_dir(peer.folder.path().join("iama.s3")).unwrap();
    let more = [("DATABASE_URL", url.as_str()), ("http_proxy", &plain.endpoint), ("no_proxy", ""), ("NO_PROXY", "")];
    let variables = [settings(&place), more.to_vec()].concat();
    let server = Server::start_with(&folder.path().join("data"), &variables);
    assert!(lies_at(peer.folder.path(), "iama.s3") && !lies_at(peer.folder.path(), "iama"));
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test]
async fn objects_of_another_database_end_a_start() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let data = folder.path().join("data");
    let (first, second) = (database().await.unwrap(), database().await.unwrap());
    assert_eq!(Server::start_on(&data, Some(&first.url())).stop(), Some(0));
    let told = Server::refused(&data, &[("DATABASE_URL", &second.url())]);
    assert!(told.contains("OBJECTS_OF_ANOTHER_DATABASE") && told.contains("hint"), "{told}");
    assert_eq!(Server::start_on(&data, Some(&first.url())).stop(), Some(0), "and nobody else's is changed");
    std::fs::remove_file(data.join("objects/iama-database")).unwrap();
    assert_eq!(Server::start_on(&data, Some(&second.url())).stop(), Some(0), "as the hint says");
}
