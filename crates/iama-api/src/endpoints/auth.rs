//! Accounts: signing up, in and out.

pub(crate) mod code_exchange;
pub(crate) mod device_begin;
pub(crate) mod device_decide;
pub(crate) mod device_page;
pub(crate) mod device_token;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod oauth_callback;
mod oauth_consent;
pub(crate) mod oauth_initiate;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod register_page;
pub(crate) mod sign_in_page;
