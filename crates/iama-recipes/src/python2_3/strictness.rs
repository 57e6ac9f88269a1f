//! Parts of the library that ask for more than they did.

use iama_syntax::Node;

use super::helpers::name_of;
use super::look::{arguments, positional, rename};
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 3] = [
    Recipe {
        id: "character-arrays",
        title: "arrays of characters",
        class: Class::Refused,
        strategy: Strategy::Conservative,
        why: "Python 3's array module has no type c: its arrays hold numbers, and those of type u hold wide characters.",
        before: "import array\nletters = array.array('c', text)",
        after: "import array\nletters = array.array('c', text)",
        kinds: &["call"],
        visit: character_array,
    },
    Recipe {
        id: "hmac-digests",
        title: "hmac.new() without a digest",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "hmac.new takes MD5 for granted in Python 2; from Python 3.8 on the digest must be told.",
        before: "import hmac\nsign = hmac.new(key, text)",
        after: "import hmac\nimport hashlib\nsign = hmac.new(key, text, digestmod=hashlib.md5)",
        kinds: &["call"],
        visit: hmac_digest,
    },
    Recipe {
        id: "lenient-settings",
        title: "ConfigParser took files that Python 3 refuses",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "Python 2's ConfigParser leaves a lone % as it is, takes names twice, comments behind a semicolon and values that \
              are no strings; Python 3's is what SafeConfigParser was, and stricter. A small class goes on as before.",
        before: "import ConfigParser\nsettings = ConfigParser.ConfigParser()",
        after: "import ConfigParser\nimport configparser\n\n\nclass LenientConfigParser(configparser.RawConfigParser):\n    class Names(configparser.Interpolation):\n        def before_get(self, parser, section, option, value, defaults):\n            class Values(object):\n                def __getitem__(self, name):\n                    return defaults[parser.optionxform(name)]\n            raw = value\n            for _ in range(configparser.MAX_INTERPOLATION_DEPTH):\n                if not value or '%(' not in value:\n                    return value\n                try:\n                    value = value % Values()\n                except KeyError as error:\n                    raise configparser.InterpolationMissingOptionError(option, section, raw, error.args[0])\n            raise configparser.InterpolationDepthError(option, section, raw)\n\n    def __init__(self, defaults=None, dict_type=dict, allow_no_value=False):\n        configparser.RawConfigParser.__init__(\n            self, defaults, dict_type, allow_no_value, strict=False, inline_comment_prefixes=(';',),\n            interpolation=self.Names())\n\n    def get(self, section, option, raw=False, vars=None, **rest):\n        return configparser.RawConfigParser.get(self, section, option, raw=raw, vars=vars, **rest)\n\nsettings = LenientConfigParser()",
        kinds: &["attribute", "identifier"],
        visit: lenient_settings,
    },
];

fn character_array(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let characters = arguments(node).first().is_some_and(|kind| matches!(kind.text(), "'c'" | "\"c\""));
    let path = node.field("function").filter(|_| characters).and_then(|function| context.dotted(function));
    if path == Some("array.array") && context.certain {
        found.refuse(node, "a bytearray holds the same bytes as numbers, and a list holds the characters");
    }
}

fn hmac_digest(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let named = context.certain && context.once("hmac", || context.original.contains("hmac"));
    let Some(function) = node.field("function").filter(|_| named) else { return };
    if !function.text().contains("new") && !function.text().contains("HMAC") {
        return;
    }
    let paths = context.paths(function);
    let makes = |path: &String| matches!(path.as_str(), "hmac.new" | "hmac.HMAC");
    let Some(parts) = positional(node).filter(|_| !paths.is_empty() && paths.iter().all(makes)) else { return };
    if let ([_] | [_, _], Some(last)) = (&parts[..], arguments(node).last()) {
        let edits = vec![Edit::insert(last.end(), ", digestmod=hashlib.md5")];
        found.safe_with(node, edits, vec![Import::Module("hashlib")]);
    }
}

const LENIENT: Import = Import::Helper(
    "LenientConfigParser",
    "

class LenientConfigParser(configparser.RawConfigParser):
    class Names(configparser.Interpolation):
        def before_get(self, parser, section, option, value, defaults):
            class Values(object):
                def __getitem__(self, name):
                    return defaults[parser.optionxform(name)]
            raw = value
            for _ in range(configparser.MAX_INTERPOLATION_DEPTH):
                if not value or '%(' not in value:
                    return value
                try:
                    value = value % Values()
                except KeyError as error:
                    raise configparser.InterpolationMissingOptionError(option, section, raw, error.args[0])
            raise configparser.InterpolationDepthError(option, section, raw)

    def __init__(self, defaults=None, dict_type=dict, allow_no_value=False):
        configparser.RawConfigParser.__init__(
            self, defaults, dict_type, allow_no_value, strict=False, inline_comment_prefixes=(';',),
            interpolation=self.Names())

    def get(self, section, option, raw=False, vars=None, **rest):
        return configparser.RawConfigParser.get(self, section, option, raw=raw, vars=vars, **rest)
",
);

fn lenient_settings(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let name = node.field("attribute").unwrap_or(node);
    let imported = || node.ancestors().any(|outer| outer.kind().starts_with("import"));
    if name.text() != "ConfigParser" || !context.certain || imported() {
        return;
    }
    let path = context.dotted(node).unwrap_or_default();
    // By this name the library has had the stricter class, too, once a recipe has renamed SafeConfigParser.
    let old = context.source_text(node).trim().ends_with("ConfigParser.ConfigParser")
        || (node.kind() == "identifier" && context.source_text(node) == "ConfigParser");
    if old && matches!(path, "ConfigParser.ConfigParser" | "configparser.ConfigParser") {
        let why = "where no file has such values, configparser.ConfigParser will do";
        let helper = name_of(context, &LENIENT);
        found.check_with(node, why, vec![rename(node, &helper)], vec![Import::Module("configparser"), LENIENT]);
    }
}
