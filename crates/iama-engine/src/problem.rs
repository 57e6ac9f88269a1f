//! What goes wrong outside the rules of a job: a stable code, a sentence, a hint.

use std::fmt;

/// Who can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The input or the machine must change.
    Input,
    /// A person must decide first.
    Decision,
    /// A person interrupted; the job can be resumed.
    Interrupted,
    /// A job ended without a delivery.
    NotDelivered,
}

/// A failure that a person sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable, upper case.
    pub code: &'static str,
    /// What happened.
    pub sentence: String,
    /// What to do.
    pub hint: String,
    /// Who can help.
    pub kind: Kind,
}

impl Problem {
    /// The input or the machine must change.
    pub fn input(code: &'static str, sentence: impl Into<String>) -> Self {
        Self { code, sentence: sentence.into(), hint: String::new(), kind: Kind::Input }
    }

    /// A person must decide first.
    pub fn decision(code: &'static str, sentence: impl Into<String>) -> Self {
        Self { kind: Kind::Decision, ..Self::input(code, sentence) }
    }

    /// A job ended without a delivery.
    pub fn not_delivered(code: &'static str, sentence: impl Into<String>) -> Self {
        Self { kind: Kind::NotDelivered, ..Self::input(code, sentence) }
    }

    /// The same, with what to do.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: hint.into(), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.code, self.sentence)
    }
}

impl std::error::Error for Problem {}
