//! The names of the small functions that rewritten code brings along: free ones, the same in every round.

use std::borrow::Cow;

use crate::context::Context;
use crate::recipe::Import;

/// Definitions that take the place of a builtin keep its name, since only uses that nothing else binds are meant by it.
const BUILTINS: &[&str] = &["cmp", "coerce"];

/// The name that a helper has in this file.
pub(super) fn name_of(context: &Context<'_>, helper: &Import) -> Cow<'static, str> {
    match helper {
        Import::Helper(name, text) => free(context, name, here(context, name, text)).unwrap_or(Cow::Borrowed(*name)),
        Import::Future(name) | Import::Module(name) | Import::Name(_, name) => Cow::Borrowed(*name),
    }
}

/// The definition of a helper under the name that it has in this file.
pub(super) fn definition(context: &Context<'_>, name: &'static str, text: &'static str) -> String {
    let text = here(context, name, text);
    match free(context, name, text) {
        Some(free) => text.replace(name, &free),
        None => text.to_owned(),
    }
}

/// The text of a helper, for the languages that the result must run on.
fn here(context: &Context<'_>, name: &str, text: &'static str) -> &'static str {
    let both = if context.dual { super::dual::helper(name) } else { None };
    both.unwrap_or(text)
}

/// Another name, where the file uses this one for something of its own.
fn free(context: &Context<'_>, name: &'static str, text: &'static str) -> Option<Cow<'static, str>> {
    let taken = |name: &str, text: &str| has_word(context.original, name) && !context.original.contains(text.trim());
    let choose = || {
        let keeps = BUILTINS.contains(&name) || (context.dual && super::dual::keeps_name(name));
        if keeps || !taken(name, text) {
            return None;
        }
        let mut other = name.to_owned();
        while taken(&other, &text.replace(name, &other)) {
            other.push('_');
        }
        Some(other)
    };
    context.chosen(name, choose).map(Cow::Owned)
}

/// A word that the file does not use yet, made out of `word`.
pub(super) fn free_word(context: &Context<'_>, word: &str) -> String {
    let mut other = word.to_owned();
    while has_word(context.original, &other) {
        other.push('_');
    }
    other
}

fn has_word(text: &str, word: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    memchr::memmem::find_iter(text.as_bytes(), word)
        .any(|at| !inside(text[..at].chars().next_back()) && !inside(text[at + word.len()..].chars().next()))
}
