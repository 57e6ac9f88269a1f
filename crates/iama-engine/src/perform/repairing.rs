//! A patch from a model: what it is told, what becomes of its answer, and what it may not do.

pub(crate) mod case;
pub(crate) mod failures;
mod guard;
mod prompt;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use iama_baseline::python::environment::module_names;
use iama_job::effect::PatchMode;
use iama_job::event::Usage;
use iama_job::state::Quote;
use iama_job::{ArtifactId, Dispatch, Effect, EffectResult, Job, MilliCredits, ModelClass, QuoteId};
use iama_model::edits::read_edits;
use iama_model::templates::{self, Filling};
use iama_model::{Cost, Form, Prompt, Stage, Template};
use iama_patch::{FileState, Patch};

use super::asking::{ANSWERS, Objection, Question};
use super::testing::Side;
use super::{Done, Shop};
use crate::driver::Progress;
use crate::executor::{patch_stage, quoted};
use crate::folder::cannot_read;
use crate::history::{Author, author_file};
use crate::models::{Ask, KeptAnswer, Unanswered, keep_price};
use crate::problem::Problem;
use crate::spec::Spec;
use case::{Case, NoCase, without_secrets};

/// What came of earlier calls, by their number.
pub(crate) const TRIED: &str = "tried.json";

/// The terms of a call.
struct Terms<'a> {
    class: ModelClass,
    mode: PatchMode,
    attempt: u8,
    ordinal: u32,
    quote: Option<&'a QuoteId>,
    command: Option<&'a ArtifactId>,
}

impl Terms<'_> {
    const fn stage(&self) -> Stage {
        patch_stage(self.mode)
    }
}

impl Shop<'_> {
    /// Gathers what a model will be shown and gives its size in tokens. It is gathered anew for the call itself, from the files as
    /// they are then.
    pub(super) fn measure_case(&mut self, job: &Job) -> Result<u32, Problem> {
        (self.progress)(Progress::Stage("gathering what a model needs to see"));
        match self.case(job, PatchMode::Standard, u64::MAX) {
            Ok(case) => Ok(u32::try_from(case.pack.tokens).unwrap_or(u32::MAX)),
            Err(NoCase::NothingToEdit | NoCase::TooLarge) => Ok(job.entitlement.context_tokens),
            Err(NoCase::Problem(problem)) => Err(problem),
        }
    }

    /// Asks a model for a patch.
    pub(super) fn generate_patch(&mut self, job: &Job, dispatch: &Dispatch) -> Result<Done, Problem> {
        let Effect::GeneratePatch { class, mode, attempt, quote, command, .. } = &dispatch.effect else {
            return Ok(Done::Nothing);
        };
        let ordinal = ordinal_of(job, dispatch);
        let terms = Terms {
            class: *class,
            mode: *mode,
            attempt: *attempt,
            ordinal,
            quote: quote.as_ref(),
            command: command.as_ref(),
        };
        let cap = self.desk(job)?.prompt_cap(terms.stage(), terms.class);
        let case = match self.case(job, *mode, cap) {
            Ok(case) => case,
            Err(NoCase::NothingToEdit) => return self.give_up(&terms, "NOTHING_TO_EDIT", Cost::ZERO),
            Err(NoCase::TooLarge) => return self.give_up(&terms, "CONTEXT_CAP", Cost::ZERO),
            Err(NoCase::Problem(problem)) => return Err(problem),
        };
        self.folder.keep(&format!("context-{ordinal}.json"), &case.pack.manifest)?;
        let (prompt, template) = self.prompt(&terms, &case)?;
        let question = Question {
            name: &ordinal.to_string(),
            stage: terms.stage(),
            class: terms.class,
            attempt: terms.attempt,
            quote: terms.quote,
            form: &Form::Text,
            template: &template,
        };
        let mut cost = Cost::ZERO;
        match self.ask(job, &question, prompt, &mut cost, |shop, answer| shop.accept(&terms, &case, answer)) {
            Ok(Ok((patch, answer))) => self.keep_patch(&terms, &patch, &answer, cost),
            Ok(Err(code)) | Err(Unanswered::Refused(code)) => self.give_up(&terms, &code, cost),
            Err(Unanswered::CapReached) => Ok(Done::CreditsExhausted),
            Err(Unanswered::Stopped) => Ok(Done::Nothing),
            Err(Unanswered::Problem(problem)) => Err(problem),
        }
    }

    /// The price of the calls that a confirmation allows.
    pub(super) fn quote(&mut self, job: &Job, dispatch: &Dispatch, class: ModelClass) -> Result<EffectResult, Problem> {
        let id = QuoteId(dispatch.id.to_string());
        let mode = quoted(job);
        let attempts = if mode == PatchMode::DeepFix { 1 } else { 3 };
        let terms = Terms { class, mode, attempt: 0, ordinal: 0, quote: Some(&id), command: None };
        let cap = self.desk(job)?.prompt_cap(terms.stage(), class);
        let case = match self.case(job, mode, cap) {
            Ok(case) => case,
            Err(NoCase::Problem(problem)) => return Err(problem),
            // Nothing can be asked, so nothing will be paid.
            Err(NoCase::NothingToEdit | NoCase::TooLarge) => {
                keep_price(self.folder, &id, Some(Cost::ZERO))?;
                let max = Cost::ZERO.millicredits();
                return Ok(EffectResult::QuoteReady { quote: Quote { id, class, max } });
            }
        };
        let (prompt, template) = self.prompt(&terms, &case)?;
        let ask = Ask {
            name: "quote",
            stage: terms.stage(),
            class,
            quote: Some(&id),
            prompt: &prompt,
            form: &Form::Text,
            template: &template,
        };
        let each = self.desk(job)?.worst_case(&ask);
        let calls = attempts * u64::try_from(ANSWERS).unwrap_or(u64::MAX);
        let max = each.map(|each| Cost::from_microdollars(each.microdollars().saturating_mul(calls)).millicredits());
        // What is told is what may be spent.
        keep_price(self.folder, &id, max.map(told_price))?;
        let quote = Quote { id, class, max: max.unwrap_or_default() };
        Ok(EffectResult::QuoteReady { quote })
    }

    fn prompt(&self, terms: &Terms<'_>, case: &Case) -> Result<(Prompt, Template), Problem> {
        let target = format!("Python {}", self.request.target);
        let filling = Filling { mode: self.request.mode, class: terms.class, target: &target, dual: self.request.dual };
        let (system, template) = templates::edits(terms.stage(), &filling)
            .ok_or_else(|| Problem::input("TEMPLATE_MISSING", format!("there are no rules for {}", terms.stage())))?;
        let spec: Option<Spec> = self.folder.read_if_kept("spec.json")?;
        let mut task = format!("Call {}, attempt {} of 9.\n\n", terms.ordinal, terms.attempt);
        if let Some(command) = terms.command {
            let words = without_secrets(&self.command_text(command)?);
            let _ = write!(task, "# What is asked for\n\n{words}\n\n");
        }
        task.push_str(&without_secrets(&case.pack.hide(&prompt::failures(&case.causes))));
        if terms.mode != PatchMode::DeepFix {
            let tried: BTreeMap<u32, String> = self.folder.read_if_kept(TRIED)?.unwrap_or_default();
            task.push_str(&prompt::earlier(&tried));
        }
        task.push_str(&prompt::editable(case.editable.keys()));
        task.push_str(&case.pack.targets_text());
        if let Some(old) = &case.old {
            let _ = write!(task, "\n# The old code of the same files\n\n{}", old.targets_text());
        }
        let interfaces = prompt::interfaces(&case.pack.interfaces_text());
        let spec = spec.map(|spec| without_secrets(&prompt::spec(&spec))).unwrap_or_default();
        Ok((Prompt { system, interfaces, spec, task, again: Vec::new() }, template))
    }

    /// Makes an answer into a patch that fits and breaks no rule, or says what is wrong with it.
    fn accept(&self, terms: &Terms<'_>, case: &Case, answer: &KeptAnswer) -> Result<Patch, Objection<String>> {
        self.patch_of(terms, case, answer).map_err(|objection| Objection {
            // It may quote lines of the files.
            told: without_secrets(&case.pack.hide(&objection.told)),
            ..objection
        })
    }

    fn patch_of(&self, terms: &Terms<'_>, case: &Case, answer: &KeptAnswer) -> Result<Patch, Objection<String>> {
        let text = case.pack.restore(&answer.text);
        let patch = read_edits(&text, &answer.stop, terms.class, &case.editable)
            .map_err(|fault| Objection { why: fault.code().to_owned(), told: format!("{fault}. Answer again.") })?;
        let applied = iama_patch::apply(&patch, &case.editable);
        let Some(changed) = applied.changed else {
            let refused = applied.outcomes.iter().filter(|outcome| outcome.outcome.is_refused());
            let why = applied.refusal().map_or("REFUSED", |outcome| outcome.outcome.code()).to_owned();
            let told: Vec<String> = refused.map(|row| told(row, case)).collect();
            return Err(Objection { why, told: format!("{}\nAnswer again, with all edits.", told.join("\n")) });
        };
        if changed.is_empty() {
            let told = "The edits change nothing. Answer again.".to_owned();
            return Err(Objection { why: "EDIT_CHANGES_NOTHING".to_owned(), told });
        }
        self.judge(case, &changed)?;
        Ok(patch)
    }

    fn judge(&self, case: &Case, changed: &BTreeMap<String, Option<FileState>>) -> Result<(), Objection<String>> {
        let failed = |problem: Problem| Objection { why: problem.code.to_owned(), told: problem.sentence };
        let sealed: BTreeSet<String> = self.sealed().map_err(failed)?.into_keys().collect();
        let files: BTreeSet<String> = case.editable.keys().cloned().collect();
        let exists = |path: &str| self.folder.root.join(path).exists();
        let taken = self.taken_names().map_err(failed)?;
        let scope =
            guard::Scope { files: &files, sealed: &sealed, claims: self.pair.claims, exists: &exists, taken: &taken };
        guard::check(&scope, &case.editable, changed).map_err(|breach| Objection {
            why: breach.code.to_owned(),
            told: format!("{}. Answer again.", breach.told),
        })
    }

    fn taken_names(&self) -> Result<BTreeSet<String>, Problem> {
        let known = self.known_toolchain(Side::Target)?;
        Ok(known.interpreter.zip(known.environment).map(|(own, with)| module_names(&own, &with)).unwrap_or_default())
    }

    fn keep_patch(&self, terms: &Terms<'_>, patch: &Patch, answer: &KeptAnswer, cost: Cost) -> Result<Done, Problem> {
        let id = ArtifactId(format!("model-{}.json", terms.ordinal));
        let author = Author::Model { ordinal: terms.ordinal, class: terms.class, route: answer.route.clone() };
        self.folder.keep(&id.0, patch)?;
        self.folder.keep(&author_file(&id), &author)?;
        let files: Vec<&str> = patch.base.keys().map(String::as_str).collect();
        self.note_tried(terms, format!("edited {}; the failures above are what was left", files.join(", ")))?;
        Ok(Done::Result(EffectResult::PatchGenerated { patch: id, usage: usage(cost) }))
    }

    fn give_up(&self, terms: &Terms<'_>, code: &str, cost: Cost) -> Result<Done, Problem> {
        self.note_tried(terms, format!("its edits were refused: {code}"))?;
        Ok(Done::Result(EffectResult::PatchRefused { code: code.to_owned(), usage: usage(cost) }))
    }

    fn note_tried(&self, terms: &Terms<'_>, what: String) -> Result<(), Problem> {
        let mut tried: BTreeMap<u32, String> = self.folder.read_if_kept(TRIED)?.unwrap_or_default();
        tried.insert(terms.ordinal, what);
        self.folder.keep(TRIED, &tried)
    }

    /// Nothing of failed attempts is told any more.
    pub(super) fn forget_tried(&self) -> Result<(), Problem> {
        self.folder.keep(TRIED, &BTreeMap::<u32, String>::new())
    }

    fn command_text(&self, command: &ArtifactId) -> Result<String, Problem> {
        let place = self.folder.file(&command.0);
        std::fs::read_to_string(&place).map_err(|error| cannot_read(&place, &error))
    }
}

/// What an edit that did not fit is told, with the lines that stand where it is most like the file.
fn told(row: &iama_patch::OperationOutcome, case: &Case) -> String {
    let place = format!("{}: {}", row.path, row.outcome.message());
    if !case.editable.contains_key(&row.path) {
        return format!("{place} It is not among the files that you may edit.");
    }
    match &row.outcome {
        iama_patch::Outcome::AnchorNotFound { nearest: Some(nearest), .. } => {
            let text = case.editable.get(&row.path).map(|state| String::from_utf8_lossy(&state.bytes).into_owned());
            let lines: Vec<String> = text
                .iter()
                .flat_map(|text| text.lines())
                .skip(usize::try_from(nearest.line).unwrap_or(1).saturating_sub(3))
                .take(nearest.difference.len() + 4)
                .map(str::to_owned)
                .collect();
            format!(
                "{place}\nThe most similar lines of the file, from line {}, are:\n{}",
                nearest.line.saturating_sub(2).max(1),
                lines.join("\n")
            )
        }
        _ => place,
    }
}

/// The number of a call among the job's.
pub(crate) fn ordinal_of(job: &Job, dispatch: &Dispatch) -> u32 {
    let entry = job.in_flight.iter().find(|entry| entry.dispatch.id == dispatch.id);
    entry.and_then(|entry| entry.cost).map_or(job.billing.dispatch_ordinal, |cost| cost.ordinal)
}

/// A price as a person is told it.
pub(crate) const fn told_price(max: MilliCredits) -> Cost {
    Cost::from_microdollars(max.0.saturating_mul(10))
}

const fn usage(cost: Cost) -> Usage {
    Usage { credits: cost.millicredits() }
}
