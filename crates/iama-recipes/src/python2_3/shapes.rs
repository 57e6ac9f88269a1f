//! Types across functions and files: what every function of a name returns, what every assignment gives an attribute or a
//! constant of a name, anywhere in the workspace.
//!
//! This is read off lines, so that only values that fill a line and show their type by themselves count; whatever else is
//! returned or given makes the name unknown. None is left out: what is done to a number or a string fails on None in both
//! languages.

use iama_syntax::Node;

use super::types::Type;
use crate::context::{Context, Facts};

/// Names of functions and methods: the types of what they return.
const RETURNS: &str = "returns";
/// Names of attributes: the types of what they are given.
const ATTRIBUTE: &str = "attribute";
/// Names of variables at the top of a module: the types of what they are given.
const CONSTANT: &str = "constant";
const UNKNOWN: &str = "?";

/// The type of an attribute of `self`, of the result of a function of the workspace, or of a name imported from it.
pub(super) fn type_of(context: &Context<'_>, node: Node<'_>) -> Type {
    let (topic, name) = match node.kind() {
        "attribute" if is_own(node) => (ATTRIBUTE, node.field("attribute")),
        "call" => (RETURNS, node.field("function").and_then(|function| called(context, function))),
        "identifier" if is_imported(context, node) => (CONSTANT, Some(node)),
        _ => return Type::Unknown,
    };
    name.map_or(Type::Unknown, |name| known(context.facts(), topic, name.text()))
}

fn is_own(attribute: Node<'_>) -> bool {
    attribute.field("object").is_some_and(|object| object.text() == "self")
}

/// The name of a function of the workspace that is called: a method of `self`, or a name that the file defines or imports
/// from a module of the workspace.
fn called<'t>(context: &Context<'_>, function: Node<'t>) -> Option<Node<'t>> {
    match function.kind() {
        "attribute" if is_own(function) => function.field("attribute"),
        "identifier" if is_defined(context, function) || is_imported(context, function) => Some(function),
        _ => None,
    }
}

fn is_defined(context: &Context<'_>, name: Node<'_>) -> bool {
    let Some(binding) = context.scopes().binding_of(name) else { return false };
    let mut definitions = context.scopes().binding(binding).definitions.iter().map(|(id, _)| context.tree.node(*id));
    let defined = |node: Node<'_>| node.parent().is_some_and(|outer| outer.kind() == "function_definition");
    definitions.len() > 0 && definitions.all(|node| defined(node) && node.field_name() == "name")
}

fn is_imported(context: &Context<'_>, name: Node<'_>) -> bool {
    context.dotted(name).is_some_and(|path| {
        let bound = path.rsplit('.').next() == Some(name.text()) && path.contains('.');
        let module = path.trim_start_matches('.');
        bound && (path.starts_with('.') || context.is_own(module))
    })
}

fn known(facts: &Facts, topic: &'static str, name: &str) -> Type {
    let mut kinds = facts.get(topic, name);
    let (first, second) = (kinds.next(), kinds.next());
    match (first, second) {
        (Some("int"), None) => Type::Int,
        (Some("float"), None) => Type::Float,
        (Some("text"), None) => Type::Text,
        (Some("other"), None) => Type::Other,
        _ => Type::Unknown,
    }
}

/// Notes what functions return and what names are given in a text.
pub(super) fn learn(text: &str, facts: &mut Facts) {
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut decorated = false;
    for line in super::look::lines(text) {
        let code = line.trim_start();
        if code.is_empty() || code.starts_with('#') {
            continue;
        }
        let depth = line.len() - code.len();
        open.retain(|(outer, _)| *outer < depth);
        if let Some(rest) = code.strip_prefix("def ") {
            let name = &rest[..rest.find(|c: char| !is_word(c)).unwrap_or(rest.len())];
            // Who calls it gets what the decorator makes of it; what stands behind the colon is not looked at.
            if decorated || !code.trim_end().ends_with([':', ',', '(', '\\']) {
                facts.add(RETURNS, name, UNKNOWN);
            }
            open.push((depth, name));
        } else if let Some((_, function)) = open.last() {
            let returned = code.strip_prefix("return").filter(|rest| !rest.starts_with(is_word));
            if let Some(kind) = returned.and_then(|value| kind_of(value.trim())) {
                facts.add(RETURNS, function, kind);
            } else if code.contains("yield") || (returned.is_none() && code.contains("return")) {
                facts.add(RETURNS, function, UNKNOWN);
            }
        }
        decorated = code.starts_with('@');
        assigned(line, facts);
    }
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()
}

/// What a line gives to attributes and to names at its beginning.
fn assigned(line: &str, facts: &mut Facts) {
    let bytes = line.as_bytes();
    let plain = |at: &usize| {
        let before = at.checked_sub(1).map_or(b' ', |at| bytes[at]);
        !b"=!<>".contains(&before) && bytes.get(at + 1) != Some(&b'=')
    };
    let signs: Vec<usize> = memchr::memchr_iter(b'=', bytes).filter(plain).collect();
    let Some(last) = signs.last() else {
        if line.contains(" as ") || line.trim_start().starts_with("for ") {
            loose(line, facts);
        }
        return;
    };
    let kind = kind_of(line[last + 1..].trim());
    for sign in &signs {
        let target = line[..*sign].trim_end_matches(['+', '-', '*', '/', '%', '|', '&', '^', ' ', '\t']);
        let start = target.rfind(|c: char| !is_word(c) && c != '.').map_or(0, |at| at + 1);
        let (before, path) = (target[..start].trim_end(), &target[start..]);
        if before.ends_with([',', '(', '[']) {
            loose(&line[..*sign], facts);
            continue;
        }
        // Dividing one whole number by another gives a whole number no more.
        let kind = if line[..*sign].ends_with(['/', '*']) { Some(UNKNOWN) } else { kind };
        match (path.rsplit_once('.'), kind) {
            (Some((_, name)), Some(kind)) => facts.add(ATTRIBUTE, name, kind),
            (None, Some(kind)) if start == 0 && !path.is_empty() => facts.add(CONSTANT, path, kind),
            // In the body of a class it is an attribute.
            (None, Some(kind)) if before.is_empty() => facts.add(ATTRIBUTE, path, kind),
            _ => {}
        }
    }
}

/// All attributes that are named in a piece of text may be given anything.
fn loose(text: &str, facts: &mut Facts) {
    for part in text.split(|c: char| !is_word(c) && c != '.') {
        match part.rsplit_once('.') {
            Some((_, name)) => facts.add(ATTRIBUTE, name, UNKNOWN),
            None if text.starts_with(part) => facts.add(CONSTANT, part, UNKNOWN),
            None => {}
        }
    }
}

const MAKERS: &[(&str, &str)] = &[
    ("len(", "int"),
    ("int(", "int"),
    ("ord(", "int"),
    ("float(", "float"),
    ("str(", "text"),
    ("unicode(", "text"),
    ("repr(", "text"),
    ("list(", "other"),
    ("dict(", "other"),
    ("set(", "other"),
];

/// The type of what fills the rest of a line; nothing for None.
fn kind_of(value: &str) -> Option<&'static str> {
    let value = value.split(" #").next().unwrap_or(value).trim();
    if value.is_empty() || value == "None" {
        return None;
    }
    let digits = value.strip_prefix('-').unwrap_or(value);
    let number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    let kind = match value.as_bytes()[0] {
        _ if number && digits.ends_with(['j', 'J']) => UNKNOWN,
        _ if number && digits.starts_with(['0']) && digits.len() > 1 && !digits.contains('.') => "int",
        _ if number && digits.contains(['.', 'e', 'E']) => "float",
        _ if number => "int",
        _ if matches!(value, "True" | "False") => "int",
        b'\'' | b'"' if is_one_literal(value) => "text",
        b'[' | b'{' if closes_last(value) => "other",
        _ => {
            let maker = MAKERS.iter().find(|(maker, _)| value.starts_with(maker));
            maker.filter(|(maker, _)| closes_last(&value[maker.len() - 1..])).map_or(UNKNOWN, |(_, kind)| kind)
        }
    };
    Some(kind)
}

/// Whether a literal of a string fills a text.
fn is_one_literal(value: &str) -> bool {
    let quote = &value[..1];
    value.len() > 1 && !value.contains('\\') && value[1..].find(quote) == Some(value.len() - 2)
}

/// Whether the bracket at the beginning of a text is closed by its last character.
fn closes_last(value: &str) -> bool {
    let mut depth = 0_usize;
    for (at, c) in value.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '\'' | '"' => return false,
            _ => {}
        }
        if depth == 0 {
            return at + 1 == value.len();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_told_by_what_fills_the_line() {
        let told = |values: [&str; 6]| values.map(|value| kind_of(value).unwrap_or("-"));
        assert_eq!(told(["1", "-0x1F", "1.5", "1e3", "True", "None"]), ["int", "int", "float", "float", "int", "-"]);
        assert_eq!(
            told(["'a'", "'a' % b", "len(a)", "len(a) / b", "[1, 2]", "f(1)"]),
            ["text", "?", "int", "?", "other", "?"]
        );
        assert_eq!(told(["'a' 'b'", "(1)", "1 # one", "1; x = 'a'", "len(a", "2j"]), ["?", "?", "int", "?", "?", "?"]);
    }

    #[test]
    fn every_target_of_a_line_is_noted() {
        let mut facts = Facts::default();
        let text = "limit = 3\nclass A:\n    depth = 0\n    def f(self, x=1):\n        self.a = self.b = 2\n        self.c, \
                    self.d = 1, 2\n        if x == 1: self.e = 'e'\n        self.a += 1\n        self.b /= 2\n        g(y=5)\n";
        learn(text, &mut facts);
        let all = ["a", "b", "c", "d", "e", "depth", "y"]
            .map(|name| facts.get(ATTRIBUTE, name).collect::<Vec<_>>().join(" "));
        assert_eq!(all, ["int", "? int", "?", "?", "text", "int", ""]);
        assert_eq!(facts.get(CONSTANT, "limit").collect::<Vec<_>>(), ["int"]);
    }

    #[test]
    fn what_functions_return_is_noted_unless_something_stands_between() {
        let mut facts = Facts::default();
        let text = "def one(a):\n    if a: return f(a)\n    return 1\ndef two(a):\n    if a:\n        return 1\n    return \
                    len(a)\n@cached\ndef three():\n    return 3\ndef four():\n    yield 1\n    return\n";
        learn(text, &mut facts);
        let all = ["one", "two", "three", "four"].map(|name| facts.get(RETURNS, name).collect::<Vec<_>>().join(" "));
        assert_eq!(all, ["? int", "int", "? int", "?"]);
    }
}
