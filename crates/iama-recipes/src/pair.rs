//! The language seam: everything that the engine must know about one migration, as a value.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use iama_syntax::{Dialect, Node, NodeId, SourceError, SourceText, Span, SyntaxTree};
use serde::{Deserialize, Serialize};

use crate::context::{Context, Facts};
use crate::edit::Edit;
use crate::recipe::{Dual, Import, Recipe};
use crate::words::Words;

/// Gives the edits that bring missing imports into a file, beside the other edits of the round with their recipes' numbers.
pub type AddImports = fn(&Context<'_>, &[Import], &[(Edit, u16)]) -> Vec<Edit>;

/// A migration from one language to another.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// The stable name, such as `python2-3`.
    pub id: &'static str,
    /// One line for a person.
    pub title: &'static str,
    /// Its recipes, in no particular order.
    pub recipes: &'static [Recipe],
    /// Whether a file belongs to the pair, by its path and its first line.
    pub claims: fn(path: &str, first_line: &str) -> bool,
    /// The kind of a file that belongs to the pair and has no syntax that it knows, such as `setup.cfg`. Recipes that name
    /// this kind among theirs look at its whole text once in each round.
    pub plain: fn(path: &str) -> Option<&'static str>,
    /// Turns a file's bytes into text.
    pub decode: fn(bytes: &[u8]) -> Result<SourceText, SourceError>,
    /// Notes what a text says that other files may ask for. Quick: it reads lines, not syntax.
    pub learn: fn(path: &str, text: &str, facts: &mut Facts),
    /// Marks the places whose meaning hangs on types that the code does not show, numbered from the given number on.
    pub probe: fn(text: &str, first: usize) -> Option<Probed>,
    /// Reads a file as the source language.
    pub read: fn(text: &str) -> Reading,
    /// The dialect of a text that recipes have worked on, after the first round.
    pub between: fn(first: Dialect) -> Dialect,
    /// Reads a result as the target language; the first place that it does not accept.
    pub accepts: fn(text: &str) -> Result<(), Rejection>,
    /// Reads a result as both languages; the first place that one of them does not accept.
    pub accepts_dual: fn(text: &str) -> Result<(), Rejection>,
    /// Words without which recipes find nothing in a text.
    pub words: &'static LazyLock<Words>,
    /// What a recipe of the pair, by its id, does when the result must run on both languages.
    pub dual: fn(id: &str) -> Dual,
    /// The edits that bring missing imports into a file.
    pub import: AddImports,
    /// The package that a finding says has no release for the target language, and what to look at instead, by the
    /// finding's recipe and reason.
    pub missing: fn(recipe: &str, why: &str) -> Option<(&'static str, &'static str)>,
    /// What is known of a requirement's support of the target language; nothing for a package that no table names.
    pub support: fn(requirement: &str) -> Option<Support>,
    /// Whether a recipe, by its id, mends what older versions of the target language still had, so that code for both
    /// languages needs it, too.
    pub either: fn(id: &str) -> bool,
    /// Whether a file is certainly written in the source language.
    pub certain: fn(&SyntaxTree) -> bool,
    /// Whether a file leans on what only the source language's library has.
    pub likely: fn(&SyntaxTree, files: &BTreeSet<String>) -> bool,
    /// How what a recipe, by its id, wrote at a place compares with what stood there when it runs; nothing where that is the same
    /// or not known.
    pub weigh: fn(recipe: &str, written: &str) -> Option<Weight>,
    /// Whether a node of the source language makes a list where the target's same words make none.
    pub makes_list: fn(Node<'_>) -> bool,
    /// Whether a file bears the marks of code for both languages that recipes leave.
    pub for_both: fn(&SyntaxTree) -> bool,
}

/// What a rewritten place costs when it runs, next to the old code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// A list is made, as before, where the target's same words would make none.
    List,
    /// A small function is called that was not there.
    Function,
    /// Text becomes bytes or bytes become text.
    Conversion,
    /// A function that compares two things is wrapped for each thing that is sorted.
    Comparison,
}

/// What the target language's world has of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// Releases of the package itself.
    Itself,
    /// The language's own library brings what the package brought: the name says where.
    Library(&'static str),
    /// Another package takes its place.
    Package(&'static str),
    /// Nothing of the same interface; the sentence says what to look at.
    Nothing(&'static str),
    /// The requirement says itself that it is for the source language only.
    SourceOnly,
}

/// A text with marks in it that tell the types of values when it is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// The marked text.
    pub text: String,
    /// The values that are marked, by their number less the first one, in the text without marks.
    pub sites: Vec<Span>,
}

/// What a file turned out to be.
#[derive(Debug)]
pub enum Reading {
    /// The source language.
    Source(SyntaxTree),
    /// The target language already.
    Target,
    /// Neither; the first place where the source grammar gave up.
    Neither(Rejection),
}

/// Where a text is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Offset in bytes.
    pub offset: u32,
    /// The text there, shortened.
    pub excerpt: String,
}

impl Rejection {
    /// The rejection of a node.
    pub fn of(tree: &SyntaxTree, id: NodeId) -> Self {
        let node = tree.node(id);
        Self::new(node.start(), node.text())
    }

    /// The rejection of the line that begins at an offset.
    pub fn at(text: &str, offset: u32) -> Self {
        Self::new(offset, text.get(offset as usize..).unwrap_or_default())
    }

    fn new(offset: u32, text: &str) -> Self {
        Self { offset, excerpt: text.lines().next().unwrap_or_default().chars().take(60).collect() }
    }
}
