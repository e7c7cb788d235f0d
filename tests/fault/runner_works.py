#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two runners at accelerated time, with 20 sources, places that go away and come back, and kills.

At the end each slot that came due has exactly one outcome, each job of a run one backup at most,
all backups restore, the mirror equals its vault, and the runners' memory and descriptors are flat.

    runner_works.py --lagan './run lagan' --clock tests/drivers/clock_shift.so --seconds 12 --rate 300

With --rate 60 --seconds 60 it is an hour of accelerated time.  The seed is printed.
"""
import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from faults import Failed, Lagan, differences, end, scratch_folder  # noqa: E402

CONFIG = """
state   = "{folder}/state"
drivers = {{ src_files, tgt_dir, key_file }}
region east {{ target tgt_dir {{ path = {folder}/east }} }}
region west {{ target tgt_dir {{ path = {folder}/west }} }}
mirror {{ history-delay = 0s  delete-delay = 0s  delete-limit = 100000  rpo = 0s }}
limits {{ threads = 1 }}
runner {{ jobs = 2  attempts = 100  retry-delay = 60s  expire-every = 30m  prune-every = 40m  verify-within = 12h }}
"""
MIRROR = "[COPY]-main"
POLICIES = (("quarters", "main", 15), ("halves", "second", 30))
MINUTE = 60 * 10**9
MOST_GROWTH_KIB = 4096
MOST_GROWTH_FILES = 4


class Rig:
    """Everything that is made, and the runners at work."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.random = random.Random(arguments.seed)
        self.folder = scratch_folder(arguments.scratch, "runner")
        self.lagan = Lagan(arguments.lagan, self.folder)
        with open("/proc/uptime", encoding="ascii") as uptime:
            base = uptime.read().split()[0]
        preload = ":".join(filter(None, (arguments.first, arguments.clock)))
        self.environment = {**os.environ, "TZ": "UTC", "CLOCK_RATE": str(arguments.rate), "CLOCK_BASE": base,
                            "LD_PRELOAD": preload,
                            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
        self.base_real = time.time()
        self.runners = []
        self.figures = {}  # pid -> [(resident KiB, descriptors)]
        self.kills = self.faults = 0
        self.log = open(self.folder + "/log", "ab")

    # ---- making ----

    def must(self, *words):
        return self.lagan.must(*words, env=self.environment)

    def source(self, number):
        return f"{self.folder}/trees/s{number:02}"

    def write(self, number):
        with open(self.source(number) + "/changing", "wb") as out:
            out.write(self.random.randbytes(self.random.randrange(1, 60000)))

    def make(self):
        os.makedirs(self.folder + "/conf", mode=0o700)
        with open(self.lagan.config, "w", encoding="ascii") as out:
            out.write(CONFIG.format(folder=self.folder))
        os.chmod(self.lagan.config, 0o600)
        for vault in ("main", "second"):
            self.must("vault", "create", vault, "--region", "east",
                      "--recovery-file", f"{self.folder}/{vault}.recovery")
        self.must("mirror", "create", "main", "--region", "west")
        for number in range(self.arguments.sources):
            os.makedirs(self.source(number))
            with open(self.source(number) + "/name", "w", encoding="ascii") as out:
                out.write(str(number) * 1000)
            self.write(number)
            self.must("source", "add", f"s{number:02}", "src_files", "path=" + self.source(number), "--vault",
                      POLICIES[number % 2][1])
        for name, vault, minutes in POLICIES:
            self.must("policy", "create", name, f"schedule=cron */{minutes} * * * *", "zone=UTC", "keep-count=4",
                      "--vault", vault)

    # ---- runners ----

    def start(self):
        command = self.lagan.command("-q", "run")
        runner = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=self.log,
                                  stderr=self.log)
        runner.begun = time.time()
        self.runners.append(runner)

    def children(self):
        """Processes of runners that work, by what they were started with."""
        found = []
        for name in os.listdir("/proc"):
            try:
                with open(f"/proc/{name}/cmdline", "rb") as line:
                    words = line.read().split(b"\0")
            except OSError:
                continue
            if f"--config={self.lagan.config}".encode() in words and (b"--job" in words or b"--queue" in words):
                found.append(int(name))
        return found

    def measure(self):
        for runner in self.runners:
            if runner.poll() is not None or time.time() - runner.begun < 1.5:
                continue
            try:
                with open(f"/proc/{runner.pid}/status", encoding="ascii") as status:
                    size = [int(line.split()[1]) for line in status if line.startswith("VmRSS")][0]
                files = len(os.listdir(f"/proc/{runner.pid}/fd"))
            except (OSError, IndexError):
                continue
            self.figures.setdefault(runner.pid, []).append((size, files))

    def check_runners(self):
        for runner in self.runners:
            if runner.poll() is not None:
                raise Failed(f"a runner ended by itself with {runner.returncode}")

    # ---- what happens to them ----

    def kill_child(self):
        children = self.children()
        if children:
            try:
                os.kill(self.random.choice(children), signal.SIGKILL)
                self.kills += 1
            except ProcessLookupError:
                pass

    def kill_runner(self):
        """The second one: the first lives, so that its memory is seen over time."""
        runner = self.runners.pop()
        runner.kill()
        runner.wait()
        self.kills += 1
        self.start()

    def take_away(self):
        place = self.folder + self.random.choice(("/east", "/west"))
        os.rename(place, place + ".away")
        self.faults += 1
        time.sleep(self.random.uniform(0.3, 1.2))
        # What a runner made there meanwhile was not the place.
        if os.path.exists(place):
            shutil.rmtree(place)
        os.rename(place + ".away", place)

    def trouble(self):
        ends = time.time() + self.arguments.seconds
        turn = 0
        while time.time() < ends:
            time.sleep(self.random.uniform(0.5, 1.5))
            self.measure()
            self.check_runners()
            self.write(self.random.randrange(self.arguments.sources))
            turn += 1
            (self.kill_child, self.take_away, self.kill_child, self.kill_runner)[turn % 4]()

    def stop(self):
        """SIGTERM: all of it is gone within ten seconds."""
        for runner in self.runners:  # one that has not begun knows no signals
            time.sleep(max(0, 1.5 * self.arguments.patience - (time.time() - runner.begun)))
        begun = time.time()
        for runner in self.runners:
            runner.send_signal(signal.SIGTERM)
        for runner in self.runners:
            try:
                runner.wait(timeout=12 * self.arguments.patience)
            except subprocess.TimeoutExpired as late:
                raise Failed("a runner did not end in time") from late
            if runner.returncode != 0:
                raise Failed(f"a runner that was told to end ended with {runner.returncode}")
        if self.children():
            raise Failed("a runner left children behind")
        return time.time() - begun

    def work_off(self):
        """What was interrupted goes on until every run is over."""
        for _ in range(40):
            self.lagan.run("-q", "run", "--once", env=self.environment)
            if not self.rows("SELECT 1 FROM runs WHERE state IN ('waiting', 'running')"
                             " UNION ALL SELECT 1 FROM items WHERE operation = 'copy'"):
                break
            time.sleep(1.1 * 60 / self.arguments.rate)
        else:
            raise Failed(f"runs do not end: {self.rows('SELECT * FROM jobs WHERE run > 0 AND ended_ns = 0')}")

    # ---- promises ----

    def rows(self, sql):
        with sqlite3.connect(f"file:{self.folder}/state/catalog.db?mode=ro", uri=True, timeout=30) as db:
            return db.execute(sql).fetchall()

    def expect_slots(self):
        """Each slot from the making of the policy to its cursor has one outcome."""
        outcomes = {}
        for name, _, minutes in POLICIES:
            created, cursor = self.rows(f"SELECT created_ns, cursor_ns FROM policies WHERE name = '{name}'")[0]
            step = minutes * MINUTE
            due = set(range((created // step + 1) * step, cursor + 1, step))
            found = []
            for slot, slots, state in self.rows(
                    f"SELECT slot_ns, slots, state FROM runs WHERE policy_name = '{name}' AND trigger <> 'manual'"):
                found += [slot + i * step for i in range(slots)]
                outcomes[state] = outcomes.get(state, 0) + slots
            if len(found) != len(set(found)):
                raise Failed(f"{name}: a slot has two outcomes: {sorted(found)}")
            if set(found) != due:
                raise Failed(f"{name}: slots without an outcome: {sorted(due - set(found))}; "
                             f"outcomes without a slot: {sorted(set(found) - due)}")
        return outcomes

    def expect_jobs(self):
        """One backup for each job that says so, and no other."""
        wrong = self.rows("SELECT r.policy_name, r.slot_ns, j.state, j.backup, j.error_text FROM jobs j"
                          " JOIN runs r ON r.id = j.run WHERE (j.state IN ('success', 'partial')) <> (j.backup <> '')")
        if wrong:
            raise Failed(f"jobs whose outcome is not what they did: {wrong}")
        twice = self.rows("SELECT policy, slot_ns, hex(source), count(*) FROM backups b JOIN vaults v ON v.uuid = b.vault"
                          " WHERE v.role <> 'mirror' GROUP BY 1, 2, 3 HAVING count(*) > 1")
        if twice:
            raise Failed(f"slots with two backups of a source: {twice}")
        made = {row[0] for row in self.rows("SELECT b.id FROM backups b JOIN vaults v ON v.uuid = b.vault"
                                            " WHERE v.role <> 'mirror'")}
        # What a process sees half done it notes as broken off, beside the line of who did it.
        gone = [row[0] for row in self.rows("SELECT backup FROM deletions WHERE rule <> 'broken-off'")]
        broken = {row[0] for row in self.rows("SELECT backup FROM deletions WHERE rule = 'broken-off'")}
        said = {row[0] for row in self.rows("SELECT backup FROM jobs WHERE backup <> ''")}
        if len(gone) != len(set(gone)) or made & (set(gone) | broken):
            twice = {one for one in gone if gone.count(one) > 1}
            raise Failed(f"backups that went twice: {twice}, or are there still: {made & (set(gone) | broken)}")
        gone = set(gone) | broken
        if made | gone != said:
            unsaid = (made | gone) - said
            raise Failed(f"backups of no job: {unsaid}; jobs without theirs: {said - made - gone}; "
                         + str(self.rows("SELECT b.policy, b.slot_ns, b.id, j.state, j.attempts, j.error_text"
                                         " FROM backups b LEFT JOIN runs r ON r.policy_name = b.policy AND r.slot_ns ="
                                         " b.slot_ns LEFT JOIN jobs j ON j.run = r.id AND j.source = b.source"
                                         f" WHERE b.id IN ({','.join(repr(one) for one in unsaid) or 'NULL'})")))
        return len(made), len(gone)

    def expect_restores(self):
        for vault in ("main", "second", MIRROR):
            self.must("verify", "--vault", vault, "--depth", "data")
        self.must("mirror", "verify", MIRROR, "--depth", "objects")
        agree = self.lagan.run("catalog", "check", env=self.environment)
        if agree.returncode != 0:
            raise Failed(f"catalog and storage differ: {agree.text}")
        for number in self.random.sample(range(self.arguments.sources), self.arguments.restores):
            place = f"{self.folder}/restored"
            shutil.rmtree(place, ignore_errors=True)
            vault = POLICIES[number % 2][1]
            self.must("backup", "create", f"s{number:02}", "--vault", vault)
            self.must("restore", "latest", "--source", f"s{number:02}", "--vault", vault, "--to", place)
            found = differences(self.source(number), place)
            if found:
                raise Failed(f"s{number:02} is not what it was: {found}")
        every = self.rows("SELECT b.id, v.name FROM backups b JOIN vaults v ON v.uuid = b.vault WHERE v.role <> 'mirror'")
        for backup, vault in self.random.sample(every, min(len(every), self.arguments.restores)):
            place = f"{self.folder}/restored"
            shutil.rmtree(place, ignore_errors=True)
            self.must("restore", backup, "--vault", vault, "--to", place)

    def expect_flat(self):
        """Of the runner that lived longest: the last third against the first."""
        samples = max(self.figures.values(), key=len, default=[])
        if len(samples) < 6:
            return samples[-1] if samples else (0, 0)
        third = len(samples) // 3
        for which, most, unit in ((0, MOST_GROWTH_KIB, "KiB"), (1, MOST_GROWTH_FILES, "descriptors")):
            first = max(sample[which] for sample in samples[:third])
            last = min(sample[which] for sample in samples[-third:])
            if last - first > most:
                raise Failed(f"a runner grew from {first} to {last} {unit}: {samples}")
        return samples[-1]

    def run(self):
        self.make()
        self.start()
        self.start()
        self.trouble()
        stopped = self.stop()
        self.work_off()
        outcomes = self.expect_slots()
        if outcomes.keys() & {"waiting", "running"}:
            raise Failed(f"slots without an outcome: {outcomes}")
        made, gone = self.expect_jobs()
        size, files = self.expect_flat()
        self.expect_restores()
        passed = (time.time() - self.base_real) * self.arguments.rate / 3600
        print(f"{passed:.1f} h of accelerated time, {made} backups, {gone} expired, slots {outcomes}, {self.kills} kills, "
              f"{self.faults} places away, ended in {stopped:.1f} s, runner {size} KiB, {files} descriptors")

    def clean(self):
        for runner in self.runners:
            if runner.poll() is None:
                runner.kill()
                runner.wait()
        self.log.close()
        time.sleep(0.2)
        for pid in self.children():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lagan", required=True)
    parser.add_argument("--clock", required=True)
    parser.add_argument("--first", default="", help="a library that must be loaded before the clock")
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--rate", type=int, default=300)
    parser.add_argument("--sources", type=int, default=20)
    parser.add_argument("--restores", type=int, default=3)
    parser.add_argument("--patience", type=float, default=1)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "little"))
    parser.add_argument("--scratch")
    parser.add_argument("--keep", action="store_true", help="keep the folder")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    rig = Rig(arguments)
    try:
        rig.run()
    except Failed as error:
        rig.clean()
        with open(rig.folder + "/log", "rb") as log:
            sys.stdout.write(log.read()[-6000:].decode(errors="replace"))
        end(error, rig.folder)
    finally:
        rig.clean()
    if not arguments.keep:
        shutil.rmtree(rig.folder, ignore_errors=True)


main()
