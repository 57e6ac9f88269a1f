"""Describes the scopes of Python files as the symtable module of the running CPython sees them. Runs on 2.7 and on 3.

Reads file names, one to a line. Writes one JSON object to a line for each: {"file": NAME, "scopes": [TEXT, ...]}, sorted, or
{"file": NAME, "error": TEXT} for a file that CPython does not accept. A scope's text is its kind and name, then each name
that it uses or binds itself with L (bound there), E (bound in a function around it) or G (the module's or a builtin).
"""
import io
import json
import re
import symtable
import sys

COMPREHENSIONS = ('genexpr', 'listcomp', 'setcomp', 'dictcomp')


def meaning(symbol, is_module):
    if is_module:
        is_bound = symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
        return 'L' if is_bound else 'G'
    if symbol.is_global():
        return 'G'
    return 'E' if symbol.is_free() else 'L'


def is_shown(symbol):
    name = symbol.get_name()
    # None is a name for 2.7's compiler only, and a use of super is one of __class__ as well. Names with dots or brackets are
    # the compiler's own, private ones are spelled otherwise in a class, and names beyond ASCII are normalised.
    if name in ('None', '__class__') or not re.match('^[A-Za-z_][A-Za-z0-9_]*$', name):
        return False
    if '__' in name.strip('_') or name.startswith('__') and not name.endswith('__'):
        return False
    return symbol.is_referenced() or symbol.is_assigned() or symbol.is_parameter() or symbol.is_imported()


def describe(table, out):
    kind = table.get_type()
    name = table.get_name()
    if name in COMPREHENSIONS:
        kind, name = 'comprehension', ''
    elif name == 'lambda':
        kind, name = 'lambda', ''
    elif kind == 'module' and table.get_lineno() == 0:
        name = ''
    symbols = sorted((s.get_name(), meaning(s, kind == 'module')) for s in table.get_symbols() if is_shown(s))
    # The module takes a function of this name for a module.
    if name != 'top':
        out.append(kind + ' ' + name + ':' + ''.join(' %s=%s' % pair for pair in symbols))
    for child in table.get_children():
        describe(child, out)


def answer(name):
    try:
        with io.open(name, 'rb') as source:
            text = source.read().replace(b'\r\n', b'\n').replace(b'\r', b'\n')
        scopes = []
        compile(text, name, 'exec', 0, True)
        describe(symtable.symtable(text, name, 'exec'), scopes)
        return {'file': name, 'scopes': sorted(scopes)}
    except (SyntaxError, TypeError, ValueError) as error:
        return {'file': name, 'error': repr(error)}


sys.setrecursionlimit(20000)
for line in iter(sys.stdin.readline, ''):
    sys.stdout.write(json.dumps(answer(line.rstrip('\n'))) + '\n')
