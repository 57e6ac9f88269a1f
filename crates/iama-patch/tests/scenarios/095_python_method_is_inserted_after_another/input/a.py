"""Doc."""

import os


# About f.
@wrap
def f(a):
    """F."""
    return a


class C(object):
    # About m.
    def m(self):
        return f(1)

    def n(self):
        print "two"


LIMIT = 3  # most
