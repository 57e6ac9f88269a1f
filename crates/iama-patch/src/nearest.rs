//! The place most like a text that was not found, so that a person or a model can see what is different.

use std::collections::HashMap;

use similar::{Algorithm, ChangeTag, TextDiff, capture_diff_slices};

use crate::outcome::Nearest;

/// Below this a place is no help.
const ALIKE: f64 = 0.3;
/// Lines of difference that are shown.
const SHOWN: usize = 24;
/// Larger texts are not compared.
const LINES: usize = 50_000;
const SEARCH_LINES: usize = 400;
const LINE_BYTES: usize = 2000;
/// Windows that are compared character by character.
const CANDIDATES: usize = 12;

/// The window of lines in `text` that is most like `search`.
pub(crate) fn nearest(text: &str, search: &str) -> Option<Nearest> {
    let (lines, wanted): (Vec<&str>, Vec<&str>) = (text.lines().collect(), search.lines().collect());
    let too_long = lines.iter().chain(&wanted).any(|line| line.len() > LINE_BYTES);
    if too_long || wanted.is_empty() || wanted.len() > SEARCH_LINES || lines.len() > LINES {
        return None;
    }
    let best = candidates(&lines, &wanted)
        .into_iter()
        .map(|start| (similarity(window(&lines, start, wanted.len()), &wanted), start))
        .max_by(|(a, a_start), (b, b_start)| a.total_cmp(b).then(b_start.cmp(a_start)))?;
    let (similarity, start) = best;
    if similarity < ALIKE {
        return None;
    }
    let difference = difference(&wanted, window(&lines, start, wanted.len()));
    Some(Nearest {
        line: crate::anchor::narrow(start + 1),
        similarity: (similarity * 1000.0).round() / 1000.0,
        difference,
    })
}

fn window<'a>(lines: &'a [&'a str], start: usize, length: usize) -> &'a [&'a str] {
    &lines[start..(start + length).min(lines.len())]
}

/// The starts of the windows that share the most words with the search text.
fn candidates(lines: &[&str], wanted: &[&str]) -> Vec<usize> {
    let mut wanted_words: HashMap<&str, usize> = HashMap::new();
    for word in wanted.iter().flat_map(|line| words(line)) {
        *wanted_words.entry(word).or_default() += 1;
    }
    let scores: Vec<usize> =
        lines.iter().map(|line| words(line).filter(|word| wanted_words.contains_key(word)).count()).collect();
    let mut sum: usize = scores.iter().take(wanted.len()).sum();
    let mut ranked = vec![(sum, 0)];
    for start in 1..lines.len() {
        sum -= scores[start - 1];
        sum += scores.get(start + wanted.len() - 1).copied().unwrap_or(0);
        // A window that begins with a line of no likeness is no better than the next one.
        if scores[start] > 0 {
            ranked.push((sum, start));
        }
    }
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked.into_iter().take(CANDIDATES).map(|(_, start)| start).collect()
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// The share of characters that both have in common, in order.
fn similarity(found: &[&str], wanted: &[&str]) -> f64 {
    let (found, wanted) = (found.join("\n"), wanted.join("\n"));
    f64::from(TextDiff::from_words(wanted.as_str(), found.as_str()).ratio())
}

fn difference(wanted: &[&str], found: &[&str]) -> Vec<String> {
    let changes = capture_diff_slices(Algorithm::Myers, wanted, found);
    let lines = changes.iter().flat_map(|op| op.iter_changes(wanted, found)).map(|change| {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        format!("{sign}{}", change.value())
    });
    lines.take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_with_the_most_in_common_is_shown() {
        let text = "def f(a):\n    return a\n\ndef g(a, b):\n    return a + b\n";
        let found = nearest(text, "def g(a, b):\n  return a + b\n").unwrap();
        assert_eq!(
            (found.line, found.difference.as_slice()),
            (4, [" def g(a, b):", "-  return a + b", "+    return a + b"].map(String::from).as_slice())
        );
        assert!(found.similarity > 0.8 && found.similarity < 1.0);
    }

    #[test]
    fn nothing_is_shown_when_nothing_is_alike() {
        assert_eq!(nearest("import os\n", "class Quite(Different):\n    pass\n"), None);
        assert_eq!(nearest("", "x\n"), None);
    }
}
