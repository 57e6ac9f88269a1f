# -*- coding: utf-8 -*-
"""Finds runs of a project's programs that show what they do. CPython 2.7 and 3.6 to 3.13 on POSIX, standard library only.

A program is a file that does something when it is run: a set-up script, one that asks for ``__main__``, one whose statements
print or call. It is run with the words that it knows as arguments. What a run leaves behind counts as for any other call.
"""
import ast
import itertools
import os
import re

import characterization_support as support
from iama_attempts import MOST_ABSENT, attempt
from iama_calls import id_of

# A run imports what the program needs.
SECONDS = 4.0
RUNS = 40
KEPT = 6
OPTION = re.compile(r"--?[A-Za-z][\w-]*=?\Z")
WORD = re.compile(r"[\w./:-]{1,20}\Z")
TYPED = ("ImportError",)


class Script(object):
    """What can be seen of a file without running it."""

    def __init__(self, path, full):
        self.path = path
        with open(full, "rb") as stream:
            source = stream.read()
        if not path.endswith(".py") and not re.match(br"#!.*python", source):
            raise ValueError("no Python")
        # Its own encoding is named in the source.
        self.tree = compile(source, full, "exec", ast.PyCF_ONLY_AST, True)
        words = [text for text in map(text_of, ast.walk(self.tree)) if text]
        self.options = sorted(set(word for word in words if OPTION.match(word)))
        self.imports = set(name for node in ast.walk(self.tree) for name in imported(node))
        self.words = sorted(set(word for word in words if WORD.match(word) and not OPTION.match(word)))

    def hands_over(self):
        """Whether it is a set-up script."""
        return any(isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", None)) == "setup"
                   for node in ast.walk(self.tree))

    def does_something(self):
        return any(acts(statement) for statement in self.tree.body) or not self.path.endswith(".py")

    def arguments(self):
        """Lists of arguments, the plain ones first."""
        yield []
        for option in ["--help", "--version"] + [option for option in self.options if option not in ("--help", "--version")]:
            yield [option]
        for word in self.words[:10]:
            yield [word]
        yield [self.path]
        yield ["-"]
        for option, word in itertools.product(self.options, self.words[:4] + [self.path, "-"]):
            yield [option, word]
        for one, other in itertools.combinations(self.options, 2):
            yield [one, other, self.path]


    def is_fact(self, call, outcome):
        """Whether a run ends as the program meant it, or for the lack of a module. With no arguments of ours, what it prints
        before it fails is a fact, too."""
        if outcome is None or outcome["kind"] not in ("result", "raise") or outcome.get("files"):
            return False
        # What the library says of options differs between versions.
        if "argparse" in self.imports and "usage:" in (outcome.get("stdout") or "") + (outcome.get("stderr") or ""):
            return False
        if "optparse" in self.imports and outcome.get("value") == "2":
            return False
        own = outcome["kind"] == "result" or bool(outcome.get("own")) or outcome["type"] in TYPED
        return own or bool(outcome.get("stdout")) and not call["arguments"]


def imported(node):
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", None)]


def text_of(node):
    value = getattr(node, "s", None) if type(node).__name__ in ("Str", "Constant") else None
    try:
        return str(value) if isinstance(value, (str, support.Text)) else None
    except ValueError:
        return None


def acts(statement):
    """Whether a statement of a module does more than to name things."""
    name = type(statement).__name__
    if name == "Expr":
        return isinstance(statement.value, ast.Call)
    if name == "If" and "__main__" in [text_of(node) for node in ast.walk(statement.test)]:
        return True
    inner = [entry for part in ("body", "orelse", "finalbody") for entry in getattr(statement, part, ())]
    return name == "Print" or name not in ("FunctionDef", "ClassDef") and any(map(acts, inner))


def call_of(path, form, arguments, absent):
    function = path if form == "program" else path + ":setup"
    call = {"module": re.sub(r"\W+", "_", path), "function": function, "form": form, "file": path, "receiver": None,
            "arguments": ["%r" % argument for argument in arguments], "parameters": [None] * len(arguments), "keywords": [],
            "drawn": None, "outcome": None, "changed": {}}
    if absent:
        call["absent"] = absent
    return dict(call, id=id_of(call))


def lines_in(outcome):
    return set((path, line) for path in outcome["lines"] for line in outcome["lines"][path])


def runs_of(path, full, covered, options):
    """The runs of a program that run other lines, or do something else."""
    try:
        script = Script(path, full)
    except (SyntaxError, ValueError, TypeError, IOError):
        return []
    made, seen = [], set()
    attempts = [call_of(path, "setup", [], [])] if script.hands_over() else []
    if script.does_something() and not script.hands_over():
        attempts += [call_of(path, "program", arguments, []) for arguments in itertools.islice(script.arguments(), RUNS)]
    while attempts:
        call = attempts.pop(0)
        outcome = attempt([call], options, SECONDS)[0]
        lacking, absent = (outcome or {}).get("absent"), call.get("absent") or []
        if lacking and lacking not in absent and len(absent) < MOST_ABSENT:
            arguments = [ast.literal_eval(text) for text in call["arguments"]]
            attempts.insert(0, call_of(path, call["form"], arguments, absent + [lacking]))
        if not script.is_fact(call, outcome):
            continue
        text = repr([outcome.get(name) for name in ("kind", "value", "type", "stdout", "stderr")])
        lines = lines_in(outcome)
        if lines - covered or text not in seen and len(made) < KEPT:
            covered |= lines
            seen.add(text)
            made.append(dict(call, lines=outcome["lines"]))
    return made
