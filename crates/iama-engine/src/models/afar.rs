//! Calls that somebody else makes: what is wanted of them, and what they answer.
//!
//! A server has the routes, the keys and the money; only this machine has the source that a prompt is made from. So an effect
//! stops at the first call that has no kept answer and tells what it wants. The server makes the call and gives the effect again
//! together with the answer, which is kept like one of an own router; the effect is then carried out anew and finds it.

use std::collections::{BTreeMap, BTreeSet};

use iama_job::{EffectId, Entitlement, ModelClass, QuoteId};
use iama_model::{
    Answer, AuditEvent, Call, Cost, Done, Failure, Form, Prompt, Refusal, Session, Stage, Tariff, Template,
};
use serde::{Deserialize, Serialize};

use super::{Ask, CALLS_FOLDER, Heard, KeptAnswer, Ledger, SPENDING, file_of, kept, ledger, make_calls_folder};
use crate::folder::JobFolder;
use crate::perform::repairing::case::without_secrets;
use crate::problem::Problem;

/// The call that was wanted last, in the folder of kept answers.
const WANTED: &str = "calls/wanted.json";

/// The longest name of a call.
const NAME_BYTES: usize = 80;

/// The longest text of a server's that people are shown.
const SHOWN_BYTES: usize = 300;

/// A call that a server has to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedCall {
    /// A name that no other call of the job has, and that is the same whenever the effect is carried out.
    pub name: String,
    /// The work.
    pub stage: Stage,
    /// The class that the job machine chose.
    pub class: ModelClass,
    /// The confirmed price, for L3.
    pub quote: Option<QuoteId>,
    /// The prompt. It holds source; secrets in it are hidden.
    pub prompt: Prompt,
    /// The form of the answer.
    pub form: Form,
    /// The rules that the prompt begins with, by name and hash.
    pub template: Template,
    /// SHA-256 of what is asked: the answer has to carry it.
    pub fingerprint: String,
}

impl WantedCall {
    pub(super) fn of(ask: &Ask<'_>, fingerprint: String) -> Self {
        Self {
            name: ask.name.to_owned(),
            stage: ask.stage,
            class: ask.class,
            quote: ask.quote.cloned(),
            prompt: ask.prompt.clone(),
            form: ask.form.clone(),
            template: ask.template.clone(),
            fingerprint,
        }
    }

    /// The call as a router makes it, with the money and the snapshot that whoever makes it holds.
    pub const fn call<'a>(&'a self, session: &'a Session, entitlement: &'a Entitlement) -> Call<'a> {
        let ask = Ask {
            name: self.name.as_str(),
            stage: self.stage,
            class: self.class,
            quote: self.quote.as_ref(),
            prompt: &self.prompt,
            form: &self.form,
            template: &self.template,
        };
        ask.call(session, entitlement)
    }

    /// The call without what looks like a secret. Whoever sends a prompt on looks for itself, whatever the machine has done.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let mut call = self.clone();
        let Prompt { system, interfaces, spec, task, again } = &mut call.prompt;
        let again = again.iter_mut().flat_map(|again| [&mut again.answer, &mut again.objection]);
        for part in [system, interfaces, spec, task].into_iter().chain(again) {
            *part = without_secrets(part);
        }
        call
    }

    /// Whether anything of what is sent looks like a secret.
    pub fn has_secret(&self) -> bool {
        let schema = match &self.form {
            Form::Json { schema, .. } => schema.to_string(),
            Form::Text => String::new(),
        };
        self.prompt.texts().chain([schema.as_str()]).any(holds_secret)
    }

    /// The answer to this call, or why there is none and the effect has failed.
    pub fn answered(&self, done: Done) -> Result<Answered, Failure> {
        let (name, fingerprint) = (self.name.clone(), self.fingerprint.clone());
        let came = match done.result {
            Ok(answer) => Came::Answer { answer },
            Err(failure) => Came::Declined { declined: Declined::of(&failure).ok_or(failure)? },
        };
        Ok(Answered { name, fingerprint, came, audit: done.audit })
    }
}

/// Whether a text holds what looks like a secret.
pub fn holds_secret(text: &str) -> bool {
    !iama_source::secrets::scan("prompt.txt", text.as_bytes()).is_empty()
}

/// What came of a wanted call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// The call's name.
    pub name: String,
    /// What was asked.
    pub fingerprint: String,
    /// What came.
    pub came: Came,
    /// The event of the call: what it took and what it cost.
    pub audit: AuditEvent,
}

impl Answered {
    /// What people are shown of it.
    fn names(&self) -> impl Iterator<Item = &str> {
        let came = match &self.came {
            Came::Answer { answer } => Some(answer.route.0.as_str()),
            Came::Declined { declined: Declined::Refused { code } } => Some(code.as_str()),
            Came::Declined { declined: Declined::CapReached } => None,
        };
        let AuditEvent { route, template, outcome, tries, .. } = &self.audit;
        let told = [template.name.as_str(), template.hash.as_str(), outcome.as_str()];
        let tried = tries.iter().flat_map(|tried| [tried.route.0.as_str(), tried.outcome.as_str()]);
        route.iter().map(|route| route.0.as_str()).chain(came).chain(told).chain(tried)
    }
}

/// Whether a text of a server's can be shown in a line of a terminal.
fn can_be_shown(text: &str) -> bool {
    text.len() <= SHOWN_BYTES && !text.chars().any(char::is_control)
}

/// An answer, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "came", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Came {
    /// An answer.
    Answer {
        /// It.
        #[serde(flatten)]
        answer: Answer,
    },
    /// None, and the effect goes on without one.
    Declined {
        /// Why.
        #[serde(flatten)]
        declined: Declined,
    },
}

/// Why a call is not made although nothing failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Declined {
    /// It could cost more than is left.
    CapReached,
    /// It is not to be made like this; another attempt may be.
    Refused {
        /// The code.
        code: String,
    },
}

impl Declined {
    /// What a failure means for the effect; nothing where the effect cannot go on.
    pub(super) fn of(failure: &Failure) -> Option<Self> {
        match failure {
            Failure::Refused(Refusal::CostCap { .. }) => Some(Self::CapReached),
            Failure::Refused(Refusal::ContextCap { .. }) | Failure::OutputCap { .. } => {
                Some(Self::Refused { code: failure.code().to_owned() })
            }
            Failure::Cancelled | Failure::Refused(_) | Failure::Wire { .. } => None,
        }
    }
}

/// What is known of a server's routes while one effect is carried out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Afar {
    /// The effect.
    pub(crate) effect: EffectId,
    /// The terms of the classes that may be asked, for the effect's stage.
    pub(crate) tariffs: BTreeMap<ModelClass, Tariff>,
    /// The calls whose answers came with this turn.
    pub(crate) fresh: BTreeSet<String>,
}

/// A call whose answer is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Expected {
    effect: EffectId,
    name: String,
    fingerprint: String,
    quote: Option<QuoteId>,
}

/// A call that the server would not make for an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptDecline {
    effect: EffectId,
    fingerprint: String,
    declined: Declined,
}

impl Afar {
    pub(super) fn serves(&self, class: ModelClass) -> bool {
        self.tariffs.contains_key(&class)
    }

    pub(super) fn prompt_cap(&self, class: ModelClass) -> u64 {
        self.tariffs.get(&class).map_or(0, |tariff| tariff.prompt_cap)
    }

    pub(super) fn worst_case(&self, class: ModelClass, prompt: &Prompt) -> Option<Cost> {
        self.tariffs.get(&class)?.worst_case(prompt)
    }

    pub(super) fn heard(&self, folder: &JobFolder, name: &str) -> Heard {
        if self.fresh.contains(name) {
            Heard::Now
        } else if folder.file(&file_of(name)).exists() {
            Heard::Before
        } else {
            Heard::NotYet
        }
    }

    /// Whether the server has said that it will not make a call for this effect.
    pub(super) fn declined(
        &self,
        folder: &JobFolder,
        name: &str,
        fingerprint: &str,
    ) -> Result<Option<Declined>, Problem> {
        let known: Option<KeptDecline> = folder.read_if_kept(&declined_file(name))?;
        let known = known.filter(|known| known.effect == self.effect && known.fingerprint == fingerprint);
        Ok(known.map(|known| known.declined))
    }

    /// Keeps that the answer of a call is waited for: no other one is taken.
    pub(super) fn expect(&self, folder: &JobFolder, wanted: &WantedCall) -> Result<(), Problem> {
        let WantedCall { name, fingerprint, quote, .. } = wanted.clone();
        folder.keep(WANTED, &Expected { effect: self.effect.clone(), name, fingerprint, quote })
    }
}

/// An answer that is not kept yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fresh<'a> {
    /// It.
    pub(crate) answered: &'a Answered,
    expected: &'a Expected,
}

/// The call whose answer is waited for.
pub(crate) fn expected(folder: &JobFolder) -> Result<Option<Expected>, Problem> {
    folder.read_if_kept(WANTED)
}

/// The answer that is not kept yet; a refusal when one belongs to no call that this effect asked for. Calls are wanted one after
/// the other, so there is one at most.
pub(crate) fn fresh<'a>(
    folder: &JobFolder,
    effect: &EffectId,
    answers: &'a [Answered],
    expected: Option<&'a Expected>,
) -> Result<Option<Fresh<'a>>, Problem> {
    let mut fresh = None;
    for answered in answers {
        if !is_name(&answered.name) {
            return Err(unasked(answered));
        }
        if is_kept(folder, effect, answered)? {
            continue;
        }
        let fits = |known: &&Expected| {
            known.effect == *effect && known.name == answered.name && known.fingerprint == answered.fingerprint
        };
        let expected = expected.filter(fits).ok_or_else(|| unasked(answered))?;
        if !answered.names().all(can_be_shown) {
            return Err(Problem::input("ANSWER_INVALID", "a name in the server's answer cannot be shown")
                .hint("nothing was done; let the server give the order again"));
        }
        fresh = Some(Fresh { answered, expected });
    }
    Ok(fresh)
}

fn is_kept(folder: &JobFolder, effect: &EffectId, answered: &Answered) -> Result<bool, Problem> {
    let Answered { name, fingerprint, .. } = answered;
    let declined: Option<KeptDecline> = folder.read_if_kept(&declined_file(name))?;
    let is_declined = declined.is_some_and(|known| known.effect == *effect && known.fingerprint == *fingerprint);
    Ok(is_declined || kept(folder, name, fingerprint)?.is_some())
}

/// Puts an answer where the effect finds it, and what it cost on record.
pub(crate) fn keep(folder: &JobFolder, fresh: &Fresh<'_>) -> Result<(), Problem> {
    make_calls_folder(folder)?;
    let Fresh { answered: Answered { name, fingerprint, came, audit }, expected } = fresh;
    let mut ledger = Ledger::open(&folder.file(SPENDING))?;
    if !ledger.knows(name) {
        for tried in &audit.tries {
            let number = ledger.dispatch(name, expected.quote.as_ref(), &tried.route, tried.worst_case)?;
            ledger.settle(number, tried.cost)?;
        }
        ledger::keep_event(folder, name, audit)?;
    }
    match came.clone() {
        Came::Answer { answer } => {
            folder.keep(&file_of(name), &KeptAnswer::of(fingerprint.clone(), answer, audit.cost))
        }
        Came::Declined { declined } => {
            let (effect, fingerprint) = (expected.effect.clone(), fingerprint.clone());
            folder.keep(&declined_file(name), &KeptDecline { effect, fingerprint, declined })
        }
    }
}

fn declined_file(name: &str) -> String {
    format!("{CALLS_FOLDER}/{name}.declined.json")
}

/// Whether a name can be one of a call: it becomes part of a file's.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= NAME_BYTES && name != "wanted" && name.bytes().all(plain)
}

fn unasked(answered: &Answered) -> Problem {
    let name: String = answered.name.chars().filter(|c| !c.is_control()).take(NAME_BYTES).collect();
    Problem::input("ANSWER_UNASKED", format!("the server answers a call that was not wanted ({name:?})"))
        .hint("nothing was done; let the server give the order again without the answer")
}
