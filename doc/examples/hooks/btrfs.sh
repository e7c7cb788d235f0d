#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# btrfs.sh - backs a btrfs subvolume up as it is at one moment.
set -eu

usage()
{
    cat <<'END'
usage: btrfs.sh snapshot SUBVOLUME
       btrfs.sh remove SUBVOLUME

snapshot  makes a read-only snapshot, SUBVOLUME/.lagan-snapshot, and tells lagan to
          read the source there; one that an interrupted backup has left goes first
remove    removes it

A backup that is consistent as after a loss of power:

  lagan source set data "before=/usr/local/libexec/lagan/btrfs.sh snapshot /srv/data" \
      "finally=/usr/local/libexec/lagan/btrfs.sh remove /srv/data" consistency=crash

With a database that can be told to hold still, freeze it, make the snapshot while it
does, and thaw it; the backup itself is made later, from the snapshot:

  lagan source set data \
      "freeze=db-hold && btrfs.sh snapshot /srv/data && echo LAGAN_CONSISTENCY=app" \
      "thaw=db-release" "finally=btrfs.sh remove /srv/data" consistency=app
END
    exit "${1:-2}"
}

remove_snapshot()
{
    [ ! -e "$snapshot" ] || btrfs subvolume delete "$snapshot" >&2
}

[ "${1-}" != --help ] || usage 0
[ $# -eq 2 ] || usage >&2
subvolume=${2%/}
snapshot=$subvolume/.lagan-snapshot
case $1 in
snapshot)
    remove_snapshot
    btrfs subvolume snapshot -r "$subvolume" "$snapshot" >&2
    # The source may be a folder within the subvolume.
    case ${LAGAN_PATH:-$subvolume} in
    "$subvolume"/*) echo "LAGAN_PATH=$snapshot${LAGAN_PATH#"$subvolume"}" ;;
    *) echo "LAGAN_PATH=$snapshot" ;;
    esac
    echo LAGAN_CONSISTENCY=crash
    ;;
remove) remove_snapshot ;;
*) usage >&2 ;;
esac
