# -*- coding: utf-8 -*-
"""Tests of the calls of what a migration brings along. Python 2.7 and 3 on POSIX; every step runs as a program of its own.

    PYTHON -m unittest test_brought        (2.7 and 3.6 to 3.13, in this folder)
"""
import io
import os
import tempfile
import unittest

from step_case import StepCase

LIBRARY = u'''
ZONES = {"UT": 0}
_days = ["mon", "tue"]
__version__ = "1"


def zone(name):
    if name.upper() in ZONES:
        return ZONES[name.upper()]
    if name == "local":
        return -1
    return None


def unused():
    return 1
'''
USER = u'''
import oldlib as library

library.ZONES["EST"] = -500


def offset(name):
    if name in library._days:
        return None
    return library.zone(name)


def parts(count, by):
    return divmod(count, by)
'''
# What a careless migration would bring along.
WRONG = {"place": u"_py2_oldlib.py", "text": LIBRARY.replace(u'"mon"', u'"Mon"').replace(u"return -1", u"return 1")}
DIVMOD = u"\n\ndef divmod(a, b):\n    return a // b, a - b * int(a // b) if a > 0 else 0\n"


class Bringing(StepCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        for name in ("old", "new", "old/package", "new/package"):
            os.mkdir(cls.path(name))
        for name, text in (("old/oldlib.py", LIBRARY), ("old/package/__init__.py", u""), ("old/package/user.py", USER),
                           ("new/package/__init__.py", u""), ("new/package/" + WRONG["place"], WRONG["text"]),
                           ("new/package/user.py", USER.replace(u"import oldlib as", u"from . import _py2_oldlib as") + DIVMOD)):
            cls.put(name, text)
        calls = [cls.call("offset", ["name"], ["'ut'"]), cls.call("parts", ["count", "by"], ["7", "2"])]
        cls.write("choice.json", {"schema": "iama.choice/1", "calls": calls, "quarantined": [], "blocked": {}, "lines": {}})
        cls.write("plan.json", {"schema": "iama.recorder/1", "files": ["package/user.py"], "records": "", "limits": {}})
        cls.write("aims.json", {"schema": "iama.aims/1", "touched": {}, "programs": [], "brought": [
            {"file": "package/_py2_oldlib.py", "names": [], "users": ["package/user.py"]},
            {"file": "package/user.py", "names": ["divmod", "offset"], "users": ["package/user.py"]}]})
        cls.step("iama_grow.py", "--choice", cls.path("choice.json"), "--plan", cls.path("plan.json"), "--root", cls.path("old"),
                 "--aims", cls.path("aims.json"), "--out", cls.path("grown.json"), "--pythonpath", cls.path("old"), "--seconds", "1",
                 "--tries", "300")
        cls.grown = cls.read("grown.json")["calls"]
        for name in ("one", "two"):
            cls.replay("grown.json", name, "old")
        cls.step("iama_select.py", "widen", "--choice", cls.path("choice.json"), "--grown", cls.path("grown.json"), "--out",
                 cls.path("choice.json"), "--outcomes", cls.path("one"), cls.path("two"))
        cls.chosen = [call for call in cls.read("choice.json")["calls"] if call.get("brought")]

    @classmethod
    def put(cls, name, text):
        with io.open(cls.path(name), "w", encoding="ascii") as stream:
            stream.write(text)

    @classmethod
    def replay(cls, calls, out, side):
        cls.step("iama_replay.py", "--calls", cls.path(calls), "--out", cls.path(out), "--pythonpath", cls.path(side))

    @staticmethod
    def call(function, parameters, arguments):
        return {"module": "package.user", "function": function, "form": "function", "file": "package/user.py", "receiver": None,
                "arguments": arguments, "parameters": parameters, "keywords": [], "drawn": None, "id": function, "changed": {},
                "outcome": {}, "lines": {"package/user.py": [5]}, "replayed": {"kind": "result", "value": "0"}}

    def brought(self, function):
        return [call for call in self.chosen if call["function"] == function]

    def test_what_the_project_calls_of_the_library_and_of_builtins_is_noted(self):
        seen = [(call["module"], call["function"], call["arguments"], call["grown"]) for call in self.chosen if call.get("noted")]
        self.assertEqual(sorted(seen), [
            ("package._py2_oldlib", "zone", ["'ut'"], False), ("package.user", "divmod", ["7", "2"], False)])

    def test_only_names_that_the_project_uses_come_along(self):
        self.assertEqual(sorted(set(call["function"] for call in self.chosen)), ["ZONES", "_days", "divmod", "zone"])

    def test_data_is_what_it_is_after_the_project_added_to_it(self):
        self.assertEqual([call["replayed"]["value"] for call in self.brought("ZONES")], ["{'EST': -500, 'UT': 0}"])

    def test_conditions_of_the_library_say_what_to_call_it_with(self):
        self.assertIn(["'local'"], [call["arguments"] for call in self.brought("zone")])

    def test_what_comes_along_and_does_something_else_is_found(self):
        self.write("calls.json", {"schema": "iama.calls/1", "calls": self.chosen})
        for out, side in (("legacy", "old"), ("migrated", "new")):
            self.replay("calls.json", out, side)
        self.step("iama_compare.py", "--calls", self.path("calls.json"), "--legacy", self.path("legacy"), self.path("legacy"),
                  "--migrated", self.path("migrated"), "--out", self.path("differences.json"), "--scripts", self.path("scripts"))
        found = self.read("differences.json")
        self.assertEqual(set((entry["module"], entry["function"]) for entry in found["differences"]), set([
            ("package._py2_oldlib", "_days"), ("package._py2_oldlib", "zone"), ("package.user", "divmod")]))
        self.assertEqual(found["excluded"], [])
        script = next(entry["script"] for entry in found["differences"] if entry["function"] == "_days")
        for side, said in (("old", u"['mon', 'tue']"), ("new", u"['Mon', 'tue']")):
            self.assertIn(said, self.step(self.path("scripts/" + script), self.path(side)))

    def test_written_tests_pass_on_code_that_has_the_library_and_fail_where_something_else_came_along(self):
        self.step("iama_write_tests.py", "--choice", self.path("choice.json"), "--out", self.path("tests"))
        with io.open(self.path("tests/test_characterization_package__py2_oldlib.py"), encoding="ascii") as stream:
            text = stream.read()
        self.assertIn(u"assert same(brought('package._py2_oldlib', 'zone', 'package.user')('local'), -1)\n", text)
        runner = self.path("run.py")
        self.put("run.py", u"import sys\nsys.path[:0] = sys.argv[1:3]\nimport test_characterization_package__py2_oldlib as tests\n"
                 u"failed = 0\nfor name in sorted(vars(tests)):\n    if name.startswith('test_'):\n        try:\n"
                 u"            vars(tests)[name]()\n        except AssertionError:\n            failed += 1\nprint(failed)\n")
        failed = [int(self.step(runner, self.path("tests"), self.path(side)).split()[-1]) for side in ("old", "new")]
        self.assertEqual(failed[0], 0)
        self.assertGreaterEqual(failed[1], 1)


if __name__ == "__main__":
    unittest.main()
