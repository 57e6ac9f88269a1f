//! Plans: answers that are JSON by a schema. They are extracted, repaired if need be, and validated; code is never in them.

mod extract;

use jsonschema::Validator;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::audit::AuditEvent;
use crate::prompt::{Again, Form};
use crate::router::{Answer, Call, Failure, Listener, Router};
use crate::wire::Stop;

pub use extract::extract;

/// Faults of an answer that are told to the model.
const TOLD: usize = 5;

/// A plan that fits its schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The plan.
    pub value: Value,
    /// Whether its JSON had to be repaired.
    pub repaired: bool,
}

/// Why an answer is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanFault {
    /// It was cut off at its longest. What is missing cannot be known, so nothing is repaired.
    #[error("the answer was cut off at its longest")]
    Cut,
    /// The model would not answer.
    #[error("the model refused to answer")]
    Refused,
    /// No JSON is in it.
    #[error("the answer holds no JSON object")]
    NoJson,
    /// What is in it is beyond repair.
    #[error("the answer's JSON is broken")]
    Broken,
    /// It does not fit.
    #[error("the answer does not fit its schema: {}", .faults.join("; "))]
    Schema {
        /// Places and what is wrong there; values are not quoted.
        faults: Vec<String>,
    },
    /// The call asks for no JSON, or by a schema that is none.
    #[error("the call has no usable schema")]
    NoSchema,
}

impl PlanFault {
    /// The stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Cut => "PLAN_CUT",
            Self::Refused => "PLAN_REFUSED",
            Self::NoJson => "PLAN_NO_JSON",
            Self::Broken => "PLAN_BROKEN",
            Self::Schema { .. } => "PLAN_SCHEMA",
            Self::NoSchema => "PLAN_NO_SCHEMA",
        }
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanFailure {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] Failure),
    /// The answers, asked for twice, are of no use.
    #[error("the model gave no usable plan")]
    Unusable(#[source] PlanFault),
}

impl PlanFailure {
    /// The stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Call(failure) => failure.code(),
            Self::Unusable(fault) => fault.code(),
        }
    }

    /// What a person can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Call(failure) => failure.hint(),
            Self::Unusable(_) => "use a stronger model for the class; without one, the recipes' own plan is used",
        }
    }
}

/// Reads an answer as a plan.
pub fn read_plan(text: &str, stop: &Stop, schema: &Validator) -> Result<Plan, PlanFault> {
    match stop {
        Stop::Length => return Err(PlanFault::Cut),
        Stop::Refused => return Err(PlanFault::Refused),
        Stop::End | Stop::Other(_) => {}
    }
    let json = extract(text).ok_or(PlanFault::NoJson)?;
    let (value, repaired) = parse(json)?;
    let told = |error: jsonschema::ValidationError<'_>| {
        let place = error.instance_path().to_string();
        let place = if place.is_empty() { "the whole".to_owned() } else { place };
        format!("{place}: {}", error.masked())
    };
    let faults: Vec<String> = schema.iter_errors(&value).take(TOLD).map(told).collect();
    if faults.is_empty() { Ok(Plan { value, repaired }) } else { Err(PlanFault::Schema { faults }) }
}

/// The JSON, and whether it had to be repaired.
fn parse(json: &str) -> Result<(Value, bool), PlanFault> {
    if let Ok(value) = serde_json::from_str(json) {
        return Ok((value, false));
    }
    let mended = jsonrepair_rs::jsonrepair(json).map_err(|_| PlanFault::Broken)?;
    serde_json::from_str(&mended).map(|value| (value, true)).map_err(|_| PlanFault::Broken)
}

impl Router {
    /// Asks for a plan, and once more if the first answer is none. Gives the events of the calls that were made.
    pub async fn plan(
        &self,
        call: &Call<'_>,
        cancel: &CancellationToken,
        listener: &mut Listener<'_>,
    ) -> (Result<Plan, PlanFailure>, Vec<AuditEvent>) {
        let schema = match call.form {
            Form::Json { schema, .. } => jsonschema::validator_for(schema).ok(),
            Form::Text => None,
        };
        let Some(schema) = schema else { return (Err(PlanFailure::Unusable(PlanFault::NoSchema)), Vec::new()) };
        let mut events = Vec::new();
        let (answer, fault) = match self.ask(call, &schema, cancel, listener, &mut events).await {
            Asked::Useless(answer, fault) => (answer, fault),
            Asked::Plan(plan) => return (Ok(plan), events),
            Asked::Failed(failure) => return (Err(failure.into()), events),
        };
        let mut prompt = call.prompt.clone();
        prompt.again.push(Again { answer: answer.text, objection: objection(&fault) });
        let again = Call { prompt: &prompt, ..*call };
        let plan = match self.ask(&again, &schema, cancel, listener, &mut events).await {
            Asked::Useless(_, fault) => Err(PlanFailure::Unusable(fault)),
            Asked::Plan(plan) => Ok(plan),
            Asked::Failed(failure) => Err(failure.into()),
        };
        (plan, events)
    }

    async fn ask(
        &self,
        call: &Call<'_>,
        schema: &Validator,
        cancel: &CancellationToken,
        listener: &mut Listener<'_>,
        events: &mut Vec<AuditEvent>,
    ) -> Asked {
        let mut done = self.call(call, cancel, listener).await;
        let asked = match done.result {
            Err(failure) => Asked::Failed(failure),
            Ok(answer) => match read_plan(&answer.text, &answer.stop, schema) {
                Ok(plan) => Asked::Plan(plan),
                Err(fault) => Asked::Useless(answer, fault),
            },
        };
        match &asked {
            Asked::Plan(plan) => done.audit.repaired = plan.repaired,
            Asked::Useless(_, fault) => fault.code().clone_into(&mut done.audit.outcome),
            Asked::Failed(_) => {}
        }
        events.push(done.audit);
        asked
    }
}

/// What came of asking once.
enum Asked {
    Plan(Plan),
    Useless(Answer, PlanFault),
    Failed(Failure),
}

fn objection(fault: &PlanFault) -> String {
    let again = "Answer again, with the whole JSON object and nothing else.";
    match fault {
        PlanFault::Cut => {
            "Your answer was too long and was cut off. Answer again, shorter, with one JSON object.".to_owned()
        }
        PlanFault::Schema { faults } => format!("Your JSON does not fit the schema:\n{}\n{again}", faults.join("\n")),
        PlanFault::NoJson | PlanFault::Refused | PlanFault::Broken | PlanFault::NoSchema => {
            format!("Your answer could not be read as JSON. {again}")
        }
    }
}

#[cfg(test)]
mod tests;
