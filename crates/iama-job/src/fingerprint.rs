//! When two failures are the same failure: the hash of what failed, how, and in which symbol; never a line number,
//! which every edit above it would change.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// The identity of a failure. Equal fingerprints are what the machine counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

/// One failing test, as far as its identity goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Failure<'a> {
    /// The test, as its framework names it.
    pub test: &'a str,
    /// The class of the error (`TypeError`).
    pub error_class: &'a str,
    /// The file in which it was raised, relative to the workspace.
    pub file: &'a str,
    /// The innermost named symbol around the place.
    pub symbol: &'a str,
}

impl Fingerprint {
    /// The fingerprint of a run's failures, whatever their order and however often each is listed.
    pub fn of<'a>(failures: impl IntoIterator<Item = Failure<'a>>) -> Self {
        let failures: BTreeSet<Failure<'a>> = failures.into_iter().collect();
        let mut hash = Fnv128::new();
        for failure in &failures {
            for field in [failure.test, failure.error_class, failure.file, failure.symbol] {
                hash.write(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_le_bytes());
                hash.write(field.as_bytes());
            }
        }
        Self(format!("{:032x}", hash.0))
    }

    /// A fingerprint that was written down earlier.
    pub fn from_hex(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// FNV-1a. A fingerprint is compared within one job and guards nothing, so speed and no dependency win over strength.
struct Fnv128(u128);

impl Fnv128 {
    const fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Failure<'static> =
        Failure { test: "tests/test_a.py::test_one", error_class: "TypeError", file: "pkg/a.py", symbol: "A.run" };
    const SECOND: Failure<'static> = Failure { test: "tests/test_a.py::test_two", ..FIRST };

    #[test]
    fn order_and_repetition_do_not_matter() {
        assert_eq!(Fingerprint::of([FIRST, SECOND]), Fingerprint::of([SECOND, FIRST, SECOND]));
    }

    #[test]
    fn every_part_of_a_failure_matters() {
        let prints: BTreeSet<Fingerprint> = [
            FIRST,
            SECOND,
            Failure { error_class: "KeyError", ..FIRST },
            Failure { file: "pkg/b.py", ..FIRST },
            Failure { symbol: "A", ..FIRST },
        ]
        .into_iter()
        .map(|failure| Fingerprint::of([failure]))
        .collect();
        assert_eq!(prints.len(), 5);
    }

    #[test]
    fn text_cannot_slide_from_one_field_to_the_next() {
        let left = Failure { test: "ab", error_class: "c", ..FIRST };
        let right = Failure { test: "a", error_class: "bc", ..FIRST };
        assert_ne!(Fingerprint::of([left]), Fingerprint::of([right]));
    }

    #[test]
    fn the_hash_is_the_same_in_every_release() {
        assert_eq!(Fingerprint::of([]).as_str(), "6c62272e07bb014262b821756295c58d");
        assert_eq!(Fingerprint::of([FIRST, SECOND]).as_str(), "df1ab8603e669b5dc5dabb022b3b4167");
    }
}
