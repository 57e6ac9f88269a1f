//! What a run of the recipes says.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use iama_engine::rewrite::Failure;
use iama_recipes::{Class, Migration};
use iama_source::{Excluded, Reason};
use iama_syntax::{LineIndex, SourceText};
use serde::Serialize;

use super::Mode;
use crate::commands::recipes;
use crate::out::{count, say, tell};
use crate::paint;
use crate::problem::{Problem, exit, io};

/// Everything that one run says, as `iama.recipes-run/1`. Paths are as seen from the current folder.
#[derive(Default, Serialize)]
pub(super) struct Report {
    pub(super) schema: &'static str,
    pub(super) pair: &'static str,
    pub(super) strategy: &'static str,
    pub(super) dual: bool,
    pub(super) files: usize,
    pub(super) changed: Vec<String>,
    pub(super) added: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) moved: Vec<Moved>,
    pub(super) already_target: usize,
    pub(super) edits: BTreeMap<&'static str, usize>,
    pub(super) places: Vec<Place>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) missing: BTreeMap<&'static str, Missing>,
    pub(super) failures: Vec<FailureRow>,
    pub(super) excluded: Vec<Excluded>,
}

/// A package that has no release for the target language.
#[derive(Serialize)]
pub(super) struct Missing {
    instead: &'static str,
    files: BTreeSet<String>,
}

/// A file that has another name now.
#[derive(Serialize)]
pub(super) struct Moved {
    pub(super) from: String,
    pub(super) to: String,
}

/// A place that a person should look at.
#[derive(Serialize)]
pub(super) struct Place {
    file: String,
    line: u32,
    recipe: &'static str,
    class: Class,
    why: String,
}

/// A file that could not be worked on.
#[derive(Serialize)]
pub(super) struct FailureRow {
    file: String,
    line: u32,
    code: &'static str,
    sentence: String,
    hint: &'static str,
}

impl FailureRow {
    /// A file that no recipe could work on.
    pub(super) fn new(file: String, failure: &Failure) -> Self {
        let (line, code, hint) = (failure.line(), failure.code(), failure.hint());
        Self { file, line, code, sentence: failure.to_string(), hint }
    }

    /// A file that was named, and that a walk would have left out.
    pub(super) fn refused(file: String, reason: Reason) -> Self {
        let hint = match reason {
            Reason::SymbolicLink => "name the file that the link leads to",
            Reason::Unreadable => "make the file readable",
            _ => "such files are left as they are; leave it out with --exclude",
        };
        Self { file, line: 1, code: "SOURCE_REFUSED", sentence: reason.sentence().to_owned(), hint }
    }
}

/// The places of a file that a person should look at.
pub(super) fn places(file: &str, before: &SourceText, migration: &Migration) -> Vec<Place> {
    let lines = LineIndex::new(before.text());
    let noted = migration.notes.iter().filter(|note| note.class != Class::Safe);
    noted
        .map(|note| Place {
            file: file.to_owned(),
            line: lines.line(note.span.start),
            recipe: note.recipe,
            class: note.class,
            why: note.why.clone(),
        })
        .collect()
}

pub(super) fn print_diff(path: &str, before: &str, after: &str) {
    say!("{}", paint::strong(format!("--- {path}\n+++ {path}")));
    let diff = similar::TextDiff::from_lines(before, after);
    for hunk in diff.unified_diff().iter_hunks() {
        say!("{}", paint::place(hunk.header()));
        for change in hunk.iter_changes() {
            let line = change.value().trim_end_matches(['\n', '\r']);
            match change.tag() {
                similar::ChangeTag::Delete => say!("{}", paint::removed(format!("-{line}"))),
                similar::ChangeTag::Insert => say!("{}", paint::added(format!("+{line}"))),
                similar::ChangeTag::Equal => say!(" {line}"),
            }
        }
    }
}

impl Report {
    /// Prints the report and chooses the exit code.
    pub(super) fn finish(mut self, mode: Mode, as_json: bool) -> Result<ExitCode, Problem> {
        self.missing = self.missing_packages()?;
        if as_json {
            let text = serde_json::to_string(&self).map_err(|error| io("cannot write the report", &error.into()))?;
            say!("{text}");
        } else {
            self.summarise(mode);
        }
        let (failed, check) = (self.failures.len(), mode == Mode::Check);
        let code = if failed > 0 && (check || failed == self.files) {
            exit::BAD_INPUT
        } else if check && !(self.changed.is_empty() && self.moved.is_empty()) {
            exit::NOT_DELIVERED
        } else {
            exit::OK
        };
        Ok(ExitCode::from(code))
    }

    /// The packages without a release for the target language, from what was said at the places that need them.
    fn missing_packages(&self) -> Result<BTreeMap<&'static str, Missing>, Problem> {
        let pair = recipes::pair(self.pair)?;
        let mut packages = BTreeMap::new();
        for place in self.places.iter().filter(|place| place.class == Class::Refused) {
            if let Some((package, instead)) = (pair.missing)(place.recipe, &place.why) {
                let missing = packages.entry(package).or_insert_with(|| Missing { instead, files: BTreeSet::new() });
                missing.files.insert(place.file.clone());
            }
        }
        Ok(packages)
    }

    fn summarise(&self, mode: Mode) {
        self.print_places();
        for row in &self.failures {
            let at = paint::place(format!("{}:{}", row.file, row.line));
            tell!("{at}  {}[{}] {}", paint::error("error"), row.code, row.sentence);
            tell!("  {}: {}", paint::dim("hint"), row.hint);
        }
        self.print_excluded();
        let mut counts: Vec<_> = self.edits.iter().collect();
        counts.sort_by_key(|(id, count)| (std::cmp::Reverse(**count), **id));
        for (id, count) in counts {
            tell!("{count:6}  {id}");
        }
        for path in &self.added {
            tell!("{}  a module that Python 3 no longer has, brought along", paint::place(path));
        }
        for Moved { from, to } in &self.moved {
            let verb = if mode == Mode::Write { "is called" } else { "would be called" };
            tell!("{}  {verb} {}", paint::place(from), paint::place(to));
        }
        for (package, Missing { instead, files }) in &self.missing {
            let files = files.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            tell!(
                "{}  has no release for Python 3: {instead} {}",
                paint::place(package),
                paint::dim(format!("({files})"))
            );
        }
        let verb = if mode == Mode::Write { "rewritten" } else { "would be rewritten" };
        let (changed, files, places) =
            (self.changed.len(), count(self.files, "file"), count(self.places.len(), "place"));
        let need = if self.places.len() == 1 { "needs" } else { "need" };
        tell!("{}", paint::strong(format!("{changed} of {files} {verb}; {places} {need} a person")));
    }

    /// What is said of several lines of a file is said once, at the first of them.
    pub(super) fn print_places(&self) {
        for (place, others) in grouped(&self.places) {
            let Place { file, line, recipe, class, why } = place;
            let class = paint::warning(recipes::class_name(*class));
            let others = match others.as_slice() {
                [] => String::new(),
                [other] => format!(" (and line {other})"),
                [first, .., last] => format!(" (and {} more places, lines {first} to {last})", others.len()),
            };
            tell!("{}  {class} {recipe}: {why}{}", paint::place(format!("{file}:{line}")), paint::dim(others));
        }
    }

    /// What the user left out with a pattern is counted; the rest is named.
    fn print_excluded(&self) {
        let asked = self.excluded.iter().filter(|excluded| excluded.reason == Reason::Pattern).count();
        for Excluded { path, reason } in self.excluded.iter().filter(|excluded| excluded.reason != Reason::Pattern) {
            tell!("{}  left out: {}", paint::place(path), reason.sentence());
        }
        if asked > 0 {
            tell!("{} left out by a pattern", count(asked, "file"));
        }
    }
}

/// Each thing that is said of a file, with the first line that it is said of and the others.
fn grouped(places: &[Place]) -> Vec<(&Place, Vec<u32>)> {
    let mut groups: Vec<(&Place, Vec<u32>)> = Vec::new();
    let mut known: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for place in places {
        let rank = *known.entry((&place.file, place.recipe, &place.why)).or_insert(groups.len());
        match groups.get_mut(rank) {
            Some((_, others)) => others.push(place.line),
            None => groups.push((place, Vec::new())),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_several_lines_is_said_once() {
        let place = |file: &str, line, why: &str| Place {
            file: file.to_owned(),
            line,
            recipe: "r",
            class: Class::Check,
            why: why.to_owned(),
        };
        let places =
            [place("a", 1, "x"), place("a", 2, "y"), place("a", 3, "x"), place("b", 1, "x"), place("a", 9, "x")];
        let told: Vec<_> =
            grouped(&places).into_iter().map(|(first, others)| (&*first.file, first.line, others)).collect();
        assert_eq!(told, [("a", 1, vec![3, 9]), ("a", 2, vec![]), ("b", 1, vec![])]);
    }
}
