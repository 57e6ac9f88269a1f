//! What one file says about its classes that another file asks for.

use iama_syntax::Node;
use memchr::memmem;

use super::names::RENAMED_ATTRIBUTES;
use crate::context::{Context, Facts, OBSERVED_CLASS};

/// Classes by name: the names of their methods and class attributes.
const MEMBERS: &str = "members";
/// Classes by name: the last part of the names of their bases; `<none>` for a class that names no base.
const BASES: &str = "bases";
const NO_BASE: &str = "<none>";
/// Classes by name, when their next ends an iteration or asks another iterator.
const ENDS: &str = "ends";

/// Names of methods: the classes that define one.
const METHODS: &str = "methods";

/// Classes by name: attributes that are given None.
const NOTHING: &str = "nothing";

/// Attributes that some statement sets, by name.
const SET: &str = "set";
/// Names of attributes that recipes ask about.
const ASKED: &[&str] = &["next", "message"];
/// Names that a file is looked through for to find out whether it has a part in edits of several files.
const KEYWORDS: &[&str] = &["async", "await", "nonlocal"];

/// Whether the file writes bytes literals or works with byte arrays, so that it tells bytes from text. What recipes wrote
/// says nothing about its author.
pub(super) fn writes_bytes(context: &Context<'_>) -> bool {
    let tells = |node: Node<'_>| match node.kind() {
        "string_start" => node.text().starts_with(['b', 'B']),
        "identifier" => node.text() == "bytearray" || (node.text() == "BytesIO" && !is_renamed_stream(node)),
        _ => false,
    };
    context.once("writes bytes", || context.tree.nodes().any(|node| tells(node) && !context.is_written(node)))
}

/// Whether an import gives a stream of bytes the name of the one that took native strings.
pub(super) fn is_renamed_stream(name: Node<'_>) -> bool {
    name.ancestors().take(2).any(|outer| {
        outer.kind() == "aliased_import" && outer.field("alias").is_some_and(|alias| alias.text() == "StringIO")
    })
}

/// Whether some class has a `__str__` that can be told an encoding or the like.
pub(super) fn str_takes_parameters(context: &Context<'_>) -> bool {
    context.facts().has(SET, "__str__", "parameters")
}

/// Whether a name is that of a class of the workspace.
pub(super) fn is_class(context: &Context<'_>, name: &str) -> bool {
    context.facts().get(BASES, name).next().is_some()
}

/// The last parts of the names of a class's bases.
pub(super) fn bases_of<'c>(context: &'c Context<'_>, class: &str) -> impl Iterator<Item = &'c str> {
    context.facts().get(BASES, class).filter(|base| *base != NO_BASE)
}

/// Whether some class of the workspace defines a method of this name.
pub(super) fn defines_method(context: &Context<'_>, name: &str) -> bool {
    context.facts().get(METHODS, name).next().is_some()
}

/// The classes of the workspace that define a method of this name.
pub(super) fn classes_with<'c>(context: &'c Context<'_>, method: &str) -> impl Iterator<Item = &'c str> {
    context.facts().get(METHODS, method)
}

/// Whether a run of the legacy code has met an object of this class that is no iterator.
pub(super) fn is_seen_object(context: &Context<'_>, class: &str) -> bool {
    context.facts().has(OBSERVED_CLASS, class, "")
}

/// Whether some class keeps a method called next, since it is no iterator by its looks or takes more than the object.
pub(super) fn leaves_next(context: &Context<'_>) -> bool {
    context.once("leaves next", || classes_with(context, "next").any(|class| has_other_next(context, class)))
}

/// Whether the next of a class stays what it is called.
pub(super) fn has_other_next(context: &Context<'_>, class: &str) -> bool {
    let facts = context.facts();
    let iterates = facts.has(MEMBERS, class, "__iter__") || facts.has(ENDS, class, "");
    facts.has(ENDS, class, "parameters") || (!iterates && sets_attribute(context, "next"))
}

/// Whether the next of a class ends an iteration by its looks.
pub(super) fn ends_iteration(context: &Context<'_>, class: &str) -> bool {
    search(context.facts(), class, &mut Vec::new(), &|facts, class| facts.has(ENDS, class, "")) == Some(true)
}

/// Whether some file sets an attribute of this name on an object, or gives a class one that is no method.
pub(super) fn sets_attribute(context: &Context<'_>, name: &str) -> bool {
    context.facts().has(SET, name, "")
}

/// Whether some file moves in a stream from where it stands or from its end.
pub(super) fn seeks_relatively(context: &Context<'_>) -> bool {
    context.once("seeks", || context.facts().has(SET, "seek", "relative") || moves_relatively(context.original))
}

fn moves_relatively(text: &str) -> bool {
    let relative = |call: &str| {
        let line = call.lines().next().unwrap_or("");
        let back = (line.contains(", 2)") || line.contains("SEEK_END")) && !line.starts_with("0,");
        back || line.contains(", 1)") || line.contains("SEEK_CUR")
    };
    memmem::find_iter(text.as_bytes(), ".seek(").any(|at| relative(&text[at + ".seek(".len()..]))
}

fn learn_attributes(path: &str, text: &str, facts: &mut Facts) {
    let of_functions = text.contains("func_") || text.contains("im_");
    let renamed = RENAMED_ATTRIBUTES.iter().map(|(old, _)| old).filter(|old| of_functions && text.contains(**old));
    let mut shares = KEYWORDS.iter().any(|word| text.contains(word));
    for name in ASKED.iter().chain(renamed.inspect(|_| shares = true)) {
        for at in memmem::find_iter(text.as_bytes(), name) {
            let rest = text[at + name.len()..].trim_start_matches([' ', '\t']);
            let assigned = rest.starts_with('=') && !rest.starts_with("==");
            if text[..at].ends_with('.') && assigned {
                facts.add(SET, name, "");
            }
        }
    }
    if shares {
        facts.share(path);
    }
}

/// Reads class statements and what is defined right below them, by lines.
pub(super) fn learn(path: &str, text: &str, facts: &mut Facts) {
    learn_attributes(path, text, facts);
    super::shadowed::learn(path, text, facts);
    super::shapes::learn(text, facts);
    if moves_relatively(text) {
        facts.add(SET, "seek", "relative");
    }
    if text.contains("def __str__(self, ") {
        facts.add(SET, "__str__", "parameters");
    }
    if !text.contains("class ") {
        return;
    }
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut stepping: Option<&str> = None;
    for line in super::look::lines(text) {
        let code = line.trim_start();
        if code.is_empty() || code.starts_with('#') {
            continue;
        }
        let depth = iama_syntax::line_index::indentation_width(line);
        open.retain(|(outer, _)| *outer < depth);
        if let Some(targets) = code.trim_end().strip_suffix("= None") {
            learn_nothing(targets, &open, facts);
        }
        if let Some(rest) = code.strip_prefix("class ") {
            let (name, bases) = header(rest);
            for base in bases {
                facts.add(BASES, name, base);
            }
            open.push((depth, name));
        } else if let Some(&(_, class)) = open.last() {
            if let Some(member) = member(code) {
                facts.add(MEMBERS, class, member);
                if code.starts_with("def ") {
                    facts.add(METHODS, member, class);
                } else if let Some(asked) = ASKED.iter().find(|asked| **asked == member && !class.is_empty()) {
                    facts.add(SET, asked, "");
                }
            }
            if class.is_empty() && stepping.is_some() && (code.contains("StopIteration") || code.contains("next(")) {
                facts.add(ENDS, stepping.unwrap_or_default(), "");
            }
            if code.starts_with("def ") {
                stepping = code.starts_with("def next(").then_some(class);
                if code.starts_with("def next(self,") {
                    facts.add(ENDS, class, "parameters");
                }
                // What stands below a method belongs to no class.
                open.push((depth, ""));
            }
        }
    }
}

/// `self.a = self.b = None` in a method, or `a = b = None` in the body of a class.
fn learn_nothing(targets: &str, open: &[(usize, &str)], facts: &mut Facts) {
    let (Some((_, class)), Some((_, last))) = (open.iter().rev().find(|(_, name)| !name.is_empty()), open.last())
    else {
        return;
    };
    for target in targets.split('=').map(str::trim) {
        let name = target.strip_prefix("self.").or(Some(target).filter(|_| !last.is_empty()));
        if let Some(name) = name.filter(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_')) {
            facts.add(NOTHING, class, name);
        }
    }
}

/// Whether a class, or one that it inherits from, gives an attribute None.
pub(super) fn may_hold_none(context: &Context<'_>, class: &str, name: &str) -> bool {
    search(context.facts(), class, &mut Vec::new(), &|facts, class| facts.has(NOTHING, class, name)) == Some(true)
}

fn header(rest: &str) -> (&str, Vec<&str>) {
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let name = &rest[..end];
    let list = rest[end..].trim_start().strip_prefix('(').map_or("", |list| list.split(')').next().unwrap_or(""));
    let bases =
        list.split(',').map(|base| base.trim().rsplit('.').next().unwrap_or("")).filter(|base| !base.is_empty());
    let bases: Vec<_> = bases.collect();
    (name, if bases.is_empty() { vec![NO_BASE] } else { bases })
}

fn member(code: &str) -> Option<&str> {
    let rest = code.strip_prefix("def ").unwrap_or(code);
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    let follows = rest[end..].trim_start();
    let is_definition = code.len() != rest.len() || (follows.starts_with('=') && !follows.starts_with("=="));
    is_definition.then_some(&rest[..end])
}

/// Whether a class, or one that it inherits from, defines a member. Nothing when a base is not known.
pub(super) fn inherits(context: &Context<'_>, class: &str, wanted: &str) -> Option<bool> {
    search(context.facts(), class, &mut Vec::new(), &|facts, class| facts.has(MEMBERS, class, wanted))
}

/// Whether a class of the workspace is made of a builtin, directly or through other classes of it.
pub(super) fn descends_from(context: &Context<'_>, class: &str, builtin: &str) -> bool {
    !is_class(context, builtin)
        && search(context.facts(), class, &mut Vec::new(), &|_, class| class == builtin) == Some(true)
}

/// Whether a class is of Python 2's old kind: nothing in its line inherits from `object`. Nothing when a base is not known.
pub(super) fn is_classic(context: &Context<'_>, class: &str) -> Option<bool> {
    search(context.facts(), class, &mut Vec::new(), &|_, class| class == "object").map(|is_new| !is_new)
}

fn search<'f>(
    facts: &'f Facts,
    class: &'f str,
    seen: &mut Vec<&'f str>,
    wanted: &dyn Fn(&Facts, &str) -> bool,
) -> Option<bool> {
    if wanted(facts, class) {
        return Some(true);
    }
    if class == NO_BASE || class == "object" || seen.contains(&class) {
        return Some(false);
    }
    seen.push(class);
    let mut known = false;
    let mut unknown = false;
    for base in facts.get(BASES, class) {
        known = true;
        match search(facts, base, seen, wanted) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => unknown = true,
        }
    }
    if known && !unknown { Some(false) } else { None }
}
