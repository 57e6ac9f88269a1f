# -*- coding: utf-8 -*-
"""Writes records as JSON lines, whatever the code under record does to the process. Python 2.7 and 3, standard library only."""
import errno
import json
import os

import characterization_support as support

# What the code under record may replace is bound here.
_open, _write, _close, _fstat, _getpid = os.open, os.write, os.close, os.fstat, os.getpid
_quoted = json.encoder.encode_basestring_ascii


def to_json(value):
    """Own encoder: the project may have patched the json module. Output is ASCII."""
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, support.integers):
        return "%d" % value
    if isinstance(value, dict):
        return "{" + ",".join(to_json(key) + ":" + to_json(value[key]) for key in sorted(value)) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(to_json(entry) for entry in value) + "]"
    return _quoted(value)


class RecordFile(object):
    """Appends whole lines; survives tests that close its descriptor, and stays silent in forked children."""

    def __init__(self, path, limit):
        self.path, self.left, self.owner = path, limit, _getpid()
        self._open()

    def _open(self):
        self.descriptor = _open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)
        try:
            import fcntl
            moved = fcntl.fcntl(self.descriptor, fcntl.F_DUPFD, 200)
            fcntl.fcntl(moved, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
            _close(self.descriptor)
            self.descriptor = moved
        except (ImportError, IOError, OSError, ValueError):
            pass
        self.identity = self._identity()

    def _identity(self):
        try:
            stat = _fstat(self.descriptor)
            return stat.st_dev, stat.st_ino
        except (IOError, OSError):
            return None

    def put(self, record):
        if _getpid() != self.owner:
            return
        if self.identity is None or self._identity() != self.identity:
            self._open()
        rest = (to_json(record) + "\n").encode("ascii")
        self.left -= len(rest)
        while rest:
            try:
                rest = rest[_write(self.descriptor, rest):]
            except (IOError, OSError) as error:
                if error.errno != errno.EINTR:
                    raise
