x = 1

class C(object): pass
