"""Dictionaries to inherit from, with the interface that Python 2's UserDict had."""

from collections import UserDict

IterableUserDict = UserDict
_missing = object()


class DictMixin:
    """All methods of a dictionary on top of keys() and the methods that get, set and delete an item."""

    def __iter__(self):
        return iter(list(self.keys()))

    def __len__(self):
        return len(list(self.keys()))

    def has_key(self, key):
        try:
            self[key]
        except KeyError:
            return False
        return True

    def __contains__(self, key):
        return self.has_key(key)

    def items(self):
        return [(key, self[key]) for key in self]

    def values(self):
        return [self[key] for key in self]

    def iteritems(self):
        return iter(self.items())

    def iterkeys(self):
        return iter(self)

    def itervalues(self):
        return iter(self.values())

    def get(self, key, default=None):
        try:
            return self[key]
        except KeyError:
            return default

    def setdefault(self, key, default=None):
        try:
            return self[key]
        except KeyError:
            self[key] = default
        return default

    def pop(self, key, default=_missing):
        try:
            value = self[key]
        except KeyError:
            if default is _missing:
                raise
            return default
        del self[key]
        return value

    def popitem(self):
        for key in self:
            return key, self.pop(key)
        raise KeyError('the dictionary is empty')

    def clear(self):
        for key in list(self.keys()):
            del self[key]

    def update(self, other=(), **more):
        pairs = other.items() if hasattr(other, 'items') else [(key, other[key]) for key in other.keys()] \
            if hasattr(other, 'keys') else other
        for key, value in pairs:
            self[key] = value
        if more:
            self.update(more)

    def __eq__(self, other):
        if isinstance(other, DictMixin):
            other = dict(other.items())
        return dict(self.items()) == other

    def __ne__(self, other):
        return not self == other

    __hash__ = None

    def __repr__(self):
        return repr(dict(self.items()))
