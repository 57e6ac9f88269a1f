//! What an identifier does where it stands.

use std::sync::OnceLock;

use super::BindingKind;
use crate::dialect::Dialect;
use crate::tree::Node;

/// The kinds of nodes that decide about names. Comparing these is cheaper than comparing names of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Other,
    Identifier,
    Class,
    Function,
    Lambda,
    ListComprehension,
    Comprehension,
    Global,
    Nonlocal,
    WildcardImport,
    Exec,
    Attribute,
    KeywordArgument,
    NamedExpression,
    DottedName,
    AliasedImport,
    Import,
    Delete,
    /// What may stand around a target: tuples, lists and parentheses, as expressions or as patterns.
    Grouping,
    AsPattern,
    AsPatternTarget,
    ExceptClause,
    Parameters,
    DefaultParameter,
    TypedParameter,
    /// What has targets in its field `left`.
    Assigning,
    CasePattern,
    KeywordPattern,
    SplatPattern,
}

impl Kind {
    fn named(name: &str) -> Self {
        match name {
            "identifier" => Self::Identifier,
            "class_definition" => Self::Class,
            "function_definition" => Self::Function,
            "lambda" => Self::Lambda,
            "list_comprehension" => Self::ListComprehension,
            "generator_expression" | "set_comprehension" | "dictionary_comprehension" => Self::Comprehension,
            "global_statement" => Self::Global,
            "nonlocal_statement" => Self::Nonlocal,
            "wildcard_import" => Self::WildcardImport,
            "exec_statement" => Self::Exec,
            "attribute" => Self::Attribute,
            "keyword_argument" => Self::KeywordArgument,
            "named_expression" => Self::NamedExpression,
            "dotted_name" => Self::DottedName,
            "aliased_import" => Self::AliasedImport,
            "import_statement" | "import_from_statement" | "future_import_statement" => Self::Import,
            "delete_statement" => Self::Delete,
            "pattern_list"
            | "tuple_pattern"
            | "list_pattern"
            | "list_splat_pattern"
            | "dictionary_splat_pattern"
            | "list_splat"
            | "expression_list"
            | "tuple"
            | "list"
            | "parenthesized_expression" => Self::Grouping,
            "as_pattern" => Self::AsPattern,
            "as_pattern_target" => Self::AsPatternTarget,
            "except_clause" => Self::ExceptClause,
            "parameters" | "lambda_parameters" => Self::Parameters,
            "default_parameter" | "typed_default_parameter" => Self::DefaultParameter,
            "typed_parameter" => Self::TypedParameter,
            "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" => Self::Assigning,
            "case_pattern" => Self::CasePattern,
            "keyword_pattern" => Self::KeywordPattern,
            "splat_pattern" => Self::SplatPattern,
            _ => Self::Other,
        }
    }
}

/// The kinds of one dialect's grammar, by number.
pub(super) struct Kinds(Vec<Kind>);

impl Kinds {
    pub(super) fn of_dialect(dialect: Dialect) -> &'static Self {
        static TABLES: [OnceLock<Kinds>; Dialect::ALL.len()] = [const { OnceLock::new() }; Dialect::ALL.len()];
        TABLES[dialect as usize].get_or_init(|| {
            let grammar = dialect.grammar();
            Self((0u16..).take(grammar.kind_count()).map(|id| Kind::named(grammar.kind_name(id))).collect())
        })
    }

    pub(super) fn of(&self, node: Node<'_>) -> Kind {
        // The keyword `lambda` and its node share a name.
        let kind = self.0.get(usize::from(node.kind_id())).copied().unwrap_or(Kind::Other);
        if kind == Kind::Lambda && !node.is_named() { Kind::Other } else { kind }
    }
}

/// What an identifier does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It is no name of a scope.
    None,
    Refers,
    Binds(BindingKind),
}

impl Kinds {
    /// The role of an identifier.
    pub(super) fn role(&self, node: Node<'_>) -> Role {
        let Some(parent) = node.parent() else { return Role::None };
        match self.of(parent) {
            Kind::Attribute if node.field_name() == "attribute" => Role::None,
            Kind::KeywordArgument if node.field_name() == "name" => Role::None,
            Kind::KeywordPattern => Role::None,
            Kind::Function if node.field_name() == "name" => Role::Binds(BindingKind::Function),
            Kind::Class if node.field_name() == "name" => Role::Binds(BindingKind::Class),
            Kind::NamedExpression if node.field_name() == "name" => Role::Binds(BindingKind::Assignment),
            Kind::DottedName => self.dotted(node, parent),
            Kind::AliasedImport => Role::Binds(BindingKind::Import),
            Kind::SplatPattern => Role::Binds(BindingKind::Assignment),
            Kind::AsPattern if node.prev_sibling().is_some_and(|word| word.kind() == "as") => {
                Role::Binds(BindingKind::Assignment)
            }
            Kind::Grouping
            | Kind::Delete
            | Kind::AsPatternTarget
            | Kind::ExceptClause
            | Kind::Parameters
            | Kind::DefaultParameter
            | Kind::TypedParameter
            | Kind::Assigning => self.target(node),
            _ => Role::Refers,
        }
    }

    /// `import a.b` binds a, `from a import b` binds b, `case a` binds a; `case a.b` refers to a.
    fn dotted(&self, node: Node<'_>, dotted: Node<'_>) -> Role {
        let is_first = node.start() == dotted.start();
        let is_single = node.span() == dotted.span();
        match dotted.parent().map_or(Kind::Other, |outer| self.of(outer)) {
            Kind::Import if dotted.field_name() == "name" && is_first => Role::Binds(BindingKind::Import),
            Kind::CasePattern | Kind::KeywordPattern if is_single => Role::Binds(BindingKind::Assignment),
            Kind::Import | Kind::AliasedImport => Role::None,
            _ if dotted.parent().is_some_and(|outer| outer.kind() == "relative_import") || !is_first => Role::None,
            _ if is_single && is_sub_pattern(dotted) => Role::Binds(BindingKind::Assignment),
            _ => Role::Refers,
        }
    }

    /// Whether an identifier stands in a target of an assignment, a loop, a del and so on, or is a parameter.
    fn target(&self, node: Node<'_>) -> Role {
        let mut at = node;
        while let Some(parent) = at.parent() {
            let bound = match self.of(parent) {
                Kind::Grouping => {
                    at = parent;
                    continue;
                }
                Kind::Delete => Some(BindingKind::Deletion),
                Kind::AsPatternTarget => Some(self.alias_kind(parent)),
                Kind::ExceptClause if at.field_name() == "alias" => Some(BindingKind::Exception),
                Kind::Parameters => Some(BindingKind::Parameter),
                Kind::DefaultParameter if at.field_name() == "name" => Some(BindingKind::Parameter),
                Kind::TypedParameter if at.field_name() != "type" => Some(BindingKind::Parameter),
                Kind::Assigning if at.field_name() == "left" => Some(BindingKind::Assignment),
                _ => None,
            };
            return bound.map_or(Role::Refers, Role::Binds);
        }
        Role::Refers
    }

    fn alias_kind(&self, target: Node<'_>) -> BindingKind {
        match target.ancestors().nth(1).map(|outer| self.of(outer)) {
            Some(Kind::ExceptClause) => BindingKind::Exception,
            _ => BindingKind::Assignment,
        }
    }

    /// Whether a node lies within a scope's node but is evaluated in the scope around it.
    pub(super) fn is_evaluated_outside(&self, node: Node<'_>, dialect: Dialect) -> bool {
        let field = node.field_name();
        if field.is_empty() {
            return false;
        }
        let Some(parent) = node.parent() else { return false };
        match self.of(parent) {
            Kind::Class => field == "superclasses",
            Kind::Function => field == "return_type",
            Kind::DefaultParameter => matches!(field, "value" | "type"),
            Kind::TypedParameter => field == "type",
            Kind::Assigning if field == "right" && parent.kind() == "for_in_clause" => {
                self.is_first_clause(parent, dialect)
            }
            _ => false,
        }
    }

    fn is_first_clause(&self, clause: Node<'_>, dialect: Dialect) -> bool {
        let Some(comprehension) = clause.parent() else { return false };
        let has_scope = match self.of(comprehension) {
            Kind::ListComprehension => dialect == Dialect::Python3,
            _ => true,
        };
        has_scope && comprehension.child_of_kind("for_in_clause") == Some(clause)
    }
}

/// Whether a dotted name is a member of a larger pattern of a match statement.
fn is_sub_pattern(dotted: Node<'_>) -> bool {
    let patterns = ["union_pattern", "list_pattern", "tuple_pattern", "dict_pattern"];
    dotted.parent().is_some_and(|outer| patterns.contains(&outer.kind()))
}
