use super::ScopeKind::{Class, Comprehension, Function, Lambda, Module};
use super::*;
use crate::Dialect;

/// What each name in `text` means: `name:L2` is local and first bound in line 2, `E` enclosing, `G` global, `B` builtin, `?`
/// unknown.
fn meanings(dialect: Dialect, text: &str) -> String {
    let tree = SyntaxTree::parse(dialect, text).unwrap();
    assert!(!tree.has_error(), "{text}");
    let scopes = Scopes::build(&tree);
    let line = |id| {
        let (node, _) = scopes.binding(id).definitions[0];
        1 + text[..tree.node(node).start() as usize].matches('\n').count()
    };
    let show = |node: Node<'_>| {
        let meaning = match scopes.resolve(node)? {
            Resolution::Local(id) => format!("L{}", line(id)),
            Resolution::Enclosing(id) => format!("E{}", line(id)),
            Resolution::Global(id) => format!("G{}", line(id)),
            Resolution::Builtin => "B".into(),
            Resolution::Unknown => "?".into(),
        };
        Some(format!("{}:{meaning}", node.text()))
    };
    tree.nodes().filter_map(show).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(dialect: Dialect, text: &str, expected: &str) {
    assert_eq!(meanings(dialect, text), expected, "{text}");
}

#[track_caller]
fn check_both(text: &str, expected: &str) {
    check(Dialect::Python2, text, expected);
    check(Dialect::Python3, text, expected);
}

#[test]
fn names_are_local_enclosing_global_or_builtin() {
    check_both(
        "a = 1\ndef f(b):\n    def g():\n        return a, b, c, len\n    c = g()\n    return c\n",
        "a:L1 f:L2 b:L2 g:L3 a:G1 b:E2 c:E5 len:B c:L5 g:L3 c:L5",
    );
}

#[test]
fn a_name_bound_anywhere_in_a_function_is_local_throughout() {
    check_both("x = 1\ndef f():\n    x\n    del x\n", "x:L1 f:L2 x:L4 x:L4");
}

#[test]
fn class_bodies_are_invisible_to_their_functions() {
    check_both(
        "class C(B):\n    x = 1\n    y = x\n    def f(self, z=x): return x\n",
        "C:L1 B:B x:L2 y:L3 x:L2 f:L4 self:L4 z:L4 x:L2 x:B",
    );
}

#[test]
fn a_comprehension_sees_its_first_iterable_from_outside() {
    check_both("x = 1\ny = (x for x in x for z in x)\n", "x:L1 y:L2 x:L2 x:L2 x:L1 z:L2 x:L2");
    check(Dialect::Python3, "[x for x in x]\n", "x:L1 x:L1 x:B");
}

#[test]
fn list_comprehensions_leak_in_python2_only() {
    check(Dialect::Python2, "[x for x in y]\nx\n", "x:L1 x:L1 y:B x:L1");
    check(Dialect::Python3, "[x for x in y]\nx\n", "x:L1 x:L1 y:B x:B");
    check_both("{x for x in y}\nx\n", "x:L1 x:L1 y:B x:B");
}

#[test]
fn every_statement_that_binds_is_seen() {
    check_both(
        "for a, (b, [c]) in d: pass\nwith d as (e, f.g), d as h[i]: pass\ntry: pass\nexcept d as j: pass\nk += d.k\n",
        "a:L1 b:L1 c:L1 d:B d:B e:L2 f:B d:B h:B i:B d:B j:L4 k:L5 d:B",
    );
    check(
        Dialect::Python2,
        "def f((a, (b,)), c=d, *e, **g): pass\ntry: pass\nexcept h, (i, j.k): pass\nprint >>l, i\n",
        "f:L1 a:L1 b:L1 c:L1 d:B e:L1 g:L1 h:B i:L3 j:B l:B i:L3",
    );
    check(
        Dialect::Python3,
        "def f(a: b, /, *c, d: e = g, **h: i) -> j: pass\nk: l = 1\nmatch m:\n    case [n, {1: o, **p}, Q(r=s), t.u] as v: pass\n",
        "f:L1 a:L1 b:B c:L1 d:L1 e:B g:B h:L1 i:B j:B k:L2 l:B m:B n:L4 o:L4 p:L4 Q:B s:L4 t:B v:L4",
    );
}

#[test]
fn global_and_nonlocal_lead_out() {
    check_both(
        "def f():\n    global x\n    x = 1\n    def g(): return x\ndef h(): return x\n",
        "f:L1 x:G3 x:G3 g:L4 x:G3 h:L5 x:G3",
    );
    check(
        Dialect::Python3,
        "x = 0\ndef f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2\n    return x\n",
        "x:L1 f:L2 x:L3 g:L4 x:E3 x:E3 x:L3",
    );
}

#[test]
fn a_walrus_binds_outside_its_comprehensions() {
    check(
        Dialect::Python3,
        "def f():\n    [[y := x for x in z] for z in 'a']\n    y\n",
        "f:L1 y:E2 x:L2 x:L2 z:L2 z:L2 y:L2",
    );
}

#[test]
fn stars_and_exec_make_unbound_names_unknown() {
    check_both("from a import *\nx\ny = 1\ny\n", "x:? y:L3 y:L3");
    check(
        Dialect::Python2,
        "def f():\n    exec c\n    x\ndef g():\n    exec c in d\n    x\n",
        "f:L1 c:? x:? g:L4 c:B d:B x:B",
    );
}

#[test]
fn attributes_and_keywords_are_no_names() {
    check_both("a.b.c(d=e)\n", "a:B e:B");
}

#[test]
fn words_of_python3_resolve_as_names_in_python2() {
    check(Dialect::Python2, "True, False = 1, 0\nNone, True, print_\n", "True:L1 False:L1 True:L1 print_:B");
}

#[test]
fn imported_names_stand_for_dotted_paths() {
    let text = "import a.b\nimport c . d as e\nfrom f.g import (h, i as j)\nfrom .. import k\nfrom ..l import m\n\
                try: import n\nexcept E: import o as n\na.b.x, e.y, h, j.z, k, m, n, len\n";
    let tree = SyntaxTree::parse(Dialect::Python2, text).unwrap();
    let scopes = Scopes::build(&tree);
    let last = tree.root().named_children().last().unwrap();
    let paths: Vec<_> = last.named_children().map(|node| scopes.dotted_path(node)).collect();
    let expected = ["a.b.x", "c.d.y", "f.g.h", "f.g.i.z", "..k", "..l.m"];
    assert_eq!(paths[..6], expected.map(|path| Some(path.to_owned())));
    assert_eq!(paths[6..], [None, None]);
    assert_eq!(scopes.imports().count(), 8);
}

#[test]
fn references_exclude_definitions_and_occurrences_include_them() {
    let text = "def f(): global x; x = 1\nx = 2\nprint(x.x)\n";
    let tree = SyntaxTree::parse(Dialect::Python3, text).unwrap();
    let scopes = Scopes::build(&tree);
    let x = scopes.lookup(ScopeId::MODULE, "x").unwrap();
    let starts = |ids: Vec<NodeId>| ids.into_iter().map(|id| tree.node(id).start()).collect::<Vec<_>>();
    assert_eq!(starts(scopes.references(x).collect()), [16, 37]);
    assert_eq!(starts(scopes.occurrences_of(x).to_vec()), [16, 19, 25, 37]);
    assert_eq!(scopes.bindings(ScopeId::MODULE).count(), 2);
    assert_eq!((scopes.binds_anywhere("x"), scopes.binds_anywhere("print")), (true, false));
}

#[test]
fn every_node_lies_in_a_scope() {
    let tree =
        SyntaxTree::parse(Dialect::Python3, "class C:\n    def f(self): return lambda: [x for x in y]\n").unwrap();
    let scopes = Scopes::build(&tree);
    let x = tree.nodes().find(|node| node.text() == "x").unwrap();
    let around = std::iter::successors(Some(scopes.scope_of(x)), |scope| scopes.scope(*scope).parent);
    let kinds: Vec<_> = around.map(|scope| scopes.scope(scope).kind).collect();
    assert_eq!(kinds, [Comprehension, Lambda, Function, Class, Module]);
}
