# -*- coding: utf-8 -*-
"""Runs recorded calls again, each alone, and notes what they do. CPython 2.7 and 3.6 to 3.13 on POSIX, standard library only.

    PYTHON iama_replay.py --calls calls.json --out outcomes.jsonl --pythonpath DIR [DIR…]
                          [--call-seconds 5] [--seconds 300] [--memory-mb 1024] [--workers N]

``--seconds``: of work for each worker. Working directory: any; every call gets an empty one. Outcomes are spelled the same on all
versions, see README.md. Each call runs in a forked child of a process that has imported the call's module: a crash, ``os._exit``
or a changed global costs that call only. Network and foreign files are the affair of the sandbox that starts this program.
"""
from __future__ import print_function

import argparse
import errno
import json
import linecache
import os
import re
import select
import shutil
import signal
import sys
import tempfile
import time

import characterization_support as support
from iama_calls import PROGRAMS, brought_of, read_json, source_of
from iama_recorder import is_own
from iama_records import to_json

_clock, _exit, _write, _fork = getattr(time, "monotonic", time.time), os._exit, os.write, os.fork
KEPT_TEXT = 20000
# Calls of one module that one process makes.
PORTION = 100
# So many times the seconds of work may pass by the clock.
PATIENCE = 3
STANDING = ("function", "static", "value")


class CallTimeLimit(BaseException):
    """Not an Exception, so that ordinary handlers let it pass."""


def ring(_number, _frame):
    raise CallTimeLimit()


# --- in the child ------------------------------------------------------------------------------------------------------


def target_of(call):
    """The function, or the data, that a call is of."""
    if call.get("brought"):
        return eval(brought_of(call), dict(vars(support)))
    return support.find("%s:%s" % (call["module"], call["function"]))


def perform(call, project, seconds):
    """The outcome of one call."""
    names = dict(vars(support))
    try:
        arguments = [eval(text, names) for text in call["arguments"]]
        keywords = [(str(key), eval(text, names)) for key, text in call["keywords"]]
        receiver = eval(call["receiver"], names) if call["receiver"] else None
        target = target_of(call) if call["form"] in STANDING else None
    except (Exception, SystemExit) as error:
        return {"kind": "unbuilt", "message": u"%s: %s" % (type(error).__name__, support.message_of(error))}
    inputs = [("receiver", receiver)] if call["form"] in ("method", "property") else []
    inputs += [(str(index), value) for index, value in enumerate(arguments)] + keywords
    before = [support.spelled(value) for _, value in inputs]
    names.update(("given%d" % index, value) for index, value in enumerate(arguments))
    names.update(("named_%s" % key, value) for key, value in keywords)
    names.update(receiver_=receiver, target_=target)
    source = source_of(call, "receiver_", ["given%d" % index for index in range(len(arguments))],
                       [(key, "named_%s" % key) for key, _ in keywords], "target_")
    code = compile(source, "<call>", "eval")
    watch, outcome = support.watched(), {}
    with watch as seen:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            try:
                value = eval(code, names)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            outcome.update(kind="result", value=support.spelled(value).text)
        except CallTimeLimit:
            outcome["kind"] = "timeout"
        except BaseException as error:
            outcome.update(raised(error, sys.exc_info()[2], project))
    changed = {}
    for (name, value), was in zip(inputs, before):
        now = support.spelled(value).text
        if now != was.text:
            changed[name] = now
    if changed:
        outcome["changed"] = changed
    return dict(outcome, **effects(seen))


HANDED_ON = re.compile(r"\s*raise(\s+[a-z_]\w*)?\s*(#.*)?$")


def is_handed_on(error, trace):
    """Whether a built-in exception that was caught is raised once more: its message is not the project's."""
    while trace.tb_next is not None:
        trace = trace.tb_next
    line = linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
    return ":" not in support.exception_name(type(error)) and bool(HANDED_ON.match(line))


def raised(error, trace, project):
    own = is_own(trace, project)
    message = support.message_of(error)[:KEPT_TEXT]
    outcome = {"kind": "raise", "type": support.exception_name(type(error)), "own": own, "said": message,
               "message": message if own and not is_handed_on(error, trace) else None}
    foreign = support.foreign_text(error) if own else None
    return dict(outcome, foreign=foreign[:KEPT_TEXT]) if foreign else outcome


def effects(seen):
    found = {}
    for name, value in (("stdout", seen.stdout[:KEPT_TEXT]), ("stderr", seen.stderr[:KEPT_TEXT])):
        if value:
            found[name] = value
    for name, value in (("files", seen.files), ("environment", seen.environment)):
        if value:
            found[name] = dict((str(key), support.spelled(value[key]).text) for key in value)
    return found


def in_child(call, project, seconds, descriptor):
    """Ends with the process."""
    try:
        signal.signal(signal.SIGALRM, ring)
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        line = (to_json(perform(call, project, seconds)) + "\n").encode("ascii")
        while line:
            line = line[_write(descriptor, line):]
    except BaseException as error:
        _write(descriptor, (to_json({"kind": "crash", "message": type(error).__name__}) + "\n").encode("ascii"))
    _exit(0)


# --- in the parent -----------------------------------------------------------------------------------------------------


def read_all(descriptor, seconds):
    """What the child wrote until it closed the pipe; None when the time was up first."""
    parts, deadline = [], _clock() + seconds
    while True:
        try:
            ready = select.select([descriptor], [], [], max(0.0, deadline - _clock()))[0]
        except (OSError, IOError, select.error) as error:
            if error.args[0] == errno.EINTR:
                continue
            raise
        if not ready:
            return None
        part = os.read(descriptor, 65536)
        if not part:
            return b"".join(parts)
        parts.append(part)
        if part.endswith(b"\n"):
            return b"".join(parts)


def ended(child):
    """Ends a child with its group, and gives its status."""
    for end in (os.killpg, os.kill):
        try:
            end(child, signal.SIGKILL)
        except OSError:
            pass
    return os.waitpid(child, 0)[1]


def isolated(call, project, seconds):
    """Runs one call in a child of its own."""
    reader, writer = os.pipe()
    child = _fork()
    if child == 0:
        os.close(reader)
        in_child(call, project, seconds, writer)
    os.close(writer)
    try:
        said = read_all(reader, seconds + 2)
    finally:
        os.close(reader)
        status = ended(child)
    if said is None:
        return {"kind": "timeout"}
    try:
        return json.loads(said.decode("ascii"))
    except ValueError:
        return {"kind": "crash", "message": "the process ended with status %d" % status}


def by_module(calls):
    """Calls in groups of one module, in the order of their first appearance."""
    groups, order = {}, []
    for call in calls:
        if call["module"] not in groups:
            order.append(call["module"])
        groups.setdefault(call["module"], []).append(call)
    return [(name, groups[name]) for name in order]


def portions(groups):
    """The groups in parts that can run beside each other."""
    return [(name, calls[start:start + PORTION]) for name, calls in groups for start in range(0, len(calls), PORTION)]


def processors():
    try:
        return max(1, min(4, os.sysconf("SC_NPROCESSORS_ONLN")))
    except (ValueError, OSError):
        return 1


def bring_in(module, call):
    """Imports what a call needs; a program is imported by nothing."""
    if call.get("alone"):
        support.alone(str(call["file"]), *[str(name) for name in call.get("absent") or ()])
    elif call.get("brought"):
        target_of(call)
    elif call["form"] not in PROGRAMS:
        __import__(str(module))


def run_group(module, calls, options, deadline):
    """In a child that imports the module once: every call runs in a child of that one."""
    try:
        with support.watched():
            bring_in(module, calls[0])
    except BaseException as error:
        message = u"%s: %s" % (type(error).__name__, support.message_of(error))
        for call in calls:
            options.put(dict(kind="unbuilt", message=u"the module cannot be imported: " + message, e="outcome", id=call["id"]))
        return
    for call in calls:
        if _clock() > deadline:
            options.put({"e": "outcome", "id": call["id"], "kind": "skipped", "message": "the time was up"})
            continue
        options.put(dict(isolated(call, options.project, options.call_seconds), e="outcome", id=call["id"]))


class Project(object):
    """Tells code of the project from code of others."""

    def __init__(self, folders):
        self.folders = tuple(os.path.join(os.path.realpath(folder), "") for folder in folders)

    def __call__(self, code):
        name = code.co_filename
        if not os.path.isabs(name):
            # A program's, which goes by its place below the root; its working folder may be gone.
            return any(os.path.isfile(folder + name) for folder in self.folders)
        path = os.path.realpath(name)
        return path.startswith(self.folders) and "-packages" not in path


def used():
    """Seconds of processor time of the groups that have ended."""
    times = os.times()
    return times[2] + times[3]


def limit_memory(megabytes):
    try:
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 20, 64 << 20))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError, IOError):
        return


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--pythonpath", nargs="*", default=[])
    parser.add_argument("--call-seconds", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--memory-mb", type=int, default=1024)
    parser.add_argument("--workers", type=int, default=processors())
    options = parser.parse_args(arguments)
    calls = read_json(options.calls, "iama.calls/1")["calls"]
    folders = [os.path.abspath(folder) for folder in options.pythonpath]
    out = os.open(os.path.abspath(options.out), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
    options.put = lambda record: os.write(out, (to_json(record) + "\n").encode("ascii"))
    options.project = Project(folders)
    sys.dont_write_bytecode = True
    sys.path[1:1] = folders
    sys.argv[:] = ["replay"]
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    # A busy machine takes longer for the same work; what does not end at all is not waited for.
    deadline = _clock() + PATIENCE * options.seconds
    try:
        running = 0
        for module, group in portions(by_module(calls)):
            if running == options.workers:
                os.wait()
                running -= 1
            if used() > options.seconds * options.workers:
                deadline = 0
            if _fork() == 0:
                limit_memory(options.memory_mb)
                try:
                    run_group(module, group, options, deadline)
                finally:
                    _exit(0)
            running += 1
        for _ in range(running):
            os.wait()
    finally:
        shutil.rmtree(folder, True)
    options.put({"e": "done", "python": "%d.%d.%d" % tuple(sys.version_info[:3])})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
