# SPDX-License-Identifier: Apache-2.0
"""Figures as text and as CSV."""
import csv
import os
import platform

from targets import judge_all
from tools import version_of

COLUMNS = ("set", "work", "tool", "wall", "cpu", "peak_bytes", "stored_bytes",
           "stored_allocated_bytes", "written_bytes", "read_bytes")


def aligned(head, rows):
    """Lines of a table; words to the left, numbers to the right."""
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    number = [all(row[i][:1].isdigit() or row[i] in ("", "-") for row in cells[1:])
              for i in range(len(head))]
    return ["  ".join(cell.rjust(width) if right else cell.ljust(width)
                      for cell, width, right in zip(row, widths, number)).rstrip()
            for row in cells]


def first_line_with(path, word):
    try:
        with open(path, encoding="utf-8") as lines:
            return next((line.split(":")[1].strip() for line in lines if word in line), "?")
    except OSError:
        return "?"


def head_of(options, names):
    """What the figures were measured on and with."""
    memory = first_line_with("/proc/meminfo", "MemTotal").split()[0]
    processor = first_line_with("/proc/cpuinfo", "model name")
    lines = [f"{len(os.sched_getaffinity(0))} x {processor}, "
             f"{int(memory) / 1e6:.1f} GB memory, Linux {platform.release()}"]
    lines += [f"{name}: {version_of(name, options)}" for name in names]
    return lines


def lagan_wall(row, rows):
    return next((other["wall"] for other in rows if other["tool"] == "lagan" and
                 (other["set"], other["work"]) == (row["set"], row["work"])), None)


def figure_row(row, rows):
    ours = lagan_wall(row, rows)
    return [row["set"], row["work"], row["tool"], f"{row['wall']:.2f}", f"{row['cpu']:.2f}",
            f"{row['peak_bytes'] / 1e6:.1f}", f"{row['stored_bytes'] / 1e6:.1f}",
            f"{row['stored_allocated_bytes'] / 1e6:.1f}", f"{row['written_bytes'] / 1e6:.1f}",
            f"{row['wall'] / ours:.2f}" if ours else "-"]


def figure_lines(rows):
    head = ("set", "work", "tool", "wall s", "CPU s", "peak MB", "stored MB", "on disk MB",
            "written MB", "time / lagan")
    return aligned(head, [figure_row(row, rows) for row in rows])


def target_lines(rows):
    """Each target with what was measured.  "time" against a peer is how many times faster lagan
    was; everything else is lagan's share of the other's."""
    judged = [(title, other, "-" if ratio is None else f"{ratio:.3f}", wanted, verdict)
              for title, other, ratio, wanted, verdict in judge_all(rows)]
    flat = ("peak memory, 100k to 2M files", "-", "-", "flat", "see --growth")
    return aligned(("what", "against", "ratio", "target", "verdict"), [*judged, flat])


def write_csv(path, columns, rows):
    with open(path, "w", encoding="ascii", newline="") as out:
        writer = csv.DictWriter(out, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def write_comparison(options, names, sets, rows):
    """Prints the tables, and writes them as bench.txt and bench.csv."""
    lines = head_of(options, names)
    lines += [f"{data.name}: {data.files} files, {data.bytes / 1e6:.1f} MB, "
              f"{data.allocated / 1e6:.1f} MB on disk" for data in sets]
    lines += [f"medians of {options.rounds}", "", *figure_lines(rows), "", *target_lines(rows)]
    text = "\n".join(lines)
    print(text)
    with open(options.results + "/bench.txt", "w", encoding="utf-8") as out:
        out.write(text + "\n")
    write_csv(options.results + "/bench.csv", COLUMNS, rows)
