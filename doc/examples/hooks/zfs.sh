#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# zfs.sh - backs a ZFS file system up as it is at one moment.
set -eu

usage()
{
    cat <<'END'
usage: zfs.sh snapshot DATASET
       zfs.sh remove DATASET

snapshot  makes the snapshot DATASET@lagan and tells lagan to read the source there; one
          that an interrupted backup has left goes first
remove    destroys it

  lagan source set home "before=/usr/local/libexec/lagan/zfs.sh snapshot tank/home" \
      "finally=/usr/local/libexec/lagan/zfs.sh remove tank/home" consistency=crash
END
    exit "${1:-2}"
}

remove_snapshot()
{
    if zfs list -H -t snapshot "$dataset@lagan" >/dev/null 2>&1; then
        zfs destroy "$dataset@lagan" >&2
    fi
}

[ "${1-}" != --help ] || usage 0
[ $# -eq 2 ] || usage >&2
dataset=$2
case $1 in
snapshot)
    remove_snapshot
    zfs snapshot "$dataset@lagan" >&2
    origin=$(zfs get -H -o value mountpoint "$dataset")
    snapshot=${origin%/}/.zfs/snapshot/lagan
    # Looking into it mounts it.
    ls "$snapshot" >/dev/null
    case ${LAGAN_PATH:-$origin} in
    "${origin%/}"/*) echo "LAGAN_PATH=$snapshot${LAGAN_PATH#"${origin%/}"}" ;;
    *) echo "LAGAN_PATH=$snapshot" ;;
    esac
    echo LAGAN_CONSISTENCY=crash
    ;;
remove) remove_snapshot ;;
*) usage >&2 ;;
esac
