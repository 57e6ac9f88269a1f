//! Python 2 to Python 3.

use std::sync::LazyLock;

use iama_syntax::{Dialect, Node, SourceError, SourceText, SyntaxTree, python3};

use self::evidence::{certain, likely};
use crate::pair::{Pair, Reading, Rejection};
use crate::recipe::Recipe;
use crate::words::Words;

mod borders;
mod byte_literals;
mod classes;
mod code_objects;
mod code_strings;
mod comparing;
mod constants;
mod costs;
mod dependencies;
mod division;
mod doctests;
mod dual;
mod evidence;
mod exec_scopes;
mod expressions;
mod facts;
mod files;
mod generators;
mod guarded;
mod hashes;
mod helpers;
mod idioms;
mod indentation;
mod iterators;
mod itertools;
mod library;
mod look;
mod members;
mod methods;
mod modules;
mod named;
mod names;
mod native;
mod native_files;
mod native_methods;
mod native_streams;
mod none_values;
mod nose_tools;
mod numbers;
mod observed;
mod packaging;
mod patterns;
mod probes;
mod protocols;
mod removed;
mod replaced;
mod shadowed;
mod shapes;
mod slicing;
mod statements;
mod strictness;
mod strings;
mod submodules;
mod syntax_trees;
mod tables;
mod tables_removed;
mod text_methods;
mod types;
mod words;

/// The pair.
pub const PAIR: Pair = Pair {
    id: "python2-3",
    title: "Python 2 to Python 3",
    recipes: &RECIPES,
    claims,
    plain: packaging::kind_of,
    decode,
    learn: facts::learn,
    probe: probes::probe,
    read,
    between: |_| Dialect::Python2PrintFunction,
    accepts,
    accepts_dual,
    words: &WORDS,
    dual: dual::of,
    import: modules::add_imports,
    missing: dependencies::missing,
    support: dependencies::support,
    either: |id| matches!(id, "removed-members" | "getargspec"),
    certain,
    likely,
    weigh: costs::weigh,
    makes_list: costs::makes_list,
    for_both: dual::is_marked,
};

const GROUPS: [&[Recipe]; 44] = [
    &statements::RECIPES,
    &nose_tools::RECIPES,
    &expressions::RECIPES,
    &names::RECIPES,
    &iterators::RECIPES,
    &itertools::RECIPES,
    &classes::RECIPES,
    &modules::RECIPES,
    &members::RECIPES,
    &generators::RECIPES,
    &comparing::RECIPES,
    &text_methods::RECIPES,
    &indentation::RECIPES,
    &removed::RECIPES,
    &constants::RECIPES,
    &submodules::RECIPES,
    &patterns::RECIPES,
    &protocols::RECIPES,
    &methods::RECIPES,
    &strings::RECIPES,
    &numbers::RECIPES,
    &replaced::RECIPES,
    &files::RECIPES,
    &library::RECIPES,
    &division::RECIPES,
    &native::RECIPES,
    &packaging::RECIPES,
    &doctests::RECIPES,
    &dependencies::RECIPES,
    &native_files::RECIPES,
    &native_streams::RECIPES,
    &none_values::RECIPES,
    &syntax_trees::RECIPES,
    &slicing::RECIPES,
    &idioms::RECIPES,
    &named::RECIPES,
    &byte_literals::RECIPES,
    &code_strings::RECIPES,
    &observed::RECIPES,
    &guarded::RECIPES,
    &code_objects::RECIPES,
    &shadowed::RECIPES,
    &exec_scopes::RECIPES,
    &strictness::RECIPES,
];

const COUNT: usize = {
    let (mut group, mut count) = (0, 0);
    while group < GROUPS.len() {
        count += GROUPS[group].len();
        group += 1;
    }
    count
};

static WORDS: LazyLock<Words> = LazyLock::new(|| Words::new(words::TABLE));

static RECIPES: [Recipe; COUNT] = {
    let mut all = [statements::RECIPES[0]; COUNT];
    let (mut group, mut at) = (0, 0);
    while group < GROUPS.len() {
        let mut rank = 0;
        while rank < GROUPS[group].len() {
            all[at] = GROUPS[group][rank];
            rank += 1;
            at += 1;
        }
        group += 1;
    }
    all
};

fn claims(path: &str, first_line: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    if packaging::kind_of(path).is_some() {
        return true;
    }
    match name.rsplit_once('.') {
        Some((_, extension)) => matches!(extension, "py" | "pyw"),
        None => first_line.starts_with("#!") && first_line.contains("python"),
    }
}

/// A file without a coding line that is no ASCII can only be Python 3's.
fn decode(bytes: &[u8]) -> Result<SourceText, SourceError> {
    match SourceText::decode(Dialect::Python2, bytes) {
        Err(error @ SourceError::UndeclaredNonAscii { .. }) => {
            SourceText::decode(Dialect::Python3, bytes).map_err(|_| error)
        }
        decoded => decoded,
    }
}

fn read(text: &str) -> Reading {
    let Ok(tree) = SyntaxTree::parse(Dialect::python2_of(text), text) else {
        return Reading::Neither(Rejection { offset: 0, excerpt: String::new() });
    };
    let Some(error) = tree.first_error() else {
        return match indentation::lost_dedent(&tree) {
            Some(offset) => Reading::Neither(Rejection::at(text, offset)),
            None => Reading::Source(tree),
        };
    };
    if accepts(text).is_ok() { Reading::Target } else { Reading::Neither(Rejection::of(&tree, error.id())) }
}

fn accepts(text: &str) -> Result<(), Rejection> {
    python3::first_error(text).map_or(Ok(()), |offset| Err(Rejection::at(text, offset)))
}

/// Both grammars, and nothing that only one of the languages knows.
fn accepts_dual(text: &str) -> Result<(), Rejection> {
    accepts(text)?;
    let Ok(tree) = SyntaxTree::parse(Dialect::python2_of(text), text) else {
        return Err(Rejection { offset: 0, excerpt: String::new() });
    };
    let wrong = tree.first_error().or_else(|| tree.nodes().find(|node| is_python3_only(*node)));
    wrong.map_or(Ok(()), |node| Err(Rejection::of(&tree, node.id())))
}

/// What the grammar for Python 2 takes but Python 2 does not.
fn is_python3_only(node: Node<'_>) -> bool {
    match node.kind() {
        "nonlocal_statement"
        | "type"
        | "typed_parameter"
        | "interpolation"
        | "await"
        | "named_expression"
        | "keyword_separator"
        | "positional_separator"
        | "match_statement" => true,
        "raise_statement" => node.child_of_kind("from").is_some(),
        "argument_list" => {
            let class = node.parent().is_some_and(|parent| parent.kind() == "class_definition");
            (class && node.named_children().any(|part| part.kind() == "keyword_argument")) || spreads_further(node)
        }
        "list_splat" | "dictionary_splat" => node.parent().is_some_and(|outer| outer.kind() != "argument_list"),
        _ => false,
    }
}

/// Whether an argument comes behind a star that Python 2 does not take there.
fn spreads_further(arguments: Node<'_>) -> bool {
    let mut stars = 0;
    arguments.named_children().any(|part| {
        let before = stars;
        stars = match part.kind() {
            "dictionary_splat" => 2,
            "list_splat" => before.max(1),
            _ => before,
        };
        before == 2 || (before == 1 && !matches!(part.kind(), "keyword_argument" | "dictionary_splat"))
    })
}
