//! Model calls: which model does what, what it may cost, how its answer arrives and what becomes of it.
//!
//! What must never be in here: the job's rules (they are in `iama-job`), files of the workspace, and keys in any value that
//! is printed, recorded or compared.

mod audit;
mod breaker;
pub mod config;
mod cost;
mod count;
pub mod edits;
#[cfg(any(test, feature = "fake"))]
pub mod fake;
mod gate;
mod key;
pub mod plan;
pub mod prices;
mod prompt;
pub mod proposed_tests;
mod router;
mod session;
mod stage;
mod tariff;
pub mod templates;
mod usage;
mod wire;

pub use audit::{AuditEvent, Cache, Try};
pub use config::{Fault, RouteTable};
pub use cost::Cost;
pub use gate::{Asked, Refusal, gate};
pub use key::Key;
pub use prompt::{Again, Form, Prompt, Template};
pub use router::{Answer, Call, Done, Failure, Listener, Progress, Quote, Router};
pub use session::{L1_AT_ONCE, Session};
pub use stage::{Stage, output_cap, whole_files};
pub use tariff::{RouteTerms, Tariff};
pub use tokio_util::sync::CancellationToken;
pub use usage::Usage;
pub use wire::{Stop, StoreError, WireFault};
