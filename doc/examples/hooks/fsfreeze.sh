#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fsfreeze.sh - makes a mounted file system hold still while something else copies its device.
set -eu

usage()
{
    cat <<'END'
usage: fsfreeze.sh freeze MOUNT-POINT
       fsfreeze.sh thaw MOUNT-POINT

freeze  writes out what is in memory and stops all writing; whoever writes there waits
thaw    lets it go on; nothing when it goes on already

For storage that makes snapshots by itself, as a cloud's disks or an array do:

  lagan source set disk \
      "freeze=/usr/local/libexec/lagan/fsfreeze.sh freeze /srv && array-snapshot srv" \
      "thaw=/usr/local/libexec/lagan/fsfreeze.sh thaw /srv" hook-timeout=30s

The file system must not be one that lagan, its state or its vault lie on, nor the root:
a frozen one would stop the thaw, too.  lagan thaws after hook-timeout in any case, also
when it is killed.
END
    exit "${1:-2}"
}

[ "${1-}" != --help ] || usage 0
[ $# -eq 2 ] || usage >&2
case $1 in
freeze)
    [ "$(stat -c %d "$2")" != "$(stat -c %d /)" ] || {
        echo 'the root file system is not frozen: nothing could thaw it' >&2
        exit 1
    }
    sync -f "$2"
    fsfreeze --freeze "$2"
    echo LAGAN_CONSISTENCY=crash
    ;;
thaw)
    if ! problem=$(fsfreeze --unfreeze "$2" 2>&1); then
        case $problem in
        *'Invalid argument'*) ;; # it was not frozen
        *)
            echo "$problem" >&2
            exit 1
            ;;
        esac
    fi
    ;;
*) usage >&2 ;;
esac
