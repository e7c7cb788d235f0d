#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A catalog that is lost, damaged, emptied or of a newer program, and a cache that is: no
# command is misled, each says what to do, and `catalog rebuild` knows again all that storage
# can tell.  Tasks and descriptions of vaults are not in storage.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program sqlite3

# What works with the catalog.
all_commands=('backup list' 'backup show latest' 'backup create tree' 'backup delete one'
    'restore latest --to never' 'ls latest' 'verify' 'vault list' 'vault show main'
    'source list' 'source show tree' 'task list' 'catalog check' 'catalog export')
commands=("${all_commands[@]}") # all of them are tried once

same_as_before()
{
    l catalog export | diff before - || fail "a rebuilt catalog knows something else ($1)"
    l source list | diff sources - || fail "sources differ ($1)"
    l catalog check >check || { cat check; fail "catalog and vaults differ ($1)"; }
    rm -rf restored
    l -q restore three --to restored
    diff -r tree restored
    # The next backup goes on from the last.
    l backup create tree --name next --json | has '"new":0,' || fail "no parent ($1)"
    l -q backup delete next --force --now --yes
    restore_state
}

# restore_state: the state folder and the vault as they were.
restore_state()
{
    rm -rf state vault
    cp -a good.state state
    cp -a good.vault vault
}

lost()
{
    local command
    rm -rf state
    for command in 'ls latest' 'restore latest --to never' 'backup create tree' 'verify' \
        'vault show main' 'backup delete one' 'cat three:a' 'diff one three'; do
        expect 10 'find those in storage with `lagan catalog rebuild`' l $command
    done
    for command in 'backup list' 'vault list' 'source list'; do
        l $command | has 'lagan catalog rebuild' || fail "no word of what to do: $command"
    done
    expect 1 '' l catalog check
    has 'vault main: a vault lies there that is not in the catalog' <out
    has 'lagan catalog rebuild' <out
    # A vault of the same name takes nothing from the one that lies there.
    expect 1 '' l vault create main --recovery-file "$PWD/second"
    rm -f second
    l catalog rebuild | has 'vault main .*: 2 backups, 2 of them new; 0 gone; 2 sources' ||
        fail 'not all is back'
    same_as_before lost
    # Only the database.
    rm -f state/catalog.db*
    l -q catalog rebuild
    same_as_before 'database lost'
}

# damaged HOW: the file was damaged; it is kept beside, and nothing goes on before the rebuild.
damaged()
{
    local command
    cp state/catalog.db broken
    expect 4 'it was set aside as catalog.damaged-' l backup list
    [ "$(grep -o 'run `lagan catalog rebuild`' err | wc -l)" = 1 ] || fail "twice: $(cat err)"
    [ ! -s broken ] || cmp broken state/catalog.damaged-* ||
        fail "the damaged file is not kept ($1)"
    for command in "${commands[@]}"; do
        expect 4 'was damaged and has been set aside' l $command
        grep -q 'run `lagan catalog rebuild`' err
    done
    [ ! -e never ] && [ ! -e state/catalog.db ] || fail "somebody went on ($1)"
    l -q catalog rebuild || fail "no rebuild ($1)"
    same_as_before "$1"
    commands=('backup list' 'backup create tree' 'ls latest')
}

damages()
{
    # At once, without another command in between.
    echo 'something else' >state/catalog.db
    expect 0 'it was set aside as catalog.damaged-' l catalog rebuild
    same_as_before 'rebuilt at once'
    printf 'not a database' | dd of=state/catalog.db bs=1 conv=notrunc status=none
    damaged 'head'
    head -c 20000 /dev/urandom | dd of=state/catalog.db bs=1 seek=20480 conv=notrunc status=none
    damaged 'pages'
    truncate -s 10000 state/catalog.db
    damaged 'truncated'
    : >state/catalog.db
    damaged 'emptied'
    sqlite3 state/catalog.db 'DELETE FROM settings'
    damaged 'no settings'
    sqlite3 state/catalog.db 'DROP TABLE tasks'
    damaged 'no tasks'
}

# Rows that are gone from a sound database.
emptied_tables()
{
    sqlite3 state/catalog.db 'DELETE FROM backups'
    # Storage knows better; the next backup tells the catalog so.
    l cat three:a | cmp - tree/a
    l backup list | has 'no backups; `lagan catalog rebuild` finds'
    expect 1 '' l catalog check
    [ "$(grep -c 'is in the vault but not in the catalog' out)" = 2 ] && has rebuild <out
    l catalog rebuild | has '2 backups, 2 of them new'
    same_as_before 'no backups'
    sqlite3 state/catalog.db 'DELETE FROM tasks'
    l task list | has 'no tasks'
    same_as_before 'no tasks'
}

newer()
{
    local command version
    commands=("${all_commands[@]}")
    version=$(sqlite3 state/catalog.db 'PRAGMA user_version')
    sqlite3 state/catalog.db "PRAGMA user_version = $((version + 1));
        UPDATE settings SET value = '$((version + 1))' WHERE name = 'schema_version'"
    cp state/catalog.db newer
    for command in "${commands[@]}" 'catalog rebuild'; do
        expect 13 "has version $((version + 1)); this lagan knows up to $version" l $command
        grep -q 'use a newer lagan' err
    done
    cmp newer state/catalog.db || fail 'a newer catalog was touched'
    restore_state
}

# What stands where the catalog should be, or cannot be read.
in_the_way()
{
    rm state/catalog.db && mkdir state/catalog.db
    expect 1 'catalog.db is not a regular file' l backup list
    restore_state
    chmod 0 state/catalog.db
    expect 1 'catalog.db: Permission denied' without_rights "$abs_top_builddir/lagan" \
        --driver-dir="$abs_top_builddir/drivers" --config "$conf" backup list
    restore_state
    chmod o+w state
    expect 1 'run `chmod go-w` on it' l backup list
    restore_state
}

# cache_is HOW: everything works as if nothing had happened.
cache_is()
{
    rm -rf restored
    l -q restore three --to restored 2>err
    diff -r tree restored
    l verify --depth data 2>>err | has 'nothing is wrong' || fail "verify ($1)"
    l backup create tree --name more --json 2>>err | has '"new":0,' || fail "backup ($1)"
    l -q backup create tree --name full --full 2>>err
    rm -rf restored
    l -q restore full --to restored 2>>err
    diff -r tree restored
    l -q catalog check 2>>err
    [ ! -s err ] || [ "$2" = warned ] || { cat err; fail "words about a cache ($1)"; }
    restore_state
}

cache()
{
    rm -rf state/cache
    cache_is 'deleted' silent
    find state/cache -type f -exec truncate -s 0 {} +
    cache_is 'emptied' warned
    find state/cache -type f | while read -r file; do
        head -c "$(stat -c %s "$file")" /dev/urandom >random
        cp random "$file"
    done
    cache_is 'noise' warned
    find state/cache -type f -exec truncate -s -1 {} +
    cache_is 'cut' warned
    rm -rf state/cache && touch state/cache
    cache_is 'no folder' warned
    grep -q 'working without a cache' err || fail 'nobody says that there is no cache'
}

mkdir tree other && seq 1000 >tree/a && head -c 300000 /dev/urandom >tree/b && echo c >other/c
initialise
l -q backup create tree --name one
l -q source add second src_files path="$PWD/other" one-file-system=yes --exclude '*.o' \
    --exclude /tmp --include '/keep.o'
l -q backup create second --name two --description 'with a description'
echo more >>tree/a
l -q backup create tree --name three
l -q backup delete one --now --yes
l catalog export >before
l source list >sources
cp -a state good.state
cp -a vault good.vault
lost
damages
emptied_tables
newer
in_the_way
cache
