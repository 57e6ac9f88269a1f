//! The borders of the library: functions and methods that take or give bytes in Python 3.

/// What a function of the library takes and gives: the rank of the argument that is bytes, and whether the result is.
pub(super) struct Border {
    pub(super) path: &'static str,
    pub(super) takes: Option<usize>,
    pub(super) gives: bool,
}

const fn border(path: &'static str, takes: Option<usize>, gives: bool) -> Border {
    Border { path, takes, gives }
}

/// Functions of the library, by their path.
pub(super) const BORDERS: &[Border] = &[
    border("struct.unpack", Some(1), false),
    border("struct.unpack_from", Some(1), false),
    border("struct.pack", None, true),
    border("base64.b64encode", Some(0), true),
    border("base64.b64decode", Some(0), true),
    border("base64.b32encode", Some(0), true),
    border("base64.b32decode", Some(0), true),
    border("base64.b16encode", Some(0), true),
    border("base64.b16decode", Some(0), true),
    border("base64.urlsafe_b64encode", Some(0), true),
    border("base64.urlsafe_b64decode", Some(0), true),
    border("base64.standard_b64encode", Some(0), true),
    border("base64.standard_b64decode", Some(0), true),
    border("base64.decodestring", Some(0), true),
    border("base64.encodestring", Some(0), true),
    border("base64.decodebytes", Some(0), true),
    border("base64.encodebytes", Some(0), true),
    border("binascii.hexlify", Some(0), true),
    border("binascii.unhexlify", Some(0), true),
    border("binascii.b2a_hex", Some(0), true),
    border("binascii.a2b_hex", Some(0), true),
    border("binascii.b2a_base64", Some(0), true),
    border("binascii.a2b_base64", Some(0), true),
    border("binascii.crc32", Some(0), false),
    border("zlib.crc32", Some(0), false),
    border("zlib.adler32", Some(0), false),
    border("zlib.compress", Some(0), true),
    border("zlib.decompress", Some(0), true),
    border("bz2.compress", Some(0), true),
    border("bz2.decompress", Some(0), true),
    border("hashlib.md5", Some(0), false),
    border("hashlib.sha1", Some(0), false),
    border("hashlib.sha224", Some(0), false),
    border("hashlib.sha256", Some(0), false),
    border("hashlib.sha384", Some(0), false),
    border("hashlib.sha512", Some(0), false),
    border("md5.new", Some(0), false),
    border("md5.md5", Some(0), false),
    border("sha.new", Some(0), false),
    border("sha.sha", Some(0), false),
    border("hashlib.new", Some(1), false),
    border("codecs.utf_8_decode", Some(0), false),
    border("codecs.latin_1_decode", Some(0), false),
    border("codecs.ascii_decode", Some(0), false),
    border("codecs.escape_decode", Some(0), false),
    border("imp.get_magic", None, true),
    border("io.BytesIO", Some(0), false),
    border("xml.etree.ElementTree.tostring", None, true),
    border("xml.etree.cElementTree.tostring", None, true),
    border("cElementTree.tostring", None, true),
    border("elementtree.ElementTree.tostring", None, true),
    border("subprocess.check_output", None, true),
    border("os.read", None, true),
    border("os.write", Some(1), false),
    border("hmac.new", Some(0), false),
    border("os.urandom", None, true),
    border("socket.inet_aton", None, true),
    border("socket.inet_ntoa", Some(0), false),
    border("socket.inet_pton", None, true),
    border("socket.inet_ntop", Some(1), false),
    border("marshal.dumps", None, true),
    border("marshal.loads", Some(0), false),
    border("pkg_resources.resource_string", None, true),
    border("pkgutil.get_data", None, true),
    border("pickle.encode_long", None, true),
    border("pickle.decode_long", Some(0), false),
    border("pickle.dumps", None, true),
    border("pickle.loads", Some(0), false),
    border("cPickle.dumps", None, true),
    border("cPickle.loads", Some(0), false),
];

/// Methods with one argument of bytes, by a module whose import makes them likely.
pub(super) const TAKING: &[(&str, &[&str])] = &[
    ("update", &["hashlib", "md5", "sha", "hmac"]),
    ("send", &["socket"]),
    ("sendall", &["socket", "SocketServer", "socketserver"]),
    ("sendto", &["socket"]),
    ("unpack", &["struct"]),
];
/// Methods that give bytes, likewise.
pub(super) const GIVING: &[(&str, &[&str])] = &[
    ("digest", &["hashlib", "md5", "sha", "hmac"]),
    ("recv", &["socket", "SocketServer", "socketserver"]),
    ("pack", &["struct"]),
];

/// What of a method's result is bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// Nothing.
    None,
    /// The result.
    Bytes,
    /// What the tuple holds that it returns.
    Parts,
}

/// A method that takes or gives bytes: what makes its objects, the rank of the argument, and what of the result is bytes.
pub(super) struct Method {
    pub(super) makers: &'static [&'static str],
    pub(super) name: &'static str,
    pub(super) takes: Option<usize>,
    pub(super) gives: Given,
}

const fn method(makers: &'static [&'static str], name: &'static str, takes: Option<usize>, gives: bool) -> Method {
    let gives = if gives { Given::Bytes } else { Given::None };
    Method { makers, name, takes, gives }
}

/// What starts a process.
pub(super) const PROCESSES: &[&str] = &["subprocess.Popen"];
const PAGES: &[&str] = &["urllib.urlopen", "urllib2.urlopen", "urllib.request.urlopen"];

const ARRAYS: &[&str] = &["array.array"];
const ARCHIVES: &[&str] = &["zipfile.ZipFile"];
const SQUEEZERS: &[&str] = &["zlib.compressobj", "bz2.BZ2Compressor"];
const EXPANDERS: &[&str] = &["zlib.decompressobj", "bz2.BZ2Decompressor"];

/// Methods of objects that are seen to be made, under their old names and their new ones.
pub(super) const METHODS: &[Method] = &[
    method(ARRAYS, "fromstring", Some(0), false),
    method(ARRAYS, "frombytes", Some(0), false),
    method(ARRAYS, "tostring", None, true),
    method(ARRAYS, "tobytes", None, true),
    method(ARCHIVES, "read", None, true),
    method(ARCHIVES, "writestr", Some(1), false),
    method(SQUEEZERS, "compress", Some(0), true),
    method(SQUEEZERS, "flush", None, true),
    method(EXPANDERS, "decompress", Some(0), true),
    method(EXPANDERS, "flush", None, true),
    method(PAGES, "read", None, true),
    method(PAGES, "readline", None, true),
    Method { makers: PROCESSES, name: "communicate", takes: Some(0), gives: Given::Parts },
];

/// Modules whose classes handle requests of a network.
pub(super) const SERVERS: &[&str] =
    &["BaseHTTPServer", "SimpleHTTPServer", "CGIHTTPServer", "SocketServer", "socketserver", "server"];

/// Methods of a stream of bytes, such as the input that a server gives by PEP 3333.
pub(super) const STREAM: &[Method] =
    &[method(&[], "read", None, true), method(&[], "readline", None, true), method(&[], "write", Some(0), false)];
