use super::*;
use crate::Dialect;

/// Every symbol as `kind path | its span's text | its body's text`, with line ends as `/`.
#[track_caller]
fn check(dialect: Dialect, text: &str, expected: &[&str]) {
    let tree = SyntaxTree::parse(dialect, text).unwrap();
    assert!(!tree.has_error(), "{text}");
    let show = |symbol: &Symbol| {
        let body = symbol.body.map_or("-", |body| tree.slice(body));
        assert!(symbol.path.ends_with(tree.slice(symbol.name)));
        format!("{:?} {} | {} | {}", symbol.kind, symbol.path, tree.slice(symbol.span), body).replace('\n', "/")
    };
    let symbols: Vec<_> = Symbols::of(&tree).iter().map(show).collect();
    assert_eq!(symbols, expected);
}

#[test]
fn python_definitions_include_decorators_and_the_comments_directly_above() {
    check(
        Dialect::Python2,
        "# apart\n\n# of f\n# too\n@a\n@b(1)\ndef f(x):\n    def g(): pass\n    y = 1\n    return g\nclass C(f):\n    # of m\n    def m(self): print 1\n",
        &[
            "Function f | # of f/# too/@a/@b(1)/def f(x):/    def g(): pass/    y = 1/    return g | def g(): pass/    y = 1/    return g",
            "Function f.g | def g(): pass | pass",
            "Class C | class C(f):/    # of m/    def m(self): print 1 | # of m/    def m(self): print 1",
            "Method C.m | # of m/    def m(self): print 1 | print 1",
        ],
    );
}

#[test]
fn python_variables_of_module_and_class_are_symbols_and_locals_are_not() {
    check(
        Dialect::Python3,
        "a = b = 1\nc, (d, *e), f[0], g.h = a\nif a:\n    i: int = 2\nclass K:\n    j = 3\n    def m(self):\n        k = 4\nl = lambda n=(o := 1): 0\n",
        &[
            "Variable a | a = b = 1 | -",
            "Variable b | a = b = 1 | -",
            "Variable c | c, (d, *e), f[0], g.h = a | -",
            "Variable d | c, (d, *e), f[0], g.h = a | -",
            "Variable e | c, (d, *e), f[0], g.h = a | -",
            "Variable i | i: int = 2 | -",
            "Class K | class K:/    j = 3/    def m(self):/        k = 4 | j = 3/    def m(self):/        k = 4",
            "Variable K.j | j = 3 | -",
            "Method K.m | def m(self):/        k = 4 | k = 4",
            "Variable l | l = lambda n=(o := 1): 0 | -",
        ],
    );
}

#[test]
fn a_comment_after_code_or_at_another_column_is_not_taken() {
    check(
        Dialect::Python3,
        "x = 1  # of x\ndef f(): pass\nif x:\n    pass\n    # of the block\ndef g(): pass\n",
        &["Variable x | x = 1 | -", "Function f | def f(): pass | pass", "Function g | def g(): pass | pass"],
    );
}

#[test]
fn javascript_functions_are_found_under_every_spelling() {
    check(
        Dialect::JavaScript,
        "/** doc */\nexport function f() { let x = 1; const g = () => { x; }; }\nexport const h = async () => 1, i = 2;\nexport default class { a = 1; m() {} static n = () => {}; #p() {} }\nfor (let q = 0;;) {}\n{ let r = 1; }\nvar o = { s() {} };\n",
        &[
            "Function f | /** doc *//export function f() { let x = 1; const g = () => { x; }; } | { let x = 1; const g = () => { x; }; }",
            "Function f.g | const g = () => { x; }; | { x; }",
            "Function h | h = async () => 1 | 1",
            "Variable i | i = 2 | -",
            "Class default | export default class { a = 1; m() {} static n = () => {}; #p() {} } | { a = 1; m() {} static n = () => {}; #p() {} }",
            "Variable default.a | a = 1; | -",
            "Method default.m | m() {} | {}",
            "Method default.n | static n = () => {}; | {}",
            "Method default.#p | #p() {} | {}",
            "Variable o | var o = { s() {} }; | -",
        ],
    );
}

#[test]
fn typescript_declarations_include_decorators_and_namespaces() {
    check(
        Dialect::TypeScript,
        "@a()\nexport class C {\n  // of m\n  @b m(): void {}\n  private n: number;\n}\nfunction f(x: string): void;\nfunction f(x: any) {}\ninterface I { p(): void }\nexport type T = string;\nenum E { A }\ndeclare namespace N { const v: number; function w(): void }\n",
        &[
            "Class C | @a()/export class C {/  // of m/  @b m(): void {}/  private n: number;/} | {/  // of m/  @b m(): void {}/  private n: number;/}",
            "Method C.m | // of m/  @b m(): void {} | {}",
            "Variable C.n | private n: number; | -",
            "Function f | function f(x: string): void; | -",
            "Function f | function f(x: any) {} | {}",
            "Interface I | interface I { p(): void } | { p(): void }",
            "Method I.p | p(): void | -",
            "Type T | export type T = string; | -",
            "Enum E | enum E { A } | { A }",
            "Namespace N | declare namespace N { const v: number; function w(): void } | { const v: number; function w(): void }",
            "Variable N.v | const v: number; | -",
            "Function N.w | function w(): void | -",
        ],
    );
}

#[test]
fn java_members_carry_their_modifiers_and_documentation() {
    check(
        Dialect::Java,
        "/** C */\n@A public class C {\n  int a, b = 1;\n  C() { int x; }\n  // m\n  @Override public void m() {}\n  interface I { void p(); }\n  enum E { X }\n}\n",
        &[
            "Class C | /** C *//@A public class C {/  int a, b = 1;/  C() { int x; }/  // m/  @Override public void m() {}/  interface I { void p(); }/  enum E { X }/} | {/  int a, b = 1;/  C() { int x; }/  // m/  @Override public void m() {}/  interface I { void p(); }/  enum E { X }/}",
            "Variable C.a | a | -",
            "Variable C.b | b = 1 | -",
            "Method C.C | C() { int x; } | { int x; }",
            "Method C.m | // m/  @Override public void m() {} | {}",
            "Interface C.I | interface I { void p(); } | { void p(); }",
            "Method C.I.p | void p(); | -",
            "Enum C.E | enum E { X } | { X }",
            "Variable C.E.X | X | -",
        ],
    );
}

#[test]
fn symbols_are_found_by_path_and_by_place() {
    let text = "def f(): pass\nclass C:\n    def m(self): pass\n    def m(self): return 1\n";
    let tree = SyntaxTree::parse(Dialect::Python3, text).unwrap();
    let symbols = Symbols::of(&tree);
    assert_eq!(symbols.find("C.m").count(), 2);
    assert_eq!(symbols.find("m").count(), 0);
    let last = u32::try_from(text.len() - 2).unwrap();
    assert_eq!(symbols.enclosing(Span::empty(last)), symbols.find("C.m").last());
    assert_eq!(symbols.children(Some(1)).count(), 2);
    assert_eq!(symbols.children(None).map(|symbol| symbol.path.as_str()).collect::<Vec<_>>(), ["f", "C"]);
}
