//! Which nodes declare which names.

use super::SymbolKind;
use crate::tree::Node;

/// How the kind of a node declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    None,
    /// A node with a name and perhaps a body.
    Named(SymbolKind),
    /// A declarator whose value may be a function or a class.
    Declarator,
    /// A field of a class in JavaScript or TypeScript.
    Member,
    /// An assignment in Python.
    Assignment,
    /// An export without a name.
    DefaultExport,
}

impl Role {
    pub(super) fn of(kind: &str) -> Self {
        match kind {
            "function_definition"
            | "function_declaration"
            | "generator_function_declaration"
            | "function_signature"
            | "method_definition"
            | "method_signature"
            | "abstract_method_signature"
            | "method_declaration"
            | "constructor_declaration"
            | "compact_constructor_declaration" => Self::Named(SymbolKind::Function),
            "class_definition" | "class_declaration" | "abstract_class_declaration" | "record_declaration" => {
                Self::Named(SymbolKind::Class)
            }
            "interface_declaration" | "annotation_type_declaration" => Self::Named(SymbolKind::Interface),
            "enum_declaration" => Self::Named(SymbolKind::Enum),
            "type_alias_declaration" => Self::Named(SymbolKind::Type),
            "internal_module" | "module" => Self::Named(SymbolKind::Namespace),
            "enum_constant" => Self::Named(SymbolKind::Variable),
            "variable_declarator" => Self::Declarator,
            "field_definition" | "public_field_definition" => Self::Member,
            "assignment" => Self::Assignment,
            "export_statement" => Self::DefaultExport,
            _ => Self::None,
        }
    }
}

/// A name that a node declares.
pub(super) struct Declared<'t> {
    pub(super) kind: SymbolKind,
    pub(super) name: Node<'t>,
    pub(super) body: Option<Node<'t>>,
    /// The node that stands for the whole declaration.
    pub(super) whole: Node<'t>,
}

/// What `node` declares within a symbol of the kind `around`.
pub(super) fn declared(node: Node<'_>, role: Role, around: Option<SymbolKind>) -> Vec<Declared<'_>> {
    match role {
        Role::None => Vec::new(),
        Role::Named(kind) => named(node, kind, around).into_iter().collect(),
        Role::Declarator => declarator(node, around).into_iter().collect(),
        Role::Member => {
            let name = node.field("property").or_else(|| node.field("name"));
            name.map(|name| valued(name, node.field("value"), node, around)).into_iter().collect()
        }
        Role::Assignment => assigned(node, around),
        Role::DefaultExport => default_export(node).into_iter().collect(),
    }
}

fn named(node: Node<'_>, kind: SymbolKind, around: Option<SymbolKind>) -> Option<Declared<'_>> {
    let name = node.field("name").filter(|_| node.is_named())?;
    if node.kind() == "method_definition" && node.parent().is_some_and(|parent| parent.kind() == "object") {
        return None;
    }
    let kind = if kind == SymbolKind::Function { function_kind(around) } else { kind };
    Some(Declared { kind, name, body: node.field("body"), whole: node })
}

fn function_kind(around: Option<SymbolKind>) -> SymbolKind {
    match around {
        Some(SymbolKind::Class | SymbolKind::Interface | SymbolKind::Enum) => SymbolKind::Method,
        _ => SymbolKind::Function,
    }
}

fn holds_variables(around: Option<SymbolKind>) -> bool {
    !matches!(around, Some(SymbolKind::Function | SymbolKind::Method))
}

fn declarator(node: Node<'_>, around: Option<SymbolKind>) -> Option<Declared<'_>> {
    let name = node.field("name").filter(|name| name.kind() == "identifier")?;
    let declaration = node.parent()?;
    let alone = declaration.named_children().filter(|child| child.kind() == "variable_declarator").count() == 1;
    let declared = valued(name, node.field("value"), if alone { declaration } else { node }, around);
    let is_local = !holds_variables(around) || is_in_a_block(declaration);
    (!is_local || declared.kind != SymbolKind::Variable).then_some(declared)
}

/// Whether a JavaScript or Java declaration is local to a block or a loop.
fn is_in_a_block(declaration: Node<'_>) -> bool {
    declaration.parent().is_some_and(|parent| match parent.kind() {
        // The body of a namespace is a block too.
        "statement_block" => parent.parent().is_none_or(|outer| !matches!(outer.kind(), "internal_module" | "module")),
        "for_statement" | "for_in_statement" | "block" | "switch_case" | "switch_default" => true,
        _ => false,
    })
}

/// A name with a value, which makes it a function, a class or a variable.
fn valued<'t>(name: Node<'t>, value: Option<Node<'t>>, whole: Node<'t>, around: Option<SymbolKind>) -> Declared<'t> {
    let kind = match value.map_or("", Node::kind) {
        "arrow_function" | "function_expression" | "generator_function" => function_kind(around),
        "class" => SymbolKind::Class,
        _ => SymbolKind::Variable,
    };
    let body = value.filter(|_| kind != SymbolKind::Variable).and_then(|value| value.field("body"));
    Declared { kind, name, body, whole }
}

/// The plain names that a Python statement outside functions assigns.
fn assigned(node: Node<'_>, around: Option<SymbolKind>) -> Vec<Declared<'_>> {
    let statement = node.ancestors().find(|outer| outer.kind() != "assignment");
    let Some(statement) = statement.filter(|outer| outer.kind() == "expression_statement" && holds_variables(around))
    else {
        return Vec::new();
    };
    let names = match node.field("left") {
        Some(left) if left.kind() == "identifier" => vec![left],
        Some(left) => left.descendants().filter(|inner| is_plain_target(*inner, left)).collect(),
        None => Vec::new(),
    };
    let variable = |name| Declared { kind: SymbolKind::Variable, name, body: None, whole: statement };
    names.into_iter().map(variable).collect()
}

fn is_plain_target(node: Node<'_>, left: Node<'_>) -> bool {
    let patterns = ["pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern"];
    node.kind() == "identifier"
        && node.ancestors().take_while(|outer| left.encloses(*outer)).all(|outer| patterns.contains(&outer.kind()))
}

/// `export default` of a function or class without a name.
fn default_export(node: Node<'_>) -> Option<Declared<'_>> {
    let name = node.child_of_kind("default")?;
    let value = node.field("value")?;
    let declared = valued(name, Some(value), node, None);
    (declared.kind != SymbolKind::Variable).then_some(declared)
}
