# -*- coding: latin-1 -*-
"""Statements, errors and numbers."""
import sys
import string
import types
from types import StringType, UnicodeType

print >>sys.stdout, 'a', 1, `2`
print 'no end',
print
print ('in parentheses')
print ('a', 'tuple')
print

scope = {}
exec 'made = 1 + 1' in scope
exec 'here = 3'
print scope['made'], here


def fails():
    raise ValueError, 'wrong'


def again():
    try:
        fails()
    except ValueError, error:
        kind, value, traceback = sys.exc_info()
        raise KeyError, 'other', traceback


try:
    again()
except KeyError, error:
    step = sys.exc_info()[2]
    while step.tb_next:
        step = step.tb_next
    print error.args, step.tb_frame.f_code.co_name
try:
    fails()
except (TypeError, ValueError), error:
    print error[0], error.message, sys.exc_type.__name__
print error

print 7 / 2, -7 / 2, 7.0 / 2, 0755, 10L + 1, 1 <> 2


def half(n):
    n /= 2
    return n, (n + 1) / 2


print half(9), half(9.0), half(9L) == (4, 2)
print isinstance(3, (int, long)), isinstance(u'x', basestring), type(u'') is UnicodeType, type('') is types.StringType
print isinstance('x', types.StringTypes), StringType is str, long('12'), unichr(65), apply(max, (1, 2))
print string.join(['a', 'b'], '-'), string.upper('x'), 'a' in string.letters, sys.maxint > 2 ** 30
print intern('name'), string.atoi('7'), fails.func_name, fails.func_code.co_name
print 'raw \u0041', len(ur'\d\u0041'), u'\u0041'


class Counter:
    def tell(self):
        return self


counter = Counter()
print counter.tell.im_self is counter, counter.tell.im_func.__name__, counter.tell.im_class is Counter
