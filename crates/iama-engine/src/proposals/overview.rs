//! What a model makes of the code before anything is proposed: what it is for, what leans on it, where work in it begins, and where it
//! is fragile. These are words with a model's name on them, and no figure rests on them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use iama_model::Stage;
use iama_model::templates::Filling;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::reach_of::Graph;
use crate::asked::{self, Ask, Parts};
use crate::problem::Problem;
use crate::spec::check::one_line;

/// The file that holds it.
pub(crate) const OVERVIEW: &str = "analysis.json";

/// The most rows of a list.
const ROWS: usize = 12;

/// Files that are named of those which import one.
const NAMED: usize = 5;

/// What a model makes of the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Overview {
    /// What it is for, for everybody.
    pub simple: String,
    /// The same for those who read code.
    pub professional: String,
    /// What leans on it.
    pub depends: String,
    /// Where work in it begins.
    pub entry_points: Vec<EntryPoint>,
    /// Where it is fragile.
    pub risky: Vec<RiskyFile>,
}

/// Where work begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryPoint {
    /// The file.
    pub file: String,
    /// The name there.
    pub name: String,
    /// What begins there.
    pub text: String,
}

/// A file in which a migration could go wrong unnoticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskyFile {
    /// The file.
    pub file: String,
    /// Why.
    pub text: String,
}

fn schema() -> Value {
    let text = || json!({"type": "string"});
    let entry = asked::object(&[("file", text()), ("name", text()), ("text", text())]);
    let risky = asked::object(&[("file", text()), ("text", text())]);
    asked::object(&[
        ("simple", text()),
        ("professional", text()),
        ("depends", text()),
        ("entry_points", json!({"type": "array", "items": entry})),
        ("risky", json!({"type": "array", "items": risky})),
    ])
}

/// Asks what the shown files are for. What is said of files that were not shown is left out.
pub(crate) fn overview(
    graph: &Graph,
    source: &str,
    files: &BTreeSet<String>,
    filling: &Filling<'_>,
    ask: &mut Ask<'_>,
) -> Result<Overview, Problem> {
    let task = format!("{}{source}", imports(graph, files));
    let parts = Parts { interfaces: "", spec: "", task: &task };
    let question = asked::question(Stage::Analysis, filling, parts, schema())?;
    let said: Overview = asked::answer(ask(&question)?)?;
    let is_shown = |file: &str, text: &str| files.contains(file) && !one_line(text).is_empty();
    let entry = |row: EntryPoint| EntryPoint { name: one_line(&row.name), text: one_line(&row.text), ..row };
    let risky = |row: RiskyFile| RiskyFile { text: one_line(&row.text), ..row };
    let entry_points = said.entry_points.into_iter().filter(|row| is_shown(&row.file, &row.text));
    let fragile = said.risky.into_iter().filter(|row| is_shown(&row.file, &row.text));
    Ok(Overview {
        simple: one_line(&said.simple),
        professional: one_line(&said.professional),
        depends: one_line(&said.depends),
        entry_points: entry_points.take(ROWS).map(entry).collect(),
        risky: fragile.take(ROWS).map(risky).collect(),
    })
}

/// Who imports the shown files, as it is written in the code.
fn imports(graph: &Graph, files: &BTreeSet<String>) -> String {
    let mut text = String::new();
    for file in files {
        let importers: Vec<&str> = graph.importers_of(file).collect();
        let named = importers.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = importers.len().saturating_sub(NAMED);
        let _ = match (importers.is_empty(), more) {
            (true, _) => writeln!(text, "{file}: imported by no file"),
            (_, 0) => writeln!(text, "{file}: imported by {named}"),
            _ => writeln!(text, "{file}: imported by {named} and {more} more"),
        };
    }
    format!("# Who imports what\n\n{}\n", asked::data("imports", &text))
}

/// An overview for another question to a model.
pub(super) fn told(overview: &Overview) -> String {
    let mut text = format!("{}\n{}\n", overview.professional, overview.depends);
    for EntryPoint { file, name, text: why } in &overview.entry_points {
        let _ = writeln!(text, "begins: {file} {name}: {why}");
    }
    for RiskyFile { file, text: why } in &overview.risky {
        let _ = writeln!(text, "fragile: {file}: {why}");
    }
    format!("# What was seen of the code before\n\n{}\n", asked::data("overview", &text))
}

/// The files that tell most of what code is for: those that most others lean on, and those that lean on others and on which no
/// code leans. `is_code` says which files count at all.
pub(crate) fn most_telling<'a>(
    graph: &Graph,
    files: impl Iterator<Item = &'a String>,
    is_code: impl Fn(&str) -> bool,
    most: usize,
) -> Vec<String> {
    let code: Vec<&String> = files.filter(|path| is_code(path)).collect();
    let leaning = |path: &str| graph.importers_of(path).filter(|other| is_code(other)).count();
    let mut leaned: Vec<(usize, &String)> = code.iter().map(|path| (leaning(path), *path)).collect();
    leaned.sort_by_key(|(count, path)| (std::cmp::Reverse(*count), *path));
    let mut begins: Vec<(usize, &String)> = leaned
        .iter()
        .filter(|(count, _)| *count == 0)
        .map(|(_, path)| (graph.imports_of(path), *path))
        .filter(|(count, _)| *count > 0)
        .collect();
    begins.sort_by_key(|(count, path)| (std::cmp::Reverse(*count), *path));
    let first = leaned.iter().filter(|(count, _)| *count > 0).take(most / 2);
    let mut chosen: Vec<String> = Vec::new();
    for (_, path) in first.chain(&begins).chain(&leaned) {
        if chosen.len() < most && !chosen.contains(path) {
            chosen.push((*path).clone());
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::WorkspaceRecord;

    #[test]
    fn shown_are_files_that_others_lean_on_and_files_where_work_begins() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            ("core.py", "def run():\n    pass\n"),
            ("notes.py", "TEXT = 1\n"),
            ("start.py", "import core\nimport tool\n"),
            ("test_core.py", "import core\nimport notes\n"),
            ("tool.py", "import core\n"),
        ];
        for (path, text) in files {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        let paths: std::collections::BTreeMap<String, String> =
            files.iter().map(|(path, _)| ((*path).to_owned(), String::new())).collect();
        let workspace = WorkspaceRecord { files: paths, excluded: Vec::new(), dirty: false };
        let graph = Graph::read(folder.path(), &workspace);
        let chosen = |most| most_telling(&graph, workspace.files.keys(), |path| !path.starts_with("test_"), most);
        assert_eq!(chosen(2), ["core.py", "start.py"]);
        assert_eq!(chosen(9), ["core.py", "tool.py", "start.py", "notes.py"]);
        assert!(imports(&graph, &BTreeSet::from(["core.py".to_owned()])).contains("start.py, test_core.py, tool.py"));
    }
}
