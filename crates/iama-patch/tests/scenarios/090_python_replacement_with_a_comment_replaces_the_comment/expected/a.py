"""Doc."""

import os


# About f.
@wrap
def f(a):
    """F."""
    return a


class C(object):
    # Anew.
    def m(self):
        return 0

    def n(self):
        return 2


LIMIT = 3  # most
