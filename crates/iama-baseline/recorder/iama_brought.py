# -*- coding: utf-8 -*-
"""Calls of what a migration brings along: functions in place of builtins that are gone, and modules in place of those that the
library no longer has. CPython 2.7 and 3.6 to 3.13 on POSIX, standard library only.

The legacy code has the builtin, or the library's own module. What it is called with is noted while chosen calls run, more such
calls are looked for, and each goes by the place where the migrated code has it: ``brought('package._py2_rfc822', 'parsedate')``.
"""
import ast
import os
import re
import sys
import types

import characterization_support as support
import iama_replay
from iama_calls import PROGRAMS
from iama_hints import KINDS
from iama_targets import Target, functions_of, is_data, module_name
from iama_texts import edits_of, literal, spelled
from iama_variations import variants

PREFIX = support.BROUGHT
# Calls of the project that are run to see what they hand on, and what is kept of it for one function.
RUN, KEPT = 300, 60
CALL_SECONDS = 0.5
# What the library's modules of that sort read: dates, addresses, numbers, headers, markup.
SAMPLES = ("Thu, 25 Sep 2003 10:36:28 -0300", "25 Sep 03 10:36 EST", "Ann Other <ann@example.org>, b@example.org", "2003-09-25", "-1.5",
           "Subject: one\nDate: Thu, 25 Sep 2003 10:36:28 GMT\n\nbody\n", "<p class='a'>one &amp; two<br></p>")
EDITS = 24
SIGNATURE = re.compile(r"\w+\(([\w, ]*)")


class Brought(object):
    """What comes along in one file: the module of that file, the modules that use it, and the names that they use."""

    def __init__(self, entry, folders, root):
        full = lambda path: os.path.realpath(os.path.join(root, path))
        self.path = entry["file"]
        self.place = module_name(full(self.path), folders)
        last = (self.place or "").rpartition(".")[2]
        self.library = last[len(PREFIX):] if last.startswith(PREFIX) else None
        self.paths = [path for path in entry["users"] if module_name(full(path), folders)]
        self.users = [str(module_name(full(path), folders)) for path in self.paths]
        self.names = list(entry["names"])
        if self.library is not None:
            self.names = sorted(set(name for path in self.paths for name in names_of(full(path), self.library)))

    def bring_in(self):
        """Imports the users and what they use; whether there is anything to call, and the users did nothing but define things."""
        if self.place is None or not self.users:
            return False
        with support.watched() as seen:
            for user in self.users:
                __import__(user)
            self.source = support.module(self.library or object.__module__)
        self.names = [str(name) for name in self.names if hasattr(self.source, name)]
        return bool(self.names) and not (seen.stdout or seen.stderr or seen.files or seen.environment)

    def named(self, call):
        """A call of the builtin or of the library as one of what comes along."""
        return dict(call, module=self.place, file=self.path, lines={}, brought=self.users)


def names_of(path, library):
    """What a file uses of a module of the library."""
    try:
        with open(path, "rb") as stream:
            tree = compile(stream.read(), path, "exec", ast.PyCF_ONLY_AST, True)
    except (SyntaxError, ValueError, TypeError, IOError):
        return set()
    found, aliases = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases.update(entry.asname or entry.name for entry in node.names if entry.name == library)
        elif isinstance(node, ast.ImportFrom) and node.module == library and not node.level:
            found.update(entry.name for entry in node.names if entry.name != "*")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", None) in aliases:
            found.add(node.attr)
    return found


class Builtin(Target):
    """A function without code of its own that could tell what it takes: its documentation does."""

    def __init__(self, module, path, name, function):
        self.module, self.path, self.name, self.form = module, path, name, "function"
        signature = SIGNATURE.match(function.__doc__ or "")
        self.parameters = [part.strip() for part in signature.group(1).split(",") if part.strip()] if signature else []
        self.needed = len(self.parameters)
        self.lines, self.constants, self.drawn, self.reads, self.texts = set(), [], None, {}, []
        self.seeds, self.outcomes, self.kept, self.tries = [], set(), 0, 0
        self.sweep = [(name, text) for text in KINDS for name in self.parameters]
        # As much as a place that is rewritten: all of it is new in the migrated code.
        self.aimed = frozenset([0])


def targets_of(brought, label):
    """The functions that come along, as the legacy code has them."""
    made = [target for target in functions_of(brought.source, label) if target.name in brought.names]
    for name in brought.names:
        function = getattr(brought.source, name)
        if type(function) is types.BuiltinFunctionType:
            made.append(Builtin(brought.source.__name__, label, name, function))
    return made


def plain_calls(target):
    """[function, arguments, keywords] with what a person would try first: for a builtin two of a kind that are the same or nearly
    the same, for a function of the library the texts that such modules read."""
    made = []
    # Where instances have no order of their own, it goes by where they lie.
    for text in [text for text in KINDS if "new(" not in text and "_file(" not in text] if isinstance(target, Builtin) else ():
        same = [text] * target.needed
        made.append(same)
        made += [same[:index] + [other] + same[index + 1:] for _, other in variants(text)[:2] for index in range(target.needed)]
    words = [text for text in map(literal, target.constants) if text and text.strip()]
    for sample in () if isinstance(target, Builtin) or target.needed != 1 else SAMPLES:
        made += [[spelled(text)] for text in [sample] + edits_of(sample, words)[:EDITS]]
    return [[target.name, arguments, []] for arguments in made]


def values_of(brought):
    """The names of the data that comes along."""
    return [name for name in brought.names if is_data(getattr(brought.source, name))]


def noted(brought, names, calls, project):
    """[function, arguments, keywords, whether a test makes it run] of calls that the project's code makes while its own calls run.
    Changes this process."""
    found, seen = [], dict((name, set()) for name in names)
    modules = [vars(brought.source)] * bool(brought.library) + [vars(sys.modules[user]) for user in brought.users]
    for name in names:
        function = getattr(brought.source, name)
        noting = noting_calls(function, name, seen[name], found)
        for held in modules:
            if brought.library is None or held.get(name) is function:
                held[name] = noting
    running = [call for call in calls if call["form"] not in PROGRAMS and not call.get("alone") and reaches(call, brought.paths)]
    made = []
    # What tests make comes first in the list of calls.
    for call in running[:RUN]:
        iama_replay.perform(call, project, CALL_SECONDS)
        made += [entry + ["replayed" in call and not call.get("grown")] for entry in found[len(made):]]
    return made


def reaches(call, paths):
    return call["form"] != "value" and any(path in call["lines"] or call["file"] == path for path in paths)


def noting_calls(function, name, seen, found):
    def noting(*arguments, **keywords):
        if len(seen) < KEPT:
            spelled = [support.spelled(value, True) for value in arguments]
            named = [(key, support.spelled(keywords[key], True)) for key in sorted(keywords)]
            texts = [entry.text for entry in spelled], [[key, entry.text] for key, entry in named]
            if repr(texts) not in seen and not any(entry.blocked for entry in spelled + [entry for _, entry in named]):
                seen.add(repr(texts))
                found.append([name, texts[0], texts[1]])
        return function(*arguments, **keywords)
    return noting
