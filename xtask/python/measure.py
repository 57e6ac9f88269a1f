"""Runs a command several times and prints what each run cost, as one line of JSON.

    measure.py RUNS STDIN COMMAND...

STDIN is a file that the command reads, or `-` for nothing. CPU and wall times are in seconds, the peak of resident memory in
MiB; all of them hold for the command and the processes that it waited for.
"""

import json
import os
import subprocess
import sys
import time


def once(stdin, command):
    with open(os.devnull if stdin == "-" else stdin, "rb") as given:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    return {
        "cpu": usage.ru_utime + usage.ru_stime,
        "wall": wall,
        "peak": usage.ru_maxrss / 1024.0,
        "exit": os.waitstatus_to_exitcode(status),
    }


def main():
    runs, stdin, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    print(json.dumps([once(stdin, command) for _ in range(runs)]))


main()
