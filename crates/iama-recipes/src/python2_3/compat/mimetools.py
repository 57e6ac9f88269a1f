

_Headers = Message


class Message(_Headers):
    """The headers of a message together with what its content type says."""

    def __init__(self, fp, seekable=1):
        _Headers.__init__(self, fp, seekable)
        self.encodingheader = self.getheader('content-transfer-encoding')
        self.typeheader = self.getheader('content-type')
        self.parsetype()
        self.parseplist()

    def parsetype(self):
        """Reads the main type and the subtype."""
        kind = (self.typeheader or 'text/plain').partition(';')
        self.plisttext = ';' + kind[2] if kind[1] else ''
        fields = [field.strip().lower() for field in kind[0].split('/')]
        self.maintype, self.subtype = fields[0], '/'.join(fields[1:])
        self.type = '/'.join(fields)

    def parseplist(self):
        """Reads the parameters."""
        self.plist = []
        for field in self.plisttext.split(';')[1:]:
            name, equals, value = field.partition('=')
            self.plist.append(name.strip().lower() + equals + value.strip() if equals else name.strip())

    def getplist(self):
        return self.plist

    def getparam(self, name):
        start = name.lower() + '='
        for field in self.plist:
            if field.startswith(start):
                return unquote(field[len(start):])
        return None

    def getparamnames(self):
        return [field.partition('=')[0].lower() for field in self.plist if '=' in field]

    def getencoding(self):
        return '7bit' if self.encodingheader is None else self.encodingheader.lower()

    def gettype(self):
        return self.type

    def getmaintype(self):
        return self.maintype

    def getsubtype(self):
        return self.subtype


_boundaries = iter(range(1, 1 << 62))


def choose_boundary():
    """A text that stands in no message."""
    import os
    import random
    return '%d.%d.%.3f.%d' % (os.getpid(), next(_boundaries), time.time(), random.randrange(1 << 30))


def _octets(text):
    return text.encode('latin-1') if isinstance(text, str) else text


def _recode(input, output, change):
    data = input.read()
    changed = change(_octets(data))
    output.write(changed.decode('latin-1') if isinstance(data, str) else changed)


def encode(input, output, encoding):
    """Copies a file in a transfer encoding."""
    import base64
    import quopri
    ways = {'base64': base64.encodebytes, 'quoted-printable': quopri.encodestring}
    _recode(input, output, _way(ways, encoding))


def decode(input, output, encoding):
    """Copies a file out of a transfer encoding."""
    import base64
    import quopri
    ways = {'base64': base64.decodebytes, 'quoted-printable': quopri.decodestring}
    _recode(input, output, _way(ways, encoding))


def _way(ways, encoding):
    if encoding in ('7bit', '8bit'):
        return bytes
    if encoding not in ways:
        raise ValueError('unknown Content-Transfer-Encoding: %s' % encoding)
    return ways[encoding]


def copyliteral(input, output):
    for line in input:
        output.write(line)


def copybinary(input, output):
    output.write(input.read())
