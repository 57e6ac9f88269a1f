//! The one place that reads the clock and the folders of the environment.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use iama_api::clock::Clock;
use time::OffsetDateTime;

/// The real clock.
pub(crate) fn clock() -> Clock {
    Clock::new(OffsetDateTime::now_utc)
}

/// The person's own folder.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub(crate) fn home() -> Result<PathBuf> {
    std::env::var_os("HOME")
        .map(PathBuf::from)
        .filter(|home| home.is_absolute())
        .context("HOME names no absolute folder\n hint: set it, or pass --data")
}

/// Where programs are looked for.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub(crate) fn path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
