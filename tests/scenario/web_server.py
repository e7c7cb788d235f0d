#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real web server on the loopback address, for tests: web_server.py LOG [CERTIFICATE-AND-KEY]

Prints its port, then answers until it is ended or a minute is over.  Each request is a line of
JSON in LOG.  The path says what is answered: /status/N, /redirect, /slow (after 5 seconds),
/flaky (503 the first time, then 200), /endless (more than anybody wants); else 204."""
import http.server
import json
import ssl
import sys
import threading
import time

LOG = open(sys.argv[1], "a", buffering=1, encoding="utf-8")
LOCK = threading.Lock()
FLAKY = {"seen": False}


class Handler(http.server.BaseHTTPRequestHandler):
    """Writes down what comes, and answers as the path says."""

    def note(self):
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size).decode("utf-8")
        line = {"method": self.command, "path": self.path, "body": body,
                "headers": {name.lower(): value for name, value in self.headers.items()}}
        with LOCK:
            LOG.write(json.dumps(line) + "\n")

    def status(self):
        if self.path.startswith("/status/"):
            return int(self.path.split("/")[2])
        if self.path.startswith("/redirect"):
            return 302
        if self.path.startswith("/flaky") and not FLAKY["seen"]:
            FLAKY["seen"] = True
            return 503
        return 204

    def answer(self):
        self.note()
        if self.path.startswith("/slow"):
            time.sleep(5)
        if self.path.startswith("/endless"):
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(64):
                    self.wfile.write(b"x" * 65536)
            except OSError:
                pass
            return
        self.send_response(self.status())
        if self.path.startswith("/redirect"):
            self.send_header("Location", "/redirected")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = answer
    do_POST = answer

    def log_message(self, *arguments):
        """Nothing: the log is ours."""


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    end = threading.Timer(60, server.shutdown)
    end.daemon = True
    end.start()
    server.serve_forever(poll_interval=0.05)


main()
