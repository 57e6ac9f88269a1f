//! `exec` without a namespace in a function: Python 3's cannot bind a name of the function.

use iama_syntax::scopes::{Resolution, ScopeId, ScopeKind};
use iama_syntax::{Node, Span};

use super::look::{bare, indentation, is_builtin, line_end, positional};
use super::text_methods::after_docstring;
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 1] = [Recipe {
    id: "locals-as-namespace",
    title: "eval() saw what was put into locals()",
    class: Class::Check,
    strategy: Strategy::Standard,
    why: "From Python 3.13 on, each call of locals() in a function gives a dictionary of its own, so that eval() does not see \
          what an earlier one was given.",
    before: "def load(name, code):\n    names = locals()\n    names[name] = __import__(name)\n    return eval(code)",
    after: "def load(name, code):\n    names = locals()\n    names[name] = __import__(name)\n    return eval(code, globals(), \
            dict(names, **locals()))",
    kinds: &["call"],
    visit: evaluated,
}];

const READ_FROM: &str = "names that only the executed code binds are read from a dictionary";
const UNSEEN: &str =
    "exec binds no name of the function any more: pass it a dictionary where one is to be seen after it";

/// The function whose names an `exec` without a namespace binds in Python 2.
pub(super) fn function_around<'t>(context: &Context<'_>, node: Node<'t>) -> Option<Node<'t>> {
    let scope = context.scopes().scope(context.scopes().scope_of(node));
    (scope.kind == ScopeKind::Function && context.certain).then(|| node.tree().node(scope.node))
}

/// Rewrites all of a function's statements of this kind when it comes to the first.
pub(super) fn in_function(context: &Context<'_>, node: Node<'_>, function: Node<'_>, found: &mut Findings) {
    let scope = context.scopes().scope_of(node);
    let plain = |other: &Node<'_>| {
        other.kind() == "exec_statement" && is_plain(*other) && context.scopes().scope_of(*other) == scope
    };
    let all: Vec<_> = function.descendants().filter(plain).collect();
    let reads: Vec<_> = function.descendants().filter(|name| is_bound_by_code(context, *name, scope)).collect();
    let guesses = context.scopes().has_star_import() || function.text().contains("NameError");
    let (Some(first), false) = (after_docstring(function), reads.is_empty() || guesses) else {
        return alone(node, found);
    };
    if all.first() != Some(&node) {
        return;
    }
    let names = free_name(context);
    let start = format!("{names} = {{}}{}", separator(first));
    let mut edits: Vec<_> = reads.iter().map(|name| rename_to_item(*name, &names)).collect();
    edits.extend(all.iter().map(|statement| {
        let before = if *statement == first { start.as_str() } else { "" };
        execute(*statement, before, &names)
    }));
    if !all.contains(&first) {
        edits.push(Edit::insert(first.start(), start));
    }
    found.check(node, READ_FROM, edits);
}

fn evaluated(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let builtin = node.field("function").is_some_and(|function| is_builtin(context, function, "eval"));
    let Some(&[code]) = positional(node).filter(|_| builtin).as_deref() else { return };
    let Some(function) = function_around(context, node) else { return };
    let scope = context.scopes().scope_of(node);
    let given = |name: Node<'_>| {
        let value = name.parent().filter(|outer| outer.kind() == "assignment").and_then(|outer| outer.field("right"));
        value.and_then(|call| call.field("function")).is_some_and(|called| is_builtin(context, called, "locals"))
    };
    let kept = context.scopes().bindings(scope).filter(|binding| {
        let definitions = &context.scopes().binding(*binding).definitions;
        definitions.iter().all(|(id, _)| given(function.tree().node(*id)))
    });
    let kept: Vec<_> = kept.filter_map(|binding| context.scopes().binding(binding).definitions.first()).collect();
    if let [(names, _)] = kept[..] {
        let names = function.tree().node(*names).text();
        let why = "the dictionary of an earlier locals() is taken for what the code was to see";
        found.check(node, why, vec![Edit::insert(code.end(), format!(", globals(), dict({names}, **locals())"))]);
    }
}

/// Whether a statement names no namespace.
pub(super) fn is_plain(statement: Node<'_>) -> bool {
    let Some(code) = statement.field("code") else { return false };
    let passes = code.kind() == "tuple" && matches!(code.named_children().count(), 2 | 3);
    !passes && statement.named_children().all(|child| child == code)
}

fn is_bound_by_code(context: &Context<'_>, name: Node<'_>, scope: ScopeId) -> bool {
    let scopes = context.scopes();
    let here = name.kind() == "identifier" && scopes.used_in(name) == Some(scope);
    if !here || scopes.resolve(name) != Some(Resolution::Unknown) || is_builtin_name(name.text()) {
        return false;
    }
    let mut around = std::iter::successors(Some(scope), |inner| scopes.scope(*inner).parent);
    !around.any(|outer| scopes.lookup(outer, name.text()).is_some())
}

fn is_builtin_name(name: &str) -> bool {
    BUILTINS.split_whitespace().any(|builtin| builtin == name)
}

/// Nobody is seen to read what the code binds, in this text.
fn alone(node: Node<'_>, found: &mut Findings) {
    let Some(code) = node.field("code") else { return };
    let binds = ["=", "import", "def ", "class ", "for ", "del ", "%", "+"];
    let silent = bare(code).kind() == "string" && !binds.iter().any(|word| code.text().contains(word));
    let edits = if code.kind() == "parenthesized_expression" {
        Vec::new()
    } else {
        let pieces = vec![Piece::New("exec(".into()), Piece::Keep(code.span()), Piece::New(")".into())];
        vec![Edit::pieces(node.span(), pieces)]
    };
    match (silent, edits.is_empty()) {
        (_, true) => {}
        (true, false) => found.safe(node, edits),
        (false, false) => found.check(node, UNSEEN, edits),
    }
}

fn execute(statement: Node<'_>, before: &str, names: &str) -> Edit {
    let code = statement.field("code").map_or(statement, bare);
    let head = format!("{before}{names}.update(locals()){}exec(", separator(statement));
    let pieces = vec![Piece::New(head), Piece::Keep(code.span()), Piece::New(format!(", globals(), {names})"))];
    Edit::pieces(statement.span(), pieces)
}

fn rename_to_item(name: Node<'_>, names: &str) -> Edit {
    Edit::replace(name.span(), format!("{names}['{}']", name.text()))
}

/// What stands between a new statement and this one.
fn separator(statement: Node<'_>) -> String {
    let text = statement.tree().text();
    let line = text[..statement.start() as usize].rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
    let alone = statement.tree().slice(Span::new(u32::try_from(line).unwrap_or(0), statement.start()));
    if alone.trim().is_empty() { format!("{}{}", line_end(text), indentation(statement)) } else { "; ".to_owned() }
}

fn free_name(context: &Context<'_>) -> String {
    let mut name = "exec_names".to_owned();
    while context.binds_anywhere(&name) {
        name.push('_');
    }
    name
}

/// The names that Python 2 has without an import.
const BUILTINS: &str = "ArithmeticError AssertionError AttributeError BaseException BufferError BytesWarning DeprecationWarning \
    EOFError Ellipsis EnvironmentError Exception False FloatingPointError FutureWarning GeneratorExit IOError \
    ImportError ImportWarning IndentationError IndexError KeyError KeyboardInterrupt LookupError MemoryError \
    NameError None NotImplemented NotImplementedError OSError OverflowError PendingDeprecationWarning \
    ReferenceError RuntimeError RuntimeWarning StandardError StopIteration SyntaxError SyntaxWarning SystemError \
    SystemExit TabError True TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError \
    UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning WindowsError ZeroDivisionError \
    __builtins__ __debug__ __doc__ __file__ __import__ __name__ __package__ __path__ _ abs all any apply \
    basestring bin bool buffer bytearray bytes callable chr classmethod cmp coerce compile complex copyright \
    credits delattr dict dir divmod enumerate eval execfile exit file filter float format frozenset getattr \
    globals hasattr hash help hex id input int intern isinstance issubclass iter len license list locals long map \
    max memoryview min next object oct open ord pow print property quit range raw_input reduce reload repr \
    reversed round set setattr slice sorted staticmethod str sum super tuple type unichr unicode vars xrange zip";
