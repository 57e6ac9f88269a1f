//! A person's own account.

pub(crate) mod consent;
pub(crate) mod disclosure;
pub(crate) mod get;
pub(crate) mod password;
pub(crate) mod session_end;
pub(crate) mod sessions;
