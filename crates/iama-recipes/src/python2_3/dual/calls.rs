//! Calls.

use iama_syntax::Node;

use super::stand_in;
use crate::context::Context;
use crate::edit::Edit;
use crate::python2_3::look::rename;
use crate::python2_3::{library, names};
use crate::recipe::{Findings, Import};

pub(super) fn input_eval(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    names::input_eval(context, node, found);
    if let (Some(finding), Some(function)) = (found.found.last_mut(), node.field("function")) {
        finding.edits.push(rename(function, "raw_input"));
        finding.imports.extend(stand_in("raw_input"));
    }
}

/// A name of Python 3 for an assertion that 2.7 has under another.
macro_rules! assertion {
    ($new:literal, $old:literal) => {
        Import::Helper(
            $new,
            concat!(
                "\nif not hasattr(unittest.TestCase, '",
                $new,
                "'):\n    unittest.TestCase.",
                $new,
                " = unittest.TestCase.",
                $old,
                "\n"
            ),
        )
    };
}

const ASSERTIONS: [Import; 4] = [
    assertion!("assertCountEqual", "assertItemsEqual"),
    assertion!("assertNotRegex", "assertNotRegexpMatches"),
    assertion!("assertRaisesRegex", "assertRaisesRegexp"),
    assertion!("assertRegex", "assertRegexpMatches"),
];

pub(super) fn unittest_assertion(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    // This is what gives 2.7 the new name.
    if node.field("object").is_some_and(|object| object.text() == "unittest.TestCase") {
        return;
    }
    names::unittest_assertion(context, node, found);
    let (Some(finding), Some(name)) = (found.found.last_mut(), node.field("attribute")) else { return };
    let new = names::new_assertion(name.text());
    let named = |import: &&Import| matches!(import, Import::Helper(name, _) if Some(*name) == new);
    if let Some(import) = ASSERTIONS.iter().find(named) {
        finding.imports.extend([Import::Module("unittest"), import.clone()]);
    }
}

pub(super) fn getargspec(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.field("function").is_some_and(|function| context.is_written(function)) {
        return;
    }
    library::getargspec(context, node, found);
    let (Some(finding), Some(function)) = (found.found.last_mut(), node.field("function")) else { return };
    let module = function.field("object").map_or("", Node::text);
    let text = format!("(getattr({module}, 'getfullargspec', None) or {module}.getargspec)");
    let outer = node.parent().filter(|outer| outer.kind() == "attribute");
    let keywords = outer.and_then(|outer| outer.field("attribute")).filter(|field| field.text() == "keywords");
    finding.edits = vec![rename(function, &text)];
    match (keywords, outer) {
        (Some(field), _) => {
            finding.edits.push(Edit::replace(iama_syntax::Span::new(node.end(), field.end()), "[2]"));
        }
        (None, None) if node.parent().is_none_or(|outer| outer.kind() != "subscript") => {
            finding.edits.push(Edit::insert(node.end(), "[:4]"));
        }
        _ => {}
    }
}
