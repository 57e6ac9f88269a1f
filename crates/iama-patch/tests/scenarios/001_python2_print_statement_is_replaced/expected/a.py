import sys

def f(x):
    sys.stderr.write("%s\n" % x)
    return x
