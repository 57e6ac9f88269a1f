//! Requirements, and what is known of their support of the target.

use std::collections::BTreeMap;

use iama_recipes::pair;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Ground;
use super::findings::FileFindings;

/// A requirement of the project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Dependency {
    /// The package.
    pub name: String,
    /// The requirement, as it is written; nothing for a package that is only imported.
    pub requirement: Option<String>,
    /// What is known.
    pub support: Support,
    /// What takes its place, or what to look at.
    pub instead: Option<String>,
    /// Where it is imported or required, as `FILE:LINE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
}

/// What is known of a package's support of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// The tables know the package as one of the target's.
    Supported,
    /// The target's own library has it.
    InLibrary,
    /// Another package takes its place.
    Replaced,
    /// The requirement is for the source language only.
    SourceOnly,
    /// It never came to the target.
    Missing,
    /// The tables do not know the package.
    Unknown,
}

/// The requirements of the project, and the packages that findings name.
pub(super) fn of(ground: &Ground<'_>, found: &[FileFindings]) -> Vec<Dependency> {
    let mut rows: BTreeMap<String, Dependency> = BTreeMap::new();
    for requirement in ground.requirements {
        let row = of_requirement(ground, requirement);
        rows.entry(row.name.to_ascii_lowercase()).or_insert(row);
    }
    for file in found {
        for note in &file.notes {
            let Some((package, what)) = (ground.pair.missing)(&note.recipe, &note.why) else { continue };
            let row = rows.entry(package.to_owned()).or_insert_with(|| Dependency {
                name: package.to_owned(),
                requirement: None,
                support: Support::Missing,
                instead: Some(what.to_owned()),
                places: Vec::new(),
            });
            row.places.push(format!("{}:{}", file.path, note.line));
        }
    }
    rows.into_values().collect()
}

fn of_requirement(ground: &Ground<'_>, requirement: &str) -> Dependency {
    let end =
        requirement.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).unwrap_or(requirement.len());
    let (support, instead) = match (ground.pair.support)(requirement) {
        None => (Support::Unknown, None),
        Some(pair::Support::Itself) => (Support::Supported, None),
        Some(pair::Support::Library(place)) => (Support::InLibrary, Some(place)),
        Some(pair::Support::Package(other)) => (Support::Replaced, Some(other)),
        Some(pair::Support::Nothing(what)) => (Support::Missing, Some(what)),
        Some(pair::Support::SourceOnly) => (Support::SourceOnly, None),
    };
    Dependency {
        name: requirement[..end].to_owned(),
        requirement: Some(requirement.to_owned()),
        support,
        instead: instead.map(str::to_owned),
        places: Vec::new(),
    }
}
