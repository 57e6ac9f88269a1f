//! Rules of the user's own, written in ast-grep's YAML, run beside the recipes in the same rounds.

use std::fmt;
use std::sync::Arc;

use ast_grep_config::{GlobalRules, RuleConfig, RuleConfigError, Severity, from_yaml_string};
use ast_grep_core::Language;
use ast_grep_core::matcher::{Pattern, PatternBuilder, PatternError};
use ast_grep_core::tree_sitter::{LanguageExt, StrDoc, TSLanguage};
use iama_syntax::{Dialect, Span, SyntaxTree};
use serde::Deserialize;

use crate::edit::Edit;
use crate::recipe::{Class, Finding};

/// Why rules could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The YAML, a pattern or a fix is wrong.
    #[error("the rules in {file} cannot be read")]
    Invalid {
        /// What the caller called the text.
        file: String,
        /// What is wrong.
        #[source]
        cause: Box<RuleConfigError>,
    },
    /// A rule has no id to be named by.
    #[error("rule {rank} in {file} has no id")]
    NoId {
        /// What the caller called the text.
        file: String,
        /// Its place in the file, from 1.
        rank: usize,
    },
    /// An id is taken.
    #[error("the id {id:?} in {file} is taken by another rule or recipe")]
    Taken {
        /// What the caller called the text.
        file: String,
        /// The id.
        id: String,
    },
}

/// Rules by their ids, cheap to clone.
#[derive(Clone, Default)]
pub struct Rules {
    all: Vec<Arc<Rule>>,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all.iter().map(|rule| rule.id)).finish()
    }
}

impl Rules {
    /// Adds the rules of one YAML text. `file` names it in errors. Ids must differ from each other and from `taken`.
    pub fn read(&mut self, file: &str, yaml: &str, taken: impl Fn(&str) -> bool) -> Result<(), RulesError> {
        let invalid = |cause| RulesError::Invalid { file: file.to_owned(), cause: Box::new(cause) };
        let globals = GlobalRules::default();
        let statement = from_yaml_string::<Lang<STATEMENT>>(yaml, &globals).map_err(invalid)?;
        let function = from_yaml_string::<Lang<FUNCTION>>(yaml, &globals).map_err(invalid)?;
        for (rank, (statement, function)) in statement.into_iter().zip(function).enumerate() {
            if statement.id.is_empty() {
                return Err(RulesError::NoId { file: file.to_owned(), rank: rank + 1 });
            }
            if taken(&statement.id) || self.all.iter().any(|rule| rule.id == statement.id) {
                return Err(RulesError::Taken { file: file.to_owned(), id: statement.id.clone() });
            }
            // Rules are read once for each process, and their ids live as long as the recipes' do.
            let id = Box::leak(statement.id.clone().into_boxed_str());
            self.all.push(Arc::new(Rule { id, statement, function }));
        }
        Ok(())
    }

    /// The ids, in the order in which they were read.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.all.iter().map(|rule| rule.id)
    }

    pub(crate) fn chosen(&self, select: &[String], ignore: &[String]) -> Vec<&Rule> {
        let named = |list: &[String], rule: &Rule| list.iter().any(|id| id == rule.id);
        let rules = self.all.iter().map(Arc::as_ref);
        rules.filter(|rule| (select.is_empty() || named(select, rule)) && !named(ignore, rule)).collect()
    }
}

/// One rule, ready for each dialect that it may meet.
pub(crate) struct Rule {
    pub(crate) id: &'static str,
    statement: RuleConfig<Lang<STATEMENT>>,
    function: RuleConfig<Lang<FUNCTION>>,
}

impl Rule {
    /// What the rule finds in a tree.
    pub(crate) fn findings(&self, tree: &SyntaxTree) -> Vec<Finding> {
        match tree.dialect() {
            Dialect::Python2 => findings(&self.statement, tree.text()),
            dialect if dialect.is_python() => findings(&self.function, tree.text()),
            _ => Vec::new(),
        }
    }
}

fn findings<const DIALECT: u8>(rule: &RuleConfig<Lang<DIALECT>>, text: &str) -> Vec<Finding> {
    if matches!(rule.severity, Severity::Off) {
        return Vec::new();
    }
    let document = Lang::<DIALECT>.ast_grep(text);
    let matches = document.root();
    let matches = matches.find_all(&rule.matcher);
    matches
        .map(|found| {
            let range = found.range();
            let edits = rule.fixer.first().map(|fixer| {
                let edit = found.make_edit(&rule.matcher, fixer);
                let text = String::from_utf8_lossy(&edit.inserted_text).into_owned();
                Edit::replace(span(edit.position..edit.position + edit.deleted_length), text)
            });
            let class = match (&edits, &rule.severity) {
                (None, _) => Class::Refused,
                (Some(_), Severity::Warning | Severity::Error) => Class::Check,
                (Some(_), _) => Class::Safe,
            };
            let why = rule.get_message(&found);
            let edits = edits.into_iter().collect();
            Finding {
                class,
                span: span(range),
                why,
                edits,
                imports: Vec::new(),
                files: Vec::new(),
                moves: None,
                group: None,
            }
        })
        .collect()
}

#[expect(clippy::cast_possible_truncation, reason = "the syntax tree refuses texts above 4 GiB")]
fn span(range: std::ops::Range<usize>) -> Span {
    Span::new(range.start as u32, range.end as u32)
}

const STATEMENT: u8 = 0;
const FUNCTION: u8 = 1;

/// A dialect as ast-grep wants it. Kinds are numbers in a compiled rule, so that each grammar needs a type of its own.
#[derive(Debug, Clone, Copy)]
struct Lang<const DIALECT: u8>;

impl<const DIALECT: u8> Lang<DIALECT> {
    const DIALECT: Dialect = if DIALECT == STATEMENT { Dialect::Python2 } else { Dialect::Python2PrintFunction };
}

impl<'de, const DIALECT: u8> Deserialize<'de> for Lang<DIALECT> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if matches!(name.to_ascii_lowercase().as_str(), "python" | "py") {
            Ok(Self)
        } else {
            Err(serde::de::Error::custom(format!("the language {name:?} is not known here; it must be python")))
        }
    }
}

impl<const DIALECT: u8> Language for Lang<DIALECT> {
    /// A dollar is no part of a Python name, and Python 2's names are ASCII: hence a letter that begins few names of
    /// capitals only.
    fn expando_char(&self) -> char {
        'Q'
    }

    fn pre_process_pattern<'q>(&self, query: &'q str) -> std::borrow::Cow<'q, str> {
        if query.contains('$') { query.replace('$', "Q").into() } else { query.into() }
    }

    fn kind_to_id(&self, kind: &str) -> u16 {
        Self::DIALECT.grammar().kind_ids(kind).first().copied().unwrap_or(0)
    }

    fn field_to_id(&self, field: &str) -> Option<u16> {
        Self::DIALECT.grammar().language().field_id_for_name(field).map(std::num::NonZero::get)
    }

    fn build_pattern(&self, builder: &PatternBuilder<'_>) -> Result<Pattern, PatternError> {
        builder.build(|source| StrDoc::try_new(source, *self))
    }
}

impl<const DIALECT: u8> LanguageExt for Lang<DIALECT> {
    fn get_ts_language(&self) -> TSLanguage {
        Self::DIALECT.grammar().language().clone()
    }
}

#[cfg(test)]
mod tests;
