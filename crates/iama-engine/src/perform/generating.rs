//! Tests that a model writes for the legacy code. They are asked for where no test notices a planted fault, tried on the legacy
//! code three times, and kept only where they notice what no other test does; what is left is told to the model once more.

mod asking;
mod field;
mod prompt;
mod screen;
mod trying;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use iama_baseline::credit::{Credit, choose};
use iama_baseline::python::environment::Environment;
use iama_baseline::python::strength::{Planted, Strength, Tried, Verdict};
use iama_baseline::{Suite, TestId};
use iama_job::effect::Effect;
use iama_job::event::Usage;
use iama_job::policy::baseline::BaselineMode;
use iama_job::{Dispatch, EffectId, EffectResult, Job, ModelClass};
use iama_model::Cost;
use iama_patch::Files;
use serde::{Deserialize, Serialize};

use self::field::{Ground, Lines};
use super::strength::Field;
use super::testing::{Manner, Side, Tested};
use super::{Done, Shop, sha256};
use crate::driver::Progress;
use crate::folder::{cannot_read, cannot_write, write_whole};
use crate::generated::{Fate, GENERATED, GeneratedRecord, GeneratedTest, Noticed, NoticedFault, TESTS};
use crate::problem::Problem;
use crate::proposals::Before;
use crate::spec::Spec;
use crate::spec::revise;

/// The folder of the tests within a copy of the project.
pub(super) const INSIDE: &str = "iama_generated";

/// The scratch folder of their runs, in the job's folder.
const SCRATCH: &str = "generated-run";

/// Rounds of asking: the first one, and one more that knows what came of it.
const ROUNDS: u8 = 2;

/// The longest that faults are planted in one go; many machines are through in a tenth of it.
const PLANTING: Duration = Duration::from_mins(15);

/// The terms of the calls.
#[derive(Clone, Copy)]
struct Terms {
    class: ModelClass,
    revision: u32,
    round: u8,
}

/// A test that passes three times on the legacy code.
#[derive(Clone, Serialize, Deserialize)]
struct Stable {
    /// Its place in [`Work::tests`].
    at: usize,
    file: String,
    /// The file as a whole.
    text: String,
    /// The names of the faults that it notices and the project's own tests do not.
    noticed: BTreeSet<String>,
    /// Why it notices none.
    idle: Option<(String, String)>,
}

/// What is known while tests come in.
struct Work {
    spec: Spec,
    environment: Environment,
    /// The lines that recipes would touch.
    touched: BTreeMap<String, Lines>,
    /// The files that faults are planted in.
    files: Files,
    /// All faults.
    all: Field,
    /// Those that the project's own tests do not notice.
    missed: Field,
    /// What the project's own tests notice.
    own: Strength,
    tests: Vec<GeneratedTest>,
    stable: Vec<Stable>,
    /// What is known of the missed faults by the stable tests together.
    rolled: Strength,
    notes: Vec<String>,
    cost: Cost,
}

/// What rounds that are over have come to.
#[derive(Serialize, Deserialize)]
struct SoFar {
    tests: Vec<GeneratedTest>,
    stable: Vec<Stable>,
    rolled: Strength,
    notes: Vec<String>,
    cost: Cost,
}

/// How asking ended.
enum Ended {
    /// With what there is.
    Through,
    /// A person wants to stop.
    Stopped,
}

/// The calls that ask for tests of so many files, at most.
pub(super) fn calls(files: usize) -> Before {
    let questions = files.div_ceil(asking::FILES).min(asking::QUESTIONS);
    Before::of(u32::try_from(questions).unwrap_or(u32::MAX), u32::from(ROUNDS))
}

impl Shop<'_> {
    /// Counts the files of tests that there are, and has a model write more where that was asked for.
    pub(super) fn generate_tests(&mut self, job: &Job, dispatch: &Dispatch) -> Result<Done, Problem> {
        let Effect::GenerateTests { class, revision, mode } = &dispatch.effect else { return Ok(Done::Nothing) };
        let own = self.count_tests()?;
        if !self.request.generate_tests {
            return Ok(Done::Result(EffectResult::TestsGenerated { tests: own, usage: Usage::default() }));
        }
        let known: Option<GeneratedRecord> = self.folder.read_if_kept(GENERATED)?;
        let record = match known.filter(|record| record.revision == *revision) {
            Some(record) => record,
            None => match self.write_tests(job, &dispatch.id, (*class, *revision, *mode))? {
                Some(record) => record,
                None => return Ok(Done::Nothing),
            },
        };
        let kept = u32::try_from(record.kept().count()).unwrap_or(u32::MAX);
        (self.progress)(Progress::Generated { record: &record });
        let usage = Usage { credits: record.cost.millicredits() };
        Ok(Done::Result(EffectResult::TestsGenerated { tests: own.saturating_add(kept), usage }))
    }

    /// Nothing when a person wants to stop.
    fn write_tests(
        &mut self,
        job: &Job,
        effect: &EffectId,
        (class, revision, mode): (ModelClass, u32, BaselineMode),
    ) -> Result<Option<GeneratedRecord>, Problem> {
        let record = match self.prepare(effect, class, mode)? {
            Err(why) => GeneratedRecord::skipped(revision, why),
            Ok(mut work) => {
                for round in 1..=ROUNDS {
                    let name = format!("tests-{round}");
                    if let Some(known) = self.known_halfway(effect, &name)? {
                        work.take_up(known);
                        continue;
                    }
                    if let Ended::Stopped = self.round(job, Terms { class, revision, round }, &mut work)? {
                        return Ok(None);
                    }
                    self.keep_halfway(effect, &name, &work.so_far())?;
                }
                self.keep_tests(revision, work)?
            }
        };
        if self.machine.sandbox.is_stopped() {
            return Ok(None);
        }
        self.folder.keep(GENERATED, &record)?;
        Ok(Some(record))
    }

    /// What the project's own tests miss; the inner error says why no test is asked for.
    fn prepare(
        &mut self,
        effect: &EffectId,
        class: ModelClass,
        mode: BaselineMode,
    ) -> Result<Result<Work, String>, Problem> {
        if mode == BaselineMode::BlackBox {
            return Ok(Err("too little of the code is understood for tests of its functions".to_owned()));
        }
        if !class.is_model() {
            return Ok(Err("no model of a class that writes tests is configured".to_owned()));
        }
        let Some(environment) = self.toolchain(Side::Legacy)?.environment else {
            return Ok(Err("the legacy code cannot be run, so no test can be tried on it".to_owned()));
        };
        let spec = revise::current(self.folder)?;
        let Ground { touched, files, field: all } = self.ground(&spec)?;
        let own = self.once(effect, "missed", |shop| {
            let stage = "planting faults into the legacy code, to see what no test notices";
            (shop.progress)(Progress::Stage(stage));
            shop.tried_with_own_tests(&environment, &all)
        })?;
        let missed = all.only_missed(&own);
        if missed.is_empty() {
            return Ok(Err("no fault was planted that the project's own tests do not notice".to_owned()));
        }
        Ok(Ok(Work {
            spec,
            environment,
            touched,
            files,
            all,
            missed,
            own,
            tests: Vec::new(),
            stable: Vec::new(),
            rolled: Strength::default(),
            notes: Vec::new(),
            cost: Cost::ZERO,
        }))
    }

    /// Asks for tests of what is missed, and tries them.
    fn round(&mut self, job: &Job, terms: Terms, work: &mut Work) -> Result<Ended, Problem> {
        let left = work.left();
        if left.is_empty() {
            return Ok(Ended::Through);
        }
        let proposed = match self.ask_for_tests(job, terms, work, &left)? {
            asking::Answered::Stopped => return Ok(Ended::Stopped),
            asking::Answered::Tests(proposed) => proposed,
        };
        self.try_tests(terms, work, proposed)?;
        Ok(if self.machine.sandbox.is_stopped() { Ended::Stopped } else { Ended::Through })
    }

    /// Writes the kept tests down. What was there before is gone.
    fn keep_tests(&self, revision: u32, mut work: Work) -> Result<GeneratedRecord, Problem> {
        let folder = self.folder.file(TESTS);
        let failed = |error: io::Error| cannot_write(&folder, &error);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(failed)?;
        }
        fs::create_dir_all(&folder).map_err(failed)?;
        let credit = work.credit();
        let mut sha256_of = BTreeMap::new();
        for stable in work.stable.iter().filter(|stable| credit.kept.contains_key(&stable.file)) {
            write_whole(&folder.join(&stable.file), stable.text.as_bytes())?;
            sha256_of.insert(stable.file.clone(), sha256(stable.text.as_bytes()));
        }
        work.settle(&credit);
        let (before, after) = work.noticed(&credit);
        let Work { notes, tests, cost, .. } = work;
        Ok(GeneratedRecord { revision, skipped: None, notes, tests, before, after, cost, sha256: sha256_of })
    }

    /// The kept tests must be what they were when they were written.
    pub(super) fn check_generated(&self) -> Result<(), Problem> {
        let Some(record) = self.folder.read_if_kept::<GeneratedRecord>(GENERATED)? else { return Ok(()) };
        if super::behaviour::hashes(&self.folder.file(TESTS))? == record.sha256 {
            return Ok(());
        }
        let sentence = format!("the generated tests in {} were changed", self.folder.file(TESTS).display());
        Err(Problem::input("SEAL_BROKEN", sentence).hint("they were changed from outside; start a new job"))
    }

    /// Whether tests were written and kept.
    pub(super) fn has_generated(&self) -> Result<bool, Problem> {
        let record: Option<GeneratedRecord> = self.folder.read_if_kept(GENERATED)?;
        Ok(record.is_some_and(|record| !record.sha256.is_empty()))
    }

    /// Puts the kept tests into a copy of the project and gives their files; none where there are none.
    pub(super) fn put_generated(&self, root: &Path) -> Result<Vec<String>, Problem> {
        let Some(record) = self.folder.read_if_kept::<GeneratedRecord>(GENERATED)? else { return Ok(Vec::new()) };
        self.check_generated()?;
        if record.sha256.is_empty() {
            return Ok(Vec::new());
        }
        let read = |name: &String| {
            let place = self.folder.file(TESTS).join(name);
            fs::read_to_string(&place).map(|text| (name.clone(), text)).map_err(|error| cannot_read(&place, &error))
        };
        let texts = record.sha256.keys().map(read).collect::<Result<Vec<_>, _>>()?;
        let tests: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        put(root, &tests)
    }

    /// Runs the kept tests in a copy and adds what they say to a suite.
    pub(super) fn run_generated(&mut self, root: &Path, what: &Tested<'_>, suite: &mut Suite) -> Result<(), Problem> {
        let files = self.put_generated(root)?;
        if files.is_empty() {
            return Ok(());
        }
        let found = self.run_files(root, &Tested { scratch: SCRATCH, files: &files, ..*what }, Manner::Told)?;
        let inside = root.join(INSIDE);
        fs::remove_dir_all(&inside).map_err(|error| cannot_write(&inside, &error))?;
        suite.add(found);
        Ok(())
    }
}

impl Work {
    fn so_far(&self) -> SoFar {
        SoFar {
            tests: self.tests.clone(),
            stable: self.stable.clone(),
            rolled: self.rolled.clone(),
            notes: self.notes.clone(),
            cost: self.cost,
        }
    }

    /// Goes on after a round of an earlier time.
    fn take_up(&mut self, known: SoFar) {
        let SoFar { tests, stable, rolled, notes, cost } = known;
        (self.tests, self.stable, self.rolled, self.notes, self.cost) = (tests, stable, rolled, notes, cost);
    }

    fn note(&mut self, terms: Terms, what: &str) {
        self.notes.push(format!("round {}: {what}", terms.round));
    }

    /// The id of a test while it is tried.
    fn id_of(&self, stable: &Stable) -> String {
        self.tests.get(stable.at).map_or_else(String::new, |test| id_of(&test.name).0)
    }

    /// The faults that neither the project's own tests nor the stable ones notice, by file.
    fn left(&self) -> BTreeMap<String, Vec<Planted>> {
        let taken: BTreeSet<&String> = self.stable.iter().flat_map(|stable| &stable.noticed).collect();
        let silent: BTreeSet<String> = [&self.own, &self.rolled].into_iter().flat_map(silent).collect();
        let open = |(file, planted): (&String, &Vec<Planted>)| {
            let name = |one: &Planted| fault_name(file, &one.mutant.name);
            let is_open = |one: &&Planted| !taken.contains(&name(one)) && !silent.contains(&name(one));
            let rows: Vec<Planted> = planted.iter().filter(is_open).cloned().collect();
            (!rows.is_empty()).then(|| (file.clone(), rows))
        };
        self.missed.mutants.iter().filter_map(open).collect()
    }

    /// Which of the stable tests are worth keeping.
    fn credit(&self) -> Credit {
        let rows: Vec<_> = self.stable.iter().map(|stable| (stable.file.clone(), stable.noticed.clone())).collect();
        choose(&rows)
    }

    /// Says of every stable test whether it is kept.
    fn settle(&mut self, credit: &Credit) {
        let names: BTreeMap<&str, &str> = self
            .stable
            .iter()
            .filter_map(|stable| Some((stable.file.as_str(), self.tests.get(stable.at)?.name.as_str())))
            .collect();
        let fate = |stable: &Stable| {
            if let Some(faults) = credit.kept.get(&stable.file) {
                return Fate::Kept { faults: faults.iter().filter_map(|name| self.fault(name)).collect() };
            }
            let dropped = |code: &str, why: String| Fate::Dropped { code: code.to_owned(), why };
            match (credit.doubled.get(&stable.file), &stable.idle) {
                (Some(same), _) => {
                    let same: Vec<&str> = same.iter().filter_map(|file| names.get(file.as_str()).copied()).collect();
                    dropped("DUPLICATE", format!("all that it notices is noticed by {}", same.join(", ")))
                }
                (None, Some((code, why))) => dropped(code, why.clone()),
                (None, None) => dropped("VACUOUS", "it notices no planted fault".to_owned()),
            }
        };
        let fates: Vec<(usize, Fate)> = self.stable.iter().map(|stable| (stable.at, fate(stable))).collect();
        for (at, fate) in fates {
            if let Some(test) = self.tests.get_mut(at) {
                test.fate = fate;
            }
        }
    }

    fn fault(&self, name: &str) -> Option<NoticedFault> {
        let row = |(file, planted): (&String, &Vec<Planted>)| {
            let found = planted.iter().find(|planted| fault_name(file, &planted.mutant.name) == name)?;
            let told = prompt::change(found, self.files.get(file));
            Some(NoticedFault { file: file.clone(), line: found.mutant.line, told })
        };
        self.missed.mutants.iter().find_map(row)
    }

    /// What is noticed on the touched lines, by the project's own tests and by the kept ones with them.
    fn noticed(&self, credit: &Credit) -> (Noticed, Noticed) {
        let both = self.own.joined(&self.rolled);
        let kept: BTreeSet<&String> = self
            .stable
            .iter()
            .filter(|stable| credit.kept.contains_key(&stable.file))
            .flat_map(|stable| &stable.noticed)
            .collect();
        let (mut before, mut after) = (Noticed::default(), Noticed::default());
        for (file, rows) in &both.tried {
            let lines = self.touched.get(file).map_or(&[][..], Vec::as_slice);
            let own: BTreeSet<&str> = self
                .own
                .tried
                .get(file)
                .into_iter()
                .flatten()
                .filter(|row| row.verdict.is_noticed())
                .map(|row| row.mutant.name.as_str())
                .collect();
            let on_touched = |row: &&Tried| field::holds(lines, row.mutant.line);
            let counted = |row: &&Tried| row.verdict.is_telling() && row.verdict != Verdict::NotRun;
            for row in rows.iter().filter(on_touched).filter(counted) {
                let by_own = own.contains(row.mutant.name.as_str());
                let by_kept = kept.contains(&fault_name(file, &row.mutant.name));
                before.faults += 1;
                before.noticed += usize::from(by_own);
                after.faults += 1;
                after.noticed += usize::from(by_own || by_kept);
            }
        }
        (before, after)
    }
}

/// Faults that change nothing, or are none.
fn silent(tried: &Strength) -> impl Iterator<Item = String> {
    let rows = tried.tried.iter().flat_map(|(file, rows)| rows.iter().map(move |row| (file, row)));
    rows.filter(|(_, row)| !row.verdict.is_telling()).map(|(file, row)| fault_name(file, &row.mutant.name))
}

/// The name of a fault among those of all files.
fn fault_name(file: &str, name: &str) -> String {
    format!("{file}:{name}")
}

/// Puts tests into a copy: names of files with their texts.
pub(super) fn put(root: &Path, tests: &[(&str, &str)]) -> Result<Vec<String>, Problem> {
    let inside = root.join(INSIDE);
    let failed = |error: io::Error| cannot_write(&inside, &error);
    fs::create_dir_all(&inside).map_err(failed)?;
    tests.iter().try_for_each(|(file, text)| fs::write(inside.join(file), text).map_err(failed))?;
    Ok(tests.iter().map(|(file, _)| format!("{INSIDE}/{file}")).collect())
}

/// Whether a test is one of those that were written for the job.
pub(crate) fn is_generated(id: &TestId) -> bool {
    id.0.strip_prefix(INSIDE).is_some_and(|rest| rest.starts_with('/'))
}

/// The id of a test in a copy.
fn id_of(name: &str) -> TestId {
    TestId(format!("{INSIDE}/{name}"))
}
