//! Administration: accounts of its own, sessions of its own.

pub(crate) mod account_change;
pub(crate) mod account_create;
pub(crate) mod account_list;
pub(crate) mod account_password;
pub(crate) mod config_history;
pub(crate) mod config_list;
pub(crate) mod config_put;
pub(crate) mod health;
pub(crate) mod kill_switch;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod me;
pub(crate) mod quota;
mod view;
