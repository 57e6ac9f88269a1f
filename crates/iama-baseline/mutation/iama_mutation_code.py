# -*- coding: utf-8 -*-
"""Where a mutant sits and how it gets into a live process: code trees, their differences, ``__code__`` swaps, imports.

Which code objects a mutant changes is found by compiling the source before and after and comparing the two trees: exact on
every version, and it needs no end positions in the syntax tree. Only the top-level statement that holds the mutant is
compiled, padded so that its lines keep their numbers.
"""
import __future__
import ast
import bisect
import dis
import gc
import os
import re
import sys
import types

PY2 = sys.version_info[0] == 2
CODE = types.CodeType
OPTIMIZED = 0x1
FUTURES = 0
for _name in __future__.all_feature_names:
    FUTURES |= getattr(__future__, _name).compiler_flag
# nested_scopes shares its bit with another flag; it is on everywhere.
FUTURES &= ~0x10
ENTERING = {0} | {dis.opmap.get(_name, 0) for _name in ("RESUME", "COPY_FREE_VARS", "MAKE_CELL", "RETURN_GENERATOR", "CACHE")}
RETURN_GENERATOR, POP_TOP = dis.opmap.get("RETURN_GENERATOR"), dis.opmap["POP_TOP"]
COOKIE = re.compile(b"^[ \t\f]*#.*?coding[:=]")


def nested(code):
    """The code objects directly inside another one, in order."""
    return [const for const in code.co_consts if isinstance(const, CODE)]


def constant(value):
    """A comparable form in which 1, 1.0 and True differ."""
    if isinstance(value, CODE):
        return "code"
    if isinstance(value, tuple):
        return tuple(constant(entry) for entry in value)
    if isinstance(value, frozenset):
        return "frozenset", tuple(sorted(repr(constant(entry)) for entry in value))
    return type(value).__name__, repr(value)


def fingerprint(code):
    """What a code object does, without its lines and without what is nested in it."""
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    arguments = (code.co_argcount, getattr(code, "co_kwonlyargcount", 0), getattr(code, "co_posonlyargcount", 0))
    table = getattr(code, "co_exceptiontable", b"")
    return code.co_name, code.co_flags, names, arguments, code.co_code, table, constant(code.co_consts)


class Change(object):
    """A code object before and after; ``own`` when more than what is nested in it changed."""

    __slots__ = ("old", "new", "own", "loose")

    def __init__(self, old, new, own, loose):
        self.old, self.new, self.own, self.loose = old, new, own, loose


def changes(old, new):
    """All pairs that differ, outer ones first. ``loose``: what is nested could not be paired."""
    olds, news = nested(old), nested(new)
    own = fingerprint(old) != fingerprint(new)
    if [code.co_name for code in olds] != [code.co_name for code in news]:
        return [Change(old, new, True, True)]
    found = []
    for before, after in zip(olds, news):
        found.extend(changes(before, after))
    return [Change(old, new, own, False)] + found if own or found else []


def lines_of(code):
    """Lines that a tracer can report, without those that only enter the function (3.11 and later)."""
    if sys.version_info < (3, 11):
        return sorted({line for _, line in dis.findlinestarts(code) if line})
    found, raw = set(), code.co_code
    for start, end, line in code.co_lines():
        operations = set(raw[start:end:2]) - ENTERING
        if line and (operations - {POP_TOP} or operations and RETURN_GENERATOR not in raw[start:end:2]):
            found.add(line)
    return sorted(found)


class Node(object):
    """A code object of a file, in the order of the source."""

    __slots__ = ("index", "code", "parent", "kind", "symbol", "lines")

    def __init__(self, index, code, parent):
        self.index, self.code, self.parent, self.lines = index, code, parent, lines_of(code)
        self.kind = "module" if parent is None else "function" if code.co_flags & OPTIMIZED else "class"
        if parent is None:
            self.symbol = u"<module>"
        else:
            name = code.co_name.decode("utf-8") if PY2 else code.co_name
            self.symbol = name if parent.parent is None else u"%s.%s" % (parent.symbol, name)

    def top_function(self):
        """The outermost function that holds it, or None."""
        found, node = None, self
        while node is not None:
            found = node if node.kind == "function" else found
            node = node.parent
        return found


class Place(object):
    """What a mutant changes: nodes by index with their new code, and the lines of the statement it is in."""

    __slots__ = ("changed", "own", "loose", "lines", "line")

    def __init__(self, changed, own, loose, lines, line):
        self.changed, self.own, self.loose, self.lines, self.line = changed, own, loose, lines, line


class SourceFile(object):
    """A project file with mutants."""

    def __init__(self, root, path):
        native = path.encode("utf-8") if PY2 and not isinstance(path, str) else path
        self.path, self.full = path, os.path.join(root, native)
        with open(self.full, "rb") as stream:
            self.source = stream.read()
        self.code = self.compiled(self.source)
        self.flags = self.code.co_flags & FUTURES
        self.nodes = []
        self._grow(self.code, None)
        self.index = {id(node.code): node.index for node in self.nodes}
        self.by_place = {(node.code.co_firstlineno, node.code.co_name): node.index for node in self.nodes}
        self.starts = [0]
        for match in re.finditer(b"\r\n|\r|\n", self.source):
            self.starts.append(match.end())
        self._read_statements()
        self.pieces = {}

    def compiled(self, source):
        return compile(source, self.full, "exec", 0, True)

    def _grow(self, code, parent):
        node = Node(len(self.nodes), code, parent)
        self.nodes.append(node)
        for entry in nested(code):
            self._grow(entry, node)

    def _read_statements(self):
        tree = compile(self.source, self.full, "exec", ast.PyCF_ONLY_AST, True)
        marks = {node.lineno for node in ast.walk(tree) if isinstance(node, (ast.stmt, ast.excepthandler))}
        self.statements = sorted(mark for mark in marks if mark > 0)
        tops = set()
        for node in tree.body:
            tops.add(min([node.lineno] + [entry.lineno for entry in getattr(node, "decorator_list", ())]))
        self.tops = sorted(top for top in tops if top > 0)

    def line_at(self, offset):
        return bisect.bisect_right(self.starts, offset)

    def statement(self, line):
        """First and last line of the statement part around a line."""
        at = bisect.bisect_right(self.statements, line)
        first = self.statements[at - 1] if at else 1
        last = self.statements[at] - 1 if at < len(self.statements) else len(self.starts)
        return first, max(last, line)

    def mutated(self, mutant):
        return self.source[:mutant["start"]] + mutant["bytes"] + self.source[mutant["end"]:]

    def piece(self, first, last):
        """Bounds of the top-level statement around some lines, its code, and the node that its first nested code is."""
        at = bisect.bisect_right(self.tops, first)
        top = self.tops[at - 1] if at else 1
        bottom = self.tops[at] - 1 if at < len(self.tops) else len(self.starts)
        if last > bottom or not at:
            return None
        if top not in self.pieces:
            self.pieces[top] = self._cut(top, bottom)
        return self.pieces[top]

    def _cut(self, top, bottom):
        begin = self.starts[top - 1]
        end = self.starts[bottom] if bottom < len(self.starts) else len(self.source)
        head = []
        for number in range(min(2, top - 1)):
            line = self.source[self.starts[number]:self.starts[number + 1]].strip()
            head.append(line if COOKIE.match(line) else b"")
        head += [b""] * (top - 1 - len(head))
        prefix = b"".join(line + b"\n" for line in head)
        if self.source.startswith(b"\xef\xbb\xbf") and top > 1:
            prefix = b"\xef\xbb\xbf" + prefix
        try:
            code = compile(prefix + self.source[begin:end], self.full, "exec", self.flags, True)
        except (SyntaxError, ValueError, TypeError):
            return None
        ours = [node for node in self.nodes if node.parent is not None and top <= node.code.co_firstlineno <= bottom]
        theirs = flat(code)[1:]
        if [fingerprint(node.code) for node in ours] != [fingerprint(entry) for entry in theirs]:
            return None
        mapping = {id(entry): node.index for entry, node in zip(theirs, ours)}
        mapping[id(code)] = 0
        return begin, end, prefix, code, mapping

    def place(self, mutant):
        """Place of a mutant; raises SyntaxError or ValueError when it does not compile."""
        line = self.line_at(mutant["start"])
        last = self.line_at(max(mutant["start"], mutant["end"] - 1))
        piece = self.piece(line, last)
        if piece is not None:
            begin, end, prefix, old, mapping = piece
            text = self.source[begin:mutant["start"]] + mutant["bytes"] + self.source[mutant["end"]:end]
            new = compile(prefix + text, self.full, "exec", self.flags, True)
        else:
            old, mapping = self.code, self.index
            new = self.compiled(self.mutated(mutant))
        found = changes(old, new)
        lines = self.statement(line)
        changed = [(mapping[id(change.old)], change.new) for change in found]
        own = [mapping[id(change.old)] for change in found if change.own]
        loose = any(change.loose for change in found)
        return Place(changed, own, loose, (lines[0], max(lines[1], last)), line)

    def executable(self, index, place):
        """The lines of a node whose execution means that the mutant may have been executed."""
        lines = self.nodes[index].lines
        inside = [line for line in lines if place.lines[0] <= line <= place.lines[1]]
        return inside or lines


def flat(code):
    found = [code]
    for entry in nested(code):
        found.extend(flat(entry))
    return found


# --- live functions --------------------------------------------------------------------------------------------------


class Live(object):
    """The functions that exist for each code object of the files, found once."""

    def __init__(self, files):
        self.functions, self.running, self.warm_files = {}, set(), []
        wanted = {}
        for number, source in enumerate(files):
            for node in source.nodes:
                wanted[id(node.code)] = number, node.index
        paths = {os.path.realpath(source.full): number for number, source in enumerate(files)}
        self.files, self.wanted, self.paths, self.names = files, wanted, paths, {}
        for thing in gc.get_objects():
            if type(thing) is types.FunctionType:
                key = self.key_of(thing.__code__)
                if key is not None:
                    self.functions.setdefault(key, []).append(thing)
            elif isinstance(thing, types.GeneratorType) and thing.gi_frame is not None:
                self.running.add(self.key_of(thing.gi_frame.f_code))

    def key_of(self, code):
        key = self.wanted.get(id(code))
        if key is not None:
            return key
        name = code.co_filename
        if name not in self.names:
            self.names[name] = self.paths.get(os.path.realpath(name))
        number = self.names[name]
        if number is None:
            return None
        source = self.files[number]
        index = source.by_place.get((code.co_firstlineno, code.co_name))
        return (number, index) if index is not None and source.nodes[index].code == code else None

    def can_swap(self, number, place):
        """Whether everything that a place changes is in functions that are alive, or is made by such functions."""
        source = self.files[number]
        if place.loose:
            return False
        for index in place.own:
            node = source.nodes[index]
            top = node.top_function()
            if node.kind != "function" or (number, top.index) not in self.functions:
                return False
        for index, new in place.changed:
            node = source.nodes[index]
            if (number, index) in self.running:
                return False
            if node.kind == "function" and (new.co_freevars != node.code.co_freevars):
                return False
        return True

    def swap(self, number, changed):
        """Puts new code into all live functions; ValueError when one of them does not take it. Gives what takes it back."""
        before = []
        try:
            for index, new in changed:
                for function in self.functions.get((number, index), ()):
                    before.append((function, function.__code__))
                    function.__code__ = new
        except ValueError:
            swap_back(before)
            raise
        return before

    def swap_same(self, number):
        """The whole file compiled once more and put in place: what a mutant does, without a mutant."""
        source = self.files[number]
        fresh = flat(source.compiled(source.source))
        self.swap(number, [(node.index, fresh[node.index]) for node in source.nodes if node.kind == "function"])


def swap_back(before):
    for function, code in reversed(before):
        function.__code__ = code


# --- imports ---------------------------------------------------------------------------------------------------------


class Sources(object):
    """Serves the code of project files to imports: never from byte code on disk, mutated where asked for."""

    def __init__(self):
        self.files, self.overrides, self.others = {}, {}, {}

    def add(self, source):
        self.files[os.path.realpath(source.full)] = source

    def override(self, source, mutant):
        self.overrides[os.path.realpath(source.full)] = lambda: source.compiled(source.mutated(mutant))

    def restore(self, source):
        self.overrides.pop(os.path.realpath(source.full), None)

    def keep(self, path):
        """Compiles a file that has no mutants, so that later imports need not."""
        path = os.path.realpath(path)
        if path in self.files or path in self.others or not path.endswith(".py"):
            return
        try:
            with open(path, "rb") as stream:
                self.others[path] = compile(stream.read(), path, "exec", 0, True)
        except (IOError, OSError, SyntaxError, ValueError, TypeError):
            return

    def serves(self, path):
        path = os.path.realpath(path)
        return path in self.files or path in self.others

    def code_of(self, path):
        path = os.path.realpath(path)
        if path in self.overrides:
            return self.overrides[path]()
        if path in self.files:
            return self.files[path].code
        return self.others.get(path)

    def install(self):
        self.serve_programs()
        if PY2:
            sys.meta_path.insert(0, Finder(self))
            return
        from importlib.machinery import SourceFileLoader
        plain = SourceFileLoader.get_code

        def get_code(loader, fullname):
            code = self.code_of(loader.path)
            return plain(loader, fullname) if code is None else code

        SourceFileLoader.get_code = get_code


    def serve_programs(self):
        """Files that tests run as programs, by ``runpy.run_path``, are mutated, too."""
        import runpy
        plain = runpy._get_code_from_file

        def get_code(*arguments):
            found = plain(*arguments)
            code = self.code_of(arguments[-1])
            if code is None:
                return found
            return (code,) + found[1:] if isinstance(found, tuple) else code

        runpy._get_code_from_file = get_code


class Finder(object):
    """Python 2: finds modules whose code the sources serve."""

    def __init__(self, sources):
        self.sources = sources

    def find_module(self, fullname, path=None):
        import imp
        try:
            stream, found, (_, _, kind) = imp.find_module(fullname.rpartition(".")[2], path)
        except (ImportError, ValueError, TypeError):
            return None
        if stream is not None:
            stream.close()
        package = kind == imp.PKG_DIRECTORY
        found = os.path.join(found, "__init__.py") if package else found
        if found.endswith(".py") and self.sources.serves(found):
            return Loader(self.sources, fullname, found, package)
        return None


class Loader(object):
    """Python 2: what import, pkgutil and inspect ask a loader for."""

    def __init__(self, sources, fullname, path, package):
        self.sources, self.fullname, self.path, self.package = sources, fullname, path, package

    def load_module(self, fullname):
        module = sys.modules.get(fullname)
        fresh = module is None
        if fresh:
            module = sys.modules[fullname] = type(sys)(fullname)
        module.__file__ = self.path
        module.__package__ = fullname if self.package else fullname.rpartition(".")[0]
        if self.package:
            module.__path__ = [os.path.dirname(self.path)]
        try:
            exec(self.sources.code_of(self.path), module.__dict__)
        except BaseException:
            if fresh:
                sys.modules.pop(fullname, None)
            raise
        return sys.modules[fullname]

    def is_package(self, fullname):
        return self.package

    def get_filename(self, fullname):
        return self.path

    def get_code(self, fullname):
        return self.sources.code_of(self.path)

    def get_source(self, fullname):
        with open(self.path) as stream:
            return stream.read()

    def get_data(self, path):
        with open(path, "rb") as stream:
            return stream.read()
