//! Output for both languages: what each recipe does when its result must run on Python 2.7 as well.
//!
//! On 2.7 the code goes on to mean what it meant; on Python 3 it means what the plain migration would have made of it. A
//! name that Python 3 lacks keeps its name and is given a stand-in at the head of the file; a module that moved is imported
//! from either place; what has no common spelling asks which Python it runs on by `str is bytes`.

use iama_syntax::SyntaxTree;

use self::lines::Lines;
use crate::recipe::{Dual, Import};

mod calls;
mod classes;
mod imports;
mod iterators;
mod lines;
mod members;
mod methods;
mod names;
mod opening;
mod removed;
mod statements;

use Dual::{Never, Other, Same};

/// Every recipe of the pair, by name.
pub(super) const TABLE: &[(&str, Dual)] = &[
    ("apply-call", Same),
    ("assertion-overrides", Same),
    ("attribute-names", Other(methods::attribute_names)),
    ("backticks", Same),
    ("bare-tuple-in-comprehension", Same),
    ("base-order", Same),
    ("binary-file-literals", Same),
    ("bound-constants", Same),
    ("buffer-builtin", Other(names::buffer)),
    ("byte-codecs", Same),
    ("byte-order-marks", Same),
    ("cgi-escape", Same),
    ("character-arrays", Same),
    ("cmp-builtin", Other(names::compared)),
    ("cmp-method", Same),
    ("code-in-strings", Same),
    ("code-objects", Never("Python 2's code objects have no replace()")),
    ("code-parts", Same),
    ("coerce-builtin", Other(names::coerce)),
    ("collections-abc", Other(members::collections_abc)),
    ("compiled-text", Never("2.7 compiles encoded source, and text must not name its coding.")),
    ("cookie-headers", Same),
    ("decoded-type-tests", Same),
    ("default-encoding", Other(removed::default_encoding)),
    ("dict-views", Other(iterators::dict_views)),
    ("division-methods", Other(classes::division_method)),
    ("doctests", Never("An example can print only one of the two ways.")),
    ("element-children", Same),
    ("eq-without-hash", Other(classes::eq_without_hash)),
    ("except-comma", Same),
    ("exception-members", Other(members::exception_members)),
    ("exception-name-kept", Same),
    ("exec-statement", Same),
    ("execfile", Same),
    ("exitfunc", Same),
    ("expat-text", Other(removed::expat_text)),
    ("file-builtin", Other(opening::file_builtin)),
    ("floor-and-ceil", Same),
    ("function-attributes", Other(members::function_attribute)),
    ("future-imports", Never("2.7 still needs the features that a file asks for.")),
    ("generator-next", Same),
    ("generator-stop", Other(statements::raise_stop)),
    ("getargspec", Other(calls::getargspec)),
    ("guarded-decode", Never("Python 2 asks for the kind itself")),
    ("guarded-encode", Never("Python 2 asks for the kind itself")),
    ("has-key", Other(iterators::has_key)),
    ("has-key-value", Same),
    ("hmac-digests", Same),
    ("html-references", Other(methods::html_references)),
    ("html-unescape", Never("2.7 has no html.unescape.")),
    ("implicit-relative-imports", Same),
    ("imports-by-name", Other(methods::import_by_name)),
    ("imports-nearby", Same),
    ("input-eval", Other(calls::input_eval)),
    ("integer-division", Same),
    ("isinstance-duplicates", Never("The types are two on 2.7, and naming both does no harm on Python 3.")),
    ("iterable-strings", Same),
    ("itertools-names", Other(iterators::itertools_names)),
    ("lazy-dictionary-methods", Same),
    ("leaked-comprehension-names", Same),
    ("lenient-settings", Never("2.7's own parser is the lenient one.")),
    ("library-bytes", Same),
    ("list-makers-as-values", Same),
    ("locals-as-namespace", Same),
    ("make-suite", Same),
    ("map-filter-zip", Same),
    ("members-by-name", Never("2.7 has the members by their old names.")),
    ("message-headers", Other(methods::message_headers)),
    ("metaclass", Other(classes::metaclass)),
    ("method-constructor", Same),
    ("method-lists", Never("Python 2 has the older names")),
    ("mixed-indentation", Same),
    ("moved-builtins", Other(names::moved_builtin)),
    ("native-bytes", Same),
    ("native-decode", Same),
    ("native-encode", Same),
    ("native-escapes", Same),
    ("native-files", Other(opening::native_file)),
    ("native-streams", Same),
    ("native-temporary-files", Never("2.7's temporary files take no encoding.")),
    ("nested-managers", Same),
    ("new-keywords", Same),
    ("next-attribute", Other(iterators::next_attribute)),
    ("next-method", Other(iterators::next_method)),
    ("none-order", Same),
    ("none-values", Same),
    ("nonzero", Other(classes::nonzero)),
    ("nose-tools", Same),
    ("not-equal", Same),
    ("number-literals", Other(names::number_literal)),
    ("numeric-classes", Same),
    ("observed-division", Same),
    ("observed-ordering", Same),
    ("observed-sorting", Same),
    ("octal-escapes", Same),
    ("operator-predicates", Other(members::operator_predicates)),
    ("path-walk", Same),
    ("pattern-flags", Same),
    ("pattern-letters", Same),
    ("pattern-locale", Other(removed::pattern_locale)),
    ("print-statement", Other(statements::print_statement)),
    ("python-requires", Never("What a package says of itself is for a person to widen.")),
    ("python2-classifiers", Never("What a package says of itself is for a person to widen.")),
    ("python2-dependencies", Never("2.7 has the packages.")),
    ("python2-requirements", Never("What a package says of itself is for a person to widen.")),
    ("raise-comma", Other(statements::raise_comma)),
    ("range-list", Same),
    ("relative-seek", Same),
    ("relative-string-streams", Never("2.7's streams move from where they stand.")),
    ("removed-calls", Other(removed::removed_call)),
    ("removed-members", Other(removed::removed_members)),
    ("removed-modules", Other(imports::removed_modules)),
    ("renamed-builtins", Other(names::renamed_builtin)),
    ("renamed-members", Other(members::renamed_members)),
    ("renamed-methods", Other(methods::renamed_method)),
    ("renamed-modules", Other(imports::renamed_modules)),
    ("renamed-streams", Never("io.StringIO takes no native string on 2.7.")),
    ("renamed-submodules", Same),
    ("request-methods", Never("The requests of 2.7 have no attribute for each of them.")),
    ("round-builtin", Same),
    ("shadowed-library", Same),
    ("shadowing-imports", Same),
    ("signed-checksums", Same),
    ("slice-method-calls", Same),
    ("slice-method-values", Same),
    ("slice-methods", Other(classes::slice_methods)),
    ("sliced-items", Same),
    ("sort-cmp", Same),
    ("special-method-names", Other(classes::special_name)),
    ("split-modules", Other(imports::split_modules)),
    ("star-import-in-function", Same),
    ("string-functions", Other(methods::string_function)),
    ("syntax-tree-names", Same),
    ("syntax-tree-visitors", Same),
    ("sys-exc", Same),
    ("text-codecs", Same),
    ("throw-comma", Never("The form with two or three arguments runs on both, and the other one not on 2.7.")),
    ("tox-environments", Never("What a package says of itself is for a person to widen.")),
    ("translate-deleting", Same),
    ("tuple-parameters", Same),
    ("unbuffered-text", Other(opening::unbuffered)),
    ("uncalled-methods", Same),
    ("unicode-literals", Other(names::unicode_literal)),
    ("unicode-method", Other(classes::unicode_method)),
    ("unicode-method-call", Other(classes::unicode_call)),
    ("unittest-assertions", Other(calls::unittest_assertion)),
    ("universal-newlines", Other(opening::universal_newlines)),
    ("unknown-division", Same),
    ("unlike-order", Same),
    ("use-2to3", Never("What a package says of itself is for a person to widen.")),
    ("xreadlines", Same),
];

/// What a recipe does for both languages. One that nobody has judged is not run.
pub(super) fn of(id: &str) -> Dual {
    let found = TABLE.iter().find(|(name, _)| *name == id);
    found.map_or(Never("Nobody has said yet what it must write for both."), |(_, dual)| *dual)
}

/// Builtins that Python 3 lacks, and the statement that gives each a stand-in there.
const STAND_INS: &[(&str, &str)] = &[
    ("StandardError", "StandardError = Exception"),
    ("basestring", "basestring = str"),
    ("buffer", "buffer = memoryview"),
    ("cmp", "def cmp(a, b):\n    return 0 if a == b else (a > b) - (a < b)"),
    (
        "coerce",
        "def coerce(a, b):\n    kinds = (int, float, complex)\n    wide = kinds[max(kinds.index(type(a + 0)), \
         kinds.index(type(b + 0)))]\n    return wide(a), wide(b)",
    ),
    ("file", "from io import IOBase as file"),
    ("intern", "from sys import intern"),
    ("long", "long = int"),
    ("raw_input", "raw_input = input"),
    ("reload", "from importlib import reload"),
    ("unichr", "unichr = chr"),
    ("unicode", "unicode = str"),
    ("xrange", "xrange = range"),
];

/// What a file needs in order to go on using a builtin under its old name.
pub(super) fn stand_in(name: &str) -> Option<Import> {
    STAND_INS.iter().find(|(old, _)| *old == name).map(|(old, text)| Import::Helper(old, text))
}

/// Whether a helper is what gives a name of the library its meaning, so that it can have no other name.
pub(super) fn keeps_name(name: &str) -> bool {
    stand_in(name).is_some() || iterators::lazy(name).is_some() || name.starts_with("assert") || name.contains('.')
}

/// Whether a file bears marks of an earlier run.
pub(super) fn is_marked(tree: &SyntaxTree) -> bool {
    let text = tree.text();
    let stands_in = |(_, line): &(&str, &str)| {
        let first = line.lines().next().unwrap_or(line);
        text.contains("except NameError:") && text.lines().any(|other| other.trim_start() == first)
    };
    ["str is bytes", "str is not bytes", "import print_function"].iter().any(|mark| text.contains(mark))
        || STAND_INS.iter().any(stands_in)
        || super::tables::is_brought_along(text)
}

/// The definition of a helper that means the same on both; nothing where the plain one does.
pub(super) fn helper(name: &str) -> Option<&'static str> {
    Some(match name {
        "as_native" => {
            "\n\ndef as_native(data):\n    return data.decode('latin-1') if isinstance(data, bytes) and str is not bytes else \
             data\n"
        }
        "as_octets" => {
            "\n\ndef as_octets(text):\n    return text.encode('latin-1') if isinstance(text, str) and str is not bytes else \
             text\n"
        }
        "on_octets" => {
            "

def on_octets(function):
    def on(*parts):
        octets = [part if isinstance(part, bytes) or not hasattr(part, 'encode') else part.encode('latin-1') for part in parts]
        given = function(*octets)
        return given.decode('latin-1') if isinstance(given, bytes) else given
    return function if str is bytes else on
"
        }
        "html_escape" => {
            "\ntry:\n    from html import escape as html_escape\nexcept ImportError:\n    from cgi import escape as \
             html_escape\n"
        }
        _ => return None,
    })
}

/// One statement for all stand-ins that a file lacks, and the other imports.
pub(super) fn gather<'i>(imports: impl Iterator<Item = &'i Import>) -> (Option<String>, Vec<&'i Import>) {
    let of_builtin = |import: &&Import| matches!(import, Import::Helper(name, _) if stand_in(name).is_some());
    let (stand_ins, rest): (Vec<_>, Vec<_>) = imports.partition(of_builtin);
    let parts = stand_ins.into_iter().filter_map(|import| match import {
        Import::Helper(name, text) => Some((*name, *text)),
        _ => None,
    });
    let (names, texts): (Vec<_>, Vec<_>) = parts.unzip();
    if names.is_empty() {
        return (None, rest);
    }
    let lines = Lines::either(vec![names.join(", ")], "NameError", texts.into_iter().map(str::to_owned).collect());
    (Some(format!("\n{}\n", lines.text("", "\n"))), rest)
}

#[cfg(test)]
mod tests {
    use super::super::PAIR;
    use super::TABLE;

    #[test]
    fn the_table_names_every_recipe_once_and_nothing_else() {
        let mut ids: Vec<_> = PAIR.recipes.iter().map(|recipe| recipe.id).collect();
        ids.sort_unstable();
        let named: Vec<_> = TABLE.iter().map(|(id, _)| *id).collect();
        assert_eq!(named, ids, "say in the table what the recipe writes for both languages");
    }
}
