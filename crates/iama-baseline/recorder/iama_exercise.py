# -*- coding: utf-8 -*-
"""Records every Python process that a command starts. CPython 2.7 and 3.6 to 3.13, standard library only.

``sitecustomize.py`` beside the plan calls ``begin`` before the program of the process is read. The plan is the recorder's, with
``root`` (the copy of the project) as well: the command may change its folder before it starts a Python. What the program itself
defines is recorded under the name that it has when it is imported.
"""
import atexit
import json
import os
import sys

import iama_recorder as recorder

_join, _isfile, _getpid = os.path.join, os.path.isfile, os.getpid


def main_name(path, root, folders):
    """(module, whether it lies in no package and on no module path) of a file, by its path from the root; None when it has no name."""
    parts = path[:-3].split("/")
    if not path.endswith(".py") or not all(part.replace("_", "a").isalnum() and not part[0].isdigit() for part in parts):
        return None
    parts = parts[:-1] if parts[-1] in ("__init__",) else parts
    for folder in sorted(folders, key=len, reverse=True):
        inside = [] if folder == "." else folder.split("/")
        rest = parts[len(inside):]
        packages = [_join(root, *(inside + rest[:count] + ["__init__.py"])) for count in range(1, len(rest))]
        if parts[:len(inside)] == inside and rest and all(_isfile(package) for package in packages):
            return ".".join(rest), False
    return parts[-1], True


class Exercised(recorder.Recorder):
    """A recorder that knows the running program by the name under which it can be imported."""

    def __init__(self, plan):
        recorder.Recorder.__init__(self, plan, plan["root"])
        self.root, self.folders, self.alone = str(plan["root"]), [str(folder) for folder in plan.get("pythonpath") or ["."]], False

    def name(self, site, frame):
        if self.index.main is None and frame.f_globals.get("__name__") == "__main__":
            found = main_name(site.path, self.root, self.folders)
            if found is not None:
                self.index.main, self.alone = found
                recorder.support.name_main(self.index.main)
        recorder.Recorder.name(self, site, frame)

    def end(self, call, kind, value):
        if self.alone and call.site.module == self.index.main:
            call.record["alone"] = True
        recorder.Recorder.end(self, call, kind, value)


def begin(path):
    """Starts to record this process."""
    with open(path, "rb") as stream:
        plan = json.loads(stream.read().decode("utf-8"))
    sys.modules["iama_recorder"] = recorder
    recorder.resume(Exercised(plan))
    leave = os._exit

    def leave_recorded(code):
        if _getpid() == owner:
            recorder.uninstall()
        leave(code)

    owner, os._exit = _getpid(), leave_recorded
    atexit.register(recorder.uninstall)
