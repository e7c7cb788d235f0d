#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills lagan at each of its persistence system calls, its recovery too, and looks at what is left.

    kill_sweep.py --lagan "PROGRAM WORDS" --at-call PROGRAM [--work a,b,...] [--points N | --at K] [--strace]

Each work is a command on a small vault.  It is killed (SIGKILL instead of the k-th call, counted
over all threads) for every k until it completes.  After each kill the same promises are checked:

  - every object under a final name is whole: `verify --depth objects` finds nothing;
  - the backups made before restore identically;
  - the next command needs no manual step, and its result is right;
  - catalog and vault agree, and no temporary object or file is left.

Each --again-th time the recovery is itself killed once, at a point that moves along, before it may
complete.  --points N takes N of the points at random: a quick run; --at K one.  --strace sweeps
with strace, which counts per thread, each kind of call on its own.
"""
import argparse
import itertools
import os
import random
import shutil
import subprocess
import time

from faults import Failed, Lagan, differences, end, files_below, replace, scratch_folder
from mirror_works import make_mirror_works

CALLS = ("write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync", "syncfs", "sync_file_range", "linkat", "link",
         "renameat2", "renameat", "rename", "unlinkat", "unlink", "rmdir", "mkdirat", "mkdir", "ftruncate", "fallocate",
         "create", "close", "flock", "utimensat", "symlinkat", "mknodat", "fsetxattr", "fchown", "fchmod")
STRACE_CALLS = ("write", "pwrite64", "fsync", "fdatasync", "linkat", "renameat2", "rename", "unlinkat", "unlink", "mkdirat",
                "openat", "openat2", "ftruncate", "close", "flock", "fcntl", "munmap")
SECRET = "fd:0"


def write_tree(tree, generation):
    """Writes the tree of a generation; the second changes, adds and removes."""
    os.makedirs(tree + "/folder/deeper", exist_ok=True)
    for i in range(12):
        if generation == 1 or i % 3 == 0:
            with open(f"{tree}/folder/file{i}", "w", encoding="ascii") as out:
                out.write(f"file {i} of generation {generation}\n" * (i * 40 + 1))
    with open(tree + "/folder/deeper/large", "wb") as out:
        out.write(random.Random(generation).randbytes(700000))
    if generation == 2:
        os.symlink("file1", tree + "/folder/link")
        os.remove(tree + "/folder/file5")
        os.link(tree + "/folder/file1", tree + "/folder/deeper/hard")


class Work:
    """One command that is killed, and what must hold afterwards."""

    def __init__(self, sweep):
        self.sweep = sweep
        self.lagan = sweep.lagan
        self.live = sweep.live
        self.tree = sweep.folder + "/tree"

    def prepare(self):
        """Makes the state before the command, below self.live and self.tree."""
        self.lagan.init()

    def command(self):
        """The words that are killed."""
        raise NotImplementedError

    def recovery(self):
        """The words that must work next."""
        return self.command()

    def before(self):
        """What must hold right after the kill."""
        self.lagan.must("verify", "--depth", "objects")

    def after(self):
        """What must hold after the recovery."""
        self.lagan.must("verify", "--depth", "data")
        agree = self.lagan.run("catalog", "check")
        if agree.returncode != 0:
            raise Failed(f"catalog and storage differ: {agree.text}")

    def expect_restored(self, backup, wanted):
        out = self.sweep.folder + "/out"
        shutil.rmtree(out, ignore_errors=True)
        self.lagan.must("restore", backup, "--to", out)
        found = differences(wanted, out)
        if found:
            raise Failed(f"{backup} differs after its restore: {found}")


class FirstBackup(Work):
    """The first backup of a vault."""

    def prepare(self):
        super().prepare()
        write_tree(self.tree, 1)

    def command(self):
        return ("backup", "create", self.tree)

    def after(self):
        super().after()
        self.expect_restored("latest", self.tree)
        count = len(self.lagan.records("backup", "backup", "list"))
        if not 1 <= count <= 3:
            raise Failed(f"{count} backups are listed")


class Kept(Work):
    """A vault with a backup that must stay as it is."""

    def prepare(self):
        super().prepare()
        write_tree(self.tree, 1)
        self.lagan.must("backup", "create", self.tree, "--name", "first")
        self.first = self.lagan.records("backup", "backup", "list")[0]["id"]
        replace(self.tree, self.sweep.folder + "/tree1")
        write_tree(self.tree, 2)

    def before(self):
        super().before()
        self.expect_restored(self.first, self.sweep.folder + "/tree1")

    def after(self):
        super().after()
        self.expect_restored(self.first, self.sweep.folder + "/tree1")


class NextBackup(Kept):
    """A backup of what changed, beside one that must stay."""

    def command(self):
        return ("backup", "create", self.tree)

    def after(self):
        super().after()
        self.expect_restored("latest", self.tree)
        if not 2 <= len(self.lagan.records("backup", "backup", "list")) <= 4:
            raise Failed("there are more backups than were made")


class Init(Work):
    """A configuration and a vault from nothing."""

    def prepare(self):
        os.makedirs(self.live, exist_ok=True)
        write_tree(self.tree, 1)

    def command(self):
        return ("init", "--path", self.live + "/vault", "--state", self.live + "/state", "--recovery-file",
                self.live + "/recovery")

    def before(self):
        pass

    def recover(self):
        """Once more; where the first one got far enough, it says so, and what to do."""
        done = self.lagan.run(*self.command())
        if done.returncode == 0:
            return
        if "is there already" not in done.text or "vault key add --new-recovery" not in done.text:
            raise Failed(f"init cannot be repeated: {done.text}")
        self.sweep.renew_recovery("main", "recovery")

    def after(self):
        self.lagan.must("backup", "create", self.tree)
        super().after()
        self.expect_restored("latest", self.tree)
        with open(self.live + "/recovery", encoding="ascii") as key:
            if len(key.read().strip()) < 60:
                raise Failed("the recovery key is not there")
        self.lagan.must("vault", "key", "check", "--recovery-key", f"file:{self.live}/recovery")


class CreateVault(Kept):
    """One more vault in a region that has one."""

    def command(self):
        return ("vault", "create", "second", "--recovery-file", self.live + "/recovery2")

    def recover(self):
        done = self.lagan.run(*self.command())
        if done.returncode != 0:
            if "has a vault called second" not in done.text or "vault key add --new-recovery" not in done.text:
                raise Failed(f"vault create cannot be repeated: {done.text}")
            self.sweep.renew_recovery("second", "recovery2")

    def before(self):
        self.lagan.must("verify", "--depth", "objects", "--vault", "main")

    def after(self):
        for vault in ("main", "second"):
            self.lagan.must("backup", "create", self.tree, "--vault", vault)
            self.lagan.must("verify", "--depth", "data", "--vault", vault)
        agree = self.lagan.run("catalog", "check")
        if agree.returncode != 0:
            raise Failed(f"catalog and storage differ: {agree.text}")
        self.lagan.must("vault", "key", "check", "second", "--recovery-key", f"file:{self.live}/recovery2")
        names = [vault["name"] for vault in self.lagan.records("vault", "vault", "list")]
        if sorted(names) != ["main", "second"]:
            raise Failed(f"vaults: {names}")


class AddKey(Kept):
    """One more key slot."""

    def command(self):
        return ("vault", "key", "add", "--new-recovery", "--recovery-file", self.live + "/recovery2")

    def recover(self):
        done = self.lagan.run(*self.command())
        if done.returncode != 0 and "tells whether it is a key of the vault" not in done.text:
            raise Failed(f"the key cannot be added again: {done.text}")

    def after(self):
        super().after()
        for name in ("recovery", "recovery2"):
            self.lagan.must("vault", "key", "check", "--recovery-key", f"file:{self.live}/{name}")


class RemoveKey(Kept):
    """A key slot goes; the others stay."""

    def prepare(self):
        super().prepare()
        slots = self.lagan.records("slot", "vault", "key", "list")
        self.slot = [slot["id"] for slot in slots if slot["kind"] == "recovery"][0]

    def command(self):
        return ("vault", "key", "remove", "main", self.slot)

    def recover(self):
        self.lagan.run(*self.command())
        slots = self.lagan.records("slot", "vault", "key", "list")
        if [slot["kind"] for slot in slots] != ["provider"]:
            raise Failed(f"slots: {slots}")


class Delete(Kept):
    """One of two backups is deleted."""

    def prepare(self):
        super().prepare()
        self.lagan.must("backup", "create", self.tree)

    def command(self):
        return ("backup", "delete", self.first, "--now", "--yes")

    def before(self):
        Work.before(self)
        self.expect_restored("latest", self.tree)

    def recover(self):
        done = self.lagan.run(*self.command())
        if done.returncode != 0 and "there is no backup" not in done.text:
            raise Failed(f"the backup is neither there nor gone: {done.text}")
        self.lagan.must("backup", "create", self.tree)

    def after(self):
        Work.after(self)
        self.expect_restored("latest", self.tree)
        ids = [row["id"] for row in self.lagan.records("backup", "backup", "list")]
        if self.first in ids:
            raise Failed("the deleted backup is listed")
        if any(self.first in name for name in files_below(self.live + "/vault") if not name.endswith(".gone")):
            raise Failed("the seal of the deleted backup is left")


class Prune(Delete):
    """What a deleted backup took comes back; what is needed of its packs is copied."""

    def prepare(self):
        super().prepare()
        self.lagan.must("backup", "delete", self.first, "--now", "--yes")

    def command(self):
        return ("prune",)

    def recover(self):
        self.lagan.must("prune")

    def after(self):
        super().after()
        self.lagan.must("prune")
        left = self.lagan.records("prune", "prune", "--dry-run")[0]
        if left["packs_dead"] + left["packs_sparse"] + left["packs_condemned"] > 0:
            raise Failed(f"prune has left something: {left}")


class Rebuild(Kept):
    """The catalog is gone and comes back from storage."""

    def prepare(self):
        super().prepare()
        self.export = self.lagan.must("catalog", "export").text
        shutil.rmtree(self.live + "/state")

    def command(self):
        return ("catalog", "rebuild")

    def before(self):
        pass

    def after(self):
        super().after()
        if self.lagan.must("catalog", "export").text != self.export:
            raise Failed("the catalog is not what it was")


class Restore(Kept):
    """A restore is killed, and the same command takes it up."""

    def command(self):
        return ("restore", self.first, "--to", self.live + "/restored")

    def before(self):
        for path in files_below(self.live + "/restored"):
            wanted = self.sweep.folder + "/tree1" + path[len(self.live + "/restored"):]
            if os.path.exists(wanted):
                with open(path, "rb") as mine, open(wanted, "rb") as right:
                    if mine.read() != right.read():
                        raise Failed(f"{path} is half a file under its own name")

    def after(self):
        found = differences(self.sweep.folder + "/tree1", self.live + "/restored")
        if found:
            raise Failed(f"the restore that was taken up differs: {found}")


WORKS = {"first": FirstBackup, "next": NextBackup, "init": Init, "vault": CreateVault, "key-add": AddKey,
         "key-remove": RemoveKey, "delete": Delete, "prune": Prune, "rebuild": Rebuild, "restore": Restore, **make_mirror_works(Work)}
ROLL_CALLS = range(1, 2000, 2)


class Sweep:
    def __init__(self, arguments, folder):
        self.folder = folder
        self.live = folder + "/live"
        self.arguments = arguments
        self.lagan = Lagan(arguments.lagan, self.live)
        self.where = "preparation"
        self.kills = self.second_kills = 0

    def start(self, name):
        """The state before the command, to be taken up again and again."""
        for part in ("live", "base", "tree", "tree1"):
            shutil.rmtree(f"{self.folder}/{part}", ignore_errors=True)
        os.makedirs(self.live)
        self.where = f"preparation of {name}"
        self.work = WORKS[name](self)
        self.work.prepare()
        replace(self.live, self.folder + "/base")

    def killed(self, words, k, call=None, fine=(0,)):
        """Runs the words, to be killed at the k-th call; whether they were."""
        if call:
            before = ["strace", "-f", "-q", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                      f"inject={call}:signal=KILL:when={k}"]
        else:
            before = [self.arguments.at_call, "-k", str(k), ",".join(CALLS)]
        done = subprocess.run([*before, *self.lagan.command(*words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, check=False)
        if done.returncode in (137, -9):
            return True
        if done.returncode == 77:
            raise Failed(f"calls cannot be traced here: {done.stdout.decode(errors='replace')}")
        if done.returncode not in fine:
            raise Failed(f"{words[0]} ended with {done.returncode} instead of being killed or done: "
                         f"{done.stdout.decode(errors='replace')}")
        return False

    def renew_recovery(self, vault, name):
        """What a command advises that may have been killed before it gave the recovery key away."""
        path = f"{self.live}/{name}"
        if not os.path.exists(path) or os.path.getsize(path) == 0:
            self.lagan.must("vault", "key", "add", vault, "--new-recovery", "--recovery-file", path)

    def leftovers(self):
        """Temporary objects and files of any kind; those of the cache may stay for a day, in case they are in use."""
        return [name for name in files_below(self.live)
                if not name.startswith((self.live + "/restored", self.live + "/state/cache"))
                and ("/@tmp/" in name or "/." in name[len(self.live):])]

    def examine(self, number):
        work = self.work
        work.before()
        if self.arguments.again and number % self.arguments.again == 0:
            k = 1 + number * 7 % 150  # of some 70 to 280
            self.where += f", then {k} of the recovery"
            self.second_kills += self.killed(work.recovery(), k, fine=(0, 1))
        if hasattr(work, "recover"):
            work.recover()
        else:
            self.lagan.must(*work.recovery())
        work.after()
        if self.leftovers():
            raise Failed(f"temporary files are left: {self.leftovers()}")

    def points(self, words):
        """The k to try, ascending; without end where the end shows by itself."""
        if self.arguments.at:
            return [self.arguments.at]
        if not self.arguments.points:
            return itertools.count(1)
        replace(self.folder + "/base", self.live)
        report = self.folder + "/calls"
        self.lagan.must(*words, before=(self.arguments.at_call, "-o", report, ",".join(CALLS)))
        with open(report, encoding="ascii") as count:
            calls = int(count.read())
        return sorted(random.sample(range(1, calls + 1), min(calls, self.arguments.points)))

    def sweep(self, name, call=None):
        count = 0
        for k in self.points(self.work.command()):
            self.where = f"{name}, {call or 'call'} {k}"
            replace(self.folder + "/base", self.live)
            if self.killed(self.work.command(), k, call):
                count += 1
                self.examine(k)
            elif not self.arguments.points:
                break
        self.kills += count
        return count


    def roll(self, name):
        """Kills the same work again and again, a call later each time, until it completes between two kills."""
        replace(self.folder + "/base", self.live)
        count = 0
        for k in itertools.cycle(ROLL_CALLS):
            self.where = f"{name}, call {k} after {count} kills"
            if not self.killed(self.work.command(), k):
                break
            count += 1
            if count % 25 == 0:
                self.work.before()
        self.lagan.must(*self.work.recovery())
        self.work.after()
        if self.leftovers():
            raise Failed(f"temporary files are left: {self.leftovers()}")
        self.kills += count
        return count


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--lagan", required=True)
    parser.add_argument("--at-call", required=True)
    parser.add_argument("--folder", help="scratch; /dev/shm when there is one")
    parser.add_argument("--work", default=",".join(WORKS), help=", ".join(WORKS))
    parser.add_argument("--points", type=int, help="so many of each work, at random")
    parser.add_argument("--at", type=int, help="this point alone")
    parser.add_argument("--again", type=int, default=3)
    parser.add_argument("--strace", action="store_true")
    parser.add_argument("--keep", action="store_true", help="leave the scratch folder after a failure")
    return parser.parse_args()


def main():
    arguments = parse()
    folder = scratch_folder(arguments.folder, "kill")
    sweep = Sweep(arguments, folder)
    begin = time.monotonic()
    try:
        for name in arguments.work.split(","):
            sweep.start(name)
            rolling = getattr(sweep.work, "rolling", False)
            for call in STRACE_CALLS if arguments.strace else (None,):
                count = sweep.roll(name) if rolling else sweep.sweep(name, call)
                print(f"{name}: {f'strace, {call}: ' if call else ''}killed {count} times", flush=True)
    except Failed as error:
        if not arguments.keep:
            shutil.rmtree(folder)
        end(error, sweep.where)
    shutil.rmtree(folder)
    print(f"{sweep.kills} kills, {sweep.second_kills} more of the recovery, nothing lost, "
          f"{time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
