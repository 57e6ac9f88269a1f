//! Python's files in pieces. What is written for both versions is valid in both.

use iama_syntax::{LineIndex, Node, SyntaxTree};

use super::outline::{Clause, Function, Outline, Piece};

/// A value longer than this is replaced by an empty one of its kind.
const LONG_VALUE: u32 = 200;

/// Blocks deeper than this are left out: nobody offers an interface there.
const DEEPEST: usize = 40;

/// The pieces of a file that was parsed without an error.
pub(super) fn outline(tree: &SyntaxTree) -> Outline {
    let builder = Builder { text: tree.text(), lines: LineIndex::new(tree.text()) };
    Outline(builder.block(tree.root(), &Around { path: "", indent: None, depth: 0 }))
}

struct Builder<'t> {
    text: &'t str,
    lines: LineIndex,
}

/// Where a block stands.
struct Around<'a> {
    /// The dotted path of the classes around it.
    path: &'a str,
    /// For a block in the line of its header: how its statements are indented when they get lines of their own.
    indent: Option<String>,
    depth: usize,
}

impl<'t> Builder<'t> {
    fn block(&self, block: Node<'t>, around: &Around<'_>) -> Vec<Piece> {
        if around.depth > DEEPEST {
            return Vec::new();
        }
        let statements: Vec<Node<'t>> = block.named_children().collect();
        let mut pieces = Vec::new();
        let mut rest = statements.as_slice();
        while let Some(first) = rest.first() {
            let length = 1 + rest.windows(2).take_while(|pair| self.share_a_line(pair[0], pair[1])).count();
            let is_first = rest.len() == statements.len();
            if length == 1 {
                pieces.extend(self.statement(*first, is_first, around));
            } else if rest[..length].iter().any(|one| self.statement(*one, false, around).is_some()) {
                pieces.push(Piece::Text(self.whole(*first, rest[length - 1], around)));
            }
            rest = &rest[length..];
        }
        pieces
    }

    fn share_a_line(&self, before: Node<'t>, after: Node<'t>) -> bool {
        !self.text[before.end() as usize..after.start() as usize].contains('\n')
    }

    fn statement(&self, node: Node<'t>, is_first: bool, around: &Around<'_>) -> Option<Piece> {
        match node.kind() {
            "import_statement" | "import_from_statement" | "future_import_statement" | "type_alias_statement" => {
                Some(Piece::Text(self.whole(node, node, around)))
            }
            "expression_statement" => self.expression(node, is_first, around).map(Piece::Text),
            "function_definition" => self.function(node, node, around),
            "class_definition" => self.class(node, node, around),
            "decorated_definition" => match node.field("definition")? {
                class if class.kind() == "class_definition" => self.class(node, class, around),
                function => self.function(node, function, around),
            },
            "if_statement" | "try_statement" | "with_statement" | "for_statement" | "while_statement" => {
                self.compound(node, around)
            }
            _ => None,
        }
    }

    fn expression(&self, node: Node<'t>, is_first: bool, around: &Around<'_>) -> Option<String> {
        let inner = node.named_child(0)?;
        match inner.kind() {
            "string" | "concatenated_string" if is_first => Some(self.whole(node, node, around)),
            "assignment" if names_something(inner) => Some(match long_value(inner) {
                None => self.whole(node, node, around),
                Some(value) => {
                    let name = self.until(node, value.start(), around);
                    // The value may begin in the next line.
                    let name = name.trim_end_matches(['\\', ' ', '\n', '\t']);
                    format!("{name} {}  # left out\n", empty_of(value))
                }
            }),
            "augmented_assignment" if names_something(inner) && node.span().len() <= LONG_VALUE => {
                Some(self.whole(node, node, around))
            }
            _ => None,
        }
    }

    fn function(&self, whole: Node<'t>, node: Node<'t>, around: &Around<'_>) -> Option<Piece> {
        let body = node.field("body")?;
        let mut stub = self.header(whole, node, body, around)?;
        let inline = self.inline_indent(whole, body, around);
        stub.push_str(&self.type_comment(whole, node, body, inline.as_deref()));
        let first = body.named_child(0).filter(|first| is_string(*first));
        let below = Around { path: "", indent: inline.clone(), depth: 0 };
        match first {
            Some(documentation) => stub.push_str(&self.statement_text(documentation, &below)),
            None => stub.push_str(&self.filler(whole, around)),
        }
        let path = joined(around.path, node.field("name")?.text());
        let line = self.lines.position(whole.start()).line;
        Some(Piece::Function(Function { path, line, stub, whole: self.whole(whole, whole, around) }))
    }

    /// One statement alone, without what may follow it in its line.
    fn statement_text(&self, node: Node<'t>, around: &Around<'_>) -> String {
        self.until(node, node.end(), around) + "\n"
    }

    /// A comment after the header that gives types, which is as good as annotations.
    fn type_comment(&self, whole: Node<'t>, node: Node<'t>, body: Node<'t>, inline: Option<&str>) -> String {
        let is_type = |comment: &Node<'_>| comment.kind() == "comment" && comment.text().starts_with("# type:");
        let found = node.children().filter(|child| child.end() <= body.start()).find(is_type);
        let found = found.filter(|_| inline.is_none());
        found.map_or_else(String::new, |comment| format!("{}    {}\n", self.indent_of(whole), comment.text()))
    }

    fn class(&self, whole: Node<'t>, node: Node<'t>, around: &Around<'_>) -> Option<Piece> {
        let body = node.field("body")?;
        let path = joined(around.path, node.field("name")?.text());
        let clause = self.clause(whole, node, body, around, &path)?;
        Some(Piece::Group(vec![clause]))
    }

    fn compound(&self, node: Node<'t>, around: &Around<'_>) -> Option<Piece> {
        if node.field("condition").is_some_and(|condition| condition.text().contains("__name__")) {
            return None;
        }
        let others = ["elif_clause", "else_clause", "except_clause", "except_group_clause", "finally_clause"];
        let others = node.children().filter(|child| others.contains(&child.kind()));
        let clauses: Option<Vec<Clause>> = std::iter::once(node)
            .chain(others)
            .map(|clause| self.clause(clause, clause, clause.child_of_kind("block")?, around, around.path))
            .collect();
        let clauses = clauses?;
        clauses.iter().any(|clause| !clause.pieces.is_empty()).then_some(Piece::Group(clauses))
    }

    fn clause(
        &self,
        whole: Node<'t>,
        node: Node<'t>,
        body: Node<'t>,
        around: &Around<'_>,
        path: &str,
    ) -> Option<Clause> {
        let indent = self.inline_indent(whole, body, around);
        let pieces = self.block(body, &Around { path, indent, depth: around.depth + 1 });
        Some(Clause {
            header: self.header(whole, node, body, around)?,
            lead: "",
            pieces,
            filler: self.filler(whole, around),
            tail: String::new(),
        })
    }

    /// From the first decorator to the colon.
    fn header(&self, whole: Node<'t>, node: Node<'t>, body: Node<'t>, around: &Around<'_>) -> Option<String> {
        let colon = node.children().filter(|child| child.kind() == ":" && child.end() <= body.start()).last()?;
        Some(self.until(whole, colon.end(), around) + "\n")
    }

    fn filler(&self, whole: Node<'t>, around: &Around<'_>) -> String {
        format!("{}    pass\n", around.indent.as_deref().unwrap_or_else(|| self.indent_of(whole)))
    }

    /// How the statements of a body are indented that stands in the line of its header.
    fn inline_indent(&self, whole: Node<'t>, body: Node<'t>, around: &Around<'_>) -> Option<String> {
        let first = body.named_child(0)?;
        let before = &self.text[self.line_start(first.start())..first.start() as usize];
        let outer = around.indent.as_deref().unwrap_or_else(|| self.indent_of(whole));
        (!before.trim().is_empty()).then(|| format!("{outer}    "))
    }

    /// From the line of `first` to the end of the line of `last`.
    fn whole(&self, first: Node<'t>, last: Node<'t>, around: &Around<'_>) -> String {
        let end = last.end() as usize;
        let line_end = self.text[end..].find('\n').map_or(self.text.len(), |at| end + at);
        self.from(first, line_end, around) + "\n"
    }

    fn until(&self, node: Node<'t>, end: u32, around: &Around<'_>) -> String {
        self.from(node, end as usize, around)
    }

    fn from(&self, node: Node<'t>, end: usize, around: &Around<'_>) -> String {
        match &around.indent {
            Some(indent) => format!("{indent}{}", self.text[node.start() as usize..end].trim_end()),
            None => self.text[self.line_start(node.start())..end].trim_end().to_owned(),
        }
    }

    fn indent_of(&self, node: Node<'t>) -> &'t str {
        let line = &self.text[self.line_start(node.start())..node.start() as usize];
        &line[..line.len() - line.trim_start_matches([' ', '\t', '\x0c']).len()]
    }

    fn line_start(&self, at: u32) -> usize {
        self.text[..at as usize].rfind('\n').map_or(0, |newline| newline + 1)
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn is_string(statement: Node<'_>) -> bool {
    statement.kind() == "expression_statement"
        && statement.named_children().count() == 1
        && statement.named_child(0).is_some_and(|inner| matches!(inner.kind(), "string" | "concatenated_string"))
}

/// Whether a name or an attribute is given a value or a type, rather than an element of something.
fn names_something(assignment: Node<'_>) -> bool {
    let names = ["identifier", "attribute", "pattern_list", "tuple_pattern", "list_pattern"];
    assignment.field("left").is_some_and(|left| names.contains(&left.kind()))
}

/// The value of an assignment, or of the last in a chain of them, where it is long.
fn long_value(assignment: Node<'_>) -> Option<Node<'_>> {
    let mut value = assignment.field("right")?;
    while value.kind() == "assignment" {
        value = value.field("right")?;
    }
    (value.span().len() > LONG_VALUE).then_some(value)
}

/// The shortest value of the same kind.
fn empty_of(value: Node<'_>) -> String {
    let constant = match value.kind() {
        "dictionary" | "dictionary_comprehension" => "{}",
        "list" | "list_comprehension" => "[]",
        "tuple" | "expression_list" => "()",
        "set" | "set_comprehension" => "set()",
        "string" | "concatenated_string" => "''",
        "call" => match value.field("function").map(Node::text) {
            Some(function) if function.len() < 80 && !function.contains(['\n', '(']) => {
                return format!("{function}()");
            }
            _ => "Ellipsis",
        },
        _ => "Ellipsis",
    };
    constant.to_owned()
}

#[cfg(test)]
mod tests {
    use iama_syntax::Dialect;

    use super::*;

    fn interface(dialect: Dialect, text: &str) -> String {
        let found = outline(&SyntaxTree::parse(dialect, text).unwrap()).interface();
        let again = SyntaxTree::parse(dialect, found.as_str()).unwrap();
        assert!(!again.has_error(), "{found}");
        found
    }

    #[test]
    fn signatures_documentation_and_names_stay_and_bodies_go() {
        let text = r#"# licence
"""About."""
import os, sys  # both

LIMIT = 3

@cached
class A(B):
    """An A."""
    kind = "a"

    def __init__(self, x=1):
        # type: (int) -> None
        self.x = x

    @property
    def y(self):
        """The y.

        Of it."""
        return self.x


class Empty(A):
    x[1] = 2

def f(a, *b): return a
print f(1)
"#;
        let expected = r#""""About."""
import os, sys  # both
LIMIT = 3
@cached
class A(B):
    """An A."""
    kind = "a"
    def __init__(self, x=1):
        # type: (int) -> None
        pass
    @property
    def y(self):
        """The y.

        Of it."""
class Empty(A):
    pass
def f(a, *b):
    pass
"#;
        assert_eq!(interface(Dialect::Python2, text), expected);
    }

    #[test]
    fn statements_with_blocks_stay_for_what_they_name() {
        let text = "try: import a\nexcept ImportError: a = None\nelse:\n    log()\nif x:\n    def f(): return 1\nelif y:\n    go()\nfor i in z:\n    t[i] = 1\nif __name__ == '__main__':\n    main = 1\n";
        let expected = "try:\n    import a\nexcept ImportError:\n    a = None\nelse:\n    pass\nif x:\n    def f():\n        pass\nelif y:\n    pass\n";
        assert_eq!(interface(Dialect::Python3, text), expected);
    }

    #[test]
    fn several_statements_in_a_line_stay_or_go_together() {
        assert_eq!(
            interface(Dialect::Python2, "import a; a.b()\nc(); d()\ndef f(): x = 1; return x\n"),
            "import a; a.b()\ndef f():\n    pass\n"
        );
    }

    #[test]
    fn long_values_leave_their_kind() {
        let long = "1, ".repeat(100);
        let text = format!(
            "A = B = [{long}]\nC = make({long})\nd: dict = {{{long}}}\nE = \\\n  '{long}'\nF = ({long})\nG = [1]\n"
        );
        let expected = "A = B = []  # left out\nC = make()  # left out\nd: dict = set()  # left out\nE = ''  # left out\nF = ()  # left out\nG = [1]\n";
        assert_eq!(interface(Dialect::Python3, &text), expected);
    }

    #[test]
    fn a_body_alone_stands_within_its_class() {
        let text = "class A:\n    'A.'\n    def f(self):\n        return 1\n    def g(self): return 2\n";
        let outline = outline(&SyntaxTree::parse(Dialect::Python2, text).unwrap());
        let places: Vec<_> = outline.functions().iter().map(|one| (one.path.clone(), one.line)).collect();
        assert_eq!(places, [("A.f".to_owned(), 3), ("A.g".to_owned(), 5)]);
        assert_eq!(outline.bodies(&[1].into()), "class A:\n    def g(self): return 2\n");
    }
}
