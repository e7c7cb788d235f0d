# SPDX-License-Identifier: Apache-2.0
"""What the tests of faults share: running lagan, trees, comparisons."""
import json
import os
import shutil
import subprocess
import sys


class Failed(Exception):
    """A promise is broken; the text says which."""


class Lagan:
    """The program, with the configuration below `folder`."""

    def __init__(self, words, folder):
        self.words = words.split()
        self.folder = folder
        self.config = folder + "/conf/lagan.conf"

    def command(self, *words):
        return [*self.words, "--config", self.config, *words]

    def run(self, *words, before=(), **options):
        """Ends as the command does; `.text` is all it wrote."""
        options.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run([*before, *self.command(*words)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, **options)
        done.text = done.stdout.decode(errors="replace")
        if done.returncode < 0 or done.returncode in (99, 134, 139) and not before:
            raise Failed(f"{' '.join(words)} ended with {done.returncode}: {done.text}")
        return done

    def must(self, *words, **options):
        done = self.run(*words, **options)
        if done.returncode != 0:
            raise Failed(f"{' '.join(words)} ended with {done.returncode}: {done.text}")
        return done

    def records(self, kind, *words):
        """The records of one kind that a command writes with --json."""
        lines = self.must(*words, "--json").text.splitlines()
        return [row for row in map(json.loads, lines) if row.get("type") == kind]

    def init(self, *words):
        return self.must("init", "--path", self.folder + "/vault", "--state", self.folder + "/state",
                         "--recovery-file", self.folder + "/recovery", *words)


def differences(wanted, found):
    """What rsync would change to make `found` the same as `wanted`."""
    done = subprocess.run(["rsync", "-aHAX", "--checksum", "--dry-run", "--itemize-changes", "--delete",
                           wanted + "/", found + "/"], stdout=subprocess.PIPE, check=True)
    return done.stdout.decode(errors="replace").strip()


def replace(source, target):
    """Makes `target` a copy of the folder `source`, whatever it was."""
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", source, target], check=True)


def files_below(folder):
    return [os.path.join(base, name) for base, _, names in os.walk(folder) for name in names]


def scratch_folder(chosen, name):
    """An empty folder of this name: where the caller says, else in memory, else below."""
    top = chosen or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else ".")
    folder = os.path.abspath(f"{top}/lagan-{name}.{os.getpid()}")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def end(error, where):
    print(f"FAILED at {where}: {error}", flush=True)
    sys.exit(1)
