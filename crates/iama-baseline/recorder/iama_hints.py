# -*- coding: utf-8 -*-
"""Arguments that a function's own conditions ask for. CPython 2.7 and 3.6 to 3.13, standard library only.

What a parameter, or something taken from it, is compared with says which arguments make the function go another way: the text
that a slice has to equal at its place, the length that is wanted, the class that is asked for, the key that is looked up.
"""
import ast

import characterization_support as support

FILLER = "abcdefghijklmnop"
BY_CLASS = {
    "str": "'abc'", "unicode": "u'abc'", "basestring": "'abc'", "bytes": "b'abc'", "list": "[1, 2]", "tuple": "(1, 2)", "dict": "{'a': 1}",
    "set": "{1, 2}", "int": "7", "long": "7", "float": "1.5", "bool": "True", "datetime": "datetime(2003, 9, 25, 10, 36, 28)",
    "date": "date(2003, 9, 25)", "timedelta": "timedelta(days=1)", "Decimal": "Decimal('1.5')", "frozenset": "frozenset([1])",
    "time": "time(10, 36, 28)", "type": "int", "FunctionType": "named('textwrap:dedent')", "ClassType": "named('string:Formatter')",
    "MethodType": "bound(new('string:Formatter'), 'format')", "BuiltinFunctionType": "named('len')", "xrange": "xrange(3)",
}
METHOD = BY_CLASS["MethodType"]
BY_ATTRIBUTE = {
    "read": "memory_file('a b')", "readline": "memory_file('a b')", "write": "memory_file('')", "im_func": METHOD, "im_self": METHOD,
    "im_class": METHOD, "__func__": METHOD, "__self__": METHOD, "func_name": "named('textwrap:dedent')", "keys": "{'a': 1}",
    "items": "{'a': 1}", "__iter__": "[1, 2]", "__call__": "named('len')", "func_code": "named('textwrap:dedent')",
    "__name__": "named('textwrap:dedent')", "strftime": "date(2003, 9, 25)", "next": "memory_file('a b')",
}
# One of each kind of thing that a function may tell apart.
KINDS = (
    "None", "7", "1.5", "'abc'", "u'abc'", "[1, 2]", "(1, 2)", "{'a': 1}", "{1, 2}", "int", "named('numbers:Number')", "named('string:Formatter')",
    "new('string:Formatter')", "named('textwrap:dedent')", "named('len')", METHOD, "module('os')", "memory_file('a b')",
)
ZERO = {bytes: b"\0", support.Text: u"\0"}
DATA = frozenset((bytes, support.Text, list, tuple, dict, set, frozenset, float) + support.integers)
READS = ("read", "readline", "readlines")
TEXTUAL = ("split", "splitlines", "strip", "lower", "upper", "startswith", "endswith", "rstrip", "lstrip", "partition")
# A match whose first groups are the whole text.
MATCHED = "matched('((.*))', %s)"
SEARCHES = ("find", "index", "split", "count", "partition", "rfind", "rsplit", "replace", "rpartition")


def functions_in(path):
    """The functions of a file by name and by the line of ``def``."""
    with open(path, "rb") as stream:
        tree = compile(stream.read(), path, "exec", ast.PyCF_ONLY_AST, True)
    # Where there are decorators the code begins with the first of them.
    return dict(((node.name, line), node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
                for line in [node.lineno] + [entry.lineno for entry in node.decorator_list])


def hints_of(function, parameters, names, members):
    """(parameter, expression) for what the conditions of a function ask for, each once, and how parameters are read: as
    ``text``, ``file`` or ``match``. ``names`` and ``members``: what the module and the class hold."""
    finder = Finder(function, parameters, names, members)
    finder.look()
    seen, found = set(), []
    for name, text in finder.found:
        pair = name, MATCHED % text if finder.reads.get(name) == "match" and text[0] in "u'\"" else text
        if pair not in seen:
            seen.add(pair)
            found.append(pair)
    return found, finder.reads


def children(node):
    return list(ast.iter_child_nodes(node))


def name_in(node):
    return getattr(node, "id", getattr(node, "attr", None))


def is_text(value):
    return isinstance(value, (bytes, support.Text)) and len(value) < 60


class Finder(object):
    """Collects hints in the order of the code."""

    def __init__(self, function, parameters, names, members):
        self.function, self.found, self.reads = function, [], {}
        self.names, self.members = names, members
        # Names by the parameter that their value was taken from.
        self.roots = dict((name, name) for name in parameters)

    def look(self):
        nodes = [node for statement in self.function.body for node in ast.walk(statement)]
        for _ in range(2):
            for node in nodes:
                self.follow(node)
        for node in nodes:
            if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
                self.together(node.values)
            elif isinstance(node, ast.Compare):
                self.compared(node)
            elif isinstance(node, ast.Call):
                self.called(node)
            elif isinstance(node, ast.Subscript):
                self.looked_up(node)

    def value_of(self, node):
        """A literal, or what a name of the module or an attribute of the class stands for; raises ValueError for others."""
        held = None
        if isinstance(node, ast.Name):
            held = self.names.get(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            held = self.members.get(node.attr)
        return held if held is not None and type(held) in DATA else ast.literal_eval(node)

    def follow(self, node):
        """What is taken from a parameter leads back to it."""
        if isinstance(node, ast.Assign):
            source, targets = node.value, node.targets
        elif isinstance(node, ast.For):
            source, targets = node.iter, [node.target]
        else:
            return
        root = self.root(source)
        if root is None:
            root = next((self.roots[entry.id] for entry in ast.walk(source) if getattr(entry, "id", None) in self.roots), None)
        for target in targets:
            for entry in ast.walk(target):
                if root is not None and isinstance(entry, ast.Name) and entry.id not in self.roots:
                    self.roots[entry.id] = root

    def root(self, node):
        """The parameter that an expression is a part or a method's result of."""
        while not isinstance(node, ast.Name):
            if isinstance(node, (ast.Attribute, ast.Subscript)):
                node = node.value
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                node = node.func.value
            else:
                return None
        return self.roots.get(node.id)

    def add(self, root, value):
        spelled = support.spelled(value, True)
        if root is not None and not spelled.blocked and len(spelled.text) < 200:
            self.found.append((root, spelled.text))

    def expression(self, root, text):
        if root is not None and text is not None:
            self.found.append((root, text))

    # comparisons

    def compared(self, node):
        sides = [node.left] + node.comparators
        for operator, left, right in zip(node.ops, sides, sides[1:]):
            self.pair(operator, left, right)
            self.pair(operator, right, left)

    def pair(self, operator, node, other):
        """``node`` is compared with ``other``."""
        if isinstance(node, ast.Call) and name_in(node.func) in ("len", "type") and len(node.args) == 1:
            root = self.root(node.args[0])
            if name_in(node.func) == "type":
                return self.expression(root, BY_CLASS.get(name_in(other)))
            return self.long_enough(root, other)
        root = self.root(node)
        try:
            value = self.value_of(other) if root is not None else None
        except (ValueError, TypeError, SyntaxError):
            return None
        if root is None:
            return None
        place = offset_of(node)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            self.with_attribute(root, node.attr, value)
        if isinstance(operator, (ast.In, ast.NotIn)):
            return self.one_of(root, value)
        if place is not None and is_text(value):
            return self.overlaid(root, [(place, value)], None)
        if isinstance(value, support.integers) and isinstance(operator, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
            self.add(root, value - 1)
            self.add(root, value + 1)
        return self.add(root, value)

    def with_attribute(self, root, name, value):
        """An object with this attribute; nothing else is known of it."""
        spelled = support.spelled(value, True)
        if support.IDENTIFIER.match(name) and not spelled.blocked and len(spelled.text) < 200:
            self.expression(root, "build('string:Formatter', %s=%s)" % (name, spelled.text))

    def one_of(self, root, value):
        if isinstance(value, (list, tuple, set, frozenset, dict)):
            for entry in sorted(value, key=repr)[:8]:
                self.add(root, entry)
        elif is_text(value):
            # Either the text holds the parameter, or the other way round.
            around = (b"ab", b"cd") if isinstance(value, bytes) else (u"ab", u"cd")
            self.add(root, around[0] + value + around[1])
            self.add(root, [value])
            self.add(root, {value: 1})
            self.add(root, value[:1])

    def long_enough(self, root, other):
        try:
            length = self.value_of(other)
        except (ValueError, TypeError, SyntaxError):
            return
        if isinstance(length, support.integers) and 0 <= length < 40:
            for count in (length, length + 1, max(0, length - 1)):
                self.add(root, (FILLER * 3)[:count])
                self.add(root, list(range(count)))

    # conditions that hold together

    def together(self, values):
        """Slices of one parameter that have to equal texts, and its length, in one value."""
        equal, other, lengths = {}, {}, {}
        for value in values:
            if not isinstance(value, ast.Compare) or len(value.ops) != 1:
                continue
            left, right = value.left, value.comparators[0]
            try:
                wanted = self.value_of(right)
            except (ValueError, TypeError, SyntaxError):
                continue
            if isinstance(left, ast.Call) and name_in(left.func) == "len" and left.args:
                lengths[self.root(left.args[0])] = wanted
            elif offset_of(left) is not None and is_text(wanted):
                table = equal if isinstance(value.ops[0], ast.Eq) else other
                table.setdefault(self.root(left), []).append((offset_of(left), wanted))
        for root in equal:
            self.overlaid(root, equal[root], lengths.get(root))
            for extra in other.get(root, ()):
                self.overlaid(root, equal[root] + [extra], lengths.get(root))

    def overlaid(self, root, parts, length):
        """A text with parts at their places: as long as has to be, and longer."""
        if root is None:
            return
        if any(not isinstance(text, type(parts[0][1])) for _, text in parts):
            return
        empty = parts[0][1][:0]
        end = max([length or 0] + [place + len(text) for place, text in parts])
        end = end if end < 60 else 60
        filler = FILLER.encode("ascii") if isinstance(empty, bytes) else support.Text(FILLER)
        # Zeros go with every width of characters.
        for filler, size in ((filler, end), (filler, end + 6), (ZERO[type(empty)], end + 8)):
            made = (filler * 70)[:size]
            for place, text in parts:
                made = made[:place] + text + made[place + len(text):]
            self.add(root, made)

    # calls and look-ups

    def called(self, node):
        name, arguments = name_in(node.func), node.args
        if isinstance(node.func, ast.Name) and arguments:
            root = self.root(arguments[0])
            if name == "isinstance" and len(arguments) == 2:
                for entry in ast.walk(arguments[1]):
                    self.expression(root, BY_CLASS.get(name_in(entry)))
            elif name == "hasattr" and len(arguments) == 2:
                asked = getattr(arguments[1], "s", None)
                self.expression(root, BY_ATTRIBUTE.get(asked))
                if isinstance(asked, str) and asked not in BY_ATTRIBUTE:
                    self.with_attribute(root, asked, 1)
            elif name == "callable":
                self.expression(root, "named('len')")
            return
        root = self.root(node.func.value) if isinstance(node.func, ast.Attribute) else None
        if root is not None and name in ("group", "groups"):
            self.reads[root] = "match"
        elif root is not None and name in READS:
            self.reads[root] = "file"
        elif root is not None and name in TEXTUAL:
            self.reads.setdefault(root, "text")
        if root is None or not arguments:
            return
        try:
            value = self.value_of(arguments[0])
        except (ValueError, TypeError, SyntaxError):
            return
        if name in ("has_key", "get", "pop", "setdefault"):
            self.expression(root, "{%s: 1}" % support.spelled(value, True).text)
        elif is_text(value):
            filler = [FILLER[:3], FILLER[3:6]]
            filler = [part.encode("ascii") if isinstance(value, bytes) else support.Text(part) for part in filler]
            if name == "startswith":
                self.add(root, value + filler[0])
                self.add(root, value)
            elif name == "endswith":
                self.add(root, filler[0] + value)
            elif name in SEARCHES:
                self.add(root, filler[0] + value + filler[1])

    def looked_up(self, node):
        root = self.root(node.value)
        index = getattr(node.slice, "value", node.slice) if not isinstance(node.slice, ast.Slice) else None
        try:
            value = self.value_of(index) if index is not None and root is not None else None
        except (ValueError, TypeError, SyntaxError, AttributeError):
            return
        if is_text(value):
            self.expression(root, "{%s: 1}" % support.spelled(value, True).text)


def offset_of(node):
    """The place of a slice or an index with fixed bounds, from the start; None for anything else."""
    if not isinstance(node, ast.Subscript):
        return None
    if isinstance(node.slice, ast.Slice):
        if node.slice.lower is None:
            return 0
        index = node.slice.lower
    else:
        index = getattr(node.slice, "value", node.slice)
    try:
        place = ast.literal_eval(index)
    except (ValueError, TypeError, SyntaxError, AttributeError):
        return None
    return place if isinstance(place, support.integers) and not isinstance(place, bool) and 0 <= place < 40 else None
