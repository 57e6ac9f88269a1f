//! Packages that Python 3 does not have, as requirements and as imports.

use iama_syntax::Node;

use super::look::rename;
use super::modules::items;
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 1] = [Recipe {
    id: "python2-dependencies",
    title: "imports of packages that Python 3 does not have",
    class: Class::Check,
    strategy: Strategy::Conservative,
    why: "Backports are imported from the library itself; packages that never came to Python 3 need a person.",
    before: "import unittest2 as unittest",
    after: "import unittest",
    kinds: &["import_statement", "import_from_statement"],
    visit: imports,
}];

/// What takes the place of a package.
#[derive(Debug, Clone, Copy)]
pub(super) enum Heir {
    /// A module of Python 3's library.
    Library(&'static str),
    /// Another package.
    Package(&'static str),
    /// Nothing of the same interface; the sentence says what to look at.
    Nothing(&'static str),
}

use Heir::{Library, Nothing, Package};

/// Packages by their names in lower case, with hyphens.
const PACKAGES: &[(&str, Heir)] = &[
    ("argparse", Library("argparse")),
    ("backports.functools-lru-cache", Library("functools.lru_cache")),
    ("backports.lzma", Library("lzma")),
    ("backports.shutil-get-terminal-size", Library("shutil.get_terminal_size")),
    ("backports.ssl-match-hostname", Library("the ssl module's own check")),
    ("backports.statistics", Library("statistics")),
    ("backports.tempfile", Library("tempfile")),
    ("celementtree", Library("xml.etree.ElementTree")),
    ("configparser", Library("configparser")),
    ("elementtree", Library("xml.etree.ElementTree")),
    ("enum34", Library("enum")),
    ("functools32", Library("functools")),
    ("futures", Library("concurrent.futures")),
    ("hashlib", Library("hashlib")),
    ("importlib", Library("importlib")),
    ("ipaddress", Library("ipaddress")),
    ("linecache2", Library("linecache")),
    ("multiprocessing", Library("multiprocessing")),
    ("ordereddict", Library("collections.OrderedDict")),
    ("pathlib", Library("pathlib")),
    ("pathlib2", Library("pathlib")),
    ("py2-ipaddress", Library("ipaddress")),
    ("pysqlite", Library("sqlite3")),
    ("selectors34", Library("selectors")),
    ("singledispatch", Library("functools.singledispatch")),
    ("ssl", Library("ssl")),
    ("statistics", Library("statistics")),
    ("subprocess32", Library("subprocess")),
    ("traceback2", Library("traceback")),
    ("typing", Library("typing")),
    ("unittest2", Library("unittest")),
    ("uuid", Library("uuid")),
    ("wsgiref", Library("wsgiref")),
    ("distribute", Package("setuptools")),
    ("mysql-python", Package("mysqlclient")),
    ("pil", Package("Pillow")),
    ("pycrypto", Package("pycryptodome")),
    ("pygtk", Package("PyGObject")),
    ("python-openid", Package("python3-openid")),
    ("suds", Package("suds-community")),
    ("beautifulsoup", Nothing("beautifulsoup4 is its heir and is imported as bs4")),
    ("clientcookie", Nothing("http.cookiejar and requests keep cookies")),
    ("clientform", Nothing("mechanize fills in forms")),
    ("enum", Nothing("the library's enum has another interface")),
    ("gdata", Nothing("google-api-python-client asks the same services")),
    ("mox", Nothing("unittest.mock does what it did, with other words")),
    ("nose", Nothing("its last release does not start on Python 3.10 and later; pytest runs most of its tests")),
    ("oauth2", Nothing("oauthlib and requests-oauthlib do what it did")),
    ("psyco", Nothing("leave it out, or run PyPy")),
    ("pyqt4", Nothing("PyQt5 and PyQt6 are its heirs")),
    ("pyrex", Nothing("Cython is its heir")),
    ("pyxml", Nothing("xml of the library and lxml do what it did")),
    ("python-cjson", Nothing("json of the library does what it did")),
    ("soappy", Nothing("zeep speaks SOAP")),
    ("south", Nothing("Django's own migrations are its heir")),
    ("trollius", Nothing("asyncio is its heir, with other words")),
    ("xmpppy", Nothing("slixmpp speaks XMPP")),
    ("zsi", Nothing("zeep speaks SOAP")),
];

/// Modules of such packages, and where they are imported from now; nothing when there is no such place.
const MODULES: &[(&str, Option<&str>, &str)] = &[
    ("functools32", Some("functools"), ""),
    ("linecache2", Some("linecache"), ""),
    ("ordereddict", Some("collections"), ""),
    ("pathlib2", Some("pathlib"), ""),
    ("pysqlite2.dbapi2", Some("sqlite3"), ""),
    ("selectors34", Some("selectors"), ""),
    ("subprocess32", Some("subprocess"), ""),
    ("traceback2", Some("traceback"), ""),
    ("unittest2", Some("unittest"), ""),
    ("elementtree.ElementTree", Some("xml.etree.ElementTree"), ""),
    ("cElementTree", Some("xml.etree.ElementTree"), ""),
    ("BeautifulSoup", None, "the package beautifulsoup4 is its heir and is imported as bs4"),
    ("ClientCookie", None, "http.cookiejar and requests keep cookies"),
    ("ClientForm", None, "mechanize fills in forms"),
    ("Image", None, "Pillow's modules are imported from PIL"),
    ("PyQt4", None, "PyQt5 and PyQt6 are its heirs"),
    ("SOAPpy", None, "zeep speaks SOAP"),
    ("ZSI", None, "zeep speaks SOAP"),
    ("cjson", None, "json of the library does what it did"),
    ("fabric.api", None, "Fabric 2 has no fabric.api: tasks are given a connection"),
    ("gdata", None, "google-api-python-client asks the same services"),
    ("gtk", None, "gi.repository.Gtk of PyGObject is its heir"),
    ("mox", None, "unittest.mock does what it did, with other words"),
    ("mx.DateTime", None, "datetime of the library does what it did"),
    ("oauth2", None, "oauthlib and requests-oauthlib do what it did"),
    ("psyco", None, "leave it out, or run PyPy"),
    ("south", None, "Django's own migrations are its heir"),
    ("trollius", None, "asyncio is its heir, with other words"),
    ("xmpp", None, "slixmpp speaks XMPP"),
];

/// What takes the place of the package that a requirement names, for requirements that hold for Python 3 as well.
pub(super) fn heir_of(requirement: &str) -> Option<(&str, Heir)> {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let end = requirement.find(|c| !inside(c)).unwrap_or(requirement.len());
    let name = &requirement[..end];
    let rest = requirement[end..].trim_start();
    // A marker says that the requirement is for some versions of Python only.
    let is_line = rest.is_empty() || rest.starts_with(['<', '>', '=', '!', '~', '[', '#', '(']);
    if !is_line || requirement.contains("python_version") {
        return None;
    }
    let normal = name.to_ascii_lowercase().replace('_', "-");
    PACKAGES.iter().find(|(known, _)| *known == normal).map(|(_, heir)| (name, *heir))
}

fn known(path: &str) -> Option<&'static (&'static str, Option<&'static str>, &'static str)> {
    MODULES.iter().find(|(old, ..)| path == *old || path.strip_prefix(old).is_some_and(|rest| rest.starts_with('.')))
}

fn imports(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    // Whoever expects an import to fail has another one at hand.
    let expected = node.ancestors().any(|outer| outer.kind() == "try_statement");
    if !context.certain || expected {
        return;
    }
    if let Some(module) = node.field("module_name") {
        let Some((old, new, why)) = known(module.text()).filter(|_| !context.is_own(module.text())) else {
            return;
        };
        return match new {
            Some(new) if *old == module.text() => {
                found.check(node, "the library has what the package brought to Python 2", vec![rename(module, new)]);
            }
            Some(_) => {}
            None => found.refuse(node, format!("{old} never came to Python 3: {why}")),
        };
    }
    for (item, name, alias) in items(node) {
        let Some((old, new, why)) = known(name.text()).filter(|_| !context.is_own(name.text())) else { continue };
        let Some(new) = new.filter(|_| *old == name.text()) else {
            if new.is_none() {
                found.refuse(item, format!("{old} never came to Python 3: {why}"));
            }
            continue;
        };
        let bound = alias.map_or(name.text(), Node::text);
        let text = if bound == new { new.to_owned() } else { format!("{new} as {bound}") };
        if bound.contains('.') {
            found.refuse(item, format!("{old} is {new} now: lead its uses there"));
        } else {
            found.check(
                item,
                "the library has what the package brought to Python 2",
                vec![Edit::replace(item.span(), text)],
            );
        }
    }
}
