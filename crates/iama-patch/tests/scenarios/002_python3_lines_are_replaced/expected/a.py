def f(x):
    return x


def g(x):
    y = f(x)
    return y
