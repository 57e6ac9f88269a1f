//! Edits of several files are made together or not at all.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test says what it found by panicking")]

use std::collections::BTreeMap;

use iama_recipes::groups::settle;
use iama_recipes::pair::Rejection;
use iama_recipes::{Class, Options, Outcome, PAIRS, Pair, Project, Strategy, migrate};

const OWNER: &str = "class Call(object):\n    def __init__(self, name):\n        self.func_name = name\n";
const USER: &str = "def show(call):\n    print call.func_name\n";

/// What becomes of the files: the text, or nothing where a file stays as it was, and the reasons of what is refused.
fn run(pair: &Pair, files: &[(&str, &str)]) -> Vec<(Option<String>, Vec<String>)> {
    let texts: BTreeMap<_, _> = files.iter().copied().collect();
    let names = texts.keys().map(|path| (*path).to_owned()).collect();
    let mut project = Project { files: names, certain: true, ..Project::default() };
    for (path, text) in &texts {
        project.learn(pair, path, text);
    }
    let options = Options::of(Strategy::Comprehensive);
    settle(&mut project, |paths, project| {
        let look = |path: &String| migrate(pair, path, texts[path.as_str()], project, &options).groups(path);
        paths.iter().map(look).collect()
    });
    let outcomes = files.iter().map(|(path, text)| migrate(pair, path, text, &project, &options));
    outcomes
        .map(|outcome| match outcome {
            Outcome::Migrated(done) => {
                let refused = done.notes.into_iter().filter(|note| note.class == Class::Refused);
                (Some(done.text), refused.map(|note| note.why).collect())
            }
            Outcome::Restored { .. } => (None, Vec::new()),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn refused(by: &str) -> Vec<String> {
    vec![format!("belongs together with a place that can't be edited: {by}")]
}

#[test]
fn an_attribute_of_own_objects_is_renamed_in_all_files() {
    let done = run(PAIRS[0], &[("a.py", OWNER), ("b.py", USER)]);
    let wanted = [
        (Some(OWNER.replace("func_name", "__name__")), Vec::new()),
        (Some("def show(call):\n    print(call.__name__)\n".to_owned()), Vec::new()),
    ];
    assert_eq!(done, wanted);
}

#[test]
fn one_line_that_forbids_an_edit_forbids_it_in_every_file() {
    let user = "def show(call):\n    print call.func_name  # iama: skip[function-attributes]\n";
    let done = run(PAIRS[0], &[("a.py", OWNER), ("b.py", user)]);
    let after = "def show(call):\n    print(call.func_name)  # iama: skip[function-attributes]\n";
    let wanted = [(Some(OWNER.to_owned()), refused("a line of b.py forbids it")), (Some(after.to_owned()), Vec::new())];
    assert_eq!(done, wanted);
}

#[test]
fn a_file_that_would_be_wrong_takes_the_others_back() {
    fn accepts(text: &str) -> Result<(), Rejection> {
        let wrong = text.contains("wrong").then(|| Rejection::at(text, 0));
        wrong.map_or_else(|| (PAIRS[0].accepts)(text), Err)
    }
    let pair = Pair { accepts, ..*PAIRS[0] };
    let user = format!("{USER}    print 'wrong'\n");
    let done = run(&pair, &[("a.py", OWNER), ("b.py", &user), ("c.py", USER)]);
    let why = refused("b.py would be wrong and stays as it was");
    let kept = "def show(call):\n    print(call.func_name)\n".to_owned();
    assert_eq!(done, [(Some(OWNER.to_owned()), why.clone()), (None, Vec::new()), (Some(kept), why)]);
}

#[test]
fn a_module_that_hides_one_of_the_library_is_told_with_its_importers() {
    let files = [("queue.py", "import time\nprint 1\n"), ("run.py", "import queue, os\nprint queue\n")];
    let done = run(PAIRS[0], &files);
    let why = "queue is a module of Python 3's library, which this one hides from all beside it: rename it, with its \
               importers run.py";
    assert_eq!(done[0].1, [why]);
    let inside = [("p/__init__.py", ""), ("p/queue.py", "import time\nprint 1\n")];
    assert_eq!(run(PAIRS[0], &inside)[1].1, Vec::<String>::new());
}
