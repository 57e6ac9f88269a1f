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
    ("dummy_thread", "_dummy_thread"),
    ("gdbm", "dbm.gnu"),
    ("htmlentitydefs", "html.entities"),
    ("httplib", "http.client"),
    ("markupbase", "_markupbase"),
    ("repr", "reprlib"),
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
    "quote", "quote_plus", "unquote", "unquote_plus", "urlencode", "splitattr", "splithost", "splitnport", "splitpasswd",
    "splitport", "splitquery", "splittag", "splittype", "splituser", "splitvalue",
];

const SPLITS: &[Split] = &[
    Split {
        name: "urllib",
        parts: &[
            ("urllib.request", &[
                "URLopener", "FancyURLopener", "urlretrieve", "_urlopener", "urlopen", "urlcleanup", "pathname2url",
                "url2pathname", "getproxies",
            ]),
            ("urllib.parse", PARSE),
            ("urllib.error", &["ContentTooShortError"]),
        ],
    },
    Split {
        name: "urllib2",
        parts: &[
            ("urllib.request", &[
                "urlopen", "install_opener", "build_opener", "Request", "OpenerDirector", "BaseHandler",
                "HTTPDefaultErrorHandler", "HTTPRedirectHandler", "HTTPCookieProcessor", "ProxyHandler", "HTTPPasswordMgr",
                "HTTPPasswordMgrWithDefaultRealm", "AbstractBasicAuthHandler", "HTTPBasicAuthHandler",
                "ProxyBasicAuthHandler", "AbstractDigestAuthHandler", "HTTPDigestAuthHandler", "ProxyDigestAuthHandler",
                "HTTPHandler", "HTTPSHandler", "FileHandler", "FTPHandler", "CacheFTPHandler", "UnknownHandler",
            ]),
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
    ("operator.div", "operator.floordiv"),
    ("operator.idiv", "operator.ifloordiv"),
    ("inspect.getargspec", "inspect.getfullargspec"),
    ("string.atoi", "int"),
    ("string.atol", "int"),
    ("string.atof", "float"),
    ("string.maketrans", "str.maketrans"),
    ("types.BooleanType", "bool"),
    ("types.BufferType", "memoryview"),
    ("types.ClassType", "type"),
    ("types.ComplexType", "complex"),
    ("types.DictType", "dict"),
    ("types.DictionaryType", "dict"),
    ("types.EllipsisType", "type(Ellipsis)"),
    ("types.FloatType", "float"),
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
