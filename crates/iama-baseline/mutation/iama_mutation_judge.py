# -*- coding: utf-8 -*-
"""From a mutant to its verdict: which tests, in which order, in which process, and what makes a failure believable."""
import time

import iama_harness as harness
from iama_mutation_pool import Job
from iama_mutation_session import BAD

clock = getattr(time, "monotonic", time.time)
REMEMBERED = 3
# Mutants that one child tries, and tests that each of them gets there.
BATCH, FIRST_TESTS, FIRST_SECONDS = 12, 3, 0.1


class Knowledge(object):
    """What the clean runs showed; the same in all processes."""

    def __init__(self, files, order):
        self.files, self.order = files, order
        self.position = {test: number for number, test in enumerate(order)}
        self.seconds, self.weight = {}, {}
        self.by_line, self.imported = {}, set()
        self.by_file = {}
        self.loaded = set()

    def learn(self, test, lines):
        self.weight[test] = len(lines)
        for number, index, line in lines:
            self.by_line.setdefault((number, index, line), set()).add(test)
            if self.files[number].nodes[index].kind == "function":
                self.by_file.setdefault(number, set()).add(test)

    def reaching(self, number, place):
        """(tests that may execute the mutant, whether importing does, whether the import happens inside a test)."""
        tests, imported, late = set(), False, False
        for index in place.own:
            kind = self.files[number].nodes[index].kind
            for line in self.files[number].executable(index, place):
                key = number, index, line
                tests |= self.by_line.get(key, set())
                imported = imported or key in self.imported
                late = late or (kind != "function" and key in self.by_line)
        return tests, imported, late

    def quick_first(self, tests):
        """Cheap tests first; among equals those that touch little."""
        def cost(test):
            return int(self.seconds.get(test, 1.0) * 200), self.weight.get(test, 0), self.position[test]
        return sorted(tests, key=cost)


class Judge(object):
    """Coroutines, one a mutant, for a pool. ``warm``: the project is loaded and functions are swapped."""

    def __init__(self, knowledge, warm, tell, live=None, every=False):
        self.knowledge, self.warm, self.tell, self.live, self.every = knowledge, warm, tell, live, every
        self.controls, self.killers, self.unstable = {}, {}, set()
        self.cold_files, self.free = set(), set()
        # Trials that a batch left open, and batches under way.
        self.later, self.batches = [], 0

    def backwards(self):
        """All tests in the opposite order, every file compiled anew: tests that pass need no single checks."""
        order = self.knowledge.order
        result = yield Job(order[::-1], same="all", stop=False)
        bound = {test.split("::")[0] for test in order if result.ends.get(test, {}).get("outcome") != "passed"}
        if result.fate == "done":
            self.free = {test for test in order if test.split("::")[0] not in bound}
            self.tell({"free": sorted(self.free)})

    def quick(self, mutants):
        """Several mutants in one child, each with the tests that are most likely to kill it. A failure counts when the test
        is one that needs no single check and passes at once without the mutant; everything else gets a child of its own."""
        parts = []
        for mutant in mutants:
            found = self.look(mutant, clock())
            if found is not None:
                number, tests = mutant["file_number"], found[2]
                order = self.ordered(number, (number, mutant["place"].own[-1]), tests)[:FIRST_TESTS]
                quick = sum(self.knowledge.seconds.get(test, 1.0) for test in order) <= FIRST_SECONDS
                if order and quick and all(test in self.free for test in order):
                    parts.append((found, order))
                else:
                    self.later.append(found)
        if not parts:
            return
        self.batches += 1
        result = yield Job(None, batch=[(found[0], order) for found, order in parts])
        self.batches -= 1
        for position, (found, _) in enumerate(parts):
            seen = result.parts[position] if position < len(result.parts) else None
            if seen is None or seen.culprit is None or seen.control != "passed":
                self.later.append((found[0], clock(), found[2]))
                continue
            number = found[0]["file_number"]
            self.kill(found[0], clock() - seen.seconds, seen, len(seen.ends), (number, found[0]["place"].own[-1]))

    def examine(self, mutant):
        found = self.look(mutant, clock())
        return found and self.start(*found)

    def start(self, mutant, began, tests):
        return self.roll_call(mutant, began, tests) if self.every else self.trial(mutant, began, tests)

    def look(self, mutant, began):
        """The arguments of a trial; nothing when there is a verdict without one, or another process has to give it."""
        number, knowledge = mutant["file_number"], self.knowledge
        try:
            place = knowledge.files[number].place(mutant)
        except (SyntaxError, ValueError, TypeError, OverflowError, MemoryError, RuntimeError) as error:
            return self.verdict(mutant, began, "invalid", detail=u"%s: %s" % (type(error).__name__, harness.text(error)))
        if not place.own:
            return self.verdict(mutant, began, "equivalent", detail=u"the same byte code")
        tests, imported, late = knowledge.reaching(number, place)
        if not tests and not imported:
            return self.verdict(mutant, began, "unreached")
        if self.warm:
            if imported or late or number in self.cold_files or not self.live.can_swap(number, place):
                return self.tell({"cold": mutant["id"]})
        elif imported or late:
            tests = set(knowledge.order)
        mutant["place"] = place
        return mutant, began, tests - self.unstable

    def trial(self, mutant, began, tests):
        """Runs the tests until one tells the mutant apart for a reason that is the mutant's."""
        number, key = mutant["file_number"], (mutant["file_number"], mutant["place"].own[-1])
        ran, dropped = 0, set()
        while True:
            order = self.ordered(number, key, tests - dropped)
            if not order:
                self.verdict(mutant, began, "unreached", detail=u"only tests that are unstable reach it")
                return
            result = yield Job(order, mutant=mutant)
            if result.fate == "unplaced":
                self.tell({"cold": mutant["id"]} if self.warm else self.record(mutant, began, "not_run", detail=u"no way in"))
                return
            ran = max(ran, len(result.ends))
            if result.status == "passed":
                self.verdict(mutant, began, "survived", tests=ran)
                return
            culprit = result.culprit
            if culprit is None:
                # While importing: the clean run has shown that this works without the mutant.
                self.kill(mutant, began, result, ran, key)
                return
            if culprit in self.free:
                self.kill(mutant, began, result, ran, key)
                return
            control = number if self.warm else None, culprit
            if control not in self.controls:
                check = yield Job([culprit], same=number if self.warm else None)
                self.controls[control] = check.status == "passed"
            if not self.controls[control]:
                if self.warm:
                    self.tell({"cold": mutant["id"]})
                    return
                self.unstable.add(culprit)
                self.tell({"unstable": culprit})
                dropped.add(culprit)
                continue
            if order[0] != culprit and result.status != "timeout":
                alone = yield Job([culprit], mutant=mutant)
                if alone.status == "passed":
                    before = yield Job(order[:order.index(culprit) + 1])
                    if before.status != "passed":
                        dropped.add(culprit)
                        continue
            self.kill(mutant, began, result, ran, key)
            return

    def roll_call(self, mutant, began, tests):
        """Runs all the tests and finds each one that tells the mutant apart by itself."""
        number, key = mutant["file_number"], (mutant["file_number"], mutant["place"].own[-1])
        left, ran, killers, first = set(tests), 0, [], None
        while left:
            order = self.ordered(number, key, left)
            result = yield Job(order, mutant=mutant, stop=False)
            if result.fate == "unplaced":
                self.tell({"cold": mutant["id"]} if self.warm else self.record(mutant, began, "not_run", detail=u"no way in"))
                return
            ran = max(ran, len(result.ends))
            if result.status != "passed" and result.culprit is None:
                # While importing: there is no single test to name.
                self.kill(mutant, began, result, ran, key)
                return
            ended_by = result.culprit if result.fate in ("crash", "hang") else None
            failed = [test for test in order if test == ended_by or result.ends.get(test, {}).get("outcome") in BAD]
            for test in failed:
                if test not in self.free and not (yield Job([test])).status == "passed":
                    self.unstable.add(test)
                    self.tell({"unstable": test})
                    continue
                # A test that failed before it may have left something behind.
                alone = result if test == order[0] else (yield Job([test], mutant=mutant))
                if alone.status != "passed":
                    first = first or alone
                    killers.append(test)
            # A child that ended early did not come to the others.
            left = {test for test in left if test not in result.ends and test not in failed} if failed else set()
        if first is not None:
            self.kill(mutant, began, first, ran, key, killers)
        elif ran:
            self.verdict(mutant, began, "survived", tests=ran)
        else:
            self.verdict(mutant, began, "unreached", detail=u"only tests that are unstable reach it")

    def ordered(self, number, key, tests):
        """Tests that killed neighbours come first, then cheap ones, then those that have no function of the file in sight."""
        first = [test for where in (key, number) for test in self.killers.get(where, ()) if test in tests]
        near = self.knowledge.by_file.get(number, set())
        rest = self.knowledge.quick_first(tests & near) + self.knowledge.quick_first(tests - near)
        seen, order = set(), []
        for test in first + rest:
            if test not in seen:
                seen.add(test)
                order.append(test)
        return order

    def kill(self, mutant, began, result, ran, key, killers=None):
        error = result.error or {}
        if result.culprit is not None:
            for where in (key, mutant["file_number"]):
                kept = [test for test in self.killers.get(where, ()) if test != result.culprit]
                self.killers[where] = ([result.culprit] + kept)[:REMEMBERED]
        status = "timeout" if result.status == "timeout" else "killed"
        self.verdict(mutant, began, status, by=result.culprit, error=error.get("class"), tests=max(ran, 1),
                     message=(error.get("message") or u"")[:200], all=killers)

    def record(self, mutant, began, status, **fields):
        found = {"e": "mutant", "id": mutant["id"], "status": status, "seconds": clock() - began,
                 "placement": "warm" if self.warm else "cold", "by": None, "error": None, "tests": 0, "detail": None}
        found.update(fields)
        return found

    def verdict(self, mutant, began, status, **fields):
        self.tell(self.record(mutant, began, status, **fields))
