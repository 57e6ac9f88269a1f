"""Run the recipes over popular packages that are Python 3 only: nothing may change.

Downloads the wheels of PACKAGES into a cache with pip (no dependencies), unpacks each one, and runs
`iama recipes run --check` on it once as it is and once without its packaging metadata, for each target version. Every
file that would change is a false alarm and is printed with its diff; exits with 1 when there was one.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGES = """
requests==2.34.2 flask==3.1.3 attrs==26.1.0 click==8.5.1 jinja2==3.1.6 rich==15.0.0 httpx==0.28.1 django==6.1.3
pytest==9.2.0 werkzeug==3.1.9 starlette==1.10.0 fastapi==0.163.2 marshmallow==4.4.0 celery==5.7.0 packaging==26.3
setuptools==84.2.1 poetry-core==2.5.0 hatchling==1.33.0 virtualenv==21.15.7 sphinx==9.2.0 docutils==0.23
pygments==2.21.0 pylint==4.1.4 astroid==4.3.4 anyio==4.16.0 trio==0.35.0 httpcore==1.0.9 idna==3.20 urllib3==2.8.0
tqdm==4.70.1 jsonschema==4.26.0 networkx==3.7 sympy==1.14.0 boto3==1.44.5 botocore==1.44.5 scrapy==2.19.0
twisted==26.10.0 paramiko==5.1.0 arrow==1.4.0 pluggy==1.7.0 cattrs==26.2.1 structlog==26.1.0 beautifulsoup4==4.15.0
markdown==3.11.3 babel==2.18.0 textual==8.2.8 prompt-toolkit==3.0.53 ipython==9.18.1 gunicorn==27.0.1 redis==8.1.0
""".split()

TARGETS = ("3.11", "3.13")
METADATA = ("*.dist-info", "*.egg-info", "pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "requirements*.txt")


def wheel_of(pin, cache, python):
    """The cached wheel of a pin, downloaded when it is not there yet."""
    name, version = pin.split("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl".lower()

    def cached():
        return next((path for path in sorted(cache.iterdir()) if Path(path.name.lower()).match(pattern)), None)

    if cached() is None:
        options = ["--quiet", "--no-deps", "--only-binary=:all:", "-d", str(cache)]
        subprocess.run([python, "-m", "pip", "download", *options, pin], check=True)
    return cached()


def unpack(wheel, folder, metadata):
    """Unpack a wheel into an empty folder, with or without its packaging metadata."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    if not metadata:
        for pattern in METADATA:
            for path in sorted(folder.rglob(pattern)):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def recipes(iama, folder, target, mode):
    """Run the recipes in a mode that writes nothing; the exit code and the output."""
    command = [iama, "recipes", "run", mode, "--strategy", "comprehensive", "--target-version", target, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    return done.returncode, done.stdout + done.stderr


def examine(pin, wheel, iama, scratch):
    """One row of results, and the diff of each check that found something."""
    row, alarms = [], []
    for metadata in (True, False):
        folder = Path(scratch) / ("with" if metadata else "without") / pin
        unpack(wheel, folder, metadata)
        for target in TARGETS:
            code, _ = recipes(iama, folder, target, "--check")
            row.append("ok" if code == 0 else "ALARM")
            if code != 0:
                alarms.append((metadata, target, recipes(iama, folder, target, "--diff")[1]))
        shutil.rmtree(folder)
    return row, alarms


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iama", required=True)
    parser.add_argument("--python", required=True, help="an interpreter with pip, no older than the newest target")
    parser.add_argument("--cache", required=True, type=Path, help="a folder for the wheels")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    heads = [f"{kind} {target}" for kind in ("with", "bare") for target in TARGETS]
    print(f"{'package':32}", *(f"{head:>10}" for head in heads))
    found = 0
    with tempfile.TemporaryDirectory() as scratch:
        for pin in PACKAGES:
            row, alarms = examine(pin, wheel_of(pin, arguments.cache, arguments.python), arguments.iama, scratch)
            print(f"{pin:32}", *(f"{word:>10}" for word in row), flush=True)
            for metadata, target, output in alarms:
                print(f"    {'with' if metadata else 'without'} metadata, target {target}:")
                print("".join(f"    {line}\n" for line in output.splitlines()))
            found += bool(alarms)
    print(f"{len(PACKAGES) - found} passed, {found} failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
