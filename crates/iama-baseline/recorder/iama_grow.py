# -*- coding: utf-8 -*-
"""Finds calls that the recorded ones lack: those that run other lines. CPython 2.7 and 3.6 to 3.13 on POSIX, standard library only.

    LEGACY iama_grow.py --choice choice.json --plan plan.json --root DIR --out grown.json --pythonpath DIR…
                        [--seconds 60] [--tries 6000] [--per-function 8] [--seed 0]

Working directory: any. Each call runs in a forked child of a process that has imported its module. Public functions and methods
are called with variations of recorded arguments, with arguments that other functions were given under the same name, and with
plain values. A call is kept when it runs lines that no chosen call runs, or, up to a bound, when its function has not yet given
that outcome. What ends in an exception that no raise statement of the project made is what a wrong argument gives, and is not
kept. What modules and classes hold as data comes along as calls of the form ``value``.
"""
from __future__ import print_function

import argparse
import ast
import dis
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import types

import characterization_support as support
import iama_replay
from iama_attempts import attempt
from iama_calls import id_of, key_of, read_json, write_json
from iama_recorder import Index, is_public
from iama_records import to_json
from iama_variations import varied, variants
from iama_write_tests import STRINGS

_clock, _exit, _fork, _pipe = getattr(time, "monotonic", time.time), os._exit, os.fork, os.pipe
PLAIN = ("None", "0", "1", "-1", "2", "10", "0.5", "True", "False", "''", "'a'", "'abc'", "'1'", "u'abc'", "[]", "[1, 2]", "['a', 'b']",
         "()", "(1, 2)", "{}", "{'a': 1}", "memory_file('a b')", "datetime(2003, 9, 25, 10, 36, 28)", "date(2003, 9, 25)")
ENDS = ("result", "raise")
FIELDS = ("module", "function", "form", "file", "receiver", "arguments", "parameters", "keywords", "drawn")
TOGETHER = 24
SEPARATORS = ("", " ", ":", ";", "=", ",", "\n", "-", "/", ".")


# --- what can be called ------------------------------------------------------------------------------------------------


class Target(object):
    """A public function: what it takes and the lines that it has."""

    def __init__(self, module, path, name, form, code, defaults):
        self.module, self.path, self.name, self.form = module, path, name, form
        count = code.co_argcount
        first = 0 if form in ("function", "static") else 1
        self.parameters = list(code.co_varnames[:count])[first:]
        self.needed = max(0, len(self.parameters) - len(defaults or ()))
        self.lines, self.constants = lines_of(code), sorted(constants_of(code))
        self.drawn = "all" if code.co_flags & 0x20 else None
        self.seeds, self.outcomes, self.kept, self.tries = [], set(), 0, 0
        # Each word that the function knows is given for each parameter once, before chance takes over.
        self.sweep = [(index, text) for text in self.constants[:30] for index in range(self.needed)]

    @property
    def owner(self):
        return "%s:%s" % (self.module, self.name.rpartition(".")[0])


def lines_of(code):
    """The lines of a function and of those inside it; that of its head is none of them."""
    found = set(line for _, line in dis.findlinestarts(code) if line is not None)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= lines_of(constant)
    return found


def constants_of(code):
    """What a function compares with is what makes it go another way."""
    found = set()
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= constants_of(constant)
        elif isinstance(constant, (bytes, support.Text) + support.integers) and not isinstance(constant, bool):
            spelled = support.spelled(constant, True).text
            if len(spelled) < 60 and "opaque(" not in spelled:
                found.add(spelled)
    return found


class Targets(Index):
    """Private functions, too: what only they run counts as well."""

    @staticmethod
    def wanted(name):
        return is_public(name) or not name.startswith("__")


def module_name(path, folders):
    """The name under which a file is imported; None when the module path does not lead there."""
    folder, name = os.path.split(path)
    parts = [] if name == "__init__.py" else [name[:-3]]
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder, last = os.path.split(folder)
        parts.insert(0, last)
    return ".".join(parts) if parts and folder in folders and name.endswith(".py") else None


def lone_name(path):
    """The name of a file that lies in no package, as long as it does not hide a module that others mean; else None."""
    folder, name = os.path.split(path)
    if not name.endswith(".py") or not support.IDENTIFIER.match(name[:-3]) or os.path.exists(os.path.join(folder, "__init__.py")):
        return None
    try:
        __import__(name[:-3])
    except ImportError:
        return name[:-3]
    except BaseException:
        return None
    return None


def functions_of(module, path):
    """The targets of an imported module."""
    codes = {}
    names = vars(module)
    for name, value in names.items():
        values = [value]
        if isinstance(value, type) or type(value) is support.OldClass:
            values = [getattr(entry, "__func__", entry) for entry in list(vars(value).values())]
            values = [entry.fget if type(entry) is property else entry for entry in values]
        for entry in values:
            if type(entry) is types.FunctionType:
                codes[id(entry.__code__)] = entry.__code__
    for key, (name, form, defaults) in Targets().functions(module.__name__, names):
        if key in codes and not name.rpartition(".")[2] in ("__del__", "__hash__"):
            yield Target(module.__name__, path, name, form, codes[key], defaults)


def data_of(module):
    """(name, value) of the public data of a module and of its classes."""
    for name, value in sorted(vars(module).items()):
        if type(name) is not str or not is_public(name) or name.startswith("__"):
            continue
        if isinstance(value, type) or type(value) is support.OldClass:
            if support.class_names(value) == (module.__name__, name):
                for entry in class_data(name, value):
                    yield entry
        elif is_data(value):
            yield name, value


def class_data(owner, cls):
    members = vars(cls) if type(cls) is support.OldClass else type.__getattribute__(cls, "__dict__")
    for name, value in sorted(members.items()):
        if type(name) is str and is_public(name) and not name.startswith("__") and is_data(value):
            yield "%s.%s" % (owner, name), value


def is_data(value):
    """Whether a value says what the code holds; only those that are read the same way wherever they are."""
    if isinstance(value, (bool, float, complex) + support.integers + (bytes, support.Text)):
        return True
    return type(value) in (list, tuple, dict, set, frozenset, type(support.pattern("", 0))) and len(str(value)) < 20000


# --- what a call says ---------------------------------------------------------------------------------------------------


def literal(text):
    """The text that an expression stands for; None when it stands for something else, or for one that is not ASCII."""
    try:
        value = ast.literal_eval(text)
        return str(value) if isinstance(value, (str, support.Text)) else None
    except (ValueError, SyntaxError, MemoryError, RuntimeError):
        return None


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
        return sum((target.path, line) not in self.covered for line in target.lines)

    def run(self, calls, deadline, tries):
        by_name = dict((target.name, target) for target in self.targets)
        for call in calls:
            self.known.add(key_of(call))
            if call["function"] in by_name:
                target = by_name[call["function"]]
                target.seeds.append(dict((name, call.get(name)) for name in FIELDS))
                target.outcomes.add(call["replayed"].get("value"))
        while tries > 0 and _clock() < deadline:
            batch = self.batch(min(tries, TOGETHER))
            if not batch:
                return
            tries -= len(batch)
            # Together they are quick; what one of them may owe to another is tried alone before it is kept.
            outcomes = attempt([call for _, call in batch], self.options)
            for (target, call), outcome in zip(batch, outcomes):
                if self.adds(target, outcome):
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
            wanted += 1 if target.kept < self.options.per_function and is_public(target.name.rpartition(".")[2]) else 0
            return float(wanted) / (1 + target.tries)
        best = max(self.targets, key=merit) if self.targets else None
        return best if best is not None and merit(best) > 0.004 else None

    def adds(self, target, outcome):
        """Whether an outcome comes from lines that no call ran before, or is another one of a public function."""
        if not says_something(outcome):
            return False
        if any((path, line) not in self.covered for path in outcome["lines"] for line in outcome["lines"][path]):
            return True
        public = is_public(target.name.rpartition(".")[2])
        return public and target.kept < self.options.per_function and text_of(outcome) not in target.outcomes

    def judge(self, target, call, outcome):
        if not self.adds(target, outcome):
            return
        lines = set((path, line) for path in outcome["lines"] for line in outcome["lines"][path])
        is_new, text = bool(lines - self.covered), text_of(outcome)
        self.covered |= lines
        target.outcomes.add(text)
        target.kept += not is_new
        target.seeds.append(call)
        self.values.learn(call)
        self.made.append(dict(call, id=id_of(call), lines=outcome["lines"], outcome=None, changed={}))

    def candidate(self, target):
        """A variation of a call that is known, or one with arguments from elsewhere."""
        if target.sweep and target.form != "property":
            index, text = target.sweep.pop(0)
            call = self.generated(target)
            call["arguments"][index] = text
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
        if known and self.random.random() < 0.7:
            return support.spelled(self.edited(self.random.choice(known), target), True).text
        parts = []
        for _ in range(self.random.randint(1, 6)):
            parts += [self.word(target), self.random.choice(SEPARATORS)]
        return support.spelled("".join(parts[:-1]), True).text

    def word(self, target):
        """One that the function compares with, or another one of its module."""
        own = [text for text in map(literal, target.constants) if text]
        return self.random.choice(own if own and self.random.random() < 0.5 else self.words or ["a"])

    def edited(self, text, target):
        """A text with a line or a part of one changed, left out, moved or put in."""
        pieces = text.splitlines(True) if "\n" in text and self.random.random() < 0.4 else re.findall(r"\w+|\W", text)
        for _ in range(self.random.choice((1, 1, 2, 3))):
            place = self.random.randint(0, len(pieces))
            change = self.random.randrange(5)
            if change == 0:
                pieces[place:place] = [self.word(target), self.random.choice(SEPARATORS)]
            elif change == 1:
                pieces[place:place + 1] = [self.word(target)]
            elif change == 2:
                pieces[place:place] = pieces[:self.random.randint(0, len(pieces))][-1:]
            else:
                del pieces[place:place + self.random.choice((1, 1, 2, 4))]
        return "".join(pieces)

    def reworded(self, text, target):
        """An expression with one of its texts changed, wherever it stands."""
        found = [match for match in STRINGS.finditer(text) if literal(match.group(0))]
        found = [match for match in found if not text[:match.start()].endswith(("new(", "build(", "named("))]
        if not found:
            return None
        match = self.random.choice(found)
        return text[:match.start()] + support.spelled(self.edited(literal(match.group(0)), target), True).text + text[match.end():]

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
        support.alone(path) if lone else __import__(name)
    if seen.stdout or seen.stderr or seen.files or seen.environment:
        return []
    module = sys.modules[name]
    made = [value_call(name, path, found) for found, value in data_of(module) if not support.spelled(value).text.startswith("opaque(")]
    search = Search(list(functions_of(module, path)), values, covered, options)
    search.run(calls, deadline, options.tries)
    return [dict(call, alone=True) if lone else call for call in made + search.made]


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
    """A path of the plan as this version of Python names files."""
    return path.encode("utf-8") if support.PY2 else path


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--choice", required=True)
    parser.add_argument("--plan", required=True)
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
    values, made = Values(choice["calls"]), []
    covered = set((path, line) for path in choice["lines"] for line in choice["lines"][path])
    began = _clock()
    for index, (name, path, lone) in enumerate(names):
        # What a module leaves of its share goes to the ones after it.
        share = max(1.0, (began + options.seconds - _clock()) / (len(names) - index))
        deadline = _clock() + share
        calls = [call for call in choice["calls"] if call["module"] == name]
        found = in_own_process(lambda: of_module(name, path, lone, calls, values, covered, options, deadline), share + 10) or []
        made.extend(found)
        for call in found:
            covered.update((file, line) for file in call["lines"] for line in call["lines"][file])
            if call["form"] != "value":
                values.learn(call)
    shutil.rmtree(folder, True)
    write_json(options.out, {"schema": "iama.calls/1", "calls": made, "quarantined": [], "blocked": {}})
    print("%d calls more" % len(made))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
