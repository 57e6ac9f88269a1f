//! Which names of a file lead somewhere: to a binding of the file, or to what the language knows by itself.

use iama_syntax::scopes::{Resolution, Scopes};
use iama_syntax::{Node, SyntaxTree};
use rustc_hash::{FxHashMap, FxHashSet};

use super::builtins::builtins;
use crate::confidence::Share;

/// The names of a file.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Those that lead somewhere, of all.
    pub(super) share: Share,
    /// Of Java: names with a capital that do not, with how often; they may be classes of the same package. Sorted.
    pub(super) open: Vec<(Box<str>, u32)>,
}

/// Looks at every name of a file.
pub(super) fn names(tree: &SyntaxTree) -> Names {
    if tree.dialect().is_python() { by_scope(tree) } else { by_file(tree) }
}

/// Python: as its symbol table decides.
fn by_scope(tree: &SyntaxTree) -> Names {
    let scopes = Scopes::build(tree);
    let known = builtins(tree.dialect());
    let mut share = Share::default();
    for node in tree.nodes().filter(|node| node.kind() == "identifier") {
        match scopes.resolve(node) {
            None => {}
            Some(Resolution::Local(_) | Resolution::Enclosing(_) | Resolution::Global(_)) => share.count(true),
            Some(Resolution::Builtin) => share.count(known.contains(node.text())),
            Some(Resolution::Unknown) => share.count(false),
        }
    }
    Names { share, open: Vec::new() }
}

/// How a name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// It is bound here.
    Binds,
    /// It is looked up.
    Used,
    /// It belongs to something else, as the name of a member does.
    Otherwise,
}

/// The others: whatever the file binds anywhere counts everywhere in it.
fn by_file(tree: &SyntaxTree) -> Names {
    let is_java = tree.dialect() == iama_syntax::Dialect::Java;
    let mut bound: FxHashSet<&str> = FxHashSet::default();
    let mut used: FxHashMap<&str, u32> = FxHashMap::default();
    let mut share = Share::default();
    for node in tree.nodes() {
        let stands = match (node.kind(), is_java) {
            ("identifier" | "type_identifier", true) => in_java(node),
            ("identifier" | "type_identifier" | "shorthand_property_identifier", false) => in_javascript(node),
            ("shorthand_property_identifier_pattern", false) => Stands::Binds,
            _ => continue,
        };
        match stands {
            Stands::Binds => {
                bound.insert(node.text());
                share.count(true);
            }
            Stands::Used => *used.entry(node.text()).or_default() += 1,
            Stands::Otherwise => {}
        }
    }
    let known = builtins(tree.dialect());
    let mut open: Vec<(Box<str>, u32)> = Vec::new();
    let mut used: Vec<(&str, u32)> = used.into_iter().collect();
    used.sort_unstable();
    for (name, times) in used {
        let leads = bound.contains(name) || known.contains(name);
        share.add(if leads { times.into() } else { 0 }, times.into());
        if is_java && !leads && name.starts_with(|first: char| first.is_uppercase()) {
            open.push((name.into(), times));
        }
    }
    Names { share, open }
}

fn in_javascript(node: Node<'_>) -> Stands {
    let Some(parent) = node.parent() else { return Stands::Otherwise };
    let field = node.field_name();
    match parent.kind() {
        "variable_declarator"
        | "function_declaration"
        | "generator_function_declaration"
        | "function_expression"
        | "generator_function"
        | "function_signature"
        | "class_declaration"
        | "abstract_class_declaration"
        | "class"
        | "enum_declaration"
        | "interface_declaration"
        | "type_alias_declaration"
        | "internal_module"
        | "module"
        | "index_signature"
        | "mapped_type_clause"
        | "type_parameter"
            if field == "name" =>
        {
            Stands::Binds
        }
        "formal_parameters"
        | "rest_pattern"
        | "array_pattern"
        | "namespace_import"
        | "import_clause"
        | "import_require_clause"
        | "pair_pattern"
        | "import_specifier"
        | "infer_type" => Stands::Binds,
        "required_parameter" | "optional_parameter" if field == "pattern" || field == "name" => Stands::Binds,
        "assignment_pattern" | "object_assignment_pattern" if field == "left" => Stands::Binds,
        "arrow_function" | "catch_clause" if field == "parameter" => Stands::Binds,
        "for_in_statement" if field == "left" && parent.field("kind").is_some() => Stands::Binds,
        "export_specifier" | "nested_identifier" | "namespace_export" | "nested_type_identifier" => Stands::Otherwise,
        "jsx_opening_element" | "jsx_closing_element" | "jsx_self_closing_element"
            if node.text().starts_with(|first: char| first.is_lowercase()) =>
        {
            Stands::Otherwise
        }
        _ => Stands::Used,
    }
}

fn in_java(node: Node<'_>) -> Stands {
    let Some(parent) = node.parent() else { return Stands::Otherwise };
    let field = node.field_name();
    match parent.kind() {
        "annotation" | "marker_annotation" => Stands::Used,
        "method_invocation" if field == "name" => Stands::Otherwise,
        // The last name of an import is what the file calls it.
        "scoped_identifier" => match parent.parent().map_or("", Node::kind) {
            "import_declaration" if field == "name" => Stands::Binds,
            _ => Stands::Otherwise,
        },
        "field_access" if field == "field" => Stands::Otherwise,
        "element_value_pair" if field == "key" => Stands::Otherwise,
        "method_reference" | "scoped_type_identifier" if node.prev_sibling().is_some() => Stands::Otherwise,
        "package_declaration"
        | "break_statement"
        | "continue_statement"
        | "labeled_statement"
        | "exports_module_directive"
        | "opens_module_directive"
        | "provides_module_directive"
        | "requires_module_directive"
        | "uses_module_directive"
        | "module_declaration" => Stands::Otherwise,
        "import_declaration"
        | "inferred_parameters"
        | "type_parameter"
        | "type_pattern"
        | "record_pattern_component" => Stands::Binds,
        "lambda_expression" if field == "parameters" => Stands::Binds,
        _ if field == "name" => Stands::Binds,
        _ => Stands::Used,
    }
}

#[cfg(test)]
mod tests {
    use iama_syntax::Dialect;

    use super::*;

    fn share(dialect: Dialect, text: &str) -> (u64, u64) {
        let found = names(&SyntaxTree::parse(dialect, text).unwrap()).share;
        (found.part, found.whole)
    }

    #[test]
    fn names_lead_to_bindings_or_builtins() {
        assert_eq!(share(Dialect::Python3, "import a\nprint(len(a.b), nowhere)\n"), (4, 5));
        assert_eq!(
            share(Dialect::JavaScript, "import a, { b as c } from 'm';\nconst d = ({ e }) => a.f(c, e, g);\n"),
            (8, 9)
        );
        assert_eq!(share(Dialect::Tsx, "type T<X> = X | U;\nconst a: T<string> = <B c={a}><i/></B>;\n"), (6, 9));
        assert_eq!(
            share(Dialect::Java, "import p.D;\nclass A { D d; String s(int x) { return d.f(x).g + y; } }\n"),
            (9, 10)
        );
    }

    #[test]
    fn classes_that_java_finds_elsewhere_are_kept_with_their_number() {
        let text = "class A { B b; B c = C.of(d); }\n";
        let found = names(&SyntaxTree::parse(Dialect::Java, text).unwrap());
        assert_eq!(found.open, [("B".into(), 2), ("C".into(), 1)]);
    }
}
