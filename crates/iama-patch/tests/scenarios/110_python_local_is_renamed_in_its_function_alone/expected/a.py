x = 0


def f():
    count = 1
    return [count for y in range(count)]


print(x)
