"""Doc."""


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
        return 2


LIMIT = 3  # most
