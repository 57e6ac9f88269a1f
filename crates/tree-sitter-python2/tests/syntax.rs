//! What the two grammars make of Python 2, as S-expressions.

use tree_sitter::Parser;
use tree_sitter_language::LanguageFn;
use tree_sitter_python2::{LANGUAGE, LANGUAGE_PRINT_FUNCTION};

/// The statements of a module.
fn sexp(language: LanguageFn, source: &str) -> String {
    let mut parser = Parser::new();
    let tree = parser.set_language(&language.into()).ok().and_then(|()| parser.parse(source, None));
    let module = tree.map_or_else(String::new, |tree| tree.root_node().to_sexp());
    module.strip_prefix("(module ").and_then(|inner| inner.strip_suffix(')')).unwrap_or(&module).to_owned()
}

#[track_caller]
fn check(source: &str, expected: &str) {
    assert_eq!(sexp(LANGUAGE, source), expected, "{source}");
}

#[track_caller]
fn check_same_as_python3(source: &str) {
    let expected = sexp(tree_sitter_python::LANGUAGE, source);
    assert_eq!(sexp(LANGUAGE, source), expected, "{source}");
    assert_eq!(sexp(LANGUAGE_PRINT_FUNCTION, source), expected, "{source}");
}

#[track_caller]
fn check_refused(source: &str) {
    let tree = sexp(LANGUAGE, source);
    assert!(tree.contains("ERROR") || tree.contains("MISSING"), "{source} was accepted: {tree}");
}

#[test]
fn print_takes_any_expression() {
    check("print\n", "(print_statement)");
    check("print -1\n", "(print_statement argument: (unary_operator argument: (integer)))");
    check("print [a]\n", "(print_statement argument: (list (identifier)))");
    check(
        "print (a), b\n",
        "(print_statement argument: (parenthesized_expression (identifier)) argument: (identifier))",
    );
    check("print (a),\n", "(print_statement argument: (parenthesized_expression (identifier)))");
    check(
        "print (\"%s\") % x\n",
        "(print_statement argument: (binary_operator left: (parenthesized_expression (string (string_start) \
         (string_content) (string_end))) right: (identifier)))",
    );
    check("print >>f, x,\n", "(print_statement (chevron (identifier)) argument: (identifier))");
    check("print>>f\n", "(print_statement (chevron (identifier)))");
}

#[test]
fn print_is_a_name_after_the_future_import() {
    let call = "(expression_statement (call function: (identifier) arguments: (argument_list (identifier) \
                (keyword_argument name: (identifier) value: (identifier)))))";
    assert_eq!(sexp(LANGUAGE_PRINT_FUNCTION, "print(a, file=f)\n"), call);
    let assignment = "(expression_statement (assignment left: (attribute object: (identifier) attribute: (identifier)) \
                      right: (identifier)))";
    assert_eq!(sexp(LANGUAGE_PRINT_FUNCTION, "print.print = print\n"), assignment);
}

#[test]
fn exec_takes_any_expression_and_its_scopes() {
    check("exec c in g, l\n", "(exec_statement code: (identifier) globals: (identifier) locals: (identifier))");
    check("exec(c) in g\n", "(exec_statement code: (parenthesized_expression (identifier)) globals: (identifier))");
    check("exec (a, b)\n", "(exec_statement code: (tuple (identifier) (identifier)))");
    check("exec a + b\n", "(exec_statement code: (binary_operator left: (identifier) right: (identifier)))");
}

#[test]
fn backticks_hold_expressions_and_nest() {
    check("`a`\n", "(expression_statement (repr_expression argument: (identifier)))");
    check(
        "`a, 1 + `b``\n",
        "(expression_statement (repr_expression argument: (expression_list (identifier) (binary_operator left: (integer) \
         right: (repr_expression argument: (identifier))))))",
    );
}

#[test]
fn except_names_its_target_after_a_comma() {
    check(
        "try: pass\nexcept (A, B), e: pass\n",
        "(try_statement body: (block (pass_statement)) (except_clause value: (tuple (identifier) (identifier)) alias: \
         (identifier) (block (pass_statement))))",
    );
    check_same_as_python3("try:\n  pass\nexcept A as e:\n  pass\nexcept B:\n  pass\nexcept:\n  pass\n");
}

#[test]
fn parameters_may_be_tuples() {
    check(
        "def f(a, (b, (c, d))=x, *e, **g): pass\n",
        "(function_definition name: (identifier) parameters: (parameters (identifier) (default_parameter name: \
         (tuple_pattern (identifier) (tuple_pattern (identifier) (identifier))) value: (identifier)) \
         (list_splat_pattern (identifier)) (dictionary_splat_pattern (identifier))) body: (block (pass_statement)))",
    );
    check(
        "lambda (a, b): a\n",
        "(expression_statement (lambda parameters: (lambda_parameters (tuple_pattern (identifier) (identifier))) body: \
         (identifier)))",
    );
}

#[test]
fn words_of_later_pythons_are_names() {
    for name in ["async", "await", "nonlocal", "True", "False", "match", "case", "type"] {
        let source = format!("{name} = {name}.{name}({name}={name})\n");
        check(
            &source,
            "(expression_statement (assignment left: (identifier) right: (call function: (attribute object: (identifier) \
             attribute: (identifier)) arguments: (argument_list (keyword_argument name: (identifier) value: (identifier))))))",
        );
    }
}

#[test]
fn numbers_and_strings_have_their_old_spellings() {
    for number in ["0777", "0o17", "0b1", "10L", "0xFFl", "0777L", "10j"] {
        check(&format!("{number}\n"), "(expression_statement (integer))");
    }
    for number in ["1.", ".5", "1e5", "1.5e-3j"] {
        check(&format!("{number}\n"), "(expression_statement (float))");
    }
    for prefix in ["", "u", "U", "b", "r", "ur", "UR", "br", "bR"] {
        let source = format!("{prefix}'{{a}}'\n");
        check(&source, "(expression_statement (string (string_start) (string_content) (string_end)))");
    }
}

#[test]
fn comprehensions_run_over_bare_tuples_and_lambda_conditions() {
    check(
        "[x for x in 1, 2, 3 if lambda: x]\n",
        "(expression_statement (list_comprehension body: (identifier) (for_in_clause left: (identifier) right: (integer) \
         right: (integer) right: (integer)) (if_clause (lambda body: (identifier)))))",
    );
}

#[test]
fn what_both_pythons_share_has_one_shape() {
    for source in [
        "if a: b; c\nelif d:\n\te\nelse:\n        f\n",
        "for a, (b, c) in d, e:\n  pass\nelse:\n  pass\n",
        "while not a == b < c is not d not in e: break\n",
        "with a as b, c as (d, e): pass\n",
        "from __future__ import (a, b,)\nfrom .. import x as y\nfrom .z import *\nimport a.b as c, d\n",
        "@a.b.c(1, *x, **y)\n@d\nclass E(f, g.h):\n  'doc'\n  def i(self, j=1): return -j ** -2, ~k\n",
        "a = b, c = yield d\na += 1,\ndel a[1:2, ::3, ...], (b, c)\n",
        "{a: b, c: d}, {a, b}, {a: b for c in d}, {a for b in c}, (a for b in c), [], (), {}\n",
        "raise\nraise A(b), None\nassert a, b\nglobal x, y\nreturn a if b else lambda c, d=1: e\n",
        "a = 'b' \"c\" '''d\n e\\n'''\n",
        "if a:\n    b\n# comment\n    # comment\n    c\n",
        "a = (b +\nc)\ndef f():\n    x = [1,\n2]\n    y = \\\n3\n",
    ] {
        check_same_as_python3(source);
    }
}

#[test]
fn operators_bind_as_tightly_as_the_language_says() {
    for (source, grouped) in [
        ("a ^ b & c | d", "(a ^ (b & c)) | d"),
        ("a & b ^ c", "(a & b) ^ c"),
        ("a & b << c + d * -e ** -f", "a & (b << (c + (d * (-(e ** (-f))))))"),
        ("a // b % c / d - e - f", "((((a // b) % c) / d) - e) - f"),
        ("not a in b or c and d if e else f", "((not (a in b)) or (c and d)) if e else f"),
        ("a ** b ** c", "a ** (b ** c)"),
    ] {
        let grouped = sexp(LANGUAGE, &format!("{grouped}\n"));
        let flat = grouped.replace("(parenthesized_expression (", "((").replace("((", "(");
        let flat: String = flat.chars().filter(|char| *char != ')').collect();
        let plain: String = sexp(LANGUAGE, &format!("{source}\n")).chars().filter(|char| *char != ')').collect();
        assert_eq!(plain, flat, "{source}");
    }
}

#[test]
fn a_comma_at_the_end_of_a_line_ends_its_statement() {
    let tuple = "(expression_list (identifier))";
    let call = "(call function: (identifier) arguments: (argument_list (identifier)))";
    check(
        "a = b,\nc = d(a)\n",
        &format!(
            "(expression_statement (assignment left: (identifier) right: {tuple})) (expression_statement (assignment left: \
             (identifier) right: {call}))"
        ),
    );
    check(
        "a,\nb = c\n",
        "(expression_statement (identifier)) (expression_statement (assignment left: (identifier) right: (identifier)))",
    );
}

#[test]
fn a_tab_reaches_the_next_multiple_of_eight_and_a_form_feed_starts_over() {
    let plain = sexp(LANGUAGE, "if a:\n        b\n        c\n        d\ne\n");
    check("if a:\n\tb\n    \tc\n        d\n\x0ce\n", &plain);
    check("\u{feff}if a:\r\n\tb\r\n    \tc\r\n        d\r\ne", &plain);
}

#[test]
fn python3_syntax_is_refused() {
    for source in [
        "print(a, file=f)\n",
        "f'{a}'\n",
        "def f(a: b): pass\n",
        "def f(a) -> b: pass\n",
        "def f(*, a): pass\n",
        "x: int = 1\n",
        "(a := b)\n",
        "a @ b\n",
        "*a, b = c\n",
        "f(*a, b=[*c])\n",
        "async def f(): pass\n",
        "match a:\n  case b: pass\n",
        "type A = B\n",
        "raise A from b\n",
        "class A(metaclass=B): pass\n",
        "@a[0]\ndef f(): pass\n",
        "é = 1\n",
        "1_000\n",
        "print = a\n",
        "exec = a\n",
    ] {
        check_refused(source);
    }
}
