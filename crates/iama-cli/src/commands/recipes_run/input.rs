//! What a run of the recipes works on: each argument with the settings that hold for it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use iama_baseline::python::interpreter::Wanted;
use iama_recipes::rules::Rules;
use iama_recipes::{Options, Pair, Strategy};
use iama_source::walk::{Patterns, named_file};
use iama_source::{Excluded, Reason, SourceFile, WalkError, WalkOptions, Workspace, walk};

use crate::args::RecipesRun;
use crate::commands::recipes;
use crate::problem::{Problem, bad_input, io};
use crate::settings::{self, Settings};

/// The minor versions of Python 3 that can be targets.
pub(in crate::commands) const TARGETS: std::ops::RangeInclusive<u8> = 8..=13;

/// One argument.
pub(super) struct Input {
    pub(super) options: Options,
    /// All that belongs to it.
    pub(super) workspace: Workspace,
    /// The part of it that no argument before has.
    pub(super) todo: Vec<SourceFile>,
    /// Whether it is a folder, taken for all there is.
    pub(super) folder: bool,
    /// Files that were named and are no source, with their paths as shown.
    pub(super) refused: Vec<(String, Reason)>,
}

/// Reads all arguments before anything is written.
pub(super) fn all(pair: &'static Pair, arguments: &RecipesRun) -> Result<Vec<Input>, Problem> {
    let mut seen = BTreeSet::new();
    let mut inputs = Vec::new();
    for path in &arguments.paths {
        let folder = if path.is_dir() { path } else { parent(path) };
        let home = settings::home(folder);
        let settings = settings::read(&home)?;
        let options = options(pair, arguments, &home, &settings)?;
        let mut input = one(path, arguments, &settings, &home, pair, options)?;
        let place = input.workspace.root.canonicalize().unwrap_or_else(|_| input.workspace.root.clone());
        input.todo.retain(|file| seen.insert(place.join(&file.path)));
        input.refused.retain(|(shown, _)| seen.insert(PathBuf::from(shown)));
        inputs.push(input);
    }
    Ok(inputs)
}

impl Input {
    /// Whether every source file of a folder is worked on.
    pub(super) fn is_whole(&self) -> bool {
        let left_out = self.workspace.excluded.iter().any(|excluded| excluded.reason == Reason::Pattern);
        self.folder && !left_out && self.todo.len() == self.workspace.files.len()
    }
}

/// A path as seen from the current folder.
pub(super) fn shown(root: &Path, path: &str) -> String {
    let whole = root.join(path);
    let whole = whole.strip_prefix(".").unwrap_or(&whole);
    whole.to_string_lossy().replace('\\', "/")
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A folder is walked; a file stands for itself, whatever it is called.
fn one(
    path: &Path,
    arguments: &RecipesRun,
    settings: &Settings,
    home: &Path,
    pair: &'static Pair,
    options: Options,
) -> Result<Input, Problem> {
    let asked = Patterns::new(&arguments.exclude).map_err(|error| path_invalid(&error))?;
    let set = Patterns::new(&settings.exclude).map_err(|error| path_invalid(&error))?;
    let (workspace, folder) = (Workspace::default(), path.is_dir());
    let mut input = Input { options, workspace, todo: Vec::new(), folder, refused: Vec::new() };
    if folder {
        let exclude = WalkOptions { exclude: arguments.exclude.clone() };
        input.workspace = walk(path, &exclude, pair.claims).map_err(|error| path_invalid(&error))?;
    } else if path.symlink_metadata().is_ok_and(|found| found.is_file() || found.is_symlink()) {
        parent(path).clone_into(&mut input.workspace.root);
        let name = shown(Path::new("."), &path.to_string_lossy());
        if asked.match_path(&name) || from(Path::new("."), path).is_some_and(|path| asked.match_path(&path)) {
            let path = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            input.workspace.excluded.push(Excluded { path, reason: Reason::Pattern });
        } else {
            match named_file(path) {
                Ok(file) => input.workspace.files.push(file),
                Err(reason) => input.refused.push((name, reason)),
            }
        }
    } else {
        return Err(path_invalid(&WalkError::NoFolder(path.to_owned())));
    }
    leave_out(&mut input, &set, home);
    input.todo = input.workspace.files.clone();
    Ok(input)
}

/// The settings' patterns mean paths relative to the folder of the settings.
fn leave_out(input: &mut Input, set: &Patterns, home: &Path) {
    let root = input.workspace.root.clone();
    let matches = |path: &Path| from(home, path).is_some_and(|path| set.match_path(&path));
    let files = std::mem::take(&mut input.workspace.files);
    for file in files {
        if matches(&root.join(&file.path)) {
            input.workspace.excluded.push(Excluded { path: file.path, reason: Reason::Pattern });
        } else {
            input.workspace.files.push(file);
        }
    }
    input.refused.retain(|(shown, _)| !matches(Path::new(shown)));
}

/// A path relative to a folder, whatever either is relative to; nothing when it does not lie in there.
fn from(folder: &Path, path: &Path) -> Option<String> {
    let place = parent(path).canonicalize().ok()?.join(path.file_name()?);
    let relative = place.strip_prefix(folder.canonicalize().ok()?).ok()?;
    Some(relative.to_str()?.replace('\\', "/"))
}

fn path_invalid(error: &WalkError) -> Problem {
    let (sentence, hint) = match error {
        WalkError::NoFolder(path) => {
            (format!("{} is no file and no folder", path.display()), "name a file or a folder that exists")
        }
        WalkError::Pattern { .. } => (error.to_string(), "patterns look like `tests/**` or `**/generated_*.py`"),
    };
    bad_input("PATH_INVALID", sentence, hint)
}

/// The options of a run in the folder `home`, whose settings are given.
pub(super) fn options(
    pair: &'static Pair,
    arguments: &RecipesRun,
    home: &Path,
    settings: &Settings,
) -> Result<Options, Problem> {
    let target = target(&arguments.target_version)?;
    let rules = rules(pair, arguments, home, settings)?;
    let either = |own: &[String], project: &[String]| if own.is_empty() { project.to_vec() } else { own.to_vec() };
    let strategy = arguments.strategy.map(Strategy::from).or(settings.strategy.map(Strategy::from));
    let options = Options {
        strategy: strategy.unwrap_or(Strategy::Standard),
        select: either(&arguments.select, &settings.select),
        ignore: either(&arguments.ignore, &settings.ignore),
        target,
        dual: arguments.dual || settings.dual,
        rules,
    };
    for id in options.select.iter().chain(&options.ignore) {
        if !options.rules.ids().any(|known| known == id) {
            recipes::recipe(pair, id)?;
        }
    }
    Ok(options)
}

/// A target version by its name.
pub(in crate::commands) fn target(version: &str) -> Result<(u8, u8), Problem> {
    let wanted = Wanted::parse(version).filter(|wanted| wanted.major == 3 && TARGETS.contains(&wanted.minor));
    wanted
        .map(|wanted| (wanted.major, wanted.minor))
        .ok_or_else(|| bad_input("TARGET_UNKNOWN", format!("{version:?} is no target version"), "3.8 to 3.13 are"))
}

/// The rules of the project and of the command line.
fn rules(pair: &Pair, arguments: &RecipesRun, home: &Path, settings: &Settings) -> Result<Rules, Problem> {
    let mut rules = Rules::default();
    let project = settings.rules.iter().map(|file| home.join(file));
    for file in project.chain(arguments.rules.iter().cloned()) {
        let shown = file.display().to_string();
        let text = fs::read_to_string(&file).map_err(|error| io(format!("cannot read {shown}"), &error))?;
        let taken = |id: &str| pair.recipes.iter().any(|recipe| recipe.id == id);
        rules.read(&shown, &text, taken).map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            bad_input("RULES_INVALID", format!("{error}{cause}"), "rules are ast-grep's YAML with `language: python`")
        })?;
    }
    Ok(rules)
}
