//! Small faults to plant into code, to see whether its tests notice.
//!
//! A fault is one replacement in the text. Its name says what it is and where it stands in terms that a rewrite leaves alone
//! (symbol, kind, what is replaced, how many of these came before), so that the same fault can be planted on both sides.

use std::collections::{BTreeMap, BTreeSet};

use iama_syntax::{Node, Span, SyntaxTree};
use serde::{Deserialize, Serialize};

/// What kind of fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Another operator.
    Operator,
    /// Another number, truth value or text.
    Constant,
    /// The condition turned round.
    Condition,
    /// Nothing is returned.
    Return,
    /// A call whose result nobody uses is left out.
    Call,
    /// An exception is not raised.
    Exception,
    /// What came from an iterator stays one, or in the order in which it came.
    Conversion,
    /// What goes wrong in migrations.
    Migration,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mutant {
    /// Its name within the file: symbol, kind, what stood there, and its rank among those.
    pub name: String,
    /// The function or class around it, names joined by dots; empty at the top level.
    pub symbol: String,
    /// What kind of fault it is.
    pub kind: Kind,
    /// The line, from 1.
    pub line: u32,
    /// The bytes of the text that are replaced.
    #[serde(skip)]
    pub span: Option<Span>,
    /// What stands there instead.
    pub replacement: String,
}

/// Every fault that begins on one of the lines (first and last of each range, from 1), in the order of the text.
pub fn mutants(tree: &SyntaxTree, lines: &[(u32, u32)]) -> Vec<Mutant> {
    let starts = line_starts(tree.text());
    let mut ranks: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for node in tree.nodes() {
        for (kind, span, replacement) in faults(node) {
            let symbol = symbol(node);
            let what = tree.slice(span).split_whitespace().collect::<Vec<_>>().join(" ");
            let base = format!("{symbol}/{kind:?}/{}", spelled(&what)).to_lowercase();
            let rank = ranks.entry(base.clone()).or_default();
            *rank += 1;
            let line = line_of(&starts, span.start);
            if lines.iter().any(|(first, last)| (*first..=*last).contains(&line)) {
                let name = format!("{base}/{rank}");
                found.push(Mutant { name, symbol, kind, line, span: Some(span), replacement });
            }
        }
    }
    found
}

fn line_starts(text: &str) -> Vec<u32> {
    let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
    std::iter::once(0).chain(ends.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX))).collect()
}

fn line_of(starts: &[u32], offset: u32) -> u32 {
    u32::try_from(starts.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
}

/// What a rewrite may spell otherwise without meaning something else: prefixes, old octals, `<>`, the parts of a condition.
fn spelled(what: &str) -> String {
    let plain = what.trim_start_matches(['u', 'U', 'b', 'B', 'r', 'R']);
    let text = if plain.starts_with(['"', '\'']) { plain } else { what };
    let text = if text == "<>" { "!=" } else { text };
    text.chars().take(40).collect()
}

type Fault = (Kind, Span, String);

fn faults(node: Node<'_>) -> Vec<Fault> {
    match node.kind() {
        "comparison_operator" => node.children().filter_map(comparison).collect(),
        "binary_operator" | "augmented_assignment" => node.field("operator").and_then(arithmetic).into_iter().collect(),
        "boolean_operator" if !says_it_twice(node) => node.field("operator").map(boolean).into_iter().collect(),
        "integer" => number(node).into_iter().collect(),
        "true" => vec![(Kind::Constant, node.span(), "False".to_owned())],
        "false" => vec![(Kind::Constant, node.span(), "True".to_owned())],
        "identifier" if is_truth_value(node) => {
            let other = if node.text() == "True" { "False" } else { "True" };
            vec![(Kind::Constant, node.span(), other.to_owned())]
        }
        "string" => text(node).into_iter().collect(),
        "if_statement" | "elif_clause" | "while_statement" => node.field("condition").map(turned).into_iter().collect(),
        "return_statement" => returned(node).into_iter().collect(),
        "raise_statement" => vec![(Kind::Exception, node.span(), "pass".to_owned())],
        "expression_statement" => unused_call(node).into_iter().collect(),
        "call" => converted(node).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// `list` and `sorted` left out, but where a loop takes the values one by one anyway.
fn converted(node: Node<'_>) -> Option<Fault> {
    let function = node.field("function").filter(|function| matches!(function.text(), "list" | "sorted"))?;
    let only = node.field("arguments").filter(|given| given.kind() == "argument_list")?.named_child(0)?;
    let parent = node.parent()?;
    let looped = matches!(parent.kind(), "for_statement" | "for_in_clause") || unpacks(parent);
    let skipped = function.text() == "list" && looped || matches!(only.kind(), "list_splat" | "keyword_argument");
    (!skipped).then(|| (Kind::Conversion, node.span(), format!("({})", only.text())))
}

/// Whether `and` and `or` have the same on both sides, of a kind that does nothing but look: then either operator gives that.
pub(super) fn says_it_twice(node: Node<'_>) -> bool {
    let sides = node.field("left").zip(node.field("right"));
    sides.is_some_and(|(left, right)| left.text() == right.text() && only_looks(left))
}

/// Names, literals, and questions that builtins answer about them. Attributes are no such thing: they may run code.
fn only_looks(node: Node<'_>) -> bool {
    let inner = || node.named_children().all(only_looks);
    match node.kind() {
        "identifier" | "integer" | "float" | "true" | "false" | "none" => true,
        "string" => node.named_children().all(|part| part.kind() != "interpolation"),
        "parenthesized_expression" | "not_operator" | "argument_list" | "tuple" => inner(),
        "call" => {
            let asks = |function: Node<'_>| {
                matches!(function.text(), "isinstance" | "issubclass" | "callable" | "hasattr" | "type" | "id")
            };
            node.field("function").is_some_and(asks) && node.field("arguments").is_some_and(only_looks)
        }
        _ => false,
    }
}

/// Whether an assignment puts each entry of its value under a name of its own: any iterator will do.
pub(super) fn unpacks(assignment: Node<'_>) -> bool {
    let several =
        |left: Node<'_>| matches!(left.kind(), "pattern_list" | "tuple_pattern" | "list_pattern" | "expression_list");
    assignment.kind() == "assignment" && assignment.field("left").is_some_and(several)
}

/// The faults of migrations that begin on one of the lines, but for those that [`mutants`] plants as well.
pub fn migration_mutants(tree: &SyntaxTree, lines: &[(u32, u32)]) -> Vec<Mutant> {
    let plain = mutants(tree, lines);
    let known = |span: Span, replacement: &str| (span.start, span.end, replacement.to_owned());
    let planted: BTreeSet<_> =
        plain.iter().filter_map(|mutant| Some(known(mutant.span?, &mutant.replacement))).collect();
    let touched = |line: u32| lines.iter().any(|(first, last)| (*first..=*last).contains(&line));
    let found = super::migration_faults::faults(tree).into_iter();
    let fresh = found.filter(|fault| touched(fault.line) && !planted.contains(&known(fault.span, &fault.replacement)));
    fresh
        .map(|fault| Mutant {
            name: format!("{}/{}/{}", fault.symbol, fault.operator, fault.ordinal),
            symbol: fault.symbol,
            kind: Kind::Migration,
            line: fault.line,
            span: Some(fault.span),
            replacement: fault.replacement,
        })
        .collect()
}

impl Mutant {
    /// What is wrong in a few words: what stands there instead, or what such a fault of migrations is called.
    pub fn told(&self) -> &str {
        let called = self.name.rsplit('/').nth(1).filter(|_| self.kind == Kind::Migration);
        called.unwrap_or(&self.replacement)
    }
}

fn comparison(operator: Node<'_>) -> Option<Fault> {
    Some((Kind::Operator, operator.span(), other_comparison(operator.kind())?.to_owned()))
}

/// What takes the place of a comparison that goes wrong.
pub(super) fn other_comparison(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "==" => "!=",
        "!=" | "<>" => "==",
        "<" => "<=",
        "<=" => "<",
        ">" => ">=",
        ">=" => ">",
        "in" => "not in",
        "not in" => "in",
        "is" => "is not",
        "is not" => "is",
        _ => return None,
    })
}

/// Each operator with the one that takes its place.
const ARITHMETIC: [(&str, &str); 18] = [
    ("+", "-"),
    ("-", "+"),
    ("*", "/"),
    ("/", "*"),
    ("//", "*"),
    ("%", "+"),
    ("**", "*"),
    ("<<", ">>"),
    (">>", "<<"),
    ("&", "|"),
    ("|", "&"),
    ("^", "&"),
    ("+=", "-="),
    ("-=", "+="),
    ("*=", "/="),
    ("/=", "*="),
    ("|=", "&="),
    ("&=", "|="),
];

fn arithmetic(operator: Node<'_>) -> Option<Fault> {
    let (_, other) = ARITHMETIC.iter().find(|(known, _)| *known == operator.kind())?;
    Some((Kind::Operator, operator.span(), (*other).to_owned()))
}

fn boolean(operator: Node<'_>) -> Fault {
    let other = if operator.kind() == "and" { "or" } else { "and" };
    (Kind::Operator, operator.span(), other.to_owned())
}

/// One more.
fn number(node: Node<'_>) -> Option<Fault> {
    let text = node.text().trim_end_matches(['l', 'L']);
    let value = match (text.get(..2).map(str::to_ascii_lowercase).as_deref(), text) {
        (Some("0x"), text) => u64::from_str_radix(&text[2..], 16),
        (Some("0o"), text) => u64::from_str_radix(&text[2..], 8),
        (Some("0b"), text) => u64::from_str_radix(&text[2..], 2),
        (_, text) if text.len() > 1 && text.starts_with('0') => u64::from_str_radix(text, 8),
        (_, text) => text.parse(),
    };
    Some((Kind::Constant, node.span(), value.ok()?.checked_add(1)?.to_string()))
}

/// `True` and `False` are names in Python 2.
fn is_truth_value(node: Node<'_>) -> bool {
    let stands_alone = !matches!(node.field_name(), "name" | "attribute" | "left");
    matches!(node.text(), "True" | "False") && stands_alone
}

/// Something is put before the text. What only explains the code is none of it, and neither is a part of a longer text.
fn text(node: Node<'_>) -> Option<Fault> {
    let parent = node.parent()?;
    if matches!(parent.kind(), "expression_statement" | "concatenated_string" | "interpolation") {
        return None;
    }
    let start = node.child_of_kind("string_start")?;
    (!start.text().ends_with('`')).then(|| (Kind::Constant, Span::empty(start.end()), "XX".to_owned()))
}

fn turned(condition: Node<'_>) -> Fault {
    (Kind::Condition, condition.span(), format!("not ({})", condition.text()))
}

fn returned(node: Node<'_>) -> Option<Fault> {
    let value = node.named_child(0)?;
    (value.text() != "None").then(|| (Kind::Return, value.span(), "None".to_owned()))
}

fn unused_call(node: Node<'_>) -> Option<Fault> {
    let call = node.named_child(0).filter(|only| only.kind() == "call")?;
    Some((Kind::Call, call.span(), "None".to_owned()))
}

fn symbol(node: Node<'_>) -> String {
    let around = node.ancestors().filter(|outer| matches!(outer.kind(), "function_definition" | "class_definition"));
    let mut names: Vec<&str> = around.filter_map(|outer| Some(outer.field("name")?.text())).collect();
    names.reverse();
    names.join(".")
}

#[cfg(test)]
mod tests {
    use iama_syntax::Dialect;

    use super::*;

    fn check(source: &str, expected: &[(&str, u32, &str)]) {
        let tree = SyntaxTree::parse(Dialect::Python2, source).unwrap();
        let found = mutants(&tree, &[(1, u32::MAX)]);
        let mutated = found.iter().map(|mutant| {
            let span = mutant.span.unwrap().range();
            let text = format!("{}{}{}", &source[..span.start], mutant.replacement, &source[span.end..]);
            let line = text.lines().nth(mutant.line as usize - 1).unwrap().trim().to_owned();
            (mutant.name.clone(), mutant.line, line)
        });
        let expected: Vec<_> =
            expected.iter().map(|(name, line, text)| ((*name).to_owned(), *line, (*text).to_owned())).collect();
        assert_eq!(mutated.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn operators_constants_and_conditions_are_changed_one_at_a_time() {
        check(
            "def f(a, b):\n    if a < 010 and b is not None:\n        return a / 2\n",
            &[
                ("f/condition/a < 010 and b is not none/1", 2, "if not (a < 010 and b is not None):"),
                ("f/operator/and/1", 2, "if a < 010 or b is not None:"),
                ("f/operator/</1", 2, "if a <= 010 and b is not None:"),
                ("f/constant/010/1", 2, "if a < 9 and b is not None:"),
                ("f/operator/is not/1", 2, "if a < 010 and b is None:"),
                ("f/return/a / 2/1", 3, "return None"),
                ("f/operator///1", 3, "return a * 2"),
                ("f/constant/2/1", 3, "return a / 3"),
            ],
        );
    }

    #[test]
    fn calls_and_exceptions_are_left_out_and_texts_are_changed() {
        check(
            "class C:\n    'doc'\n    def m(self):\n        log('a')\n        raise E, u''\n",
            &[
                ("c.m/call/log('a')/1", 4, "None"),
                ("c.m/constant//1", 4, "log('XXa')"),
                ("c.m/exception/raise e, u''/1", 5, "pass"),
                ("c.m/constant//2", 5, "raise E, u'XX'"),
            ],
        );
    }

    #[test]
    fn lists_and_orders_are_left_out_where_they_are_kept() {
        check(
            "a = list(d)\nfor k in list(d):\n    pass\nfor k in sorted(d):\n    pass\nb, c = list(d)\n",
            &[("/conversion/list(d)/1", 1, "a = (d)"), ("/conversion/sorted(d)/1", 4, "for k in (d):")],
        );
    }

    #[test]
    fn faults_of_migrations_are_planted_beside_those_that_are_planted_anyway() {
        let source = "def f(d):\n    return list(d.keys())[1 // 2]\ng = 'a'\n";
        let tree = SyntaxTree::parse(Dialect::Python3, source).unwrap();
        let found = migration_mutants(&tree, &[(2, 2)]);
        let told: Vec<_> = found.iter().map(|fault| (fault.name.as_str(), fault.told())).collect();
        // One more and nothing returned are planted in any case.
        let expected = [("f/stale iterator/1", "stale iterator"), ("f/wrong division/1", "wrong division")];
        assert_eq!(told, expected);
        assert_eq!(mutants(&tree, &[(3, 3)]).first().map(Mutant::told), Some("XX"));
    }

    #[test]
    fn only_the_lines_that_were_asked_for_are_changed_and_names_do_not_depend_on_them() {
        let source = "a = 1\nb = 1\n";
        let tree = SyntaxTree::parse(Dialect::Python3, source).unwrap();
        let names = |lines: &[(u32, u32)]| -> Vec<String> {
            mutants(&tree, lines).into_iter().map(|mutant| mutant.name).collect()
        };
        assert_eq!(names(&[(1, 2)]), ["/constant/1/1", "/constant/1/2"]);
        assert_eq!(names(&[(2, 2)]), ["/constant/1/2"]);
    }
}
