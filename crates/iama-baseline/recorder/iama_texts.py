# -*- coding: utf-8 -*-
"""Texts for functions that read texts: those that were seen and hold the words that a function knows, and edits of them.
Python 2.7 and 3, standard library only."""
import ast
import re

import characterization_support as support
from iama_write_tests import STRINGS

WORDS = re.compile(r"[A-Za-z][A-Za-z_-]{2,}")
LONGEST = 3000
SEEDS = 3
EDITS = 240
SEPARATORS = ("", " ", ":", ";", "=", ",", "\n", "-", "/", ".")


def literal(text):
    """The text that an expression stands for; None when it stands for something else, or for one that is not ASCII."""
    try:
        value = ast.literal_eval(text)
        return str(value) if isinstance(value, (str, support.Text)) else None
    except (ValueError, SyntaxError, MemoryError, RuntimeError):
        return None


def spelled(text):
    return support.spelled(text, True).text


def texts_in(calls):
    """Every text that stands in the arguments and receivers of calls, wherever it is, each once."""
    found = {}
    for call in calls:
        for expression in call["arguments"] + [pair[1] for pair in call["keywords"]] + [call["receiver"] or ""]:
            for match in STRINGS.finditer(expression):
                text = literal(match.group(0))
                if text and 4 <= len(text) <= LONGEST:
                    found.setdefault(text, len(found))
    return sorted(found, key=found.get)


def fitting(texts, constants):
    """The texts with most of the words that a function knows, best first."""
    known = set(word.upper() for text in map(literal, constants) if text for word in WORDS.findall(text))
    ranked = []
    for index, text in enumerate(texts):
        shared = len(known.intersection(word.upper() for word in WORDS.findall(text)))
        if shared > 1:
            ranked.append((-shared, len(text), index, text))
    return [entry[3] for entry in sorted(ranked)[:SEEDS]]


def edits_of(text, words):
    """The text with one thing otherwise, for each thing there is: what a person could get wrong."""
    pieces = text.splitlines(True)
    made = by_line(pieces, words) if len(pieces) > 1 else by_word(text, words)
    found = []
    for other in made:
        if other not in found and other != text:
            found.append(other)
        if len(found) == EDITS:
            break
    return found


def by_line(lines, words):
    heads = [word for word in words if re.match(r"[\w-]+\Z", word)][:16]
    yield ""
    for index in range(len(lines)):
        yield "".join(lines[:index] + lines[index + 1:])
    for index, line in enumerate(lines):
        head, colon, rest = line.partition(":")
        if colon:
            # A property with one parameter more.
            yield "".join(lines[:index] + [head + ";VALUE=OTHER" + colon + rest] + lines[index + 1:])
        for match in list(re.finditer(r"\w[\w-]*", line))[:3]:
            yield "".join(lines[:index] + [line[:match.start()] + "OTHER" + line[match.end():]] + lines[index + 1:])
    for index, line in enumerate(lines[:4]):
        for word in heads:
            other = re.sub(r"\w[\w-]*", lambda _match: word, line, 1)
            yield "".join(lines[:index] + [other] + lines[index + 1:])
            yield "".join(lines[:index] + [line, other.replace(":", ";VALUE=OTHER:", 1)] + lines[index + 1:])
    for count in (2, 3, 5, 8):
        for index in range(1, len(lines) - count):
            yield "".join(lines[:index] + lines[index + count:])
    for index, line in enumerate(lines):
        yield "".join(lines[:index] + [line, line] + lines[index + 1:])
        yield "".join(lines[:index])


def by_word(text, words):
    pieces = re.findall(r"\w+|\W", text)
    yield ""
    for index in range(len(pieces)):
        yield "".join(pieces[:index] + pieces[index + 1:])
    for index, piece in enumerate(pieces):
        if piece.isalnum():
            yield "".join(pieces[:index] + ["OTHER"] + pieces[index + 1:])
            yield "".join(pieces[:index] + ["99"] + pieces[index + 1:])
        else:
            yield "".join(pieces[:index] + [piece, piece] + pieces[index + 1:])
    for index, piece in enumerate(pieces):
        for word in words[:8]:
            if piece.isalnum():
                yield "".join(pieces[:index] + [word] + pieces[index + 1:])


def composed(random, word):
    """A text of a few words, drawn by a function."""
    parts = []
    for _ in range(random.randint(1, 6)):
        parts += [word(), random.choice(SEPARATORS)]
    return "".join(parts[:-1])


def edited(random, text, word):
    """A text with a line or a part of one changed, left out, moved or put in."""
    by_lines = "\n" in text and random.random() < 0.4
    pieces = text.splitlines(True) if by_lines else re.findall(r"\w+|\W", text)
    for _ in range(random.choice((1, 1, 2, 3))):
        place = random.randint(0, len(pieces))
        change = random.randrange(5)
        if change == 0:
            pieces[place:place] = [word(), random.choice(SEPARATORS)]
        elif change == 1:
            pieces[place:place + 1] = [word()]
        elif change == 2:
            pieces[place:place] = pieces[:random.randint(0, len(pieces))][-1:]
        else:
            del pieces[place:place + random.choice((1, 1, 2, 4, 8) if by_lines else (1, 1, 2, 4))]
    return "".join(pieces)
