//! Renaming where it can be told which names mean the symbol.

use iama_syntax::scopes::{BindingId, BindingKind, Resolution, ScopeId, ScopeKind, Scopes};
use iama_syntax::{Node, Symbols, SyntaxTree};

use super::{Edit, unique_symbol};
use crate::anchor::line_of;
use crate::outcome::Outcome;

pub(super) fn rename(tree: &SyntaxTree, symbol: &str, to: &str) -> Result<Vec<Edit>, Outcome> {
    if !is_name(to) {
        return Err(unsafe_because(format!("{to:?} is no name")));
    }
    let name = symbol.rsplit('.').next().unwrap_or(symbol);
    if name == to {
        return Ok(Vec::new());
    }
    let scopes = tree.dialect().is_python().then(|| Scopes::build(tree));
    let is_meant = |node: Node<'_>| match &scopes {
        Some(scopes) => scopes.resolve(node).is_some(),
        None => !node.kind().contains("property_identifier") || node.kind().starts_with("shorthand"),
    };
    let taken = tree.nodes().find(|node| is_identifier(*node) && node.text() == to && is_meant(*node));
    if let Some(taken) = taken {
        return Err(unsafe_because(format!("line {} uses the name {to} already", line(taken))));
    }
    let nodes = match &scopes {
        Some(scopes) => python_places(tree, scopes, symbol)?,
        None => script_places(tree, symbol)?,
    };
    Ok(nodes.into_iter().map(|node| (node.span().range(), to.to_owned())).collect())
}

fn unsafe_because(detail: String) -> Outcome {
    Outcome::RenameNotSafe { detail }
}

fn line(node: Node<'_>) -> u32 {
    line_of(node.tree().text(), node.start() as usize)
}

fn is_name(text: &str) -> bool {
    const WORDS: &str = " and as assert async await break case catch class const continue debugger def default del delete do \
        elif else enum except exec export extends False finally for from function global if implements import in instanceof \
        interface is lambda let new None nonlocal not null or package pass print private protected public raise return \
        static super switch this throw True true false try typeof var void while with yield ";
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
        && !WORDS.contains(&format!(" {text} "))
}

fn is_identifier(node: Node<'_>) -> bool {
    node.is_named() && node.kind().ends_with("identifier") || node.kind() == "shorthand_property_identifier_pattern"
}

fn python_places<'t>(tree: &'t SyntaxTree, scopes: &Scopes, symbol: &str) -> Result<Vec<Node<'t>>, Outcome> {
    let binding = python_binding(tree, scopes, symbol)?;
    let name = symbol.rsplit('.').next().unwrap_or(symbol);
    refuse_indirect_names(tree, scopes, binding, name)?;
    Ok(scopes.occurrences_of(binding).iter().map(|id| tree.node(*id)).collect())
}

fn python_binding(tree: &SyntaxTree, scopes: &Scopes, symbol: &str) -> Result<BindingId, Outcome> {
    let symbols = Symbols::of(tree);
    let scope = match symbol.rsplit_once('.') {
        None => ScopeId::MODULE,
        Some((around, _)) => {
            let around = unique_symbol(tree, &symbols, around)?;
            scopes.iter().find(|(_, scope)| scope.node == around.node).map_or(ScopeId::MODULE, |(id, _)| id)
        }
    };
    if scopes.scope(scope).kind == ScopeKind::Class {
        return Err(unsafe_because("members of a class are reached through attributes of anything".to_owned()));
    }
    let name = symbol.rsplit('.').next().unwrap_or(symbol);
    let found = scopes.lookup(scope, name).filter(|_| symbol == name || scope != ScopeId::MODULE);
    found.ok_or_else(|| Outcome::SymbolNotFound { similar: super::similar(&symbols, symbol) })
}

/// Refuses what reaches the name past the scopes.
fn refuse_indirect_names(tree: &SyntaxTree, scopes: &Scopes, binding: BindingId, name: &str) -> Result<(), Outcome> {
    let definitions = &scopes.binding(binding).definitions;
    let bound_by = |wanted: BindingKind| definitions.iter().find(|(_, kind)| *kind == wanted);
    if let Some((node, _)) = bound_by(BindingKind::Import) {
        return Err(unsafe_because(format!("line {} imports it under this name", line(tree.node(*node)))));
    }
    for node in tree.nodes() {
        let is_unknown =
            node.kind() == "identifier" && node.text() == name && scopes.resolve(node) == Some(Resolution::Unknown);
        let is_keyword = node.kind() == "keyword_argument"
            && bound_by(BindingKind::Parameter).is_some()
            && node.field("name").is_some_and(|keyword| keyword.text() == name);
        if is_unknown || is_keyword || is_named_in_string(node, name) {
            return Err(unsafe_because(format!("line {} may mean it as well", line(node))));
        }
    }
    Ok(())
}

/// Whether a string in `__all__` or in an annotation names it.
fn is_named_in_string(node: Node<'_>, name: &str) -> bool {
    if node.kind() != "string" || !node.text().contains(name) {
        return false;
    }
    let mut words = node.text().split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let lists_exports = |outer: Node<'_>| {
        matches!(outer.kind(), "assignment" | "augmented_assignment")
            && outer.field("left").is_some_and(|left| left.text() == "__all__")
    };
    words.any(|word| word == name) && node.ancestors().any(|outer| outer.kind() == "type" || lists_exports(outer))
}

/// JavaScript and TypeScript: every name in the file means the symbol, or the renaming is refused.
fn script_places<'t>(tree: &'t SyntaxTree, symbol: &str) -> Result<Vec<Node<'t>>, Outcome> {
    let symbols = Symbols::of(tree);
    let declared = unique_symbol(tree, &symbols, symbol)?;
    if declared.parent.is_some() {
        return Err(unsafe_because("names within other symbols cannot be told apart in this language".to_owned()));
    }
    let mut places = Vec::new();
    for node in tree.nodes().filter(|node| is_identifier(*node) && node.text() == symbol) {
        let is_property =
            matches!(node.kind(), "property_identifier" | "private_property_identifier" | "statement_identifier");
        if is_property {
            continue;
        }
        if node.span() != declared.name && (is_binding(node) || node.kind().starts_with("shorthand")) {
            return Err(unsafe_because(format!("line {} may mean another {symbol}", line(node))));
        }
        places.push(node);
    }
    Ok(places)
}

/// Whether a name stands where a language of this family gives it a meaning of its own.
fn is_binding(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    match parent.kind() {
        "required_parameter"
        | "optional_parameter"
        | "formal_parameters"
        | "catch_clause"
        | "array_pattern"
        | "rest_pattern"
        | "object_pattern"
        | "pair_pattern"
        | "import_specifier"
        | "import_clause"
        | "namespace_import"
        | "export_specifier"
        | "type_parameter"
        | "infer_type"
        | "import_require_clause" => true,
        "arrow_function" => parent.field("parameter") == Some(node),
        "assignment_pattern" | "for_in_statement" => parent.field("left") == Some(node),
        "index_signature" | "type_predicate" => parent.field("name") == Some(node),
        kind if kind.ends_with("_declaration") || kind.ends_with("declarator") || kind.ends_with("_signature") => {
            parent.field("name") == Some(node)
        }
        "function_expression" | "generator_function" | "class" | "internal_module" | "module" => {
            parent.field("name") == Some(node)
        }
        _ => false,
    }
}
