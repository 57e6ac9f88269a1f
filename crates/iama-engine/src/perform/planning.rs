//! Plans from a model, where one was asked for: its view of the proposals, behaviour that a draft of the spec does not name, and
//! changes of the spec in a person's words. What recipes found stands without any of it.

use std::collections::BTreeSet;

use iama_job::event::Usage;
use iama_job::state::Strategy as JobStrategy;
use iama_job::{EffectId, EffectResult, Job, ModelClass};
use iama_model::plan::{PlanFault, read_plan};
use iama_model::templates::{Filling, Mode};
use iama_model::{Cost, Form, Prompt, Stage};
use iama_recipes::{Class, Strategy};
use iama_source::context::{PackError, Wanted};
use serde_json::Value;

use super::asking::{Objection, Question};
use super::repairing::case::{KEPT_FREE, secrets_of, without_secrets};
use super::{Done, Shop};
use crate::asked::Asked;
use crate::driver::Progress;
use crate::models::{Caller, KeptAnswer, Unanswered};
use crate::problem::{Kind, Problem};
use crate::proposals::findings::{AllFindings, FINDINGS, FileFindings};
use crate::proposals::overview::{self, OVERVIEW, Overview};
use crate::proposals::{Graph, view};
use crate::records::WorkspaceRecord;
use crate::spec::{Preview, Spec, SpecItem, suggest, words};

/// Files that a view is about.
const TARGETS: usize = 12;

/// Source for a model to look at, and the files that it shows.
type Source = (String, BTreeSet<String>);

impl Shop<'_> {
    /// What a model makes of the code, where one was asked for.
    pub(super) fn analyse_scope(&mut self, job: &Job) -> Result<Done, Problem> {
        let mut cost = Cost::ZERO;
        if self.wants_views(job) {
            let workspace: WorkspaceRecord = self.folder.read("workspace.json")?;
            let (graph, scope) = (Graph::read(&self.folder.root, &workspace), self.scope()?);
            let is_code =
                |path: &str| (self.pair.plain)(path).is_none() && !scope.test_files.iter().any(|test| test == path);
            let targets = overview::most_telling(&graph, workspace.files.keys(), is_code, TARGETS);
            let done = match self.source(job, Stage::Analysis, targets)? {
                None => Ok(None),
                Some((source, files)) => self.filled(job, Stage::Analysis, |shop, filling| {
                    let mut ask = |asked: &Asked| shop.plan(job, "analysis", asked, &mut cost);
                    overview::overview(&graph, &source, &files, filling, &mut ask).map(Some)
                }),
            };
            let seen = done.as_ref().ok().cloned().flatten();
            if let Some(done) = self.without(done.map(drop))? {
                return Ok(done);
            }
            seen.map_or(Ok(()), |seen| self.folder.keep(OVERVIEW, &seen))?;
        }
        Ok(Done::Result(EffectResult::AnalysisDone { usage: Usage { credits: cost.millicredits() } }))
    }

    /// The three proposals, with a model's view of them where one was asked for.
    pub(super) fn write_proposals(&mut self, job: &Job, effect: &EffectId) -> Result<Done, Problem> {
        let mut proposals = self.once(effect, "proposals", |shop| shop.propose(job))?;
        let mut cost = Cost::ZERO;
        if self.wants_views(job) {
            let overview: Option<Overview> = self.folder.read_if_kept(OVERVIEW)?;
            let targets = self.most_found(Strategy::Comprehensive)?;
            let shown = self.source(job, Stage::Proposal, targets)?;
            let done = match shown {
                None => Ok(()),
                Some((source, files)) => self.filled(job, Stage::Proposal, |shop, filling| {
                    let mut ask = |asked: &Asked| shop.plan(job, "proposal", asked, &mut cost);
                    view::view(&mut proposals, overview.as_ref(), &source, &files, filling, &mut ask)
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
            let targets = self.most_found(own)?;
            let shown = self.source(job, Stage::Spec, targets)?;
            let done = match shown {
                None => Ok(()),
                Some((source, files)) => self.filled(job, Stage::Spec, |shop, filling| {
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
        (self.progress)(Progress::Stage(words::STAGE));
        let said = without_secrets(said);
        let name = format!("words-{}-{}", spec.revision, &super::sha256(said.as_bytes())[..12]);
        let mut cost = Cost::ZERO;
        self.filled(job, Stage::SpecEdit, |shop, filling| {
            let mut ask = |asked: &Asked| shop.plan(job, &name, asked, &mut cost);
            words::preview(spec, &said, filling, &mut ask)
        })
    }

    /// The class that a change of the spec in words is asked of; nothing where no model can be asked.
    pub(crate) fn words_class(&self, job: &Job) -> Option<ModelClass> {
        self.can_plan(job).then(|| self.plan_class(job, Stage::SpecEdit))
    }

    /// Whether a model can be asked for a plan.
    fn can_plan(&self, job: &Job) -> bool {
        self.caller.is_some() && job.entitlement.stage_class().is_model()
    }

    fn wants_views(&self, job: &Job) -> bool {
        self.request.model_views && self.can_plan(job)
    }

    fn filled<T>(&mut self, job: &Job, stage: Stage, with: impl FnOnce(&mut Self, &Filling<'_>) -> T) -> T {
        let target = format!("Python {}", self.request.target);
        let (mode, dual, class) = (self.request.mode, self.request.dual, self.plan_class(job, stage));
        with(self, &Filling { mode, class, target: &target, dual })
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
        let prompt = Prompt { spec: without_secrets(&asked.prompt.spec), ..asked.prompt.clone() };
        let Asked { stage, form, template, .. } = asked;
        let class = self.plan_class(job, *stage);
        let question = Question { name, stage: *stage, class, attempt: 0, quote: None, form, template };
        let read = |_: &Self, answer: &KeptAnswer| {
            read_plan(&answer.text, &answer.stop, &schema).map(|plan| plan.value).map_err(|why| Objection {
                told: format!("{why}. Answer again, with one whole JSON object and nothing else."),
                why,
            })
        };
        let done = self.ask(job, &question, prompt, cost, read).map_err(unanswered)?;
        done.map(|(plan, _)| plan).map_err(|fault| unusable(&fault))
    }

    /// Who makes a plan. A person's words are for the second class, where there is one: they ask for it themselves.
    fn plan_class(&self, job: &Job, stage: Stage) -> ModelClass {
        let stronger = |caller: Caller<'_>| caller.serves(&job.entitlement, stage, ModelClass::L2);
        if stage == Stage::SpecEdit && self.caller.is_some_and(stronger) {
            ModelClass::L2
        } else {
            job.entitlement.stage_class()
        }
    }

    /// The files with most to look at, by what the recipes of a strategy found.
    fn most_found(&self, strategy: Strategy) -> Result<Vec<String>, Problem> {
        let mut all: AllFindings = self.folder.read(FINDINGS)?;
        Ok(most_telling(&all.remove(strategy.name()).unwrap_or_default()))
    }

    /// Files as a model is shown them, as many as fit; nothing where none does.
    fn source(&mut self, job: &Job, stage: Stage, mut targets: Vec<String>) -> Result<Option<Source>, Problem> {
        let cap = self.desk(job)?.prompt_cap(stage, job.entitlement.stage_class());
        let cap = cap.min(u64::from(job.entitlement.context_tokens)).saturating_sub(KEPT_FREE);
        let workspace: WorkspaceRecord = self.folder.read("workspace.json")?;
        let folder = self.folder;
        self.with_index(&folder.root, workspace.files.into_keys(), |shop, index| {
            while !targets.is_empty() {
                let mut wanted = Wanted::new(targets.clone(), cap);
                wanted.known = Some(secrets_of(&shop.originals(&targets)?));
                match index.pack(&wanted) {
                    Ok(pack) => return Ok(Some((pack.targets_text(), targets.into_iter().collect()))),
                    Err(PackError::Cap { .. }) => targets.truncate(targets.len() / 2),
                    Err(error) => return Err(Problem::input(error.code(), error.to_string()).hint(error.hint())),
                }
            }
            Ok(None)
        })
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
