//! The risk of a proposal in five segments: what is counted, of how many, and what that amounts to.

use super::dependencies::{Dependency, Support};
use super::findings::FileFindings;
use super::record::{Area, ExposedName, Level, Segment};
use super::{Ground, changed_sources};
use iama_recipes::Class;

/// Places that a segment names.
const NAMED: usize = 8;

/// Findings by class.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tallies {
    pub(super) edits: usize,
    pub(super) checks: usize,
    pub(super) refused: usize,
    /// Places that only a larger strategy would treat.
    pub(super) left: usize,
}

/// The five segments.
pub(super) fn segments(
    ground: &Ground<'_>,
    found: &[FileFindings],
    tallies: Tallies,
    left: &[String],
    surface: &[ExposedName],
    dependencies: &[Dependency],
) -> Vec<Segment> {
    vec![
        syntax(ground, found),
        meaning(found, tallies, left),
        interfaces(found, surface),
        requirements(dependencies),
        tests(ground, found),
    ]
}

/// Low up to the first share in percent, medium up to the second.
fn by_share(count: usize, of: usize, low: usize, medium: usize) -> Level {
    let percent = count.saturating_mul(100).div_ceil(of.max(1));
    if percent <= low {
        Level::Low
    } else if percent <= medium {
        Level::Medium
    } else {
        Level::High
    }
}

fn segment(area: Area, level: Level, (count, of): (usize, usize), basis: &str, places: Vec<String>) -> Segment {
    Segment { area, level, count, of, basis: basis.to_owned(), places: places.into_iter().take(NAMED).collect() }
}

fn syntax(ground: &Ground<'_>, found: &[FileFindings]) -> Segment {
    let failed: Vec<String> = found.iter().filter(|file| file.failed.is_some()).map(|file| file.path.clone()).collect();
    let figure = (failed.len(), ground.files);
    let basis = "files that cannot be read as the source language, or whose result the target would not accept";
    segment(Area::Syntax, by_share(figure.0, figure.1, 0, 5), figure, basis, failed)
}

fn meaning(found: &[FileFindings], tallies: Tallies, left: &[String]) -> Segment {
    let risky = |file: &FileFindings| {
        let notes = file.notes.iter().filter(|note| note.class != Class::Safe);
        notes.map(|note| format!("{}:{}", file.path, note.line)).collect::<Vec<_>>()
    };
    let places = found.iter().flat_map(risky).chain(left.iter().cloned()).take(NAMED).collect();
    let Tallies { edits, checks, refused, left } = tallies;
    let figure = (checks + refused + left, edits + refused + left);
    let basis = format!(
        "of all places that recipes know: {checks} may mean something else afterwards, {refused} cannot be rewritten \
         safely, {left} would be treated by a larger proposal only"
    );
    segment(Area::Meaning, by_share(figure.0, figure.1, 1, 9), figure, &basis, places)
}

fn interfaces(found: &[FileFindings], surface: &[ExposedName]) -> Segment {
    let mut names: Vec<String> = surface.iter().map(|row| format!("{} {}", row.file, row.name)).collect();
    names.dedup();
    let of = found.iter().filter(|file| !file.test).map(|file| file.public).sum();
    let basis = "public names whose declaration changes or that hold such a place, of the public names in the files that \
                 recipes looked into";
    segment(Area::Interfaces, by_share(names.len(), of, 0, 10), (names.len(), of), basis, names)
}

fn requirements(dependencies: &[Dependency]) -> Segment {
    let count = |support: Support| dependencies.iter().filter(|row| row.support == support).count();
    let (missing, unknown) = (count(Support::Missing), count(Support::Unknown));
    let changed = count(Support::Replaced) + count(Support::InLibrary);
    let level = match (missing, changed, unknown) {
        (1.., _, _) => Level::High,
        (0, 1.., _) => Level::Medium,
        (0, 0, 1..) => Level::Unknown,
        (0, 0, 0) => Level::Low,
    };
    let at_risk = |row: &&Dependency| !matches!(row.support, Support::Supported | Support::SourceOnly);
    let names: Vec<String> = dependencies.iter().filter(at_risk).map(|row| row.name.clone()).collect();
    let basis = format!(
        "packages: {missing} never came to the target, {changed} have an heir, {unknown} are in no table of IAMA's, so \
         that nobody knows"
    );
    segment(Area::Dependencies, level, (names.len(), dependencies.len()), &basis, names)
}

fn tests(ground: &Ground<'_>, found: &[FileFindings]) -> Segment {
    let changed = changed_sources(ground.pair, found);
    let reached = ground.graph.reached(ground.tests.iter().map(String::as_str));
    let bare: Vec<String> =
        changed.iter().filter(|path| !reached.contains(*path)).map(|path| (*path).to_owned()).collect();
    let figure = (bare.len(), changed.len());
    if ground.command && ground.tests.is_empty() {
        let basis = "files of code that change; a command tests the project, and which of them it runs is known only afterwards";
        return segment(Area::Tests, Level::Unknown, (0, changed.len()), basis, Vec::new());
    }
    let basis = "files of code that change and that no file of tests imports, directly or through others";
    segment(Area::Tests, by_share(figure.0, figure.1, 10, 50), figure, basis, bare)
}
