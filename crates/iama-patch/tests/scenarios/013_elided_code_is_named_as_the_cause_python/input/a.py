def f(a):
    b = a
    c = b
    return c
