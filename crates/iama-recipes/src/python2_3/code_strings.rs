//! Code in string literals that are handed to exec, eval, compile or timeit as they are.

use iama_syntax::{Node, Span};

use super::PAIR;
use super::look::{arguments, bare, is_builtin};
use crate::context::{Context, Project};
use crate::edit::Edit;
use crate::engine::{Options, Outcome, migrate};
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 2] = [
    Recipe {
        id: "code-in-strings",
        title: "code in literals for exec, eval, compile and timeit",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "What these are given is compiled as Python 3.",
        before: "code = compile('print 1', 'shell', 'exec')",
        after: "code = compile('print(1)', 'shell', 'exec')",
        kinds: &["call", "exec_statement"],
        visit: code_in_strings,
    },
    Recipe {
        id: "code-parts",
        title: "literals that code is put together from",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "A program that writes code and compiles it writes Python 3 now.",
        before: "lines.append('for n in xrange(3):')\nexec '\\n'.join(lines) in space",
        after: "lines.append('for n in range(3):')\nexec '\\n'.join(lines) in space",
        kinds: &["string"],
        visit: code_part,
    },
];

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

/// Whether the file compiles a text that it does not hold as a literal.
fn compiles_text(context: &Context<'_>) -> bool {
    let compiles = |node: Node<'_>| {
        let code = match node.kind() {
            "exec_statement" => node.field("code").map(bare),
            "call" => {
                let function = node.field("function");
                let builtin = |name| function.is_some_and(|function| is_builtin(context, function, name));
                let known = ["compile", "eval", "exec"].into_iter().any(builtin);
                known.then(|| arguments(node).first().copied()).flatten()
            }
            _ => None,
        };
        code.is_some_and(|code| code.kind() != "string")
    };
    context.once("compiles text", || context.tree.nodes().any(compiles))
}

fn code_part(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let text = node.text();
    let documents = node.parent().is_some_and(|parent| parent.kind() == "expression_statement");
    if !(text.contains("xrange(") || text.contains("exec ")) || !context.certain || documents {
        return;
    }
    let why = "the literal is taken for a part of code that the program puts together";
    for (at, name) in text.match_indices("xrange(").filter(|_| compiles_text(context)) {
        if !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.') {
            let start = node.start() + u32::try_from(at).unwrap_or(0);
            let end = start + u32::try_from(name.len()).unwrap_or(0);
            found.check_at(Span::new(start, end), why, vec![Edit::replace(Span::new(start, end), "range(")]);
        }
    }
    let inside = text.trim_start_matches(['\'', '"']).trim_start();
    let call = inside.strip_prefix("exec ").is_some_and(|code| code.contains('(') || code.contains(" in "));
    if call && !context.is_written(node) && !asks_for_syntax(node) && !is_compiled(node) {
        rewrite(context, node, false, found);
    }
}

/// Whether the literal itself is compiled, which has a recipe of its own.
fn is_compiled(node: Node<'_>) -> bool {
    node.ancestors().take(2).any(|outer| {
        outer.kind() == "exec_statement"
            || outer.field("function").is_some_and(|function| matches!(function.text(), "exec" | "eval" | "compile"))
    })
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
            let timed = matches!(path, "timeit.Timer" | "timeit.timeit" | "timeit.repeat");
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
