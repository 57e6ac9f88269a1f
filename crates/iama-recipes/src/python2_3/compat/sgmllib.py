"""A parser for loosely written SGML, with the interface that Python 2's sgmllib had.

Subclasses define start_TAG(attributes) and end_TAG(), or do_TAG(attributes) for elements without an end; what nothing
is defined for goes to the unknown_ methods. Written anew from the documented behaviour.
"""

import _markupbase
import re

__all__ = ["SGMLParser", "SGMLParseError"]

interesting = re.compile('[&<]')
incomplete = re.compile('&([a-zA-Z][a-zA-Z0-9]*|#[0-9]*)?|<([a-zA-Z][^<>]*|/([a-zA-Z][^<>]*)?|![^<>]*)?')
entityref = re.compile('&([a-zA-Z][-.a-zA-Z0-9]*)[^a-zA-Z0-9]')
charref = re.compile('&#([0-9]+)[^0-9]')
starttagopen = re.compile('<[>a-zA-Z]')
shorttagopen = re.compile('<[a-zA-Z][-.a-zA-Z0-9]*/')
shorttag = re.compile('<([a-zA-Z][-.a-zA-Z0-9]*)/([^/]*)/')
piclose = re.compile('>')
endbracket = re.compile('[<>]')
tagfind = re.compile('[a-zA-Z][-_.a-zA-Z0-9]*')
attrfind = re.compile(
    r'\s*([a-zA-Z_][-:.a-zA-Z_0-9]*)'
    r'(\s*=\s*(\'[^\']*\'|"[^"]*"|[\][\-a-zA-Z0-9./,:;+*%?!&$()_#=~\'"@]*))?')
_reference = re.compile('&(?:([a-zA-Z][-.a-zA-Z0-9]*)|#([0-9]+))(;?)')


class SGMLParseError(RuntimeError):
    """The text can't be parsed at all."""


class SGMLParser(_markupbase.ParserBase):

    entitydefs = {'lt': '<', 'gt': '>', 'amp': '&', 'quot': '"', 'apos': '\''}
    entity_or_charref = _reference

    def __init__(self, verbose=0):
        self.verbose = verbose
        self.reset()

    def reset(self):
        self.rawdata = ''
        self.stack = []
        self.lasttag = '???'
        self.nomoretags = 0
        self.literal = 0
        self._starttag_text = None
        _markupbase.ParserBase.reset(self)

    def error(self, message):
        raise SGMLParseError(message)

    def setnomoretags(self):
        """Everything that follows is text."""
        self.nomoretags = self.literal = 1

    def setliteral(self, *args):
        """What follows is text until an end tag."""
        self.literal = 1

    def feed(self, data):
        self.rawdata = self.rawdata + data
        self.goahead(0)

    def close(self):
        self.goahead(1)

    def goahead(self, end):
        at = 0
        while at < len(self.rawdata):
            if self.nomoretags:
                self.handle_data(self.rawdata[at:])
                at = len(self.rawdata)
                break
            found = interesting.search(self.rawdata, at)
            stop = found.start() if found else len(self.rawdata)
            if at < stop:
                self.handle_data(self.rawdata[at:stop])
            at = stop
            if at == len(self.rawdata):
                break
            following = self._markup(at)
            if following is None:
                # Perhaps the rest of it comes with the next piece.
                partial = incomplete.match(self.rawdata, at)
                if partial is None:
                    self.handle_data(self.rawdata[at])
                    at = at + 1
                    continue
                if partial.end() == len(self.rawdata) or self.rawdata[at] == '<':
                    break
                self.handle_data(self.rawdata[at:partial.end()])
                following = partial.end()
            at = following
        if end and at < len(self.rawdata):
            self.handle_data(self.rawdata[at:])
            at = len(self.rawdata)
        self.rawdata = self.rawdata[at:]

    def _markup(self, at):
        """Handles what begins with & or <; gives where it ends, or None when it is not complete."""
        data = self.rawdata
        if data[at] == '&':
            return self._reference_at(at)
        if starttagopen.match(data, at):
            if self.literal:
                self.handle_data(data[at])
                return at + 1
            return self._complete(self.parse_starttag(at))
        if data.startswith('</', at):
            following = self._complete(self.parse_endtag(at))
            if following is not None:
                self.literal = 0
            return following
        if self.literal:
            limit = at + 1
            self.handle_data(data[at:limit])
            return limit
        if data.startswith('<!--', at):
            return self._complete(self.parse_comment(at))
        if data.startswith('<?', at):
            return self._complete(self.parse_pi(at))
        if data.startswith('<!', at):
            return self._complete(self.parse_declaration(at))
        return None

    @staticmethod
    def _complete(following):
        return None if following is None or following < 0 else following

    def _reference_at(self, at):
        if self.literal:
            self.handle_data(self.rawdata[at])
            return at + 1
        for pattern, handle in ((charref, self.handle_charref), (entityref, self.handle_entityref)):
            found = pattern.match(self.rawdata, at)
            if found:
                handle(found.group(1))
                return found.end() if self.rawdata[found.end() - 1] == ';' else found.end() - 1
        return None

    def parse_declaration(self, i):
        try:
            return _markupbase.ParserBase.parse_declaration(self, i)
        except AssertionError as problem:
            raise SGMLParseError(str(problem))

    def parse_pi(self, i):
        found = piclose.search(self.rawdata, i + 2)
        if not found:
            return -1
        self.handle_pi(self.rawdata[i + 2:found.start()])
        return found.end()

    def get_starttag_text(self):
        return self._starttag_text

    def parse_starttag(self, i):
        self._starttag_text = None
        data = self.rawdata
        if shorttagopen.match(data, i):
            found = shorttag.match(data, i)
            if not found:
                return -1
            tag, text = found.group(1, 2)
            self._starttag_text = '<%s/' % tag
            self.finish_shorttag(tag.lower(), text)
            self._starttag_text = data[i:found.end(1) + 1]
            return found.end()
        found = endbracket.search(data, i + 1)
        if not found:
            return -1
        limit = found.start()
        if data[i:i + 2] == '<>':
            # An empty start tag repeats the last one.
            tag, at = self.lasttag, i + 1
        else:
            found = tagfind.match(data, i + 1)
            if not found:
                self.error('unexpected call to parse_starttag')
            tag, at = found.group(0).lower(), found.end()
            self.lasttag = tag
        attributes = []
        while at < limit:
            found = attrfind.match(data, at)
            if not found:
                break
            attributes.append(self._attribute(found))
            at = found.end()
        # A value in quotes may have held a bracket.
        found = endbracket.search(data, max(at, i + 1))
        if not found:
            return -1
        limit = found.start()
        if data[limit] == '>':
            limit = limit + 1
        self._starttag_text = data[i:limit]
        self.finish_starttag(tag, attributes)
        return limit

    def _attribute(self, found):
        name, rest, value = found.group(1, 2, 3)
        if not rest:
            return name.lower(), name
        if len(value) > 1 and value[0] == value[-1] and value[0] in '\'"':
            value = value[1:-1]
        return name.lower(), self.entity_or_charref.sub(self._convert_ref, value)

    def _convert_ref(self, found):
        name, number = found.group(1), found.group(2)
        if number:
            converted = self.convert_charref(number)
        elif found.group(3):
            converted = self.convert_entityref(name)
        else:
            return found.group(0)
        return found.group(0) if converted is None else converted

    def parse_endtag(self, i):
        data = self.rawdata
        found = endbracket.search(data, i + 1)
        if not found:
            return -1
        limit = found.start()
        tag = data[i + 2:limit].strip().lower()
        if data[limit] == '>':
            limit = limit + 1
        self.finish_endtag(tag)
        return limit

    def finish_shorttag(self, tag, data):
        self.finish_starttag(tag, [])
        self.handle_data(data)
        self.finish_endtag(tag)

    def finish_starttag(self, tag, attrs):
        """Gives 1 for a tag that opens an element, 0 for one without an end, -1 for an unknown one."""
        method = getattr(self, 'start_' + tag, None)
        if method is not None:
            self.stack.append(tag)
            self.handle_starttag(tag, method, attrs)
            return 1
        method = getattr(self, 'do_' + tag, None)
        if method is not None:
            self.handle_starttag(tag, method, attrs)
            return 0
        self.unknown_starttag(tag, attrs)
        return -1

    def finish_endtag(self, tag):
        if not tag:
            found = len(self.stack) - 1
            if found < 0:
                self.unknown_endtag(tag)
                return
        elif tag in self.stack:
            found = len(self.stack) - 1 - self.stack[::-1].index(tag)
        else:
            if getattr(self, 'end_' + tag, None) is not None:
                self.report_unbalanced(tag)
            else:
                self.unknown_endtag(tag)
            return
        while len(self.stack) > found:
            tag = self.stack[-1]
            method = getattr(self, 'end_' + tag, None)
            if method is not None:
                self.handle_endtag(tag, method)
            else:
                self.unknown_endtag(tag)
            del self.stack[-1]

    def handle_starttag(self, tag, method, attrs):
        method(attrs)

    def handle_endtag(self, tag, method):
        method()

    def report_unbalanced(self, tag):
        if self.verbose:
            print('*** Unbalanced </%s>' % tag)
            print('*** Stack:', self.stack)

    def convert_charref(self, name):
        try:
            number = int(name)
        except ValueError:
            return None
        return self.convert_codepoint(number) if 0 <= number <= 127 else None

    def convert_codepoint(self, codepoint):
        return chr(codepoint)

    def handle_charref(self, name):
        replacement = self.convert_charref(name)
        if replacement is None:
            self.unknown_charref(name)
        else:
            self.handle_data(replacement)

    def convert_entityref(self, name):
        return self.entitydefs.get(name)

    def handle_entityref(self, name):
        replacement = self.convert_entityref(name)
        if replacement is None:
            self.unknown_entityref(name)
        else:
            self.handle_data(replacement)

    def handle_data(self, data):
        pass

    def handle_comment(self, data):
        pass

    def handle_decl(self, decl):
        pass

    def handle_pi(self, data):
        pass

    def unknown_decl(self, data):
        pass

    def unknown_starttag(self, tag, attrs):
        pass

    def unknown_endtag(self, tag):
        pass

    def unknown_charref(self, ref):
        pass

    def unknown_entityref(self, ref):
        pass
