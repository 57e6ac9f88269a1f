//! Idioms that lean on how Python 2's own objects behaved.

use iama_syntax::scopes::BindingKind;
use iama_syntax::{Node, Span};

use super::helpers::{free_word, name_of};
use super::iterators::{method_name, methods};
use super::look::{call_of, indentation, is_builtin, line_end, positional, rename};
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 8] = [
    Recipe {
        id: "iterable-strings",
        title: "hasattr(x, '__iter__') told lists from strings",
        class: Class::Safe,
        strategy: Strategy::Standard,
        why: "Strings have __iter__ in Python 3, so that the test no longer leaves them out.",
        before: "if hasattr(names, '__iter__'): pass",
        after: "if (hasattr(names, '__iter__') and not isinstance(names, (str, bytes))): pass",
        kinds: &["call"],
        visit: iterable_strings,
    },
    Recipe {
        id: "exception-members",
        title: "message and subscripts of exceptions",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Exceptions have no message and can't be indexed in Python 3; args holds what they were made of.",
        before: "try:\n    f()\nexcept OSError as error:\n    code = error[0]",
        after: "try:\n    f()\nexcept OSError as error:\n    code = error.args[0]",
        kinds: &["attribute", "subscript", "assignment"],
        visit: exception_members,
    },
    Recipe {
        id: "exception-name-kept",
        title: "the caught exception is used behind its clause",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 forgets the name of the exception where the except clause ends.",
        before: "try:\n    f()\nexcept OSError as error:\n    pass\nprint(error)",
        after: "try:\n    f()\nexcept OSError as caught:\n    error = caught\n    pass\nprint(error)",
        kinds: &["except_clause"],
        visit: exception_kept,
    },
    Recipe {
        id: "slice-methods",
        title: "__getslice__, __setslice__ and __delslice__",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Python 3 passes slices to the methods for items and never calls the ones for slices.",
        before: "class Rows(list):\n    def __getslice__(self, i, j):\n        return Rows(list(self)[i:j])",
        after: "class Rows(list):\n    def __getslice__(self, i, j):\n        return Rows(list(self)[i:j])\n\n    def \
                __getitem__(self, key):\n        if isinstance(key, slice) and key.step is None:\n            return \
                self.__getslice__(*key.indices(len(self))[:2])\n        return super(Rows, self).__getitem__(key)",
        kinds: &["class_definition"],
        visit: slice_methods,
    },
    Recipe {
        id: "slice-method-calls",
        title: "calls of __getslice__ and its kin",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "No type of Python 3 has these methods; the ones for items take a slice.",
        before: "rows = list.__getslice__(self, i, j)",
        after: "rows = list.__getitem__(self, slice(i, j))",
        kinds: &["call"],
        visit: slice_call,
    },
    Recipe {
        id: "path-walk",
        title: "os.path.walk is gone",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "os.path.walk was removed; os.walk goes through the same folders.",
        before: "import os\nos.path.walk(top, visit, None)",
        after: "import os\n\n\ndef path_walk(top, visit, arg):\n    for folder, folders, files in os.walk(top):\n        names \
                = folders + files\n        visit(arg, folder, names)\n        folders[:] = [name for name in folders if \
                name in names]\n\npath_walk(top, visit, None)",
        kinds: &["attribute"],
        visit: path_walk,
    },
    Recipe {
        id: "make-suite",
        title: "unittest.makeSuite",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "makeSuite is deprecated since Python 3.11 and gone in 3.13; the default loader does the same.",
        before: "import unittest\nsuite = unittest.makeSuite(Case)",
        after: "import unittest\nsuite = unittest.defaultTestLoader.loadTestsFromTestCase(Case)",
        kinds: &["call"],
        visit: make_suite,
    },
    Recipe {
        id: "leaked-comprehension-names",
        title: "names that a list comprehension left behind",
        class: Class::Refused,
        strategy: Strategy::Conservative,
        why: "The names of a list comprehension are its own in Python 3; code behind it does not see them.",
        before: "last = [item for item in items]\nprint(item)",
        after: "last = [item for item in items]\nprint(item)",
        kinds: &["for_in_clause"],
        visit: leaked_names,
    },
];

fn iterable_strings(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function").filter(|function| is_builtin(context, *function, "hasattr")) else {
        return;
    };
    let Some(parts) = positional(node).filter(|_| context.certain && !context.is_written(function)) else { return };
    let [object, name] = parts[..] else { return };
    let plain = matches!(object.kind(), "identifier" | "attribute" | "subscript");
    let asked = matches!(name.text(), "'__iter__'" | "\"__iter__\"");
    let guarded = node.tree().text()[node.end() as usize..].starts_with(" and not isinstance");
    if plain && asked && !guarded {
        let after = format!(" and not isinstance({}, (str, bytes)))", object.text());
        found.safe(node, vec![Edit::wrap(node.span(), "(", after)]);
    }
}

/// Whether a name stands for the exception of the clause around it, and nothing else.
fn is_caught(context: &Context<'_>, name: Node<'_>) -> bool {
    if name.kind() != "identifier" {
        return false;
    }
    let Some(clause) = name.ancestors().find(|outer| matches!(outer.kind(), "except_clause" | "function_definition"))
    else {
        return false;
    };
    let Some(binding) = context.scopes().binding_of(name).filter(|_| clause.kind() == "except_clause") else {
        return false;
    };
    let definitions = &context.scopes().binding(binding).definitions;
    definitions
        .iter()
        .any(|(id, kind)| *kind == BindingKind::Exception && clause.span().contains(context.tree.node(*id).span()))
        && definitions.iter().all(|(_, kind)| *kind == BindingKind::Exception)
}

pub(super) fn exception_members(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !context.certain {
        return;
    }
    if node.kind() == "assignment" {
        let several = node.field("left").is_some_and(|left| matches!(left.kind(), "pattern_list" | "tuple_pattern"));
        let Some(value) = node.field("right").filter(|value| several && is_caught(context, *value)) else { return };
        let why = "taken for an exception of the library, whose arguments are in args";
        return found.check(node, why, vec![Edit::insert(value.end(), ".args")]);
    }
    if node.kind() == "subscript" {
        let Some(object) = node.field("value").filter(|object| is_caught(context, *object)) else { return };
        let why = "taken for an exception of the library, whose arguments are in args";
        return found.check(node, why, vec![Edit::insert(object.end(), ".args")]);
    }
    let (Some(object), Some(name)) = (node.field("object"), node.field("attribute")) else { return };
    if name.text() == "message" && !super::facts::sets_attribute(context, "message") && is_caught(context, object) {
        let why = "the message is what the exception says of itself, also when it was made of more than one value";
        found.check(node, why, vec![rename(node, &format!("str({})", object.text()))]);
    }
}

fn exception_kept(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(pattern) = node.children().find(|child| child.kind() == "as_pattern") else { return };
    let Some(target) = pattern.field("alias").filter(|_| context.certain) else { return };
    let Some(name) = target.descendants().find(|inner| inner.kind() == "identifier") else { return };
    if !is_used_behind(context, name, node) {
        return;
    }
    let Some(first) = node.children().find(|child| child.kind() == "block").and_then(|block| block.named_child(0))
    else {
        return;
    };
    let own_line = node.tree().slice(Span::new(node.start(), first.start())).contains('\n');
    let tail =
        if own_line { format!("{}{}", line_end(node.tree().text()), indentation(first)) } else { "; ".to_owned() };
    let caught = free_word(context, "caught");
    let binding = Edit::insert(first.start(), format!("{} = {caught}{tail}", name.text()));
    found.safe(node, vec![rename(name, &caught), binding]);
}

/// Whether what an except clause binds is used behind the clause before something else is certainly bound to the name.
pub(super) fn is_used_behind(context: &Context<'_>, name: Node<'_>, clause: Node<'_>) -> bool {
    let Some(binding) = context.scopes().binding_of(name) else { return false };
    let definitions = &context.scopes().binding(binding).definitions;
    let others: Vec<_> = definitions
        .iter()
        .filter(|(_, kind)| *kind != BindingKind::Deletion)
        .map(|(id, _)| context.tree.node(*id))
        .filter(|definition| !clause.span().contains(definition.span()))
        .collect();
    let covers = |definition: &Node<'_>, used: Node<'_>| {
        let around = |outer: &Node<'_>| matches!(outer.kind(), "block" | "module" | "except_clause" | "for_statement");
        let scope = definition.ancestors().find(around);
        scope.is_some_and(|scope| scope.span().contains(used.span()) && !scope.span().contains(clause.span()))
            || (scope.is_some_and(|scope| scope.span().contains(used.span())) && definition.start() >= clause.end())
    };
    context.references(name).into_iter().filter(|used| used.start() >= clause.end()).any(|used| {
        let mut between = others.iter().filter(|definition| definition.start() < used.start());
        !between.any(|definition| definition.start() >= clause.end() && covers(definition, used))
    })
}

/// The three kinds of methods: for slices, for items, and what the call passes on.
const SLICES: [(&str, &str, &str, &str); 3] = [
    ("__getslice__", "__getitem__", "", "return "),
    ("__setslice__", "__setitem__", ", value", ""),
    ("__delslice__", "__delitem__", "", ""),
];

pub(super) fn slice_methods(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let named = |wanted: &str| methods(node).find(|method| method_name(*method) == wanted);
    let class = node.field("name").map_or("", Node::text);
    let bases = node.field("superclasses").is_some_and(|list| list.named_children().next().is_some());
    let newline = line_end(node.tree().text());
    let measured = super::facts::inherits(context, class, "__len__") != Some(false);
    let imports = || if measured { Vec::new() } else { vec![Import::Module("sys")] };
    for (slice, item, value, give) in SLICES {
        let Some(method) = named(slice) else { continue };
        let why = "the end of an open slice is the length now and was sys.maxint";
        let head = indentation(method);
        let split = |indent: &str, key: &str, value: &str| {
            let condition = format!("if isinstance({key}, slice) and {key}.step is None:");
            let bounds = if measured {
                format!("*{key}.indices(len(self))[:2]")
            } else {
                format!("{key}.start or 0, sys.maxsize if {key}.stop is None else {key}.stop")
            };
            let call = format!("{indent}    return self.{slice}({bounds}{value})");
            format!("{condition}{newline}{call}{newline}{indent}")
        };
        if let Some(other) = named(item) {
            let Some(first) = super::text_methods::after_docstring(other) else { continue };
            let names: Vec<_> = other.field("parameters").into_iter().flat_map(Node::named_children).collect();
            let Some(key) = names.get(1).filter(|_| !other.text().contains("slice")) else { continue };
            let inline = !node.tree().slice(Span::new(other.start(), first.start())).contains('\n');
            if inline || key.kind() != "identifier" {
                found.refuse(other, "slices arrive here now: ask for them and call the method for slices");
                continue;
            }
            let rest = names.get(2).map_or(String::new(), |value| format!(", *({},)", value.text()));
            let text = split(indentation(first), key.text(), &rest);
            found.check_with(other, why, vec![Edit::insert(first.start(), text)], imports());
        } else if bases {
            let value_of = if value.is_empty() { "" } else { ", *(value,)" };
            let body = format!("{head}    ");
            let text = format!(
                "{newline}{newline}{head}def {item}(self, key{value}):{newline}{body}{}{give}super({class}, self).{item}(key{value})",
                split(&body, "key", value_of)
            );
            found.check_with(method, why, vec![Edit::insert(method.end(), text)], imports());
        }
    }
}

fn slice_call(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((object, name)) = super::look::method_call(node) else { return };
    let Some((_, item, value, _)) = SLICES.iter().find(|(slice, ..)| *slice == name.text()) else { return };
    let Some(parts) = positional(node).filter(|_| object.text() != "self") else { return };
    let bounds = parts.len().checked_sub(2 + usize::from(!value.is_empty()));
    let Some(first) = bounds.filter(|first| *first <= 1) else { return };
    let edits = vec![
        rename(name, item),
        Edit::insert(parts[first].start(), "slice("),
        Edit::insert(parts[first + 1].end(), ")"),
    ];
    found.safe(node, edits);
}

const PATH_WALK: Import = Import::Helper(
    "path_walk",
    "\n\ndef path_walk(top, visit, arg):\n    for folder, folders, files in os.walk(top):\n        names = folders + \
     files\n        visit(arg, folder, names)\n        folders[:] = [name for name in folders if name in names]\n",
);

fn path_walk(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.text().ends_with("walk") && context.dotted(node) == Some("os.path.walk") {
        found.safe_with(node, vec![rename(node, &name_of(context, &PATH_WALK))], vec![Import::Module("os"), PATH_WALK]);
    }
}

fn make_suite(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function") else { return };
    let one = positional(node).is_some_and(|parts| parts.len() == 1);
    if one && function.kind() == "attribute" && context.dotted(function) == Some("unittest.makeSuite") {
        found.safe(node, vec![rename(function, "unittest.defaultTestLoader.loadTestsFromTestCase")]);
    }
}

fn leaked_names(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(comprehension) = node.parent().filter(|outer| outer.kind() == "list_comprehension") else { return };
    let Some(left) = node.field("left") else { return };
    for name in left.descendants().filter(|inner| inner.kind() == "identifier") {
        let Some(binding) = context.scopes().binding_of(name) else { continue };
        let definitions = &context.scopes().binding(binding).definitions;
        let inside = |id| comprehension.span().contains(context.tree.node(id).span());
        let only_here = definitions.iter().all(|(id, _)| inside(*id));
        if is_leaked(context, name) {
            dropped_deletions(context, name, found);
        }
        let behind = context.references(name).into_iter().find(|used| used.start() >= comprehension.end());
        let deleted = |used: &Node<'_>| used.ancestors().take(3).any(|outer| outer.kind() == "delete_statement");
        if let Some(used) = behind.filter(|used| only_here && call_of(*used).is_none() && !deleted(used)) {
            found
                .refuse(used, format!("{} was left behind by a list comprehension: give it a value here", name.text()));
        }
    }
}

/// `del x` after a list comprehension over x has nothing left to delete.
fn dropped_deletions(context: &Context<'_>, name: Node<'_>, found: &mut Findings) {
    let deleted = context.tree.nodes().filter(|node| node.kind() == "delete_statement" && node.start() > name.start());
    for statement in deleted {
        let list = statement.named_child(0).map(super::look::bare);
        let all: Vec<_> = match list {
            Some(list) if matches!(list.kind(), "expression_list" | "tuple") => {
                list.named_children().map(super::look::bare).collect()
            }
            Some(one) => vec![one],
            None => continue,
        };
        let same = |node: &Node<'_>| {
            node.text() == name.text() && context.scopes().binding_of(*node) == context.scopes().binding_of(name)
        };
        let leaked = |node: &Node<'_>| same(node) || is_leaked(context, *node);
        // The first of several names speaks for the statement.
        if all.iter().find(|node| leaked(node)).is_none_or(|first| !same(first)) {
            continue;
        }
        let kept: Vec<_> = all.iter().filter(|node| !leaked(node)).map(|node| node.text()).collect();
        let text = if kept.is_empty() { "pass".to_owned() } else { format!("del {}", kept.join(", ")) };
        found.check(statement, "the names of a comprehension are its own now", vec![rename(statement, &text)]);
    }
}

/// Whether nothing but list comprehensions and `del` bind a name.
fn is_leaked(context: &Context<'_>, name: Node<'_>) -> bool {
    let Some(binding) = context.scopes().binding_of(name).filter(|_| name.kind() == "identifier") else { return false };
    let in_list = |id| {
        let clause = context.tree.node(id).ancestors().find(|outer| outer.kind() == "for_in_clause");
        clause.and_then(Node::parent).is_some_and(|outer| outer.kind() == "list_comprehension")
    };
    let definitions = &context.scopes().binding(binding).definitions;
    definitions.iter().any(|(id, _)| in_list(*id))
        && definitions.iter().all(|(id, kind)| *kind == BindingKind::Deletion || in_list(*id))
}
