//! Packages that Python 3 does not have, as requirements and as imports.

use iama_syntax::Node;

use super::look::rename;
use super::modules::items;
use crate::context::Context;
use crate::edit::Edit;
use crate::pair::Support;
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

/// A package that Python 3 does not have, or does not need.
#[derive(Debug)]
struct Dependency {
    /// Its name in lower case, with hyphens.
    package: &'static str,
    heir: Heir,
    /// Its modules by name, and where they are imported from now.
    modules: &'static [(&'static str, Place)],
}

/// Where a module is imported from now.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// A module of Python 3's library.
    Module(&'static str),
    /// No place with the same interface; the sentence says what to look at.
    Nowhere(&'static str),
}

use Heir::{Library, Nothing, Package};
use Place::{Module, Nowhere};

const fn library(package: &'static str, path: &'static str, modules: &'static [(&'static str, Place)]) -> Dependency {
    Dependency { package, heir: Library(path), modules }
}

const fn package(old: &'static str, new: &'static str, modules: &'static [(&'static str, Place)]) -> Dependency {
    Dependency { package: old, heir: Package(new), modules }
}

macro_rules! lost {
    ($package:literal, $why:literal $(, $module:literal)*) => {
        Dependency { package: $package, heir: Nothing($why), modules: &[$(($module, Nowhere($why))),*] }
    };
}

/// Packages and their modules.
const DEPENDENCIES: &[Dependency] = &[
    library("argparse", "argparse", &[]),
    library("backports.functools-lru-cache", "functools.lru_cache", &[]),
    library("backports.lzma", "lzma", &[]),
    library("backports.shutil-get-terminal-size", "shutil.get_terminal_size", &[]),
    library("backports.ssl-match-hostname", "the ssl module's own check", &[]),
    library("backports.statistics", "statistics", &[]),
    library("backports.tempfile", "tempfile", &[]),
    library("celementtree", "xml.etree.ElementTree", &[("cElementTree", Module("xml.etree.ElementTree"))]),
    library("configparser", "configparser", &[]),
    library("elementtree", "xml.etree.ElementTree", &[("elementtree.ElementTree", Module("xml.etree.ElementTree"))]),
    library("enum34", "enum", &[]),
    library("functools32", "functools", &[("functools32", Module("functools"))]),
    library("futures", "concurrent.futures", &[]),
    library("hashlib", "hashlib", &[]),
    library("importlib", "importlib", &[]),
    library("ipaddress", "ipaddress", &[]),
    library("linecache2", "linecache", &[("linecache2", Module("linecache"))]),
    library("multiprocessing", "multiprocessing", &[]),
    library("ordereddict", "collections.OrderedDict", &[("ordereddict", Module("collections"))]),
    library("pathlib", "pathlib", &[]),
    library("pathlib2", "pathlib", &[("pathlib2", Module("pathlib"))]),
    library("py2-ipaddress", "ipaddress", &[]),
    library("pysqlite", "sqlite3", &[("pysqlite2.dbapi2", Module("sqlite3"))]),
    library("selectors34", "selectors", &[("selectors34", Module("selectors"))]),
    library("singledispatch", "functools.singledispatch", &[]),
    library("ssl", "ssl", &[]),
    library("statistics", "statistics", &[]),
    library("subprocess32", "subprocess", &[("subprocess32", Module("subprocess"))]),
    library("traceback2", "traceback", &[("traceback2", Module("traceback"))]),
    library("typing", "typing", &[]),
    library("unittest2", "unittest", &[("unittest2", Module("unittest"))]),
    library("uuid", "uuid", &[]),
    library("wsgiref", "wsgiref", &[]),
    package("distribute", "setuptools", &[]),
    package("mysql-python", "mysqlclient", &[]),
    package("pil", "Pillow", &[("Image", Nowhere("Pillow's modules are imported from PIL"))]),
    package("pycrypto", "pycryptodome", &[]),
    package("pygtk", "PyGObject", &[("gtk", Nowhere("gi.repository.Gtk of PyGObject is its heir"))]),
    package("python-openid", "python3-openid", &[]),
    package("suds", "suds-community", &[]),
    lost!("beautifulsoup", "beautifulsoup4 is its heir and is imported as bs4", "BeautifulSoup"),
    lost!("clientcookie", "http.cookiejar and requests keep cookies", "ClientCookie"),
    lost!("clientform", "mechanize fills in forms", "ClientForm"),
    lost!("enum", "the library's enum has another interface"),
    lost!("gdata", "google-api-python-client asks the same services", "gdata"),
    lost!("mox", "unittest.mock does what it did, with other words", "mox"),
    lost!("nose", "its last release does not start on Python 3.10 and later; pytest runs most of its tests"),
    lost!("oauth2", "oauthlib and requests-oauthlib do what it did", "oauth2"),
    lost!("psyco", "leave it out, or run PyPy", "psyco"),
    lost!("pyqt4", "PyQt5 and PyQt6 are its heirs", "PyQt4"),
    lost!("pyrex", "Cython is its heir"),
    lost!("pyxml", "xml of the library and lxml do what it did"),
    lost!("python-cjson", "json of the library does what it did", "cjson"),
    lost!("soappy", "zeep speaks SOAP", "SOAPpy"),
    lost!("south", "Django's own migrations are its heir", "south"),
    lost!("trollius", "asyncio is its heir, with other words", "trollius"),
    lost!("xmpppy", "slixmpp speaks XMPP", "xmpp"),
    lost!("zsi", "zeep speaks SOAP", "ZSI"),
    lost!("egenix-mx-base", "datetime of the library does what it did", "mx.DateTime"),
];

/// Modules of packages that have releases for Python 3.
const CHANGED: &[(&str, Place)] =
    &[("fabric.api", Nowhere("Fabric 2 has no fabric.api: tasks are given a connection"))];

/// The name of a package and what to look at instead, when what a finding says is that it never came to Python 3.
pub(super) fn missing(recipe: &str, why: &str) -> Option<(&'static str, &'static str)> {
    let about = matches!(recipe, "python2-dependencies" | "python2-requirements");
    let (name, _) = why.split_once(NEVER).filter(|_| about)?;
    let normal = name.to_ascii_lowercase().replace('_', "-");
    DEPENDENCIES.iter().find_map(|dependency| match dependency.heir {
        Nothing(what)
            if dependency.package == normal || dependency.modules.iter().any(|(module, _)| *module == name) =>
        {
            Some((dependency.package, what))
        }
        _ => None,
    })
}

/// What stands between the name of such a package and what to look at.
pub(super) const NEVER: &str = " never came to Python 3: ";

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
    DEPENDENCIES.iter().find(|known| known.package == normal).map(|known| (name, known.heir))
}

/// What the tables know of a requirement.
pub(super) fn support(requirement: &str) -> Option<Support> {
    if is_for_source_only(requirement) {
        return Some(Support::SourceOnly);
    }
    if let Some((_, heir)) = heir_of(requirement) {
        return Some(match heir {
            Library(module) => Support::Library(module),
            Package(new) => Support::Package(new),
            Nothing(what) => Support::Nothing(what),
        });
    }
    let end =
        requirement.find(|c: char| !(c.is_ascii_alphanumeric() || ".-_".contains(c))).unwrap_or(requirement.len());
    let is_heir =
        |known: &Dependency| matches!(known.heir, Package(new) if new.eq_ignore_ascii_case(&requirement[..end]));
    DEPENDENCIES.iter().any(is_heir).then_some(Support::Itself)
}

/// Whether a marker keeps Python 3 out, in its usual forms.
fn is_for_source_only(requirement: &str) -> bool {
    let Some((_, marker)) = requirement.split_once(';') else { return false };
    let marker: String = marker.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'')).collect();
    let version = marker.strip_prefix("python_version").filter(|_| !marker.contains("or"));
    version.is_some_and(|rest| {
        let rest = rest.split("and").next().unwrap_or(rest);
        matches!(rest, "<3" | "<3.0" | "<=2.7" | "<2.7" | "==2.7" | "<2.8")
    })
}

/// The module that an import names or goes into, and where it is now.
fn known(path: &str) -> Option<(&'static str, Place)> {
    let modules = DEPENDENCIES.iter().flat_map(|dependency| dependency.modules).chain(CHANGED);
    let mut within =
        modules.filter(|(old, _)| path.strip_prefix(old).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
    within.next().copied()
}

fn imports(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    // Whoever expects an import to fail has another one at hand.
    let expected = node.ancestors().any(|outer| outer.kind() == "try_statement");
    if !context.certain || expected {
        return;
    }
    if let Some(module) = node.field("module_name") {
        let Some((old, place)) = known(module.text()).filter(|_| !context.is_own(module.text())) else {
            return;
        };
        return match place {
            Module(new) if old == module.text() => {
                found.check(node, "the library has what the package brought to Python 2", vec![rename(module, new)]);
            }
            Module(_) => {}
            Nowhere(why) => found.refuse(node, format!("{old}{NEVER}{why}")),
        };
    }
    for (item, name, alias) in items(node) {
        let Some((old, place)) = known(name.text()).filter(|_| !context.is_own(name.text())) else { continue };
        let new = match place {
            Module(new) if old == name.text() => new,
            Module(_) => continue,
            Nowhere(why) => {
                found.refuse(item, format!("{old}{NEVER}{why}"));
                continue;
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_a_requirement_is_told_and_what_is_not_stays_unknown() {
        let check =
            |requirement: &str, expected: Option<Support>| assert_eq!(support(requirement), expected, "{requirement}");
        check("PIL==1.1.7", Some(Support::Package("Pillow")));
        check("Pillow>=2", Some(Support::Itself));
        check("futures", Some(Support::Library("concurrent.futures")));
        check("futures; python_version < '3'", Some(Support::SourceOnly));
        check("enum34 ; python_version<=\"2.7\" and extra == 'x'", Some(Support::SourceOnly));
        check("requests; python_version < '3.9'", None);
        check("requests", None);
        assert!(matches!(support("psyco"), Some(Support::Nothing(_))));
    }
}
