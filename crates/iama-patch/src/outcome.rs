//! What became of each operation: a stable code, one sentence and a hint.

use iama_syntax::SourceError;
use serde::{Deserialize, Serialize};

use crate::files::PathProblem;

/// What became of one operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct OperationOutcome {
    /// The operation's id.
    pub id: String,
    /// The file that it names.
    pub path: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// The place most like a search text that was not found. It is shown, never used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Nearest {
    /// Its first line, from 1.
    pub line: u32,
    /// From 0 to 1, in steps of a thousandth.
    pub similarity: f64,
    /// Lines of the search text (`-`), of the file (`+`) and of both (a blank).
    pub difference: Vec<String>,
}

/// What can become of an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "snake_case")]
pub enum Outcome {
    /// It landed.
    Applied {
        /// The first line that it touched, from 1, as the operations before it left the file.
        line: u32,
    },
    /// It fits, but another operation of the patch was refused.
    HeldBack,
    /// An earlier operation on the same file was refused, so that its place cannot be told.
    NotTried {
        /// The operation that was refused.
        refused: String,
    },
    /// The search text is not in the file.
    AnchorNotFound {
        /// The most similar place; nothing when none resembles it.
        nearest: Option<Nearest>,
        /// Whether the search text leaves code out, as with `...`.
        elided: bool,
    },
    /// The search text is in the file more than once.
    AnchorAmbiguous {
        /// The first line of every place, from 1.
        lines: Vec<u32>,
    },
    /// The search text is empty and the file is not.
    AnchorEmpty,
    /// The search text was there until an earlier operation of the patch rewrote it.
    OverlappingOperations,
    /// The file is not the one that the patch was made for.
    BaseHashMismatch {
        /// The file, which need not be the operation's own.
        file: String,
        /// What the patch expects: a hash, or nothing for no file.
        expected: Option<String>,
        /// What is there: a hash, or nothing for no file.
        found: Option<String>,
    },
    /// The patch does not say which state of the file it was made for.
    BaseHashMissing {
        /// The file.
        file: String,
    },
    /// Two operations have one id.
    DuplicateId,
    /// The path leads out of the workspace or into what no patch may touch.
    PathOutsideWorkspace {
        /// The path.
        file: String,
        /// What is wrong with it.
        reason: PathProblem,
    },
    /// There is no such file.
    FileNotFound {
        /// The file.
        file: String,
    },
    /// A file or a folder stands where one was to be made.
    FileExists {
        /// The file.
        file: String,
    },
    /// The file's bytes are no text by the rules of its language.
    NotText {
        /// The code of the reason.
        reason: String,
        /// The reason.
        detail: String,
    },
    /// The result cannot be written in the file's encoding.
    Unencodable {
        /// The code of the reason.
        reason: String,
        /// The reason.
        detail: String,
    },
    /// The file's language has no symbols that an operation could name.
    LanguageNotSupported,
    /// The file has syntax errors, so that its symbols cannot be trusted.
    FileDoesNotParse {
        /// The first error's line, from 1.
        line: u32,
    },
    /// The file declares no such symbol.
    SymbolNotFound {
        /// Symbols with a similar name, the most similar first.
        similar: Vec<String>,
    },
    /// The file declares the symbol more than once.
    SymbolAmbiguous {
        /// The line of every declaration, from 1.
        lines: Vec<u32>,
    },
    /// The symbol has no part that the operation needs, or shares its declaration with others.
    SymbolNotFit {
        /// What is in the way.
        detail: String,
    },
    /// Names that mean the symbol cannot be told from others.
    RenameNotSafe {
        /// What is in the way.
        detail: String,
    },
    /// The text is not one import statement of the file's language.
    NotAnImport,
    /// The result has syntax errors that the file did not have.
    ResultDoesNotParse {
        /// The first error's line in the result, from 1.
        line: u32,
    },
}

impl Outcome {
    /// Whether the operation landed.
    pub const fn is_applied(&self) -> bool {
        matches!(self, Self::Applied { .. })
    }

    /// Whether it was refused for a reason of its own, not because another one was.
    pub const fn is_refused(&self) -> bool {
        !matches!(self, Self::Applied { .. } | Self::HeldBack | Self::NotTried { .. })
    }

    /// A stable name for it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "APPLIED",
            Self::HeldBack => "HELD_BACK",
            Self::NotTried { .. } => "NOT_TRIED",
            Self::AnchorNotFound { .. } => "ANCHOR_NOT_FOUND",
            Self::AnchorAmbiguous { .. } => "ANCHOR_AMBIGUOUS",
            Self::AnchorEmpty => "ANCHOR_EMPTY",
            Self::OverlappingOperations => "OVERLAPPING_OPERATIONS",
            Self::BaseHashMismatch { .. } => "BASE_HASH_MISMATCH",
            Self::BaseHashMissing { .. } => "BASE_HASH_MISSING",
            Self::DuplicateId => "DUPLICATE_ID",
            Self::PathOutsideWorkspace { .. } => "PATH_OUTSIDE_WORKSPACE",
            Self::FileNotFound { .. } => "FILE_NOT_FOUND",
            Self::FileExists { .. } => "FILE_EXISTS",
            Self::NotText { .. } => "NOT_TEXT",
            Self::Unencodable { .. } => "UNENCODABLE",
            Self::LanguageNotSupported => "LANGUAGE_NOT_SUPPORTED",
            Self::FileDoesNotParse { .. } => "FILE_DOES_NOT_PARSE",
            Self::SymbolNotFound { .. } => "SYMBOL_NOT_FOUND",
            Self::SymbolAmbiguous { .. } => "SYMBOL_AMBIGUOUS",
            Self::SymbolNotFit { .. } => "SYMBOL_NOT_FIT",
            Self::RenameNotSafe { .. } => "RENAME_NOT_SAFE",
            Self::NotAnImport => "NOT_AN_IMPORT",
            Self::ResultDoesNotParse { .. } => "RESULT_DOES_NOT_PARSE",
        }
    }

    /// One sentence saying what happened.
    pub fn message(&self) -> String {
        match self {
            Self::Applied { line } => format!("the operation landed at line {line}"),
            Self::HeldBack => "the operation fits, but another one of the patch was refused".to_owned(),
            Self::NotTried { refused } => format!("operation {refused:?} on the same file was refused before this one"),
            Self::AnchorNotFound { nearest: Some(nearest), .. } => {
                let percent = nearest.similarity * 100.0;
                format!("the search text is not in the file; line {} is {percent:.0} % alike", nearest.line)
            }
            Self::AnchorNotFound { nearest: None, .. } => "the search text is not in the file".to_owned(),
            Self::AnchorAmbiguous { lines } => {
                format!("the search text is in the file {} times: {}", lines.len(), listed(lines))
            }
            Self::AnchorEmpty => "the search text is empty, which names no place in a file that is not".to_owned(),
            Self::OverlappingOperations => "an earlier operation of the patch rewrote the place".to_owned(),
            Self::BaseHashMismatch { file, expected: None, .. } => {
                format!("{file:?} exists, but the patch expects no file")
            }
            Self::BaseHashMismatch { file, .. } => format!("{file:?} is not the file that the patch was made for"),
            Self::BaseHashMissing { file } => format!("the patch has no base hash for {file:?}"),
            Self::DuplicateId => "an earlier operation of the patch has the same id".to_owned(),
            Self::PathOutsideWorkspace { file, reason } => format!("{file:?} is refused: {reason}"),
            Self::FileNotFound { file } => format!("there is no file {file:?}"),
            Self::FileExists { file } => format!("{file:?} exists already"),
            Self::NotText { detail, .. } => format!("the file is no text that can be edited: {detail}"),
            Self::Unencodable { detail, .. } => format!("the result cannot be written: {detail}"),
            Self::LanguageNotSupported => "the file's language has no symbol operations".to_owned(),
            Self::FileDoesNotParse { line } => format!("the file has a syntax error in line {line}"),
            Self::SymbolNotFound { .. } => "the file declares no such symbol".to_owned(),
            Self::SymbolAmbiguous { lines } => {
                format!("the file declares the symbol {} times: {}", lines.len(), listed(lines))
            }
            Self::SymbolNotFit { detail } => format!("the operation does not fit the symbol: {detail}"),
            Self::RenameNotSafe { detail } => format!("the symbol cannot be renamed safely: {detail}"),
            Self::NotAnImport => "the text is not one import statement of the file's language".to_owned(),
            Self::ResultDoesNotParse { line } => format!("the result has a new syntax error in line {line}"),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Applied { .. } => String::new(),
            Self::HeldBack | Self::NotTried { .. } => "correct the refused operation; all land or none".to_owned(),
            Self::AnchorNotFound { elided: true, .. } => "quote the code in full; nothing may be left out".to_owned(),
            Self::AnchorNotFound { nearest: Some(nearest), .. } if nearest.similarity >= 1.0 => {
                "the lines differ in their line ends alone; quote them as the file has them, the last one's too"
                    .to_owned()
            }
            Self::AnchorNotFound { .. } => "quote the file's lines exactly, blanks and blank lines included".to_owned(),
            Self::AnchorAmbiguous { .. } => "quote more lines around the place, until they occur once".to_owned(),
            Self::AnchorEmpty => "quote the line before or after the place".to_owned(),
            Self::OverlappingOperations => {
                "join the two operations into one, or quote the text as it then stands".to_owned()
            }
            Self::BaseHashMismatch { .. } => "make the patch again for the file as it is".to_owned(),
            Self::BaseHashMissing { .. } => {
                "add the file's SHA-256 to `base`, or null for a file to be made".to_owned()
            }
            Self::DuplicateId => "give each operation an id of its own".to_owned(),
            Self::PathOutsideWorkspace { .. } => "name a plain file by its path from the workspace's root".to_owned(),
            Self::FileNotFound { .. } => "check the path, or create the file first".to_owned(),
            Self::FileExists { .. } => "edit the file that is there, or delete it first".to_owned(),
            Self::NotText { .. } => "declare the file's encoding, or leave the file out".to_owned(),
            Self::Unencodable { .. } => {
                "write the character as an escape, or declare utf-8 in the coding line".to_owned()
            }
            Self::LanguageNotSupported => "use EXACT_SEARCH_REPLACE".to_owned(),
            Self::FileDoesNotParse { .. } => "correct the syntax error first, or use EXACT_SEARCH_REPLACE".to_owned(),
            Self::SymbolNotFound { similar } if similar.is_empty() => {
                "name the symbol with all that is around it".to_owned()
            }
            Self::SymbolNotFound { similar } => format!("did you mean {}?", similar.join(", ")),
            Self::SymbolAmbiguous { .. } | Self::SymbolNotFit { .. } | Self::RenameNotSafe { .. } => {
                "use EXACT_SEARCH_REPLACE with the lines in question".to_owned()
            }
            Self::NotAnImport => "give one whole import statement".to_owned(),
            Self::ResultDoesNotParse { .. } => {
                "check the given code alone, its brackets and its indentation".to_owned()
            }
        }
    }

    pub(crate) fn not_text(error: &SourceError) -> Self {
        Self::NotText { reason: error.code().to_owned(), detail: error.to_string() }
    }

    pub(crate) fn unencodable(error: &SourceError) -> Self {
        Self::Unencodable { reason: error.code().to_owned(), detail: error.to_string() }
    }
}

fn listed(lines: &[u32]) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<_> = lines.iter().take(SHOWN).map(u32::to_string).collect();
    let more = if lines.len() > SHOWN { ", …" } else { "" };
    format!("lines {}{more}", shown.join(", "))
}

impl OperationOutcome {
    /// Whether the operation landed.
    pub const fn is_applied(&self) -> bool {
        self.outcome.is_applied()
    }

    /// A stable name for what became of it.
    pub const fn code(&self) -> &'static str {
        self.outcome.code()
    }
}

/// An outcome as it stands in JSON: what a person reads is there too.
#[derive(Serialize, Deserialize)]
struct Written {
    id: String,
    path: String,
    #[serde(flatten)]
    outcome: Outcome,
    #[serde(default)]
    message: String,
    #[serde(default)]
    hint: String,
}

impl From<OperationOutcome> for Written {
    fn from(OperationOutcome { id, path, outcome }: OperationOutcome) -> Self {
        Self { id, path, message: outcome.message(), hint: outcome.hint(), outcome }
    }
}

impl From<Written> for OperationOutcome {
    fn from(Written { id, path, outcome, .. }: Written) -> Self {
        Self { id, path, outcome }
    }
}
