#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The first session of README.md and what follows from it: back up, change, back up, look,
# check, restore in whole and in part, delete.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program rsync

make_tree()
{
    mkdir -p tree/folder/deeper tree/cache
    echo one >tree/file
    seq 200000 >tree/folder/large
    echo text >tree/folder/note.txt
    echo data >tree/folder/deeper/note.txt
    ln tree/file tree/hard
    ln -s folder tree/link
    chmod 750 tree/folder
    printf 'Signature: 8a477f597d28d172789f06886806bc55' >tree/cache/CACHEDIR.TAG
    echo cached >tree/cache/data
    touch -d '2001-02-03 04:05:06.789' tree/file
}

change_tree()
{
    echo two >>tree/folder/note.txt
    rm tree/folder/deeper/note.txt
    echo new >tree/new
    chmod 700 tree/folder
}

# same_tree A B
same_tree()
{
    local difference
    difference=$(rsync -aHAX --checksum --dry-run --itemize-changes --delete "$1/" "$2/")
    [ -z "$difference" ] || fail "$1 and $2 differ: $difference"
}

backups()
{
    l backup create tree >out
    grep -q 'of tree: ' out
    cp -a tree tree1
    change_tree
    l backup create tree/ --name second --description 'after a change' >out
    grep -q '^backup [0-9a-f]\{16\} (second) of tree: ' out || fail "$(cat out)"
    l -q backup create tree >out
    [ ! -s out ] || fail '-q talks'
    [ "$(l backup list --json | grep -c '"type":"backup"')" = 3 ]
    l source list | has "src_files .*path=$PWD/tree"
    [ "$(l source list --json | grep -c '"type":"source"')" = 1 ]
}

looking()
{
    l ls >out
    diff out <(cd tree && LC_ALL=C ls -A)
    l ls -R second >out
    [ "$(wc -l <out)" = "$(find tree -mindepth 1 | wc -l)" ]
    l ls latest~2:folder/deeper | has -x folder/deeper/note.txt
    l ls -l second:file | has '^-rw-r--r-- .* 4 2001-02-03 04:05:06 file$'
    l ls -l second | has '^lrwxrwxrwx .* link -> folder$'
    l cat second:folder/large | cmp - tree/folder/large
    l cat :new | cmp - tree/new
    expect 1 'no content' l cat second:folder
    expect 1 'has no entry nosuch' l cat second:nosuch
    expect 1 'has no entry nosuch' l ls second:nosuch
    expect 2 '".." has no meaning' l ls second:../etc
    l diff latest~2 second >out
    diff out - <<-END
	U .
	U folder
	U folder/deeper
	- folder/deeper/note.txt
	M folder/note.txt
	+ new
	1 added, 1 removed, 1 content, 3 attributes
	END
    l diff second latest | has -x '0 added, 0 removed, 0 content, 0 attributes'
    l backup show second >out
    grep -qx 'description: *after a change' out && grep -qx 'entries: *12' out
}

checking()
{
    local depth
    for depth in structure objects data; do
        l verify --depth $depth | has -x 'nothing is wrong'
    done
    l verify --backup second --depth data >/dev/null
    l verify --locked >/dev/null
    l catalog check | has -x 'catalog and vaults agree'
}

restoring()
{
    l restore latest --to out1 >/dev/null
    same_tree tree out1
    l restore latest~2 --to "$PWD/out2" >/dev/null
    same_tree tree1 out2
    l restore latest --to out1 | has ': 12 entries; .* written (0 B), ' ||
        fail 'an equal tree was written again'
    # Part of it.
    l -q restore second:folder/large --to part
    cmp part/large tree/folder/large
    l -q restore second --path folder --to part2
    same_tree tree/folder part2
    l -q restore latest~2 --to part3 --include '*.txt'
    [ "$(cd part3 && find . -type f | sort | xargs)" = \
        './folder/deeper/note.txt ./folder/note.txt' ]
    l -q restore latest --to part4 --exclude large --exclude /cache
    [ ! -e part4/folder/large ] && [ ! -e part4/cache ] && [ -e part4/file ]
    expect 1 'has no entry nosuch' l restore latest:nosuch --to part5
    # Conflicts.
    echo mine >out1/new && touch -d '2030-01-01' out1/new
    expect 1 'is there already and differs' l restore latest --to out1
    l -q restore latest --to out1 --on-conflict skip && grep -qx mine out1/new
    l -q restore latest --to out1 --on-conflict newer && grep -qx mine out1/new
    l restore latest --to out1 --on-conflict overwrite --dry-run | has '^dry run' &&
        grep -qx mine out1/new
    l -q restore latest --to out1 --on-conflict overwrite && grep -qx new out1/new
    same_tree tree out1
    l restore latest --to nowhere --dry-run | has '12 written' && [ ! -e nowhere ]
    # Where it was.
    cp -a tree tree2 && rm -r tree/folder
    l -q restore latest --in-place --on-conflict overwrite
    same_tree tree2 tree
}

rules()
{
    l -q backup create tree --exclude '*.txt' --exclude-caches --name ruled
    l ls -R ruled >out
    ! grep -q 'note.txt\|cache/data' out || fail 'what was excluded is there'
    grep -qx cache/CACHEDIR.TAG out && grep -qx folder/large out
    printf '%s\n' '# comment' 'folder/*' '!note.txt' >rules
    l -q backup create tree --exclude-from rules --name lines
    l ls -R lines >out
    grep -qx folder/note.txt out && ! grep -q large out
    # Rules of a source hold each time, those of a command once.
    l -q source add ruled src_files path="$PWD/tree" --exclude large
    l -q backup create ruled
    l ls -R latest --source ruled >out
    ! grep -q large out && grep -qx folder/note.txt out
    l source show ruled | has '^rules: *exclude=large$'
    l source check ruled >/dev/null
    l -q source remove ruled
    expect 1 'source list' l source show ruled
    l ls latest --source ruled >/dev/null || fail 'backups of a forgotten source are lost'
}

deleting()
{
    local before
    before=$(l backup list --json | grep -c '"type":"backup"')
    expect 1 '' l backup delete second nosuch
    expect 2 'named twice' l backup delete second second
    [ "$(l backup list --json | grep -c '"type":"backup"')" = "$before" ]
    l backup delete second 'latest~3' --now --yes --reason 'no longer needed' >out
    [ "$(wc -l <out)" = 2 ]
    [ "$(l backup list --json | grep -c '"type":"backup"')" = $((before - 2)) ]
    expect 1 '' l ls second
    l -q verify --depth data
    l -q restore latest --source tree --to after
    l catalog check >/dev/null
    l task list --json | has '"kind":"delete","state":"success"'
}

several()
{
    mkdir a b && echo a >a/x && echo b >b/x
    l backup create a b --name two >/dev/null
    l ls two-0001 >/dev/null && l cat two-0002:x | has -x b
    [ "$(status_of l backup create a nosuch b --name three)" = 1 ]
    l ls three-0001 >/dev/null && l ls three-0003 >/dev/null
    grep -q nosuch err
}

own_storage()
{
    l -v backup create . --name everything 2>err >/dev/null
    grep -q 'own storage' err
    l ls -R everything >out
    grep -q '^tree/file$' out && ! grep -q '^vault/main' out ||
        fail 'lagan backs its own vault up'
}

make_tree
initialise
backups
looking
checking
restoring
rules
deleting
several
own_storage
