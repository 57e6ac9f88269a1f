# -*- coding: utf-8 -*-
"""What of a module can be called, and what it holds as data. CPython 2.7 and 3.6 to 3.13, standard library only."""
import ast
import dis
import os
import types

import characterization_support as support
from iama_hints import KINDS, MATCHED
from iama_recorder import Index, is_public
from iama_texts import EDITS, edits_of, literal, spelled

LEFT_ALONE = frozenset(("__del__", "__hash__", "__new__", "__getattribute__", "__instancecheck__", "__subclasscheck__"))
READ_AS = {"file": "memory_file(%s)", "match": MATCHED, "text": "%s"}


class Target(object):
    """A public function: what it takes and the lines that it has."""

    def __init__(self, module, path, name, form, code, defaults):
        self.module, self.path, self.name, self.form = module, path, name, form
        count = code.co_argcount
        first = 0 if form in ("function", "static") else 1
        self.parameters = list(code.co_varnames[:count])[first:]
        self.needed = max(0, len(self.parameters) - len(defaults or ()))
        self.lines, self.constants = lines_of(code), sorted(constants_of(code))
        self.place = code.co_name, code.co_firstlineno
        self.drawn = "all" if code.co_flags & 0x20 else None
        self.seeds, self.outcomes, self.kept, self.tries = [], set(), 0, 0
        # What its conditions ask for and each word that it knows is given once, before chance takes over.
        self.sweep = [(name, text) for text in self.constants[:30] for name in self.parameters[:self.needed]]
        self.aimed, self.reads, self.texts = set(), {}, []

    def aim(self, hints, touched):
        """``hints``: (parameter, expression) to try first; ``touched``: lines that matter most."""
        # An instance may matter, too, so each is tried on two of them.
        self.sweep = [hint for hint in hints for _ in range(1 if self.form in ("function", "static") else 2)] + self.sweep
        self.aimed = self.lines & touched
        if self.aimed:
            self.sweep += [(name, text) for text in KINDS for name in self.parameters[:self.needed]]

    def read(self, reads, texts):
        """``reads``: the parameters that are read as texts or files; ``texts``: those that fit it, best first."""
        self.reads, self.texts = reads if texts else {}, texts
        words = [text for text in map(literal, self.constants) if text and text.strip()]
        made = [(name, READ_AS[reads[name]] % spelled(other)) for name in sorted(self.reads) for rank, text in enumerate(texts)
                for other in [text] + edits_of(text, words)[:EDITS >> rank]]
        # In turns, so that neither has to wait for the other.
        both = [pair for pairs in zip(self.sweep, made) for pair in pairs]
        self.sweep = both + self.sweep[len(made):] + made[len(self.sweep):]

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
        return name not in LEFT_ALONE


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
        if key in codes:
            yield Target(module.__name__, path, name, form, codes[key], defaults)


def left_behind(path):
    """The names of a module that list comprehensions alone leave there, which Python 3 keeps to themselves."""
    try:
        with open(path, "rb") as stream:
            tree = compile(stream.read(), path, "exec", ast.PyCF_ONLY_AST, True)
    except (SyntaxError, ValueError, TypeError, IOError):
        return frozenset()
    inner = set(id(entry) for node in ast.walk(tree) if isinstance(node, ast.comprehension) for entry in ast.walk(node.target))
    bound = [(id(node) in inner, node.id) for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    named = set(entry.asname or entry.name for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))
                for entry in node.names)
    return frozenset(name for _, name in bound) - set(name for is_inner, name in bound if not is_inner) - named


def data_of(module, left=frozenset()):
    """(name, value) of the public data of a module and of its classes, but for names that are ``left``."""
    for name, value in sorted(vars(module).items()):
        if type(name) is not str or not is_public(name) or name.startswith("__") or name in left:
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
