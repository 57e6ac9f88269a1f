"""A stand-in for a module that cannot be had: it has every name, and accepts whatever is done with it."""

import sys
import types

_OWN = __name__


class _Meta(type):
    def __getattr__(cls, name):
        return _made(name)

    def __iter__(cls):
        return iter(())


class _Anything(_Meta("_Base", (object,), {})):
    def __init__(self, *args, **kwargs):
        pass

    def __getattr__(self, name):
        return _made(name)

    def __call__(self, *args, **kwargs):
        return _Anything()

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0

    def __getitem__(self, key):
        return _Anything()

    def __setitem__(self, key, value):
        pass

    def __contains__(self, key):
        return False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False


def _made(name):
    """What a name stands for: an exception where it looks like one, else a class that accepts everything."""
    if name.startswith("__") and name.endswith("__"):
        raise AttributeError(name)
    if name.endswith(("Error", "Exception", "Warning", "Interrupt")):
        return _errors.setdefault(name, type(name, (Exception,), {}))
    return _Meta(name, (_Anything,), {})


_errors = {}


class _StandIn(types.ModuleType):
    def __getattr__(self, name):
        made = _made(name)
        setattr(self, name, made)
        return made


class _Finder(object):
    """Gives every module below this one."""

    def find_module(self, name, path=None):
        return self if name.startswith(_OWN + ".") else None

    def load_module(self, name):
        return sys.modules.setdefault(name, _module(name))

    def find_spec(self, name, path=None, target=None):
        if not name.startswith(_OWN + "."):
            return None
        from importlib.machinery import ModuleSpec
        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return _module(spec.name)

    def exec_module(self, module):
        pass


def _module(name):
    module = _StandIn(name)
    module.__path__ = []
    module.__file__ = __file__
    return module


sys.meta_path.insert(0, _Finder())
_own = _module(_OWN)
# Python 2 empties a module that nobody holds any more, and with it all the names used here.
_own.__dict__["_first"] = sys.modules[_OWN]
_own.__dict__.update((name, value) for name, value in list(globals().items()) if name in ("__spec__", "__loader__"))
sys.modules[_OWN] = _own
