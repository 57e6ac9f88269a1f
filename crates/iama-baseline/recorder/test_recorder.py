# -*- coding: utf-8 -*-
"""Tests of the recorder and what follows it, on a small project; every step runs as a program of its own.

    PYTHON -m unittest test_recorder        (2.7 and 3.6 to 3.13, in this folder)
"""
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

import iama_select

HERE = os.path.dirname(os.path.abspath(__file__))
Text = type(u"")

SHOP = u'''# -*- coding: utf-8 -*-
import os
import sys
import time


class BasketError(Exception):
    pass


class Basket(object):
    def __init__(self, owner, items=None):
        self.owner = owner
        self.items = items or []

    def add(self, name, count=1):
        self.items.append((name, count))
        return self

    def __len__(self):
        return len(self.items)

    def __eq__(self, other):
        raise RuntimeError("the recorder compared a basket")

    def __repr__(self):
        raise RuntimeError("the recorder printed a basket")

    __hash__ = None

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return "magic " + name

    @property
    def size(self):
        return len(self.items)

    @classmethod
    def of(cls, *names):
        return cls("shop", [(name, 1) for name in names])

    @staticmethod
    def tax(price, rate=20):
        return price * rate // 100


class Node(object):
    def __init__(self, name):
        self.name = name
        self.self = self

    def title(self):
        return self.name.title()


class Old:
    def __init__(self, size):
        self.size = size

    def grow(self, by):
        self.size += by


def average(numbers):
    return sum(numbers) // len(numbers)


def decode_name(raw):
    return raw.decode("utf-8")


def first(values, count):
    return values[:count]


def drop_last(values):
    values.pop()


def check(text):
    if not text:
        raise BasketError("no text given")
    return len(text)


def divide(left, right):
    return left // right


def handled(values):
    try:
        return values["missing"]
    except KeyError:
        return None
    finally:
        len(values)


def countdown(start):
    while start:
        yield start
        start -= 1


def now():
    return time.time()


def address():
    return hex(id(object()) + 0x7f0000000000)


def names():
    return list(set(["ab", "cd", "ef", "gh", "ij", "kl", "mn"]))


def process():
    return os.getpid()


COUNTER = []


def counted():
    COUNTER.append(1)
    return len(COUNTER)


def announce(name):
    sys.stdout.write("hello %s\\n" % name)


def save(path, text):
    with open(path, "w") as stream:
        stream.write(text)


def leave(code):
    if code:
        os._exit(code)


def forever(start):
    while start:
        start += 1


def call(function):
    return function(2)


def _private(value):
    return value
'''

EXERCISE = u'''
import os
import threading
from shop import *
import shop

basket = Basket("ann")
basket.add("tea").add("milk", 2)
len(basket), basket.size, Basket.of("a", "b"), Basket.tax(150), Basket.tax(150, 10)
Node("root of all").title()
old = Old(1)
old.grow(2)
average([1, 2, 4]), average([7])
decode_name(b"caf\\xc3\\xa9")
first([1, 2, 3], 2), first("abc", 1)
drop_last([1, 2])
for text in ("", "abc"):
    try:
        check(text)
    except BasketError:
        pass
try:
    divide(1, 0)
except ZeroDivisionError:
    divide(7, 2)
handled({})
list(countdown(3))
half = countdown(5)
next(half), next(half)
half.close()
now(), address(), names(), process(), counted(), counted()
announce("ann")
here = os.getcwd()
leave(0), forever(0)
call(lambda value: value), call(divide.__class__) if False else None
shop._private(1)
worker = threading.Thread(target=average, args=([10, 20],))
worker.start()
worker.join()
child = os.fork()
if child == 0:
    average([99, 99])
    os._exit(0)
os.waitpid(child, 0)
'''

RUN_TESTS = u'''
import glob, os, sys, traceback
folder = sys.argv[1]
sys.path[:0] = [folder] + sys.argv[2:]
sys.dont_write_bytecode = True
for path in sorted(glob.glob(os.path.join(folder, "test_*.py"))):
    module = __import__(os.path.basename(path)[:-3])
    for name in sorted(vars(module)):
        if name.startswith("test_"):
            try:
                getattr(module, name)()
                print("passed " + name)
            except Exception:
                print("failed " + name)
                traceback.print_exc()
'''


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))


def write(folder, name, content):
    with io.open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
        stream.write(content)


class Project(object):
    """The project in a folder of its own, and the steps that are run on it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        self.legacy = os.path.join(self.folder, "legacy")
        os.mkdir(self.legacy)
        write(self.legacy, "shop.py", SHOP)
        write(self.folder, "exercise.py", EXERCISE)
        write(self.folder, "run_tests.py", RUN_TESTS)

    def path(self, name):
        return os.path.join(self.folder, name)

    def step(self, program, *arguments, **options):
        environment = dict(os.environ, PYTHONHASHSEED=str(options.get("seed", 0)), PYTHONDONTWRITEBYTECODE="1")
        command = [sys.executable, program] + list(arguments)
        # A faulty project may go on for ever: it must take neither the machine's memory nor its time.
        done = subprocess.Popen(command, preexec_fn=limited, cwd=options.get("cwd", self.folder), env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        said = done.communicate()[0].decode("utf-8", "replace")
        if done.returncode:
            raise AssertionError(said)
        return said

    def own(self, name, *arguments, **options):
        return self.step(os.path.join(HERE, name), *arguments, **options)

    def record(self, number):
        plan = {"schema": "iama.recorder/1", "files": ["shop.py"], "records": self.path("run%d.jsonl" % number),
                "pythonpath": ["."]}
        write(self.folder, "plan.json", Text(json.dumps(plan)))
        self.own("iama_recorder.py", "--plan", self.path("plan.json"), "--", self.path("exercise.py"), cwd=self.legacy, seed=number)

    def replay(self, calls, out, code, seed):
        self.own("iama_replay.py", "--calls", self.path(calls), "--out", self.path(out), "--pythonpath", self.path(code),
                 "--call-seconds", "1", seed=seed)

    def select(self):
        runs = [self.path("run%d.jsonl" % number) for number in range(3)]
        self.own("iama_select.py", "pool", "--records", *(runs + ["--out", self.path("pool.json")]))
        self.replay("pool.json", "out0.jsonl", "legacy", 0)
        self.replay("pool.json", "out1.jsonl", "legacy", 1)
        self.own("iama_select.py", "choose", "--pool", self.path("pool.json"), "--outcomes", self.path("out0.jsonl"),
                 self.path("out1.jsonl"), "--out", self.path("choice.json"))
        self.own("iama_write_tests.py", "--choice", self.path("choice.json"), "--out", self.path("tests"), "--index",
                 self.path("index.json"))

    def faulty(self, name, *changes):
        """A copy of the project with faults in it."""
        source = SHOP
        for old, new in changes:
            assert old in source
            source = source.replace(old, new)
        os.mkdir(self.path(name))
        write(self.path(name), "shop.py", source)

    def run_tests(self, code):
        """Names of the tests that fail."""
        said = self.step(self.path("run_tests.py"), self.path("tests"), self.path(code))
        return sorted(line[len("failed "):] for line in said.splitlines() if line.startswith("failed ")), said

    def read(self, name):
        with io.open(self.path(name), encoding="utf-8") as stream:
            return json.load(stream)


class Pipeline(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.project = Project()
        for number in range(3):
            cls.project.record(number)
        with io.open(cls.project.path("run0.jsonl"), encoding="ascii") as stream:
            cls.records = [json.loads(line) for line in stream]
        cls.project.select()
        cls.choice = cls.project.read("choice.json")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.project.folder, True)

    def calls(self, function):
        return [record for record in self.records if record["e"] == "call" and record["function"] == function]

    def outcomes(self, function):
        return [record["outcome"] for record in self.calls(function)]

    def quarantine(self, function):
        return sorted(set(entry["reason"] for entry in self.choice["quarantined"] if entry["function"] == function))

    def chosen(self, function):
        return [call for call in self.choice["calls"] if call["function"] == function]

    # recording

    def test_calls_are_recorded_with_arguments_and_result(self):
        self.assertEqual([(call["arguments"], call["outcome"]) for call in self.calls("first")], [
            (["[1, 2, 3]", "2"], {"kind": "result", "value": "[1, 2]"}),
            (["'abc'", "1"], {"kind": "result", "value": "'a'"}),
        ])

    def test_defaults_are_left_out_and_other_values_go_by_name(self):
        self.assertEqual([(call["arguments"], call["keywords"]) for call in self.calls("Basket.tax")],
                         [(["150"], []), (["150"], [["rate", "10"]])])

    def test_a_changed_argument_is_noted(self):
        self.assertEqual([call["changed"] for call in self.calls("drop_last")], [{"0": "[1]"}])

    def test_a_changed_receiver_is_noted_and_goes_by_its_making(self):
        call = self.calls("Basket.add")[0]
        self.assertEqual((call["receiver"], call["changed"]), (
            "new('shop:Basket', 'ann')", {"receiver": "build('shop:Basket', items=[('tea', 1)], owner='ann')"}))

    def test_instances_of_old_classes_are_seen_too(self):
        self.assertEqual([(call["receiver"], call["changed"]) for call in self.calls("Old.grow")],
                         [("new('shop:Old', 1)", {"receiver": "build('shop:Old', size=3)"})])

    def test_exceptions_are_recorded_and_only_raised_ones_have_a_message_of_their_own(self):
        self.assertEqual(self.outcomes("check"), [
            {"kind": "raise", "type": "shop:BasketError", "message": "no text given", "own": True},
            {"kind": "result", "value": "3"}])
        failed = self.outcomes("divide")[0]
        self.assertEqual((failed["kind"], failed["type"], failed["own"]), ("raise", "ZeroDivisionError", False))

    def test_an_exception_that_is_handled_inside_is_none_of_the_outcome(self):
        self.assertEqual(self.outcomes("handled"), [{"kind": "result", "value": "None"}])

    def test_a_generator_is_recorded_by_what_was_drawn(self):
        self.assertEqual(self.outcomes("countdown"), [
            {"kind": "items", "items": ["3", "2", "1"], "exhausted": True},
            {"kind": "items", "items": ["5", "4"], "exhausted": False}])

    def test_class_methods_properties_and_special_methods_are_recorded(self):
        self.assertEqual([self.calls(name)[0]["form"] for name in ("Basket.of", "Basket.size", "Basket.__len__", "Basket.tax")],
                         ["class", "property", "method", "static"])

    def test_private_functions_and_lambdas_are_not_recorded(self):
        self.assertEqual(self.calls("_private") + self.calls("call"), [])
        blocked = [record for record in self.records if record["e"] == "blocked"]
        self.assertEqual([(record["function"], list(record["reasons"].values())) for record in blocked], [("call", [1])])

    def test_threads_are_seen_and_forked_children_write_nothing(self):
        arguments = [call["arguments"] for call in self.calls("average")]
        self.assertIn(["[10, 20]"], arguments)
        self.assertNotIn(["[99, 99]"], arguments)

    def test_lines_of_a_call_are_its_own_and_those_below(self):
        lines = self.calls("Basket.of")[0]["lines"]["shop.py"]
        source = SHOP.splitlines()
        self.assertEqual([source[line - 1].strip() for line in lines], [
            "self.owner = owner", "self.items = items or []", 'return cls("shop", [(name, 1) for name in names])'])

    def test_the_recorder_itself_has_no_fault(self):
        done = self.records[-1]
        self.assertEqual((done["e"], done["faults"]), ("done", 0))

    def test_an_instance_that_refers_to_itself_goes_by_its_making(self):
        self.assertEqual([call["receiver"] for call in self.calls("Node.title")], ["new('shop:Node', 'root of all')"])

    def test_a_test_that_removes_the_tracing_ends_the_recording_of_that_test_only(self):
        folder = tempfile.mkdtemp()
        try:
            write(folder, "shop.py", SHOP)
            write(folder, "test_shop.py", u"""
import sys, unittest, shop
class Shop(unittest.TestCase):
    def test_1(self):
        sys.settrace(None)
        shop.first([1], 1)
    def test_2(self):
        shop.divide(4, 2)
""")
            records = os.path.join(folder, "records")
            write(folder, "recorder.json", Text(json.dumps({"schema": "iama.recorder/1", "files": ["shop.py"], "records": records})))
            write(folder, "plan.json", Text(json.dumps({"schema": "iama.harness/1", "runner": "unittest", "recording": True,
                                                        "files": ["test_shop.py"], "pythonpath": ["."]})))
            harness = os.path.join(HERE, os.pardir, "harness", "iama_harness.py")
            self.project.own("iama_recorder.py", "--plan", os.path.join(folder, "recorder.json"), "--", harness, "--plan",
                             os.path.join(folder, "plan.json"), "--events", os.path.join(folder, "events"), cwd=folder)
            with io.open(records, encoding="ascii") as stream:
                calls = [json.loads(line) for line in stream]
            self.assertEqual([call["function"] for call in calls if call["e"] == "call"], ["divide"])
        finally:
            shutil.rmtree(folder)

    # quarantine

    def test_what_differs_between_runs_is_put_aside_with_the_reason(self):
        self.assertEqual(self.quarantine("now"), ["time"])
        self.assertEqual(self.quarantine("names"), ["order of a set or dict"])
        self.assertEqual(self.quarantine("process"), ["numbers that differ: time, counter or random"])
        self.assertEqual(self.chosen("now") + self.chosen("names") + self.chosen("address"), [])

    def test_what_depends_on_calls_before_is_put_aside(self):
        self.assertEqual(len(self.quarantine("counted")), 1)
        self.assertEqual(self.chosen("counted"), [])

    def test_reasons_are_told_from_texts(self):
        cases = [("0x7f0011223344", "0x7f0011223355", "identity or address"), ("1700000000.5", "1700000001.5", "time"),
                 ("['a', 'b']", "['b', 'a']", "order of a set or dict"), ("'/tmp/x1'", "'/tmp/y2'", "environment"),
                 ("'spam'", "'eggs'", "unknown"),
                 ("large('list', '%s')" % ("a" * 40), "large('list', '%s')" % ("b" * 40), "a value too big to be looked into")]
        self.assertEqual([iama_select.reason_for(case[:2]) for case in cases], [case[2] for case in cases])

    def test_the_choice_is_the_same_each_time(self):
        with io.open(self.project.path("choice.json"), "rb") as stream:
            before = stream.read()
        self.project.select()
        with io.open(self.project.path("choice.json"), "rb") as stream:
            self.assertEqual(stream.read(), before)

    # tests

    def test_the_written_tests_pass_on_the_recorded_code(self):
        failed, said = self.project.run_tests("legacy")
        self.assertEqual(failed, [], said)
        self.assertEqual(len([line for line in said.splitlines() if line.startswith("passed ")]),
                         len(self.project.read("index.json")["tests"]))

    def test_the_written_tests_fail_on_faulty_code(self):
        self.project.faulty("faulty", ("sum(numbers) // len(numbers)", "sum(numbers) / float(len(numbers))"),
                            ('raw.decode("utf-8")', "raw"), ("values[:count]", "values[:count + 1]"),
                            ("values.pop()", "values.pop(0)"), ("hello", "hallo"), ("no text given", "no text"),
                            ("stream.write(text)", "pass"), ("yield start", "yield start + 1"))
        failed = self.project.run_tests("faulty")[0]
        self.assertEqual(sorted(set(name.rpartition("_")[0] for name in failed)), [
            "test_announce", "test_average", "test_check", "test_countdown", "test_decode_name", "test_drop_last", "test_first"])

    def test_a_written_test_reads_well(self):
        with io.open(self.project.path(os.path.join("tests", "test_characterization_shop.py")), encoding="ascii") as stream:
            tests = stream.read().split("\n\n\n")
        self.assertIn(u'def test_drop_last_1():\n    """drop_last in shop.py"""\n    values = [1, 2]\n'
                      u'    assert shop.drop_last(values) is None\n    assert same(values, [1])', tests)
        self.assertIn(u'def test_announce_1():\n    """announce in shop.py"""\n    with watched() as seen:\n'
                      u"        assert shop.announce('ann') is None\n    assert same(seen.stdout, 'hello ann\\n')", tests)
        self.assertIn(u'def test_check_1():\n    """check in shop.py"""\n'
                      u"    with raises('shop:BasketError', 'no text given'):\n        shop.check('')", tests)

    # old against new

    def test_faults_are_found_by_running_both_sides(self):
        self.project.faulty("migrated", ("sum(numbers) // len(numbers)", "sum(numbers) / float(len(numbers))"),
                            ("values[:count]", "values[:count + 1]"), ("return len(text)", "return str(len(text))"))
        self.project.own("iama_variations.py", "--calls", self.project.path("choice.json"), "--out", self.project.path("varied.json"))
        for name, code, seed in (("old0", "legacy", 0), ("old1", "legacy", 1), ("new", "migrated", 0)):
            self.project.replay("varied.json", name + ".jsonl", code, seed)
        self.project.own("iama_compare.py", "--calls", self.project.path("varied.json"), "--legacy", self.project.path("old0.jsonl"),
                         self.project.path("old1.jsonl"), "--migrated", self.project.path("new.jsonl"), "--out",
                         self.project.path("differences.json"), "--scripts", self.project.path("scripts"))
        found = self.project.read("differences.json")
        self.assertEqual(sorted(set(entry["function"] for entry in found["differences"])), ["average", "check", "first"])
        self.assertIn("it ends the process", [entry["reason"] for entry in found["excluded"] if entry["function"] == "leave"])
        self.assertIn("it takes too long", [entry["reason"] for entry in found["excluded"] if entry["function"] == "forever"])
        entry = [entry for entry in found["differences"] if entry["function"] == "first" and entry["variation"] is None][0]
        script = os.path.join(self.project.path("scripts"), entry["script"])
        self.assertEqual([self.project.step(script, self.project.path(code)).strip() for code in ("legacy", "migrated")], [
            "result: [1, 2]", "result: [1, 2, 3]"] if entry["legacy"]["value"] == "[1, 2]" else [
            "result: 'a'", "result: 'ab'"])


if __name__ == "__main__":
    unittest.main()
