//! Examples in documentation: the statements behind the prompts of doctests, and what they print.

use iama_syntax::{Node, Span};

use super::PAIR;
use crate::context::{Context, Project};
use crate::edit::Edit;
use crate::engine::{Options, Outcome, migrate};
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 1] = [Recipe {
    id: "doctests",
    title: "examples behind the prompts of doctests",
    class: Class::Check,
    strategy: Strategy::Standard,
    why: "The statements of a doctest are code as any other, and reprs have neither a u nor an L in Python 3.",
    before: "def double(n):\n    \"\"\"Doubles.\n\n    >>> print double(2L)\n    4\n    >>> double(u'a')\n    u'aa'\n    \"\"\"",
    after: "def double(n):\n    \"\"\"Doubles.\n\n    >>> print(double(2))\n    4\n    >>> double('a')\n    'aa'\n    \"\"\"",
    kinds: &["string", "doctest.txt"],
    visit: doctests,
}];

const WHY: &str = "an example in documentation: what it prints may look different in other ways, too";

/// Whether a text without a syntax of its own may hold doctests, by its name. Folders of tests hold other texts, too.
pub(super) fn is_text_of_tests(path: &str) -> bool {
    let text = path.ends_with(".txt") || path.ends_with(".rst");
    let mut parts = path.rsplit('/');
    let named = parts.next().is_some_and(|name| name.to_ascii_lowercase().contains("test"));
    text && (named || parts.next().is_some_and(|folder| folder.starts_with("doctest")))
}

fn doctests(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let shows = context.certain && context.once("doctests", || context.original.contains(">>>"));
    if !shows || !node.text().contains(">>>") {
        return;
    }
    if node.kind() != "string" {
        return examples(context, node.span(), false, found);
    }
    let (Some(start), Some(end)) = (node.child_of_kind("string_start"), node.child_of_kind("string_end")) else {
        return;
    };
    let documents = node.parent().is_some_and(|parent| parent.kind() == "expression_statement");
    if (documents || is_listed(context, node)) && !context.is_written(node) {
        let plain = !start.text().contains(['r', 'R']);
        examples(context, Span::new(start.end(), end.start()), plain, found);
    }
}

/// Whether a text is one of those in `__test__`, there or by its name.
fn is_listed(context: &Context<'_>, text: Node<'_>) -> bool {
    let in_table = |value: Node<'_>| {
        let pair = value.parent().filter(|pair| pair.kind() == "pair" && value.field_name() == "value");
        let assignment = pair.and_then(Node::parent).and_then(Node::parent);
        assignment.and_then(|outer| outer.field("left")).is_some_and(|left| left.text() == "__test__")
    };
    let named = || {
        let assignment = text.parent().filter(|outer| outer.kind() == "assignment" && text.field_name() == "right");
        let name = assignment.and_then(|outer| outer.field("left")).filter(|left| left.kind() == "identifier");
        name.is_some_and(|name| context.references(name).into_iter().any(in_table))
    };
    context.original.contains("__test__") && (in_table(text) || named())
}

/// A line of an example: where its code or its output begins, and the text from there on.
struct Line<'t> {
    at: u32,
    text: &'t str,
}

/// Goes through a text. Where backslashes mean something else than they say, lines with one are left alone.
fn examples(context: &Context<'_>, span: Span, escapes: bool, found: &mut Findings) {
    let (mut code, mut indent): (Vec<Line<'_>>, &str) = (Vec::new(), "");
    let mut prints = false;
    let mut at = span.start;
    for whole in context.tree.slice(span).split_inclusive('\n') {
        let line = whole.trim_end_matches(['\n', '\r']);
        let body = line.trim_start();
        let lead = &line[..line.len() - body.len()];
        let start = at + length(lead) + 4;
        let continues = !code.is_empty() && lead == indent && (body.starts_with("... ") || body == "...");
        if let Some(statement) = body.strip_prefix(">>> ") {
            example(context, &code, escapes, found);
            code = vec![Line { at: start, text: statement }];
            (indent, prints) = (lead, true);
        } else if continues {
            code.push(Line { at: start.min(at + length(line)), text: body.get(4..).unwrap_or("") });
        } else {
            example(context, &code, escapes, found);
            code.clear();
            prints &= !body.is_empty();
            if prints && !(escapes && body.contains('\\')) {
                output(&Line { at: at + length(lead), text: body }, found);
            }
        }
        at += length(whole);
    }
    example(context, &code, escapes, found);
}

fn length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(0)
}

/// One statement, migrated by the other recipes.
fn example(context: &Context<'_>, code: &[Line<'_>], escapes: bool, found: &mut Findings) {
    if code.is_empty() || (escapes && code.iter().any(|line| line.text.contains('\\'))) {
        return;
    }
    let text: String = code.iter().flat_map(|line| [line.text, "\n"]).collect();
    let project = Project { certain: true, ..Project::default() };
    let ignore = RECIPES.iter().map(|recipe| recipe.id.to_owned()).collect();
    let options = Options { target: context.target, ignore, ..Options::of(Strategy::Standard) };
    let Outcome::Migrated(done) = migrate(&PAIR, "example.py", &text, &project, &options) else { return };
    let lines: Vec<_> = done.text.lines().collect();
    let first = Span::new(code[0].at, code[0].at + length(code[0].text));
    let extra = lines.len().saturating_sub(code.len());
    let imports = lines.iter().take_while(|line| line.starts_with("import ") || line.starts_with("from ")).count();
    if lines.len() < code.len() || imports < extra {
        return found.refuse_at(first, "the example needs a line more in Python 3: write it by hand");
    }
    let (imports, lines) = lines.split_at(extra);
    let changed = code.iter().zip(lines).filter(|(old, new)| old.text != **new);
    let mut edits: Vec<_> =
        changed.map(|(old, new)| Edit::replace(Span::new(old.at, old.at + length(old.text)), *new)).collect();
    if !imports.is_empty() {
        // Each import is an example of its own, behind the same prompt.
        let before = &context.tree.text()[..code[0].at as usize];
        let prompt = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
        let end = super::look::line_end(context.tree.text());
        let text: String = imports.iter().flat_map(|import| [*import, end, prompt]).collect();
        edits.insert(0, Edit::insert(code[0].at, text));
    }
    if !edits.is_empty() {
        found.check_at(first, WHY, edits);
    }
}

/// What an example prints: `u'a'` is `'a'` and `4L` is `4`.
fn output(line: &Line<'_>, found: &mut Findings) {
    let bytes = line.text.as_bytes();
    let word = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at)).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    if let Some(at) = line.text.find("<type '") {
        let from = line.at + length(&line.text[..at]) + 1;
        return found.check_at(
            Span::new(line.at, line.at + length(line.text)),
            WHY,
            vec![Edit::replace(Span::new(from, from + 4), "class")],
        );
    }
    let mut quote = None;
    let mut edits = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        let before = at.checked_sub(1);
        let gone = match (byte, quote) {
            (b'\'' | b'"', None) => {
                // An apostrophe within a word begins nothing.
                quote = (!word(before) || edits_end(&edits, line, at)).then_some(*byte);
                false
            }
            (byte, Some(open)) => {
                if *byte == open {
                    quote = None;
                }
                false
            }
            (b'u', None) => !word(before) && matches!(bytes.get(at + 1), Some(b'\'' | b'"')),
            (b'L', None) => {
                let digits = bytes[..at].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
                digits > 0 && !word(at.checked_sub(digits + 1)) && !word(Some(at + 1))
            }
            _ => false,
        };
        if gone {
            let from = line.at + u32::try_from(at).unwrap_or(0);
            edits.push(Edit::delete(Span::new(from, from + 1)));
        }
    }
    if !edits.is_empty() {
        found.check_at(Span::new(line.at, line.at + length(line.text)), WHY, edits);
    }
}

/// Whether the last edit took away the letter right before a place.
fn edits_end(edits: &[Edit], line: &Line<'_>, at: usize) -> bool {
    edits.last().is_some_and(|edit| edit.span.end == line.at + u32::try_from(at).unwrap_or(0))
}
