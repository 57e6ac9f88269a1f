# -*- coding: utf-8 -*-
"""Classes: metaclasses, iterators, truth, text, comparing, division."""


class Register(type):
    made = []

    def __new__(cls, name, bases, members):
        cls.made.append(name)
        return type.__new__(cls, name, bases, members)


class Base(object):
    pass


class Model(Base):
    __metaclass__ = Register
    fields = ('a', 'b')


class Child(Model):
    pass


class Bare:
    __metaclass__ = Register


print Register.made
print [cls.__name__ for cls in Child.__mro__], type(Child).__name__, Bare.__name__


class Count(object):
    def __init__(self, end):
        self.at, self.end = 0, end

    def __iter__(self):
        return self

    def next(self):
        if self.at == self.end:
            raise StopIteration
        self.at += 1
        return self.at


class Twice(Count):
    def next(self):
        return 2 * Count.next(self)


class Old:
    def __init__(self, it):
        self.it = iter(it)

    def __iter__(self):
        return self

    def next(self):
        return self.it.next()


print list(Count(3)), list(Twice(3)), list(Old('ab')), Count(2).next()
read = iter([7, 8]).next
print read(), read()


class Box(object):
    def __init__(self, *items):
        self.items = items

    def __nonzero__(self):
        return len(self.items) > 0

    def __div__(self, n):
        return ('div', self.items, n)

    def __cmp__(self, other):
        return cmp(self.items, other.items)

    def __hash__(self):
        return hash(self.items)


print bool(Box()), bool(Box(1)), Box(4) / 2
print sorted([Box(3), Box(1), Box(2)])[0].items, Box(1) == Box(1), Box(1) < Box(2), Box(1) != Box(1)


class Name(object):
    def __init__(self, text):
        self.text = text

    def __unicode__(self):
        return self.text

    def __str__(self):
        return unicode(self).encode('utf-8')


class Plain(object):
    def __unicode__(self):
        return u'plain'


print len(unicode(Name(u'caf\xe9'))), u'%s' % Name(u'x'), unicode(Plain())


class Point(object):
    def __init__(self, x):
        self.x = x


class Same(Point):
    def __eq__(self, other):
        return self.x == other.x


print Same(1) == Same(1), len(set([Same(1)]))


class Rows(list):
    def __getslice__(self, i, j):
        return Rows(list(self)[i:j])


print type(Rows([1, 2, 3])[0:2]).__name__, Rows([1, 2, 3])[1], Rows([1, 2, 3])[:2]


class Cells(list):
    def __setslice__(self, i, j, values):
        list.__setslice__(self, i, j, [2 * value for value in values])

    def __delslice__(self, i, j):
        list.__setslice__(self, i, j, [0])


cells = Cells([1, 2, 3, 4])
cells[1:3] = [5, 6]
cells[0] = 9
print list(cells)
del cells[2:]
print list(cells)
