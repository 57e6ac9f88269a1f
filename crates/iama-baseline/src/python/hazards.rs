//! What a file of Python can reach besides computing: so that a change that lets it reach more is noticed, whoever asked for it.

use std::collections::BTreeSet;

use iama_syntax::{Node, SyntaxTree};
use serde::{Deserialize, Serialize};

/// A kind of reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hazard {
    /// Other machines.
    Network,
    /// Other programs.
    Process,
    /// Code that is built at run time, and modules that are named at run time.
    DynamicCode,
    /// Code outside of Python, and objects that bring code along.
    Native,
    /// The runner of the tests.
    TestRunner,
    /// The inside of the interpreter: modules by name, frames, exit hooks.
    Interpreter,
    /// Values of the environment, where keys are.
    Environment,
    /// Files that are removed or made runnable.
    Files,
}

impl Hazard {
    /// What it is, for a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Network => "the network",
            Self::Process => "other programs",
            Self::DynamicCode => "code that is built at run time",
            Self::Native => "native code or pickled objects",
            Self::TestRunner => "the test runner",
            Self::Interpreter => "the inside of the interpreter",
            Self::Environment => "the environment's values",
            Self::Files => "the removal or the mode of files",
        }
    }
}

/// Modules by their first part, of both versions of the language.
const MODULES: &[(Hazard, &[&str])] = &[
    (
        Hazard::Network,
        &[
            "socket",
            "ssl",
            "urllib",
            "urllib2",
            "urlparse",
            "http",
            "httplib",
            "ftplib",
            "smtplib",
            "poplib",
            "imaplib",
            "nntplib",
            "telnetlib",
            "xmlrpc",
            "xmlrpclib",
            "SimpleXMLRPCServer",
            "socketserver",
            "SocketServer",
            "asyncio",
            "asyncore",
            "asynchat",
            "select",
            "selectors",
            "requests",
            "httpx",
            "aiohttp",
            "urllib3",
            "pycurl",
            "paramiko",
            "webbrowser",
            "BaseHTTPServer",
            "SimpleHTTPServer",
        ],
    ),
    (Hazard::Process, &["subprocess", "popen2", "commands", "pty", "multiprocessing", "concurrent", "pexpect", "sh"]),
    (Hazard::DynamicCode, &["code", "codeop", "imp", "importlib", "runpy", "pkgutil", "zipimport", "marshal", "site"]),
    (Hazard::Native, &["ctypes", "cffi", "pickle", "cPickle", "_pickle", "shelve", "dill", "mmap"]),
    (Hazard::TestRunner, &["pytest", "_pytest", "unittest", "unittest2", "nose", "doctest", "mock"]),
    (
        Hazard::Interpreter,
        &["gc", "atexit", "sysconfig", "faulthandler", "builtins", "__builtin__", "__main__", "inspect", "signal"],
    ),
];

/// Attributes of modules, by the dotted name's end.
const MEMBERS: &[(Hazard, &[&str])] = &[
    (
        Hazard::Process,
        &[
            "os.system",
            "os.popen",
            "os.popen2",
            "os.popen3",
            "os.popen4",
            "os.fork",
            "os.forkpty",
            "os.kill",
            "os.killpg",
            "os.startfile",
            "os.posix_spawn",
            "os.posix_spawnp",
            "os.execv",
            "os.execve",
            "os.execl",
            "os.execle",
            "os.execlp",
            "os.execvp",
            "os.execvpe",
            "os.spawnl",
            "os.spawnle",
            "os.spawnlp",
            "os.spawnv",
            "os.spawnve",
            "os.spawnvp",
        ],
    ),
    (
        Hazard::Interpreter,
        &[
            "sys.modules",
            "sys.meta_path",
            "sys.path_hooks",
            "sys.settrace",
            "sys.setprofile",
            "sys._getframe",
            "sys.exit",
            "os._exit",
            "os.abort",
            "sys.path",
            "sys.argv",
        ],
    ),
    (Hazard::Environment, &["os.environ", "os.getenv", "os.environb", "os.putenv"]),
    (
        Hazard::Files,
        &[
            "os.remove",
            "os.unlink",
            "os.rmdir",
            "os.removedirs",
            "os.chmod",
            "os.chown",
            "os.rename",
            "os.replace",
            "os.symlink",
            "os.link",
            "shutil.rmtree",
            "shutil.move",
            "os.truncate",
        ],
    ),
];

/// Names that need no import.
const BUILTINS: &[(Hazard, &[&str])] = &[
    (
        Hazard::DynamicCode,
        &["eval", "exec", "execfile", "compile", "__import__", "__builtins__", "__loader__", "reload"],
    ),
    (Hazard::Interpreter, &["globals", "__subclasses__", "__globals__", "breakpoint", "exit", "quit"]),
];

/// What the code of a file can reach, by the names in it. Texts and comments do not count.
pub fn hazards(tree: &SyntaxTree) -> BTreeSet<Hazard> {
    let mut found = BTreeSet::new();
    for node in tree.nodes() {
        match node.kind() {
            "import_statement" | "import_from_statement" | "future_import_statement" => imported(node, &mut found),
            "exec_statement" => {
                found.insert(Hazard::DynamicCode);
            }
            "attribute" => find(MEMBERS, &dotted(node), &mut found),
            "identifier" => find(BUILTINS, node.text(), &mut found),
            _ => {}
        }
    }
    found
}

fn find(table: &[(Hazard, &[&str])], name: &str, found: &mut BTreeSet<Hazard>) {
    found.extend(table.iter().filter(|(_, names)| names.contains(&name)).map(|(hazard, _)| *hazard));
}

/// Modules of a statement, and members that `from` takes out of one.
fn imported(statement: Node<'_>, found: &mut BTreeSet<Hazard>) {
    let module = statement.field("module_name").map(|module| dotted(module));
    for part in statement.named_children() {
        let name = dotted(if part.kind() == "aliased_import" { part.field("name").unwrap_or(part) } else { part });
        match &module {
            Some(module) if *module != name => find(MEMBERS, &format!("{module}.{name}"), found),
            _ => find(MODULES, name.split('.').next().unwrap_or(&name), found),
        }
    }
    if let Some(module) = &module {
        find(MODULES, module.split('.').next().unwrap_or(module), found);
    }
}

fn dotted(node: Node<'_>) -> String {
    node.text().chars().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use iama_syntax::Dialect;

    use super::*;

    fn of(text: &str) -> Vec<Hazard> {
        let tree = SyntaxTree::parse(Dialect::python2_of(text), text).unwrap();
        hazards(&tree).into_iter().collect()
    }

    #[test]
    fn reach_is_told_by_modules_members_and_builtins() {
        assert_eq!(of("import os\nos.system('x')\n"), [Hazard::Process]);
        assert_eq!(of("from os import system, path\n"), [Hazard::Process]);
        assert_eq!(of("from urllib.request import urlopen as get\n"), [Hazard::Network]);
        assert_eq!(of("import a, subprocess as b\n"), [Hazard::Process]);
        assert_eq!(of("exec code in scope\n"), [Hazard::DynamicCode]);
        assert_eq!(of("x = (). __class__.__subclasses__()\n"), [Hazard::Interpreter]);
        assert_eq!(of("import os.path\nprint os.path.join('a')\n"), []);
        assert_eq!(of("# import socket\ntext = 'import socket; os.system'\n"), []);
    }
}
