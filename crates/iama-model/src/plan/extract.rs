//! Where in an answer its JSON is.

/// Words around thoughts that some models write into their answers.
const THOUGHTS: [(&str, &str); 3] =
    [("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<reasoning>", "</reasoning>")];

/// The JSON in an answer: thoughts aside, the last fenced block that holds some, else the first object with its closing brace,
/// else everything from the first brace on.
pub fn extract(text: &str) -> Option<&str> {
    let said = after_thoughts(text);
    fenced(said).or_else(|| balanced(said))
}

/// What follows the last thought. A thought that never ends is all there is.
fn after_thoughts(text: &str) -> &str {
    let ends = THOUGHTS.iter().filter_map(|(_, end)| text.rfind(end).map(|at| at + end.len()));
    let rest = ends.max().map_or(text, |at| &text[at..]);
    let open = THOUGHTS.iter().any(|(start, _)| rest.trim_start().starts_with(start));
    if open { "" } else { rest }
}

fn fenced(text: &str) -> Option<&str> {
    let mut found = None;
    let mut start = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let next = at + line.len();
        if line.trim_start().starts_with("```") {
            start = match start {
                Some(start) => {
                    let block = text[start..at].trim();
                    found = if block.starts_with(['{', '[']) { Some(block) } else { found };
                    None
                }
                None => Some(next),
            };
        }
        at = next;
    }
    found
}

fn balanced(text: &str) -> Option<&str> {
    let text = &text[text.find('{')?..];
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&text[..=at]);
        }
    }
    Some(text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::extract;

    #[test]
    fn json_is_found_wherever_models_put_it() {
        let found = |text: &'static str, expected: Option<&str>| assert_eq!(extract(text), expected, "{text:?}");
        found(r#"{"a": 1}"#, Some(r#"{"a": 1}"#));
        found("Here it is:\n```json\n{\"a\": 1}\n```\nDone.", Some("{\"a\": 1}"));
        found("```json\n{\"draft\": 1}\n```\nBetter:\n```\n{\"a\": {}}\n```", Some("{\"a\": {}}"));
        found("```json\n{\"a\": 1}\n```\n```python\nprint({})\n```", Some("{\"a\": 1}"));
        found("<think>{\"no\": 1}</think> Sure: {\"a\": \"}\\\"\"} and {\"b\": 2}", Some("{\"a\": \"}\\\"\"}"));
        found("<thinking>{\"no\": 1}", None);
        found("so {\"a\": [1, 2", Some("{\"a\": [1, 2"));
        found("```\n{\"a\": 1", Some("{\"a\": 1"));
        found("no plan", None);
    }
}
