//! The rule types of a tree-sitter grammar as JSON values.

use serde_json::Value;

fn rule<const N: usize>(kind: &str, entries: [(&str, Value); N]) -> Value {
    [("type", kind.into())].into_iter().chain(entries).map(|(key, value)| (key.to_owned(), value)).collect()
}

pub(crate) fn seq(members: impl IntoIterator<Item = Value>) -> Value {
    rule("SEQ", [("members", members.into_iter().collect())])
}

pub(crate) fn choice(members: impl IntoIterator<Item = Value>) -> Value {
    rule("CHOICE", [("members", members.into_iter().collect())])
}

pub(crate) fn optional(content: Value) -> Value {
    choice([content, rule("BLANK", [])])
}

pub(crate) fn repeat(content: Value) -> Value {
    rule("REPEAT", [("content", content)])
}

pub(crate) fn repeat1(content: Value) -> Value {
    rule("REPEAT1", [("content", content)])
}

pub(crate) fn sym(name: &str) -> Value {
    rule("SYMBOL", [("name", name.into())])
}

pub(crate) fn text(value: &str) -> Value {
    rule("STRING", [("value", value.into())])
}

pub(crate) fn pattern(value: &str) -> Value {
    rule("PATTERN", [("value", value.into())])
}

/// `content` as one token.
pub(crate) fn token(content: Value) -> Value {
    rule("TOKEN", [("content", content)])
}

pub(crate) fn field(name: &str, content: Value) -> Value {
    rule("FIELD", [("name", name.into()), ("content", content)])
}

/// `content` under the node name `name`.
pub(crate) fn alias(content: Value, name: &str) -> Value {
    rule("ALIAS", [("content", content), ("named", true.into()), ("value", name.into())])
}

pub(crate) fn prec(value: i32, content: Value) -> Value {
    rule("PREC", [("value", value.into()), ("content", content)])
}

/// Decides between readings that are both possible: the one with the greater sum wins.
pub(crate) fn prec_dynamic(value: i32, content: Value) -> Value {
    rule("PREC_DYNAMIC", [("value", value.into()), ("content", content)])
}

pub(crate) fn prec_left(content: Value) -> Value {
    rule("PREC_LEFT", [("value", 0.into()), ("content", content)])
}

pub(crate) fn prec_right(content: Value) -> Value {
    rule("PREC_RIGHT", [("value", 0.into()), ("content", content)])
}

/// One or more of `content`, separated by commas.
pub(crate) fn comma_separated(content: Value) -> Value {
    let more = repeat(seq([text(","), content.clone()]));
    seq([content, more])
}

/// As [`comma_separated`], with a comma at the end allowed.
pub(crate) fn comma_terminated(content: Value) -> Value {
    seq([comma_separated(content), optional(text(","))])
}
