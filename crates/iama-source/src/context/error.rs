//! Why no pack is made.

use std::fmt::Write as _;

use crate::secrets::Finding;

/// A pack that is refused. Nothing has been sent anywhere.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A target that is not among the files.
    #[error("{path} is no source file of this tree")]
    TargetUnknown {
        /// As it was named.
        path: String,
        /// A file of the tree with the same name.
        nearest: Option<String>,
    },
    /// A target that cannot be shown as it is.
    #[error("{path} cannot be read as source text")]
    TargetUnreadable {
        /// The file.
        path: String,
    },
    /// A secret in a target that is neither allowed nor known.
    #[error("{path}:{}:{}: {} {} must not leave this machine{}", finding.line, finding.column, finding.title, finding.redacted, more(*others))]
    Secret {
        /// The file.
        path: String,
        /// The first of them.
        finding: Box<Finding>,
        /// How many more there are in the targets.
        others: usize,
    },
    /// Targets and interfaces alone are too large.
    #[error(
        "the context takes {tokens} tokens without any body that could be left out, and the cap is {cap}{}",
        largest_of(largest)
    )]
    Cap {
        /// What is left after pruning.
        tokens: u64,
        /// The cap.
        cap: u64,
        /// The largest parts that cannot be left out, with their tokens; at most three.
        largest: Vec<(String, u64)>,
    },
}

fn more(others: usize) -> String {
    if others > 0 { format!(", nor must {others} more") } else { String::new() }
}

fn largest_of(largest: &[(String, u64)]) -> String {
    let mut out = String::new();
    for (at, (path, tokens)) in largest.iter().enumerate() {
        let _ = write!(out, "{} {path} ({tokens})", if at == 0 { "; the largest parts:" } else { "," });
    }
    out
}

impl PackError {
    /// A stable name for this kind of refusal.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TargetUnknown { .. } => "TARGET_UNKNOWN",
            Self::TargetUnreadable { .. } => "TARGET_UNREADABLE",
            Self::Secret { .. } => "SECRET_FOUND",
            Self::Cap { .. } => "CONTEXT_CAP",
        }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::TargetUnknown { nearest: Some(nearest), .. } => format!("did you mean {nearest}?"),
            Self::TargetUnknown { nearest: None, .. } => {
                "name a file relative to the root; .gitignore, .iamaignore and the allowlist leave files out".to_owned()
            }
            Self::TargetUnreadable { .. } => "check its permissions and that its coding line is true".to_owned(),
            Self::Secret { .. } => {
                "move it out of the source; or, if it is none, say so with `iama: allow secret` in a \
                comment on its line; one that is in a baseline is masked"
                    .to_owned()
            }
            Self::Cap { .. } => {
                "name fewer targets, let fewer imports count, or raise the cap and take a model that reads more"
                    .to_owned()
            }
        }
    }
}
