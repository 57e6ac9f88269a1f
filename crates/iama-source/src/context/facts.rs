//! What one file says about itself: how far it is understood, and what it imports.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use iama_syntax::{Dialect, Node, SourceText, SyntaxTree, python3};

use super::imports::{Declared, Import, declared, imports};
use super::names::{Names, names};
use crate::confidence::Share;
use crate::secrets;

/// What the analysis of a file has found. Holds nothing of its text but the names in its imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// The dialect in which more of it is understood.
    pub dialect: Dialect,
    /// Lines of text.
    pub lines: u32,
    /// Statements that the dialect's parser confirms, of all. Text that no statement covers counts by its lines.
    pub statements: Share,
    /// Names that lead to a binding of the file or to a builtin, of all.
    pub names: Share,
    /// Whether the bytes are text by the rules of the dialect, so that the file can be written back as it was.
    pub is_exact: bool,
    /// Secrets that the scan found.
    pub secrets: u32,
    pub(super) imports: Vec<Import>,
    /// Of Java: its package and the classes at its top.
    pub(super) declared: Declared,
    /// As in [`Names::open`].
    pub(super) open: Vec<(Box<str>, u32)>,
}

/// Whether files of this name are read. A file without an extension tells by its first line.
pub fn claims(path: &str, first_line: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((_, extension)) => Dialect::from_extension(extension).is_some(),
        None => first_line.starts_with("#!") && interpreter(first_line).is_some(),
    }
}

fn interpreter(first_line: &str) -> Option<Dialect> {
    if first_line.contains("python") {
        Some(Dialect::Python3)
    } else {
        first_line.contains("node").then_some(Dialect::JavaScript)
    }
}

/// Reads a file in the dialect in which more of it is understood. The path tells the language and where secrets are likely.
pub fn file_facts(path: &str, bytes: &[u8]) -> FileFacts {
    let (text, is_exact) = read(path, bytes);
    if let Some((tree, statements)) = parse(path, &text) {
        return FileFacts::of(path, bytes, (&text, is_exact), &tree, statements);
    }
    FileFacts {
        dialect: by_name(path, &text),
        lines: lines(&text),
        statements: Share { part: 0, whole: lines(&text).into() },
        names: Share::default(),
        is_exact,
        secrets: secrets_in(path, bytes),
        imports: Vec::new(),
        declared: Declared::default(),
        open: Vec::new(),
    }
}

impl FileFacts {
    /// Of a file that has been read and parsed.
    pub(super) fn of(
        path: &str,
        bytes: &[u8],
        (text, is_exact): (&str, bool),
        tree: &SyntaxTree,
        statements: Share,
    ) -> Self {
        let Names { share: names, open } = names(tree);
        let (dialect, imports, declared) = (tree.dialect(), imports(tree), declared(tree));
        let (lines, secrets) = (lines(text), secrets_in(path, bytes));
        Self { dialect, lines, statements, names, is_exact, secrets, imports, declared, open }
    }
}

fn secrets_in(path: &str, bytes: &[u8]) -> u32 {
    u32::try_from(secrets::scan(path, bytes).len()).unwrap_or(u32::MAX)
}

fn lines(text: &str) -> u32 {
    u32::try_from(text.lines().count()).unwrap_or(u32::MAX)
}

/// The text of a file, and whether it is exact: what cannot be decoded is taken for Latin-1.
pub(super) fn read<'b>(path: &str, bytes: &'b [u8]) -> (Cow<'b, str>, bool) {
    if let (true, Ok(text)) = (bytes.is_ascii(), std::str::from_utf8(bytes)) {
        return (text.into(), true);
    }
    let dialect = by_name(path, &String::from_utf8_lossy(&bytes[..bytes.len().min(128)]));
    let as_python2 = || SourceText::decode(Dialect::Python2, bytes);
    let decoded = SourceText::decode(dialect, bytes);
    match if dialect.is_python() { decoded.or_else(|_| as_python2()) } else { decoded } {
        Ok(source) => (source.text().to_owned().into(), true),
        Err(_) => (bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into(), false),
    }
}

fn by_name(path: &str, text: &str) -> Dialect {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').and_then(|(_, extension)| Dialect::from_extension(extension));
    extension.or_else(|| interpreter(text.lines().next().unwrap_or(""))).unwrap_or(Dialect::Python3)
}

/// The tree of a text in the dialect that confirms most of it, with the statements that it confirms. Python 3 comes first.
pub(super) fn parse(path: &str, text: &str) -> Option<(SyntaxTree, Share)> {
    let named = by_name(path, text);
    if !named.is_python() {
        let tree = tree_of(named, text)?;
        let share = confirmed(&tree);
        return Some((tree, share));
    }
    let as_two = || tree_of(Dialect::python2_of(text), text).map(|tree| (confirmed(&tree), tree));
    let missed = |share: &Share| share.whole - share.part;
    let early = if may_print(text) { as_two() } else { None };
    if let Some((share, tree)) = &early
        && missed(share) == 0
        && tree.nodes().any(is_only_python2)
    {
        return Some((tree.clone(), *share));
    }
    let three = || tree_of(Dialect::Python3, text);
    let first = if may_be_deep(text) { three() } else { None };
    if !first.as_ref().is_some_and(is_deep) && python3::first_error(text).is_none() {
        let tree = first.or_else(three)?;
        let whole = confirmed(&tree).whole;
        return Some((tree, Share { part: whole, whole }));
    }
    let two = early.or_else(as_two);
    match two {
        Some((share, tree)) if missed(&share) == 0 => Some((tree, share)),
        two => {
            let tree = first.or_else(three)?;
            let mut share = confirmed(&tree);
            // Python's own parser is stricter than the tree.
            share.part = share.part.min(share.whole.saturating_sub(1));
            match two {
                Some((other, tree)) if missed(&other) <= missed(&share) => Some((tree, other)),
                _ => Some((tree, share)),
            }
        }
    }
}

/// Trees that are deeper are not shown to Python 3's own parser: it takes a stack frame for each level, and whoever wrote the
/// file must not be able to end the program.
const DEEPEST: u32 = 10_000;

/// Whether a text has enough of what nests to make a deep tree: every level of one takes an operator, a bracket or a word.
fn may_be_deep(text: &str) -> bool {
    const SIGNS: &[u8] = b"([{-+~*/%.&|^<>@=,";
    if text.len() < DEEPEST as usize {
        return false;
    }
    let mut nests = [false; 256];
    for sign in SIGNS {
        nests[usize::from(*sign)] = true;
    }
    let signs = text.bytes().filter(|byte| nests[usize::from(*byte)]).count();
    let words = ["not", "lambda", "else", "await", "and", "or", "in", "is"];
    // Few files have so many signs, and fewer have them because of their words.
    let count = |word: &str| memchr::memmem::find_iter(text.as_bytes(), word.as_bytes()).count();
    signs + words.map(count).iter().sum::<usize>() > DEEPEST as usize
}

fn is_deep(tree: &SyntaxTree) -> bool {
    let mut depths: Vec<u32> = Vec::with_capacity(tree.len());
    for node in tree.nodes() {
        let depth = node.parent().and_then(|parent| depths.get(parent.id().0 as usize)).map_or(0, |depth| depth + 1);
        if depth > DEEPEST {
            return true;
        }
        depths.push(depth);
    }
    false
}

/// Whether a line begins with what looks like a print statement that is no call: then the text is most likely Python 2, and
/// Python 3 need not be tried first.
fn may_print(text: &str) -> bool {
    memchr::memmem::find_iter(text.as_bytes(), b"print ").any(|at| {
        let line = text[..at].rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
        let prints = text[at + 6..].starts_with(|first: char| is_start(first));
        prints && text[line..at].bytes().all(|byte| matches!(byte, b' ' | b'\t'))
    })
}

/// What follows `print` in no text of Python 3.
fn is_start(first: char) -> bool {
    first.is_ascii_alphanumeric() || matches!(first, '"' | '\'' | '_')
}

fn is_only_python2(node: Node<'_>) -> bool {
    node.kind() == "print_statement"
        && node.field("argument").is_some_and(|argument| argument.text().starts_with(is_start))
}

pub(super) fn tree_of(dialect: Dialect, text: &str) -> Option<SyntaxTree> {
    SyntaxTree::parse(dialect, Arc::<str>::from(text)).ok()
}

/// Statements without an error of their own, of all.
fn confirmed(tree: &SyntaxTree) -> Share {
    let table = statements(tree.dialect());
    let is_statement = |node: Node<'_>| table.get(usize::from(node.kind_id())).copied().unwrap_or(false);
    let mut share = Share::default();
    let mut wrong: Vec<u32> = Vec::new();
    let mut skip_to = 0;
    for node in tree.nodes() {
        if node.start() < skip_to && node.end() <= skip_to {
            continue;
        }
        if node.is_error() {
            share.add(0, lines_of_code(node));
            skip_to = node.end();
        }
        if node.is_error() || node.is_missing() {
            wrong.extend(node.ancestors().find(|outer| is_statement(*outer)).map(|outer| outer.id().0));
        } else if is_statement(node) {
            share.count(true);
        }
    }
    wrong.sort_unstable();
    wrong.dedup();
    share.part -= share.part.min(wrong.len() as u64);
    share
}

fn lines_of_code(node: Node<'_>) -> u64 {
    node.text().lines().filter(|line| !line.trim().is_empty()).count().max(1) as u64
}

/// For each kind of node whether it is a statement.
fn statements(dialect: Dialect) -> &'static [bool] {
    static TABLES: [OnceLock<Vec<bool>>; Dialect::ALL.len()] = [const { OnceLock::new() }; Dialect::ALL.len()];
    TABLES[dialect as usize].get_or_init(|| {
        let grammar = dialect.grammar();
        (0u16..).take(grammar.kind_count()).map(|id| is_statement(grammar.kind_name(id))).collect()
    })
}

fn is_statement(kind: &str) -> bool {
    (kind.ends_with("_statement") || kind.ends_with("_declaration") || kind.ends_with("_definition"))
        && !kind.starts_with('_')
        && kind != "decorated_definition"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(part: u64, whole: u64) -> Share {
        Share { part, whole }
    }

    #[test]
    fn a_file_is_read_in_the_python_that_confirms_more_of_it() {
        let found = |text: &str| {
            let facts = file_facts("a.py", text.as_bytes());
            (facts.dialect, facts.statements)
        };
        assert_eq!(found("import a\nprint(a)\n"), (Dialect::Python3, share(2, 2)));
        assert_eq!(found("import a\nprint a\n"), (Dialect::Python2, share(2, 2)));
        assert_eq!(found("def f():\n    return 1\n"), (Dialect::Python3, share(2, 2)));
    }

    #[test]
    fn text_that_is_no_statement_counts_by_its_lines() {
        let facts = file_facts("a.py", b"x = 1\n)))\n\n}}}\ny = 2\n");
        assert_eq!((facts.statements.part, facts.statements.whole > 2), (2, true));
    }

    #[test]
    fn bytes_that_are_no_text_are_read_and_not_exact() {
        assert!(!file_facts("a.py", b"# -*- coding: utf-8 -*-\nx = '\xff'\n").is_exact);
        assert!(file_facts("a.py", b"# -*- coding: latin-1 -*-\nx = '\xff'\n").is_exact);
    }

    #[test]
    fn nesting_of_any_depth_is_read() {
        let deep = format!("x = {}1\n", "-\\\n".repeat(100_000));
        assert_eq!(file_facts("a.py", deep.as_bytes()).statements.whole, 1);
        for part in ["-", "~", "not ", "lambda: ", "1 if x else ", "a ** "] {
            for times in [9_000, 20_000] {
                let deep = format!("x = {}1\n", format!("{part}\\\n").repeat(times));
                assert_eq!(file_facts("a.py", deep.as_bytes()).statements.whole, 1, "{part}");
            }
        }
        for part in [".b", "(1)", "[1]", " + 1"] {
            let deep = format!("x = a{}\n", format!("{part}\\\n").repeat(9_000));
            assert_eq!(file_facts("a.py", deep.as_bytes()).statements.whole, 1, "{part}");
        }
        let deep = format!("{}1{}\n", "(\n".repeat(100_000), ")\n".repeat(100_000));
        assert_eq!(file_facts("a.js", deep.as_bytes()).statements.whole, 1);
    }

    #[test]
    fn files_tell_by_their_names_or_by_their_first_line() {
        let claimed = ["a.py", "b/c.tsx", "d.java", "e.txt", "Makefile"].map(|path| claims(path, ""));
        assert_eq!(claimed, [true, true, true, false, false]);
        assert!(claims("bin/run", "#!/usr/bin/env python") && !claims("bin/run", "# python"));
    }
}
