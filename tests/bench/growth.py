# SPDX-License-Identifier: Apache-2.0
"""How lagan's cost grows with files, bytes, backups in one vault, and threads.  Cost per unit
is to stay flat; the last column of the table says how it compares with the first point."""
import os
import random
import shutil

from compare import measure_work, median_of
from meter import run, size_of
from report import aligned, head_of, write_csv
from sets import need_space
from tools import Lagan

FOLDER_FILES = 1000
BIG_FILE_BYTES = 256 << 20
TEXT_FILE_BYTES = 64 << 10
THREAD_FILE_BYTES = 16 << 20
BACKUP_FILES = 1000
# A point is the median of so many backups in front of it.
BACKUP_WINDOW = 10
# Works shorter than this are done --rounds times, longer ones once.
REPEAT_SECONDS = 20

# Peak memory counts as flat when the largest is at most so many times the smallest.
FLAT = 1.2

COLUMNS = ("kind", "at", "work", "wall", "cpu", "peak_bytes", "vault_bytes", "vault_files",
           "per", "wall_per_unit", "cpu_per_unit", "peak_bytes_per_unit",
           "vault_bytes_per_unit", "relative")


class GrowthData:
    """Data that grows from one point to the next."""

    def __init__(self, kind, options):
        self.name = "growth-" + kind
        self.top = f"{options.folder}/{self.name}"
        self.folder = self.top + "/data"
        shutil.rmtree(self.top, ignore_errors=True)
        os.makedirs(self.folder)
        self.done = 0

    def remove(self):
        shutil.rmtree(self.top, ignore_errors=True)


def fresh_lagan(data, options, threads=0):
    folder = data.top + "/lagan"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    tool = Lagan(folder, options)
    tool.threads = threads
    for command in tool.prepare():
        run(command, tool.env, options.log(data.name), cwd=folder)
    return tool


def measure_point(data, works, options, threads=0):
    """Does the works with a fresh vault, several times when they are short.

    Gives ({work: Figures}, number and apparent bytes of what the vault has after the first)."""
    runs, vault, spent = {}, (0, 0), 0
    for _ in range(options.rounds):
        tool = fresh_lagan(data, options, threads)
        data.files, data.bytes, _ = size_of(data.folder)
        for work in works:
            figures = measure_work(tool, work, data, options)
            runs.setdefault(work, []).append(figures)
            spent += figures.wall
            if work == "first":
                vault = size_of(tool.repository)[:2]
        shutil.rmtree(tool.folder)
        if spent > REPEAT_SECONDS:
            break
    return {work: median_of(figures) for work, figures in runs.items()}, vault


def row_of(kind, at, work, figures, vault, units, per):
    """A row of the table; `units` is what cost is divided by, `per` its name."""
    return {"kind": kind, "at": at, "work": work, "wall": figures.wall, "cpu": figures.cpu,
            "peak_bytes": figures.peak_bytes, "vault_files": vault[0], "vault_bytes": vault[1],
            "per": per, "wall_per_unit": figures.wall / units,
            "cpu_per_unit": figures.cpu / units,
            "peak_bytes_per_unit": figures.peak_bytes / units,
            "vault_bytes_per_unit": vault[1] / units}


def add_small_files(data, number):
    """Grows the data to `number` files of some ten bytes each."""
    for i in range(data.done, number):
        place = f"{data.folder}/{i // FOLDER_FILES:05}"
        if i % FOLDER_FILES == 0 or i == data.done:
            os.makedirs(place, exist_ok=True)
        with open(f"{place}/{i}", "w", encoding="ascii") as out:
            out.write(f"file {i}\n")
    data.done = number


def grow_files(data, options):
    rows = []
    for number in options.growth_files:
        if not need_space(data.top, number * 10000, f"{number} files"):
            break
        add_small_files(data, number)
        works, vault = measure_point(data, ("first", "nochange", "restore"), options)
        rows += [row_of("files", number, work, figures, vault, number, "file")
                 for work, figures in works.items()]
    return rows


def write_random(path, length):
    with open(path, "wb") as out:
        for start in range(0, length, 1 << 20):
            out.write(os.urandom(min(1 << 20, length - start)))


def add_random_bytes(data, length, file_bytes):
    """Grows the data to `length` bytes that do not compress."""
    while data.done < length:
        part = min(file_bytes, length - data.done)
        write_random(f"{data.folder}/{data.done >> 10:012}", part)
        data.done += part


def grow_bytes(data, options):
    rows = []
    most = options.growth_bytes_max
    points = {length for length in options.growth_bytes if length <= most}
    if any(length > most for length in options.growth_bytes):
        points.add(most)
    for length in sorted(points):
        if not need_space(data.top, 3.3 * length - data.done, f"{length} bytes"):
            break
        add_random_bytes(data, length, BIG_FILE_BYTES)
        works, vault = measure_point(data, ("first", "nochange", "restore", "check"), options)
        rows += [row_of("bytes", length, work, figures, vault, length / 1e6, "MB")
                 for work, figures in works.items()]
    return rows


def write_text(path, length, source):
    with open(path, "w", encoding="ascii") as out:
        words = ["%x" % source.getrandbits(32) for _ in range(200)]
        out.write(" ".join(source.choices(words, k=length // 4))[:length])


def change_something(data, number, source):
    """What changes between two backups: one file in a thousand."""
    write_text(f"{data.folder}/{number % BACKUP_FILES:04}", 2048, source)


def backup_point(tool, data, at, window, before, options):
    """The rows of one point: the backups in front of it, and a restore of the latest."""
    vault = size_of(tool.repository)[:2]
    data.files, data.bytes, _ = size_of(data.folder)
    row = row_of("backups", at, "backup", median_of(window), vault, 1, "backup")
    row["vault_bytes_per_unit"] = (vault[1] - before[1]) / (at - before[0])
    restore = measure_work(tool, "restore", data, options)
    shutil.rmtree(tool.out)  # the next point restores another state to the same place
    return [row, row_of("backups", at, "restore", restore, vault, 1, "restore")], (at, vault[1])


def grow_backups(data, options):
    source = random.Random(1)
    for i in range(BACKUP_FILES):
        write_text(f"{data.folder}/{i:04}", 2048, source)
    tool = fresh_lagan(data, options)
    rows, window, before = [], [], (0, 0)
    for number in range(1, options.growth_backups[-1] + 1):
        if number > 1:
            change_something(data, number, source)
        window.append(measure_work(tool, "nochange", data, options))
        del window[:-BACKUP_WINDOW]
        if number in options.growth_backups:
            more, before = backup_point(tool, data, number, window, before, options)
            rows += more
        if number == 1:
            window.clear()
    return rows


def grow_threads(data, options):
    """The same work with more and more threads (`limits { threads }` of the configuration)."""
    rows = []
    half = options.growth_thread_bytes // 2
    if not need_space(data.top, 6 * half, "threads"):
        return rows
    source = random.Random(1)
    add_random_bytes(data, half, THREAD_FILE_BYTES)
    os.makedirs(data.folder + "/text")
    for i in range(half // TEXT_FILE_BYTES):
        write_text(f"{data.folder}/text/{i}", TEXT_FILE_BYTES, source)
    for threads in options.growth_threads:
        works, vault = measure_point(data, ("first", "restore", "check"), options, threads)
        rows += [row_of("threads", threads, work, figures, vault, 2 * half / 1e6, "MB")
                 for work, figures in works.items()]
    return rows


KINDS = {"files": grow_files, "bytes": grow_bytes, "backups": grow_backups,
         "threads": grow_threads}


def relate(rows):
    """Says in each row what its unit costs beside the first point of the same work.  The first
    backup of a vault is no measure for later ones, so that those are related to the second
    point."""
    first = {}
    for row in rows:
        key = (row["kind"], row["work"])
        if key == ("backups", "backup") and row["at"] == 1:
            row["relative"] = ""
            continue
        first.setdefault(key, row["wall_per_unit"])
        row["relative"] = row["wall_per_unit"] / first[key] if first[key] else ""
    return rows


def growth_lines(rows):
    head = ("kind", "at", "work", "wall s", "CPU s", "peak MB", "vault MB", "vault files",
            "per", "us", "CPU us", "peak B", "vault B", "relative")
    cells = [[row["kind"], row["at"], row["work"], f"{row['wall']:.3f}", f"{row['cpu']:.3f}",
              f"{row['peak_bytes'] / 1e6:.1f}", f"{row['vault_bytes'] / 1e6:.2f}",
              row["vault_files"], row["per"], f"{row['wall_per_unit'] * 1e6:.1f}",
              f"{row['cpu_per_unit'] * 1e6:.1f}", f"{row['peak_bytes_per_unit']:.0f}",
              f"{row['vault_bytes_per_unit']:.0f}",
              f"{row['relative']:.2f}" if row["relative"] else "-"] for row in rows]
    return aligned(head, cells)


def memory_lines(rows):
    """Whether peak memory of a first backup is about the same from 100,000 files on."""
    peaks = [row["peak_bytes"] for row in rows
             if row["kind"] == "files" and row["work"] == "first" and row["at"] >= 100000]
    if len(peaks) < 2:
        return []
    ratio = max(peaks) / min(peaks)
    verdict = "reached" if ratio <= FLAT else "not reached"
    return ["", "peak memory of a first backup, most against least from 100,000 files on: "
                f"{ratio:.2f}, target <= {FLAT:.2f}, {verdict}"]


def grow(options):
    """Measures the kinds that --growth names; prints them, writes growth.txt and growth.csv."""
    rows = []
    try:
        for kind in options.growth:
            rows += grow_kind(kind, options)
    finally:
        write_growth(rows, options)


def grow_kind(kind, options):
    data = GrowthData(kind, options)
    try:
        return KINDS[kind](data, options)
    finally:
        data.remove()


def write_growth(rows, options):
    lines = [*head_of(options, ["lagan"]), "", *growth_lines(relate(rows)), *memory_lines(rows)]
    print("\n".join(lines))
    with open(options.results + "/growth.txt", "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
    write_csv(options.results + "/growth.csv", COLUMNS, rows)
    print(f"figures: {options.results}/growth.txt, growth.csv")
