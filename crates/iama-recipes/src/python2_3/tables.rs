//! What moved where in the standard library, as data.

/// Modules with one heir.
pub(super) const MODULES: &[(&str, &str)] = &[
    ("BaseHTTPServer", "http.server"),
    ("CGIHTTPServer", "http.server"),
    ("ConfigParser", "configparser"),
    ("Cookie", "http.cookies"),
    ("Dialog", "tkinter.dialog"),
    ("DocXMLRPCServer", "xmlrpc.server"),
    ("FileDialog", "tkinter.filedialog"),
    ("HTMLParser", "html.parser"),
    ("Queue", "queue"),
    ("ScrolledText", "tkinter.scrolledtext"),
    ("SimpleDialog", "tkinter.simpledialog"),
    ("SimpleHTTPServer", "http.server"),
    ("SimpleXMLRPCServer", "xmlrpc.server"),
    ("SocketServer", "socketserver"),
    ("StringIO", "io"),
    ("Tix", "tkinter.tix"),
    ("Tkconstants", "tkinter.constants"),
    ("Tkdnd", "tkinter.dnd"),
    ("Tkinter", "tkinter"),
    ("UserList", "collections"),
    ("UserString", "collections"),
    ("__builtin__", "builtins"),
    ("_abcoll", "collections.abc"),
    ("_winreg", "winreg"),
    ("anydbm", "dbm"),
    ("cPickle", "pickle"),
    ("cStringIO", "io"),
    ("commands", "subprocess"),
    ("cookielib", "http.cookiejar"),
    ("copy_reg", "copyreg"),
    ("dbhash", "dbm.bsd"),
    ("dbm", "dbm.ndbm"),
    ("dumbdbm", "dbm.dumb"),
    ("dummy_thread", "_thread"),
    ("dummy_threading", "threading"),
    ("gdbm", "dbm.gnu"),
    ("htmlentitydefs", "html.entities"),
    ("httplib", "http.client"),
    ("markupbase", "_markupbase"),
    ("repr", "reprlib"),
    ("sre", "re"),
    ("robotparser", "urllib.robotparser"),
    ("thread", "_thread"),
    ("tkColorChooser", "tkinter.colorchooser"),
    ("tkCommonDialog", "tkinter.commondialog"),
    ("tkFont", "tkinter.font"),
    ("tkMessageBox", "tkinter.messagebox"),
    ("tkSimpleDialog", "tkinter.simpledialog"),
    ("tkFileDialog", "tkinter.filedialog"),
    ("ttk", "tkinter.ttk"),
    ("urlparse", "urllib.parse"),
    ("whichdb", "dbm"),
    ("xmlrpclib", "xmlrpc.client"),
];

/// A module whose names are spread over several now.
#[derive(Debug)]
pub(super) struct Split {
    /// The old name.
    pub(super) name: &'static str,
    /// The new modules, in the order in which they are imported, with what each holds.
    pub(super) parts: &'static [(&'static str, &'static [&'static str])],
}

const PARSE: &[&str] = &[
    "quote",
    "quote_plus",
    "unquote",
    "unquote_plus",
    "urlencode",
    "splitattr",
    "splithost",
    "splitnport",
    "splitpasswd",
    "splitport",
    "splitquery",
    "splittag",
    "splittype",
    "splituser",
    "splitvalue",
];

const SPLITS: &[Split] = &[
    Split {
        name: "urllib",
        parts: &[
            (
                "urllib.request",
                &[
                    "URLopener",
                    "FancyURLopener",
                    "urlretrieve",
                    "_urlopener",
                    "urlopen",
                    "urlcleanup",
                    "pathname2url",
                    "url2pathname",
                    "getproxies",
                ],
            ),
            ("urllib.parse", PARSE),
            ("urllib.error", &["ContentTooShortError"]),
        ],
    },
    Split {
        name: "urllib2",
        parts: &[
            (
                "urllib.request",
                &[
                    "urlopen",
                    "install_opener",
                    "build_opener",
                    "Request",
                    "OpenerDirector",
                    "BaseHandler",
                    "HTTPDefaultErrorHandler",
                    "HTTPRedirectHandler",
                    "HTTPCookieProcessor",
                    "ProxyHandler",
                    "HTTPPasswordMgr",
                    "HTTPPasswordMgrWithDefaultRealm",
                    "AbstractBasicAuthHandler",
                    "HTTPBasicAuthHandler",
                    "ProxyBasicAuthHandler",
                    "AbstractDigestAuthHandler",
                    "HTTPDigestAuthHandler",
                    "ProxyDigestAuthHandler",
                    "HTTPHandler",
                    "HTTPSHandler",
                    "FileHandler",
                    "FTPHandler",
                    "CacheFTPHandler",
                    "UnknownHandler",
                ],
            ),
            ("urllib.error", &["URLError", "HTTPError"]),
            ("urllib.parse", PARSE),
        ],
    },
];

/// How a module was split.
pub(super) fn split_of(name: &str) -> Option<&'static Split> {
    SPLITS.iter().find(|split| split.name == name)
}

/// Attributes of modules with a new path; the first part of the old one is the module.
pub(super) const MEMBERS: &[(&str, &str)] = &[
    ("sys.maxint", "sys.maxsize"),
    ("os.getcwdu", "os.getcwd"),
    ("string.letters", "string.ascii_letters"),
    ("string.lowercase", "string.ascii_lowercase"),
    ("string.uppercase", "string.ascii_uppercase"),
    ("operator.sequenceIncludes", "operator.contains"),
    ("operator.repeat", "operator.mul"),
    ("operator.irepeat", "operator.imul"),
    ("base64.decodestring", "base64.decodebytes"),
    ("base64.encodestring", "base64.encodebytes"),
    ("time.clock", "time.perf_counter"),
    ("string.atoi", "int"),
    ("string.atol", "int"),
    ("string.atof", "float"),
    ("xmlrpc.client.Boolean", "bool"),
    ("xmlrpc.client.False", "False"),
    ("xmlrpc.client.True", "True"),
    ("xmlrpclib.Boolean", "bool"),
    ("xmlrpclib.False", "False"),
    ("xmlrpclib.True", "True"),
    ("types.BooleanType", "bool"),
    ("types.BufferType", "memoryview"),
    ("types.ClassType", "type"),
    ("types.ComplexType", "complex"),
    ("types.DictType", "dict"),
    ("types.DictionaryType", "dict"),
    ("types.EllipsisType", "type(Ellipsis)"),
    ("types.FloatType", "float"),
    ("types.InstanceType", "object"),
    ("types.UnboundMethodType", "types.FunctionType"),
    ("types.IntType", "int"),
    ("types.ListType", "list"),
    ("types.LongType", "int"),
    ("types.NoneType", "type(None)"),
    ("types.NotImplementedType", "type(NotImplemented)"),
    ("types.ObjectType", "object"),
    ("types.SliceType", "slice"),
    ("types.StringType", "str"),
    ("types.StringTypes", "(str,)"),
    ("types.TupleType", "tuple"),
    ("types.TypeType", "type"),
    ("types.UnicodeType", "str"),
    ("types.XRangeType", "range"),
];

/// The abstract classes that left `collections` for `collections.abc`.
pub(super) const ABSTRACT: &[&str] = &[
    "Awaitable",
    "AsyncIterable",
    "Callable",
    "Container",
    "Coroutine",
    "Generator",
    "Hashable",
    "ItemsView",
    "Iterable",
    "Iterator",
    "KeysView",
    "Mapping",
    "MappingView",
    "MutableMapping",
    "MutableSequence",
    "MutableSet",
    "Sequence",
    "Set",
    "Sized",
    "ValuesView",
    "ByteString",
];

/// Functions of the module `string` that are methods of strings.
pub(super) const STRING_FUNCTIONS: &[(&str, &str)] = &[
    ("capitalize", "capitalize"),
    ("center", "center"),
    ("count", "count"),
    ("expandtabs", "expandtabs"),
    ("find", "find"),
    ("index", "index"),
    ("ljust", "ljust"),
    ("lower", "lower"),
    ("lstrip", "lstrip"),
    ("replace", "replace"),
    ("rfind", "rfind"),
    ("rindex", "rindex"),
    ("rjust", "rjust"),
    ("rsplit", "rsplit"),
    ("rstrip", "rstrip"),
    ("split", "split"),
    ("splitfields", "split"),
    ("strip", "strip"),
    ("swapcase", "swapcase"),
    ("translate", "translate"),
    ("upper", "upper"),
    ("zfill", "zfill"),
];

/// A module that is gone.
#[derive(Debug)]
pub(super) struct Gone {
    /// Its name.
    pub(super) name: &'static str,
    /// The first version without it.
    pub(super) since: (u8, u8),
    /// Its members and where they are now; a path without a dot is a builtin.
    pub(super) members: &'static [(&'static str, &'static str)],
    /// The module that has all other members under their own names; empty for the builtins.
    pub(super) rest: Option<&'static str>,
    /// A module of our own with the same interface.
    pub(super) compat: Option<&'static str>,
    /// What a person should know.
    pub(super) why: &'static str,
}

const fn gone_module(name: &'static str, why: &'static str) -> Gone {
    Gone { name, since: (3, 0), members: &[], rest: None, compat: None, why }
}

const GONE: &[Gone] = &[
    Gone {
        members: &[("new", "hashlib.md5"), ("md5", "hashlib.md5")],
        ..gone_module("md5", "hashes take and give bytes in Python 3")
    },
    Gone {
        members: &[("new", "hashlib.sha1"), ("sha", "hashlib.sha1")],
        ..gone_module("sha", "hashes take and give bytes in Python 3")
    },
    Gone {
        members: &[("Set", "set"), ("ImmutableSet", "frozenset")],
        ..gone_module("sets", "the builtin sets take over; they are not subclasses of each other")
    },
    Gone { rest: Some(""), ..gone_module("exceptions", "the exceptions are builtins") },
    Gone {
        members: &[
            ("classobj", "type"),
            ("function", "types.FunctionType"),
            ("instancemethod", "types.MethodType"),
            ("module", "types.ModuleType"),
            ("code", "types.CodeType"),
        ],
        ..gone_module("new", "the constructors are the types themselves; some take other arguments")
    },
    Gone {
        members: &[("UserDict", "collections.UserDict"), ("IterableUserDict", "collections.UserDict")],
        compat: Some(include_str!("compat/UserDict.py")),
        ..gone_module("UserDict", "collections.UserDict is the heir; DictMixin comes along as a small module")
    },
    Gone {
        members: &[
            ("parsedate", "email.utils.parsedate"),
            ("parsedate_tz", "email.utils.parsedate_tz"),
            ("mktime_tz", "email.utils.mktime_tz"),
            ("parseaddr", "email.utils.parseaddr"),
            ("formatdate", "email.utils.formatdate"),
            ("quote", "email.utils.quote"),
            ("unquote", "email.utils.unquote"),
            ("dump_address_pair", "email.utils.formataddr"),
        ],
        compat: Some(include_str!("compat/rfc822.py")),
        ..gone_module("rfc822", "email.utils is the heir; the rest comes along as a small module")
    },
    Gone {
        compat: Some(include_str!("compat/sgmllib.py")),
        ..gone_module("sgmllib", "a parser of the same interface comes along as a small module")
    },
    Gone {
        members: &[("new_module", "types.ModuleType"), ("reload", "importlib.reload")],
        compat: Some(include_str!("compat/imp.py")),
        since: (3, 12),
        ..gone_module("imp", "importlib does what imp did, in other words")
    },
    Gone {
        since: (3, 12),
        ..gone_module("asyncore", "asyncore is gone: asyncio or a package of that name takes over")
    },
    Gone {
        since: (3, 12),
        ..gone_module("asynchat", "asynchat is gone: asyncio or a package of that name takes over")
    },
    Gone { since: (3, 12), ..gone_module("smtpd", "smtpd is gone: the package aiosmtpd takes over") },
    Gone {
        members: &[("quote", "shlex.quote")],
        since: (3, 0),
        ..gone_module("pipes", "subprocess does what pipes did; shlex quotes")
    },
    Gone {
        since: (3, 12),
        ..gone_module("distutils", "setuptools brings the parts of distutils that are still needed")
    },
    Gone { since: (3, 13), ..gone_module("crypt", "crypt is gone: hashlib or a package takes over") },
    Gone { since: (3, 13), ..gone_module("imghdr", "imghdr is gone: a package takes over") },
    Gone { since: (3, 13), ..gone_module("sndhdr", "sndhdr is gone: a package takes over") },
    Gone { since: (3, 13), ..gone_module("nntplib", "nntplib is gone: a package takes over") },
    Gone { since: (3, 13), ..gone_module("telnetlib", "telnetlib is gone: a package takes over") },
    Gone {
        compat: Some(concat!(include_str!("compat/rfc822.py"), include_str!("compat/mimetools.py"))),
        ..gone_module("mimetools", "a module of the same interface comes along, on top of the email package")
    },
    gone_module("MimeWriter", "the email package does what MimeWriter did"),
    gone_module("mimify", "the email package does what mimify did"),
    gone_module("multifile", "the email package does what multifile did"),
    gone_module("htmllib", "html.parser does what htmllib did, with other methods"),
    Gone {
        compat: Some(include_str!("compat/popen2.py")),
        ..gone_module("popen2", "a module of the same interface comes along, on top of subprocess")
    },
    gone_module("compiler", "ast and compile() do what compiler did"),
    gone_module("dircache", "os.listdir does what dircache did"),
    gone_module("user", "nothing replaces the module user"),
    Gone {
        members: &[
            ("F_BSIZE", "0"),
            ("F_FRSIZE", "1"),
            ("F_BLOCKS", "2"),
            ("F_BFREE", "3"),
            ("F_BAVAIL", "4"),
            ("F_FILES", "5"),
            ("F_FFREE", "6"),
            ("F_FAVAIL", "7"),
            ("F_FLAG", "8"),
            ("F_NAMEMAX", "9"),
        ],
        ..gone_module("statvfs", "os.statvfs gives an object with attributes; the numbers still count its fields")
    },
    Gone { rest: Some(""), ..gone_module("future_builtins", "what it held is what the builtins are now") },
    Gone {
        compat: Some(include_str!("compat/fpformat.py")),
        ..gone_module("fpformat", "a module of the same interface comes along")
    },
    Gone {
        compat: Some(include_str!("compat/mutex.py")),
        ..gone_module("mutex", "a module of the same interface comes along")
    },
    Gone { since: (3, 10), ..gone_module("formatter", "nothing replaces formatter") },
    Gone { since: (3, 10), ..gone_module("parser", "ast does what parser did") },
    Gone { since: (3, 10), ..gone_module("symbol", "ast does what symbol was for") },
    Gone { since: (3, 11), ..gone_module("binhex", "nothing replaces binhex") },
    Gone { since: (3, 8), ..gone_module("macpath", "nothing replaces macpath") },
    Gone { since: (3, 13), ..gone_module("cgitb", "traceback and logging tell of errors") },
    Gone { since: (3, 13), ..gone_module("cgi", "urllib.parse and the email package read what forms send") },
    Gone { since: (3, 13), ..gone_module("aifc", "aifc is gone: a package takes over") },
    Gone { since: (3, 13), ..gone_module("audioop", "audioop is gone: a package takes over") },
    Gone { since: (3, 13), ..gone_module("chunk", "chunk is gone: a package takes over") },
    Gone { since: (3, 13), ..gone_module("mailcap", "nothing replaces mailcap") },
    Gone { since: (3, 13), ..gone_module("nis", "nothing replaces nis") },
    Gone { since: (3, 13), ..gone_module("ossaudiodev", "ossaudiodev is gone: a package takes over") },
    Gone { since: (3, 13), ..gone_module("spwd", "spwd is gone: a package takes over") },
    Gone { since: (3, 13), ..gone_module("sunau", "sunau is gone: a package takes over") },
    Gone { since: (3, 13), ..gone_module("uu", "binascii and base64 encode binary data") },
    Gone { since: (3, 13), ..gone_module("xdrlib", "struct packs and unpacks such data") },
    gone_module("xmllib", "xml.sax and xml.parsers.expat read XML"),
    gone_module("strop", "strings have these functions as methods"),
    gone_module("stringold", "strings have these functions as methods"),
    gone_module("audiodev", "a package plays sound"),
    gone_module("linuxaudiodev", "a package plays sound"),
    gone_module("sunaudio", "a package plays sound"),
    gone_module("toaiff", "a package converts sound"),
    gone_module("os2emxpath", "nothing replaces os2emxpath"),
    gone_module("Bastion", "restricted execution is gone"),
    gone_module("rexec", "restricted execution is gone"),
    gone_module("mhlib", "mailbox.MH does what mhlib did"),
    gone_module("hotshot", "cProfile does what hotshot did"),
    gone_module("bsddb", "a package called bsddb3 takes over"),
    gone_module("ihooks", "importlib does what ihooks did"),
    gone_module("imputil", "importlib does what imputil did"),
    gone_module("posixfile", "fcntl.lockf does what posixfile did"),
];

/// Whether a file is one of the modules that are brought along.
pub(super) fn is_brought_along(text: &str) -> bool {
    GONE.iter().any(|gone| gone.compat == Some(text))
}

/// How a module that is gone is replaced.
pub(super) fn gone(name: &str) -> Option<&'static Gone> {
    GONE.iter().find(|gone| gone.name == name)
}
