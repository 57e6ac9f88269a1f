# -*- coding: utf-8 -*-
"""Which lines of the files with mutants are executed, test by test, with little slowing of everything else.

Every place is told of once for each test: ``sys.monitoring`` switches it off after that (3.12 and later); before that, a
function whose lines have all been seen in a test is not traced again in it.
"""
import os
import sys
import threading


class Reach(object):
    """Collects (file number, node index, line); ``take`` hands over what was seen since the last call."""

    def __init__(self, files):
        self.files = files
        self.known, self.lines = {}, {}
        for number, source in enumerate(files):
            for node in source.nodes:
                self.known[id(node.code)] = number, node.index
                self.lines[number, node.index] = frozenset(node.lines)
        self.names, self.paths = {}, {os.path.realpath(source.full): number for number, source in enumerate(files)}
        self.foreign = {}
        self.hits = set()
        self.tool = None

    def key_of(self, code):
        key = self.known.get(id(code))
        if key is not None:
            return key
        name = code.co_filename
        number = self.names.get(name, self)
        if number is self:
            number = self.names[name] = self.paths.get(os.path.realpath(name))
        if number is None:
            return None
        # The same file loaded in a way of the project's own: kept, so that its id stays taken.
        source = self.files[number]
        index = source.by_place.get((code.co_firstlineno, code.co_name))
        if index is None:
            return None
        self.foreign[id(code)] = code
        self.known[id(code)] = number, index
        return number, index

    def take(self):
        seen = sorted(self.hits)
        self.reset()
        return seen

    def start(self):
        monitoring = getattr(sys, "monitoring", None)
        if monitoring is not None:
            free = [number for number in (5, 4, 3) if monitoring.get_tool(number) is None]
            if free:
                self._start_monitoring(monitoring, free[0])
                return
        self.reset()
        threading.settrace(self._called)
        sys.settrace(self._called)

    def reset(self):
        self.hits = set()
        if self.tool is not None:
            sys.monitoring.restart_events()
        self.left, self.local = {}, {}

    # sys.monitoring

    def _start_monitoring(self, monitoring, tool):
        self.tool = tool
        self.watched = {}
        events, disable = monitoring.events, monitoring.DISABLE
        monitoring.use_tool_id(tool, "iama")

        def started(code, _offset):
            key = self.key_of(code)
            if key is not None and id(code) not in self.watched:
                self.watched[id(code)] = code
                monitoring.set_local_events(tool, code, events.LINE)
            return disable

        def line(code, number):
            key = self.known.get(id(code))
            if key is not None:
                self.hits.add(key + (number,))
            return disable

        monitoring.register_callback(tool, events.PY_START, started)
        monitoring.register_callback(tool, events.LINE, line)
        monitoring.set_events(tool, events.PY_START)
        self.reset()

    # sys.settrace

    def _called(self, frame, event, _argument):
        key = self.key_of(frame.f_code)
        if key is None:
            return None
        left = self.left.get(key)
        if left is None:
            left = self.left[key] = set(self.lines[key])
            self.local[key] = self._tracer(key, left)
        return self.local[key] if left else None

    def _tracer(self, key, left):
        hits, add, discard = self.hits, self.hits.add, left.discard

        def local(frame, event, _argument):
            if event == "line":
                number = frame.f_lineno
                discard(number)
                if hits is self.hits:
                    add(key + (number,))
                else:
                    self.hits.add(key + (number,))
            return local

        return local
