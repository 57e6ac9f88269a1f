//! Methods of the library's objects that have another name or another call, known by what the file imports.

use iama_syntax::Node;

use super::facts::defines_method;
use super::iterators::{method_name, methods};
use super::look::{arguments, indentation, is_builtin, line_end, method_call, positional, rename};
use super::names::RENAMED_ATTRIBUTES;
use super::tables::MODULES;
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 9] = [
    Recipe {
        id: "renamed-methods",
        title: "methods of library objects with a new name",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "isAlive, readfp, getiterator, ugettext, the tostring of arrays and others were renamed and then removed.",
        before: "import ConfigParser\nsettings.readfp(stream)",
        after: "import ConfigParser\nsettings.read_file(stream)",
        kinds: &["attribute"],
        visit: renamed_method,
    },
    Recipe {
        id: "element-children",
        title: "getchildren() of elements",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Elements have no getchildren() since Python 3.9; they are sequences of their children.",
        before: "from xml.etree import ElementTree\nfor child in root.getchildren(): pass",
        after: "from xml.etree import ElementTree\nfor child in list(root): pass",
        kinds: &["call"],
        visit: element_children,
    },
    Recipe {
        id: "message-headers",
        title: "headers of messages and responses",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "The headers are an email.message.Message, which has get() and get_all() and no getheader().",
        before: "kind = response.info().getheader('Content-Type')",
        after: "kind = response.info().get('Content-Type')",
        kinds: &["call"],
        visit: message_headers,
    },
    Recipe {
        id: "cookie-headers",
        title: "headers of one's own that cookies are read from",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "http.cookiejar asks headers for get_all(), where cookielib asked for getheaders().",
        before: "import cookielib\nclass Headers(object):\n    def getheaders(self, name):\n        return []",
        after: "import cookielib\nclass Headers(object):\n    def getheaders(self, name):\n        return []\n\n    def \
                get_all(self, name, default=None):\n        return self.getheaders(name) or default",
        kinds: &["class_definition"],
        visit: cookie_headers,
    },
    Recipe {
        id: "request-methods",
        title: "methods of requests that are attributes now",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "The get_ methods of urllib2's requests went with Python 3.4; what they gave are attributes.",
        before: "import urllib2\nhost = request.get_host()",
        after: "import urllib2\nhost = request.host",
        kinds: &["call"],
        visit: request_method,
    },
    Recipe {
        id: "html-unescape",
        title: "unescape() of HTML parsers",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "HTMLParser has no unescape() since Python 3.9; html.unescape does it.",
        before: "import HTMLParser\ntext = HTMLParser.HTMLParser().unescape(source)",
        after: "import HTMLParser\nimport html\ntext = html.unescape(source)",
        kinds: &["call"],
        visit: html_unescape,
    },
    Recipe {
        id: "html-references",
        title: "HTML parsers that are told of references",
        class: Class::Safe,
        strategy: Strategy::Standard,
        why: "Python 3's HTMLParser turns references into text itself unless it is told not to, and then never calls \
              handle_charref and handle_entityref.",
        before: "from HTMLParser import HTMLParser\nclass Names(HTMLParser):\n    def handle_entityref(self, name):\n        \
                 self.names.append(name)",
        after: "from HTMLParser import HTMLParser\nclass Names(HTMLParser):\n    def __init__(self):\n        \
                HTMLParser.__init__(self, convert_charrefs=False)\n\n    def handle_entityref(self, name):\n        \
                self.names.append(name)",
        kinds: &["class_definition", "call"],
        visit: html_references,
    },
    Recipe {
        id: "attribute-names",
        title: "renamed attributes that are named in strings",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "hasattr and getattr ask for func_name, im_self, next and their kin by names that are gone.",
        before: "bound = hasattr(hook, 'im_self')",
        after: "bound = hasattr(hook, '__self__')",
        kinds: &["call"],
        visit: attribute_names,
    },
    Recipe {
        id: "imports-by-name",
        title: "modules that are imported by a name in a string",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Python 3 renamed the module that __import__ or import_module is given.",
        before: "parser = __import__('ConfigParser')",
        after: "parser = __import__('configparser')",
        kinds: &["call"],
        visit: import_by_name,
    },
];

/// A method: its old name, its new one, the first version without the old, and words of which an import has one.
type Renamed = (&'static str, &'static str, (u8, u8), &'static [&'static str]);

const METHODS: &[Renamed] = &[
    ("isAlive", "is_alive", (3, 9), &[]),
    ("readfp", "read_file", (3, 0), &["ConfigParser", "configparser"]),
    ("getiterator", "iter", (3, 9), &["etree", "ElementTree"]),
    ("ugettext", "gettext", (3, 0), &["gettext"]),
    ("ungettext", "ngettext", (3, 0), &["gettext"]),
    ("tostring", "tobytes", (3, 0), &["array"]),
    ("fromstring", "frombytes", (3, 0), &["array"]),
];

/// Whether a line that imports has one of these words in it.
fn imports_any(context: &Context<'_>, words: &[&str]) -> bool {
    words.is_empty() || words.iter().any(|word| context.imported_word(word))
}

/// Whether an expression is a module, or a member of one, by the imports of the file.
fn is_imported(context: &Context<'_>, node: Node<'_>) -> bool {
    let mut root = node;
    while let Some(object) = root.field("object") {
        root = object;
    }
    root.kind() == "identifier" && !context.is_builtin(root) && !context.paths(root).is_empty()
}

pub(super) fn renamed_method(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(name) = node.field("attribute") else { return };
    let Some((old, new, since, words)) = METHODS.iter().find(|(old, ..)| *old == name.text()) else { return };
    let applies = context.certain && context.target >= *since && !context.is_written(name);
    if !applies || defines_method(context, old) || is_imported(context, node) || !imports_any(context, words) {
        return;
    }
    let why = "taken for the method of an object of the library, since no class of the workspace defines it";
    found.check(node, why, vec![rename(name, new)]);
}

fn element_children(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((object, name)) = method_call(node).filter(|(_, name)| name.text() == "getchildren") else { return };
    let applies = context.certain && context.target >= (3, 9) && arguments(node).is_empty();
    if applies && !defines_method(context, name.text()) && imports_any(context, &["etree", "ElementTree"]) {
        let pieces = vec![Piece::New("list(".into()), Piece::Keep(object.span()), Piece::New(")".into())];
        found.check(node, "taken for an element of xml.etree", vec![Edit::pieces(node.span(), pieces)]);
    }
}

/// What asks headers, and what asks the same now.
const HEADERS: &[(&str, &str, usize)] = &[
    ("getheader", "get", 1),
    ("gettype", "get_content_type", 0),
    ("getmaintype", "get_content_maintype", 0),
    ("getsubtype", "get_content_subtype", 0),
    ("getparam", "get_param", 1),
];

pub(super) fn message_headers(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((object, name)) = method_call(node) else { return };
    let is_headers = object.text().ends_with(".info()") || object.text().ends_with(".headers");
    if !is_headers || !context.certain || defines_method(context, name.text()) {
        return;
    }
    let why = "taken for the headers of a response or a request";
    let count = arguments(node).len();
    if let Some((_, new, _)) = HEADERS.iter().find(|(old, _, least)| *old == name.text() && count >= *least) {
        found.check(node, why, vec![rename(name, new)]);
    } else if name.text() == "getheaders" && count == 1 {
        let last = arguments(node)[0];
        found.check(node, why, vec![rename(name, "get_all"), Edit::insert(last.end(), ", []")]);
    }
}

fn cookie_headers(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let named = |wanted: &str| methods(node).find(|method| method_name(*method) == wanted);
    let Some(method) = named("getheaders").filter(|_| named("get_all").is_none() && context.certain) else { return };
    if !imports_any(context, &["cookielib", "cookiejar"]) {
        return;
    }
    let (newline, indent) = (line_end(node.tree().text()), indentation(method));
    let head = format!("{newline}{newline}{indent}def get_all(self, name, default=None):");
    let text = format!("{head}{newline}{indent}    return self.getheaders(name) or default");
    let why = "taken for the headers that a cookie jar is given, since the file imports one";
    found.check(method, why, vec![Edit::insert(method.end(), text)]);
}

/// Methods of requests and the attributes that took their place.
const REQUEST: &[(&str, &str)] = &[
    ("get_data", "data"),
    ("get_host", "host"),
    ("get_origin_req_host", "origin_req_host"),
    ("get_selector", "selector"),
    ("get_type", "type"),
    ("is_unverifiable", "unverifiable"),
];

pub(super) fn request_method(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((object, name)) = method_call(node) else { return };
    let named = object.text().rsplit('.').next().is_some_and(|last| last.to_ascii_lowercase().contains("req"));
    if !named || !arguments(node).is_empty() || !context.certain || defines_method(context, name.text()) {
        return;
    }
    if !imports_any(context, &["urllib2", "urllib"]) {
        return;
    }
    let why = "taken for a request of the library by its name";
    if name.text() == "has_data" {
        let pieces = vec![Piece::New("(".into()), Piece::Keep(object.span()), Piece::New(".data is not None)".into())];
        found.check(node, why, vec![Edit::pieces(node.span(), pieces)]);
    } else if let Some((_, new)) = REQUEST.iter().find(|(old, _)| *old == name.text()) {
        let pieces = vec![Piece::Keep(object.span()), Piece::New(format!(".{new}"))];
        found.check(node, why, vec![Edit::pieces(node.span(), pieces)]);
    }
}

fn html_unescape(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((object, name)) = method_call(node).filter(|(_, name)| name.text() == "unescape") else { return };
    let Some(&[text]) = positional(node).as_deref() else { return };
    let applies = context.certain && !defines_method(context, name.text()) && context.target >= (3, 9);
    if !applies || is_imported(context, object) || !imports_any(context, &["HTMLParser", "html"]) {
        return;
    }
    if context.binds_other("html", "html") && !context.imports_module("html.parser") {
        return found.refuse(node, "html.unescape does this, and the name html is taken here");
    }
    let pieces = vec![Piece::New("html.unescape(".into()), Piece::Keep(text.span()), Piece::New(")".into())];
    let why = "taken for the unescape of an HTML parser";
    found.check_with(node, why, vec![Edit::pieces(node.span(), pieces)], vec![Import::Module("html")]);
}

/// Whether a path is that of the parser, under its old name or its new one.
fn is_parser(path: &str) -> bool {
    matches!(path, "HTMLParser.HTMLParser" | "html.parser.HTMLParser")
}

pub(super) fn html_references(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "call" {
        return parser_start(context, node, found);
    }
    let mut bases = node.field("superclasses").into_iter().flat_map(Node::named_children);
    let Some(base) = bases.find(|base| context.dotted(*base).is_some_and(is_parser)) else { return };
    let defines = |name: &str| methods(node).any(|method| method_name(method) == name);
    if !context.certain || defines("__init__") || !(defines("handle_charref") || defines("handle_entityref")) {
        return;
    }
    let Some(first) = super::text_methods::after_docstring(node) else { return };
    let inline = !node.tree().slice(iama_syntax::Span::new(node.start(), first.start())).contains('\n');
    if inline {
        return;
    }
    let (newline, indent) = (line_end(node.tree().text()), indentation(first));
    let text = format!(
        "def __init__(self):{newline}{indent}    {}.__init__(self, convert_charrefs=False){newline}{newline}{indent}",
        base.text()
    );
    found.safe(node, vec![Edit::insert(first.start(), text)]);
}

/// `HTMLParser.__init__(self)` in a class, and `HTMLParser()` by itself.
fn parser_start(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function").filter(|_| context.certain) else { return };
    let path = context.dotted(function).unwrap_or_default();
    if !path.strip_suffix(".__init__").is_some_and(is_parser) {
        return;
    }
    let all = arguments(node);
    if all.len() == 1 {
        found.safe(node, vec![Edit::insert(all[0].end(), ", convert_charrefs=False")]);
    }
}

/// Methods by their old and new names, beside the attributes of functions and methods.
const METHOD_NAMES: &[(&str, &str)] = &[
    ("next", "__next__"),
    ("__nonzero__", "__bool__"),
    ("__div__", "__truediv__"),
    ("iteritems", "items"),
    ("iterkeys", "keys"),
    ("itervalues", "values"),
    ("has_key", "keys"),
    ("__getslice__", "__getitem__"),
    ("__setslice__", "__setitem__"),
    ("__delslice__", "__delitem__"),
];

/// Methods that are called with other parts than those which tell that an object has them now.
const ASKED_FOR: &[&str] = &["has_key", "__getslice__", "__setslice__", "__delslice__"];

pub(super) fn attribute_names(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function") else { return };
    let asks = ["hasattr", "getattr"].iter().any(|name| is_builtin(context, function, name));
    let Some(&name) = arguments(node).get(1).filter(|name| asks && name.kind() == "string") else { return };
    let quoted = name.text();
    // What became an expression is no name to ask for.
    let attributes = RENAMED_ATTRIBUTES.iter().filter(|(_, new)| !new.contains('.'));
    let mut known = attributes.chain(METHOD_NAMES);
    let Some((old, new)) = known.find(|(old, _)| quoted.trim_matches(['"', '\'']) == *old) else { return };
    if !context.certain || quoted.starts_with(['u', 'r', 'b']) {
        return;
    }
    let taken = match *old {
        "next" => super::facts::sets_attribute(context, "next") || super::facts::leaves_next(context),
        "iteritems" | "iterkeys" | "itervalues" => defines_method(context, old),
        _ => false,
    };
    // What has no such methods is right to say so.
    if old.ends_with("slice__") && function.text() == "hasattr" {
        return;
    }
    // What is asked for and then called is a method of a dictionary, a list or something like it.
    let used = ASKED_FOR.contains(old) && function.text() == "getattr";
    if used || (taken && *old == "next") {
        found.refuse(node, format!("objects of Python 3 have no {old}, and one's own may: ask for it by other means"));
    } else if !taken {
        let renamed = rename(name, &quoted.replace(old, new));
        match asked_already(node, new) {
            Some((both, other)) => {
                let why = "the attribute's new name is asked for beside the old one";
                found.check(node, why, vec![Edit::pieces(both.span(), vec![Piece::Keep(other.span())])]);
            }
            None => found.check(node, "the attribute has another name now", vec![renamed]),
        }
    }
}

/// `hasattr(f, 'im_func') or hasattr(f, '__func__')`, and the operand that asks for the new name.
fn asked_already<'a>(call: Node<'a>, new: &str) -> Option<(Node<'a>, Node<'a>)> {
    let both = call.parent().filter(|outer| outer.kind() == "boolean_operator" && !outer.text().contains('\n'))?;
    let object = asked_of(call)?.0;
    let same = |other: Node<'_>| asked_of(other).is_some_and(|(of, name)| of == object && name == new);
    both.named_children().find(|other| *other != call && same(*other)).map(|other| (both, other))
}

/// The object and the name that `hasattr` is called with.
fn asked_of(call: Node<'_>) -> Option<(&str, &str)> {
    let asks = call.kind() == "call" && call.field("function").is_some_and(|function| function.text() == "hasattr");
    match *arguments(call).as_slice() {
        [object, name] if asks => Some((object.text(), name.text().trim_matches(['"', '\'']))),
        _ => None,
    }
}

pub(super) fn import_by_name(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function") else { return };
    let imports = is_builtin(context, function, "__import__")
        || context.dotted(function).is_some_and(|path| path.ends_with(".import_module") || path == "import_module");
    let Some(&name) = arguments(node).first().filter(|name| imports && name.kind() == "string") else { return };
    let module = name.text().trim_matches(['"', '\'']);
    let Some((_, new)) = MODULES.iter().find(|(old, _)| *old == module) else { return };
    if context.certain && !context.is_neighbour(module) && module != "dbm" {
        let why = "__import__ gives the first package of a dotted name";
        found.check(node, why, vec![rename(name, &name.text().replace(module, new))]);
    }
}
