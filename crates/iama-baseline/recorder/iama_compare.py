# -*- coding: utf-8 -*-
"""Compares what calls did in the legacy code and in the migrated code. Python 2.7 and 3, standard library only.

    iama_compare.py --calls varied.json --legacy OUT1 OUT2 --migrated OUT3 [OUT4] [--again OUT5 …] --out differences.json --scripts DIR

``--again``: further runs of the legacy code, with some of the calls only, in other orders of sets and dicts.

Calls whose legacy outcome differs between its runs are left out with the reason. Every difference has a kind, a place and a
script that reproduces it under either interpreter; the kinds are listed in README.md.
"""
import argparse
import ast
import io
import os
import re
import sys

import characterization_support as support
from iama_calls import PROGRAMS, alone_of, brought_of, copy_support, read_json, read_lines, source_of, write_json
from iama_select import reason_for, settled, without_addresses
from iama_write_tests import STRING, STRINGS, SUPPORT

PARTS = ("changed", "stdout", "stderr", "files", "environment")
EFFECT_KINDS = {"changed": "changed argument", "stdout": "output", "stderr": "output", "files": "files",
                "environment": "environment"}
PREFIX = re.compile(r"\bu(?=['\"])|(?<=\d)L\b|\\?\bb(?=\\?['\"])")
LITERAL = re.compile(STRING)
NUMBER = re.compile(r"(?<![\w.'])-?\d+(\.\d+)?(e[+-]?\d+)?(?![\w.'])")


def comparable(outcome):
    """What must be the same on both sides. A message counts only where the project itself made it."""
    parts = {"kind": outcome["kind"], "value": outcome.get("value"), "type": outcome.get("type")}
    parts.update((name, outcome.get(name) or None) for name in PARTS)
    if parts["stderr"]:
        kept = [line for line in parts["stderr"].splitlines() if "Warning" not in line and not line.startswith("  ")]
        parts["stderr"] = "\n".join(kept) or None
    return parts


def part_that_differs(legacy, migrated):
    """The name of the first part that is not the same, or None."""
    left, right = comparable(legacy), comparable(migrated)
    for name in ("kind", "type", "value") + PARTS:
        if left[name] != right[name]:
            return name
    if legacy.get("message") is not None and migrated.get("message") is not None:
        foreign = migrated.get("foreign") or legacy.get("foreign")
        if not support.says_the_same(migrated["message"], legacy["message"], foreign):
            return "message"
    return None


def kind_of(call, part, legacy, migrated):
    """A name for the difference by which a declared one can be recognised."""
    if migrated["kind"] in ("timeout", "crash"):
        return migrated["kind"]
    if migrated["kind"] == "unbuilt":
        return "not built"
    said = migrated.get("said") or ""
    if part in ("kind", "type") and migrated.get("type") == "TypeError" and ("not supported between" in said or "unorderable" in said):
        return "ordering of unlike types"
    if part == "kind" and migrated["kind"] == "raise":
        if re.search(r"bytes-like|to bytes|not bytes|bytes object|must be str|not str\b|'bytes'|str and bytes|has no attribute "
                     r"'(decode|encode)'|string argument without an encoding|bytes pattern|string pattern", said):
            return "bytes and text"
        return "raises now"
    if part == "kind":
        return "raised before"
    if part == "type":
        return "exception type"
    if part == "message":
        return "error message"
    left, right = legacy.get(part), migrated.get(part)
    if not isinstance(left, support.Text):
        left, right = (repr(sorted((side or {}).items())) if isinstance(side or {}, dict) else repr(side) for side in (left, right))
    return value_kind(call, left or "", right or "") or EFFECT_KINDS.get(part, "value")


def value_kind(call, left, right):
    """What two spelled values differ in, where it is one of the known things."""
    if call["function"].endswith("__hash__"):
        return "hash"
    if PREFIX.sub("", left) == PREFIX.sub("", right):
        return "bytes where text was" if len(re.findall(r"\bb['\"]", right)) > len(re.findall(r"\bb['\"]", left)) else (
            "text where bytes were" if re.search(r"\bb['\"]", left) else "spelling of text")
    if decoded(left) == decoded(right):
        return "text where bytes were" if re.search(r"\bb['\"]", left) else "bytes where text was"
    if re.match(r"opaque\('(iterator|generator|dict_keys|dict_values|dict_items|map|filter|zip)'|xrange\(", right):
        return "iterator where list was"
    if sorted(left) == sorted(right):
        return "order"
    if NUMBER.sub("0", left) == NUMBER.sub("0", right):
        same = [float(a.group(0)) == float(b.group(0)) for a, b in zip(NUMBER.finditer(left), NUMBER.finditer(right))]
        return "number type" if all(same) else "numbers"
    return None


# --- differences that say nothing against the migrated code --------------------------------------------------------------


# Built-in exceptions that tell of an argument which the code was not made for.
REFUSALS = ("TypeError", "AttributeError", "UnicodeEncodeError", "UnicodeDecodeError")
IMPLICIT = ("UnicodeEncodeError", "UnicodeDecodeError")
TOO_BIG = ("OverflowError", "MemoryError")
REPRS = (
    (re.compile(r"\bu(?=\\*['\"])|(?<=\d)L\b"), ""), (re.compile(r"<type (?=\\*')"), "<class "), (re.compile(r"\bset\(\[(.*?)\]\)"), r"{\1}"),
    (re.compile(r"\btimedelta\((-?\d+)\)"), r"timedelta(days=\1)"), (re.compile(r"<class (\\*')unicode(?=\\*')"), r"<class \1str"),
    (re.compile(r"<class (\\*')long(?=\\*')"), r"<class \1int"), (re.compile(r"<class (\\*')instancemethod(?=\\*')"), r"<class \1method"),
    (re.compile(r"<module (\\*'[\w.]+\\*')[^<>]*>"), r"<module \1>"),
)
BYTES = re.compile(r"(?<!\w)b['\"]")
FORM = re.compile(r"(named|new|build|bound|module)\('[^']*'|[a-z_]+\(|[ub]?['\"]|[\[({]|-?\d+\.|.")


def shapes_seen(calls):
    """The forms of arguments that the tests gave, by function and parameter."""
    seen = {}
    for call in calls:
        if not made_up(call):
            for place, text in arguments_of(call):
                seen.setdefault((call["module"], call["function"], place), set()).add(form_of(text))
    return seen


def arguments_of(call):
    named = [(name or index, text) for index, (name, text) in enumerate(zip(call["parameters"], call["arguments"]))]
    return named + [tuple(pair) for pair in call["keywords"]]


def form_of(text):
    """What sort of value an expression is; numbers are one sort, and so are texts."""
    form = FORM.match(text).group(0)
    return "0" if form.isdigit() or form == "-" else "'" if form[-1] in "'\"" and form[0] in "u'\"" else form


def made_up(call):
    """Whether no test makes the call."""
    return bool(call.get("variation") or call.get("grown"))


def is_odd(call, seen):
    """Whether an argument is of a sort that the tests do not give to this function. Where they give none, nothing is odd."""
    given = [(seen.get((call["module"], call["function"], name)), form_of(text)) for name, text in arguments_of(call)]
    return any(forms and form not in forms for forms, form in given)


def rule_for(call, found, seen):
    """The rule by which a difference is harmless; None where it is a finding. Only calls that no test makes come under rules,
    but for the first, which is about how values are written."""
    legacy, migrated, kind = found["legacy"], found["migrated"], found["kind"]
    if legacy["kind"] == migrated["kind"] == "result" and all(
            plain_repr(legacy.get(part)) == plain_repr(migrated.get(part)) for part in ("value",) + PARTS):
        return "reprs"
    if not made_up(call):
        return None
    refused_before, refuses = refusal(legacy), refusal(migrated)
    if refused_before and refuses:
        return "refused by both"
    if refused_before and legacy["type"] in IMPLICIT:
        return "implicit ASCII"
    if legacy["kind"] == "raise" and not legacy.get("own") and legacy["type"] in TOO_BIG:
        return "too big before"
    if refused_before and migrated["kind"] == "result" and is_odd(call, seen):
        return "refused before"
    if refuses and kind == "bytes and text" and any(BYTES.search(text) for _, text in arguments_of(call)):
        return "bytes for text"
    if orders_unlike(call, legacy, migrated):
        return "unlike types"
    if kind == "ordering of unlike types" and refuses and not legacy.get("own") and is_odd(call, seen):
        return "unlike types"
    return None


def orders_unlike(call, legacy, migrated):
    """Whether a ``cmp`` that came along has another order of values that no order is defined for."""
    return call.get("brought") and call["function"] == "cmp" and legacy["kind"] == migrated["kind"] == "result" and (
        len(set(form_of(text) for _, text in arguments_of(call))) > 1)


def plain_repr(part):
    """A part of an outcome with what ``repr`` made in it as Python 3 has it."""
    text = repr(sorted(part.items())) if isinstance(part, dict) else part or u""
    for found, plain in REPRS:
        text = found.sub(plain, text)
    return text


def refusal(outcome):
    return outcome["kind"] == "raise" and not outcome.get("own") and outcome["type"] in REFUSALS


def decoded(text):
    """All strings of a spelling as text, bytes read as UTF-8. What was printed may have quotes that enclose no string."""
    def one(match):
        raw = match.group(0)
        try:
            value = ast.literal_eval(raw)
            return repr(value.decode("utf-8") if raw[0] == "b" else support.Text(value))
        except (SyntaxError, ValueError):
            return raw
    return LITERAL.sub(one, text)


def unsteady(outcomes):
    """Why a legacy outcome says nothing; None when it does."""
    if any(outcome is None or outcome["kind"] == "skipped" for outcome in outcomes):
        return "it was not run"
    first = outcomes[0]
    if first["kind"] in ("unbuilt", "timeout", "crash"):
        return {"unbuilt": "its arguments cannot be built", "timeout": "it takes too long", "crash": "it ends the process"}[
            first["kind"]]
    texts = [repr(sorted((name, repr(part)) for name, part in comparable(outcome).items())) for outcome in outcomes]
    return reason_for(texts) if len(set(texts)) > 1 else None


# --- scripts -----------------------------------------------------------------------------------------------------------


SCRIPT = u'''# -*- coding: utf-8 -*-
"""%(function)s in %(file)s: %(kind)s.

Run it with either interpreter:  PYTHON %(name)s FOLDER    (the folder from which the project is imported)
Legacy:   %(legacy)s
Migrated: %(migrated)s
"""
from __future__ import print_function
import os
import sys
sys.path[:0] = sys.argv[1:] or [os.getcwd()]
sys.argv[1:] = []
%(imports)s

%(setup)s
try:
    print("result:", repr(%(call)s))
except Exception as error:
    print("raises:", type(error).__name__, error)
%(after)s'''


def shown(outcome):
    """An outcome in one line."""
    if outcome["kind"] == "raise":
        text = u"raises %s: %s" % (outcome["type"], outcome.get("said"))
    else:
        text = u"%s %s" % (outcome["kind"], outcome.get("value") or outcome.get("message") or "")
    text += u"".join(u"; %s %s" % (name, outcome[name]) for name in PARTS if outcome.get(name))
    text = text.replace(u"\\", u"\\\\").replace(u'"""', u"'''").replace(u"\n", u" | ")
    return text[:300].encode("ascii", "backslashreplace").decode("ascii")


def script(call, kind, legacy, migrated, name):
    """Python source that makes the call and prints what it does."""
    keywords = [(str(key), text) for key, text in call["keywords"]]
    setup = ["given%d = %s" % (index, text) for index, text in enumerate(call["arguments"])]
    setup += ["receiver = %s" % call["receiver"]] if call["receiver"] else []
    source = source_of(call, "receiver", ["given%d" % index for index in range(len(setup) - bool(call["receiver"]))], keywords,
                       brought_of(call) if call.get("brought") else "%s.%s" % (call["module"], call["function"]))
    words = set(re.findall(r"(?<![.\w])[A-Za-z_]\w*", STRINGS.sub("''", "\n".join(setup) + source)))
    is_program = call["form"] in PROGRAMS
    used = sorted((words | set(["alone"] if call.get("alone") else ())) & set(SUPPORT))
    module = "" if call.get("alone") or call.get("brought") else "import tempfile\n" if is_program else "import %s\n" % call["module"]
    setup = ["%s = %s" % (call["module"], alone_of(call))] * bool(call.get("alone")) + setup
    setup = ["os.chdir(tempfile.mkdtemp())"] * is_program + setup
    imports = module + ("from characterization_support import %s\n" % ", ".join(used) if used else "")
    changed = sorted(set(legacy.get("changed") or {}) | set(migrated.get("changed") or {}))
    after = ["print(%r, repr(%s))" % ("afterwards, %s:" % key, "given%s" % key if key.isdigit() else "vars(receiver)")
             for key in map(str, changed) if key.isdigit() or key == "receiver"]
    return SCRIPT % {
        "function": call["function"], "file": call["file"], "kind": kind, "name": name, "legacy": shown(legacy),
        "migrated": shown(migrated), "imports": imports, "setup": "\n".join(setup), "call": source,
        "after": "\n".join(after) + ("\n" if after else "")}


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", required=True)
    parser.add_argument("--legacy", nargs="+", required=True)
    parser.add_argument("--migrated", nargs="+", required=True)
    parser.add_argument("--again", nargs="*", default=[])
    parser.add_argument("--out", required=True)
    parser.add_argument("--scripts")
    options = parser.parse_args(arguments)
    sides = [[dict((entry["id"], entry) for entry in read_lines(path, "outcome")) for path in paths]
             for paths in (options.legacy, options.migrated, options.again)]
    differences, excluded, same = [], [], 0
    calls = read_json(options.calls, "iama.calls/1")["calls"]
    seen = shapes_seen(calls)
    for call in calls:
        legacy, migrated, again = ([run.get(call["id"]) for run in side] for side in sides)
        legacy += [entry for entry in again if entry is not None and entry["kind"] != "skipped"]
        plain = settled(legacy)
        if plain is not legacy:
            legacy, migrated = plain, [entry and without_addresses(entry) for entry in migrated]
        reason = unsteady(legacy)
        is_unsteady = reason is not None and legacy[0] is not None and legacy[0]["kind"] in ("result", "raise")
        found = [entry for entry in migrated if entry is not None and entry["kind"] != "skipped"]
        if reason is None and not found:
            reason = "the migrated code was not run" if None in migrated else "the time was up before the migrated code was run"
        if reason is not None:
            excluded.append({"id": call["id"], "module": call["module"], "function": call["function"], "reason": reason,
                             "unsteady": is_unsteady})
            continue
        parts = [part_that_differs(legacy[0], entry) for entry in found]
        if None in parts:
            # One run that agrees is enough: what differs between two runs of the migrated code is not its behaviour.
            same += 1
            continue
        found = difference(call, parts[0], legacy[0], found[0])
        differences.append(dict(found, rule=rule_for(call, found, seen)))
    if options.scripts:
        write_scripts(options.scripts, differences)
    for entry in differences:
        entry.pop("made")
    kinds = {}
    for entry in differences:
        kinds[entry["kind"]] = kinds.get(entry["kind"], 0) + 1
    write_json(options.out, {"schema": "iama.differences/1", "differences": differences, "excluded": excluded, "same": same,
                             "kinds": kinds})
    sys.stdout.write("%d the same, %d differ, %d left out\n" % (same, len(differences), len(excluded)))
    return 0


def difference(call, part, legacy, migrated):
    kind = kind_of(call, part, legacy, migrated)
    name = "difference_%s.py" % call["id"]
    return {"id": call["id"], "module": call["module"], "function": call["function"], "file": call["file"], "part": part,
            "kind": kind, "legacy": legacy, "migrated": migrated, "variation": call.get("variation"),
            "origin": call.get("origin", call["id"]), "script": name, "made": script(call, kind, legacy, migrated, name)}


def write_scripts(folder, differences):
    if not os.path.isdir(folder):
        os.makedirs(folder)
    for name in os.listdir(folder):
        # What an earlier comparison found may be no difference any more.
        os.unlink(os.path.join(folder, name))
    for entry in differences:
        with io.open(os.path.join(folder, entry["script"]), "w", encoding="ascii", newline="\n") as stream:
            stream.write(support.Text(entry["made"]))
    copy_support(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
