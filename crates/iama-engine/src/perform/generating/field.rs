//! Where faults are planted to see what tests notice: the files that recipes would touch, and those that people and models wrote
//! items of the spec about.

use std::collections::{BTreeMap, BTreeSet};

use iama_baseline::python::environment::Environment;
use iama_baseline::python::mutants::mutants;
use iama_baseline::python::strength::{Strength, Verdict};
use iama_patch::Files;
use iama_recipes::pair::Reading;

use super::fault_name;
use crate::perform::strength::{Field, Tests};
use crate::perform::{Shop, sha256};
use crate::problem::Problem;
use crate::spec::{Origin, Spec};

pub(super) use crate::perform::rewriting::Lines;

/// Where faults are planted.
pub(super) struct Ground {
    /// The lines that recipes would touch or that a person has to look at.
    pub(super) touched: BTreeMap<String, Lines>,
    /// Their files as they are.
    pub(super) files: Files,
    /// The faults of these files.
    pub(super) field: Field,
}

/// Faults that are tried. How many there are hangs on no clock, so that a model is told the same each time.
const FAULTS: usize = 1500;

impl Shop<'_> {
    /// Finds out what the migration is about.
    pub(super) fn ground(&self, spec: &Spec) -> Result<Ground, Problem> {
        let tests = self.scope()?.test_files;
        let mut touched = self.preview(spec.strategy, &tests)?.touched;
        let mut files: BTreeSet<String> = touched.keys().cloned().collect();
        for (item, place) in spec.items.iter().flat_map(|item| item.places.iter().map(move |place| (item, place))) {
            let lines = place.lines.iter().map(|line| (*line, *line));
            touched.entry(place.file.clone()).or_default().extend(lines);
            if item.origin != Origin::Recipes || !place.lines.is_empty() {
                files.insert(place.file.clone());
            }
        }
        // What is no module cannot be imported by a test.
        let modules: BTreeSet<String> = self.own_modules()?.into_iter().collect();
        let is_source = |path: &String| modules.contains(path);
        touched.retain(|path, lines| is_source(path) && !lines.is_empty());
        files.retain(is_source);
        let mut field = Field::empty();
        let files = self.originals(&files)?;
        for (path, state) in &files {
            let Ok(text) = (self.pair.decode)(&state.bytes) else { continue };
            let Reading::Source(tree) = (self.pair.read)(text.text()) else { continue };
            // What a migration changes does not always stand on the lines that it touches.
            let whole = vec![(1, u32::MAX)];
            let planted = mutants(&tree, &whole);
            field.add(path, whole, planted, &text, &state.bytes);
        }
        field.keep_most_telling(&touched);
        Ok(Ground { touched, files, field })
    }

    /// What the project's own tests notice of them; nothing where it has none.
    pub(super) fn tried_with_own_tests(&self, environment: &Environment, field: &Field) -> Result<Strength, Problem> {
        if self.scope()?.test_files.is_empty() || field.is_empty() {
            return Ok(Strength::default());
        }
        let without = self.left_out(&[]).into_iter().map(|id| iama_baseline::TestId(id.0)).collect();
        let copies = (&*self.folder.root, &*self.folder.legacy());
        self.plant(Tests::Project, environment, copies, field, Some(super::PLANTING), &without)
    }
}

/// Whether a line is one of these.
pub(super) fn holds(lines: &[(u32, u32)], line: u32) -> bool {
    lines.iter().any(|(first, last)| (*first..=*last).contains(&line))
}

impl Field {
    /// The faults that tests were not seen to notice.
    pub(super) fn only_missed(&self, own: &Strength) -> Self {
        if own.tried.is_empty() {
            return self.clone();
        }
        self.only(own, |verdict| matches!(verdict, Verdict::Survived | Verdict::Unreached))
    }

    /// Keeps as many faults as can be tried in good time, those on touched lines first, else the same ones on every machine.
    fn keep_most_telling(&mut self, touched: &BTreeMap<String, Lines>) {
        let mut ranked: Vec<(bool, String)> = Vec::new();
        for (file, planted) in &self.mutants {
            let lines = touched.get(file).map_or(&[][..], Vec::as_slice);
            for fault in planted {
                let name = fault_name(file, &fault.mutant.name);
                ranked.push((!holds(lines, fault.mutant.line), sha256(name.as_bytes())));
            }
        }
        if ranked.len() <= FAULTS {
            return;
        }
        ranked.sort();
        let kept: BTreeSet<String> = ranked.into_iter().take(FAULTS).map(|(_, hash)| hash).collect();
        for (file, planted) in &mut self.mutants {
            planted.retain(|fault| kept.contains(&sha256(fault_name(file, &fault.mutant.name).as_bytes())));
        }
    }

    /// Whether no fault is left.
    pub(super) fn is_empty(&self) -> bool {
        self.mutants.values().all(Vec::is_empty)
    }
}
