"""Recall, false alarms and speed of `iama scan` beside detect-secrets and kingfisher, in one run.

Recall: of texts drawn from the scanners' own rules, one file each, how many are told of on the lines where they stand. False alarms:
on the 2.7 library and 50 popular packages, what is told of and is no secret by the committed list of judgements. Speed: CPU
seconds, those of the processes started included. Exits with 1 when a bar is missed.
"""

import argparse
import bisect
import collections
import hashlib
import json
import os
import random
import resource
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import false_alarms
import secret_positives
import secret_rules

TOOLS = ("iama", "detect-secrets", "kingfisher")
SEED = 20261123
TIMES_FASTER = 100
PARTS = ("python2.7", "packages")
COMPILED = (".pyc", ".pyo", ".so", ".a")


def cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Scanners:
    """The programs, each run on a folder: what it tells of, as (path, line, rule, hash), and its CPU seconds."""

    def __init__(self, iama, peers):
        self.programs = {"iama": iama, "detect-secrets": str(peers / "detect-secrets"), "kingfisher": str(peers / "kingfisher")}

    def run(self, tool, folder):
        line = {
            "iama": ["scan", ".", "--ignored", "--json"],
            "detect-secrets": ["scan", "--all-files", "--force-use-all-plugins", "."],
            "kingfisher": ["scan", ".", "--no-validate", "--format", "json", "--no-update-check", "--no-dedup", "--no-ignore"],
        }[tool]
        before = cpu()
        done = subprocess.run([self.programs[tool], *line], cwd=folder, capture_output=True, text=True)
        used = cpu() - before
        if not done.stdout.lstrip().startswith("{"):
            sys.exit(f"{tool} told nothing: {done.stderr[-2000:]}")
        report, _ = json.JSONDecoder().raw_decode(done.stdout.lstrip())
        return sorted(set(getattr(self, tool.replace("-", "_"))(report, folder))), used

    def iama(self, report, _):
        return [(row["path"], row["line"], row["rule"], row["hash"]) for row in report["findings"]]

    def detect_secrets(self, report, _):
        rows = (row for rows in report["results"].values() for row in rows)
        return [(tidy(row["filename"]), row["line_number"], row["type"], row["hashed_secret"][:16]) for row in rows]

    def kingfisher(self, report, folder):
        rows = ((row["rule"]["id"], row["finding"]) for row in report["findings"])
        short = lambda text: hashlib.sha256(text.encode()).hexdigest()[:16]
        return [(tidy(row["path"], folder), row["line"], rule, short(row["snippet"])) for rule, row in rows]


def tidy(path, folder=None):
    relative = os.path.relpath(path, folder) if folder and os.path.isabs(path) else path
    return relative[2:] if relative.startswith("./") else relative


def megabytes(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


class Recall:
    """Texts of the rules, and who tells of them."""

    def __init__(self, scanners, folder, peers):
        self.scanners, self.folder = scanners, folder
        listed, unread = secret_rules.kingfisher(str(peers / "kingfisher"))
        self.rules = secret_rules.detect_secrets() + listed + secret_rules.gitleaks()
        shutil.rmtree(folder, ignore_errors=True)
        self.rows, self.missing = secret_positives.write(self.rules, folder, random.Random(SEED))
        self.missing += unread

    def measure(self):
        self.found = {}
        for tool in TOOLS:
            lines = collections.defaultdict(list)
            for path, line, _, _ in self.scanners.run(tool, self.folder)[0]:
                bisect.insort(lines[path], line)
            self.found[tool] = [any(first <= line <= last for line in lines[path]) for _, _, _, path, first, last, _ in self.rows]

    def share(self, tool, wanted):
        hits = [hit for hit, row in zip(self.found[tool], self.rows) if wanted(row)]
        return 100 * sum(hits) / max(1, len(hits)), len(hits)

    def show(self, missed):
        print(f"recall, in per cent, of {len(self.rows)} texts of {len(self.rules) - len(self.missing)} rules in {len(secret_positives.FORMATS)} formats (seed {SEED})")
        if self.missing:
            print("  not drawn: " + ", ".join(self.missing))
        print(f"  {'':44}" + "".join(f"{tool:>16}" for tool in TOOLS))
        for label, wanted in self.views():
            shares = [self.share(tool, wanted) for tool in TOOLS]
            print(f"  {label + f' ({shares[0][1]})':44}" + "".join(f"{share:16.1f}" for share, _ in shares))
        if missed:
            for row, hit in zip(self.rows, self.found["iama"]):
                if not hit:
                    print(f"    missed: {row[0]} {row[1]} {row[2]} {row[3]}")

    def views(self):
        views = [("all", lambda row: True), ("where the rule itself matches the file", lambda row: row[6])]
        views += [(f"rules of {peer}", lambda row, peer=peer: row[0] == peer) for peer in ("detect-secrets", "kingfisher", "gitleaks")]
        return views + [(f".{form}", lambda row, form=form: row[2] == form) for form in secret_positives.FORMATS]

    def bar(self):
        own, *others = [self.share(tool, lambda row: True)[0] for tool in TOOLS]
        return own > max(others), f"recall {own:.1f} %, peers {', '.join(f'{other:.1f}' for other in others)}"


class Alarms:
    """What is told of in code that others have published, against the judgements."""

    def __init__(self, scanners, folder, judged):
        self.scanners, self.folder, self.judged_file = scanners, folder, judged
        self.judged = json.loads(judged.read_text())["judged"] if judged.exists() else []

    def measure(self, tools):
        self.size = megabytes(self.folder)
        self.found, self.costs = {}, {}
        for tool in tools:
            self.found[tool] = []
            for part in PARTS:
                rows, self.costs[tool, part] = self.scanners.run(tool, self.folder / part)
                self.found[tool] += [(f"{part}/{path}", *rest) for path, *rest in rows]

    def verdicts(self, tool):
        """How many are secrets, how many are none, and those that nobody has judged.

        A judgement is of a place, a rule and a hash. Scanners cut a secret out in different ways, so what another one tells of at a
        line that holds a secret counts as that secret.
        """
        exact = {(row["path"], row["rule"], row["hash"]): row["secret"] for row in self.judged if row["tool"] == tool}
        secrets = {(row["path"], row["line"]) for row in self.judged if row["secret"]}
        counts, open_ones = collections.Counter(), []
        for path, line, rule, digest in self.found[tool]:
            verdict = exact.get((path, rule, digest), True if (path, line) in secrets else None)
            counts[verdict] += 1
            if verdict is None:
                open_ones.append((path, line, rule, digest))
        return counts[True], counts[False], open_ones

    def show(self, unjudged):
        print(f"false alarms on {self.size:.1f} MB of published code")
        print(f"  {'':16}{'told':>8}{'secrets':>9}{'none':>7}{'unjudged':>10}{'judged none per MB':>22}")
        for tool in self.found:
            secrets, none, open_ones = self.verdicts(tool)
            told = len(self.found[tool])
            print(f"  {tool:16}{told:8}{secrets:9}{none:7}{len(open_ones):10}{none / self.size:22.4f}")
            for row in open_ones if unjudged and tool != "detect-secrets" else []:
                print("    unjudged: " + json.dumps({"tool": tool, **dict(zip(("path", "line", "rule", "hash"), row))}))

    def rate(self, tool):
        """False alarms per MB at most for iama, where what nobody has judged counts, and at least for the others."""
        _, none, open_ones = self.verdicts(tool)
        return (none + (len(open_ones) if tool == "iama" else 0)) / self.size

    def bar(self):
        own, best = self.rate("iama"), min(self.rate(tool) for tool in self.found if tool != "iama")
        return own <= best, f"{own:.4f} false alarms per MB at most, the better peer {best:.4f} at least"


def published(arguments):
    """The 2.7 library without what is compiled, and the packages, in one folder."""
    folder, ready = arguments.work / "published", arguments.work / "published.ready"
    if not ready.exists():
        shutil.rmtree(folder, ignore_errors=True)
        leave_out = lambda _, names: [name for name in names if name.endswith(COMPILED) or name == "site-packages"]
        shutil.copytree(arguments.library, folder / "python2.7", ignore=leave_out)
        arguments.wheels.mkdir(parents=True, exist_ok=True)
        for pin in false_alarms.PACKAGES:
            false_alarms.unpack(false_alarms.wheel_of(pin, arguments.wheels, arguments.python), folder / "packages" / pin, True)
        ready.write_text("")
    return folder


def speed(alarms, library):
    """MB a CPU second of each on the 2.7 library."""
    size = megabytes(library)
    costs = {tool: alarms.costs[tool, PARTS[0]] for tool in TOOLS}
    costs["iama"] = sorted(alarms.scanners.run("iama", library)[1] for _ in range(5))[2]
    print(f"speed on the 2.7 library, {size:.1f} MB, CPU seconds")
    for tool in TOOLS:
        times = costs["detect-secrets"] / costs[tool]
        print(f"  {tool:16}{costs[tool]:10.2f}{size / costs[tool]:10.2f} MB/s{times:10.1f} x detect-secrets")
    times = costs["detect-secrets"] / costs["iama"]
    return times >= TIMES_FASTER, f"{times:.0f} x the throughput of detect-secrets (bar {TIMES_FASTER})"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iama", required=True)
    parser.add_argument("--peers", required=True, type=Path, help="the folder of detect-secrets' and kingfisher's programs")
    parser.add_argument("--python", required=True, help="an interpreter with pip that can download the packages")
    parser.add_argument("--library", required=True, type=Path, help="the 2.7 library")
    parser.add_argument("--wheels", required=True, type=Path, help="a folder for the wheels")
    parser.add_argument("--work", required=True, type=Path)
    parser.add_argument("--judged", required=True, type=Path)
    parser.add_argument("--missed", action="store_true", help="name the texts that iama misses")
    parser.add_argument("--unjudged", action="store_true", help="name what nobody has judged")
    parser.add_argument("--quick", action="store_true", help="leave detect-secrets out where it takes minutes")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    arguments.work.mkdir(parents=True, exist_ok=True)
    scanners = Scanners(arguments.iama, arguments.peers)
    recall = Recall(scanners, arguments.work / "positives", arguments.peers)
    recall.measure()
    recall.show(arguments.missed)
    folder = published(arguments)
    alarms = Alarms(scanners, folder, arguments.judged)
    alarms.measure([tool for tool in TOOLS if not (arguments.quick and tool == "detect-secrets")])
    alarms.show(arguments.unjudged)
    bars = [recall.bar(), alarms.bar()]
    if not arguments.quick:
        bars.append(speed(alarms, folder / PARTS[0]))
    for passed, text in bars:
        print(("passed: " if passed else "MISSED: ") + text)
    return 0 if all(passed for passed, _ in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
