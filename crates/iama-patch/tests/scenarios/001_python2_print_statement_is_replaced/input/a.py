import sys

def f(x):
    print >>sys.stderr, x
    return x
