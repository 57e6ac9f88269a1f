# -*- coding: utf-8 -*-
"""Starts the recorder in a Python process of a command, see iama_exercise.py; without a plan for it, what watches marked values.
Their folder is left again at once, so that the project finds nothing there."""
import os
import sys

_folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir)
_before, _writes = list(sys.path), sys.dont_write_bytecode
sys.path.insert(0, _folder)
sys.dont_write_bytecode = True
try:
    if os.path.exists(os.path.join(_folder, "recorder.json")):
        import iama_exercise
        iama_exercise.begin(os.path.join(_folder, "recorder.json"))
    else:
        import iama_harness
        iama_harness.Observer(os.path.join(os.path.abspath(_folder), "observed.txt")).install()
finally:
    sys.path[:], sys.dont_write_bytecode = _before, _writes
