//! Modules that hide one of Python 3's library get another name, with all that import them, or none of it happens.
#![allow(clippy::panic, reason = "a test says what it found by panicking")]

use std::collections::BTreeMap;

use iama_recipes::groups::settle;
use iama_recipes::{Class, Options, Outcome, PAIRS, Project, Strategy, migrate};

const JOBS: (&str, &str) = ("queue.py", "class Jobs(object):\n    limit = 3\n");

/// Where each file goes, its text, and what is refused in it.
fn run(files: &[(&str, &str)]) -> Vec<(String, String, Vec<String>)> {
    let texts: BTreeMap<_, _> = files.iter().copied().collect();
    let names = texts.keys().map(|path| (*path).to_owned()).collect();
    let mut project = Project { files: names, certain: true, moves: true, ..Project::default() };
    for (path, text) in &texts {
        project.learn(PAIRS[0], path, text);
    }
    let options = Options::of(Strategy::Conservative);
    settle(&mut project, |paths, project| {
        let look = |path: &String| migrate(PAIRS[0], path, texts[path.as_str()], project, &options).groups(path);
        paths.iter().map(look).collect()
    });
    let migrated = |(path, text): &(&str, &str)| match migrate(PAIRS[0], path, text, &project, &options) {
        Outcome::Migrated(done) => {
            let refused = done.notes.into_iter().filter(|note| note.class == Class::Refused).map(|note| note.why);
            (done.moved.unwrap_or_else(|| (*path).to_owned()), done.text, refused.collect())
        }
        other => panic!("{other:?}"),
    };
    files.iter().map(migrated).collect()
}

fn row(path: &str, text: &str) -> (String, String, Vec<String>) {
    (path.to_owned(), text.to_owned(), Vec::new())
}

/// What is refused in the module, when it keeps its name and no importer changes.
fn stays(importers: &[(&str, &str)]) -> String {
    let files: Vec<_> = [JOBS].iter().chain(importers).copied().collect();
    let mut done = run(&files).into_iter();
    let Some((path, _, refused)) = done.next() else { panic!("nothing came of it") };
    assert_eq!(path, "queue.py");
    for ((path, text, _), before) in done.zip(importers) {
        assert_eq!((path.as_str(), text.as_str()), *before);
    }
    refused.concat()
}

#[test]
fn the_module_and_its_importers_are_renamed_as_one() {
    let done = run(&[
        JOBS,
        ("main.py", "import os, queue\njobs = queue.Jobs()\n"),
        ("tools/clear.py", "from queue import Jobs\n"),
        ("later.py", "import Queue\nempty = Queue.Empty\n"),
    ]);
    let wanted = [
        row("queue_.py", JOBS.1),
        row("main.py", "import os, queue_ as queue\njobs = queue.Jobs()\n"),
        row("tools/clear.py", "from queue_ import Jobs\n"),
        row("later.py", "import queue\nempty = queue.Empty\n"),
    ];
    assert_eq!(done, wanted);
}

#[test]
fn a_module_that_others_may_import_keeps_its_name() {
    let hidden = "queue is a module of Python 3's library, which this one hides from all beside it: rename it";
    let public = ": it may be installed or imported by a string under this name";
    let installed = ("setup.py", "from distutils.core import setup\nsetup(py_modules=['queue'])\n");
    assert_eq!(stays(&[installed]), format!("{hidden}{public}"));
    let computed = ("setup.py", "from distutils.core import setup\nsetup(py_modules=find())\n");
    assert_eq!(stays(&[computed]), format!("{hidden}{public}"));
    let by_string = ("main.py", "jobs = __import__('queue')\n");
    assert_eq!(stays(&[by_string]), format!("{hidden}{public}"));
    let other =
        [("kit/__init__.py", ""), ("kit/queue.py", "limit = 2\n"), ("kit/user.py", "from .queue import limit\n")];
    assert_eq!(run(&[&[JOBS][..], &other].concat())[0].0, "queue_.py");
    let taken = ("queue_.py", "limit = 2\n");
    assert_eq!(stays(&[taken]), format!("{hidden}: it is a package, or the name with an underscore is taken"));
}

#[test]
fn a_module_that_is_not_installed_may_be_renamed_beside_a_setup_file() {
    let setup = ("setup.py", "from distutils.core import setup\nsetup(packages=['kit'], py_modules=['other'])\n");
    assert_eq!(run(&[JOBS, setup])[0].0, "queue_.py");
}

#[test]
fn a_line_that_forbids_it_in_an_importer_forbids_it_all() {
    let importer = ("main.py", "import queue  # iama: skip[shadowing-imports]\n");
    assert_eq!(stays(&[importer]), "belongs together with a place that can't be edited: a line of main.py forbids it");
}
