"""Run the standard library's own tests on migrated modules.

Copies pure-Python modules of a Python 2.7 library, each with its own test, into a package `legacy`, and the tests'
support into a package `test`; runs the tests on 2.7, migrates both packages with the recipes, and runs the tests again
on the target. In `legacy` Python 2's implicit relative imports find the copies rather than the interpreter's own
modules, so that nothing is edited by hand. Prints a table, and exits with 1 when a test that passes on 2.7 neither
passes on the target nor is named in LEFT_OUT, and when LEFT_OUT names what passes.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = "legacy"
SUPPORT = ("__init__.py", "test_support.py", "support", "script_helper.py")
TARGET = "3.11"
TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Subject:
    """A module of the 2.7 library: its file, its test, what the test reads, and its name in the target's library."""

    module: str
    test: str
    data: tuple = ()
    helpers: tuple = ()
    renamed: str = ""
    siblings: tuple = ()


SUBJECTS = (
    Subject("textwrap", "test_textwrap"),
    Subject("difflib", "test_difflib", data=("test_difflib_expect.html",)),
    Subject("shlex", "test_shlex"),
    Subject("getopt", "test_getopt"),
    Subject("HTMLParser", "test_htmlparser", renamed="html.parser"),
    Subject("mimetypes", "test_mimetypes"),
    Subject("ConfigParser", "test_cfgparser", data=("cfgparser.1",), renamed="configparser"),
    Subject("optparse", "test_optparse"),
    Subject("decimal", "test_decimal", data=("decimaltestdata",)),
    Subject("random", "test_random"),
    Subject("urlparse", "test_urlparse", renamed="urllib.parse"),
    Subject("calendar", "test_calendar"),
    Subject("copy", "test_copy"),
    Subject("Cookie", "test_cookie", renamed="http.cookies"),
    Subject("contextlib", "test_contextlib"),
    Subject("glob", "test_glob"),
    Subject("fnmatch", "test_fnmatch"),
    Subject("Queue", "test_queue", renamed="queue"),
    Subject("posixpath", "test_posixpath", helpers=("test_genericpath",), siblings=("genericpath",)),
    Subject("xdrlib", "test_xdrlib"),
)

STREAM_ENCODING = "its helper sets the encoding of a StringIO object, which io.StringIO does not let it"
NO_JUMPAHEAD = "calls jumpahead() of the C generator, which Python 3's has no more"
BYTES_AS_TEXT = "hands over bytes literals where the module works on text, and has bytes given back"
UNORDERED = "asserts that values of unlike types or None have an order"
NAMED_IN_STRINGS = "names Python 2's special methods in strings that it evaluates"

# A test's id, or a class or module of tests -> why what it asserts on 2.7 cannot hold on the target.
LEFT_OUT = {
    "Cookie": "the docstring's example imports the module by its top-level name, which the layout does not give it",
    "decimal": "the docstring shows exceptions' names without their module",
    "decimal.Context.create_decimal_from_float": "the docstring shows an exception's name without its module",
    "decimal.Context.to_integral": "Python 3's doctest finds a method with two names only once",
    "test_calendar.CommandLineTestCase": "starts `python -m calendar`, which is the interpreter's own module",
    "test_calendar.OutputTestCase.test_output_htmlcalendar": "asserts that the default encoding is ascii",
    "test_decimal.DecimalImplicitConstructionTest.test_rop": NAMED_IN_STRINGS,
    "test_decimal.DecimalUsabilityTest.test_comparison_operators": UNORDERED,
    "test_decimal.DecimalUsabilityTest.test_hash_method": "the module counts on the modulus of Python 2's hash of int",
    "test_decimal.DecimalUsabilityTest.test_immutability_operations": NAMED_IN_STRINGS,
    "test_fnmatch.TranslateTestCase.test_translate": "asserts where the flags of a pattern stand",
    "test_optparse.TestConflictOverride.test_conflict_override_help": STREAM_ENCODING,
    "test_optparse.TestConflictResolve.test_conflict_resolve_help": STREAM_ENCODING,
    "test_optparse.TestHelp": STREAM_ENCODING,
    "test_optparse.TestParseNumber.test_numeric_options": "asserts a message that names the type long",
    "test_optparse.TestParseNumber.test_parse_num_fail": "asserts the interpreter's message for a malformed long",
    "test_optparse.TestVersion.test_version": STREAM_ENCODING,
    "test_queue.PriorityQueueTest.test_queue_join": "puts None twice into a priority queue, which has to order them",
    "test_random.MersenneTwister_TestBasicOps.test_genrandbits": "asserts that the C generator refuses zero bits",
    "test_random.MersenneTwister_TestBasicOps.test_jumpahead": NO_JUMPAHEAD,
    "test_random.MersenneTwister_TestBasicOps.test_jumpahead_produces_valid_state": NO_JUMPAHEAD,
    "test_urlparse.UrlParseTestCase.test_qs": BYTES_AS_TEXT,
    "test_urlparse.UrlParseTestCase.test_qsl": BYTES_AS_TEXT,
    "test_urlparse.UrlParseTestCase.test_urlsplit_normalization": "asserts a message with the repr of a unicode string",
}

# Of these, what may wait for a thread for ever once it has failed: it is not run on the target.
MAY_HANG = ("test_queue.PriorityQueueTest.test_queue_join",)

# Runs in both worlds: hands every suite of the test module to one result, and writes what passed and what did not.
RUNNER = r"""
from __future__ import print_function
import importlib, json, sys, traceback, unittest, doctest
package, subject, renamed, test, out = sys.argv[1:6]
unwanted = set(package + "." + name for name in sys.argv[6:])

def wanted(suite):
    if not isinstance(suite, unittest.TestSuite):
        return [] if suite.id() in unwanted else [suite]
    return [case for part in suite for case in wanted(part)]

class Result(unittest.TestResult):
    def startTest(self, case):
        unittest.TestResult.startTest(self, case)
        self.bad = None
    def stopTest(self, case):
        unittest.TestResult.stopTest(self, case)
        if self.bad is None:
            passed.append(case.id())
        else:
            failed[case.id()] = self.bad
    def addSkip(self, case, reason):
        self.bad = "skipped: %s" % (reason,)
        failed[case.id()] = self.bad
    def addError(self, case, err):
        self.bad = self._exc_info_to_string(err, case)
        failed[case.id()] = self.bad
    def addExpectedFailure(self, case, err):
        self.bad = "expected failure"
    addFailure = addError
    def addSubTest(self, case, sub, err):
        if err is not None:
            self.addError(case, err)

passed, failed, foreign = [], {}, []

def run_doctest(module, verbosity=None, optionflags=0):
    doctest.DocTestSuite(module, optionflags=optionflags).run(Result())
    return 0, 0

try:
    support = importlib.import_module("test.test_support")
    support._run_suite = lambda suite: unittest.TestSuite(wanted(suite)).run(Result())
    support.run_doctest = run_doctest
    module = importlib.import_module(package + "." + test)
    others = set([subject, renamed]) - set([""])
    for name, value in sorted(vars(module).items()):
        if isinstance(value, type(sys)):
            home = value.__name__
        else:
            home = getattr(value, "__module__", None)
        if home in others:
            foreign.append("%s is of %s" % (name, home))
    if package + "." + subject not in sys.modules:
        foreign.append("%s.%s was not imported" % (package, subject))
    main = getattr(module, "test_main", None)
    if main is None:
        unittest.TestSuite(wanted(unittest.defaultTestLoader.loadTestsFromModule(module))).run(Result())
    else:
        main()
except BaseException:
    failed["test_main"] = traceback.format_exc()
with open(out, "w") as handle:
    json.dump({"passed": passed, "failed": failed, "foreign": foreign}, handle)
"""


@dataclass
class Outcome:
    """What one run of a test module said."""

    passed: set = field(default_factory=set)
    failed: dict = field(default_factory=dict)
    foreign: list = field(default_factory=list)


def library_of(python):
    """The folder of an interpreter's standard library."""
    text = subprocess.run(
        [python, "-c", "import os; print(os.path.dirname(os.__file__))"], check=True, capture_output=True, text=True
    )
    return Path(text.stdout.strip())


def copy_any(source, target):
    """Copy a file or a folder, creating the folders above it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.pyc", "*.pyo"))
    else:
        shutil.copyfile(source, target)


def lay_out(library, subject, folder):
    """Write the package with the module and its test, and the package `test` with what the test needs."""
    for module in (subject.module, *subject.siblings):
        copy_any(library / f"{module}.py", folder / PACKAGE / f"{module}.py")
    for name in (subject.test, *subject.data):
        path = name if name in subject.data else f"{name}.py"
        copy_any(library / "test" / path, folder / PACKAGE / path)
    (folder / PACKAGE / "__init__.py").write_text("")
    for name in (*SUPPORT, *subject.data, *(f"{helper}.py" for helper in subject.helpers)):
        copy_any(library / "test" / name, folder / "test" / name)


def run_tests(python, subject, folder, unwanted=()):
    """Run the subject's test module, but for these tests, in a scratch working folder."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "result.json"
        work = Path(scratch) / "cwd"
        work.mkdir()
        command = [python, "-c", RUNNER, PACKAGE, subject.module, subject.renamed, subject.test, str(out), *unwanted]
        environment = dict(os.environ, PYTHONPATH=str(folder), PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="0")
        settings = {"cwd": work, "env": environment, "stdin": subprocess.DEVNULL, "timeout": TIMEOUT_SECONDS}
        try:
            done = subprocess.run(command, capture_output=True, **settings)
        except subprocess.TimeoutExpired:
            return Outcome(failed={"test_main": "timed out"})
        if not out.exists():
            return Outcome(failed={"test_main": done.stderr.decode("utf-8", "replace")})
        data = json.loads(out.read_text())
    return Outcome(
        {short(name) for name in data["passed"]},
        {short(name): text for name, text in data["failed"].items()},
        data["foreign"],
    )


def short(name):
    """A test's id without the package."""
    return name.removeprefix(f"{PACKAGE}.")


def entry_for(name):
    """The key of LEFT_OUT for a test: its id, or the class or module that it is of; for a docstring, its id only."""
    parts = name.split(".")
    keys = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((key for key in keys if key in LEFT_OUT and (key == name or key.startswith("test_"))), None)


def migrate(iama, folder):
    """Run the recipes over the folder in place."""
    options = ["--write", "--strategy", "comprehensive", "--target-version", TARGET]
    command = [iama, "recipes", "run", *options, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")


def examine(arguments, library, subject, folder):
    """The outcomes before and after the migration."""
    if folder.exists():
        shutil.rmtree(folder)
    lay_out(library, subject, folder)
    before = run_tests(arguments.python2, subject, folder)
    migrate(arguments.iama, folder)
    after = run_tests(arguments.python3, subject, folder, MAY_HANG)
    return before, after


def report(subject, before, after, details):
    """Print the subject's row; return how much of it is not as it should be."""
    left = {name: entry_for(name) for name in before.passed if entry_for(name)}
    wanted = before.passed - left.keys()
    missed = sorted(wanted - after.passed)
    counts = (len(before.passed), len(before.passed & after.passed), len(left), len(missed))
    print(f"{subject.module:16}", *(f"{count:6}" for count in counts))
    for name, entry in sorted(left.items()):
        print(f"    left out {name}: {LEFT_OUT[entry]}")
    idle = {entry for entry in left.values() if all(name in after.passed for name in left if left[name] == entry)}
    for entry in sorted(idle):
        print(f"    needless {entry}: everything that it leaves out passes")
    for line in before.foreign + after.foreign:
        print(f"    not the copy: {line}")
    for name in missed:
        text = after.failed.get(name) or after.failed.get("test_main") or "not run"
        print(f"    failed   {name}: {text if details else last_line(text)}")
    return len(missed) + len(idle) + len(before.foreign) + len(after.foreign) + (not before.passed)


def last_line(text):
    """The last line that says something."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iama", required=True)
    parser.add_argument("--python2", required=True)
    parser.add_argument("--python3", required=True)
    parser.add_argument("--only", action="append", default=[], help="a module's name (repeatable)")
    parser.add_argument("--keep", help="keep the workspaces in this folder")
    parser.add_argument("--details", action="store_true", help="print whole tracebacks")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    library = library_of(arguments.python2)
    print(f"{'module':16} {'2.7':>6} {'target':>6} {'left':>6} {'failed':>6}")
    bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(arguments.keep or scratch).resolve()
        for subject in SUBJECTS:
            if arguments.only and subject.module not in arguments.only:
                continue
            before, after = examine(arguments, library, subject, root / subject.module)
            bad += report(subject, before, after, arguments.details)
            sys.stdout.flush()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
