//! Words without which a recipe finds nothing, for those that would otherwise look at every call, attribute or name.
//!
//! A name that comes by an import is in the text, too, at least where it is imported; so the last part of a dotted path is
//! always a word of its recipe.

/// Recipes by name, each with words of which a text must hold one.
pub(super) const TABLE: &[(&str, &[&str])] = &[
    ("apply-call", &["apply"]),
    ("assertion-overrides", &["assert"]),
    ("attribute-names", &["hasattr", "getattr"]),
    ("buffer-builtin", &["buffer"]),
    ("byte-order-marks", &["BOM_"]),
    ("cgi-escape", &["escape"]),
    ("character-arrays", &["array"]),
    ("cmp-builtin", &["cmp"]),
    ("cmp-method", &["__cmp__"]),
    ("code-in-strings", &["eval", "exec", "compile", "imeit", "Timer"]),
    ("code-parts", &["xrange", "exec"]),
    ("coerce-builtin", &["coerce"]),
    ("collections-abc", &["collections"]),
    ("cookie-headers", &["getheaders"]),
    ("decoded-type-tests", &["isinstance"]),
    ("default-encoding", &["setdefaultencoding", "reload"]),
    ("element-children", &["getchildren"]),
    ("execfile", &["execfile"]),
    ("exitfunc", &["exitfunc"]),
    ("expat-text", &["returns_unicode"]),
    ("file-builtin", &["file"]),
    ("floor-and-ceil", &["floor", "ceil"]),
    ("function-attributes", &["func_", "im_"]),
    ("getargspec", &["getargspec"]),
    ("guarded-encode", &["encode"]),
    ("has-key", &["has_key"]),
    ("has-key-value", &["has_key"]),
    ("hmac-digests", &["hmac"]),
    ("html-references", &["HTMLParser"]),
    ("html-unescape", &["unescape"]),
    ("imports-by-name", &["__import__", "import_module"]),
    ("imports-nearby", &["__import__"]),
    ("input-eval", &["input"]),
    ("isinstance-duplicates", &["isinstance", "issubclass"]),
    ("iterable-strings", &["hasattr"]),
    ("itertools-names", &["imap", "ifilter", "izip"]),
    ("lenient-settings", &["ConfigParser"]),
    ("locals-as-namespace", &["locals"]),
    ("make-suite", &["makeSuite"]),
    ("members-by-name", &["getattr"]),
    ("message-headers", &["info", "headers"]),
    ("metaclass", &["__metaclass__"]),
    ("method-constructor", &["MethodType", "instancemethod", "im_class"]),
    ("moved-builtins", &["intern", "reload", "reduce"]),
    ("native-temporary-files", &["tempfile"]),
    ("new-keywords", &["async", "await", "nonlocal"]),
    ("next-attribute", &["next"]),
    ("next-method", &["next"]),
    ("numeric-classes", &["numbers"]),
    ("operator-predicates", &["isCallable", "isSequenceType", "isMappingType", "isNumberType"]),
    ("path-walk", &["walk"]),
    ("pattern-flags", &["(?"]),
    ("range-list", &["range"]),
    ("relative-seek", &["seek"]),
    ("relative-string-streams", &["StringIO"]),
    ("removed-calls", &["exc_clear", "setcheckinterval", "stat_float_times"]),
    ("request-methods", &["urllib"]),
    ("round-builtin", &["round"]),
    ("signed-checksums", &["crc32", "adler32"]),
    ("slice-method-calls", &["slice__"]),
    ("slice-method-values", &["slice__"]),
    ("slice-methods", &["slice__"]),
    ("syntax-tree-names", &["_ast"]),
    ("syntax-tree-visitors", &["visit_Num"]),
    ("sys-exc", &["exc_"]),
    ("text-codecs", &["rot13", "rot_13", "rot-13"]),
    ("throw-comma", &["throw"]),
    ("translate-deleting", &["translate"]),
    ("uncalled-methods", &["__coerce__", "__hex__", "__oct__"]),
    ("unicode-method", &["__unicode__", "__str__"]),
    ("unicode-method-call", &["__unicode__", "__str__"]),
    (
        "unittest-assertions",
        &["assert_", "Equals", "RegexpMatches", "RaisesRegexp", "ItemsEqual", "failUnless", "failIf"],
    ),
    ("xreadlines", &["xreadlines"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_that_is_named_exists_and_its_example_holds_one_of_its_words() {
        for (id, words) in TABLE {
            let recipe = super::super::RECIPES.iter().find(|recipe| recipe.id == *id).expect(id);
            assert!(words.iter().any(|word| recipe.before.contains(word)), "{id}");
        }
    }
}
