//! Tricky inputs, and what the engine promises of every result.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::format_push_string,
    reason = "a test says what it found by panicking"
)]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use iama_recipes::recipe::Dual;
use iama_recipes::words::Words;
use iama_recipes::{Migration, Options, Outcome, PAIRS, Pair, Project, Recipe, Strategy, migrate};

fn project() -> Project {
    Project { certain: true, ..Project::default() }
}

fn run_with(pair: &Pair, text: &str) -> Migration {
    match migrate(pair, "a.py", text, &project(), &Options::of(Strategy::Comprehensive)) {
        Outcome::Migrated(done) => done,
        other => panic!("{other:?} for\n{text}"),
    }
}

fn check(before: &str, after: &str) {
    assert_eq!(run_with(PAIRS[0], before).text, after);
}

#[test]
fn a_generator_ends_quietly_only_where_nobody_catches_the_stop() {
    check("def f():\n    yield 1\n    raise StopIteration()\n", "def f():\n    yield 1\n    return\n");
    check("def f():\n    raise StopIteration\n", "def f():\n    raise StopIteration\n");
    check(
        "def f(it):\n    try:\n        yield it.next()\n    except StopIteration:\n        pass\n",
        "def f(it):\n    try:\n        yield next(it)\n    except StopIteration:\n        pass\n",
    );
}

#[test]
fn a_dry_iterator_ends_the_generator_around_it() {
    check(
        "def f(it):\n    x = it.next()  # one\n    yield x\n",
        "def f(it):\n    try:\n        x = next(it)  # one\n    except StopIteration:\n        return\n    yield x\n",
    );
}

#[test]
fn division_follows_what_is_known_of_the_operands() {
    check("x = len(a) / 2\n", "x = len(a) // 2\n");
    check("x = len(a) / 2.0\n", "x = len(a) / 2.0\n");
    check("from __future__ import division\nx = 1 / 2\n", "x = 1 / 2\n");
    check("path = root / 'name'\n", "path = root / 'name'\n");
}

#[test]
fn a_local_name_is_not_the_builtin() {
    check("def cmp(a, b): return 0\nprint cmp(1, 2)\n", "def cmp(a, b): return 0\nprint(cmp(1, 2))\n");
    check("def f(list): return map(g, list)\n", "def f(list): return [item for item in map(g, list)]\n");
}

#[test]
fn what_a_line_forbids_may_stay_python_2() {
    check("x = `y`  # iama: skip[backticks]\nprint x\n", "x = `y`  # iama: skip[backticks]\nprint(x)\n");
    check("print 1  # iama: skip\nprint 2\n", "print 1  # iama: skip\nprint(2)\n");
}

#[test]
fn a_block_that_ends_where_none_began_is_no_python() {
    let text = "if a:\n        print 1\n    print 2\n";
    let done = migrate(PAIRS[0], "a.py", text, &project(), &Options::of(Strategy::Comprehensive));
    let Outcome::Unreadable(rejection) = done else { panic!("{done:?}") };
    assert_eq!((rejection.offset, rejection.excerpt.as_str()), (22, "    print 2"));
}

#[test]
fn an_exception_lives_on_where_it_is_used() {
    check(
        "try:\n    f()\nexcept E, e:\n    pass\nprint e\n",
        "try:\n    f()\nexcept E as caught:\n    e = caught\n    pass\nprint(e)\n",
    );
    check("try:\n    f()\nexcept E, e:\n    print e[0]\n", "try:\n    f()\nexcept E as e:\n    print(e.args[0])\n");
}

#[test]
fn code_that_asks_for_the_syntax_of_the_interpreter_stays() {
    let code = "try:\n    exec \"raise E, 'x'\"\nexcept SyntaxError:\n    old = False\n";
    check(code, "try:\n    exec(\"raise E, 'x'\")\nexcept SyntaxError:\n    old = False\n");
}

#[test]
fn a_module_that_is_gone_comes_along() {
    let done = run_with(PAIRS[0], "import sgmllib\nclass P(sgmllib.SGMLParser): pass\n");
    assert_eq!(done.text, "import _py2_sgmllib as sgmllib\nclass P(sgmllib.SGMLParser): pass\n");
    assert_eq!(done.added.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["_py2_sgmllib.py"]);
}

#[test]
fn modules_that_are_gone_leave_the_list_they_are_imported_in() {
    let files = ["pkg/__init__.py", "pkg/a.py"].map(str::to_owned).into();
    let project = Project { files, ..project() };
    let text = "import re, sgmllib, rfc822\nprint re, sgmllib.SGMLParser, rfc822.Message\n";
    let done = migrate(PAIRS[0], "pkg/a.py", text, &project, &Options::of(Strategy::Comprehensive));
    let Outcome::Migrated(done) = done else { panic!("{done:?}") };
    let imports = "import re\nfrom . import _py2_rfc822 as rfc822\nfrom . import _py2_sgmllib as sgmllib\n";
    assert_eq!(done.text, format!("{imports}print(re, sgmllib.SGMLParser, rfc822.Message)\n"));
    let added: Vec<_> = done.added.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(added, ["pkg/_py2_rfc822.py", "pkg/_py2_sgmllib.py"]);
}

#[test]
fn what_could_be_python_3_as_well_is_left_alone() {
    let text = "from __future__ import annotations\nx = d.keys()\ny = u'x' / 2\n";
    match migrate(PAIRS[0], "a.py", text, &Project::default(), &Options::of(Strategy::Comprehensive)) {
        Outcome::Migrated(done) => assert_eq!((done.text.as_str(), done.rounds), (text, 0)),
        other => panic!("{other:?}"),
    }
}

/// Every recipe's own example in one text, and each of them alone.
fn samples() -> Vec<String> {
    let python = |recipe: &&Recipe| !recipe.kinds.iter().any(|kind| kind.contains('.'));
    PAIRS[0].recipes.iter().filter(python).map(|recipe| format!("{}\n", recipe.before)).collect()
}

#[test]
fn the_order_of_the_recipes_changes_no_byte() {
    let mut recipes: Vec<Recipe> = PAIRS[0].recipes.to_vec();
    recipes.reverse();
    let reversed = Pair { recipes: recipes.leak(), ..*PAIRS[0] };
    for text in samples() {
        assert_eq!(run_with(PAIRS[0], &text).text, run_with(&reversed, &text).text, "for\n{text}");
    }
}

#[test]
fn a_recipe_that_looks_at_every_text_finds_no_more_than_where_its_words_are() {
    static NONE: LazyLock<Words> = LazyLock::new(|| Words::new(&[]));
    let everywhere = Pair { words: &NONE, ..*PAIRS[0] };
    for text in samples() {
        assert_eq!(run_with(PAIRS[0], &text), run_with(&everywhere, &text), "for\n{text}");
    }
}

#[test]
fn every_byte_outside_the_recorded_changes_stays() {
    for before in samples() {
        let done = run_with(PAIRS[0], &before);
        let mut text = before.clone();
        for change in done.changes.iter().rev() {
            text.replace_range(change.span.range(), &change.text);
        }
        assert_eq!(text, done.text);
    }
}

#[test]
fn a_second_run_finds_nothing_to_do() {
    for before in samples() {
        let done = run_with(PAIRS[0], &before);
        match migrate(PAIRS[0], "a.py", &done.text, &Project::default(), &Options::of(Strategy::Comprehensive)) {
            Outcome::Migrated(again) => assert_eq!(again.text, done.text),
            other => assert_eq!(other, Outcome::AlreadyTarget, "for\n{}", done.text),
        }
    }
}

#[test]
fn the_reference_pages_say_what_the_recipes_say() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/recipes");
    let path = folder.join("python2-3.md");
    let wanted = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "docs/recipes/python2-3.md is out of date: run this test with UPDATE_DOCS=1");
}

fn reference() -> String {
    let mut recipes: Vec<&Recipe> = PAIRS[0].recipes.iter().collect();
    recipes.sort_by_key(|recipe| recipe.id);
    let ids: BTreeSet<_> = recipes.iter().map(|recipe| recipe.id).collect();
    let mut text = format!("# {}\n\n{} recipes. Generated from the recipes themselves.\n", PAIRS[0].title, ids.len());
    for recipe in recipes {
        let (class, strategy) = (format!("{:?}", recipe.class).to_uppercase(), recipe.strategy.name());
        text += &format!(
            "\n## {}\n\n{}. Class {class}, from strategy {strategy} on.\n\n{}\n\nBefore:\n\n```python\n{}\n```\n\nAfter:\n\n```python\n{}\n```\n",
            recipe.id, recipe.title, recipe.why, recipe.before, recipe.after
        );
        text += &for_both(recipe);
    }
    text
}

fn for_both(recipe: &Recipe) -> String {
    if let Dual::Never(why) = (PAIRS[0].dual)(recipe.id) {
        return format!("\nWith `--dual` it is not run. {why}\n");
    }
    let options = Options { dual: true, select: vec![recipe.id.to_owned()], ..Options::of(Strategy::Comprehensive) };
    let files = ["package/__init__.py", "package/helpers.py", "package/module.py"];
    let project = Project { files: files.map(str::to_owned).into(), ..project() };
    let before = format!("{}\n", recipe.before);
    match migrate(PAIRS[0], "package/module.py", &before, &project, &options) {
        Outcome::Migrated(done) if done.text == before => "\nWith `--dual` the example stays as it is.\n".to_owned(),
        Outcome::Migrated(done) if done.text.trim_end() == recipe.after.trim_end() => {
            "\nWith `--dual`: the same.\n".to_owned()
        }
        Outcome::Migrated(done) => format!("\nWith `--dual`:\n\n```python\n{}\n```\n", done.text.trim_end()),
        other => panic!("{}: {other:?}", recipe.id),
    }
}

#[test]
fn a_next_that_may_be_an_attribute_is_asked_for_either_way() {
    let mut project = project();
    project.learn(PAIRS[0], "a.py", "class Link(object):\n    def __init__(self):\n        self.next = None\n");
    let before = "read = stream.next\n";
    let done = match migrate(PAIRS[0], "a.py", before, &project, &Options::of(Strategy::Comprehensive)) {
        Outcome::Migrated(done) => done.text,
        other => panic!("{other:?}"),
    };
    let helper = "def next_of(value):\n    return value.__next__ if hasattr(value, '__next__') else value.next\n";
    assert_eq!(done, format!("{helper}\nread = next_of(stream)\n"));
}

#[test]
fn streams_of_bytes_are_made_of_bytes() {
    check("from io import BytesIO\nprint BytesIO('a')\n", "from io import BytesIO\nprint(BytesIO(b'a'))\n");
}

#[test]
fn a_text_method_that_decodes_what_str_gives_goes_without_a_str_of_its_own() {
    check(
        "class A(Base):\n    def __unicode__(self):\n        return str(self).decode('utf-8')\n",
        "class A(Base):\n    pass\n",
    );
    check(
        "class A(Base):\n    def __unicode__(self):\n        return self.name\n    __str__ = __unicode__\n",
        "class A(Base):\n    def __str__(self):\n        return self.name\n",
    );
}

#[test]
fn what_may_be_none_is_asked_for_before_it_is_ordered() {
    check(
        "def f(x=None):\n    if 0 <= x < 3: return x\n    print x\n",
        "def f(x=None):\n    if x is not None and 0 <= x < 3: return x\n    print(x)\n",
    );
    check(
        "def f(x=None):\n    if x is None: return\n    return x < 3, `x`\n",
        "def f(x=None):\n    if x is None: return\n    return x < 3, repr(x)\n",
    );
}

#[test]
fn a_package_that_imports_itself_by_name_means_itself() {
    let files = ["lib/unittest2/__init__.py", "lib/unittest2/test/__init__.py", "lib/unittest2/test/test_a.py"];
    let project = Project { files: files.map(str::to_owned).into(), certain: true, ..Project::default() };
    let migrated =
        |path: &str| match migrate(PAIRS[0], path, "import unittest2\n", &project, &Options::of(Strategy::Standard)) {
            Outcome::Migrated(done) => done.text,
            other => panic!("{other:?}"),
        };
    let told = ["lib/unittest2/test/test_a.py", "scripts/a.py"].map(migrated);
    assert_eq!(told, ["import unittest2\n", "import unittest as unittest2\n"]);
}

#[test]
fn a_metaclass_is_no_base() {
    check("class A(object):\n    __metaclass__ = M\n    x = `1`\n", "class A(object, metaclass=M):\n    x = repr(1)\n");
}

#[test]
fn a_base_that_a_later_one_is_derived_from_goes() {
    let mut project = project();
    let before = "class Leaf: pass\nclass Text(Leaf): pass\nclass Section(Leaf, Text): pass\n";
    project.learn(PAIRS[0], "a.py", before);
    let done = match migrate(PAIRS[0], "a.py", before, &project, &Options::of(Strategy::Comprehensive)) {
        Outcome::Migrated(done) => done.text,
        other => panic!("{other:?}"),
    };
    assert_eq!(done, "class Leaf: pass\nclass Text(Leaf): pass\nclass Section(Text): pass\n");
}
