//! The texts that prompts begin with: files with a version, filled in and named by hash.

use iama_job::ModelClass;
use minijinja::{Environment, UndefinedBehavior, context};

use crate::edits::WHOLE_FILE_BYTES;
use crate::prompt::Template;
use crate::stage::{Stage, whole_files};

/// The version of all texts together; part of the name that audit events carry.
const VERSION: u32 = 1;

const TEXTS: [(&str, &str); 10] = [
    ("edits.md", include_str!("../prompts/edits.md")),
    ("repair.md", include_str!("../prompts/repair.md")),
    ("deep_fix.md", include_str!("../prompts/deep_fix.md")),
    ("command.md", include_str!("../prompts/command.md")),
    ("plan.md", include_str!("../prompts/plan.md")),
    ("analysis.md", include_str!("../prompts/analysis.md")),
    ("proposal.md", include_str!("../prompts/proposal.md")),
    ("spec.md", include_str!("../prompts/spec.md")),
    ("spec_edit.md", include_str!("../prompts/spec_edit.md")),
    ("tests.md", include_str!("../prompts/tests.md")),
];

/// For whom a model explains what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// In plain words, for somebody who does not read code.
    Simple,
    /// For engineers.
    #[default]
    Professional,
    /// For engineers and those who answer for the change.
    Enterprise,
}

impl Mode {
    /// The name in settings and template names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Professional => "professional",
            Self::Enterprise => "enterprise",
        }
    }

    const fn audience(self) -> &'static str {
        match self {
            Self::Simple => "Write for somebody who does not read code: no names of techniques, no abbreviations.",
            Self::Professional => "Write for engineers.",
            Self::Enterprise => {
                "Write for engineers and for those who answer for the change: name what it may cost them."
            }
        }
    }

    const fn explain(self) -> &'static str {
        match self {
            Self::Simple => {
                "Before the blocks, say in one plain sentence what was wrong, for somebody who does not read code. After them, say nothing."
            }
            Self::Professional => {
                "Before the blocks, say in at most three sentences what the cause is and why the edits keep behaviour. After them, say nothing."
            }
            Self::Enterprise => {
                "Before the blocks, say in at most five sentences what the cause is, why the edits keep behaviour, what could still be different, \
                 and who should look at it. After them, say nothing."
            }
        }
    }
}

/// What a text about edits is filled in with.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// For whom.
    pub mode: Mode,
    /// Who answers.
    pub class: ModelClass,
    /// What the code has to run on, as in `Python 3.13`.
    pub target: &'a str,
    /// Whether it has to run on the old version, too.
    pub dual: bool,
}

/// The rules of a stage that answers with edits, and the template that they come from; nothing for other stages.
pub fn edits(stage: Stage, filling: &Filling<'_>) -> Option<(String, Template)> {
    let name = match stage {
        Stage::RefactorGeneration | Stage::Repair => "repair",
        Stage::DeepFix => "deep_fix",
        Stage::Command => "command",
        Stage::Analysis | Stage::Proposal | Stage::Spec | Stage::SpecEdit | Stage::TestGeneration => return None,
    };
    let values = context! {
        target => filling.target,
        dual => filling.dual,
        whole_files => whole_files(filling.class),
        whole_file_kib => WHOLE_FILE_BYTES >> 10,
        explain => filling.mode.explain(),
    };
    fill(name, "edits.md", filling.mode, filling.mode.explain(), values)
}

/// The rules of a stage that answers with a plan, and the template that they come from; nothing for other stages.
pub fn plans(stage: Stage, filling: &Filling<'_>) -> Option<(String, Template)> {
    let name = match stage {
        Stage::Analysis => "analysis",
        Stage::Proposal => "proposal",
        Stage::Spec => "spec",
        Stage::SpecEdit => "spec_edit",
        Stage::TestGeneration | Stage::RefactorGeneration | Stage::Repair | Stage::DeepFix | Stage::Command => {
            return None;
        }
    };
    let audience = filling.mode.audience();
    let values = context! { target => filling.target, dual => filling.dual, audience => audience };
    fill(name, "plan.md", filling.mode, audience, values)
}

/// The rules of the stage that answers with tests, and the template that they come from.
pub fn new_tests(filling: &Filling<'_>) -> Option<(String, Template)> {
    let audience = filling.mode.audience();
    fill("tests", "tests.md", filling.mode, audience, context! { target => filling.target, audience => audience })
}

/// The rules of a text that includes another one, and the template that they come from.
fn fill(
    name: &str,
    included: &str,
    mode: Mode,
    sentence: &str,
    values: minijinja::Value,
) -> Option<(String, Template)> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (file, text) in TEXTS {
        environment.add_template(file, text).ok()?;
    }
    let rules = environment.get_template(&format!("{name}.md")).ok()?.render(values).ok()?;
    let sources: String = TEXTS
        .iter()
        .filter(|(file, _)| *file == included || file.strip_suffix(".md") == Some(name))
        .map(|(_, text)| *text)
        .collect();
    let title = format!("{name}/{VERSION}/{}", mode.name());
    Some((rules, Template::of(&title, &(sources + sentence))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filling(class: ModelClass, mode: Mode) -> Filling<'static> {
        Filling { mode, class, target: "Python 3.13", dual: false }
    }

    #[test]
    fn every_stage_with_edits_has_rules_in_every_mode_and_only_l1_may_give_whole_files() {
        for stage in [Stage::Repair, Stage::DeepFix, Stage::Command] {
            for mode in [Mode::Simple, Mode::Professional, Mode::Enterprise] {
                let (l1, name) = edits(stage, &filling(ModelClass::L1, mode)).unwrap();
                let (l2, same) = edits(stage, &filling(ModelClass::L2, mode)).unwrap();
                assert!(l1.contains("run on Python 3.13") && l1.contains("`FILE`"), "{l1}");
                assert!(l2.contains("Whole files are refused") && !l2.contains("`FILE`"), "{l2}");
                assert_eq!(name, same);
                assert_eq!(name.name, format!("{}/1/{}", stage.name(), mode.name()));
            }
        }
        assert_eq!(edits(Stage::Analysis, &filling(ModelClass::L1, Mode::Simple)), None);
    }

    #[test]
    fn every_stage_with_a_plan_has_rules_in_every_mode() {
        for stage in [Stage::Analysis, Stage::Proposal, Stage::Spec, Stage::SpecEdit] {
            for mode in [Mode::Simple, Mode::Professional, Mode::Enterprise] {
                let (rules, name) = plans(stage, &filling(ModelClass::L1, mode)).unwrap();
                assert!(rules.contains("run on Python 3.13") && rules.contains(mode.audience()), "{rules}");
                assert!(rules.contains("The task: "), "{rules}");
                assert_eq!(name.name, format!("{}/1/{}", stage.name(), mode.name()));
            }
        }
        assert_eq!(plans(Stage::Repair, &filling(ModelClass::L1, Mode::Simple)), None);
    }

    #[test]
    fn tests_have_rules_in_every_mode() {
        for mode in [Mode::Simple, Mode::Professional, Mode::Enterprise] {
            let (rules, name) = new_tests(&filling(ModelClass::L1, mode)).unwrap();
            assert!(rules.contains("and on Python 3.13") && rules.contains(mode.audience()), "{rules}");
            assert_eq!(name.name, format!("tests/1/{}", mode.name()));
        }
    }

    #[test]
    fn modes_have_hashes_of_their_own() {
        let hash = |mode| edits(Stage::Repair, &filling(ModelClass::L1, mode)).unwrap().1.hash;
        assert_ne!(hash(Mode::Simple), hash(Mode::Enterprise));
    }
}
