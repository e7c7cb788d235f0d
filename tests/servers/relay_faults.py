# SPDX-License-Identifier: Apache-2.0
"""Rules of relay.py, and what each of them does to an exchange.

FOLDER/rules.json is a list of rules; it is read again whenever it has changed, which also sets
all counts back.  The first rule that fits and has not run out is the one that acts:

    do      one of FAULTS below
    name    for the journal; else the number of the rule
    method, path    regular expressions; `path` is searched for in path and query
    skip    so many fitting requests pass first (default 0)
    every   then each so-manieth is meant (default 1)
    times   and so many in all (default 1; 0: without end)

What else a rule holds is told with its fault.  Bodies are cut, changed and kept up to KEPT bytes.
"""
import email.utils
import json
import os
import re
import threading
import time

from relay_http import Gone, Head, PIECE, length_of, raw_body, whole_body

KEPT = 80 << 20


class Rules:
    """The rules of a folder with what they have counted."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "rules.json")
        self.lock = threading.Lock()
        self.seen = None
        self.rules = []

    def refresh(self):
        try:
            state = os.stat(self.path)
        except FileNotFoundError:
            self.seen, self.rules = None, []
            return
        seen = (state.st_ino, state.st_mtime_ns, state.st_size)
        if seen != self.seen:
            with open(self.path, encoding="utf-8") as file:
                self.rules = [dict(rule, fits=0, done=0) for rule in json.load(file)]
            self.seen = seen

    def choose(self, method, target):
        """The rule that acts on this request, or None."""
        with self.lock:
            self.refresh()
            for number, rule in enumerate(self.rules):
                rule.setdefault("name", str(number))
                if self.acts(rule, method, target):
                    return rule
        return None

    @staticmethod
    def acts(rule, method, target):
        if not re.fullmatch(rule.get("method", ".*"), method) or not re.search(
                rule.get("path", ""), target):
            return False
        rule["fits"] += 1
        behind = rule["fits"] - 1 - rule.get("skip", 0)
        times = rule.get("times", 1)
        if behind < 0 or behind % rule.get("every", 1) or (times and rule["done"] >= times):
            return False
        rule["done"] += 1
        return True


class Exchange:
    """One request and its answer between the two wires."""

    def __init__(self, client, server, request):
        self.client = client
        self.server = server
        self.request = request
        self.method, self.target = request.first.split(" ")[:2]
        self.status = 0
        self.sent = 0  # bytes given to the client
        self.keep = True  # whether the connections may be used again

    def forward(self, limit=None, change=None, pace=None):
        """Hands the request on, at most `limit` bytes of it; `change` alters (offset, piece) of
        the body."""
        head = self.request.encode()
        self.server.write(head[:limit])
        if limit is not None and limit < len(head):
            return
        left = None if limit is None else limit - len(head)
        if "100-continue" in self.request.get("expect", "").lower() and not self.go_on():
            return
        offset = 0
        for piece in raw_body(self.client, length_of(self.request)):
            if self.server.waits():  # it has heard enough
                self.keep = False
                return
            piece = change(offset, piece) if change else piece
            offset += len(piece)
            if left is not None:
                piece = piece[:left]
                left -= len(piece)
            self.server.write(piece)
            if pace:
                time.sleep(len(piece) / pace)
            if left == 0:
                return

    def go_on(self):
        """Waits for the server's word that the body is wanted."""
        head = self.server.head()
        if head is None:
            raise Gone("no answer")
        if head.first.split()[1] != "100":
            self.server.early = head.encode() + self.server.early
            self.keep = False
            return False
        self.give(head.encode(), counted=False)
        return True

    def give(self, data, counted=True):
        self.client.write(data)
        if counted:
            self.sent += len(data)

    def answer_head(self):
        """The answer's head, with those passed on that only say to wait."""
        while True:
            head = self.server.head()
            if head is None:
                raise Gone("the server has closed")
            self.status = int(head.first.split()[1])
            if self.status >= 200:
                if "close" in head.get("connection", "").lower():
                    self.keep = False
                return head
            self.give(head.encode(), counted=False)

    def answer_pieces(self):
        """The answer as it passes over the wire."""
        head = self.answer_head()
        length = length_of(head, self.method)
        self.keep = self.keep and length != "close"
        yield head.encode()
        yield from raw_body(self.server, length)

    def answer_whole(self):
        """Head and body of the answer, the body without chunks."""
        head = self.answer_head()
        length = length_of(head, self.method)
        self.keep = self.keep and length != "close"
        body = whole_body(self.server, length, KEPT)
        if length in ("chunked", "close"):
            head.put("Transfer-Encoding", None)
            head.put("Content-Length", len(body))
        return head, body

    def give_whole(self, head, body):
        self.give(head.encode() + body)


def pass_on(exchange, rule):
    """pass: nothing happens."""
    exchange.forward()
    for piece in exchange.answer_pieces():
        exchange.give(piece)


def end(exchange, rule):
    exchange.keep = False
    exchange.client.close(rule.get("how", "reset") == "reset")
    exchange.server.close(rule.get("how", "reset") == "reset")


def cut_request(exchange, rule):
    """cut-request: both connections end once the server has `at` bytes of the request, head and
    body.  `how`: reset (default) or close."""
    try:
        exchange.forward(limit=rule["at"])
    finally:
        end(exchange, rule)


def cut_answer(exchange, rule):
    """cut-answer: the server has answered, and the client gets `at` bytes of it (default 0)."""
    exchange.forward()
    left = rule.get("at", 0)
    for piece in exchange.answer_pieces():
        exchange.give(piece[:left])
        left -= len(piece[:left])
        if left == 0:
            break
    time.sleep(0.05)  # what was given shall arrive before the reset does
    end(exchange, rule)


def error_document(code, target):
    return ('<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s, says the '
            'relay.</Message><Resource>x</Resource><RequestId>relay</RequestId></Error>' %
            (code, code)).encode()


def answer(exchange, rule):
    """answer: `status`, `headers` (an object), and the body `text`, or an error document with the
    code `error`.  `retry_after` seconds, `retry_after_date` the same as a date.  With `forward`
    the server does what was asked all the same."""
    body = rule.get("text", "").encode()
    if "error" in rule:
        body = error_document(rule["error"], exchange.target)
    if rule.get("forward"):
        exchange.forward()
        exchange.answer_whole()
    elif "100-continue" not in exchange.request.get("expect", "").lower():
        whole_body(exchange.client, length_of(exchange.request), KEPT)
    else:
        exchange.keep = False
    head = Head(b"HTTP/1.1 %d Relay\r\nServer: relay" % rule["status"])
    head.put("Date", email.utils.formatdate(usegmt=True))
    if body:
        head.put("Content-Type", "application/xml")
    if rule["status"] != 304:
        head.put("Content-Length", len(body))
    if "retry_after" in rule:
        head.put("Retry-After", rule["retry_after"])
    if "retry_after_date" in rule:
        head.put("Retry-After",
                 email.utils.formatdate(time.time() + rule["retry_after_date"], usegmt=True))
    for name, value in rule.get("headers", {}).items():
        head.put(name, value)
    exchange.status = rule["status"]
    exchange.give_whole(head, b"" if exchange.method == "HEAD" else body)


def drip(exchange, rule):
    """drip: the answer (or with `side` "request" the request) passes with `pace` bytes a second,
    in pieces of `piece` bytes (default 1)."""
    if rule.get("side") == "request":
        exchange.forward(pace=rule["pace"])
    else:
        exchange.forward()
    piece = rule.get("piece", 1)
    for data in exchange.answer_pieces():
        for start in range(0, len(data), piece):
            if rule.get("side") != "request":
                time.sleep(piece / rule["pace"])
            exchange.give(data[start:start + piece])


def stall(exchange, rule):
    """stall: nothing moves for `seconds` after `at` bytes of the answer (default 0)."""
    exchange.forward()
    left = rule.get("at", 0)
    waited = False
    for data in exchange.answer_pieces():
        if not waited and left < len(data):
            exchange.give(data[:left])
            time.sleep(rule["seconds"])
            data, waited = data[left:], True
        left -= len(data)
        exchange.give(data)


def shorten(exchange, rule):
    """shorten: the answer's body lacks its last `by` bytes, and Content-Length agrees; with `lie`
    it does not, and the connection ends."""
    exchange.forward()
    head, body = exchange.answer_whole()
    body = body[:max(0, len(body) - rule["by"])]
    if not rule.get("lie"):
        head.put("Content-Length", len(body))
    exchange.give_whole(head, body)
    if rule.get("lie"):
        end(exchange, dict(rule, how="close"))


def lengthen(exchange, rule):
    """lengthen: `by` bytes more behind the answer's body, and Content-Length agrees; with `lie` it
    does not."""
    exchange.forward()
    head, body = exchange.answer_whole()
    if not rule.get("lie"):
        head.put("Content-Length", len(body) + rule["by"])
    exchange.give_whole(head, body + b"z" * rule["by"])


def flip(exchange, rule):
    """flip: the byte `at` of the answer's body is another one; with `side` "request" that of the
    request's."""
    def change(offset, piece):
        at = rule["at"] - offset
        if 0 <= at < len(piece):
            piece = piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1:]
        return piece

    if rule.get("side") == "request":
        exchange.forward(change=change)
        for piece in exchange.answer_pieces():
            exchange.give(piece)
    else:
        exchange.forward()
        head, body = exchange.answer_whole()
        exchange.give_whole(head, change(0, body))


def headers(exchange, rule):
    """headers: those of `set` replace the answer's (null removes one); `date` moves its Date by so
    many seconds."""
    exchange.forward()
    head, body = exchange.answer_whole()
    for name, value in rule.get("set", {}).items():
        head.put(name, value)
    if "date" in rule:
        head.put("Date", email.utils.formatdate(time.time() + rule["date"], usegmt=True))
    exchange.give_whole(head, body)


def replace(exchange, rule):
    """replace: what `pattern` finds in the answer's body becomes `by`; Content-Length agrees."""
    exchange.forward()
    head, body = exchange.answer_whole()
    body = re.sub(rule["pattern"].encode(), rule["by"].encode(), body, flags=re.S)
    head.put("Content-Length", len(body))
    exchange.give_whole(head, body)


def keep_page(exchange, rule):
    """repeat: the first answer passes and is kept; what follows gets it again."""
    if "kept" not in rule:
        exchange.forward()
        rule["kept"] = exchange.answer_whole()
    else:
        whole_body(exchange.client, length_of(exchange.request), KEPT)
    exchange.status = 200
    exchange.give_whole(*rule["kept"])


def bomb(exchange, rule):
    """bomb: an XML document that grows to gigabytes when its entities are replaced; `kind` "deep":
    one of a hundred thousand elements within one another, "external": one that asks for a file."""
    whole_body(exchange.client, length_of(exchange.request), KEPT)
    kind = rule.get("kind", "entities")
    if kind == "deep":
        body = b"<ListBucketResult>" + b"<a>" * 100000
    elif kind == "external":
        body = (b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
                b"<ListBucketResult><Name>&e;</Name></ListBucketResult>")
    else:
        entities = b"".join(b'<!ENTITY e%d "%s">' % (n, (b"&e%d;" % (n - 1)) * 10)
                            for n in range(1, 10))
        body = (b'<!DOCTYPE a [<!ENTITY e0 "0123456789">' + entities +
                b"]><ListBucketResult><Name>&e9;</Name></ListBucketResult>")
    head = Head(b"HTTP/1.1 200 OK\r\nContent-Type: application/xml")
    head.put("Content-Length", len(body))
    exchange.status = 200
    exchange.give_whole(head, body)


def endless(exchange, rule):
    """endless: an answer without end (`limit` bytes at most, default 1 GiB); `kind`: body (the
    default: keys of a listing), headers, line (one header), chunk."""
    if rule.get("forward"):
        exchange.forward()
        exchange.answer_whole()
    else:
        whole_body(exchange.client, length_of(exchange.request), KEPT)
    kind = rule.get("kind", "body")
    start = b"HTTP/1.1 %d OK\r\nContent-Type: application/xml\r\n" % rule.get("status", 200)
    firsts = {"body": b"Connection: close\r\n\r\n<ListBucketResult><Contents><Key>",
              "chunk": b"Transfer-Encoding: chunked\r\n\r\n", "headers": b"", "line": b"X-Long: "}
    pieces = {"body": b"k" * PIECE, "chunk": b"2\r\n<!\r\n" * 4096,
              "headers": b"X-Many: 12345678\r\n" * 4096, "line": b"y" * PIECE}
    exchange.keep = False
    exchange.status = 200
    exchange.give(start + firsts[kind])
    while exchange.sent < rule.get("limit", 1 << 30):
        exchange.give(pieces[kind])


def garbage(exchange, rule):
    """garbage: an answer that is no HTTP."""
    exchange.keep = False
    exchange.give(b"\0\1\2 220 this is not the server you are looking for\r\n" * 20)
    end(exchange, dict(rule, how="close"))


FAULTS = {
    "pass": pass_on,
    "cut-request": cut_request,
    "cut-answer": cut_answer,
    "answer": answer,
    "drip": drip,
    "stall": stall,
    "shorten": shorten,
    "lengthen": lengthen,
    "flip": flip,
    "headers": headers,
    "replace": replace,
    "repeat": keep_page,
    "bomb": bomb,
    "endless": endless,
    "garbage": garbage,
}
