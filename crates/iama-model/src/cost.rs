//! Money, without a rounding error.

use std::fmt;
use std::iter::Sum;

use iama_job::MilliCredits;
use serde::{Deserialize, Serialize};

const PICO_PER_MICRO: u64 = 1_000_000;
/// A credit is a cent, and a cent has 10^10 picodollars.
const PICO_PER_MILLICREDIT: u64 = 10_000_000;

/// An amount of money in picodollars: every price of a token is a whole number of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cost {
    /// 10^-12 US dollars.
    pub picodollars: u64,
}

impl Cost {
    /// Nothing.
    pub const ZERO: Self = Self { picodollars: 0 };

    /// An amount in millionths of a dollar.
    pub const fn from_microdollars(micro: u64) -> Self {
        Self { picodollars: micro.saturating_mul(PICO_PER_MICRO) }
    }

    /// `tokens` at `each` picodollars.
    pub(crate) fn of(tokens: u64, each: u64) -> Self {
        Self { picodollars: tokens.saturating_mul(each) }
    }

    /// Millionths of a dollar, to the nearest.
    pub const fn microdollars(self) -> u64 {
        self.picodollars.saturating_add(PICO_PER_MICRO / 2) / PICO_PER_MICRO
    }

    /// Thousandths of a credit, rounded up so that a cap is never passed by rounding.
    pub const fn millicredits(self) -> MilliCredits {
        MilliCredits(self.picodollars.div_ceil(PICO_PER_MILLICREDIT))
    }

    /// The sum, held at the maximum instead of wrapping.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { picodollars: self.picodollars.saturating_add(other.picodollars) }
    }

    /// What is left of it, at least nothing.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self { picodollars: self.picodollars.saturating_sub(other.picodollars) }
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::ZERO, Self::plus)
    }
}

/// Dollars with six places.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micro = self.microdollars();
        write!(f, "${}.{:06}", micro / 1_000_000, micro % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_reads_in_dollars_and_rounds_up_in_credits() {
        let cost = Cost { picodollars: 2_838_000_000 };
        assert_eq!((cost.to_string(), cost.millicredits()), ("$0.002838".to_owned(), MilliCredits(284)));
        assert_eq!(Cost { picodollars: 1 }.millicredits(), MilliCredits(1));
        assert_eq!(Cost::from_microdollars(12_345_678).to_string(), "$12.345678");
    }

    #[test]
    fn sums_hold_at_the_maximum() {
        let most = Cost { picodollars: u64::MAX };
        assert_eq!([most, most].into_iter().sum::<Cost>(), most);
        assert_eq!(Cost::ZERO.minus(most), Cost::ZERO);
    }
}
