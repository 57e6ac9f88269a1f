"""Tests of iama_harness.py: it is started under every interpreter found, on small trees, and whole event lists are compared.

    python3 test_harness.py            (3.8 or later; environments are made once, below the user's cache folder)
"""
import concurrent.futures
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest

HARNESS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "iama_harness.py")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "iama", "harness-tests")
PYTEST_ENVIRONMENTS = {
    "py27-pytest4": ("2.7", "pytest==4.6.11"),
    "py38-pytest7": ("3.8", "pytest==7.4.4"),
    "py311-pytest7": ("3.11", "pytest==7.4.4"),
    "py313-pytest8": ("3.13", "pytest==8.3.4"),
}
BARE_VERSIONS = ("2.7", "3.6", "3.9", "3.13")
LIMIT_SECONDS = 60


def interpreter(version):
    """Path of an interpreter of that version, or None."""
    found = glob.glob(os.path.expanduser("~/.pyenv/versions/%s.*/bin/python" % version))
    return sorted(found)[0] if found else shutil.which("python" + version)


def environment(name):
    """The interpreter of a virtual environment with pytest, made on first use; None when its version is not installed."""
    version, requirement = PYTEST_ENVIRONMENTS[name]
    base = interpreter(version)
    if base is None:
        return None
    folder = os.path.join(CACHE, name)
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(os.path.join(folder, "ready")):
        shutil.rmtree(folder, ignore_errors=True)
        quiet = {"check": True, "stdout": subprocess.DEVNULL}
        if version == "2.7":
            tool = os.path.join(CACHE, "virtualenv")
            pip = [sys.executable, "-m", "pip", "install", "-q", "--upgrade", "--target", tool, "virtualenv==20.15.1"]
            subprocess.run(pip, **quiet)
            subprocess.run([sys.executable, "-m", "virtualenv", "-q", "-p", base, folder],
                           env=dict(os.environ, PYTHONPATH=tool), **quiet)
        else:
            subprocess.run([base, "-m", "venv", folder], **quiet)
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", requirement], **quiet)
        open(os.path.join(folder, "ready"), "w").close()
    return python


class Outcome:
    """What one start of the harness left behind."""

    def __init__(self, code, events, frames, observed, stdout, stderr):
        self.code, self.events, self.frames, self.observed = code, events, frames, observed
        self.stdout, self.stderr = stdout, stderr


def start_harness(python, runner, tree, plan):
    """Writes the tree, runs the harness in it, reads the events with times masked."""
    with tempfile.TemporaryDirectory() as folder:
        root, scratch = os.path.join(folder, "project"), os.path.join(folder, "scratch")
        os.makedirs(root)
        os.makedirs(scratch)
        for path, content in tree.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as stream:
                stream.write(textwrap.dedent(content))
        files = sorted(path for path in tree if os.path.basename(path).startswith("test"))
        whole = {"schema": "iama.harness/1", "runner": runner, "files": files, "pythonpath": ["."], "skip": [], "only": None,
                 "per_test_seconds": 20, "collect_only": False, "hash_seed": 0}
        whole.update(plan)
        with open(os.path.join(scratch, "plan.json"), "w") as stream:
            json.dump(whole, stream)
        shutil.copy(HARNESS, scratch)
        command = [python, os.path.join(scratch, "iama_harness.py"), "--plan", os.path.join(scratch, "plan.json"),
                   "--events", os.path.join(scratch, "events.jsonl")]
        variables = dict(os.environ, PYTHONHASHSEED="0", PYTHONIOENCODING="utf-8", LC_ALL="C.UTF-8")
        with open(os.path.join(scratch, "stdout"), "w+b") as stdout, open(os.path.join(scratch, "stderr"), "w+b") as stderr:
            code = subprocess.run(command, cwd=root, env=variables, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                                  timeout=LIMIT_SECONDS, start_new_session=True).returncode
            stdout.seek(0)
            stderr.seek(0)
            said = stdout.read().decode("utf-8", "replace"), stderr.read().decode("utf-8", "replace")
        left = sorted(os.path.join(base, name)[len(root) + 1:] for base, _, names in os.walk(root) for name in names
                      if name.endswith((".pyc", ".pyo")))
        if left:
            raise AssertionError("bytecode in the project: %s" % left)
        with open(os.path.join(scratch, "events.jsonl"), "rb") as stream:
            events = [json.loads(line) for line in stream.read().decode("ascii").splitlines()]
        observed = []
        if os.path.exists(os.path.join(scratch, "observed.txt")):
            with open(os.path.join(scratch, "observed.txt")) as stream:
                observed = stream.read().splitlines()
    frames = [event["error"].pop("frames", []) for event in events if event.get("error")]
    return Outcome(code, [masked(event) for event in events], frames, observed, *said)


def masked(event):
    for name in ("t", "seconds", "python", "runner"):
        if name in event:
            event[name] = "*"
    return event


BEGIN = {"e": "begin", "runner": "*", "python": "*"}
DONE = {"e": "done"}


def collecting(*files):
    return [{"e": "collecting", "file": path} for path in files]


def collected(*ids, left_out=()):
    more = {"left_out": list(left_out)} if left_out else {}
    return dict({"e": "collected", "ids": list(ids)}, **more)


def ran(test_id, outcome, error=None, reason=None):
    """The two events of a test. error: class, message, file, line, symbol, phase."""
    end = {"e": "end", "id": test_id, "outcome": outcome, "seconds": "*"}
    if error is not None:
        end["error"] = as_error(*error)
    if reason is not None:
        end["reason"] = reason
    return [{"e": "start", "id": test_id, "t": "*"}, end]


def as_error(name, message, path, line, symbol, phase):
    return {"class": name, "message": message, "file": path, "line": line, "symbol": symbol, "phase": phase}


def whole(files, *tests):
    """The events of an undisturbed run."""
    return [BEGIN] + collecting(*files) + [collected(*[test[0]["id"] for test in tests])] + sum(tests, []) + [DONE]


class HarnessTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        os.makedirs(CACHE, exist_ok=True)
        cls.pytest = {name: environment(name) for name in PYTEST_ENVIRONMENTS}
        cls.bare = {"bare-" + version: interpreter(version) for version in BARE_VERSIONS}
        for name, python in sorted(dict(cls.pytest, **cls.bare).items()):
            if python is None:
                sys.stderr.write("skipped: no interpreter for %s\n" % name)

    def targets(self, runner):
        if runner == "pytest":
            chosen = [(name, "pytest", python) for name, python in self.pytest.items()]
        elif runner == "unittest":
            chosen = [(name, "unittest", python) for name, python in self.bare.items()]
        else:
            return self.targets("pytest") + self.targets("unittest")
        return [entry for entry in chosen if entry[2] is not None]

    def each(self, tree, runner="both", **plan):
        """(environment, outcome) for every interpreter."""
        targets = self.targets(runner)
        if not targets:
            self.skipTest("no interpreter found")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            jobs = [(name, pool.submit(start_harness, python, mode, tree, plan)) for name, mode, python in targets]
        return [(name, job.result()) for name, job in jobs]

    def check(self, tree, expected, code, runner="both", **plan):
        for name, outcome in self.each(tree, runner, **plan):
            with self.subTest(environment=name):
                self.assertEqual(outcome.events, expected, outcome.stdout + outcome.stderr)
                self.assertEqual(outcome.code, code)

    def test_every_outcome_has_its_events_under_both_runners(self):
        tree = {"tests/test_a.py": """\
            import unittest

            def test_good():
                pass

            def test_bad():
                raise ValueError("no")

            class CaseTest(unittest.TestCase):
                def test_1_fail(self):
                    self.fail("wrong")

                @unittest.expectedFailure
                def test_2_expected(self):
                    self.fail()

                @unittest.expectedFailure
                def test_3_unexpected(self):
                    pass

                @unittest.skip("later")
                def test_4_skipped(self):
                    pass

            class SetUpTest(unittest.TestCase):
                def setUp(self):
                    raise KeyError("k")

                def test_it(self):
                    pass

            class TearDownTest(unittest.TestCase):
                def tearDown(self):
                    raise KeyError("k")

                def test_it(self):
                    pass

            class ClassSetUpTest(unittest.TestCase):
                @classmethod
                def setUpClass(cls):
                    raise OSError("none")

                def test_1(self):
                    pass

                def test_2(self):
                    pass

            class ClassTearDownTest(unittest.TestCase):
                @classmethod
                def tearDownClass(cls):
                    raise RuntimeError("late")

                def test_1(self):
                    pass

                def test_2(self):
                    pass
            """}
        path = "tests/test_a.py"
        self.check(tree, whole(
            [path],
            ran(path + "::test_good", "passed"),
            ran(path + "::test_bad", "failed", ("ValueError", "no", path, 7, "test_bad", "call")),
            ran(path + "::CaseTest::test_1_fail", "failed",
                ("AssertionError", "wrong", path, 11, "CaseTest.test_1_fail", "call")),
            ran(path + "::CaseTest::test_2_expected", "xfailed"),
            ran(path + "::CaseTest::test_3_unexpected", "xpassed"),
            ran(path + "::CaseTest::test_4_skipped", "skipped", reason="later"),
            ran(path + "::SetUpTest::test_it", "error", ("KeyError", "'k'", path, 27, "SetUpTest.setUp", "setup")),
            ran(path + "::TearDownTest::test_it", "error", ("KeyError", "'k'", path, 34, "TearDownTest.tearDown", "teardown")),
            ran(path + "::ClassSetUpTest::test_1", "error",
                ("OSError", "none", path, 42, "ClassSetUpTest.setUpClass", "setup")),
            ran(path + "::ClassSetUpTest::test_2", "error",
                ("OSError", "none", path, 42, "ClassSetUpTest.setUpClass", "setup")),
            ran(path + "::ClassTearDownTest::test_1", "passed"),
            ran(path + "::ClassTearDownTest::test_2", "error",
                ("RuntimeError", "late", path, 53, "ClassTearDownTest.tearDownClass", "teardown")),
        ), 1)

    def test_fixtures_of_modules_and_plain_classes_run_in_order(self):
        tree = {"test_x.py": """\
            LOG = []

            def setup_module(module):
                LOG.append("module")

            class TestPlain(object):
                @classmethod
                def setup_class(cls):
                    LOG.append("class")

                def setup_method(self, method):
                    LOG.append("method")

                def teardown_method(self, method):
                    LOG.append("after")

                def test_a(self):
                    assert LOG == ["module", "class", "method"]

                def test_b(self):
                    assert LOG == ["module", "class", "method", "after", "method"]

            class TestOuter(object):
                class TestInner(object):
                    def test_c(self):
                        assert LOG[-1] == "after"
            """}
        ids = ["test_x.py::TestPlain::test_a", "test_x.py::TestPlain::test_b", "test_x.py::TestOuter::TestInner::test_c"]
        self.check(tree, whole(["test_x.py"], *[ran(test_id, "passed") for test_id in ids]), 0)

    def test_a_failing_module_fixture_is_an_error_of_every_test(self):
        tree = {"test_x.py": """\
            import unittest

            def setUpModule():
                raise ValueError("m")

            class Case(unittest.TestCase):
                def test_a(self):
                    pass
                def test_b(self):
                    pass
            """, "test_y.py": "def test_c(): pass\n"}
        error = ("ValueError", "m", "test_x.py", 4, "setUpModule", "setup")
        self.check(tree, whole(
            ["test_x.py", "test_y.py"], ran("test_x.py::Case::test_a", "error", error),
            ran("test_x.py::Case::test_b", "error", error), ran("test_y.py::test_c", "passed")), 1)

    def test_what_a_test_does_to_the_process_does_not_reach_the_events(self):
        tree = {"test_hostile.py": """\
            import json, os, shutil, signal, sys, tempfile, threading, time
            try:
                import builtins
            except ImportError:
                import __builtin__ as builtins

            def broken(*args, **kwargs):
                raise RuntimeError("patched")

            def test_01_exits():
                sys.exit(3)

            def test_02_interrupts():
                raise KeyboardInterrupt("stop")

            def test_03_forks():
                if os.fork() == 0:
                    return
                assert os.wait()[1] == 0

            def test_04_fork_exits_with_code():
                if os.fork() == 0:
                    sys.exit(7)
                assert os.wait()[1] >> 8 == 7

            def test_05_removes_its_folder():
                folder = tempfile.mkdtemp()
                os.chdir(folder)
                os.rmdir(folder)

            def test_06_replaces_stdout():
                sys.stdout = None

            def test_07_starts_a_thread_that_stays():
                threading.Thread(target=time.sleep, args=(3600,)).start()

            def test_08_closes_descriptors():
                os.closerange(3, 1000)
                open("/dev/null").close()

            def test_09_takes_the_descriptor():
                for _ in range(10):
                    os.dup2(0, 200 + _)

            def test_10_drops_modules():
                for name in list(sys.modules):
                    if name not in ("sys", "builtins", "__builtin__"):
                        del sys.modules[name]

            def test_11_patches_functions():
                os.write = os.getpid = os.fstat = os._exit = broken
                json.dumps = json.loads = broken
                signal.signal = signal.setitimer = broken

            def test_12_bad_text():
                raise ValueError(u"\\ud800 \\xe9 \\U0001f600")

            class Rude(Exception):
                def __str__(self):
                    raise ValueError
                __unicode__ = __repr__ = __str__

            def test_13_rude_error():
                raise Rude()

            def test_14_last():
                time.time = time.sleep = broken
                sys.stdin = sys.stderr = None
            """}
        path = "test_hostile.py"
        expected = whole(
            [path],
            ran(path + "::test_01_exits", "failed", ("SystemExit", "3", path, 11, "test_01_exits", "call")),
            ran(path + "::test_02_interrupts", "failed", ("KeyboardInterrupt", "stop", path, 14, "test_02_interrupts", "call")),
            ran(path + "::test_03_forks", "passed"),
            ran(path + "::test_04_fork_exits_with_code", "passed"),
            ran(path + "::test_05_removes_its_folder", "passed"),
            ran(path + "::test_06_replaces_stdout", "passed"),
            ran(path + "::test_07_starts_a_thread_that_stays", "passed"),
            ran(path + "::test_08_closes_descriptors", "passed"),
            ran(path + "::test_09_takes_the_descriptor", "passed"),
            ran(path + "::test_10_drops_modules", "passed"),
            ran(path + "::test_11_patches_functions", "passed"),
            ran(path + "::test_12_bad_text", "failed",
                ("ValueError", u"\ufffd \xe9 \U0001f600", path, 56, "test_12_bad_text", "call")),
            ran(path + "::test_13_rude_error", "failed",
                ("Rude", "<unprintable Rude>", path, 64, "test_13_rude_error", "call")),
            ran(path + "::test_14_last", "passed"),
        )
        self.check(tree, expected, 1)

    def test_a_killed_run_leaves_whole_lines_and_goes_on_with_that_test_skipped(self):
        tree = {"test_k.py": """\
            import os, signal

            def test_1():
                pass

            def test_2_leaves():
                os._exit(5)

            def test_3_kills_its_group():
                os.killpg(0, signal.SIGKILL)

            def test_4():
                pass
            """}
        ids = ["test_k.py::test_1", "test_k.py::test_2_leaves", "test_k.py::test_3_kills_its_group", "test_k.py::test_4"]
        head = [BEGIN] + collecting("test_k.py")
        self.check(tree, head + [collected(*ids)] + ran(ids[0], "passed") + ran(ids[1], "")[:1], 5)
        self.check(tree, head + [collected(*ids[2:], left_out=ids[:2])] + ran(ids[2], "")[:1], -signal.SIGKILL, skip=ids[:2])
        self.check(tree, head + [collected(ids[3], left_out=ids[:3])] + ran(ids[3], "passed") + [DONE], 0, skip=ids[:3])

    def test_only_a_test_that_takes_too_long_is_stopped(self):
        tree = {"test_t.py": """\
            import time, unittest

            def test_1_sleeps():
                time.sleep(60)

            class Case(unittest.TestCase):
                def test_2_catches(self):
                    while True:
                        try:
                            time.sleep(60)
                        except Exception:
                            pass

                def test_3_swallows_once(self):
                    try:
                        time.sleep(60)
                    except BaseException:
                        pass

            class Slow(unittest.TestCase):
                def setUp(self):
                    time.sleep(60)

                def test_4(self):
                    pass

            def test_5_quick():
                pass
            """}
        def late(name, line, symbol, phase="call"):
            return ran("test_t.py::" + name, "timeout",
                       ("TestTimeLimit", "no end within 0.4 s", "test_t.py", line, symbol, phase))
        self.check(tree, whole(
            ["test_t.py"], late("test_1_sleeps", 4, "test_1_sleeps"),
            late("Case::test_2_catches", 10, "Case.test_2_catches"),
            late("Case::test_3_swallows_once", 16, "Case.test_3_swallows_once"),
            late("Slow::test_4", 22, "Slow.setUp", "setup"),
            ran("test_t.py::test_5_quick", "passed")), 1, per_test_seconds=0.4)

    def test_a_file_that_cannot_be_imported_does_not_stop_the_others(self):
        tree = {
            "test_1_exit.py": "import sys\nsys.exit(1)\n",
            "test_2_import.py": "import no_such_module_at_all\n",
            "test_3_syntax.py": "def f(:\n    pass\n",
            "test_4_name.py": "def f():\n    return missing\nf()\n",
            "test_5_good.py": "def test_it():\n    pass\n",
        }
        for name, outcome in self.each(tree, files=sorted(tree) + ["test_6_absent.py"]):
            with self.subTest(environment=name):
                errors = {event["file"]: event["error"] for event in outcome.events if event["e"] == "collect_error"}
                for error in errors.values():
                    if error["class"] in ("ImportError", "ModuleNotFoundError", "SyntaxError"):
                        error["class"] = error["class"].replace("ModuleNotFound", "Import")
                        error["message"] = "*"
                self.assertEqual(errors, {
                    "test_1_exit.py": as_error("SystemExit", "1", "test_1_exit.py", 2, "<module>", "collect"),
                    "test_2_import.py": as_error("ImportError", "*", "test_2_import.py", 1, "<module>", "collect"),
                    "test_3_syntax.py": as_error("SyntaxError", "*", "test_3_syntax.py", 1, "<module>", "collect"),
                    "test_4_name.py": as_error("NameError", errors["test_4_name.py"]["message"], "test_4_name.py", 2, "f", "collect"),
                    "test_6_absent.py": as_error("FileNotFoundError", "no such file", "test_6_absent.py", None, None, "collect"),
                })
                rest = [event for event in outcome.events if event["e"] not in ("collect_error", "collecting")]
                self.assertEqual(rest, [BEGIN, collected("test_5_good.py::test_it")] + ran("test_5_good.py::test_it", "passed") + [DONE])
                self.assertEqual(outcome.code, 1)

    def test_parametrised_ids_are_the_same_on_all_versions(self):
        tree = {"test_p.py": u"""\
            # coding: utf-8
            import sys, pytest

            class Thing(object):
                pass

            @pytest.mark.parametrize("x", [
                "a", b"b", u"c", u"\xe9", "\xc8", b"\\xff", 10 ** 30, 0.1 + 0.2, None, True, Thing, len, Thing(), "x\\ny", "p\\\\q",
            ])
            def test_x(x):
                pass

            @pytest.mark.parametrize("x", [1, 2], ids=[u"\xe9", "\xc8"])
            def test_named(x):
                pass
            """}
        names = ["a", "b", "c", "\\xe9", "\\xc8", "\\xff", "1" + "0" * 30, "0.30000000000000004", "None", "True", "Thing", "len",
                 "x12", "x\\ny", "p\\q"]
        ids = ["test_p.py::test_x[%s]" % name for name in names]
        ids += ["test_p.py::test_named[\\xe9]", "test_p.py::test_named[\\xc8]"]
        self.check(tree, [BEGIN] + collecting("test_p.py") + [collected(*ids), DONE], 0, runner="pytest", collect_only=True)

    def test_files_keep_their_order_and_only_chosen_tests_are_reported(self):
        tree = {"test_a.py": "def test_1(): pass\ndef test_2(): pass\n", "test_b.py": "def test_1(): pass\n",
                "conftest.py": "", "other.py": "raise ValueError\n"}
        order = ["test_b.py", "test_a.py"]
        self.check(tree, whole(order, ran("test_b.py::test_1", "passed"), ran("test_a.py::test_2", "passed")), 0, files=order,
                   only=["test_a.py::test_2", "test_b.py::test_1", "test_a.py::test_9"])

    def test_errors_are_placed_at_the_innermost_frame_of_the_project(self):
        tree = {
            "pkg/__init__.py": "",
            "pkg/core.py": """\
                import json

                class Reader(object):
                    def read(self, raw):
                        return [json.loads(part) for part in raw]

                    @property
                    def broken(self):
                        return 1 // 0
                """,
            "tests/__init__.py": "",
            "tests/test_core.py": """\
                from pkg.core import Reader
                from . import helper

                def test_library():
                    Reader().read(["{"])

                def test_property():
                    Reader().broken

                def test_relative():
                    helper.check()
                """,
            "tests/helper.py": "def check():\n    raise ValueError('h')\n",
        }
        for name, outcome in self.each(tree):
            with self.subTest(environment=name):
                errors = [event["error"] for event in outcome.events if event["e"] == "end"]
                places = [(error["file"], error["line"], error["symbol"]) for error in errors]
                self.assertEqual(places, [("pkg/core.py", 5, "Reader.read"), ("pkg/core.py", 9, "Reader.broken"),
                                          ("tests/helper.py", 2, "check")])
                ways = [[(frame["file"], frame["line"], frame["symbol"]) for frame in way] for way in outcome.frames]
                tests = [("tests/test_core.py", 5, "test_library"), ("tests/test_core.py", 8, "test_property"),
                         ("tests/test_core.py", 11, "test_relative")]
                self.assertEqual(ways, [[test, place] for test, place in zip(tests, places)])

    def test_of_a_long_way_the_innermost_eight_places_are_told(self):
        tree = {"test_r.py": """\
            def down(n):
                return [down(n - 1) for _ in "x"] if n else 1 // n

            def test_1():
                down(20)
            """}
        for name, outcome in self.each(tree):
            with self.subTest(environment=name):
                place = {"file": "test_r.py", "line": 2, "symbol": "down"}
                self.assertEqual(outcome.frames, [[place] * 8])

    def test_load_tests_and_subtests_are_respected(self):
        tree = {"test_l.py": """\
            import sys, unittest

            class One(unittest.TestCase):
                def test_a(self):
                    pass
                def test_b(self):
                    if sys.version_info > (3,):
                        for number in range(3):
                            with self.subTest(number=number):
                                if number:
                                    raise ValueError(number)
                    else:
                        raise ValueError(1)

            def load_tests(loader, tests, pattern):
                suite = unittest.TestSuite()
                suite.addTests(test for case in tests for test in case if test.id().endswith("test_b"))
                suite.addTest(unittest.FunctionTestCase(helper))
                return suite

            def helper():
                pass
            """}
        for name, outcome in self.each(tree, runner="unittest"):
            with self.subTest(environment=name):
                ends = [(event["id"], event["outcome"], event.get("error", {}).get("message"))
                        for event in outcome.events if event["e"] == "end"]
                self.assertEqual(ends, [("test_l.py::One::test_b", "failed", "1"), ("test_l.py::helper", "passed", None)])

    def test_a_project_configuration_that_pytest_refuses_is_reported_and_left_out(self):
        tree = {"setup.cfg": "[tool:pytest]\naddopts = --no-such-option -p no_such_plugin\nrequired_plugins = pytest-absent\n",
                "test_a.py": "def test_1(): pass\n"}
        problem = {"e": "problem", "code": "plugin_missing", "fatal": False,
                   "message": "the project asks for the pytest plugin pytest-absent"}
        expected = whole(["test_a.py"], ran("test_a.py::test_1", "passed"))
        self.check(tree, expected[:1] + [problem] + expected[1:], 0, runner="pytest")
        for name, outcome in self.each(dict(tree, **{"setup.cfg": "[tool:pytest]\nminversion = 99.0\n"}), runner="pytest"):
            with self.subTest(environment=name):
                problems = [event for event in outcome.events if event["e"] == "problem"]
                self.assertEqual([(event["code"], event["fatal"]) for event in problems], [("pytest_config", False)])
                self.assertIn("99.0", problems[0]["message"])
                self.assertEqual([event for event in outcome.events if event["e"] != "problem"], expected)

    def test_a_conftest_that_fails_is_a_fatal_problem(self):
        tree = {"conftest.py": "pytest_plugins = ['no_such_plugin_module']\n", "test_a.py": "def test_1(): pass\n"}
        for name, outcome in self.each(tree, runner="pytest"):
            with self.subTest(environment=name):
                self.assertEqual([event["e"] for event in outcome.events], ["begin", "problem", "done"])
                self.assertEqual((outcome.events[1]["code"], outcome.events[1]["fatal"]), ("conftest_failed", True))
                self.assertIn("no_such_plugin_module", outcome.events[1]["message"])
                self.assertEqual(outcome.code, 2)

    def test_without_pytest_auto_takes_unittest_and_pytest_is_a_problem(self):
        tree = {"test_a.py": "def test_1(): pass\n"}
        for version in ("2.7", "3.6"):
            python = interpreter(version)
            if python is None:
                continue
            with self.subTest(version=version):
                outcome = start_harness(python, "auto", tree, {})
                self.assertEqual(outcome.events, whole(["test_a.py"], ran("test_a.py::test_1", "passed")))
                outcome = start_harness(python, "pytest", tree, {})
                self.assertEqual([(event["e"], event.get("code")) for event in outcome.events],
                                 [("problem", "pytest_missing"), ("begin", None), ("done", None)])

    def test_configuration_above_the_project_is_not_read(self):
        tree = {"../pytest.ini": "[pytest]\nminversion = 99.0\n", "../conftest.py": "raise ValueError\n",
                "test_a.py": "def test_1(): pass\n"}
        self.check(tree, whole(["test_a.py"], ran("test_a.py::test_1", "passed")), 0, runner="pytest", files=["test_a.py"])

    def test_alarms_of_the_project_keep_working(self):
        tree = {"test_a.py": """\
            import signal, time
            RUNG = []

            def setup_module(module):
                signal.signal(signal.SIGALRM, lambda number, frame: RUNG.append(number))

            def test_1():
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                end = time.time() + 5
                while not RUNG and time.time() < end:
                    time.sleep(0.01)
                assert RUNG == [signal.SIGALRM]

            def test_2():
                assert callable(signal.getsignal(signal.SIGALRM))
            """}
        self.check(tree, whole(["test_a.py"], ran("test_a.py::test_1", "passed"), ran("test_a.py::test_2", "passed")), 0)

    def test_pytest_fixtures_and_marks_have_their_outcomes(self):
        tree = {"test_f.py": """\
            import pytest

            @pytest.fixture
            def bad_setup():
                raise ValueError("before")

            @pytest.fixture
            def bad_teardown():
                yield 1
                raise ValueError("after")

            def test_1(bad_setup):
                pass

            def test_2(bad_teardown):
                pass

            def test_3(bad_teardown):
                raise KeyError(3)

            @pytest.mark.xfail(reason="known")
            def test_4():
                raise ValueError

            @pytest.mark.xfail
            def test_5():
                pass

            @pytest.mark.xfail(strict=True)
            def test_6():
                pass

            def test_7():
                pytest.skip("not here")
            """}
        self.check(tree, whole(
            ["test_f.py"],
            ran("test_f.py::test_1", "error", ("ValueError", "before", "test_f.py", 5, "bad_setup", "setup")),
            ran("test_f.py::test_2", "error", ("ValueError", "after", "test_f.py", 10, "bad_teardown", "teardown")),
            ran("test_f.py::test_3", "failed", ("KeyError", "3", "test_f.py", 19, "test_3", "call")),
            ran("test_f.py::test_4", "xfailed", reason="known"),
            ran("test_f.py::test_5", "xpassed"),
            ran("test_f.py::test_6", "failed", ("XPASS(strict)", "[XPASS(strict)] ", None, None, None, "call")),
            ran("test_f.py::test_7", "skipped", reason="not here")), 1, runner="pytest")

    def test_an_argument_that_nothing_supplies_is_an_error_of_the_test(self):
        tree = {"test_a.py": "\ndef test_1(nothing):\n    pass\n"}
        for name, outcome in self.each(tree):
            with self.subTest(environment=name):
                end = [event for event in outcome.events if event["e"] == "end"][0]
                self.assertEqual((end["id"], end["outcome"], end["error"]["phase"]), ("test_a.py::test_1", "error", "setup"))
                self.assertEqual([end["error"][key] for key in ("file", "line", "symbol")], ["test_a.py", 2, "test_1"])
                self.assertIn("nothing", end["error"]["message"])

    def test_types_of_marked_values_are_written_down_once(self):
        tree = {"test_a.py": """\
            class D(dict):
                pass

            def test_1():
                for value in (1, 2, 1.5, "a", D(), None):
                    assert __iama_see__(7, value) is value
                n = 6
                n /= __iama_seen__(8, n, 9, 2)
                assert n == 3
            """}
        for name, outcome in self.each(tree, observe=True):
            with self.subTest(environment=name):
                self.assertEqual(outcome.events, whole(["test_a.py"], ran("test_a.py::test_1", "passed")))
                self.assertEqual(outcome.observed, [
                    "7 int", "7 float", "7 str", "7 dict-like", "7 NoneType", "8 int", "9 int"])

    def test_marked_values_are_told_apart_by_what_they_can_do(self):
        tree = {"test_a.py": """\
            class Whole(int):
                pass

            class Walk(object):
                def __iter__(self):
                    return self

                def next(self):
                    raise StopIteration

                __next__ = next

            class Node:
                next = None

            def test_1():
                for value in (Whole(), Walk(), iter([]), Node()):
                    assert __iama_see__(1, value) is value
                for value in ([2, 1.5], [(1, "a"), (0, None)]):
                    assert __iama_items__(2, value) is value
                try:
                    [1, None].sort()
                except TypeError:
                    return
                for value in ([1, None], [(0, "a"), (0, 7)]):
                    assert __iama_items__(3, value) is value
            """}
        for name, outcome in self.each(tree, observe=True):
            with self.subTest(environment=name):
                self.assertEqual(outcome.events, whole(["test_a.py"], ran("test_a.py::test_1", "passed")))
                apart = ["3 unlike"] if "27" in name.replace(".", "") else []
                self.assertEqual(
                    outcome.observed, ["1 int-like", "1 iterator", "1 other:Node", "2 alike"] + apart)

    def test_output_of_tests_goes_to_the_standard_streams(self):
        tree = {"test_a.py": """\
            import os, sys

            def test_1():
                sys.stdout.write("from stdout\\n")
                sys.stderr.write("from stderr\\n")

            def test_2():
                os.write(1, b'{"e":"done"}\\n')
            """}
        for name, outcome in self.each(tree):
            with self.subTest(environment=name):
                self.assertEqual(outcome.events, whole(
                    ["test_a.py"], ran("test_a.py::test_1", "passed"), ran("test_a.py::test_2", "passed")))
                self.assertIn("from stdout\n", outcome.stdout)
                self.assertIn("from stderr\n", outcome.stderr)
                self.assertIn('{"e":"done"}\n', outcome.stdout)


if __name__ == "__main__":
    unittest.main()
