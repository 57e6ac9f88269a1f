# -*- coding: utf-8 -*-
"""How a recorded call is written as source text, for the tests and for running it again. Python 2.7 and 3."""
import hashlib
import io
import json
import os
import shutil
import tokenize

SUPPORT_FILES = ("characterization_programs.py", "characterization_support.py", "characterization_values.py")
# Forms of calls that run a file of their own accord and import no module.
PROGRAMS = ("program", "setup")
TEMPLATES = {
    "__len__": "len({r})", "__contains__": "{0} in {r}", "__getitem__": "{r}[{0}]", "__call__": "{r}({all})", "__iter__": "list({r})",
    "__eq__": "{r} == {0}", "__ne__": "{r} != {0}", "__lt__": "{r} < {0}", "__le__": "{r} <= {0}", "__gt__": "{r} > {0}",
    "__ge__": "{r} >= {0}", "__hash__": "hash({r})", "__repr__": "repr({r})", "__nonzero__": "bool({r})", "__bool__": "bool({r})",
    "__add__": "{r} + {0}", "__sub__": "{r} - {0}", "__mul__": "{r} * {0}", "__div__": "{r} / {0}", "__truediv__": "{r} / {0}",
    "__floordiv__": "{r} // {0}", "__mod__": "{r} % {0}", "__pow__": "{r} ** {0}", "__neg__": "-{r}", "__pos__": "+{r}",
    "__abs__": "abs({r})", "__invert__": "~{r}", "__and__": "{r} & {0}", "__or__": "{r} | {0}", "__xor__": "{r} ^ {0}",
    "__lshift__": "{r} << {0}", "__rshift__": "{r} >> {0}", "__radd__": "{0} + {r}", "__rsub__": "{0} - {r}",
    "__rmul__": "{0} * {r}", "__int__": "int({r})", "__long__": "int({r})", "__float__": "float({r})", "__next__": "next({r})",
    "next": "next({r})", "__str__": "str({r})", "__unicode__": "as_text({r})", "__setitem__": "put({r}, {0}, {1})",
    "__delitem__": "remove({r}, {0})", "__enter__": "{r}.__enter__()", "__cmp__": "order({r}, {0})",
}


def source_of(call, receiver, arguments, keywords, target):
    """The text of the call. ``target`` is the text of the function, ``receiver`` that of the instance or class."""
    every = ", ".join(list(arguments) + ["%s=%s" % pair for pair in keywords])
    form, method = call["form"], call["function"].rpartition(".")[2]
    if form == "value":
        return target
    if form in ("program", "setup"):
        start = [repr(str(call["file"]))]
        if form == "setup":
            return "set_up(%s)" % ", ".join(start + ["%r" % str(name) for name in call.get("absent") or ()])
        absent = ["absent=%r" % ([str(name) for name in call["absent"]],)] if call.get("absent") else []
        return "program(%s)" % ", ".join(start + list(arguments) + ["%s=%s" % pair for pair in keywords] + absent)
    if form == "property":
        text = "%s.%s" % (receiver, method)
    elif form == "construct":
        text = "%s(%s)" % (receiver, every)
    elif form == "method" and method in TEMPLATES and not keywords:
        try:
            text = TEMPLATES[method].format(*arguments, r=receiver, all=every)
        except IndexError:
            text = "%s.%s(%s)" % (receiver, method, every)
    elif form in ("method", "class"):
        text = "%s.%s(%s)" % (receiver, method, every)
    else:
        text = "%s(%s)" % (target, every)
    if call.get("drawn") is None or method == "__iter__":
        return text
    return "list(%s)" % text if call["drawn"] == "all" else "take(%d, %s)" % (call["drawn"], text)


def key_of(call):
    """What makes two calls the same one."""
    absent = [call["absent"]] if call.get("absent") else []
    return json.dumps([call[name] for name in ("module", "function", "receiver", "arguments", "keywords")] + absent)


def id_of(call):
    return hashlib.sha1(key_of(call).encode("ascii")).hexdigest()[:12]


def alone_of(call):
    """The text that imports the file of a call that lies in no package."""
    return "alone(%s)" % ", ".join("%r" % str(part) for part in [call["file"]] + list(call.get("absent") or ()))


def brought_of(call):
    """The text for what a migration brings along, of a call of it."""
    users = [user for user in call["brought"] if user != call["module"]]
    return "brought(%s)" % ", ".join("%r" % str(part) for part in [call["module"], call["function"]] + users)


def tokens_of(text):
    """(type, text) of the tokens of an expression; the spaces between them are lost."""
    return [(token[0], token[1]) for token in tokenize.generate_tokens(io.StringIO(u"%s" % text).readline)
            if token[0] not in (tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER) and token[1]]


def read_lines(path, kind=None):
    """The JSON lines of a file; a line that was cut off says nothing."""
    found = []
    with io.open(path, encoding="ascii", errors="replace") as stream:
        for line in stream:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and (kind is None or entry.get("e") == kind):
                found.append(entry)
    return found


def read_json(path, schema):
    with io.open(path, encoding="utf-8") as stream:
        value = json.load(stream)
    if schema is not None and value.get("schema") != schema:
        raise SystemExit("%s: expected %s, found %s" % (path, schema, value.get("schema")))
    return value


def write_json(path, value):
    with io.open(path, "w", encoding="ascii") as stream:
        stream.write(u"%s\n" % json.dumps(value, sort_keys=True, indent=1, separators=(",", ": ")))


def copy_support(folder):
    """Puts what tests and scripts import beside them."""
    own = os.path.dirname(os.path.abspath(__file__))
    for name in SUPPORT_FILES:
        shutil.copyfile(os.path.join(own, name), os.path.join(folder, name))
