//! Members of modules that Python 3 took away, as data.

/// A member of a module that is gone.
#[derive(Debug)]
pub(super) struct Removed {
    /// The module, under its name in Python 3, and the member.
    pub(super) path: &'static str,
    /// The first version without it.
    pub(super) since: (u8, u8),
    /// What stands in.
    pub(super) instead: Instead,
    /// What a person should know; empty when the meaning is the same.
    pub(super) why: &'static str,
}

/// What stands in for a member.
#[derive(Debug)]
pub(super) enum Instead {
    /// Another member; its module is imported.
    Member(&'static str),
    /// An expression and the modules that it needs.
    Value(&'static str, &'static [&'static str]),
    /// A function: its name, its definition and the modules that it needs.
    Helper(&'static str, &'static str, &'static [&'static str]),
    /// A person must choose.
    Nothing,
}

const fn member(path: &'static str, since: (u8, u8), new: &'static str) -> Removed {
    Removed { path, since, instead: Instead::Member(new), why: "" }
}

const fn moved(path: &'static str, since: (u8, u8), new: &'static str, why: &'static str) -> Removed {
    Removed { path, since, instead: Instead::Member(new), why }
}

const fn value(path: &'static str, text: &'static str, why: &'static str) -> Removed {
    Removed { path, since: (3, 0), instead: Instead::Value(text, &[]), why }
}

const fn nothing(path: &'static str, since: (u8, u8), why: &'static str) -> Removed {
    Removed { path, since, instead: Instead::Nothing, why }
}

const SOCKET_FILE: &str = "

class SocketFile(object):
    def __init__(self, sock, mode='rb', bufsize=-1, close=False):
        self._sock, self.mode, self.bufsize, self._close, self._rest = sock, mode, bufsize, close, None

    @property
    def closed(self):
        return self._sock is None

    def close(self):
        if self._sock is not None and self._close:
            self._sock.close()
        self._sock = None

    def fileno(self):
        return self._sock.fileno()

    def flush(self):
        pass

    def write(self, data):
        self._sock.sendall(data)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def _take(self, end_of):
        end = None
        while end is None:
            data = self._sock.recv(8192)
            self._rest = data if self._rest is None else self._rest + data
            end = end_of(self._rest) if data else len(self._rest)
        data, self._rest = self._rest[:end], self._rest[end:] or None
        return data

    def _known(self, end_of):
        end = None if self._rest is None else end_of(self._rest)
        if end is None:
            return self._take(end_of)
        data, self._rest = self._rest[:end], self._rest[end:] or None
        return data

    def read(self, size=-1):
        return self._known(lambda rest: size if 0 <= size <= len(rest) else None)

    def readline(self, size=-1):
        def end_of(rest):
            at = rest.find(b'\\n' if isinstance(rest, bytes) else '\\n') + 1
            if 0 <= size and (at == 0 or size < at):
                return size if size <= len(rest) else None
            return at or None
        return self._known(end_of)

    def readlines(self, sizehint=0):
        return list(self)

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    next = __next__
";

const NESTED: &str = "\n\n@contextlib.contextmanager\ndef nested_managers(*managers):\n    with contextlib.ExitStack() as \
                      stack:\n        yield tuple([stack.enter_context(manager) for manager in managers])\n";

const PIPE_TWO: &str = "\n\ndef pipe_two(command, mode='t', bufsize=-1):\n    process = subprocess.Popen(\n        command, \
                        bufsize, stdin=subprocess.PIPE, stdout=subprocess.PIPE,\n        shell=isinstance(command, str), \
                        encoding='latin-1')\n    return process.stdin, process.stdout\n";
const PIPE_THREE: &str = "\n\ndef pipe_three(command, mode='t', bufsize=-1):\n    process = subprocess.Popen(\n        \
                          command, bufsize, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,\n        \
                          shell=isinstance(command, str), encoding='latin-1')\n    return process.stdin, process.stdout, \
                          process.stderr\n";
const PIPE_FOUR: &str = "\n\ndef pipe_four(command, mode='t', bufsize=-1):\n    process = subprocess.Popen(\n        command, \
                         bufsize, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,\n        \
                         shell=isinstance(command, str), encoding='latin-1')\n    return process.stdin, process.stdout\n";
const PIPES: &str = "the ends are text files of one character for each byte, and nobody waits for the process";

const fn pipe(path: &'static str, name: &'static str, text: &'static str) -> Removed {
    Removed { path, since: (3, 0), instead: Instead::Helper(name, text, &["subprocess"]), why: PIPES }
}

const SIGNATURE: &str = "\n\ndef format_signature(args, varargs=None, varkw=None, defaults=None, formatarg=str,\n                     \
                         formatvarargs=lambda name: '*' + name, formatvarkw=lambda name: '**' + name,\n                     \
                         formatvalue=lambda value: '=' + repr(value), *rest):\n    plain = len(args) - len(defaults or \
                         ())\n    parts = [formatarg(name) for name in args[:plain]]\n    parts += [formatarg(name) + \
                         formatvalue(value) for name, value in zip(args[plain:], defaults or ())]\n    if varargs:\n        \
                         parts.append(formatvarargs(varargs))\n    if varkw:\n        parts.append(formatvarkw(varkw))\n    \
                         return '(' + ', '.join(parts) + ')'\n";

const ARGSPEC: &str = "\n\ndef plain_argspec(function, shape=collections.namedtuple('ArgSpec', 'args varargs keywords \
                       defaults')):\n    return shape(*inspect.getfullargspec(function)[:4])\n";
const TEMPORARY: &str = "\n\ndef temporary_file():\n    return tempfile.TemporaryFile('w+', encoding='latin-1', \
                         newline='')\n";
const MARKUP_ERROR: &str = "\n\nclass MarkupError(Exception):\n    def __init__(self, msg='', position=(None, None)):\n        \
                            Exception.__init__(self, msg)\n        self.msg = msg\n        self.lineno, self.offset = \
                            position\n";
const READ_PLIST: &str = "\n\ndef read_plist(source):\n    if hasattr(source, 'read'):\n        return \
                          plistlib.load(source)\n    with open(source, 'rb') as stream:\n        return \
                          plistlib.load(stream)\n";
const WRITE_PLIST: &str = "\n\ndef write_plist(value, target):\n    if hasattr(target, 'write'):\n        return \
                           plistlib.dump(value, target)\n    with open(target, 'wb') as stream:\n        return \
                           plistlib.dump(value, stream)\n";
const MAKE_ARGUMENT: &str = "\n\ndef make_argument(text):\n    return ' ' + shlex.quote(text)\n";
const FIND_PROGRAM: &str = "the package `distro` knows the name of a Linux distribution";
const NO_RANDOM: &str = "Python 3 has no such generator: seed random.Random objects of their own";
const LEVELS: &str = "a copy of both tables: what is written to it is lost; logging.addLevelName adds a level";

const OLD_DIV: &str = super::division::OLD_DIV_TEXT;
const IN_PLACE_DIV: &str = "\n\ndef in_place_div(a, b):\n    if isinstance(a, int) and isinstance(b, int):\n        a //= \
                            b\n    else:\n        a /= b\n    return a\n";
const GET_SLICE: &str = "\n\ndef get_slice(values, start, stop):\n    return values[start:stop]\n";
const SET_SLICE: &str = "\n\ndef set_slice(values, start, stop, new):\n    values[start:stop] = new\n";
const DELETE_SLICE: &str = "\n\ndef delete_slice(values, start, stop):\n    del values[start:stop]\n";
const SILENCE: &str = "\n\ndef no_warning(*args, **kwargs):\n    pass\n";
const TABLE: &str = "\n\ndef translation_table(old, new):\n    if isinstance(old, bytes):\n        return \
                     bytes.maketrans(old, new)\n    table = [chr(code) for code in range(256)]\n    for char, other in \
                     zip(old, new):\n        table[ord(char)] = other\n    return ''.join(table)\n";
const TABLE_WHY: &str = "the table is a native string, as it was; str.maketrans makes one for all characters";
const IS_MAPPING: &str = "\n\ndef is_mapping(value):\n    return isinstance(value, collections.abc.Mapping)\n";
const IS_SEQUENCE: &str = "\n\ndef is_sequence(value):\n    return isinstance(value, collections.abc.Sequence)\n";
const IS_NUMBER: &str = "\n\ndef is_number(value):\n    return isinstance(value, numbers.Number)\n";

const fn helper(path: &'static str, name: &'static str, text: &'static str) -> Removed {
    Removed { path, since: (3, 0), instead: Instead::Helper(name, text, &[]), why: "" }
}

const fn predicate(
    path: &'static str,
    name: &'static str,
    text: &'static str,
    module: &'static [&'static str],
) -> Removed {
    Removed {
        path,
        since: (3, 0),
        instead: Instead::Helper(name, text, module),
        why: "a class says by its base what it is; Python 2 looked for methods",
    }
}

/// Every member that is known to be gone.
pub(super) static REMOVED: &[Removed] = &[
    member("fractions.gcd", (3, 9), "math.gcd"),
    member("cgi.parse_qs", (3, 8), "urllib.parse.parse_qs"),
    member("cgi.parse_qsl", (3, 8), "urllib.parse.parse_qsl"),
    member("locale.format", (3, 12), "locale.format_string"),
    Removed {
        path: "os.tmpfile",
        since: (3, 0),
        instead: Instead::Helper("temporary_file", TEMPORARY, &["tempfile"]),
        why: "a text file of one character for each byte: make it a binary one where it holds bytes",
    },
    Removed { path: "os.errno", since: (3, 7), instead: Instead::Value("errno", &["errno"]), why: "" },
    Removed { path: "inspect.imp", since: (3, 4), instead: Instead::Value("imp", &["imp"]), why: "" },
    Removed {
        path: "tokenize.pseudoprog",
        since: (3, 0),
        instead: Instead::Value("re.compile(tokenize.PseudoToken)", &["re", "tokenize"]),
        why: "the expression knows Python 3's tokens",
    },
    Removed {
        path: "tokenize.tokenprog",
        since: (3, 0),
        instead: Instead::Value("re.compile(tokenize.Token)", &["re", "tokenize"]),
        why: "the expression knows Python 3's tokens",
    },
    member("re._pattern_type", (3, 7), "re.Pattern"),
    member("threading._Timer", (3, 3), "threading.Timer"),
    member("threading._Event", (3, 3), "threading.Event"),
    member("threading._Condition", (3, 3), "threading.Condition"),
    member("threading._Semaphore", (3, 3), "threading.Semaphore"),
    member("threading._BoundedSemaphore", (3, 3), "threading.BoundedSemaphore"),
    member("threading._sleep", (3, 0), "time.sleep"),
    member("threading._time", (3, 0), "time.time"),
    member("unittest._TextTestResult", (3, 12), "unittest.TextTestResult"),
    member("types.DictProxyType", (3, 3), "types.MappingProxyType"),
    member("types.FileType", (3, 0), "io.IOBase"),
    member("configparser.SafeConfigParser", (3, 2), "configparser.ConfigParser"),
    Removed {
        path: "inspect.getargspec",
        since: (3, 11),
        instead: Instead::Helper("plain_argspec", ARGSPEC, &["collections", "inspect"]),
        why: "",
    },
    member("xml.etree.ElementTree.XMLTreeBuilder", (3, 0), "xml.etree.ElementTree.XMLParser"),
    member("xml.etree.ElementTree._ElementInterface", (3, 0), "xml.etree.ElementTree.Element"),
    member("sys.long_info", (3, 0), "sys.int_info"),
    member("platform.popen", (3, 8), "os.popen"),
    nothing("subprocess.getstatus", (3, 0), "it ran `ls -ld FILE`: os.stat tells more"),
    value("sys.py3kwarning", "False", ""),
    value("weakref.ReferenceError", "ReferenceError", ""),
    member("io.OutputType", (3, 0), "io.StringIO"),
    member("io.InputType", (3, 0), "io.StringIO"),
    helper("operator.div", "old_div", OLD_DIV),
    helper("operator.idiv", "in_place_div", IN_PLACE_DIV),
    helper("operator.getslice", "get_slice", GET_SLICE),
    helper("operator.setslice", "set_slice", SET_SLICE),
    helper("operator.delslice", "delete_slice", DELETE_SLICE),
    helper("warnings.warnpy3k", "no_warning", SILENCE),
    value("operator.isCallable", "callable", ""),
    predicate("operator.isMappingType", "is_mapping", IS_MAPPING, &["collections.abc"]),
    predicate("operator.isSequenceType", "is_sequence", IS_SEQUENCE, &["collections.abc"]),
    predicate("operator.isNumberType", "is_number", IS_NUMBER, &["numbers"]),
    Removed {
        path: "string.maketrans",
        since: (3, 0),
        instead: Instead::Helper("translation_table", TABLE, &[]),
        why: TABLE_WHY,
    },
    nothing("http.client.HTTP", (3, 0), "http.client.HTTPConnection takes its place, with other methods"),
    nothing("http.client.HTTPS", (3, 0), "http.client.HTTPSConnection takes its place, with other methods"),
    nothing("http.client.FakeSocket", (3, 0), "sockets make their files themselves"),
    Removed {
        path: "html.parser.HTMLParseError",
        since: (3, 5),
        instead: Instead::Helper("MarkupError", MARKUP_ERROR, &[]),
        why: "Python 3's parser never gives up, so that only code of one's own raises it",
    },
    Removed {
        path: "subprocess.mswindows",
        since: (3, 0),
        instead: Instead::Value("(sys.platform == 'win32')", &["sys"]),
        why: "",
    },
    value("logging._levelNames", "dict(logging._levelToName, **logging._nameToLevel)", LEVELS),
    value("inspect.ArgSpec", "inspect.FullArgSpec", "the record has three fields more"),
    Removed {
        path: "contextlib.nested",
        since: (3, 0),
        instead: Instead::Helper("nested_managers", NESTED, &["contextlib"]),
        why: "",
    },
    Removed {
        path: "inspect.formatargspec",
        since: (3, 11),
        instead: Instead::Helper("format_signature", SIGNATURE, &[]),
        why: "keyword-only parameters and annotations are left out",
    },
    Removed {
        path: "plistlib.readPlist",
        since: (3, 9),
        instead: Instead::Helper("read_plist", READ_PLIST, &["plistlib"]),
        why: "an open file must give bytes",
    },
    Removed {
        path: "plistlib.writePlist",
        since: (3, 9),
        instead: Instead::Helper("write_plist", WRITE_PLIST, &["plistlib"]),
        why: "an open file must take bytes",
    },
    moved("plistlib.readPlistFromString", (3, 0), "plistlib.loads", "the text of a property list is bytes now"),
    moved("plistlib.writePlistToString", (3, 0), "plistlib.dumps", "the text of a property list is bytes now"),
    Removed {
        path: "subprocess.mkarg",
        since: (3, 0),
        instead: Instead::Helper("make_argument", MAKE_ARGUMENT, &["shlex"]),
        why: "the quotes are shlex's; the shell reads the same",
    },
    pipe("os.popen2", "pipe_two", PIPE_TWO),
    pipe("os.popen3", "pipe_three", PIPE_THREE),
    pipe("os.popen4", "pipe_four", PIPE_FOUR),
    nothing("os.tempnam", (3, 0), "tempfile.mkstemp makes a file that nobody else can have made before"),
    nothing("os.tmpnam", (3, 0), "tempfile.mkstemp makes a file that nobody else can have made before"),
    nothing("platform.linux_distribution", (3, 8), FIND_PROGRAM),
    nothing("platform.dist", (3, 8), FIND_PROGRAM),
    nothing("random.jumpahead", (3, 0), NO_RANDOM),
    nothing("random.WichmannHill", (3, 0), NO_RANDOM),
    nothing("collections.MutableString", (3, 0), "no string of Python 3 can be changed: a list or io.StringIO can"),
    nothing("sys.subversion", (3, 0), "Python is kept in git now: platform.python_revision tells the commit"),
    Removed {
        path: "sys.getcheckinterval",
        since: (3, 9),
        instead: Instead::Value("100", &[]),
        why: "threads are switched by time now: sys.getswitchinterval tells it",
    },
    Removed {
        path: "operator._compare_digest",
        since: (3, 0),
        instead: Instead::Member("hmac.compare_digest"),
        why: "",
    },
    nothing("socket.ssl", (3, 0), "ssl.SSLContext.wrap_socket makes a socket secure"),
    Removed {
        path: "socket._fileobject",
        since: (3, 0),
        instead: Instead::Helper("SocketFile", SOCKET_FILE, &[]),
        why: "the class that stands in reads and writes what the recv and sendall of the object give and take",
    },
    nothing("ssl.wrap_socket", (3, 12), "ssl.SSLContext.wrap_socket says what is checked"),
    nothing("ssl.match_hostname", (3, 12), "the handshake checks the host's name itself"),
    nothing("pkgutil.ImpImporter", (3, 12), "importlib.machinery has the finders"),
    nothing("pkgutil.ImpLoader", (3, 12), "importlib.machinery has the loaders"),
    nothing("inspect.getmoduleinfo", (3, 6), "inspect.getmodulename tells the name"),
    nothing("mailbox.UnixMailbox", (3, 0), "mailbox.mbox reads such files"),
    nothing("mailbox.PortableUnixMailbox", (3, 0), "mailbox.mbox reads such files"),
    nothing("mailbox.MmdfMailbox", (3, 0), "mailbox.MMDF reads such files"),
    nothing("mailbox.MHMailbox", (3, 0), "mailbox.MH reads such folders"),
    nothing("mailbox.BabylMailbox", (3, 0), "mailbox.Babyl reads such files"),
    nothing("tarfile.TarFileCompat", (3, 0), "tarfile.open takes its place, with other methods"),
    nothing("doctest.Tester", (3, 0), "doctest.DocTestRunner takes its place"),
    nothing("ast.Print", (3, 0), "print is a call in Python 3"),
    nothing("ast.Exec", (3, 0), "exec is a call in Python 3"),
    nothing("ast.Repr", (3, 0), "backticks are a call of repr() now"),
    nothing("ast.TryExcept", (3, 3), "ast.Try stands for both kinds of try"),
    nothing("ast.TryFinally", (3, 3), "ast.Try stands for both kinds of try"),
    nothing("string.atoi_error", (3, 0), "int() raises ValueError"),
    nothing("gettext.lgettext", (3, 11), "gettext.gettext gives text; encode it where bytes are wanted"),
    nothing("gettext.ldgettext", (3, 11), "gettext.dgettext gives text; encode it where bytes are wanted"),
];
