//! A breaker for each provider and model: after failures in a row it is left alone for a while, then tried once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row that open a breaker.
const FAILURES: u32 = 5;
/// How long it stays open.
const OPEN: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, Default)]
struct State {
    failures: u32,
    until: Option<Instant>,
}

/// The breakers, by route.
#[derive(Debug, Default)]
pub(crate) struct Breakers {
    states: Mutex<BTreeMap<String, State>>,
}

impl Breakers {
    /// Whether a route may be tried; else in what time. Asking is trying: of an open breaker whose time is up, one caller may.
    pub(crate) fn admit(&self, route: &str, now: Instant) -> Result<(), Duration> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(state) = states.get_mut(route) else { return Ok(()) };
        match state.until {
            Some(until) if now < until => Err(until - now),
            Some(_) => {
                state.until = Some(now + OPEN);
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(crate) fn succeeded(&self, route: &str) {
        self.states.lock().unwrap_or_else(PoisonError::into_inner).remove(route);
    }

    pub(crate) fn failed(&self, route: &str, now: Instant) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.entry(route.to_owned()).or_default();
        state.failures += 1;
        if state.failures >= FAILURES {
            state.until = Some(now + OPEN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_in_a_row_open_it_and_one_call_tries_it_later() {
        let (breakers, start) = (Breakers::default(), Instant::now());
        (0..4).for_each(|_| breakers.failed("a", start));
        assert_eq!(breakers.admit("a", start), Ok(()));
        breakers.failed("a", start);
        assert_eq!(breakers.admit("a", start), Err(OPEN));
        assert_eq!(breakers.admit("b", start), Ok(()));
        let later = start + OPEN;
        assert_eq!([breakers.admit("a", later), breakers.admit("a", later)], [Ok(()), Err(OPEN)]);
        breakers.succeeded("a");
        assert_eq!(breakers.admit("a", later), Ok(()));
    }
}
