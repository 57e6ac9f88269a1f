# -*- coding: utf-8 -*-
"""Tests of the rules by which a difference says nothing against the migrated code, and of long numbers. Python 2.7 and 3.

    PYTHON -m unittest test_rules        (2.7 and 3.6 to 3.13, in this folder)
"""
import unittest

import characterization_support as support
import iama_compare
import iama_select


def call(argument, **more):
    made = {"id": "i", "module": "lib", "function": "f", "form": "function", "file": "lib.py", "receiver": None,
            "arguments": [argument], "parameters": ["text"], "keywords": []}
    return dict(made, **more)


def result(value):
    return {"kind": "result", "value": support.Text(value)}


def raises(name, own=False, said="said"):
    return {"kind": "raise", "type": name, "own": own, "message": said if own else None, "said": said}


def rule(given, legacy, migrated):
    """The rule for one call, where the tests gave a text to the function."""
    part = iama_compare.part_that_differs(legacy, migrated)
    found = {"legacy": legacy, "migrated": migrated, "kind": iama_compare.kind_of(given, part, legacy, migrated)}
    return iama_compare.rule_for(given, found, iama_compare.shapes_seen([call("'seen'"), given]))


class Rules(unittest.TestCase):
    def check(self, argument, legacy, migrated, expected):
        self.assertEqual(rule(call(argument, grown=True), legacy, migrated), expected)

    def test_an_argument_that_both_refuse_may_be_refused_in_other_words(self):
        self.check("7", raises("AttributeError"), raises("TypeError"), "refused by both")
        self.check("'k'", raises("KeyError"), raises("TypeError"), None)

    def test_what_ascii_alone_stood_in_the_way_of_may_work_now(self):
        self.check(r"u'\xe9'", raises("UnicodeEncodeError"), result("1"), "implicit ASCII")

    def test_an_odd_argument_may_be_taken_now_and_a_usual_one_may_not(self):
        self.check("[1]", raises("TypeError"), result("1"), "refused before")
        self.check("'other'", raises("TypeError"), result("1"), None)

    def test_bytes_may_be_refused_by_what_takes_text(self):
        said = raises("TypeError", said="a bytes-like object is required, not 'str'")
        self.check(r"b'\xc3'", result("1"), said, "bytes for text")
        self.check("'other'", result("1"), said, None)

    def test_nothing_is_odd_where_the_tests_give_nothing(self):
        given = dict(call("[1]", grown=True), function="g")
        self.assertEqual(rule(given, raises("TypeError"), result("1")), None)

    def test_unlike_things_may_have_no_order(self):
        said = raises("TypeError", said="'<' not supported between instances of 'int' and 'str'")
        self.check("{'a': 1}", result("1"), said, "unlike types")
        self.check("'other'", result("1"), said, None)

        self.check("{'a': 1}", raises("ValueError", own=True), said, None)
        given = call("7", function="cmp", grown=True, brought=["lib"], arguments=["7", "'a'"], parameters=["x", "y"])
        self.assertEqual(rule(given, result("-1"), result("1")), "unlike types")
        self.assertEqual(rule(dict(given, arguments=["7", "8"]), result("-1"), result("1")), None)
        self.assertEqual(rule(dict(given, grown=False), result("-1"), result("1")), None)

    def test_what_was_too_big_may_fit_now(self):
        self.check("7", raises("OverflowError"), raises("IndexError"), "too big before")
        self.check("7", raises("OverflowError", own=True), result("1"), None)

    def test_other_results_and_exceptions_of_the_project_are_findings(self):
        self.check("[1]", result("1"), result("2"), None)
        self.check("[1]", raises("lib:Odd", own=True), result("2"), None)
        self.check("[1]", result("1"), raises("lib:Odd", own=True), None)
        self.check("[1]", result("1"), raises("TypeError"), None)

    def test_calls_that_tests_make_come_under_no_rule_but_that_of_reprs(self):
        self.assertEqual(rule(call("7"), raises("AttributeError"), raises("TypeError")), None)
        self.assertEqual(rule(call("'a'"), result('"[u\'a\', 1L]"'), result('"[\'a\', 1]"')), "reprs")
        self.assertEqual(rule(call("'a'"), result('"set([1]) <type \'int\'>"'), result('"{1} <class \'int\'>"')), "reprs")
        self.assertEqual(rule(call("'a'"), result('"[\'a\']"'), result('"[b\'a\']"')), None)
        module = '"<module \'os\' %s>"'
        self.assertEqual(rule(call("'a'"), result(module % "from '/usr/os.pyc'"), result(module % "(frozen)")), "reprs")
        self.assertEqual(rule(call("'a'"), result(module % "(frozen)"), result(module.replace("os", "io") % "(frozen)")), None)

    def test_messages_may_name_modules_and_methods_as_each_version_does(self):
        for before, after in (("no <module 'os' from '/usr/os.pyc'>", "no <module 'os' (frozen)>"),
                              ("a <type 'instancemethod'>", "a <class 'method'>")):
            self.assertTrue(support.says_the_same(after, before))
        self.assertFalse(support.says_the_same("no <module 'io' (frozen)>", "no <module 'os' (frozen)>"))


class Kinds(unittest.TestCase):
    def test_what_was_printed_may_have_quotes_that_enclose_no_string(self):
        legacy, migrated = (dict(result("None"), stdout=support.Text("don't %s\nit's\n") % word) for word in ("stop", "go"))
        part = iama_compare.part_that_differs(legacy, migrated)
        self.assertEqual((part, iama_compare.kind_of(call("1"), part, legacy, migrated)), ("stdout", "output"))


class Addresses(unittest.TestCase):
    def test_outcomes_that_differ_in_addresses_alone_are_settled_without_them(self):
        first, second = result("(140234567890123, 'a', 123456)"), result("(9804992, 'a', 123456)")
        self.assertEqual(iama_select.settled([first, second]), [result("(address, 'a', 123456)")] * 2)

    def test_outcomes_that_differ_otherwise_or_not_at_all_stay_as_they_are(self):
        for pair in ([result("(140234567890123, 7)"), result("(139999999990123, 8)")], [result("1234567890123")] * 2,
                     [result("'140234567890123'"), result("'139999999990123'")]):
            self.assertEqual(iama_select.settled(pair), pair)

    def test_a_written_test_takes_any_long_number_for_an_address(self):
        self.assertIs(support.same((id(self) + (1 << 40), "a"), (support.address, "a")), True)
        self.assertFalse(support.same((7, "a"), (support.address, "a")))


if __name__ == "__main__":
    unittest.main()
