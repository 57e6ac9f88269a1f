def first(f2):
    return first(f2)


def g(x):
    f = x.f
    return f


print first(1), "f"
