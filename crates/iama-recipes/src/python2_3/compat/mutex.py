"""A queue of calls that wait for each other, with the interface that Python 2's mutex had."""

from collections import deque


class mutex:
    def __init__(self):
        self.locked = False
        self.queue = deque()

    def test(self):
        return self.locked

    def testandset(self):
        free = not self.locked
        self.locked = True
        return free

    def lock(self, function, argument):
        if self.testandset():
            function(argument)
        else:
            self.queue.append((function, argument))

    def unlock(self):
        if self.queue:
            function, argument = self.queue.popleft()
            function(argument)
        else:
            self.locked = False
