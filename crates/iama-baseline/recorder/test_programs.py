# -*- coding: utf-8 -*-
"""Tests of what is found for programs, and of arguments that conditions ask for. Python 2.7 and 3 on POSIX; every step runs as a
program of its own.

    PYTHON -m unittest test_programs        (2.7 and 3.6 to 3.13, in this folder)
"""
import io
import os
import subprocess
import sys
import tempfile
import unittest

from step_case import StepCase

FILES = {
    "setup.py": u'''
from setuptools import setup
import not_to_be_had
setup(name="thing", version="1." + "2", description=not_to_be_had.__doc__ and "documented")
''',
    "tool": u'''#!/usr/bin/env python
import sys

def main(arguments):
    if "--loud" in arguments:
        sys.stdout.write("LOUD\\n")
    if not arguments:
        sys.exit("nothing given")
    if arguments[0] == "write":
        open("made", "w").close()
    sys.stdout.write("read %d\\n" % len(sys.stdin.read()))

main(sys.argv[1:])
''',
    "odd/conf.py": u'''
import sys
sys.path.append("more")
try:
    import rarely_there
except ImportError:
    raise ImportError("please install it")
project = u"odd"
''',
    "lib.py": u'''
KNOWN = {"left": 1, "right": 2}

class Sorts(object):
    sides = ("up", "down")

    def side(self, name):
        if name in self.sides:
            return "vertical"
        return KNOWN[name] if name in KNOWN else "none"

def mark(data):
    if len(data) >= 4 and data[:2] == "ab" and data[2:4] != "..":
        return data[4:]
    if data[:3] == "...":
        return "dots"
    return None

def kind(value):
    if isinstance(value, dict):
        return "table"
    if hasattr(value, "__func__"):
        return "method"
    return "other"

def handed_on(count):
    try:
        return [5][count]
    except IndexError as error:
        raise error

def letter(match):
    if match.group(1) == "amp":
        return "&"
    return "?"

def parse(text):
    open_part = None
    for line in text.splitlines():
        name, value = line.split(":", 1)
        if name == "BEGIN":
            open_part = value
        elif name == "END":
            if value != open_part:
                raise ValueError("not open: " + value)
            open_part = None
        elif name not in ("TITLE", "COLOUR"):
            raise ValueError("unknown: " + name)
    if open_part:
        raise ValueError("not closed: " + open_part)
    return "fine"
''',
}


class Finding(StepCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.project = os.path.join(cls.folder, "project")
        os.makedirs(os.path.join(cls.project, "odd"))
        for name in FILES:
            with io.open(os.path.join(cls.project, name), "w") as stream:
                stream.write(FILES[name])
        call = {"id": "0" * 12, "module": "lib", "function": "parse", "form": "function", "file": "lib.py", "receiver": None,
                "arguments": ["'BEGIN:BOX\\nTITLE:a\\nCOLOUR:b\\nEND:BOX\\n'"], "parameters": ["text"], "keywords": [], "drawn": None,
                "changed": {}, "outcome": {"kind": "result", "value": "'fine'"}, "lines": {}, "replayed": {"kind": "result", "value": "'fine'"}}
        cls.write("choice.json", {"schema": "iama.choice/1", "calls": [call], "quarantined": [], "blocked": {}, "lines": {}})
        cls.write("plan.json", {"schema": "iama.recorder/1", "files": ["lib.py", "odd/conf.py"]})
        cls.write("aims.json", {"schema": "iama.aims/1", "touched": {"lib.py": [[11, 51]]}, "programs": ["odd/conf.py", "setup.py", "tool", "lib.py"]})
        cls.step("iama_grow.py", "--choice", cls.path("choice.json"), "--plan", cls.path("plan.json"), "--aims", cls.path("aims.json"),
                 "--root", cls.project, "--out", cls.path("grown.json"), "--pythonpath", cls.project, "--tries", "1800")
        for seed in (0, 1):
            cls.step("iama_replay.py", "--calls", cls.path("grown.json"), "--out", cls.path("out%d" % seed), "--pythonpath", cls.project)
        cls.step("iama_select.py", "widen", "--choice", cls.path("choice.json"), "--grown", cls.path("grown.json"), "--outcomes",
                 cls.path("out0"), cls.path("out1"), "--out", cls.path("wide.json"))
        cls.calls = cls.read("wide.json")["calls"]

    def outcomes(self, function):
        return set(str(call["replayed"].get("value") or call["replayed"].get("message")) for call in self.calls
                   if call["function"] == function)

    def runs(self, function):
        return dict((tuple(str(text) for text in call["arguments"]), call["replayed"]) for call in self.calls if call["function"] == function)

    def test_what_a_set_up_script_hands_over_is_kept_with_stand_ins_for_what_cannot_be_had(self):
        found = [(call["form"], call.get("absent"), call["replayed"].get("value")) for call in self.calls if call["file"] == "setup.py"]
        handed = "[{'description': None, 'name': 'thing', 'version': '1.2'}]"
        self.assertEqual(found, [("setup", None, None), ("setup", ["not_to_be_had"], handed)])

    def test_a_program_is_run_with_the_words_that_it_knows_and_is_not_left_to_write_files(self):
        runs = self.runs("tool")
        self.assertEqual(runs[()].get("stderr"), "nothing given\n")
        self.assertEqual(runs[("'--loud'",)].get("stdout"), "LOUD\nread 0\n")
        self.assertNotIn(("'write'",), runs)

    def test_an_exception_of_a_program_is_the_projects_own(self):
        found = [call["replayed"].get("message") for call in self.calls if call["function"] == "odd/conf.py" and not call.get("absent")]
        self.assertEqual(found, ["please install it"])

    def test_a_module_that_is_no_program_is_not_run_as_one(self):
        self.assertEqual([call for call in self.calls if call["file"] == "lib.py" and call["form"] == "program"], [])

    def test_a_lone_module_is_imported_with_stand_ins_for_what_cannot_be_had(self):
        found = [(call["function"], call["absent"]) for call in self.calls if call["file"] == "odd/conf.py" and call["form"] == "value"]
        self.assertEqual(found, [("project", ["rarely_there"])])

    def test_slices_and_lengths_that_have_to_hold_together_are_put_into_one_text(self):
        self.assertTrue(set(["''", "'dots'", "None"]) <= self.outcomes("mark"), self.outcomes("mark"))

    def test_classes_attributes_and_groups_that_are_asked_for_are_given(self):
        self.assertTrue(set(["'table'", "'method'", "'other'"]) <= self.outcomes("kind"), self.outcomes("kind"))
        self.assertEqual(self.outcomes("letter"), set(["'&'", "'?'"]))

    def test_an_exception_that_was_caught_and_raised_again_has_no_message_of_the_project(self):
        found = [call["replayed"] for call in self.calls if call["function"] == "handed_on" and call["replayed"]["kind"] == "raise"]
        # In Python 3 it tells where it came from first, and so is none of the project's from the start.
        expected = set([("IndexError", True, None)]) if sys.version_info[0] == 2 else set()
        self.assertEqual(set((entry["type"], entry["own"], entry["message"]) for entry in found), expected)

    def test_what_modules_and_classes_hold_is_known_to_conditions(self):
        self.assertTrue(set(["'vertical'", "1", "2", "'none'"]) <= self.outcomes("Sorts.side"), self.outcomes("Sorts.side"))

    def test_a_text_that_was_seen_is_given_with_each_thing_wrong_that_a_person_could_get_wrong(self):
        said = set(text.partition(":")[0] for text in self.outcomes("parse"))
        self.assertEqual(said, set(["'fine'", "not open", "unknown", "not closed"]))

    def test_written_tests_of_programs_pass_from_the_root(self):
        tests = self.path("tests")
        self.step("iama_write_tests.py", "--choice", self.path("wide.json"), "--out", tests, "--index", self.path("index.json"))
        with io.open(os.path.join(tests, "test_characterization_tool.py"), encoding="ascii") as stream:
            text = stream.read()
        self.assertIn(u"    with watched() as seen:\n        assert same(program('tool', '--loud'), 0)\n", text)
        code = "import sys; sys.path[:0] = [%r, %r]\nimport test_characterization_tool as t, test_characterization_setup_py as s\n" \
               "for m in (t, s):\n    [getattr(m, n)() for n in dir(m) if n.startswith('test_')]\n" % (str(tests), str(self.project))
        done = subprocess.Popen([sys.executable, "-B", "-c", code], cwd=self.project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual((done.communicate()[0], done.returncode), (b"", 0))
        self.assertEqual(sorted(os.listdir(self.project)), ["lib.py", "odd", "setup.py", "tool"])


if __name__ == "__main__":
    unittest.main()
