//! Modules of the workspace that take the place of modules which Python 3's library has and Python 2's had not.

use iama_syntax::Node;

use crate::context::{Context, Facts};
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 2] = [
    Recipe {
        id: "shadowed-library",
        title: "modules that hide one of Python 3's library",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "A module that lies where imports are looked for first takes the place of a module that Python 3's library has \
              under this name, also where the library itself imports it. With an underscore behind its name it does so no \
              more; its importers are edited with it, all of them or none. Who installs a distribution imports its modules \
              by their names, so that one that a setup.py may install keeps its name and is only told of; so does a package, \
              a module that is named in a string, one of which some import can't be told, and any where not every file \
              of a folder is worked on.",
        before: "limit = 3",
        after: "limit = 3",
        kinds: &["module"],
        visit: shadowed,
    },
    Recipe {
        id: "shadowing-imports",
        title: "imports of a module that hid one of the library",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "The module has an underscore behind its name now, so that the library's own can be found.",
        before: "import queue",
        after: "import queue",
        kinds: &["import_statement", "import_from_statement"],
        visit: shadowing_import,
    },
];

/// Modules and packages that came with Python 3, with the first version that has them.
const NEW: &[(&str, (u8, u8))] = &[
    ("asyncio", (3, 4)),
    ("builtins", (3, 0)),
    ("concurrent", (3, 2)),
    ("configparser", (3, 0)),
    ("contextvars", (3, 7)),
    ("copyreg", (3, 0)),
    ("dataclasses", (3, 7)),
    ("enum", (3, 4)),
    ("faulthandler", (3, 3)),
    ("graphlib", (3, 9)),
    ("html", (3, 0)),
    ("http", (3, 0)),
    ("ipaddress", (3, 3)),
    ("lzma", (3, 3)),
    ("pathlib", (3, 4)),
    ("queue", (3, 0)),
    ("reprlib", (3, 0)),
    ("secrets", (3, 6)),
    ("selectors", (3, 4)),
    ("socketserver", (3, 0)),
    ("statistics", (3, 4)),
    ("tomllib", (3, 11)),
    ("tracemalloc", (3, 4)),
    ("typing", (3, 5)),
    ("xmlrpc", (3, 0)),
    ("zoneinfo", (3, 9)),
];

/// Such modules by name: the files that import one.
const IMPORTERS: &str = "importers";
/// Such modules by name: the files that may install one, or that have its name in a string.
const PUBLIC: &str = "public";

fn is_new(name: &str, target: (u8, u8)) -> bool {
    NEW.iter().any(|(new, since)| *new == name && target >= *since)
}

/// Notes which of the names a file imports, installs or has in strings.
pub(super) fn learn(path: &str, text: &str, facts: &mut Facts) {
    let mut shares = NEW.iter().any(|(new, _)| file_name(path).strip_suffix(".py") == Some(*new));
    let imports = text
        .lines()
        .map(str::trim_start)
        .filter_map(|line| line.strip_prefix("import ").or_else(|| line.strip_prefix("from ")));
    for module in imports.flat_map(|rest| rest.split(" import ").take(1)).flat_map(|list| list.split(',')) {
        let first = module.trim().split(['.', ' ']).next().unwrap_or("");
        if NEW.iter().any(|(new, _)| *new == first) {
            facts.add(IMPORTERS, first, path);
            shares = true;
        }
    }
    if shares {
        facts.share(path);
    }
    learn_names(path, text, facts);
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What lines that import by a string have in them.
const BY_STRING: &[&str] = &["__import__", "import_module", "sys.modules", "patch("];

/// What is installed by a file of its own, and what is imported by a string.
fn learn_names(path: &str, text: &str, facts: &mut Facts) {
    if file_name(path) == "setup.py" {
        let tells = ["py_modules", "packages", "scripts"].iter().any(|key| text.contains(key));
        let computed = text.contains("py_modules") && !text.replace(' ', "").contains("py_modules=[");
        let listed = |name: &str| is_quoted(text, name, &[".py"]);
        for (name, _) in NEW.iter().filter(|(name, _)| !tells || computed || listed(name)) {
            facts.add(PUBLIC, name, path);
        }
        return;
    }
    let by_string = |text: &str| BY_STRING.iter().any(|call| text.contains(call));
    if !by_string(text) {
        return;
    }
    for line in text.lines().filter(|line| by_string(line)) {
        for (name, _) in NEW.iter().filter(|(name, _)| is_quoted(line, name, &["."])) {
            facts.add(PUBLIC, name, path);
        }
    }
}

/// Whether a text has a name in quotes, or the beginning of a string with the name and one of these behind it.
fn is_quoted(text: &str, name: &str, behind: &[&str]) -> bool {
    ['"', '\''].iter().any(|quote| {
        let start = format!("{quote}{name}");
        let mut rests = text.match_indices(&start).map(|(at, word)| &text[at + word.len()..]);
        rests.any(|rest| rest.starts_with(*quote) || behind.iter().any(|end| rest.starts_with(end)))
    })
}

/// The folder of a path, with the slash behind it.
fn folder_of(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

/// The name under which a file is imported, when it lies at the top of where imports are looked for.
fn top_level_name<'p>(context: &Context<'_>, path: &'p str) -> Option<&'p str> {
    let module = path.strip_suffix("/__init__.py").or_else(|| path.strip_suffix(".py"))?;
    let (folder, name) = module.rsplit_once('/').map_or(("", module), |(folder, name)| (folder, name));
    let package = if folder.is_empty() { "__init__.py".to_owned() } else { format!("{folder}/__init__.py") };
    (!context.project.files.contains(&package)).then_some(name)
}

/// The module of the workspace that a file gets by a name.
fn imported_by<'c>(context: &'c Context<'_>, importer: &str, name: &str) -> Option<&'c str> {
    let files = &context.project.files;
    let mut folders: Vec<&str> = importer.match_indices('/').map(|(at, _)| &importer[..=at]).collect();
    folders.reverse();
    folders.push("");
    let beside = folder_of(importer);
    let is_path = |folder: &&str| **folder == *beside || !files.contains(&format!("{folder}__init__.py"));
    let module = |folder: &str| {
        let found = [format!("{folder}{name}/__init__.py"), format!("{folder}{name}.py")];
        found.iter().find_map(|path| files.get(path)).map(String::as_str)
    };
    folders.into_iter().filter(is_path).find_map(module)
}

/// Why a module that hides the library's keeps its name; nothing when it can have another one.
fn kept(context: &Context<'_>, path: &str, name: &str) -> Option<&'static str> {
    let project = context.project;
    if !project.moves || context.dual || !(project.certain || project.seen.is_source()) {
        return Some("");
    }
    if path.ends_with("/__init__.py") || project.files.contains(&new_path(path)) {
        return Some(": it is a package, or the name with an underscore is taken");
    }
    if context.facts().get(PUBLIC, name).next().is_some() {
        return Some(": it may be installed or imported by a string under this name");
    }
    let mut importers = context.facts().get(IMPORTERS, name);
    let strays = importers.any(|importer| imported_by(context, importer, name) != Some(path));
    strays.then_some(": some file imports another module by this name, or this one from elsewhere")
}

fn new_path(path: &str) -> String {
    format!("{}_.py", path.strip_suffix(".py").unwrap_or(path))
}

fn group(name: &str) -> String {
    format!("the module {name}")
}

fn shadowed(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let name = top_level_name(context, context.path).filter(|name| is_new(name, context.target) && context.certain);
    let (Some(name), Some(first)) = (name, node.named_children().next()) else { return };
    let Some(reason) = kept(context, context.path, name) else {
        let why = format!("it hid the module of Python 3's library that is called {name}: it is {name}_ now");
        found.check(first, why, Vec::new());
        found.move_to(new_path(context.path));
        return found.together(group(name));
    };
    let importers: Vec<&str> = context.facts().get(IMPORTERS, name).filter(|path| *path != context.path).collect();
    let with =
        if importers.is_empty() { String::new() } else { format!(", with its importers {}", importers.join(", ")) };
    let why = format!(
        "{name} is a module of Python 3's library, which this one hides from all beside it: rename it{with}{reason}"
    );
    found.refuse(first, why);
}

fn shadowing_import(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !context.project.moves || !context.certain || context.is_written(node) {
        return;
    }
    let moved = |name: Node<'_>| {
        let path = imported_by(context, context.path, name.text()).filter(|_| is_new(name.text(), context.target))?;
        (top_level_name(context, path).is_some() && kept(context, path, name.text()).is_none()).then_some(())
    };
    let why = "the module has another name now, so that it hides none of the library's";
    if let Some(module) = node.field("module_name") {
        if moved(module).is_some() {
            found.check(node, why, vec![Edit::insert(module.end(), "_")]);
            found.together(group(module.text()));
        }
        return;
    }
    for (item, name, alias) in super::modules::items(node) {
        if moved(name).is_some() {
            let text = if alias.is_some() { "_".to_owned() } else { format!("_ as {}", name.text()) };
            found.check(item, why, vec![Edit::insert(name.end(), text)]);
            found.together(group(name.text()));
        }
    }
}

/// Whether a new name of a library's module leads to a module of the workspace instead.
pub(super) fn hides(context: &Context<'_>, module: &str) -> bool {
    let first = module.split('.').next().unwrap_or(module);
    is_new(first, context.target)
        && context.project.files.iter().any(|path| {
            let is_it = path.strip_suffix("/__init__.py").or_else(|| path.strip_suffix(".py"));
            is_it.is_some_and(|path| path.rsplit('/').next() == Some(first))
                && top_level_name(context, path).is_some()
                && context.is_own(first)
                && kept(context, path, first).is_some()
        })
}
