//! What imported names stand for.

use super::{BindingId, BindingKind, Scopes};
use crate::tree::{Node, NodeId};

impl Scopes {
    /// Every identifier that an import binds, with its binding, in the order of the bindings.
    pub fn imports(&self) -> impl Iterator<Item = (BindingId, NodeId)> {
        let imported = |(_, kind): &&(NodeId, BindingKind)| *kind == BindingKind::Import;
        (0u32..).zip(&self.bindings).flat_map(move |(id, binding)| {
            binding.definitions.iter().filter(imported).map(move |(node, _)| (BindingId(id), *node))
        })
    }

    /// The dotted path from a module that a name or an attribute of one stands for: after `import a.b as c` the node
    /// `c.d` stands for `a.b.d`, after `from ..x import y` the node `y` stands for `..x.y`. Nothing for what is not
    /// imported, or not always from one place.
    pub fn dotted_path(&self, node: Node<'_>) -> Option<String> {
        if node.kind() == "attribute" {
            let path = self.dotted_path(node.field("object")?)?;
            return Some(format!("{path}.{}", node.field("attribute")?.text()));
        }
        let binding = self.binding(self.binding_of(node)?);
        let mut paths = binding.definitions.iter().map(|(definition, kind)| match kind {
            BindingKind::Import => imported_path(node.tree().node(*definition)),
            _ => None,
        });
        let first = paths.next()??;
        paths.all(|path| path.as_deref() == Some(&first)).then_some(first)
    }
}

/// The dotted path that the identifier bound by an import stands for; relative ones begin with their dots.
pub fn imported_path(definition: Node<'_>) -> Option<String> {
    let parent = definition.parent()?;
    let (item, path) = match parent.kind() {
        "aliased_import" => (parent, without_blanks(parent.field("name")?)),
        // `import a.b` binds only `a`.
        _ => (parent, definition.text().to_owned()),
    };
    let statement = item.parent()?;
    match statement.kind() {
        "import_statement" => Some(path),
        "future_import_statement" => Some(format!("__future__.{path}")),
        _ => {
            let module = without_blanks(statement.field("module_name")?);
            let dot = if module.ends_with('.') { "" } else { "." };
            Some(format!("{module}{dot}{path}"))
        }
    }
}

fn without_blanks(node: Node<'_>) -> String {
    let text = node.text();
    if text.contains(|char: char| char.is_whitespace() || char == '\\') {
        text.chars().filter(|char| !char.is_whitespace() && *char != '\\').collect()
    } else {
        text.to_owned()
    }
}
