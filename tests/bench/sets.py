# SPDX-License-Identifier: Apache-2.0
"""The sets of data that are backed up.  A set is made once, kept, and made anew when the
options that it depends on have changed."""
import json
import os
import random
import shutil
import stat
import subprocess

from meter import size_of

SMALL_FOLDER_FILES = 500
# How far above the wanted bytes one copy of the real tree may go in search of more files.
TREE_EXCESS = 1.5
TREE_COPIES = 100
COPY_PATHS = 1000


class Data:
    """A set: its folder, and the uncompressed tar of it that the floor restores from."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = f"{folder}/{name}"
        self.tar = self.folder + ".tar"
        self.stamp = self.folder + ".json"


def need_space(folder, need_bytes, what):
    """True when there is room for `need_bytes`; says so when there is not."""
    free = shutil.disk_usage(folder).free
    if free < need_bytes:
        print(f"{what}: left out, needs {need_bytes / 1e9:.1f} GB of {free / 1e9:.1f} GB free")
    return free >= need_bytes


def regular_files(top):
    """(path, status) of the regular files below `top`, in the order of their names."""
    for base, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            try:
                info = os.lstat(os.path.join(base, name))
            except OSError:
                continue
            if stat.S_ISREG(info.st_mode):
                yield os.path.join(base, name), info


def group_of(top, path):
    """Which group of files a path belongs to: a sub-folder of the second level, or the loose
    files of a folder above that."""
    parts = os.path.relpath(path, top).split("/")
    if len(parts) > 2:
        return top, "/".join(parts[:2])
    return top, "/".join(parts[:-1]), "loose"


def tree_groups(tops):
    """The groups of files below the folders as (files, bytes, top, paths), those of the
    smallest mean first."""
    groups = {}
    for top in tops:
        for path, info in regular_files(top):
            key = group_of(top, path)
            group = groups.setdefault(key, [0, 0, top, []])
            group[0] += 1
            group[1] += info.st_size
            if len(key) == 3:
                group[3].append(os.path.relpath(path, top))
            else:
                group[3] = [key[1]]
    return sorted(groups.values(), key=lambda group: (group[1] / group[0], group[3]))


def copy_group(group, folder):
    """Copies a group with all that cp can keep; what cannot be read is left out."""
    _, _, top, paths = group
    target = folder + top
    os.makedirs(target, exist_ok=True)
    for i in range(0, len(paths), COPY_PATHS):
        subprocess.run(["cp", "-a", "--reflink=never", "--parents", "-t", target, "--",
                        *paths[i:i + COPY_PATHS]], cwd=top, check=False,
                       stderr=subprocess.DEVNULL)


def make_tree(folder, options):
    """A real tree with at least so many files and bytes: as much of the folders as that takes,
    and further copies when all of them are not enough."""
    files = total = 0
    groups = tree_groups([os.path.abspath(top) for top in options.tree.split(",")])
    for copy in range(TREE_COPIES if groups else 0):
        for group in groups:
            enough = files >= options.tree_files and total >= options.tree_bytes
            if enough or (copy == 0 and total >= options.tree_bytes * TREE_EXCESS):
                break
            copy_group(group, f"{folder}/{copy}")
            files += group[0]
            total += group[1]
        if files >= options.tree_files and total >= options.tree_bytes:
            return
    print(f"tree: only {files} files and {total} bytes came together")


def make_small(folder, options):
    """Many small files of words, 0.1 to 3 KB."""
    source = random.Random(1)
    words = ["%x" % source.getrandbits(source.choice((8, 16, 24, 32))) for _ in range(5000)]
    for i in range(options.small_files):
        place = f"{folder}/{i // SMALL_FOLDER_FILES:05}"
        if i % SMALL_FOLDER_FILES == 0:
            os.mkdir(place)
        text = " ".join(source.choices(words, k=600))
        with open(f"{place}/{i}.txt", "w", encoding="ascii") as out:
            out.write(text[:source.randrange(100, 3000)])


def make_random(folder, options):
    """Bytes that neither compress nor repeat, in one file."""
    with open(folder + "/random", "wb") as out:
        for start in range(0, options.random_bytes, 1 << 20):
            out.write(os.urandom(min(1 << 20, options.random_bytes - start)))


def is_program(path, info):
    """Whether a file is a program or a library, as far as its name and mode tell."""
    name = os.path.basename(path)
    return bool(info.st_mode & 0o111) or ".so" in name or name.endswith(".a")


def fill_files(tops):
    """Files to fill a disk with: programs and libraries, then whatever else is there."""
    files = [(not is_program(path, info), path, info.st_size)
             for top in dict.fromkeys(os.path.realpath(top) for top in tops)
             for path, info in regular_files(top)]
    return [(path, size) for _, path, size in sorted(files)]


def link_or_copy(path, target):
    """False when the file cannot be read."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        os.link(path, target)
    except OSError:
        try:
            shutil.copy2(path, target)
        except OSError:
            return False
    return True


def fill_disk(folder, options):
    """Fills a folder up to the wanted bytes."""
    total = 0
    for path, size in fill_files(options.disk_from.split(",")):
        if total + size <= options.disk_fill_bytes and link_or_copy(path, folder + path):
            total += size
    print(f"disk: filled with {total / 1e9:.2f} of {options.disk_fill_bytes / 1e9:.2f} GB")


def make_disk(folder, options):
    """A sparse ext4 image with programs and libraries in it."""
    image, fill = folder + "/disk.img", folder + ".fill"
    shutil.rmtree(fill, ignore_errors=True)
    os.makedirs(fill)
    fill_disk(fill, options)
    with open(image, "wb") as out:
        out.truncate(options.disk_bytes)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-d", fill, image], check=True)
    shutil.rmtree(fill)


# Per set: how it is made, and the options that decide what is in it.
SETS = {
    "tree": (make_tree, ("tree", "tree_files", "tree_bytes")),
    "small": (make_small, ("small_files",)),
    "disk": (make_disk, ("disk_bytes", "disk_fill_bytes", "disk_from")),
    "random": (make_random, ("random_bytes",)),
}


def wanted_bytes(name, options):
    """About what a set takes on disk, for the question of room."""
    return {"tree": options.tree_bytes * 2, "small": options.small_files * 4096,
            "disk": options.disk_fill_bytes * 2, "random": options.random_bytes}[name]


def make_set(data, options, wanted):
    """Makes a set anew; an interruption leaves no set behind."""
    make, _ = SETS[data.name]
    for place in (data.folder, data.folder + ".part"):
        shutil.rmtree(place, ignore_errors=True)
    os.makedirs(data.folder + ".part")
    print(f"{data.name}: being made", flush=True)
    make(data.folder + ".part", options)
    os.rename(data.folder + ".part", data.folder)
    subprocess.run(["tar", "cSf", data.tar, "-C", data.folder, "."], check=True)
    number, apparent, allocated = size_of(data.folder)
    with open(data.stamp, "w", encoding="ascii") as out:
        json.dump({"options": wanted, "files": number, "bytes": apparent,
                   "allocated": allocated}, out)


def read_stamp(data):
    try:
        with open(data.stamp, encoding="ascii") as text:
            return json.load(text)
    except (OSError, ValueError):
        return {"options": None}


def provide(name, options):
    """The set of that name, made when it is not there yet; None when there is no room."""
    data = Data(name, options.folder + "/sets")
    os.makedirs(options.folder + "/sets", exist_ok=True)
    wanted = {option: getattr(options, option) for option in SETS[name][1]}
    if read_stamp(data)["options"] != wanted or not os.path.isdir(data.folder):
        if not need_space(options.folder, 6 * wanted_bytes(name, options), name):
            return None
        if os.path.exists(data.stamp):
            os.unlink(data.stamp)
        make_set(data, options, wanted)
    stamp = read_stamp(data)
    data.files, data.bytes, data.allocated = (stamp[k] for k in ("files", "bytes", "allocated"))
    return data
