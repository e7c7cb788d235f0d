# SPDX-License-Identifier: Apache-2.0
"""What is to be reached, as ratios within one run, and whether it was."""
import collections

# A demand on one figure of one set and work ("*" = each work).  `way` says what the ratio is:
# "faster" is other / lagan and at least `limit`, "share" is lagan / other and at most `limit`.
Demand = collections.namedtuple("Demand", "set work figure other way limit")


def faster(set_name, work, other, limit):
    return Demand(set_name, work, "wall", other, "faster", limit)


def share(set_name, work, other, limit, figure="wall"):
    return Demand(set_name, work, figure, other, "share", limit)


ALL_SETS = ("tree", "small", "disk", "random")
DEMANDS = (
    faster("tree", "first", "restic", 3.5), share("tree", "first", "floor", 0.8),
    faster("small", "first", "restic", 4), share("small", "first", "floor", 1.3),
    faster("disk", "first", "restic", 4), faster("disk", "first", "borg", 2.5),
    share("disk", "first", "floor", 0.8),
    faster("random", "first", "restic", 5), share("random", "first", "floor", 0.6),
    faster("tree", "nochange", "restic", 8), share("tree", "nochange", "floor", 1.5),
    faster("tree", "restore", "restic", 2.5), share("tree", "restore", "floor", 1.5),
    faster("small", "restore", "restic", 2.5), share("small", "restore", "floor", 1.5),
    faster("disk", "restore", "restic", 3), faster("random", "restore", "restic", 3),
    *(faster(name, "check", "restic", 2) for name in ALL_SETS),
    *(share(name, "*", "restic", 0.5, "peak_bytes") for name in ALL_SETS),
    share("tree", "first", "restic", 1.0, "stored_bytes"),
    share("small", "first", "restic", 1.0, "stored_bytes"),
)

TITLES = {"wall": "time", "peak_bytes": "peak memory", "stored_bytes": "stored size"}


def ratio_of(demand, work, found):
    """The ratio for one work, or None when one of the two was not measured."""
    ours = found.get((demand.set, work, "lagan"))
    theirs = found.get((demand.set, work, demand.other))
    if ours is None or theirs is None:
        return None
    ours, theirs = ours[demand.figure], theirs[demand.figure]
    if ours <= 0 or theirs <= 0:
        return None
    return theirs / ours if demand.way == "faster" else ours / theirs


def judge(demand, rows):
    """(title, other, ratio or None, words of the target, verdict)."""
    found = {(row["set"], row["work"], row["tool"]): row for row in rows}
    works = ("first", "nochange", "restore", "check") if demand.work == "*" else (demand.work,)
    ratios = {work: ratio_of(demand, work, found) for work in works}
    ratios = {work: ratio for work, ratio in ratios.items() if ratio is not None}
    sign = ">=" if demand.way == "faster" else "<="
    work = "" if demand.work == "*" or demand.figure == "stored_bytes" else demand.work + " "
    title = f"{demand.set} {work}{TITLES[demand.figure]}"
    wanted = f"{sign} {demand.limit:.2f}"
    if not ratios:
        return title, demand.other, None, wanted, "not measured"
    worst = (min if demand.way == "faster" else max)(ratios, key=ratios.get)
    if demand.work == "*":
        title += f" ({worst})"
    good = ratios[worst] >= demand.limit if sign == ">=" else ratios[worst] <= demand.limit
    return title, demand.other, ratios[worst], wanted, "reached" if good else "not reached"


def judge_all(rows):
    return [judge(demand, rows) for demand in DEMANDS]
