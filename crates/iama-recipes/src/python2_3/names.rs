//! Builtins and attributes that have another name, another place or another kind of result in Python 3.

use iama_syntax::Node;
use iama_syntax::scopes::ScopeId;

use super::look::{call_of, is_builtin, positional, rename};
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

/// Builtins of which only the name changed.
pub(super) const RENAMED_BUILTINS: &[(&str, &str)] = &[
    ("unicode", "str"),
    ("basestring", "str"),
    ("long", "int"),
    ("unichr", "chr"),
    ("xrange", "range"),
    ("raw_input", "input"),
    ("StandardError", "Exception"),
];

/// Attributes of functions and methods by their old and new names.
pub(super) const RENAMED_ATTRIBUTES: &[(&str, &str)] = &[
    ("func_closure", "__closure__"),
    ("func_code", "__code__"),
    ("func_defaults", "__defaults__"),
    ("func_dict", "__dict__"),
    ("func_doc", "__doc__"),
    ("func_globals", "__globals__"),
    ("func_name", "__name__"),
    ("im_func", "__func__"),
    ("im_self", "__self__"),
    ("im_class", "__self__.__class__"),
];

/// Methods of `unittest.TestCase` by their old and new names.
const RENAMED_ASSERTIONS: &[(&str, &str)] = &[
    ("assert_", "assertTrue"),
    ("assertEquals", "assertEqual"),
    ("assertNotEquals", "assertNotEqual"),
    ("assertAlmostEquals", "assertAlmostEqual"),
    ("assertNotAlmostEquals", "assertNotAlmostEqual"),
    ("assertRegexpMatches", "assertRegex"),
    ("assertNotRegexpMatches", "assertNotRegex"),
    ("assertRaisesRegexp", "assertRaisesRegex"),
    ("assertItemsEqual", "assertCountEqual"),
    ("failUnlessEqual", "assertEqual"),
    ("failIfEqual", "assertNotEqual"),
    ("failUnlessAlmostEqual", "assertAlmostEqual"),
    ("failIfAlmostEqual", "assertNotAlmostEqual"),
    ("failUnless", "assertTrue"),
    ("failUnlessRaises", "assertRaises"),
    ("failIf", "assertFalse"),
];

pub(super) const RECIPES: [Recipe; 10] = [
    Recipe {
        id: "renamed-builtins",
        title: "builtins with a new name",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "unicode, basestring, long, unichr, xrange, raw_input and StandardError are gone; their heirs are str, int, \
              chr, range, input and Exception.",
        before: "total = long(raw_input())",
        after: "total = int(input())",
        kinds: &["identifier"],
        visit: renamed_builtin,
    },
    Recipe {
        id: "apply-call",
        title: "apply() becomes a call",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 has no apply(); a call unpacks its arguments itself.",
        before: "result = apply(function, args, options)",
        after: "result = function(*args, **options)",
        kinds: &["call"],
        visit: apply_call,
    },
    Recipe {
        id: "moved-builtins",
        title: "intern, reduce and reload live in modules",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "These builtins moved to sys, functools and importlib.",
        before: "total = reduce(add, values)",
        after: "from functools import reduce\ntotal = reduce(add, values)",
        kinds: &["identifier"],
        visit: moved_builtin,
    },
    Recipe {
        id: "input-eval",
        title: "input() evaluated what was typed",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "Python 2's input() evaluates the line; Python 3's returns it as text.",
        before: "count = input('How many? ')",
        after: "count = eval(input('How many? '))",
        kinds: &["call"],
        visit: input_eval,
    },
    Recipe {
        id: "execfile",
        title: "execfile() reads, compiles and executes",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 has no execfile().",
        before: "execfile('settings.py', scope)",
        after: "exec(compile(open('settings.py', \"rb\").read(), 'settings.py', 'exec'), scope)",
        kinds: &["call"],
        visit: execfile,
    },
    Recipe {
        id: "function-attributes",
        title: "attributes of functions and methods",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "The func_ and im_ attributes have had their double-underscore names since Python 2.6.",
        before: "name = callback.func_name",
        after: "name = callback.__name__",
        kinds: &["attribute"],
        visit: function_attribute,
    },
    Recipe {
        id: "unittest-assertions",
        title: "old names of unittest assertions",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "The old aliases were deprecated for years and removed in Python 3.12.",
        before: "self.assertEquals(a, b)",
        after: "self.assertEqual(a, b)",
        kinds: &["attribute"],
        visit: unittest_assertion,
    },
    Recipe {
        id: "isinstance-duplicates",
        title: "types that became one",
        class: Class::Safe,
        strategy: Strategy::Standard,
        why: "int and long, or str and unicode, are one type in Python 3, so that naming both says it twice.",
        before: "ok = isinstance(x, (int, long))",
        after: "ok = isinstance(x, int)",
        kinds: &["tuple"],
        visit: isinstance_duplicates,
    },
    Recipe {
        id: "new-keywords",
        title: "names that became keywords",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "async, await and nonlocal are keywords of Python 3, so that nothing can be called by these names.",
        before: "worker.async = True",
        after: "worker.async_ = True",
        kinds: &["identifier"],
        visit: new_keyword,
    },
    Recipe {
        id: "xreadlines",
        title: "files are iterated directly",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3's files have no xreadlines(); they are iterators of lines themselves.",
        before: "for line in log.xreadlines(): pass",
        after: "for line in log: pass",
        kinds: &["attribute"],
        visit: xreadlines,
    },
];

fn lookup(table: &[(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(old, _)| *old == name).map(|(_, new)| *new)
}

fn renamed_builtin(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(new) = lookup(RENAMED_BUILTINS, node.text()) else { return };
    if !context.is_builtin(node) {
        return;
    }
    if is_shadowed(context, node, new) {
        let text = format!("builtins.{new}");
        return found.safe_with(node, vec![rename(node, &text)], vec![Import::Module("builtins")]);
    }
    found.safe(node, vec![rename(node, new)]);
}

/// Whether a function around a use gives the builtin's new name another meaning.
fn is_shadowed(context: &Context<'_>, node: Node<'_>, new: &str) -> bool {
    let scopes = context.scopes();
    let Some(scope) = scopes.used_in(node) else { return false };
    scopes.binds_anywhere(new)
        && std::iter::successors(Some(scope), |scope| scopes.scope(*scope).parent)
            .any(|scope| scope != ScopeId::MODULE && scopes.lookup(scope, new).is_some())
}

fn apply_call(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function").filter(|name| is_builtin(context, *name, "apply")) else { return };
    let Some(parts) = positional(node) else { return };
    let ([callee] | [callee, _] | [callee, _, _]) = parts[..] else { return };
    let _ = function;
    let mut pieces = super::look::kept(callee, !super::look::is_primary(callee));
    pieces.push(Piece::New("(".into()));
    for (rank, part) in parts[1..].iter().enumerate() {
        pieces.push(Piece::New(["*", ", **"][rank].into()));
        pieces.extend(super::look::kept(*part, super::look::is_loose(*part)));
    }
    pieces.push(Piece::New(")".into()));
    found.safe(node, vec![Edit::pieces(node.span(), pieces)]);
}

fn moved_builtin(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let (edits, import) = match node.text() {
        "intern" => (vec![rename(node, "sys.intern")], Import::Module("sys")),
        "reload" => (vec![rename(node, "importlib.reload")], Import::Module("importlib")),
        "reduce" => (Vec::new(), Import::Name("functools", "reduce")),
        _ => return,
    };
    let called = call_of(node).is_some();
    if context.is_builtin(node) && (called || node.text() == "reduce") {
        found.safe_with(node, edits, vec![import]);
    }
}

pub(super) fn input_eval(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function").filter(|name| is_builtin(context, *name, "input")) else { return };
    if !context.certain || context.is_written(function) {
        return;
    }
    let evaluated = node.ancestors().nth(1).and_then(|call| call.field("function"));
    if evaluated.is_some_and(|outer| is_builtin(context, outer, "eval")) {
        return;
    }
    let why = "whoever types the input chooses what is evaluated; ast.literal_eval or int may be what is meant";
    found.check(node, why, vec![Edit::wrap(node.span(), "eval(", ")")]);
}

fn execfile(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !node.field("function").is_some_and(|name| is_builtin(context, name, "execfile")) {
        return;
    }
    let Some(parts) = positional(node) else { return };
    let [file, namespaces @ ..] = &parts[..] else { return };
    let name = file.text();
    let mut pieces = vec![Piece::New(format!("exec(compile(open({name}, \"rb\").read(), {name}, 'exec')"))];
    for namespace in namespaces {
        pieces.push(Piece::New(", ".into()));
        pieces.push(Piece::Keep(namespace.span()));
    }
    pieces.push(Piece::New(")".into()));
    found.safe(node, vec![Edit::pieces(node.span(), pieces)]);
}

pub(super) fn function_attribute(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(name) = node.field("attribute") else { return };
    let new = lookup(RENAMED_ATTRIBUTES, name.text());
    if let Some(new) = new.filter(|_| context.scopes().dotted_path(node).is_none()) {
        found.safe(node, vec![rename(name, new)]);
        if super::facts::sets_attribute(context, name.text()) {
            found.because(
                Class::Check,
                "objects of the workspace have an attribute of this name: it is renamed in all files",
            );
            found.together(format!("the attribute {}", name.text()));
        }
    }
}

/// What an assertion of unittest is called now.
pub(super) fn new_assertion(name: &str) -> Option<&'static str> {
    lookup(RENAMED_ASSERTIONS, name)
}

pub(super) fn unittest_assertion(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(name) = node.field("attribute") else { return };
    let on_self = node.field("object").is_some_and(|object| object.text() == "self");
    let unmistakable = name.text().starts_with("assert") && name.text() != "assert_";
    let Some(new) = lookup(RENAMED_ASSERTIONS, name.text()).filter(|_| on_self || unmistakable) else { return };
    // A class with an alias of its own may well have built the other name on it.
    if !super::facts::defines_method(context, name.text()) {
        found.safe(node, vec![rename(name, new)]);
    }
}

fn isinstance_duplicates(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let call = node.ancestors().nth(1).filter(|call| call.kind() == "call");
    let checks = |name| is_builtin(context, name, "isinstance") || is_builtin(context, name, "issubclass");
    let asks = call.and_then(|call| call.field("function")).is_some_and(checks);
    if !asks || node.field_name() != "" || !context.certain {
        return;
    }
    let items: Vec<_> = node.named_children().collect();
    let new_name = |item: &Node<'_>| match lookup(RENAMED_BUILTINS, item.text()) {
        Some(new) if context.is_builtin(*item) => new.to_owned(),
        _ => super::members::builtin_for(context, *item).unwrap_or(item.text()).to_owned(),
    };
    let mut kept: Vec<(Node<'_>, String)> = Vec::new();
    for item in &items {
        let name = new_name(item);
        let plain = matches!(item.kind(), "identifier" | "attribute");
        if !plain || !kept.iter().any(|(_, known)| *known == name) {
            kept.push((*item, name));
        }
    }
    if kept.len() == items.len() {
        return;
    }
    let names: Vec<_> = kept.into_iter().map(|(_, name)| name).collect();
    let text = if names.len() == 1 { names.concat() } else { format!("({})", names.join(", ")) };
    found.safe(node, vec![Edit::replace(node.span(), text)]);
}

fn new_keyword(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if matches!(node.text(), "async" | "await" | "nonlocal") {
        let why = "renamed wherever it stands; callers outside the workspace use the old name";
        found.check(node, why, vec![Edit::insert(node.end(), "_")]);
        found.together(format!("the name {}", node.text()));
    }
}

fn xreadlines(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let (Some(object), Some(name)) = (node.field("object"), node.field("attribute")) else { return };
    if name.text() != "xreadlines" {
        return;
    }
    match call_of(node) {
        Some(call) if super::look::arguments(call).is_empty() => {
            found.safe(node, vec![Edit::pieces(call.span(), vec![Piece::Keep(object.span())])]);
        }
        Some(_) => {}
        None => found.safe(node, vec![rename(name, "__iter__")]),
    }
}
