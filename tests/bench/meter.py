# SPDX-License-Identifier: Apache-2.0
"""Running one command and measuring it; warming the cache; sizes of folders."""
import collections
import ctypes
import os
import signal
import subprocess
import time

# Seconds; peak of the largest process; bytes that went to the disk and came from it.
Figures = collections.namedtuple("Figures", "wall cpu peak_bytes written_bytes read_bytes")

PR_SET_CHILD_SUBREAPER = 36
# The kernel counts blocks of this size in struct rusage, whatever the disk has.
RUSAGE_BLOCK_BYTES = 512
READ_BYTES = 1 << 20

# A process starts with the peak memory of the one it was forked from, so a small shell stands
# between this interpreter and the command.  It ends at once, whereupon the command, which waits
# for a line until then, becomes our child.
LAUNCH = """log=$1; shift; exec 3<&0
{ read -r go <&3; exec 3<&-; exec "$@" </dev/null >>"$log" 2>&1; } &
echo $!"""


def adopt_orphans():
    """Makes commands whose launcher has ended children of this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise SystemExit("bench: prctl: " + os.strerror(ctypes.get_errno()))


def wait_for(pid):
    """wait4 that ends the command when this program is interrupted."""
    try:
        return os.wait4(pid, 0)
    except KeyboardInterrupt:
        os.kill(pid, signal.SIGTERM)
        os.wait4(pid, 0)
        raise


def run(command, env, log, cwd=None, good=(0,)):
    """Runs a command (a list of words) to its end; its output goes behind the file `log`.

    Gives its Figures, all its processes together.  An exit status that is none of `good` ends
    the benchmark."""
    with subprocess.Popen(["/bin/sh", "-c", LAUNCH, "sh", log, *command], env=env, cwd=cwd,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as launcher:
        pid = int(launcher.stdout.readline())
        launcher.wait()
        start = time.monotonic()
        launcher.stdin.write(b"go\n")
        launcher.stdin.flush()
        _, status, usage = wait_for(pid)
        wall = time.monotonic() - start
    code = os.waitstatus_to_exitcode(status)
    if code not in good:
        raise SystemExit(f"bench: status {code} from: {' '.join(command)}\nsee {log}")
    return Figures(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024,
                   usage.ru_oublock * RUSAGE_BLOCK_BYTES, usage.ru_inblock * RUSAGE_BLOCK_BYTES)


def files_below(place):
    """The paths of all that is no folder below a folder, or the file itself."""
    if not os.path.isdir(place):
        return iter((place,))
    return (os.path.join(base, name) for base, _, names in os.walk(place) for name in names)


def read_whole(path, buffer):
    """Reads a regular file into the cache; gives the number of bytes."""
    total = 0
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return 0
    try:
        while True:
            count = os.readv(handle, [buffer])
            if count <= 0:
                return total
            total += count
    except OSError:
        return total
    finally:
        os.close(handle)


def bytes_from_disk():
    """How much this process has made the kernel fetch so far."""
    with open("/proc/self/io", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("read_bytes"))


def warm(places):
    """Reads what is below `places` into the page cache.

    Gives the bytes read, and how many of them had to be fetched, not being resident."""
    buffer = bytearray(READ_BYTES)
    before = bytes_from_disk()
    total = sum(read_whole(path, buffer) for place in places for path in files_below(place))
    return total, bytes_from_disk() - before


def size_of(place):
    """(number, apparent bytes, allocated bytes) of all below that is no folder."""
    number = apparent = allocated = 0
    for path in files_below(place):
        info = os.lstat(path)
        number += 1
        apparent += info.st_size
        allocated += info.st_blocks * 512
    return number, apparent, allocated
