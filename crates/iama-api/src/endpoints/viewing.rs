//! What a person can see of a job besides its state.

pub(crate) mod artifact;
pub(crate) mod artifacts;
pub(crate) mod decisions;
pub(crate) mod delivery;
pub(crate) mod enterprise_report;
pub(crate) mod fallback;
pub(crate) mod preflight;
pub(crate) mod proposals;
pub(crate) mod spec;
