//! The grammar of Python 2, as edits to that of tree-sitter-python.

use serde_json::{Map, Value};

use super::Failure;
use super::dsl::{
    alias, choice, comma_separated, comma_terminated, field, optional, pattern, prec, prec_dynamic, prec_left,
    prec_right, repeat, repeat1, seq, sym, text, token,
};

/// What the word `print` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Print {
    /// A keyword that begins a statement.
    Statement,
    /// A name like any other, as after `from __future__ import print_function`.
    Name,
}

/// The precedence that tree-sitter-python gives to calls and attribute access.
const CALL: i32 = 22;

/// The grammar `name` as JSON text, derived from that of tree-sitter-python.
pub(crate) fn derive(base: &str, name: &str, print: Print) -> Result<String, Failure> {
    let mut grammar: Map<String, Value> = serde_json::from_str(base)?;
    grammar.insert("name".into(), name.into());
    grammar.insert("reserved".into(), reserved_words(print));
    let extras = [sym("comment"), pattern(r"[ \t\f\r\n\uFEFF]"), sym("line_continuation")];
    grammar.insert("extras".into(), extras.into_iter().collect());
    let rules = grammar.get_mut("rules").and_then(Value::as_object_mut).ok_or("the grammar has no rules")?;
    Edits { rules }.all(print)?;
    drop_mentions_of_removed_rules(&mut grammar)?;
    Ok(serde_json::to_string(&grammar)?)
}

fn reserved_words(print: Print) -> Value {
    let words = [
        "and", "as", "assert", "break", "class", "continue", "def", "del", "elif", "else", "except", "exec", "finally",
        "for", "from", "global", "if", "import", "in", "is", "lambda", "not", "or", "pass", "raise", "return", "try",
        "while", "with", "yield",
    ];
    let print = (print == Print::Statement).then_some("print");
    let words: Vec<Value> = words.into_iter().chain(print).map(text).collect();
    serde_json::json!({ "global": words })
}

/// Conflicts, supertypes and inlined rules may only name rules that are left.
fn drop_mentions_of_removed_rules(grammar: &mut Map<String, Value>) -> Result<(), Failure> {
    let rules = grammar.get("rules").and_then(Value::as_object).ok_or("the grammar has no rules")?.clone();
    let known = |name: &Value| name.as_str().is_some_and(|name| rules.contains_key(name));
    for list in ["inline", "supertypes"] {
        array(grammar, list)?.retain(|name| known(name));
    }
    let conflicts = array(grammar, "conflicts")?;
    conflicts.retain(|conflict| conflict.as_array().is_some_and(|names| names.iter().all(known)));
    Ok(())
}

fn array<'a>(grammar: &'a mut Map<String, Value>, name: &str) -> Result<&'a mut Vec<Value>, Failure> {
    grammar.get_mut(name).and_then(Value::as_array_mut).ok_or_else(|| format!("the grammar has no {name}").into())
}

struct Edits<'a> {
    rules: &'a mut Map<String, Value>,
}

impl Edits<'_> {
    fn all(&mut self, print: Print) -> Result<(), Failure> {
        self.remove_what_python2_lacks()?;
        self.statements(print)?;
        self.clauses()?;
        self.definitions()?;
        self.expressions()?;
        self.tokens()
    }

    /// Replaces a rule that must exist.
    fn replace(&mut self, name: &str, rule: Value) -> Result<(), Failure> {
        *self.rules.get_mut(name).ok_or_else(|| format!("the grammar has no rule {name}"))? = rule;
        Ok(())
    }

    /// Adds a rule that must not exist.
    fn add(&mut self, name: &str, rule: Value) -> Result<(), Failure> {
        match self.rules.insert(name.to_owned(), rule) {
            None => Ok(()),
            Some(_) => Err(format!("the grammar already has a rule {name}").into()),
        }
    }

    /// Takes one alternative, given by the rule or alias that it names, out of a choice.
    fn forbid(&mut self, rule: &str, alternative: &str) -> Result<(), Failure> {
        let members = self.rules.get_mut(rule).and_then(|rule| rule["members"].as_array_mut());
        let members = members.ok_or_else(|| format!("the rule {rule} is no choice"))?;
        let before = members.len();
        members.retain(|member| member["name"] != alternative && member["value"] != alternative);
        if members.len() + 1 == before { Ok(()) } else { Err(format!("{rule} has no one {alternative}").into()) }
    }

    fn allow(&mut self, rule: &str, alternative: Value) -> Result<(), Failure> {
        let members = self.rules.get_mut(rule).and_then(|rule| rule["members"].as_array_mut());
        members.ok_or_else(|| format!("the rule {rule} is no choice"))?.push(alternative);
        Ok(())
    }

    fn remove_what_python2_lacks(&mut self) -> Result<(), Failure> {
        let alternatives = [
            ("_simple_statement", "nonlocal_statement"),
            ("_simple_statement", "type_alias_statement"),
            ("_compound_statement", "match_statement"),
            ("expression", "named_expression"),
            ("expression", "as_pattern"),
            ("primary_expression", "await"),
            ("primary_expression", "keyword_identifier"),
            ("primary_expression", "true"),
            ("primary_expression", "false"),
            ("primary_expression", "ellipsis"),
            ("primary_expression", "list_splat"),
            ("pattern", "keyword_identifier"),
            ("pattern", "list_splat_pattern"),
            ("parameter", "typed_parameter"),
            ("parameter", "typed_default_parameter"),
            ("parameter", "keyword_separator"),
            ("parameter", "positional_separator"),
        ];
        alternatives.into_iter().try_for_each(|(rule, alternative)| self.forbid(rule, alternative))?;
        REMOVED_RULES.iter().try_for_each(|name| match self.rules.shift_remove(*name) {
            Some(_) => Ok(()),
            None => Err(format!("the grammar has no rule {name} to remove").into()),
        })
    }

    fn statements(&mut self, print: Print) -> Result<(), Failure> {
        let argument = || field("argument", sym("expression"));
        let more_arguments = seq([repeat1(seq([text(","), argument()])), optional(text(","))]);
        let arguments = choice([seq([sym("chevron"), optional(more_arguments)]), comma_terminated(argument())]);
        match print {
            Print::Statement => self.replace("print_statement", seq([text("print"), optional(arguments)]))?,
            Print::Name => {
                self.forbid("_simple_statement", "print_statement")?;
                self.rules.shift_remove("print_statement");
                self.rules.shift_remove("chevron");
            }
        }
        let locals = seq([text(","), field("locals", sym("expression"))]);
        let scope = seq([text("in"), field("globals", sym("expression")), optional(locals)]);
        self.replace("exec_statement", seq([text("exec"), field("code", sym("primary_expression")), optional(scope)]))?;
        self.replace("raise_statement", seq([text("raise"), optional(sym("_expressions"))]))?;
        self.replace("yield", prec_right(seq([text("yield"), optional(sym("_expressions"))])))?;
        let value = seq([text("="), field("right", sym("_right_hand_side"))]);
        self.replace("assignment", seq([field("left", sym("_left_hand_side")), value]))?;
        let values = ["expression", "expression_list", "assignment", "yield"];
        self.replace("_right_hand_side", choice(values.map(sym)))?;
        // Between the targets of an assignment a line end is no token, so that `a = b,` and an assignment in the next line
        // could be read as one chained assignment.
        let targets = self.rules.get("pattern_list").cloned().ok_or("the grammar has no rule pattern_list")?;
        self.replace("pattern_list", prec_dynamic(-1, targets))?;
        let operators = ["+=", "-=", "*=", "/=", "//=", "%=", "**=", ">>=", "<<=", "&=", "^=", "|="];
        let value = choice(["expression", "expression_list", "yield"].map(sym));
        self.replace(
            "augmented_assignment",
            seq([
                field("left", sym("_left_hand_side")),
                field("operator", choice(operators.map(text))),
                field("right", value),
            ]),
        )
    }

    fn clauses(&mut self) -> Result<(), Failure> {
        let body = || field("body", sym("_suite"));
        self.replace(
            "for_statement",
            seq([
                text("for"),
                field("left", sym("_left_hand_side")),
                text("in"),
                field("right", sym("_expressions")),
                text(":"),
                body(),
                field("alternative", optional(sym("else_clause"))),
            ]),
        )?;
        let alias_after_comma = seq([field("value", sym("expression")), text(","), field("alias", sym("expression"))]);
        let caught = field("value", choice([sym("expression"), sym("as_pattern")]));
        let caught = optional(choice([caught, alias_after_comma]));
        self.replace("except_clause", seq([text("except"), caught, text(":"), sym("_suite")]))?;
        self.replace("with_statement", seq([text("with"), sym("with_clause"), text(":"), body()]))?;
        self.replace("with_clause", comma_separated(sym("with_item")))?;
        self.replace("with_item", field("value", choice([sym("expression"), sym("as_pattern")])))?;
        let sources = comma_separated(sym("_expression_within_for_in_clause"));
        let for_in_clause = seq([
            text("for"),
            field("left", sym("_left_hand_side")),
            text("in"),
            field("right", sources),
            optional(text(",")),
        ]);
        self.replace("for_in_clause", prec_left(for_in_clause))
    }

    fn definitions(&mut self) -> Result<(), Failure> {
        let body = || field("body", sym("_suite"));
        self.replace(
            "function_definition",
            seq([
                text("def"),
                field("name", sym("identifier")),
                field("parameters", sym("parameters")),
                text(":"),
                body(),
            ]),
        )?;
        self.replace("list_splat_pattern", seq([text("*"), sym("identifier")]))?;
        self.replace("dictionary_splat_pattern", seq([text("**"), sym("identifier")]))?;
        let bases = seq([text("("), optional(comma_terminated(sym("expression"))), text(")")]);
        self.add("_base_list", bases)?;
        let bases = field("superclasses", optional(alias(sym("_base_list"), "argument_list")));
        self.replace(
            "class_definition",
            seq([text("class"), field("name", sym("identifier")), bases, text(":"), body()]),
        )?;
        let name = || choice([sym("identifier"), alias(sym("_decorator_attribute"), "attribute")]);
        let attribute = seq([field("object", name()), text("."), field("attribute", sym("identifier"))]);
        self.add("_decorator_attribute", prec(CALL, attribute))?;
        let arguments = field("arguments", choice([sym("generator_expression"), sym("argument_list")]));
        self.add("_decorator_call", seq([field("function", name()), arguments]))?;
        let decorator = choice([name(), alias(sym("_decorator_call"), "call")]);
        self.replace("decorator", seq([text("@"), decorator, sym("_newline")]))
    }

    fn expressions(&mut self) -> Result<(), Failure> {
        self.allow("primary_expression", sym("repr_expression"))?;
        self.add("repr_expression", seq([text("`"), field("argument", sym("_expressions")), text("`")]))?;
        let arguments = choice(["expression", "list_splat", "dictionary_splat", "keyword_argument"].map(sym));
        self.replace("argument_list", seq([text("("), optional(comma_terminated(arguments)), text(")")]))?;
        let keyword = seq([field("name", sym("identifier")), text("="), field("value", sym("expression"))]);
        self.replace("keyword_argument", keyword)?;
        self.replace("_collection_elements", comma_terminated(sym("expression")))?;
        self.replace("dictionary", seq([text("{"), optional(comma_terminated(sym("pair"))), text("}")]))?;
        let subscript = field("subscript", choice(["expression", "slice", "ellipsis"].map(sym)));
        let subscript =
            seq([field("value", sym("primary_expression")), text("["), comma_terminated(subscript), text("]")]);
        self.replace("subscript", prec(CALL, subscript))?;
        self.replace("ellipsis", choice([text("..."), seq([text("."), text("."), text(".")])]))?;
        self.binary_operators()
    }

    /// Without `@`, and with `&` binding more tightly than `^`: tree-sitter-python has it the other way round.
    fn binary_operators(&mut self) -> Result<(), Failure> {
        let operators = self.rules.get_mut("binary_operator").and_then(|rule| rule["members"].as_array_mut());
        let operators = operators.ok_or("binary_operator is no choice")?;
        let sign = |rule: &Value| rule["content"]["members"][1]["content"]["value"].clone();
        operators.retain(|operator| sign(operator) != "@");
        let mut swapped: Vec<_> = operators.iter_mut().filter(|rule| sign(rule) == "&" || sign(rule) == "^").collect();
        let [and, xor] = swapped.as_mut_slice() else { return Err("there is no one `&` and one `^`".into()) };
        std::mem::swap(&mut and["value"], &mut xor["value"]);
        Ok(())
    }

    fn tokens(&mut self) -> Result<(), Failure> {
        self.replace("string", seq([sym("string_start"), repeat(sym("string_content")), sym("string_end")]))?;
        let parts = ["escape_sequence", "_not_escape_sequence", "_string_content"].map(sym);
        self.replace("string_content", prec_right(repeat1(choice(parts))))?;
        self.replace("identifier", pattern("[_A-Za-z][_A-Za-z0-9]*"))?;
        let integer = ["0[xX][0-9A-Fa-f]+[lL]?", "0[oO][0-7]+[lL]?", "0[bB][01]+[lL]?", "[0-9]+[lLjJ]?"];
        self.replace("integer", token(choice(integer.map(pattern))))?;
        let float = [r"([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[jJ]?", "[0-9]+[eE][+-]?[0-9]+[jJ]?"];
        self.replace("float", token(choice(float.map(pattern))))
    }
}

/// Rules for syntax that Python 2 does not have.
const REMOVED_RULES: [&str; 39] = [
    "_as_pattern",
    "_f_expression",
    "_key_value_pattern",
    "_list_pattern",
    "_match_block",
    "_named_expression_lhs",
    "_simple_pattern",
    "_tuple_pattern",
    "await",
    "case_clause",
    "case_pattern",
    "class_pattern",
    "complex_pattern",
    "constrained_type",
    "dict_pattern",
    "false",
    "format_specifier",
    "generic_type",
    "interpolation",
    "keyword_identifier",
    "keyword_pattern",
    "keyword_separator",
    "match_statement",
    "member_type",
    "named_expression",
    "nonlocal_statement",
    "parenthesized_list_splat",
    "positional_separator",
    "splat_pattern",
    "splat_type",
    "true",
    "type",
    "type_alias_statement",
    "type_conversion",
    "type_parameter",
    "typed_default_parameter",
    "typed_parameter",
    "union_pattern",
    "union_type",
];
