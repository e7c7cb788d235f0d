#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a restore does with what is there already, with a part of a backup, with a place that is
# not there, and when it is run again after it was broken off.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program rsync

# same_tree A B
same_tree()
{
    local difference
    difference=$(rsync -aHAX --checksum --dry-run --itemize-changes --delete "$1/" "$2/")
    [ -z "$difference" ] || fail "$1 and $2 differ: $difference"
}

# paths DIRECTORY: all that is not a folder, sorted.
paths()
{
    (cd "$1" && find . ! -type d | sort | tr '\n' ' ')
}

# meet: a place that holds something else under each kind of name.
meet()
{
    rm -rf place
    cp -a tree place
    echo older >place/older && touch -d '2001-01-01' place/older
    echo newer >place/newer && touch -d '2037-01-01' place/newer
    rm place/file && mkdir place/file && touch place/file/in
    rm -r place/folder && echo 'a file' >place/folder
    ln -sf elsewhere place/link
    rm place/gone
    echo mine >place/extra
}

rules()
{
    meet
    cp -a place met
    # Without a rule the first difference stops it, and nothing that was there is touched.
    expect 1 'is there already and differs' l restore latest --to place
    expect 1 'is there already and differs' l restore latest --to place --on-conflict fail
    rm -f place/gone
    rsync -rlptgoDHAX --omit-dir-times --checksum --dry-run --itemize-changes --delete \
        met/ place/ >differences
    [ ! -s differences ] ||
        { cat differences; fail 'a restore that stops has changed something'; }
    expect 0 '' l restore latest --to place --on-conflict skip
    grep -q ' 5 kept$' out || { cat out; fail 'what was kept?'; }
    [ "$(cat place/older place/newer place/folder)" = "$(printf 'older\nnewer\na file')" ]
    [ -d place/file ] && [ "$(readlink place/link)" = elsewhere ] && [ -f place/gone ]
    [ -f place/extra ] || fail 'what is not in the backup is nobody'"'"'s business'
    meet
    expect 0 '' l restore latest --to place --on-conflict newer
    cmp tree/older place/older && [ "$(cat place/newer)" = newer ] || fail 'newer is not newer'
    meet
    # A folder that is in use is not thrown away for a file.
    [ "$(status_of l restore latest --to place --on-conflict overwrite)" = 3 ] ||
        { cat out err; fail 'a full folder was replaced'; }
    grep -q '^lagan: cannot restore file: ' err && [ -f place/file/in ] ||
        { cat err; fail 'who is it?'; }
    cmp tree/older place/older && cmp tree/newer place/newer && cmp tree/link place/link
    rm -r place/file place/extra
    expect 0 '' l restore latest --to place --on-conflict overwrite
    same_tree tree place
    # A dry run tells the same and does nothing.
    meet
    cp -a place before
    l restore latest --to place --on-conflict skip --dry-run | has ' 5 kept' || fail 'dry run'
    same_tree before place
    rm -rf before met
}

parts()
{
    l -q restore latest --to p1 --include '/folder/**'
    [ "$(paths p1)" = './folder/deep/note.txt ./folder/large ' ] || fail "include: $(paths p1)"
    l -q restore latest --to p2 --include '*.txt' --exclude '/folder/deep/'
    [ "$(paths p2)" = './top.txt ' ] || fail "include and exclude: $(paths p2)"
    l -q restore latest --to p3 --exclude '/*' --include folder
    cmp p3/folder/large tree/folder/large
    [ "$(find p3 -mindepth 1 -maxdepth 1)" = p3/folder ] || fail "last rule: $(find p3)"
    l -q restore latest:folder --to p4 --exclude note.txt
    [ "$(paths p4)" = './large ' ]
    printf '# all but\n*\n!top.txt\n' >list
    l -q restore latest --to p5 --exclude-from list
    [ "$(paths p5)" = './top.txt ' ] || fail "exclude-from: $(paths p5)"
    # Nothing fits: nothing is made, and that is no failure of the storage.
    l -q restore latest --to p6 --include nosuch
    [ -z "$(ls -A p6)" ]
}

# The folders above the place are made as mkdir -p makes them.
missing_parents()
{
    (umask 022 && l -q restore latest --to a/b/c)
    same_tree tree a/b/c
    [ "$(stat -c %a a a/b | tr '\n' ' ')" = '755 755 ' ] || fail 'modes of what was made'
    (umask 027 && l -q restore latest:top.txt --to "$PWD/d/./e//f/")
    [ "$(stat -c %a d)" = 750 ] && cmp tree/top.txt d/e/f/top.txt
    expect 0 '' l restore latest --to x/y --dry-run
    [ ! -e x ] || fail 'a dry run has made folders'
    echo file >blocked
    expect 1 "make the directory blocked: File exists" l restore latest --to blocked/in/here
    expect 1 'blocked' l restore latest --to blocked
    [ "$(cat blocked)" = file ]
    expect 1 'Permission denied' without_rights "$abs_top_builddir/lagan" \
        --driver-dir="$abs_top_builddir/drivers" --config "$conf" restore latest --to locked/z/y
    expect 1 'lagan backup list' l restore nosuch --to n/o
    [ ! -e n ] || fail 'folders were made for a backup that is not there'
}

# Where it was taken, with what has changed since.
in_place()
{
    cp -a tree kept
    rm -r tree/folder
    echo changed >tree/top.txt
    expect 1 'differs' l restore latest --in-place
    l -q restore latest --in-place --on-conflict overwrite
    same_tree kept tree
    rm -rf tree
    l -q restore latest --in-place
    same_tree kept tree
    # The folder above is gone: perhaps its file system is not mounted.
    mkdir above && cp -a tree above/tree2
    l -q backup create above/tree2
    mv above away
    expect 1 "$PWD/above/tree2: No such file" l restore latest --source tree2 --in-place
    [ ! -e above ] || fail 'something was made'
}

# Killed in the middle: no wrong file has its name, and the same command ends the work.
resumed()
{
    local process i
    mkdir many
    for i in $(seq 30); do
        head -c 3000000 /dev/urandom >"many/$(printf %02d "$i")"
    done
    l -q backup create many
    "$abs_top_builddir/lagan" --driver-dir="$abs_top_builddir/drivers" --config "$conf" \
        restore latest --source many --to again >/dev/null 2>&1 &
    process=$!
    for ((i = 0; i < 1000; i++)); do
        [ ! -e again/04 ] || break
        sleep 0.01
    done
    kill -9 $process && wait $process 2>/dev/null || :
    for i in again/[0-9][0-9]; do
        [ "$(stat -c %s "$i")" = 3000000 ] && cmp "$i" "many/${i#again/}" ||
            fail "half a file has its name: $i"
    done
    find again -name '[0-9][0-9]' | wc -l >before
    l restore latest --source many --to again >out
    [ "$(sed -nE 's/.*; ([0-9]+) written.*/\1/p' out)" -le $((31 - $(cat before))) ] ||
        { cat before out; fail 'what was there was written again'; }
    same_tree many again
}

mkdir -p tree/folder/deep
for name in older newer file gone top.txt folder/deep/note.txt; do
    echo "$name in the backup" >"tree/$name"
    touch -d '2020-02-02' "tree/$name"
done
head -c 400000 /dev/urandom >tree/folder/large
ln -s top.txt tree/link
initialise
l -q backup create tree
rules
parts
mkdir -m 555 locked
missing_parents
in_place
resumed
