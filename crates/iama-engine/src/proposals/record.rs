//! A proposal, as it is kept and shown.

use std::collections::BTreeMap;
use std::fmt;

use iama_recipes::Strategy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dependencies::Dependency;
use super::performance::Performance;
use super::price::Price;
use super::view::View;

/// One of the three proposals: `proposals.json` holds a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Which.
    pub strategy: Strategy,
    /// Files that would change.
    pub files: usize,
    /// Edits by recipe.
    pub edits: BTreeMap<String, usize>,
    /// Places that a person should look at.
    pub checks: usize,
    /// Places that would be left alone, since no rewrite is safe.
    pub refused: usize,
    /// Places that only a larger proposal would treat.
    pub left: usize,
    /// The highest level of a segment that is known.
    pub risk: Level,
    /// The risk by area, in the order of [`Area::ALL`].
    pub segments: Vec<Segment>,
    /// How far the change goes.
    pub reach: Reach,
    /// Public names that may be something else for those who use them.
    pub surface: Vec<ExposedName>,
    /// Requirements, and what is known of their support of the target.
    pub dependencies: Vec<Dependency>,
    /// How involved the code is that is touched.
    pub complexity: Complexity,
    /// What the touched places cost when they run, next to the old code.
    #[serde(default)]
    pub performance: Performance,
    /// What calls of a model may cost.
    pub price: Price,
    /// For everybody.
    pub simple: String,
    /// For those who know the code.
    pub professional: String,
    /// What a model says about it; nothing where none was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<View>,
}

impl Proposal {
    /// The segment of an area.
    pub fn segment(&self, area: Area) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.area == area)
    }
}

/// How much there is to fear. What is not known counts as less than what is known to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing says how much.
    Unknown,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

impl Level {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a risk is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// Files that cannot be read as the source language, or whose result the target would not accept.
    Syntax,
    /// Places that may mean something else afterwards, or are left as they are.
    Meaning,
    /// Public names that such places are part of.
    Interfaces,
    /// Requirements.
    Dependencies,
    /// Files that change and that no test reaches.
    Tests,
}

impl Area {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Syntax, Self::Meaning, Self::Interfaces, Self::Dependencies, Self::Tests];

    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Meaning => "meaning",
            Self::Interfaces => "interfaces",
            Self::Dependencies => "dependencies",
            Self::Tests => "tests",
        }
    }
}

/// The risk in one area: `count` of `of` things are at risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Segment {
    /// Which.
    pub area: Area,
    /// How much.
    pub level: Level,
    /// Things at risk.
    pub count: usize,
    /// Of so many.
    pub of: usize,
    /// What was counted, in a sentence.
    pub basis: String,
    /// Some of the places, as `FILE:LINE` or a name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
}

/// How far a change goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reach {
    /// Files that change.
    pub files: usize,
    /// Functions and methods with a change inside.
    pub functions: usize,
    /// Lines of the original that are gone or different.
    pub old_lines: usize,
    /// Lines that stand in their place.
    pub new_lines: usize,
    /// Files that import a changed one themselves, by what is written in them. Names that two files share make it more, never
    /// less.
    pub importers: Vec<String>,
    /// Files that import a changed one, directly or through others.
    pub through: usize,
}

/// A public name that may be something else for those who use it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ExposedName {
    /// The file.
    pub file: String,
    /// The line of its declaration, from 1.
    pub line: u32,
    /// The name, with those around it.
    pub name: String,
    /// How.
    pub exposure: Exposure,
    /// The recipes.
    pub recipes: Vec<String>,
}

/// What may be different about a public name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Exposure {
    /// How it is declared: its name, its parameters, its bases or its decorators.
    Signature,
    /// What it does: a place in it may mean something else, or is left as it is.
    Meaning,
}

/// How involved the touched functions are, by the branches in them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Complexity {
    /// Functions with a change inside.
    pub functions: usize,
    /// Ways through them, all together: one each, and one for each branch.
    pub ways: usize,
    /// Functions with more than ten.
    pub above_ten: usize,
    /// The one with the most, as `FILE NAME`.
    pub most: Option<(String, usize)>,
    /// Ways through a function in the mean, rounded: the score.
    pub score: usize,
}
