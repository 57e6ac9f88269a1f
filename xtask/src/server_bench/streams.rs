//! Many streams of one job that wait, and an event that reaches all of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::server::Server;
use crate::server_bench::peers::{Peer, Stage, cpu_seconds, resident_mib};

/// Connections that are made at the same time.
const AT_ONCE: usize = 256;
/// How long the streams are left alone.
const IDLE: Duration = Duration::from_secs(20);
/// How long an event may take to reach all before that counts as never.
const PATIENCE: Duration = Duration::from_mins(1);

/// Prints what so many streams cost while nothing happens, and how fast the end of the job is known to all of them.
pub(crate) fn measure(stage: &Stage, streams: usize) -> Result<()> {
    let files = rlimit::increase_nofile_limit(u64::MAX)?;
    ensure!(files > streams as u64 + 100, "{streams} streams need as many open files, and {files} are allowed");
    let server = stage.start(Peer::Iama)?;
    let (job, token) = started(stage, &server)?;
    let bearer = format!("Bearer {token}");
    let process = server.process();
    let before = resident_mib(process)?;
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let readers = runtime.block_on(open(server.port, &job, &bearer, streams))?;
    let (cpu, opened) = (cpu_seconds(process)?, resident_mib(process)?);
    std::thread::sleep(IDLE);
    let idle = (cpu_seconds(process)? - cpu) / IDLE.as_secs_f64();
    let waiting = resident_mib(process)?.max(opened);
    let cpu = cpu_seconds(process)?;
    let took = told(&runtime, readers, &server, &job, &bearer)?;
    let spent = cpu_seconds(process)? - cpu;
    println!("{streams} streams: {waiting:.0} MiB (bar 191), {before:.0} of them before the first");
    println!("  while nothing happens {:.1} % of a core", idle * 100.0);
    println!("  an event reaches all after {:.0} ms (bar 1000), for {:.0} ms of CPU", millis(took), spent * 1000.0);
    println!("  memory afterwards {:.0} MiB", resident_mib(process)?);
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A job of somebody's that was started, and a token of theirs.
fn started(stage: &Stage, server: &Server) -> Result<(String, String)> {
    let row = stage
        .query("SELECT j.id, j.owner_id FROM bench_jobs b JOIN refactor_jobs j ON j.id = b.id ORDER BY n LIMIT 1")?;
    let (job, owner) = row.trim().split_once(' ').context("there is no job")?;
    let token = stage.tokens(&[owner])?.pop().context("there is no token")?;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "start")];
    server.ask_with("POST", &format!("/api/v1/jobs/{job}/start"), &headers, None)?;
    Ok((job.to_owned(), token))
}

/// Streams that are open. Each ends with the moment at which it heard of the job's end.
struct Readers {
    readers: JoinSet<Result<Instant>>,
}

async fn open(port: u16, job: &str, bearer: &str, streams: usize) -> Result<Readers> {
    let request = format!(
        "GET /api/v1/jobs/{job}/logs HTTP/1.1\r\nhost: bench\r\naccept: text/event-stream\r\n\
         authorization: {bearer}\r\nlast-event-id: 2\r\n\r\n"
    );
    let request: Arc<str> = request.into();
    let (opened, mut all) = watch::channel(0);
    let opened = Arc::new(opened);
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    let mut readers = JoinSet::new();
    for _ in 0..streams {
        let (request, opened, at_once) = (Arc::clone(&request), Arc::clone(&opened), Arc::clone(&at_once));
        readers.spawn(async move {
            let turn = at_once.acquire_owned().await?;
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
            stream.write_all(request.as_bytes()).await?;
            read_until(&mut stream, "\r\n\r\n").await?;
            opened.send_modify(|count| *count += 1);
            drop(turn);
            read_until(&mut stream, "event: job_end").await
        });
    }
    tokio::select! {
        waited = all.wait_for(|count| *count == streams) => drop(waited?),
        Some(ended) = readers.join_next() => bail!("a stream ended before all were open: {:?}", ended?.err()),
    }
    Ok(Readers { readers })
}

/// Reads until something has come, and says when.
#[expect(clippy::disallowed_methods, reason = "what is measured is the real time")]
async fn read_until(stream: &mut TcpStream, wanted: &str) -> Result<Instant> {
    let mut text = Vec::new();
    let mut piece = [0; 1024];
    loop {
        let length = stream.read(&mut piece).await?;
        ensure!(length > 0, "the stream ended");
        text.extend_from_slice(&piece[..length]);
        if text.windows(wanted.len()).any(|window| window == wanted.as_bytes()) {
            ensure!(!text.starts_with(b"HTTP/") || text.starts_with(b"HTTP/1.1 200 "), "the stream was refused");
            return Ok(Instant::now());
        }
    }
}

/// Ends the job, and waits until all know it.
#[expect(clippy::disallowed_methods, reason = "what is measured is the real time")]
fn told(runtime: &Runtime, mut readers: Readers, server: &Server, job: &str, bearer: &str) -> Result<Duration> {
    let headers = [("authorization", bearer), ("idempotency-key", "end")];
    let began = Instant::now();
    server.ask_with("DELETE", &format!("/api/v1/jobs/{job}"), &headers, None)?;
    let all = async {
        let mut last = began;
        while let Some(heard) = readers.readers.join_next().await {
            last = last.max(heard??);
        }
        anyhow::Ok(last)
    };
    let last = runtime.block_on(async { tokio::time::timeout(PATIENCE, all).await })??;
    Ok(last.duration_since(began))
}
