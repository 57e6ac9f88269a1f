//! Statements that Python 3 spells in another way: print, exec, raise, except.

use iama_syntax::{Node, Span};

use super::exec_scopes;
use super::look::{arguments, bare, indentation, is_primary, line_end, method_call};
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 5] = [
    Recipe {
        id: "print-statement",
        title: "print becomes a function",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 has no print statement; the function takes the stream and the line end as arguments.",
        before: "print >>log, name, size,",
        after: "print(name, size, end=' ', file=log)",
        kinds: &["print_statement"],
        visit: print_statement,
    },
    Recipe {
        id: "exec-statement",
        title: "exec becomes a function",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 has no exec statement; the function takes the namespaces as arguments.",
        before: "exec code in scope",
        after: "exec(code, scope)",
        kinds: &["exec_statement"],
        visit: exec_statement,
    },
    Recipe {
        id: "raise-comma",
        title: "raise with a value or a traceback",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 raises one object; the value is passed to its constructor, the traceback to with_traceback.",
        before: "raise ValueError, 'too big'",
        after: "raise ValueError('too big')",
        kinds: &["raise_statement"],
        visit: raise_comma,
    },
    Recipe {
        id: "except-comma",
        title: "except names its exception with as",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 writes the name of the caught exception after as.",
        before: "try:\n    f()\nexcept OSError, error:\n    pass",
        after: "try:\n    f()\nexcept OSError as error:\n    pass",
        kinds: &["except_clause"],
        visit: except_comma,
    },
    Recipe {
        id: "throw-comma",
        title: "generator.throw with a value or a traceback",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "From Python 3.12 on throw takes one exception object; the older form is deprecated.",
        before: "stream.throw(ValueError, 'too big')",
        after: "stream.throw(ValueError('too big'))",
        kinds: &["call"],
        visit: throw_comma,
    },
];

pub(super) fn print_statement(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(keyword) = node.child_of_kind("print") else { return };
    let chevron = node.child_of_kind("chevron");
    let values: Vec<_> = node.fields("argument").collect();
    if chevron.is_none() && values.is_empty() {
        return found.safe(node, vec![Edit::insert(keyword.end(), "()")]);
    }
    let trailing = node.children().filter(|child| !child.is_extra()).last().is_some_and(|child| child.kind() == ",");
    let one_in_parentheses = matches!(values[..], [value] if matches!(value.kind(), "parenthesized_expression" | "tuple" | "generator_expression"));
    let is_call = chevron.is_none() && one_in_parentheses && !trailing;
    if is_call && (values[0].kind() != "tuple" || !context.certain) {
        return;
    }
    let mut pieces = vec![Piece::New("print(".into())];
    pieces.extend(joined(&values));
    let mut before = if values.is_empty() { "" } else { ", " };
    if trailing && !values.is_empty() {
        // No blank follows what ends a line.
        let end = if values.last().is_some_and(|last| ends_line(*last)) { "''" } else { "' '" };
        pieces.push(Piece::New(format!("{before}end={end}")));
        before = ", ";
    }
    if let Some(stream) = chevron.and_then(|chevron| chevron.named_child(0)) {
        pieces.push(Piece::New(format!("{before}file=")));
        pieces.push(Piece::Keep(stream.span()));
    }
    pieces.push(Piece::New(")".into()));
    found.safe(node, vec![Edit::pieces(node.span(), pieces)]);
}

/// Whether a value that is printed is a literal, or a format, with a line end at its end.
fn ends_line(value: Node<'_>) -> bool {
    match value.kind() {
        "string" => {
            let content = value.text().trim_end_matches(['"', '\'']);
            content.ends_with('\n') || (content.ends_with("\\n") && !content.ends_with("\\\\n"))
        }
        "binary_operator" => {
            value.field("operator").is_some_and(|operator| operator.kind() == "%")
                && value.field("left").is_some_and(ends_line)
        }
        _ => false,
    }
}

/// The values with the text between them, so that line breaks and comments stay.
fn joined(values: &[Node<'_>]) -> Option<Piece> {
    let (first, last) = (values.first()?, values.last()?);
    Some(Piece::Keep(Span::new(first.start(), last.end())))
}

fn exec_statement(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(code) = node.field("code") else { return };
    if let Some(function) = exec_scopes::function_around(context, node).filter(|_| exec_scopes::is_plain(node)) {
        return exec_scopes::in_function(context, node, function, found);
    }
    let namespaces: Vec<_> = node.named_children().filter(|child| *child != code).collect();
    if namespaces.is_empty() {
        if code.kind() == "tuple" && matches!(code.named_children().count(), 2 | 3) {
            // `exec (code, globals)` means the same in both languages.
            return;
        }
        if code.kind() == "parenthesized_expression" {
            return;
        }
    }
    let code_inside = if namespaces.is_empty() { code } else { bare(code) };
    let mut pieces = vec![Piece::New("exec(".into()), Piece::Keep(code_inside.span())];
    for namespace in namespaces {
        pieces.push(Piece::New(", ".into()));
        pieces.push(Piece::Keep(namespace.span()));
    }
    pieces.push(Piece::New(")".into()));
    found.safe(node, vec![Edit::pieces(node.span(), pieces)]);
}

pub(super) fn raise_comma(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(list) = node.child_of_kind("expression_list") else {
        if node.named_child(0).is_some_and(|value| matches!(value.kind(), "string" | "concatenated_string")) {
            found.refuse(node, "a string is raised, and Python has refused that since 2.6: choose an exception class");
        }
        return;
    };
    let parts: Vec<_> = list.named_children().collect();
    let [class, rest @ ..] = &parts[..] else { return };
    let class = first_class(*class);
    if matches!(class.kind(), "string" | "concatenated_string") {
        let mut pieces = vec![Piece::New("Exception(".into()), Piece::Keep(class.span())];
        pieces.extend(rest.first().into_iter().flat_map(|value| [Piece::New(", ".into()), Piece::Keep(value.span())]));
        pieces.push(Piece::New(")".into()));
        let why = "a string is raised, and Python has refused that since 2.6: choose an exception class";
        return found.check(node, why, vec![Edit::pieces(list.span(), pieces)]);
    }
    let mut pieces = match rest.first() {
        Some(value) => construct(class, *value),
        None => vec![Piece::Keep(class.span())],
    };
    match rest {
        [value, traceback] if traceback.kind() != "none" => {
            if is_reraise(class, *value) {
                pieces = vec![Piece::Keep(value.span())];
            }
            pieces.push(Piece::New(".with_traceback(".into()));
            pieces.push(Piece::Keep(traceback.span()));
            pieces.push(Piece::New(")".into()));
        }
        _ => {}
    }
    found.safe(node, vec![Edit::pieces(list.span(), pieces)]);
}

/// `raise (A, (B, C)), value` raises an A.
fn first_class(class: Node<'_>) -> Node<'_> {
    let mut class = class;
    while class.kind() == "tuple" {
        match class.named_child(0) {
            Some(first) => class = first,
            None => break,
        }
    }
    class
}

/// Whether class and value are what `sys.exc_info()` gave, so that the value is the exception itself.
fn is_reraise(class: Node<'_>, value: Node<'_>) -> bool {
    let parts_of_one = |a: &str, b: &str| a.len() > 3 && b.len() > 3 && a[..a.len() - 3] == b[..b.len() - 3];
    match (class.kind(), value.kind()) {
        ("subscript", "subscript") => parts_of_one(class.text(), value.text()),
        ("identifier", "identifier") => class.text().starts_with(|c: char| c.is_lowercase() || c == '_'),
        _ => false,
    }
}

fn construct(class: Node<'_>, value: Node<'_>) -> Vec<Piece> {
    let mut pieces = vec![Piece::Keep(class.span())];
    if value.kind() == "none" {
        return pieces;
    }
    if value.kind() == "tuple" {
        pieces.push(Piece::Keep(value.span()));
    } else {
        pieces.push(Piece::New("(".into()));
        pieces.push(Piece::Keep(value.span()));
        pieces.push(Piece::New(")".into()));
    }
    pieces
}

fn except_comma(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(comma) = node.child_of_kind(",") else { return };
    let parts: Vec<_> = node.fields("value").chain(node.fields("alias")).collect();
    let [class, target] = parts[..] else { return };
    let between = Span::new(class.end(), target.start());
    if target.kind() == "identifier" && !super::idioms::is_used_behind(context, target, node) {
        let separator = if node.tree().slice(between).trim() == "," {
            Edit::replace(between, " as ")
        } else {
            Edit::replace(comma.span(), " as")
        };
        return found.safe(node, vec![separator]);
    }
    let Some(block) = node.children().find(|child| child.kind() == "block") else { return };
    let Some(first) = block.named_child(0) else { return };
    let name = super::helpers::free_word(context, "caught");
    // A tuple unpacked an exception's arguments; any other target got the exception itself.
    let value = if matches!(target.kind(), "tuple" | "list") { format!("{name}.args") } else { name.clone() };
    let own_line =
        first.start() > node.start() && node.tree().slice(Span::new(node.start(), first.start())).contains('\n');
    let tail = if own_line {
        format!(" = {value}{}{}", line_end(node.tree().text()), indentation(first))
    } else {
        format!(" = {value}; ")
    };
    let binding =
        Edit::pieces(Span::empty(first.start()), vec![Piece::New(target.text().to_owned()), Piece::New(tail)]);
    let head = Edit::replace(Span::new(class.end(), target.end()), format!(" as {name}"));
    found.safe(node, vec![head, binding]);
}

fn throw_comma(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((_, name)) = method_call(node) else { return };
    let parts = arguments(node);
    if name.text() != "throw" || !matches!(parts.len(), 2 | 3) {
        return;
    }
    if parts.iter().any(|part| matches!(part.kind(), "keyword_argument" | "list_splat" | "dictionary_splat")) {
        return;
    }
    // A value that came with its type is the exception itself; throw() takes the three up to Python 3.13.
    if !parts[0].text().rsplit('.').next().is_some_and(|name| name.starts_with(|c: char| c.is_uppercase())) {
        return;
    }
    if !is_primary(parts[0]) {
        return found.refuse(node, "the exception's class is an expression: build the exception before it is thrown");
    }
    let mut pieces = construct(parts[0], parts[1]);
    if let Some(traceback) = parts.get(2).filter(|part| part.kind() != "none") {
        pieces.push(Piece::New(".with_traceback(".into()));
        pieces.push(Piece::Keep(traceback.span()));
        pieces.push(Piece::New(")".into()));
    }
    let span = Span::new(parts[0].start(), parts[parts.len() - 1].end());
    found.check(
        node,
        "the second argument is taken for a value, not for an exception",
        vec![Edit::pieces(span, pieces)],
    );
}
