# SPDX-License-Identifier: Apache-2.0
"""The tools that are compared: how each makes its repository and does each work."""
import os
import re
import shutil

WORKS = ("first", "nochange", "restore", "check")
FLOOR_KEY = "-aes-256-ctr -pbkdf2 -iter 1 -pass file:key"


class Tool:
    """One tool with a folder of its own, which is empty when the tool begins.

    `repository` is what counts as stored; commands run in `folder` with `env`."""
    programs = ()
    # Exit statuses of works that were done.
    good = (0,)

    def __init__(self, folder, options):
        self.folder = folder
        self.repository = folder + "/repository"
        self.out = folder + "/out"
        self.options = options
        self.env = dict(os.environ, HOME=folder, LC_ALL="C.UTF-8")
        self.backups = 0

    def prepare(self):
        """Commands that make the repository; they are not measured."""
        return []

    def reads(self, work, data):
        """What a work reads, and what therefore has to be in the cache."""
        return {"first": [data.folder], "nochange": [data.folder, self.folder]}.get(
            work, [self.folder])

    def command(self, work, data):
        """The command of a work; backups are counted."""
        if work in ("first", "nochange"):
            self.backups += 1
        return getattr(self, work)(data)


class Lagan(Tool):
    name = "lagan"
    threads = 0

    def call(self, *words):
        return [*self.options.lagan.split(), "--config", self.folder + "/lagan.conf", "-q",
                *words]

    def prepare(self):
        made = [self.call("init", "--path", self.repository, "--state", self.folder + "/state",
                          "--recovery-file", self.folder + "/recovery")]
        if self.threads:
            limit = f"echo 'limits {{ threads = {self.threads} }}' >>lagan.conf"
            made.append(["sh", "-c", limit])
        return made

    def first(self, data):
        return self.call("backup", "create", data.folder)

    nochange = first

    def restore(self, _):
        return self.call("restore", "latest", "--to", self.out)

    def check(self, _):
        return self.call("verify", "--depth", "data")


class Restic(Tool):
    name = "restic"
    programs = ("restic",)

    def __init__(self, folder, options):
        super().__init__(folder, options)
        self.env.update(RESTIC_REPOSITORY=self.repository, RESTIC_PASSWORD="bench",
                        RESTIC_CACHE_DIR=folder + "/cache")

    def prepare(self):
        return [["restic", "init", "-q"]]

    def first(self, data):
        return ["restic", "backup", "-q", data.folder]

    nochange = first

    def restore(self, _):
        return ["restic", "restore", "-q", "latest", "--target", self.out]

    def check(self, _):
        return ["restic", "check", "-q", "--read-data"]


class Borg(Tool):
    name = "borg"
    programs = ("borg",)
    # 1 is done, with warnings; they are in its log.
    good = (0, 1)

    def __init__(self, folder, options):
        super().__init__(folder, options)
        self.env.update(BORG_REPO=self.repository, BORG_PASSPHRASE="bench",
                        BORG_BASE_DIR=folder + "/base")

    def prepare(self):
        return [["borg", "init", "-e", "repokey-blake2"]]

    def first(self, data):
        return ["borg", "create", f"::{self.backups}", data.folder]

    nochange = first

    def restore(self, _):
        return ["sh", "-c", f"mkdir out && cd out && exec borg extract ::{self.backups}"]

    def check(self, _):
        return ["borg", "check", "--verify-data"]


class Floor(Tool):
    """The least that each work costs with plain programs; there is none for a check."""
    name = "floor"
    programs = ("tar", "zstd", "openssl", "find")

    def prepare(self):
        return [["mkdir", self.repository], ["sh", "-c", "echo bench >key"]]

    def reads(self, work, data):
        return [data.tar] if work == "restore" else [data.folder]

    def first(self, data):
        return ["sh", "-c", f"tar cf - -C '{data.folder}' . | zstd -1 -T2 -q | "
                            f"openssl enc {FLOOR_KEY} >repository/data"]

    def nochange(self, data):
        return ["sh", "-c", f"find '{data.folder}' "
                            "-printf '%p %y %s %T@ %C@ %i %n %m %U %G\\n' >/dev/null"]

    def restore(self, data):
        return ["sh", "-c", f"mkdir out && exec tar xf '{data.tar}' -C out"]

    check = None


TOOLS = {tool.name: tool for tool in (Lagan, Restic, Borg, Floor)}


def present(names):
    """Those of the tools whose programs are on this machine; says which are not."""
    found = []
    for name in names:
        missing = [program for program in TOOLS[name].programs if not shutil.which(program)]
        if missing:
            print(f"{name} is left out: {', '.join(missing)} missing")
        else:
            found.append(name)
    return found


def version_of(name, options):
    """How a tool names its version, for the head of the table."""
    words = {"lagan": options.lagan.split() + ["--version"], "restic": ["restic", "version"],
             "borg": ["borg", "--version"]}.get(name)
    if not words:
        return "tar | zstd -1 -T2 | openssl enc -aes-256-ctr; find -printf; tar x"
    with os.popen(" ".join(words) + " 2>/dev/null") as out:
        return re.sub(r"\s+", " ", out.readline()).strip()
