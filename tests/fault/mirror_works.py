# SPDX-License-Identifier: Apache-2.0
"""Works of kill_sweep.py around mirrors: made, filled, emptied, mended, ended, and two hundred backups at once."""
import os
import random

from faults import Failed, files_below

MIRROR = "[COPY]-main"
REGION = """
region west {{ target tgt_dir {{ path = {live}/west }} }}
mirror {{ history-delay = 0s  delete-delay = 0s  delete-limit = 1000 }}
"""


def small_tree(tree, generation):
    """Enough for two packs a backup, and little to copy."""
    os.makedirs(tree, exist_ok=True)
    with open(f"{tree}/file", "wb") as out:
        out.write(random.Random(generation).randbytes(3000))
    with open(f"{tree}/generation", "w", encoding="ascii") as out:
        out.write(str(generation))


def make_mirror_works(Work):
    """The classes, on the class of works that the sweep has."""

    class Mirrored(Work):
        """A vault with some backups, and a region for its mirror."""
        backups = 4

        def prepare(self):
            super().prepare()
            os.makedirs(self.live + "/west", exist_ok=True)
            with open(self.lagan.config, "a", encoding="ascii") as out:
                out.write(REGION.format(live=self.live))
            for generation in range(self.backups):
                small_tree(self.tree, generation)
                self.backup()

        def backup(self):
            self.lagan.must("backup", "create", self.tree, "--vault", "main", "--region", "local")

        def make_mirror(self):
            self.lagan.must("mirror", "create", "main", "--region", "west")

        def ids(self, vault):
            return sorted(row["id"] for row in self.lagan.records("backup", "backup", "list", "--vault", vault))

        def before(self):
            self.lagan.must("verify", "--depth", "objects", "--vault", "main", "--region", "local")

        def expect_equal(self):
            """The promises once the queue is empty: everything is there, once, and opens with its own key."""
            shown = self.lagan.records("mirror", "mirror", "show", MIRROR)[0]
            if shown["state"] != "in-sync" or shown["given_up"] != 0 or shown["lag_backups"] != 0:
                raise Failed(f"the mirror is not in sync: {shown}")
            if self.ids("main") != self.ids(MIRROR):
                raise Failed("the mirror has other backups than its vault")
            self.lagan.must("mirror", "verify", MIRROR, "--depth", "objects")
            self.lagan.must("verify", "--depth", "data", "--vault", MIRROR)
            self.expect_once()

        def expect_once(self):
            """No item was lost, and none was done twice."""
            done = [task["subject"] for task in self.lagan.records("task", "task", "list", "--limit", "0")
                    if task["kind"] == "replication" and task["state"] == "success"]
            copies = [subject for subject in done if subject.startswith("copy ")]
            if len(copies) != len(set(copies)):
                raise Failed("an item was recorded as done twice")
            missing = {f"copy {backup}" for backup in self.ids("main")} - set(copies)
            if missing:
                raise Failed(f"backups that no task has copied: {missing}")

        def after(self):
            self.expect_equal()
            agree = self.lagan.run("catalog", "check")
            if agree.returncode != 0:
                raise Failed(f"catalog and storage differ: {agree.text}")

    class MirrorCreate(Mirrored):
        """A mirror comes into being."""

        def command(self):
            return ("mirror", "create", "main", "--region", "west")

        def recover(self):
            done = self.lagan.run(*self.command())
            if done.returncode != 0 and "has the mirror" not in done.text:
                raise Failed(f"the mirror cannot be made again: {done.text}")
            self.lagan.must("run", "--once")

    class MirrorSync(Mirrored):
        """What is owed is copied."""

        def prepare(self):
            super().prepare()
            self.make_mirror()

        def command(self):
            return ("run", "--once")

    class MirrorRemove(MirrorSync):
        """A deletion reaches the mirror, beside a new backup."""

        def prepare(self):
            super().prepare()
            self.lagan.must("run", "--once")
            self.deleted = self.ids("main")[1]
            self.lagan.must("backup", "delete", self.deleted, "--vault", "main", "--region", "local", "--force", "--now", "--yes")
            self.backup()

        def after(self):
            super().after()
            seals = [name for name in files_below(self.live + "/west") if self.deleted in name]
            if len(seals) != 1 or not seals[0].endswith(".gone"):
                raise Failed(f"the deletion did not arrive: {seals}")

    class MirrorRepair(MirrorSync):
        """An object of each side is lost and comes back from the other."""

        def prepare(self):
            super().prepare()
            self.lagan.must("run", "--once")
            packs = sorted(name for name in files_below(self.live + "/west") if "/packs/" in name)
            os.remove(packs[0])
            packs = sorted(name for name in files_below(self.live + "/vault") if "/packs/" in name)
            os.remove(packs[-1])

        def command(self):
            return ("mirror", "verify", MIRROR, "--repair")

        def before(self):
            pass

    class MirrorStop(MirrorSync):
        """The mirror becomes a vault of its own."""

        def prepare(self):
            super().prepare()
            self.lagan.must("run", "--once")

        def command(self):
            return ("mirror", "stop", MIRROR, "--yes")

        def recover(self):
            done = self.lagan.run(*self.command())
            if done.returncode != 0 and "is no mirror" not in done.text:
                raise Failed(f"the mirror cannot be stopped again: {done.text}")

        def after(self):
            self.lagan.must("backup", "create", self.tree, "--vault", MIRROR)
            self.lagan.must("verify", "--depth", "data", "--vault", MIRROR)

    class MirrorMany(MirrorSync):
        """Two hundred backups: the worker is killed again and again, each time in the recovery from the last kill."""
        backups = 200
        rolling = True

    return {"mirror-create": MirrorCreate, "mirror": MirrorSync, "mirror-remove": MirrorRemove,
            "mirror-repair": MirrorRepair, "mirror-stop": MirrorStop, "mirror-200": MirrorMany}
