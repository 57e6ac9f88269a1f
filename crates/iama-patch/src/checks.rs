//! Generated cases in any number, for long checks: no edit lands at a wrong place, no input makes the crate panic.

mod fuzz;
mod generate;

use serde::Serialize;

pub use fuzz::{fuzz_one, fuzz_seeded};
use generate::Case;

use crate::apply::apply;
use crate::files::{FileState, Files};

/// What became of the generated cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct CheckReport {
    /// How many there were.
    pub cases: u64,
    /// How many landed at the one place that they name.
    pub applied: u64,
    /// How many name no place or several, and were refused.
    pub refused: u64,
    /// How many left any other bytes than the right ones. Must be 0.
    pub wrong_place: u64,
    /// How many name one place and were refused nonetheless. Must be 0.
    pub missed: u64,
}

/// Runs `cases` generated cases; one `seed` always gives the same.
pub fn run(cases: u64, seed: u64) -> CheckReport {
    let mut random = Random::new(seed);
    let mut report = CheckReport::default();
    for _ in 0..cases {
        report.cases += 1;
        *slot(&mut report, &Case::new(&mut random)) += 1;
    }
    report
}

/// The count that a case belongs to.
fn slot<'r>(report: &'r mut CheckReport, case: &Case) -> &'r mut u64 {
    let state = |bytes: &[u8]| FileState { bytes: bytes.to_vec(), executable: false };
    let before = Files::from([(case.path.clone(), state(&case.before))]);
    let applied = apply(&case.patch, &before);
    match (applied.changed, &case.expected) {
        (None, None) => &mut report.refused,
        (None, Some(_)) => &mut report.missed,
        (Some(changed), expected) => {
            let after = changed.get(&case.path).cloned().unwrap_or_else(|| Some(state(&case.before)));
            let is_right = expected.as_ref().is_some_and(|expected| after == Some(state(expected)));
            if is_right { &mut report.applied } else { &mut report.wrong_place }
        }
    }
}

/// A generator of numbers that is the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// A number below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap_or(0)
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Whether one of `in_so_many` cases is meant.
    pub(crate) fn one_in(&mut self, in_so_many: usize) -> bool {
        self.below(in_so_many) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_than_the_right_ones_are_counted_as_a_wrong_place() {
        let mut random = Random::new(3);
        let mut report = CheckReport::default();
        for _ in 0..200 {
            let mut case = Case::new(&mut random);
            match &mut case.expected {
                Some(expected) => expected.push(b'!'),
                None => case.expected = Some(Vec::new()),
            }
            *slot(&mut report, &case) += 1;
        }
        assert_eq!((report.applied, report.refused, report.wrong_place + report.missed), (0, 0, 200));
        assert!(report.wrong_place > 0 && report.missed > 0, "{report:?}");
    }
}
