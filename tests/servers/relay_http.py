# SPDX-License-Identifier: Apache-2.0
"""What relay.py knows of HTTP/1.1: heads, bodies, and how both pass over sockets.

Source: RFC 9112.
"""
import select
import socket

PIECE = 1 << 16
HEAD_LIMIT = 1 << 20


class Gone(Exception):
    """The other side has closed its connection, or broken it."""


class Head:
    """A request's or an answer's first line and headers, in their order and spelling."""

    def __init__(self, text):
        lines = text.decode("latin-1").split("\r\n")
        self.first = lines[0]
        self.headers = [tuple(line.split(":", 1)) for line in lines[1:] if ":" in line]

    def get(self, name, default=None):
        for known, value in self.headers:
            if known.lower() == name:
                return value.strip()
        return default

    def put(self, name, value):
        """Replaces a header, or removes it when `value` is None."""
        self.headers = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        if value is not None:
            self.headers.append((name, " " + str(value)))

    def encode(self):
        lines = [self.first] + [name + ":" + value for name, value in self.headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Wire:
    """A socket with what was read from it too early."""

    def __init__(self, connected):
        self.socket = connected
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.early = b""

    def read(self, limit=PIECE):
        """Some bytes; b'' at the end."""
        if self.early:
            piece, self.early = self.early[:limit], self.early[limit:]
            return piece
        try:
            return self.socket.recv(limit)
        except OSError as error:
            raise Gone(str(error)) from error

    def write(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Gone(str(error)) from error

    def head(self):
        """The next head with its end; None when the connection ended before it."""
        text = b""
        while b"\r\n\r\n" not in text:
            piece = self.read()
            if not piece:
                if text:
                    raise Gone("within a head")
                return None
            text += piece
            if len(text) > HEAD_LIMIT:
                raise Gone("a head without end")
        text, rest = text.split(b"\r\n\r\n", 1)
        self.early = rest + self.early
        return Head(text)

    def waits(self):
        """Whether there is something to read already."""
        return bool(self.early) or bool(select.select([self.socket], [], [], 0)[0])

    def close(self, broken=False):
        """Closes; `broken`: with a reset instead of an orderly end."""
        try:
            if broken:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       b"\1\0\0\0\0\0\0\0")
            self.socket.close()
        except OSError:
            pass


def length_of(head, method=None):
    """How a body's end is told: a number of bytes, 'chunked' or 'close'.  `method`: of the request
    that an answer belongs to; None for a request itself."""
    if method is not None:
        status = int(head.first.split()[1])
        if method == "HEAD" or status in (204, 304) or status < 200:
            return 0
    if "chunked" in head.get("transfer-encoding", "").lower():
        return "chunked"
    length = head.get("content-length")
    if length is not None:
        return int(length)
    return "close" if method is not None else 0


def raw_body(wire, length):
    """The body as it passes over the wire, in pieces."""
    if length == "chunked":
        yield from chunked_body(wire)
        return
    left = None if length == "close" else length
    while left != 0:
        piece = wire.read(PIECE if left is None else min(PIECE, left))
        if not piece:
            if left is None:
                return
            raise Gone("within a body")
        if left is not None:
            left -= len(piece)
        yield piece


def read_line(wire):
    line = b""
    while not line.endswith(b"\r\n"):
        piece = wire.read(1) if not wire.early else wire.read(
            wire.early.find(b"\n") + 1 or len(wire.early))
        if not piece:
            raise Gone("within a chunk's length")
        line += piece
    return line


def chunked_body(wire):
    """Chunks with their lengths, up to and with the empty line behind the last."""
    while True:
        line = read_line(wire)
        yield line
        size = int(line.split(b";")[0], 16)
        if size == 0:
            while line != b"\r\n":
                line = read_line(wire)
                yield line
            return
        yield from raw_body(wire, size + 2)


def whole_body(wire, length, limit):
    """The body without chunks, at most `limit` bytes of it."""
    if length != "chunked":
        pieces = raw_body(wire, length)
    else:
        pieces = plain_chunks(wire)
    body = b""
    for piece in pieces:
        body += piece
        if len(body) > limit:
            raise Gone("more than the relay keeps")
    return body


def plain_chunks(wire):
    while True:
        size = int(read_line(wire).split(b";")[0], 16)
        if size == 0:
            while read_line(wire) != b"\r\n":
                pass
            return
        yield from raw_body(wire, size)
        read_line(wire)
