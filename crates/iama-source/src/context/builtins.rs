//! Names that a language knows by itself.

use std::sync::OnceLock;

use iama_syntax::Dialect;
use rustc_hash::FxHashSet;

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

/// Of the language, browsers, Node and the types that TypeScript brings along.
const JAVASCRIPT: &str = "AbortController AbortSignal AggregateError Array ArrayBuffer ArrayLike AsyncGenerator \
    AsyncIterable AsyncIterator Atomics Awaited BigInt BigInt64Array BigUint64Array Blob BlobPart Boolean Buffer \
    CSSStyleDeclaration Capitalize ClassDecorator ClipboardEvent ConstructorParameters CustomEvent DOMException DOMParser \
    DOMRect DataTransfer DataView Date Document DocumentFragment DragEvent Element Error ErrorEvent EvalError Event \
    EventListener EventSource EventTarget Exclude Extract File FileList FileReader FinalizationRegistry Float32Array \
    Float64Array FocusEvent FormData Function Generator GeneratorFunction HTMLAnchorElement HTMLButtonElement \
    HTMLCanvasElement HTMLCollection HTMLDivElement HTMLElement HTMLFormElement HTMLImageElement HTMLInputElement \
    HTMLSelectElement HTMLSpanElement HTMLTextAreaElement Headers History IArguments Image Infinity InputEvent \
    InstanceType Int16Array Int32Array Int8Array IntersectionObserver Intl Iterable IterableIterator Iterator JSON JSX \
    KeyboardEvent Location Lowercase Map Math MediaQueryList MessageChannel MessageEvent MouseEvent MutationObserver NaN \
    Navigator Node NodeJS NodeList NonNullable Notification Number Object Omit OmitThisParameter Option Parameters \
    Partial PerformanceObserver Pick PointerEvent Promise PromiseLike PropertyDescriptor PropertyKey Proxy ProxyHandler \
    RangeError ReadableStream Readonly ReadonlyArray ReadonlyMap ReadonlySet Record ReferenceError Reflect RegExp \
    RegExpExecArray RegExpMatchArray Request Required ResizeObserver Response ReturnType SVGElement Set \
    SharedArrayBuffer Storage String Symbol SyntaxError Text TextDecoder TextEncoder ThisParameterType ThisType \
    TouchEvent TypeError URIError URL URLSearchParams Uint16Array Uint32Array Uint8Array Uint8ClampedArray \
    Uncapitalize Uppercase WeakMap WeakRef WeakSet WebAssembly WebSocket WheelEvent Window Worker XMLHttpRequest \
    __dirname __filename alert any arguments async atob bigint boolean btoa cancelAnimationFrame clearImmediate \
    clearInterval clearTimeout confirm console crypto customElements decodeURI decodeURIComponent define document \
    encodeURI encodeURIComponent escape eval exports fetch getComputedStyle global globalThis history indexedDB \
    isFinite isNaN localStorage location matchMedia module navigator never null number object parent parseFloat \
    parseInt performance postMessage process prompt queueMicrotask require requestAnimationFrame screen self \
    sessionStorage setImmediate setInterval setTimeout string structuredClone symbol this top undefined unescape \
    unknown void window";

/// Of the package `java.lang`.
const JAVA: &str = "AbstractMethodError Appendable ArithmeticException ArrayIndexOutOfBoundsException ArrayStoreException \
    AssertionError AutoCloseable Boolean Byte CharSequence Character Class ClassCastException ClassLoader \
    ClassNotFoundException CloneNotSupportedException Cloneable Comparable Deprecated Double Enum Error Exception \
    ExceptionInInitializerError Float FunctionalInterface IllegalAccessError IllegalAccessException \
    IllegalArgumentException IllegalMonitorStateException IllegalStateException IndexOutOfBoundsException \
    InheritableThreadLocal InstantiationException Integer InternalError InterruptedException Iterable LinkageError Long \
    Math Module NegativeArraySizeException NoClassDefFoundError NoSuchFieldException NoSuchMethodError \
    NoSuchMethodException NullPointerException Number NumberFormatException Object OutOfMemoryError Override Package \
    Process ProcessBuilder ProcessHandle Readable Record ReflectiveOperationException Runnable Runtime RuntimeException \
    SafeVarargs SecurityException SecurityManager Short StackOverflowError StackTraceElement StackWalker StrictMath \
    String StringBuffer StringBuilder StringIndexOutOfBoundsException SuppressWarnings System Thread ThreadDeath \
    ThreadGroup ThreadLocal Throwable TypeNotPresentException UnsatisfiedLinkError UnsupportedOperationException \
    VirtualMachineError Void length super this";

/// The names that a dialect knows by itself, whichever version of it.
pub(super) fn builtins(dialect: Dialect) -> &'static FxHashSet<&'static str> {
    static SETS: [OnceLock<FxHashSet<&str>>; 3] = [const { OnceLock::new() }; 3];
    let (set, words) = match dialect {
        Dialect::Python2 | Dialect::Python2PrintFunction | Dialect::Python3 => (&SETS[0], PYTHON),
        Dialect::JavaScript | Dialect::TypeScript | Dialect::Tsx => (&SETS[1], JAVASCRIPT),
        Dialect::Java => (&SETS[2], JAVA),
    };
    set.get_or_init(|| words.split_ascii_whitespace().collect())
}
