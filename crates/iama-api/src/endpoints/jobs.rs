//! Jobs and their lives.

pub(crate) mod cancel;
pub(crate) mod create;
pub(crate) mod force_terminate;
pub(crate) mod get;
pub(crate) mod heartbeat;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod start;
pub(crate) mod view;
