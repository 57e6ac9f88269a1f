//! What Python 2's values were by their names alone: methods made by hand, members asked for by a string, builtins handed on.

use iama_syntax::{Node, Span};

use super::look::{call_of, is_builtin, positional, rename};
use super::members::new_path;
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 5] = [
    Recipe {
        id: "imports-nearby",
        title: "__import__() of a module in the same package",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "Python 2 looks for the module beside the file first, where it is told the file's names; Python 3 looks for it only \
              on the path.",
        before: "reader = __import__(name, globals(), locals())  # in a package",
        after: "def import_near(name, *rest):\n    names = (rest + (None, None))[:2] + (rest[2:3] or ((),))\n    try:\n        \
                return __import__(name, *names, **{'level': 1})\n    except ImportError:\n        return __import__(name, \
                *names)\n\nreader = import_near(name, globals(), locals())  # in a package",
        kinds: &["call"],
        visit: nearby_import,
    },
    Recipe {
        id: "method-lists",
        title: "lists of the names of a file's methods",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "What goes through such a list asks objects for methods that are called otherwise in Python 3, or are gone.",
        before: "PROXIED = ('read', 'readline', 'next', 'xreadlines')",
        after: "PROXIED = ('read', 'readline', '__next__')",
        kinds: &["tuple", "list"],
        visit: method_list,
    },
    Recipe {
        id: "method-constructor",
        title: "methods that are made of a function, an object and a class",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "types.MethodType takes no class in Python 3, and a method without an object is a plain function.",
        before: "import types\nhook = types.MethodType(run, task, Task)",
        after: "import types\nhook = types.MethodType(run, task)",
        kinds: &["call"],
        visit: method_constructor,
    },
    Recipe {
        id: "members-by-name",
        title: "getattr() of a module's renamed members",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "getattr is asked for a member, such as types.UnicodeType, that goes by another name or is a builtin now.",
        before: "import types\nfor name in ('UnicodeType', 'CodeType'):\n    kinds.append(getattr(types, name))",
        after: "import types\nfor name in ('UnicodeType', 'CodeType'):\n    kinds.append({'UnicodeType': str}[name] if name in \
                {'UnicodeType': str} else getattr(types, name))",
        kinds: &["call"],
        visit: member_by_name,
    },
    Recipe {
        id: "list-makers-as-values",
        title: "map, filter, zip and apply handed to another function",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "The first three gave lists, and Python 3 has no apply.",
        before: "from functools import partial\nlengths = partial(map, len)",
        after: "from functools import partial\nlengths = partial((lambda *args: list(map(*args))), len)",
        kinds: &["identifier"],
        visit: list_maker,
    },
];

const IMPORT_NEAR: Import = Import::Helper(
    "import_near",
    "

def import_near(name, *rest):
    names = (rest + (None, None))[:2] + (rest[2:3] or ((),))
    try:
        return __import__(name, *names, **{'level': 1})
    except ImportError:
        return __import__(name, *names)
",
);

/// A module that is known only when the code runs, or that is one of the package.
fn nearby_import(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function").filter(|function| is_builtin(context, *function, "__import__")) else {
        return;
    };
    let Some(parts) = positional(node).filter(|parts| matches!(parts.len(), 2..=4)) else { return };
    let plain = parts[0].kind() == "string";
    let near = plain && context.is_neighbour(parts[0].text().trim_matches(['"', '\'']));
    let told = parts[1].text() == "globals()" && !context.had_future("absolute_import");
    let helper = super::helpers::name_of(context, &IMPORT_NEAR);
    let inside = node.ancestors().any(|outer| outer.field("name").is_some_and(|name| name.text() == helper));
    if told && (near || !plain) && !inside && context.certain && super::modules::in_package(context) {
        let why = "a module of the package is looked for first, as Python 2 does";
        found.check_with(node, why, vec![rename(function, &helper)], vec![IMPORT_NEAR]);
    }
}

fn method_constructor(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(&[function, object, class]) = positional(node).as_deref() else { return };
    let member = |node: Node<'_>, names: &[&str]| {
        node.kind() == "attribute" && node.field("attribute").is_some_and(|name| names.contains(&name.text()))
    };
    let path = node.field("function").and_then(|called| context.dotted(called)).unwrap_or_default();
    let taken_apart = member(function, &["im_func", "__func__"]) && member(class, &["im_class"]);
    if !context.certain || !(taken_apart || matches!(path, "types.MethodType" | "new.instancemethod")) {
        return;
    }
    if object.kind() == "none" || object.text() == "None" {
        let why = "a method without an object is a plain function, which takes any first argument";
        return found.check(node, why, vec![Edit::pieces(node.span(), super::look::kept(function, true))]);
    }
    let why = "without an object it was an unbound method, which is a plain function now";
    found.check(node, why, vec![Edit::delete(Span::new(object.end(), class.end()))]);
}

fn member_by_name(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !node.field("function").is_some_and(|function| is_builtin(context, function, "getattr")) || !context.certain {
        return;
    }
    let Some(parts) = positional(node).filter(|parts| matches!(parts.len(), 2 | 3)) else { return };
    let (module, name) = (parts[0], parts[1]);
    let Some(path) = context.dotted(module).filter(|_| module.kind() == "identifier") else { return };
    let new = |member: &str| {
        let new = new_path(&format!("{path}.{member}"))?;
        let own = new.strip_prefix(path).and_then(|rest| rest.strip_prefix('.'));
        own.map_or_else(|| (!new.contains('.')).then(|| new.to_owned()), |own| Some(format!("{}.{own}", module.text())))
    };
    if let Some(member) = literal(name) {
        let text = new(member);
        return text.into_iter().for_each(|text| found.safe(node, vec![rename(node, &text)]));
    }
    let known: Vec<_> = names_of(context, name).into_iter().filter_map(|name| Some((name, new(name)?))).collect();
    let written =
        node.parent().is_some_and(|outer| outer.kind() == "conditional_expression" && context.is_written(outer));
    if known.is_empty() || written {
        return;
    }
    let entries: Vec<_> = known.iter().map(|(old, new)| format!("'{old}': {new}")).collect();
    let (table, key) = (format!("{{{}}}", entries.join(", ")), name.text());
    let argument = node.parent().is_some_and(|outer| matches!(outer.kind(), "assignment" | "argument_list"));
    let (open, close) = if argument { ("", "") } else { ("(", ")") };
    let before = format!("{open}{table}[{key}] if {key} in {table} else ");
    let pieces = vec![Piece::New(before), Piece::Keep(node.span()), Piece::New(close.to_owned())];
    found.safe(node, vec![Edit::pieces(node.span(), pieces)]);
}

fn method_list(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let items: Vec<_> = node.named_children().collect();
    let Some(names) = items.iter().map(|item| literal(*item)).collect::<Option<Vec<_>>>() else { return };
    let of_files = ["read", "readline", "readlines", "write", "writelines", "__iter__", "flush", "seek"];
    if !context.certain || names.iter().filter(|name| of_files.contains(name)).count() < 2 {
        return;
    }
    let why = "taken for methods of files and iterators";
    for (at, (item, name)) in items.iter().zip(&names).enumerate() {
        match *name {
            "next" if !names.contains(&"__next__") => {
                found.check(*item, why, vec![Edit::replace(item.span(), "'__next__'")]);
            }
            "xreadlines" if at > 0 => {
                let span = Span::new(items[at - 1].end(), item.end());
                found.check(*item, why, vec![Edit::delete(span)]);
            }
            _ => {}
        }
    }
}

/// What a plain literal says.
fn literal(node: Node<'_>) -> Option<&str> {
    let text = node.text();
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (node.kind() == "string" && inside.chars().all(|c| c.is_alphanumeric() || c == '_')).then_some(inside)
}

/// The strings that a name may be, when only loops over literals give it a value.
fn names_of<'t>(context: &Context<'t>, name: Node<'_>) -> Vec<&'t str> {
    let Some(binding) = context.scopes().binding_of(name).filter(|_| name.kind() == "identifier") else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (definition, _) in &context.scopes().binding(binding).definitions {
        let target = context.tree.node(*definition);
        let lists = |right: &Node<'_>| matches!(right.kind(), "tuple" | "list");
        let loops = target.parent().filter(|outer| outer.kind() == "for_statement" && target.field_name() == "left");
        let Some(items) = loops.and_then(|outer| outer.field("right")).filter(lists) else { return Vec::new() };
        let Some(items) = items.named_children().map(literal).collect::<Option<Vec<_>>>() else { return Vec::new() };
        all.extend(items);
    }
    all
}

/// Functions that only look at the builtin they are given.
const LOOKING: &[&str] = &["isinstance", "issubclass", "type", "callable", "id", "hasattr", "getattr", "repr", "str"];

fn list_maker(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let name = node.text();
    if !matches!(name, "map" | "filter" | "zip" | "apply") || !context.certain || !context.is_builtin(node) {
        return;
    }
    let call = node.parent().filter(|list| list.kind() == "argument_list").and_then(Node::parent);
    let Some(function) = call.and_then(|call| call.field("function")) else { return };
    if call_of(node).is_some() || LOOKING.contains(&function.text()) || context.is_written(node) {
        return;
    }
    if name == "apply" {
        let text = "(lambda function, args=(), kwargs={}: function(*args, **kwargs))";
        return found.check(node, "a call unpacks its arguments itself", vec![rename(node, text)]);
    }
    let text = format!("(lambda *args: list({name}(*args)))");
    found.check(
        node,
        "where the result is only gone through once, the builtin itself will do",
        vec![rename(node, &text)],
    );
}
