//! Who is asking.

pub(crate) mod arrivals;
pub(crate) mod bearer;
pub(crate) mod cookies;
pub(crate) mod credentials;
pub(crate) mod pairs;
pub mod passwords;
pub mod permissions;
mod signing;
pub(crate) mod targets;
pub(crate) mod visits;
pub(crate) mod waiters;

pub use bearer::{Admin, User};
pub use passwords::Passwords;
pub use permissions::Permission;
pub use signing::{AccessClaims, SigningError, SigningKeys};
