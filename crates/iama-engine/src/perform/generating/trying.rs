//! Trying proposed tests on the legacy code: three times as it is, and then with every fault that no test noticed so far.

use std::collections::{BTreeMap, BTreeSet};

use iama_baseline::python::strength::{Strength, Verdict};
use iama_baseline::{Case, CaseError, Status, Suite};

use super::asking::Proposed;
use super::{INSIDE, PLANTING, SCRATCH, Stable, Terms, Work, fault_name, id_of, prompt, put, screen};
use crate::copies::copy_project;
use crate::driver::Progress;
use crate::generated::{Fate, GeneratedTest};
use crate::perform::Shop;
use crate::perform::strength::{Field, Tests};
use crate::perform::testing::{Manner, Tested};
use crate::problem::Problem;

/// Runs on the code as it is, each with another order of sets and dicts.
const RUNS: u32 = 3;

/// Characters of what a failing test says.
const SAID: usize = 300;

/// Digits that make a number an address.
const ADDRESS: usize = 8;

impl Shop<'_> {
    /// Finds out what the proposed tests are worth.
    pub(super) fn try_tests(&mut self, terms: Terms, work: &mut Work, proposed: Vec<Proposed>) -> Result<(), Problem> {
        let fresh = self.screened(terms, work, proposed)?;
        if fresh.is_empty() {
            return Ok(());
        }
        (self.progress)(Progress::Stage("trying the model's tests on the legacy code, three times"));
        let mut stable = self.run_three_times(work, fresh)?;
        if stable.is_empty() || self.machine.sandbox.is_stopped() {
            return Ok(());
        }
        (self.progress)(Progress::Stage("planting faults, to see what the model's tests notice"));
        self.call_the_roll(work, &mut stable)?;
        self.tell_idle_ones(work, &mut stable)?;
        work.stable.extend(stable);
        // What the next round is told.
        let credit = work.credit();
        work.settle(&credit);
        Ok(())
    }

    /// Puts aside what is not run at all.
    fn screened(&self, terms: Terms, work: &mut Work, proposed: Vec<Proposed>) -> Result<Vec<Stable>, Problem> {
        let (_, project) = self.project()?;
        let mut files: BTreeSet<String> =
            work.tests.iter().filter_map(|test| Some(test.name.split_once("::")?.0.to_owned())).collect();
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        let mut fresh = Vec::new();
        for Proposed { test, route, items } in proposed {
            let dropped = |code: &str, why: String| Fate::Dropped { code: code.to_owned(), why };
            let mut row = GeneratedTest {
                name: name_in(&test.code).unwrap_or_else(|| format!("(test {})", work.tests.len() + 1)),
                item: test.item.clone(),
                says: test.says.chars().take(300).collect(),
                round: terms.round,
                route,
                fate: dropped("NOT_RUN", "it was not run".to_owned()),
            };
            match self.screen(&test, &items, &project) {
                Err(objection) => row.fate = dropped(objection.code, objection.why),
                Ok(fit) => {
                    let file = screen::file_name(&test.item, &fit.name, &files);
                    row.name = format!("{file}::{}", fit.name);
                    if let Some(same) = texts.get(&fit.code) {
                        row.fate = dropped("REPEATED", format!("it is {same} once more"));
                    } else {
                        let text = prompt::test_file(&row, &fit.code);
                        texts.insert(fit.code, row.name.clone());
                        files.insert(file.clone());
                        fresh.push(Stable { at: work.tests.len(), file, text, noticed: BTreeSet::new(), idle: None });
                    }
                }
            }
            work.tests.push(row);
        }
        Ok(fresh)
    }

    /// Those that pass every time.
    fn run_three_times(&mut self, work: &mut Work, fresh: Vec<Stable>) -> Result<Vec<Stable>, Problem> {
        let root = self.folder.legacy();
        let mut suites = Vec::new();
        for seed in 0..RUNS {
            copy_project(&self.folder.root, &root)?;
            let texts: Vec<(&str, &str)> = fresh.iter().map(|one| (one.file.as_str(), one.text.as_str())).collect();
            let mut files = put(&root, &texts)?;
            // Another order each time, so that tests which lean on each other show it.
            let turn = files.len() * usize::try_from(seed).unwrap_or(0) / usize::try_from(RUNS).unwrap_or(1);
            files.rotate_left(turn);
            let what = Tested {
                scratch: SCRATCH,
                environment: &work.environment,
                files: &files,
                factor: 1,
                without: &[],
                seed,
            };
            suites.push(self.run_files(&root, &what, Manner::Quiet)?);
        }
        crate::copies::remove(&root)?;
        let (good, bad): (Vec<Stable>, Vec<Stable>) =
            fresh.into_iter().partition(|stable| judged(&suites, work.tests.get(stable.at)).is_none());
        for stable in bad {
            let fate = judged(&suites, work.tests.get(stable.at));
            if let (Some(test), Some(fate)) = (work.tests.get_mut(stable.at), fate) {
                test.fate = fate;
            }
        }
        Ok(good)
    }

    /// Which of the missed faults each of the tests notices.
    fn call_the_roll(&self, work: &mut Work, stable: &mut [Stable]) -> Result<(), Problem> {
        let found = self.rolled(work, &stable.iter().collect::<Vec<_>>(), &work.missed)?;
        let mut noticed: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (file, rows) in &found.tried {
            for row in rows.iter().filter(|row| row.verdict.is_noticed()) {
                for by in &row.all {
                    noticed.entry(by).or_default().insert(fault_name(file, &row.mutant.name));
                }
            }
        }
        let reached: BTreeSet<usize> = found
            .reach
            .values()
            .flatten()
            .flat_map(|row| row.by.iter())
            .flat_map(|(first, last)| *first..=*last)
            .collect();
        for stable in stable {
            let name = &work.id_of(stable);
            stable.noticed = noticed.get(name.as_str()).cloned().unwrap_or_default();
            let place = found.tests.iter().position(|id| id.0 == *name);
            stable.idle = match (found.left_out.get(name), place) {
                (Some(reason), _) => {
                    Some(("FLAKY".to_owned(), format!("it ended otherwise when it was run again: {reason}")))
                }
                (None, Some(place)) if !reached.contains(&place) => {
                    let why = "it runs nothing of the files that the migration touches";
                    Some(("VACUOUS".to_owned(), why.to_owned()))
                }
                _ => None,
            };
        }
        let late = found.tried.values().flatten().filter(|row| row.verdict == Verdict::NotRun).count();
        if late > 0 {
            work.notes.push(format!("the model's tests were not tried on {late} faults: the time was up"));
        }
        work.rolled = work.rolled.joined(&found);
        Ok(())
    }

    /// Of those that notice nothing new: whether they notice what the project's own tests notice, too.
    fn tell_idle_ones(&self, work: &Work, stable: &mut [Stable]) -> Result<(), Problem> {
        let is_idle = |stable: &Stable| stable.noticed.is_empty() && stable.idle.is_none();
        let known = work.all.only(&work.own, Verdict::is_noticed);
        let idle: Vec<&Stable> = stable.iter().filter(|stable| is_idle(stable)).collect();
        if known.is_empty() || idle.is_empty() {
            return Ok(());
        }
        let found = self.rolled(work, &idle, &known)?;
        let mut same: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (file, rows) in &found.tried {
            for row in rows {
                let own = work.own.tried.get(file).into_iter().flatten().find(|own| own.mutant.name == row.mutant.name);
                let by = own.and_then(|own| own.by.clone());
                row.all.iter().for_each(|test| same.entry(test.clone()).or_default().extend(by.clone()));
            }
        }
        for stable in stable.iter_mut().filter(|stable| is_idle(stable)) {
            if let Some(by) = same.get(&work.id_of(stable)) {
                let by: Vec<&str> = by.iter().take(3).map(String::as_str).collect();
                let why = format!("all that it notices is noticed by the project's own tests: {}", by.join(", "));
                stable.idle = Some(("DUPLICATE".to_owned(), why));
            }
        }
        Ok(())
    }

    /// Tries every one of the tests on every fault that it reaches.
    fn rolled(&self, work: &Work, tests: &[&Stable], field: &Field) -> Result<Strength, Problem> {
        let files: Vec<(&str, &str)> =
            tests.iter().map(|stable| (stable.file.as_str(), stable.text.as_str())).collect();
        let copies = (&*self.folder.root, &*self.folder.legacy());
        let tests = Tests::Proposed(&files);
        self.plant(tests, &work.environment, copies, field, Some(PLANTING), &BTreeSet::new())
    }
}

/// The name of the first function that a text seems to define.
fn name_in(code: &str) -> Option<String> {
    let (_, rest) = code.split_once("def ")?;
    let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').take(80).collect();
    (!name.is_empty()).then_some(name)
}

/// What became of a test in the runs on the code as it is; nothing when it passed each time.
fn judged(suites: &[Suite], test: Option<&GeneratedTest>) -> Option<Fate> {
    let name = &test?.name;
    let id = id_of(name);
    let file = format!("{INSIDE}/{}", name.split("::").next().unwrap_or_default());
    let cases: Vec<Option<&Case>> = suites.iter().map(|suite| suite.cases.get(&id)).collect();
    let passed = cases.iter().flatten().filter(|case| case.status == Status::Passed).count();
    if passed == suites.len() {
        return None;
    }
    let of_case = cases.iter().flatten().find_map(|case| case.error.as_ref().filter(|_| case.status != Status::Passed));
    let of_file = suites.iter().flat_map(|suite| &suite.collect_errors).find(|error| error.file == file);
    let told =
        of_case.or(of_file.map(|error| &error.error)).map_or_else(|| "it was not run to its end".to_owned(), said);
    let is_late = cases.iter().flatten().any(|case| case.status == Status::Timeout);
    let (code, why) = match (passed, is_late) {
        (0, true) => ("TIMEOUT", told),
        (0, false) => ("WRONG", told),
        (passed, _) => ("FLAKY", format!("it passed in {passed} of {} runs: {told}", suites.len())),
    };
    Some(Fate::Dropped { code: code.to_owned(), why })
}

/// What went wrong, in one line without addresses: it is the same whenever the test is run.
fn said(error: &CaseError) -> String {
    let first = error.message.lines().next().unwrap_or_default();
    let mut line = format!("{}: ", error.class);
    let mut rest = first;
    while let Some((before, after)) = rest.split_once("0x") {
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_hexdigit()).len();
        line.push_str(before);
        line.push_str("0x");
        line.push_str(if digits >= ADDRESS { "…" } else { after.get(..digits).unwrap_or_default() });
        rest = after.get(digits..).unwrap_or_default();
    }
    line.push_str(rest);
    line.chars().take(SAID).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn suite(status: Status) -> Suite {
        let error =
            CaseError { class: "AssertionError".to_owned(), message: "1 != 2".to_owned(), ..CaseError::default() };
        let case = Case { status, error: (status != Status::Passed).then_some(error) };
        Suite { cases: BTreeMap::from([(id_of("test_b1_a.py::test_a"), case)]), ..Suite::default() }
    }

    fn fate(ends: [Status; 3]) -> Option<Fate> {
        let test = GeneratedTest {
            name: "test_b1_a.py::test_a".to_owned(),
            item: "B1".to_owned(),
            says: String::new(),
            round: 1,
            route: String::new(),
            fate: Fate::Kept { faults: Vec::new() },
        };
        judged(&ends.map(suite), Some(&test))
    }

    #[test]
    fn a_test_has_to_pass_every_time() {
        let dropped = |code: &str, why: &str| Some(Fate::Dropped { code: code.to_owned(), why: why.to_owned() });
        let (passed, failed) = (Status::Passed, Status::Failed);
        assert_eq!(fate([passed, passed, passed]), None);
        assert_eq!(fate([failed, failed, failed]), dropped("WRONG", "AssertionError: 1 != 2"));
        let why = "it passed in 2 of 3 runs: AssertionError: 1 != 2";
        assert_eq!(fate([passed, failed, passed]), dropped("FLAKY", why));
        let at = |message: &str| {
            said(&CaseError { class: "E".to_owned(), message: message.to_owned(), ..CaseError::default() })
        };
        assert_eq!(at("<f at 0x7f50ba264f50> is 0x2a\nmore"), "E: <f at 0x…> is 0x2a");
        assert_eq!(fate([Status::Timeout; 3]), dropped("TIMEOUT", "AssertionError: 1 != 2"));
    }
}
