//! Who is asking.

mod bearer;
pub(crate) mod pairs;
pub(crate) mod passwords;
mod signing;

pub use bearer::{Admin, User};
pub use passwords::Passwords;
pub use signing::{AccessClaims, SigningError, SigningKeys};
