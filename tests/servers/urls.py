#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""urls.py PORT FOLDER - serves the files of FOLDER over HTTP/1.1, for tests of lists of URLs.

/ranges/NAME     with ETag, Last-Modified, HEAD and ranges
/plain/NAME      the same without ranges and without an ETag
/chunked/NAME    without a length, in chunks; neither HEAD nor ranges
/signed/NAME     as ranges, but HEAD is forbidden
/cut/NAME        as ranges; the first answer of each file breaks off in its middle
/busy/NAME       as ranges; the first request of each file is answered with 503
/here/NAME       leads to /ranges/NAME of the same host
/there/NAME      leads to the host localhost
/broken/NAME     500
"""
import hashlib
import os
import sys
import urllib.parse
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

folder = sys.argv[2]
seen = set()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        with open(os.path.join(folder, ".journal"), "a") as journal:
            journal.write("%s %s %s\n" % (self.command, self.path, self.headers["Range"] or "-"))

    def empty(self, status, *headers):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def once(self, what):
        first = (what, self.path) not in seen
        seen.add((what, self.path))
        return first

    def do_HEAD(self):
        self.answer(False)

    def do_GET(self):
        self.answer(True)

    def answer(self, with_body):
        kind, _, name = urllib.parse.unquote(self.path.split("?")[0][1:]).partition("/")
        if kind in ("here", "there"):
            host = "localhost" if kind == "there" else self.headers["Host"].split(":")[0]
            return self.empty(302, ("Location", "http://%s:%s/ranges/%s" % (
                host, sys.argv[1], urllib.parse.quote(name))))
        if kind == "broken" or (kind == "busy" and self.once("busy")):
            return self.empty(500 if kind == "broken" else 503, ("Retry-After", "0"))
        if (kind == "signed" and not with_body) or (kind == "chunked" and not with_body):
            return self.empty(403 if kind == "signed" else 405)
        try:
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            changed = os.stat(os.path.join(folder, name)).st_mtime
        except OSError:
            return self.empty(404)
        self.give(kind, data, changed, with_body)

    def give(self, kind, data, changed, with_body):
        tag = '"%s"' % hashlib.md5(data).hexdigest()
        first, wanted = 0, self.headers["Range"]
        tagged = kind not in ("plain", "chunked")
        if tagged and self.headers["If-Match"] not in (None, tag):
            return self.empty(412)
        if wanted and tagged:
            start, _, end = wanted.split("=")[1].partition("-")
            first = int(start)
            if first >= len(data):
                return self.empty(416)
            last = min(int(end), len(data) - 1) if end else len(data) - 1
            self.send_response(206)
            self.send_header("Content-Range", "bytes %d-%d/%d" % (first, last, len(data)))
            data = data[first:last + 1]
        else:
            self.send_response(200)
        if tagged:
            self.send_header("ETag", tag)
        if kind != "chunked":
            self.send_header("Last-Modified", formatdate(changed, usegmt=True))
            self.send_header("Content-Length", str(len(data)))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Content-Type", "text/x-" + kind)
        self.end_headers()
        if not with_body:
            return
        if kind == "chunked":
            for at in range(0, len(data), 70000):
                part = data[at:at + 70000]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
            return
        if kind == "cut" and len(data) > 1 and self.once("cut"):
            self.wfile.write(data[:len(data) // 2])
            self.close_connection = True
            return
        self.wfile.write(data)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # clients that go in the middle are part of it


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
