#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prune beside four writers and two mirrors, all of them killed now and then.

    prune_works.py --lagan "PROGRAM WORDS" --shift LIBRARY [--rounds N] [--seconds S] [--seed N] [--folder DIR]

In each round some of four sources are backed up, the mirrors are brought up to date, old backups are
deleted, and the vault or a mirror is pruned, at the same time; some of these are killed (SIGKILL) at some
moment.  Some pruners live two days ahead (--shift moves the clock): to them every session is dead, so that
a backup may be turned away, but none that was made may be lost.  Every few rounds, and at the end:

  - every backup that is there restores to what was backed up, from the vault and from the mirrors;
  - the vault and the mirrors verify without a finding, byte for byte;
  - what was dropped takes no room: pruned once more, little is dead.

--seconds ends the rounds early; the numbers are told.
"""
import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time

from faults import Failed, Lagan, differences, end, files_below, replace, scratch_folder

SOURCES = 4
MIRRORS = ("[COPY]-main", "[COPY]-second")
REGIONS = """
region west {{ target tgt_dir {{ path = {live}/west }} }}
region south {{ target tgt_dir {{ path = {live}/south }} }}
limits {{ retry-budget = 30d }}
mirror {{ history-delay = 0s  delete-delay = 0s  delete-limit = 100000 }}
"""
DAYS_2 = 49 * 3600
# Behind all that pruners of two days ahead have left: for who copies, and for who prunes.
COPIES_AHEAD = DAYS_2 + 2 * 3600
PRUNES_AHEAD = COPIES_AHEAD + DAYS_2
KEPT = 4  # backups of a source
STATES = 6  # of a source that a backup which shows late may be of
FINE = (0, 5, 130)  # done, or to be tried again


class Works:
    def __init__(self, arguments, folder):
        self.folder, self.live = folder, folder + "/live"
        self.arguments = arguments
        self.random = random.Random(arguments.seed)
        self.lagan = Lagan(arguments.lagan, self.live)
        self.where = "preparation"
        self.counts = dict.fromkeys(("backups", "turned away", "prunes", "pruned", "kills", "deleted", "checks"), 0)
        self.kept = {}  # what may have been backed up, by the id of the backup
        self.copies = {number: [] for number in range(SOURCES)}  # the latest states of each source

    def source(self, number):
        return f"{self.folder}/source{number}"

    def change(self, number):
        """Some files of a source are new, some go, and some come back that were there before."""
        folder = self.source(number)
        os.makedirs(folder, exist_ok=True)
        for _ in range(6):
            name = f"{folder}/file{self.random.randrange(20)}"
            seed = self.random.randrange(60)  # so that content returns, also in other sources
            with open(name, "wb") as out:
                out.write(random.Random(seed).randbytes(3000 + seed * 700))

    def start(self, *words, ahead=0):
        environment = dict(os.environ)
        if ahead:
            environment |= {"CLOCK_SHIFT": str(ahead), "LD_PRELOAD": self.arguments.shift}
        return subprocess.Popen(self.lagan.command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, env=environment)

    def prepare(self):
        os.makedirs(self.live)
        self.lagan.init()
        for region in ("west", "south"):
            os.makedirs(f"{self.live}/{region}")
        with open(self.lagan.config, "a", encoding="ascii") as out:
            out.write(REGIONS.format(live=self.live))
        self.lagan.must("vault", "create", "second", "--region", "local", "--recovery-file", self.live + "/recovery2")
        for vault, region in (("main", "west"), ("second", "south")):
            self.lagan.must("mirror", "create", vault, "--region", region)
        for number in range(SOURCES):
            self.change(number)
            self.lagan.must("source", "add", f"s{number}", "src_files", f"path={self.source(number)}")

    def vault_of(self, number):
        """Three write into one vault, so that they share what they have."""
        return "main" if number < 3 else "second"

    def backup(self, number):
        self.change(number)
        self.keep_copy(number)
        return self.start("backup", "create", f"s{number}", "--vault", self.vault_of(number), "--region", "local")

    def keep_copy(self, number):
        self.made += 1
        self.copies[number].append(f"{self.folder}/copy{self.made}")
        replace(self.source(number), self.copies[number][-1])

    made = 0

    def tidy_copies(self):
        """States that no backup can be of any more."""
        wanted = {copy for copies in (*self.copies.values(), *self.kept.values()) for copy in copies}
        for name in os.listdir(self.folder):
            if name.startswith("copy") and f"{self.folder}/{name}" not in wanted:
                shutil.rmtree(f"{self.folder}/{name}")

    def backups(self, vault):
        """Without those that their writers have withdrawn after somebody had listed them."""
        gone = {name[-21:-5] for name in files_below(self.live) if name.endswith(".gone")}
        return [row for row in self.lagan.records("backup", "backup", "list", "--vault", vault)
                if row["id"] not in gone]

    def note_backups(self):
        """What each new backup must restore to.  One whose writer was killed may be listed later only."""
        for vault in ("main", "second"):
            for row in self.backups(vault):
                if row["id"] not in self.kept:
                    self.kept[row["id"]] = list(self.copies[int(row["source"][1:])])
                    self.counts["backups"] += 1
        for copies in self.copies.values():
            del copies[:-STATES]
        self.tidy_copies()

    def expect_one_of(self, backup, vault, out):
        """The backup is what its source was at one time."""
        states = self.kept.get(backup, [])
        found = [differences(state, out) for state in states]
        if states and "" not in found:
            raise Failed(f"{backup} of {vault} differs: {found[-1]}")
        if states:
            self.kept[backup] = [states[found.index("")]]

    def drop(self):
        """Old backups are deleted, not always the oldest."""
        for vault in ("main", "second"):
            rows = self.backups(vault)
            for number in range(SOURCES):
                mine = [row["id"] for row in rows if row["source"] == f"s{number}"]
                while len(mine) > KEPT:
                    gone = mine.pop(self.random.randrange(len(mine) - 1))
                    self.lagan.must("backup", "delete", gone, "--vault", vault, "--region", "local", "--now", "--yes")
                    self.counts["deleted"] += 1
                    self.kept.pop(gone, None)

    def round(self, number):
        self.where = f"round {number}"
        writers = [i for i in range(SOURCES) if self.random.random() < 0.7]
        work = [(f"backup {i}", self.backup(i)) for i in writers]
        for _ in range(self.random.randrange(1, 3)):
            vault = self.random.choice(("main", "main", "second", *MIRRORS))
            ahead = DAYS_2 if self.random.random() < 0.3 else 0
            work.append((f"prune {vault}", self.start("prune", "--vault", vault, ahead=ahead)))
            self.counts["prunes"] += 1
        work.append(("run", self.start("run", "--once")))
        for name, process in self.random.sample(work, len(work)):
            if self.random.random() < 0.3:
                time.sleep(self.random.random() * 0.3)
                process.send_signal(signal.SIGKILL)
                self.counts["kills"] += 1
        for name, process in work:
            text = process.communicate(timeout=120)[0].decode(errors="replace")
            if process.returncode == -9:
                continue
            if process.returncode not in FINE:
                raise Failed(f"{name} ended with {process.returncode}: {text}")
            self.counts["turned away"] += name.startswith("backup") and process.returncode == 5
            self.counts["pruned"] += name.startswith("prune") and process.returncode == 0
        self.note_backups()
        self.drop()

    def catch_up(self):
        """A pruner that was killed is in the way of copies for an hour."""
        for _ in range(3):
            done = self.start("run", "--once", ahead=COPIES_AHEAD)
            text = done.communicate(timeout=120)[0].decode(errors="replace")
            if done.returncode == 0:
                return
        raise Failed(f"the mirrors do not catch up: {text}")

    def check(self):
        """Everything that is there restores, from the vaults and from the mirrors."""
        self.catch_up()
        self.counts["checks"] += 1
        for vault in ("main", "second", *MIRRORS):
            self.lagan.must("verify", "--depth", "data", "--vault", vault)
            rows = self.backups(vault)
            for row in self.random.sample(rows, min(len(rows), 3)) if not self.last else rows:
                out = self.folder + "/out"
                shutil.rmtree(out, ignore_errors=True)
                self.lagan.must("restore", row["id"], "--vault", vault, "--to", out)
                self.expect_one_of(row["id"], vault, out)

    last = False

    def settle(self):
        """Whatever was left behind is dead days later, and its room comes back."""
        for vault in ("main", "second", *MIRRORS):
            for _ in range(3):
                done = self.start("prune", "--vault", vault, ahead=PRUNES_AHEAD)
                text = done.communicate(timeout=120)[0].decode(errors="replace")
                if done.returncode != 0:
                    raise Failed(f"prune of {vault} ended with {done.returncode}: {text}")
            left = self.lagan.records("prune", "prune", "--dry-run", "--vault", vault)[0]
            if left["packs_dead"] + left["packs_sparse"] + left["packs_condemned"] > 0:
                raise Failed(f"{vault} is not clean: {left}")
        for region in ("vault", "west", "south"):
            sessions = [name for name in files_below(f"{self.live}/{region}") if "/sessions/" in name]
            if sessions:
                raise Failed(f"sessions are left: {sessions}")

    def run(self):
        self.prepare()
        started = time.monotonic()
        rounds = 0
        while rounds < self.arguments.rounds and time.monotonic() - started < self.arguments.seconds:
            rounds += 1
            self.round(rounds)
            if rounds % self.arguments.every == 0:
                self.check()
        self.where = "the end"
        self.last = True
        # A writer that was killed is taken up by the next one.
        for number in range(SOURCES):
            self.keep_copy(number)
            self.lagan.must("backup", "create", f"s{number}", "--vault", self.vault_of(number), "--region", "local")
        self.note_backups()
        self.settle()
        self.check()
        print(f"{rounds} rounds in {time.monotonic() - started:.0f} s:",
              ", ".join(f"{count} {name}" for name, count in self.counts.items()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lagan", required=True)
    parser.add_argument("--shift", required=True)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--folder")
    arguments = parser.parse_args()
    folder = scratch_folder(arguments.folder, "prune-works")
    works = Works(arguments, folder)
    print(f"seed {arguments.seed}", flush=True)
    try:
        works.run()
    except Failed as error:
        end(error, f"{works.where}, seed {arguments.seed}, in {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
