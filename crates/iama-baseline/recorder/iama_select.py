# -*- coding: utf-8 -*-
"""Chooses recorded calls worth a test. Python 2.7 and 3, standard library only; the same input gives the same choice.

    iama_select.py pool --records RUN1 RUN2 RUN3 --out pool.json [--per-function 40]
    iama_select.py choose --pool pool.json --outcomes REPLAY1 REPLAY2 --out choice.json [--per-function 10] [--per-file 200]
    iama_select.py widen --choice choice.json --grown grown.json --outcomes REPLAY1 REPLAY2 --out choice.json

``pool`` compares the runs: a call whose outcome differs between or within them is put into quarantine with the reason.
``choose`` compares what was recorded with what the calls did when they were run again on the same code, each alone: those
that depend on more than their arguments are put into quarantine, too; of the rest each function keeps the calls that add
coverage, and some more with different outcomes. ``widen`` adds calls that were found by trying (iama_grow.py).
"""
import argparse
import re
import sys

import characterization_support as support
from iama_calls import id_of, key_of, read_json, read_lines, write_json

ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}|\bid=\d{9,}")
EPOCH = re.compile(r"(?<![\d.])1[4-9]\d{8}(\.\d+)?(?!\d)")
TODAY = re.compile(r"\bdatetime\(20[2-9]\d|\bdate\(20[2-9]\d|\btime\(|\b20[2-9]\d-\d\d-\d\d|\b\d\d:\d\d:\d\d")
RANDOM = re.compile(r"UUID\(|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}|\b[0-9a-f]{16,}\b")
PLACE = re.compile(r"/(tmp|home|root|Users|var|work)/|\btmp\w{6,}")
LARGE = re.compile(r"large\(\\*'[\w.:]+\\*', \\*'[0-9a-f]+\\*'\)")
NUMBER = re.compile(r"\d+(\.\d+)?")


def without_addresses(outcome):
    """An outcome that tells of long numbers only that they are there: where objects lie differs from run to run."""
    parts = dict((name, support.LONG_NUMBER.sub("address", outcome[name])) for name in ("value",) if outcome.get(name))
    if outcome.get("changed"):
        parts["changed"] = dict((name, support.LONG_NUMBER.sub("address", text)) for name, text in outcome["changed"].items())
    return dict(outcome, **parts)


def settled(outcomes):
    """Outcomes of the same call without what is only an address, where that is all in which they differ."""
    if any(outcome is None for outcome in outcomes) or len(set(map(replay_text, outcomes))) == 1:
        return outcomes
    plain = [without_addresses(outcome) for outcome in outcomes]
    return plain if len(set(map(replay_text, plain))) == 1 else outcomes


def reason_for(texts):
    """Why outcomes of the same call differ, as far as their texts tell."""
    texts = sorted(set(texts))
    without = sorted(set(LARGE.sub("large", text) for text in texts))
    if len(without) == 1 < len(texts):
        return "a value too big to be looked into"
    texts = without
    joined = "\n".join(texts)
    if len(set("".join(sorted(text)) for text in texts)) == 1:
        return "order of a set or dict"
    if ADDRESS.search(joined):
        return "identity or address"
    if EPOCH.search(joined) or TODAY.search(joined) and len(set(NUMBER.sub("0", text) for text in texts)) == 1:
        return "time"
    if RANDOM.search(joined):
        return "random ids"
    if PLACE.search(joined):
        return "environment"
    if len(set(NUMBER.sub("0", text) for text in texts)) == 1:
        return "numbers that differ: time, counter or random"
    return "unknown"


def outcome_text(entry):
    """One text for everything that came out of a recorded call."""
    outcome = entry["outcome"]
    parts = [outcome["kind"], outcome.get("value"), outcome.get("type"), outcome.get("items"), outcome.get("exhausted")]
    if outcome.get("own"):
        parts.append(outcome.get("message"))
    return repr((parts, sorted(entry.get("changed", {}).items()))).replace("u'", "'").replace('u"', '"')


def pool(options):
    """Merges the runs, quarantines what differs, and keeps a varied handful of calls for each function."""
    runs, calls, blocked = [], {}, {}
    for number, path in enumerate(options.records):
        seen = {}
        for entry in read_lines(path):
            if entry.get("e") == "call":
                key = key_of(entry)
                seen.setdefault(key, []).append(outcome_text(entry))
                calls.setdefault(key, (number, len(calls), entry))
            elif entry.get("e") == "blocked" and number == 0:
                blocked["%s:%s" % (entry["module"], entry["function"])] = entry["reasons"]
        runs.append(seen)
    kept, quarantined = {}, []
    for key, (_, order, entry) in sorted(calls.items(), key=lambda pair: pair[1][1]):
        reason = doubt(key, runs)
        if reason is not None:
            quarantined.append({"id": id_of(entry), "module": entry["module"], "function": entry["function"], "reason": reason})
            continue
        kept.setdefault((entry["file"], entry["module"], entry["function"]), []).append(entry)
    chosen = []
    for place in sorted(kept):
        chosen.extend(varied(kept[place], options.per_function))
    calls = [prepared(entry) for entry in chosen]
    write_json(options.out, {"schema": "iama.calls/1", "calls": calls, "quarantined": quarantined, "blocked": blocked,
                             "seen": len(runs[0]) if runs else 0})
    sys.stdout.write("%d calls, %d in quarantine\n" % (len(calls), len(quarantined)))


def doubt(key, runs):
    """Why a call is not to be trusted; None for one whose outcome is the same in every run."""
    missing = [run for run in runs if key not in run]
    texts = [text for run in runs for text in run.get(key, ())]
    if len(set(texts)) > 1:
        within = all(len(set(run.get(key, ()))) > 1 for run in runs)
        reason = reason_for(texts)
        return "depends on more than its arguments" if within and reason == "unknown" else reason
    if missing:
        # Other arguments in each run; those that show no sign of why are judged by what they do when run again.
        reason = reason_for([key, ""])
        return None if reason == "unknown" else "not the same in every run: " + reason
    return None


def prepared(entry):
    """A call as it is run again: what was drawn from a generator is drawn again."""
    outcome = entry["outcome"]
    drawn = None
    if "items" in outcome:
        drawn = "all" if outcome["exhausted"] or outcome["kind"] == "raise" else len(outcome["items"])
    call = dict((name, entry[name]) for name in ("module", "function", "form", "file", "receiver", "arguments", "parameters",
                                                 "keywords", "outcome", "changed", "lines"))
    return dict(call, id=id_of(entry), drawn=drawn)


def size_of(call):
    return len(key_of(call)) + len(outcome_text(call))


def varied(calls, count):
    """Up to so many calls: the shortest of each kind first, where a kind is lines and sort of outcome."""
    kinds = {}
    for order, call in enumerate(calls):
        outcome = call["outcome"]
        kind = repr((sorted(call["lines"].get(call["file"], ())), outcome["kind"], outcome.get("type")))
        kinds.setdefault(kind, []).append((size_of(call) // 40, order, call))
    groups = [sorted(group, key=lambda entry: entry[:2]) for _, group in sorted(kinds.items(), key=lambda pair: pair[1][0][1])]
    chosen, outcomes = [], set()
    while len(chosen) < count and any(groups):
        for group in groups:
            if group and len(chosen) < count:
                fresh = [entry for entry in group[:20] if outcome_text(entry[2]) not in outcomes]
                entry = (fresh or group)[0]
                group.remove(entry)
                outcomes.add(outcome_text(entry[2]))
                chosen.append(entry)
    return [entry[2] for entry in sorted(chosen, key=lambda entry: entry[1])]


# --- choosing ----------------------------------------------------------------------------------------------------------


def choose(options):
    """Keeps the calls that did the same when they were run again, and of those the ones that add something."""
    given = read_json(options.pool, "iama.calls/1")
    replays = [dict((entry["id"], entry) for entry in read_lines(path, "outcome")) for path in options.outcomes]
    quarantined, sound = list(given["quarantined"]), {}
    for call in given["calls"]:
        outcomes = [replay.get(call["id"]) for replay in replays]
        reason = trouble(call, outcomes)
        if reason is not None:
            quarantined.append({"id": call["id"], "module": call["module"], "function": call["function"], "reason": reason})
        else:
            sound.setdefault(call["file"], {}).setdefault((call["module"], call["function"]), []).append(
                dict(call, replayed=outcomes[0]))
    chosen = []
    for path in sorted(sound):
        of_file = []
        for place in sorted(sound[path]):
            of_file.extend(covering(sound[path][place], options.per_function))
        chosen.extend(varied_functions(of_file, options.per_file))
    write_json(options.out, {"schema": "iama.choice/1", "calls": chosen, "quarantined": quarantined,
                             "blocked": given["blocked"], "lines": covered(chosen)})
    sys.stdout.write("%d chosen, %d in quarantine\n" % (len(chosen), len(quarantined)))


def widen(options):
    """Adds calls that were found, not recorded, as long as they do the same each time."""
    given, grown = read_json(options.choice, "iama.choice/1"), read_json(options.grown, "iama.calls/1")
    replays = [dict((entry["id"], entry) for entry in read_lines(path, "outcome")) for path in options.outcomes]
    known, added = set(call["id"] for call in given["calls"]), []
    for call in grown["calls"]:
        outcomes = settled([replay.get(call["id"]) for replay in replays])
        if call["id"] not in known and unsteady(outcomes) is None and not has_no_content(outcomes[0]):
            known.add(call["id"])
            # What the project's own code was seen to call of what will come along is no call that was made up.
            added.append(dict(call, replayed=outcomes[0], grown=not call.get("noted")))
    chosen = given["calls"] + added
    write_json(options.out, dict(given, calls=chosen, lines=covered(chosen), grown=len(added)))
    sys.stdout.write("%d calls added\n" % len(added))


def trouble(call, outcomes):
    """Why a call is no test; None when every replay gave what was recorded."""
    reason = unsteady(outcomes)
    if reason is not None:
        return reason
    first = outcomes[0]
    if replay_core(first) != recorded_core(call):
        reason = reason_for([str(replay_core(first)), str(recorded_core(call))])
        return "depends on more than its arguments" + ("" if reason == "unknown" else ": " + reason)
    return "its result has no stable content" if has_no_content(first) else None


def has_no_content(outcome):
    """Whether nothing can be said about a result but its type."""
    return (outcome.get("value") or "").startswith("opaque(") and not any(
        outcome.get(name) for name in ("changed", "stdout", "files"))


def unsteady(outcomes):
    """Why outcomes of the same call are no fact about the code."""
    if any(outcome is None for outcome in outcomes):
        return "it was not run again"
    first = outcomes[0]
    if first["kind"] == "unbuilt":
        return "its arguments cannot be built again: %s" % first.get("message", "")[:200]
    if first["kind"] == "skipped":
        return "it was not run again"
    if first["kind"] in ("timeout", "crash"):
        return "run alone it ends by %s" % first["kind"]
    texts = [replay_text(outcome) for outcome in outcomes]
    if len(set(texts)) > 1:
        return reason_for(texts)
    return None


def replay_text(outcome):
    return repr(sorted((name, repr(outcome.get(name))) for name in (
        "kind", "value", "type", "message", "changed", "stdout", "stderr", "files", "environment")))


def replay_core(outcome):
    return [outcome["kind"], outcome.get("value"), outcome.get("type"), sorted((outcome.get("changed") or {}).items())]


def recorded_core(call):
    outcome = call["outcome"]
    value, kind = outcome.get("value"), outcome["kind"]
    if kind == "items":
        kind, value = "result", "[%s]" % ", ".join(outcome["items"])
    elif call["function"].endswith(".__init__"):
        return ["result" if kind == "result" else kind, value, outcome.get("type"), sorted(
            pair for pair in call["changed"].items() if pair[0] != "receiver")]
    return [kind, value, outcome.get("type"), sorted(call["changed"].items())]


def covering(calls, count):
    """Greedy: the call that adds most lines first, then others of different kinds up to the count."""
    left, chosen, seen = list(calls), [], set()
    while left and len(chosen) < count:
        gain = [len(set((path, line) for path in call["lines"] for line in call["lines"][path]) - seen) for call in left]
        best = max(range(len(left)), key=lambda index: (gain[index], -size_of(left[index]), -index))
        if gain[best] == 0:
            break
        call = left.pop(best)
        seen.update((path, line) for path in call["lines"] for line in call["lines"][path])
        chosen.append(call)
    chosen += varied(left, count - len(chosen))
    order = dict((call["id"], index) for index, call in enumerate(calls))
    return sorted(chosen, key=lambda call: order[call["id"]])


def varied_functions(calls, count):
    """Cuts a file down by taking the last calls of the functions with the most."""
    calls = list(calls)
    while len(calls) > count:
        sizes = {}
        for call in calls:
            sizes[call["function"]] = sizes.get(call["function"], 0) + 1
        most = max(sorted(sizes), key=lambda name: sizes[name])
        last = [index for index, call in enumerate(calls) if call["function"] == most][-1]
        del calls[last]
    return calls


def covered(calls):
    lines = {}
    for call in calls:
        for path in call["lines"]:
            lines.setdefault(path, set()).update(call["lines"][path])
    return dict((path, sorted(lines[path])) for path in lines)


def main(arguments):
    parser = argparse.ArgumentParser()
    steps = parser.add_subparsers(dest="step")
    step = steps.add_parser("pool")
    step.add_argument("--records", nargs="+", required=True)
    step.add_argument("--out", required=True)
    step.add_argument("--per-function", type=int, default=40)
    step = steps.add_parser("choose")
    step.add_argument("--pool", required=True)
    step.add_argument("--outcomes", nargs="+", required=True)
    step.add_argument("--out", required=True)
    step.add_argument("--per-function", type=int, default=10)
    step.add_argument("--per-file", type=int, default=200)
    step = steps.add_parser("widen")
    step.add_argument("--choice", required=True)
    step.add_argument("--grown", required=True)
    step.add_argument("--outcomes", nargs="+", required=True)
    step.add_argument("--out", required=True)
    options = parser.parse_args(arguments)
    {"pool": pool, "choose": choose, "widen": widen}[options.step](options)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
