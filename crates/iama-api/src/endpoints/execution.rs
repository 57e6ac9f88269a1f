//! What the person's machine is asked to do for a job, and what it answers.

pub(crate) mod apply_result;
pub(crate) mod claim;
pub(crate) mod decide;
pub(crate) mod log;
mod named_result;
pub(crate) mod news;
pub(crate) mod renew;
pub(crate) mod requests;
pub(crate) mod result;
pub(crate) mod test_result;
