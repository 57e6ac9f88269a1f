"""Tests of iama_mutation.py: it is started under every interpreter found, on small projects, and the verdicts are compared.

    python3 test_mutation.py            (3.8 or later; environments are those of the harness's tests)
"""
import concurrent.futures
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

FOLDER = os.path.dirname(os.path.abspath(__file__))
HARNESS = os.path.join(os.path.dirname(FOLDER), "harness")
RUNNER = os.path.join(FOLDER, "iama_mutation.py")
LIMIT_SECONDS = 240

_spec = importlib.util.spec_from_file_location("harness_tests", os.path.join(HARNESS, "test_harness.py"))
harness_tests = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(harness_tests)


def interpreters():
    """(name, interpreter, runner): with pytest where the harness's tests have an environment, and bare ones."""
    found = [(name, harness_tests.environment(name), "pytest") for name in sorted(harness_tests.PYTEST_ENVIRONMENTS)]
    found += [("bare " + version, harness_tests.interpreter(version), "unittest") for version in ("2.7", "3.6", "3.8", "3.13")]
    return [entry for entry in found if entry[1]]


class Run:
    """One start of the runner."""

    def __init__(self, python, runner, tree, mutants, **settings):
        with tempfile.TemporaryDirectory() as folder:
            root, scratch = os.path.join(folder, "project"), os.path.join(folder, "scratch")
            os.makedirs(scratch)
            write_tree(root, tree)
            plan = {"schema": "iama.mutation/1", "runner": runner, "files": sorted(path for path in tree if "test" in path),
                    "pythonpath": ["."], "workers": 2, "per_test_seconds": 5, "mutants": [located(root, *entry) for entry in mutants]}
            plan.update(settings)
            with open(os.path.join(scratch, "plan.json"), "w") as stream:
                json.dump(plan, stream)
            before = snapshot(root)
            began = time.monotonic()
            command = [python, RUNNER, "--plan", os.path.join(scratch, "plan.json"), "--events", os.path.join(scratch, "ev.jsonl")]
            self.done = subprocess.run(command, cwd=root, env=environment(scratch), stdin=subprocess.DEVNULL, timeout=LIMIT_SECONDS,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.seconds = time.monotonic() - began
            self.untouched = snapshot(root) == before
            with open(os.path.join(scratch, "ev.jsonl"), "rb") as stream:
                self.events = [json.loads(line) for line in stream]

    def of(self, kind):
        return [event for event in self.events if event["e"] == kind]

    def verdicts(self, *fields):
        return {event["id"]: tuple(event[field] for field in ("status",) + fields) for event in self.of("mutant")}

    def problems(self):
        return [event for event in self.events if event["e"] in ("problem", "collect_error", "left_out")], self.done.stderr


def environment(scratch):
    return {"PATH": "/usr/bin:/bin", "HOME": scratch, "TMPDIR": scratch, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}


def write_tree(root, tree):
    for path, content in tree.items():
        os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as stream:
            stream.write(textwrap.dedent(content))


def located(root, name, path, old, new):
    """A plan entry for the only place of a text in a file; what stands between two @ is replaced."""
    with open(os.path.join(root, path), "rb") as stream:
        source = stream.read()
    before, part, after = old.encode("utf-8").split(b"@")
    assert source.count(before + part + after) == 1, (name, old)
    start = source.index(before + part + after) + len(before)
    return {"id": name, "file": path, "start": start, "end": start + len(part), "replacement": new, "line": 0, "symbol": "", "kind": ""}


def snapshot(root):
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            with open(os.path.join(folder, name), "rb") as stream:
                found[os.path.relpath(os.path.join(folder, name), root)] = hashlib.md5(stream.read()).hexdigest()
    return found


def everywhere(check):
    """Runs a check for each interpreter, two at a time, and names the one that fails."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        running = [(name, pool.submit(check, python, runner)) for name, python, runner in interpreters()]
        failures = ["%s: %s" % (name, future.exception()) for name, future in running if future.exception()]
    if failures:
        raise AssertionError("\n\n".join(failures))


SHAPES = {
    "shapes.py": """\
        # -*- coding: utf-8 -*-
        import functools
        LIMIT = 3 + 4
        NAME = u"\u00e4\u00f6"; SECOND = 20

        def plain(value):
            return value * 2

        def outer(value):
            def inner(more):
                return value + more
            return inner

        HELD = outer(100)

        def numbers(count):
            for number in range(count):
                yield number + 5

        def doubled(function):
            @functools.wraps(function)
            def wrapper(*args):
                return function(*args) - 30
            return wrapper

        def default(value=40):
            return value

        @doubled
        def decorated(value):
            return value - 50

        def tagged(tag):
            def decorate(function):
                function.tag = tag
                return function
            return decorate

        @tagged(60)
        def with_tag():
            return None

        class Shape(object):
            sides = 70

            def area(self):
                return self.sides + 80

            @property
            def label(self):
                return 90

            @staticmethod
            def fixed():
                return 110

            @classmethod
            def made(cls):
                return cls.sides + 120

        PICK = lambda value: value + 130

        def squares(values):
            return [value + 140 for value in values]

        def table():
            return {"a": 150}

        TABLE = table()

        def branch(value):
            if value > 160:
                return 170
            return 180

        def never():
            return 190

        def odd(value):
            try:
                return int(value)
            except ValueError:
                return -200

        def local_class():
            class Local(object):
                def get(self):
                    return 210
            return Local().get()
        """,
    "test_shapes.py": """\
        import unittest
        import shapes
        from shapes import plain, HELD, decorated

        class ShapesTest(unittest.TestCase):
            def test_limit(self):
                self.assertEqual(shapes.LIMIT, 7)
            def test_second(self):
                self.assertEqual(shapes.SECOND, 20)
            def test_plain(self):
                self.assertEqual(plain(4), 8)
            def test_held(self):
                self.assertEqual(HELD(1), 101)
            def test_numbers(self):
                self.assertEqual(list(shapes.numbers(2)), [5, 6])
            def test_default(self):
                self.assertEqual(shapes.default(), 40)
            def test_decorated(self):
                self.assertEqual(decorated(100), 20)
            def test_tag(self):
                self.assertEqual(shapes.with_tag.tag, 60)
            def test_area(self):
                self.assertEqual(shapes.Shape().area(), 150)
            def test_label(self):
                self.assertEqual(shapes.Shape().label, 90)
            def test_fixed(self):
                self.assertEqual(shapes.Shape.fixed(), 110)
            def test_made(self):
                self.assertEqual(shapes.Shape.made(), 190)
            def test_pick(self):
                self.assertEqual(shapes.PICK(1), 131)
            def test_squares(self):
                self.assertEqual(shapes.squares([1]), [141])
            def test_table(self):
                self.assertEqual(shapes.TABLE, {"a": 150})
            def test_branch(self):
                self.assertEqual(shapes.branch(200), 170)
                shapes.branch(1)
            def test_odd(self):
                self.assertEqual(shapes.odd("x"), -200)
            def test_local(self):
                self.assertEqual(shapes.local_class(), 210)
        """,
}

#: name, marked text, replacement, verdict, killer
CASES = [
    ("constant", "LIMIT = 3 @+@ 4", "-", "killed", "test_limit"),
    ("after text", "SECOND = @20@", "21", "killed", "test_second"),
    ("function", "return value @*@ 2", "+", "killed", "test_plain"),
    ("closure", "return value @+@ more", "-", "killed", "test_held"),
    ("generator", "yield number @+@ 5", "-", "killed", "test_numbers"),
    ("wrapper", "(*args) @-@ 30", "+", "killed", "test_decorated"),
    ("default", "value=@40@", "41", "killed", "test_default"),
    ("decorated", "value @-@ 50", "+", "killed", "test_decorated"),
    ("decorator argument", "tagged(@60@)", "61", "killed", "test_tag"),
    ("class attribute", "sides = @70@", "71", "killed", None),
    ("method", "self.sides @+@ 80", "-", "killed", "test_area"),
    ("property", "return @90@", "91", "killed", "test_label"),
    ("static method", "return @110@", "111", "killed", "test_fixed"),
    ("class method", "cls.sides @+@ 120", "-", "killed", "test_made"),
    ("lambda", "value @+@ 130", "-", "killed", "test_pick"),
    ("comprehension", "value @+@ 140", "-", "killed", "test_squares"),
    ("run at import", '"a": @150@', "151", "killed", "test_table"),
    ("boundary", "value @>@ 160", ">=", "survived", None),
    ("unread", "return @180@", "181", "survived", None),
    ("branch", "return @170@", "171", "killed", "test_branch"),
    ("unreached", "return @190@", "191", "unreached", None),
    ("handler", "return -@200@", "201", "killed", "test_odd"),
    ("narrower", "except @ValueError@", "KeyError", "killed", "test_odd"),
    ("local class", "return @210@", "211", "killed", "test_local"),
    ("invalid", "return @None@", ")(", "invalid", None),
    ("same", "range(count)@:@", " :", "equivalent", None),
]


class Verdicts(unittest.TestCase):
    maxDiff = None

    def test_every_shape_of_code_is_mutated_where_it_is_read(self):
        mutants = [(name, "shapes.py", old, new) for name, old, new, _, _ in CASES]
        expected = {}
        for name, _, _, status, killer in CASES:
            expected[name] = status, killer and "test_shapes.py::ShapesTest::" + killer

        def check(python, runner):
            for warm in (True, False):
                run = Run(python, runner, SHAPES, mutants, warm=warm)
                found = run.verdicts("by")
                # Two tests read the attribute of the class; which one comes first depends on their times.
                found["class attribute"] = found["class attribute"][0], None
                self.assertEqual(found, expected, (warm, run.problems()))
                self.assertTrue(run.untouched)
                self.assertEqual(run.done.returncode, 0)
                if warm:
                    cold = {name for name, entry in run.verdicts("placement").items() if entry[1] == "cold"}
                    self.assertEqual(cold, {"constant", "after text", "default", "decorator argument", "class attribute",
                                            "run at import"})

        everywhere(check)

    def test_a_file_that_tests_run_as_a_program_is_mutated(self):
        tree = {
            "tool": "LIMIT = 3 + 4\ndef grown(count):\n    return count * 2\nRESULT = grown(LIMIT)\nif LIMIT > 100:\n    LIMIT = 8\n",
            "test_a.py": """\
                import os, runpy, unittest
                class Some(unittest.TestCase):
                    def test_run(self):
                        names = runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(__file__)), "tool"), run_name="__main__")
                        self.assertEqual(names["RESULT"], 14)
                """,
        }
        mutants = [("module", "tool", "LIMIT = @3@ + 4", "5"), ("function", "tool", "count @*@ 2", "+"), ("unread", "tool", "LIMIT = @8@", "9")]

        def check(python, runner):
            run = Run(python, runner, tree, mutants)
            noticed = "killed", "test_a.py::Some::test_run"
            self.assertEqual(run.verdicts("by"), {"module": noticed, "function": noticed, "unread": ("unreached", None)}, run.problems())

        everywhere(check)

    def test_every_test_that_notices_a_mutant_is_named_where_that_is_asked_for(self):
        tree = {
            "sums.py": """\
                SEEN = []
                def double(value):
                    SEEN.append(value)
                    if value == 9:
                        raise SystemExit(3)
                    return value * 2
                def other(value):
                    return value + 1
                """,
            "test_a.py": """\
                import unittest
                import sums
                class Some(unittest.TestCase):
                    def test_a_two(self):
                        self.assertEqual(sums.double(2), 4)
                    def test_b_three(self):
                        self.assertEqual(sums.double(3), 6)
                        sums.SEEN.append("spoiled")
                    def test_c_blind(self):
                        sums.double(4)
                        sums.other(4)
                    def test_d_other(self):
                        self.assertEqual(sums.other(1), 2)
                    def test_e_type(self):
                        self.assertIsInstance(sums.double(4), int)
                """,
        }
        mutants = [("times", "sums.py", "value @*@ 2", "+"), ("half", "sums.py", "return @value * 2@", "None"),
                   ("plus", "sums.py", "value @+@ 1", "-"),
                   ("import", "sums.py", "SEEN = @[]@", "undefined"), ("exit", "sums.py", "value @==@ 9", "!=")]

        def check(python, runner):
            for warm in (True, False):
                run = Run(python, runner, tree, mutants, warm=warm, every=True)
                by_all = {name: (status, sorted(test.rpartition("_")[2] for test in found or ()))
                          for name, (status, found) in run.verdicts("all").items()}
                self.assertEqual(by_all, {
                    "times": ("killed", ["three"]), "half": ("killed", ["three", "two", "type"]), "plus": ("killed", ["other"]),
                    "import": ("killed", []), "exit": ("killed", ["blind", "three", "two", "type"])}, (warm, run.problems()))

        everywhere(check)

    def test_ids_are_those_of_the_harness_and_left_out_tests_are_named(self):
        tree = {
            "code.py": "def one():\n    return 1\n\ndef two():\n    return 2\n",
            "test_a.py": """\
                import unittest
                import code
                class Some(unittest.TestCase):
                    def test_good(self):
                        self.assertEqual(code.one(), 1)
                    def test_bad(self):
                        self.assertEqual(code.one(), 3)
                    @unittest.skip("no")
                    def test_skipped(self):
                        pass
                    def test_good_too(self):
                        self.assertTrue(code.two())
                """,
        }
        tree["project_code.py"] = tree.pop("code.py")
        tree["test_a.py"] = tree["test_a.py"].replace("import code", "import project_code as code")
        mutants = [("one", "project_code.py", "return @1@", "3"), ("two", "project_code.py", "return @2@", "3")]

        def check(python, runner):
            run = Run(python, runner, tree, mutants, touched={"project_code.py": [[1, 9]]})
            _, events = harness_ids(python, runner, tree)
            clean, = run.of("clean")
            left = {event["id"]: event["reason"] for event in run.of("left_out")}
            self.assertEqual(sorted(clean["tests"] + list(left)), sorted(events))
            self.assertEqual(left, {"test_a.py::Some::test_bad": "failed", "test_a.py::Some::test_skipped": "skipped"})
            self.assertEqual(run.verdicts("by"), {"one": ("killed", "test_a.py::Some::test_good"), "two": ("survived", None)})
            reach = [(event["symbol"], event["first"], event["last"], [clean["tests"][index] for index in event["tests"]],
                      event["at_import"]) for event in run.of("reach") if event["symbol"] != "<module>"]
            self.assertEqual(reach, [("one", 2, 2, ["test_a.py::Some::test_good"], False),
                                     ("two", 5, 5, ["test_a.py::Some::test_good_too"], False)])

        everywhere(check)

    def test_what_hangs_or_crashes_loses_only_itself(self):
        tree = {
            "work.py": """\
                import os, time, ctypes
                def spin(value):
                    while value:
                        value -= 1
                    return 1
                def leave(value):
                    return value
                def fill(value):
                    return [0] * value
                """,
            "test_work.py": """\
                import unittest
                import work
                class Work(unittest.TestCase):
                    def test_spin(self):
                        self.assertEqual(work.spin(3), 1)
                    def test_leave(self):
                        self.assertEqual(work.leave(3), 3)
                    def test_fill(self):
                        self.assertEqual(len(work.fill(3)), 3)
                """,
        }
        bombs = "[os.fork() or time.sleep(60) for _ in range(3)]"
        mutants = [
            ("hang", "work.py", "value @-@= 1", "+"),
            ("sleep", "work.py", "def leave(value):\n    return @value@", "time.sleep(60)"),
            ("exit", "work.py", "def leave(value):\n    return @value@", "os._exit(0)"),
            ("abort", "work.py", "def leave(value):\n    return @value@", "os.abort()"),
            ("fault", "work.py", "def leave(value):\n    return @value@", "ctypes.string_at(0)"),
            ("forks", "work.py", "def leave(value):\n    return @value@", bombs),
            ("closes", "work.py", "def leave(value):\n    return @value@", "os.closerange(3, 4000)"),
            ("flood", "work.py", "def leave(value):\n    return @value@", "os.write(1, b'x' * 10000000)"),
            ("memory", "work.py", "return [0] * @value@", "10 ** 10"),
            ("good", "work.py", "return @1@\n", "2"),
        ]

        def check(python, runner):
            run = Run(python, runner, tree, mutants)
            self.assertEqual(run.problems(), ([], ""))
            self.assertEqual(run.verdicts("error"), {
                "hang": ("timeout", "TestTimeLimit"), "sleep": ("timeout", "TestTimeLimit"), "exit": ("killed", "Crash"),
                "abort": ("killed", "Crash"), "fault": ("killed", "Crash"), "forks": run.verdicts("error")["forks"],
                "closes": ("killed", "Crash"), "flood": ("killed", "AssertionError"), "memory": ("killed", "MemoryError"),
                "good": ("killed", "AssertionError")})
            self.assertIn(run.verdicts()["forks"][0], ("killed", "timeout"))
            self.assertLess(run.seconds, 60)

        everywhere(check)

    def test_the_budget_ends_the_run_and_the_rest_is_named(self):
        tree = {
            "slow.py": "def slow():\n    return 1\n",
            "test_slow.py": """\
                import time
                import unittest
                import slow
                class Slow(unittest.TestCase):
                    def test_slow(self):
                        time.sleep(0.5)
                        slow.slow()
                """,
        }
        mutants = [("m%d" % number, "slow.py", "return @1@", str(number + 2)) for number in range(60)]

        def check(python, runner):
            run = Run(python, runner, tree, mutants, whole_seconds=6)
            states = [verdict[0] for verdict in run.verdicts().values()]
            self.assertEqual(len(states), 60)
            self.assertEqual(set(states), {"survived", "not_run"})
            self.assertLess(run.seconds, 20)

        everywhere(check)

    def test_what_a_mutant_leaves_behind_kills_no_other(self):
        tree = {
            "state.py": """\
                LIMIT = [10]
                def narrow(value):
                    return value
                def wide(value):
                    return min(value, LIMIT[0])
                """,
            "test_state.py": """\
                import unittest
                import state
                class State(unittest.TestCase):
                    def test_narrow(self):
                        self.assertEqual(state.narrow(3), 3)
                    def test_wide(self):
                        self.assertEqual(state.wide(5), 5)
                """,
        }
        mutants = [
            ("poison", "state.py", "def narrow(value):\n    return @value@", "LIMIT.__setitem__(0, 0) or value + 1"),
            ("same", "state.py", "LIMIT[@0@]", "-1"),
            ("other", "state.py", "return @min@", "max"),
            ("less", "state.py", "def narrow(value):\n    return @value@", "value - 1"),
        ]

        def check(python, runner):
            run = Run(python, runner, tree, mutants)
            self.assertEqual(run.problems(), ([], ""))
            self.assertEqual(run.verdicts("by"), {
                "poison": ("killed", "test_state.py::State::test_narrow"), "same": ("survived", None),
                "other": ("killed", "test_state.py::State::test_wide"),
                "less": ("killed", "test_state.py::State::test_narrow")})

        everywhere(check)

    def test_tests_that_need_their_neighbours_do_not_kill(self):
        tree = {
            "state.py": "SEEN = []\ndef first():\n    SEEN.append(1)\n    return 5\ndef second():\n    return len(SEEN) + 6 - 6\n",
            "test_state.py": """\
                import unittest
                import state
                class State(unittest.TestCase):
                    def test_1(self):
                        state.first()
                    def test_2(self):
                        self.assertEqual(state.second(), 1)
                """,
        }

        def check(python, runner):
            run = Run(python, runner, tree, [("six", "state.py", "+ @6@ -", "9"), ("five", "state.py", "return @5@", "6")])
            self.assertEqual([(event["id"], event["reason"]) for event in run.of("left_out")],
                             [("test_state.py::State::test_2", "fails alone")])
            self.assertEqual(run.verdicts("by"), {"six": ("unreached", None), "five": ("survived", None)})

        everywhere(check)


class WithPytest(unittest.TestCase):
    maxDiff = None
    TREE = {
        "pkg/__init__.py": "",
        "pkg/core.py": "BASE = 10\n\ndef scale(value, by):\n    return value * by + BASE\n\ndef late():\n    from pkg import lazy\n    return lazy.get()\n",
        "pkg/lazy.py": "VALUE = 5\n\ndef get():\n    return VALUE + 1\n",
        "tests/conftest.py": """\
            import pytest
            from pkg import core

            @pytest.fixture(scope="session")
            def base():
                return core.BASE

            @pytest.fixture(scope="module")
            def scaled(base):
                yield core.scale(2, 3) - base
            """,
        "tests/test_core.py": """\
            import pytest
            from pkg import core

            @pytest.mark.parametrize("value,by", [(1, 2), (3, 4)])
            def test_scale(value, by, base):
                assert core.scale(value, by) == value * by + base

            class TestScaled:
                def test_module_fixture(self, scaled):
                    assert scaled == 6

            def test_late():
                assert core.late() == 6

            def test_base(base):
                assert base == 10
            """,
    }

    def test_fixtures_parameters_and_late_imports(self):
        mutants = [("scale", "pkg/core.py", "value @*@ by", "-"), ("base", "pkg/core.py", "BASE = @10@", "11"),
                   ("lazy value", "pkg/lazy.py", "VALUE = @5@", "4"), ("lazy get", "pkg/lazy.py", "VALUE @+@ 1", "-"),
                   ("conftest", "tests/conftest.py", '"@session@"', "module")]

        def check(python, runner):
            if runner != "pytest":
                return
            run = Run(python, runner, self.TREE, mutants, files=["tests/test_core.py"])
            self.assertEqual(run.problems(), ([], ""))
            verdicts = run.verdicts("by")
            self.assertEqual(verdicts.pop("scale")[0], "killed")
            self.assertEqual(verdicts, {
                "base": ("killed", "tests/test_core.py::test_base"), "lazy value": ("killed", "tests/test_core.py::test_late"),
                "lazy get": ("killed", "tests/test_core.py::test_late"), "conftest": ("not_run", None)})
            clean, = run.of("clean")
            self.assertEqual(clean["tests"], harness_ids(python, runner, self.TREE, ["tests/test_core.py"])[1])

        everywhere(check)


def harness_ids(python, runner, tree, files=None):
    """What the harness itself collects."""
    with tempfile.TemporaryDirectory() as folder:
        root = os.path.join(folder, "project")
        write_tree(root, tree)
        plan = {"schema": "iama.harness/1", "runner": runner, "files": files or sorted(path for path in tree if "test" in path),
                "pythonpath": ["."], "skip": [], "only": None, "per_test_seconds": 5, "collect_only": True}
        with open(os.path.join(folder, "plan.json"), "w") as stream:
            json.dump(plan, stream)
        command = [python, os.path.join(HARNESS, "iama_harness.py"), "--plan", "../plan.json", "--events", "../ev.jsonl"]
        done = subprocess.run(command, cwd=root, env=environment(folder), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        with open(os.path.join(folder, "ev.jsonl"), "rb") as stream:
            events = [json.loads(line) for line in stream]
    return done.returncode, [event["ids"] for event in events if event["e"] == "collected"][0]


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"] + sys.argv[1:])
