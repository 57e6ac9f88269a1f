//! Who pays for a round. Decided from what the machine saw, never from what a client claims.

use crate::codes::codes;
use crate::ids::MilliCredits;
use serde::{Deserialize, Serialize};

codes! {
    /// How a round ended, as the ledger's `failure_class` has it.
    pub enum RoundEnd {
        Delivered = "DELIVERED",
        /// The budget, a refusal or the credits ended it.
        LogicFailure = "LOGIC_FAILURE",
        /// A person's decision opened another round.
        Superseded = "SUPERSEDED",
        UserCancelled = "USER_CANCELLED",
        ClientDisconnected = "CLIENT_DISCONNECTED",
        DecisionTimeout = "DECISION_TIMEOUT",
        InterventionTimeout = "INTERVENTION_TIMEOUT",
        /// The platform failed, a kill switch included.
        InfraFailure = "INFRA_FAILURE",
    }
}

/// Tokens' price, in thousandths of a credit for a million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Price {
    /// For a million tokens sent.
    pub input_per_mtok: MilliCredits,
    /// For a million tokens received.
    pub output_per_mtok: MilliCredits,
}

impl Price {
    /// The cost of a call, rounded up so that a cap is never passed by rounding.
    pub fn cost(&self, input_tokens: u64, output_tokens: u64) -> MilliCredits {
        let input = u128::from(self.input_per_mtok.0) * u128::from(input_tokens);
        let output = u128::from(self.output_per_mtok.0) * u128::from(output_tokens);
        MilliCredits(u64::try_from((input + output).div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }
}

/// What became of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Settlement {
    /// The round.
    pub round: u32,
    /// How it ended.
    pub class: RoundEnd,
    /// Whether it is charged.
    pub billable: bool,
    /// Credits used, charged or not.
    pub used: MilliCredits,
}

/// Whether a round that ended so is charged. Precedence: infra failure, then an intervention that nobody answered,
/// then the checkpoint that `GENERATING_TESTS` writes.
pub fn is_billable(end: RoundEnd, past_checkpoint: bool) -> bool {
    match end {
        RoundEnd::InfraFailure | RoundEnd::InterventionTimeout => false,
        RoundEnd::Delivered
        | RoundEnd::LogicFailure
        | RoundEnd::Superseded
        | RoundEnd::UserCancelled
        | RoundEnd::ClientDisconnected
        | RoundEnd::DecisionTimeout => past_checkpoint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkpoint_decides_unless_the_platform_or_a_silent_wait_failed_the_round() {
        let billable = |past| RoundEnd::ALL.iter().map(|&end| is_billable(end, past)).collect::<Vec<_>>();
        assert_eq!(billable(false), [false; 8]);
        assert_eq!(billable(true), [true, true, true, true, true, true, false, false]);
    }

    #[test]
    fn a_call_costs_its_tokens_rounded_up() {
        let price = Price { input_per_mtok: MilliCredits::credits(300), output_per_mtok: MilliCredits::credits(1_500) };
        assert_eq!(price.cost(1_000_000, 0), MilliCredits::credits(300));
        assert_eq!(price.cost(1_000, 1_000), MilliCredits(1_800));
        assert_eq!(price.cost(1, 0), MilliCredits(1));
        assert_eq!(price.cost(u64::MAX, u64::MAX), MilliCredits(u64::MAX));
    }
}
