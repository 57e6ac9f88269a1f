//! Carrying the tests over and rewriting the source, on the job's copy.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use iama_baseline::python::recording::Brought;
use iama_baseline::python::{discover, literals};
use iama_job::state::Strategy as JobStrategy;
use iama_job::{ArtifactId, Job};
use iama_patch::{FileState, Files};
use iama_recipes::rules::Rules;
use iama_recipes::{Class, Options, Pair, Strategy};
use iama_source::SourceFile;
use iama_syntax::{Dialect, LineIndex, SyntaxTree};

use super::analyse::recipe_strategy;
use super::{Shop, is_executable, sha256};
use crate::copies::copy_project;
use crate::driver::Progress;
use crate::folder::write_whole;
use crate::history::History;
use crate::problem::Problem;
use crate::records::{Carried, ChangeRecord, FileRecord, NoteRecord, PlaceRecord};
use crate::rewrite::{FileResult, Rewritten, rewrite, settle};

/// The sealed tests by path, with the hash of their bytes.
pub(crate) const SEALED: &str = "sealed.json";

impl Shop<'_> {
    /// Makes the copy anew and carries the tests over in it. A file in which something would be lost stays as it is.
    pub(super) fn carry_tests(&mut self, job: &Job) -> Result<(), Problem> {
        (self.progress)(Progress::Stage("carrying the tests over"));
        copy_project(&self.folder.root, &self.folder.work())?;
        let strategy = job.strategy.map_or(Strategy::Standard, recipe_strategy);
        let scope = self.scope()?;
        let tests: Vec<SourceFile> = scope.test_files.iter().map(|path| source_file(path)).collect();
        let (mut carried, mut records, mut lost, mut failed) = (Vec::new(), Vec::new(), Vec::new(), None);
        let (mut added, mut unchanged) = (BTreeMap::new(), Vec::new());
        let (_, project) = self.project()?;
        let options = self.options(strategy)?;
        let settled = settle(&self.folder.root, self.pair, project, &options);
        rewrite(&self.folder.root, &tests, self.pair, settled, &options, |file| {
            added.extend(added_files(&file));
            match carry(&file) {
                Ok(Some((row, bytes))) => {
                    failed = failed.take().or(write_whole(&self.folder.work().join(&file.path), &bytes).err());
                    records.push(record(&file, true));
                    carried.push(row);
                }
                Ok(None) => unchanged.push(file.path),
                Err(place) => {
                    unchanged.push(file.path);
                    lost.push(place);
                }
            }
            self.go_on()
        });
        failed.map_or(Ok(()), Err)?;
        for (path, state) in self.originals(&unchanged)? {
            carried.push(unchanged_test(path, &state.bytes));
        }
        carried.sort_by(|a, b| a.path.cmp(&b.path));
        self.folder.keep("added-tests.json", &added)?;
        self.folder.keep("carried.json", &carried)?;
        self.folder.keep("carried-lost.json", &lost)?;
        self.folder.keep("rewrite-tests.json", &records)
    }

    /// Seals the tests as they now stand in the copy: each must be what carrying it over made of it.
    pub(super) fn seal(&self) -> Result<(), Problem> {
        let carried: Vec<Carried> = self.folder.read("carried.json")?;
        let sealed: BTreeMap<String, String> = carried.into_iter().map(|test| (test.path, test.sha256)).collect();
        self.compare_with_seal(&sealed)?;
        for path in sealed.keys() {
            let place = self.folder.work().join(path);
            self.folder.put(&fs::read(&place).map_err(|error| crate::folder::cannot_read(&place, &error))?)?;
        }
        self.folder.keep(SEALED, &sealed)
    }

    /// The tests must be what they were when they were sealed.
    pub(super) fn check_seal(&self) -> Result<(), Problem> {
        self.compare_with_seal(&self.folder.read(SEALED)?)
    }

    fn compare_with_seal(&self, sealed: &BTreeMap<String, String>) -> Result<(), Problem> {
        for (path, hash) in sealed {
            let place = self.folder.work().join(path);
            let bytes = fs::read(&place).map_err(|error| crate::folder::cannot_read(&place, &error))?;
            if sha256(&bytes) != *hash {
                return Err(Problem::input("SEAL_BROKEN", format!("the sealed test {path} was changed"))
                    .hint("the job's copy was changed from outside; start a new job"));
            }
        }
        Ok(())
    }

    /// Rewrites everything but the tests, in memory, and keeps the result as a patch.
    pub(super) fn run_recipes(&mut self, strategy: JobStrategy, safe_mode: bool) -> Result<ArtifactId, Problem> {
        if self.request.no_recipes {
            return self.no_recipes();
        }
        (self.progress)(Progress::Stage("rewriting by recipes"));
        let scope = self.scope()?;
        let (files, project) = self.project()?;
        let source: Vec<SourceFile> = files.into_iter().filter(|file| !scope.test_files.contains(&file.path)).collect();
        let mut options = self.options(recipe_strategy(strategy))?;
        if safe_mode {
            let risky = self.pair.recipes.iter().filter(|recipe| recipe.class != Class::Safe);
            options.ignore.extend(risky.map(|recipe| recipe.id.to_owned()));
        }
        let settled = settle(&self.folder.root, self.pair, project, &options);
        let (mut records, mut after) = (Vec::new(), BTreeMap::new());
        let mut added: BTreeMap<String, String> = self.folder.read_if_kept("added-tests.json")?.unwrap_or_default();
        rewrite(&self.folder.root, &source, self.pair, settled, &options, |file| {
            added.extend(added_files(&file));
            records.push(record(&file, false));
            if let FileResult::Migrated { bytes: Some(bytes), .. } = file.result {
                after.insert(file.path, bytes);
            }
            self.go_on()
        });
        records.retain(|record| !record.changes.is_empty() || !record.notes.is_empty());
        self.folder.keep("rewrite.json", &records)?;
        let before = self.originals(after.keys())?;
        added.retain(|path, _| !self.folder.root.join(path).exists());
        after.extend(added.into_iter().map(|(path, text)| (path, text.into_bytes())));
        let after: Files = after
            .into_iter()
            .map(|(path, bytes)| {
                let executable = is_executable(&self.folder.root.join(&path));
                (path, FileState { bytes, executable })
            })
            .collect();
        self.folder.keep("recipes.json", &iama_patch::between(&before, &after))?;
        (self.progress)(Progress::Rewritten { files: after.len() });
        Ok(ArtifactId("recipes.json".to_owned()))
    }

    /// A patch that changes nothing: the source is left to models.
    fn no_recipes(&self) -> Result<ArtifactId, Problem> {
        self.folder.keep("rewrite.json", &Vec::<FileRecord>::new())?;
        self.folder.keep("recipes.json", &iama_patch::Patch::default())?;
        Ok(ArtifactId("recipes.json".to_owned()))
    }

    /// What recipes would change in the originals, and what they would bring along; nothing is kept of it.
    pub(super) fn preview(&self, strategy: Strategy, tests: &[String]) -> Result<Preview, Problem> {
        let (files, project) = self.project()?;
        let source: Vec<SourceFile> = files.into_iter().filter(|file| !tests.contains(&file.path)).collect();
        let options = self.options(strategy)?;
        let settled = settle(&self.folder.root, self.pair, project, &options);
        let (mut touched, mut brought) = (BTreeMap::new(), BTreeMap::new());
        rewrite(&self.folder.root, &source, self.pair, settled, &options, |file| {
            brought_along(&file, &mut brought);
            let changes = record(&file, false).changes;
            if !changes.is_empty() {
                let lines = changes.iter().map(|change| (change.first_line, change.last_line)).collect();
                touched.insert(file.path, lines);
            }
            self.go_on()
        });
        Ok(Preview { touched, brought: brought.into_values().collect() })
    }

    /// The files that carrying the tests over and the steps after it have rewritten, added or deleted.
    pub(crate) fn rewritten_paths(&self) -> Result<Vec<String>, Problem> {
        let records = self.rewrite_records()?;
        let changed = records.into_iter().filter(|record| !record.changes.is_empty()).map(|record| record.path);
        let history = History::read(self.folder)?;
        let paths: BTreeSet<String> = changed.chain(history.files().into_keys().cloned()).collect();
        Ok(paths.into_iter().collect())
    }

    /// What the recipes are to run with.
    pub(super) fn options(&self, strategy: Strategy) -> Result<Options, Problem> {
        let target = (self.request.target.major, self.request.target.minor);
        let (select, ignore) = (self.request.select.clone(), self.request.ignore.clone());
        let rules = read_rules(self.pair, &self.request.rules)?;
        Ok(Options { target, dual: self.request.dual, select, ignore, rules, ..Options::of(strategy) })
    }

    /// What the recipes did to every file, by path.
    pub(crate) fn rewrite_records(&self) -> Result<Vec<FileRecord>, Problem> {
        let mut records: Vec<FileRecord> = self.folder.read_if_kept("rewrite-tests.json")?.unwrap_or_default();
        records.extend(self.folder.read_if_kept::<Vec<FileRecord>>("rewrite.json")?.unwrap_or_default());
        records.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(records)
    }
}

/// First and last line of each changed region of a file, from 1.
pub(super) type Lines = Vec<(u32, u32)>;

/// The user's own rules, from files in ast-grep's YAML.
pub fn read_rules(pair: &Pair, files: &[PathBuf]) -> Result<Rules, Problem> {
    let mut rules = Rules::default();
    for file in files {
        let text = fs::read_to_string(file).map_err(|error| crate::folder::cannot_read(file, &error))?;
        let taken = |id: &str| pair.recipes.iter().any(|recipe| recipe.id == id);
        rules.read(&file.display().to_string(), &text, taken).map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            Problem::input("RULES_INVALID", format!("{error}{cause}"))
                .hint("rules are ast-grep's YAML with `language: python`")
        })?;
    }
    Ok(rules)
}

/// What recipes would do.
pub(super) struct Preview {
    /// The lines of the originals that they would change, by file.
    pub(super) touched: BTreeMap<String, Lines>,
    /// What they would bring along.
    pub(super) brought: Vec<Brought>,
}

/// Adds the modules and functions that a rewritten file has beside it.
fn brought_along(file: &Rewritten, brought: &mut BTreeMap<String, Brought>) {
    let FileResult::Migrated { before, migration, bytes: Some(_) } = &file.result else { return };
    let mut add = |path: &str, names: Vec<String>| {
        let entry = brought.entry(path.to_owned());
        let entry = entry.or_insert_with(|| Brought { file: path.to_owned(), ..Brought::default() });
        entry.names.extend(names);
        entry.users.push(file.path.clone());
    };
    migration.added.iter().for_each(|added| add(&added.path, Vec::new()));
    let known = functions(Dialect::python2_of(before.text()), before.text());
    let fresh = functions(Dialect::Python3, &migration.text).into_iter().filter(|name| !known.contains(name));
    let names: Vec<String> = fresh.collect();
    if !names.is_empty() {
        add(&file.path, names);
    }
}

/// The functions at the top level of a text.
fn functions(dialect: Dialect, text: &str) -> BTreeSet<String> {
    let Ok(tree) = SyntaxTree::parse(dialect, text) else { return BTreeSet::new() };
    let nodes = tree.root().named_children().filter(|node| node.kind() == "function_definition");
    nodes.filter_map(|node| Some(node.field("name")?.text().to_owned())).collect()
}

fn added_files(file: &Rewritten) -> Vec<(String, String)> {
    match &file.result {
        FileResult::Migrated { migration, .. } => {
            migration.added.iter().map(|added| (added.path.clone(), added.text.to_owned())).collect()
        }
        FileResult::AlreadyTarget | FileResult::Failed(_) => Vec::new(),
    }
}

fn source_file(path: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), bytes: 0, executable: false }
}

/// A test file as it is carried over, with the proof that nothing is lost; nothing when it stays as it is.
fn carry(file: &Rewritten) -> Result<Option<(Carried, Vec<u8>)>, PlaceRecord> {
    let FileResult::Migrated { before, migration, bytes: Some(bytes) } = &file.result else { return Ok(None) };
    let (before, after, bytes) = (before.text(), migration.text.as_str(), bytes.clone());
    let (tests_before, assertions_before) = measure(Dialect::python2_of(before), before);
    let (tests_after, assertions_after) = measure(Dialect::Python3, after);
    let what = if tests_after < tests_before {
        Some("a test".to_owned())
    } else if assertions_after < assertions_before {
        Some("an assertion".to_owned())
    } else {
        let values = lost_literals(before, after);
        (!values.is_empty()).then(|| format!("the literal {}", values.join(", ")))
    };
    if let Some(what) = what {
        let reason = format!("carrying the tests over would lose {what}");
        let (recipe, title) = ("SEAL".to_owned(), "a test file stays as it is".to_owned());
        return Err(PlaceRecord { recipe, title, file: file.path.clone(), line: 1, reason });
    }
    let path = file.path.clone();
    let sha256 = sha256(&bytes);
    let row = Carried { path, tests_before, tests_after, assertions_before, assertions_after, sha256 };
    Ok(Some((row, bytes)))
}

fn lost_literals(before: &str, after: &str) -> Vec<String> {
    let before = SyntaxTree::parse(Dialect::python2_of(before), before);
    let (Ok(before), Ok(after)) = (before, SyntaxTree::parse(Dialect::Python3, after)) else { return Vec::new() };
    literals::lost(&before, &after).iter().map(ToString::to_string).collect()
}

/// A file of tests that is sealed as it is.
fn unchanged_test(path: String, bytes: &[u8]) -> Carried {
    let text = String::from_utf8_lossy(bytes);
    let (tests, assertions) = measure(Dialect::python2_of(&text), &text);
    Carried {
        path,
        tests_before: tests,
        tests_after: tests,
        assertions_before: assertions,
        assertions_after: assertions,
        sha256: sha256(bytes),
    }
}

/// Tests and assertions of a text.
fn measure(dialect: Dialect, text: &str) -> (usize, usize) {
    SyntaxTree::parse(dialect, text).map_or((0, 0), |tree| discover::count(&tree))
}

fn record(file: &Rewritten, test: bool) -> FileRecord {
    let FileResult::Migrated { before, migration, .. } = &file.result else {
        return FileRecord { path: file.path.clone(), test, changes: Vec::new(), notes: Vec::new() };
    };
    let lines = LineIndex::new(before.text());
    let change = |change: &iama_recipes::RecordedChange| ChangeRecord {
        first_line: lines.line(change.span.start),
        last_line: lines.line(change.span.end.max(change.span.start + 1) - 1),
        recipes: change.recipes.iter().map(|id| (*id).to_owned()).collect(),
    };
    let note = |note: &iama_recipes::Note| NoteRecord {
        recipe: note.recipe.to_owned(),
        class: note.class,
        line: lines.line(note.span.start),
        why: note.why.clone(),
    };
    FileRecord {
        path: file.path.clone(),
        test,
        changes: migration.changes.iter().map(change).collect(),
        notes: migration.notes.iter().map(note).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_along_is_told_by_functions_that_were_not_there_and_by_files_that_are_added() {
        let pair = iama_recipes::PAIRS[0];
        let text = "import rfc822\ndef same(a, b):\n    return cmp(a, b) == 0\nrfc822._timezones.update(more)\n";
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("lib.py"), text).unwrap();
        let settled = crate::rewrite::Settled::of(iama_recipes::Project::default());
        let mut brought = BTreeMap::new();
        let options = Options::of(Strategy::Comprehensive);
        rewrite(folder.path(), &[source_file("lib.py")], pair, settled, &options, |file| {
            brought_along(&file, &mut brought);
            std::ops::ControlFlow::Continue(())
        });
        let entry = |file: &str, names: &[&str]| Brought {
            file: file.to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            users: vec!["lib.py".to_owned()],
        };
        let expected = [entry("_py2_rfc822.py", &[]), entry("lib.py", &["cmp"])];
        assert_eq!(brought.into_values().collect::<Vec<_>>(), expected);
    }
}
