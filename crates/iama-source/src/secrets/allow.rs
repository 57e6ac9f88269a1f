//! Comments that allow a secret: on its line, or on the line before it.

/// For the same line. Those of other scanners count, so that a project need not say it twice.
const HERE: &[&str] = &[
    "iama: allow secret",
    "iama:allow secret",
    "pragma: allowlist secret",
    "pragma: whitelist secret",
    "gitleaks:allow",
    "betterleaks:allow",
    "kingfisher:ignore",
];

/// For the line that follows.
const NEXT: &[&str] = &["iama: allow next secret", "iama:allow next secret", "pragma: allowlist nextline secret"];

/// Whether a comment allows what stands on a line.
pub(super) fn allows(line: &str, before: &str) -> bool {
    HERE.iter().any(|mark| line.contains(mark)) || NEXT.iter().any(|mark| before.contains(mark))
}
