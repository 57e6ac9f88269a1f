# -*- coding: utf-8 -*-
"""Native strings, bytes and files."""
import base64
import hashlib
import os
import struct
import tempfile
import zlib

data = struct.pack('!H4s', 258, 'ab\xffc')
print len(data), ord(data[0]), ord(data[4]), struct.unpack('!H4s', data)[1][:2]
print 'key'.encode('hex'), '6b6579'.decode('hex'), base64.b64encode('a\xff')
print hashlib.sha1('x').hexdigest()[:8], zlib.decompress(zlib.compress('again')), ord(hashlib.md5('x').digest()[0])
print len('caf\xc3\xa9'.decode('utf-8')), len(u'caf\xe9'.encode('utf-8')), u'caf\xe9'.encode('utf-8') == 'caf\xc3\xa9'

name = os.path.join(tempfile.mkdtemp(), 'f')
out = open(name, 'wb')
out.write('one\r\ntwo\n' + data)
out.close()
whole = open(name, 'rb').read()
print len(whole), ord(whole[-2])
out = file(name, 'w')
out.write('one\ntwo\n')
out.close()
print [line.strip() for line in open(name, 'rU')], [len(line) for line in open(name).xreadlines()]
execfile_scope = {}
open(name, 'w').write('value = 5\n')
execfile(name, execfile_scope)
print execfile_scope['value'], [hasattr(x, '__iter__') for x in ('x', [])]
