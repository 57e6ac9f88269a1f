//! Deterministic rewrites: the engine and one folder for each language pair.
//!
//! A recipe reads one immutable tree and returns edits of byte ranges; the engine alone decides which of them are carried
//! out, keeps account of every byte, and reads the result again as the target language. No file, process, clock or model is
//! known here, and nothing depends on the order in which recipes are listed.

pub mod context;
pub mod edit;
pub mod engine;
pub mod groups;
pub mod pair;
pub mod python2_3;
pub mod recipe;
pub mod rules;
pub mod skip;
pub mod words;

pub use context::{Context, Facts, Project};
pub use engine::{AddedFile, Migration, Note, Options, Outcome, RecordedChange, migrate};
pub use pair::Pair;
pub use recipe::{Class, Recipe, Strategy};
pub use rules::{Rules, RulesError};

/// Every pair that ships.
pub const PAIRS: &[&Pair] = &[&python2_3::PAIR];
