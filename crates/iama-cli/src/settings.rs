//! Settings of a project: `iama.toml`, or `[tool.iama]` in `pyproject.toml`.

use std::fs;
use std::path::{Path, PathBuf};

use iama_recipes::Strategy;
use iama_sandbox::Choice;
use serde::Deserialize;

use crate::problem::{Problem, bad_input};

/// What a project may decide for all its runs. An option on the command line wins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// How much to take on.
    pub(crate) strategy: Option<StrategySetting>,
    /// Whether the result must run on the old language, too.
    pub(crate) dual: bool,
    /// Whether calls are recorded and compared.
    pub(crate) characterise: bool,
    /// Commands that are recorded as well.
    pub(crate) exercise: Vec<String>,
    /// Only these recipes.
    pub(crate) select: Vec<String>,
    /// Not these recipes.
    pub(crate) ignore: Vec<String>,
    /// Not the files that match.
    pub(crate) exclude: Vec<String>,
    /// Files with rules of the project's own, relative to it.
    pub(crate) rules: Vec<PathBuf>,
    /// Where tests run.
    pub(crate) sandbox: Option<Choice>,
    /// The image that containers start from.
    pub(crate) docker_image: Option<String>,
    /// Which models do what.
    pub(crate) models: Option<serde_json::Value>,
}

/// What a user may decide for all projects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Own {
    /// Which models do what, and with whose keys.
    pub(crate) models: Option<serde_json::Value>,
}

/// Reads a user's own settings; none is no error.
pub(crate) fn read_own(file: &Path) -> Result<Own, Problem> {
    let Some(text) = text_of(file)? else { return Ok(Own::default()) };
    toml::from_str(&text).map_err(|error| wrong(file, &text, &error))
}

/// A strategy by its lower-case name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StrategySetting {
    Conservative,
    Standard,
    Comprehensive,
}

impl From<StrategySetting> for Strategy {
    fn from(setting: StrategySetting) -> Self {
        match setting {
            StrategySetting::Conservative => Self::Conservative,
            StrategySetting::Standard => Self::Standard,
            StrategySetting::Comprehensive => Self::Comprehensive,
        }
    }
}

#[derive(Deserialize)]
struct PyProject {
    tool: Option<Tool>,
}

#[derive(Deserialize)]
struct Tool {
    iama: Option<Settings>,
}

const NAMES: [&str; 2] = ["iama.toml", "pyproject.toml"];

/// The nearest folder with a file of settings, from `folder` upwards; `folder` itself when there is none.
pub(crate) fn home(folder: &Path) -> PathBuf {
    let absolute = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let found = absolute.ancestors().find(|above| NAMES.iter().any(|name| above.join(name).is_file()));
    found.map_or_else(|| absolute.clone(), Path::to_owned)
}

/// Reads the settings of the project at `root`; none is no error.
pub(crate) fn read(root: &Path) -> Result<Settings, Problem> {
    let [own, shared] = NAMES.map(|name| root.join(name));
    if let Some(text) = text_of(&own)? {
        return toml::from_str(&text).map_err(|error| wrong(&own, &text, &error));
    }
    let Some(text) = text_of(&shared)? else { return Ok(Settings::default()) };
    let project: PyProject = toml::from_str(&text).map_err(|error| wrong(&shared, &text, &error))?;
    Ok(project.tool.and_then(|tool| tool.iama).unwrap_or_default())
}

fn text_of(path: &Path) -> Result<Option<String>, Problem> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(crate::problem::io(format!("cannot read {}", path.display()), &error)),
    }
}

fn wrong(file: &Path, text: &str, error: &toml::de::Error) -> Problem {
    let first = error.message().lines().next().unwrap_or_default().to_owned();
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| before.matches('\n').count() + 1);
    bad_input(
        "SETTINGS_INVALID",
        format!("{}:{line}: {first}", file.display()),
        "`strategy`, `dual`, `characterise`, `exercise`, `select`, `ignore`, `exclude`, `rules`, `sandbox`, `docker-image` and `models` are known; your own file has `models` alone",
    )
}
