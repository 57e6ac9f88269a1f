//! What the tests of Python 2.7's own library showed.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test says what it found by panicking")]

use iama_recipes::{Class, Migration, Options, Outcome, PAIRS, Project, Strategy, migrate};

fn run(text: &str) -> Migration {
    let project = Project { certain: true, ..Project::default() };
    match migrate(PAIRS[0], "a.py", text, &project, &Options::of(Strategy::Comprehensive)) {
        Outcome::Migrated(done) => done,
        other => panic!("{other:?} for\n{text}"),
    }
}

fn check(before: &str, after: &str) {
    assert_eq!(run(before).text, after);
}

#[test]
fn an_example_in_a_docstring_is_code_and_brings_its_imports_along() {
    check(
        "def f():\n    '''\n    >>> for n in xrange(2):\n    ...     print n,\n    ...\n    0 1\n    >>> print reduce(add, [1])\n    1\n    '''\n",
        "def f():\n    '''\n    >>> for n in range(2):\n    ...     print(n, end=' ')\n    ... \n    0 1\n    >>> from functools import reduce\n    >>> print(reduce(add, [1]))\n    1\n    '''\n".replace("... \n", "...\n").as_str(),
    );
}

#[test]
fn what_an_example_prints_is_shown_as_python_3_does() {
    check(
        "'''\n>>> name\nu'x'\n>>> [1L, u'y']\n[1L, u'y']\n>>> type(1)\n<type 'int'>\n'''\n",
        "'''\n>>> name\n'x'\n>>> [1, 'y']\n[1, 'y']\n>>> type(1)\n<class 'int'>\n'''\n",
    );
}

#[test]
fn a_string_with_a_prompt_that_is_no_docstring_stays() {
    let text = "prompt = '''\n>>> print x\n'''\n";
    check(text, text);
}

#[test]
fn a_method_without_an_object_becomes_the_function() {
    check("import types\nf = types.MethodType(g, None, C)\n", "import types\nf = (g)\n");
}

#[test]
fn a_method_that_is_taken_apart_is_put_together_without_its_class() {
    check("y = type(x)(x.im_func, copy(x.im_self), x.im_class)\n", "y = type(x)(x.__func__, copy(x.__self__))\n");
}

#[test]
fn a_member_that_is_asked_for_by_a_literal_is_named() {
    check("import types\nt = getattr(types, 'ListType', None)\n", "import types\nt = list\n");
}

#[test]
fn has_key_in_contains_is_not_answered_by_contains() {
    let text = "class Table:\n    def __contains__(self, key):\n        return self.has_key(key)\n";
    let done = run(text);
    assert_eq!(done.text, text);
    let notes: Vec<_> = done.notes.iter().map(|note| (note.recipe, note.class)).collect();
    assert_eq!(notes, [("has-key", Class::Refused)]);
}

#[test]
fn what_the_encoding_of_the_file_system_makes_is_the_name_of_a_file() {
    check(
        "import os, sys\ncode = sys.getfilesystemencoding()\nvalue = os.environ[name.encode(code)].decode(code)\n",
        "import os, sys\ncode = sys.getfilesystemencoding()\nvalue = os.fsencode(os.environ[os.fsdecode(name.encode(code))]).decode(code)\n",
    );
}

#[test]
fn code_in_a_literal_is_migrated_where_it_is_compiled() {
    check(
        "exec 'x = 1\\nprint x,' in scope\nimport timeit\nt = timeit.Timer(\"x <> 2\", setup='x = 2L')\nprint 'print 1'\n",
        "exec('x = 1\\nprint(x, end=\" \")', scope)\nimport timeit\nt = timeit.Timer(\"x != 2\", setup='x = 2')\nprint('print 1')\n",
    );
}

#[test]
fn a_function_reads_what_only_executed_code_binds_from_a_dictionary() {
    check(
        "def load(name, n):\n    'Loads.'\n    m = len(name)\n    exec 'import %s as module' % name\n    return module.run(n, m)\n",
        "def load(name, n):\n    'Loads.'\n    exec_names = {}\n    m = len(name)\n    exec_names.update(locals())\n    exec('import %s as module' % name, globals(), exec_names)\n    return exec_names['module'].run(n, m)\n",
    );
    check(
        "def load(a):\n    if a: exec(a)\n    else: exec 'f = 1'\n    return f, known\nknown = 1\n",
        "def load(a):\n    exec_names = {}\n    if a: exec_names.update(locals()); exec(a, globals(), exec_names)\n    else: exec_names.update(locals()); exec('f = 1', globals(), exec_names)\n    return exec_names['f'], known\nknown = 1\n",
    );
    check(
        "def load(a): exec a; return f\n",
        "def load(a): exec_names = {}; exec_names.update(locals()); exec(a, globals(), exec_names); return exec_names['f']\n",
    );
}

#[test]
fn what_executed_code_may_bind_for_its_function_is_said() {
    let classes = |text: &str| run(text).notes.iter().map(|note| note.class).collect::<Vec<_>>();
    assert_eq!(classes("def f(code):\n    x = 0\n    exec code\n    return x\n"), [Class::Check]);
    assert_eq!(classes("def f():\n    exec 'run()'\n"), [Class::Safe]);
    assert_eq!(classes("exec code\n"), [Class::Safe]);
    assert_eq!(classes("class C:\n    exec code\n    y = x\n"), [Class::Safe]);
    assert_eq!(classes("def f(code):\n    exec code in {}\n    return x\n"), [Class::Safe]);
}

#[test]
fn pages_processes_and_handlers_of_requests_give_and_take_native_strings() {
    let after = |text: &str| run(text).text.rsplit("\n\n\n").next().unwrap_or_default().to_owned();
    assert_eq!(
        after("import urllib2\n\n\npage = urllib2.urlopen(url)\nhead = page.readline() + page.read(9)\n"),
        "page = urllib.request.urlopen(url)\nhead = as_native(page.readline()) + as_native(page.read(9))\n"
    );
    assert_eq!(
        after(
            "import subprocess\n\n\np = subprocess.Popen(c, stdout=-1)\np.stdin.write(x)\nout, err = p.communicate(None)\n"
        ),
        "p = subprocess.Popen(c, stdout=-1)\np.stdin.write(as_octets(x))\nout, err = tuple(as_native(part) for part in p.communicate(None))\n"
    );
    let text = "import subprocess\n\n\np = subprocess.Popen(c, universal_newlines=True)\nout = p.stdout.read()\n";
    assert_eq!(run(text).text, text);
    assert_eq!(
        after(
            "from BaseHTTPServer import BaseHTTPRequestHandler\n\n\nclass H(BaseHTTPRequestHandler):\n    def do_PUT(self):\n        self.wfile.write(self.rfile.read(n))\n"
        ),
        "class H(BaseHTTPRequestHandler):\n    def do_PUT(self):\n        self.wfile.write(as_octets(as_native(self.rfile.read(n))))\n"
    );
}

#[test]
fn a_codec_from_text_to_text_takes_and_gives_text() {
    check(
        "x = s.encode('rot13') + s.decode('rot-13')\n",
        "import codecs\nx = codecs.encode(s, 'rot13') + codecs.decode(s, 'rot-13')\n",
    );
}

#[test]
fn floor_stays_a_whole_number_where_that_makes_no_difference() {
    let text = "import math\nx = int(math.floor(y)) + range(math.ceil(z))[0]\nwhile math.floor(x) > 1.5:\n    x -= math.floor(x) + 0.5\n";
    check(text, text);
}

#[test]
fn only_a_text_file_refuses_a_relative_place() {
    let notes = |text: &str| run(text).notes.iter().map(|note| note.recipe).collect::<Vec<_>>();
    assert_eq!(notes("f = open(name)\nf.seek(4, 1)\nf.seek(0, 2)\n"), ["relative-seek"]);
    assert_eq!(notes("import io\nf = io.open(name, 'rb')\nf.seek(4, 1)\n"), [""; 0]);
}

#[test]
fn a_literal_for_a_binary_file_is_one_of_bytes() {
    check(
        "import zipfile\nwith open(name, 'wb') as f:\n    f.write('a')\n    f.writelines(['b', c])\nsame = open(name, 'rb').read() == 'ab'\n",
        "import zipfile\nwith open(name, 'wb') as f:\n    f.write(b'a')\n    f.writelines([b'b', c])\nsame = open(name, 'rb').read() == b'ab'\n",
    );
}

#[test]
fn a_literal_for_a_file_that_may_be_one_of_text_stays() {
    let text = "import zipfile\nf = open(name, 'wb')\nif plain:\n    f = open(name, 'w')\nf.write('a')\n";
    check(text, text);
}

#[test]
fn a_module_of_the_workspace_is_no_module_of_the_library() {
    let files = ["a/__init__.py", "a/collections.py", "a/b.py"].map(str::to_owned).into();
    let project = Project { certain: true, files, ..Project::default() };
    let text = "from collections import Hashable\n";
    let Outcome::Migrated(done) = migrate(PAIRS[0], "a/b.py", text, &project, &Options::of(Strategy::Comprehensive))
    else {
        panic!("not migrated");
    };
    assert_eq!(done.text, "from .collections import Hashable\n");
}

#[test]
fn a_class_of_numbers_under_another_name_can_be_rounded_too() {
    let text = "import numbers\nReal = numbers.Real\n\nclass Half(Real):\n    def __trunc__(self):\n        return 0\n";
    let added = "\n    def __floor__(self):\n        return int(self // 1)\n\n    def __ceil__(self):\n        return -int(-self // 1)\n\n    def __round__(self, digits=None):\n        return float(self).__round__(digits)\n";
    check(text, &format!("{text}{added}"));
}
