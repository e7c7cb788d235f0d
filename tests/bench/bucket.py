#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lagan beside rclone, in and out of buckets of one Ceph RGW.

    bucket.py --lagan "BUILD/run lagan" [--large 32] [--small 20000] [--rounds 3] [--port 25900]

Objects of 64 MiB and of 4 KiB; each way of each tool in turn, medians of the rounds:

    up        a directory into a bucket: rclone copy, lagan migrate (verify=checksum, as rclone
              compares what the store says of what it got)
    down      a bucket into a directory: rclone copy, lagan backup of the bucket (which also
              encrypts and cuts it; its vault is a directory)
    restored  that backup into a bucket, beside rclone's way up
    nothing   the same once more, with nothing to be done
"""
import argparse
import os
import shlex
import shutil
import statistics
import subprocess
import tempfile
import time

SERVERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "servers")


def run(words, **more):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, **more)


def timed(words, **more):
    begin = time.monotonic()
    run(words, stdout=subprocess.DEVNULL, **more)
    return time.monotonic() - begin


def settings_of(folder):
    text = subprocess.run(["bash", os.path.join(SERVERS, "rgw.sh"), "env", folder],
                          check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        name, value = line.removeprefix("export ").split("=", 1)
        os.environ[name] = shlex.split(value)[0]


def make_files(folder, count, size):
    os.makedirs(folder)
    block = os.urandom(1 << 20)
    for number in range(count):
        with open(os.path.join(folder, "%06d" % number), "wb") as file:
            head = os.urandom(min(size, 64))
            file.write(head)
            left = size - len(head)
            while left > 0:
                file.write(block[:left])
                left -= min(left, len(block))


class Bench:
    """A server, and both tools set up for it."""

    def __init__(self, words, scratch):
        self.words = words
        self.scratch = scratch
        self.serial = 0
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith("AWS_")}
        self.environment.update({
            "RCLONE_CONFIG": self.path("rclone.conf"), "RCLONE_CONFIG_S_TYPE": "s3",
            "RCLONE_CONFIG_S_PROVIDER": "Ceph", "RCLONE_CONFIG_S_REGION": "us-east-1",
            "RCLONE_CONFIG_S_ENDPOINT": os.environ["LAGAN_S3_ENDPOINT"],
            "RCLONE_CONFIG_S_ACCESS_KEY_ID": os.environ["LAGAN_S3_ACCESS"],
            "RCLONE_CONFIG_S_SECRET_ACCESS_KEY": os.environ["LAGAN_S3_SECRET"]})
        with open(self.path("lagan.conf"), "w", encoding="utf-8") as file:
            file.write("state = %s\ndrivers = { src_files, src_bucket, tgt_dir, key_file }\n"
                       "region here { target tgt_dir { path = %s } }\n" %
                       (self.path("state"), self.path("vault")))
        self.lagan("vault", "create", "main", "--recovery-file", self.path("recovery"))

    def path(self, name):
        return os.path.join(self.scratch, name)

    def lagan(self, *words):
        return timed(shlex.split(self.words.lagan) + ["--config", self.path("lagan.conf"), "-q"] +
                     list(words), env=self.environment)

    def rclone(self, *words):
        return timed(["rclone", "-q", "--transfers", "16", "--checkers", "16", *words],
                     env=self.environment)

    def bucket(self):
        self.serial += 1
        name = "bench-%d" % self.serial
        run(["/usr/bin/python3", "-B",
             os.path.join(SERVERS, "bucket.py"), "create", name])
        self.lagan("source", "add", name, "src_bucket", "bucket=" + name,
                   "endpoint=" + os.environ["LAGAN_S3_ENDPOINT"],
                   "credentials=file:" + os.environ["LAGAN_S3_JSON_FILE"])
        return name

    def drop(self, name):
        self.rclone("purge", "s:" + name)

    def measure(self, files):
        """Seconds of each way of each tool, once."""
        took = {}
        ours, theirs = self.bucket(), self.bucket()
        took["up", "rclone"] = self.rclone("copy", files, "s:" + theirs)
        self.lagan("migrate", "create", "m" + ours[6:], os.path.basename(files), ours,
                   "verify=checksum", "passes=1")
        took["up", "lagan"] = self.lagan("migrate", "run", "m" + ours[6:])
        took["nothing", "rclone"] = self.rclone("copy", files, "s:" + theirs)
        took["down", "rclone"] = self.rclone("copy", "s:" + ours, self.path("down"))
        shutil.rmtree(self.path("down"))
        took["down", "lagan"] = self.lagan("backup", "create", ours)
        took["nothing", "lagan"] = self.lagan("backup", "create", ours)
        self.drop(theirs)
        self.drop(ours)
        back = self.bucket()
        took["restored", "lagan"] = self.lagan("restore", "latest", "--source", ours, "--to", back)
        took["restored", "rclone"] = took["up", "rclone"]
        self.drop(back)
        return took


def report(name, rounds):
    for way in ("up", "down", "restored", "nothing"):
        median = {tool: statistics.median(took[way, tool] for took in rounds)
                  for tool in ("rclone", "lagan")}
        print("%-22s %-9s rclone %7.2f s   lagan %7.2f s   %5.2fx" %
              (name, way, median["rclone"], median["lagan"], median["rclone"] / median["lagan"]),
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lagan", required=True)
    parser.add_argument("--large", type=int, default=32)
    parser.add_argument("--small", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=25900)
    words = parser.parse_args()
    scratch = tempfile.mkdtemp(prefix="lagan-bench-")
    server = os.path.join(scratch, "rgw")
    os.environ.setdefault("LAGAN_SERVER_BYTES", str(12 << 30))
    run(["bash", os.path.join(SERVERS, "rgw.sh"), "start", server, str(words.port)])
    try:
        settings_of(server)
        bench = Bench(words, scratch)
        for name, count, size in (("large", words.large, 64 << 20), ("small", words.small, 4096)):
            make_files(bench.path(name), count, size)
            bench.lagan("source", "add", name, "src_files", "path=" + bench.path(name))
            rounds = [bench.measure(bench.path(name)) for _ in range(words.rounds)]
            report("%d x %d KiB" % (count, size >> 10), rounds)
    finally:
        run(["bash", os.path.join(SERVERS, "rgw.sh"), "stop", server])
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
