//! Model calls: which model does what, what it may cost, how its answer arrives and what becomes of it.
//!
//! What must never be in here: the job's rules (they are in `iama-job`), files of the workspace, and keys in any value that
//! is printed, recorded or compared.

mod cost;
pub mod prices;
mod usage;

pub use cost::Cost;
pub use usage::Usage;
