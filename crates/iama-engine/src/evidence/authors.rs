//! Who wrote the lines of a hunk besides recipes: told by following each line through the steps of the job.

use std::collections::{BTreeMap, BTreeSet};

use iama_patch::{FileState, Files, Hunk, LineKind};

use crate::folder::JobFolder;
use crate::history::{Author, History};
use crate::problem::Problem;

/// A line, and the steps that took lines away just before it.
#[derive(Debug, Clone, Default)]
struct Line {
    step: Option<usize>,
    taken_before: BTreeSet<usize>,
}

/// The lines of files with the steps that wrote them.
pub(super) struct Authors {
    steps: Vec<Author>,
    files: BTreeMap<String, Vec<Line>>,
}

impl Authors {
    /// Follows the files that models or persons wrote; `originals` holds them as the project had them.
    pub(super) fn read(folder: &JobFolder, originals: &Files) -> Result<Self, Problem> {
        let history = History::read(folder)?;
        let standing = history.standing();
        let steps: Vec<Author> = standing.iter().map(|step| step.author.clone()).collect();
        let mut files = BTreeMap::new();
        let foreign = standing.iter().filter(|step| step.author != Author::Recipes);
        for path in foreign.flat_map(|step| step.files.keys()).collect::<BTreeSet<_>>() {
            let mut state = originals.get(path).cloned().unwrap_or_default();
            let mut lines = vec![Line::default(); count(&state)];
            for (number, step) in standing.iter().enumerate() {
                let Some(kept) = step.files.get(path) else { continue };
                let next = match kept {
                    Some(kept) => FileState { bytes: folder.get(&kept.sha256)?, executable: kept.executable },
                    None => FileState::default(),
                };
                lines = follow(path, &state, &next, lines, number);
                state = next;
            }
            files.insert(path.clone(), lines);
        }
        Ok(Self { steps, files })
    }

    /// The models and persons who had a part in a hunk, in the order of their steps.
    pub(super) fn of(&self, path: &str, hunk: &Hunk) -> Vec<Author> {
        let Some(lines) = self.files.get(path) else { return Vec::new() };
        let mut steps = BTreeSet::new();
        let mut at = usize::try_from(hunk.new_start).unwrap_or(1).saturating_sub(1);
        for (kind, _) in &hunk.lines {
            let line = lines.get(at);
            match kind {
                LineKind::Removed => steps.extend(line.iter().flat_map(|line| &line.taken_before)),
                LineKind::Added => {
                    steps.extend(line.and_then(|line| line.step));
                    at += 1;
                }
                LineKind::Context => at += 1,
            }
        }
        let foreign = steps.into_iter().filter_map(|step| self.steps.get(step));
        foreign.filter(|author| **author != Author::Recipes).cloned().collect()
    }
}

fn count(state: &FileState) -> usize {
    String::from_utf8_lossy(&state.bytes).lines().count()
}

/// The lines after a step. One more than there are stands for the end of the file.
fn follow(path: &str, before: &FileState, after: &FileState, lines: Vec<Line>, step: usize) -> Vec<Line> {
    let one = |state: &FileState| Files::from([(path.to_owned(), state.clone())]);
    let mut next = Vec::new();
    let mut old = lines.into_iter();
    let mut taken = 0;
    for hunk in iama_patch::diff(&one(before), &one(after)).iter().flat_map(|diff| &diff.hunks) {
        let first = usize::try_from(hunk.old_start).unwrap_or(1).saturating_sub(1);
        while taken < first {
            next.push(old.next().unwrap_or_default());
            taken += 1;
        }
        let mut gone = BTreeSet::new();
        for (kind, _) in &hunk.lines {
            let mut line = match kind {
                LineKind::Removed => {
                    let line = old.next().unwrap_or_default();
                    taken += 1;
                    gone.extend(line.taken_before);
                    gone.insert(step);
                    continue;
                }
                LineKind::Added => Line { step: Some(step), taken_before: BTreeSet::new() },
                LineKind::Context => {
                    taken += 1;
                    old.next().unwrap_or_default()
                }
            };
            line.taken_before.append(&mut gone);
            next.push(line);
        }
        if !gone.is_empty() {
            let mut line = old.next().unwrap_or_default();
            taken += 1;
            line.taken_before.append(&mut gone);
            next.push(line);
        }
    }
    next.extend(old);
    next
}

#[cfg(test)]
mod tests {
    use iama_job::{EffectId, JobId, ModelClass, RouteName};

    use super::*;

    fn state(text: &str) -> FileState {
        FileState { bytes: text.as_bytes().to_vec(), executable: false }
    }

    #[test]
    fn a_line_keeps_its_author_through_later_steps() {
        let place = tempfile::tempdir().unwrap();
        let folder = JobFolder { root: place.path().to_owned(), id: "j".to_owned() };
        folder.create().unwrap();
        let model = |ordinal| Author::Model { ordinal, class: ModelClass::L1, route: RouteName::from("a/b") };
        let texts = [
            (Author::Recipes, "one\nTWO\nthree\nfour\nfive\nsix\nseven\neight\nnine\n"),
            (model(1), "one\nTWO\nthree\nfour\nfive\nsix\nseven\nEIGHT\nnine\n"),
            (Author::Person, "zero\none\nTWO\nthree\nfour\nfive\nsix\nseven\nEIGHT\n"),
        ];
        for (seq, (author, text)) in (1..).zip(texts.clone()) {
            let effect = EffectId { job: JobId::from("j"), seq, index: 0 };
            let files = BTreeMap::from([("a.py".to_owned(), Some(state(text)))]);
            folder.record_step(&effect, author, files).unwrap();
        }
        let before =
            Files::from([("a.py".to_owned(), state("one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n"))]);
        let after = Files::from([("a.py".to_owned(), state(texts[2].1))]);
        let authors = Authors::read(&folder, &before).unwrap();
        let diffs = iama_patch::diff(&before, &after);
        let found: Vec<_> = diffs[0].hunks.iter().map(|hunk| authors.of("a.py", hunk)).collect();
        let all: BTreeSet<Author> = found.into_iter().flatten().collect();
        assert_eq!(all.into_iter().collect::<Vec<_>>(), [model(1), Author::Person]);
    }
}
