#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A long file that is changed in place, such as the image of a disk, is cut at fixed distances:
# exchanging one stretch of it stores that stretch again, and nothing beside it.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program python3

initialise
stretch=$((512 << 10)) # the average chunk

# stored NAME: what the last backup of a file of that name brought into the vault, in bytes.
stored()
{
    l backup list --source "$1" --json |
        sed -nE 's/.*"bytes_stored":([0-9]+).*/\1/p' | tail -n 1
}

# exchange NAME SIGNATURE OFFSET: backs up a sparse file with that signature at that place twice;
# in between a stretch in its middle is exchanged.
exchange()
{
    mkdir "$1"
    truncate -s 64M "$1/image"
    dd if=/dev/urandom of="$1/image" bs=1M seek=3 count=24 conv=notrunc status=none
    printf "$2" | dd of="$1/image" bs=1 seek="$3" conv=notrunc status=none
    l -q source add "$1" src_files path="$PWD/$1"
    l -q backup create "$1"
    [ "$(stored "$1")" -gt $((24 << 20)) ] || fail "$1: only $(stored "$1") bytes were stored"
    dd if=/dev/urandom of="$1/image" bs=$stretch seek=20 count=1 conv=notrunc status=none
    l -q backup create "$1"
    l -q restore latest --source "$1" --to "$1.restored"
    cmp "$1/image" "$1.restored/image"
}

exchange disk 'S\357' 1080
[ "$(stored disk)" -lt $((stretch + 50000)) ] || fail "$(stored disk) bytes for one stretch"
[ "$(stored disk)" -ge $stretch ] || fail "only $(stored disk) bytes for one stretch"
# Without a signature the content says where it is cut, which needs more than the stretch.
exchange other 'no' 1080
[ "$(stored other)" -gt $((stretch + 50000)) ] || fail "$(stored other): is it cut at fixed distances?"
l verify --depth data | has 'nothing is wrong'
