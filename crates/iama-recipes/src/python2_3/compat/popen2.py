"""Processes with pipes to them, with the interface that Python 2's popen2 had, on top of subprocess."""

import subprocess

MAXFD = 256
_active = []


class Popen3:
    """A process; its pipes are text files of one character for each byte."""

    sts = -1

    def __init__(self, cmd, capturestderr=False, bufsize=-1, join=False):
        errors = subprocess.STDOUT if join else subprocess.PIPE if capturestderr else None
        self.cmd = cmd
        self.process = subprocess.Popen(
            cmd, bufsize, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, shell=isinstance(cmd, str),
            encoding='latin-1')
        self.pid = self.process.pid
        self.tochild, self.fromchild = self.process.stdin, self.process.stdout
        self.childerr = self.process.stderr

    def _status(self, code):
        if code is not None:
            self.sts = -code if code < 0 else code << 8
        return self.sts

    def poll(self, _deadstate=None):
        return self._status(self.process.poll())

    def wait(self):
        return self._status(self.process.wait())


class Popen4(Popen3):
    """A process whose errors come out of the same pipe."""

    childerr = None

    def __init__(self, cmd, bufsize=-1):
        Popen3.__init__(self, cmd, False, bufsize, join=True)


def popen2(cmd, bufsize=-1, mode='t'):
    process = Popen3(cmd, False, bufsize)
    return process.fromchild, process.tochild


def popen3(cmd, bufsize=-1, mode='t'):
    process = Popen3(cmd, True, bufsize)
    return process.fromchild, process.tochild, process.childerr


def popen4(cmd, bufsize=-1, mode='t'):
    process = Popen4(cmd, bufsize)
    return process.fromchild, process.tochild
