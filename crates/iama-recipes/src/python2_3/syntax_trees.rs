//! Syntax trees of Python's own kind, and the order of bases.

use iama_syntax::Node;

use super::facts::{bases_of, is_class};
use super::iterators::{method_name, methods};
use super::look::{indentation, line_end, rename};
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 3] = [
    Recipe {
        id: "syntax-tree-names",
        title: "kinds of nodes that _ast has no more",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Strings and numbers are Constant nodes since Python 3.8; ast knows the older names up to 3.13, and _ast does not.",
        before: "import _ast\nplain = isinstance(node, _ast.Str)",
        after: "import _ast\nimport ast\nplain = isinstance(node, ast.Str)",
        kinds: &["attribute", "import_from_statement"],
        visit: tree_names,
    },
    Recipe {
        id: "syntax-tree-visitors",
        title: "visitors of strings and numbers in syntax trees",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Strings and numbers are Constant nodes since Python 3.8, for which visitors have another method.",
        before: "import ast\nclass Writer(object):\n    def visit_Num(self, node):\n        return node.n\n    def \
                 visit_Str(self, node):\n        return node.s",
        after: "import ast\nclass Writer(object):\n    def visit_Num(self, node):\n        return node.n\n    def \
                visit_Str(self, node):\n        return node.s\n\n    def visit_Constant(self, node):\n        if \
                isinstance(node.value, (int, float, complex)):\n            return self.visit_Num(node)\n        return \
                self.visit_Str(node)",
        kinds: &["class_definition"],
        visit: tree_visitors,
    },
    Recipe {
        id: "base-order",
        title: "bases that Python 3 can't bring into an order",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "No base may come before a class that is derived from it; classes of Python 2's old kind did not mind.",
        before: "class Rows(object, Base): pass",
        after: "class Rows(Base): pass",
        kinds: &["class_definition"],
        visit: base_order,
    },
];

/// Kinds of nodes that are made no more.
const GONE: &[&str] =
    &["Str", "Num", "Bytes", "NameConstant", "Ellipsis", "Index", "ExtSlice", "AugLoad", "AugStore", "Param", "Suite"];

fn tree_names(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !context.certain || context.target < (3, 8) || context.target > (3, 13) {
        return;
    }
    let why = "nodes are made under other names now: strings and numbers are Constant, and an index is its own value";
    if let Some(name) = node.field("attribute") {
        let module = node.field("object").is_some_and(|object| object.text() == "_ast");
        let known = GONE.contains(&name.text()) && module;
        if known && !context.binds_other("ast", "ast") {
            let text = format!("ast.{}", name.text());
            found.check_with(node, why, vec![rename(node, &text)], vec![Import::Module("ast")]);
        }
        return;
    }
    let Some(module) = node.field("module_name").filter(|module| module.text() == "_ast") else { return };
    let star = node.children().any(|child| child.kind() == "wildcard_import");
    let gone = |item: Node<'_>| GONE.contains(&item.field("name").unwrap_or(item).text());
    if star || node.fields("name").any(gone) {
        found.check(node, why, vec![rename(module, "ast")]);
    }
}

fn tree_visitors(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let named = |wanted: &str| methods(node).filter(|method| method_name(*method) == wanted).last();
    let (Some(number), Some(text)) = (named("visit_Num"), named("visit_Str")) else { return };
    let trees = context.imported_word("ast") || context.imported_word("_ast");
    if !trees || !context.certain || named("visit_Constant").is_some() {
        return;
    }
    let last = if number.start() < text.start() { text } else { number };
    let whole = last.parent().filter(|parent| parent.kind() == "decorated_definition").unwrap_or(last);
    let (newline, indent) = (line_end(node.tree().text()), indentation(whole));
    let lines = [
        format!("{newline}{newline}{indent}def visit_Constant(self, node):"),
        format!("{newline}{indent}    if isinstance(node.value, (int, float, complex)):"),
        format!("{newline}{indent}        return self.visit_Num(node)"),
        format!("{newline}{indent}    return self.visit_Str(node)"),
    ];
    let why = "None, True and False are constants now, too, and were names";
    found.check(node, why, vec![Edit::insert(whole.end(), lines.concat())]);
}

fn base_order(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(list) = node.field("superclasses").filter(|_| context.certain) else { return };
    let bases: Vec<_> = list.named_children().collect();
    // A keyword names the metaclass.
    if bases.len() < 2
        || list.text().contains('=')
        || bases.iter().any(|base| !matches!(base.kind(), "identifier" | "attribute"))
    {
        return;
    }
    let above = |rank: usize| {
        let name = last_part(bases[rank]);
        let later = &bases[rank + 1..];
        (name == "object" && !later.is_empty())
            || (is_class(context, name) && later.iter().any(|base| is_above(context, name, last_part(*base), 0)))
    };
    let kept: Vec<_> = (0..bases.len()).filter(|rank| !above(*rank)).map(|rank| bases[rank].text()).collect();
    if kept.len() == bases.len() {
        return;
    }
    let old = context.dual && bases.iter().any(|base| base.text() == "object");
    let text = format!("({}{})", kept.join(", "), if old { ", object" } else { "" });
    let why = "the class is among its ancestors all the same, though what it defines comes later";
    found.check(node, why, vec![Edit::replace(list.span(), text)]);
}

fn last_part(base: Node<'_>) -> &str {
    base.field("attribute").map_or(base.text(), Node::text)
}

/// Steps from class to class that are followed.
const DEPTH: usize = 12;

/// Whether a class of the workspace is derived from another one.
fn is_above(context: &Context<'_>, above: &str, class: &str, depth: usize) -> bool {
    depth < DEPTH
        && class != above
        && bases_of(context, class).any(|base| base == above || is_above(context, above, base, depth + 1))
}
