//! An exhaustive search over everything that can happen to a job, with the promises of the design held against every
//! transition. `cargo xtask job-model` runs it whole; the default tests run it as far as seconds allow.
//!
//! What is searched is an abstraction: two jobs that differ only in names, amounts, times and round numbers are one.
//! Nothing in the rules depends on those, except guards that have tests of their own (limits, named tests, counts).

mod promises;
mod world;

use crate::event::{Event, EventKind};
use crate::ids::Timestamp;
use crate::job::Job;
use crate::outcome::Outcome;
use crate::place::Place;
use crate::table;
pub use promises::Promise;
use promises::Witness;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::fmt;
use std::hash::{Hash, Hasher};
pub use world::{Setup, setups};

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Different jobs met.
    pub states: usize,
    /// Events tried.
    pub tried: usize,
    /// Whether the search came to its end rather than to its limit.
    pub complete: bool,
    /// The moves that were made.
    pub edges: BTreeSet<(Place, EventKind, Place)>,
    /// The first job met in each place.
    pub samples: BTreeMap<Place, Job>,
    /// The first broken promise, if any.
    pub broken: Option<Broken>,
}

/// A promise that was broken, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub promise: Promise,
    /// The way there: where, what.
    pub path: Vec<(Place, EventKind)>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} is broken by:", self.promise)?;
        self.path.iter().try_for_each(|(place, event)| writeln!(f, "  {place}: {event}"))
    }
}

/// A job on the way, with what a witness saw of it.
struct Node {
    job: Job,
    witness: Witness,
    index: usize,
}

struct Search {
    report: Report,
    seen: HashSet<u128>,
    queue: VecDeque<Node>,
    /// How each state was reached first: from which one, by what.
    parents: Vec<(usize, Place, EventKind)>,
}

/// Searches everything that `setup` allows under the rules `step`, up to `limit` states.
pub fn explore(setup: &Setup, limit: usize, step: impl Fn(&Job, &Event, Timestamp) -> Outcome) -> Report {
    let mut search =
        Search { report: Report::default(), seen: HashSet::new(), queue: VecDeque::new(), parents: Vec::new() };
    search.meet(Job::new("job".into()), Witness::default(), 0, Place::Pending, EventKind::Start);
    while let Some(node) = search.queue.pop_front() {
        if search.parents.len() >= limit {
            return search.finish(false);
        }
        if search.expand(&node, setup, &step).is_err() {
            return search.finish(false);
        }
    }
    search.finish(true)
}

impl Search {
    fn expand(
        &mut self,
        node: &Node,
        setup: &Setup,
        step: &impl Fn(&Job, &Event, Timestamp) -> Outcome,
    ) -> Result<(), ()> {
        let from = node.job.state.place();
        let mut accepted = 0;
        for event in table::moves(from).flat_map(|found| world::events(&node.job, found.on, setup)) {
            self.report.tried += 1;
            let now = node.job.deadline.map_or(Timestamp(0), |deadline| deadline.at);
            let Outcome::Next { job, effects } = step(&node.job, &event, now) else { continue };
            accepted += 1;
            self.report.edges.insert((from, event.kind(), job.state.place()));
            match node.witness.sees(&node.job, &event, &job, &effects) {
                Ok(witness) => self.meet(*job, witness, node.index, from, event.kind()),
                Err(promise) => return self.broken(promise, node.index, Some((from, event.kind()))),
            }
        }
        match promises::at_rest(&node.job, accepted) {
            Some(promise) => self.broken(promise, node.index, None),
            None => Ok(()),
        }
    }

    fn meet(&mut self, job: Job, witness: Witness, parent: usize, from: Place, by: EventKind) {
        if self.seen.insert(key(&job, &witness)) {
            let index = self.parents.len();
            self.parents.push((parent, from, by));
            self.report.samples.entry(job.state.place()).or_insert_with(|| job.clone());
            self.queue.push_back(Node { job, witness, index });
        }
    }

    fn broken(&mut self, promise: Promise, at: usize, last: Option<(Place, EventKind)>) -> Result<(), ()> {
        let mut path: Vec<(Place, EventKind)> = last.into_iter().collect();
        let mut index = at;
        while index > 0 {
            let (parent, place, event) = self.parents[index];
            path.push((place, event));
            index = parent;
        }
        path.reverse();
        self.report.broken = Some(Broken { promise, path });
        Err(())
    }

    fn finish(mut self, complete: bool) -> Report {
        self.report.states = self.parents.len();
        self.report.complete = complete;
        self.report
    }
}

/// The identity of a job in the search: 128 bits, so that a collision is not to be expected in any search.
fn key(job: &Job, witness: &Witness) -> u128 {
    let half = |salt: u64| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        witness.hash(&mut hasher);
        hash_job(job, &mut hasher);
        u128::from(hasher.finish())
    };
    (half(1) << 64) | half(2)
}

/// Hashes what the rules depend on.
fn hash_job(job: &Job, hasher: &mut impl Hasher) {
    job.state.hash(hasher);
    let counters = &job.counters;
    (counters.attempt, counters.streak, &counters.fingerprint, counters.class).hash(hasher);
    (counters.quote.is_some(), counters.deep_fix_used, counters.round > 0).hash(hasher);
    (job.billing.past_checkpoint, job.billing.settled).hash(hasher);
    for entry in &job.in_flight {
        std::mem::discriminant(&entry.dispatch.effect).hash(hasher);
    }
    job.deadline.map(|deadline| deadline.kind).hash(hasher);
    if !job.tests.sealed {
        job.scope.map(|scope| scope.baseline).hash(hasher);
    }
    (job.spec_revision > 0, job.tests.sealed, job.trial_gate, job.workspace_touched).hash(hasher);
    (job.restore_owed, job.partial.is_some(), job.command.is_some()).hash(hasher);
    (job.complex_delivery, job.reverse_patch.is_some()).hash(hasher);
}

#[cfg(test)]
mod tests;
