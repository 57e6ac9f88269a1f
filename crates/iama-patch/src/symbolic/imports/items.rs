//! What an import statement binds, name by name.

use std::ops::Range;

use iama_syntax::Node;

/// One thing that an import binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) module: String,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// The module itself, perhaps under another name. For a script: run for its effects.
    Module(Option<String>),
    /// A name of the module, perhaps under another one.
    Name(String, Option<String>),
    /// The default export.
    Default(String),
    /// All exports in one object.
    Namespace(String),
    /// What no rule here tells apart.
    Other(String),
}

/// An item and the bytes that stand for it.
pub(super) struct Part {
    pub(super) item: Item,
    range: Range<usize>,
    /// Whether it stands in braces with others of its kind.
    is_listed: bool,
}

/// Everything that a statement imports, in order.
pub(super) fn items_of(statement: Node<'_>) -> Vec<Part> {
    if statement.tree().dialect().is_python() { python_items(statement) } else { script_items(statement) }
}

fn compact(node: Node<'_>) -> String {
    node.text().chars().filter(|c| !c.is_whitespace() && *c != '\\').collect()
}

fn python_items(statement: Node<'_>) -> Vec<Part> {
    let module = match statement.kind() {
        "future_import_statement" => Some("__future__".to_owned()),
        "import_from_statement" => statement.field("module_name").map(compact),
        _ => None,
    };
    let star = statement.child_of_kind("wildcard_import");
    let name = |node: Node<'_>| {
        let (name, alias) = match node.kind() {
            "aliased_import" => {
                (node.field("name").map_or_else(String::new, compact), node.field("alias").map(compact))
            }
            _ => (compact(node), None),
        };
        let item = match &module {
            Some(module) => Item { module: module.clone(), what: What::Name(name, alias) },
            None => Item { module: name, what: What::Module(alias) },
        };
        Part { item, range: node.span().range(), is_listed: true }
    };
    statement.fields("name").chain(star).map(name).collect()
}

fn script_items(statement: Node<'_>) -> Vec<Part> {
    let source = statement.field("source");
    let module = source.map_or_else(String::new, |source| source.text().trim_matches(['\'', '"']).to_owned());
    let part = |node: Node<'_>, what, is_listed| Part {
        item: Item { module: module.clone(), what },
        range: node.span().range(),
        is_listed,
    };
    let is_type = statement.child_of_kind("type").is_some() || statement.child_of_kind("typeof").is_some();
    let Some(clause) = statement.child_of_kind("import_clause").filter(|_| !is_type) else {
        let what = if source.is_some() && !is_type && statement.named_children().count() == 1 {
            What::Module(None)
        } else {
            What::Other(compact(statement).replace('"', "'").trim_end_matches(';').to_owned())
        };
        return vec![part(statement, what, false)];
    };
    let mut parts = Vec::new();
    for child in clause.named_children() {
        match child.kind() {
            "identifier" => parts.push(part(child, What::Default(compact(child)), false)),
            "namespace_import" => {
                let name = child.named_child(0).map_or_else(String::new, compact);
                parts.push(part(child, What::Namespace(name), false));
            }
            _ => parts.extend(child.named_children().map(|node| part(node, specifier(node), true))),
        }
    }
    parts
}

fn specifier(node: Node<'_>) -> What {
    let name = node.field("name").map_or_else(String::new, compact);
    if node.child_of_kind("type").is_some() || node.child_of_kind("typeof").is_some() {
        return What::Other(node.text().split_whitespace().collect::<Vec<_>>().join(" "));
    }
    What::Name(name, node.field("alias").map(compact))
}

/// The bytes to take away for the items in `gone`, each with the comma that then stands alone. Braces that hold nothing
/// any more go too.
pub(super) fn removals(text: &str, parts: &[Part], gone: &[bool]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < parts.len() {
        let group = at..at + parts[at..].iter().take_while(|part| part.is_listed == parts[at].is_listed).count();
        let whole = outer(text, &parts[group.clone()]);
        let kept: Vec<usize> = group.clone().filter(|at| !gone[*at]).collect();
        match (kept.last(), parts.get(group.end)) {
            (None, Some(_)) => ranges.push(whole.start..outer(text, &parts[group.end..]).start),
            (None, None) => ranges.push(outer(text, &parts[..group.start]).end..whole.end),
            (Some(last), _) => {
                let before = (group.start..*last).filter(|at| gone[*at]);
                ranges.extend(before.map(|at| parts[at].range.start..parts[at + 1].range.start));
                if last + 1 < group.end {
                    ranges.push(parts[*last].range.end..parts[group.end - 1].range.end);
                }
            }
        }
        at = group.end;
    }
    ranges
}

/// The bytes from the first to the last part, with the braces around a list of a script.
fn outer(text: &str, parts: &[Part]) -> Range<usize> {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return 0..0 };
    let before = text[..first.range.start].trim_end();
    let start = if first.is_listed && before.ends_with('{') { before.len() - 1 } else { first.range.start };
    let rest = text[last.range.end..].trim_start_matches([' ', '\t', '\r', '\n', ',']);
    let is_braced = last.is_listed && rest.starts_with('}');
    let end = if is_braced { text.len() - rest.len() + 1 } else { last.range.end };
    start..end
}

/// A statement for these items, all from one statement that reads like `model`.
pub(super) fn statement_for(items: &[Item], model: &str) -> String {
    let aliased = |name: &str, alias: &Option<String>| match alias {
        Some(alias) => format!("{name} as {alias}"),
        None => name.to_owned(),
    };
    let module = items.first().map_or("", |item| item.module.as_str());
    let names: Vec<String> = items
        .iter()
        .map(|item| match &item.what {
            What::Module(alias) => aliased(&item.module, alias),
            What::Name(name, alias) => aliased(name, alias),
            What::Default(name) | What::Other(name) => name.clone(),
            What::Namespace(name) => format!("* as {name}"),
        })
        .collect();
    if model.starts_with("from") {
        return format!("from {module} import {}", names.join(", "));
    }
    let Some(quote) = model.chars().rfind(|c| matches!(c, '\'' | '"')) else {
        return format!("import {}", names.join(", "));
    };
    let is_named = |item: &Item| matches!(item.what, What::Name(..) | What::Other(_));
    let (listed, bare): (Vec<_>, Vec<_>) = items.iter().zip(names).partition(|(item, _)| is_named(item));
    let mut clause: Vec<String> = bare.into_iter().map(|(_, name)| name).collect();
    if !listed.is_empty() {
        let names: Vec<String> = listed.into_iter().map(|(_, name)| name).collect();
        clause.push(format!("{{ {} }}", names.join(", ")));
    }
    let end = if model.ends_with(';') { ";" } else { "" };
    format!("import {} from {quote}{module}{quote}{end}", clause.join(", "))
}
