one = 11
two = 2
three = 33
