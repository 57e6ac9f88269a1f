# -*- coding: utf-8 -*-
"""Writes chosen calls as test files. Python 2.7 and 3, standard library only; the same input gives the same files.

    iama_write_tests.py --choice choice.json --out DIR [--drop FILE::TEST …] [--index index.json]

One file for each module of the project and the two files of support that they need. The index tells for each test
the call that it came from and the lines that the call executed. Tests are numbered before any is dropped, so that the names
of the others stay.
"""
import argparse
import io
import keyword
import os
import re
import sys

import characterization_support as support
from iama_calls import PROGRAMS, TEMPLATES, alone_of, brought_of, copy_support, read_json, source_of, write_json

WIDTH = 110
STRING = r"[ub]?'(?:\\.|[^'\\])*'|[ub]?\"(?:\\.|[^\"\\])*\""
REFERENCE = re.compile(r"\b(?P<kind>new|named)\('(?P<module>[\w.]+):(?P<path>[\w.]+)'(?P<end>, |\))|" + STRING)
STRINGS = re.compile(STRING)
SUPPORT = ("address", "alone", "Decimal", "Fraction", "OrderedDict", "UUID", "binary_file", "bound", "brought", "build", "cycle", "date", "datetime",
           "defaultdict", "deque", "matched", "program", "set_up", "inf", "large", "memory_file", "module", "named", "nan", "new", "opaque", "pattern", "raises",
           "same", "take", "time", "timedelta", "watched", "xrange", "as_text", "put", "remove", "order", "struct_time", "weak")
RENAMED = frozenset(support.MODULES.values())


class TestFile(object):
    """The tests of one module, and what they import."""

    def __init__(self, module, path):
        self.module, self.path = module, path
        self.imports, self.tests, self.numbers, self.alone = set(), [], {}, None
        self.name = "test_characterization_%s.py" % module.replace(".", "_")

    def add(self, call):
        name = re.sub(r"\W+|__+", "_", label_of(call)).strip("_")
        self.numbers[name] = self.numbers.get(name, 0) + 1
        name = "test_%s_%d" % (name, self.numbers[name])
        self.tests.append((name, call, "\n".join(Body(self, call).lines())))
        return "%s::%s" % (self.name, name)

    def text(self, dropped):
        bodies = ["def %s():\n    \"\"\"%s in %s\"\"\"\n%s\n" % (name, label_of(call), call["file"], body)
                  for name, call, body in self.tests if "%s::%s" % (self.name, name) not in dropped]
        whole = "\n\n".join(bodies)
        words = set(re.findall(r"(?<![.\w])[A-Za-z_]\w*(?!\s*=[^=])", STRINGS.sub("''", whole)))
        imports = ["import %s" % module for module in sorted(self.imports) if module.partition(".")[0] in words]
        used = sorted((words | set(["alone"] if self.alone else ())) & set(SUPPORT), key=lambda name: name.lower())
        if used:
            imports.append(wrapped("from characterization_support import ", used))
        if self.alone:
            imports.append("\n%s = %s" % (self.module, self.alone))
        head = "# -*- coding: utf-8 -*-\n\"\"\"What %s did when its calls were recorded. Runs on Python 2.7 and 3.\"\"\"\n" % self.path
        return head + "\n".join(imports) + "\n\n\n" + whole if bodies else None


def label_of(call):
    """What a person calls the function: a constructor goes by its class."""
    function = str(call["function"])
    return function.rpartition(".")[0] if call["form"] == "construct" else function


def wrapped(start, names):
    line = start + ", ".join(names)
    if len(line) <= WIDTH:
        return line
    lines, current = [], "   "
    for name in names:
        if len(current) + len(name) + 2 > WIDTH:
            lines.append(current)
            current = "   "
        current += " %s," % name
    return start + "(\n" + "\n".join(lines + [current]) + "\n)"


class Body(object):
    """The statements of one test."""

    def __init__(self, file, call):
        self.file, self.call, self.outcome = file, call, call["replayed"]
        self.changed = self.outcome.get("changed") or {}
        # What is referred to weakly has to be held by a name.
        self.held = "weak(" in (self.outcome.get("value") or "")
        self.taken = set(SUPPORT) | set(module.partition(".")[0] for module in (call["module"],))
        self.setup, self.after = [], []

    def lines(self):
        """In the order of the test: what is prepared, the call with its outcome, and what else it changed."""
        receiver = self.receiver()
        arguments = [self.argument(str(index), name or "values", text) for index, (name, text) in enumerate(
            zip(self.call["parameters"], self.call["arguments"]))]
        keywords = [(str(name), self.argument(name, name, text)) for name, text in self.call["keywords"]]
        target = "%s.%s" % (self.call["module"], self.call["function"])
        if self.call.get("alone"):
            self.file.alone = alone_of(self.call)
        elif self.call.get("brought"):
            target = brought_of(self.call)
        elif self.call["form"] not in PROGRAMS:
            self.file.imports.add(self.call["module"])
        expression = source_of(self.call, receiver, arguments, keywords, target)
        watching = [name for name in ("stdout", "stderr", "files", "environment") if self.outcome.get(name)]
        # Programs are given a working folder of their own.
        inside = bool(watching) or self.call["form"] in PROGRAMS
        body = self.statement(expression, 8 if inside else 4)
        lines = self.setup + (["with watched()%s:" % (" as seen" if watching else "")] if inside else [])
        lines = ["    " + line for line in lines] + body
        for name in watching:
            value = self.outcome[name]
            text = literal(value) if name in ("stdout", "stderr") else "{%s}" % ", ".join(
                "%s: %s" % (literal(key), value[key]) for key in sorted(value))
            self.after.append(self.check("seen.%s" % name, text, 4))
        return lines + self.after

    def statement(self, expression, indent):
        space = " " * indent
        if self.outcome["kind"] == "raise":
            message = ", " + literal(self.outcome["message"]) if self.outcome.get("message") is not None else ""
            if self.call["function"].endswith("__setitem__"):
                message = ""
            return [space + line for line in ("with raises(%r%s):" % (str(self.outcome["type"]), message),)] + [
                layout(expression, indent + 4)]
        return [self.check(expression, self.outcome["value"], indent)]

    def check(self, expression, value, indent):
        if value in ("None", "True", "False"):
            return layout("assert %s is %s" % (expression, value), indent)
        return layout("assert same(%s, %s)" % (expression, self.pretty(value)), indent)

    def receiver(self):
        text = self.call["receiver"]
        if text is None:
            return None
        text = self.pretty(text)
        method = self.call["function"].rpartition(".")[2]
        if self.call["form"] in ("class", "construct") or len(text) <= 50 and "receiver" not in self.changed and not (
                method in TEMPLATES):
            return text
        cls = re.search(r"(\w+)'?(?:\(|,|\)|$)", text.partition("(")[2] if text.startswith("build(") else text)
        return self.variable("receiver", snake(cls.group(1)) if cls else "receiver", text)

    def argument(self, key, name, text):
        text = self.pretty(text)
        return self.variable(key, name, text) if key in self.changed or self.held and "(" in text else text

    def variable(self, key, name, text):
        name = re.sub(r"\W", "", str(name)) or "value"
        while name in self.taken or keyword.iskeyword(name) or name in support.NOT_A_NAME:
            name += "_"
        self.taken.add(name)
        self.setup.append(layout("%s = %s" % (name, text), 4)[4:])
        if key in self.changed:
            self.after.append(self.check(name, self.changed[key], 4))
        return name

    def pretty(self, text):
        """References to the project's classes and functions as plain names."""
        def plain(match):
            module = match.group("module")
            if module is None or module in RENAMED:
                return match.group(0)
            self.file.imports.add(module)
            name = "%s.%s" % (module, match.group("path"))
            if match.group("kind") == "named":
                return name if match.group("end") == ")" else match.group(0)
            return name + ("(" if match.group("end") == ", " else "()")
        return REFERENCE.sub(plain, text)


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def literal(text):
    """Text as a literal that both versions read the same way."""
    return support.Speller().spell(text if isinstance(text, support.Text) else support.Text(text))


def layout(text, indent, width=WIDTH):
    """Breaks what is too long for a line inside of brackets, innermost last."""
    if indent + len(text) <= width:
        return " " * indent + text
    opening, parts, closing = split_brackets(text)
    if not parts:
        return " " * indent + text
    lines = [" " * indent + opening]
    if all(len(part) < 14 for part in parts) and len(parts) > 3:
        lines += filled([part + "," for part in parts], indent + 4, width)
    else:
        lines += [layout(part, indent + 4, width - 1) + "," for part in parts]
    return "\n".join(lines + [layout_rest(closing, indent, width)])


def filled(parts, indent, width):
    """Short parts, as many on a line as fit."""
    lines = [" " * indent + parts[0]]
    for part in parts[1:]:
        if len(lines[-1]) + 1 + len(part) > width:
            lines.append(" " * indent + part)
        else:
            lines[-1] += " " + part
    return lines


def layout_rest(closing, indent, width):
    return " " * indent + closing if len(closing) < width else layout(closing, indent, width)


def split_brackets(text):
    """Head with the opening bracket, what it holds, and the rest: of the longest group of brackets on the outer level."""
    groups, depth, start, commas, position = [], 0, 0, [], 0
    while position < len(text):
        string = STRINGS.match(text, position)
        if string:
            position = string.end()
            continue
        char = text[position]
        if char in "([{":
            depth += 1
            if depth == 1:
                start, commas = position, []
        elif char in ")]}":
            depth -= 1
            if depth == 0:
                groups.append((position - start, start, commas, position))
        elif char == "," and depth == 1:
            commas.append(position)
        position += 1
    if not groups:
        return text, [], ""
    _, start, commas, end = max(groups)
    edges = [start] + commas + [end]
    parts = [text[left + 1:right].strip() for left, right in zip(edges, edges[1:])]
    if text[:1] == "(" and len(parts) == 2 and not parts[1]:
        return text, [], ""
    return text[:start + 1], [part for part in parts if part], text[end:]


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--choice", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--drop", nargs="*", default=[])
    parser.add_argument("--index")
    options = parser.parse_args(arguments)
    choice = read_json(options.choice, "iama.choice/1")
    files, index = {}, {}
    for call in choice["calls"]:
        file = files.get(call["module"])
        if file is None:
            file = files[call["module"]] = TestFile(str(call["module"]), str(call["file"]))
        test = file.add(call)
        if test not in options.drop:
            index[test] = {"call": call["id"], "module": call["module"], "function": call["function"], "file": call["file"],
                           "lines": call["lines"]}
    if not os.path.isdir(options.out):
        os.makedirs(options.out)
    for module in sorted(files):
        text = files[module].text(set(options.drop))
        if text is not None:
            with io.open(os.path.join(options.out, files[module].name), "w", encoding="ascii", newline="\n") as stream:
                stream.write(support.Text(text))
    copy_support(options.out)
    if options.index:
        write_json(options.index, {"schema": "iama.tests/1", "tests": index})
    sys.stdout.write("%d tests in %d files\n" % (len(index), len(files)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
