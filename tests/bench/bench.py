#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures lagan beside restic, borg and a floor of tar, zstd and openssl, on the same data in one run.

    bench.py --lagan PROGRAM [--folder DIR] [--sets tree,small,random] [--rounds 3] [--tools lagan,restic,borg]

Every work is done by each tool in turn, with a warm cache, --rounds times; the median counts.  For each: wall
time, CPU time of all its processes, the largest resident set of one process, and what the repository
takes.  Ratios are other / lagan: above 1 lagan is better.  It is a benchmark: it never fails for being slow.
"""
import argparse
import csv
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import time

WORKS = ("first", "nochange", "restore", "check")


def run(command, env, log):
    """Runs a command; gives wall seconds, CPU seconds and peak bytes of its largest process."""
    start = time.monotonic()
    with open(log, "ab") as out:
        process = subprocess.Popen(command, env=env, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                   shell=isinstance(command, str))
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    if process.returncode != 0:
        raise SystemExit(f"bench: {command} ended with {process.returncode}; see {log}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def size_of(folder):
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            info = os.lstat(os.path.join(base, name))
            total += info.st_size
    return total


class Lagan:
    name = "lagan"

    def __init__(self, folder, program):
        self.folder, self.program = folder, program
        self.env = dict(os.environ, XDG_CONFIG_HOME=folder + "/config", HOME=folder)
        self.repository = folder + "/vault"

    def call(self, *words):
        return [*self.program, "--config", self.folder + "/lagan.conf", *words]

    def reset(self):
        return [self.call("init", "--path", self.repository, "--state", self.folder + "/state",
                          "--recovery-file", self.folder + "/recovery")]

    def work(self, work, data, out):
        return {"first": self.call("backup", "create", data),
                "nochange": self.call("backup", "create", data),
                "restore": self.call("restore", "latest", "--to", out),
                "check": self.call("verify", "--depth", "data")}[work]


class Restic:
    name = "restic"

    def __init__(self, folder, program):
        self.folder = folder
        self.repository = folder + "/repository"
        self.env = dict(os.environ, RESTIC_REPOSITORY=self.repository, RESTIC_PASSWORD="bench",
                        RESTIC_CACHE_DIR=folder + "/cache", HOME=folder)

    def reset(self):
        return [["restic", "init", "-q"]]

    def work(self, work, data, out):
        return {"first": ["restic", "backup", "-q", data], "nochange": ["restic", "backup", "-q", data],
                "restore": ["restic", "restore", "-q", "latest", "--target", out],
                "check": ["restic", "check", "-q", "--read-data"]}[work]


class Borg:
    name = "borg"

    def __init__(self, folder, program):
        self.folder = folder
        self.repository = folder + "/repository"
        self.env = dict(os.environ, BORG_REPO=self.repository, BORG_PASSPHRASE="bench", HOME=folder,
                        BORG_BASE_DIR=folder + "/base")
        self.count = 0

    def reset(self):
        return [["borg", "init", "-e", "repokey-blake2"]]

    def work(self, work, data, out):
        self.count += 1
        if work == "restore":
            return f"mkdir -p '{out}' && cd '{out}' && borg extract ::$(borg list --last 1 --short)"
        return {"first": ["borg", "create", f"::b{self.count}", data],
                "nochange": ["borg", "create", f"::b{self.count}", data],
                "check": ["borg", "check", "--verify-data"]}[work]


class Floor:
    """What the plainest pipe does for a first backup, and tar alone for a restore."""
    name = "floor"

    def __init__(self, folder, program):
        self.folder = folder
        self.repository = folder + "/repository"
        self.env = dict(os.environ)

    def reset(self):
        return [["mkdir", "-p", self.repository], ["sh", "-c", f"echo bench > {self.folder}/key"]]

    def work(self, work, data, out):
        pipe = (f"tar cf - -C '{data}' . | zstd -1 -T2 -q | openssl enc -aes-256-ctr -pbkdf2 -iter 1 "
                f"-pass file:{self.folder}/key > {self.repository}/data")
        return {"first": pipe,
                "nochange": f"find '{data}' -printf '%p %s %T@ %C@ %i\\n' > /dev/null",
                "restore": f"mkdir -p '{out}' && openssl enc -d -aes-256-ctr -pbkdf2 -iter 1 -pass "
                           f"file:{self.folder}/key < {self.repository}/data | zstd -dq | tar xf - -C '{out}'",
                "check": f"openssl dgst -sha256 {self.repository}/data"}[work]


TOOLS = {tool.name: tool for tool in (Lagan, Restic, Borg, Floor)}


def make_tree(folder, arguments):
    """A real tree: /usr, or what --tree names, copied as often as it takes to reach the size."""
    copy = 0
    while copy == 0 or (size_of(folder) < arguments.tree_bytes and copy < 4):
        subprocess.run(["cp", "-a", arguments.tree, f"{folder}/{copy}"], check=False, stderr=subprocess.DEVNULL)
        copy += 1


def make_small(folder, arguments):
    """Many small files of words, 0.1 to 3 KB."""
    source = random.Random(1)
    words = ["%x" % source.getrandbits(source.choice((8, 16, 24, 32))) for _ in range(5000)]
    for i in range(arguments.small_files):
        if i % 500 == 0:
            os.mkdir(f"{folder}/{i // 500:05}")
        text = " ".join(source.choices(words, k=source.randrange(15, 480)))
        with open(f"{folder}/{i // 500:05}/{i}.txt", "w", encoding="ascii") as out:
            out.write(text[:source.randrange(100, 3000)])


def make_random(folder, arguments):
    with open(folder + "/random", "wb") as out:
        for _ in range(arguments.random_bytes >> 20):
            out.write(os.urandom(1 << 20))


def make_disk(folder, arguments):
    """A sparse ext4 image filled from the real tree."""
    image = folder + "/disk.img"
    subprocess.run(["truncate", "-s", str(arguments.disk_bytes), image], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-d", arguments.tree + "/lib", image], check=True)


SETS = {"tree": make_tree, "small": make_small, "random": make_random, "disk": make_disk}


def warm(folder):
    subprocess.run(f"find '{folder}' -type f -print0 | xargs -0 cat > /dev/null", shell=True, check=False)


def measure(name, data, tools, arguments, rows):
    results = {}
    for _ in range(arguments.rounds):
        for tool_name in tools:
            folder = f"{arguments.folder}/{tool_name}"
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
            log = f"{arguments.folder}/{tool_name}.log"
            tool = TOOLS[tool_name](folder, arguments.lagan.split())
            for command in tool.reset():
                run(command, tool.env, log)
            for work in WORKS:
                out = folder + "/out"
                figures = run(tool.work(work, data, out), tool.env, log)
                results.setdefault((work, tool_name), []).append(figures)
                if work == "restore":
                    shutil.rmtree(out, ignore_errors=True)
                if work == "first":
                    results.setdefault(("stored", tool_name), []).append(size_of(tool.repository))
    for work in WORKS:
        ours = statistics.median(r[0] for r in results[(work, tools[0])])
        for tool_name in tools:
            runs = results[(work, tool_name)]
            wall, cpu, peak = (statistics.median(r[i] for r in runs) for i in range(3))
            stored = statistics.median(results[("stored", tool_name)])
            rows.append([name, work, tool_name, f"{wall:.2f}", f"{cpu:.2f}", f"{peak / 1e6:.0f}",
                         f"{stored / 1e6:.1f}", f"{wall / ours:.2f}"])
            print("{:8} {:9} {:7} {:>9} s {:>9} s CPU {:>6} MB {:>9} MB stored  x{}".format(*rows[-1]), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lagan", required=True, help="the program, with its first words")
    parser.add_argument("--folder", default="bench-data")
    parser.add_argument("--sets", default="tree,small")
    parser.add_argument("--tools", default="lagan,restic,borg,floor")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tree", default="/usr")
    parser.add_argument("--tree-bytes", type=int, default=3 * 10**9)
    parser.add_argument("--small-files", type=int, default=200000)
    parser.add_argument("--random-bytes", type=int, default=2 << 30)
    parser.add_argument("--disk-bytes", type=int, default=6 << 30)
    arguments = parser.parse_args()
    arguments.folder = os.path.abspath(arguments.folder)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    tools = [t for t in arguments.tools.split(",") if t in ("lagan", "floor") or shutil.which(t)]
    rows = []
    for name in arguments.sets.split(","):
        data = f"{arguments.folder}/data-{name}"
        if not os.path.isdir(data):
            os.makedirs(data)
            SETS[name](data, arguments)
        warm(data)
        print(f"{name}: {sum(len(f) for _, _, f in os.walk(data))} files, {size_of(data) / 1e6:.0f} MB")
        measure(name, data, tools, arguments, rows)
    with open(arguments.folder + "/bench.csv", "w", encoding="ascii", newline="") as out:
        csv.writer(out).writerows([["set", "work", "tool", "wall_s", "cpu_s", "peak_mb", "stored_mb",
                                    "wall_ratio"], *rows])
    print(f"figures: {arguments.folder}/bench.csv")


if __name__ == "__main__":
    sys.exit(main())
