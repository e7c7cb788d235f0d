#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The fidelity corpus through a whole backup and restore is the same by the word of two listers
# that share nothing with the program: on a disk and in memory, by root and by somebody else.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program python3 rsync

corpus=$abs_top_builddir/tests/corpus/make_tree
digest=$abs_top_srcdir/tests/corpus/tree_digest.py

# Not all of a corpus lets its owner in.
remove_tree()
{
    [ ! -d "$1" ] || chmod -R u+rwx "$1"
    rm -rf "$1"
}

# same_digest FROM TO WORDS [OPTION...]
same_digest()
{
    local from=$1 to=$2 words=$3
    shift 3
    python3 "$digest" "$@" "$from" >from.txt
    python3 "$digest" "$@" "$to" >to.txt
    cmp from.txt to.txt || {
        diff from.txt to.txt | cut -c1-300 | head -20 >&2
        fail "$words: digests differ"
    }
    [ "$(wc -l <from.txt)" -ge "$(sed -nE 's/^made ([0-9]+) .*/\1/p' made)" ] ||
        fail "$words: the lister misses entries"
}

# same_by_rsync FROM TO WORDS: without what rsync cannot name, paths beyond PATH_MAX, and
# without holes of terabytes, which it would read.
same_by_rsync()
{
    rsync -aHAX --checksum --dry-run --itemize-changes --delete --exclude=/depth \
        --exclude=/sparse "$1/" "$2/" >differences 2>rsync.err ||
        { cat rsync.err >&2; fail "$3: rsync"; }
    sed -i '/^skipping non-regular file/d' differences # devices, without root
    [ ! -s differences ] || { head -20 differences >&2; fail "$3: rsync finds differences"; }
}

# round_trip PLACE WORDS [DIGEST-OPTION THEME...]: makes the corpus, backs it up, restores it
# and compares, all below PLACE.
round_trip()
{
    local place=$1 words=$2 option=${3:-}
    shift $(($# < 3 ? $# : 3))
    local from=$place/from to=$place/to
    mkdir -p "$place"
    cleanup_fn remove_tree "$place"
    "$corpus" "$from" "$@" >made
    cat made
    l -q vault create "$words" --recovery-file "$place/recovery"
    expect 0 '' l backup create "$from" --vault "$words"
    expect 0 '' l restore latest --vault "$words" --to "$to"
    same_digest "$from" "$to" "$words" $option
    [ -n "$option" ] || same_by_rsync "$from" "$to" "$words"
    # Nothing has changed, and nobody thinks so: no name, time or number is taken for another.
    # What changed a moment before a backup is read once more.
    l -q backup create "$from" --vault "$words"
    l backup create "$from" --vault "$words" --json >second
    has '"new":0,"changed":0,' <second || { cat second; fail "$words: what has changed?"; }
    has '"bytes_read":0,' <second || fail "$words: unchanged files are read"
    expect 0 '' l diff latest~1 latest --vault "$words"
    [ "$(cat out)" = '0 added, 0 removed, 0 content, 0 attributes' ] ||
        { cat out; fail "$words: a difference between equal backups"; }
    # Restored once more over itself: all is equal.
    expect 0 '' l restore latest --vault "$words" --to "$to"
    grep -q '; 0 written' out || { cat out; fail "$words: equal entries are written again"; }
    l verify --depth data --vault "$words" | has 'nothing is wrong'
    remove_tree "$place"
}

# as_other COMMAND...: as a user without any rights.
as_other()
{
    setpriv --reuid=65534 --regid=65534 --clear-groups env TMPDIR="$scratch/other" \
        LAGAN_TEST_PART=other "$@"
}

initialise
round_trip "$scratch/disk" disk
[ -z "${LAGAN_TEST_PART-}" ] || exit 0
round_trip "$scratch/whole" preallocated --no-holes preallocated
if [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] && [ -w /dev/shm ]; then
    memory=$(mktemp -d /dev/shm/lagan-roundtrip.XXXXXX)
    cleanup_fn remove_tree "$memory"
    round_trip "$memory/tree" memory
else
    echo 'no tmpfs to try'
fi
mkdir -m 777 other
chmod 711 "$scratch"
if [ "$(id -u)" = 0 ] && as_other "$abs_top_builddir/lagan" --version >/dev/null 2>&1 &&
    as_other test -r "$0"; then
    as_other bash "$0" || fail 'not the same for somebody without rights'
else
    echo 'no other user to try'
fi
