# -*- coding: utf-8 -*-
"""What the tests of recorded calls need: values built again, compared, and what a call did besides giving a result.

Python 2.7 and 3, standard library only. How a value is spelled, and so what makes two values the same: characterization_values.
"""
import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
import types

from characterization_programs import alone, program, set_up  # noqa: F401 (tests take them from here)
from characterization_values import (  # noqa: F401 (expressions are evaluated with these names)
    HEAP_TYPE, IDENTIFIER, MAX_CHARS, MODULES, NOT_A_NAME, PY2, Blocked, Decimal, Fraction, OldClass, OldInstance, OrderedDict, Speller, Text,
    UUID, _get, address, class_name, class_names, cycle, date, datetime, defaultdict, deque, exception_name, find, inf, integers, large,
    name_main, nan, opaque, spelled, struct_time, time, timedelta, weak, xrange)

if PY2:
    import StringIO


# --- building --------------------------------------------------------------------------------------------------------


named = find


def module(name):
    """An imported module."""
    __import__(name)
    return sys.modules[name]


# What the names of modules begin with that stand for modules of Python 2's library.
BROUGHT = "_py2_"


def brought(place, name, *users):
    """What a migration brings along in place of a builtin, or of a module that the library no longer has; where the code was not
    migrated, what that stands for. ``users``: modules that are imported first, since they may add to it."""
    for user in users:
        module(user)
    last = place.rpartition(".")[2]
    try:
        held = module(place)
    except ImportError:
        if not last.startswith(BROUGHT):
            raise
        held = module(last[len(BROUGHT):])
    return getattr(held, name) if hasattr(held, name) or last.startswith(BROUGHT) else find(name)


def bound(receiver, name):
    """A method of an instance or class."""
    return getattr(receiver, name)


def pattern(source, flags):
    """A compiled regular expression."""
    return re.compile(source, flags)


def matched(source, text):
    """What a regular expression finds at the start of a text."""
    return re.match(source, text, re.DOTALL)


def memory_file(content, position=0):
    """A file in memory, of the kind that fits the content."""
    if isinstance(content, Text):
        stream = io.StringIO(content)
    else:
        stream = StringIO.StringIO(content) if PY2 else io.BytesIO(content)
    stream.seek(position)
    return stream


def binary_file(content, position=0):
    """A binary file in memory."""
    stream = io.BytesIO(content)
    stream.seek(position)
    return stream


def new(name, *arguments, **keywords):
    """An instance made by calling its class."""
    return find(name)(*arguments, **keywords)


def build(*parts, **fields):
    """``build('module:Class', content, attribute=value, …)``: an instance with these attributes, made without ``__init__``.

    ``content`` is what an instance of a subclass of a builtin type holds; attributes whose names are no identifiers come as
    a dict in third place.
    """
    cls = find(parts[0])
    content = parts[1] if len(parts) > 1 else None
    state = dict(parts[2] if len(parts) > 2 else fields)
    if OldClass is not None and type(cls) is OldClass:
        return types.InstanceType(cls, state)
    instance = _empty(cls, content)
    attributes = None
    for base in _get(cls, "__mro__"):
        own = _get(base, "__dict__").get("__dict__")
        if type(own) is types.GetSetDescriptorType:
            attributes = own.__get__(instance)
            break
    slots = set(name for base in _get(cls, "__mro__") if "__slots__" in _get(base, "__dict__")
                for name, member in _get(base, "__dict__").items() if type(member) is types.MemberDescriptorType)
    for name in state:
        if name in slots or attributes is None:
            object.__setattr__(instance, name, state[name])
        else:
            attributes[name] = state[name]
    return instance


def _empty(cls, content):
    for base in _get(cls, "__mro__"):
        if base is BaseException or _get(base, "__flags__") & HEAP_TYPE:
            continue
        if issubclass(base, BaseException):
            instance = base.__new__(cls, *(content or ()))
            BaseException.args.__set__(instance, tuple(content or ()))
            return instance
        if base in (dict, list, set, deque):
            instance = base.__new__(cls)
            {dict: dict.update, list: list.extend, set: set.update, deque: deque.extend}[base](instance, content or ())
            return instance
        if base is datetime or base is date:
            parts = content.timetuple()[:6] + (content.microsecond, content.tzinfo) if base is datetime else content.timetuple()[:3]
            return base.__new__(cls, *parts)
        return base.__new__(cls) if content is None else base.__new__(cls, content)
    return object.__new__(cls)


# --- comparing -------------------------------------------------------------------------------------------------------


# A number on its own that is as long as addresses are; those of built-in types are short.
LONG_NUMBER = re.compile(r"(?<![\w.'\"-])\d{7,}(?![\w.'\"])")


class Mismatch(object):
    """False in a condition; says where two values part when it is printed."""

    def __init__(self, actual, expected):
        self.actual, self.expected = actual, expected

    def __bool__(self):
        return False

    __nonzero__ = __bool__

    def __repr__(self):
        start = 0
        while self.actual[start:start + 1] == self.expected[start:start + 1]:
            start += 1
        start = max(0, start - 30)
        shown = [(u"..." if start else u"") + side[start:start + 300] for side in (self.expected, self.actual)]
        return str("<expected %s but got %s>" % tuple(shown))


def same(actual, expected):
    """Whether two values are of the same type family and equal in all their parts."""
    left, right = spelled(actual).text, spelled(expected).text
    if "address" in right:
        left = LONG_NUMBER.sub("address", left)
    return True if left == right else Mismatch(left, right)


def take(count, values):
    """The first values of an iterator, as a list."""
    found = []
    for value in values:
        found.append(value)
        if len(found) == count:
            break
    return found


def as_text(value):
    """Its own conversion to text: ``__unicode__`` in Python 2, ``__str__`` in 3."""
    return Text(value)


def put(container, key, value):
    """``container[key] = value`` as an expression."""
    container[key] = value


def remove(container, key):
    """``del container[key]`` as an expression."""
    del container[key]


def order(left, right):
    """-1, 0 or 1, as ``cmp`` has it, by all three comparisons; None where they leave it open."""
    return 0 if left == right else 1 if left > right else -1 if left < right else None


@contextlib.contextmanager
def raises(name, message=None):
    """Expects an exception by the version-neutral name of its class and, where it is stable, its message."""
    try:
        yield
    except (Exception, SystemExit) as error:
        found, said = exception_name(type(error)), message_of(error)
        if found != name or message is not None and not says_the_same(said, message, foreign_text(error)):
            raise AssertionError("expected %s(%r) but got %s(%r)" % (name, message, found, said))
    else:
        raise AssertionError("expected %s but nothing was raised" % name)


def message_of(error):
    """What an exception says, by its arguments: its own __str__ is not asked."""
    arguments = BaseException.args.__get__(error)
    if len(arguments) != 1:
        return spelled(arguments).text
    if type(arguments[0]) is Text:
        return arguments[0]
    if type(arguments[0]) is str:
        return Text(arguments[0], "latin-1") if PY2 else arguments[0]
    return spelled(arguments[0]).text


def foreign_text(error):
    """What the exception said that was being handled when this one was raised, where Python knows: programs put the words of
    builtins into their own messages, and these differ between versions."""
    inner = getattr(error, "__cause__", None) or getattr(error, "__context__", None)
    if not isinstance(inner, BaseException) or ":" in exception_name(type(inner)):
        return None
    return message_of(inner)


def says_the_same(said, expected, foreign=None):
    """Whether two messages agree but for the spelling of literals and types, and the text of an inner builtin exception."""
    said, expected = plain_message(said), plain_message(expected)
    if said == expected or not foreign:
        return said == expected
    before, found, after = said.partition(plain_message(foreign))
    return bool(found) and len(expected) >= len(before) + len(after) and expected.startswith(before) and expected.endswith(after)


def plain_message(text):
    """A message without what only one version writes: u'', b'', 1L, <type 'x'>, unicode, where a module lies, escapes in what repr gave."""
    text = Text(text).encode("ascii", "backslashreplace").decode("ascii")
    text = re.sub(r"(?<![A-Za-z0-9_])[ub](?=['\"])|(?<=\d)L\b", "", text)
    text = re.sub(r"<(?:type|class) '(?:\w+\.)*(\w+)'>", r"<class '\1'>", text)
    text = re.sub(r"<module '([\w.]+)'[^<>]*>", r"<module '\1'>", text).replace("<class 'instancemethod'>", "<class 'method'>")
    return re.sub(r"<class '(?:unicode|basestring)'>", "<class 'str'>", text).replace("<class 'long'>", "<class 'int'>")


class Tape(object):
    """A standard stream that keeps what is written."""

    encoding, errors, softspace, closed = "utf-8", "strict", 0, False

    def __init__(self, raw=None):
        self.parts = [] if raw is None else raw
        # What takes text takes no bytes in Python 3; the buffer below it does.
        self.takes_bytes = PY2 or raw is not None
        self.buffer = self if self.takes_bytes else Tape(self.parts)

    def write(self, data):
        if not isinstance(data, Text) and not self.takes_bytes:
            raise TypeError("write() argument must be str, not %s" % type(data).__name__)
        self.parts.append(data if isinstance(data, Text) else bytes(data).decode("utf-8", "replace"))
        return len(data)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        return None

    def isatty(self):
        return False

    def fileno(self):
        raise io.UnsupportedOperation("fileno")

    def text(self):
        return u"".join(self.parts)


class Seen(object):
    """What a call did besides giving a result: ``stdout``, ``stderr``, ``files`` (path: content) and ``environment``."""

    stdout = stderr = u""
    files = environment = None


@contextlib.contextmanager
def watched():
    """Runs what is inside in an empty working folder and notes what it writes there and says. The program has no name of its own
    there: usage texts would tell what runs the test."""
    seen, tapes, streams = Seen(), (Tape(), Tape()), (sys.stdout, sys.stderr)
    folder, before, variables = tempfile.mkdtemp(), os.getcwd(), dict(os.environ)
    main, arguments = sys.modules.get("__main__"), list(sys.argv)
    os.chdir(folder)
    sys.stdout, sys.stderr = tapes
    sys.modules["__main__"], sys.argv[:] = types.ModuleType("__main__"), ["program"]
    try:
        yield seen
    finally:
        sys.modules["__main__"], sys.argv[:] = main, arguments
        sys.stdout, sys.stderr = streams
        os.chdir(before)
        seen.stdout, seen.stderr = tapes[0].text(), tapes[1].text()
        seen.files = dict(_files_below(folder))
        shutil.rmtree(folder, True)
        names = set(variables) | set(os.environ)
        seen.environment = dict((name, os.environ.get(name)) for name in names if os.environ.get(name) != variables.get(name))
        for name in seen.environment:
            os.environ.pop(name, None)
            if name in variables:
                os.environ[name] = variables[name]


def _files_below(folder):
    for base, folders, names in os.walk(folder):
        for name in sorted(names)[:100]:
            path = os.path.join(base, name)
            try:
                with open(path, "rb") as stream:
                    content = stream.read(1 << 20)
            except (IOError, OSError):
                continue
            try:
                content = content.decode("utf-8")
            except UnicodeDecodeError:
                pass
            yield path[len(folder) + 1:].replace(os.sep, "/"), content
