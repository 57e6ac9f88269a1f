//! Slices that arrive where only items used to.

use iama_syntax::{Node, Span};

use super::facts::descends_from;
use super::iterators::{method_name, methods};
use super::look::{call_of, indentation, is_builtin, line_end, rename};
use super::text_methods::after_docstring;
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 2] = [
    Recipe {
        id: "slice-method-values",
        title: "list.__getslice__ as a value",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "No builtin of Python 3 has the methods for slices.",
        before: "cut = list.__getslice__",
        after: "cut = (lambda values, start, stop: values[start:stop])",
        kinds: &["attribute"],
        visit: slice_value,
    },
    Recipe {
        id: "sliced-items",
        title: "__getitem__ and its kin in classes made of lists, tuples and strings",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "Python 2 took a[i:j] to the builtin's own method for slices; in Python 3 the slice comes to __getitem__.",
        before: "class Rows(list):\n    def __getitem__(self, key):\n        return list.__getitem__(self, key.lower())",
        after: "class Rows(list):\n    def __getitem__(self, key):\n        if isinstance(key, slice) and key.step is None:\n            \
            return list.__getitem__(self, key)\n        return list.__getitem__(self, key.lower())",
        kinds: &["class_definition"],
        visit: sliced_items,
    },
];

fn slice_value(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let (Some(object), Some(name)) = (node.field("object"), node.field("attribute")) else { return };
    let builtin = ["list", "tuple", "str", "unicode"].iter().any(|name| is_builtin(context, object, name));
    let text = match name.text() {
        "__getslice__" => "(lambda values, start, stop: values[start:stop])",
        "__setslice__" => "(lambda values, start, stop, new: values.__setitem__(slice(start, stop), new))",
        "__delslice__" => "(lambda values, start, stop: values.__delitem__(slice(start, stop)))",
        _ => return,
    };
    if builtin && context.certain && call_of(node).is_none() {
        found.safe(node, vec![rename(node, text)]);
    }
}

/// The methods for items, how many parameters they have, and the ones for slices that Python 2 preferred.
const ITEMS: [(&str, usize, &str); 3] =
    [("__getitem__", 2, "__getslice__"), ("__setitem__", 3, "__setslice__"), ("__delitem__", 2, "__delslice__")];

fn sliced_items(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let class = node.field("name").map_or("", Node::text);
    let made_of = |name: &&&str| descends_from(context, class, name);
    let Some(base) = ["list", "tuple", "str", "unicode"].iter().find(made_of).filter(|_| context.certain) else {
        return;
    };
    let defines = |name: &str| methods(node).any(|method| method_name(method) == name);
    for (name, count, slices) in ITEMS {
        let Some(method) = methods(node).find(|method| method_name(*method) == name) else { continue };
        let parameters: Vec<_> = method.field("parameters").into_iter().flat_map(Node::named_children).collect();
        let plain = parameters.len() == count && parameters.iter().all(|parameter| parameter.kind() == "identifier");
        let Some(first) = after_docstring(method).filter(|_| plain && !defines(slices)) else { continue };
        let inline = !node.tree().slice(Span::new(method.start(), first.start())).contains('\n');
        if inline || method.text().contains("slice") {
            continue;
        }
        let (newline, indent, key) = (line_end(node.tree().text()), indentation(first), parameters[1].text());
        let names: Vec<_> = parameters.iter().map(|parameter| parameter.text()).collect();
        let text = format!(
            "if isinstance({key}, slice) and {key}.step is None:{newline}{indent}    return {}.{name}({}){newline}{indent}",
            if *base == "unicode" { "str" } else { base },
            names.join(", ")
        );
        let why = "slices go past the method, as they did";
        found.check(method, why, vec![Edit::insert(first.start(), text)]);
    }
}
