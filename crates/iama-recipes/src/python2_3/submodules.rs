//! Modules inside packages of the library that have another name: `email.MIMEText`, `xml.etree.cElementTree` and others.

use std::sync::LazyLock;

use iama_syntax::Node;
use rustc_hash::FxHashSet;

use super::look::rename;
use super::modules::{items, join_statements};
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 1] = [Recipe {
    id: "renamed-submodules",
    title: "modules of packages with a new name",
    class: Class::Safe,
    strategy: Strategy::Conservative,
    why: "The modules of email have lower-case names, and xml.etree.cElementTree is gone since Python 3.9.",
    before: "from email.MIMEText import MIMEText",
    after: "from email.mime.text import MIMEText",
    kinds: &["import_statement", "import_from_statement", "attribute"],
    visit: renamed_submodules,
}];

/// Modules by their old and new names, with the first version that lacks the old one.
const SUBMODULES: &[(&str, &str, (u8, u8))] = &[
    ("email.Charset", "email.charset", (3, 0)),
    ("email.Encoders", "email.encoders", (3, 0)),
    ("email.Errors", "email.errors", (3, 0)),
    ("email.FeedParser", "email.feedparser", (3, 0)),
    ("email.Generator", "email.generator", (3, 0)),
    ("email.Header", "email.header", (3, 0)),
    ("email.Iterators", "email.iterators", (3, 0)),
    ("email.MIMEAudio", "email.mime.audio", (3, 0)),
    ("email.MIMEBase", "email.mime.base", (3, 0)),
    ("email.MIMEImage", "email.mime.image", (3, 0)),
    ("email.MIMEMessage", "email.mime.message", (3, 0)),
    ("email.MIMEMultipart", "email.mime.multipart", (3, 0)),
    ("email.MIMENonMultipart", "email.mime.nonmultipart", (3, 0)),
    ("email.MIMEText", "email.mime.text", (3, 0)),
    ("email.Message", "email.message", (3, 0)),
    ("email.Parser", "email.parser", (3, 0)),
    ("email.Utils", "email.utils", (3, 0)),
    ("email.base64MIME", "email.base64mime", (3, 0)),
    ("email.quopriMIME", "email.quoprimime", (3, 0)),
    ("xml.etree.cElementTree", "xml.etree.ElementTree", (3, 9)),
];

/// The last parts of their old names.
static NAMES: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| SUBMODULES.iter().filter_map(|(old, ..)| old.rsplit('.').next()).collect());

fn new_name(context: &Context<'_>, path: &str) -> Option<&'static str> {
    let entry = SUBMODULES.iter().find(|(old, _, since)| *old == path && context.target >= *since);
    entry.map(|(_, new, _)| *new)
}

fn renamed_submodules(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    match node.kind() {
        "attribute" => attribute(context, node, found),
        "import_statement" => {
            for (item, name, _) in items(node) {
                if let Some(new) = new_name(context, name.text()) {
                    found.safe(item, vec![rename(name, new)]);
                }
            }
        }
        _ => from_import(context, node, found),
    }
}

/// `email.Utils.quote`: Python 2 loaded the modules of email when they were asked for.
fn attribute(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(name) = node.field("attribute") else { return };
    if !NAMES.contains(name.text()) {
        return;
    }
    let Some(path) = context.dotted(node) else { return };
    let Some(new) = new_name(context, path) else { return };
    let package = if new.starts_with("email.") { "email." } else { "xml.etree." };
    let Some(rest) = new.strip_prefix(package) else { return };
    let imports = if context.imports_module(path) { Vec::new() } else { vec![Import::Module(new)] };
    found.safe_with(node, vec![rename(name, rest)], imports);
}

fn from_import(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(module) = node.field("module_name") else { return };
    if let Some(new) = new_name(context, module.text()) {
        return found.safe(node, vec![rename(module, new)]);
    }
    if !matches!(module.text(), "email" | "xml.etree") {
        return;
    }
    let (mut kept, mut lines) = (Vec::new(), Vec::new());
    for (item, name, alias) in items(node) {
        let path = format!("{}.{}", module.text(), name.text());
        let bound = alias.unwrap_or(name).text();
        match new_name(context, &path).and_then(|new| new.rsplit_once('.')) {
            Some((package, last)) if last == bound => lines.push(format!("from {package} import {last}")),
            Some((package, last)) => lines.push(format!("from {package} import {last} as {bound}")),
            None => kept.push(item.text()),
        }
    }
    if lines.is_empty() {
        return;
    }
    if !kept.is_empty() {
        lines.insert(0, format!("from {} import {}", module.text(), kept.join(", ")));
    }
    found.safe(node, vec![Edit::replace(node.span(), join_statements(node, lines.into_iter()))]);
}
