"""Runs one scenario and writes down what shows of it from outside. CPython 2.7 and 3.6 to 3.13, standard library only.

    iama_scenario.py --plan PLAN --out OUT

PLAN is JSON: ``command`` (words), ``root`` (the project's copy, where it starts), ``environment``, ``stdin`` and ``files``
(base64), ``seconds``, ``keep_bytes`` and ``keep_files`` (bounds of what is kept), and for a server ``requests`` and
``ready_seconds``. ``{port}`` in a word or a variable becomes a free port. OUT is JSON: ``exit``, ``timed_out``, ``stdout``,
``stderr``, ``files``, ``responses``, ``port``, ``pid`` and ``failure``, a sentence where the scenario could not be carried out.
Whatever the command does, nothing that it started is left.
"""

import argparse
import base64
import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

TEXT = type(u"")
HOSTS = (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6))
POLL = 0.02
LEFT_OUT = ("__pycache__", ".git", ".hg", ".svn", ".iama")
WHOLE_BYTES = 64 << 20


class Failure(Exception):
    """The scenario cannot be carried out; the message is a sentence."""


def kept(data, bound, size=None, digest=None):
    """Bytes as JSON: all of them, or where they are too many what tells them from others."""
    size = len(data) if size is None else size
    if size <= bound:
        return {"bytes": size, "base64": base64.b64encode(data).decode("ascii")}
    return {"bytes": size, "sha256": digest or hashlib.sha256(data).hexdigest()}


class Stream(threading.Thread):
    """Reads a pipe to its end and keeps a bounded part."""

    def __init__(self, pipe, bound):
        threading.Thread.__init__(self)
        self.daemon = True
        self.pipe, self.bound = pipe, bound
        self.parts, self.size, self.digest = [], 0, hashlib.sha256()
        self.start()

    def run(self):
        while True:
            try:
                data = os.read(self.pipe.fileno(), 65536)
            except (OSError, ValueError):
                return
            if not data:
                return
            self.digest.update(data)
            if self.size <= self.bound:
                self.parts.append(data)
            self.size += len(data)

    def seen(self):
        return kept(b"".join(self.parts), self.bound, self.size, self.digest.hexdigest())

    def tail(self):
        text = b"".join(self.parts)[-2000:].decode("utf-8", "replace").strip()
        return text.splitlines()[-1] if text else u""


def feed(pipe, data):
    """Writes the standard input from a thread of its own; a command that reads nothing is no failure."""

    def write():
        try:
            pipe.write(data)
            pipe.close()
        except (IOError, OSError, ValueError):
            pass

    thread = threading.Thread(target=write)
    thread.daemon = True
    thread.start()


def inside(root, path):
    """The place of a file that a scenario names: below the root and nowhere else."""
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or not path:
        raise Failure(u"%s does not lie in the project" % path)
    return os.path.join(root, *parts)


def put_files(root, files):
    for path, data in sorted(files.items()):
        place = inside(root, path)
        folder = os.path.dirname(place)
        if not os.path.isdir(folder):
            os.makedirs(folder)
        with io.open(place, "wb") as out:
            out.write(base64.b64decode(data))


def as_text(name):
    return name if isinstance(name, TEXT) else name.decode("utf-8", "replace")


def look(root):
    """Every file below the root with what tells whether it was changed."""
    found = {}
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in sorted(names + links):
            place = os.path.join(folder, name)
            if name.endswith((".pyc", ".pyo")):
                continue
            try:
                found[os.path.relpath(place, root)] = state(place)
            except (IOError, OSError):
                found[os.path.relpath(place, root)] = ("unreadable",)
    return found


def state(place):
    if os.path.islink(place):
        return ("link", os.readlink(place))
    if not os.path.isfile(place):
        return ("special",)
    size = os.path.getsize(place)
    if size > WHOLE_BYTES:
        return ("large", size, os.path.getmtime(place))
    digest = hashlib.sha256()
    with io.open(place, "rb") as data:
        for part in iter(lambda: data.read(1 << 20), b""):
            digest.update(part)
    return ("file", size, digest.hexdigest())


def written(root, before, bound, most):
    """What was written, changed or removed below the root."""
    after = look(root)
    changed = [path for path in sorted(set(before) | set(after)) if before.get(path) != after.get(path)]
    rows = []
    for path in changed[:most]:
        row = {"path": as_text(path.replace(os.sep, "/"))}
        now = after.get(path)
        if now is None:
            row["removed"] = True
        elif now[0] == "link":
            row["content"] = kept(b"link to " + as_text(now[1]).encode("utf-8"), bound)
        elif now[0] == "file" and now[1] <= bound:
            with io.open(os.path.join(root, path), "rb") as data:
                row["content"] = kept(data.read(), bound)
        elif now[0] == "file":
            row["content"] = {"bytes": now[1], "sha256": now[2]}
        else:
            row["content"] = kept(now[0].encode("ascii"), bound)
        rows.append(row)
    return rows, len(changed)


def free_port():
    for host, family in HOSTS:
        try:
            listener = socket.socket(family, socket.SOCK_STREAM)
        except (OSError, socket.error):
            continue
        try:
            listener.bind((host, 0))
            return listener.getsockname()[1]
        except (OSError, socket.error):
            continue
        finally:
            listener.close()
    raise Failure(u"no socket can be opened here, so no server can be asked")


def connect(port, seconds):
    for host, family in HOSTS:
        link = None
        try:
            link = socket.socket(family, socket.SOCK_STREAM)
            link.settimeout(seconds)
            link.connect((host, port))
            return link
        except (OSError, socket.error):
            if link is not None:
                link.close()
    return None


class Run(object):
    """A command with everything that it starts."""

    def __init__(self, plan, port):
        fill = lambda text: text.replace(u"{port}", TEXT(port)) if port else text
        words = [native(fill(word)) for word in plan["command"]]
        environment = dict(os.environ)
        environment.update((native(name), native(fill(value))) for name, value in plan["environment"].items())
        bound = plan["keep_bytes"]
        try:
            self.process = subprocess.Popen(
                words, cwd=plan["root"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, preexec_fn=os.setsid, close_fds=True)
        except (IOError, OSError) as error:
            raise Failure(u"%s cannot be started: %s" % (plan["command"][0], as_text(str(error))))
        self.out, self.err = Stream(self.process.stdout, bound), Stream(self.process.stderr, bound)
        feed(self.process.stdin, base64.b64decode(plan["stdin"]))

    def wait(self, seconds):
        """The exit code; None when the time is up first."""
        until = time.time() + seconds
        while time.time() < until:
            if self.process.poll() is not None:
                return self.process.returncode
            time.sleep(POLL)
        return self.process.poll()

    def end(self, patience):
        """Ends the command and what it started."""
        self.kill(signal.SIGTERM if patience else signal.SIGKILL)
        if patience:
            self.wait(patience)
            self.kill(signal.SIGKILL)
        self.process.wait()
        for stream in (self.out, self.err):
            stream.join(2)

    def kill(self, how):
        try:
            os.killpg(self.process.pid, how)
        except (OSError, IOError):
            pass


def native(text):
    """Text as the interpreter's own strings."""
    return text if str is TEXT else text.encode("utf-8")


def await_port(run, port, seconds):
    until = time.time() + seconds
    while time.time() < until:
        if run.process.poll() is not None:
            said = run.err.tail() or run.out.tail()
            raise Failure(u"the server ended with %d before it listened: %s" % (run.process.returncode, said))
        link = connect(port, 1)
        if link is not None:
            link.close()
            return
        time.sleep(POLL)
    raise Failure(u"the server did not listen on its port within %g s" % seconds)


def ask(request, port, seconds, bound):
    """One request on a connection of its own; redirects are not followed."""
    body = base64.b64decode(request["body"])
    head = [u"%s %s HTTP/1.1" % (request["method"], request["path"])]
    names = set(name.lower() for name, _ in request["headers"])
    headers = [] if u"host" in names else [[u"Host", u"127.0.0.1:%d" % port]]
    headers += request["headers"] + [[u"Connection", u"close"]]
    if (body or request["method"] in (u"POST", u"PUT", u"PATCH")) and u"content-length" not in names:
        headers.append([u"Content-Length", TEXT(len(body))])
    head += [u"%s: %s" % (name, value.replace(u"{port}", TEXT(port))) for name, value in headers]
    link = connect(port, seconds)
    if link is None:
        raise Failure(u"the server no longer listens when it is asked for %s" % request["path"])
    try:
        link.sendall((u"\r\n".join(head) + u"\r\n\r\n").encode("latin-1", "replace") + body)
        return answer(link, request["method"], seconds, bound)
    except socket.timeout:
        raise Failure(u"the server did not answer %s %s within %g s" % (request["method"], request["path"], seconds))
    except (OSError, socket.error) as error:
        raise Failure(u"the connection broke at %s: %s" % (request["path"], as_text(str(error))))
    finally:
        link.close()


def receive(link, data, enough, until):
    """Reads on until there is enough, or the other side has no more."""
    while not enough(data) and len(data) < WHOLE_BYTES:
        if time.time() > until:
            raise socket.timeout()
        part = link.recv(65536)
        if not part:
            break
        data += part
    return data


def answer(link, method, seconds, bound):
    until = time.time() + seconds
    data = receive(link, b"", lambda seen: b"\r\n\r\n" in seen or b"\n\n" in seen, until)
    head, body = parted(data)
    head = head.decode("latin-1").replace(u"\r\n", u"\n").split(u"\n")
    words = head[0].split(None, 2)
    if len(words) < 2 or not words[1].isdigit():
        raise Failure(u"the answer is no HTTP: %s" % head[0][:80])
    headers = []
    for line in head[1:]:
        name, _, value = line.partition(u":")
        headers.append([name.strip().lower(), value.strip()])
    known = dict(headers)
    status = int(words[1])
    if method == u"HEAD" or status in (204, 304) or 100 <= status < 200:
        body = b""
    elif known.get(u"transfer-encoding", u"").lower() == u"chunked":
        body = unchunked(receive(link, body, lambda seen: seen.endswith(b"0\r\n\r\n"), until))
    else:
        length = known.get(u"content-length", u"")
        size = int(length) if length.isdigit() else WHOLE_BYTES
        body = receive(link, body, lambda seen: len(seen) >= size, until)[:size]
    return {"status": status, "headers": headers, "body": kept(body, bound)}


def parted(data):
    """Head and body. Sloppy servers end their lines without a carriage return."""
    ends = [(data.find(end), len(end)) for end in (b"\r\n\r\n", b"\n\n")]
    at, length = min([found for found in ends if found[0] >= 0] or [(len(data), 0)])
    return data[:at], data[at + length:]


def unchunked(data):
    parts = []
    while data:
        line, _, rest = data.partition(b"\r\n")
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            raise Failure(u"a chunk of the answer has no size")
        if not size:
            break
        parts.append(rest[:size])
        data = rest[size + 2:]
    return b"".join(parts)


def serve(plan, seen):
    port = seen["port"] = free_port()
    run = Run(plan, port)
    seen["pid"] = run.process.pid
    try:
        await_port(run, port, plan["ready_seconds"])
        for request in plan["requests"]:
            seen["responses"].append(ask(request, port, plan["seconds"], plan["keep_bytes"]))
    except Failure as failure:
        run.end(0.5)
        said = run.err.tail()
        raise Failure(u"%s%s" % (failure, u" (%s)" % said if said and said not in as_text(TEXT(failure)) else u""))
    finally:
        run.end(2)


def execute(plan, seen):
    port = seen["port"] = free_port() if plan["wants_port"] else None
    run = Run(plan, port)
    seen["pid"] = run.process.pid
    code = run.wait(plan["seconds"])
    seen["timed_out"] = code is None
    run.end(0)
    seen["exit"] = code
    seen["stdout"], seen["stderr"] = run.out.seen(), run.err.seen()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plan", required=True)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    with io.open(options.plan, encoding="utf-8") as text:
        plan = json.load(text)
    # Signals that end a server must not be inherited as ignored.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    seen = {"exit": None, "timed_out": False, "stdout": None, "stderr": None, "files": [], "files_changed": 0,
            "responses": [], "port": None, "pid": None, "failure": None}
    try:
        put_files(plan["root"], plan["files"])
        before = look(plan["root"])
        if plan["requests"]:
            serve(plan, seen)
        else:
            execute(plan, seen)
        seen["files"], seen["files_changed"] = written(plan["root"], before, plan["keep_bytes"], plan["keep_files"])
    except Failure as failure:
        seen["failure"] = as_text(TEXT(failure))
    temporary = options.out + ".part"
    with io.open(temporary, "wb") as out:
        out.write(json.dumps(seen).encode("ascii"))
    os.rename(temporary, options.out)


if __name__ == "__main__":
    sys.exit(main())
