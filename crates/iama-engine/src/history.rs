//! What was written to the job's copy, in steps: contents by their hash, and who wrote them.
//!
//! A step is on the disk as a whole before any file of the copy changes, so that a step that was cut short is taken again and
//! not twice. The copy itself can be made anew from the project, the sealed tests and the steps.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use iama_job::{ArtifactId, EffectId, ModelClass, RouteName};
use iama_patch::{FileState, Files};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::folder::{JobFolder, cannot_read, cannot_write, write_whole};
use crate::perform::sha256;
use crate::problem::Problem;

/// The file of [`History`].
pub(crate) const HISTORY: &str = "history.json";

/// The steps of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// In order, those that were taken back included.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The effect that asked for it.
    pub effect: String,
    /// Who wrote it.
    pub author: Author,
    /// The files that it wrote, by path; nothing for one that it deleted.
    pub files: BTreeMap<String, Option<Kept>>,
}

/// The content of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Whether its owner may execute it.
    pub executable: bool,
}

/// Who wrote a step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Author {
    /// Recipes.
    Recipes,
    /// A model.
    Model {
        /// The number of the call among the job's.
        ordinal: u32,
        /// The class.
        #[schemars(with = "String")]
        class: ModelClass,
        /// The model.
        #[schemars(with = "String")]
        route: RouteName,
    },
    /// A person, in the job's copy.
    Person,
    /// Nobody: steps were taken back.
    TakenBack {
        /// So many of the first ones stay.
        kept: usize,
    },
}

impl History {
    /// The steps of a job so far.
    pub(crate) fn read(folder: &JobFolder) -> Result<Self, Problem> {
        Ok(folder.read_if_kept(HISTORY)?.unwrap_or_default())
    }

    /// The steps that hold.
    pub fn standing(&self) -> Vec<&Step> {
        let mut standing: Vec<&Step> = Vec::new();
        for step in &self.steps {
            match step.author {
                Author::TakenBack { kept } => standing.truncate(kept),
                _ => standing.push(step),
            }
        }
        standing
    }

    /// What the steps made of the files that they wrote.
    pub(crate) fn files(&self) -> BTreeMap<&String, Option<&Kept>> {
        self.standing().into_iter().flat_map(|step| &step.files).map(|(path, kept)| (path, kept.as_ref())).collect()
    }

    /// The step of an effect, if it was taken.
    pub(crate) fn of(&self, effect: &EffectId) -> Option<&Step> {
        let name = effect.to_string();
        self.steps.iter().rev().find(|step| step.effect == name)
    }

    /// The model calls, recipes and persons whose steps hold for a file, in order.
    pub fn authors(&self, path: &str) -> Vec<&Author> {
        let mut authors: Vec<&Author> = Vec::new();
        for step in self.standing() {
            if step.files.contains_key(path) && !authors.contains(&&step.author) {
                authors.push(&step.author);
            }
        }
        authors
    }
}

impl JobFolder {
    fn contents(&self) -> PathBuf {
        self.file("contents")
    }

    /// Keeps bytes under their hash.
    pub(crate) fn put(&self, bytes: &[u8]) -> Result<String, Problem> {
        let hash = sha256(bytes);
        let place = self.contents().join(&hash);
        if !place.is_file() {
            fs::create_dir_all(self.contents()).map_err(|error| cannot_write(&place, &error))?;
            write_whole(&place, bytes)?;
        }
        Ok(hash)
    }

    /// Bytes that were kept.
    pub(crate) fn get(&self, hash: &str) -> Result<Vec<u8>, Problem> {
        let place = self.contents().join(hash);
        fs::read(&place).map_err(|error| cannot_read(&place, &error))
    }

    /// Keeps a step and gives it.
    pub(crate) fn record_step(
        &self,
        effect: &EffectId,
        author: Author,
        files: BTreeMap<String, Option<FileState>>,
    ) -> Result<Step, Problem> {
        let mut kept = BTreeMap::new();
        for (path, state) in files {
            let entry = match state {
                Some(state) => Some(Kept { sha256: self.put(&state.bytes)?, executable: state.executable }),
                None => None,
            };
            kept.insert(path, entry);
        }
        let step = Step { effect: effect.to_string(), author, files: kept };
        let mut history = History::read(self)?;
        history.steps.push(step.clone());
        self.keep(HISTORY, &history)?;
        Ok(step)
    }

    /// Writes files of the steps to the copy.
    pub(crate) fn lay_out<'k>(
        &self,
        files: impl IntoIterator<Item = (&'k String, Option<&'k Kept>)>,
    ) -> Result<(), Problem> {
        for (path, kept) in files {
            let place = self.work().join(path);
            match kept {
                Some(kept) => write_file(&place, &self.get(&kept.sha256)?, kept.executable)?,
                None => remove_file(&place)?,
            }
        }
        Ok(())
    }

    /// The files that the steps left, of those named; the others are `base`'s.
    pub(crate) fn after_steps(&self, history: &History, base: Files) -> Result<Files, Problem> {
        let written = history.files();
        let mut files = base;
        for (path, kept) in written {
            match kept {
                Some(kept) => {
                    let bytes = self.get(&kept.sha256)?;
                    files.insert(path.clone(), FileState { bytes, executable: kept.executable });
                }
                None => drop(files.remove(path)),
            }
        }
        Ok(files)
    }
}

fn write_file(place: &Path, bytes: &[u8], executable: bool) -> Result<(), Problem> {
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).map_err(|error| cannot_write(place, &error))?;
    }
    write_whole(place, bytes)?;
    if executable { make_executable(place) } else { Ok(()) }
}

#[cfg(unix)]
fn make_executable(place: &Path) -> Result<(), Problem> {
    use std::os::unix::fs::PermissionsExt as _;
    let failed = |error: std::io::Error| cannot_write(place, &error);
    let mode = fs::metadata(place).map_err(failed)?.permissions().mode();
    fs::set_permissions(place, fs::Permissions::from_mode(mode | 0o111)).map_err(failed)
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<(), Problem> {
    Ok(())
}

fn remove_file(place: &Path) -> Result<(), Problem> {
    match fs::remove_file(place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(cannot_write(place, &error)),
        _ => Ok(()),
    }
}

/// Who wrote a patch that a model made: beside the patch.
pub(crate) fn author_file(patch: &ArtifactId) -> String {
    patch.0.replace(".json", ".author.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(author: Author, path: &str, hash: &str) -> Step {
        let kept = Kept { sha256: hash.to_owned(), executable: false };
        Step { effect: "j:1:0".to_owned(), author, files: BTreeMap::from([(path.to_owned(), Some(kept))]) }
    }

    #[test]
    fn steps_that_were_taken_back_do_not_hold() {
        let model = |ordinal| Author::Model { ordinal, class: ModelClass::L1, route: RouteName::from("a/b") };
        let back = Step { effect: "j:9:0".into(), author: Author::TakenBack { kept: 1 }, files: BTreeMap::new() };
        let steps = vec![
            step(Author::Recipes, "a.py", "1"),
            step(model(1), "a.py", "2"),
            step(model(2), "b.py", "3"),
            back,
            step(model(3), "a.py", "4"),
        ];
        let history = History { steps };
        assert_eq!(history.authors("a.py"), [&Author::Recipes, &model(3)]);
        assert!(history.authors("b.py").is_empty());
        let hashes: Vec<_> = history.files().into_values().flatten().map(|kept| kept.sha256.as_str()).collect();
        assert_eq!(hashes, ["4"]);
    }
}
