//! Whether a text is Python 3, by a parser that knows nothing else.
//!
//! The trees of this crate are made by grammars that are lenient, for editors. Whether Python would read a text is a
//! stricter question: it is answered by Ruff's parser, which follows `CPython`'s grammar, indentation included.

use ruff_python_ast::PythonVersion;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

/// The newest version whose syntax is taken for Python 3 here. What later ones allow again, such as `except A, B:`, meant
/// something else in Python 2.
const NEWEST: PythonVersion = PythonVersion::PY313;

/// The offset in bytes of the first place where Python 3 would stop to read; nothing when it reads the whole text.
pub fn first_error(text: &str) -> Option<u32> {
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module).with_target_version(NEWEST));
    let broken = parsed.errors().iter().map(|error| error.location.start());
    let newer = parsed.unsupported_syntax_errors().iter().map(|error| error.range.start());
    broken.chain(newer).min().map(u32::from)
}

#[cfg(test)]
mod tests {
    use super::first_error;

    #[test]
    fn what_only_python_2_reads_is_found_where_it_stands() {
        let texts = [
            ("x = 1\nprint x\n", Some(12)),
            ("exec code\n", Some(5)),
            ("if a <> b: pass\n", Some(6)),
            ("x = 0777\n", Some(4)),
            ("x = 10L\n", Some(6)),
            ("x = ur''\n", Some(6)),
            ("x = `y`\n", Some(4)),
            ("raise A, b\n", Some(6)),
            ("try:\n    f()\nexcept A, b:\n    pass\n", Some(20)),
            ("def f((a, b)): pass\n", Some(6)),
            ("if a:\n        b()\n\tc()\n", Some(18)),
            ("if a:\n    if b:\n        c()\n      d()\n", Some(28)),
        ];
        let found: Vec<_> = texts.iter().map(|(text, _)| (*text, first_error(text))).collect();
        assert_eq!(found, texts);
    }

    #[test]
    fn what_python_3_reads_is_read() {
        let texts = [
            "",
            "print(x, file=y)\n",
            "async def f():\n    async with a as b:\n        await c\n",
            "match x:\n    case [1, *rest] if rest:\n        pass\n",
            "def f(a, /, b, *, c: int = 0) -> None:\n    nonlocal_ = f'{a!r:>{b}}'\n",
            "type A[T] = list[T]\n",
            "x = 1\ry = 2\r\nz = 3\n",
            "if a:\n\tb()\n\x0c\tc()\n",
        ];
        assert_eq!(texts.map(first_error), [None; 8]);
    }
}
