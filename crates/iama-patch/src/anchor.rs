//! Where a search text stands: at exactly one place, or nowhere that an edit may touch.

use std::borrow::Cow;
use std::ops::Range;

use iama_syntax::LineIndex;
use iama_syntax::source::LineEnding;

use crate::nearest;
use crate::outcome::Outcome;
use crate::working::OpenFile;

/// At most this many places are told of an ambiguous text.
const PLACES: usize = 1000;

/// Replaces the one place of `search`. Gives the first line that was touched, from 1.
pub(crate) fn search_replace(file: &mut OpenFile, search: &str, replace: &str) -> Result<u32, Outcome> {
    let ending = file.line_end();
    let range = locate(file.text(), &in_ending(search, ending))?;
    let line = line_of(file.text(), range.start);
    let replace = in_ending(replace, ending);
    if file.text()[range.clone()] != *replace {
        file.edit(range, &replace)?;
    }
    Ok(line)
}

/// The one place of a text.
fn locate(text: &str, search: &str) -> Result<Range<usize>, Outcome> {
    if search.is_empty() {
        return if text.is_empty() { Ok(0..0) } else { Err(Outcome::AnchorEmpty) };
    }
    let mut places = occurrences(text, search);
    match (places.next(), places.next()) {
        (Some(start), None) => Ok(start..start + search.len()),
        (Some(first), Some(second)) => {
            let index = LineIndex::new(text);
            let all = [first, second].into_iter().chain(places).take(PLACES);
            Err(Outcome::AnchorAmbiguous { lines: all.map(|at| index.line(narrow(at))).collect() })
        }
        (None, _) => {
            Err(Outcome::AnchorNotFound { nearest: nearest::nearest(text, search), elided: is_elided(search) })
        }
    }
}

/// Every offset at which `search` stands, overlapping places too.
pub(crate) fn occurrences<'t>(text: &'t str, search: &'t str) -> impl Iterator<Item = usize> {
    let step = search.chars().next().map_or(1, char::len_utf8);
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + text.get(from..)?.find(search)?;
        from = at + step;
        Some(at)
    })
}

/// A given text with the line ends of a file whose lines all end alike.
pub(crate) fn in_ending(given: &str, ending: Option<LineEnding>) -> Cow<'_, str> {
    match ending {
        Some(ending) if given.contains('\n') && (ending != LineEnding::Lf || given.contains("\r\n")) => {
            Cow::Owned(given.replace("\r\n", "\n").replace('\n', ending.as_str()))
        }
        _ => Cow::Borrowed(given),
    }
}

/// Whether a line stands for code that was left out.
fn is_elided(search: &str) -> bool {
    let is_elision = |line: &str| {
        let words = line.trim().trim_start_matches(['#', '/', '*', ' ', '{']).trim_end_matches(['*', '/', ' ', '}']);
        let lower = words.to_ascii_lowercase();
        matches!(words, "..." | "…")
            || words.starts_with("...")
            || words.starts_with('…')
            || ["rest ", "existing code", "unchanged", "remains the same"].iter().any(|word| lower.contains(word))
                && line.trim_start().starts_with(['#', '/', '*', '{'])
    };
    search.lines().any(is_elision)
}

pub(crate) fn line_of(text: &str, offset: usize) -> u32 {
    LineIndex::new(&text[..offset]).line_count()
}

pub(crate) fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
