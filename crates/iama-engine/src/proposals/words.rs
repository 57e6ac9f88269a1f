//! A proposal in words.

use super::Ground;
use super::dependencies::Support;
use super::record::{Area, Exposure, Level, Proposal};

fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// For everybody: what happens, what to watch, what it rests on.
pub(super) fn simple(ground: &Ground<'_>, proposal: &Proposal) -> String {
    if proposal.files == 0 {
        return format!("Nothing in the {} would change.", count(ground.files, "file"));
    }
    let aim = match proposal.strategy {
        iama_recipes::Strategy::Conservative => format!("only what {} needs to read and start the code", ground.target),
        iama_recipes::Strategy::Standard => format!("what the code needs to behave on {} as it did", ground.target),
        iama_recipes::Strategy::Comprehensive => {
            format!("all that is known for {}, with rewrites that a person should look at", ground.target)
        }
    };
    let mut sentences = vec![format!("Changes {} of {}: {aim}.", proposal.files, count(ground.files, "file"))];
    sentences.push(match proposal.checks {
        0 => "No change is known to alter what the code does.".to_owned(),
        1 => "1 place may do something else afterwards; it is named for you to look at.".to_owned(),
        more => format!("{more} places may do something else afterwards; each is named for you to look at."),
    });
    if proposal.refused > 0 {
        sentences.push(format!("{} left alone, since no safe change is known.", count(proposal.refused, "place")));
    }
    if proposal.left > 0 {
        let those = if proposal.left == 1 { "is" } else { "are" };
        sentences.push(format!("{} {those} treated by a larger proposal only.", count(proposal.left, "more place")));
    }
    let missing = proposal.dependencies.iter().filter(|row| row.support == Support::Missing).count();
    if missing > 0 {
        sentences.push(format!(
            "{} that the code uses has no version for {}.",
            count(missing, "package"),
            ground.target
        ));
    }
    if let Some(tests) = proposal.segment(Area::Tests).filter(|tests| tests.level != Level::Unknown) {
        sentences.push(match (tests.count, tests.of) {
            (_, 0) => String::new(),
            (0, _) => "Tests reach every file that changes.".to_owned(),
            (bare, of) if bare == of => "No test reaches what changes.".to_owned(),
            (bare, of) => format!("No test reaches {bare} of the {of} files that change."),
        });
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences.join(" ")
}

/// For those who know the code: figures only.
pub(super) fn professional(proposal: &Proposal) -> String {
    let reach = &proposal.reach;
    let edits: usize = proposal.edits.values().sum();
    let signatures = proposal.surface.iter().filter(|row| row.exposure == Exposure::Signature).count();
    let meanings = proposal.surface.len() - signatures;
    let mut parts = vec![
        format!(
            "{} by {} in {}; {} old lines become {}, {} touched.",
            count(edits, "edit"),
            count(proposal.edits.len(), "recipe"),
            count(reach.files, "file"),
            reach.old_lines,
            reach.new_lines,
            count(reach.functions, "function"),
        ),
        format!("Imported by {} directly, {} in all.", count(reach.importers.len(), "unchanged file"), reach.through),
        format!(
            "Breaking surface: {}, {} whose meaning may change.",
            count(signatures, "declaration"),
            count(meanings, "public name")
        ),
    ];
    parts.extend(proposal.performance.sentence());
    if !proposal.dependencies.is_empty() {
        let of = |support: Support| proposal.dependencies.iter().filter(|row| row.support == support).count();
        parts.push(format!(
            "Requirements: {} supported, {} in the library, {} replaced, {} missing, {} unknown.",
            of(Support::Supported) + of(Support::SourceOnly),
            of(Support::InLibrary),
            of(Support::Replaced),
            of(Support::Missing),
            of(Support::Unknown),
        ));
    }
    let complexity = &proposal.complexity;
    if let Some((most, ways)) = &complexity.most {
        parts.push(format!(
            "Complexity score {}: ways through a touched function in the mean; {} above ten, most {ways} in {most}.",
            complexity.score, complexity.above_ten
        ));
    }
    parts.join(" ")
}
