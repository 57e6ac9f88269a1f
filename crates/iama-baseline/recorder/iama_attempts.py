# -*- coding: utf-8 -*-
"""Tries calls and notes the lines of the project that they run. CPython 2.7 and 3.6 to 3.13 on POSIX, standard library only."""
import json
import os
import signal
import sys
import time

import iama_replay
from iama_records import to_json

_clock, _exit, _fork, _pipe = getattr(time, "monotonic", time.time), os._exit, os.fork, os.pipe
CALL_SECONDS = 0.5
MEMORY_MB = 768
# Modules that may be missing before a file is given up.
MOST_ABSENT = 5


class Tracer(object):
    """Notes the lines of the project."""

    def __init__(self, paths):
        self.paths, self.known, self.lines = paths, {}, set()

    def __call__(self, frame, event, _argument):
        name = frame.f_code.co_filename
        if name not in self.known:
            plain = name[:-1] if name.endswith((".pyc", ".pyo")) else name
            self.known[name] = self.paths.get(os.path.realpath(plain))
        path = self.known[name]
        if path is None:
            return None
        lines = self.lines

        def local(frame, event, _argument):
            if event == "line":
                lines.add((path, frame.f_lineno))
            return local
        return local


class Absent(object):
    """Stands last where modules are looked for, and notes those that nobody has."""

    def __init__(self):
        self.names = []

    def find_module(self, name, path=None):
        # Python 2 asks before it looks into the module path itself.
        if path is None and "." not in name:
            import imp
            try:
                found = imp.find_module(name)[0]
                if found is not None:
                    found.close()
            except ImportError:
                self.names.append(name)
        return None

    def find_spec(self, name, path=None, _target=None):
        if path is None and "." not in name:
            self.names.append(name)
        return None


def attempt(calls, options, seconds=CALL_SECONDS):
    """What calls do and the lines that they run, one after the other in a child; None for those that it did not come to."""
    reader, writer = _pipe()
    child = _fork()
    if child == 0:
        os.close(reader)
        try:
            in_child(calls, options, writer, seconds)
        finally:
            _exit(0)
    os.close(writer)
    said, deadline = [], _clock() + seconds * 3
    try:
        while len(said) < len(calls):
            line = iama_replay.read_all(reader, max(0.0, deadline - _clock()))
            if not line:
                break
            said += [read_outcome(part) for part in line.split(b"\n") if part]
    finally:
        os.close(reader)
        iama_replay.ended(child)
    return (said + [None] * len(calls))[:len(calls)]


def in_child(calls, options, descriptor, seconds):
    signal.signal(signal.SIGALRM, iama_replay.ring)
    os.setsid()
    # What is made up may ask for any amount; the sandbox would end everything.
    iama_replay.limit_memory(MEMORY_MB)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    for call in calls:
        tracer, absent = Tracer(options.paths), Absent()
        sys.meta_path.append(absent)
        sys.settrace(tracer)
        try:
            outcome = iama_replay.perform(call, options.project, seconds)
        except BaseException as error:
            outcome = {"kind": "crash", "message": type(error).__name__}
        finally:
            sys.settrace(None)
            sys.meta_path.remove(absent)
        if outcome.get("type") == "ImportError" and absent.names:
            outcome["absent"] = absent.names[-1]
        lines = {}
        for path, line in sorted(tracer.lines):
            lines.setdefault(path, []).append(line)
        data = (to_json(dict(outcome, lines=lines)) + "\n").encode("ascii")
        while data:
            data = data[os.write(descriptor, data):]


def read_outcome(line):
    try:
        return json.loads(line.decode("ascii"))
    except ValueError:
        return None
