"""Records the before/after cases of an installed lib2to3's fixer tests as JSON: record_lib2to3.py OUT.json

Runs under a Python that still ships lib2to3 with its tests (3.11). The tests themselves are run unchanged; only their
helper methods are listened to.
"""

import json
import sys
import unittest

from lib2to3.tests import test_fixers

CASES = []
KINDS = ("check", "unchanged", "warns", "warns_unchanged")


def listen(kind):
    helper = getattr(test_fixers.FixerTestCase, kind)

    def recorded(self, before, *rest, **named):
        case = {
            "fixer": getattr(self, "fixer", None),
            "cls": type(self).__name__,
            "test": self._testMethodName,
            "kind": kind,
            "before": test_fixers.support.reformat(before),
        }
        if kind in ("check", "warns"):
            case["after"] = test_fixers.support.reformat(rest[0])
        CASES.append(case)
        # A helper may call another one; only the outermost is a case.
        mark = len(CASES)
        try:
            return helper(self, before, *rest, **named)
        finally:
            del CASES[mark:]

    setattr(test_fixers.FixerTestCase, kind, recorded)


def main():
    for kind in KINDS:
        listen(kind)
    suite = unittest.defaultTestLoader.loadTestsFromModule(test_fixers)
    with open("/dev/null", "w") as nowhere:
        unittest.TextTestRunner(stream=nowhere, verbosity=0).run(suite)
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        json.dump(CASES, out)
    print(len(CASES), "cases")


main()
