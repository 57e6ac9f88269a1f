//! What a recipe may look at besides the node: the file's tree, scopes and path, and the modules beside it.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use iama_syntax::scopes::Scopes;
use iama_syntax::{Node, SyntaxTree};

use crate::edit::Ledger;

/// What is known of the workspace before any file is rewritten.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Project {
    /// Every source file, relative to the root, with `/` between folders.
    pub files: BTreeSet<String>,
    /// Whether some file is certainly written in the source language, so that doubtful files are too.
    pub certain: bool,
}

/// One file in one round.
pub struct Context<'t> {
    /// The tree of the present text.
    pub tree: &'t SyntaxTree,
    /// Where the file lies, relative to the root.
    pub path: &'t str,
    /// The workspace.
    pub project: &'t Project,
    /// Whether the file is certainly written in the source language.
    pub certain: bool,
    pub(crate) ledger: &'t Ledger,
    scopes: OnceCell<Scopes>,
}

impl<'t> Context<'t> {
    pub(crate) fn new(
        tree: &'t SyntaxTree,
        path: &'t str,
        project: &'t Project,
        certain: bool,
        ledger: &'t Ledger,
    ) -> Self {
        Self { tree, path, project, certain, ledger, scopes: OnceCell::new() }
    }

    /// The scopes and bindings of the file, worked out when first asked for.
    pub fn scopes(&self) -> &Scopes {
        self.scopes.get_or_init(|| Scopes::build(self.tree))
    }

    /// Whether a recipe wrote some of this node's text in an earlier round.
    pub fn is_written(&self, node: Node<'_>) -> bool {
        self.ledger.is_written(node.span())
    }
}
