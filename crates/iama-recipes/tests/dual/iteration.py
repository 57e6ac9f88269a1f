"""Dictionaries, lists that were made by builtins, and iterators."""
import itertools
from itertools import imap, izip_longest, count

table = {'a': 1}
keys = table.keys()
keys.sort()
print keys, table.items()[0], table.has_key('a'), not table.has_key('b')
for key, value in table.iteritems():
    print key, value,
print
for key in table.keys():
    del table[key]
print table, sorted(dict(x=1).itervalues()), sorted(dict(x=1).viewkeys() & set(['x']))

x = 'kept'
doubled = map(lambda x: 2 * x, [1, 2, 3])
print x, doubled, doubled[1:], filter(None, [0, 1, 2]), zip('ab', [1, 2])[0], map(None, [1, 2])
print reduce(lambda a, b: a + b, range(5)), range(3) + [9], len(xrange(4))
print list(itertools.islice(imap(str, count()), 3)), list(itertools.izip('ab', [1, 2])), list(izip_longest('ab', 'c'))
print sorted([3, 1, 2], cmp=lambda a, b: cmp(b, a)), sorted(['b', 'A'], lambda a, b: cmp(a.lower(), b.lower()))


def pairs(items):
    it = iter(items)
    while True:
        first = it.next()
        yield first, it.next()


def stop_early(items):
    for item in items:
        if item > 2:
            raise StopIteration
        yield item


print list(pairs('abcd')), list(stop_early([1, 2, 3])), [n * n for n in 1, 2, 3]


def swap((a, b), c=0):
    """Swaps."""
    return b, a, c


print swap((1, 2)), swap.__doc__, (lambda (a, b): a + b)((3, 4))
