//! How long a round goes on by itself.

use crate::fingerprint::Fingerprint;
use crate::ids::QuoteId;
use crate::policy::waterfall::ModelClass;
use serde::{Deserialize, Serialize};

/// Attempts of a round, attempt 0 (or the deep fix that opens a round in its stead) included.
pub const ATTEMPTS_A_ROUND: u8 = 10;

/// Identical failures in a row that stop the loop and call a person.
pub const IDENTICAL_FAILURES: u8 = 3;

/// How far a person can stretch the time limits of tests, by doubling.
pub const TIME_FACTOR_LIMIT: u32 = 8;

/// What a round has used up. Only a person's decision makes a new one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Counters {
    /// The round, from 1; 0 before the start.
    pub round: u32,
    /// The attempt at work, or the last one (0 to 9).
    pub attempt: u8,
    /// Identical failures in a row.
    pub streak: u8,
    /// What the last counted failure looked like.
    pub fingerprint: Option<Fingerprint>,
    /// Who works on the attempt.
    pub class: ModelClass,
    /// The price confirmed for the attempt's phase, where the class is L3.
    pub quote: Option<QuoteId>,
    /// Whether this round had its deep fix.
    pub deep_fix_used: bool,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            round: 0,
            attempt: 0,
            streak: 0,
            fingerprint: None,
            class: ModelClass::L0,
            quote: None,
            deep_fix_used: false,
        }
    }
}

impl Counters {
    /// All counters back at once, for a new round.
    #[must_use]
    pub fn next_round(&self) -> Self {
        Self { round: self.round.saturating_add(1), ..Self::default() }
    }

    /// Counts a failure of a repair attempt. Attempt 0 is never counted: recipes repair nothing.
    pub fn count_failure(&mut self, failure: &Fingerprint) {
        if self.attempt == 0 {
            return;
        }
        let same = self.fingerprint.as_ref() == Some(failure);
        self.streak = if same { self.streak.saturating_add(1) } else { 1 };
        self.fingerprint = Some(failure.clone());
    }

    /// Forgets the run of identical failures.
    pub fn forget_streak(&mut self) {
        self.streak = 0;
        self.fingerprint = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streak_after(failures: &[&str]) -> u8 {
        let mut counters = Counters { attempt: 1, ..Counters::default() };
        for failure in failures {
            counters.count_failure(&Fingerprint::from_hex(failure));
        }
        counters.streak
    }

    #[test]
    fn only_identical_failures_in_a_row_lengthen_the_streak() {
        let figures = [&["a"][..], &["a", "a"], &["a", "b"], &["a", "b", "a"], &["b", "a", "a", "a"]].map(streak_after);
        assert_eq!(figures, [1, 2, 1, 1, 3]);
    }

    #[test]
    fn attempt_zero_is_never_counted() {
        let mut counters = Counters::default();
        counters.count_failure(&Fingerprint::from_hex("a"));
        assert_eq!(counters, Counters::default());
    }

    #[test]
    fn a_new_round_resets_every_counter() {
        let worn = Counters {
            round: 4,
            attempt: 9,
            streak: 2,
            fingerprint: Some(Fingerprint::from_hex("a")),
            class: ModelClass::L3,
            quote: Some("q".into()),
            deep_fix_used: true,
        };
        assert_eq!(worn.next_round(), Counters { round: 5, ..Counters::default() });
    }
}
