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

    @property
    def n(self):
        print "three"
        return 3


LIMIT = 3  # most
