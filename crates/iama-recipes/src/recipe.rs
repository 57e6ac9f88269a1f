//! What a recipe is and what it says about a place.

use iama_syntax::{Node, Span};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::edit::Edit;

/// How far a rewrite may be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Class {
    /// Same meaning.
    Safe,
    /// May change the meaning; the finding says why.
    Check,
    /// Found and left alone; the finding says why.
    Refused,
}

/// How much a job takes on. Each strategy includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Strategy {
    /// What the target needs in order to read and start the code.
    Conservative,
    /// What the code needs in order to behave as it did.
    Standard,
    /// All of it, with the rewrites that a person should look at.
    Comprehensive,
}

impl Strategy {
    /// The strategies from least to most.
    pub const ALL: [Self; 3] = [Self::Conservative, Self::Standard, Self::Comprehensive];

    /// The stable lower-case name, as an option's value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conservative => "conservative",
            Self::Standard => "standard",
            Self::Comprehensive => "comprehensive",
        }
    }
}

/// A deterministic rewrite.
#[derive(Debug, Clone, Copy)]
pub struct Recipe {
    /// The stable name, unique within its pair.
    pub id: &'static str,
    /// One line for a list.
    pub title: &'static str,
    /// The best class that its findings can have.
    pub class: Class,
    /// The smallest strategy that includes it.
    pub strategy: Strategy,
    /// Why the target needs it, in a sentence or two.
    pub why: &'static str,
    /// A piece of code before.
    pub before: &'static str,
    /// The same piece after.
    pub after: &'static str,
    /// The kinds of nodes that it looks at, and of files without syntax.
    pub kinds: &'static [&'static str],
    /// Looks at one node and says what it found.
    pub visit: Visit,
}

/// Looks at one node and says what it found.
pub type Visit = fn(&Context<'_>, Node<'_>, &mut Findings);

/// What a recipe does when its result must run on the source language as well as on the target.
#[derive(Debug, Clone, Copy)]
pub enum Dual {
    /// What it writes means the same in both.
    Same,
    /// It writes something else.
    Other(Visit),
    /// It is not run, for this reason.
    Never(&'static str),
}

/// A module, or a name out of one, that rewritten code needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Import {
    /// `from __future__ import feature`.
    Future(&'static str),
    /// `import module`.
    Module(&'static str),
    /// `from module import name`.
    Name(&'static str, &'static str),
    /// A definition of this name, with its text, put behind the imports.
    Helper(&'static str, &'static str),
}

/// What a recipe says about one place. All of its edits are made, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How far the rewrite may be trusted.
    pub class: Class,
    /// The place that is meant.
    pub span: Span,
    /// For CHECK and REFUSED: the reason. Otherwise may be empty.
    pub why: String,
    /// What to do. Empty when refused.
    pub edits: Vec<Edit>,
    /// What the rewritten code needs.
    pub imports: Vec<Import>,
    /// Files that the rewritten code needs: the path relative to the root, and the text.
    pub files: Vec<(String, &'static str)>,
    /// The path that the file goes to, relative to the root, when it must have another name.
    pub moves: Option<String>,
    /// The group of findings, in this file and others, whose edits are made together or not at all.
    pub group: Option<String>,
}

/// The findings of one recipe in one file.
#[derive(Debug, Default)]
pub struct Findings {
    pub(crate) found: Vec<Finding>,
}

impl Findings {
    /// A rewrite that keeps the meaning.
    pub fn safe(&mut self, node: Node<'_>, edits: Vec<Edit>) {
        self.push(Class::Safe, node, "", edits);
    }

    /// A rewrite that keeps the meaning and needs an import.
    pub fn safe_with(&mut self, node: Node<'_>, edits: Vec<Edit>, imports: Vec<Import>) {
        self.push(Class::Safe, node, "", edits);
        self.need(imports);
    }

    /// A rewrite that a person should look at and that needs an import.
    pub fn check_with(&mut self, node: Node<'_>, why: impl Into<String>, edits: Vec<Edit>, imports: Vec<Import>) {
        self.push(Class::Check, node, why, edits);
        self.need(imports);
    }

    /// Says how far the last finding may be trusted, and why.
    pub fn because(&mut self, class: Class, why: impl Into<String>) {
        if let Some(last) = self.found.last_mut() {
            (last.class, last.why) = (class, why.into());
        }
    }

    /// Says that the last finding is made together with all others of a group, or not at all.
    pub fn together(&mut self, group: String) {
        if let Some(last) = self.found.last_mut() {
            last.group = Some(group);
        }
    }

    fn need(&mut self, imports: Vec<Import>) {
        if let Some(last) = self.found.last_mut() {
            last.imports.extend(imports);
        }
    }

    /// Says that the last finding needs a file of its own.
    pub fn add_file(&mut self, path: String, text: &'static str) {
        if let Some(last) = self.found.last_mut() {
            last.files.push((path, text));
        }
    }

    /// Says that with the last finding the file goes to another path.
    pub fn move_to(&mut self, path: String) {
        if let Some(last) = self.found.last_mut() {
            last.moves = Some(path);
        }
    }

    /// A rewrite that a person should look at.
    pub fn check(&mut self, node: Node<'_>, why: impl Into<String>, edits: Vec<Edit>) {
        self.push(Class::Check, node, why, edits);
    }

    /// A place that is left alone.
    pub fn refuse(&mut self, node: Node<'_>, why: impl Into<String>) {
        self.push(Class::Refused, node, why, Vec::new());
    }

    /// A rewrite of a piece of text that a person should look at.
    pub fn check_at(&mut self, span: Span, why: impl Into<String>, edits: Vec<Edit>) {
        self.push_at(Class::Check, span, why, edits);
    }

    /// A piece of text that is left alone.
    pub fn refuse_at(&mut self, span: Span, why: impl Into<String>) {
        self.push_at(Class::Refused, span, why, Vec::new());
    }

    fn push(&mut self, class: Class, node: Node<'_>, why: impl Into<String>, edits: Vec<Edit>) {
        self.push_at(class, node.span(), why, edits);
    }

    fn push_at(&mut self, class: Class, span: Span, why: impl Into<String>, edits: Vec<Edit>) {
        let (imports, files) = (Vec::new(), Vec::new());
        self.found.push(Finding { class, span, why: why.into(), edits, imports, files, moves: None, group: None });
    }
}
