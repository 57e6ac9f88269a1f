//! A file in pieces: what is said to others, and the bodies that can be left out of it.

use std::collections::BTreeSet;

use iama_syntax::{Dialect, SyntaxTree};

use super::facts::{parse, read};
use super::index::line_feeds;
use super::{java, javascript, python};

/// A piece of a file. Every text ends with a line feed and keeps the indentation that it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// An import, a name with its value, a docstring.
    Text(String),
    /// A function or method.
    Function(Function),
    /// A class, or a statement with blocks.
    Group(Vec<Clause>),
}

/// A function with and without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Function {
    /// Dotted, with the classes around it.
    pub(super) path: String,
    /// Its first line in the file, from 1.
    pub(super) line: u32,
    /// Signature and documentation.
    pub(super) stub: String,
    /// All of it.
    pub(super) whole: String,
}

/// A header and what stands below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    pub(super) header: String,
    /// Stands between the header and functions that are shown alone.
    pub(super) lead: &'static str,
    pub(super) pieces: Vec<Piece>,
    /// Stands where no piece does.
    pub(super) filler: String,
    /// Comes after the pieces.
    pub(super) tail: String,
}

/// A file taken apart, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline(pub(super) Vec<Piece>);

/// Takes a file apart; nothing for one with syntax that its dialect's parser does not accept.
pub fn outline(path: &str, bytes: &[u8]) -> Option<Outline> {
    let (text, _) = read(path, bytes);
    let (tree, _) = parse(path, &line_feeds(&text))?;
    (!tree.has_error()).then(|| outline_of(&tree))
}

/// Takes a file apart that was parsed without an error.
pub(super) fn outline_of(tree: &SyntaxTree) -> Outline {
    match tree.dialect() {
        Dialect::Python2 | Dialect::Python2PrintFunction | Dialect::Python3 => python::outline(tree),
        Dialect::JavaScript | Dialect::TypeScript | Dialect::Tsx => javascript::outline(tree),
        Dialect::Java => java::outline(tree),
    }
}

impl Outline {
    /// The file without bodies. It is valid in the dialect of the file.
    pub fn interface(&self) -> String {
        let mut out = String::new();
        write(&self.0, &mut out);
        out
    }

    /// The functions, in the order of the text. A function's rank in it is its number.
    pub(super) fn functions(&self) -> Vec<&Function> {
        let mut found = Vec::new();
        collect(&self.0, &mut found);
        found
    }

    /// How many functions and methods there are.
    pub fn len(&self) -> usize {
        self.functions().len()
    }

    /// Whether there is no function.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Only the functions with these numbers, from 0, whole, within what stands around them. It is valid in the dialect of
    /// the file.
    pub fn bodies(&self, kept: &BTreeSet<usize>) -> String {
        let mut out = String::new();
        write_kept(&self.0, kept, &mut 0, &mut out);
        out
    }
}

fn write(pieces: &[Piece], out: &mut String) {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Function(function) => out.push_str(&function.stub),
            Piece::Group(clauses) => {
                for clause in clauses {
                    out.push_str(&clause.header);
                    let before = out.len();
                    write(&clause.pieces, out);
                    if out.len() == before {
                        out.push_str(&clause.filler);
                    }
                    out.push_str(&clause.tail);
                }
            }
        }
    }
}

fn collect<'o>(pieces: &'o [Piece], found: &mut Vec<&'o Function>) {
    for piece in pieces {
        match piece {
            Piece::Text(_) => {}
            Piece::Function(function) => found.push(function),
            Piece::Group(clauses) => clauses.iter().for_each(|clause| collect(&clause.pieces, found)),
        }
    }
}

fn write_kept(pieces: &[Piece], kept: &BTreeSet<usize>, next: &mut usize, out: &mut String) {
    for piece in pieces {
        match piece {
            Piece::Text(_) => {}
            Piece::Function(function) => {
                if kept.contains(next) {
                    out.push_str(&function.whole);
                }
                *next += 1;
            }
            Piece::Group(clauses) => {
                let (start, first) = (out.len(), *next);
                for clause in clauses {
                    out.push_str(&clause.header);
                    out.push_str(clause.lead);
                    let before = out.len();
                    write_kept(&clause.pieces, kept, next, out);
                    if out.len() == before {
                        out.push_str(&clause.filler);
                    }
                    out.push_str(&clause.tail);
                }
                if kept.range(first..*next).next().is_none() {
                    out.truncate(start);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str) -> Piece {
        Piece::Function(Function {
            path: name.to_owned(),
            line: 1,
            stub: format!("{name}()\n"),
            whole: format!("{name}() body\n"),
        })
    }

    fn clause(header: &str, pieces: Vec<Piece>) -> Clause {
        Clause { header: format!("{header}\n"), lead: "", pieces, filler: "nothing\n".into(), tail: "end\n".into() }
    }

    #[test]
    fn bodies_come_with_what_stands_around_them_and_nothing_else() {
        let outline = Outline(vec![
            Piece::Text("import\n".into()),
            function("a"),
            Piece::Group(vec![clause("class", vec![Piece::Text("x\n".into()), function("b"), function("c")])]),
            Piece::Group(vec![clause("if", vec![function("d")]), clause("else", vec![])]),
        ]);
        assert_eq!(outline.interface(), "import\na()\nclass\nx\nb()\nc()\nend\nif\nd()\nend\nelse\nnothing\nend\n");
        assert_eq!(outline.bodies(&BTreeSet::from([0, 2])), "a() body\nclass\nc() body\nend\n");
        assert_eq!(outline.bodies(&BTreeSet::from([3])), "if\nd() body\nend\nelse\nnothing\nend\n");
        let paths: Vec<_> = outline.functions().iter().map(|function| function.path.as_str()).collect();
        assert_eq!(paths, ["a", "b", "c", "d"]);
    }
}
