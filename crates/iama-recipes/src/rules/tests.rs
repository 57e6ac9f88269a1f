use crate::{Options, Outcome, PAIRS, Project, Rules, Strategy, migrate};

fn run(yaml: &str, text: &str) -> (String, Vec<String>) {
    let mut rules = Rules::default();
    rules.read("rules.yml", yaml, |_| false).unwrap();
    let options = Options { rules, ..Options::of(Strategy::Comprehensive) };
    let project = Project { certain: true, ..Project::default() };
    match migrate(PAIRS[0], "a.py", text, &project, &options) {
        Outcome::Migrated(done) => (
            done.text,
            done.notes
                .iter()
                .filter(|note| !note.why.is_empty())
                .map(|note| format!("{}: {}", note.recipe, note.why))
                .collect(),
        ),
        other => panic!("{other:?}"),
    }
}

fn error(yaml: &str) -> String {
    let error = Rules::default().read("rules.yml", yaml, |id| id == "taken").unwrap_err();
    let mut chain = vec![error.to_string()];
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        chain.push(cause.to_string());
        source = cause.source();
    }
    chain.join(": ")
}

#[test]
fn a_rule_with_a_fix_runs_in_the_rounds_of_the_recipes() {
    let yaml = "id: no-log\nlanguage: python\nrule:\n  pattern: log($A)\nfix: audit($A)\nseverity: warning\nmessage: log is gone\n";
    let (text, notes) = run(yaml, "print log(x)\nlog(`y`)\n");
    assert_eq!(text, "print(audit(x))\naudit(repr(y))\n");
    assert_eq!(notes, ["no-log: log is gone", "no-log: log is gone"]);
}

#[test]
fn a_rule_without_a_fix_only_says_where() {
    let yaml = "id: no-eval\nlanguage: Python\nrule:\n  pattern: eval($A)\nmessage: 'never eval $A'\n";
    assert_eq!(run(yaml, "eval(x)\n"), ("eval(x)\n".to_owned(), vec!["no-eval: never eval x".to_owned()]));
}

#[test]
fn what_is_wrong_with_a_rule_file_is_said() {
    assert!(error("id: a\nlanguage: cobol\nrule: {pattern: x}\n").contains("cobol"));
    assert!(error("id: a\nlanguage: python\nrule: {patern: x}\n").contains("rules.yml"));
    assert_eq!(error("language: python\nrule: {pattern: x}\n"), "rule 1 in rules.yml has no id");
    assert_eq!(
        error("id: taken\nlanguage: python\nrule: {pattern: x}\n"),
        "the id \"taken\" in rules.yml is taken by another rule or recipe"
    );
}
