//! A workspace on disk: what belongs to it, what may be read, and how far it is understood.
//!
//! This room reads files and never writes one.

pub mod confidence;
pub mod context;
pub mod secrets;
pub mod walk;

pub use confidence::{Confidence, Route, confidence};
pub use walk::{Excluded, Reason, SourceFile, WalkError, WalkOptions, Workspace, walk};
