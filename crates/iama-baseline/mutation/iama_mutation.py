# -*- coding: utf-8 -*-
"""Runs mutants of a project against its tests, warm. CPython 2.7 and 3.6 to 3.13 on Unix, standard library only.

    PYTHON iama_mutation.py --plan plan.json --events events.jsonl        (working directory: the project copy)

The contract of both files is in README.md. This process loads libraries only and never the project; a second one, forked
from it, imports the project and its tests once and runs none of them. Every test runs in a child of one of the two that is
thrown away: a child of the second gets the mutant by a swap of ``__code__``, a child of the first by importing the project
with the mutated source. Nothing is written below the working directory by the runner itself.
"""
import gc
import hashlib
import json
import mmap
import os
import signal
import sys
import time
import traceback

_OWN = os.path.dirname(os.path.abspath(__file__))
for _folder in (_OWN, os.path.join(os.path.dirname(_OWN), "harness")):
    if os.path.exists(os.path.join(_folder, "iama_harness.py")):
        sys.path.insert(0, _folder)
        break
sys.path.insert(0, _OWN)
sys.dont_write_bytecode = True

import iama_harness as harness  # noqa: E402
from iama_mutation_code import Live, Sources, SourceFile, swap_back  # noqa: E402
from iama_mutation_judge import BATCH, Judge, Knowledge  # noqa: E402
from iama_mutation_pool import Job, Pool, clock, kill  # noqa: E402
from iama_mutation_reach import Reach  # noqa: E402
from iama_mutation_session import BAD, Pipe, Session, become_child, collect, keep_patterns, patterns, quiet, widen_pattern_cache  # noqa: E402

# The harness empties sys.modules["__main__"]; this keeps the names of this module alive on Python 2.
_SELF = sys.modules[__name__]
SCHEMA = "iama.mutation/1"
DEFAULTS = {"runner": "auto", "pythonpath": [], "skip": [], "per_test_seconds": 30.0, "whole_seconds": None, "workers": 1,
            "seed": None, "timeout_factor": 8.0, "timeout_slack_seconds": 3.0,
            "timeout_processor_slack_seconds": 0.15, "memory_mb": 2048, "file_mb": 64, "touched": {}, "warm": True, "every": False,
            "mutants": []}
MAX_CRASHES = 50
FIRST_IMPORT_SECONDS = 120.0


def die_with_parent():
    """A process whose starter is gone must not go on; only Linux can be asked for that."""
    try:
        PRCTL(1, signal.SIGKILL)
    except Exception:
        return


def find_prctl():
    try:
        import ctypes
        return ctypes.CDLL(None).prctl
    except Exception:
        return None


PRCTL = find_prctl()


class Runner(object):
    """The whole of one start."""

    def __init__(self, plan, root, scratch, events):
        self.plan, self.root, self.scratch, self.events = dict(DEFAULTS, **plan), root, scratch, events
        self.began = clock()
        whole = self.plan["whole_seconds"]
        self.deadline = None if whole is None else self.began + whole
        self.sources = Sources()
        self.files, self.mutants, self.verdicts = [], {}, {}
        self.collect_seconds = FIRST_IMPORT_SECONDS
        self.pytest, self.knowledge = None, None
        self.wish = mmap.mmap(-1, 1)
        self.warm_pid, self.warm_ready = None, False

    # what the plan asks for

    def load(self):
        """Reads the files; tells of mutants that cannot be tried."""
        tests = {os.path.realpath(os.path.join(self.root, harness.native(path))) for path in self.plan["files"]}
        wanted = sorted({mutant["file"] for mutant in self.plan["mutants"]} | set(self.plan["touched"]))
        numbers, reasons = {}, {}
        for path in wanted:
            full = os.path.realpath(os.path.join(self.root, harness.native(path)))
            if full in tests or os.path.basename(full) == "conftest.py":
                reasons[path] = u"a test file"
                continue
            try:
                source = SourceFile(self.root, path)
            except (IOError, OSError, SyntaxError, ValueError, TypeError) as error:
                reasons[path] = harness.text(error)
                self.events.put("problem", code="file", message=u"%s: %s" % (path, reasons[path]), fatal=False)
                continue
            numbers[path] = len(self.files)
            self.files.append(source)
            self.sources.add(source)
        for mutant in self.ordered(self.plan["mutants"]):
            mutant["bytes"] = mutant["replacement"].encode("utf-8")
            self.mutants[mutant["id"]] = mutant
            if mutant["file"] in numbers:
                mutant["file_number"] = numbers[mutant["file"]]
            else:
                self.take({"e": "mutant", "id": mutant["id"], "status": "not_run", "detail": reasons[mutant["file"]]})
        self.sources.install()

    def ordered(self, mutants):
        seed = self.plan["seed"]
        if seed is None:
            return mutants
        return sorted(mutants, key=lambda mutant: hashlib.md5((u"%s:%s" % (seed, mutant["id"])).encode("utf-8")).digest())

    # children

    def limit(self, job, test):
        """Seconds for a test, or (None) for what happens before, between and after tests."""
        if test is None:
            return self.collect_seconds
        known = self.knowledge.seconds.get(test) if self.knowledge else None
        most = self.plan["per_test_seconds"]
        if known is None:
            return most * (5 if job.trace else 1)
        return min(most, known * self.plan["timeout_factor"] + self.plan["timeout_slack_seconds"])

    def session(self, job, events, folder, ready):
        plan = dict(self.plan, only=job.tests)
        run = Session(plan, self.root, folder, events, ready)
        run.stop = job.stop
        for test in job.tests or ():
            run.limits[test] = self.limit(job, test)
            if self.knowledge:
                usual = self.knowledge.seconds[test] * self.plan["timeout_factor"]
                run.processor[test] = usual + self.plan["timeout_processor_slack_seconds"]
        run.default_limit = self.limit(job, u"")
        return run

    def child(self, writer, folder):
        if not hasattr(gc, "freeze"):
            # A collection of everything would copy all pages.
            gc.set_threshold(100000, 50, 50)
        gc.enable()
        die_with_parent()
        return become_child(writer, folder, self.plan["memory_mb"], self.plan["file_mb"])

    def cold_child(self, job, writer, folder):
        """Imports the project and runs a job."""
        events = self.child(writer, folder)
        try:
            reach = Reach(self.files) if job.trace else None
            if job.mutant is not None:
                self.sources.override(self.files[job.mutant["file_number"]], job.mutant)

            def ready(run, run_tests):
                lines = reach.take() if reach else ()
                if job.mutant is None:
                    events.put("imported", lines=lines, modules=self.modules(run))
                run.reach = reach
                run_tests(self.collected if job.tests is None else job.tests)
                if not job.stop:
                    events.put("patterns", patterns=patterns())
                run.leave()

            run = self.session(job, events, folder, ready)
            if job.tests is None:
                run.collected = lambda ids: (setattr(self, "collected", ids), Session.collected(run, ids))
            if reach:
                reach.start()
            collect(run, self.pytest)
            events.put("done")
        except BaseException:
            events.put("problem", code="child", message=traceback.format_exc(), fatal=True)
            events.put("done")

    def modules(self, run):
        """Names of the modules from outside the project, files of those from inside."""
        outside, inside = [], []
        for name, module in sorted(entry for entry in sys.modules.items() if isinstance(entry[1], type(sys))):
            path = getattr(module, "__file__", None)
            if not isinstance(path, str):
                continue
            if run.places.relative(path) is None:
                outside.append(name)
            else:
                inside.append(run.places._source(os.path.abspath(path)))
        return [outside, inside]

    # the clean runs

    def clean(self, trace, into):
        """All tests as they are; what hangs or crashes is left out and the rest goes on."""
        tests, results = None, []
        for _ in range(MAX_CRASHES):
            result = yield Job(tests, trace=trace, stop=False)
            results.append(result)
            if result.fate == "done" or result.ids is None:
                break
            known = {test for entry in results for test in entry.ends} | {entry.running for entry in results}
            tests = [test for test in result.ids if test not in known]
            if not tests:
                break
        into.extend(results)

    def measure(self):
        """Both clean runs; False when nothing can be tried."""
        plain, traced = [], []
        works = [self.clean(False, plain), self.clean(True, traced)]
        pool = Pool(lambda: self.plan["workers"], self.scratch, self.cold_child, self.limit)
        pool.run(lambda: works.pop(0) if works else stop())
        for result in plain[:1] + traced[:1]:
            for problem in result.problems:
                self.events.put("problem", code=problem["code"], message=problem["message"], fatal=problem["fatal"])
            if result.ids is None:
                self.events.put("problem", code="clean_run", fatal=True, message=u"the tests could not be collected (%s, %s)" % (
                    result.fate, (result.error or {}).get("class")))
                return False
        self.collect_seconds = max(plain[0].setup_seconds, traced[0].setup_seconds) * 8 + 5
        self.learn(plain, traced)
        self.preload(plain[0].modules)
        keep_patterns(plain[0].patterns)
        return True

    def learn(self, plain, traced):
        order = plain[0].ids
        first, second = ends_of(plain), ends_of(traced)
        used = [test for test in order if all(ends.get(test, {}).get("outcome") == "passed" for ends in (first, second))]
        for path, error in sorted(plain[0].broken.items()):
            self.events.put("collect_error", file=path, error=error)
        for test in order:
            outcomes = [ends.get(test, {}).get("outcome", "missing") for ends in (first, second)]
            if outcomes != ["passed", "passed"]:
                error = first.get(test, {}).get("error") or second.get(test, {}).get("error")
                reason = outcomes[0] if outcomes[0] == outcomes[1] else "flaky"
                self.events.put("left_out", id=test, reason=reason, outcomes=outcomes, error=error)
        self.knowledge = Knowledge(self.files, used)
        for test in used:
            self.knowledge.seconds[test] = first[test]["seconds"]
            self.knowledge.learn(test, [tuple(entry) for entry in second[test]["reach"]])
        self.knowledge.imported = {tuple(entry) for entry in traced[0].imported}
        self.knowledge.loaded = {os.path.realpath(harness.native(path)) for path in plain[0].modules[1]}
        self.events.put("clean", tests=used, seconds=sum(self.knowledge.seconds.values()),
                        collect_seconds=plain[0].setup_seconds, wall_seconds=clock() - self.began)

    def preload(self, modules):
        """Libraries that the project uses are loaded before the forks, its other files compiled."""
        outside, inside = modules
        for name in outside:
            try:
                __import__(harness.native(name))
            except BaseException:
                continue
        for path in inside:
            self.sources.keep(harness.native(path))
        freeze()

    def tell_reach(self):
        """One event for each run of touched lines with the same tests."""
        number_of = {source.path: number for number, source in enumerate(self.files)}
        for path in sorted(self.plan["touched"]):
            if path in number_of:
                number = number_of[path]
                for node in self.files[number].nodes:
                    self.tell_node(path, number, node)

    def tell_node(self, path, number, node):
        knowledge, groups, gap = self.knowledge, [], False
        for line in node.lines:
            if not any(first <= line <= last for first, last in self.plan["touched"][path]):
                gap = True
                continue
            key = number, node.index, line
            tests = sorted(knowledge.position[test] for test in knowledge.by_line.get(key, ()))
            entry = tests, key in knowledge.imported
            if groups and groups[-1][2] == entry and not gap:
                groups[-1][1] = line
            else:
                groups.append([line, line, entry])
            gap = False
        for first, last, (tests, imported) in groups:
            self.events.put("reach", file=path, symbol=node.symbol, first=first, last=last, tests=tests, at_import=imported)

    # the mutants

    def width_here(self):
        if self.warm_pid is None:
            return self.plan["workers"]
        return int(self.plan["workers"] > 1 or int(clock()) % 2 == 0)

    def width_warm(self):
        workers = self.plan["workers"]
        if self.wish[0:1] != b"1":
            return workers
        return workers - 1 if workers > 1 else int(clock()) % 2

    def in_time(self):
        return self.deadline is None or clock() < self.deadline

    def try_mutants(self):
        self.trials_began = clock()
        waiting = [mutant for mutant in self.mutants if mutant not in self.verdicts]
        self.cold = []
        reader = self.start_warm(waiting) if self.plan["warm"] and self.knowledge.order else None
        if reader is None:
            self.cold = list(waiting)
        judge = self.judge = Judge(self.knowledge, False, self.take, every=self.plan["every"])
        tail = Tail(reader, self.take)

        def source():
            while self.cold and self.in_time():
                self.wish[0:1] = b"1"
                work = judge.examine(self.mutants[self.cold.pop(0)])
                if work is not None:
                    return work
            self.wish[0:1] = b"0"
            if self.warm_pid is None or not self.in_time() and self.warm_pid is None:
                raise StopIteration
            self.watch_warm()
            return None

        def on_extra():
            if not tail.read():
                self.end_warm(waiting)

        pool = Pool(self.width_here, self.scratch, self.cold_child, self.limit)
        pool.run(source, lambda: reader if self.warm_pid is not None else None, on_extra)
        for mutant in self.mutants:
            if mutant not in self.verdicts:
                self.take({"e": "mutant", "id": mutant, "status": "not_run", "detail": u"no time left"})

    def take(self, event):
        """A verdict or a message from either process."""
        kind = event.get("e")
        if kind == "mutant" and event["id"] in self.mutants and event["id"] not in self.verdicts:
            self.verdicts[event["id"]] = event
            fields = {"placement": None, "by": None, "error": None, "tests": 0, "detail": None, "seconds": 0.0, "message": None,
                      "all": None}
            fields.update(event)
            del fields["e"]
            self.events.put("mutant", **fields)
        elif "cold" in event:
            self.cold.append(event["cold"])
        elif "free" in event:
            self.judge.free = set(event["free"])
        elif "unstable" in event:
            self.events.put("left_out", id=event["unstable"], reason="fails alone", outcomes=[], error=None)
        elif kind == "collected":
            self.warm_ready = True
        elif kind == "finished":
            self.warm_finished = True
        elif kind == "problem" and event.get("code") in ("warm", "pytest_internal"):
            self.events.put("problem", code=event["code"], message=event["message"], fatal=False)

    warm_finished = False

    def watch_warm(self):
        """The process with the project must come up in time."""
        if not self.warm_ready and clock() > self.trials_began + self.collect_seconds:
            kill(self.warm_pid)

    def end_warm(self, waiting):
        """The rest goes the slow way when the process with the project ended early."""
        kill(self.warm_pid)
        self.warm_pid = None
        if not self.warm_finished:
            self.events.put("problem", code="warm_lost", message=u"the warm process ended early", fatal=False)
            self.cold = [mutant for mutant in waiting if mutant not in self.verdicts]

    def start_warm(self, waiting):
        reader, writer = os.pipe()
        self.warm_pid = os.fork()
        if self.warm_pid == 0:
            try:
                os.close(reader)
                self.warm_main(writer, waiting)
            finally:
                os._exit(4)
        os.close(writer)
        return reader

    def warm_main(self, writer, waiting):
        """The process with the project loaded: serves until all mutants are through."""
        os.setsid()
        die_with_parent()
        quiet()
        gc.enable()
        harness.OWNER = os.getpid()
        events = Pipe(harness.high_descriptor(writer), harness.OWNER)
        folder = os.path.join(self.scratch, "tmp-warm")
        if not os.path.isdir(folder):
            os.makedirs(folder)
        try:
            job = Job(self.knowledge.order, stop=False)
            run = self.session(job, events, folder, lambda run, run_tests: self.serve(run, run_tests, events, waiting))
            collect(run, self.pytest)
            events.put("problem", code="warm", message=u"the tests could not be collected again", fatal=False)
        except BaseException:
            events.put("problem", code="warm", message=traceback.format_exc(), fatal=False)

    def serve(self, run, run_tests, events, waiting):
        live = Live(self.files)
        freeze()
        judge = Judge(self.knowledge, True, lambda event: events.put(event.get("e", "note"), **event), live,
                      self.plan["every"])
        judge.cold_files = {number for number, source in enumerate(self.files)
                            if os.path.realpath(source.full) not in self.knowledge.loaded}

        def start(job, writer, folder):
            pipe = self.child(writer, folder)
            if job.batch:
                run.events, run.stop = pipe, False
                self.run_batch(job.batch, run, run_tests, live)
                run.leave()
            try:
                self.put_in_place(job, live)
            except Exception:
                pipe.put("unplaced")
                os._exit(0)
            run.events, run.stop = pipe, job.stop
            run_tests(job.tests)
            run.leave()

        works = [judge.backwards()]

        def source():
            if works:
                return works.pop()
            while self.in_time() and (judge.later or waiting):
                if judge.later:
                    mutant, _, tests = judge.later.pop(0)
                    return judge.start(mutant, clock(), tests)
                if judge.free and not self.plan["every"]:
                    taken = [self.mutants[name] for name in waiting[:BATCH]]
                    del waiting[:BATCH]
                    return judge.quick(taken)
                work = judge.examine(self.mutants[waiting.pop(0)])
                if work is not None:
                    return work
            if judge.batches and self.in_time():
                # What they leave open is tried after them.
                return None
            raise StopIteration

        live.warm_files = [number for number in range(len(self.files)) if number not in judge.cold_files]
        # Between tests a warm child has nothing long to do.
        self.collect_seconds = max(10.0, self.plan["timeout_slack_seconds"])
        Pool(self.width_warm, self.scratch, start, self.limit).run(source)
        events.put("finished")
        os._exit(0)

    def run_batch(self, batch, run, run_tests, live):
        """Mutants one after the other, each taken back before the next."""
        for mutant, tests in batch:
            number = mutant["file_number"]
            run.events.put("part")
            try:
                before = live.swap(number, mutant["place"].changed)
            except Exception:
                continue
            self.sources.override(self.files[number], mutant)
            failed = None
            for test in tests:
                run_tests([test])
                if run.outcome in BAD:
                    failed = test, run.outcome
                    break
            swap_back(before)
            self.sources.restore(self.files[number])
            if failed is not None:
                run.events.put("control")
                run_tests([failed[0]])
                if run.outcome != "passed" or failed[1] == "timeout":
                    # What was stopped in the middle may have left anything.
                    return

    def put_in_place(self, job, live):
        if job.same is not None:
            for number in live.warm_files if job.same == "all" else [job.same]:
                live.swap_same(number)
        if job.mutant is not None:
            number = job.mutant["file_number"]
            live.swap(number, job.mutant["place"].changed)
            self.sources.override(self.files[number], job.mutant)

    def summary(self):
        totals = {}
        for verdict in self.verdicts.values():
            totals[verdict["status"]] = totals.get(verdict["status"], 0) + 1
        decided = sum(count for status, count in totals.items() if status != "not_run")
        took = clock() - getattr(self, "trials_began", clock())
        self.events.put("done", totals=totals, seconds=clock() - self.began, trial_seconds=took,
                        mutants_per_minute=decided * 60 / took if took > 0 else 0.0)


class Tail(object):
    """Whole lines from the process with the project."""

    def __init__(self, descriptor, take):
        self.descriptor, self.take, self.rest = descriptor, take, b""

    def read(self):
        data = os.read(self.descriptor, 1 << 16)
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            try:
                self.take(json.loads(line.decode("ascii")))
            except ValueError:
                continue
        return bool(data)


def stop():
    raise StopIteration


def ends_of(results):
    return {test: end for result in results for test, end in result.ends.items()}


def freeze():
    """Memory that exists now stays shared with the children."""
    gc.collect()
    gc.disable()
    if hasattr(gc, "freeze"):
        gc.freeze()


def main(arguments):
    if len(arguments) != 4 or arguments[0] != "--plan" or arguments[2] != "--events":
        sys.stderr.write("usage: iama_mutation.py --plan plan.json --events events.jsonl\n")
        return 2
    plan_path, events_path = os.path.abspath(arguments[1]), os.path.abspath(arguments[3])
    events, root = harness.EventFile(events_path), os.getcwd()
    with open(plan_path, "rb") as stream:
        plan = json.loads(stream.read().decode("utf-8"))
    if plan.get("schema") != SCHEMA or not hasattr(os, "fork"):
        code, message = ("plan_schema", u"unknown plan schema") if hasattr(os, "fork") else ("no_fork", u"needs fork")
        events.put("problem", code=code, message=message, fatal=True)
        events.put("done", totals={})
        return 2
    harness.prepare(plan, root)
    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry or root) != os.path.realpath(_OWN)]
    runner = Runner(plan, root, os.path.dirname(events_path), events)
    probe = harness.Run(runner.plan, root, runner.scratch, events)
    good = False
    runner.pytest = harness.choose_runner(runner.plan["runner"], probe)
    events.put("begin", runner=u"pytest %s" % harness.text(runner.pytest.__version__) if runner.pytest else u"unittest",
               python=u"%d.%d.%d" % tuple(sys.version_info[:3]))
    try:
        runner.load()
        widen_pattern_cache()
        good = not probe.fatal and runner.measure()
        if good:
            runner.tell_reach()
            runner.try_mutants()
    finally:
        if runner.warm_pid:
            kill(runner.warm_pid)
        if os.getpid() == harness.OWNER:
            runner.summary()
    return 0 if good else 2


if __name__ == "__main__":
    _status = 2
    try:
        _status = main(sys.argv[1:])
    except BaseException:
        if os.getpid() == harness.OWNER:
            sys.__stderr__.write(traceback.format_exc())
    harness.flush_output()
    os._exit(_status)
