# -*- coding: utf-8 -*-
"""Describes Python 2 files as CPython 2.7's own ast module sees them.

Reads file names, one to a line. Writes one JSON object to a line for each:
{"file": NAME, "statements": [[kind, line, column, depth, detail], ...]}, or {"file": NAME, "error": TEXT} for a file that
CPython does not accept. `detail` spells out every expression that the statement itself holds.
"""
import ast
import json
import sys
import threading

BINARY = {
    ast.Add: '+', ast.Sub: '-', ast.Mult: '*', ast.Div: '/', ast.Mod: '%', ast.Pow: '**', ast.LShift: '<<',
    ast.RShift: '>>', ast.BitOr: '|', ast.BitXor: '^', ast.BitAnd: '&', ast.FloorDiv: '//',
}
UNARY = {ast.Invert: '~', ast.Not: 'not', ast.UAdd: '+', ast.USub: '-'}
COMPARISON = {
    ast.Eq: '==', ast.NotEq: '!=', ast.Lt: '<', ast.LtE: '<=', ast.Gt: '>', ast.GtE: '>=', ast.Is: 'is',
    ast.IsNot: 'is not', ast.In: 'in', ast.NotIn: 'not in',
}
SEQUENCES = {ast.Tuple: 'tuple', ast.List: 'list', ast.Set: 'set'}
COMPREHENSIONS = {ast.ListComp: 'listcomp', ast.SetComp: 'setcomp', ast.GeneratorExp: 'genexp'}


def group(*parts):
    return '(' + ' '.join(parts) + ')'


def maybe(node):
    return '_' if node is None else expression(node)


def expressions(nodes):
    return [expression(node) for node in nodes]


def parameters(args):
    plain = expressions(args.args)
    first_default = len(plain) - len(args.defaults)
    for index, default in enumerate(args.defaults):
        plain[first_default + index] += '=' + expression(default)
    if args.vararg:
        plain.append('*' + args.vararg)
    if args.kwarg:
        plain.append('**' + args.kwarg)
    return group('args', *plain)


def clauses(generators):
    for clause in generators:
        yield group('for', expression(clause.target), expression(clause.iter))
        for condition in clause.ifs:
            yield group('if', expression(condition))


def slice_(node):
    if isinstance(node, ast.Index):
        return expression(node.value)
    if isinstance(node, ast.Ellipsis):
        return '...'
    if isinstance(node, ast.ExtSlice):
        return group('ext', *[slice_(dim) for dim in node.dims])
    # The parser writes None for the step of `a[::]`, so that the two cannot be told apart.
    step = maybe(node.step)
    return group(':', maybe(node.lower), maybe(node.upper), '_' if step == 'None' else step)


def call(node):
    parts = [expression(node.func)] + expressions(node.args)
    parts += [keyword.arg + '=' + expression(keyword.value) for keyword in node.keywords]
    if node.starargs:
        parts.append('*' + expression(node.starargs))
    if node.kwargs:
        parts.append('**' + expression(node.kwargs))
    return group('call', *parts)


def expression(node):
    kind = type(node)
    if kind is ast.Name:
        return node.id
    if kind is ast.Num:
        return '#'
    if kind is ast.Str:
        return 'S'
    if kind in SEQUENCES:
        return group(SEQUENCES[kind], *expressions(node.elts))
    if kind in COMPREHENSIONS:
        return group(COMPREHENSIONS[kind], expression(node.elt), *clauses(node.generators))
    return COMPOUND[kind](node)


def unary(node):
    operand = expression(node.operand)
    # The parser folds the sign of a literal into the number.
    if operand == '#' and isinstance(node.op, ast.USub):
        return '#'
    return group('unary', UNARY[type(node.op)], operand)


def comparison(node):
    parts = [expression(node.left)]
    for operator, operand in zip(node.ops, node.comparators):
        parts += [COMPARISON[type(operator)], expression(operand)]
    return group('cmp', *parts)


COMPOUND = {
    ast.BinOp: lambda n: group(BINARY[type(n.op)], expression(n.left), expression(n.right)),
    ast.UnaryOp: unary,
    ast.BoolOp: lambda n: group(type(n.op).__name__.lower(), *expressions(n.values)),
    ast.Compare: comparison,
    ast.Call: call,
    ast.Attribute: lambda n: group('.', expression(n.value), n.attr),
    ast.Subscript: lambda n: group('[]', expression(n.value), slice_(n.slice)),
    ast.Dict: lambda n: group('dict', *[expression(e) for pair in zip(n.keys, n.values) for e in pair]),
    ast.DictComp: lambda n: group('dictcomp', expression(n.key), expression(n.value), *clauses(n.generators)),
    ast.Lambda: lambda n: group('lambda', parameters(n.args), expression(n.body)),
    ast.IfExp: lambda n: group('ifexp', expression(n.test), expression(n.body), expression(n.orelse)),
    ast.Yield: lambda n: group('yield', maybe(n.value)),
    ast.Repr: lambda n: group('repr', expression(n.value)),
}


def imported(names):
    return [name.name + ('=' + name.asname if name.asname else '') for name in names]


DETAILS = {
    'FunctionDef': lambda n: [n.name, parameters(n.args)] + ['@' + d for d in expressions(n.decorator_list)],
    'ClassDef': lambda n: [n.name] + expressions(n.bases) + ['@' + d for d in expressions(n.decorator_list)],
    'Return': lambda n: [maybe(n.value)],
    'Delete': lambda n: expressions(n.targets),
    'Assign': lambda n: expressions(n.targets) + ['=', expression(n.value)],
    'AugAssign': lambda n: [expression(n.target), BINARY[type(n.op)] + '=', expression(n.value)],
    'Print': lambda n: [maybe(n.dest), 'nl' if n.nl else 'soft'] + expressions(n.values),
    'For': lambda n: [expression(n.target), expression(n.iter)],
    'While': lambda n: [expression(n.test)],
    'If': lambda n: [expression(n.test)],
    'With': lambda n: [expression(n.context_expr), maybe(n.optional_vars)],
    'Raise': lambda n: [maybe(n.type), maybe(n.inst), maybe(n.tback)],
    'ExceptHandler': lambda n: [maybe(n.type), maybe(n.name)],
    'Assert': lambda n: [expression(n.test), maybe(n.msg)],
    'Import': lambda n: imported(n.names),
    'ImportFrom': lambda n: ['.' * n.level + (n.module or '')] + imported(n.names),
    'Exec': lambda n: [expression(n.body), maybe(n.globals), maybe(n.locals)],
    'Global': lambda n: list(n.names),
    'Expr': lambda n: [expression(n.value)],
}
BODIES = ('body', 'handlers', 'orelse', 'finalbody')


def describe(nodes, depth, out):
    for node in nodes:
        kind = type(node).__name__
        detail = ' '.join(DETAILS.get(kind, lambda n: [])(node))
        out.append([kind, node.lineno, node.col_offset, depth, detail])
        for body in BODIES:
            describe(getattr(node, body, []) if kind != 'Exec' else [], depth + 1, out)


def answer(name):
    try:
        with open(name, 'rb') as source:
            text = source.read().replace(b'\r\n', b'\n').replace(b'\r', b'\n')
        statements = []
        tree = ast.parse(text)
        compile(text, name, 'exec', 0, True)
        describe(tree.body, 0, statements)
        return {'file': name, 'statements': statements}
    except (SyntaxError, TypeError, ValueError) as error:
        return {'file': name, 'error': str(error).decode('latin-1')}


def main():
    for line in iter(sys.stdin.readline, ''):
        sys.stdout.write(json.dumps(answer(line.rstrip('\n'))) + '\n')
    sys.stdout.flush()


if __name__ == '__main__':
    sys.setrecursionlimit(100000)
    threading.stack_size(512 * 1024 * 1024)
    worker = threading.Thread(target=main)
    worker.start()
    worker.join()
