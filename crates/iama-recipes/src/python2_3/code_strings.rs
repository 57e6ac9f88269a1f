//! Code in string literals that are handed to exec, eval, compile or timeit as they are.

use iama_syntax::{Node, Span};

use super::PAIR;
use super::look::{arguments, bare, is_builtin};
use crate::context::{Context, Project};
use crate::edit::Edit;
use crate::engine::{Options, Outcome, migrate};
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 1] = [Recipe {
    id: "code-in-strings",
    title: "code in literals for exec, eval, compile and timeit",
    class: Class::Check,
    strategy: Strategy::Standard,
    why: "What these are given is compiled as Python 3.",
    before: "code = compile('print 1', 'shell', 'exec')",
    after: "code = compile('print(1)', 'shell', 'exec')",
    kinds: &["call", "exec_statement"],
    visit: code_in_strings,
}];

fn code_in_strings(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !context.certain || asks_for_syntax(node) {
        return;
    }
    for (literal, lines) in literals(context, node) {
        if literal.kind() == "string" && !context.is_written(literal) {
            rewrite(context, literal, lines, found);
        }
    }
}

/// Whether the code is tried out to learn which syntax the interpreter takes.
fn asks_for_syntax(node: Node<'_>) -> bool {
    let attempt = node.ancestors().find(|outer| outer.kind() == "try_statement");
    let mut handlers = attempt.into_iter().flat_map(Node::named_children).filter(|part| part.kind() == "except_clause");
    let tried = attempt.and_then(|outer| outer.field("body")).is_some_and(|body| body.span().contains(node.span()));
    tried
        && handlers
            .any(|handler| handler.named_children().next().is_some_and(|kind| kind.text().contains("SyntaxError")))
}

/// What is compiled, and whether it may become more lines than it was.
fn literals<'t>(context: &Context<'_>, node: Node<'t>) -> Vec<(Node<'t>, bool)> {
    if node.kind() == "exec_statement" {
        let code = node.field("code").map(bare);
        let first = code.and_then(|code| if code.kind() == "tuple" { code.named_child(0) } else { Some(code) });
        return first.map(|code| (code, true)).into_iter().collect();
    }
    let Some(function) = node.field("function") else { return Vec::new() };
    let parts = arguments(node);
    let first = |lines: bool| parts.first().map(|code| (*code, lines)).into_iter().collect();
    match function.text() {
        "eval" if is_builtin(context, function, "eval") => first(false),
        "compile" if is_builtin(context, function, "compile") => {
            first(parts.get(2).is_some_and(|mode| mode.text().trim_matches(['"', '\'']) == "exec"))
        }
        text if text.contains("imeit") || text.ends_with("Timer") => {
            let path = context.dotted(function).unwrap_or_default();
            let timed = matches!(path.as_str(), "timeit.Timer" | "timeit.timeit" | "timeit.repeat");
            parts.iter().filter(|_| timed).take(2).map(|part| (part.field("value").unwrap_or(*part), false)).collect()
        }
        _ => Vec::new(),
    }
}

fn rewrite(context: &Context<'_>, literal: Node<'_>, may_grow: bool, found: &mut Findings) {
    let (Some(start), Some(end)) = (literal.child_of_kind("string_start"), literal.child_of_kind("string_end")) else {
        return;
    };
    let inside = Span::new(start.end(), end.start());
    let written = literal.tree().slice(inside);
    let is_raw = start.text().contains(['r', 'R']);
    // Line ends are the only escapes that are understood.
    let escaped = !is_raw && written.contains("\\n");
    let code = if escaped { written.replace("\\n", "\n") } else { written.to_owned() };
    if code.contains('\\') || (escaped && written.contains('\n')) {
        return;
    }
    let project = Project { certain: true, ..Project::default() };
    let options = Options { target: context.target, dual: context.dual, ..Options::of(Strategy::Standard) };
    let Outcome::Migrated(done) = migrate(&PAIR, "code.py", &code, &project, &options) else { return };
    if done.text == code {
        return;
    }
    let grows = done.text.lines().count() > code.lines().count();
    let text = if escaped { done.text.replace('\n', "\\n") } else { done.text };
    // The code had no quote like those around it, so that all of them are the recipes' own.
    let other = if end.text() == "'" { "\"" } else { "'" };
    let text = if code.contains(end.text()) { text } else { text.replace(end.text(), other) };
    let broken = text.contains(end.text()) || (!escaped && !written.contains('\n') && text.contains('\n'));
    if broken || (grows && !may_grow) {
        return found
            .refuse(literal, "the code in this literal is Python 2, and needs quotes or lines that do not fit here");
    }
    let why = "the literal is taken for code that is compiled as it is";
    found.check(literal, why, vec![Edit::replace(inside, text)]);
}
