//! The external scanner of Python 2: indentation, newlines and strings.

use super::Failure;

/// Edits tree-sitter-python's `scanner.c` for the language `name`. Every edit must find its place exactly once.
pub(crate) fn derive(source: &str, name: &str) -> Result<String, Failure> {
    let scanner = EDITS.iter().try_fold(source.to_owned(), |source, (old, new)| replace_once(&source, old, new))?;
    Ok(scanner.replace("tree_sitter_python_external_scanner", &format!("tree_sitter_{name}_external_scanner")))
}

const EDITS: [(&str, &str); 5] = [
    // A tab goes to the next multiple of eight.
    ("indent_length += 8;", "indent_length = (uint16_t)((indent_length / 8 + 1) * 8);"),
    // There are no format strings: `f` before a quote is a name.
    (
        "if (lexer->lookahead == 'f' || lexer->lookahead == 'F' || lexer->lookahead == 't' ||\n                \
         lexer->lookahead == 'T') {\n                set_format(&delimiter);\n            } else if",
        "if",
    ),
    // A backtick is an operator around an expression, not a quote.
    (
        "if (lexer->lookahead == '`') {\n            set_end_character(&delimiter, '`');\n            \
         advance(lexer);\n            lexer->mark_end(lexer);\n        } else if",
        "if",
    ),
    ("lexer->lookahead == '\\'' || lexer->lookahead == '`';", "lexer->lookahead == '\\'';"),
    // The state is set back before nearly every token, so that its memory is kept.
    (
        "array_delete(&scanner->delimiters);\n    array_delete(&scanner->indents);\n    array_push",
        "array_clear(&scanner->delimiters);\n    array_clear(&scanner->indents);\n    array_push",
    ),
];

fn replace_once(source: &str, old: &str, new: &str) -> Result<String, Failure> {
    match source.matches(old).count() {
        1 => Ok(source.replacen(old, new, 1)),
        count => Err(format!("scanner.c holds {count} places, not one, of: {old}").into()),
    }
}
