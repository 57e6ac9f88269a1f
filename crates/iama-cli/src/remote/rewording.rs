//! Changes of a spec in a person's own words, which the server has a model make: shown here, and made so by nobody but the person.

use iama_engine::spec::{Edited, Origin, Preview, Spec, SpecItem};
use iama_engine::{Answer, Decider, Problem, Question};
use iama_job::Timestamp;

use super::client::{Client, Reworded, RewordedItem};
use super::drive::interrupted;
use super::fault::{Fault, shown};
use crate::out::tell;
use crate::paint;

/// Refusals after which the job is not where it was: asking for something else leads nowhere.
const MOVED: [&str; 4] = ["SPEC_STALE", "ILLEGAL_TRANSITION", "NOT_FOUND", "JOB_ENDED"];

/// Whoever decides, with the server to ask about their words.
pub(super) struct Wording<'r> {
    pub(super) decider: &'r mut dyn Decider,
    pub(super) client: &'r Client,
    pub(super) job: &'r str,
    pub(super) clock: fn() -> Timestamp,
}

impl Decider for Wording<'_> {
    fn decide(&mut self, question: &Question) -> Result<(Answer, &'static str), Problem> {
        self.decider.decide(question)
    }

    fn rewords(&self) -> bool {
        true
    }

    fn reword(&mut self, spec: &Spec, words: &str) -> Result<Option<Preview>, Problem> {
        match reword(self.client, self.job, spec, words, (self.clock)())? {
            Ok(preview) => {
                if let Some(share) = self.client.share(self.job) {
                    let part =
                        format!("with this answer, the job may take {share} % of this month's allowance at most");
                    tell!("\n  {}", paint::dim(part));
                }
                Ok(Some(preview))
            }
            Err(fault @ Fault::Refused(_)) if !MOVED.iter().any(|code| fault.is(code)) => {
                let problem = fault.problem(self.client.url());
                tell!("\n  {} {} [{}]", paint::warning("no change:"), problem.sentence, problem.code);
                if !problem.hint.is_empty() {
                    tell!("  {}", paint::dim(problem.hint));
                }
                Ok(None)
            }
            Err(fault) => Err(fault.problem(self.client.url())),
        }
    }
}

/// Asks the server. A refusal that was put right meanwhile is no answer to the next question, so each has a key of its own.
pub(super) fn reword(
    client: &Client,
    job: &str,
    spec: &Spec,
    words: &str,
    now: Timestamp,
) -> Result<Result<Preview, Fault>, Problem> {
    let key = format!("words-{}-{}", spec.token, now.0);
    let Some(came) = client.reword(job, &spec.token, words, key) else {
        return Err(interrupted("nothing was changed", "the answer is there when you say the same words again"));
    };
    Ok(came.map(|came| preview(spec, words, came)))
}

/// An answer as a preview of the spec that is here. What it says of items that stay the same does not count.
fn preview(spec: &Spec, words: &str, came: Reworded) -> Preview {
    let items = came.items.into_iter().map(|item| item_of(spec, item)).collect();
    let edited = Edited { based_on: spec.token.clone(), by: Origin::Model, items };
    let refused = came.refused.iter().map(|why| shown(why)).collect();
    Preview { words: words.to_owned(), says: shown(&came.says), edited, refused }
}

fn item_of(spec: &Spec, came: RewordedItem) -> SpecItem {
    let RewordedItem { id, kind, text, scenario: behaviour } = came;
    match spec.items.iter().find(|item| item.id == id) {
        Some(old) if (old.kind, &old.text, &old.behaviour) == (kind, &text, &behaviour) => old.clone(),
        Some(old) => SpecItem { kind, text, behaviour, origin: Origin::Model, ..old.clone() },
        None => {
            let (recipes, places) = (Vec::new(), Vec::new());
            SpecItem { id, kind, text, behaviour, origin: Origin::Model, recipes, places }
        }
    }
}
