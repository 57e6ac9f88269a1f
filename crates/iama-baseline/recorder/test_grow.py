# -*- coding: utf-8 -*-
"""Tests of the search for calls that no test makes. Python 2.7 and 3 on POSIX; every step runs as a program of its own.

    PYTHON -m unittest test_grow        (2.7 and 3.6 to 3.13, in this folder)
"""
import io
import os
import tempfile
import types
import unittest

import iama_targets
from step_case import StepCase

LIB = u'''
class Odd(Exception):
    pass


LIMITS = {"low": 1, "high": 9}


class Scale(object):
    steps = ["a", "b"]

    def __init__(self, base):
        self.base = base

    def at(self, index):
        if index < 0:
            raise Odd("below")
        return self.base * index


def kind(text):
    if text == "special":
        return "found"
    if not text:
        return "empty"
    return "plain"


def asks(thing):
    if hasattr(thing, "special"):
        return "special"
    if thing.place is None:
        return "nowhere"
    return "somewhere"


def _inner(count):
    return count + 1


def hoards(count):
    return len("x" * (count * (1 << 31) + 1))


def writes(name):
    with open("made of " + name, "w") as stream:
        stream.write(u"x")
    return name
'''
NOISY = u"print('imported')\nVALUE = 1\n"


class Growing(StepCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        for name, text in (("lib.py", LIB), ("noisy.py", NOISY)):
            with io.open(os.path.join(cls.folder, name), "w") as stream:
                stream.write(text)
        call = {"id": "0" * 12, "module": "lib", "function": "kind", "form": "function", "file": "lib.py", "receiver": None,
                "arguments": ["'some'"], "parameters": ["text"], "keywords": [], "drawn": None, "changed": {},
                "outcome": {"kind": "result", "value": "'plain'"}, "lines": {"lib.py": [23, 25, 27]},
                "replayed": {"kind": "result", "value": "'plain'"}}
        cls.write("choice.json", {"schema": "iama.choice/1", "calls": [call], "quarantined": [], "blocked": {}, "lines": call["lines"]})
        cls.write("plan.json", {"schema": "iama.recorder/1", "files": ["lib.py", "noisy.py"]})
        cls.grow("grown.json")
        for seed in (0, 1):
            cls.step("iama_replay.py", "--calls", cls.path("grown.json"), "--out", cls.path("out%d" % seed), "--pythonpath", cls.folder)
        cls.step("iama_select.py", "widen", "--choice", cls.path("choice.json"), "--grown", cls.path("grown.json"), "--outcomes",
                 cls.path("out0"), cls.path("out1"), "--out", cls.path("wide.json"))
        cls.calls = cls.read("wide.json")["calls"]

    @classmethod
    def grow(cls, out):
        cls.step("iama_grow.py", "--choice", cls.path("choice.json"), "--plan", cls.path("plan.json"), "--root", cls.folder, "--out",
                 cls.path(out), "--pythonpath", cls.folder, "--seconds", "60", "--tries", "400")

    def outcomes(self, function):
        return sorted(set(str(call["replayed"].get("value") or call["replayed"].get("message")) for call in self.calls
                          if call["function"] == function))

    def test_a_branch_that_no_test_takes_is_found_by_what_the_code_compares_with(self):
        self.assertEqual(self.outcomes("kind"), ["'empty'", "'found'", "'plain'"])

    def test_methods_are_called_on_instances_and_what_the_project_raises_is_kept(self):
        self.assertIn("below", self.outcomes("Scale.at"))

    def test_what_modules_and_classes_hold_is_kept_as_values(self):
        self.assertEqual([self.outcomes(name) for name in ("LIMITS", "Scale.steps")], [["{'high': 9, 'low': 1}"], ["['a', 'b']"]])

    def test_private_functions_are_called_only_for_lines_that_nothing_else_runs(self):
        self.assertEqual(len(self.outcomes("_inner")), 1)

    def test_what_a_wrong_argument_raises_is_no_fact_and_files_are_left_alone(self):
        kinds = set(call["replayed"].get("type") for call in self.calls)
        self.assertEqual(kinds, set([None, "lib:Odd"]))
        self.assertEqual(self.outcomes("writes"), [])

    def test_a_module_that_does_something_when_it_is_imported_is_left_alone(self):
        self.assertEqual(set(call["module"] for call in self.calls), set(["lib"]))

    def test_a_call_that_wants_more_memory_than_there_is_is_no_fact(self):
        self.assertEqual([call["arguments"] for call in self.calls if call["function"] == "hoards" and call["arguments"] == ["1"]], [])

    def test_the_same_input_gives_the_same_calls(self):
        self.grow("again.json")
        self.assertEqual(self.read("again.json"), self.read("grown.json"))

    def test_written_tests_of_values_fail_when_the_values_change(self):
        tests = self.path("tests")
        self.step("iama_write_tests.py", "--choice", self.path("wide.json"), "--out", tests, "--index", self.path("index.json"))
        with io.open(os.path.join(tests, "test_characterization_lib.py"), encoding="ascii") as stream:
            self.assertIn(u'def test_Scale_steps_1():\n    """Scale.steps in lib.py"""\n    assert same(lib.Scale.steps, [\'a\', \'b\'])\n',
                          stream.read())

    def test_objects_have_the_attributes_that_conditions_ask_for(self):
        given = [call["arguments"] for call in self.calls if call["function"] == "asks"]
        for made in ("special=1", "place=None"):
            self.assertIn(["build('string:Formatter', %s)" % made], given)

    def test_names_that_only_a_list_comprehension_leaves_behind_are_no_data(self):
        text = u"kept = [n for n in range(3)]\nm = 1\nlast = [m for m in kept]\n"
        with io.open(self.path("left.py"), "w", encoding="ascii") as stream:
            stream.write(text)
        left = iama_targets.left_behind(self.path("left.py"))
        self.assertEqual(left, frozenset(["n"]))
        module = types.ModuleType("left")
        exec(text, vars(module))
        module.n = 2
        self.assertEqual([name for name, _ in iama_targets.data_of(module, left)], ["kept", "last", "m"])


if __name__ == "__main__":
    unittest.main()
