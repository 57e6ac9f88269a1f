//! Old against new: recorded calls and variations of them run in both interpreters, and what they do is compared.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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
}

/// A call that was not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    /// The module.
    pub module: String,
    /// The function in it.
    pub function: String,
    /// Why.
    pub reason: String,
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
    if let Some(why) = steps.into_iter().find_map(Result::err) {
        return Ok(Differences { skipped: Some(why), ..Differences::default() });
    }
    put(&legacy.scratch.join("scripts"), scripts)?;
    read(&legacy.scratch.join(FOUND))
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

fn arguments(bench: &Bench<'_>) -> Vec<String> {
    let [calls, old, older, new, newer, out, scripts] =
        ["varied.json", "old0.jsonl", "old1.jsonl", "new0.jsonl", "new1.jsonl", FOUND, "scripts"]
            .map(|name| bench.path(name));
    ["--calls", &calls, "--legacy", &old, &older, "--migrated", &new, &newer, "--out", &out, "--scripts", &scripts]
        .map(str::to_owned)
        .into()
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
