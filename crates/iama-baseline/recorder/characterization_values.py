# -*- coding: utf-8 -*-
"""Values of recorded calls, spelled as expressions. Python 2.7 and 3, standard library only.

A value is compared by its spelling, which is the same text on both versions: ``long`` is ``int``, ASCII text has no prefix,
the entries of a dict or set are in the order of their spelling, an instance is its class and its attributes. Type families
differ: ``2`` is not ``2.0`` and bytes are not text. No code of the values' own classes runs while they are spelled or
compared, so a broken ``__eq__`` or ``__repr__`` changes nothing.
"""
import hashlib
import io
import os
import re
import sys
import types
import weakref
from collections import OrderedDict, defaultdict, deque
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from time import struct_time
from uuid import UUID

PY2 = sys.version_info[0] == 2
Text = type(u"")
MAX_NODES = 800
# Parts of each part of a value that is too big as a whole.
PART_NODES = 120
MAX_CHARS = 4000
MAX_DEPTH = 60
MAX_DIGITS = 2000
HEAP_TYPE = 1 << 9
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
NOT_A_NAME = frozenset((
    "False None True and as assert async await break class continue def del elif else except exec finally for from global "
    "if import in is lambda nonlocal not or pass print raise return try while with yield"
).split())
nan, inf = float("nan"), float("inf")
_get = type.__getattribute__

if PY2:
    import cStringIO
    import StringIO
    NATIVE_FILES = (cStringIO.InputType, cStringIO.OutputType)
    OldClass, OldInstance = types.ClassType, types.InstanceType
    integers = (int, long)  # noqa: F821
    xrange = xrange  # noqa: F821 (a name to import)
else:
    NATIVE_FILES = ()
    OldClass = OldInstance = None
    integers = (int,)
    xrange = range

# Modules and classes that have another name in Python 3.
MODULES = {
    "__builtin__": "builtins", "exceptions": "builtins", "copy_reg": "copyreg", "StringIO": "io", "cStringIO": "io", "_io": "io",
    "ConfigParser": "configparser", "Queue": "queue", "HTMLParser": "html.parser", "thread": "_thread", "_socket": "socket",
    "urllib2": "urllib.request", "urlparse": "urllib.parse", "cookielib": "http.cookiejar", "Cookie": "http.cookies",
    "httplib": "http.client", "UserDict": "collections", "UserList": "collections", "UserString": "collections",
    "_decimal": "decimal", "SocketServer": "socketserver", "cPickle": "pickle", "_pickle": "pickle", "sre_constants": "re",
    "_collections": "collections", "_functools": "functools", "xmlrpclib": "xmlrpc.client", "zlib": "zlib", "_sre": "re",
}
BUILTINS = {
    "unicode": "str", "long": "int", "IOError": "OSError", "EnvironmentError": "OSError", "WindowsError": "OSError",
    "StandardError": "Exception", "ModuleNotFoundError": "ImportError", "RecursionError": "RuntimeError",
    "StopAsyncIteration": "Exception", "xrange": "range", "instancemethod": "method",
    "BlockingIOError": "OSError", "ChildProcessError": "OSError", "ConnectionError": "OSError", "BrokenPipeError": "OSError",
    "ConnectionAbortedError": "OSError", "ConnectionRefusedError": "OSError", "ConnectionResetError": "OSError",
    "FileExistsError": "OSError", "FileNotFoundError": "OSError", "InterruptedError": "OSError", "IsADirectoryError": "OSError",
    "NotADirectoryError": "OSError", "PermissionError": "OSError", "ProcessLookupError": "OSError", "TimeoutError": "OSError",
}
CLASSES = {
    "socket:error": "OSError", "select:error": "OSError", "shutil:Error": "OSError", "json.decoder:JSONDecodeError": "ValueError",
    "re:error": "re:error", "re:PatternError": "re:error", "binascii:Error": "ValueError", "socket:timeout": "OSError",
    "binascii:Incomplete": "Exception", "collections.abc:Mapping": "collections:Mapping", "urllib.error:URLError": "OSError",
    "urllib.request:URLError": "OSError", "io:UnsupportedOperation": "OSError", "os:error": "OSError",
}
OLD_MODULES = dict((new, old) for old, new in sorted(MODULES.items()) if not old.startswith("_") and old != "exceptions")


# --- names -----------------------------------------------------------------------------------------------------------


def find(name):
    """The object that ``package.module:Class.attribute`` names; a bare name is a builtin."""
    module, _, path = name.partition(":") if ":" in name else ("builtins", "", name)
    if module == "builtins":
        module = "__builtin__" if PY2 else "builtins"
    if module not in sys.modules:
        try:
            __import__(module)
        except ImportError:
            if not PY2 or module not in OLD_MODULES:
                raise
            module = OLD_MODULES[module]
            __import__(module)
    found = sys.modules[module]
    for part in path.split("."):
        found = getattr(found, part)
    return found


# The name under which the program that runs can be imported, where it can: see name_main().
_main = []


def name_main(module):
    """From now on what the running program defines goes by the name that it has when it is imported."""
    _main[:] = [module]


def _importable(module):
    return _main[0] if module == "__main__" and _main else module


def class_names(cls):
    """Module and name of a class, without asking its metaclass."""
    if OldClass is not None and type(cls) is OldClass:
        return _importable(cls.__module__), cls.__name__
    try:
        name = _get(cls, "__name__") if PY2 else _get(cls, "__qualname__")
        module = _get(cls, "__module__")
    except (AttributeError, TypeError):
        return None, "?"
    return _importable(module) if isinstance(module, str) else None, name


def class_name(cls):
    """The version-neutral name of a class: ``ValueError``, ``package.module:Class``."""
    module, name = class_names(cls)
    module = MODULES.get(module, module)
    if module == "builtins":
        if PY2 and name == "str":
            return "str"
        return BUILTINS.get(name, name)
    full = "%s:%s" % (module, name)
    return CLASSES.get(full, full)


def exception_name(cls):
    """The name under which both versions know an exception; classes that only one library has go by their base."""
    for base in _get(cls, "__mro__"):
        name = class_name(base)
        if ":" not in name or not _is_library(base):
            return name
        if name in ("re:error", "struct:error", "zlib:error", "decimal:InvalidOperation"):
            return name
        if name.startswith(("configparser:", "queue:", "xml.", "subprocess:", "uuid:", "tarfile:", "zipfile:", "getopt:")):
            return name
    return "Exception"


_LIBRARY = os.path.join(os.path.realpath(os.path.dirname(os.__file__)), "")


def _is_library(cls):
    """Whether a class is the standard library's: its attributes are an affair of the version."""
    module = sys.modules.get(class_names(cls)[0])
    if module is None:
        return False
    try:
        path = vars(module).get("__file__")
    except TypeError:
        return False
    if not isinstance(path, str):
        return module.__name__ != "__main__"
    return os.path.realpath(path).startswith(_LIBRARY) and "-packages" not in path


# --- spelling --------------------------------------------------------------------------------------------------------


class TooBig(Exception):
    """The value has more parts than are looked at."""


class Opaque(object):
    """Stands for a value of which only the type is known."""

    def __init__(self, text):
        self.text = text


def opaque(name):
    """A value that has no stable content: a file, a lock, a generator, a lambda."""
    return Opaque("opaque(%r)" % name)


def weak(value):
    """A weak reference, by what it refers to; None when that is gone."""
    return Opaque("weak(%s)" % spelled(value).text)


def cycle(levels):
    """A reference to the container that lies so many levels further out."""
    return Opaque("cycle(%d)" % levels)


def large(name, digest):
    """A value too big to be written out, by its type and the hash of its spelling."""
    return Opaque("large(%r, %r)" % (name, digest))


# Stands for a number that only says where an object lies.
address = Opaque("address")


class Blocked(Exception):
    """The value cannot be built again, and only values that can are wanted."""


class Speller(object):
    """Spells one value. ``exact`` keeps what only Python 2 knows: the prefix of ASCII unicode text. ``strict`` ends at the
    first part that could not be built again."""

    def __init__(self, exact=False, strict=False):
        self.exact, self.strict = exact, strict
        self.nodes, self.limit = 0, MAX_NODES
        self.path = []
        self.blocked = []

    def block(self, reason):
        if self.strict:
            raise Blocked(reason)
        if reason not in self.blocked:
            self.blocked.append(reason)

    def spell(self, value):
        self.nodes += 1
        if self.nodes > self.limit:
            raise TooBig()
        kind = type(value)
        plain = PLAIN.get(kind)
        if plain is not None:
            return plain(self, value)
        if id(value) in self.path:
            self.block("it refers to itself")
            return "cycle(%d)" % (len(self.path) - self.path.index(id(value)))
        if len(self.path) >= MAX_DEPTH:
            self.block("it is nested too deeply")
            return "opaque(%r)" % class_name(kind)
        self.path.append(id(value))
        try:
            return NESTED.get(kind, Speller.other)(self, value)
        finally:
            self.path.pop()

    # plain values

    def integer(self, value):
        if value.bit_length() > MAX_DIGITS * 3:
            self.block("a number of thousands of digits")
            return "large('int', %r)" % hashlib.sha1(("%x" % value).encode("ascii")).hexdigest()
        return "%d" % value

    def real(self, value):
        if value != value:
            return "nan"
        return repr(value)

    def complex_number(self, value):
        return "complex(%s, %s)" % (self.real(value.real), self.real(value.imag))

    def text(self, value):
        spelled = repr(value) if PY2 else ascii(value)  # noqa: F821
        spelled = spelled.lstrip("u")
        return "u" + spelled if PY2 and self.exact or not _is_ascii(value) else spelled

    def native_bytes(self, value):
        """A 2.7 str: text as long as it is ASCII."""
        spelled = repr(value)
        try:
            value.decode("ascii")
        except UnicodeDecodeError:
            return "b" + spelled
        return spelled

    def binary(self, value):
        return repr(value)

    # containers

    def entries(self, values):
        return ", ".join([self.spell(value) for value in values])

    def listed(self, value):
        return "[%s]" % self.entries(list.__iter__(value))

    def tupled(self, value):
        return "(%s,)" % self.spell(value[0]) if len(value) == 1 else "(%s)" % self.entries(value)

    def pairs(self, items):
        return ["%s: %s" % pair for pair in sorted((self.spell(key), self.spell(entry)) for key, entry in items)]

    def mapping(self, value):
        return "{%s}" % ", ".join(self.pairs(list(dict.items(value))))

    def members(self, values):
        return ", ".join(sorted(self.spell(value) for value in values))

    def unordered(self, value):
        return "{%s}" % self.members(value) if value else "set()"

    def frozen(self, value):
        return "frozenset([%s])" % self.members(value)

    # values of the standard library

    def moment(self, value):
        parts = [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond]
        return "datetime(%s)" % self.clock(parts, 5, value.tzinfo)

    def time_of_day(self, value):
        return "time(%s)" % self.clock([value.hour, value.minute, value.second, value.microsecond], 2, value.tzinfo)

    def clock(self, parts, least, zone):
        while len(parts) > least and parts[-1] == 0:
            parts.pop()
        return ", ".join("%d" % part for part in parts) + (", tzinfo=%s" % self.spell(zone) if zone is not None else "")

    def day(self, value):
        return "date(%d, %d, %d)" % (value.year, value.month, value.day)

    def span(self, value):
        named = [("days", value.days), ("seconds", value.seconds), ("microseconds", value.microseconds)]
        return "timedelta(%s)" % ", ".join("%s=%d" % pair for pair in named if pair[1])

    def ordered(self, value):
        return "OrderedDict([%s])" % ", ".join("(%s, %s)" % (self.spell(k), self.spell(v)) for k, v in list(value.items()))

    def with_default(self, value):
        return "defaultdict(%s, {%s})" % (self.spell(value.default_factory), ", ".join(self.pairs(list(dict.items(value)))))

    def queued(self, value):
        return "deque([%s]%s)" % (self.entries(list(value)), "" if value.maxlen is None else ", %d" % value.maxlen)

    def pattern(self, value):
        return "pattern(%s, %d)" % (self.spell(value.pattern), value.flags & ~32)

    def stepped(self, value):
        parts = value.__reduce__()[1]
        return "xrange(%d, %d, %d)" % (tuple(parts) + (1,) * (3 - len(parts)))

    def memory_file(self, value):
        try:
            content, position = value.getvalue(), value.tell()
        except Exception:
            self.block("a closed file")
            return "opaque('closed file')"
        spelled = self.spell(content)
        if type(value) is not io.BytesIO:
            return "memory_file(%s, %d)" % (spelled, position)
        return "binary_file(%s, %d)" % ("b" + spelled if spelled[0] in "'\"" else spelled, position)

    def module(self, value):
        return "module(%r)" % str(value.__name__)

    def function(self, value):
        module, name = _importable(value.__module__), getattr(value, "__qualname__", value.__name__)
        return self.reference(value, module, name)

    def builtin(self, value):
        owner = getattr(value, "__self__", None)
        if owner is not None and type(owner) is not types.ModuleType:
            self.block("a method of a value")
            return "opaque('builtin method')"
        return self.reference(value, getattr(value, "__module__", None) or "builtins", value.__name__)

    def bound(self, value):
        if value.__self__ is None:
            self.block("an unbound method")
            return "opaque('method')"
        return "bound(%s, %r)" % (self.spell(value.__self__), str(value.__func__.__name__))

    def cls(self, value):
        return self.reference(value, *class_names(value))

    def reference(self, value, module, name):
        """By name, as long as the name leads back to the value."""
        is_class = isinstance(value, type) or type(value) is OldClass
        full = class_name(value) if is_class else "%s:%s" % (MODULES.get(module, module), name)
        if full.startswith("builtins:"):
            full = full[9:]
        if not _leads_to(module, name, value) or "." in name and not self.exact:
            self.block("a function or class that has no name in its module")
            return "opaque(%r)" % ("type" if is_class else "function")
        if is_class and full in PLAIN_NAMES:
            return PLAIN_NAMES[full]
        return "named(%r)" % full

    # instances

    def other(self, value):
        kind = type(value)
        if weakref.ref in getattr(kind, "__mro__", ()):
            self.block("a weak reference")
            return "weak(%s)" % self.spell(weakref.ref.__call__(value))
        if OldInstance is not None and kind is OldInstance:
            if value.__class__ is StringIO.StringIO:
                return self.memory_file(value)
            return self.instance(value, types.InstanceType.__dict__, vars(value))
        if issubclass(type(kind), type) and _get(kind, "__flags__") & HEAP_TYPE:
            if _has_metaclass_of_types(kind):
                return self.cls(value)
            if not _is_library(kind) or "BaseException" in [base.__name__ for base in _get(kind, "__mro__")]:
                return self.instance(value, None, state_of(value))
            if not PY2 and issubclass(kind, int):
                # Flags and codes that were plain numbers before they got names.
                return self.integer(int.__int__(value))
        elif isinstance(kind, type) and BaseException in _get(kind, "__mro__"):
            return self.instance(value, None, {})
        name = "file" if issubclass(kind, io.IOBase) else class_name(kind)
        self.block("a value of type %s" % name)
        if hasattr(kind, "__next__") or hasattr(kind, "next") and not _get(kind, "__flags__") & HEAP_TYPE and name != "file":
            name = name if name == "generator" else "iterator"
        return "opaque(%r)" % name

    def instance(self, value, old, state):
        cls = value.__class__ if old is not None else type(value)
        module, name = class_names(cls)
        if not _leads_to(module, name, cls):
            self.block("an instance of a class that has no name in its module")
        full = class_name(cls) if ":" in class_name(cls) or module in MODULES else "%s:%s" % (module, name)
        if BaseException in getattr(cls, "__mro__", ()):
            full = exception_name(cls)
        if not self.exact:
            # Python 2 does not know in which class another one stands.
            full = full[:full.find(":") + 1] + full.rpartition(":")[2].rpartition(".")[2]
        parts = [repr(full)]
        content = None if old is not None else self.content(value, cls)
        odd = [key for key in state if type(key) is not str or not IDENTIFIER.match(key) or key in NOT_A_NAME]
        if content is not None or odd:
            parts.append(content or "None")
        if odd:
            parts.append("{%s}" % ", ".join(self.pairs(list(state.items()))))
        else:
            parts.extend("%s=%s" % (key, self.spell(state[key])) for key in sorted(state))
        return "build(%s)" % ", ".join(parts)

    def content(self, value, cls):
        """What an instance of a subclass of a builtin type holds, spelled as a value of that type."""
        for base in _get(cls, "__mro__"):
            plain = CONTENT.get(base)
            if plain is not None:
                return self.spell(plain(value))
            if base is BaseException:
                return self.spell(BaseException.args.__get__(value))
        return None


def _is_ascii(value):
    try:
        value.encode("ascii")
    except UnicodeError:
        return False
    return True


def _leads_to(module, name, value):
    """Whether the value is found under its name, without importing anything."""
    found = sys.modules.get("__main__" if _main and module == _main[0] else module)
    if type(found) is not types.ModuleType or module == "__main__":
        return False
    found = vars(found).get(name.partition(".")[0])
    for part in name.split(".")[1:]:
        if not isinstance(found, type):
            return False
        found = _get(found, "__dict__").get(part)
        found = getattr(found, "__func__", found) if isinstance(found, (staticmethod, classmethod)) else found
    return found is value


def _has_metaclass_of_types(kind):
    return type in _get(kind, "__mro__")


def state_of(value):
    """The attributes of an instance: its dict and its slots, read past everything that its class may override."""
    state = {}
    for base in _get(type(value), "__mro__"):
        members = _get(base, "__dict__")
        own = members.get("__dict__")
        if type(own) is types.GetSetDescriptorType:
            state.update(own.__get__(value) or {})
        if "__slots__" in members:
            for name, member in list(members.items()):
                if type(member) is types.MemberDescriptorType:
                    try:
                        state.setdefault(name, member.__get__(value))
                    except AttributeError:
                        continue
    return state


CONTENT = {
    dict: lambda value: dict(dict.items(value)), list: lambda value: list(list.__iter__(value)),
    tuple: lambda value: tuple(tuple.__iter__(value)), set: lambda value: set(set.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)), float: float.__float__,
    Text: lambda value: Text.__getitem__(value, slice(None)), bytes: lambda value: bytes.__getitem__(value, slice(None)),
    complex: lambda value: complex(complex.real.__get__(value), complex.imag.__get__(value)),
    int: int.__int__, deque: lambda value: list(deque.__iter__(value)),
    datetime: lambda value: datetime(*[getattr(datetime, part).__get__(value) for part in (
        "year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo")]),
    date: lambda value: date(*[getattr(date, part).__get__(value) for part in ("year", "month", "day")]),
}
PLAIN = {
    type(None): lambda speller, value: "None", bool: lambda speller, value: "True" if value else "False",
    int: Speller.integer, float: Speller.real, complex: Speller.complex_number, Text: Speller.text,
    bytes: Speller.native_bytes if PY2 else Speller.binary, type(Ellipsis): lambda speller, value: "Ellipsis",
    Opaque: lambda speller, value: value.text, type(NotImplemented): lambda speller, value: "NotImplemented",
}
NESTED = {
    list: Speller.listed, tuple: Speller.tupled, dict: Speller.mapping, set: Speller.unordered, frozenset: Speller.frozen,
    datetime: Speller.moment, time: Speller.time_of_day, date: Speller.day, timedelta: Speller.span,
    OrderedDict: Speller.ordered, defaultdict: Speller.with_default, deque: Speller.queued, xrange: Speller.stepped,
    Decimal: lambda speller, value: "Decimal(%r)" % str(value), UUID: lambda speller, value: "UUID(%r)" % str(value),
    Fraction: lambda speller, value: "Fraction(%d, %d)" % (value.numerator, value.denominator),
    bytearray: lambda speller, value: "bytearray(%s%r)" % ("b" if PY2 else "", bytes(value)),
    struct_time: lambda speller, value: "struct_time(%s)" % speller.tupled(tuple(value)),
    slice: lambda speller, value: "slice(%s)" % speller.entries((value.start, value.stop, value.step)),
    type(re.compile("")): Speller.pattern, io.StringIO: Speller.memory_file, io.BytesIO: Speller.memory_file,
    types.ModuleType: Speller.module, types.FunctionType: Speller.function, type(len): Speller.builtin,
    types.MethodType: Speller.bound, type: Speller.cls,
}
PLAIN_NAMES = dict((class_name(cls), cls.__name__) for cls in (
    int, float, bool, complex, str, list, tuple, dict, set, frozenset, object, bytearray, type, datetime, date, time, timedelta,
    Decimal, OrderedDict, defaultdict, deque, Fraction, UUID))
if PY2:
    CONTENT[long] = long.__long__  # noqa: F821
    PLAIN[long] = Speller.integer  # noqa: F821
    NESTED[OldClass] = Speller.cls
    NESTED.update((kind, Speller.memory_file) for kind in NATIVE_FILES)


class Spelled(object):
    """A spelled value: the text, why it cannot be built again, and how many parts it has."""

    def __init__(self, text, blocked, nodes):
        self.text, self.blocked, self.nodes = text, blocked, nodes


class Outliner(Speller):
    """Spells the parts of a value that is too big, and of parts that are too big themselves the type alone."""

    def spell(self, value):
        if len(self.path) != 1:
            return Speller.spell(self, value)
        self.nodes += 1
        if self.nodes > self.limit:
            raise TooBig()
        part = Speller(self.exact)
        part.path, part.limit = list(self.path), PART_NODES
        try:
            return part.spell(value)
        except (TooBig, RuntimeError):
            return "opaque(%r)" % class_name(type(value))


def outline(value):
    """The attributes or entries of a value, as far as each is small enough; the type alone where there are too many."""
    try:
        return Outliner().spell(value)
    except (TooBig, RuntimeError):
        return "opaque(%r)" % class_name(type(value))


def spelled(value, exact=False, strict=False):
    """The spelling of a value, bounded in size."""
    speller = Speller(exact, strict)
    try:
        text = speller.spell(value)
    except Blocked as reason:
        return Spelled(None, [reason.args[0]], speller.nodes)
    except (TooBig, RuntimeError):
        # RuntimeError: the stack is nearly used up, or something is being changed by another thread.
        text = "opaque(%r)" % class_name(type(value)) if strict else outline(value)
        speller.blocked.append("it is too big")
    if len(text) <= MAX_CHARS:
        return Spelled(text, speller.blocked, speller.nodes)
    if exact and PY2:
        text = Speller().spell(value)
    digest = hashlib.sha1(text.encode("ascii")).hexdigest()
    return Spelled("large(%r, %r)" % (class_name(type(value)), digest), speller.blocked + ["it is too big"], speller.nodes)
