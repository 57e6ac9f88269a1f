"""Dates, addresses and headers of mail, with the interface that Python 2's rfc822 had, on top of the email package."""

import email.utils
import time

from email.utils import formataddr as dump_address_pair
from email.utils import formatdate, mktime_tz, parseaddr, quote, unquote

_daynames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
_monthnames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec',
               'january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october',
               'november', 'december']

# Hours and minutes east of Greenwich as one number; programs add zones of their own.
_timezones = {'UT': 0, 'UTC': 0, 'GMT': 0, 'Z': 0, 'AST': -400, 'ADT': -300, 'EST': -500, 'EDT': -400, 'CST': -600,
              'CDT': -500, 'MST': -700, 'MDT': -600, 'PST': -800, 'PDT': -700}


def parsedate_tz(data):
    """The fields of a date and, last, its offset from Greenwich in seconds; None when it is no date.

    A year of two digits stays as it is, and the offset of a date without a known zone is None.
    """
    if not data:
        return None
    words = data.split()
    last = words[-1]
    clock = [word for word in words if ':' in word]
    if not clock or '-' in clock[0]:
        return None
    zone = _timezones.get(last.upper())
    is_zoned = zone is not None or _ends_with_offset(words)
    if zone is not None:
        words[-1] = '%+05d' % zone
    fields = email.utils.parsedate_tz(' '.join(words))
    if not fields:
        return None
    year = fields[0] if str(fields[0]) in data else fields[0] % 100
    return (year,) + fields[1:6] + (0, 1, 0, fields[9] if is_zoned else None)


def _ends_with_offset(words):
    if words[0][-1] in ',.' or words[0].lower() in _daynames:
        words = words[1:]
    last = words[-1] if words else ''
    if ':' in last:
        return last.partition('+')[2].isdigit()
    dashed = len(words) == 3 and words[0].count('-') == 2
    return (len(words) > 4 or dashed) and last.lstrip('+-').isdigit()


def parsedate(data):
    fields = parsedate_tz(data)
    return fields and fields[:9]


class AddressList:
    """A list of (name, address) pairs out of a header."""

    def __init__(self, field):
        self.field = field
        self.addresslist = email.utils.getaddresses([field]) if field else []

    def __len__(self):
        return len(self.addresslist)

    def __getitem__(self, index):
        return self.addresslist[index]

    def __str__(self):
        return ', '.join(dump_address_pair(pair) for pair in self.addresslist)


class Message:
    """The headers of a message that is read from a file."""

    def __init__(self, fp, seekable=1):
        self.fp = fp
        self.seekable = seekable
        self.startofheaders = None
        self.startofbody = None
        self.unixfrom = ''
        self.headers = []
        self.dict = {}
        self.status = ''
        self.readheaders()

    def readheaders(self):
        name = None
        while 1:
            line = self.fp.readline()
            if not line.strip():
                break
            if line.startswith('From ') and not self.headers:
                self.unixfrom = self.unixfrom + line
            elif line[0] in ' \t' and name:
                self.headers.append(line)
                self.dict[name] = self.dict[name] + '\n ' + line.strip()
            elif ':' in line:
                name, value = line.split(':', 1)
                name = name.strip().lower()
                self.headers.append(line)
                self.dict[name] = value.strip()
            else:
                self.status = 'Non-header line where header expected'
                break

    def getallmatchingheaders(self, name):
        found, taking = [], False
        for line in self.headers:
            if line[0] not in ' \t':
                taking = line.lower().startswith(name.lower() + ':')
            if taking:
                found.append(line)
        return found

    def getrawheader(self, name):
        lines = self.getallmatchingheaders(name)
        return ''.join(lines)[len(name) + 1:] if lines else None

    def getheader(self, name, default=None):
        return self.dict.get(name.lower(), default)

    get = getheader

    def getheaders(self, name):
        values = []
        for line in self.getallmatchingheaders(name):
            if line[0] in ' \t' and values:
                values[-1] = values[-1] + '\n ' + line.strip()
            else:
                values.append(line.split(':', 1)[1].strip())
        return values

    def getaddr(self, name):
        return parseaddr(self.getheader(name) or '')

    def getaddrlist(self, name):
        return AddressList(', '.join(self.getheaders(name))).addresslist

    def getdate(self, name):
        return parsedate(self.getheader(name))

    def getdate_tz(self, name):
        return parsedate_tz(self.getheader(name))

    def rewindbody(self):
        if not self.seekable:
            raise IOError('unseekable file')
        self.fp.seek(self.startofbody)

    def __len__(self):
        return len(self.dict)

    def __getitem__(self, name):
        return self.dict[name.lower()]

    def __setitem__(self, name, value):
        del self[name]
        self.dict[name.lower()] = value
        self.headers.extend((name + ': ' + value).splitlines(True))

    def __delitem__(self, name):
        if name.lower() in self.dict:
            del self.dict[name.lower()]
            unwanted = self.getallmatchingheaders(name)
            self.headers = [line for line in self.headers if line not in unwanted]

    def setdefault(self, name, default=''):
        if name.lower() not in self.dict:
            self[name] = default
        return self.dict[name.lower()]

    def has_key(self, name):
        return name.lower() in self.dict

    def __contains__(self, name):
        return name.lower() in self.dict

    def __iter__(self):
        return iter(self.dict)

    def keys(self):
        return list(self.dict)

    def values(self):
        return list(self.dict.values())

    def items(self):
        return list(self.dict.items())

    def __str__(self):
        return ''.join(self.headers)
