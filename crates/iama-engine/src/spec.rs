//! The spec of a job: what must hold, which behaviour stays, and what is changed where. It is agreed before work starts, kept in
//! revisions, and edited by people; a model may only propose.
//!
//! * [`record`]: what a spec is.
//! * [`check`]: what no edit may do.
//! * [`markdown`]: the form that a person edits.
//! * [`revise`]: revisions and their tokens.
//! * `draft`: the first revision, from what is known; `suggest`: what a model adds to it.
//! * [`words`]: a change in a person's own words, as a preview.

pub mod check;
pub(crate) mod draft;
pub mod markdown;
pub mod record;
pub mod revise;
pub(crate) mod suggest;
pub mod words;

pub use record::{Behaviour, Kind, Origin, SitePlace, Spec, SpecItem};
pub use revise::{Edited, commit};
pub use words::{Preview, preview};

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
