//! Files of JavaScript and TypeScript in pieces.

use iama_syntax::{Node, Span, SyntaxTree};

use super::braces::{BODY, Cut, DEEPEST, Source, joined, with_documentation};
use super::outline::{Outline, Piece};

/// A value or a call longer than this, without the bodies in it, is left out.
const LONG_VALUE: usize = 200;

/// The pieces of a file that was parsed without an error.
pub(super) fn outline(tree: &SyntaxTree) -> Outline {
    let builder = Builder { source: Source::new(tree.text()) };
    Outline(builder.block(tree.root(), "", 0))
}

struct Builder<'t> {
    source: Source<'t>,
}

impl<'t> Builder<'t> {
    fn block(&self, block: Node<'t>, path: &str, depth: usize) -> Vec<Piece> {
        if depth > DEEPEST {
            return Vec::new();
        }
        let statements = with_documentation(block).into_iter();
        statements.filter_map(|(node, start)| self.statement(node, start, path, depth)).collect()
    }

    fn statement(&self, node: Node<'t>, start: u32, path: &str, depth: usize) -> Option<Piece> {
        let span = Span::new(start, node.end());
        match node.kind() {
            "import_statement" => Some(Piece::Text(self.source.ended(span, &[], ';'))),
            "export_statement" => match (node.field("declaration"), node.field("value")) {
                (Some(declaration), _) => self.declaration(declaration, span, path, depth),
                (None, Some(value)) => Some(self.valued(value, "default", span, path, depth)),
                (None, None) => Some(Piece::Text(self.source.ended(span, &[], ';'))),
            },
            "expression_statement" => self.expression(node.named_child(0)?, span, path, depth),
            _ => self.declaration(node, span, path, depth),
        }
    }

    fn declaration(&self, node: Node<'t>, span: Span, path: &str, depth: usize) -> Option<Piece> {
        match node.kind() {
            "function_declaration" | "generator_function_declaration" => {
                Some(self.function(node, node.field("name")?.text(), span, path, None))
            }
            "class_declaration" | "abstract_class_declaration" => {
                Some(self.class(node, node.field("name")?.text(), span, path, ""))
            }
            "lexical_declaration" | "variable_declaration" => Some(self.variables(node, span, path, depth)),
            "internal_module" | "module" => self.namespace(node, span, path, depth),
            "interface_declaration"
            | "type_alias_declaration"
            | "enum_declaration"
            | "function_signature"
            | "ambient_declaration"
            | "import_alias" => Some(Piece::Text(self.source.lines(span, &[]))),
            _ => None,
        }
    }

    fn function(&self, node: Node<'t>, name: &str, span: Span, path: &str, end: Option<char>) -> Piece {
        let cuts = bodies(node);
        let text = |cuts: &[Cut]| match end {
            Some(end) => self.source.ended(span, cuts, end),
            None => self.source.lines(span, cuts),
        };
        self.source.function(joined(path, name), span.start, text(&cuts), text(&[]))
    }

    fn class(&self, node: Node<'t>, name: &str, span: Span, path: &str, end: &str) -> Piece {
        let Some(body) = node.field("body") else { return Piece::Text(self.source.lines(span, &[])) };
        let path = joined(path, name);
        let members = with_documentation(body).into_iter();
        let pieces = members.filter_map(|(member, start)| self.member(member, start, &path)).collect();
        self.source.group(span, body.span(), pieces, end)
    }

    fn member(&self, node: Node<'t>, start: u32, path: &str) -> Option<Piece> {
        let span = Span::new(start, node.end());
        let name = node.field("name").or_else(|| node.field("property"));
        let is_private = name.is_some_and(|name| name.kind() == "private_property_identifier")
            || node.child_of_kind("accessibility_modifier").is_some_and(|word| word.text() == "private");
        match node.kind() {
            _ if is_private => None,
            "method_definition" => Some(self.function(node, name?.text(), span, path, None)),
            "field_definition" | "public_field_definition" => {
                Some(Piece::Text(self.source.ended(span, &self.shortened(node.field("value")), ';')))
            }
            "method_signature" | "abstract_method_signature" | "index_signature" => {
                Some(Piece::Text(self.source.ended(span, &[], ';')))
            }
            _ => None,
        }
    }

    fn variables(&self, node: Node<'t>, span: Span, path: &str, depth: usize) -> Piece {
        let declarators: Vec<Node<'t>> =
            node.named_children().filter(|child| child.kind() == "variable_declarator").collect();
        if let [one] = declarators.as_slice()
            && let (Some(name), Some(value)) = (one.field("name"), one.field("value"))
        {
            return self.valued(value, name.text(), span, path, depth);
        }
        let cuts: Vec<Cut> =
            declarators.iter().flat_map(|declarator| self.shortened(declarator.field("value"))).collect();
        Piece::Text(self.source.ended(span, &cuts, ';'))
    }

    fn namespace(&self, node: Node<'t>, span: Span, path: &str, depth: usize) -> Option<Piece> {
        let Some(body) = node.field("body") else { return Some(Piece::Text(self.source.lines(span, &[]))) };
        let pieces = self.block(body, &joined(path, node.field("name")?.text()), depth + 1);
        Some(self.source.group(span, body.span(), pieces, ""))
    }

    /// A statement that gives a value to a name.
    fn valued(&self, value: Node<'t>, name: &str, span: Span, path: &str, depth: usize) -> Piece {
        match value.kind() {
            "arrow_function" | "function_expression" | "generator_function" => {
                self.function(value, name, span, path, Some(';'))
            }
            "class" => self.class(value, name, span, path, ";"),
            "object" if value.named_children().any(holds_function) && depth < DEEPEST => {
                self.object(value, name, span, path)
            }
            _ => Piece::Text(self.source.ended(span, &self.shortened(Some(value)), ';')),
        }
    }

    fn object(&self, value: Node<'t>, name: &str, span: Span, path: &str) -> Piece {
        let path = joined(path, name);
        let members = with_documentation(value).into_iter().map(|(member, start)| {
            let span = Span::new(start, member.end());
            let name = member.field("key").or_else(|| member.field("name")).filter(|_| holds_function(member));
            match name {
                Some(name) => self.function(member, name.text(), span, &path, Some(',')),
                None => Piece::Text(self.source.ended(span, &self.shortened(member.field("value")), ',')),
            }
        });
        self.source.group(span, value.span(), members.collect(), ";")
    }

    fn expression(&self, node: Node<'t>, span: Span, path: &str, depth: usize) -> Option<Piece> {
        match node.kind() {
            "assignment_expression" => {
                let left =
                    node.field("left").filter(|left| matches!(left.kind(), "member_expression" | "identifier"))?;
                let name = left.field("property").unwrap_or(left);
                let mut value = node.field("right")?;
                while value.kind() == "assignment_expression" {
                    value = value.field("right")?;
                }
                Some(self.valued(value, name.text(), span, path, depth))
            }
            "internal_module" => self.namespace(node, span, path, depth),
            _ => self.wrapped(node, span, path, depth).or_else(|| self.call(node, span)),
        }
    }

    /// A function around a module's text, which is called at once or handed to a loader.
    fn wrapped(&self, node: Node<'t>, span: Span, path: &str, depth: usize) -> Option<Piece> {
        let body = module_function(node)?.field("body").filter(|body| body.kind() == "statement_block")?;
        let pieces = self.block(body, path, depth + 1);
        (!pieces.is_empty()).then(|| self.source.group(span, body.span(), pieces, ";"))
    }

    /// A call that registers functions.
    fn call(&self, node: Node<'t>, span: Span) -> Option<Piece> {
        let cuts = bodies(node);
        let text = self.source.ended(span, &cuts, ';');
        (node.kind() == "call_expression" && !cuts.is_empty() && text.len() <= LONG_VALUE).then_some(Piece::Text(text))
    }

    /// A value without the bodies in it, or in its place an empty one of its kind.
    fn shortened(&self, value: Option<Node<'t>>) -> Vec<Cut> {
        let Some(value) = value else { return Vec::new() };
        let cuts = bodies(value);
        if self.source.cut(value.span(), &cuts).len() <= LONG_VALUE {
            return cuts;
        }
        let instead = match value.kind() {
            "object" => "{} /* left out */",
            "array" => "[] /* left out */",
            "string" | "template_string" => "'' /* left out */",
            _ => "undefined /* left out */",
        };
        vec![(value.span(), instead)]
    }
}

fn holds_function(member: Node<'_>) -> bool {
    let functions = ["arrow_function", "function_expression", "generator_function"];
    member.kind() == "method_definition" || member.field("value").is_some_and(|value| functions.contains(&value.kind()))
}

/// The outermost bodies of functions below a node.
fn bodies(node: Node<'_>) -> Vec<Cut> {
    let mut found: Vec<Cut> = Vec::new();
    for inner in node.descendants() {
        let is_function = matches!(
            inner.kind(),
            "arrow_function"
                | "function_expression"
                | "generator_function"
                | "function_declaration"
                | "generator_function_declaration"
                | "method_definition"
        );
        if is_function
            && let Some(body) = inner.field("body")
            && found.last().is_none_or(|(last, _)| last.end <= inner.start())
        {
            found.push((body.span(), BODY));
        }
    }
    found
}

/// The function whose body is the text of a module: an argument that a wrapper or `define` gets, or the wrapper itself.
fn module_function(node: Node<'_>) -> Option<Node<'_>> {
    module_function_within(node, DEEPEST)
}

fn module_function_within(node: Node<'_>, depth: usize) -> Option<Node<'_>> {
    let within = |inner| module_function_within(inner, depth.checked_sub(1)?);
    match node.kind() {
        "parenthesized_expression" => within(node.named_child(0)?),
        "unary_expression" => within(node.field("argument")?),
        "function_expression" | "arrow_function" => Some(node),
        "call_expression" => {
            let called = node.field("function")?;
            let wrapper = match called.kind() {
                "member_expression" => within(called.field("object")?),
                "identifier" => None,
                _ => within(called),
            };
            let arguments = node.field("arguments")?;
            let given =
                arguments.named_children().filter(|one| matches!(one.kind(), "function_expression" | "arrow_function"));
            (wrapper.is_some() || called.text() == "define").then(|| given.last().or(wrapper))?
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use iama_syntax::Dialect;

    use super::*;

    fn check(dialect: Dialect, text: &str, expected: &str) {
        let tree = SyntaxTree::parse(dialect, text).unwrap();
        assert!(!tree.has_error());
        let found = outline(&tree).interface();
        assert_eq!(found, expected);
        assert!(!SyntaxTree::parse(dialect, found.as_str()).unwrap().has_error(), "{found}");
    }

    #[test]
    fn modules_keep_imports_signatures_and_documentation() {
        check(
            Dialect::JavaScript,
            "'use strict'\nimport a, { b } from './a'\n// note\n/** Adds. */\nexport function add(x, y) {\n  return x + y\n}\nexport const twice = x => x * 2\nexport default class A extends B {\n  /** Its size. */\n  size = 3\n  #hidden = 1\n  static of(x) { return new A(x) }\n  #go() {}\n}\nstart()\nexport { b }\n",
            "import a, { b } from './a';\n/** Adds. */\nexport function add(x, y) { /* ... */ }\nexport const twice = x => { /* ... */ };\nexport default class A extends B {\n  /** Its size. */\n  size = 3;\n  static of(x) { /* ... */ }\n}\nexport { b };\n",
        );
    }

    #[test]
    fn older_forms_of_modules_are_understood() {
        check(
            Dialect::JavaScript,
            "var fs = require('fs'), n = 1\n;(function (root) {\n  function inner(a) { return a }\n  root.inner = inner\n  A.prototype.go = function (x) { return x }\n})(this)\nmodule.exports = {\n  a: 1,\n  b: function (x) { return x },\n  c() { return 1 }\n}\napp.get('/x', function (q) { q() })\nx[0] = 1\n",
            "var fs = require('fs'), n = 1;\n(function (root) {\n  function inner(a) { /* ... */ }\n  root.inner = inner;\n  A.prototype.go = function (x) { /* ... */ };\n})(this);\nmodule.exports = {\n  a: 1,\n  b: function (x) { /* ... */ },\n  c() { /* ... */ },\n};\napp.get('/x', function (q) { /* ... */ });\n",
        );
    }

    #[test]
    fn types_stay_whole_and_what_is_private_goes() {
        check(
            Dialect::TypeScript,
            "export interface P { a: string }\nexport type T = P | null\nenum E { A, B }\nnamespace N {\n  export function f(): void { go() }\n}\n@dec()\nexport abstract class C<X> implements P {\n  a = ''\n  private b: X\n  @in() constructor(private readonly c: X) { super() }\n  abstract d(): void\n  private e() {}\n}\ndeclare module 'm' { export const x: number }\n",
            "export interface P { a: string }\nexport type T = P | null\nenum E { A, B }\nnamespace N {\n  export function f(): void { /* ... */ }\n}\n@dec()\nexport abstract class C<X> implements P {\n  a = '';\n  @in() constructor(private readonly c: X) { /* ... */ }\n  abstract d(): void;\n}\ndeclare module 'm' { export const x: number }\n",
        );
    }

    #[test]
    fn long_values_leave_their_kind() {
        let long = "'a', ".repeat(60);
        check(
            Dialect::JavaScript,
            &format!("const a = [{long}], b = 1\nconst c = {{ d: [{long}] }}\nlet e = f({long})\n"),
            "const a = [] /* left out */, b = 1;\nconst c = {} /* left out */;\nlet e = undefined /* left out */;\n",
        );
    }

    #[test]
    fn jsx_is_a_body_like_any_other() {
        check(
            Dialect::Tsx,
            "export const A: FC<P> = ({ x }) => <b>{x}</b>;\n",
            "export const A: FC<P> = ({ x }) => { /* ... */ };\n",
        );
    }

    #[test]
    fn nesting_of_any_depth_is_taken_apart() {
        let text = format!("{}1{}\n", "(".repeat(100_000), ")".repeat(100_000));
        check(Dialect::JavaScript, &text, "");
    }
}
