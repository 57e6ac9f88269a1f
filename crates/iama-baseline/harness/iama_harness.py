# -*- coding: utf-8 -*-
"""Runs the tests of a project and writes one JSON event per line. CPython 2.7 and 3.6 to 3.13, standard library only.

    PYTHON iama_harness.py --plan plan.json --events events.jsonl        (working directory: the project copy)

Plan (``iama.harness/1``): ``runner`` auto, pytest or unittest; ``files`` relative paths, run in that order; ``pythonpath``;
``skip`` and ``only`` test ids; ``per_test_seconds``; ``collect_only``; ``hash_seed``; ``observe``, for code whose values
are marked: the types that come by are written to ``observed.txt`` beside the events, one ``number type`` a line;
``recording``, for a run under the recorder: what takes its tracing away ends the recording of one test only.

Events: begin, collecting (file: written before a file is imported, so that a crash or hang there can be blamed), collected,
collect_error, start, end, problem (code, message, fatal), done. ``collected`` carries ``left_out`` for tests that were found and
are in ``skip``. ``end`` carries ``error`` for failed, error and timeout and ``reason`` for skipped and xfailed. An error has its
class, message, phase and innermost place in the project, and as ``frames`` the way there, where it has more than one place. Whatever the tests do to the process, every line in the file is whole.
Exit code: 0 all good, 1 something failed or could not be collected, 2 a fatal problem.

Ids are ``path::Class::test``, the same under both runners and on all versions. Parameters are spelled the same everywhere:
text and bytes without prefix, characters outside printable ASCII as Python 3 ``unicode_escape``, bytes read as UTF-8 (else
latin-1), floats as ``repr``, ``long`` as ``int``, classes and functions by name, a run of backslashes as one. Ids that still
coincide get ``#2``, ``#3`` and so on in order of collection.

Outcomes: an exception in ``setUp`` or ``tearDown`` of a TestCase is ``error``, anything raised by the test itself ``failed``.
An unexpected success of ``unittest.expectedFailure`` is ``xpassed`` on every version.

The time limit of one test is enforced from inside by SIGALRM where the project does not use that signal itself; the caller
has to kill what goes on for ``per_test_seconds`` plus a few seconds of grace.
"""
import errno
import inspect
import itertools
import json
import os
import re
import signal
import sys
import time
import traceback
import types
import unittest

try:
    import fcntl
except ImportError:
    fcntl = None

# The tests may replace any of these names, or drop modules: everything needed while they run is bound here.
_SELF = sys.modules[__name__]
_open, _write, _close, _fstat, _exit = os.open, os.write, os.close, os.fstat, os._exit
_getpid, _getcwd, _chdir = os.getpid, os.getcwd, os.chdir
_realpath, _join, _sep = os.path.realpath, os.path.join, os.sep
_signal, _getsignal = signal.signal, signal.getsignal
_setitimer = getattr(signal, "setitimer", None)
_clock = getattr(time, "monotonic", time.time)
_exc_info = sys.exc_info
_TestCase, _SkipTest = unittest.TestCase, unittest.SkipTest

PY2 = sys.version_info[0] == 2
Text = type(u"")
NUMBERS = (int, long, float, complex) if PY2 else (int, float, complex)  # noqa: F821
MESSAGE_CHARS = 2000
FRAMES = 8
OWNER = _getpid()
LONE_SURROGATE = re.compile(u"[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]")
UTF8_RUN = re.compile(u"(?:\\\\x[89a-f][0-9a-f])+")
BACKSLASHES = re.compile(u"\\\\+")
COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>")
PHASE_FRAMES = {
    "setUp": "setup", "asyncSetUp": "setup", "setUpClass": "setup", "setUpModule": "setup",
    "tearDown": "teardown", "asyncTearDown": "teardown", "tearDownClass": "teardown", "tearDownModule": "teardown",
    "doCleanups": "teardown", "_callCleanup": "teardown",
}


# --- text and JSON ---------------------------------------------------------------------------------------------------


def text(value):
    """Valid unicode for anything, whatever its own conversion does."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    elif not isinstance(value, Text):
        for convert in (Text, str, repr):
            try:
                value = convert(value)
                break
            except Exception:
                continue
        else:
            value = u"<unprintable %s>" % type(value).__name__
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
    return LONE_SURROGATE.sub(u"\ufffd", value)


def native(value):
    """A path or argument in the type that this version's own calls use."""
    return value.encode("utf-8") if PY2 and isinstance(value, Text) else value


def _json_char(char):
    code = ord(char)
    if char in u'"\\':
        return u"\\" + char
    if 0x20 <= code < 0x7F:
        return char
    if code > 0xFFFF:
        code -= 0x10000
        return u"\\u%04x\\u%04x" % (0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))
    return u"\\u%04x" % code


def to_json(value):
    """Own encoder: the tests may have patched the json module. Output is ASCII."""
    if value is None or value is True or value is False:
        return {None: u"null", True: u"true", False: u"false"}[value]
    if isinstance(value, float):
        return Text(repr(round(value, 6)))
    if isinstance(value, NUMBERS):
        return u"%d" % value
    if isinstance(value, dict):
        return u"{" + u",".join(to_json(key) + u":" + to_json(value[key]) for key in sorted(value)) + u"}"
    if isinstance(value, (list, tuple)):
        return u"[" + u",".join(map(to_json, value)) + u"]"
    return u'"' + u"".join(map(_json_char, text(value))) + u'"'


def high_descriptor(descriptor):
    """Moves a descriptor out of the way of tests that count or close low ones, and closes it in new programs."""
    if fcntl is None:
        return descriptor
    try:
        moved = fcntl.fcntl(descriptor, getattr(fcntl, "F_DUPFD_CLOEXEC", fcntl.F_DUPFD), 200)
        fcntl.fcntl(moved, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    except (IOError, OSError, ValueError):
        return descriptor
    if descriptor > 2:
        _close(descriptor)
    return moved


class EventFile(object):
    """Appends whole lines with one write each; survives tests that close or reuse its descriptor."""

    def __init__(self, path):
        self.path = path
        self._open()

    def _open(self):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self.descriptor = high_descriptor(_open(self.path, flags, 0o644))
        self.identity = self._identity()

    def _identity(self):
        try:
            stat = _fstat(self.descriptor)
            return stat.st_dev, stat.st_ino
        except (IOError, OSError):
            return None

    def put(self, kind, **fields):
        if _getpid() != OWNER:
            _exit(1)
        if self.identity is None or self._identity() != self.identity:
            self._open()
        line = u'{"e":%s' % to_json(kind) + u"".join(u",%s:%s" % (to_json(key), to_json(fields[key])) for key in sorted(fields))
        rest = (line + u"}\n").encode("ascii")
        while rest:
            try:
                rest = rest[_write(self.descriptor, rest):]
            except (IOError, OSError) as error:
                if error.errno != errno.EINTR:
                    raise


# --- errors and where they come from ---------------------------------------------------------------------------------


class Places(object):
    """Tells project files from the standard library and installed packages."""

    def __init__(self, root):
        self.roots = sorted({_join(_realpath(root), ""), _join(os.path.abspath(root), "")})
        self.library = _join(_realpath(os.path.dirname(os.__file__)), "")
        self.own = self._source(__file__)

    @staticmethod
    def _source(path):
        path = native(path) or ""
        return path[:-1] if path[-4:] in (".pyc", ".pyo") else path

    def relative(self, path):
        """Path inside the project with forward slashes, or None."""
        path = self._source(path)
        if "site-packages" in path or "dist-packages" in path or path.startswith("<"):
            return None
        if not os.path.isabs(path):
            path = _join(self.roots[0], path)
        if path.startswith(self.library) or path == self.own:
            return None
        for candidate in (os.path.normpath(path), _realpath(path)):
            for root in self.roots:
                if candidate.startswith(root):
                    return text(candidate[len(root):].replace(_sep, "/"))
        return None

    def outside(self, path):
        """A name without machine paths for a file that is not the project's."""
        path = self._source(path)
        for marker in ("site-packages", "dist-packages"):
            if marker in path:
                return u"<site>/" + text(path.split(marker, 1)[1].lstrip("/\\").replace(_sep, "/"))
        for candidate in (path, _realpath(path)):
            if candidate.startswith(self.library):
                return u"<lib>/" + text(candidate[len(self.library):].replace(_sep, "/"))
        return text(os.path.basename(path))

    def locate(self, frames):
        """file, line and symbol of the innermost project frame, else of the innermost one. Frames: outermost first."""
        if not frames:
            return {"file": None, "line": None, "symbol": None}
        index = len(frames) - 1
        for position in range(index, -1, -1):
            if self.relative(frames[position][0].f_code.co_filename) is not None:
                index = position
                break
        frame, line = frames[index]
        path = frame.f_code.co_filename
        # A comprehension has a frame of its own on some versions only.
        while index and frame.f_code.co_name in COMPREHENSIONS and frames[index - 1][0].f_code.co_filename == path:
            index -= 1
            frame = frames[index][0]
        return {"file": self.relative(path) or self.outside(path), "line": line, "symbol": symbol_of(frame)}

    def trace(self, frames):
        """file, line and symbol of the innermost project frames, outermost first; none where there is no way to tell of."""
        own = []
        for frame, line in reversed(frames):
            path = self.relative(frame.f_code.co_filename)
            if path is not None and frame.f_code.co_name not in COMPREHENSIONS:
                own.append({"file": path, "line": line, "symbol": symbol_of(frame)})
                if len(own) == FRAMES:
                    break
        return {"frames": own[::-1]} if len(own) > 1 else {}


def frames_of_traceback(tb):
    frames = []
    while tb is not None:
        frames.append((tb.tb_frame, tb.tb_lineno))
        tb = tb.tb_next
    return frames


def frames_of_stack(frame):
    frames = []
    while frame is not None:
        frames.append((frame, frame.f_lineno))
        frame = frame.f_back
    return frames[::-1]


def class_chain(cls):
    try:
        return inspect.getmro(cls)
    except Exception:
        return (cls,)


def symbol_of(frame):
    """Class.method or function, found the same way on all versions (co_qualname is new in 3.11)."""
    code = frame.f_code
    name = text(code.co_name)
    if not code.co_argcount or code.co_varnames[0] not in ("self", "cls"):
        return name
    owner = frame.f_locals.get(code.co_varnames[0])
    if not inspect.isclass(owner):
        owner = getattr(owner, "__class__", type(owner))
    named = None
    for cls in class_chain(owner):
        members = getattr(cls, "__dict__", {})
        for member in list(members.values()):
            member = getattr(member, "__func__", member)
            if getattr(member, "__code__", None) is code:
                return text(cls.__name__) + u"." + name
        if named is None and code.co_name in members:
            named = cls
    return text(named.__name__) + u"." + name if named is not None else name


class TestTimeLimit(BaseException):
    """Raised inside a test that runs for too long; not an Exception, so that ordinary handlers let it pass."""

    __test__ = False


def make_error(places, exc_type, value, tb, phase):
    """The error record of an event."""
    frames = frames_of_traceback(tb)
    record = {"class": text(getattr(exc_type, "__name__", exc_type)), "message": text(value), "phase": phase}
    record.update(places.locate(frames), **places.trace(frames))
    if isinstance(value, SyntaxError) and value.filename and places.relative(value.filename):
        record.update(file=places.relative(value.filename), line=value.lineno, symbol=u"<module>")
    if record["class"] == u"FixtureLookupError":
        record["message"] = text(getattr(value, "msg", None) or "fixture '%s' not found" % value.argname)
        code = getattr(getattr(value.request, "function", None), "__code__", None)
        if code is not None:
            record.update(file=places.relative(code.co_filename), line=code.co_firstlineno, symbol=text(code.co_name))
    if isinstance(value, SyntaxError):
        record["message"] = text(value.msg)
    record["message"] = record["message"][:MESSAGE_CHARS]
    return record


def case_phase(places, tb):
    """Which part of a TestCase an exception comes from: setup, call or teardown."""
    for frame, _ in frames_of_traceback(tb):
        phase = PHASE_FRAMES.get(frame.f_code.co_name)
        if phase is not None:
            return phase
        if places.relative(frame.f_code.co_filename) is not None:
            break
    return "call"


def judged(places, exc_info, phase):
    """(phase, outcome, detail) for an exception raised in a phase."""
    exc_type, value, tb = exc_info
    if phase == "call":
        phase = case_phase(places, tb)
    if isinstance(value, TestTimeLimit):
        return phase, "timeout", make_error(places, exc_type, value, tb, phase)
    return phase, "failed" if phase == "call" else "error", make_error(places, exc_type, value, tb, phase)


def final_verdict(phases):
    """One outcome for a test: time limit, then setup, then call, then teardown."""
    for phase, outcome, detail in phases:
        if outcome == "timeout":
            return outcome, detail
    verdict = ("passed", None)
    for phase, outcome, detail in phases:
        if outcome == "passed" or verdict[0] in ("failed", "error"):
            continue
        verdict = (outcome, detail)
    return verdict


# --- one run ---------------------------------------------------------------------------------------------------------


class SoftLimit(object):
    """Raises TestTimeLimit in the main thread, only while code of the project is on the stack."""

    REPEAT_SECONDS = 1.0

    def __init__(self, places, seconds):
        self.places = places
        self.seconds = seconds
        self.usable = bool(seconds) and _setitimer is not None and hasattr(signal, "SIGALRM")
        self.reset()

    def reset(self):
        self.deadline = _clock() + (self.seconds or 0)
        self.fired = None

    def _ring(self, _number, frame):
        if _getpid() != OWNER:
            return
        frames = frames_of_stack(frame)
        if all(self.places.relative(entry[0].f_code.co_filename) is None for entry in frames):
            return
        error = TestTimeLimit("no end within %g s" % self.seconds)
        if self.fired is None:
            self.fired = dict(self.places.locate(frames), message=text(error), phase="call", **self.places.trace(frames))
            self.fired["class"] = u"TestTimeLimit"
        raise error

    def call(self, function, *args, **kwargs):
        """Calls the function with the time that is left for the test (at least one second, for cleaning up)."""
        if not self.usable or _getsignal(signal.SIGALRM) not in (signal.SIG_DFL, signal.SIG_IGN, self._ring):
            return function(*args, **kwargs)
        before = _signal(signal.SIGALRM, self._ring)
        _setitimer(signal.ITIMER_REAL, max(self.deadline - _clock(), 1.0 if self.fired else 0.001), self.REPEAT_SECONDS)
        try:
            return function(*args, **kwargs)
        finally:
            if _getpid() == OWNER and _getsignal(signal.SIGALRM) == self._ring:
                _setitimer(signal.ITIMER_REAL, 0)
                _signal(signal.SIGALRM, before)


class Run(object):
    """What both runners share: the plan, the events and the state of the process between tests."""

    def __init__(self, plan, root, scratch, events):
        self.root, self.scratch, self.events = root, scratch, events
        self.places = Places(root)
        self.files = [text(path).replace(u"\\", u"/") for path in plan["files"]]
        self.skip, self.left_out = set(plan.get("skip") or ()), []
        self.only = None if plan.get("only") is None else set(plan["only"])
        self.collect_only = bool(plan.get("collect_only"))
        self.limit = SoftLimit(self.places, plan.get("per_test_seconds"))
        self.before_test = sys.modules["iama_recorder"].ensure if plan.get("recording") else None
        self.bad = self.fatal = False
        self.open_tests = 0
        self.used_ids = {}
        self.modules = {}
        self.last = 0.0

    def now(self):
        self.last = max(self.last, _clock())
        return self.last

    def wanted(self, test_id):
        if test_id in self.skip:
            self.left_out.append(test_id)
            return False
        return self.only is None or test_id in self.only

    def unique(self, test_id):
        count = self.used_ids[test_id] = self.used_ids.get(test_id, 0) + 1
        return test_id if count == 1 else u"%s#%d" % (test_id, count)

    def present_files(self):
        """Files of the plan that exist, each once; the others are reported."""
        seen = []
        for path in self.files:
            if path in seen:
                continue
            if os.path.isfile(_join(self.root, native(path))):
                seen.append(path)
            else:
                self.collect_error(path, {"class": u"FileNotFoundError", "message": u"no such file", "file": path,
                                          "line": None, "symbol": None, "phase": "collect"})
        return seen

    def collected(self, ids):
        self.modules = {name: module for name, module in list(sys.modules.items()) if not self.is_project_module(module)}
        self.open_tests = len(ids)
        more = {"left_out": self.left_out} if self.left_out else {}
        self.events.put("collected", ids=ids, **more)

    def is_project_module(self, module):
        path = vars(module).get("__file__") if isinstance(module, type(sys)) else None
        return isinstance(path, str) and self.places.relative(path) is not None

    def collect_error(self, path, error):
        self.bad = True
        self.events.put("collect_error", file=path, error=error)

    def problem(self, code, message, fatal):
        self.fatal = self.fatal or fatal
        self.events.put("problem", code=code, message=text(message)[-MESSAGE_CHARS:], fatal=fatal)

    def start(self, test_id):
        self.limit.reset()
        self.started = self.now()
        self.events.put("start", id=test_id, t=self.started)
        if self.before_test is not None:
            self.before_test()

    def finish(self, test_id, phases):
        if self.limit.fired is not None and not any(entry[1] == "timeout" for entry in phases):
            phases = [("call", "timeout", self.limit.fired)]
        outcome, detail = final_verdict(phases)
        fields = {"id": test_id, "outcome": outcome, "seconds": self.now() - self.started}
        if outcome in ("failed", "error", "timeout"):
            self.bad = True
            fields["error"] = detail
        elif detail:
            fields["reason"] = text(detail)[:MESSAGE_CHARS]
        self.open_tests -= 1
        self.events.put("end", **fields)
        self.repair()

    def leave_fork(self, exc_info):
        """A child that a test forked must not go on with the other tests."""
        if _getpid() == OWNER:
            return
        value = exc_info[1] if exc_info else None
        if isinstance(value, SystemExit):
            code = value.code if isinstance(value.code, int) else int(value.code is not None)
        else:
            code = int(value is not None)
        flush_output()
        _exit(code & 0xFF)

    def repair(self):
        """Undoes what would stop the runner itself: modules of others taken away, a working directory that is gone."""
        for name, module in self.modules.items():
            if name not in sys.modules:
                sys.modules[name] = module
        try:
            _getcwd()
        except (IOError, OSError):
            _chdir(self.root)
        flush_output()


def flush_output():
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            stream.flush()
        except Exception:
            continue


# --- ids -------------------------------------------------------------------------------------------------------------


def spelled(value):
    """One spelling of text or bytes for all versions: ASCII, escaped, without prefix."""
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError:
            value = value.decode("latin-1")
    return value.encode("unicode_escape").decode("ascii")


def parameter_name(value):
    """The part of a test id for one parameter; None leaves it to pytest (argument name and index)."""
    if isinstance(value, (bytes, Text)):
        return spelled(value)
    if value is None or isinstance(value, bool):
        return Text(value)
    if isinstance(value, NUMBERS) and type(value) in NUMBERS:
        return Text(repr(value)).rstrip(u"L")
    if inspect.isclass(value) or inspect.isroutine(value):
        name = getattr(value, "__name__", None)
        return text(name) if isinstance(name, str) else None
    return None


def stable_name(name):
    """Removes what differs between versions from a name that pytest or the project made."""
    def decoded(match):
        raw = bytes(bytearray(int(part, 16) for part in match.group(0).split(u"\\x")[1:]))
        try:
            return raw.decode("utf-8").encode("unicode_escape").decode("ascii")
        except UnicodeDecodeError:
            return match.group(0)
    name = UTF8_RUN.sub(decoded, BACKSLASHES.sub(u"\\\\", text(name)))
    return u"".join(char if u" " <= char <= u"~" else spelled(char) for char in name)


# --- pytest ----------------------------------------------------------------------------------------------------------


class PassThrough(object):
    """Terminal output of pytest, on a copy of the descriptor: closing stdout in a test must not stop the run."""

    encoding = "utf-8"

    def __init__(self, descriptor):
        self.descriptor = descriptor

    def write(self, data):
        try:
            _write(self.descriptor, text(data).encode("utf-8"))
        except (IOError, OSError):
            return

    def flush(self):
        return None

    def isatty(self):
        return False


class Tee(object):
    """Keeps what pytest says on stderr while it starts."""

    def __init__(self, stream):
        self._stream = stream
        self.kept = []

    def write(self, data):
        self.kept.append(text(data))
        return self._stream.write(data)

    def __getattr__(self, name):
        return getattr(self._stream, name)


class PytestPlugin(object):
    """Collects, runs and reports; one object per pytest.main call."""

    HOOKS = {
        "pytest_runtest_protocol": {"tryfirst": True},
        "pytest_collection_modifyitems": {"trylast": True},
        "pytest_configure": {"trylast": True},
        "pytest_make_parametrize_id": {"trylast": True},
        "pytest_make_collect_report": {"hookwrapper": True},
    }

    def __init__(self, run, pytest, files, streams, call_info):
        self.run, self.pytest, self.files, self.streams, self.call_info = run, pytest, set(files), streams, call_info
        self.failed = pytest.fail.Exception
        self.configured = self.announced = False
        self.import_error = None
        self.ids = {}

    def path_of(self, node):
        return self.run.places.relative(str(getattr(node, "path", None) or node.fspath))

    def id_of(self, item):
        names = [stable_name(node.name) for node in item.listchain() if isinstance(node, (self.pytest.Class, self.pytest.Item))]
        return u"::".join([self.path_of(item) or u"?"] + [name for name in names if name != u"()"])

    def pytest_configure(self, config):
        self.configured = True
        sys.stderr = self.streams[1]
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None and hasattr(getattr(reporter, "_tw", None), "_file"):
            reporter._tw._file = PassThrough(high_descriptor(os.dup(1)))
        wanted = (getattr(config, "inicfg", None) or {}).get("required_plugins") or ""
        present = {info[1].project_name.lower() for info in config.pluginmanager.list_plugin_distinfo()}
        for name in re.findall(r"[A-Za-z][\w.-]*", str(wanted)):
            if name.lower() not in present:
                self.run.problem("plugin_missing", "the project asks for the pytest plugin %s" % name, False)

    def ignores(self, path):
        path = str(path)
        if not path.endswith(".py") or os.path.basename(path) in ("conftest.py", "__init__.py"):
            return None
        return True if self.run.places.relative(path) not in self.files else None

    def pytest_make_parametrize_id(self, config, val, argname):
        name = parameter_name(val)
        return native(name) if name else None

    def pytest_make_collect_report(self, collector):
        path = None
        if isinstance(collector, self.pytest.Module) and not isinstance(collector, self.pytest.Package):
            path = self.path_of(collector)
            self.run.events.put("collecting", file=path)
        self.import_error = None
        outcome = yield
        report = outcome.get_result()
        excinfo = getattr(getattr(report, "call", None), "excinfo", None)
        self.run.leave_fork(excinfo and (excinfo.type, excinfo.value, excinfo.tb))
        if report.outcome == "failed":
            exc_info = self.original_error(excinfo)
            self.run.collect_error(path or self.path_of(collector), make_error(self.run.places, *(exc_info + ("collect",))))
        elif report.outcome == "skipped" and path:
            self.run.problem("module_skipped", u"%s: %s" % (path, text(excinfo.value)), False)

    def original_error(self, excinfo):
        """pytest wraps what an import raised into an error of its own."""
        if not issubclass(excinfo.type, self.pytest.Collector.CollectError):
            return excinfo.type, excinfo.value, excinfo.tb
        value = getattr(excinfo.value, "__cause__", None) or getattr(excinfo.value, "__context__", None)
        if value is not None:
            return type(value), value, value.__traceback__
        return self.import_error or (excinfo.type, excinfo.value, excinfo.tb)

    def pytest_collection_modifyitems(self, session, config, items):
        kept, dropped = [], []
        for item in items:
            module = getattr(getattr(item, "cls", None), "__module__", "")
            if self.path_of(item) not in self.files or module in ("unittest", "unittest.case"):
                dropped.append(item)
                continue
            test_id = self.ids[item] = self.run.unique(self.id_of(item))
            (kept if self.run.wanted(test_id) else dropped).append(item)
        if dropped:
            config.hook.pytest_deselected(items=dropped)
        items[:] = kept

    def pytest_collection_finish(self, session):
        if not self.announced:
            self.announced = True
            self.run.collected([self.ids[item] for item in session.items])

    def pytest_runtestloop(self, session):
        return True if self.run.collect_only else None

    def pytest_internalerror(self, excrepr, excinfo):
        self.run.problem("pytest_internal", excrepr, True)

    def pytest_runtest_protocol(self, item, nextitem):
        hook = item.ihook
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        self.run.start(self.ids[item])
        if hasattr(item, "_request") and not item._request:
            item._initrequest()
        phases = [self.phase(item, "setup")]
        if phases[0][1] == "passed":
            phases.append(self.phase(item, "call"))
        phases.append(self.phase(item, "teardown", nextitem=nextitem))
        if hasattr(item, "_request"):
            item._request = False
            item.funcargs = None
        sys.stdout, sys.stderr = self.streams
        self.run.finish(self.ids[item], phases)
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def phase(self, item, when, **kwargs):
        hook = getattr(item.ihook, "pytest_runtest_" + when)
        call = self.call_info.from_call(lambda: self.run.limit.call(hook, item=item, **kwargs), when=when)
        self.run.leave_fork(call.excinfo and (call.excinfo.type, call.excinfo.value, call.excinfo.tb))
        try:
            report = item.ihook.pytest_runtest_makereport(item=item, call=call)
            item.ihook.pytest_runtest_logreport(report=report)
        except Exception:
            # The test broke something that the report needs; its outcome is known without it.
            report = None
        return self.verdict(when, call, report)

    def verdict(self, when, call, report):
        excinfo = call.excinfo
        outcome = report.outcome if report is not None else "failed" if excinfo else "passed"
        xfail = getattr(report, "wasxfail", None)
        if outcome == "skipped":
            reason = text(xfail if xfail is not None else excinfo.value if excinfo else report.longrepr)
            return when, "skipped" if xfail is None else "xfailed", re.sub(u"^reason: ", u"", reason)
        if outcome == "passed":
            return when, "passed" if xfail is None or when != "call" else "xpassed", None
        own = excinfo is None or isinstance(excinfo.value, self.failed)
        message = text(report.longrepr if excinfo is None else excinfo.value) if own else u""
        if message.startswith(u"Unexpected success"):
            return when, "xpassed", None
        if excinfo is not None and not message.startswith(u"[XPASS(strict)]"):
            return judged(self.run.places, (excinfo.type, excinfo.value, excinfo.tb), when)
        return when, "failed", {"class": u"XPASS(strict)", "message": message[:MESSAGE_CHARS], "file": None, "line": None,
                                "symbol": None, "phase": when}


class IgnoreByPath(object):
    def __init__(self, plugin):
        self.plugin = plugin

    def pytest_ignore_collect(self, collection_path):
        return self.plugin.ignores(collection_path)


class IgnoreByPyPath(object):
    def __init__(self, plugin):
        self.plugin = plugin

    def pytest_ignore_collect(self, path):
        return self.plugin.ignores(path)


def guard_imports(pytest, plugin):
    """A test file that exits while it is imported is an error of that file, not the end of the run."""
    original = getattr(pytest.Module, "_iama_getobj", None) or pytest.Module.__dict__["_getobj"]

    def _getobj(self):
        try:
            return original(self)
        except (SystemExit, KeyboardInterrupt) as error:
            plugin.run.leave_fork(_exc_info())
            plugin.import_error = _exc_info()
            raise self.CollectError("%s while importing" % type(error).__name__)

    pytest.Module._iama_getobj = original
    pytest.Module._getobj = _getobj
    if PY2:
        import py
        plain = getattr(py.path.local, "_iama_pyimport", None) or py.path.local.__dict__["pyimport"]

        def pyimport(self, *args, **kwargs):
            try:
                return plain(self, *args, **kwargs)
            except BaseException:
                plugin.import_error = _exc_info()
                raise

        py.path.local._iama_pyimport = plain
        py.path.local.pyimport = pyimport


def project_has_config(run, files):
    """Whether a pytest configuration lies inside the project; pytest itself would search on above it."""
    for folder in {os.path.dirname(path) for path in files} | {u""}:
        while True:
            for name in ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"):
                try:
                    with open(_join(run.root, native(folder), name), "rb") as stream:
                        if name.endswith("pytest.ini") or b"pytest" in stream.read():
                            return True
                except (IOError, OSError):
                    continue
            if not folder:
                break
            folder = os.path.dirname(folder)
    return False


def run_pytest(run, pytest):
    from _pytest.runner import CallInfo
    for name, options in PytestPlugin.HOOKS.items():
        pytest.hookimpl(**options)(PytestPlugin.__dict__[name])
    files = run.present_files()
    if not files:
        return run.collected([])
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    empty = _join(run.scratch, "iama-empty-pytest.ini")
    open(empty, "w").close()
    with_config = project_has_config(run, files)
    code, plugin, said = pytest_once(run, pytest, CallInfo, files, None if with_config else empty)
    if not plugin.configured and with_config and u"conftest" not in said:
        run.problem("pytest_config", said or "pytest did not start with the project's configuration", False)
        code, plugin, said = pytest_once(run, pytest, CallInfo, files, empty)
    if not plugin.announced and not run.fatal:
        run.problem("conftest_failed" if u"conftest" in said else "pytest_start", said or "exit code %s" % code, True)
    elif run.open_tests and not run.collect_only and not run.fatal:
        run.problem("stopped_early", "pytest ended before all tests had run", True)


def pytest_once(run, pytest, call_info, files, config):
    options = ["--rootdir=" + run.root, "--confcutdir=" + run.root, "--continue-on-collection-errors", "-q", "-s",
               "--tb=short", "--color=no", "-o", "addopts=", "-o", "required_plugins=", "-o", "python_files=*.py",
               "-o", "python_functions=test*", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:random_order",
               "-p", "no:sugar"] + (["-c", config] if config else [])
    streams = (sys.stdout, sys.stderr)
    plugin = PytestPlugin(run, pytest, files, streams, call_info)
    ignore = IgnoreByPath if int(pytest.__version__.split(".")[0]) >= 7 else IgnoreByPyPath
    guard_imports(pytest, plugin)
    tee = sys.stderr = Tee(streams[1])
    try:
        code = pytest.main(options + [native(path) for path in files], plugins=[plugin, ignore(plugin)])
    except (Exception, SystemExit, KeyboardInterrupt):
        code = None
        tee.kept.append(text(traceback.format_exc()))
    finally:
        sys.stdout, sys.stderr = streams
    run.leave_fork(None)
    return code, plugin, u"".join(tee.kept).strip()


# --- unittest --------------------------------------------------------------------------------------------------------


class CaseResult(unittest.TestResult):
    """Turns what a TestCase reports into phases."""

    def __init__(self, places):
        unittest.TestResult.__init__(self)
        self.places = places
        self.phases = []

    def addSuccess(self, test):
        return None

    def addError(self, test, err):
        self.phases.append(judged(self.places, err, "call"))

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.addError(test, err)

    def addSkip(self, test, reason):
        self.phases.append(("call", "skipped", text(reason)))

    def addExpectedFailure(self, test, err):
        self.phases.append(("call", "xfailed", u""))

    def addUnexpectedSuccess(self, test):
        self.phases.append(("call", "xpassed", None))


class Test(object):
    """One test: its id, the module and the classes (outermost first) whose fixtures it needs, and how to run it."""

    def __init__(self, test_id, module, owners, body):
        self.id, self.module, self.owners, self.body = test_id, module, owners, body


def package_base(root, path):
    """Folder to import from and dotted name: the nearest folder upward that is not a package."""
    folder, name = os.path.split(path)
    parts = [os.path.splitext(name)[0]]
    if parts == ["__init__"]:
        parts = []
    while folder and os.path.isfile(_join(root, native(folder), "__init__.py")):
        folder, name = os.path.split(folder)
        parts.insert(0, name)
    return _join(root, native(folder)).rstrip(_sep), native(u".".join(parts) or u"__init__")


def import_file(root, path):
    base, name = package_base(root, path)
    if base not in sys.path:
        sys.path.insert(0, base)
    __import__(name)
    module = sys.modules[name]
    found = Places._source(getattr(module, "__file__", None))
    if _realpath(found) != _realpath(_join(root, native(path))):
        raise ImportError("module %s was already imported from %s" % (name, os.path.basename(os.path.dirname(found))))
    return module


def first_line(thing):
    """Line of a function or class; 0 where there is none."""
    if inspect.isclass(thing):
        try:
            return inspect.findsource(thing)[1] + 1
        except Exception:
            return min([first_line(member) for member in vars(thing).values() if inspect.isfunction(member)] or [0])
    code = getattr(getattr(thing, "__func__", thing), "__code__", None)
    return getattr(code, "co_firstlineno", 0)


def in_order(scope, members):
    """Members of a module or class in the order of their definition, imported ones first."""
    home = getattr(scope, "__name__", None) if inspect.ismodule(scope) else None
    def key(entry):
        return home is not None and getattr(entry[1], "__module__", home) == home, first_line(entry[1]), entry[0]
    return sorted(members, key=key)


def optional(scope, *names):
    """The first of the functions that exists, as a list."""
    found = [getattr(scope, name) for name in names if callable(getattr(scope, name, None))]
    return found[:1]


def required_arguments(function):
    code = function.__code__
    return list(code.co_varnames[:code.co_argcount])[: code.co_argcount - len(function.__defaults__ or ())]


def call_flexible(function, argument):
    """xunit fixtures may take the thing they prepare, or nothing."""
    plain = getattr(function, "__func__", function)
    count = len(required_arguments(plain)) - int(getattr(function, "__self__", None) is not None)
    return function(argument) if count > 0 else function()


class UnittestRunner(object):
    """Runs TestCases, plain Test classes and test functions without pytest."""

    def __init__(self, run):
        self.run = run
        self.loader = unittest.TestLoader()

    # collection

    def collect(self):
        tests = []
        for path in self.run.present_files():
            self.run.events.put("collecting", file=path)
            try:
                module = import_file(self.run.root, path)
                found = self.tests_of(path, module)
            except _SkipTest as error:
                self.run.problem("module_skipped", u"%s: %s" % (path, text(error)), False)
                continue
            except BaseException:
                self.run.leave_fork(_exc_info())
                self.run.collect_error(path, make_error(self.run.places, *(_exc_info() + ("collect",))))
                continue
            self.run.leave_fork(None)
            tests.extend(found)
        for test in tests:
            test.id = self.run.unique(test.id)
        return [test for test in tests if self.run.wanted(test.id)]

    def tests_of(self, path, module):
        found = []
        for name, member in in_order(module, list(vars(module).items())):
            if getattr(member, "__test__", True) is False:
                continue
            if inspect.isclass(member):
                found.extend(self.tests_of_class(path, module, name, member, ()))
            elif inspect.isfunction(member) and name.startswith("test"):
                body = self.function_body(member, self.around_function(module, member))
                found.append(Test(u"%s::%s" % (path, text(name)), module, (), body))
        custom = getattr(module, "load_tests", None)
        return self.custom_tests(path, module, custom, found) if callable(custom) else found

    def custom_tests(self, path, module, load_tests, found):
        """The TestCases are what the module's own load_tests makes of them; the rest stays."""
        cases = [test for test in found if hasattr(test.body, "case")]
        suite = self.loader.suiteClass
        suites = [suite([test.body.case for test in group])
                  for _, group in itertools.groupby(cases, lambda test: test.owners[-1])]
        chosen = [self.case_test(path, module, case) for case in flat(load_tests(self.loader, suite(suites), None))
                  if "DocTest" not in type(case).__name__]
        return [test for test in found if test not in cases] + chosen

    def tests_of_class(self, path, module, prefix, cls, outer):
        owners = outer + (cls,)
        name = prefix.rsplit("::", 1)[-1]
        if issubclass(cls, _TestCase):
            if cls.__module__.split(".")[0] == "unittest":
                return
            names = self.loader.getTestCaseNames(cls) or (["runTest"] if hasattr(cls, "runTest") else [])
            for method in names:
                yield self.case_test(path, module, cls(method), prefix)
            return
        if not name.startswith("Test") or "__init__" in vars(cls) or "__new__" in vars(cls):
            return
        members = [(entry, getattr(cls, entry, None)) for entry in dir(cls)]
        for entry, member in in_order(cls, members):
            nested = u"%s::%s" % (prefix, entry)
            if inspect.isclass(member) and entry != "__class__":
                for test in self.tests_of_class(path, module, nested, member, owners):
                    yield test
            elif entry.startswith("test") and inspect.isroutine(member) and hasattr(member, "__code__"):
                yield Test(u"%s::%s" % (path, text(nested)), module, owners, self.method_body(cls, entry))

    def case_test(self, path, module, case, prefix=None):
        cls = type(case)
        method = getattr(case, "_testMethodName", None)
        inner = getattr(case, "_testFunc", None)
        if inner is not None:
            name = text(getattr(inner, "__name__", "function"))
        else:
            name = u"%s::%s" % (text(prefix or cls.__name__), text(method or case.id()))

        def body():
            result = CaseResult(self.run.places)
            phases = self.attempt("call", case, result)
            return result.phases + phases

        body.case = case
        return Test(u"%s::%s" % (path, name), module, (cls,), body)

    def around_function(self, module, function):
        before = optional(module, "setup_function") or optional(function, "setup") or optional(module, "setup")
        after = optional(module, "teardown_function") or optional(function, "teardown") or optional(module, "teardown")
        return before, after, function

    def method_body(self, cls, name):
        def body():
            instance = cls()
            method = getattr(instance, name)
            before = optional(instance, "setup_method") or optional(instance, "setup")
            after = optional(instance, "teardown_method") or optional(instance, "teardown")
            return self.function_body(method, (before, after, method))()
        return body

    def function_body(self, function, around):
        before, after, argument = around
        plain = getattr(function, "__func__", function)

        def body():
            wanted = required_arguments(plain)[int(plain is not function):]
            if wanted:
                message = u"arguments that only pytest can supply: %s" % u", ".join(map(text, wanted))
                place = {"file": self.run.places.relative(plain.__code__.co_filename), "symbol": text(plain.__name__),
                         "line": plain.__code__.co_firstlineno}
                return [("setup", "error", dict({"class": u"TypeError", "message": message, "phase": "setup"}, **place))]
            if inspect.isgeneratorfunction(plain):
                return [("call", "xfailed", u"tests that yield tests are not run")]
            if not PY2 and inspect.iscoroutinefunction(plain):
                return [("call", "skipped", u"async functions need a pytest plugin")]
            phases = self.fixtures("setup", before, argument)
            if not phases:
                phases = self.attempt("call", function)
                phases += self.fixtures("teardown", after, argument)
            return phases
        return body

    # running

    def attempt(self, phase, function, *args):
        """No phases when the call succeeds, else the one that tells how it did not."""
        try:
            self.run.limit.call(function, *args)
        except _SkipTest as error:
            phases = [(phase, "skipped", text(error))]
        except BaseException:
            self.run.leave_fork(_exc_info())
            phases = [judged(self.run.places, _exc_info(), phase)]
        else:
            phases = []
        self.run.leave_fork(None)
        return phases

    def fixtures(self, phase, functions, argument=None):
        phases = []
        for function in functions:
            phases += self.attempt(phase, call_flexible, function, argument)
        return phases

    def run_all(self, tests):
        for index, test in enumerate(tests):
            before = tests[index - 1] if index else None
            after = tests[index + 1] if index + 1 < len(tests) else None
            self.run.start(test.id)
            phases = self.enter(test, before)
            if not phases:
                phases = test.body()
            phases = phases + self.leave(test, after)
            self.run.finish(test.id, phases)

    def enter(self, test, before):
        """Fixtures of the module and of the classes that the test before did not share."""
        if before is None or before.module is not test.module:
            functions = optional(test.module, "setUpModule", "setup_module")
            self.module_failure = self.fixtures("setup", functions, test.module)
            before = None
        shared = common(before.owners, test.owners) if before else 0
        self.failures = self.failures[:shared] if before else []
        for owner in test.owners[shared:]:
            skipped = getattr(owner, "__unittest_skip__", False)
            blocked = skipped or self.module_failure or any(self.failures)
            functions = [] if blocked else optional(owner, "setUpClass", "setup_class")
            self.failures.append(self.fixtures("setup", functions, owner))
        phases = list(self.module_failure)
        for failure in self.failures:
            phases += failure
        # The limit was broken once, by the test that came first.
        return [(phase, "error" if outcome == "timeout" and self.run.limit.fired is None else outcome, detail)
                for phase, outcome, detail in phases]

    def leave(self, test, after):
        """Fixtures of the classes and of the module that the next test does not share."""
        same_module = after is not None and after.module is test.module
        shared = common(after.owners, test.owners) if same_module else 0
        phases = []
        for level in range(len(test.owners) - 1, shared - 1, -1):
            owner = test.owners[level]
            if not getattr(owner, "__unittest_skip__", False) and not self.module_failure:
                if not any(self.failures[: level + 1]):
                    phases += self.fixtures("teardown", optional(owner, "tearDownClass", "teardown_class"), owner)
                phases += self.cleanups(getattr(owner, "doClassCleanups", None), owner)
        if not same_module:
            if not self.module_failure:
                phases += self.fixtures("teardown", optional(test.module, "tearDownModule", "teardown_module"), test.module)
            phases += self.cleanups(getattr(unittest, "doModuleCleanups", None) or
                                    getattr(unittest.case, "doModuleCleanups", None), None)
        return phases

    def cleanups(self, function, owner):
        phases = self.attempt("teardown", function) if function is not None else []
        for exc_info in getattr(owner, "tearDown_exceptions", ()):
            phases.append(judged(self.run.places, exc_info, "teardown"))
        return phases

    failures = ()
    module_failure = ()


def flat(suite):
    """The tests in a suite of suites."""
    for entry in suite:
        if isinstance(entry, unittest.TestSuite):
            for test in flat(entry):
                yield test
        else:
            yield entry


def common(left, right):
    count = 0
    while count < min(len(left), len(right)) and left[count] is right[count]:
        count += 1
    return count


def run_unittest(run):
    runner = UnittestRunner(run)
    tests = runner.collect()
    run.collected([test.id for test in tests])
    if not run.collect_only:
        runner.run_all(tests)


# --- types of marked values ------------------------------------------------------------------------------------------


PLAIN = frozenset(
    [int, float, complex, bool, type(u""), type(b""), str, type(None), dict, list, tuple, set, frozenset, type(sys), type]
    + ([long, file] if PY2 else [])  # noqa: F821
)
INTEGERS = (int, long) if PY2 else int  # noqa: F821
NUMBERS = (int, long, float, bool) if PY2 else (int, float, bool)  # noqa: F821
CLASSIC = types.InstanceType if PY2 else None
NEXT = "next" if PY2 else "__next__"
# What subclasses of plain types go by.
LIKE = [
    (dict, "dict-like"),
    (INTEGERS, "int-like"),
    (float, "float-like"),
    (type(u""), type(u"").__name__ + "-like"),
    (str, "str-like"),
    (list, "list-like"),
    (tuple, "tuple-like"),
]
# Lists that are looked through for things that cannot be ordered.
MANY = 2000


def family(value):
    kind = type(value)
    if kind in NUMBERS:
        return "number"
    return "string" if kind in (str, type(u"")) else kind


def neighbours(items):
    """Pairs that stand side by side when all is in order; none where an order of somebody's own would be asked."""
    if not all(is_plain(item) for item in items):
        return []
    try:
        row = sorted(items)
    except Exception:
        return []
    return list(zip(row, row[1:]))


def is_plain(item):
    kind = type(item)
    return all(is_plain(part) for part in item) if kind in (list, tuple) else kind in PLAIN


def ordered_apart(left, right):
    """Whether Python 3 refuses to order these two."""
    if family(left) != family(right):
        return True
    if type(left) in (list, tuple):
        first = [(a, b) for a, b in zip(left, right) if a != b][:1]
        return any(ordered_apart(a, b) for a, b in first)
    return left is None or type(left) in (dict, complex)


class Observer(object):
    """Gives marked values back and notes each type of each place once."""

    def __init__(self, path):
        self.path = path
        self.seen = set()

    def see(self, site, value):
        kind = type(value)
        if kind is CLASSIC:
            kind = value.__class__
        if (site, kind) not in self.seen:
            self.seen.add((site, kind))
            self.note(site, kind)
        return value

    def seen_both(self, first, left, second, right):
        self.see(first, left)
        return self.see(second, right)

    def items(self, site, value):
        """Notes whether Python 3 could put these in order: neighbours in the right order are compared by every sort."""
        if type(value) in (list, tuple, set, frozenset) and len(value) <= MANY:
            self.write(site, "unlike" if any(ordered_apart(*pair) for pair in neighbours(value)) else "alike")
        return value

    def note(self, site, kind):
        if kind in PLAIN:
            return self.write(site, kind.__name__)
        bases = inspect.getmro(kind)
        for base, name in LIKE:
            if issubclass(kind, base):
                return self.write(site, name)
        if all(any(name in vars(base) for base in bases) for name in ("__iter__", NEXT)):
            return self.write(site, "iterator")
        self.write(site, "other:" + kind.__name__ if re.match(r"[A-Za-z0-9_]+\Z", kind.__name__) else "other")

    def write(self, site, name):
        if (site, name) in self.seen:
            return
        self.seen.add((site, name))
        try:
            descriptor = _open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                _write(descriptor, ("%d %s\n" % (site, name)).encode("ascii"))
            finally:
                _close(descriptor)
        except OSError:
            pass

    def install(self):
        builtins = sys.modules["__builtin__" if PY2 else "builtins"]
        builtins.__iama_see__ = self.see
        builtins.__iama_seen__ = self.seen_both
        builtins.__iama_items__ = self.items


# --- start -----------------------------------------------------------------------------------------------------------


def prepare(plan, root):
    """Makes the process look like a plain test run in the project's folder."""
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    own = _realpath(os.path.dirname(os.path.abspath(__file__)))
    sys.path[:] = [entry for entry in sys.path if _realpath(entry or root) != own]
    folders = [os.path.normpath(_join(root, native(entry))) for entry in plan.get("pythonpath") or ()]
    sys.path[:0] = folders
    inherited = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry and entry not in folders]
    os.environ["PYTHONPATH"] = os.pathsep.join(folders + inherited)
    sys.argv[:] = [os.path.basename(__file__)]
    # Programs look at their main module (its doc string as usage text, its names): they find an empty one.
    sys.modules["__main__"] = type(sys)("__main__")
    sys.modules["__main__"].__dict__["__builtins__"] = __builtins__


def choose_runner(wanted, run):
    """The pytest module, or None for unittest; the third case is a run that cannot start."""
    if wanted == "unittest":
        return None
    try:
        import pytest
        return pytest
    except ImportError as error:
        missing = "No module named" in str(error) and "pytest" in str(error)
        code = "pytest_missing" if missing else "pytest_broken"
        if wanted == "pytest" or not missing:
            run.problem(code, error, wanted == "pytest")
    except Exception as error:
        run.problem("pytest_broken", error, wanted == "pytest")
    return None


def main(arguments):
    if len(arguments) != 4 or arguments[0] != "--plan" or arguments[2] != "--events":
        sys.stderr.write("usage: iama_harness.py --plan plan.json --events events.jsonl\n")
        return 2
    plan_path, events_path = os.path.abspath(arguments[1]), os.path.abspath(arguments[3])
    events = EventFile(events_path)
    root = _getcwd()
    with open(plan_path, "rb") as stream:
        plan = json.loads(stream.read().decode("utf-8"))
    run = Run(plan, root, os.path.dirname(events_path), events)
    if plan.get("schema") != "iama.harness/1":
        run.problem("plan_schema", "unknown plan schema %s" % plan.get("schema"), True)
        events.put("done")
        return 2
    prepare(plan, root)
    if plan.get("observe"):
        Observer(_join(os.path.dirname(events_path), "observed.txt")).install()
    wanted = plan.get("runner") or "auto"
    pytest = choose_runner(wanted, run)
    events.put("begin", runner=u"pytest %s" % text(pytest.__version__) if pytest else u"unittest",
               python=u"%d.%d.%d" % tuple(sys.version_info[:3]))
    if str(plan.get("hash_seed", "")) not in ("", "None", os.environ.get("PYTHONHASHSEED", "")):
        run.problem("hash_seed", "PYTHONHASHSEED is not %s" % plan["hash_seed"], False)
    if not run.fatal:
        if pytest:
            run_pytest(run, pytest)
        else:
            run_unittest(run)
    events.put("done")
    return 2 if run.fatal else int(run.bad)


if __name__ == "__main__":
    __file__ = os.path.abspath(__file__)
    try:
        _status = main(sys.argv[1:])
    except BaseException:
        if _getpid() == OWNER:
            sys.__stderr__.write(traceback.format_exc())
        _status = 2
    flush_output()
    # Threads that the tests left behind must not keep the process alive.
    _exit(_status)
