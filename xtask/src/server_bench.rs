//! The server under load, beside the same three endpoints in Fastify: same machine, same database, same requests, same run.
//!
//! `bench/fastify` is the peer, `bench/seed.sql` what is in the database, `bench/load.lua` how `wrk` asks.

mod load;
mod peers;
mod streams;

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::server_bench::load::{Asked, Endpoint, Load};
use crate::server_bench::peers::{Peer, Stage};
use crate::tools::{command, output, run as start, works};

/// How long and how much.
#[derive(Args)]
pub(crate) struct Options {
    /// Rounds: in each, both servers are started, asked and stopped; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds for each endpoint of each server in each round
    #[arg(long, default_value_t = 5)]
    seconds: u32,
    /// Connections at a time
    #[arg(long, default_value_t = 32)]
    connections: u32,
    /// Streams that are open at the same time
    #[arg(long, default_value_t = 10_000)]
    streams: usize,
    /// The server to measure; built when none is named
    #[arg(long, value_name = "PROGRAM")]
    server: Option<PathBuf>,
    /// Leave the load out and open streams only
    #[arg(long)]
    streams_only: bool,
}

/// What was measured of one endpoint of one server.
struct Measured {
    peer: Peer,
    asked: Asked,
}

/// Prints throughput, latency, CPU for each request and memory of both servers, and what many open streams cost.
pub(crate) fn run(options: &Options) -> Result<()> {
    wrk()?;
    let starts = if options.streams_only { 0 } else { 2 * options.rounds * (load::STARTS.0 + load::STARTS.1) };
    let jobs = load::BEATING + starts;
    let stage = Stage::prepare(options.server.as_deref(), jobs)?;
    if !options.streams_only {
        let mut load = Load::new(&stage, options.seconds, options.connections)?;
        let mut measured = Vec::new();
        let mut memory = Vec::new();
        for _ in 0..options.rounds {
            for peer in Peer::BOTH {
                let server = stage.start(peer)?;
                for endpoint in Endpoint::ALL {
                    measured.push(Measured { peer, asked: load.ask(&stage, &server, endpoint)? });
                }
                memory.push((peer, peers::resident_mib(server.process())?));
            }
        }
        report(&measured, &memory)?;
        stage.compare_rows()?;
    }
    streams::measure(&stage, options.streams)
}

/// The load generator, installed where that is possible.
fn wrk() -> Result<()> {
    let is_there = || works("which", &["wrk"]);
    if !is_there() {
        output(&mut command("apt-get", &["update", "-qq"])).context("wrk is needed: install it")?;
        start(&mut command("apt-get", &["install", "-y", "-qq", "--no-install-recommends", "wrk"]))?;
    }
    ensure!(is_there(), "wrk was installed and is not there");
    Ok(())
}

fn report(measured: &[Measured], memory: &[(Peer, f64)]) -> Result<()> {
    println!("| | requests/s | p50 ms | p99 ms | server CPU µs/request |");
    println!("| --- | --- | --- | --- | --- |");
    for endpoint in Endpoint::ALL {
        let mut both = Vec::new();
        for peer in Peer::BOTH {
            let of = |value: fn(&Asked) -> f64| {
                let own = measured.iter().filter(|one| one.peer == peer && one.asked.endpoint == endpoint);
                median(own.map(|one| value(&one.asked)).collect())
            };
            let rate = of(|asked| asked.rate)?;
            let cpu = of(|asked| asked.cpu_us)?;
            let (p50, p99) = (of(|asked| asked.p50_ms)?, of(|asked| asked.p99_ms)?);
            println!("| {} {} | {rate:.0} | {p50:.1} | {p99:.1} | {cpu:.0} |", endpoint.shown(), peer.name());
            both.push((rate, cpu));
        }
        let [(own, own_cpu), (other, other_cpu)] = both[..] else { continue };
        println!("| ratio | {:.2} (bar 1) | | | {:.2} (bar 0.5) |", own / other, own_cpu / other_cpu);
    }
    let of = |peer| median(memory.iter().filter(|(known, _)| *known == peer).map(|(_, mib)| *mib).collect());
    let (own, other) = (of(Peer::Iama)?, of(Peer::Fastify)?);
    println!(
        "memory after the load: iama-server {own:.0} MiB, Fastify {other:.0} MiB, ratio {:.2} (bar 0.25)",
        own / other
    );
    Ok(())
}

fn median(mut values: Vec<f64>) -> Result<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().context("nothing was measured")
}
