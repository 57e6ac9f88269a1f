# -*- coding: utf-8 -*-
"""Finds calls that the recorded ones lack: those that run other lines. CPython 2.7 and 3.6 to 3.13 on POSIX, standard library only.

    LEGACY iama_grow.py --choice choice.json --plan plan.json --root DIR --out grown.json --pythonpath DIR…
                        [--aims aims.json] [--seconds 60] [--tries 6000] [--per-function 8] [--seed 0]

Working directory: any. Each call runs in a forked child of a process that has imported its module. Public functions and methods
are called with variations of recorded arguments, with arguments that other functions were given under the same name, and with
plain values. A call is kept when it runs lines that no chosen call runs, or, up to a bound, when its function has not yet given
that outcome. What ends in an exception that no raise statement of the project made is what a wrong argument gives, and is not
kept. What modules and classes hold as data comes along as calls of the form ``value``.
"""
from __future__ import print_function

import argparse
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time

import characterization_support as support
import iama_replay
from iama_attempts import MOST_ABSENT, Absent, attempt
from iama_brought import Brought, noted, plain_calls, targets_of, values_of
from iama_calls import id_of, key_of, read_json, write_json
from iama_hints import functions_in, hints_of
from iama_programs import runs_of
from iama_recorder import is_public
from iama_records import to_json
from iama_targets import READ_AS, data_of, functions_of, left_behind, lone_name, module_name
from iama_texts import composed, edited, fitting, literal, spelled, texts_in
from iama_variations import varied, variants
from iama_write_tests import STRINGS

_clock, _exit, _fork, _pipe = getattr(time, "monotonic", time.time), os._exit, os.fork, os.pipe
SHAPE = re.compile(r"(named|new|bound|module)\('[^']*'|build\('[^']*'(, \w+=)?|[a-z_]+\(|.")
PLAIN = ("None", "0", "1", "-1", "2", "10", "0.5", "True", "False", "''", "'a'", "'abc'", "'1'", "u'abc'", "[]", "[1, 2]", "['a', 'b']",
         "()", "(1, 2)", "{}", "{'a': 1}", "memory_file('a b')", "datetime(2003, 9, 25, 10, 36, 28)", "date(2003, 9, 25)")
ENDS = ("result", "raise")
FIELDS = ("module", "function", "form", "file", "receiver", "arguments", "parameters", "keywords", "drawn")
TOGETHER = 24
# What a line that will be rewritten weighs beside one that will not.
AIMED = 12
PROGRAM_SECONDS, ALL_PROGRAMS_SECONDS = 30, 90
# For everything that comes along in one file.
BROUGHT_SECONDS = 12


# --- what a call says ---------------------------------------------------------------------------------------------------


def says_something(outcome):
    if outcome is None or outcome["kind"] not in ENDS or outcome.get("files"):
        return False
    if outcome["kind"] == "raise":
        return bool(outcome.get("own")) or outcome["type"] == "SystemExit"
    return not (outcome.get("value") or "").startswith("opaque(") or bool(outcome.get("changed") or outcome.get("stdout"))


# --- the search --------------------------------------------------------------------------------------------------------


def text_of(outcome):
    return repr((outcome["kind"], outcome.get("value"), outcome.get("type"), outcome.get("changed"), outcome.get("stdout")))


class Values(object):
    """Arguments that were seen, by the name of their parameter, and instances by their class."""

    def __init__(self, calls):
        self.by_name, self.instances = {}, {}
        for call in calls:
            self.learn(call)

    def learn(self, call):
        for name, text in list(zip(call["parameters"], call["arguments"])) + [tuple(pair) for pair in call["keywords"]]:
            self.add(self.by_name, name, text)
        if call["form"] in ("method", "property") and call["receiver"]:
            self.add(self.instances, "%s:%s" % (call["module"], call["function"].rpartition(".")[0]), call["receiver"])
        if call["form"] == "construct":
            parts = call["arguments"] + ["%s=%s" % tuple(pair) for pair in call["keywords"]]
            name = "%s:%s" % (call["module"], call["function"].rpartition(".")[0])
            self.add(self.instances, name, "new(%s)" % ", ".join(["%r" % str(name)] + parts))

    @staticmethod
    def add(table, name, text):
        values = table.setdefault(name, [])
        if text not in values and len(values) < 40 and len(text) < 1000:
            values.append(text)


class Search(object):
    """The calls of one module."""

    def __init__(self, targets, values, covered, options):
        self.targets, self.values, self.covered, self.options = targets, values, covered, options
        self.random = random.Random(options.seed)
        self.known, self.made = set(), []
        self.words = sorted(set(text for target in targets for text in map(literal, target.constants) if text and len(text) < 30))

    def open_lines(self, target):
        """How much is left to run; what is to be rewritten counts most."""
        return sum(AIMED if line in target.aimed else 1 for line in target.lines if (target.path, line) not in self.covered)

    def run(self, calls, deadline, tries):
        by_name = dict((target.name, target) for target in self.targets)
        for call in calls:
            self.known.add(key_of(call))
            if call["function"] in by_name:
                target = by_name[call["function"]]
                target.seeds.append(dict((name, call.get(name)) for name in FIELDS))
                target.outcomes.add(self.shown(target, call, call["replayed"]))
        while tries > 0 and _clock() < deadline:
            batch = self.batch(min(tries, TOGETHER))
            if not batch:
                return
            tries -= len(batch)
            # Together they are quick; what one of them may owe to another is tried alone before it is kept.
            outcomes = attempt([call for _, call in batch], self.options)
            for (target, call), outcome in zip(batch, outcomes):
                if self.adds(target, call, outcome):
                    self.judge(target, call, attempt([call], self.options)[0])

    def batch(self, count):
        """Calls to try next."""
        found = []
        for _ in range(count * 4):
            target = self.next_target()
            if target is None or len(found) == count:
                break
            target.tries += 1
            call = self.candidate(target)
            if call is not None and key_of(call) not in self.known:
                self.known.add(key_of(call))
                found.append((target, call))
        return found

    def next_target(self):
        """The one with most lines open for the tries that it has had."""
        def merit(target):
            wanted = self.open_lines(target)
            wanted += 3 if target.aimed and target.kept < self.bound(target) else 0
            wanted += 1 if target.kept < self.bound(target) and is_public(target.name.rpartition(".")[2]) else 0
            return float(wanted) / (1 + target.tries)
        best = max(self.targets, key=merit) if self.targets else None
        return best if best is not None and merit(best) > 0.004 else None

    def adds(self, target, call, outcome):
        """Whether an outcome comes from lines that no call ran before, or is another one of a public function."""
        if not says_something(outcome):
            return False
        if any((path, line) not in self.covered for path in outcome["lines"] for line in outcome["lines"][path]):
            return True
        if self.shown(target, call, outcome) in target.outcomes or target.kept >= self.bound(target):
            return False
        # Of a private function only what it does at the places that matter.
        return is_public(target.name.rpartition(".")[2]) or bool(target.aimed.intersection(outcome["lines"].get(target.path, ())))

    @staticmethod
    def shown(target, call, outcome):
        """What makes an outcome another one; where it matters most, the sort of arguments that gave it, too."""
        shapes = tuple(SHAPE.match(text).group(0) for text in call["arguments"]) if target.aimed else ()
        return text_of(outcome), shapes

    def bound(self, target):
        """How many calls beyond those that run new lines are kept of a function."""
        return self.options.per_function * (3 if target.aimed else 1)

    def judge(self, target, call, outcome):
        if not self.adds(target, call, outcome):
            return
        lines = set((path, line) for path in outcome["lines"] for line in outcome["lines"][path])
        is_new, text = bool(lines - self.covered), self.shown(target, call, outcome)
        self.covered |= lines
        target.outcomes.add(text)
        target.kept += not is_new
        target.seeds.append(call)
        self.values.learn(call)
        self.made.append(dict(call, id=id_of(call), lines=outcome["lines"], outcome=None, changed={}))

    def candidate(self, target):
        """A variation of a call that is known, or one with arguments from elsewhere."""
        if target.sweep and target.form != "property":
            name, text = target.sweep.pop(0)
            call = self.generated(target)
            if name in call["parameters"]:
                call["arguments"][call["parameters"].index(name)] = text
            else:
                call["keywords"] = [pair for pair in call["keywords"] if pair[0] != name] + [[name, text]]
            return call
        if target.seeds and self.random.random() < 0.7:
            # The latest ones have come furthest.
            seed = self.random.choice(target.seeds[-12:] if self.random.random() < 0.5 else target.seeds)
            if self.random.random() < 0.4:
                return self.reworded_call(target, seed)
            made = varied(dict(seed, id=""), self.random.random(), 1) if seed["arguments"] or seed["keywords"] else []
            if made and self.random.random() < 0.7:
                return dict((name, made[0].get(name)) for name in FIELDS)
            return self.refilled(target, seed)
        return self.generated(target)

    def value_for(self, name, target):
        seen = self.values.by_name.get(name)
        if name in target.reads and self.random.random() < 0.5:
            made = self.changed(self.random.choice(target.texts), target)
            return READ_AS[target.reads[name]] % made
        if target.constants and self.random.random() < 0.3:
            if self.random.random() < 0.5:
                return self.composed(target, seen or ())
            return self.random.choice(("%s", "%s", "[%s]", "{%s: 0}")) % self.random.choice(target.constants)
        if seen and self.random.random() < 0.9:
            text = self.random.choice(seen)
            if self.random.random() < 0.3:
                text = self.random.choice(variants(text))[1]
            return text
        return self.random.choice(PLAIN)

    def composed(self, target, seen):
        """A text of words that the code knows, alone or within one that was seen."""
        known = [text for text in map(literal, seen) if text]
        word = lambda: self.word(target)
        if known and self.random.random() < 0.7:
            return spelled(edited(self.random, self.random.choice(known), word))
        return spelled(composed(self.random, word))

    def word(self, target):
        """One that the function compares with, or another one of its module."""
        own = [text for text in map(literal, target.constants) if text]
        return self.random.choice(own if own and self.random.random() < 0.5 else self.words or ["a"])

    def changed(self, text, target):
        return spelled(edited(self.random, text, lambda: self.word(target)))

    def reworded(self, text, target):
        """An expression with one of its texts changed, wherever it stands."""
        found = [match for match in STRINGS.finditer(text) if literal(match.group(0))]
        found = [match for match in found if not text[:match.start()].endswith(("new(", "build(", "named("))]
        if not found:
            return None
        match = self.random.choice(found)
        return text[:match.start()] + self.changed(literal(match.group(0)), target) + text[match.end():]

    def reworded_call(self, target, seed):
        """A call with one text changed in its arguments or in the making of its instance."""
        call = dict(seed, arguments=list(seed["arguments"]))
        slots = list(range(len(call["arguments"]))) + ["receiver"] * bool(seed["form"] in ("method", "property"))
        if not slots:
            return None
        slot = self.random.choice(slots)
        made = self.reworded(call["receiver"] if slot == "receiver" else call["arguments"][slot], target)
        if made is None:
            return None
        if slot == "receiver":
            call["receiver"] = made
        else:
            call["arguments"][slot] = made
        return call

    def receiver_for(self, target):
        if target.form in ("function", "static"):
            return None
        if target.form in ("class", "construct"):
            return "named(%r)" % str(target.owner)
        seen = self.values.instances.get(target.owner)
        if seen and self.random.random() < 0.9:
            return self.random.choice(seen)
        making = [other for other in self.targets if other.form == "construct" and other.owner == target.owner]
        if not making or self.random.random() < 0.2:
            return "%s(%r)" % (self.random.choice(("new", "build")), str(target.owner))
        names = making[0].parameters[:making[0].needed]
        return "new(%s)" % ", ".join(["%r" % str(target.owner)] + [self.value_for(name, making[0]) for name in names])

    def refilled(self, target, seed):
        """The same call on another instance, or with one argument from elsewhere."""
        call = dict(seed, arguments=list(seed["arguments"]), keywords=[list(pair) for pair in seed["keywords"]])
        if call["form"] in ("method", "property"):
            call["receiver"] = self.receiver_for(target)
        if call["arguments"] and self.random.random() < 0.7:
            index = self.random.randrange(len(call["arguments"]))
            name = call["parameters"][index] if index < len(call["parameters"]) else None
            call["arguments"][index] = self.value_for(name, target)
        left = [name for name in target.parameters[target.needed:] if name not in [pair[0] for pair in call["keywords"]]]
        if left and self.random.random() < 0.4:
            name = self.random.choice(left)
            call["keywords"].append([name, self.value_for(name, target)])
        return call

    def generated(self, target):
        names = target.parameters[:target.needed]
        optional = [name for name in target.parameters[target.needed:] if self.random.random() < 0.3]
        if target.form == "property":
            names, optional = [], []
        return {"module": target.module, "function": target.name, "form": target.form, "file": target.path,
                "receiver": self.receiver_for(target), "arguments": [self.value_for(name, target) for name in names], "parameters": names,
                "keywords": [[name, self.value_for(name, target)] for name in optional], "drawn": target.drawn}


def value_call(module, path, name):
    call = {"module": module, "function": name, "form": "value", "file": path, "receiver": None, "arguments": [],
            "parameters": [], "keywords": [], "drawn": None, "outcome": None, "changed": {}, "lines": {}}
    return dict(call, id=id_of(call))


def of_module(name, path, lone, calls, values, covered, options, deadline):
    """The calls that a module gains; empty when it cannot be imported without doing something."""
    with support.watched() as seen:
        absent = brought_in(name, path, lone)
    if seen.stdout or seen.stderr or seen.files or seen.environment:
        return []
    module = sys.modules[name]
    left = left_behind(next((full for full in options.paths if options.paths[full] == path), path))
    made = [value_call(name, path, found) for found, value in data_of(module, left) if not support.spelled(value).text.startswith("opaque(")]
    search = Search(aimed(list(functions_of(module, path)), module, path, options), values, covered, options)
    search.run(calls, deadline, options.tries)
    extra = dict([("alone", True)] * bool(lone) + [("absent", absent)] * bool(absent))
    return [dict(call, **extra) for call in made + search.made]


def of_brought(brought, calls, values, options):
    """The calls of what comes along in one file."""
    if not brought.bring_in():
        return []
    # The library's code is no file of the project: where it goes is told by lines of a name that nothing else has.
    label, source = "<%s>" % brought.path, getattr(brought.source, "__file__", None)
    if source:
        options.paths[os.path.realpath(source[:-1] if source.endswith((".pyc", ".pyo")) else source)] = label
        options.touched[label] = frozenset(range(1, 100000))
    made = [value_call(brought.source.__name__, label, name) for name in values_of(brought)]
    targets = targets_of(brought, label)
    handed_on = in_own_process(lambda: noted(brought, [target.name for target in targets], calls, options.project), BROUGHT_SECONDS)
    aimed([target for target in targets if target.lines], brought.source, label, options)
    # All of it is new in the migrated code.
    options.per_function *= 2
    search = Search(targets, values, set(), options)
    given = [given_call(targets, entry) for entry in handed_on or []]
    # What tests make comes first, and of the others what is plain.
    given.sort(key=lambda entry: 0 if entry[2] else 2)
    count = sum(is_recorded for _, _, is_recorded in given)
    given[count:count] = [given_call(targets, entry + [False]) for target in targets for entry in plain_calls(target)]
    for first in range(0, len(given), TOGETHER):
        batch = given[first:first + TOGETHER]
        for (target, call, is_recorded), outcome in zip(batch, attempt([call for _, call, _ in batch], options)):
            count = len(search.made)
            search.judge(target, call, outcome)
            for found in search.made[count:]:
                found["noted"] = is_recorded
    search.run([], _clock() + BROUGHT_SECONDS, options.tries)
    made = [brought.named(call) for call in made + search.made]
    return [dict(call, id=id_of(call)) for call in made]


def given_call(targets, entry):
    """Target, call, and whether tests make it, of a call that was seen."""
    name, arguments, keywords, is_recorded = entry
    target = next(target for target in targets if target.name == name)
    names = (target.parameters + [None] * len(arguments))[:len(arguments)]
    return target, {"module": target.module, "function": name, "form": "function", "file": target.path, "receiver": None,
                    "arguments": arguments, "parameters": names, "keywords": keywords, "drawn": target.drawn}, is_recorded


def aimed(targets, module, path, options):
    """The targets of a module, which know what their conditions ask for and which of their lines matter most."""
    full = [full for full in options.paths if options.paths[full] == path]
    try:
        nodes = functions_in(full[0])
    except (IndexError, SyntaxError, ValueError, TypeError, IOError):
        nodes = {}
    for target in targets:
        node = nodes.get(target.place)
        members = vars(vars(module)[target.name.partition(".")[0]])
        hints, reads = hints_of(node, target.parameters, vars(module), members) if node is not None else ([], {})
        target.aim(hints, options.touched.get(path, frozenset()))
        # What is read as a file is understood by others of the module.
        known = target.constants if "file" not in reads.values() else [text for other in targets for text in other.constants]
        target.read(reads, fitting(options.texts, known) if reads else [])
    return targets


def brought_in(name, path, lone):
    """Imports a module. Gives the modules that it cannot do without, where there is none of them and it lies in no package."""
    if not lone:
        __import__(name)
        return []
    absent = []
    while True:
        noted = Absent()
        sys.meta_path.append(noted)
        try:
            support.alone(path, *absent)
            return absent
        except ImportError:
            # What was asked for last is what was missing.
            asked = [other for other in noted.names if other != name and other not in absent]
            if not asked or len(absent) == MOST_ABSENT:
                raise
            absent.append(asked[-1])
        finally:
            sys.meta_path.remove(noted)


def in_own_process(work, seconds):
    """The result of a function that gives JSON, worked out in a child; None when it does not come to an end."""
    reader, writer = _pipe()
    child = _fork()
    if child == 0:
        os.close(reader)
        try:
            signal.signal(signal.SIGALRM, iama_replay.ring)
            data = to_json(work()).encode("ascii") + b"\n"
            while data:
                data = data[os.write(writer, data):]
        except BaseException as error:
            sys.__stdout__.write("%s: %s\n" % (type(error).__name__, error))
        finally:
            _exit(0)
    os.close(writer)
    said = iama_replay.read_all(reader, seconds)
    os.close(reader)
    try:
        os.kill(child, signal.SIGKILL)
    except OSError:
        pass
    os.waitpid(child, 0)
    try:
        return json.loads(said.decode("ascii")) if said else None
    except ValueError:
        return None


def native(path):
    """A path or name of the plan as this version of Python has them."""
    return path.encode("utf-8") if support.PY2 else path


def aims_of(path):
    """The lines that will be rewritten, by file, the files among them that may be programs, and what will come along."""
    if path is None:
        return {}, [], []
    aims = read_json(path, "iama.aims/1")
    lines = dict((native(path), frozenset(line for first, last in aims["touched"][path] for line in range(first, last + 1)))
                 for path in aims["touched"])
    brought = [dict((name, native(entry[name]) if name == "file" else [native(text) for text in entry[name]]) for name in entry)
               for entry in aims.get("brought") or ()]
    return lines, [native(path) for path in aims["programs"]], brought


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--choice", required=True)
    parser.add_argument("--plan", required=True)
    parser.add_argument("--aims")
    parser.add_argument("--out", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--pythonpath", nargs="*", default=[])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--tries", type=int, default=6000)
    parser.add_argument("--per-function", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    choice = read_json(options.choice, "iama.choice/1")
    folders = [os.path.realpath(folder) for folder in options.pythonpath]
    root = os.path.realpath(options.root)
    files = [native(path) for path in read_json(options.plan, "iama.recorder/1")["files"]]
    options.paths = dict((os.path.realpath(os.path.join(root, path)), path) for path in files)
    options.project = iama_replay.Project(folders)
    options.touched, programs, coming = aims_of(options.aims)
    sys.dont_write_bytecode = True
    sys.path[1:1] = folders
    sys.argv[:] = ["grow"]
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    names = []
    for full, path in sorted(options.paths.items()):
        name = module_name(full, folders)
        lone = None if name else in_own_process(lambda: lone_name(full), 10)
        if name or lone:
            names.append((str(name or lone), path, bool(lone)))
    values, made, options.texts = Values(choice["calls"]), [], texts_in(choice["calls"])
    covered = set((path, line) for path in choice["lines"] for line in choice["lines"][path])
    began = _clock()
    for path in programs:
        if _clock() > began + ALL_PROGRAMS_SECONDS:
            break
        full = os.path.join(root, path)
        options.paths.setdefault(os.path.realpath(full), path)
        # What a program changes in the interpreter is gone with it.
        found = in_own_process(lambda: runs_of(path, full, covered, options), PROGRAM_SECONDS) or []
        made.extend(found)
        covered.update((file, line) for call in found for file in call["lines"] for line in call["lines"][file])
    began = _clock()
    weights = [1 + len(options.touched.get(path, ())) for _, path, _ in names]
    for index, (name, path, lone) in enumerate(names):
        # What a module leaves of its share goes to the ones after it.
        left = max(0.0, began + options.seconds - _clock())
        share = max(1.0, left * weights[index] / sum(weights[index:]))
        deadline = _clock() + share
        calls = [call for call in choice["calls"] if call["module"] == name]
        found = in_own_process(lambda: of_module(name, path, lone, calls, values, covered, options, deadline), share + 10) or []
        made.extend(found)
        for call in found:
            covered.update((file, line) for file in call["lines"] for line in call["lines"][file])
            if call["form"] != "value":
                values.learn(call)
    for entry in coming:
        brought = Brought(entry, folders, root)
        made.extend(in_own_process(lambda: of_brought(brought, choice["calls"] + made, values, options), BROUGHT_SECONDS * 3) or [])
    shutil.rmtree(folder, True)
    write_json(options.out, {"schema": "iama.calls/1", "calls": made, "quarantined": [], "blocked": {}})
    print("%d calls more" % len(made))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
