//! Edits that land exactly or not at all: parse, validate, apply, diff, select, invert.
//!
//! Everything but [`disk`] takes values and returns values: files are bytes under relative paths, held in memory. An
//! operation either lands at the one place that it names or is refused with the reason; nothing here ever guesses a place.
//! No clock, no environment, no process and, outside [`disk`], no file belongs in this crate.

mod anchor;
mod apply;
mod between;
#[cfg(feature = "checks")]
pub mod checks;
mod content;
mod diff;
pub mod disk;
mod files;
mod nearest;
mod outcome;
mod patch;
mod select;
mod symbolic;
mod unified;
mod working;

pub use apply::{Application, Report, apply};
pub use between::{InvertError, between, invert};
pub use content::Content;
pub use diff::{Change, FileDiff, Hunk, LineKind, diff};
pub use files::{FileState, Files, PathProblem, check_path, sha256};
pub use outcome::{Nearest, OperationOutcome, Outcome};
pub use patch::{Action, Operation, Patch, PatchError, SchemaName, limits};
pub use select::{Need, SelectError, Selection, select};
pub use unified::{unified, unified_bytes};
