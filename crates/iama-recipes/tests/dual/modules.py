"""Modules that moved, were split or are gone."""
import os, Queue, sys
import urllib, urlparse
import urllib2
import cgi
import md5
import collections
import inspect
import operator
import sets
from StringIO import StringIO
from UserDict import UserDict
from ConfigParser import ConfigParser, NoSectionError
from urllib import quote_plus, urlencode
try:
    import cPickle as pickle
except ImportError:
    import pickle
try:
    from htmlentitydefs import name2codepoint
except ImportError:
    name2codepoint = {}

jobs = Queue.Queue()
jobs.put(1)
print jobs.get(), urllib.quote('a c'), urllib.urlencode([('a', 1)]), urllib.pathname2url('/x')
print urlparse.urlparse('http://host/path').netloc, urlparse.urljoin('http://a/b', 'c')
print quote_plus('a c'), urlencode({'k': 'v'}), issubclass(urllib2.HTTPError, urllib2.URLError)
print urllib2.Request('http://host/').get_full_url()
print cgi.escape('<a href="x">'), md5.new('x').hexdigest(), name2codepoint['amp']
print isinstance({}, collections.Mapping), operator.isCallable(len), operator.isMappingType({})


def hook(a, b=1, *rest, **named):
    pass


names, args, kwargs, values = inspect.getargspec(hook)
print names, args, kwargs, values, inspect.getargspec(hook).keywords
print sorted(sets.Set([2, 1])), StringIO('text').read()


class Table(UserDict):
    pass


table = Table()
table['a'] = 1
print table.data, pickle.loads(pickle.dumps([1, 2], 2)), os.getcwdu() == os.getcwd()
try:
    ConfigParser().items('none')
except NoSectionError, error:
    print 'no section'


def walk(found, folder, names):
    found.append(len(names) > 0)


found = []
os.path.walk(os.path.dirname(os.path.abspath(__file__)), walk, found)
print found[:1]
