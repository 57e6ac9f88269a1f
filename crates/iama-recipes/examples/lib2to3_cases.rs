//! Runs recorded before/after cases and says for each fixer how many of the changing ones give the same AST:
//! `lib2to3_cases CASES.json PYTHON PYTHON2 [FIXER]`. PYTHON is a Python 3 that compares, PYTHON2 says whether a case is
//! written in Python 2 at all; FIXER, or `all`, shows what is different.
//!
//! A case does not count when PYTHON2 refuses what stands before, when PYTHON refuses the recorded answer, or when a
//! witness, run by PYTHON, shows that the answer is wrong.
#![expect(clippy::panic, clippy::disallowed_methods, reason = "a tool for the workbench, which starts interpreters")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use iama_recipes::{Options, Outcome, PAIRS, Project, Strategy, migrate};
use serde_json::{Value, json};

/// Equal up to what no reader would call a difference: names that the rewrite had to make up, and how many modules one
/// import statement names.
const COMPARE: &str = r"
import ast, json, re, sys
class Plain(ast.NodeTransformer):
    def __init__(self, known):
        self.known, self.made = known, {}
    def name(self, name):
        return name if name in self.known else self.made.setdefault(name, 'made%d' % len(self.made))
    def visit_Name(self, node):
        node.id = self.name(node.id)
        return node
    def visit_arg(self, node):
        node.arg = self.name(node.arg)
        return node
    def visit_ExceptHandler(self, node):
        node.name = node.name and self.name(node.name)
        return self.generic_visit(node)
    def visit_Import(self, node):
        return [ast.Import(names=[name]) for name in node.names]
    def visit_ImportFrom(self, node):
        return None if node.module == '__future__' else node
def dump(text, known):
    try:
        return ast.dump(Plain(known).visit(ast.parse(text)))
    except (SyntaxError, ValueError) as problem:
        return repr(problem)
def names(text):
    return set(re.findall(r'\w+', text))
for line in sys.stdin:
    case = json.loads(line)
    ok = False
    for text in case['results']:
        for wanted in case['wanted']:
            known = names(case['before']) | (names(text) & names(wanted))
            ok = ok or dump(text, known) == dump(wanted, known)
    if not ok and all(dump(wanted, set()).startswith('SyntaxError') for wanted in case['wanted']):
        print('refused')
    elif not ok and case['witness']:
        exec(case['witness'], {})
        print('witness')
    else:
        print(int(ok))
";

const IS_PYTHON2: &str = "
import json, sys
for line in sys.stdin:
    try:
        compile(json.loads(line)['before'].encode('utf-8'), 'case', 'exec')
        print(1)
    except SyntaxError:
        print(0)
";

/// Recorded answers that are wrong: the fixer, what the case contains, and a program that shows it.
const WRONG: &[(&str, &str, &str)] = &[(
    "execfile",
    "=",
    "
try:
    exec('1', globals={})
except TypeError:
    pass
else:
    raise SystemExit('exec takes its namespaces by name')
",
)];

/// One line of output for each line of input.
fn ask(python: &str, program: &str, lines: &str) -> Vec<String> {
    let mut command = Command::new(python);
    let child = command.args(["-W", "ignore", "-c", program]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{python}: {error}"));
    let (mut stdin, lines) = (child.stdin.take(), lines.to_owned());
    let writer = std::thread::spawn(move || stdin.as_mut().map(|stdin| stdin.write_all(lines.as_bytes())));
    let output = child.wait_with_output().unwrap_or_else(|error| panic!("{error}"));
    drop(writer.join());
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

fn witness(case: &Value) -> &'static str {
    let fits =
        |(fixer, part, _): &&(&str, &str, &str)| *fixer == text(case, "fixer") && text(case, "before").contains(part);
    WRONG.iter().find(fits).map_or("", |(_, _, program)| program)
}

/// Fixers that 2to3 runs only when they are asked for.
const OPTIONAL: &[&str] = &["buffer", "idioms", "set_literal", "ws_comma"];

fn text<'v>(case: &'v Value, key: &str) -> &'v str {
    case[key].as_str().unwrap_or("")
}

fn run(before: &str, project: &Project, select: Vec<String>) -> Option<(String, BTreeSet<&'static str>)> {
    let options = Options { select, ..Options::of(Strategy::Comprehensive) };
    match migrate(PAIRS[0], "package/module.py", before, project, &options) {
        Outcome::Migrated(done) => {
            let touched = done.changes.iter().flat_map(|change| change.recipes.iter().copied()).collect();
            Some((done.text, touched))
        }
        Outcome::AlreadyTarget => Some((before.to_owned(), BTreeSet::new())),
        _ => None,
    }
}

/// The neighbours that a relative import in the expected text asks for.
fn project(after: &str) -> Project {
    let mut project = Project { certain: true, ..Project::default() };
    for line in after.lines() {
        let Some((_, rest)) = line.split_once("from .") else { continue };
        let Some((module, names)) = rest.split_once("import") else { continue };
        project.files.insert("package/__init__.py".into());
        let module = module.trim().replace('.', "/");
        let names = names.split(',').map(|name| name.trim().split(' ').next().unwrap_or("").to_owned());
        let files: Vec<String> = if module.is_empty() { names.collect() } else { vec![module] };
        let first = |name: &String| name.split(['/', '.']).next().unwrap_or("").to_owned();
        project.files.extend(files.iter().map(|name| format!("package/{}/__init__.py", first(name))));
    }
    project
}

fn results(case: &Value) -> Vec<String> {
    let (before, project) = (text(case, "before"), project(text(case, "after")));
    let Some((all, touched)) = run(before, &project, Vec::new()) else { return Vec::new() };
    // A fixer works alone, and so may the recipes that answer to it.
    let alone = touched.iter().filter_map(|id| run(before, &project, vec![(*id).to_owned()]));
    std::iter::once(all).chain(alone.map(|(text, _)| text)).collect()
}

/// What is expected; a fixer works alone and leaves Python 2's other forms, which are rewritten here as well.
fn wanted(case: &Value) -> Vec<String> {
    let after = text(case, "after");
    let rewritten = run(after, &Project::default(), ["print-statement", "next-method"].map(str::to_owned).to_vec());
    std::iter::once(after.to_owned()).chain(rewritten.map(|(text, _)| text)).collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let cases = std::fs::read_to_string(&arguments[0]).unwrap_or_default();
    let cases: Vec<Value> = serde_json::from_str(&cases).unwrap_or_default();
    let default = |case: &&Value| text(case, "kind") == "check" && !OPTIONAL.contains(&text(case, "fixer"));
    let cases: Vec<&Value> = cases.iter().filter(default).collect();
    let lines = cases.iter().map(|case| {
        json!({ "before": case["before"], "witness": witness(case), "wanted": wanted(case), "results": results(case) })
            .to_string()
            + "\n"
    });
    let lines: String = lines.collect();
    let verdicts = ask(&arguments[1], COMPARE, &lines);
    let valid = ask(&arguments[2], IS_PYTHON2, &lines);
    let mut counts: BTreeMap<&str, (u32, u32, u32)> = BTreeMap::new();
    for ((case, verdict), valid) in cases.iter().zip(&verdicts).zip(&valid) {
        let count = counts.entry(text(case, "fixer")).or_default();
        if verdict != "1" && (valid == "0" || verdict != "0") {
            count.2 += 1;
            continue;
        }
        count.0 += u32::from(verdict == "1");
        count.1 += 1;
        if verdict != "1" && arguments.get(3).is_some_and(|wanted| wanted == text(case, "fixer") || wanted == "all") {
            let ours = results(case).into_iter().next().unwrap_or_else(|| "nothing".to_owned());
            println!(
                "--- {} {}\n{}=== wanted\n{}=== ours\n{ours}",
                text(case, "fixer"),
                text(case, "test"),
                text(case, "before"),
                text(case, "after")
            );
        }
    }
    for (fixer, (equal, all, wrong)) in &counts {
        let mark = if equal * 10 >= all * 9 { "" } else { "  below 90 %" };
        println!("{fixer:20} {equal:4} of {all:4}, {wrong} left out{mark}");
    }
}
