"""Numbers as text, with the interface that Python 2's fpformat had."""


class NotANumber(ValueError):
    pass


def _number(x):
    try:
        return float(x)
    except ValueError:
        raise NotANumber(x)


def fix(x, digs):
    """`x` with `digs` digits behind the point."""
    number = _number(x)
    return '%.*f' % (digs, number) if digs > 0 else '%d' % round(number, digs)


def sci(x, digs):
    """`x` as a power of ten with `digs` digits behind the point."""
    mantissa, _, exponent = ('%.*e' % (max(digs, 0), _number(x))).partition('e')
    return '%se%s%03d' % (mantissa, exponent[0], int(exponent[1:]))
