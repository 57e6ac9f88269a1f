"""Mutants per minute of the runner and of mutmut 2.5.1 and 3.8.1, on one project, with the same tests and cores.

    python3 bench_mutation.py [--project DIR --source PACKAGE --tests FOLDER] [--seconds 60] [--workers N] [--python PYTHON]
                              [--bars]

With ``--bars`` it fails below 20 times the mutants a minute of 2.5.1, or not above those of 3.8.1 (`cargo xtask mutation-bench`
does this on a published package). Without a project a small one is generated. Each tool makes its own mutants (ours: tokens, see simple_mutants.py) and gets the
same time; what it did by then is counted. ``tried``: mutants for which at least one test ran. Environments are made below
the user's cache folder on first use. Python 3.8 or later; the interpreter measured has to be 3.10 or later.
"""
import argparse
import glob
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import simple_mutants

FOLDER = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "iama", "mutation-bench")
PYTEST = "pytest==7.4.4"


def environment(python, requirement):
    """The interpreter of a virtual environment with pytest and a tool."""
    folder = os.path.join(CACHE, requirement.replace("==", "-") or "plain")
    if not os.path.exists(os.path.join(folder, "ready")):
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", folder], check=True)
        pip = [os.path.join(folder, "bin", "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", PYTEST]
        subprocess.run(pip + ([requirement] if requirement else []), check=True)
        open(os.path.join(folder, "ready"), "w").close()
    return os.path.join(folder, "bin", "python")


def generated(folder, count=40):
    """A project of small functions, each with tests of its own."""
    os.makedirs(os.path.join(folder, "sums"))
    os.makedirs(os.path.join(folder, "tests"))
    code, tests = [], ["from sums import core\n"]
    for number in range(count):
        code.append("def part_%d(values, limit=%d):\n    total = 0\n    for value in values:\n        if value > limit:\n"
                    "            total = total + value * 2\n        else:\n            total = total - 1\n    return total\n\n" % (number, number))
        tests.append("\ndef test_part_%d():\n    assert core.part_%d([1, 50, 60]) == 219 + %d\n    assert core.part_%d([]) == 0\n"
                     % (number, number, 3 * int(number == 0), number))
    for path, parts in (("sums/__init__.py", []), ("sums/core.py", code), ("tests/__init__.py", []), ("tests/test_core.py", tests)):
        with open(os.path.join(folder, path), "w") as stream:
            stream.write("".join(parts))
    return "sums", "tests"


def limited(command, folder, seconds, **variables):
    """Runs a command in a group of its own and ends it after its time; seconds that it took."""
    began = time.monotonic()
    with open(os.path.join(folder, "..", "output.txt"), "ab") as output:
        process = subprocess.Popen(command, cwd=folder, env=dict(os.environ, **variables), stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=output, start_new_session=True)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        took = time.monotonic() - began
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except OSError:
            pass
        process.wait()
    return took


def ours(root, options, python):
    sources = sorted(os.path.relpath(path, root) for path in
                     glob.glob(os.path.join(root, options.source, "**", "*.py"), recursive=True))
    found = [mutant for path in sources for mutant in simple_mutants.mutants(os.path.join(root, path), path)]
    random.Random(1).shuffle(found)
    tests = sorted(os.path.relpath(path, root) for path in glob.glob(os.path.join(root, options.tests, "test*.py")))
    plan = {"schema": "iama.mutation/1", "runner": "pytest", "files": tests, "pythonpath": ["."], "workers": options.workers,
            "whole_seconds": options.seconds, "mutants": found}
    scratch = os.path.join(root, "..", "scratch")
    os.makedirs(scratch)
    with open(os.path.join(scratch, "plan.json"), "w") as stream:
        json.dump(plan, stream)
    command = [python, os.path.join(FOLDER, "iama_mutation.py"), "--plan", "../scratch/plan.json", "--events", "../scratch/ev.jsonl"]
    took = limited(command, root, options.seconds + 60, PYTHONHASHSEED="0")
    with open(os.path.join(scratch, "ev.jsonl")) as stream:
        verdicts = [event for event in map(json.loads, stream) if event["e"] == "mutant"]
    done = [event["status"] for event in verdicts if event["status"] != "not_run"]
    return done, sum(event["tests"] > 0 for event in verdicts), took


def mutmut2(root, options, python):
    tests = "%s -m pytest -x -q -p no:cacheprovider %s" % (python, options.tests)
    command = [os.path.join(os.path.dirname(python), "mutmut"), "run", "--paths-to-mutate", options.source, "--tests-dir",
               options.tests, "--runner", tests, "--simple-output", "--no-progress"]
    took = limited(command, root, options.seconds, PYTHONPATH=root)
    cache = os.path.join(root, ".mutmut-cache")
    if not os.path.exists(cache):
        return [], 0, took
    with sqlite3.connect(cache) as database:
        done = [row[0] for row in database.execute("select status from Mutant where status != 'untested'")]
    return done, len(done), took


def mutmut3(root, options, python):
    with open(os.path.join(root, "setup.cfg"), "a") as stream:
        stream.write("\n[mutmut]\nsource_paths=%s\npytest_add_cli_args_test_selection=%s\nalso_copy=%s\n"
                     % (options.source, options.tests, options.tests))
    command = [os.path.join(os.path.dirname(python), "mutmut"), "run", "--max-children", str(options.workers)]
    took = limited(command, root, options.seconds)
    done = []
    for path in glob.glob(os.path.join(root, "mutants", "**", "*.meta"), recursive=True):
        with open(path) as stream:
            done += [code for code in json.load(stream)["exit_code_by_key"].values() if code is not None]
    # 33: no test reaches it.
    return done, sum(code != 33 for code in done), took


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--project")
    parser.add_argument("--source", default="sums")
    parser.add_argument("--tests", default="tests")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--bars", action="store_true")
    options = parser.parse_args()
    rates = {}
    for name, requirement, measure in (("iama", "", ours), ("mutmut 3.8.1", "mutmut==3.8.1", mutmut3),
                                       ("mutmut 2.5.1", "mutmut==2.5.1", mutmut2)):
        python = environment(options.python, requirement)
        with tempfile.TemporaryDirectory() as folder:
            root = os.path.join(folder, "project")
            if options.project:
                shutil.copytree(options.project, root)
            else:
                generated(root)
            done, tried, took = measure(root, options, python)
            rates[name] = len(done) * 60 / took, tried * 60 / took
            counts = ", ".join("%s %d" % (state, done.count(state)) for state in sorted(set(done), key=str))
            print("%-13s %6d mutants, %6d tried, %6.1f s: %8.1f a minute, %8.1f tried a minute   (%s)"
                  % ((name, len(done), tried, took) + rates[name] + (counts,)), flush=True)
            if not done:
                with open(os.path.join(folder, "output.txt"), errors="replace") as stream:
                    print(stream.read()[-1500:])
    missed = []
    for name, bar in (("mutmut 3.8.1", 1), ("mutmut 2.5.1", 20)):
        ratios = [ours / theirs if theirs else float("inf") for ours, theirs in zip(rates["iama"], rates[name])]
        print("iama / %s: %.1f x (tried only: %.1f x; bar %d x)" % (name, ratios[0], ratios[1], bar))
        if ratios[0] <= bar:
            missed.append(name)
    if options.bars and (missed or not rates["iama"][0]):
        sys.exit("below the bar: %s" % (", ".join(missed) or "nothing was tried"))


if __name__ == "__main__":
    main()
