#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# lvm.sh - backs a file system on a logical volume up as it is at one moment.
set -eu

usage()
{
    cat <<'END'
usage: lvm.sh snapshot GROUP/VOLUME MOUNT-POINT [SIZE]
       lvm.sh remove GROUP/VOLUME

snapshot  makes a snapshot of the volume whose file system is mounted at MOUNT-POINT,
          mounts it read-only below /run/lagan, and tells lagan to read the source there;
          one that an interrupted backup has left goes first.  SIZE is the room for what
          changes meanwhile, such as 5G or 20%ORIGIN (the default); thin volumes need
          none, written as `thin`
remove    unmounts and removes it

  lagan source set data \
      "before=/usr/local/libexec/lagan/lvm.sh snapshot vg0/data /srv/data" \
      "finally=/usr/local/libexec/lagan/lvm.sh remove vg0/data" consistency=crash

A snapshot that runs out of room becomes unreadable, and the backup fails: choose SIZE
for the time that a backup takes.
END
    exit "${1:-2}"
}

remove_snapshot()
{
    if mountpoint -q "$place"; then
        umount "$place" >&2
    fi
    if lvs "$group/$name" >/dev/null 2>&1; then
        lvremove --yes --quiet "$group/$name" >&2
    fi
}

make_snapshot()
{
    case $1 in
    thin) lvcreate --quiet --snapshot --setactivationskip n --name "$name" "$group/$volume" ;;
    *%*) lvcreate --quiet --snapshot --extents "$1" --name "$name" "$group/$volume" ;;
    *) lvcreate --quiet --snapshot --size "$1" --name "$name" "$group/$volume" ;;
    esac >&2
}

[ "${1-}" != --help ] || usage 0
[ $# -ge 2 ] || usage >&2
case $2 in
*/*) ;;
*) usage >&2 ;;
esac
group=${2%%/*}
volume=${2#*/}
name=lagan-$volume
place=/run/lagan/$group-$volume
case $1 in
snapshot)
    [ $# -ge 3 ] || usage >&2
    origin=${3%/}
    remove_snapshot
    make_snapshot "${4:-20%ORIGIN}"
    mkdir -p "$place"
    options=ro
    # Two file systems of one identity are not mounted by XFS unless it is told to.
    [ "$(findmnt --noheadings --output FSTYPE "${origin:-/}")" != xfs ] || options=ro,nouuid
    mount -o "$options" "/dev/$group/$name" "$place" >&2 || {
        remove_snapshot
        exit 1
    }
    case ${LAGAN_PATH:-$origin} in
    "$origin"/*) echo "LAGAN_PATH=$place${LAGAN_PATH#"$origin"}" ;;
    *) echo "LAGAN_PATH=$place" ;;
    esac
    echo LAGAN_CONSISTENCY=crash
    ;;
remove) remove_snapshot ;;
*) usage >&2 ;;
esac
