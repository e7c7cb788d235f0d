# SPDX-License-Identifier: Apache-2.0
"""The protocol of lagan-exec(7) for programs in Python: lines in, method calls, lines out.

    class Target:
        def open(self, words): return {"protocol": 1, "list-sorted": None, ...}
        def put(self, words, body): ...
        def list(self, words): say("object", {"key": key, "bytes": 5}); return {"more": None}

    serve(Target())

A method has the name of its verb with "_" for "-".  It gets the words of the request (names to
bytes; a word without "=" has the value b""), and `body`, an iterator over bytes, where bytes
come with the verb.  It returns the words of `ok`: a value of None is a word without "=".  It
raises Refused, or OSError, and lagan is told.  A verb without a method is `unsupported`.
"""
import errno
import sys
from urllib.parse import quote_from_bytes, unquote_to_bytes

WITH_BYTES = ("put", "stage-write", "write")
WITH_PIECES = ("entry-commit", "node-create", "directory-finish")
PIECE = 1 << 20
LINE = 256 << 10

stdin = sys.stdin.buffer
stdout = sys.stdout.buffer

CLASSES = {
    errno.ENOENT: "not-found", errno.ENOTDIR: "not-found", errno.EEXIST: "exists",
    errno.ENOTEMPTY: "exists", errno.EISDIR: "exists", errno.ENOSPC: "no-space",
    errno.EDQUOT: "no-space", errno.EACCES: "denied", errno.EPERM: "denied",
    errno.EROFS: "immutable", errno.ENAMETOOLONG: "limit", errno.ELOOP: "denied",
    errno.EMFILE: "busy", errno.EOPNOTSUPP: "unsupported",
}


class Refused(Exception):
    """An error by its class, in words."""

    def __init__(self, kind, text, outcome=None):
        super().__init__(text)
        self.kind, self.outcome = kind, outcome


class Forgotten(Exception):
    """lagan has taken back what it had begun to send."""


class End(Exception):
    """There are no more entries."""


def encode(value):
    if isinstance(value, str):
        value = value.encode()
    elif not isinstance(value, bytes):
        value = str(value).encode()
    return quote_from_bytes(value, safe="._-/,:@+~")


def time_text(ns):
    """Nanoseconds since 1970 as the protocol writes them."""
    return f"{'-' if ns < 0 else ''}{abs(ns) // 10**9}.{abs(ns) % 10**9:09}"


def time_ns(text):
    """And back."""
    whole, _, part = text.decode().lstrip("-").partition(".")
    ns = int(whole) * 10**9 + int(part.ljust(9, "0"))
    return -ns if text.startswith(b"-") else ns


def say(verb, words=None):
    """Writes a line."""
    parts = [verb]
    for name, value in (words or {}).items():
        parts.append(name if value is None else f"{name}={encode(value)}")
    stdout.write(" ".join(parts).encode() + b"\n")


def say_data(data):
    """Writes bytes behind a line that announces them."""
    stdout.write(b"data %d\n" % len(data))
    stdout.write(data)


def parse(line):
    verb, *words = line.decode("latin-1").split()
    names = {}
    for word in words:
        name, _, value = word.partition("=")
        names[name] = unquote_to_bytes(value.encode("latin-1"))
    return verb, names


def read_line():
    line = stdin.readline(LINE + 1)
    if not line.endswith(b"\n"):
        sys.exit(0)  # lagan has gone
    return line[:-1]


class Body:
    """The bytes that follow a request."""

    def __init__(self):
        self.left = 0
        self.ended = False

    def __iter__(self):
        while not self.ended:
            if self.left == 0:
                word, _, count = read_line().partition(b" ")
                self.ended = word != b"data"
                if word == b"abort":
                    raise Forgotten
                if self.ended:
                    return
                self.left = int(count)
            while self.left > 0:
                data = stdin.read1(min(self.left, PIECE))
                if not data:
                    sys.exit(0)
                self.left -= len(data)
                yield data

    def drain(self):
        try:
            for _ in self:
                pass
        except Forgotten:
            pass


def read_pieces():
    """The metadata that follows a request: [(kind, name, value)]."""
    pieces = []
    while (line := read_line()) != b"end":
        _, words = parse(line)
        pieces.append((words["kind"], words["name"], words["value"]))
    return pieces


def say_error(kind, text, native=0, outcome=None):
    text = " ".join(str(text).split())
    detail = f" outcome={outcome}" if outcome else ""
    stdout.write(f"error {kind} native={native}{detail} {text}\n".encode("utf-8", "replace"))


def answer(program, verb, words):
    body = [Body()] if verb in WITH_BYTES else [read_pieces()] if verb in WITH_PIECES else []
    method = getattr(program, verb.replace("-", "_"), None)
    try:
        if method:
            say("ok", method(words, *body))
        else:
            say("unsupported")
    except Forgotten:
        say("ok")
    except End:
        say("end")
    except Refused as error:
        say_error(error.kind, error, outcome=error.outcome)
    except OSError as error:
        say_error(CLASSES.get(error.errno, "io"), error.strerror, error.errno)
    if verb in WITH_BYTES:
        body[0].drain()


def serve(program):
    """Answers until lagan goes; then `program.close()`, if there is one, tidies up."""
    try:
        while True:
            verb, words = parse(read_line())
            answer(program, verb, words)
            stdout.flush()
    finally:
        getattr(program, "close", lambda: None)()
