#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A relay between HTTP clients and a real server that breaks things by rule.

    relay.py LISTEN-PORT SERVER-PORT FOLDER [--seconds N]

Both ports are on 127.0.0.1.  FOLDER/rules.json says what goes wrong (see relay_faults.py; without
it nothing does), FOLDER/journal.jsonl gets a line for each request once it is over, FOLDER/acted.jsonl one
for each time that a rule begins to act, FOLDER/ready appears when it listens.  Ends by itself after N seconds (default 1800).
"""
import argparse
import json
import os
import socket
import threading
import time

from relay_faults import FAULTS, Exchange, Rules
from relay_http import Gone, Wire


class Journal:
    """One line for each request that is over, and one for each time that a rule began to act."""

    def __init__(self, folder):
        self.file = open(os.path.join(folder, "journal.jsonl"), "a", encoding="utf-8")
        self.acted = open(os.path.join(folder, "acted.jsonl"), "a", encoding="utf-8")
        self.lock = threading.Lock()

    def act(self, exchange, rule):
        line = {"method": exchange.method, "target": exchange.target, "rule": rule["name"]}
        with self.lock:
            self.acted.write(json.dumps(line) + "\n")
            self.acted.flush()

    def note(self, exchange, rule, seconds, gone):
        line = {"method": exchange.method, "target": exchange.target, "status": exchange.status,
                "rule": rule["name"] if rule else None, "sent": exchange.sent,
                "seconds": round(seconds, 4), "gone": gone,
                "bytes": int(exchange.request.get("content-length", 0))}
        with self.lock:
            self.file.write(json.dumps(line) + "\n")
            self.file.flush()


class Relay:
    """What the connections share."""

    def __init__(self, words):
        self.server_port = words.server_port
        self.rules = Rules(words.folder)
        self.journal = Journal(words.folder)

    def serve(self, connected):
        """All requests of one connection; the server gets a connection of its own for them."""
        client = Wire(connected)
        server = None
        try:
            while True:
                request = client.head()
                if request is None:
                    return
                if server and server.waits():  # it has closed meanwhile
                    server.close()
                    server = None
                if server is None:
                    server = Wire(socket.create_connection(("127.0.0.1", self.server_port)))
                if not self.exchange(Exchange(client, server, request)):
                    return
        except (Gone, OSError):
            pass
        finally:
            client.close()
            if server:
                server.close()

    def exchange(self, exchange):
        rule = self.rules.choose(exchange.method, exchange.target)
        begin = time.monotonic()
        gone = None
        if rule:
            self.journal.act(exchange, rule)
        try:
            FAULTS[rule["do"] if rule else "pass"](exchange, rule)
        except Gone as error:
            gone = str(error)
            exchange.keep = False
        finally:
            self.journal.note(exchange, rule, time.monotonic() - begin, gone)
        return exchange.keep


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("listen_port", type=int)
    parser.add_argument("server_port", type=int)
    parser.add_argument("folder")
    parser.add_argument("--seconds", type=float, default=1800)
    words = parser.parse_args()
    os.makedirs(words.folder, exist_ok=True)
    relay = Relay(words)
    listener = socket.create_server(("127.0.0.1", words.listen_port), backlog=256)
    with open(os.path.join(words.folder, "ready"), "w", encoding="utf-8"):
        pass
    until = time.monotonic() + words.seconds
    while time.monotonic() < until:
        listener.settimeout(until - time.monotonic())
        try:
            connected, _ = listener.accept()
        except (TimeoutError, socket.timeout):
            break
        connected.settimeout(None)
        threading.Thread(target=relay.serve, args=(connected,), daemon=True).start()


if __name__ == "__main__":
    main()
