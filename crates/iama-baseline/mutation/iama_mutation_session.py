# -*- coding: utf-8 -*-
"""The project's tests inside one process: collected by the harness, run in any order and number, reported through a pipe."""
import errno
import os
import re
import signal
import sys
import tempfile

try:
    import resource
except ImportError:
    resource = None

import iama_harness as harness

PROFILE = getattr(signal, "SIGPROF", None) if harness._setitimer is not None else None
BAD = ("failed", "error", "timeout")


class Pipe(object):
    """Stands where the harness has its event file: whole JSON lines through a descriptor. That a test has passed is told with the
    next thing that happens: each message wakes another process."""

    def __init__(self, descriptor, owner):
        self.descriptor, self.owner, self.waiting = descriptor, owner, b""

    def put(self, kind, **fields):
        if harness._getpid() != self.owner:
            harness._exit(1)
        fields["e"] = kind
        rest = self.waiting + (harness.to_json(fields) + u"\n").encode("ascii")
        if kind == "end" and fields["outcome"] == "passed":
            self.waiting = rest
            return
        self.waiting = b""
        while rest:
            try:
                rest = rest[harness._write(self.descriptor, rest):]
            except (IOError, OSError) as error:
                if error.errno == errno.EINTR:
                    continue
                harness._exit(3)


class Session(harness.Run):
    """A run whose tests are started by us. ``ready`` is called once with a function that runs tests by id."""

    def __init__(self, plan, root, scratch, events, ready):
        harness.Run.__init__(self, plan, root, scratch, events)
        self.ready = ready
        self.limits, self.processor, self.stop, self.reach = {}, {}, False, None
        self.default_limit = plan.get("per_test_seconds") or 30.0
        self.broken, self.outcome = [], None

    def collect_error(self, path, error):
        harness.Run.collect_error(self, path, error)
        self.broken.append(path)
        if self.stop:
            self.leave()

    def start(self, test_id):
        self.limit.seconds = self.limits.get(test_id, self.default_limit)
        if self.reach is not None:
            self.reach.reset()
        harness.Run.start(self, test_id)
        self.arm(self.processor.get(test_id, 0))

    def arm(self, seconds):
        """A limit in processor time, which a busy machine does not make shorter."""
        if PROFILE is not None and harness._getsignal(PROFILE) in (signal.SIG_DFL, self.limit._ring):
            harness._signal(PROFILE, self.limit._ring)
            harness._setitimer(signal.ITIMER_PROF, seconds, 1.0 if seconds else 0)

    def finish(self, test_id, phases):
        self.arm(0)
        if self.limit.fired is not None and not any(entry[1] == "timeout" for entry in phases):
            phases = [("call", "timeout", self.limit.fired)]
        self.outcome, detail = harness.final_verdict(phases)
        outcome = self.outcome
        fields = {"id": test_id, "outcome": outcome, "seconds": self.now() - self.started}
        if outcome in BAD:
            fields["error"] = detail
        if self.reach is not None:
            fields["reach"] = self.reach.take()
        self.events.put("end", **fields)
        if outcome in BAD and self.stop:
            self.leave()
        self.repair()

    def leave(self):
        """Ends a child; what the tests left running or registered must not have a say."""
        self.events.put("done")
        harness._exit(0)


def patch_harness(harness_class):
    """Hands the collected items over instead of running them."""
    from _pytest import nodes

    def pytest_runtestloop(plugin, session):
        run = plugin.run
        items = {plugin.ids[item]: item for item in session.items}
        # The harness tells of failures itself; what a person would read is not made.
        nodes.Node._repr_failure_py = lambda node, excinfo, style=None: u"failed"

        def run_tests(ids):
            chosen = [items[test_id] for test_id in ids if test_id in items]
            for position, item in enumerate(chosen):
                following = chosen[position + 1] if position + 1 < len(chosen) else None
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)

        run.ready(run, run_tests)
        return True

    harness_class.pytest_runtestloop = pytest_runtestloop


def plain_asserts():
    """Test modules run as they are written: rewriting needs a second parse of every module and hides our sources."""
    from _pytest.assertion import rewrite
    rewrite.AssertionRewritingHook._should_rewrite = lambda *_arguments: False


def run_unittest(run):
    runner = harness.UnittestRunner(run)
    found = runner.collect()
    tests = {test.id: test for test in found}
    run.collected([test.id for test in found])

    def run_tests(ids):
        runner.failures, runner.module_failure = (), ()
        runner.run_all([tests[test_id] for test_id in ids if test_id in tests])

    run.ready(run, run_tests)


def collect(run, pytest):
    """Imports the tests and calls ``run.ready``; does not come back when that ends the process."""
    if pytest is None:
        return run_unittest(run)
    patch_harness(harness.PytestPlugin)
    plain_asserts()
    return harness.run_pytest(run, pytest)


# --- children --------------------------------------------------------------------------------------------------------


def patterns():
    """What the regular expressions' own cache holds, in a form that travels. Compiling costs more than most tests."""
    found = []
    for key in list(getattr(re, "_cache", ())):
        if len(key) >= 3 and isinstance(key[1], (bytes, harness.Text)):
            kind = "bytes" if isinstance(key[1], bytes) else "text"
            source = key[1].decode("latin-1") if kind == "bytes" else key[1]
            if harness.text(source) == source:
                found.append([kind, source, int(key[2])])
    return found


def keep_patterns(found):
    """Fills the cache, so that no child has to."""
    for kind, source, flags in found:
        try:
            re.compile(source.encode("latin-1") if kind == "bytes" else source, flags)
        except Exception:
            continue


def widen_pattern_cache():
    if hasattr(re, "_MAXCACHE"):
        re._MAXCACHE = max(re._MAXCACHE, 8192)


def quiet():
    """No input, no output."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    if null > 2:
        os.close(null)


def bound(memory_mb, file_mb):
    """Limits for one child: address space beyond what it has, file size, no core files."""
    if resource is None:
        return
    try:
        with open("/proc/self/statm") as stream:
            used = int(stream.read().split()[0]) * resource.getpagesize()
        limits = [(resource.RLIMIT_AS, used + memory_mb * 1024 * 1024)]
    except (IOError, OSError, ValueError):
        limits = []
    limits += [(resource.RLIMIT_FSIZE, file_mb * 1024 * 1024), (resource.RLIMIT_CORE, 0)]
    for kind, value in limits:
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        try:
            resource.setrlimit(kind, (value, hard))
        except (ValueError, OSError):
            continue
    # Too large a file is an error of the write, not the end of the process.
    if hasattr(signal, "SIGXFSZ"):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def become_child(descriptor, folder, memory_mb, file_mb):
    """First steps after a fork: a group of its own, pipe out of the way, its own folder for temporary files."""
    os.setsid()
    harness.OWNER = harness._getpid()
    quiet()
    bound(memory_mb, file_mb)
    os.environ["TMPDIR"] = folder
    tempfile.tempdir = None
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    return Pipe(harness.high_descriptor(descriptor), harness.OWNER)
