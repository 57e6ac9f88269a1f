# -*- coding: utf-8 -*-
"""Notes the calls of a project's public functions while something runs. CPython 2.7 and 3.6 to 3.13, standard library only.

    PYTHON iama_recorder.py --plan plan.json -- script.py args…      (working directory: the project copy)

The script may be the harness, or any program. Inside a process that already runs: ``install(plan)``, ``ensure()`` before each
test (tests may take the tracing away), ``uninstall()``. The plan, the records and their meaning: README.md.

Calls are seen through ``sys.settrace``: the project's objects stay what they are (no wrapper, no changed signature, no hook in
its imports), exceptions come with their values, and each call knows the lines that it executed. Frames outside of the project
cost one lookup; a function whose calls bring nothing new is looked at ever more rarely.
"""
import inspect
import json
import opcode
import os
import sys
import threading
import time
import traceback
import types

import characterization_support as support
from iama_records import RecordFile, to_json

# What the code under record may replace is bound here.
_getpid = os.getpid
_settrace, _gettrace, _clock = sys.settrace, sys.gettrace, getattr(time, "monotonic", time.time)
try:
    from thread import get_ident as _thread
except ImportError:
    from threading import get_ident as _thread

PY2 = sys.version_info[0] == 2
Text = type(u"")
LIMITS = {"calls_per_function": 200, "nodes_per_function": 30000, "kept_bytes": 64 << 20, "depth": 40, "items": 50, "seconds": None}
RAISE = opcode.opmap["RAISE_VARARGS"]
YIELDS = frozenset(number for name, number in opcode.opmap.items() if name in ("YIELD_VALUE", "YIELD_FROM", "SEND"))
RETURNS = frozenset(number for name, number in opcode.opmap.items() if name.startswith("RETURN_"))
GENERATOR = inspect.CO_GENERATOR
OTHER_FRAMES = 0x80 | 0x100 | 0x200  # coroutines and asynchronous generators
SPECIAL = frozenset(("__%s__" % name) for name in (
    "init call len contains getitem setitem delitem iter eq ne lt le gt ge cmp hash str unicode repr nonzero bool add sub mul div "
    "truediv floordiv mod pow neg pos abs invert and or xor lshift rshift radd rsub rmul int long float enter next"
).split())


# --- which function a frame belongs to ---------------------------------------------------------------------------------


class Site(object):
    """A code object of the project: its file, its public name if it has one, and how often it was seen."""

    def __init__(self, code, path):
        self.code, self.path = code, path
        self.module = self.name = self.form = self.defaults = None
        self.calls = self.kept = self.stale = self.nodes = 0
        self.blocked = {}
        self.every = 1
        self.known = set()
        self.positional, self.rest, self.keyword_only, self.keywords = _parameters(code)

    def due(self):
        """Whether this call is to be looked at."""
        self.calls += 1
        return self.calls % self.every == 0

    def judge(self, is_new):
        """Calls that bring nothing new make the next ones be looked at more rarely."""
        self.stale = 0 if is_new else self.stale + 1
        if is_new:
            self.kept += 1
        elif self.stale >= 32 and self.every < 1024:
            self.stale, self.every = 0, self.every * 2


def _parameters(code):
    """Names of the positional, *rest, keyword-only and **keywords parameters."""
    names, count, only = code.co_varnames, code.co_argcount, getattr(code, "co_kwonlyargcount", 0)
    positional, keyword_only = names[:count], names[count:count + only]
    count += only
    rest = names[count] if code.co_flags & inspect.CO_VARARGS else None
    count += 1 if rest else 0
    return positional, rest, keyword_only, names[count] if code.co_flags & inspect.CO_VARKEYWORDS else None


def is_public(name):
    return name in SPECIAL or not name.startswith("_")


class Index(object):
    """Finds the public name of a code object in the module that it was compiled for."""

    def __init__(self):
        self.modules = {}
        # The name under which the program that runs can be imported, where it can.
        self.main = None

    def look_up(self, frame):
        """(module, qualified name, form, defaults) or None. Forms: function, static, class, method, construct, property."""
        module = frame.f_globals.get("__name__")
        found = sys.modules.get(module) if type(module) is str else None
        if type(found) is not types.ModuleType or vars(found) is not frame.f_globals:
            return None
        if module == "__main__":
            if self.main is None:
                return None
            module = self.main
        size, known = self.modules.get(module, (None, None))
        if size != len(frame.f_globals) or id(frame.f_code) not in known:
            known = dict(self.functions(module, frame.f_globals))
            self.modules[module] = len(frame.f_globals), known
        entry = known.get(id(frame.f_code))
        return None if entry is None else (module,) + entry

    @staticmethod
    def wanted(name):
        return is_public(name)

    def functions(self, module, names):
        for name, value in sorted(entry for entry in list(names.items()) if type(entry[0]) is str):
            if type(value) is types.FunctionType:
                if value.__name__ == name and self.wanted(name) and value.__globals__ is names:
                    yield id(value.__code__), (name, "function", value.__defaults__)
            elif self.wanted(name) and (isinstance(value, type) or type(value) is support.OldClass):
                if support.class_names(value) == (module, name):
                    for entry in self.methods(name, value):
                        yield entry

    def methods(self, owner, cls):
        members = vars(cls) if type(cls) is support.OldClass else type.__getattribute__(cls, "__dict__")
        for name, value in sorted(list(members.items())):
            kind = type(value)
            form = {staticmethod: "static", classmethod: "class", types.FunctionType: "method", property: "property"}.get(kind)
            if form is None or type(name) is not str or not self.wanted(name):
                continue
            function = value.fget if kind is property else getattr(value, "__func__", None) or _wrapped(value)
            if type(function) is not types.FunctionType or function.__name__ != name and kind is not property:
                continue
            form = "construct" if name == "__init__" else form
            yield id(function.__code__), ("%s.%s" % (owner, name), form, function.__defaults__)


def _wrapped(value):
    return value.__get__(None, object) if type(value) in (staticmethod, classmethod) else value


# --- one call ----------------------------------------------------------------------------------------------------------


class Call(object):
    """A call that is going on: what went in, the lines it ran, what it raised last."""

    __slots__ = ("recorder", "site", "frame", "inputs", "before", "lines", "pending", "items", "outer", "record", "trace",
                 "made_as")

    def __init__(self, recorder, site, frame):
        self.recorder, self.site, self.frame = recorder, site, frame
        self.lines, self.pending, self.items = set(), None, None
        self.record = {"e": "call", "module": site.module, "function": site.name, "form": site.form, "file": site.path}
        self.trace = self.on_event
        self.take_inputs(frame.f_locals)
        if site.code.co_flags & GENERATOR:
            self.items = []

    def take_inputs(self, values):
        """The arguments as they were given, each spelled before the call can change it."""
        site = self.site
        positional = [(name, values[name]) for name in site.positional if name in values]
        receiver = positional.pop(0) if site.form in ("method", "class", "construct", "property") and positional else None
        rest = list(values.get(site.rest) or ()) if site.rest else []
        keywords = [(name, values[name]) for name in site.keyword_only if name in values]
        extra = values.get(site.keywords) if site.keywords else None
        if type(extra) is dict:
            keywords += sorted((name, entry) for name, entry in extra.items() if type(name) is str)
        if not rest:
            positional, named = self.without_defaults(positional)
            keywords = named + keywords
        self.inputs = [("receiver", receiver[1])] if receiver and site.form in ("method", "property") else []
        self.inputs += [(str(index), entry) for index, (_, entry) in enumerate(positional)]
        self.inputs += [(str(len(positional) + index), entry) for index, entry in enumerate(rest)]
        self.inputs += keywords
        own = int(bool(self.inputs) and self.inputs[0][0] == "receiver")
        count = own + len(positional) + len(rest)
        self.before, texts = [], []
        for _, entry in self.inputs:
            # An instance goes by its making where nothing changed since, else by its attributes.
            made = self.recorder.made_by(entry)
            spelled = support.spelled(entry, True, made is None)
            site.nodes += spelled.nodes
            if spelled.blocked and made is None:
                raise support.Blocked(spelled.blocked[0])
            self.before.append(spelled.text)
            texts.append(made[1] if made is not None and (made[2] == spelled.text or spelled.blocked) else spelled.text)
        self.record["arguments"] = texts[own:count]
        self.record["parameters"] = [name for name, _ in positional] + [site.rest] * len(rest)
        self.record["keywords"] = [[name, text] for (name, _), text in zip(self.inputs[count:], texts[count:])]
        self.record["receiver"] = None
        if own:
            self.record["receiver"] = texts[0]
        elif receiver is not None:
            self.record["receiver"] = self.class_of_receiver(receiver[1])
            if site.form == "construct":
                self.inputs.append(("receiver", receiver[1]))

    def class_of_receiver(self, value):
        cls = value if self.site.form == "class" else real_class(value)
        spelled = support.spelled(cls, True, True)
        if spelled.blocked:
            raise support.Blocked(spelled.blocked[0])
        return spelled.text

    def without_defaults(self, positional):
        """Leaves out what was not given; parameters with defaults go by name."""
        defaults = self.site.defaults or ()
        first = len(positional) - len(defaults)
        named = [pair for index, pair in enumerate(positional[max(first, 0):]) if pair[1] is not defaults[index - min(first, 0)]]
        if any(name.startswith(".") for name, _ in named):
            return positional, []
        return positional[:max(first, 0)], named

    def on_event(self, frame, event, argument):
        try:
            if event == "line":
                self.lines.add((self.site.path, frame.f_lineno))
                self.pending = None
            elif event == "exception":
                self.pending = argument
            elif event == "return":
                self.recorder.leave(self, frame, argument)
        except Exception as error:
            self.recorder.failed(error)
        return self.trace

    def outcome(self, frame, value):
        """What the end of the frame means: a value given or yielded, or an exception."""
        code = frame.f_code.co_code
        operation = code[frame.f_lasti] if frame.f_lasti >= 0 else 0
        operation = ord(operation) if PY2 else operation
        if self.items is not None and operation in YIELDS and self.pending is None:
            return "yield", value
        if value is None and self.pending is not None and operation not in RETURNS:
            return "raise", self.pending
        return "result", value

    def finish(self, kind, value):
        """Spells what came out."""
        if kind == "raise":
            outcome = self.raised(*value)
        elif self.site.form == "construct":
            made = self.inputs[-1][1]
            self.made_as = support.spelled(made, True).text
            outcome = {"kind": "result", "value": self.spell(made)}
        else:
            outcome = {"kind": "result", "value": self.spell(value)}
        if self.items is not None:
            outcome = dict(outcome, kind="items" if kind == "result" else kind, items=self.items, exhausted=kind == "result")
            outcome.pop("value", None)
        self.record["outcome"] = outcome
        changed = {}
        for (name, entry), before in zip(self.inputs, self.before):
            if before[:1] in "([{bdmOo" or name == "receiver":
                if support.spelled(entry, True).text != before:
                    changed[name] = self.spell(entry)
        self.record["changed"] = changed

    def spell(self, value):
        """What came out is spelled without what only Python 2 knows; what goes in, exactly."""
        spelled = support.spelled(value)
        self.site.nodes += spelled.nodes
        return spelled.text

    def raised(self, cls, value, trace):
        if not isinstance(value, BaseException):
            cls = cls if isinstance(cls, type) else Exception
            return {"kind": "raise", "type": support.exception_name(cls), "message": None, "own": False}
        own = is_own(trace, self.recorder.sites)
        return {"kind": "raise", "type": support.exception_name(type(value)), "message": support.message_of(value), "own": own}


def real_class(value):
    """The class of an instance, also of an old-style one."""
    cls = type(value)
    return value.__class__ if support.OldInstance is not None and cls is support.OldInstance else cls


def is_own(trace, sites):
    """Whether an exception comes from a raise statement of the project: only then its message is the project's."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or not sites(trace.tb_frame.f_code):
        return False
    operation = trace.tb_frame.f_code.co_code[trace.tb_lasti]
    return (ord(operation) if PY2 else operation) == RAISE


class Recorder(object):
    """The trace function, the calls that are open in each thread, and what is known about the code seen so far."""

    def __init__(self, plan, root):
        self.limits = dict(LIMITS, **(plan.get("limits") or {}))
        # Where relative names of files start: a command may have gone elsewhere before it started this process.
        self.start, root = os.getcwd(), os.path.realpath(root)
        self.files = {}
        for name in plan["files"]:
            name = name.encode("utf-8") if PY2 and isinstance(name, Text) else name
            for base in {root, os.path.abspath(root)}:
                self.files[os.path.normpath(os.path.join(base, name))] = name.replace(os.sep, "/")
        self.out = RecordFile(plan["records"], self.limits["kept_bytes"])
        self.index = Index()
        self.seen, self.open, self.generators, self.made = {}, {}, {}, {}
        self.ended = self.failures = 0
        self.deadline = _clock() + self.limits["seconds"] if self.limits["seconds"] else None

    # code objects

    def site(self, code):
        """The site of a code object; False when it lies outside of the project."""
        found = self.seen.get(id(code))
        if found is None or found[0] is not code:
            path = code.co_filename
            path = path[:-1] if path.endswith((".pyc", ".pyo")) else path
            absolute = os.path.normpath(path if os.path.isabs(path) else os.path.join(self.start, path))
            name = self.files.get(absolute) or self.files.get(os.path.realpath(absolute))
            found = self.seen[id(code)] = (code, Site(code, name) if name else False)
        return found[1]

    sites = site

    def trace(self, frame, event, argument):
        code = frame.f_code
        found = self.seen.get(id(code))
        site = found[1] if found is not None and found[0] is code else self.site(code)
        if site is False or event != "call":
            return None
        try:
            return self.enter(frame, site)
        except Exception as error:
            self.failed(error)
            return None

    def failed(self, error):
        """A fault of the recorder must not become one of the project; it is counted and the first ones are told."""
        self.failures += 1
        if self.failures <= 5:
            where = traceback.extract_tb(sys.exc_info()[2])[-1]
            message = u"%s: %s (line %d)" % (type(error).__name__, support.message_of(error), where[1])
            self.out.put({"e": "problem", "code": "recorder_fault", "message": message[:500]})

    # calls

    def enter(self, frame, site):
        stack = self.open.setdefault(_thread(), [])
        resumed = self.generators.get(id(frame))
        if resumed is not None and resumed.frame is frame:
            stack.append(resumed)
            return resumed.trace
        if site.module is None:
            self.name(site, frame)
        if site.form is not None and self.wanted(site, stack, frame):
            try:
                call = Call(self, site, frame)
            except support.Blocked as reason:
                site.judge(False)
                site.blocked[reason.args[0]] = site.blocked.get(reason.args[0], 0) + 1
                return self.lines_for(stack[-1], site) if stack else None
            call.outer = stack[-1] if stack else None
            stack.append(call)
            return call.trace
        return self.lines_for(stack[-1], site) if stack and site.calls < 1000 else None

    def name(self, site, frame):
        site.calls += 1
        if site.calls > 8 and site.calls & (site.calls - 1):
            return
        found = self.index.look_up(frame)
        if found is not None and not site.code.co_flags & OTHER_FRAMES:
            site.module, site.name, site.form, site.defaults = found
            site.calls = 0

    def wanted(self, site, stack, frame):
        if site.kept >= self.limits["calls_per_function"] or site.nodes > self.limits["nodes_per_function"] or self.out.left <= 0 or not site.due():
            return False
        if len(stack) >= self.limits["depth"] or self.deadline is not None and _clock() > self.deadline:
            self.drop_stale(stack, frame)
            return False
        if site.form == "construct":
            receiver = frame.f_locals.get(site.positional[0]) if site.positional else None
            return support.class_names(real_class(receiver)) == (site.module, site.name.partition(".")[0])
        return True

    @staticmethod
    def drop_stale(stack, frame):
        """Calls whose end was not seen, because something took the tracing away, are forgotten."""
        alive = set()
        while frame is not None:
            alive.add(id(frame))
            frame = frame.f_back
        stack[:] = [call for call in stack if id(call.frame) in alive]

    @staticmethod
    def lines_for(call, site):
        path, lines = site.path, call.lines

        def note(frame, event, argument):
            if event == "line":
                lines.add((path, frame.f_lineno))
            return note

        site.calls += 1 if site.form is None else 0
        return note

    def made_by(self, value):
        """(instance, expression, attributes then) for one whose making was seen."""
        made = self.made.get(id(value))
        return made if made is not None and made[0] is value else None

    def leave(self, call, frame, value):
        stack = self.open.get(_thread(), [])
        while stack and stack.pop() is not call:
            continue
        kind, value = call.outcome(frame, value)
        if kind == "yield":
            if len(call.items) < self.limits["items"]:
                call.items.append(call.spell(value))
            if len(self.generators) < 1000:
                self.generators[id(frame)] = call
            return
        self.generators.pop(id(frame), None)
        if kind == "raise" and call.items is not None and value[0] is GeneratorExit:
            kind, value = "dropped", None
        self.end(call, kind, value)

    def end(self, call, kind, value):
        call.finish(kind, value)
        site, record = call.site, call.record
        if kind == "dropped":
            record["outcome"] = {"kind": "items", "items": call.items, "exhausted": False}
        if call.outer is not None and len(call.outer.lines) < 20000:
            call.outer.lines |= call.lines
        if site.form == "construct" and kind == "result":
            self.remember(call)
        lines = {}
        for path, line in call.lines:
            lines.setdefault(path, []).append(line)
        record["lines"] = dict((path, sorted(lines[path])) for path in lines)
        key = hash((to_json([record[name] for name in ("receiver", "arguments", "keywords", "outcome", "changed")])))
        is_new = key not in site.known
        site.judge(is_new)
        self.ended += 1
        call.frame = call.inputs = None
        if is_new:
            site.known.add(key)
            self.out.put(record)

    def remember(self, call):
        """An instance goes by the call of its class as long as it looks as it did then. Kept for the latest ones only."""
        if len(self.made) >= 500:
            self.made.clear()
        record, instance = call.record, call.inputs[-1][1]
        parts = record["arguments"] + ["%s=%s" % tuple(pair) for pair in record["keywords"]]
        text = "new(%s)" % ", ".join(["%r" % str("%s:%s" % (record["module"], record["function"].rpartition(".")[0]))] + parts)
        if len(text) < support.MAX_CHARS // 4:
            self.made[id(instance)] = instance, text, call.made_as


# --- start -------------------------------------------------------------------------------------------------------------


_active = None


def install(plan, root=None):
    """Starts to record in this process and in its threads."""
    return resume(Recorder(plan, root or os.getcwd()))


def resume(made):
    """Starts to record with a recorder of the caller's."""
    global _active
    _active = made
    ensure()
    return _active


def ensure():
    """Takes up tracing again if something took it away; the calls left open are forgotten."""
    if _active is not None and _gettrace() != _active.trace:
        _active.open.clear()
        threading.settrace(_active.trace)
        _settrace(_active.trace)


def uninstall():
    """Ends the recording; generators that nobody exhausted are written with what was drawn."""
    global _active
    recorder, _active = _active, None
    if recorder is None:
        return
    _settrace(None)
    threading.settrace(None)
    for call in list(recorder.generators.values()):
        recorder.end(call, "dropped", None)
    sites = [entry[1] for entry in recorder.seen.values() if entry[1] and entry[1].form]
    for site in sorted(sites, key=lambda site: (site.path, site.name)):
        if site.blocked:
            recorder.out.put({"e": "blocked", "module": site.module, "function": site.name, "reasons": site.blocked})
    recorder.out.put({"e": "done", "calls": recorder.ended, "functions": len(sites), "faults": recorder.failures,
                      "kept": sum(site.kept for site in sites)})


def run_script(arguments):
    """Runs a program as the main module, recorded."""
    path = arguments[0]
    sys.argv[:] = arguments
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=__builtins__)
    with open(path, "rb") as stream:
        code = compile(stream.read(), path, "exec", 0, True)
    ensure()
    exec(code, main.__dict__)


def main(arguments):
    if len(arguments) < 4 or arguments[0] != "--plan" or arguments[2] != "--":
        sys.stderr.write("usage: iama_recorder.py --plan plan.json -- script.py arguments\n")
        return 2
    with open(arguments[1], "rb") as stream:
        plan = json.loads(stream.read().decode("utf-8"))
    if plan.get("schema") != "iama.recorder/1":
        sys.stderr.write("unknown plan schema %s\n" % plan.get("schema"))
        return 2
    sys.dont_write_bytecode = True
    sys.modules["iama_recorder"] = sys.modules["__main__"]
    plan["records"] = os.path.abspath(plan["records"])
    folders = [os.path.normpath(os.path.join(os.getcwd(), str(entry))) for entry in plan.get("pythonpath") or ()]
    sys.path[1:1] = folders
    install(plan)
    leave, status = os._exit, 0

    def leave_recorded(code):
        if _active is not None and _getpid() == _active.out.owner:
            uninstall()
        leave(code)

    os._exit = leave_recorded
    try:
        run_script(arguments[3:])
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    uninstall()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
