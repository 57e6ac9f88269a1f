//! The arguments of `iama context`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Context {
    /// The project
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// A file that is to be changed (repeatable); without any, every file shows its interface
    #[arg(long, value_name = "FILE")]
    pub(crate) target: Vec<String>,
    /// The most tokens: a number, or one like 128K, 200K, 1M
    #[arg(long, default_value = "200K", value_name = "TOKENS", value_parser = tokens)]
    pub(crate) cap: u64,
    /// How many imports away a file may be and still show its interface
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub(crate) reach: u8,
    /// A file of secrets that are known: in a target they are masked rather than refused
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Leave files out whose path matches (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// Print the pack as a model would see it instead
    #[arg(long, conflicts_with = "json")]
    pub(crate) text: bool,
    /// Print one JSON object (iama.context/1) instead
    #[arg(long)]
    pub(crate) json: bool,
}

/// `128K`, `1M` or a plain number.
fn tokens(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(['k', 'K', 'm', 'M']);
    let thousands = match &text[digits.len()..] {
        "" => 1,
        "k" | "K" => 1000,
        "m" | "M" => 1_000_000,
        _ => 0,
    };
    let count: Option<u64> = digits.parse().ok().and_then(|count: u64| count.checked_mul(thousands));
    count.filter(|count| *count > 0).ok_or_else(|| "a number of tokens looks like 128K, 1M or 150000".to_owned())
}
