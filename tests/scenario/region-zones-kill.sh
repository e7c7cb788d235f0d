#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A backup into three zones is killed at some of its system calls, with and without one of the
# zones.  Whatever zone is lost then, what was acknowledged before can be read; and the next
# backup needs no manual step and survives the loss of each zone, too (INT-03).
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 # it does not work where a program is traced
at_call=$abs_top_builddir/tests/fault/at_call
requires 'the right to trace' "$at_call" write true
calls=write,pwrite64,fsync,fdatasync,linkat,renameat2,renameat,rename,unlinkat,unlink,mkdirat,mkdir
points=${KILL_POINTS:-5}

umask 022
mkdir -p live source
cat >lagan.conf <<END
state = $PWD/live/state
drivers = { src_files, tgt_dir, key_file }
region west {
    zone a { target tgt_dir { path = $PWD/live/a } }
    zone b { target tgt_dir { path = $PWD/live/b } }
    zone c { target tgt_dir { path = $PWD/live/c } }
}
END
l() { lagan --config "$PWD/lagan.conf" --quiet "$@"; }

# readable BACKUP TREE: the backup is the tree, without each of the zones in turn.
readable()
{
    local zone
    for zone in a b c; do
        mv "live/$zone" "away-$zone"
        rm -rf back
        l restore "$1" --to back >out 2>err || { cat out err; fail "$1 without $zone"; }
        diff -r "$2" back >out || { cat out; fail "$1 differs without $zone"; }
        mv "away-$zone" "live/$zone"
    done
}

# whole: nothing is damaged or missing, without each of the zones in turn.
whole()
{
    local zone
    for zone in a b c; do
        mv "live/$zone" "away-$zone"
        l verify --depth objects >out 2>err || { cat out err; fail "verify without $zone"; }
        mv "away-$zone" "live/$zone"
    done
}

for i in 1 2 3 4 5 6; do
    head -c 90000 /dev/urandom >"source/file$i"
done
mkdir -p live/a live/b live/c
l vault create v --pack-size 64K --no-recovery --force >out
l backup create source --name first >out
cp -a source first
rm source/file2
for i in 3 7 8; do
    head -c 90000 /dev/urandom >"source/file$i"
done
cp -a live base

# backup_second OPTION...: from the beginning, with $zone away, under at_call.
backup_second()
{
    local status=0
    rm -rf live
    cp -a base live
    [ -z "$zone" ] || mv "live/$zone" "away-$zone"
    "$at_call" "$@" "$calls" "$abs_top_builddir/run" lagan --config "$PWD/lagan.conf" --quiet \
        backup create source --name second >out 2>err || status=$?
    [ -z "$zone" ] || mv "away-$zone" "live/$zone"
    return $status
}

zones=('' b '' c a)
for ((i = 0; i < points; i++)); do
    zone=${zones[i % 5]}
    backup_second -o count
    count=$(cat count)
    [ "$count" -gt 40 ] || fail "only $count calls"
    point=$(((2 * i + 1) * count / (2 * points)))
    expect_status 137 backup_second -k "$point"
    readable first first
    l backup create source --name third >out 2>err || { cat out err; fail "after $point"; }
    readable third source
    whole
done
