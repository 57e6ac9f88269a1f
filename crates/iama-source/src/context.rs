//! The context pack: the part of a tree that a model is shown, no larger than a cap, and why each part is in it.
//!
//! A pack is made anew for each call from the files as they are, and named by its content. Nothing is sent anywhere here.

use std::path::Path;

use serde::Serialize;

use crate::confidence::Confidence;
use crate::secrets::baseline::Baseline;

mod allow;
mod braces;
mod builtins;
mod choose;
mod error;
mod facts;
mod graph;
mod imports;
mod index;
mod java;
mod javascript;
mod mask;
mod names;
mod outline;
mod python;
mod render;
#[cfg(test)]
mod tests;

pub use error::PackError;
pub use facts::{FileFacts, claims, file_facts};
pub use index::{Index, OpenOptions};
pub use outline::{Outline, outline};
pub use render::tokens;

/// The form of a pack's manifest.
pub const SCHEMA: &str = "iama.context-pack/1";

/// The caps of the usual context windows, in tokens.
pub const CAPS: [u64; 3] = [128_000, 200_000, 1_000_000];

/// How many imports away a file may be and still show its interface.
pub const REACH: u8 = 2;

/// What a pack is wanted for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Files that are to be changed, whole in the pack. Without any, every file shows its interface.
    pub targets: Vec<String>,
    /// Files that the last failure names: whole where there is room. Those that are not in the tree are passed over.
    pub named: Vec<String>,
    /// The most tokens.
    pub cap: u64,
    /// As [`REACH`].
    pub reach: u8,
    /// Secrets that are known; in a target they are masked rather than refused.
    pub known: Option<Baseline>,
}

impl Wanted {
    /// Targets and a cap, the rest as usual.
    pub fn new(targets: Vec<String>, cap: u64) -> Self {
        Self { targets, named: Vec::new(), cap, reach: REACH, known: None }
    }
}

/// What a part shows of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PartKind {
    /// Signatures, documentation and names, without bodies.
    Interface,
    /// Functions that a target names, whole.
    Body,
    /// A file that the failure names, whole.
    Named,
    /// A file that is to be changed, whole.
    Target,
}

/// Why a part is in the pack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "reason", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Why {
    /// It is to be changed.
    Target,
    /// The last failure names it.
    NamedByFailure,
    /// Files import each other, the first of them a target or named by the failure, the last one this file's importer.
    Imported {
        /// Paths.
        chain: Vec<String>,
    },
    /// No target was named, and every file is in.
    WholeTree,
}

/// A part of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Relative to the root, with `/` between folders.
    pub path: String,
    /// What of it is shown.
    pub kind: PartKind,
    /// Why.
    pub why: Why,
    /// The text, with placeholders for secrets.
    pub text: String,
    /// Tokens, about.
    pub tokens: u64,
    /// The functions that are shown whole, where only they are: dotted path and first line in the file.
    pub functions: Vec<(String, u32)>,
}

/// The part of a tree that a model is shown.
#[derive(Debug, Clone)]
pub struct Pack {
    /// SHA-256 of the content in hexadecimal digits: the same content has the same name.
    pub id: String,
    /// Tokens, about, all parts with their headings.
    pub tokens: u64,
    /// Interfaces first, then bodies, named files, targets; each sorted by path.
    pub parts: Vec<Part>,
    /// How far the tree is understood.
    pub confidence: Confidence,
    /// What is in it and what was left out, as data.
    pub manifest: Manifest,
    masked: Vec<mask::Masked>,
}

/// What a pack holds and what was left out of it. Holds no source text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// As [`Pack::id`].
    pub id: String,
    /// The cap that was asked for.
    pub cap: u64,
    /// As [`Pack::tokens`].
    pub tokens: u64,
    /// As [`Pack::confidence`].
    pub confidence: Confidence,
    /// What is in it, in order.
    pub parts: Vec<PartRecord>,
    /// Bodies that were left out to stay below the cap, the first to go first.
    pub pruned: Vec<Pruned>,
    /// Secrets that were replaced by placeholders, sorted.
    pub masked: Vec<MaskedRecord>,
}

/// A part, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartRecord {
    /// As in [`Part`].
    pub path: String,
    /// As in [`Part`].
    pub kind: PartKind,
    /// As in [`Part`].
    #[serde(flatten)]
    pub why: Why,
    /// As in [`Part`].
    pub tokens: u64,
    /// The functions' dotted paths, where only they are shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<String>,
}

/// Something that was left out for want of room.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Pruned {
    /// The file.
    pub path: String,
    /// The function; nothing for the whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// What it would have taken.
    pub tokens: u64,
}

/// A secret that is masked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct MaskedRecord {
    /// The file.
    pub path: String,
    /// Line in the file, from 1.
    pub line: u32,
    /// The rule that found it.
    pub rule: String,
    /// What stands in its place.
    pub placeholder: String,
}

/// Makes a pack from files of a folder. For many packs of one tree, keep an [`Index`].
pub fn pack(root: &Path, paths: Vec<String>, wanted: &Wanted) -> Result<Pack, PackError> {
    Index::of(root, paths).pack(wanted)
}
