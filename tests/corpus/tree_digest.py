#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tree_digest.py - one line for each entry of a tree, for comparing two trees.

    tree_digest.py [--no-owners] [--no-holes] [--no-flags] [--no-times] DIRECTORY

Fields: path, type, mode, owner, length, modification time, other names, device, target,
extended attributes, digest of the content, holes, inode flags.  Lines are sorted by path,
component by component.  Paths of any length work, since only one directory is open at a time;
long ones are shown as the digest of the whole and the last name.

The digest is SHA-256 over all blocks of 4 KiB that are not zero, each behind its offset; so
files with holes of terabytes are read fast, and two files have equal digests when their
contents are equal.
"""
import argparse
import array
import errno
import fcntl
import hashlib
import os
import stat
import sys

BLOCK = 4096
GET_FLAGS = 0x80086601  # FS_IOC_GETFLAGS
# What users set: secrm unrm sync immutable append nodump noatime journal-data notail dirsync
# topdir
FLAGS = 0x1 | 0x2 | 0x8 | 0x10 | 0x20 | 0x40 | 0x80 | 0x4000 | 0x8000 | 0x10000 | 0x20000
TYPES = {stat.S_IFDIR: "dir", stat.S_IFREG: "file", stat.S_IFLNK: "link", stat.S_IFCHR: "char",
         stat.S_IFBLK: "block", stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket"}


def escape(name):
    """Printable ASCII as it is, all else as \\xNN."""
    return "".join(chr(b) if 33 <= b < 127 and b not in b"\\%" else "\\x%02x" % b for b in name)


def show(path):
    """The path of escaped names for people and diff."""
    whole = "/".join(path) or "."
    if len(whole) <= 1000:
        return whole
    return "%s/.../%s" % (hashlib.sha256(whole.encode()).hexdigest(), path[-1])


def data_ranges(fd, size):
    """The ranges that may hold something else than zeroes."""
    at = 0
    while at < size:
        try:
            start = os.lseek(fd, at, os.SEEK_DATA)
        except OSError as e:
            if e.errno == errno.ENXIO:
                return
            yield at, size
            return
        at = min(os.lseek(fd, start, os.SEEK_HOLE), size)
        yield start, at


def digest(fd, size):
    """The digest of the content, and a summary of the holes."""
    total, ranges, data = hashlib.sha256(), 0, 0
    zeroes = bytes(BLOCK)
    for start, end in data_ranges(fd, size):
        ranges += 1
        data += end - start
        at = start - start % BLOCK
        while at < end:
            piece = os.pread(fd, 1 << 20, at)
            if not piece:
                break
            for i in range(0, len(piece), BLOCK):
                block = piece[i:i + BLOCK]
                if block.strip(b"\0") and block != zeroes:
                    total.update(b"%d:" % (at + i) + block.ljust(BLOCK, b"\0"))
            at += len(piece) - len(piece) % BLOCK or len(piece)
    return total.hexdigest(), "%d:%d" % (ranges, data)


def attributes(parent, name):
    """All extended attributes that can be read, sorted."""
    path = b"/proc/self/fd/%d/%s" % (parent, name)
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as e:
        return "-" if e.errno == errno.ENOTSUP else "?" + errno.errorcode[e.errno]
    found = []
    for key in sorted(os.fsencode(n) for n in names):
        value = os.getxattr(path, key, follow_symlinks=False)
        found.append("%s=%s" % (escape(key), value.hex() if len(value) <= 64 else
                                "%d:%s" % (len(value), hashlib.sha256(value).hexdigest())))
    return ",".join(found) or "-"


def inode_flags(fd):
    number = array.array("L", [0])
    try:
        fcntl.ioctl(fd, GET_FLAGS, number, True)
    except OSError:
        return "-"
    return "%x" % (number[0] & FLAGS)


class Digest:
    def __init__(self, options, out):
        self.options, self.out, self.first_names = options, out, {}

    def content(self, parent, name, s):
        """Digest, holes and flags of a file or directory."""
        if not (stat.S_ISREG(s.st_mode) or stat.S_ISDIR(s.st_mode)):
            return "-", "-", "-"
        try:
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent)
        except OSError as e:
            return "?" + errno.errorcode[e.errno], "-", "-"
        try:
            sha, holes = digest(fd, s.st_size) if stat.S_ISREG(s.st_mode) else ("-", "-")
            return sha, holes, inode_flags(fd)
        finally:
            os.close(fd)

    def names(self, path, s):
        """Which entry was the first with this content."""
        if stat.S_ISDIR(s.st_mode) or s.st_nlink < 2:
            return "1"
        return "%d=%s" % (s.st_nlink,
                          self.first_names.setdefault((s.st_dev, s.st_ino), path))

    def line(self, parent, name, path):
        s = os.stat(name, dir_fd=parent, follow_symlinks=False)
        kind = stat.S_IFMT(s.st_mode)
        o = self.options
        sha, holes, flags = self.content(parent, name, s)
        self.out.write(" ".join((
            path, TYPES[kind], "%04o" % stat.S_IMODE(s.st_mode),
            "-" if o.no_owners else "%d:%d" % (s.st_uid, s.st_gid),
            str(s.st_size) if kind == stat.S_IFREG else "-",
            "-" if o.no_times else "%d" % s.st_mtime_ns,
            self.names(path, s),
            "%d:%d" % (os.major(s.st_rdev), os.minor(s.st_rdev))
            if kind in (stat.S_IFCHR, stat.S_IFBLK) else "-",
            escape(os.readlink(name, dir_fd=parent)) if kind == stat.S_IFLNK else "-",
            attributes(parent, name), sha, "-" if o.no_holes else holes,
            "-" if o.no_flags else flags)) + "\n")
        return kind == stat.S_IFDIR

    def walk(self, root):
        here = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        self.line(here, b".", ".")
        # One list of names, last first, for each directory on the way.
        waiting, path = [self.listing(here)], []
        while waiting:
            if not waiting[-1]:
                waiting.pop()
                if path:
                    path.pop()
                    here = self.step(here, b"..")
                continue
            name = waiting[-1].pop()
            path.append(escape(name))
            shown = show(path)
            if not self.line(here, name, shown):
                path.pop()
                continue
            try:
                here = self.step(here, name)
                waiting.append(self.listing(here))
            except OSError as e:
                self.out.write("%s ?%s\n" % (shown, errno.errorcode[e.errno]))
                path.pop()

    @staticmethod
    def listing(fd):
        return sorted((os.fsencode(n) for n in os.listdir(fd)), reverse=True)

    @staticmethod
    def step(here, name):
        there = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
        os.close(here)
        return there


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    for name in ("owners", "holes", "flags", "times"):
        parser.add_argument("--no-" + name, action="store_true")
    parser.add_argument("directory")
    options = parser.parse_args()
    with open(sys.stdout.fileno(), "w", encoding="ascii", closefd=False) as out:
        Digest(options, out).walk(os.fsencode(options.directory))


if __name__ == "__main__":
    main()
