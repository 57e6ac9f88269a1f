//! Replacing, inserting and deleting symbols.

use iama_syntax::Span;

use super::Edit;
use super::code::{blanks_of, line_start, lines_to_delete, rebased};
use super::place::{Place, unfit};
use crate::outcome::Outcome;

type Edits = Result<Vec<Edit>, Outcome>;

fn fitted(place: &Place<'_>, content: &str, indentation: &str) -> String {
    rebased(content, place.tree.dialect(), indentation, &place.style, place.ending)
}

/// Decorators and declaration give way. The comments above stay unless the content begins with its own.
pub(super) fn replace(place: &Place<'_>, content: &str) -> Edits {
    place.refuse_shared()?;
    let content = content.trim_start_matches(['\n', '\r']);
    if content.trim().is_empty() {
        return Err(unfit("the content is empty; to delete it use DELETE_SYMBOL".to_owned()));
    }
    let begins_with_comment = ["#", "//", "/*"].iter().any(|mark| content.trim_start().starts_with(mark));
    let span = if begins_with_comment { place.symbol.span } else { place.symbol.declaration };
    Ok(vec![(span.range(), fitted(place, content, place.indentation()))])
}

pub(super) fn replace_body(place: &Place<'_>, content: &str) -> Edits {
    let Some(body) = place.symbol.body else { return Err(unfit("it has no body".to_owned())) };
    let inner = inner_indentation(place, body);
    if place.tree.dialect().is_python() {
        let content = if content.trim().is_empty() { "pass" } else { content };
        return Ok(vec![python_body(place, body, content, &inner)]);
    }
    let text = place.tree.slice(body);
    if !(text.starts_with('{') && text.ends_with('}')) {
        return Err(unfit("its body is an expression without braces".to_owned()));
    }
    let new = if content.trim().is_empty() {
        String::new()
    } else {
        let code = fitted(place, content, &inner);
        [place.ending, &inner, &code, place.ending, place.indentation()].concat()
    };
    Ok(vec![(body.start as usize + 1..body.end as usize - 1, new)])
}

fn python_body(place: &Place<'_>, body: Span, content: &str, inner: &str) -> Edit {
    let code = fitted(place, content, inner);
    if place.own_line_start(body).is_ok() {
        return (body.range(), code);
    }
    // The body stands in the line of its header.
    let header = place.text()[..body.start as usize].trim_end_matches([' ', '\t']).len();
    (header..body.end as usize, [place.ending, inner, &code].concat())
}

/// The blanks before the lines of a body, as they are or as the file's style has them.
fn inner_indentation(place: &Place<'_>, body: Span) -> String {
    let text = place.text();
    let own_line = if place.tree.dialect().is_python() {
        place.own_line_start(body).ok()
    } else {
        let open = body.start as usize + 1;
        let first = text[open..body.end as usize].find(|c: char| !c.is_whitespace()).map_or(open, |at| open + at);
        let start = line_start(text, first);
        (start > open && first + 1 < body.end as usize).then_some(start)
    };
    own_line.map_or_else(
        || format!("{}{}", place.indentation(), place.style.unit),
        |start| blanks_of(&text[start..]).to_owned(),
    )
}

pub(super) fn insert_before(place: &Place<'_>, content: &str) -> Edits {
    refuse_empty(content)?;
    place.own_line_start(place.symbol.span)?;
    let code = fitted(place, content, place.indentation());
    let gap = place.ending.repeat(1 + place.separation(content));
    let at = place.symbol.span.start as usize;
    Ok(vec![(at..at, [&code, &gap, place.indentation()].concat())])
}

pub(super) fn insert_after(place: &Place<'_>, content: &str) -> Edits {
    refuse_empty(content)?;
    place.own_line_start(place.symbol.span)?;
    let at = place.own_line_end(place.symbol.span)?;
    let code = fitted(place, content, place.indentation());
    let gap = place.ending.repeat(1 + place.separation(content));
    Ok(vec![(at..at, [&gap, place.indentation(), &code].concat())])
}

fn refuse_empty(content: &str) -> Result<(), Outcome> {
    if content.trim().is_empty() { Err(unfit("there is no code to insert".to_owned())) } else { Ok(()) }
}

/// The symbol's lines go, and of the blank lines around it those on one side.
pub(super) fn delete(place: &Place<'_>) -> Edits {
    place.refuse_shared()?;
    let text = place.text();
    let span = place.symbol.span;
    let start = place.own_line_start(span)?;
    let end = place.own_line_end(span)?;
    if place.tree.dialect().is_python() && is_alone_in_block(place) {
        return Ok(vec![(span.range(), "pass".to_owned())]);
    }
    Ok(vec![(lines_to_delete(text, start, end), String::new())])
}

/// Whether nothing but comments stands beside the symbol in a block of Python.
fn is_alone_in_block(place: &Place<'_>) -> bool {
    let block = place.node().ancestors().find(|outer| matches!(outer.kind(), "block" | "module"));
    block.is_some_and(|block| block.kind() == "block" && block.named_children().count() == 1)
}
