x = 0


def f():
    x = 1
    return [x for y in range(x)]


print(x)
