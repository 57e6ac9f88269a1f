//! Orders that Python 2 leaves to chance.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Surroundings;

/// JSON with sorted keys; a text that is none stays.
pub(super) fn json(text: &str, _: &Surroundings) -> (String, usize) {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return (text.to_owned(), 0) };
    let sorted = serde_json::to_string_pretty(&by_key(value)).unwrap_or_else(|_| text.to_owned());
    let same = sorted == text;
    (sorted, usize::from(!same))
}

/// Sorted explicitly: whether maps keep their order is for other users of the library to decide.
fn by_key(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<String, Value> = map.into_iter().map(|(key, value)| (key, by_key(value))).collect();
            Value::Object(sorted.into_iter().collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(by_key).collect()),
        value => value,
    }
}

/// Sorted lines.
pub(super) fn lines(text: &str, _: &Surroundings) -> (String, usize) {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let before = lines.clone();
    lines.sort_unstable();
    (lines.concat(), usize::from(lines != before))
}

/// Sorted members within braces, and within the brackets of `set([…])`.
pub(super) fn reprs(text: &str, _: &Surroundings) -> (String, usize) {
    let mut count = 0;
    let sorted = text.split_inclusive('\n').map(|line| sorted(line, &mut count)).collect();
    (sorted, count)
}

fn sorted(line: &str, count: &mut usize) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['{', '[']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let opened = &from[..1];
        let Some(end) = closing(from) else {
            out.push_str(opened);
            rest = &from[1..];
            continue;
        };
        let within = &from[1..end];
        let is_set = opened == "{" || before.ends_with("set(");
        let mut members: Vec<String> = members(within).into_iter().map(|member| sorted(member.trim(), count)).collect();
        if is_set {
            let before = members.clone();
            members.sort();
            *count += usize::from(members != before);
        }
        out.push_str(opened);
        out.push_str(&members.join(", "));
        out.push_str(&from[end..=end]);
        rest = &from[end + 1..];
    }
    out.push_str(rest);
    out
}

/// Where the bracket that a text begins with is closed.
fn closing(text: &str) -> Option<usize> {
    walk(text, |depth, c| depth == 0 && matches!(c, '}' | ']' | ')')).into_iter().next()
}

/// The parts between commas that lie in no inner bracket.
fn members(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    for at in walk(text, |depth, c| depth == 0 && c == ',') {
        parts.push(&text[from..at]);
        from = at + 1;
    }
    parts.push(&text[from..]);
    parts
}

/// The places where something is found outside of strings; the depth is that after the character.
fn walk(text: &str, wanted: impl Fn(usize, char) -> bool) -> Vec<usize> {
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    let mut found = Vec::new();
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, c) => {
                match c {
                    '{' | '[' | '(' => depth += 1,
                    '}' | ']' | ')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if wanted(depth, c) {
                    found.push(at);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dicts_and_sets_are_sorted_and_lists_are_not() {
        let check = |text: &str, expected: &str, count: usize| {
            assert_eq!(reprs(text, &Surroundings::default()), (expected.to_owned(), count), "{text}");
        };
        check("{'b': [2, 1], 'a, {': {3: 0, 2: 0}}\n", "{'a, {': {2: 0, 3: 0}, 'b': [2, 1]}\n", 2);
        check("set([3, 1]) of [3, 1]", "set([1, 3]) of [3, 1]", 1);
        check("an { open one", "an { open one", 0);
    }

    #[test]
    fn json_and_lines_have_one_order() {
        let same = |apply: fn(&str, &Surroundings) -> (String, usize), one: &str, other: &str| {
            assert_eq!(apply(one, &Surroundings::default()).0, apply(other, &Surroundings::default()).0);
        };
        same(json, "{\"b\": [2, 1], \"a\": 1}\n", "{\"a\":1,\"b\":[2,1]}");
        same(lines, "b\na\n", "a\nb\n");
        assert_eq!(json("no json", &Surroundings::default()), ("no json".to_owned(), 0));
    }
}
