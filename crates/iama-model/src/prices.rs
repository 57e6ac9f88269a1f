//! What a token costs, from `LiteLLM`'s table of prices (see `prices/NOTICE`; `cargo xtask prices` makes it anew).
//!
//! A model that is not listed has no price. It is never taken to be free.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::cost::Cost;
use crate::usage::Usage;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the table is part of the program, and a test reads it")]
    serde_json::from_str(include_str!("../prices/litellm.json")).expect("the table of prices is well formed")
});

/// All prices that are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    unit: String,
    source: Source,
    models: BTreeMap<String, BTreeMap<String, ModelPrice>>,
}

/// Where the prices come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The file in it.
    pub file: String,
    /// The file's SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// The day of the file, as in `2026-01-31`.
    #[serde(default)]
    pub date: Option<String>,
}

/// A model's prices and limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPrice {
    /// For prompts of usual length.
    pub price: Price,
    /// For longer ones, shortest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub above: Vec<Step>,
    /// The longest prompt, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u64>,
    /// The longest answer, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
}

/// Prices of one token, in picodollars. What has none is priced as what it is a kind of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Sent.
    pub input: u64,
    /// Received.
    pub output: u64,
    /// Read from a cache; else as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<u64>,
    /// Written to a cache for five minutes; else as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<u64>,
    /// Written to a cache for an hour; else as for five minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_hour: Option<u64>,
    /// Thought; else as received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
}

/// Prices that replace others when the prompt, caches included, is longer than `tokens`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// The length.
    pub tokens: u64,
    input: Option<u64>,
    output: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    cache_write_hour: Option<u64>,
    reasoning: Option<u64>,
}

impl Price {
    fn stepped(self, step: &Step) -> Self {
        Self {
            input: step.input.unwrap_or(self.input),
            output: step.output.unwrap_or(self.output),
            cache_read: step.cache_read.or(self.cache_read),
            cache_write: step.cache_write.or(self.cache_write),
            cache_write_hour: step.cache_write_hour.or(self.cache_write_hour),
            reasoning: step.reasoning.or(self.reasoning),
        }
    }

    /// What a usage costs.
    pub fn cost(&self, usage: &Usage) -> Cost {
        let write = self.cache_write.unwrap_or(self.input);
        let reasoning = usage.reasoning.min(usage.output);
        [
            Cost::of(usage.input, self.input),
            Cost::of(usage.cache_read, self.cache_read.unwrap_or(self.input)),
            Cost::of(usage.cache_write, write),
            Cost::of(usage.cache_write_hour, self.cache_write_hour.unwrap_or(write)),
            Cost::of(usage.output - reasoning, self.output),
            Cost::of(reasoning, self.reasoning.unwrap_or(self.output)),
        ]
        .into_iter()
        .sum()
    }

    fn dearest_input(&self) -> u64 {
        [self.cache_read, self.cache_write, self.cache_write_hour].into_iter().flatten().fold(self.input, u64::max)
    }
}

impl ModelPrice {
    /// A price of one's own, for an endpoint that no table knows.
    pub const fn flat(price: Price) -> Self {
        Self { price, above: Vec::new(), context_tokens: None, output_tokens: None }
    }

    /// The prices for a prompt of so many tokens, caches included.
    pub fn at(&self, prompt_tokens: u64) -> Price {
        let reached = self.above.iter().filter(|step| prompt_tokens > step.tokens);
        reached.fold(self.price, Price::stepped)
    }

    /// What a call cost.
    pub fn cost(&self, usage: &Usage) -> Cost {
        self.at(usage.prompt()).cost(usage)
    }

    /// The most that a call can cost: all of the prompt at the dearest price of input, the longest answer, and the prices of
    /// every length up to the prompt's.
    pub fn worst_case(&self, prompt_tokens: u64, output_tokens: u64) -> Cost {
        let lengths =
            self.above.iter().map(|step| step.tokens.saturating_add(1)).filter(|&length| length <= prompt_tokens);
        let most = |length| {
            let price = self.at(length);
            let output = price.output.max(price.reasoning.unwrap_or(0));
            Cost::of(prompt_tokens, price.dearest_input()).plus(Cost::of(output_tokens, output))
        };
        std::iter::once(0).chain(lengths).map(most).max().unwrap_or_default()
    }
}

/// The price of a model, if the table has it. A provider is named `anthropic`, `openai` or `gemini`.
pub fn known(provider: &str, model: &str) -> Option<&'static ModelPrice> {
    TABLE.models.get(provider)?.get(model)
}

/// The models of a provider that have a price.
pub fn models(provider: &str) -> impl Iterator<Item = &'static str> {
    TABLE.models.get(provider).into_iter().flat_map(BTreeMap::keys).map(String::as_str)
}

/// Where the prices come from.
pub fn source() -> &'static Source {
    &TABLE.source
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_token_has_its_own_price() {
        let used = Usage {
            input: 11,
            cache_write: 100,
            cache_write_hour: 200,
            cache_read: 2000,
            output: 42,
            ..Usage::default()
        };
        let cost = known("anthropic", "claude-sonnet-4-5").unwrap().cost(&used);
        assert_eq!(cost.to_string(), "$0.002838");
    }

    #[test]
    fn a_long_prompt_costs_more_from_the_first_token_and_caches_count_for_its_length() {
        let model = known("gemini", "gemini-2.5-pro").unwrap();
        let short = Usage { input: 100_000, cache_read: 100_000, output: 10, ..Usage::default() };
        let long = Usage { cache_read: 100_001, ..short };
        assert_eq!(model.cost(&short).picodollars, 100_000 * 1_250_000 + 100_000 * 125_000 + 10 * 10_000_000);
        assert_eq!(model.cost(&long).picodollars, 100_000 * 2_500_000 + 100_001 * 250_000 + 10 * 15_000_000);
    }

    #[test]
    fn an_unknown_model_has_no_price() {
        assert_eq!(known("anthropic", "claude-sonnet-4-5-preview-of-tomorrow"), None);
        assert_eq!(known("nobody", "claude-sonnet-4-5"), None);
    }

    #[test]
    fn the_table_names_its_source_and_prices_every_model() {
        assert_eq!(source().package, "litellm");
        assert_eq!(source().sha256.len(), 64);
        for provider in ["anthropic", "openai", "gemini"] {
            assert!(models(provider).count() > 15, "{provider}");
        }
        // Pictures have no price of a token.
        let free: Vec<_> =
            models("anthropic").filter(|&name| known("anthropic", name).unwrap().price.input == 0).collect();
        assert_eq!(free, Vec::<&str>::new());
    }

    #[test]
    fn no_usage_within_its_bounds_costs_more_than_the_worst_case() {
        for (provider, rows) in &TABLE.models {
            for (name, model) in rows {
                for prompt in [1_000, 150_000, 250_000, 300_000] {
                    let most = model.worst_case(prompt, 500);
                    let parts = [
                        Usage { input: prompt, output: 500, reasoning: 500, ..Usage::default() },
                        Usage { cache_write: prompt, output: 500, ..Usage::default() },
                        Usage { cache_write_hour: prompt, output: 500, ..Usage::default() },
                        Usage { cache_read: prompt, output: 500, ..Usage::default() },
                    ];
                    assert!(parts.iter().all(|used| model.cost(used) <= most), "{provider} {name} {prompt}");
                }
            }
        }
    }
}
