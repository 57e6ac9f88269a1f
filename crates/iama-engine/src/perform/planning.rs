//! Plans from a model, where one was asked for: its view of the proposals, behaviour that a draft of the spec does not name, and
//! changes of the spec in a person's words. What recipes found stands without any of it.

use std::collections::BTreeSet;

use iama_job::event::Usage;
use iama_job::state::Strategy as JobStrategy;
use iama_job::{EffectResult, Job};
use iama_model::plan::{PlanFault, read_plan};
use iama_model::templates::{Filling, Mode};
use iama_model::{Again, Cost, Form, Prompt, Stage};
use iama_recipes::{Class, Strategy};
use iama_source::context::{Index, PackError, Wanted};
use serde_json::Value;

use super::repairing::case::{KEPT_FREE, secrets_of, without_secrets};
use super::{Done, Shop};
use crate::asked::Asked;
use crate::driver::Progress;
use crate::models::{Ask, KeptAnswer, Unanswered};
use crate::problem::{Kind, Problem};
use crate::proposals::findings::{AllFindings, FINDINGS, FileFindings};
use crate::proposals::view;
use crate::records::WorkspaceRecord;
use crate::spec::{Preview, Spec, SpecItem, suggest, words};

/// Answers to one question: the first one, and one more that knows what was wrong with it.
const ANSWERS: usize = 2;

/// Files that a view is about.
const TARGETS: usize = 12;

/// Source for a model to look at, and the files that it shows.
type Source = (String, BTreeSet<String>);

impl Shop<'_> {
    /// The three proposals, with a model's view of them where one was asked for.
    pub(super) fn write_proposals(&mut self, job: &Job) -> Result<Done, Problem> {
        let mut proposals = self.propose(job)?;
        let mut cost = Cost::ZERO;
        if self.wants_views(job) {
            let shown = self.source(job, Stage::Proposal, Strategy::Comprehensive)?;
            let done = match shown {
                None => Ok(()),
                Some((source, files)) => self.filled(job, |shop, filling| {
                    let mut ask = |asked: &Asked| shop.plan(job, "proposal", asked, &mut cost);
                    view::view(&mut proposals, &source, &files, filling, &mut ask)
                }),
            };
            if let Some(done) = self.without(done)? {
                return Ok(done);
            }
        }
        self.folder.keep("proposals.json", &proposals)?;
        if self.request.mode == Mode::Enterprise {
            self.write_analysis(&proposals)?;
        }
        Ok(Done::Result(EffectResult::ProposalsReady { usage: Usage { credits: cost.millicredits() } }))
    }

    /// The first revision of the spec, with behaviour that a model adds where one was asked for.
    pub(super) fn write_spec(&mut self, job: &Job, strategy: JobStrategy) -> Result<Done, Problem> {
        let own = super::analyse::recipe_strategy(strategy);
        let mut items: Vec<SpecItem> = self.draft_spec(job, own)?;
        let mut cost = Cost::ZERO;
        if self.wants_views(job) {
            let shown = self.source(job, Stage::Spec, own)?;
            let done = match shown {
                None => Ok(()),
                Some((source, files)) => self.filled(job, |shop, filling| {
                    let mut ask = |asked: &Asked| shop.plan(job, "spec", asked, &mut cost);
                    let more = suggest::suggest(&items, &source, &files, filling, &mut ask)?;
                    items.extend(more);
                    Ok(())
                }),
            };
            if let Some(done) = self.without(done)? {
                return Ok(done);
            }
        }
        self.stage_spec(own, items)?;
        Ok(Done::Result(EffectResult::SpecDrafted { usage: Usage { credits: cost.millicredits() } }))
    }

    /// What would become of the spec by a person's words.
    pub(crate) fn preview_words(&mut self, job: &Job, spec: &Spec, said: &str) -> Result<Preview, Problem> {
        (self.progress)(Progress::Stage("asking a model for a change of the spec"));
        let said = without_secrets(said);
        let name = format!("words-{}-{}", spec.revision, &super::sha256(said.as_bytes())[..12]);
        let mut cost = Cost::ZERO;
        self.filled(job, |shop, filling| {
            let mut ask = |asked: &Asked| shop.plan(job, &name, asked, &mut cost);
            words::preview(spec, &said, filling, &mut ask)
        })
    }

    /// Whether a model can be asked for a plan.
    pub(crate) fn can_plan(&self, job: &Job) -> bool {
        self.machine.models.is_some() && job.entitlement.stage_class().is_model()
    }

    fn wants_views(&self, job: &Job) -> bool {
        self.request.model_views && self.can_plan(job)
    }

    fn filled<T>(&mut self, job: &Job, with: impl FnOnce(&mut Self, &Filling<'_>) -> T) -> T {
        let target = format!("Python {}", self.request.target);
        let (mode, dual) = (self.request.mode, self.request.dual);
        with(self, &Filling { mode, class: job.entitlement.stage_class(), target: &target, dual })
    }

    /// Goes on with what recipes know when an answer is of no use or too dear; something else must be mended first.
    fn without(&mut self, done: Result<(), Problem>) -> Result<Option<Done>, Problem> {
        match done {
            Ok(()) => Ok(None),
            Err(problem) if problem.kind == Kind::Interrupted => Ok(Some(Done::Nothing)),
            Err(problem) if problem.code.starts_with("PLAN_") || problem.code == CAP => {
                (self.progress)(Progress::Stage("going on without a model's view: it gave none that can be used"));
                Ok(None)
            }
            Err(problem) => Err(problem),
        }
    }

    /// Asks for a plan, and once more if the first answer is none.
    fn plan(&mut self, job: &Job, name: &str, asked: &Asked, cost: &mut Cost) -> Result<Value, Problem> {
        let Form::Json { schema, .. } = &asked.form else { return Err(unusable(&PlanFault::NoSchema)) };
        let schema = jsonschema::validator_for(schema).map_err(|_| unusable(&PlanFault::NoSchema))?;
        // Commands in a spec may hold secrets; source comes without.
        let mut prompt = Prompt { spec: without_secrets(&asked.prompt.spec), ..asked.prompt.clone() };
        let mut fault = PlanFault::NoJson;
        for number in 1..=ANSWERS {
            let question = Asked { prompt: prompt.clone(), ..asked.clone() };
            let answer = self.answer_plan(job, &format!("{name}-{number}"), &question).map_err(unanswered)?;
            *cost = cost.plus(answer.cost.unwrap_or(Cost::ZERO));
            match read_plan(&answer.text, &answer.stop, &schema) {
                Ok(plan) => return Ok(plan.value),
                Err(found) => {
                    let objection = format!("{found}. Answer again, with one whole JSON object and nothing else.");
                    prompt.again.push(Again { answer: answer.text, objection });
                    fault = found;
                }
            }
        }
        Err(unusable(&fault))
    }

    fn answer_plan(&mut self, job: &Job, name: &str, asked: &Asked) -> Result<KeptAnswer, Unanswered> {
        self.desk(job).map_err(Unanswered::Problem)?;
        let Shop { desk: Some(desk), progress, .. } = self else { return Err(Unanswered::Stopped) };
        let class = job.entitlement.stage_class();
        let Asked { stage, prompt, form, template } = asked;
        let ask = Ask { name, stage: *stage, class, quote: None, prompt, form, template };
        progress(Progress::Call { class, attempt: 0 });
        let answer = desk.ask(&ask)?;
        progress(Progress::Answered { route: &answer.route, cost: answer.cost, spent: desk.spent() });
        Ok(answer)
    }

    /// The files with most to look at, as a model is shown them; nothing where none fits.
    fn source(&mut self, job: &Job, stage: Stage, strategy: Strategy) -> Result<Option<Source>, Problem> {
        let mut all: AllFindings = self.folder.read(FINDINGS)?;
        let mut targets = most_telling(&all.remove(strategy.name()).unwrap_or_default());
        let cap = self.desk(job)?.prompt_cap(stage, job.entitlement.stage_class());
        let cap = cap.min(u64::from(job.entitlement.context_tokens)).saturating_sub(KEPT_FREE);
        let workspace: WorkspaceRecord = self.folder.read("workspace.json")?;
        let index = Index::of(&self.folder.root, workspace.files.into_keys().collect());
        while !targets.is_empty() {
            let mut wanted = Wanted::new(targets.clone(), cap);
            wanted.known = Some(secrets_of(&self.originals(&targets)?));
            match index.pack(&wanted) {
                Ok(pack) => return Ok(Some((pack.targets_text(), targets.into_iter().collect()))),
                Err(PackError::Cap { .. }) => targets.truncate(targets.len() / 2),
                Err(error) => return Err(Problem::input(error.code(), error.to_string()).hint(error.hint())),
            }
        }
        Ok(None)
    }
}

/// Source files by what a person should look at in them, then by all that was found.
fn most_telling(found: &[FileFindings]) -> Vec<String> {
    let weight = |file: &FileFindings| {
        let risky = file.notes.iter().filter(|note| note.class != Class::Safe).count();
        (std::cmp::Reverse((risky, file.notes.len())), file.path.clone())
    };
    let mut rows: Vec<_> = found.iter().filter(|file| !file.test && file.failed.is_none()).map(weight).collect();
    rows.sort();
    rows.into_iter().take(TARGETS).map(|(_, path)| path).collect()
}

/// The cap of money would be passed.
const CAP: &str = "COST_CAP_REACHED";

fn unusable(fault: &PlanFault) -> Problem {
    Problem::input(fault.code(), format!("the model gave no usable plan: {fault}"))
        .hint("ask again, or name a stronger model for the class; nothing was changed")
}

fn unanswered(why: Unanswered) -> Problem {
    match why {
        Unanswered::Problem(problem) => problem,
        Unanswered::CapReached => Problem::decision(CAP, "one more call would pass what the job may cost")
            .hint("start a job with a higher --max-cost, or go on without a model"),
        Unanswered::Refused(code) => {
            Problem::input("PLAN_REFUSED", format!("the call was not made: {code}")).hint("ask for less at once")
        }
        Unanswered::Stopped => Problem {
            kind: Kind::Interrupted,
            ..Problem::decision("INTERRUPTED", "interrupted while a model was asked").hint("`iama jobs resume` goes on")
        },
    }
}
