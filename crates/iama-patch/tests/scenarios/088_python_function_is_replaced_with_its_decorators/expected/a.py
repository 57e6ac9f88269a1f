"""Doc."""

import os


# About f.
def f(a, b=None):
    return a or b


class C(object):
    # About m.
    def m(self):
        return f(1)

    def n(self):
        return 2


LIMIT = 3  # most
