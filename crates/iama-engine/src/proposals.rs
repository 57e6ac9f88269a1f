//! The three proposals of a job, worked out from what the recipes find: nothing in them is guessed, and what is not known is
//! called unknown.
//!
//! Everything here is a function of findings, files and prices. Nothing is run, and no model is called but for [`View`] and [`Overview`].

pub(crate) mod analysis;
mod complexity;
mod dependencies;
pub(crate) mod findings;
pub(crate) mod overview;
mod performance;
mod price;
mod reach_of;
mod record;
mod risk;
mod shape;
mod surface;
pub(crate) mod view;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use iama_recipes::{Class, Pair, Strategy};

pub use analysis::AnalysisReport;
pub use dependencies::{Dependency, Support};
pub use overview::{EntryPoint, Overview, RiskyFile};
pub use performance::Performance;
pub(crate) use price::Before;
pub use price::Price;
pub use record::{Area, Complexity, ExposedName, Exposure, Level, Proposal, Reach, Segment};

pub use view::{SeenRisk, View};

use findings::FileFindings;
pub(crate) use reach_of::Graph;

/// What all three proposals are worked out from.
pub(crate) struct Ground<'a> {
    pub(crate) pair: &'a Pair,
    /// The target language with its version, as a person says it.
    pub(crate) target: String,
    /// Source files of the workspace.
    pub(crate) files: usize,
    /// Who imports whom.
    pub(crate) graph: &'a Graph,
    /// The files of tests.
    pub(crate) tests: &'a [String],
    /// Whether a command tests the project: nobody knows which files it reaches.
    pub(crate) command: bool,
    /// Requirements of the project, as they are written.
    pub(crate) requirements: &'a [String],
    /// What the calls of a model may cost.
    pub(crate) price: Price,
}

/// One proposal from what the recipes of its strategy found, beside what those of the largest strategy find.
pub(crate) fn propose(
    ground: &Ground<'_>,
    strategy: Strategy,
    found: &[FileFindings],
    largest: &[FileFindings],
) -> Proposal {
    let mut edits: BTreeMap<String, usize> = BTreeMap::new();
    let (mut checks, mut refused) = (0, 0);
    for note in found.iter().flat_map(|file| &file.notes) {
        match note.class {
            Class::Refused => refused += 1,
            Class::Check | Class::Safe => {
                checks += usize::from(note.class == Class::Check);
                *edits.entry(note.recipe.clone()).or_default() += 1;
            }
        }
    }
    let surface = surface::of(found);
    let dependencies = dependencies::of(ground, found);
    let reach = reach_of::of(ground.graph, found);
    let left = left(found, largest);
    let tallies = risk::Tallies { edits: edits.values().sum(), checks, refused, left: left.len() };
    let segments = risk::segments(ground, found, tallies, &left, &surface, &dependencies);
    let risk = segments.iter().map(|segment| segment.level).max().unwrap_or(Level::Unknown);
    let mut proposal = Proposal {
        strategy,
        files: reach.files,
        edits,
        checks,
        refused,
        left: tallies.left,
        risk,
        segments,
        reach,
        surface,
        dependencies,
        complexity: complexity::of(found),
        performance: Performance::of(found, largest),
        price: ground.price.clone(),
        simple: String::new(),
        professional: String::new(),
        view: None,
    };
    proposal.simple = words::simple(ground, &proposal);
    proposal.professional = words::professional(&proposal);
    proposal
}

/// Places that only a larger strategy would treat, as `FILE:LINE`.
fn left(found: &[FileFindings], largest: &[FileFindings]) -> Vec<String> {
    let all = |files: &'_ [FileFindings]| -> BTreeSet<(String, u32, String)> {
        let of_file = |file: &FileFindings| {
            file.notes.iter().map(|note| (file.path.clone(), note.line, note.recipe.clone())).collect::<Vec<_>>()
        };
        files.iter().flat_map(of_file).collect()
    };
    let (here, there) = (all(found), all(largest));
    there.difference(&here).map(|(path, line, _)| format!("{path}:{line}")).collect()
}

/// The files of code that a proposal changes and that hold no tests.
fn changed_sources<'a>(pair: &Pair, found: &'a [FileFindings]) -> BTreeSet<&'a str> {
    let wanted = |file: &&FileFindings| file.changed && !file.test && (pair.plain)(&file.path).is_none();
    found.iter().filter(wanted).map(|file| file.path.as_str()).collect()
}

#[cfg(test)]
mod tests;
