//! Statements.

use iama_syntax::Node;

use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::python2_3::helpers::name_of;
use crate::python2_3::{generators, statements};
use crate::recipe::{Findings, Import};

pub(super) fn print_statement(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    statements::print_statement(context, node, found);
    if let Some(finding) = found.found.last_mut() {
        finding.imports.push(Import::Future("print_function"));
    }
}

const RERAISE: Import = Import::Helper(
    "raise_with_traceback",
    "\n\nif str is bytes:\n    exec('def raise_with_traceback(kind, value, traceback):\\n    raise kind, value, traceback\\n')\nelse:\n    \
     def raise_with_traceback(kind, value, traceback):\n        if value is None:\n            value = kind() if isinstance(kind, type) else \
     kind\n        elif not isinstance(value, BaseException):\n            value = kind(*value) if isinstance(value, tuple) \
     else kind(value)\n        raise value.with_traceback(traceback)\n",
);

/// A traceback is passed on by a function, since neither spelling is read by both.
pub(super) fn raise_comma(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let parts: Vec<_> = node.child_of_kind("expression_list").into_iter().flat_map(Node::named_children).collect();
    let [kind, value, traceback] = parts[..] else { return statements::raise_comma(context, node, found) };
    if traceback.kind() == "none" || kind.kind() == "string" {
        return statements::raise_comma(context, node, found);
    }
    let mut pieces =
        vec![Piece::New(format!("{}(", name_of(context, &RERAISE))), Piece::Keep(kind.span()), Piece::New(", ".into())];
    pieces.extend([Piece::Keep(value.span()), Piece::New(", ".into()), Piece::Keep(traceback.span())]);
    pieces.push(Piece::New(")".into()));
    found.safe_with(node, vec![Edit::pieces(node.span(), pieces)], vec![RERAISE]);
}

/// A generator of Python 2 returns no value.
pub(super) fn raise_stop(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    generators::raise_stop(context, node, found);
    if let Some(finding) = found.found.last_mut().filter(|finding| !finding.why.is_empty()) {
        "the value of the StopIteration is dropped: a generator of Python 2 returns none".clone_into(&mut finding.why);
        finding.edits = vec![Edit::replace(node.span(), "return")];
    }
}
