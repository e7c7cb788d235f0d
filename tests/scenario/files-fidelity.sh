#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The fidelity corpus, copied through src_files on a disk and in memory, is the same by the word
# of a lister that shares nothing with it.
. "$abs_top_srcdir/tests/functions.sh"
requires_program python3

corpus=$abs_top_builddir/tests/corpus
digest=$abs_top_srcdir/tests/corpus/tree_digest.py

# Not all of a corpus lets its owner in.
remove_tree()
{
    [ ! -d "$1" ] || chmod -R u+rwx "$1"
    rm -rf "$1"
}

# compare PLACE [OPTION] THEME...: makes the corpus there, copies it, and compares the digests.
compare()
{
    local place=$1 option=${2:-}
    shift $(($# < 2 ? $# : 2))
    remove_tree "$place/fidelity"
    mkdir "$place/fidelity"
    cleanup_fn remove_tree "$place/fidelity"
    "$corpus/make_tree" "$place/fidelity/from" "$@" >made
    "$corpus/copy_tree" "$abs_top_builddir/test-drivers" "$place/fidelity/from" \
        "$place/fidelity/to" >copied
    cat made copied
    ! grep -q '^lost' copied || fail "attributes were lost in $place"
    python3 "$digest" $option "$place/fidelity/from" >from.txt
    python3 "$digest" $option "$place/fidelity/to" >to.txt
    grep -q "^copied $(wc -l <from.txt) entries" copied || fail "entries are missing in $place"
    cmp from.txt to.txt || {
        diff from.txt to.txt | cut -c1-300 | head -20
        fail "differences in $place"
    }
}

compare "$scratch"
compare "$scratch" --no-holes preallocated
if [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] && [ -w /dev/shm ]; then
    memory=$(mktemp -d /dev/shm/lagan-fidelity.XXXXXX)
    cleanup_fn rm -rf "$memory"
    compare "$memory"
else
    echo 'no tmpfs to try'
fi
