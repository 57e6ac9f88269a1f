//! Names that a language knows by itself.

use iama_syntax::Dialect;

/// Of both versions of Python.
const PYTHON: &str = "ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError \
    BrokenPipeError BufferError BytesWarning ChildProcessError ConnectionAbortedError ConnectionError \
    ConnectionRefusedError ConnectionResetError DeprecationWarning EOFError Ellipsis EncodingWarning EnvironmentError \
    Exception ExceptionGroup False FileExistsError FileNotFoundError FloatingPointError FutureWarning GeneratorExit \
    IOError ImportError ImportWarning IndentationError IndexError InterruptedError IsADirectoryError KeyError \
    KeyboardInterrupt LookupError MemoryError ModuleNotFoundError NameError None NotADirectoryError NotImplemented \
    NotImplementedError OSError OverflowError PendingDeprecationWarning PermissionError ProcessLookupError \
    PythonFinalizationError RecursionError ReferenceError ResourceWarning RuntimeError RuntimeWarning StandardError \
    StopAsyncIteration StopIteration SyntaxError SyntaxWarning SystemError SystemExit TabError TimeoutError True \
    TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError \
    UnicodeWarning UserWarning ValueError Warning WindowsError ZeroDivisionError __annotations__ __build_class__ \
    __builtins__ __class__ __debug__ __dict__ __doc__ __file__ __import__ __loader__ __module__ __name__ __package__ \
    __path__ __qualname__ __spec__ abs aiter all anext any apply ascii basestring bin bool breakpoint buffer bytearray \
    bytes callable chr classmethod cmp coerce compile complex copyright credits delattr dict dir divmod enumerate eval \
    exec execfile exit file filter float format frozenset getattr globals hasattr hash help hex id input int intern \
    isinstance issubclass iter len license list locals long map max memoryview min next object oct open ord pow print \
    property quit range raw_input reduce reload repr reversed round set setattr slice sorted staticmethod str sum super \
    tuple type unichr unicode vars xrange zip";

/// Whether Python, of whichever version, knows a name by itself.
pub(super) fn is_builtin(dialect: Dialect, name: &str) -> bool {
    dialect.is_python() && PYTHON.split_ascii_whitespace().any(|known| known == name)
}
