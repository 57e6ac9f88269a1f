//! Scopes in the words of `CPython`'s `symtable` module.

use std::collections::BTreeMap;

use crate::scopes::{Resolution, ScopeId, ScopeKind, Scopes};
use crate::tree::{Node, SyntaxTree};

/// The scopes of a Python tree, each with the names that it uses or binds itself, as `python_symtable.py` writes them,
/// sorted.
///
/// Names that cannot be resolved are marked `?`. Private names are left out: `CPython` spells them otherwise within classes.
pub fn scopes(tree: &SyntaxTree) -> Vec<String> {
    let scopes = Scopes::build(tree);
    let mut names: Vec<BTreeMap<&str, char>> = vec![BTreeMap::new(); scopes.iter().len()];
    for node in tree.nodes().filter(|node| is_shown(*node)) {
        if let Some((scope, meaning)) = meaning(&scopes, node) {
            names[scope.0 as usize].insert(node.text(), meaning);
        }
        // A walrus counts for its comprehension and for the function around that.
        let walrus = node.parent().filter(|parent| parent.kind() == "named_expression" && node.field_name() == "name");
        if let Some(binding) = walrus.and_then(|_| scopes.binding_of(node)) {
            names[scopes.binding(binding).scope.0 as usize].entry(node.text()).or_insert('L');
        }
    }
    let mut out: Vec<_> = scopes
        .iter()
        .map(|(id, _)| described(tree, &scopes, id, &names[id.0 as usize]))
        .filter(|scope| !scope.starts_with("function top:"))
        .collect();
    out.sort();
    out
}

fn is_shown(node: Node<'_>) -> bool {
    let name = node.text();
    let is_redirected =
        || node.parent().is_some_and(|parent| matches!(parent.kind(), "global_statement" | "nonlocal_statement"));
    let is_private = name.starts_with("__") && !name.ends_with("__");
    let is_mangled = name.trim_matches('_').contains("__");
    let is_plain = name.is_ascii() && name != "__class__" && !is_private && !is_mangled;
    node.kind() == "identifier" && is_plain && !is_redirected()
}

fn meaning(scopes: &Scopes, node: Node<'_>) -> Option<(ScopeId, char)> {
    let scope = scopes.used_in(node)?;
    let meaning = match scopes.resolve(node)? {
        Resolution::Local(_) => 'L',
        Resolution::Enclosing(_) => 'E',
        Resolution::Global(_) | Resolution::Builtin => 'G',
        Resolution::Unknown => '?',
    };
    Some((scope, meaning))
}

fn described(tree: &SyntaxTree, scopes: &Scopes, id: ScopeId, names: &BTreeMap<&str, char>) -> String {
    let scope = scopes.scope(id);
    let kind = match scope.kind {
        ScopeKind::Module => "module",
        ScopeKind::Class => "class",
        ScopeKind::Function => "function",
        ScopeKind::Lambda => "lambda",
        ScopeKind::Comprehension => "comprehension",
    };
    let mut out = format!("{kind} {}:", tree.node(scope.node).field("name").map_or("", Node::text));
    for (name, meaning) in names {
        out.extend([" ", name, "="]);
        out.push(*meaning);
    }
    out
}
