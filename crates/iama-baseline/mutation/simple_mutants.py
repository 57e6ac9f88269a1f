"""Simple mutants of Python sources, made from tokens: for tests and measurements. Python 3.8 or later; reads Python 2, too."""
import io
import re
import tokenize

SWAPS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "+": "-", "-": "+", "*": "+", "/": "*", "%": "*",
         "//": "*", "and": "or", "or": "and", "not": "", "True": "False", "False": "True", "+=": "-=", "-=": "+=", "is": "is not",
         "in": "not in", "return": "return None and", "break": "continue", "continue": "break"}
PLAIN_NUMBER = re.compile(r"\d+$")


def replacement(token, before):
    """What to put in place of a token, or None."""
    word = token.string
    if token.type == tokenize.NUMBER and PLAIN_NUMBER.match(word) and not (word.startswith("0") and word != "0"):
        return str(int(word) + 1)
    if token.type not in (tokenize.OP, tokenize.NAME) or word not in SWAPS:
        return None
    if word in ("+", "-", "*") and before in ("", "(", ",", "=", "[", ":", "return", "print", "lambda"):
        return None
    if word in ("in", "is") and before == "not" or word == "not" and before == "is":
        return None
    return SWAPS[word]


def mutants(path, relative, prefix="m"):
    """Mutants of a file as entries of a plan, in the order of the source."""
    with open(path, "rb") as stream:
        source = stream.read()
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(source).readline)[0]
    except SyntaxError:
        return []
    starts, found, before, in_for = [0], [], "", False
    for line in source.splitlines(True):
        starts.append(starts[-1] + len(line))
    lines = list(io.StringIO(source.decode(encoding), newline=""))
    try:
        tokens = list(tokenize.generate_tokens(iter(lines + [""]).__next__))
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return []
    for token in tokens:
        if token.string == "for":
            in_for = True
        value = replacement(token, before)
        if token.string == "in" and in_for:
            in_for, value = False, None
        if token.string == "return" and token.line[token.end[1]:].strip() in ("", ";"):
            value = None
        if value is not None and token.start[0] == token.end[0]:
            row, text = token.start[0], lines[token.start[0] - 1]
            start = starts[row - 1] + len(text[:token.start[1]].encode(encoding))
            end = start + len(token.string.encode(encoding))
            found.append({"id": "%s%s:%d:%d" % (prefix, relative, row, token.start[1]), "file": relative, "start": start,
                          "end": end, "replacement": value, "line": row, "symbol": "", "kind": token.string})
        if token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT):
            before = "" if token.type == tokenize.NEWLINE else token.string
    return found
