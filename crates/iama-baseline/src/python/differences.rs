//! Old against new: recorded calls and variations of them run in both interpreters, and what they do is compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::recording::{CHOICE, STEP, read, write_programs};
use super::steps::Bench;

/// What a call did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// `result`, `raise`, `timeout`, `crash` or `unbuilt`.
    pub kind: String,
    /// The result as an expression.
    #[serde(default)]
    pub value: Option<String>,
    /// The class of an exception.
    #[serde(default, rename = "type")]
    pub class: Option<String>,
    /// The message of an exception of the project's own, or why a call could not be made.
    #[serde(default)]
    pub message: Option<String>,
    /// The message of any exception.
    #[serde(default)]
    pub said: Option<String>,
    /// Arguments that it changed, as expressions.
    #[serde(default)]
    pub changed: BTreeMap<String, String>,
    /// What it printed.
    #[serde(default)]
    pub stdout: Option<String>,
    /// What it complained of.
    #[serde(default)]
    pub stderr: Option<String>,
}

impl Outcome {
    /// In one line.
    pub fn sentence(&self) -> String {
        let mut text = match self.kind.as_str() {
            "result" => self.value.clone().unwrap_or_default(),
            "raise" => {
                let class = self.class.as_deref().unwrap_or("an exception");
                format!("raises {class}: {}", self.said.as_deref().unwrap_or(""))
            }
            "timeout" => "does not end".to_owned(),
            "crash" => "ends the process".to_owned(),
            kind => format!("{kind}: {}", self.message.as_deref().unwrap_or("")),
        };
        let changed = self.changed.iter().map(|(name, value)| match name.as_str() {
            "receiver" => format!("; its object is then {value}"),
            name => format!("; argument {name} is then {value}"),
        });
        let printed = [&self.stdout, &self.stderr].into_iter().flatten().map(|value| format!("; prints {value:?}"));
        text.extend(changed.chain(printed));
        text
    }
}

/// A call that does something else in the migrated code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The call.
    pub id: String,
    /// The module.
    pub module: String,
    /// The function in it.
    pub function: String,
    /// The file, relative to the root.
    pub file: String,
    /// What differs: `value`, `kind`, `type`, `message`, `changed`, `stdout`, …
    pub part: String,
    /// By which name the difference is known.
    pub kind: String,
    /// What the legacy code does.
    pub legacy: Outcome,
    /// What the migrated code does.
    pub migrated: Outcome,
    /// How the call was varied; nothing for a call as it was recorded.
    #[serde(default)]
    pub variation: Option<String>,
    /// The recorded call.
    pub origin: String,
    /// The script that shows it.
    pub script: String,
    /// The rule by which it says nothing against the migrated code; nothing where it is a finding.
    #[serde(default)]
    pub rule: Option<String>,
}

/// A call that was not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    /// The call.
    pub id: String,
    /// The module.
    pub module: String,
    /// The function in it.
    pub function: String,
    /// Why.
    pub reason: String,
    /// Whether the legacy code does one thing or another with it.
    #[serde(default)]
    pub unsteady: bool,
}

/// What came of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differences {
    /// Why nothing was compared, where nothing was.
    #[serde(default)]
    pub skipped: Option<String>,
    /// Calls that do something else.
    pub differences: Vec<Difference>,
    /// Calls that were not compared.
    pub excluded: Vec<Excluded>,
    /// How many calls do the same.
    pub same: usize,
}

/// Runs the chosen calls and variations of them on both sides and compares. Each side gets `limit` for its two runs; what does
/// not fit in is left out with that reason. The scripts and what they need go to `scripts`, which is made new.
pub fn compare(legacy: &Bench<'_>, migrated: &Bench<'_>, scripts: &Path, limit: Duration) -> io::Result<Differences> {
    write_programs(legacy.scratch)?;
    for name in AGAIN {
        // Those of an earlier comparison were of other code.
        let _ = fs::remove_file(legacy.scratch.join(name));
    }
    let half = limit / 2;
    let varied = vec!["--calls".to_owned(), legacy.path(CHOICE), "--out".to_owned(), legacy.path("varied.json")];
    let steps = [
        legacy.step("iama_variations.py", varied, 0, STEP)?,
        legacy.replay("varied.json", "old0.jsonl", 0, half)?,
        legacy.replay("varied.json", "old1.jsonl", 1, half)?,
        migrated.replay("varied.json", "new0.jsonl", 0, half)?,
        migrated.replay("varied.json", "new1.jsonl", 1, half)?,
        legacy.step("iama_compare.py", arguments(legacy), 0, STEP)?,
    ];
    let ended = steps.into_iter().find_map(Result::err);
    if let Some(why) = ended.map_or_else(|| once_more(legacy, half), |why| Ok(Some(why)))? {
        return Ok(Differences { skipped: Some(why), ..Differences::default() });
    }
    put(&legacy.scratch.join("scripts"), scripts)?;
    read(&legacy.scratch.join(FOUND))
}

/// Runs what differs again on the legacy code, in other orders of sets and dicts: what depends on them is no difference. Gives
/// why that was not possible.
fn once_more(legacy: &Bench<'_>, limit: Duration) -> io::Result<Option<String>> {
    let found: Differences = read(&legacy.scratch.join(FOUND))?;
    let differing: BTreeSet<&str> = found.differences.iter().map(|found| found.id.as_str()).collect();
    let mut calls: Calls = read(&legacy.scratch.join("varied.json"))?;
    calls.calls.retain(|call| call.get("id").and_then(Value::as_str).is_some_and(|id| differing.contains(id)));
    fs::write(legacy.scratch.join("differing.json"), serde_json::to_vec(&calls)?)?;
    for (seed, out) in (2..).zip(AGAIN) {
        if let Err(why) = legacy.replay("differing.json", out, seed, limit / 4)? {
            return Ok(Some(why));
        }
    }
    Ok(legacy.step("iama_compare.py", arguments(legacy), 0, STEP)?.err())
}

/// Compares once more with code that is otherwise than what was compared. The scratch folder holds what [`compare`] left there;
/// the legacy code is not run again.
pub fn compare_again(migrated: &Bench<'_>, limit: Duration) -> io::Result<Differences> {
    write_programs(migrated.scratch)?;
    let half = limit / 2;
    let steps = [
        migrated.replay("varied.json", "new0.jsonl", 0, half)?,
        migrated.replay("varied.json", "new1.jsonl", 1, half)?,
        migrated.step("iama_compare.py", arguments(migrated), 0, STEP)?,
    ];
    if let Some(why) = steps.into_iter().find_map(Result::err) {
        return Ok(Differences { skipped: Some(why), ..Differences::default() });
    }
    read(&migrated.scratch.join(FOUND))
}

/// What a comparison left in its scratch folder.
pub fn found(scratch: &Path) -> io::Result<Differences> {
    read(&scratch.join(FOUND))
}

/// Where the comparison puts what it finds, in the scratch folder.
const FOUND: &str = "differences.json";

/// What the legacy code does with differing calls when it is asked again.
const AGAIN: [&str; 4] = ["again2.jsonl", "again3.jsonl", "again4.jsonl", "again5.jsonl"];

#[derive(Serialize, Deserialize)]
struct Calls {
    schema: String,
    calls: Vec<Value>,
}

fn arguments(bench: &Bench<'_>) -> Vec<String> {
    let [calls, old, older, new, newer, out, scripts] =
        ["varied.json", "old0.jsonl", "old1.jsonl", "new0.jsonl", "new1.jsonl", FOUND, "scripts"]
            .map(|name| bench.path(name));
    let line =
        ["--calls", &calls, "--legacy", &old, &older, "--migrated", &new, &newer, "--out", &out, "--scripts", &scripts];
    let mut line: Vec<String> = line.map(str::to_owned).into();
    let again = AGAIN.into_iter().filter(|name| bench.scratch.join(name).is_file());
    line.push("--again".to_owned());
    line.extend(again.map(|name| bench.path(name)));
    line
}

fn put(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_told_in_one_line() {
        let said = |text: &str| serde_json::from_str::<Outcome>(text).unwrap().sentence();
        let sentences = [
            r#"{"kind": "result", "value": "3", "changed": {"0": "[1]", "receiver": "build('m:C')"}, "stdout": "a\n"}"#,
            r#"{"kind": "raise", "type": "ValueError", "own": false, "message": null, "said": "bad"}"#,
            r#"{"kind": "timeout"}"#,
            r#"{"kind": "unbuilt", "message": "no module"}"#,
        ]
        .map(said);
        let expected = [
            r#"3; argument 0 is then [1]; its object is then build('m:C'); prints "a\n""#,
            "raises ValueError: bad",
            "does not end",
            "unbuilt: no module",
        ];
        assert_eq!(sentences, expected);
    }
}
