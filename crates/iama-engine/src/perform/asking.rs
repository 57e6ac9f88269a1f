//! One question to a model, and once more with what was wrong with the first answer.

use iama_job::{Job, ModelClass, QuoteId};
use iama_model::{Again, Cost, Form, Prompt, Stage, Template};

use super::Shop;
use crate::driver::Progress;
use crate::models::{Ask, Heard, KeptAnswer, Unanswered};

/// Answers to one question: the first one, and one more that knows what was wrong with it.
pub(super) const ANSWERS: usize = 2;

/// A question.
pub(super) struct Question<'a> {
    /// A name that no other question of the job has, and that is the same when the step is taken again.
    pub(super) name: &'a str,
    pub(super) stage: Stage,
    pub(super) class: ModelClass,
    /// The attempt of the round; 0 before there is any.
    pub(super) attempt: u8,
    pub(super) quote: Option<&'a QuoteId>,
    pub(super) form: &'a Form,
    pub(super) template: &'a Template,
}

/// What is wrong with an answer.
pub(super) struct Objection<E> {
    /// For whoever asked.
    pub(super) why: E,
    /// For the model.
    pub(super) told: String,
}

/// What an answer was made into, with the answer; or what is wrong with the last one.
pub(super) type Read<T, E> = Result<(T, KeptAnswer), E>;

impl Shop<'_> {
    /// Asks until an answer will do, or as often as one may ask. What it costs is added to `cost` whatever comes of it.
    pub(super) fn ask<T, E>(
        &mut self,
        job: &Job,
        question: &Question<'_>,
        mut prompt: Prompt,
        cost: &mut Cost,
        mut read: impl FnMut(&Self, &KeptAnswer) -> Result<T, Objection<E>>,
    ) -> Result<Read<T, E>, Unanswered> {
        let mut number = 1;
        loop {
            let answer = self.answer(job, question, number, &prompt)?;
            *cost = cost.plus(answer.cost.unwrap_or(Cost::ZERO));
            match read(self, &answer) {
                Ok(value) => return Ok(Ok((value, answer))),
                Err(Objection { why, .. }) if number == ANSWERS => return Ok(Err(why)),
                Err(Objection { told, .. }) => prompt.again.push(Again { answer: answer.text, objection: told }),
            }
            number += 1;
        }
    }

    fn answer(
        &mut self,
        job: &Job,
        question: &Question<'_>,
        number: usize,
        prompt: &Prompt,
    ) -> Result<KeptAnswer, Unanswered> {
        self.desk(job).map_err(Unanswered::Problem)?;
        let Shop { desk: Some(desk), progress, .. } = self else { return Err(Unanswered::Stopped) };
        let Question { stage, class, attempt, quote, form, template, .. } = *question;
        let name = &format!("{}-{number}", question.name);
        let heard = desk.heard(name);
        if heard == Heard::NotYet {
            progress(Progress::Call { class, attempt, again: number > 1 });
        }
        let answer = desk.ask(&Ask { name, stage, class, quote, prompt, form, template })?;
        if heard != Heard::Before {
            progress(Progress::Answered { route: &answer.route, cost: answer.cost, spent: desk.spent() });
        }
        Ok(answer)
    }
}
