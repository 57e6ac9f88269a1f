//! What a person is asked, and what they can answer.

use iama_job::{Denial, ModelClass};
use iama_model::templates::Mode;
use iama_recipes::Strategy;
use iama_sandbox::Level;

use crate::proposals::{Overview, Proposal};
use crate::situation::{Said, Situation};
use crate::spec::{Edited, Preview, Spec};

/// What a person is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// The workspace has uncommitted changes: go on?
    Dirty,
    /// Which proposal?
    Strategy(Proposed),
    /// Is the spec right?
    Spec(Box<Agreement>),
    /// Shall the spec be changed like this?
    Preview(Box<Previewed>),
    /// Some behaviour is covered by no test, or the legacy side cannot run: go on?
    Uncovered {
        /// How many functions; code outside of functions counts as one for each file that has nothing else.
        count: u32,
    },
    /// Tests are about to run on this machine: allow it?
    NativeRun {
        /// How they are closed off.
        level: Level,
        /// Why not better.
        reason: String,
    },
    /// Tests are about to run on this machine, and no version control could bring the project back: is IAMA's own snapshot
    /// enough?
    NoCheckpoint,
    /// The job needs a person in the middle of its work.
    Situation(Situation),
}

impl Question {
    /// A stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Dirty => "DIRTY_WORKSPACE",
            Self::Strategy(_) => "STRATEGY",
            Self::Spec(_) => "SPEC",
            Self::Preview(_) => "SPEC_PREVIEW",
            Self::Uncovered { .. } => "UNCOVERED_BEHAVIOUR",
            Self::NativeRun { .. } => "NATIVE_RUN",
            Self::NoCheckpoint => "LOCAL_NATIVE_NO_VCS_CHECKPOINT",
            Self::Situation(situation) => situation.code,
        }
    }

    /// The question in words.
    pub fn sentence(&self) -> String {
        match self {
            Self::Dirty => "The workspace has uncommitted changes. Go on?".to_owned(),
            Self::Strategy(_) => "Which of the three proposals?".to_owned(),
            Self::Spec(_) => "Is this what shall be done?".to_owned(),
            Self::Preview(preview) => format!("Shall the spec be changed like this ({})?", preview.preview.words),
            Self::Uncovered { count } => {
                format!(
                    "No test that passes on the old code and no scenario of yours reaches the files of some functions \
                     ({count}), so nothing can show that they still behave as they did. Go on?"
                )
            }
            Self::NativeRun { level, .. } => {
                let effects = side_effects(*level);
                format!("The project's tests will run on this machine ({}). {effects} Allow it?", level.name())
            }
            Self::NoCheckpoint => {
                "The project has no commit and no stash to go back to. Is a snapshot in the job's folder enough?"
                    .to_owned()
            }
            Self::Situation(situation) => situation.sentence.clone(),
        }
    }
}

/// What tests can do besides passing, for a person to agree to.
const fn side_effects(level: Level) -> &'static str {
    match level {
        Level::LimitsOnly => {
            "They can change every file that you can change, and reach the network and whatever listens on this machine."
        }
        Level::LandlockSeccomp => {
            "They write to a copy of the project; of other files they can change modes and times, never the content."
        }
        Level::Bubblewrap | Level::Docker => {
            "They write to a copy of the project and to nothing else, and take processor time, memory and disk up to limits."
        }
    }
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Yes,
    /// Do not.
    No,
    /// This proposal.
    Take(Strategy),
    /// This, of what a situation offers.
    Say(Said),
    /// Nothing now: the job rests where it is.
    Later,
    /// The spec, edited.
    Edit(Box<Edited>),
    /// The spec, with a change in these words, which is shown first.
    Words(String),
}

/// The proposals, and what is to be known before one is chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed {
    /// The three proposals.
    pub proposals: Vec<Proposal>,
    /// Whether the workspace has uncommitted changes. Whoever chooses goes on with them.
    pub dirty: bool,
    /// For whom they are told.
    pub mode: Mode,
    /// What a model makes of the code; nothing where none was asked.
    pub overview: Option<Overview>,
}

/// The spec, and what is to be known before it is approved.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// The spec.
    pub spec: Spec,
    /// Tests will run on this machine and nobody has allowed it yet: how they are closed off, and why not better. Whoever
    /// approves the spec allows it.
    pub run: Option<(Level, String)>,
    /// Whether these runs have nothing to go back to.
    pub no_checkpoint: bool,
    /// The class of the model that a change in words is asked of; nothing where none can be asked.
    pub words: Option<ModelClass>,
    /// Why a server would ask none.
    pub denied: Option<Denial>,
}

/// A change of the spec that somebody asked for in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Previewed {
    /// The spec as it is.
    pub spec: Spec,
    /// What would become of it.
    pub preview: Preview,
}

impl Agreement {
    /// The question whether tests may run, where it is part of this one.
    pub fn run_question(&self) -> Option<Question> {
        self.run.clone().map(|(level, reason)| Question::NativeRun { level, reason })
    }
}
