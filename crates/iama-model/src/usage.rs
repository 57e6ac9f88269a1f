//! Tokens of one call, split as they are priced.

use serde::{Deserialize, Serialize};

/// What a call used. The five parts of the input are disjoint, whatever the provider calls its own counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// Sent, neither read from a cache nor written to one.
    pub input: u64,
    /// Written to a cache that lives for five minutes.
    pub cache_write: u64,
    /// Written to a cache that lives for an hour.
    pub cache_write_hour: u64,
    /// Read from a cache.
    pub cache_read: u64,
    /// Received, thinking included.
    pub output: u64,
    /// The part of `output` that was thinking, where the provider tells.
    pub reasoning: u64,
}

impl Usage {
    /// Everything that was sent.
    pub const fn prompt(&self) -> u64 {
        self.input
            .saturating_add(self.cache_write)
            .saturating_add(self.cache_write_hour)
            .saturating_add(self.cache_read)
    }

    /// Both together.
    #[must_use]
    pub const fn plus(&self, other: &Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            cache_write_hour: self.cache_write_hour.saturating_add(other.cache_write_hour),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
        }
    }

    /// Whether a cache spared something.
    pub const fn hit_cache(&self) -> bool {
        self.cache_read > 0
    }
}
