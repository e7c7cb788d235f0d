#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Damages each byte region of each type of object, and expects each damage to be found.

    corrupt.py --lagan "PROGRAM WORDS" [--types a,b,...] [--points N] [--bytes]

Vaults with several backups, index runs, rolls and a deleted backup are made; then objects are
damaged, one at a time, in every way below, at each region of doc/format.md, and put back:

    a bit flipped | 16 bytes zeroed | cut at the region's start | emptied | a byte more | the bytes
    of another object of the type, of this vault and of another one | removed

For each: `verify --depth data` ends with a status that says so, names the object, and names every
backup whose restore fails; every restore ends with an error or is right, and no file that a restore
leaves holds wrong bytes.  Where an object only speeds things up (runs) or hurts nobody (sessions),
its loss need not be seen; that of a key slot, a tombstone or a seal is seen by the catalog.  After a damaged pack was found, the next backup is whole again.  Files of
the local cache are damaged too: they may cost time, and change no result.  --points N takes N damages
of each type at random; --bytes also flips a bit in every byte of small objects.
"""
import argparse
import filecmp
import json
import os
import random
import shutil
import struct
import time

from faults import Failed, Lagan, differences, end, files_below, replace, scratch_folder

TYPES = ("conf", "keys", "packs", "runs", "rolls", "seals", "tombstones", "sessions")
CACHE = "cache"
# Statuses by which a command says that it found damage: integrity, no such vault, wrong key, newer format.
FOUND = {"conf": (4, 10, 13), "keys": (4, 12, 13)}
# Objects whose loss hurts nobody.
MAY_VANISH = ("runs", "sessions")
# Those whose loss leaves no trace in storage: the catalog misses them.
WITNESSED = ("keys", "seals", "tombstones")
SMALL = 4096


def kind_of(name):
    kind = name.split("/", maxsplit=1)[0]
    return "tombstones" if name.endswith(".gone") else kind


def regions(kind, data):
    """Starts of the regions of an object, by doc/format.md."""
    size = len(data)
    if kind in ("packs", "runs"):
        directory = struct.unpack_from("<Q", data, size - 32)[0]
        places = [0, 8, 9, 10, 11, 12, 16, 32, 48, 80, 112, 124, 128, 160, 161, (160 + directory) // 2, directory - 1,
                  directory, directory + 40, size - 33, size - 32, size - 24, size - 20, size - 16, size - 12, size - 8,
                  size - 1]
    elif kind == "keys":
        tlvs = struct.unpack_from("<I", data, 28)[0]
        places = [0, 8, 9, 10, 11, 12, 28, 32, 34, 38, 32 + tlvs, 64 + tlvs, 96 + tlvs, 100 + tlvs, size - 16, size - 1]
    else:
        places = [0, 8, 9, 12, 16, 18, 22, 30, size // 3, size // 2, size - 65, size - 64, size - 32, size - 4, size - 1]
    return sorted({p for p in places if 0 <= p < size})


def flipped(data, at, bit=4):
    return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1:]


def zeroed(data, at):
    return data[:at] + bytes(len(data[at:at + 16])) + data[at + 16:]


def read(path):
    with open(path, "rb") as source:
        return source.read()


def write(path, data):
    """Objects are read-only files: a new one takes the place of the old."""
    if os.path.exists(path):
        os.remove(path)
    with open(path, "wb") as out:
        out.write(data)


class Vault:
    """A vault with backups, and what they must restore to."""

    def __init__(self, lagan, name):
        self.lagan = lagan
        self.name = name
        self.folder = f"{lagan.folder}/vault/{name}"
        self.tree = f"{lagan.folder}/{name}"
        self.backups = {}
        self.count = 0

    def backup(self):
        before = set(self.ids())
        self.lagan.must("backup", "create", self.tree, "--vault", self.name)
        self.count += 1
        kept = f"{self.tree}.{self.count}"
        replace(self.tree, kept)
        new = set(self.ids()) - before
        self.backups[new.pop()] = kept

    def ids(self):
        return [row["id"] for row in self.lagan.records("backup", "backup", "list", "--vault", self.name)]

    def delete(self, backup):
        self.lagan.must("backup", "delete", backup, "--now", "--yes", "--vault", self.name)
        del self.backups[backup]

    def objects(self):
        """Names and paths, with the private folder of the target left out."""
        names = [(path[len(self.folder) + 1:], path) for path in files_below(self.folder)]
        return sorted((name, path) for name, path in names if "@" not in name)


def write_files(tree, generation, count, size, large):
    rng = random.Random(generation * 1000 + count)
    os.makedirs(tree + "/sub", exist_ok=True)
    for i in range(count):
        write(f"{tree}/sub/{generation}.{i}", rng.randbytes(size))
    write(tree + "/large", rng.randbytes(large))


class Corruption:
    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.folder = folder
        self.kept = folder + "/kept"
        self.lagan = Lagan(arguments.lagan, folder + "/live")
        self.where = "preparation"
        self.counts = {}

    def prepare(self):
        """`small`: packs, seals, a tombstone; `runs`: enough packs for index runs; `rolls`: for rolls."""
        os.makedirs(self.lagan.folder)
        self.lagan.init()
        self.small = self.make("small", "64K", [(8, 9000, 300000)] * 4)
        self.small.delete(list(self.small.backups)[1])
        self.vaults = [self.small]
        # A chunk of 128 KiB is a block of its own; two of them fill a pack.
        if self.wants("runs"):
            self.vaults.append(self.make("runs", "64K", [(100, 1 << 17, 1000), (3, 1 << 17, 2000)]))
        if self.wants("rolls"):
            self.vaults.append(self.make("rolls", "64K", [(1200, 1 << 17, 1000), (3, 1 << 17, 2000)]))
        foreign = Vault(self.lagan, "main")
        write_files(foreign.tree, 9, 3, 900, 1000)
        foreign.backup()
        self.foreign = {kind_of(name): read(path) for name, path in foreign.objects()}
        self.keep()

    def wants(self, kind):
        return kind in self.arguments.types.split(",")

    def make(self, name, pack_size, generations):
        self.lagan.must("vault", "create", name, "--pack-size", pack_size, "--recovery-file",
                        f"{self.lagan.folder}/recovery-{name}")
        vault = Vault(self.lagan, name)
        for generation, (count, size, large) in enumerate(generations, 1):
            write_files(vault.tree, generation, count, size, large)
            vault.backup()
        self.lagan.must("verify", "--depth", "data", "--vault", name)
        return vault

    def keep(self):
        """Remembers the small vault and the state as they are, for rewind."""
        os.makedirs(self.kept, exist_ok=True)
        replace(self.small.folder, self.kept + "/vault")
        replace(self.lagan.folder + "/state", self.kept + "/state")

    def rewind(self):
        replace(self.kept + "/vault", self.small.folder)
        replace(self.kept + "/state", self.lagan.folder + "/state")

    def restore(self, vault, backup):
        """Whether the backup restores; what it leaves must be right in any case."""
        out = self.folder + "/out"
        shutil.rmtree(out, ignore_errors=True)
        done = self.lagan.run("restore", backup, "--vault", vault.name, "--to", out)
        wanted = vault.backups[backup]
        for path in files_below(wanted):
            mine = out + path[len(wanted):]
            if os.path.exists(mine) and not filecmp.cmp(mine, path, shallow=False):
                raise Failed(f"the restore of {backup} wrote wrong bytes to {mine}: {done.text}")
            if not os.path.exists(mine) and done.returncode == 0:
                raise Failed(f"the restore of {backup} lacks {mine} and says nothing: {done.text}")
        if done.returncode not in (0, 4, 10, 12, 13) and "there is no backup" not in done.text:
            raise Failed(f"the restore of {backup} ended with {done.returncode}: {done.text}")
        return done.returncode == 0

    def verify(self, vault):
        """The command, and what was found: object -> backups."""
        done = self.lagan.run("verify", "--depth", "data", "--vault", vault.name, "--json")
        findings = {}
        for line in done.text.splitlines():
            row = json.loads(line) if line.startswith("{") else {"type": ""}
            if row["type"] == "finding":
                findings.setdefault(row["object"], set()).update(row["backups"])
        return done, findings

    def witnessed(self, name):
        """Whether the catalog misses what is gone."""
        done = self.lagan.run("catalog", "check")
        return done.returncode != 0 and name[-16:] in done.text

    def is_seen(self, kind, name, status, removed):
        if removed and kind in WITNESSED and not self.witnessed(name):
            return False
        if status in FOUND.get(kind, (4,)):
            return True
        if status != 0:
            return False
        return kind == "sessions" or removed and kind in (*MAY_VANISH, *WITNESSED)

    def examine(self, vault, name, removed):
        kind = kind_of(name)
        done, findings = self.verify(vault)
        if not self.is_seen(kind, name, done.returncode, removed):
            raise Failed(f"verify ended with {done.returncode} and found nothing: {done.text}")
        exchanged = kind == "conf" and "another vault lies in its place" in done.text
        if done.returncode != 0 and not removed and name not in done.text and not exchanged:
            raise Failed(f"verify does not name {name}: {done.text}")
        hurt = set().union(*findings.values()) if findings else set()
        for backup in vault.backups:
            if not self.restore(vault, backup) and findings and backup not in hurt:
                raise Failed(f"{backup} cannot be restored, and verify does not say so: {done.text}")

    def expect_new_backup(self, older):
        """The next backup is whole, and `older` backups restore."""
        name = f"{self.small.tree}/new"
        write(name, b"new\n" * 1000)
        self.lagan.must("backup", "create", self.small.tree, "--vault", "small")
        newest = self.small.ids()[-1]
        done = self.lagan.run("verify", "--depth", "data", "--vault", "small", "--backup", newest)
        if done.returncode != 0:
            raise Failed(f"the next backup is not whole: {done.text}")
        out = self.folder + "/next"
        shutil.rmtree(out, ignore_errors=True)
        self.lagan.must("restore", newest, "--vault", "small", "--to", out)
        found = differences(self.small.tree, out)
        if found:
            raise Failed(f"the next backup differs: {found}")
        for backup in older:
            if not self.restore(self.small, backup):
                raise Failed(f"{backup} cannot be restored any more")
        os.remove(name)

    def damages(self, vault, name, data):
        """All ways to damage an object: (what, bytes or None)."""
        kind = kind_of(name)
        yield "removed", None
        yield "emptied", b""
        yield "a byte more", data + b"\0"
        yield "twice", data + data
        for other, path in vault.objects():
            if other != name and kind_of(other) == kind:
                yield f"the bytes of {other}", read(path)
                break
        if kind in self.foreign:
            yield "the bytes of another vault's", self.foreign[kind]
        for start in regions(kind, data):
            yield f"a bit flipped at {start}", flipped(data, start)
            yield f"zeroed at {start}", zeroed(data, start)
            if start > 0:
                yield f"cut at {start}", data[:start]
        if self.arguments.bytes and len(data) <= SMALL:
            for start in range(len(data)):
                yield f"bit {start % 8} flipped at {start}", flipped(data, start, start % 8)

    def damage(self, vault, name, path, how, data):
        self.where = f"vault {vault.name}, {name}: {how}"
        good = read(path)
        if data == good:
            return
        shutil.rmtree(self.lagan.folder + "/state/cache", ignore_errors=True)
        os.remove(path)
        if data is not None:
            write(path, data)
        self.examine(vault, name, data is None)
        if name.startswith("packs/") and vault is self.small and random.random() < 0.2:
            self.where += ", and the next backup"
            self.expect_new_backup([])
            self.rewind()
        write(path, good)
        kind = kind_of(name)
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def chosen(self, kind):
        """The objects of a kind to damage: all where there are few, else some of each vault."""
        for vault in self.vaults:
            if vault.name not in ("small", kind):
                continue
            found = [(name, path) for name, path in vault.objects() if kind_of(name) == kind]
            if kind == "packs":
                by_type = {}
                for name, path in found:
                    by_type.setdefault(read(path)[9], []).append((name, path))
                found = [pair for pairs in by_type.values() for pair in random.sample(pairs, min(len(pairs), 3))]
            elif kind == "sessions":
                found = found[:2]
            for name, path in found:
                yield vault, name, path

    def some(self, cases):
        if not self.arguments.points:
            return cases
        return random.sample(cases, min(len(cases), self.arguments.points))

    def all(self, kind):
        cases = []
        for vault, name, path in self.chosen(kind):
            cases += [(vault, name, path, how, bad) for how, bad in self.damages(vault, name, read(path))]
        if not cases:
            raise Failed(f"there are no {kind}")
        for case in self.some(cases):
            self.damage(*case)
        print(f"{kind}: {self.counts.get(kind, 0)} damages, all found", flush=True)

    def cache_cases(self):
        """Every file of the small vault's cache, and what is done to it."""
        ids = [row["id"] for row in self.lagan.records("vault", "vault", "list") if row["name"] == "small"]
        for path in sorted(files_below(f"{self.kept}/state/cache/{ids[0]}")):
            name = path[len(self.kept):]
            data = read(path)
            yield name, "removed", None
            yield name, "emptied", b""
            yield name, "of random bytes", random.randbytes(len(data) + 1)
            for at in random.sample(range(len(data)), min(len(data), 5)):
                yield name, f"a bit flipped at {at}", flipped(data, at, random.randrange(8))
                yield name, f"zeroed at {at}", zeroed(data, at)
                yield name, f"cut at {at}", data[:at]

    def all_cache(self):
        self.lagan.must("verify", "--depth", "data", "--vault", "small")
        self.expect_new_backup(self.small.backups)
        self.keep()
        cases = self.some(list(self.cache_cases()))
        oldest = list(self.small.backups)[0]
        for name, how, data in cases:
            self.where = f"{name}: {how}"
            self.rewind()
            os.remove(self.lagan.folder + name)
            if data is not None:
                write(self.lagan.folder + name, data)
            if not self.restore(self.small, oldest):
                raise Failed("a restore failed over the cache")
            self.lagan.must("verify", "--depth", "data", "--vault", "small")
            self.expect_new_backup([oldest])
        self.counts[CACHE] = len(cases)
        print(f"cache: {len(cases)} damages, no result changed", flush=True)

    def run(self):
        for kind in self.arguments.types.split(","):
            if kind == CACHE:
                self.all_cache()
            else:
                self.all(kind)
        self.where = "the end"
        for vault in self.vaults:
            self.lagan.must("verify", "--depth", "data", "--vault", vault.name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--lagan", required=True)
    parser.add_argument("--folder", help="scratch; /dev/shm when there is one")
    parser.add_argument("--types", default=",".join((*TYPES, CACHE)))
    parser.add_argument("--points", type=int, help="so many damages of each type, at random")
    parser.add_argument("--bytes", action="store_true")
    parser.add_argument("--keep", action="store_true", help="leave the scratch folder after a failure")
    arguments = parser.parse_args()
    folder = scratch_folder(arguments.folder, "corrupt")
    test = Corruption(arguments, folder)
    begin = time.monotonic()
    try:
        test.prepare()
        test.run()
    except Failed as error:
        if not arguments.keep:
            shutil.rmtree(folder)
        end(error, test.where)
    shutil.rmtree(folder)
    print(f"{sum(test.counts.values())} damages, none unseen, no wrong byte restored, {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
