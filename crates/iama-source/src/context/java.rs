//! Java's files in pieces.

use iama_syntax::{Node, Span, SyntaxTree};

use super::braces::{Cut, DEEPEST, Source, joined, with_documentation};
use super::outline::{Outline, Piece};

/// A value longer than this is left out.
const LONG_VALUE: u32 = 100;

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
        let members = with_documentation(block).into_iter();
        members.filter_map(|(node, start)| self.member(node, start, path, depth)).collect()
    }

    fn member(&self, node: Node<'t>, start: u32, path: &str, depth: usize) -> Option<Piece> {
        let span = Span::new(start, node.end());
        match node.kind() {
            _ if is_private(node) => None,
            "package_declaration"
            | "import_declaration"
            | "module_declaration"
            | "annotation_type_element_declaration" => Some(Piece::Text(self.source.lines(span, &[]))),
            "field_declaration" | "constant_declaration" => {
                Some(Piece::Text(self.source.lines(span, &long_values(node))))
            }
            "method_declaration" | "constructor_declaration" => self.function(node, span, path),
            "enum_declaration" => self.enumeration(node, span, path, depth),
            "class_declaration" | "interface_declaration" | "record_declaration" | "annotation_type_declaration" => {
                let body = node.field("body")?;
                let pieces = self.block(body, &joined(path, node.field("name")?.text()), depth + 1);
                Some(self.source.group(span, body.span(), pieces, ""))
            }
            _ => None,
        }
    }

    fn function(&self, node: Node<'t>, span: Span, path: &str) -> Option<Piece> {
        let Some(body) = node.field("body") else { return Some(Piece::Text(self.source.lines(span, &[]))) };
        // A method without a body is one of an interface; a constructor needs one.
        let instead = if node.kind() == "constructor_declaration" { "{ }" } else { ";" };
        let start = if instead == ";" { end_before(node, body) } else { body.start() };
        let stub = self.source.lines(span, &[(Span::new(start, body.end()), instead)]);
        let path = joined(path, node.field("name")?.text());
        Some(self.source.function(path, node.start(), stub, self.source.lines(span, &[])))
    }

    fn enumeration(&self, node: Node<'t>, span: Span, path: &str, depth: usize) -> Option<Piece> {
        let body = node.field("body")?;
        let path = joined(path, node.field("name")?.text());
        let constants = with_documentation(body).into_iter().filter(|(child, _)| child.kind() == "enum_constant");
        let mut pieces: Vec<Piece> = constants
            .map(|(constant, start)| {
                let cuts: Vec<Cut> = constant.field("body").map(|body| (body.span(), "")).into_iter().collect();
                Piece::Text(self.source.ended(Span::new(start, constant.end()), &cuts, ','))
            })
            .collect();
        if let Some(members) = body.child_of_kind("enum_body_declarations") {
            pieces.push(Piece::Text(";\n".to_owned()));
            pieces.extend(self.block(members, &path, depth + 1));
        }
        let mut group = self.source.group(span, body.span(), pieces, "");
        if let Piece::Group(clauses) = &mut group {
            for clause in clauses {
                clause.lead = ";\n";
            }
        }
        Some(group)
    }
}

fn is_private(node: Node<'_>) -> bool {
    let modifiers = node.child_of_kind("modifiers");
    modifiers.is_some_and(|modifiers| modifiers.child_of_kind("private").is_some())
}

/// Where that ends what comes before a child, comments left out.
fn end_before(node: Node<'_>, child: Node<'_>) -> u32 {
    let before = node.children().take_while(|other| *other != child).filter(|other| !other.is_extra());
    before.last().map_or(node.start(), Node::end)
}

/// Values of fields that are long or hold code, with their equals signs.
fn long_values(field: Node<'_>) -> Vec<Cut> {
    let declarators = field.named_children().filter(|child| child.kind() == "variable_declarator");
    declarators
        .filter_map(|declarator| {
            let value = declarator.field("value")?;
            let holds_code =
                value.descendants().any(|inner| matches!(inner.kind(), "class_body" | "lambda_expression"));
            let equals = declarator.child_of_kind("=")?;
            (holds_code || value.span().len() > LONG_VALUE)
                .then(|| (Span::new(end_before(declarator, equals), value.end()), ""))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use iama_syntax::Dialect;

    use super::*;

    #[test]
    fn declarations_stay_and_bodies_and_private_members_go() {
        let text = "package a.b;\n\nimport c.D;\n\n/** A thing. */\n@Deprecated\npublic class Thing<T> extends Base implements I {\n    public static final int N = 3;\n    final Runnable r = () -> go();\n    private int hidden;\n    static { init(); }\n    /** Makes one. */\n    public Thing(int n) throws E {\n        this.hidden = n;\n    }\n    // note\n    @Override\n    public T get(int... x)\n    {\n        return null;\n    }\n    private void no() {}\n    abstract void nothing();\n    enum Kind implements J {\n        /** First. */\n        A(1) { int f() { return 1; } },\n        B;\n        Kind() {}\n        int f() { return 2; }\n    }\n    interface Inner { default int g() { return 1; } }\n    record P(int x) { P { check(x); } }\n}\n";
        let expected = "package a.b;\nimport c.D;\n/** A thing. */\n@Deprecated\npublic class Thing<T> extends Base implements I {\n    public static final int N = 3;\n    final Runnable r;\n    /** Makes one. */\n    public Thing(int n) throws E { }\n    @Override\n    public T get(int... x);\n    abstract void nothing();\n    enum Kind implements J {\n        /** First. */\n        A(1),\n        B,\n;\n        Kind() { }\n        int f();\n    }\n    interface Inner {\n    default int g();\n    }\n    record P(int x) {\n    }\n}\n";
        let tree = SyntaxTree::parse(Dialect::Java, text).unwrap();
        assert!(!tree.has_error());
        let outline = outline(&tree);
        let found = outline.interface();
        assert_eq!(found, expected);
        assert!(!SyntaxTree::parse(Dialect::Java, found.as_str()).unwrap().has_error());
        assert_eq!(
            outline.bodies(&[1].into()),
            "/** A thing. */\n@Deprecated\npublic class Thing<T> extends Base implements I {\n    @Override\n    public T get(int... x)\n    {\n        return null;\n    }\n}\n"
        );
    }
}
