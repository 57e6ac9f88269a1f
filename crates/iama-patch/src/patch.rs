//! `iama.patch/1`: what a patch says, read from and written as JSON.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::content::Content;

/// How large a patch may be. What is larger is refused before it is looked at.
pub mod limits {
    /// Bytes of JSON.
    pub const JSON_BYTES: usize = 512 << 20;
    /// Operations of one patch.
    pub const OPERATIONS: usize = 1_000_000;
    /// Bytes of one path.
    pub const PATH_BYTES: usize = 4096;
    /// Bytes of one operation's id.
    pub const ID_BYTES: usize = 256;
}

/// The name of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum SchemaName {
    /// The first version.
    #[default]
    #[serde(rename = "iama.patch/1")]
    V1,
}

/// Edits to named files that all land or none.
///
/// The operations run in order, and each refers to the files as the ones before it left them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// The name of the format.
    pub schema: SchemaName,
    /// SHA-256, in lower-case hexadecimal digits, of every file that the patch touches, as it was before; null for a path
    /// where no file may stand.
    pub base: BTreeMap<String, Option<String>>,
    /// What to do, in order.
    pub operations: Vec<Operation>,
}

/// One edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("unevaluatedProperties" = false))]
pub struct Operation {
    /// A name of the operation, unique within the patch.
    pub id: String,
    /// The file: relative to the workspace, parts joined by `/`.
    pub path: String,
    /// What to do with it.
    #[serde(flatten)]
    pub action: Action,
}

/// What an operation does.
///
/// In a file whose lines all end alike, a line end in a given text, written `\n` or `\r\n`, stands for the file's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Replaces the one place where a text occurs.
    ExactSearchReplace {
        /// The text, to its last blank. It must occur exactly once; only an empty file has the empty text once.
        search: String,
        /// What stands there afterwards.
        replace: String,
    },
    /// Replaces a symbol with its decorators. The comments directly above stay, unless the content begins with a comment.
    ReplaceSymbol {
        /// Names joined by dots, as in `Class.method`.
        symbol: String,
        /// The new declaration; its indentation is moved to the place.
        content: String,
    },
    /// Replaces what a symbol's declaration holds: the statements of Python, what is between the braces elsewhere.
    ReplaceBody {
        /// Names joined by dots, as in `Class.method`.
        symbol: String,
        /// The new body without its braces; its indentation is moved to the place.
        content: String,
    },
    /// Puts code before a symbol and what belongs to it.
    InsertBefore {
        /// Names joined by dots, as in `Class.method`.
        symbol: String,
        /// The code; its indentation is moved to the place.
        content: String,
    },
    /// Puts code after a symbol.
    InsertAfter {
        /// Names joined by dots, as in `Class.method`.
        symbol: String,
        /// The code; its indentation is moved to the place.
        content: String,
    },
    /// Deletes a symbol with its decorators and the comments directly above it.
    DeleteSymbol {
        /// Names joined by dots, as in `Class.method`.
        symbol: String,
    },
    /// Renames a symbol where it is declared and wherever the file means it.
    RenameInFile {
        /// Names joined by dots, as in `function.local`.
        symbol: String,
        /// The new name alone.
        to: String,
    },
    /// Adds an import unless the file has it already.
    AddImport {
        /// One import statement in the file's language.
        import: String,
    },
    /// Removes an import if the file has it. Uses of what it bound are left alone.
    RemoveImport {
        /// One import statement in the file's language.
        import: String,
    },
    /// Makes a file where none stands.
    Create {
        /// All of its content.
        content: Content,
        /// Whether its owner may execute it.
        #[serde(default)]
        executable: bool,
    },
    /// Deletes a file.
    Delete {},
    /// Moves a file, content and mode unchanged, to a path where none stands.
    Move {
        /// The new path.
        to: String,
    },
}

/// Why bytes are no patch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// More bytes, operations or names than `limits` allows.
    #[error("{place} is larger than {limit}")]
    TooLarge {
        /// Where, as in `operations[3].id`.
        place: String,
        /// The limit, in bytes or pieces.
        limit: usize,
    },
    /// No JSON, or JSON that is no patch.
    #[error("{place}: {reason}")]
    Invalid {
        /// Where, as in `operations[3]`; `patch` for the whole.
        place: String,
        /// What was wrong.
        reason: String,
    },
}

impl PatchError {
    /// A stable name for this kind of failure.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "PATCH_TOO_LARGE",
            Self::Invalid { .. } => "PATCH_INVALID",
        }
    }

    /// What a person can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "split the patch into several",
            Self::Invalid { .. } => "compare it with the schema docs/schemas/iama.patch-1.json",
        }
    }
}

impl Patch {
    /// Reads a patch from JSON.
    pub fn from_json(json: &[u8]) -> Result<Self, PatchError> {
        within("patch", json.len(), limits::JSON_BYTES)?;
        let patch: Self = serde_json::from_slice(json).map_err(|error| invalid_at(json, &error))?;
        patch.check_limits()?;
        Ok(patch)
    }

    fn check_limits(&self) -> Result<(), PatchError> {
        within("operations", self.operations.len(), limits::OPERATIONS)?;
        for (rank, operation) in self.operations.iter().enumerate() {
            within(&format!("operations[{rank}].id"), operation.id.len(), limits::ID_BYTES)?;
            within(&format!("operations[{rank}].path"), operation.path.len(), limits::PATH_BYTES)?;
        }
        Ok(())
    }
}

fn within(place: &str, size: usize, limit: usize) -> Result<(), PatchError> {
    if size > limit { Err(PatchError::TooLarge { place: place.to_owned(), limit }) } else { Ok(()) }
}

/// Names the operation that is wrong: the parser alone only tells a line and a column.
fn invalid_at(json: &[u8], error: &serde_json::Error) -> PatchError {
    let invalid = |place: String, reason: String| PatchError::Invalid { place, reason };
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(json) else {
        return invalid("patch".to_owned(), error.to_string());
    };
    let operations = value.get("operations").and_then(serde_json::Value::as_array);
    for (rank, operation) in operations.into_iter().flatten().enumerate() {
        if let Err(error) = Operation::deserialize(operation) {
            return invalid(format!("operations[{rank}]"), error.to_string());
        }
    }
    let base = value.get("base").map(BTreeMap::<String, Option<String>>::deserialize);
    if let Some(Err(error)) = base {
        return invalid("base".to_owned(), error.to_string());
    }
    invalid("patch".to_owned(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invalid(json: &str) -> (String, String) {
        match Patch::from_json(json.as_bytes()) {
            Err(PatchError::Invalid { place, reason }) => (place, reason),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_patch_reads_as_it_is_written() {
        let json = r#"{"schema":"iama.patch/1","base":{"a.py":"00","b":null},"operations":[{"id":"1","path":"a.py","op":"EXACT_SEARCH_REPLACE","search":"a","replace":"b"},{"id":"2","path":"b","op":"CREATE","content":{"base64":"/w=="},"executable":true},{"id":"3","path":"a.py","op":"MOVE","to":"c.py"},{"id":"4","path":"c.py","op":"DELETE"}]}"#;
        let patch = Patch::from_json(json.as_bytes()).unwrap();
        assert_eq!(patch.operations[3].action, Action::Delete {});
        assert_eq!(serde_json::to_string(&patch).unwrap(), json);
    }

    #[test]
    fn what_is_no_patch_is_refused_with_its_place() {
        let operation = |text: &str| format!(r#"{{"schema":"iama.patch/1","base":{{}},"operations":[{text}]}}"#);
        let good = r#"{"id":"1","path":"a","op":"DELETE"}"#;
        assert_eq!(invalid("{").0, "patch");
        assert_eq!(invalid(r#"{"schema":"iama.patch/2","base":{},"operations":[]}"#).0, "patch");
        assert_eq!(invalid(r#"{"schema":"iama.patch/1","base":{"a":1},"operations":[]}"#).0, "base");
        assert!(invalid(r#"{"schema":"iama.patch/1","base":{},"operations":[],"more":1}"#).1.contains("more"));
        let unknown = invalid(&operation(&format!(r#"{good},{{"id":"2","path":"a","op":"MOVE","to":"b","fuzz":2}}"#)));
        assert_eq!((unknown.0.as_str(), unknown.1.contains("fuzz")), ("operations[1]", true));
        assert_eq!(invalid(&operation(r#"{"id":"2","path":"a","op":"FUZZY"}"#)).0, "operations[0]");
        assert_eq!(invalid(&operation(r#"{"id":"2","path":"a","op":"MOVE"}"#)).0, "operations[0]");
    }

    #[test]
    fn oversized_names_are_refused() {
        let operation = Operation { id: "i".repeat(257), path: "a".into(), action: Action::Delete {} };
        let patch = Patch { operations: vec![operation], ..Patch::default() };
        let json = serde_json::to_vec(&patch).unwrap();
        let expected = PatchError::TooLarge { place: "operations[0].id".into(), limit: 256 };
        assert_eq!(Patch::from_json(&json), Err(expected));
    }
}
