//! The baseline: findings that are known and told no more.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::folder::Located;

/// The form of the file.
pub const SCHEMA: &str = "iama.scan-baseline/1";

/// A finding as it is known: where it moves within its file, it is still the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Relative to what was scanned, with `/` between folders.
    pub path: String,
    /// The rule that found it.
    pub rule: String,
    /// As in [`super::Finding::hash`].
    pub hash: String,
}

/// Findings that are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// [`SCHEMA`].
    pub schema: String,
    /// Sorted, each once.
    pub findings: BTreeSet<Known>,
}

/// A text that is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// Not the JSON of one.
    #[error("it is no baseline: {0}")]
    Form(#[from] serde_json::Error),
    /// Of another version.
    #[error("its schema is {0:?}, and {SCHEMA:?} is read here")]
    Schema(String),
}

impl Baseline {
    /// The baseline under which none of these findings is new.
    pub fn of(findings: &[Located]) -> Self {
        let known = |one: &Located| Known {
            path: one.path.clone(),
            rule: one.finding.rule.clone(),
            hash: one.finding.hash.clone(),
        };
        Self { schema: SCHEMA.to_owned(), findings: findings.iter().map(known).collect() }
    }

    /// Reads the text of a baseline file.
    pub fn read(text: &str) -> Result<Self, BaselineError> {
        let baseline: Self = serde_json::from_str(text)?;
        if baseline.schema == SCHEMA { Ok(baseline) } else { Err(BaselineError::Schema(baseline.schema)) }
    }

    /// The text of the file: the same findings give the same bytes.
    pub fn write(&self) -> Result<String, BaselineError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Whether a finding is known.
    pub fn knows(&self, one: &Located) -> bool {
        let known = Self::of(std::slice::from_ref(one));
        known.findings.is_subset(&self.findings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Finding;

    fn located(line: u32) -> Located {
        let finding =
            Finding { line, column: 1, rule: "r".into(), title: "t".into(), hash: "h".into(), redacted: "…".into() };
        Located { path: "a.py".into(), finding }
    }

    #[test]
    fn a_finding_that_moves_within_its_file_stays_known() {
        let written = Baseline::of(&[located(3)]).write().unwrap();
        let read = Baseline::read(&written).unwrap();
        assert!(read.knows(&located(9)));
        assert!(!read.knows(&Located { path: "b.py".into(), ..located(3) }));
    }

    #[test]
    fn another_version_and_other_texts_are_refused() {
        let told = |text: &str| Baseline::read(text).unwrap_err().to_string();
        assert_eq!(
            told(r#"{"schema":"x/2","findings":[]}"#),
            r#"its schema is "x/2", and "iama.scan-baseline/1" is read here"#
        );
        assert!(told("[").starts_with("it is no baseline: "));
    }
}
