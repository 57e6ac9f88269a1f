"""Dictionaries to inherit from, with the interface that Python 2's UserDict had."""

from collections import UserDict
from collections.abc import MutableMapping

IterableUserDict = UserDict


class DictMixin(MutableMapping):
    """All methods of a dictionary on top of keys() and the methods that get, set and delete an item."""

    def __iter__(self):
        return iter(self.keys())

    def __len__(self):
        return len(list(self.keys()))

    def __contains__(self, key):
        try:
            self[key]
        except KeyError:
            return False
        return True

    def __setitem__(self, key, value):
        raise TypeError('items can not be set')

    def __delitem__(self, key):
        raise TypeError('items can not be deleted')

    def keys(self):
        raise NotImplementedError('a subclass says which keys there are')

    def values(self):
        return [self[key] for key in self.keys()]

    def items(self):
        return [(key, self[key]) for key in self.keys()]

    def has_key(self, key):
        return key in self

    def iterkeys(self):
        return iter(self)

    def itervalues(self):
        return (self[key] for key in self)

    def iteritems(self):
        return ((key, self[key]) for key in self)

    def __repr__(self):
        return repr(dict(self.items()))
