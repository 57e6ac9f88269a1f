# -*- coding: utf-8 -*-
"""Tests of values, messages, comparison and variations, which start no process.

    PYTHON -m unittest test_values        (2.7 and 3.6 to 3.13, in this folder)
"""
import io
import json
import os
import shutil
import sys
import tempfile
import unittest
import weakref

import characterization_support as support
import iama_compare
import iama_variations
import iama_write_tests

Text = type(u"")


def write(folder, name, content):
    with io.open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
        stream.write(content)


class Outer(object):
    class Inner(object):
        pass


class Values(unittest.TestCase):
    def test_type_families_differ_and_numbers_of_one_family_do_not(self):
        self.assertFalse(support.same(2, 2.0))
        self.assertFalse(support.same(1, True))
        self.assertFalse(support.same([1], (1,)))
        self.assertFalse(support.same(b"caf\xc3\xa9", u"caf\xe9"))
        self.assertTrue(support.same(u"abc", "abc"))
        self.assertTrue(support.same(2 ** 70 // 2 ** 69, 2))
        self.assertTrue(support.same({1: u"a", "b": set([2, 1])}, {"b": set([1, 2]), 1: "a"}))
        self.assertTrue(support.same(float("nan"), support.nan))

    def test_a_weak_reference_is_what_it_refers_to(self):
        kept, gone = set([1, 2]), set([3])
        alive, dead = weakref.ref(kept), weakref.ref(gone)
        del gone
        self.assertEqual([support.spelled(entry).text for entry in (alive, dead)], ["weak({1, 2})", "weak(None)"])
        self.assertTrue(support.same(alive, support.weak(set([2, 1]))))
        self.assertFalse(support.same(alive, support.weak(None)))

    def test_of_what_is_too_big_the_small_parts_are_told(self):
        table = dict((number, [number]) for number in range(1000))
        found = support.spelled({"big": table, "keys": [1, 2]})
        self.assertEqual((found.text, found.blocked), ("{'big': opaque('dict'), 'keys': [1, 2]}", ["it is too big"]))
        self.assertEqual(support.spelled(list(range(5000))).text, "opaque('list')")
        self.assertTrue(support.same({"big": table, "keys": [1, 2]}, {"big": support.opaque("dict"), "keys": [1, 2]}))
        self.assertFalse(support.same({"big": table, "keys": (1, 2)}, {"big": support.opaque("dict"), "keys": [1, 2]}))

    def test_a_class_within_another_is_called_the_same_in_both_versions(self):
        made = Outer.Inner()
        made.held = Outer.Inner
        self.assertEqual(support.spelled(made).text, "build('%s:Inner', held=opaque('type'))" % __name__)

    def test_an_order_takes_all_three_comparisons(self):
        class Odd(int):
            __hash__ = int.__hash__

            def __eq__(self, other):
                return False

        self.assertEqual([support.order(*pair) for pair in ((1, 1), (2, 1), (1, 2), (Odd(1), 1))], [0, 1, -1, None])

    def test_a_mismatch_says_where(self):
        self.assertEqual(repr(support.same([1, 2], [1, 3])), "<expected [1, 3] but got [1, 2]>")

    def test_expressions_build_what_they_were_spelled_from(self):
        values = [None, True, 10 ** 30, 0.1, float("inf"), 1j, "text", u"caf\xe9", b"\xff", [1, (2,)], {1: [2]}, set(), set([1]),
                  frozenset([2]), support.datetime(2001, 2, 3, 4, 5), support.struct_time((2001, 2, 3, 4, 5, 6, 5, 34, 0)),
                  support.timedelta(1, 2), support.Decimal("1.10"),
                  support.OrderedDict([(2, 1)]), support.Fraction(1, 3), support.deque([1], 3), slice(1, None), ValueError("x", 1),
                  support.memory_file(u"text\xe9", 2), support.binary_file(b"a", 1), len, dict, support.pattern("a+", 2)]
        for value in values:
            spelled = support.spelled(value, True)
            self.assertEqual(spelled.blocked, [])
            self.assertTrue(support.same(eval(spelled.text, dict(vars(support))), value), spelled.text)

    def test_spelling_runs_no_code_of_the_value(self):
        class Hostile(dict):
            def items(self):
                raise RuntimeError()
            __iter__ = __repr__ = __eq__ = __len__ = __reduce_ex__ = __getattribute__ = items
        self.assertIn("Hostile', {1: 2}", support.spelled(Hostile({1: 2})).text)

    def test_what_has_no_content_is_opaque(self):
        self.assertEqual([support.spelled(value).text for value in (iter([]), (x for x in ()), lambda: 0, object())], [
            "opaque('iterator')", "opaque('generator')", "opaque('function')", "opaque('object')"])
        self.assertTrue(support.spelled("x" * 10000).text.startswith("large('str', "))


class Messages(unittest.TestCase):
    def test_spelling_of_one_version_is_no_difference(self):
        self.assertTrue(support.says_the_same("'a' is not a <class 'str'>", "u'a' is not a <type 'unicode'>"))
        self.assertTrue(support.says_the_same("got 5", "got 5L"))
        self.assertTrue(support.says_the_same(u"no date: '\xe9\u20ac'", u"no date: u'\\xe9\\u20ac'"))
        self.assertFalse(support.says_the_same("'a' is bad", "'b' is bad"))

    def test_the_words_of_an_inner_builtin_exception_are_not_compared_but_those_around_them(self):
        inner = "unsupported operand type(s) for /: 'str' and 'int'"
        self.assertTrue(support.says_the_same("bad: %s!" % inner, "bad: cannot divide!", inner))
        self.assertFalse(support.says_the_same("bad: %s!" % inner, "worse: cannot divide!", inner))
        self.assertFalse(support.says_the_same("bad", "bad: cannot divide!", inner))

    @unittest.skipIf(sys.version_info[0] == 2, "Python 2 does not know the inner exception")
    def test_a_written_test_looks_past_the_words_of_an_inner_exception(self):
        def fails():
            try:
                int("x")
            except ValueError as error:
                raise RuntimeError("no number: %s" % error)
        with support.raises("RuntimeError", "no number: other words"):
            fails()
        with self.assertRaises(AssertionError):
            with support.raises("RuntimeError", "number: other words"):
                fails()


class Differences(unittest.TestCase):
    CALL = {"id": "c", "module": "m", "function": "f", "form": "function", "file": "m.py", "receiver": None, "drawn": None,
            "parameters": [], "arguments": [], "keywords": []}

    def compared(self, legacy, migrated):
        folder = tempfile.mkdtemp()
        try:
            for name, outcome in (("legacy", legacy), ("migrated", migrated)):
                write(folder, name, Text(json.dumps(dict(outcome, e="outcome", id="c")) + "\n"))
            write(folder, "calls", Text(json.dumps({"schema": "iama.calls/1", "calls": [self.CALL]})))
            paths = [os.path.join(folder, name) for name in ("calls", "legacy", "migrated", "out")]
            stream, sys.stdout = sys.stdout, support.Tape()
            try:
                iama_compare.main(["--calls", paths[0], "--legacy", paths[1], "--migrated", paths[2], "--out", paths[3]])
            finally:
                sys.stdout = stream
            with io.open(paths[3], encoding="ascii") as stream:
                return json.load(stream)
        finally:
            shutil.rmtree(folder)

    def test_what_was_not_run_for_want_of_time_is_left_out_with_the_reason(self):
        found = self.compared({"kind": "result", "value": "1"}, {"kind": "skipped"})
        self.assertEqual((found["differences"], [entry["reason"] for entry in found["excluded"]]),
                         ([], ["the time was up before the migrated code was run"]))

    def test_own_messages_are_compared(self):
        legacy = {"kind": "raise", "type": "m:E", "own": True, "message": "bad u'x'", "said": "bad u'x'"}
        kinds = [self.compared(legacy, dict(legacy, message=message, said=message))["kinds"] for message in ("bad 'x'", "bad 'y'")]
        self.assertEqual(kinds, [{}, {"error message": 1}])


class Files(unittest.TestCase):
    def test_a_file_that_needs_no_name_of_the_support_imports_none(self):
        file = iama_write_tests.TestFile("shop", "shop.py")
        file.add(dict(Differences.CALL, module="shop", function="now", replayed={"kind": "result", "value": "None"}))
        text = file.text(set())
        compile(text, "test.py", "exec")
        self.assertNotIn("characterization_support", text)
        self.assertIn("    assert shop.now() is None", text)


class Variations(unittest.TestCase):
    CALL = {"id": "c", "module": "m", "function": "f", "form": "function", "file": "m.py", "receiver": None, "drawn": None,
            "parameters": ["count", "names"], "arguments": ["3", "['a', 'b']"], "keywords": [["mode", "'x'"]]}

    def test_they_are_the_same_for_the_same_seed(self):
        made = [iama_variations.varied(self.CALL, seed, 8) for seed in (1, 1, 2)]
        self.assertEqual(made[0], made[1])
        self.assertNotEqual(made[0], made[2])
        self.assertEqual(len(made[0]), 10)
        self.assertTrue(any(";" in call["variation"] for call in made[0]))

    def test_every_type_has_boundaries(self):
        values = dict((text, [entry for _, entry in iama_variations.variants(text)]) for text in ("3", "'ab'", "[2, 1]", "{'k': 1}"))
        self.assertEqual(values["3"][:6], ["0", "1", "-1", "4", "2", "-3"])
        self.assertIn("u'ab\\xe9\\u20ac'", values["'ab'"])
        self.assertIn("[1, 2]", values["[2, 1]"])
        self.assertEqual(values["{'k': 1}"], ["{}", "{}", "None"])


if __name__ == "__main__":
    unittest.main()
