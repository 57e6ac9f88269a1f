# -*- coding: utf-8 -*-
"""Makes more calls out of recorded ones by changing their arguments. Python 2.7 and 3, standard library only.

    PYTHON iama_variations.py --calls pool.json --out varied.json [--per-call 12] [--total 3000] [--seed 0]

Best run by the legacy interpreter: there ASCII text keeps its kind. The same input and seed give the same calls on every run.
Each call is kept as it is, too; a made one names what was changed in ``variation``.
"""
import argparse
import ast
import hashlib
import sys

import characterization_support as support
from iama_calls import PROGRAMS, id_of, key_of, read_json, write_json


def spell(value):
    return support.spelled(value, True).text


def integers(value):
    yield "zero", 0
    yield "one", 1
    yield "minus one", -1
    yield "one more", value + 1
    yield "one less", value - 1
    yield "negative", -value
    yield "odd", value * 2 + 1
    yield "even", value * 2
    yield "beyond 32 bits", 2 ** 31 + value
    yield "beyond 64 bits", 2 ** 64 + value
    yield "real", value + 0.5 if abs(value) < 2 ** 50 else 0.5


def reals(value):
    yield "zero", 0.0
    yield "negative", -value
    yield "half more", value + 0.5
    yield "small", 1e-9
    yield "whole", int(value) if abs(value) < 2 ** 62 else 1


def texts(value):
    empty = value[:0]
    newline, space = (b"\n", b" ") if isinstance(value, bytes) else (u"\n", u" ")
    yield "empty", empty
    yield "first half", value[:(len(value) + 1) // 2]
    yield "second half", value[len(value) // 2:]
    yield "without the first", value[1:]
    yield "without the last", value[:-1]
    yield "twice", value + value
    yield "backwards", value[::-1]
    yield "with a new line", value + newline
    yield "between spaces", space + value + space
    yield "upper case", value.upper()


def sequences(value):
    yield "empty", value[:0]
    yield "first only", value[:1]
    yield "without the last", value[:-1]
    yield "backwards", value[::-1]
    yield "twice", value + value
    yield "with None", value + type(value)([None])
    if all(isinstance(entry, (int, float)) for entry in value):
        yield "sorted downwards", type(value)(sorted(value, reverse=True))


def mappings(value):
    yield "empty", {}
    for key in sorted(value, key=spell)[:3]:
        yield "without %s" % spell(key), dict((other, value[other]) for other in value if other != key)


def variants(text):
    """(what was changed, expression) for an argument."""
    found = []
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RuntimeError):
        return [("None", "None")]
    if value is None:
        return [("a number", "0"), ("a text", "''"), ("a list", "[]")]
    if isinstance(value, bool):
        return [("the other", repr(not value)), ("None", "None"), ("a number", "2")]
    if isinstance(value, support.integers):
        found = list(integers(value))
    elif isinstance(value, float):
        found = list(reals(value))
    elif isinstance(value, (bytes, support.Text)):
        found = list(texts(value))
    elif isinstance(value, (list, tuple)):
        found = list(sequences(value))
    elif isinstance(value, dict):
        found = list(mappings(value))
    found = [(label, spell(entry)) for label, entry in found if spell(entry) != text]
    if isinstance(value, (bytes, support.Text)):
        found += swapped(value, text)
    return found + [("None", "None")]


def swapped(value, text):
    """The same content in the other kind of string, and content outside of ASCII."""
    plain = text[1:] if text[0] in "ub" else text
    found = [("as unicode text", "u" + plain)] if text[0] in "'\"" else []
    if isinstance(value, bytes) and b"\\x" in text.encode("ascii"):
        return found + [("decoded", spell(value.decode("latin-1")))]
    # Bytes would not do: what is given as text now is given as text after the migration, too.
    characters = value.decode("ascii") if isinstance(value, bytes) else value
    return found + [("outside of ASCII", spell(characters + u"\xe9\u20ac"))]


def rank(seed, *parts):
    """A number that looks random and is the same everywhere."""
    return hashlib.sha1(("%s|" % seed + "|".join(parts)).encode("utf-8")).hexdigest()


def varied(call, seed, count):
    """Calls with one argument changed, and some with two, in an order drawn from the seed."""
    if call["form"] in PROGRAMS:
        # What they are called with is text that a person types; the runs that were found are enough of it.
        return []
    slots = [("argument %s" % (name or index), index, None, text) for index, (name, text) in enumerate(
        zip(call["parameters"], call["arguments"]))]
    slots += [("argument %s" % name, None, index, text) for index, (name, text) in enumerate(call["keywords"])]
    options = [(slot, label, text) for slot in slots for label, text in variants(slot[3])]
    options.sort(key=lambda option: rank(seed, call["id"], option[0][0], option[1]))
    made = [changed(call, [option]) for option in options[:count]]
    pairs = [(left, right) for left, right in zip(options, options[1:]) if left[0] != right[0]]
    return made + [changed(call, pair) for pair in pairs[:max(1, count // 4)]]


def changed(call, options):
    arguments, keywords = list(call["arguments"]), [list(pair) for pair in call["keywords"]]
    for (_, index, named, _), _, text in options:
        if named is None:
            arguments[index] = text
        else:
            keywords[named][1] = text
    made = dict((name, call[name]) for name in ("module", "function", "form", "file", "receiver", "parameters", "drawn"))
    made.update((name, call[name]) for name in ("alone", "absent", "brought") if call.get(name))
    made.update(arguments=arguments, keywords=keywords, origin=call["id"],
                variation="; ".join("%s: %s" % (slot[0], label) for slot, label, _ in options))
    return dict(made, id=id_of(made))


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--per-call", type=int, default=12)
    parser.add_argument("--total", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    with_schema = read_json(options.calls, None)
    calls, known = [], set()
    for call in with_schema["calls"]:
        call = dict((name, call[name]) for name in call if name not in ("outcome", "changed", "replayed", "lines"))
        calls.append(call)
        known.add(key_of(call))
    made = []
    for call in calls:
        for index, other in enumerate(varied(call, options.seed, options.per_call)):
            if key_of(other) not in known:
                known.add(key_of(other))
                made.append((index, rank(options.seed, other["id"]), other))
    # Where not all fit, every call gets its first variations before any gets more.
    made.sort(key=lambda entry: entry[:2])
    chosen = [entry[2] for entry in made[:max(0, options.total - len(calls))]]
    write_json(options.out, {"schema": "iama.calls/1", "calls": calls + chosen, "seed": options.seed})
    sys.stdout.write("%d calls, %d of them varied\n" % (len(calls) + len(chosen), len(chosen)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
