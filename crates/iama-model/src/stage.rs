//! What a model is asked for, and how strong it may be.

use std::fmt;

use iama_job::ModelClass;
use serde::{Deserialize, Serialize};

/// The work that a call does for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// What the code does and what depends on it.
    Analysis,
    /// The three strategies.
    Proposal,
    /// The first spec.
    Spec,
    /// A change of the spec in a person's words.
    SpecEdit,
    /// Tests of the legacy code.
    TestGeneration,
    /// The rewrite.
    RefactorGeneration,
    /// A patch for what failed.
    Repair,
    /// A patch from first principles.
    DeepFix,
    /// What a person asked for in the middle of work.
    Command,
}

impl Stage {
    /// Every stage, in the order of a job.
    pub const ALL: [Self; 9] = [
        Self::Analysis,
        Self::Proposal,
        Self::Spec,
        Self::SpecEdit,
        Self::TestGeneration,
        Self::RefactorGeneration,
        Self::Repair,
        Self::DeepFix,
        Self::Command,
    ];

    /// The name in settings and audit events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Analysis => "analysis",
            Self::Proposal => "proposal",
            Self::Spec => "spec",
            Self::SpecEdit => "spec_edit",
            Self::TestGeneration => "test_generation",
            Self::RefactorGeneration => "refactor_generation",
            Self::Repair => "repair",
            Self::DeepFix => "deep_fix",
            Self::Command => "command",
        }
    }

    /// The classes that may do it, weakest first. Which of them does, the job machine decides by attempt and tier.
    pub const fn classes(self) -> &'static [ModelClass] {
        match self {
            Self::Analysis | Self::Proposal | Self::Spec | Self::TestGeneration | Self::RefactorGeneration => {
                &[ModelClass::L1]
            }
            Self::SpecEdit => &[ModelClass::L1, ModelClass::L2],
            Self::Repair | Self::Command => &[ModelClass::L1, ModelClass::L2, ModelClass::L3],
            Self::DeepFix => &[ModelClass::L2, ModelClass::L3],
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The longest answer of a class, in tokens.
pub const fn output_cap(class: ModelClass) -> u64 {
    match class {
        ModelClass::L0 => 0,
        ModelClass::L1 => 30_000,
        ModelClass::L2 | ModelClass::L3 => 5_000,
    }
}

/// Whether a class may answer with whole files. The others answer with edits.
pub const fn whole_files(class: ModelClass) -> bool {
    matches!(class, ModelClass::L1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_serialised_form() {
        for stage in Stage::ALL {
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.name());
        }
    }

    #[test]
    fn generation_is_for_the_first_class_and_a_deep_fix_for_stronger_ones() {
        assert_eq!(Stage::RefactorGeneration.classes(), [ModelClass::L1]);
        assert_eq!(Stage::SpecEdit.classes(), [ModelClass::L1, ModelClass::L2]);
        assert_eq!(Stage::DeepFix.classes(), [ModelClass::L2, ModelClass::L3]);
        assert_eq!([ModelClass::L1, ModelClass::L2, ModelClass::L3].map(output_cap), [30_000, 5_000, 5_000]);
    }
}
