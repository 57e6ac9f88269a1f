//! Modules of the workspace that take the place of modules which Python 3's library has and Python 2's had not.

use iama_syntax::Node;

use crate::context::{Context, Facts};
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 1] = [Recipe {
    id: "shadowed-library",
    title: "modules that hide one of Python 3's library",
    class: Class::Refused,
    strategy: Strategy::Conservative,
    why: "A module that lies where imports are looked for first takes the place of a module that Python 3's library has under \
          this name, also where the library itself imports it. The module and the files that import it must be renamed \
          together.",
    before: "limit = 3",
    after: "limit = 3",
    kinds: &["module"],
    visit: shadowed,
}];

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

fn is_new(name: &str, target: (u8, u8)) -> bool {
    NEW.iter().any(|(new, since)| *new == name && target >= *since)
}

/// Notes which of the names a file imports.
pub(super) fn learn(path: &str, text: &str, facts: &mut Facts) {
    let imports = text
        .lines()
        .map(str::trim_start)
        .filter_map(|line| line.strip_prefix("import ").or_else(|| line.strip_prefix("from ")));
    for module in imports.flat_map(|rest| rest.split(" import ").take(1)).flat_map(|list| list.split(',')) {
        let first = module.trim().split(['.', ' ']).next().unwrap_or("");
        if NEW.iter().any(|(new, _)| *new == first) {
            facts.add(IMPORTERS, first, path);
        }
    }
}

/// The name under which a file is imported, when it lies at the top of where imports are looked for.
fn top_level_name<'p>(context: &Context<'_>, path: &'p str) -> Option<&'p str> {
    let module = path.strip_suffix("/__init__.py").or_else(|| path.strip_suffix(".py"))?;
    let (folder, name) = module.rsplit_once('/').map_or(("", module), |(folder, name)| (folder, name));
    let package = if folder.is_empty() { "__init__.py".to_owned() } else { format!("{folder}/__init__.py") };
    (!context.project.files.contains(&package)).then_some(name)
}

fn shadowed(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let name = top_level_name(context, context.path).filter(|name| is_new(name, context.target) && context.certain);
    let (Some(name), Some(first)) = (name, node.named_children().next()) else { return };
    let importers: Vec<&str> = context.facts().get(IMPORTERS, name).filter(|path| *path != context.path).collect();
    let with =
        if importers.is_empty() { String::new() } else { format!(", with its importers {}", importers.join(", ")) };
    let why =
        format!("{name} is a module of Python 3's library, which this one hides from all beside it: rename it{with}");
    found.refuse(first, why);
}

/// Whether a new name of a library's module leads to a module of the workspace instead.
pub(super) fn hides(context: &Context<'_>, module: &str) -> bool {
    let first = module.split('.').next().unwrap_or(module);
    is_new(first, context.target)
        && context.project.files.iter().any(|path| {
            let is_it = path.strip_suffix("/__init__.py").or_else(|| path.strip_suffix(".py"));
            is_it.is_some_and(|path| path.rsplit('/').next() == Some(first))
                && top_level_name(context, path).is_some()
                && (context.is_own(first))
        })
}
