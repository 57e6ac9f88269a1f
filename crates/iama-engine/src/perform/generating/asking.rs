//! Asking for tests: some files at a time, those with most that no test notices first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use iama_baseline::python::strength::Planted;
use iama_job::Job;
use iama_model::proposed_tests::{ProposedTest, read_tests};
use iama_model::templates::{self, Filling};
use iama_model::{Form, Prompt, Stage};
use iama_patch::Files;
use iama_source::context::{Index, Pack, PackError, Wanted};

use super::{Terms, Work, prompt};
use crate::models::{KeptAnswer, Unanswered};
use crate::perform::Shop;
use crate::perform::asking::{Objection, Question as Asked};
use crate::perform::repairing::case::{KEPT_FREE, secrets_of, without_secrets};
use crate::problem::Problem;
use crate::reach::Imports;
use crate::records::WorkspaceRecord;
use crate::spec::{Kind, Origin, Spec, SpecItem};

/// Questions of one round.
pub(super) const QUESTIONS: usize = 12;

/// Files that one question is about.
pub(super) const FILES: usize = 4;

/// Tests of the project that are shown beside them.
const SHOWN_TESTS: usize = 2;

/// What was proposed.
pub(super) struct Proposed {
    pub(super) test: ProposedTest,
    pub(super) route: String,
    /// Items that were shown.
    pub(super) items: BTreeSet<String>,
}

/// What came of asking.
pub(super) enum Answered {
    Tests(Vec<Proposed>),
    Stopped,
}

/// Some files and what is missed in them.
struct Question {
    files: Files,
    left: BTreeMap<String, Vec<Planted>>,
    pack: Pack,
}

impl Shop<'_> {
    /// Asks for tests of all files in which something is missed. Where the money is up, it goes on with what there is.
    pub(super) fn ask_for_tests(
        &mut self,
        job: &Job,
        terms: Terms,
        work: &mut Work,
        left: &BTreeMap<String, Vec<Planted>>,
    ) -> Result<Answered, Problem> {
        let questions = self.questions(job, terms, work, left)?;
        let mut proposed = Vec::new();
        for (number, question) in questions.iter().enumerate() {
            match self.ask_one(job, terms, number + 1, work, question) {
                Ok(more) => proposed.extend(more),
                Err(Unanswered::Stopped) => return Ok(Answered::Stopped),
                Err(Unanswered::CapReached) => {
                    work.note(terms, "no more tests were asked for: the cap of money would be passed");
                    break;
                }
                Err(Unanswered::Refused(code)) => {
                    let files: Vec<&str> = question.left.keys().map(String::as_str).collect();
                    work.note(terms, &format!("no tests came for {}: {code}", files.join(", ")));
                }
                Err(Unanswered::Problem(problem)) => return Err(problem),
            }
        }
        Ok(Answered::Tests(proposed))
    }

    /// The questions of a round. Files that are too large to be shown together are asked about one by one.
    fn questions(
        &mut self,
        job: &Job,
        terms: Terms,
        work: &mut Work,
        left: &BTreeMap<String, Vec<Planted>>,
    ) -> Result<Vec<Question>, Problem> {
        let cap = self.desk(job)?.prompt_cap(Stage::TestGeneration, terms.class);
        let cap = cap.min(u64::from(job.entitlement.context_tokens)).saturating_sub(KEPT_FREE);
        let mut order: Vec<&String> = left.keys().collect();
        order.sort_by_key(|file| (std::cmp::Reverse(left.get(*file).map_or(0, Vec::len)), *file));
        let files = |part: &[&String]| part.iter().map(|file| (*file).clone()).collect::<Vec<_>>();
        let open: VecDeque<Vec<String>> = order.chunks(FILES).map(files).collect();
        let workspace: WorkspaceRecord = self.folder.read("workspace.json")?;
        let (folder, paths) = (self.folder, workspace.files.keys().cloned());
        self.with_index(&folder.root, paths, |shop, index| {
            let mut imports = Imports::new(&folder.root, &workspace);
            shop.packed(terms, work, left, (open, cap), index, &mut imports)
        })
    }

    /// Packs files together until enough questions are there; what doesn't fit together is parted.
    fn packed(
        &self,
        terms: Terms,
        work: &mut Work,
        left: &BTreeMap<String, Vec<Planted>>,
        (mut open, cap): (VecDeque<Vec<String>>, u64),
        index: &Index,
        imports: &mut Imports<'_>,
    ) -> Result<Vec<Question>, Problem> {
        let tests = self.scope()?.test_files;
        let mut questions = Vec::new();
        while questions.len() < QUESTIONS
            && let Some(mut targets) = open.pop_front()
        {
            let files = self.originals(&targets)?;
            let mut wanted = Wanted::new(targets.clone(), cap);
            let near = tests.iter().filter(|test| imports.direct(test).any(|path| targets.contains(path)));
            wanted.named = near.take(SHOWN_TESTS).cloned().collect();
            wanted.known = Some(secrets_of(&files));
            match index.pack(&wanted) {
                Ok(pack) => {
                    let left = targets.iter().filter_map(|file| Some((file.clone(), left.get(file)?.clone())));
                    questions.push(Question { files, left: left.collect(), pack });
                }
                Err(PackError::Cap { .. }) if targets.len() > 1 => {
                    let rest = targets.split_off(targets.len() / 2);
                    open.push_front(rest);
                    open.push_front(targets);
                }
                Err(PackError::Cap { .. }) => {
                    work.note(terms, &format!("no tests were asked for of {}: too large to show", targets.join(", ")));
                }
                Err(error) => return Err(Problem::input(error.code(), error.to_string()).hint(error.hint())),
            }
        }
        let beyond: usize = open.iter().map(Vec::len).sum();
        if beyond > 0 {
            work.note(terms, &format!("no tests were asked for of {beyond} files with less to notice"));
        }
        Ok(questions)
    }

    fn ask_one(
        &mut self,
        job: &Job,
        terms: Terms,
        number: usize,
        work: &mut Work,
        question: &Question,
    ) -> Result<Vec<Proposed>, Unanswered> {
        let shown = shown_items(&work.spec, question);
        let mut items: BTreeSet<String> = shown.iter().map(|item| item.id.clone()).collect();
        items.insert(prompt::EVERYTHING.to_owned());
        let hidden = |text: String| without_secrets(&question.pack.hide(&text));
        let mut task = hidden(prompt::missed(&question.left, &work.touched, &question.files));
        let earlier: Vec<_> = work.tests.iter().filter(|test| items.contains(&test.item)).cloned().collect();
        task.push_str(&hidden(prompt::earlier(&earlier)));
        let target = format!("Python {}", self.request.target);
        let filling = Filling { mode: self.request.mode, class: terms.class, target: &target, dual: true };
        let (system, template) = templates::new_tests(&filling)
            .ok_or_else(|| Unanswered::Problem(Problem::input("TEMPLATE_MISSING", "there are no rules for tests")))?;
        // The source stays the same from round to round, so that what comes before the task repeats.
        let interfaces =
            format!("{}\n# The old code\n\n{}", question.pack.interfaces_text(), question.pack.targets_text());
        let spec = without_secrets(&prompt::spec(&shown));
        let prompt = Prompt { system, interfaces, spec, task, again: Vec::new() };
        let asked = Asked {
            name: &format!("tests-{}-{}-{number}", terms.revision, terms.round),
            stage: Stage::TestGeneration,
            class: terms.class,
            attempt: 0,
            quote: None,
            form: &Form::Text,
            template: &template,
        };
        let read = |_: &Self, answer: &KeptAnswer| {
            read_tests(&answer.text, &answer.stop).map_err(|fault| Objection {
                why: fault.code().to_owned(),
                told: format!("{fault}. Answer again, with tests as they were asked for."),
            })
        };
        let (tests, answer) = self.ask(job, &asked, prompt, &mut work.cost, read)?.map_err(Unanswered::Refused)?;
        let row = |test| Proposed { test, route: answer.route.0.clone(), items: items.clone() };
        Ok(tests.into_iter().map(row).collect())
    }
}

/// The items that are about the files, and what people and models wrote about no file.
fn shown_items<'s>(spec: &'s Spec, question: &Question) -> Vec<&'s SpecItem> {
    let about = |item: &&SpecItem| {
        item.kind != Kind::Rule
            && (item.places.iter().any(|place| question.left.contains_key(&place.file))
                || item.places.is_empty() && item.origin != Origin::Recipes)
    };
    spec.items.iter().filter(about).collect()
}
