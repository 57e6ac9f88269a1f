//! Clients of outside services, a module each. Here: the providers of identities, [`github`] and [`google`].
//!
//! A provider is asked who somebody is, and forgotten: its tokens never leave this room. What an identity means (which
//! account, whether a new one) is decided elsewhere, and so is the time.

pub mod github;
pub mod google;

mod fault;
mod id_token;
mod providers;
mod wire;

pub use fault::{Fault, IdTokenFault};
pub use providers::{Answer, Identity, Provider, Providers, Visit};
pub use wire::is_safe as is_safe_address;
