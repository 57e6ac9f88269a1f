//! Settings of a project: `iama.toml`, or `[tool.iama]` in `pyproject.toml`.

use std::fs;
use std::path::{Path, PathBuf};

use iama_recipes::Strategy;
use serde::Deserialize;

use crate::problem::{Problem, bad_input};

/// What a project may decide for all its runs. An option on the command line wins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// How much to take on.
    pub(crate) strategy: Option<StrategySetting>,
    /// Only these recipes.
    pub(crate) select: Vec<String>,
    /// Not these recipes.
    pub(crate) ignore: Vec<String>,
    /// Not the files that match.
    pub(crate) exclude: Vec<String>,
    /// Files with rules of the project's own, relative to it.
    pub(crate) rules: Vec<PathBuf>,
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

/// Reads the settings of the project at `root`; none is no error.
pub(crate) fn read(root: &Path) -> Result<Settings, Problem> {
    if let Some(text) = text_of(&root.join("iama.toml"))? {
        return toml::from_str(&text).map_err(|error| wrong("iama.toml", &error));
    }
    let Some(text) = text_of(&root.join("pyproject.toml"))? else { return Ok(Settings::default()) };
    let project: PyProject = toml::from_str(&text).map_err(|error| wrong("pyproject.toml", &error))?;
    Ok(project.tool.and_then(|tool| tool.iama).unwrap_or_default())
}

fn text_of(path: &Path) -> Result<Option<String>, Problem> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(crate::problem::io(format!("cannot read {}", path.display()), &error)),
    }
}

fn wrong(file: &str, error: &toml::de::Error) -> Problem {
    let first = error.message().lines().next().unwrap_or_default().to_owned();
    bad_input(
        "SETTINGS_INVALID",
        format!("{file}: {first}"),
        "`strategy`, `select`, `ignore`, `exclude` and `rules` are known",
    )
}
