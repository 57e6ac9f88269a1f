"""Finding and loading modules, with the interface that Python's imp had, on top of importlib."""

import importlib.machinery
import importlib.util
import os
import sys
import types
from importlib import reload

SEARCH_ERROR, PY_SOURCE, PY_COMPILED, C_EXTENSION, PY_RESOURCE, PKG_DIRECTORY, C_BUILTIN, PY_FROZEN = range(8)


def new_module(name):
    return types.ModuleType(name)


def get_magic():
    return importlib.util.MAGIC_NUMBER


def get_suffixes():
    kinds = ((importlib.machinery.EXTENSION_SUFFIXES, 'rb', C_EXTENSION),
             (importlib.machinery.SOURCE_SUFFIXES, 'r', PY_SOURCE),
             (importlib.machinery.BYTECODE_SUFFIXES, 'rb', PY_COMPILED))
    return [(suffix, mode, kind) for suffixes, mode, kind in kinds for suffix in suffixes]


def find_module(name, path=None):
    """The open file, the path and the description of a module."""
    if path is None and name in sys.builtin_module_names:
        return None, None, ('', '', C_BUILTIN)
    for folder in sys.path if path is None else path:
        place = os.path.join(folder, name)
        if any(os.path.exists(os.path.join(place, '__init__' + suffix)) for suffix in ('.py', '.pyc')):
            return None, place, ('', '', PKG_DIRECTORY)
        for suffix, mode, kind in get_suffixes():
            if os.path.exists(place + suffix):
                return open(place + suffix, mode), place + suffix, (suffix, mode, kind)
    raise ImportError('No module named %r' % name, name=name)


def _load(name, spec):
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return sys.modules[name]


def load_source(name, pathname, file=None):
    loader = importlib.machinery.SourceFileLoader(name, pathname)
    return _load(name, importlib.util.spec_from_file_location(name, pathname, loader=loader))


def load_compiled(name, pathname, file=None):
    loader = importlib.machinery.SourcelessFileLoader(name, pathname)
    return _load(name, importlib.util.spec_from_file_location(name, pathname, loader=loader))


def load_dynamic(name, pathname, file=None):
    loader = importlib.machinery.ExtensionFileLoader(name, pathname)
    return _load(name, importlib.util.spec_from_file_location(name, pathname, loader=loader))


def load_package(name, path):
    start = os.path.join(path, '__init__.py')
    return _load(name, importlib.util.spec_from_file_location(name, start, submodule_search_locations=[path]))


def load_module(name, file, filename, details):
    kind = details[2]
    if kind == PKG_DIRECTORY:
        return load_package(name, filename)
    if kind in (C_BUILTIN, PY_FROZEN):
        return importlib.import_module(name)
    loaders = {PY_SOURCE: load_source, PY_COMPILED: load_compiled, C_EXTENSION: load_dynamic}
    if kind not in loaders:
        raise ImportError("Don't know how to import %s (type code %s)" % (name, kind), name=name)
    return loaders[kind](name, filename, file)


def is_builtin(name):
    return int(name in sys.builtin_module_names)


def is_frozen(name):
    return importlib.machinery.FrozenImporter.find_spec(name) is not None


def acquire_lock():
    """Modules have a lock each; nothing is left to do."""


def release_lock():
    """Modules have a lock each; nothing is left to do."""


def lock_held():
    return False
