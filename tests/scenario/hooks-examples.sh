#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The example hooks: each is a script that a shell understands and that says how it is used; the
# one for btrfs is run on a file system in a file (root, btrfs-progs and a loop device; without
# them that part is left out and says so).
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
examples=$abs_top_srcdir/doc/examples/hooks

for script in "$examples"/*.sh; do
    sh -n "$script"
    [ -x "$script" ] || fail "$script cannot be run"
    sh "$script" --help | has '^usage: '
    expect_status 2 sh "$script" 2>/dev/null
    expect_status 2 sh "$script" nothing /srv/data 2>/dev/null
    if command -v shellcheck >/dev/null; then
        shellcheck --shell=sh "$script"
    fi
done
[ "$(ls "$examples" | wc -l)" -ge 4 ]

# What a thaw says of what is not frozen is no failure.
if [ "$(id -u)" = 0 ]; then
    expect_status 1 sh "$examples/fsfreeze.sh" freeze / 2>/dev/null
fi

[ "$(id -u)" = 0 ] || skip 'btrfs needs root'
requires_program mkfs.btrfs btrfs losetup
truncate -s 200M disk
mkfs.btrfs -q disk 2>/dev/null || skip 'no file system of btrfs can be made'
mkdir mnt
mount -o loop disk mnt 2>/dev/null || skip 'no loop device, or no btrfs in the kernel'
cleanup_fn umount "$PWD/mnt"

btrfs subvolume create mnt/data >/dev/null
mkdir mnt/data/shop && seq 1000 >mnt/data/shop/numbers
initialise
l -q source add shop src_files "$PWD/mnt/data/shop"
# What is written after the snapshot is not in the backup.
l -q source set shop \
    "before=$examples/btrfs.sh snapshot $PWD/mnt/data && echo late >$PWD/mnt/data/shop/late" \
    "finally=$examples/btrfs.sh remove $PWD/mnt/data" consistency=crash
l backup create shop --json >out
has '"consistency":"crash","consistency_wanted":"crash"' <out
l ls latest >listed
has -x numbers <listed
! has late <listed || fail 'the backup was not made from the snapshot'
[ -e mnt/data/shop/late ] && [ ! -e mnt/data/.lagan-snapshot ]

# Unchanged files are not read again, although each snapshot is another file system.
sleep 1.1
l backup create shop --json >out
has '"unchanged":[1-9]' <out

# A snapshot that was left behind does not hinder.
btrfs subvolume snapshot -r mnt/data mnt/data/.lagan-snapshot >/dev/null
l -q backup create shop
[ ! -e mnt/data/.lagan-snapshot ]

# As application-consistent as what stands in front of it says.
l -q source set shop before= \
    "freeze=echo held >$PWD/mnt/data/shop/state && $examples/btrfs.sh snapshot $PWD/mnt/data && \
echo LAGAN_CONSISTENCY=app" "thaw=echo free >$PWD/mnt/data/shop/state" consistency=app
l backup create shop --json >out
has '"consistency":"app"' <out
[ "$(l cat latest:state)" = held ] && [ "$(cat mnt/data/shop/state)" = free ]
