//! What goes wrong in migrations, as faults that can be planted into Python 3.

use std::collections::BTreeMap;

use iama_syntax::{Node, Span, SyntaxTree};

use super::mutants::{other_comparison, says_it_twice};

/// A place where a fault can be planted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub operator: &'static str,
    /// The function or class around it, names joined by dots; empty at the top level.
    pub symbol: String,
    /// Its rank among the faults of this kind in this symbol, from 1.
    pub ordinal: usize,
    /// The line, from 1.
    pub line: u32,
    /// The bytes of the text that are replaced.
    pub span: Span,
    /// What stands there instead.
    pub replacement: String,
}

type Change = (&'static str, Span, String);

/// Every fault of a text, in its order.
pub fn faults(tree: &SyntaxTree) -> Vec<Fault> {
    let mut ranks: BTreeMap<(&'static str, String), usize> = BTreeMap::new();
    let mut found = Vec::new();
    for node in tree.nodes() {
        for (operator, span, replacement) in changes(node) {
            let symbol = symbol(node);
            let ordinal = ranks.entry((operator, symbol.clone())).or_default();
            *ordinal += 1;
            let line = line_of(tree.text(), span.start);
            found.push(Fault { operator, symbol, ordinal: *ordinal, line, span, replacement });
        }
    }
    found
}

fn line_of(text: &str, offset: u32) -> u32 {
    let before = text.bytes().take(offset as usize).filter(|byte| *byte == b'\n').count();
    u32::try_from(before + 1).unwrap_or(u32::MAX)
}

fn symbol(node: Node<'_>) -> String {
    let around = node.ancestors().filter(|outer| matches!(outer.kind(), "function_definition" | "class_definition"));
    let mut names: Vec<&str> = around.filter_map(|outer| Some(outer.field("name")?.text())).collect();
    names.reverse();
    names.join(".")
}

fn changes(node: Node<'_>) -> Vec<Change> {
    match node.kind() {
        "binary_operator" => division(node).into_iter().collect(),
        "call" => call(node),
        "comparison_operator" => node.children().filter_map(comparison).collect(),
        "boolean_operator" if !says_it_twice(node) => node.field("operator").map(boolean).into_iter().collect(),
        "not_operator" => node.field("argument").map(|inner| turned(node, inner)).into_iter().collect(),
        "integer" => off_by_one(node).into_iter().collect(),
        "raise_statement" => vec![("swallowed exception", node.span(), "pass".to_owned())],
        "except_clause" => uncaught(node).into_iter().collect(),
        "return_statement" => returned(node).into_iter().collect(),
        "list_comprehension" => stale(node).into_iter().collect(),
        "expression_statement" => lost_call(node).into_iter().collect(),
        "string" => other_text(node).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn division(node: Node<'_>) -> Option<Change> {
    let operator = node.field("operator")?;
    let other = match operator.kind() {
        "//" => "/",
        "/" => "//",
        _ => return None,
    };
    Some(("wrong division", operator.span(), other.to_owned()))
}

fn comparison(operator: Node<'_>) -> Option<Change> {
    Some(("changed comparison", operator.span(), other_comparison(operator.kind())?.to_owned()))
}

fn boolean(operator: Node<'_>) -> Change {
    let other = if operator.kind() == "and" { "or" } else { "and" };
    ("wrong condition", operator.span(), other.to_owned())
}

fn turned(node: Node<'_>, inner: Node<'_>) -> Change {
    ("wrong condition", node.span(), format!("({})", inner.text()))
}

/// Numbers that count or point at something.
fn off_by_one(node: Node<'_>) -> Option<Change> {
    let parent = node.parent()?;
    let counts = matches!(parent.kind(), "subscript" | "slice" | "comparison_operator" | "binary_operator")
        || parent.kind() == "argument_list"
            && parent.parent()?.field("function").is_some_and(|function| matches!(function.text(), "range" | "round"));
    let value: u64 = node.text().parse().ok().filter(|_| counts)?;
    Some(("off by one", node.span(), (value + 1).to_string()))
}

fn uncaught(node: Node<'_>) -> Option<Change> {
    let caught = node.named_child(0).filter(|caught| caught.kind() != "block")?;
    let classes = if caught.kind() == "as_pattern" { caught.named_child(0)? } else { caught };
    Some(("uncaught exception", classes.span(), "ZeroDivisionError".to_owned()))
}

fn returned(node: Node<'_>) -> Option<Change> {
    let value = node.named_child(0).filter(|value| value.text() != "None")?;
    Some(("lost result", value.span(), "None".to_owned()))
}

/// A list that is kept becomes an iterator, which can be read once.
fn stale(node: Node<'_>) -> Option<Change> {
    let inside = node.text().strip_prefix('[')?.strip_suffix(']')?;
    is_kept(node).then(|| ("stale iterator", node.span(), format!("({inside})")))
}

/// Whether a value goes to a name or to the caller, and not only into a loop or into several names, which take any iterator.
fn is_kept(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| {
        matches!(parent.kind(), "return_statement" | "binary_operator" | "subscript" | "comparison_operator")
            || parent.kind() == "assignment" && node.field_name() == "right" && !super::mutants::unpacks(parent)
    })
}

fn lost_call(node: Node<'_>) -> Option<Change> {
    let call = node.named_child(0).filter(|only| only.kind() == "call")?;
    Some(("lost call", call.span(), "None".to_owned()))
}

/// Text where bytes were, and bytes where text was.
fn other_text(node: Node<'_>) -> Option<Change> {
    let parent = node.parent()?;
    let explains = matches!(parent.kind(), "expression_statement" | "concatenated_string" | "interpolation" | "block");
    let start = node.child_of_kind("string_start").filter(|_| !explains && node.text().is_ascii())?;
    match start.text().trim_end_matches(['"', '\'']) {
        "" => Some(("bytes for text", Span::empty(node.start()), "b".to_owned())),
        "b" | "B" => Some(("text for bytes", Span::new(node.start(), node.start() + 1), String::new())),
        _ => None,
    }
}

fn call(node: Node<'_>) -> Vec<Change> {
    let (Some(function), Some(arguments)) = (node.field("function"), node.field("arguments")) else {
        return Vec::new();
    };
    if arguments.kind() != "argument_list" {
        return Vec::new();
    }
    let given: Vec<Node<'_>> = arguments.named_children().filter(|child| !child.is_extra()).collect();
    let plain =
        given.iter().all(|argument| !matches!(argument.kind(), "keyword_argument" | "list_splat" | "dictionary_splat"));
    let mut found = match (function.kind(), given.as_slice()) {
        ("attribute", given) => of_method(node, function, given),
        ("identifier", [only]) => of_builtin(node, function, *only),
        _ => Vec::new(),
    };
    if matches!(name_of(function), "sorted" | "sort" | "min" | "max" | "groupby") {
        found.extend(given.iter().find_map(|argument| lost_key(*argument)));
    }
    if let ([first, second], true, "identifier" | "attribute") = (given.as_slice(), plain, function.kind())
        && first.text() != second.text()
    {
        let span = Span::new(first.start(), second.end());
        found.push(("wrong order", span, format!("{}, {}", second.text(), first.text())));
    }
    found
}

fn name_of(function: Node<'_>) -> &str {
    function.field("attribute").unwrap_or(function).text()
}

fn of_method(node: Node<'_>, function: Node<'_>, given: &[Node<'_>]) -> Vec<Change> {
    let Some(object) = function.field("object") else { return Vec::new() };
    match (name_of(function), given) {
        ("decode" | "encode", _) => vec![("lost decoding", node.span(), format!("({})", object.text()))],
        ("get" | "pop" | "setdefault", [_, default]) => vec![("lost default", default.span(), "None".to_owned())]
            .into_iter()
            .filter(|_| default.text() != "None")
            .collect(),
        _ => Vec::new(),
    }
}

fn of_builtin(node: Node<'_>, function: Node<'_>, only: Node<'_>) -> Vec<Change> {
    let bare = || format!("({})", only.text());
    match function.text() {
        "int" | "round" | "float" => vec![("lost rounding", node.span(), bare())],
        "list" if is_kept(node) && !matches!(only.kind(), "list" | "tuple" | "string") => {
            vec![("dropped list", node.span(), bare()), ("stale iterator", function.span(), "iter".to_owned())]
        }
        "sorted" | "reversed" => vec![("wrong order", function.span(), "list".to_owned())],
        _ => Vec::new(),
    }
}

/// With the comma before it.
fn lost_key(argument: Node<'_>) -> Option<Change> {
    let is_key =
        argument.kind() == "keyword_argument" && argument.field("name").is_some_and(|name| name.text() == "key");
    let start = match argument.prev_sibling().filter(|_| is_key)? {
        before if before.kind() == "," => before.start(),
        _ => argument.start(),
    };
    Some(("dropped sort key", Span::new(start, argument.end()), String::new()))
}

#[cfg(test)]
mod tests {
    use iama_syntax::Dialect;

    use super::*;

    fn check(source: &str, expected: &[(&str, &str)]) {
        let tree = SyntaxTree::parse(Dialect::Python3, source).unwrap();
        let planted = faults(&tree).into_iter().map(|fault| {
            let range = fault.span.range();
            let text = format!("{}{}{}", &source[..range.start], fault.replacement, &source[range.end..]);
            let line = text.lines().nth(fault.line as usize - 1).unwrap().trim().to_owned();
            (fault.operator, line)
        });
        let expected: Vec<_> = expected.iter().map(|(operator, line)| (*operator, (*line).to_owned())).collect();
        assert_eq!(planted.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn numbers_and_bytes_go_wrong_where_migrations_go_wrong() {
        check(
            "x = int(a // 2)\ny = b.decode('ascii')\n",
            &[
                ("lost rounding", "x = (a // 2)"),
                ("wrong division", "x = int(a / 2)"),
                ("off by one", "x = int(a // 3)"),
                ("lost decoding", "y = (b)"),
                ("bytes for text", "y = b.decode(b'ascii')"),
            ],
        );
    }

    #[test]
    fn lists_lose_their_making_only_where_they_are_kept() {
        check(
            "k = list(d.keys())\nfor k in list(d.keys()):\n    pass\nr = [f(v) for v in s]\na, b = list(d.keys())\n",
            &[
                ("dropped list", "k = (d.keys())"),
                ("stale iterator", "k = iter(d.keys())"),
                ("stale iterator", "r = (f(v) for v in s)"),
            ],
        );
    }

    #[test]
    fn orders_and_exceptions_are_lost() {
        check(
            "try:\n    s.sort(key=f)\nexcept KeyError as e:\n    raise Odd(e, s)\n",
            &[
                ("lost call", "None"),
                ("dropped sort key", "s.sort()"),
                ("uncaught exception", "except ZeroDivisionError as e:"),
                ("swallowed exception", "pass"),
                ("wrong order", "raise Odd(s, e)"),
            ],
        );
    }

    #[test]
    fn a_condition_that_says_the_same_twice_is_no_place_for_the_other_operator() {
        check("k = callable(x) or callable(x)\n", &[]);
        check("k = callable(x) or callable(y)\n", &[("wrong condition", "k = callable(x) and callable(y)")]);
        check("k = next(x) or next(x)\n", &[("wrong condition", "k = next(x) and next(x)")]);
        check("k = x.a or x.a\n", &[("wrong condition", "k = x.a and x.a")]);
    }

    #[test]
    fn a_place_goes_by_its_symbol_and_its_rank_there() {
        let source = "class C:\n    def m(self):\n        return 1 < 2 < 3\ny = 1 < 2\n";
        let tree = SyntaxTree::parse(Dialect::Python3, source).unwrap();
        let found = faults(&tree).into_iter().filter(|fault| fault.operator == "changed comparison");
        let places: Vec<_> = found.map(|fault| (fault.symbol, fault.ordinal, fault.line)).collect();
        let place = |symbol: &str, ordinal, line| (symbol.to_owned(), ordinal, line);
        assert_eq!(places, [place("C.m", 1, 3), place("C.m", 2, 3), place("", 1, 4)]);
    }
}
