//! What a package says of itself is migrated with it.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test says what it found by panicking")]

use iama_recipes::{Migration, Options, Outcome, PAIRS, Project, Strategy, migrate};

fn run(path: &str, text: &str, certain: bool) -> Migration {
    let project = Project { certain, ..Project::default() };
    match migrate(PAIRS[0], path, text, &project, &Options::of(Strategy::Comprehensive)) {
        Outcome::Migrated(done) => done,
        other => panic!("{other:?} for\n{text}"),
    }
}

fn check(path: &str, before: &str, after: &str) {
    assert_eq!(run(path, before, true).text, after);
    assert_eq!(run(path, after, true).text, after, "a second run");
    assert_eq!(run(path, before, false).text, before, "in a workspace of Python 3");
}

#[test]
fn a_list_of_requirements_loses_the_backports() {
    check(
        "requirements/test.txt",
        "# for tests\nunittest2>=1.0\nmock\nenum34; python_version < '3.4'\nPIL==1.1.7  # pictures\n-r base.txt\n",
        "# for tests\nmock\nenum34; python_version < '3.4'\nPillow  # pictures\n-r base.txt\n",
    );
    let done = run("requirements.txt", "BeautifulSoup>=3\nfuturesque\n", true);
    assert_eq!((done.text.as_str(), done.notes.len()), ("BeautifulSoup>=3\nfuturesque\n", 1));
}

#[test]
fn a_setup_cfg_is_told_of_python_3() {
    check(
        "setup.cfg",
        "[metadata]\nclassifiers =\n    Topic :: Text\n    Programming Language :: Python :: 2.6\n    Programming Language :: Python :: 2.7\n\n[options]\npython_requires = >=2.6, !=3.0.*\nuse_2to3 = True\ninstall_requires =\n    futures\n    requests\n",
        "[metadata]\nclassifiers =\n    Topic :: Text\n    Programming Language :: Python :: 3\n\n[options]\npython_requires = >=3.11\ninstall_requires =\n    requests\n",
    );
}

#[test]
fn tox_runs_what_is_left() {
    check(
        "tox.ini",
        "[tox]\nenvlist = py26, py27, py33, docs\n\n[testenv]\ndeps =\n    unittest2\n    mock\n",
        "[tox]\nenvlist = py33, docs\n\n[testenv]\ndeps =\n    mock\n",
    );
}

#[test]
fn a_setup_py_is_told_of_python_3() {
    let before = "from setuptools import setup\nsetup(\n    name='a',\n    use_2to3=True,\n    python_requires='>=2.7',\n    install_requires=['futures', 'PIL>=1', 'six'],\n    classifiers=[\n        'Programming Language :: Python :: 2',\n        'Programming Language :: Python :: 2.7',\n        'Topic :: Text',\n    ],\n)\n";
    let after = "from setuptools import setup\nsetup(\n    name='a',\n    python_requires='>=3.11',\n    install_requires=['Pillow', 'six'],\n    classifiers=[\n        'Programming Language :: Python :: 3',\n        'Topic :: Text',\n    ],\n)\n";
    check("setup.py", before, after);
    assert_eq!(run("other.py", before, true).text, before);
}

#[test]
fn a_backport_is_imported_from_the_library() {
    let done = run("a.py", "import unittest2\nfrom ordereddict import OrderedDict\nimport BeautifulSoup\n", true);
    assert_eq!(done.text, "import unittest as unittest2\nfrom collections import OrderedDict\nimport BeautifulSoup\n");
    assert_eq!(done.notes.len(), 3);
}

#[test]
fn a_text_of_doctests_is_migrated_behind_its_prompts() {
    check(
        "tests/test_words.txt",
        "print this is prose\n\n  >>> for word in words.keys():\n  ...     print word,\n  don't u'a' {u'b': 3L}\n\n>>> x = 1L\n\nu'stays'\n",
        "print this is prose\n\n  >>> for word in list(words.keys()):\n  ...     print(word, end=' ')\n  don't 'a' {'b': 3}\n\n>>> x = 1\n\nu'stays'\n",
    );
}
