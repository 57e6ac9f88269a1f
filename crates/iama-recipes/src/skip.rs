//! `# iama: skip[ID, …]` in a line: what a person forbids there.

use memchr::memmem;

use crate::engine::Note;
use crate::recipe::Class;
use iama_syntax::Span;

const MARK: &str = "iama: skip";

/// Whether anything is forbidden anywhere in a text.
pub(crate) fn is_used(text: &str) -> bool {
    memmem::find(text.as_bytes(), MARK.as_bytes()).is_some()
}

/// Whether the line that holds this offset forbids a recipe, by its name or all of them.
pub(crate) fn forbids(text: &str, at: u32, id: &str) -> bool {
    let (at, breaks) = (at as usize, ['\n', '\r']);
    let end = text[at..].find(breaks).map_or(text.len(), |found| at + found);
    let start = text[..at].rfind(breaks).map_or(0, |found| found + 1);
    let Some((_, directive)) = text[start..end].split_once(MARK) else { return false };
    named(directive).is_none_or(|mut names| names.any(|name| name == id))
}

/// The names in brackets; nothing when there are no brackets, and then every recipe is meant.
fn named(directive: &str) -> Option<impl Iterator<Item = &str>> {
    let (list, _) = directive.strip_prefix('[')?.split_once(']')?;
    Some(list.split(',').map(str::trim))
}

/// Names that no recipe has: a slip of the pen would go unnoticed otherwise.
pub(crate) fn unknown(text: &str, is_known: impl Fn(&str) -> bool) -> Vec<Note> {
    let mut notes = Vec::new();
    if !is_used(text) {
        return notes;
    }
    for (at, _) in text.match_indices(MARK) {
        let directive = text[at + MARK.len()..].lines().next().unwrap_or_default();
        let start = u32::try_from(at).unwrap_or(u32::MAX);
        let end = start.saturating_add(u32::try_from(MARK.len()).unwrap_or(0));
        for name in named(directive).into_iter().flatten().filter(|name| !is_known(name)) {
            let why = format!("no recipe is called {name:?}, so nothing is skipped here");
            notes.push(Note { span: Span::new(start, end), recipe: UNKNOWN, class: Class::Refused, why });
        }
    }
    notes
}

/// Stands for a recipe where none is to blame.
pub const UNKNOWN: &str = "unknown-skip";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_mark_forbids_everything_and_a_list_only_what_it_names() {
        let text = "a()\nb()  # iama: skip\nc()  # iama: skip[x, y]\n";
        let asked = [(0, "x"), (4, "x"), (4, "z"), (27, "x"), (27, "y"), (27, "z")];
        let told = asked.map(|(at, id)| forbids(text, at, id));
        assert_eq!(told, [false, true, true, true, true, false]);
    }

    #[test]
    fn names_that_nobody_has_are_told() {
        let notes = unknown("a  # iama: skip[x,z]\nb  # iama: skip\n", |name| name == "x");
        let told: Vec<_> = notes.iter().map(|note| (note.span.start, note.why.as_str())).collect();
        assert_eq!(told, [(5, "no recipe is called \"z\", so nothing is skipped here")]);
    }
}
