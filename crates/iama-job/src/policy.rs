//! The numbers and small rules that the machine follows, as data: one file each.

pub mod baseline;
pub mod billing;
pub mod budget;
pub mod retry;
pub mod tiers;
pub mod timers;
pub mod waterfall;
