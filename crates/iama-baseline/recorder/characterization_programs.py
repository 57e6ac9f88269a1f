# -*- coding: utf-8 -*-
"""Files that are run as programs, and modules that lie in no package. Python 2.7 and 3 on POSIX, standard library only.

A program runs in this process under the name ``__main__``. Its working folder shows what the project's root holds, by links, and
takes what the program writes.
"""
import contextlib
import io
import os
import runpy
import sys
import types

from characterization_values import PY2, Text


def root_of(path):
    """The folder of the module path from which a relative path leads to a file."""
    found = [entry for entry in sys.path if os.path.isfile(os.path.join(entry or os.curdir, path))]
    return os.path.abspath(found[0]) if found else os.getcwd()


def alone(path, *absent):
    """The module of a file that lies in no package and not on the module path: imported with its folder in front. ``absent``:
    modules that cannot be had, for which stand-ins are made."""
    folder, name = os.path.split(path)
    name = name[:-3]
    if name not in sys.modules:
        sys.path.insert(0, os.path.join(root_of(path), folder))
        try:
            with standing_in(absent):
                __import__(name)
        finally:
            del sys.path[0]
    return sys.modules[name]


def program(path, *arguments, **given):
    """Runs a file as a program with these arguments and gives its exit code. ``stdin`` is what it reads; ``absent`` names modules
    that cannot be had, for which stand-ins are made."""
    root = root_of(path)
    streams, argv, folders = sys.stdin, list(sys.argv), list(sys.path)
    links = linked(root)
    sys.argv[:] = [path] + [str(argument) for argument in arguments]
    sys.path.insert(0, os.path.dirname(os.path.join(root, path)))
    sys.stdin = reader(given.get("stdin", ""))
    try:
        with standing_in(given.get("absent", ())):
            runpy.run_path(path, run_name="__main__")
        return 0
    except SystemExit as leaving:
        if leaving.code is None or isinstance(leaving.code, int):
            return int(leaving.code or 0)
        # As the interpreter does.
        sys.stderr.write("%s\n" % (leaving.code,))
        return 1
    finally:
        sys.stdin, sys.argv[:], sys.path[:] = streams, argv, folders
        for link in links:
            if os.path.islink(link):
                os.unlink(link)


def set_up(path, *absent):
    """What a set-up script hands to ``setup``: the keywords of each call. Nothing is built."""
    handed = []

    def setup(*_arguments, **keywords):
        handed.append(keywords)
        return types.ModuleType("distribution")

    with set_up_modules(setup):
        program(path, "--version", absent=absent)
    return handed


def linked(root):
    """Shows what a folder holds in the working folder; gives the links."""
    links = []
    for name in sorted(os.listdir(root)):
        link = os.path.join(os.getcwd(), name)
        if not name.startswith(".") and not os.path.lexists(link):
            os.symlink(os.path.join(root, name), link)
            links.append(link)
    return links


def reader(text):
    """A standard input that gives a text."""
    if not PY2:
        return io.TextIOWrapper(io.BytesIO(text.encode("utf-8")), "utf-8")
    from StringIO import StringIO
    return StringIO(text.encode("utf-8") if isinstance(text, Text) else text)


@contextlib.contextmanager
def set_up_modules(setup):
    """Puts another ``setup`` where set-up scripts take it from. Where the libraries are missing, modules stand in for them."""
    kept = []
    for name in ("setuptools", "distutils.core"):
        try:
            __import__(name)
        except Exception:
            made = sys.modules[name] = Anything(name)
            made.find_packages = found_packages
            kept.append((name, None, None))
        else:
            kept.append((name, sys.modules[name], sys.modules[name].setup))
        sys.modules[name].setup = setup
    try:
        yield
    finally:
        for name, module, own in kept:
            if module is None:
                del sys.modules[name]
            else:
                module.setup = own


def found_packages(where=".", exclude=(), include=("*",)):
    """The packages below a folder, as setuptools finds them."""
    from fnmatch import fnmatch
    found = []
    for base, folders, _names in os.walk(where, followlinks=True):
        for folder in list(folders):
            full = os.path.join(base, folder)
            name = os.path.relpath(full, where).replace(os.sep, ".")
            if "." in folder or not os.path.isfile(os.path.join(full, "__init__.py")):
                folders.remove(folder)
            elif any(fnmatch(name, one) for one in include) and not any(fnmatch(name, one) for one in exclude):
                found.append(name)
    return found


# --- stand-ins -------------------------------------------------------------------------------------------------------


class Anything(types.ModuleType):
    """A module that cannot be had: it has every name, and takes whatever is done with it."""

    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything(name)

    def __call__(self, *_arguments, **_keywords):
        return Anything("result")

    def __getitem__(self, _key):
        return Anything("entry")

    def __iter__(self):
        return iter(())


class Below(object):
    """Finds stand-ins for what lies below the modules of some names."""

    def __init__(self, names):
        self.starts = tuple(name + "." for name in names)

    def find_module(self, name, path=None):
        return self if name.startswith(self.starts) else None

    def load_module(self, name):
        return sys.modules.setdefault(name, Anything(name))

    def find_spec(self, name, path=None, target=None):
        if not name.startswith(self.starts):
            return None
        from importlib.machinery import ModuleSpec
        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return Anything(spec.name)

    def exec_module(self, module):
        return None


@contextlib.contextmanager
def standing_in(names):
    """Modules of these names are stand-ins as long as this lasts."""
    names = [name for name in names if name not in sys.modules]
    for name in names:
        sys.modules[name] = Anything(name)
    finder = Below(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in list(sys.modules):
            if name in names or name.startswith(finder.starts):
                del sys.modules[name]
