//! What a person asked for, as it is kept with the job, and what the machine has to do it with.

use std::collections::BTreeMap;
use std::path::PathBuf;

use iama_baseline::python::interpreter::{Search, Wanted};
use iama_job::Timestamp;
use iama_model::Cost;
use iama_model::templates::Mode;
use iama_recipes::{PAIRS, Pair, Strategy};
use iama_sandbox::{Choice, Sandbox};
use serde::{Deserialize, Serialize};

use crate::models::Models;
use crate::problem::Problem;

/// A request for a migration. A resumed job goes by the request that it was started with.
#[expect(clippy::struct_excessive_bools, reason = "independent wishes of one command line")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The project, as given.
    pub root: PathBuf,
    /// The language pair.
    pub pair: String,
    /// The interpreter that the result must run on.
    pub target: Wanted,
    /// How much to take on; nothing when a person shall choose.
    pub strategy: Option<Strategy>,
    /// Whether the result must run on the legacy language, too.
    #[serde(default)]
    pub dual: bool,
    /// Whether IAMA answers its own questions in the safe way.
    pub yes: bool,
    /// The legacy interpreter, if named.
    pub legacy_python: Option<PathBuf>,
    /// The target interpreter, if named.
    pub python: Option<PathBuf>,
    /// Only these recipes, when any is named.
    #[serde(default)]
    pub select: Vec<String>,
    /// Not these recipes.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// Files with rules of the user's own.
    #[serde(default)]
    pub rules: Vec<PathBuf>,
    /// Patterns of files to leave out.
    pub exclude: Vec<String>,
    /// A command that tests the project, instead of suites that are found.
    #[serde(default)]
    pub test_command: Option<String>,
    /// Test files, when they are not to be searched for.
    pub tests: Vec<String>,
    /// The limit of one test, in seconds.
    pub per_test_seconds: u64,
    /// The limit of one run of all tests, in seconds.
    pub run_seconds: u64,
    /// Where tests run.
    #[serde(default)]
    pub sandbox: Choice,
    /// The image that containers start from, when it is not made from this machine.
    #[serde(default)]
    pub docker_image: Option<String>,
    /// Whether calls are recorded on the legacy code, written as tests, and compared with the result.
    #[serde(default)]
    pub characterise: bool,
    /// Commands that show what the legacy code does: the calls that they make are recorded like those of the tests.
    #[serde(default)]
    pub exercise: Vec<String>,
    /// How long faults are planted to see what the tests notice; not at all when nothing is said.
    #[serde(default)]
    pub strength: Option<Effort>,
    /// A file of scenarios.
    #[serde(default)]
    pub scenarios: Option<PathBuf>,
    /// How much uncovered behaviour a person has acknowledged beforehand.
    #[serde(default)]
    pub acknowledge_uncovered: Option<u32>,
    /// Tests that count on no side, with the reason.
    #[serde(default)]
    pub quarantine: BTreeMap<String, String>,
    /// Modules that are replaced by stand-ins while tests run, with the reason.
    #[serde(default)]
    pub mock: BTreeMap<String, String>,
    /// The person who asked for it, as the machine calls them.
    #[serde(default)]
    pub person: Option<String>,
    /// Where results are put besides the job's folder.
    pub out: Option<PathBuf>,
    /// A private key in PEM that the statement about the patch is signed with.
    #[serde(default)]
    pub sign_key: Option<PathBuf>,
    /// Whether the source is left to models, so that attempt 0 changes nothing.
    #[serde(default)]
    pub no_recipes: bool,
    /// Whether no model is used, whatever is configured.
    #[serde(default)]
    pub no_models: bool,
    /// The most that model calls may cost.
    #[serde(default)]
    pub max_cost: Option<Cost>,
    /// Whether models of class L2 need no question.
    #[serde(default)]
    pub pre_authorised: bool,
    /// Whether the first revision of the spec approves itself.
    #[serde(default)]
    pub fast_track: bool,
    /// For whom models explain what they do.
    #[serde(default)]
    pub mode: Mode,
    /// Whether a model writes tests of the legacy code.
    #[serde(default)]
    pub generate_tests: bool,
    /// Whether models say what they see in the proposals and add to the spec.
    #[serde(default)]
    pub model_views: bool,
    /// Where model calls are kept, or played back from.
    #[serde(default)]
    pub tape: Tape,
    /// When it was made.
    pub created: Timestamp,
}

/// Where the answers of models come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tape", content = "folder", rename_all = "snake_case")]
pub enum Tape {
    /// From their providers.
    #[default]
    Live,
    /// From their providers, and every exchange is kept in a folder.
    Record(PathBuf),
    /// From a folder; no network is used.
    Replay(PathBuf),
}

/// How long to go on with what could go on for hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// For so many seconds.
    Seconds(u64),
    /// To the end.
    Full,
}

impl Request {
    /// A request with nothing asked for but the target.
    pub fn plain(root: PathBuf, target: Wanted, created: Timestamp) -> Self {
        Self {
            root,
            pair: PAIRS.first().map_or("", |pair| pair.id).to_owned(),
            target,
            strategy: None,
            dual: false,
            yes: false,
            legacy_python: None,
            python: None,
            select: Vec::new(),
            ignore: Vec::new(),
            rules: Vec::new(),
            exclude: Vec::new(),
            test_command: None,
            tests: Vec::new(),
            per_test_seconds: 30,
            run_seconds: 900,
            sandbox: Choice::default(),
            docker_image: None,
            characterise: false,
            exercise: Vec::new(),
            strength: None,
            scenarios: None,
            acknowledge_uncovered: None,
            quarantine: BTreeMap::new(),
            mock: BTreeMap::new(),
            person: None,
            out: None,
            sign_key: None,
            no_recipes: false,
            no_models: false,
            max_cost: None,
            pre_authorised: false,
            generate_tests: false,
            fast_track: false,
            model_views: false,
            mode: Mode::default(),
            tape: Tape::default(),
            created,
        }
    }

    /// Whether calls are recorded: asked for, or because there are commands that make some.
    pub const fn records(&self) -> bool {
        self.characterise || !self.exercise.is_empty()
    }

    /// Whether nothing can be done without a model.
    pub const fn needs_models(&self) -> bool {
        self.no_recipes || self.generate_tests || !matches!(self.tape, Tape::Live)
    }

    /// The commands whose calls are recorded. A test command is one of them: nothing else shows what it calls.
    pub(crate) fn recorded_commands(&self) -> Vec<String> {
        let tests = self.test_command.iter().filter(|_| self.records());
        self.exercise.iter().chain(tests).cloned().collect()
    }

    /// The language pair.
    pub fn pair(&self) -> Result<&'static Pair, Problem> {
        PAIRS
            .iter()
            .copied()
            .find(|pair| pair.id == self.pair)
            .ok_or_else(|| Problem::input("PAIR_UNKNOWN", format!("there is no language pair {:?}", self.pair)))
    }
}

/// What this machine offers. Made once, by the program.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Where environments are kept between jobs.
    pub cache: PathBuf,
    /// Where what a person has agreed to is remembered.
    pub state: PathBuf,
    /// How commands are closed off.
    pub sandbox: Sandbox,
    /// Where interpreters are looked for.
    pub search: Search,
    /// Variables that installers need.
    pub variables: BTreeMap<String, String>,
    /// The time.
    pub clock: fn() -> Timestamp,
    /// Folders that look empty to tests.
    pub hidden: Vec<PathBuf>,
    /// The models that may be called; none is needed.
    pub models: Option<Models>,
}
