# SPDX-License-Identifier: Apache-2.0
"""The comparison: every tool does every work on one set of data, in turn, several times."""
import os
import shutil
import statistics
import time

from meter import Figures, run, size_of, warm
from tools import TOOLS, WORKS


def median_of(runs):
    """The median of each figure by itself."""
    return Figures(*(statistics.median(column) for column in zip(*runs)))


def fresh_tool(name, data, options):
    """A tool with an empty repository in an empty folder of its own."""
    folder = f"{options.folder}/work/{data.name}-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    tool = TOOLS[name](folder, options)
    for command in tool.prepare():
        run(command, tool.env, options.log(name), cwd=folder)
    return tool


def measure_work(tool, work, data, options):
    """One measured run: with all that it reads in the cache, and nothing left to be written."""
    read, fetched = warm(tool.reads(work, data))
    os.sync()
    figures = run(tool.command(work, data), tool.env, options.log(tool.name), tool.folder,
                  tool.good)
    resident = 100 * (1 - fetched / read) if read else 100
    options.note(f"{data.name} {work} {tool.name}: {max(resident, 0):.0f} % of "
                 f"{read / 1e6:.1f} MB were resident before they were read; "
                 f"wall {figures.wall:.3f} s, CPU {figures.cpu:.3f} s, "
                 f"peak {figures.peak_bytes / 1e6:.1f} MB, written "
                 f"{figures.written_bytes / 1e6:.1f} MB, "
                 f"from the disk {figures.read_bytes / 1e6:.1f} MB")
    if work == "restore":
        check_restored(tool, data, options)
    return figures


def check_restored(tool, data, options):
    """Says when a restore did not bring everything back, and clears it away."""
    found = size_of(tool.out)[:2]
    if found != (data.files, data.bytes):
        options.note(f"WRONG: {tool.name} restored {found[0]} files with {found[1]} bytes of "
                     f"{data.files} with {data.bytes}")


class Restored:
    """What was restored stays until every tool has done so.

    For about a minute after many files were removed ext4 passes over their inodes, one by one:
    whoever creates files then pays for what others have removed.
    """
    REST_SECONDS = 65

    def __init__(self):
        self.removed_at = 0.0

    def wait(self):
        rest = self.removed_at + self.REST_SECONDS - time.monotonic()
        if rest > 0:
            time.sleep(rest)

    def remove(self, tools):
        for tool in tools:
            shutil.rmtree(tool.out, ignore_errors=True)
        os.sync()
        self.removed_at = time.monotonic()


RESTORED = Restored()


def one_round(data, names, options, runs, stored):
    """All works; each tool in turn does one before any does the next."""
    tools = [fresh_tool(name, data, options) for name in names]
    for work in WORKS:
        if work == "restore":
            RESTORED.wait()
        for tool in tools:
            if getattr(tool, work) is None:
                continue
            figures = measure_work(tool, work, data, options)
            runs.setdefault((work, tool.name), []).append(figures)
            if work == "first":
                stored.setdefault(tool.name, []).append(size_of(tool.repository)[1:])
        if work == "restore":
            RESTORED.remove(tools)
    for tool in tools:
        shutil.rmtree(tool.folder, ignore_errors=True)


def compare(data, names, options):
    """Measures a set; gives a row (a dictionary) per work and tool, of medians."""
    runs, stored = {}, {}
    for number in range(options.rounds):
        turn = number % len(names)
        one_round(data, names[turn:] + names[:turn], options, runs, stored)
    rows = []
    for work in WORKS:
        for name in names:
            if (work, name) in runs:
                apparent, allocated = (statistics.median(s) for s in zip(*stored[name]))
                rows.append(dict(median_of(runs[(work, name)])._asdict(), set=data.name,
                                 work=work, tool=name, stored_bytes=apparent,
                                 stored_allocated_bytes=allocated))
    return rows
