//! The exhaustive search of the job machine, with its figures.

use anyhow::{Result, bail};
use iama_job::model::{explore, setups};

/// Searches every setup to its end.
pub(crate) fn run() -> Result<()> {
    let (mut states, mut tried, mut broken) = (0, 0, 0);
    for setup in setups() {
        let found = explore(&setup, usize::MAX, iama_job::step);
        let extent = if found.complete { "complete" } else { "cut off" };
        println!("{:32} {:8} states {:9} events {extent}", setup.name, found.states, found.tried);
        if let Some(promise) = &found.broken {
            println!("    broken: {promise:?}");
            broken += 1;
        }
        states += found.states;
        tried += found.tried;
    }
    println!("{states} states, {tried} events, {broken} broken promises");
    if broken > 0 {
        bail!("the machine breaks a promise");
    }
    Ok(())
}
