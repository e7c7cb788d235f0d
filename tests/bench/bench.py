#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures lagan beside restic, borg and a floor of plain programs, on the same data.

It is a benchmark: it never fails for being slow.  doc/performance.md says what the figures
mean.
"""
import argparse
import os
import sys

sys.dont_write_bytecode = True

from chart import TERMINALS, draw  # noqa: E402
from compare import compare  # noqa: E402
from growth import KINDS, grow  # noqa: E402
from meter import adopt_orphans  # noqa: E402
from report import write_comparison  # noqa: E402
from sets import SETS, provide  # noqa: E402
from tools import TOOLS, present  # noqa: E402

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def size(text):
    """A number of bytes, with K, M or G behind it for powers of 1024."""
    unit = text[-1:].upper() if text[-1:].isalpha() else ""
    try:
        return int(float(text[:len(text) - len(unit)]) * UNITS[unit])
    except (KeyError, ValueError):
        raise argparse.ArgumentTypeError(f"not a size: {text}") from None


def one_of(known):
    """A type of argparse: names from `known`, separated by commas."""
    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(known)}")
        return names
    return parse


def count(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def counts(text):
    return sorted({count(word) for word in text.split(",")})


def add_set_options(parser):
    add = parser.add_argument
    add("--tree", default="/usr", help="folders of the real tree, separated by commas")
    add("--tree-files", type=count, default=150000, help="files it has at least")
    add("--tree-bytes", type=size, default=3 * 10**9, help="bytes it has at least")
    add("--small-files", type=count, default=200000)
    add("--disk-bytes", type=size, default=6 << 30, help="length of the image")
    add("--disk-fill-bytes", type=size, help="what is put into it; two thirds by default")
    add("--disk-from", default="/usr/bin,/usr/sbin,/usr/lib,/usr/local",
        help="where that is taken from")
    add("--random-bytes", type=size, default=2 << 30)


def add_growth_options(parser):
    add = parser.add_argument
    add("--growth", nargs="?", type=one_of(KINDS), const=list(KINDS), metavar="KINDS",
        help="measure the growth of lagan instead: " + ",".join(KINDS))
    add("--growth-files", type=counts, default=[10000, 100000, 1000000, 2000000])
    add("--growth-bytes", type=lambda text: sorted({size(word) for word in text.split(",")}),
        default=[1 << 30, 4 << 30, 16 << 30, 32 << 30])
    add("--growth-bytes-max", type=size, default=8 << 30, help="points above it are left out, "
        "it is measured instead")
    add("--growth-backups", type=counts, default=[1, 10, 100, 500])
    add("--growth-threads", type=counts, default=[1, 2, 4, 8, 16])
    add("--growth-thread-bytes", type=size, default=1 << 30,
        help="what is backed up by so many threads")


def parse_options(words):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    add = parser.add_argument
    add("--lagan", required=True, help="the program, with its first words")
    add("--folder", default="bench-data", help="where sets are kept and results written")
    add("--sets", type=one_of(SETS), default=list(SETS))
    add("--tools", type=one_of(TOOLS), default=list(TOOLS))
    add("--rounds", type=count, default=3)
    add("--chart", choices=TERMINALS, default="svg")
    add_set_options(parser)
    add_growth_options(parser)
    return parser.parse_args(words)


def prepare(options):
    """Folders and the log; `options` then says where things are."""
    options.folder = os.path.abspath(options.folder)
    options.results = options.folder + "/results"
    os.makedirs(options.results, exist_ok=True)
    options.disk_fill_bytes = options.disk_fill_bytes or options.disk_bytes * 2 // 3
    options.log = lambda name: f"{options.results}/{name}.log"

    def note(text):
        print("  " + text, flush=True)
        with open(options.log("bench"), "a", encoding="utf-8") as out:
            out.write(text + "\n")

    options.note = note


def compare_sets(options):
    names = present(options.tools)
    rows, sets = [], []
    try:
        for name in options.sets:
            data = provide(name, options)
            if data:
                rows += compare(data, names, options)
                sets.append(data)
    finally:
        # What was measured before a failure or an interruption is not lost.
        write_comparison(options, names, sets, rows)
        draw([data.name for data in sets], names, rows, options)
        print(f"figures: {options.results}/bench.txt, bench.csv")


def main():
    options = parse_options(sys.argv[1:])
    prepare(options)
    adopt_orphans()
    if options.growth:
        grow(options)
    else:
        compare_sets(options)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
