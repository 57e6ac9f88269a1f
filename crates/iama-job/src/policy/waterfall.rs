//! Which model class works on which attempt: 0 recipes, 1–3 L1, 4–6 L2, 7–9 L3 where granted, else L2.

use crate::codes::codes;
use crate::policy::tiers::Tier;
use serde::{Deserialize, Serialize};

codes! {
    /// Strength (and price) of the means used. L0 is recipes: deterministic, free, offline.
    pub enum ModelClass {
        L0 = "L0",
        L1 = "L1",
        L2 = "L2",
        L3 = "L3",
    }
}

impl ModelClass {
    /// The class as a refusal spells it.
    pub const fn is_model(self) -> bool {
        !matches!(self, Self::L0)
    }
}

/// The last attempt of a round; with attempt 0 there are ten.
pub const LAST_ATTEMPT: u8 = 9;

/// Three attempts that share a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phase {
    /// Its first attempt.
    pub first: u8,
    /// Its last attempt.
    pub last: u8,
    /// The classes that may work in it, strongest first.
    pub classes: &'static [ModelClass],
}

/// The phases in order. Attempt 0 belongs to none: recipes need no permission.
pub const PHASES: [Phase; 3] = [
    Phase { first: 1, last: 3, classes: &[ModelClass::L1] },
    Phase { first: 4, last: 6, classes: &[ModelClass::L2] },
    Phase { first: 7, last: LAST_ATTEMPT, classes: &[ModelClass::L3, ModelClass::L2] },
];

/// The first attempt of the phase in which `class` is the strongest.
pub fn first_attempt(class: ModelClass) -> u8 {
    match class {
        ModelClass::L0 => 0,
        ModelClass::L1 => PHASES[0].first,
        ModelClass::L2 => PHASES[1].first,
        ModelClass::L3 => PHASES[2].first,
    }
}

/// Why a class is not to be had, for machines: the tier that has it, or the route that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Denial {
    /// The tier does not reach the class.
    EntitlementDenied {
        /// What was asked for.
        class: ModelClass,
        /// The tier of the job.
        tier: Tier,
        /// The weakest tier that has the class.
        needs: Tier,
    },
    /// No model is configured for the class.
    NoRoute {
        /// What was asked for.
        class: ModelClass,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_cover_attempts_one_to_nine_without_gap_or_overlap() {
        let covered: Vec<u8> = PHASES.iter().flat_map(|phase| phase.first..=phase.last).collect();
        assert_eq!(covered, (1..=LAST_ATTEMPT).collect::<Vec<_>>());
    }

    #[test]
    fn the_first_attempt_of_a_class_opens_its_phase() {
        for phase in PHASES {
            assert_eq!(first_attempt(phase.classes[0]), phase.first);
        }
    }
}
