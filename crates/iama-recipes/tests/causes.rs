//! Causes of failure that were seen in old packages, each in its smallest form.
#![allow(clippy::panic, reason = "a test says what it found by panicking")]

use iama_recipes::{Options, Outcome, PAIRS, Project, Strategy, migrate};

fn run(text: &str) -> String {
    let mut project = Project { certain: true, ..Project::default() };
    project.learn(PAIRS[0], "a.py", text);
    match migrate(PAIRS[0], "a.py", text, &project, &Options::of(Strategy::Comprehensive)) {
        Outcome::Migrated(done) => done.text,
        other => panic!("{other:?} for\n{text}"),
    }
}

fn ends(before: &str, after: &str) {
    let done = run(before);
    assert!(done.ends_with(after), "{done}");
}

#[test]
fn a_module_stays_itself_where_something_stands_in_for_it() {
    let import = "try:\n    import inspect\nexcept ImportError:\n    inspect = None\n";
    let before = format!("{import}names = inspect.getargspec(hook)\n");
    assert_eq!(run(&before), format!("{import}names = inspect.getfullargspec(hook)[:4]\n"));
    let other = "try:\n    import inspect\nexcept NameError:\n    inspect = None\n";
    let before = format!("{other}names = inspect.getargspec(hook)\n");
    assert_eq!(run(&before), before);
}

#[test]
fn what_is_made_by_a_function_named_after_a_hash_takes_bytes() {
    let before = "from tools import make_sha\ndef f(a):\n    new = make_sha()\n    new.update(a)\n    return new\n";
    ends(before, "    new.update(as_octets(a))\n    return new\n");
    let before = "def f(a):\n    new = make_share()\n    new.update(a)\n    return new\n";
    assert_eq!(run(before), before);
}

#[test]
fn slices_go_past_the_methods_of_classes_made_of_lists_by_others() {
    let before =
        "class Rows(list): pass\nclass Named(Rows):\n    def __delitem__(self, key):\n        self.drop(key)\n";
    let guard =
        "        if isinstance(key, slice) and key.step is None:\n            return list.__delitem__(self, key)\n";
    ends(before, &format!("    def __delitem__(self, key):\n{guard}        self.drop(key)\n"));
}

#[test]
fn code_objects_whose_parts_come_from_nowhere_are_left() {
    let before = "import types\nx = types.CodeType(0, 1, 1, 0, code, (), (), (), 'a', 'b', 1, '')\n";
    assert_eq!(run(before), before);
}

#[test]
fn text_is_told_from_native_strings_by_its_characters() {
    let branch = "    if isinstance(x, unicode):\n        return x.encode(codec)\n    return x\n";
    let after = "    if isinstance(x, str):\n        return as_encoded(x, codec)\n    return x\n";
    ends(&format!("def f(x, codec):\n{branch}"), after);
    ends(
        "y = x.encode('utf-8') if isinstance(x, unicode) else x\n",
        "y = as_encoded(x, 'utf-8') if isinstance(x, str) else x\n",
    );
    ends("if not isinstance(x, unicode):\n    x = unicode(x, 'utf-8')\n", "x = as_text(x, 'utf-8')\n");
    ends("if isinstance(x, str):\n    y = x.decode(codec)\n", "if isinstance(x, str):\n    y = as_text(x, codec)\n");
    let caught =
        "if isinstance(x, str):\n    try:\n        y = x.decode(codec)\n    except UnicodeError:\n        y = None\n";
    ends(caught, "        y = as_octets(x).decode(codec)\n    except UnicodeError:\n        y = None\n");
}

#[test]
fn a_file_whose_mode_is_a_name_is_asked_for_it() {
    let before = "def start(name, mode='rb'):\n    return open(name, mode)\n";
    ends(before, "    return (lambda stream: NativeFile(stream) if 'b' in mode else stream)(open(name, mode))\n");
    let before = "def start(name, mode='r'):\n    return open(name, mode)\n";
    assert_eq!(run(before), before);
}

#[test]
fn code_is_put_together_from_python_3() {
    let before = "add('exec draw(self)')\nadd('for x in xrange(3):')\nexec text\n";
    assert_eq!(run(before), "add('exec(draw(self))')\nadd('for x in range(3):')\nexec(text)\n");
    let before = "say('exec failed')\nsay('no xrange() here')\n";
    assert_eq!(run(before), before);
}

#[test]
fn methods_that_are_handed_on_by_name_have_their_new_names() {
    let before = "NAMES = ('__iter__', 'next', 'readline', 'xreadlines')\nx = ['next', 'last']\n";
    assert_eq!(run(before), "NAMES = ('__iter__', '__next__', 'readline')\nx = ['next', 'last']\n");
}

#[test]
fn the_file_of_a_socket_is_a_class_that_comes_along() {
    let done = run("import socket\nf = socket._fileobject(sock, close=True)\n");
    assert!(
        done.contains("class SocketFile(object):") && done.ends_with("f = SocketFile(sock, close=True)\n"),
        "{done}"
    );
}
