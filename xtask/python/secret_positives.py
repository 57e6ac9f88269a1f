"""Texts that the rules of other scanners describe, drawn at random from the patterns themselves, in ten formats of files.

A rule is a name, a pattern and the part of it that is the secret. What is drawn has to match the pattern again, as `name =
"value"` or as it is; a rule for which no such text is found within some draws is left out and named.
"""

import json
import re
import re._constants as op
import re._parser as parser
import string
import warnings
from html import escape

FORMATS = ("py", "js", "ts", "java", "json", "yaml", "toml", "env", "xml", "md")
WORDS = string.ascii_letters + string.digits
PRINTABLE = WORDS + "+/=_-.~!@%^*"


class Drawer:
    """Draws a text that a parsed pattern describes, and notes where its groups lie."""

    def __init__(self, random):
        self.random = random
        self.text = ""
        self.groups = {}

    def draw(self, tree):
        for kind, value in tree:
            self.one(kind, value)

    def one(self, kind, value):
        if kind is op.LITERAL:
            self.text += chr(value)
        elif kind is op.NOT_LITERAL:
            self.text += self.random.choice([c for c in WORDS if c != chr(value)])
        elif kind is op.ANY:
            # Most often a dot that somebody forgot to escape.
            self.text += "."
        elif kind is op.IN:
            self.text += self.random.choice(letters(value))
        elif kind is op.BRANCH:
            self.draw(self.random.choice(value[1]))
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            low, high, inner = value
            for _ in range(self.times(kind, low, high, inner)):
                self.draw(inner)
        elif kind is op.SUBPATTERN:
            group, _, _, inner = value
            start = len(self.text)
            self.draw(inner)
            if group:
                self.groups[group] = (start, len(self.text))
        elif kind is op.ATOMIC_GROUP:
            self.draw(value)
        elif kind is op.GROUPREF:
            start, end = self.groups.get(value, (0, 0))
            self.text += self.text[start:end]

    def times(self, kind, low, high, inner):
        """What is optional around a secret is left out; a secret of free length gets a usual one."""
        if low == high or kind is op.MIN_REPEAT:
            return int(low)
        if int(low) == 0:
            return 0
        one = len(inner) == 1 and inner[0][0] is op.IN
        wide = one and len(letters(inner[0][1])) > 9
        usual = max(int(low), 20) if wide and int(low) < 20 else int(low) + 4
        return self.random.randint(int(low) or 12, min(int(high), max(usual, int(low) + 1)))


def letters(items):
    """The letters of a class that a person may write."""
    found, negated = set(), False
    for kind, value in items:
        if kind is op.NEGATE:
            negated = True
        elif kind is op.LITERAL:
            found.add(chr(value))
        elif kind is op.RANGE:
            found.update(chr(c) for c in range(value[0], min(value[1], 126) + 1))
        elif kind is op.CATEGORY:
            found.update(category(value))
    if negated:
        return sorted(set(WORDS) - found) or [" "]
    plain = sorted(c for c in found if c in string.printable and c not in "\n\r\t\x0b\x0c")
    # A blank within brackets is there for the reader of a name, not of a secret.
    return [c for c in plain if c != " "] or plain or [" "]


def category(value):
    known = {op.CATEGORY_DIGIT: string.digits, op.CATEGORY_WORD: WORDS + "_", op.CATEGORY_SPACE: " "}
    return known.get(value, PRINTABLE)


def translated(pattern):
    """A pattern of other engines in Python's words."""
    verbose = pattern.startswith("(?x)")
    flags = re.VERBOSE if verbose else 0
    if "(?i)" in pattern:
        flags |= re.IGNORECASE
    for old, new in (("(?i)", ""), ("(?x)", ""), ("(?s)", ""), ("[[:alnum:]]", "[A-Za-z0-9]"), (r"\z", r"\Z")):
        pattern = pattern.replace(old, new)
    return pattern, flags | re.DOTALL


class Rule:
    """A rule of another scanner."""

    def __init__(self, peer, name, pattern, flags=None, group=None, keyword=None):
        self.peer, self.name = peer, name
        source, own = translated(pattern)
        flags = own if flags is None else flags
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.tree = parser.parse(source, flags)
            self.compiled = re.compile(source, flags)
        self.group = group if group is not None else self.secret_group()
        self.keyword = keyword

    def secret_group(self):
        """The group that a scanner would report: one that is called so, else the first that is not optional."""
        names = self.compiled.groupindex
        return names.get("TOKEN") or names.get("password") or (1 if self.compiled.groups else 0)

    def drawn(self, random):
        """A name, a value, and the whole text as the pattern has it."""
        drawer = Drawer(random)
        drawer.draw(self.tree)
        start, end = drawer.groups.get(self.group, (0, len(drawer.text)))
        if not self.group or end <= start:
            start, end = 0, len(drawer.text)
        before = re.match(r"[\w.-]+", drawer.text[:start].strip(" \"'`[({<"))
        word = before.group(0).strip("._-") if before and before.group(0).strip("._-") else None
        return word, drawer.text[start:end].strip("\"'`;= "), drawer.text


def kind_of(rule):
    found = re.search(r"(secret|token|password|key|id|credential)", rule.name.lower())
    return {"id": "key", "credential": "key"}.get(found.group(1), found.group(1)) if found else "key"


def case(rule, random):
    """A name and a value that the rule matches; the name is none where the text stands for itself."""
    for _ in range(40):
        word, value, whole = rule.drawn(random)
        if not value or len(value) < 3:
            continue
        if word and len(word) > 1 and not word.isdigit():
            kind = kind_of(rule)
            name = word if kind in word.lower() or "_" in word else f"{word}_{kind}"
            for given in (name, word):
                if hit(rule, f'{given} = "{value}"', value):
                    return given, value
        for given in (random.choice(("value", vendor(rule))), "value"):
            if hit(rule, f'{given} = "{value}"', value):
                return given, value
        if "\n" not in whole and hit(rule, whole, value):
            return None, whole
    return None


def hit(rule, text, value):
    return any(value in found.group(0) or found.group(0) in value for found in rule.compiled.finditer(text))


def vendor(rule):
    short = re.sub(r"^(betterleaks\.|veles\.secrets/)|\.\d+$|(Token|Key)?Detector", "", rule.name)
    return re.sub(r"\W+", "_", short).strip("_").lower() or "value"


def camel(name):
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", name) if part]
    return (parts[0].lower() + "".join(part.capitalize() for part in parts[1:])) if parts else "value"


def rendered(form, name, value):
    """The lines of a file of the format, and which of them (from 1) holds the value."""
    quoted, single = json.dumps(value), "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    snake = re.sub(r"[^A-Za-z0-9]+", "_", name or "value")
    plain = value if re.fullmatch(r"[\w./+=~@%-][\w./+=~@%:$!|*^&?,-]*", value) else quoted
    lines = {
        "py": ["import os", "", f"{snake.upper()} = {single}", "", "def main():", "    return os.getcwd()"],
        "js": ["const path = require('path');", f"const {camel(snake)} = {single};", "module.exports = {};"],
        "ts": ["import * as fs from 'fs';", f"export const {camel(snake)}: string = {quoted};", "export default fs;"],
        "java": ["package app;", "class Settings {", f"    static final String {snake.upper()} = {quoted};", "}"],
        "json": ["{", '  "verbose": true,', f'  "{snake.lower()}": {quoted},', '  "retries": 3', "}"],
        "yaml": ["service:", "  port: 8080", f"  {snake.lower()}: {plain}", "  debug: false"],
        "toml": ["[service]", "port = 8080", f"{snake.lower()} = {quoted}", "debug = false"],
        "env": ["PORT=8080", f"{snake.upper()}={plain}", "DEBUG=false"],
        "xml": ["<settings>", "  <port>8080</port>", f"  <{snake.lower()}>{escape(value, False)}</{snake.lower()}>", "</settings>"],
        "md": ["# Set up", "", "```sh", f"export {snake.upper()}={plain}", "```"],
    }[form]
    at = next(number for number, line in enumerate(lines, 1) if value in line or quoted in line or single in line or escape(value, False) in line)
    return lines, at


def block(form, value):
    """The same for a text of several lines."""
    if form in ("json", "java", "toml", "env"):
        return rendered(form, "content", value)
    opening = {"py": 'CONTENT = """\\', "js": "const content = `", "ts": "const content = `", "yaml": "content: |", "xml": "<content>", "md": "```"}[form]
    closing = {"py": '"""', "js": "`;", "ts": "`;", "yaml": "", "xml": "</content>", "md": "```"}[form]
    indent = "  " if form == "yaml" else ""
    return [opening, *(indent + line for line in value.split("\n")), closing], (2, 1 + value.count("\n") + 1)


def write(rules, folder, random):
    """Write the files; the rows (peer, rule, format, path, first line, last line, whether the rule itself matches the file)."""
    rows, missing = [], []
    for rule in rules:
        for form in FORMATS:
            drawn = rule.text(random) if hasattr(rule, "text") else case(rule, random)
            if drawn is None:
                missing.append(f"{rule.peer} {rule.name}")
                break
            name, value = drawn
            lines, at = block(form, value) if "\n" in value else rendered(form, name, value)
            first, last = at if isinstance(at, tuple) else (at, at)
            path = f"{rule.peer}/{vendor(rule)}-{len(rows)}/service.{form}"
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            text = "\n".join(lines) + "\n"
            target.write_text(text)
            rows.append((rule.peer, rule.name, form, path, first, last, bool(rule.compiled.search(text))))
    return rows, missing
