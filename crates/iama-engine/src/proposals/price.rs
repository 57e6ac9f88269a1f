//! What the calls of a model may cost, from the job's own snapshot of routes and prices.

use std::fmt;

use iama_job::policy::waterfall::{LAST_ATTEMPT, ModelClass, PHASES};
use iama_job::{Entitlement, MilliCredits};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An interval: from a job that needs no repair to one that uses every attempt of a round at its longest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Price {
    /// Thousandths of a cent, at least.
    pub low_millicents: u64,
    /// Thousandths of a cent, at most.
    pub high_millicents: u64,
    /// The calls that the interval is made of, cheapest class first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Calls>,
}

/// Calls of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Calls {
    /// The class.
    pub class: String,
    /// The model's name in the settings.
    pub route: String,
    /// Calls that are made in any case.
    pub fewest: u32,
    /// Calls when every attempt of a round is used.
    pub most: u32,
    /// One call with the whole pack and an empty answer, in thousandths of a cent.
    pub each_low_millicents: u64,
    /// One call with the whole pack and the longest answer, in thousandths of a cent.
    pub each_high_millicents: u64,
}

/// Answers to one question: the first one, and one more when it will not do.
const ANSWERS: u32 = 2;

/// Calls that come after the choice of a proposal and before any attempt: the spec, and the tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Before {
    /// When every answer can be used at once, and nothing is left to ask.
    pub(crate) fewest: u32,
    /// When each is asked for once more.
    pub(crate) most: u32,
}

impl Before {
    /// So many questions, and as many again in a second round where there is one.
    pub(crate) const fn of(questions: u32, rounds: u32) -> Self {
        Self { fewest: questions, most: questions * rounds * ANSWERS }
    }

    /// Both one after the other.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self { fewest: self.fewest + other.fewest, most: self.most + other.most }
    }
}

impl Price {
    /// The price of what is still to come, for a pack of so many tokens. Nothing without a route.
    pub(crate) fn of(entitlement: &Entitlement, pack_tokens: u32, before: Before) -> Self {
        let calls: Vec<Calls> = [ModelClass::L1, ModelClass::L2, ModelClass::L3]
            .into_iter()
            .filter_map(|class| calls(entitlement, class, pack_tokens, before))
            .collect();
        let sum = |count: fn(&Calls) -> u32, each: fn(&Calls) -> u64| {
            calls.iter().fold(0_u64, |sum, row| sum.saturating_add(u64::from(count(row)).saturating_mul(each(row))))
        };
        Self {
            low_millicents: sum(|row| row.fewest, |row| row.each_low_millicents),
            high_millicents: sum(|row| row.most, |row| row.each_high_millicents),
            calls,
        }
    }
}

/// A credit is a cent.
fn calls(entitlement: &Entitlement, class: ModelClass, pack_tokens: u32, before: Before) -> Option<Calls> {
    let route = entitlement.route(class).ok()?;
    let MilliCredits(low) = route.price.cost(u64::from(pack_tokens.min(entitlement.context_tokens)), 0);
    let MilliCredits(high) = entitlement.worst_case(class, pack_tokens);
    let before = if class == entitlement.stage_class() { before } else { Before::default() };
    Some(Calls {
        class: class.code().to_owned(),
        route: route.name.0.clone(),
        fewest: before.fewest,
        most: before.most + ANSWERS * attempts(entitlement, class),
        each_low_millicents: low,
        each_high_millicents: high,
    })
}

/// Attempts of a round that a class would make: in each phase the strongest class with a route.
fn attempts(entitlement: &Entitlement, class: ModelClass) -> u32 {
    let by = |attempt: &u8| {
        let phase = PHASES.iter().find(|phase| (phase.first..=phase.last).contains(attempt));
        let strongest =
            phase.into_iter().flat_map(|phase| phase.classes).find(|class| entitlement.route(**class).is_ok());
        strongest == Some(&class)
    };
    u32::try_from((1..=LAST_ATTEMPT).filter(by).count()).unwrap_or(0)
}

/// Dollars.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.calls.is_empty() {
            return f.write_str("nothing: no model is called");
        }
        let dollars = |millicents: u64| {
            let cents = millicents.div_ceil(1000);
            format!("${}.{:02}", cents / 100, cents % 100)
        };
        write!(f, "{} to {}", dollars(self.low_millicents), dollars(self.high_millicents))
    }
}
