#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tgt_directory.py [DIRECTORY] - keeps the objects of a vault as files of a directory.

    target tgt_exec {
        command = /usr/local/libexec/lagan/tgt_directory.py
        place = /srv/lagan/east
    }

Objects are DIRECTORY/KEY.  What is being written lies in DIRECTORY/@tmp, which is no key; a lock
on each file there tells that its writer lives.  The protocol is in lagan-exec(7).
"""
import fcntl
import os
import re
import stat
import sys
import tempfile

from lagan_exec import PIECE, Refused, say, say_data, serve, time_text

KEY = re.compile(rb"[a-z0-9._/-]{1,200}\Z")


def sync_folders(folder, root):
    """Makes durable what was done in `folder`, and it in the folders above."""
    while True:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if folder == root:
            return
        folder = os.path.dirname(folder)


class Temporary:
    """A file without its name yet."""

    def __init__(self, folder):
        while True:
            self.descriptor, self.path = tempfile.mkstemp(dir=folder)
            fcntl.flock(self.descriptor, fcntl.LOCK_EX)
            if os.fstat(self.descriptor).st_nlink > 0:
                break
            os.close(self.descriptor)  # swept before it was locked

    def append(self, body):
        for data in body:
            while data:
                data = data[os.write(self.descriptor, data):]

    def publish(self, path, root):
        """link(2) lets one of several writers win.  A failed sync is never tried again."""
        os.fsync(self.descriptor)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        try:
            os.link(self.path, path)
        except FileExistsError:
            raise Refused("exists", "there is an object of this name") from None
        try:
            sync_folders(os.path.dirname(path), root)
        except OSError as error:
            raise Refused("io", error, outcome="unknown") from None

    def discard(self):
        os.unlink(self.path)
        os.close(self.descriptor)


class Directory:
    def __init__(self, root=""):
        self.root = os.fsencode(root)
        self.stages = {}

    def path(self, key):
        if not KEY.match(key) or any(part in (b"", b".", b"..") for part in key.split(b"/")):
            raise Refused("invalid", "this is no key")
        return os.path.join(self.root, key)

    def open(self, words):
        self.root = words.get("place", self.root)
        self.temporary = os.path.join(self.root, b"@tmp")
        if "initialise" in words:
            os.makedirs(self.root, mode=0o700, exist_ok=True)
        if not os.path.isdir(self.root):
            raise Refused("not-found", "there is no such directory")
        if "read-only" not in words:
            os.makedirs(self.temporary, mode=0o700, exist_ok=True)
        return dict.fromkeys(("put-if-absent", "list-sorted", "list-consistent",
                              "read-after-write", "ranged-get", "remove", "staged-put"),
                             "native") | {"protocol": 1, "durable": "always", "place": None}

    def put(self, words, body):
        path = self.path(words["key"])
        temporary = Temporary(self.temporary)
        try:
            temporary.append(body)
            temporary.publish(path, self.root)
        finally:
            temporary.discard()

    def stage_begin(self, words):
        stage = Temporary(self.temporary)
        self.stages[os.path.basename(stage.path)] = stage
        return {"stage": os.path.basename(stage.path)}

    def stage_write(self, words, body):
        self.stages[words["stage"]].append(body)

    def stage_commit(self, words):
        stage = self.stages.pop(words["stage"])
        try:
            stage.publish(self.path(words["key"]), self.root)
        finally:
            stage.discard()

    def stage_abort(self, words):
        self.stages.pop(words["stage"]).discard()

    def close(self):
        for stage in self.stages.values():
            stage.discard()

    def find(self, key):
        """Opens an object and examines it."""
        descriptor = os.open(self.path(key), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise Refused("not-found", "there is no such object")
        return descriptor, status

    def get(self, words):
        descriptor, status = self.find(words["key"])
        try:
            offset = int(words["offset"])
            length = int(words.get("length", status.st_size - offset))
            if offset > status.st_size or length > status.st_size - offset:
                raise Refused("invalid", f"the object has {status.st_size} bytes")
            while length > 0:
                data = os.pread(descriptor, min(length, PIECE), offset)
                if not data:
                    raise Refused("corrupt", "the object became shorter while it was read")
                say_data(data)
                offset += len(data)
                length -= len(data)
        finally:
            os.close(descriptor)

    def stat(self, words):
        descriptor, status = self.find(words["key"])
        os.close(descriptor)
        return self.attributes(status)

    @staticmethod
    def attributes(status):
        return {"bytes": status.st_size, "modified": time_text(status.st_mtime_ns)}

    def keys(self, folder, prefix, after):
        """All keys below `folder` ("" or with a slash at its end) that begin with `prefix` and
        sort behind `after`: a folder sorts as its name with a slash, as all keys in it do."""
        try:
            entries = list(os.scandir(os.path.join(self.root, folder)))
        except (FileNotFoundError, NotADirectoryError):
            return  # nothing has such a name
        found = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                found.append((folder + entry.name + b"/", entry))
            elif entry.is_file(follow_symlinks=False) and KEY.match(folder + entry.name):
                found.append((folder + entry.name, entry))
        for key, entry in sorted(found, key=lambda pair: pair[0]):
            if not key.endswith(b"/"):
                if key.startswith(prefix) and key > after:
                    yield key, entry
            elif key != b"@tmp/" and (key > after or after.startswith(key)) and \
                    (key.startswith(prefix) or prefix.startswith(key)):
                yield from self.keys(key, prefix, after)

    def list(self, words):
        shown = 0
        for key, entry in self.keys(b"", words["prefix"], words["start-after"]):
            if shown == int(words["limit"]):
                return {"more": None}
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # removed meanwhile
            say("object", {"key": key} | self.attributes(status))
            shown += 1
        return {}

    def remove(self, words):
        path = self.path(words["key"])
        try:
            os.unlink(path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return  # there is no such object
        sync_folders(os.path.dirname(path), os.path.dirname(path))

    def capacity(self, words):
        status = os.statvfs(self.root)
        return {"total": status.f_blocks * status.f_frsize,
                "available": status.f_bavail * status.f_frsize}

    def sweep(self, words):
        """Locks are proof: age does not matter."""
        removed = 0
        for name in os.listdir(self.temporary):
            path = os.path.join(self.temporary, name)
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
                removed += 1
            except BlockingIOError:
                pass  # its writer lives
            finally:
                os.close(descriptor)
        return {"removed": removed}


if __name__ == "__main__":
    serve(Directory(*sys.argv[1:]))
