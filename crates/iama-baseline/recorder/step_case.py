# -*- coding: utf-8 -*-
"""What tests that run whole steps share: a folder of their own with JSON files, and a step as a process. Python 2.7 and 3."""
import io
import json
import os
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
Text = type(u"")


class StepCase(unittest.TestCase):
    """``folder`` is set by the class."""

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, True)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    @classmethod
    def write(cls, name, value):
        with io.open(cls.path(name), "w", encoding="ascii") as stream:
            stream.write(Text(json.dumps(value)))

    @classmethod
    def read(cls, name):
        with io.open(cls.path(name), encoding="ascii") as stream:
            return json.load(stream)

    @classmethod
    def step(cls, name, *arguments):
        environment = dict(os.environ, PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1")
        command = [sys.executable, os.path.join(HERE, name)] + list(arguments)
        done = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = done.communicate()[0].decode("utf-8", "replace")
        if done.returncode:
            raise AssertionError(said)
        return said
