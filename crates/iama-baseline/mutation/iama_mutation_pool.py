# -*- coding: utf-8 -*-
"""Throw-away children: started by fork, watched, killed with everything they started; several at a time.

Two processes have a pool: the one in which only libraries are loaded and the one that has the project loaded.
"""
import errno
import fcntl
import gc
import json
import os
import select
import shutil
import signal
import time

clock = getattr(time, "monotonic", time.time)
TICK_SECONDS = 0.05
GRACE_SECONDS = 1.0


class Job(object):
    """Tests to run in a child, with a mutant, with a file compiled anew (``same``), or as they are. ``batch``: (mutant, tests)
    pairs instead, one after the other."""

    __slots__ = ("tests", "mutant", "same", "trace", "stop", "batch")

    def __init__(self, tests, mutant=None, same=None, trace=False, stop=True, batch=()):
        self.tests, self.mutant, self.same, self.trace, self.stop, self.batch = tests, mutant, same, trace, stop, batch


class Part(object):
    """What a child told of one mutant of a batch: the test that failed, and whether it passed without the mutant at once."""

    def __init__(self):
        self.began, self.ends, self.culprit, self.error, self.status = clock(), {}, None, None, "passed"
        self.seconds, self.in_control, self.control = 0.0, False, None

    def take(self, event):
        if self.in_control:
            self.control = event["outcome"]
            return
        self.seconds = clock() - self.began
        self.ends[event["id"]] = event
        if event["outcome"] in ("failed", "error", "timeout"):
            self.culprit, self.error = event["id"], event.get("error") or {}
            self.status = "timeout" if event["outcome"] == "timeout" else "failed"


class Result(object):
    """What a child told. ``fate``: done, crash, hang, or unplaced (the mutant could not be put in place)."""

    def __init__(self, job):
        self.job, self.fate = job, None
        self.ids, self.imported, self.modules = None, (), ()
        self.ends, self.broken, self.running, self.patterns = {}, {}, None, ()
        self.problems, self.culprit, self.status, self.error = [], None, "passed", None
        self.setup_seconds, self.parts = 0.0, []

    def close(self):
        """Sums up: the test that tells the mutant apart, if one does."""
        if self.fate in ("crash", "hang"):
            self.culprit = self.running
            self.status = "timeout" if self.fate == "hang" else "failed"
            self.error = {"class": u"Timeout" if self.fate == "hang" else u"Crash"}
            return
        for test_id in self.job.tests or ():
            end = self.ends.get(test_id)
            if end is not None and end["outcome"] in ("failed", "error", "timeout"):
                self.culprit, self.error = test_id, end.get("error") or {}
                self.status = "timeout" if end["outcome"] == "timeout" else "failed"
                return
        if self.broken:
            self.status, self.error = "failed", sorted(self.broken.items())[0][1]
        elif any(problem.get("fatal") for problem in self.problems) or (self.job.tests and not self.ends):
            self.status, self.error = "failed", {"class": u"Collection"}


class Child(object):
    """One running child."""

    def __init__(self, pid, descriptor, job, limit, slot):
        self.pid, self.descriptor, self.slot = pid, descriptor, slot
        self.result, self.limit_of = Result(job), limit
        self.began = clock()
        self.deadline = self.began + limit(None)
        self.buffer = b""

    def read(self):
        """Takes what the pipe holds; False at its end."""
        try:
            data = os.read(self.descriptor, 1 << 16)
        except (IOError, OSError) as error:
            return error.errno in (errno.EINTR, errno.EAGAIN)
        lines = (self.buffer + data).split(b"\n")
        self.buffer = lines.pop()
        for line in lines:
            try:
                self.take(json.loads(line.decode("ascii")))
            except (ValueError, KeyError, TypeError):
                # Not one of ours: the test wrote into a descriptor that it does not own.
                continue
        return bool(data)

    def take(self, event):
        result, kind = self.result, event["e"]
        if kind == "collected":
            result.ids = event["ids"]
        elif kind == "imported":
            result.imported, result.modules = event["lines"], event["modules"]
        elif kind == "patterns":
            result.patterns = event["patterns"]
        elif kind == "start":
            if not result.ends and result.running is None:
                result.setup_seconds = clock() - self.began
            result.running = event["id"]
            self.deadline = clock() + self.limit_of(event["id"]) + GRACE_SECONDS
        elif kind == "end":
            result.ends[event["id"]] = event
            if result.parts:
                result.parts[-1].take(event)
            self.deadline = clock() + self.limit_of(None)
        elif kind == "collect_error":
            result.broken[event["file"]] = event["error"]
        elif kind == "part":
            result.parts.append(Part())
        elif kind == "control":
            result.parts[-1].in_control = True
        elif kind == "problem":
            result.problems.append(event)
        elif kind in ("done", "unplaced"):
            result.fate = kind


class Pool(object):
    """Runs coroutines that yield jobs and are sent results."""

    def __init__(self, width, folder, start, limit):
        self.width, self.folder, self.start_child, self.limit = width, folder, start, limit
        self.free, self.slots = [], 0
        self.children = {}

    def run(self, source, extra=None, on_extra=None):
        """Works until the source ends. ``source()`` gives a coroutine, None (nothing now) or raises StopIteration."""
        open_source = True
        while open_source or self.children:
            work = None
            if open_source and len(self.children) < self.width():
                try:
                    work = source()
                except StopIteration:
                    open_source = False
                if work is not None:
                    self.step(work, None)
            self.wait(extra() if extra is not None else None, on_extra, work is not None)

    def step(self, work, result):
        """Sends a result on and starts the job that the coroutine asks for next."""
        try:
            job = next(work) if result is None else work.send(result)
        except StopIteration:
            return
        self.fork(work, job)

    def fork(self, work, job):
        reader, writer = os.pipe()
        if not self.free:
            self.slots += 1
            self.free.append(self.slots)
        slot = self.free.pop()
        folder = os.path.join(self.folder, "tmp-%d-%d" % (os.getpid(), slot))
        if not os.path.isdir(folder):
            os.makedirs(folder)
        if hasattr(gc, "freeze"):
            # What came since then needs no look from the child's collector, which would copy it.
            gc.freeze()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(reader)
                for child in self.children:
                    os.close(child)
                self.start_child(job, writer, folder)
            finally:
                os._exit(4)
        os.close(writer)
        child = Child(pid, reader, job, lambda test: self.limit(job, test), slot)
        child.folder, child.work = folder, work
        self.children[reader] = child

    def wait(self, extra, on_extra, at_once):
        watched = list(self.children) + ([extra] if extra is not None else [])
        try:
            timeout = 0 if at_once else TICK_SECONDS
            ready = select.select(watched, [], [], timeout)[0]
        except select.error as error:
            if error.args[0] != errno.EINTR:
                raise
            ready = []
        if extra in ready:
            on_extra()
        for descriptor in list(self.children):
            child = self.children[descriptor]
            alive = child.read() if descriptor in ready else True
            if child.result.fate is None:
                if not alive or (descriptor not in ready and self.gone(child)):
                    child.result.fate = "crash"
                elif clock() > child.deadline:
                    child.result.fate = "hang"
            if child.result.fate is not None:
                self.end(child)

    @staticmethod
    def gone(child):
        """Whether it ended although something it started still holds the pipe."""
        try:
            done = os.waitpid(child.pid, os.WNOHANG)[0] == child.pid
        except OSError:
            return False
        if done:
            fcntl.fcntl(child.descriptor, fcntl.F_SETFL, os.O_NONBLOCK)
            child.read()
        return done and child.result.fate is None

    def end(self, child):
        kill(child.pid)
        del self.children[child.descriptor]
        os.close(child.descriptor)
        clear(child.folder)
        self.free.append(child.slot)
        child.result.close()
        self.step(child.work, child.result)


def kill(pid):
    """Ends a child and its process group."""
    for _ in range(3):
        try:
            os.killpg(pid, signal.SIGKILL)
        except OSError:
            break
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
    try:
        os.waitpid(pid, 0)
    except OSError:
        pass
    try:
        # What was forked between the two passes.
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass


def clear(folder):
    """Removes what a child left in its folder for temporary files."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            try:
                os.remove(path)
            except OSError:
                continue
