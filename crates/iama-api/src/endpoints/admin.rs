//! Administration: accounts of its own, sessions of its own.

pub(crate) mod account_change;
pub(crate) mod account_create;
pub(crate) mod account_list;
pub(crate) mod account_password;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod me;
mod view;
