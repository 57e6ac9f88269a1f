//! The arguments of every command.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Modernises legacy code and shows that it still behaves the same.
#[derive(Debug, Parser)]
#[command(name = "iama", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Deterministic rewrites
    #[command(subcommand)]
    Recipes(Recipes),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Recipes {
    /// Rewrite files, or show what would be rewritten
    Run(RecipesRun),
    /// List the recipes
    List(RecipesList),
    /// Explain one recipe
    Explain(RecipesExplain),
}

#[derive(Debug, Args)]
pub(crate) struct RecipesRun {
    /// Files and folders; `-` reads one file from standard input and writes it to standard output
    #[arg(default_value = ".", value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Language pair
    #[arg(long, default_value = "python2-3")]
    pub(crate) pair: String,
    /// How much to take on [default: standard]
    #[arg(long)]
    pub(crate) strategy: Option<StrategyName>,
    /// Show a diff (the default)
    #[arg(long, group = "mode")]
    pub(crate) diff: bool,
    /// Write the files
    #[arg(long, group = "mode")]
    pub(crate) write: bool,
    /// Change nothing; exit 1 when something would change
    #[arg(long, group = "mode")]
    pub(crate) check: bool,
    /// Run only this recipe (repeatable)
    #[arg(long, value_name = "ID")]
    pub(crate) select: Vec<String>,
    /// Leave this recipe out (repeatable)
    #[arg(long, value_name = "ID")]
    pub(crate) ignore: Vec<String>,
    /// Leave files out whose path matches (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RecipesList {
    /// Language pair
    #[arg(long, default_value = "python2-3")]
    pub(crate) pair: String,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RecipesExplain {
    /// The recipe
    pub(crate) id: String,
    /// Language pair
    #[arg(long, default_value = "python2-3")]
    pub(crate) pair: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StrategyName {
    Conservative,
    Standard,
    Comprehensive,
}

impl From<StrategyName> for iama_recipes::Strategy {
    fn from(name: StrategyName) -> Self {
        match name {
            StrategyName::Conservative => Self::Conservative,
            StrategyName::Standard => Self::Standard,
            StrategyName::Comprehensive => Self::Comprehensive,
        }
    }
}
