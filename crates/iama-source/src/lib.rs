//! A workspace on disk: walk with ignore rules, file allowlist, confidence.
