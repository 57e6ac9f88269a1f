def f(f2):
    return f(f2)


def g(x):
    f = x.f
    return f


print f(1), "f"
