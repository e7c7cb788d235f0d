#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""src_tree.py [DIRECTORY] - a directory tree, read and restored.

    lagan source add data src_exec "command=/usr/local/libexec/lagan/src_tree.py /srv/data" \\
        speaks=protocol processes=2

Folders are opened one below the other and symbolic links are never followed, so that nothing
outside the tree is read or written, whatever somebody does in it meanwhile.  The protocol is in
lagan-exec(7).
"""
import contextlib
import functools
import grp
import hashlib
import os
import pwd
import secrets
import stat
import sys
import time

from lagan_exec import (CLASSES, PIECE, End, Refused, say, say_data, serve, time_ns, time_text)

TYPES = {stat.S_IFDIR: "directory", stat.S_IFREG: "file", stat.S_IFLNK: "symlink",
         stat.S_IFCHR: "character-device", stat.S_IFBLK: "block-device", stat.S_IFIFO: "fifo",
         stat.S_IFSOCK: "socket"}
MODES = {name.encode(): mode for mode, name in TYPES.items()}
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
FRESH_NS = 2 * 10**9  # a file that changed so recently may change again within the clock's tick


@functools.lru_cache
def name_of(find, number):
    try:
        return find(number)[0]
    except KeyError:
        return None


def identity(status):
    return f"{status.st_dev}:{status.st_ino}".encode()


def attributes(key, status, link=None):
    """The words of an entry."""
    kind = stat.S_IFMT(status.st_mode)
    words = {"type": TYPES[kind], "key": key, "mode": f"{stat.S_IMODE(status.st_mode):o}",
             "user": status.st_uid, "group": status.st_gid,
             "mtime": time_text(status.st_mtime_ns)}
    for word, name in (("user-name", name_of(pwd.getpwuid, status.st_uid)),
                       ("group-name", name_of(grp.getgrgid, status.st_gid))):
        if name:
            words[word] = name
    if kind == stat.S_IFREG:
        words["bytes"] = status.st_size
    if kind != stat.S_IFDIR:
        words |= {"links": status.st_nlink, "id": identity(status)}
    if kind in (stat.S_IFCHR, stat.S_IFBLK):
        words |= {"major": os.major(status.st_rdev), "minor": os.minor(status.st_rdev)}
    if link is not None:
        words["link"] = link
    if time.time_ns() - status.st_ctime_ns > FRESH_NS:
        state = f"{status.st_ctime_ns} {status.st_mtime_ns} {status.st_size} {status.st_ino}"
        words["stamp"] = hashlib.sha256(state.encode()).digest()
    return words


def failure(words, error):
    return words | {"error": CLASSES.get(error.errno, "io"), "text": error.strerror}


class Reader:
    def __init__(self, key, descriptor):
        self.key, self.descriptor = key, descriptor
        self.state = self.look()

    def look(self):
        status = os.fstat(self.descriptor)
        return (status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def temporary_name():
    return b".lagan-" + secrets.token_hex(8).encode()


class Writer:
    """A file without a name, where the file system can have such; else under another one."""

    def __init__(self, folder, name, words):
        self.folder, self.name, self.words = folder, name, words
        self.temporary = temporary_name()
        self.end = 0
        try:
            self.descriptor = os.open(b".", os.O_WRONLY | os.O_TMPFILE, 0o600, dir_fd=folder)
            self.nameless = True
        except OSError:
            self.descriptor = os.open(self.temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL,
                                      0o600, dir_fd=folder)
            self.nameless = False

    def publish(self):
        if self.nameless:
            os.link(b"/proc/self/fd/%d" % self.descriptor, self.temporary,
                    dst_dir_fd=self.folder)
        give_name(self.folder, self.temporary, self.name, self.words)

    def close(self):
        os.close(self.descriptor)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.temporary, dir_fd=self.folder)
        os.close(self.folder)


def give_name(folder, temporary, name, words):
    """In one step; a folder is in the way unless it is empty."""
    if "replace" in words:
        with contextlib.suppress(OSError):
            os.rmdir(name, dir_fd=folder)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    else:
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)
    if "sync" in words:
        os.fsync(folder)


class Tree:
    def __init__(self, path=""):
        self.path = path
        self.made = 0
        self.walks, self.readers, self.writers = {}, {}, {}

    def keep(self, table, word, thing):
        self.made += 1
        identifier = str(self.made).encode()
        table[identifier] = thing
        return {word: identifier}

    def open(self, words):
        path = words.get("place", os.fsencode(self.path))
        if "initialise" in words:
            os.makedirs(path, mode=0o700, exist_ok=True)
        self.root = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        promises = ["sorted", "resume", "random-read", "hard-links", "restore", "sparse-write"]
        return {"protocol": 1} | dict.fromkeys(promises + ["place"] * ("place" in words))

    def close(self):
        for writer in self.writers.values():
            writer.close()

    def check(self, words):
        os.listdir(self.root)
        say("finding", {"severity": "ok", "text": "the root can be listed"})

    @contextlib.contextmanager
    def parent(self, key):
        """The folder that holds the entry, and the entry's name in it."""
        *folders, name = key.split(b"\0") if key else [b"."]
        if key and any(part in (b"", b".", b"..") or b"/" in part for part in (*folders, name)):
            raise Refused("invalid", "this is no name of a file")
        at = os.dup(self.root)
        try:
            for folder in folders:
                below = os.open(folder, FOLDER, dir_fd=at)
                os.close(at)
                at = below
            yield at, name
        finally:
            os.close(at)

    # Reading.

    def examine(self, folder, name, key):
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        link = os.readlink(name, dir_fd=folder) if stat.S_ISLNK(status.st_mode) else None
        return attributes(key, status, link)

    def entries(self, walk, after):
        """All entries in order; folders are listed when it is known that they are wanted."""
        if after is None:
            yield attributes(b"", os.fstat(self.root))
        stack = [(os.dup(self.root), b"", None)]
        try:
            while stack:
                folder, prefix, names = stack.pop()
                if names is None:
                    os.lseek(folder, 0, os.SEEK_SET)
                    names = sorted(map(os.fsencode, os.listdir(folder)), reverse=True)
                if not names:
                    os.close(folder)
                    continue
                stack.append((folder, prefix, names))
                name = names.pop()
                key = prefix + name
                if after is not None and key <= after and not after.startswith(key + b"\0") \
                        and key != after:
                    continue
                words, below = self.enter(folder, name, key)
                if words and (after is None or key > after):
                    yield words
                if below is not None and walk["skip"] != key:
                    stack.append((below, key + b"\0", None))
                elif below is not None:
                    os.close(below)
        finally:
            for folder, _, _ in stack:
                os.close(folder)

    def enter(self, folder, name, key):
        """The words of an entry, and the descriptor of a folder."""
        try:
            words = self.examine(folder, name, key)
        except FileNotFoundError:
            return None, None  # it vanished
        except OSError as error:
            return failure({"type": "error", "key": key}, error), None
        if words["type"] != "directory":
            return words, None
        try:
            return words, os.open(name, FOLDER, dir_fd=folder)
        except OSError as error:
            return failure(words, error), None

    def walk_open(self, words):
        walk = {"skip": None}
        walk["entries"] = self.entries(walk, words.get("after"))
        return self.keep(self.walks, "walk", walk)

    def walk_next(self, words):
        walk = self.walks[words["walk"]]
        walk["skip"] = words.get("skip")
        for shown in range(int(words["limit"])):
            entry = next(walk["entries"], None)
            if entry is None and shown == 0:
                raise End
            if entry is None:
                break
            say("entry", entry)
            if entry["type"] == "directory":
                break  # lagan says whether it wants what is in it
        return {}

    def walk_close(self, words):
        self.walks.pop(words["walk"])["entries"].close()

    def entry_open(self, words):
        key = words["key"]
        with self.parent(key) as (folder, name):
            if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise Refused("changed", "it is no file any more")
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK,
                                 dir_fd=folder)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or words.get("id", identity(status)) != identity(status):
            os.close(descriptor)
            raise Refused("changed", "it is another file by now")
        say("entry", attributes(key, status))
        return self.keep(self.readers, "reader", Reader(key, descriptor))

    def read(self, words):
        reader = self.readers[words["reader"]]
        offset, left = int(words["offset"]), int(words["size"])
        while left > 0:
            data = os.pread(reader.descriptor, min(left, PIECE), min(offset, 2**63 - 1 - PIECE))
            if not data:
                break
            say_data(data)
            offset += len(data)
            left -= len(data)
        return {}

    def entry_close(self, words):
        reader = self.readers.pop(words["reader"])
        try:
            same = reader.look() == reader.state
            with self.parent(reader.key) as (folder, name):
                now = os.stat(name, dir_fd=folder, follow_symlinks=False)
            same = same and identity(now) == identity(os.fstat(reader.descriptor))
        except OSError:
            same = False
        os.close(reader.descriptor)
        return {"verdict": "consistent" if same else "changed"}

    def metadata(self, words):
        if "reader" in words:
            self.say_metadata(self.readers[words["reader"]].descriptor)
        else:
            with self.parent(words["key"]) as (folder, name):
                self.say_metadata(b"/proc/self/fd/%d/%s" % (folder, name), follow_symlinks=False)
        return {}

    @staticmethod
    def say_metadata(where, **how):
        try:
            names = sorted(map(os.fsencode, os.listxattr(where, **how)))
        except OSError as error:
            if CLASSES.get(error.errno) == "unsupported":
                return
            raise
        for name in names:
            try:
                value = os.getxattr(where, name, **how)
                say("piece", {"kind": "xattr", "name": name, "value": value})
            except OSError as error:
                say("lost", {"name": name, "text": error.strerror})

    # Writing back.

    def entry_stat(self, words):
        with self.parent(words["key"]) as (folder, name):
            say("entry", self.examine(folder, name, words["key"]))
        return {}

    @staticmethod
    def set_attributes(where, words, pieces, **how):
        """Owner, metadata, mode, times, in this order: each may undo what comes behind it."""
        unprivileged = "unprivileged" in words
        if "user" in words and "no-owners" not in words:
            user, group = int(words["user"]), int(words["group"])
            if "numeric-owners" not in words:
                with contextlib.suppress(KeyError):
                    user = pwd.getpwnam(words["user-name"].decode()).pw_uid
                with contextlib.suppress(KeyError):
                    group = grp.getgrnam(words["group-name"].decode()).gr_gid
            try:
                os.chown(where, user, group, **how)
            except OSError as error:
                say("lost", {"name": "owner", "text": error.strerror})
        for kind, name, value in pieces:
            try:
                if kind != b"xattr" or (unprivileged and not name.startswith(b"user.")):
                    raise OSError(1, "it is left out")
                os.setxattr(where, name, value, **how)
            except OSError as error:
                say("lost", {"name": name, "text": error.strerror})
        if "mode" in words and words["type"] != b"symlink":
            os.chmod(where, int(words["mode"], 8) & (0o1777 if unprivileged else 0o7777))
        if "mtime" in words:
            ns = time_ns(words["mtime"])
            os.utime(where, ns=(ns, ns), **how)

    def entry_create(self, words):
        with self.parent(words["key"]) as (folder, name):
            if "replace" not in words and os.path.lexists(b"/proc/self/fd/%d/%s" % (folder, name)):
                raise Refused("exists", "something of this name is there")
            writer = Writer(os.dup(folder), name, words)
        return self.keep(self.writers, "writer", writer)

    def write(self, words, body):
        writer = self.writers[words["writer"]]
        offset = int(words["offset"])
        for data in body:
            while data:
                done = os.pwrite(writer.descriptor, data, offset)
                data = data[done:]
                offset += done
        writer.end = max(writer.end, offset)

    def write_zero(self, words):
        writer = self.writers[words["writer"]]
        offset, length = int(words["offset"]), int(words["length"])
        while offset < writer.end and length > 0:  # what was never written is zero
            done = os.pwrite(writer.descriptor, bytes(min(length, PIECE)), offset)
            offset += done
            length -= done

    def entry_commit(self, words, pieces):
        writer = self.writers.pop(words["writer"])
        try:
            os.ftruncate(writer.descriptor, int(writer.words.get("bytes", writer.end)))
            self.set_attributes(writer.descriptor, writer.words, pieces)
            if "sync" in writer.words:
                os.fsync(writer.descriptor)
            writer.publish()
        finally:
            writer.close()

    def entry_abort(self, words):
        self.writers.pop(words["writer"]).close()

    def node_create(self, words, pieces):
        with self.parent(words["key"]) as (folder, name):
            if words["type"] == b"directory":
                self.make_folder(folder, name, words)
                return
            if words["type"] not in MODES or words["type"] == b"file":
                raise Refused("unsupported", "a tree has no such thing")
            if "major" in words and "unprivileged" in words:
                raise Refused("unsupported", "device nodes are left out")
            temporary = temporary_name()
            try:
                self.make_node(folder, temporary, words)
                self.set_attributes(b"/proc/self/fd/%d/%s" % (folder, temporary), words, pieces,
                                    follow_symlinks=False)
                give_name(folder, temporary, name, words)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=folder)

    @staticmethod
    def make_folder(folder, name, words):
        try:
            os.mkdir(name, 0o700, dir_fd=folder)
        except FileExistsError:
            if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                return
            if "replace" not in words:
                raise
            os.unlink(name, dir_fd=folder)
            os.mkdir(name, 0o700, dir_fd=folder)

    @staticmethod
    def make_node(folder, name, words):
        if words["type"] == b"symlink":
            os.symlink(words["link"], name, dir_fd=folder)
        else:
            device = os.makedev(int(words.get("major", 0)), int(words.get("minor", 0)))
            os.mknod(name, MODES[words["type"]] | 0o600, device, dir_fd=folder)

    def directory_finish(self, words, pieces):
        with self.parent(words["key"]) as (folder, name):
            descriptor = os.open(name, FOLDER, dir_fd=folder)
        try:
            self.set_attributes(descriptor, words, pieces)
            if "sync" in words:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def link_create(self, words):
        temporary = temporary_name()
        with self.parent(words["existing"]) as (source, existing), \
                self.parent(words["key"]) as (folder, name):
            os.link(existing, temporary, src_dir_fd=source, dst_dir_fd=folder,
                    follow_symlinks=False)
            try:
                give_name(folder, temporary, name, words)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=folder)


if __name__ == "__main__":
    serve(Tree(*sys.argv[1:]))
