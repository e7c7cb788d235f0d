#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Sources that cannot be read in whole, that are not there, and that change under the eyes of a
# backup: each entry that is not as it should be is named, with exit status 3; nothing else is
# lost, and the rest restores identically.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program rsync
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 # it does not work where a program is traced

program=("$abs_top_builddir/lagan" --driver-dir="$abs_top_builddir/drivers" --config "$conf")

# problems: the paths that standard error of the last command names, sorted.
problems()
{
    sed -nE 's/^lagan: cannot read ([^:]*): .*/\1/p' err | sort | tr '\n' ' '
}

partial_backups()
{
    l backup list --json | grep -c '"state":"partial"' || :
}

# partial WANTED COMMAND...: ends with 3, and names exactly the paths WANTED.
partial()
{
    local wanted=$1 status before
    before=$(partial_backups)
    shift
    status=$(status_of "$@")
    [ "$status" = 3 ] || { cat err; fail "status $status instead of 3: $*"; }
    [ "$(problems)" = "$wanted " ] ||
        { cat err; fail "names '$(problems)', not '$wanted': $*"; }
    [ "$(partial_backups)" = $((before + 1)) ] ||
        fail 'a backup that lacks something looks whole'
}

# rest_restores TREE [RSYNC-OPTION...]: the latest backup, compared with the tree of now.
rest_restores()
{
    local tree=$1 difference
    shift
    chmod -R u+rwx restored 2>/dev/null || :
    rm -rf restored
    l -q restore latest --source "$(basename "$tree")" --to restored >/dev/null 2>&1 ||
        [ $? = 3 ]
    difference=$(rsync -aHAX --checksum --dry-run --itemize-changes --delete "$@" \
        "$tree/" restored/ | grep -v '^\.d\.\.t' || :)
    [ -z "$difference" ] || fail "not as it is: $difference"
}

unreadable()
{
    local run=(without_rights "${program[@]}")
    mkdir -p tree/closed/in tree/listed tree/entered tree/fine/deep
    echo 1 >tree/a && echo 2 >tree/closed/in/f && echo 3 >tree/listed/f
    echo 4 >tree/entered/f && echo 5 >tree/fine/deep/f && echo 6 >tree/secret
    head -c 700000 /dev/urandom >tree/zzz
    chmod 0 tree/closed tree/secret
    chmod 444 tree/listed
    chmod 111 tree/entered
    partial 'closed entered listed/f secret' "${run[@]}" backup create tree --name first
    grep -qx 'lagan: cannot read secret: .*: Permission denied' err || fail 'without the reason'
    rest_restores tree --exclude=secret --exclude=/closed --exclude=/listed --exclude=/entered
    [ ! -e restored/secret ] || fail 'something came of nothing'
    [ "$(stat -c %a restored/closed restored/listed restored/entered | tr '\n' ' ')" = \
        '0 444 111 ' ] || fail 'folders without content are folders all the same'
    "${program[@]}" backup show first | has '^secret .*denied' || fail 'the seal does not tell'
    [ "$(status_of l restore first --to all)" = 3 ]
    [ "$(grep -c 'not in the backup' err)" = 4 ] || { cat err; fail 'a restore must tell'; }
    # It stays so, although nothing has changed, and ends when the rights come.
    partial 'closed entered listed/f secret' "${run[@]}" backup create tree
    chmod -R u+rwx tree
    expect 0 '' "${run[@]}" backup create tree --name whole
    rest_restores tree
    # Rights that go away again take nothing out of older backups.
    echo 7 >>tree/secret
    chmod 0 tree/secret
    partial secret "${run[@]}" backup create tree
    l cat whole:secret | cmp - <(echo 6)
    # One bad source does not keep the others from being saved.
    mkdir other && echo other >other/f
    expect 0 '' "${program[@]}" backup create other
    partial secret "${run[@]}" backup create tree other
    [ "$(l backup list --source other --json | grep -c '"type":"backup"')" = 2 ]
    chmod 600 tree/secret
}

absent()
{
    local before
    before=$(l backup list --json)
    expect 1 'nosuch is neither the name of a source nor a path' l backup create ./nosuch
    ln -s nowhere dangling
    expect 1 'neither the name of a source nor a path' l backup create ./dangling
    mv tree away
    expect 1 "cannot open $PWD/tree: No such file or directory" l backup create tree
    expect 1 "cannot open $PWD/tree: No such file" l backup create other tree --full
    mkdir -m 0 tree
    expect 1 'cannot list the root: Permission denied' \
        without_rights "${program[@]}" backup create tree
    rmdir tree && mv away tree
    l -q backup delete latest --source other --force --now --yes
    [ "$(l backup list --json)" = "$before" ] || fail 'a backup was made of nothing'
    l -q backup create tree && rest_restores tree
}

# Sources need not be folders.
no_folders()
{
    local kind
    mkdir kinds
    echo content >kinds/file && mkfifo kinds/fifo && ln -s ../tree kinds/link
    l -q backup create kinds/file
    rm -rf restored && l -q restore latest --source file --to restored
    cmp kinds/file restored/file
    l cat latest:file --source file | cmp - kinds/file
    timeout 20 "${program[@]}" -q backup create kinds/fifo || fail 'a FIFO cannot be saved'
    rm -rf restored && l -q restore latest --source fifo --to restored
    [ -p restored/fifo ] || fail 'no FIFO'
    l -q backup create kinds/link
    l ls latest:fine --source tree | has '^fine/deep$' ||
        fail 'the path does not lead to its source'
    # What was a folder is a file now, and the other way round.
    l -q backup create kinds
    rm kinds/file && mkdir kinds/file && echo in >kinds/file/in
    rm kinds/fifo && echo no fifo >kinds/fifo
    rm kinds/link && ln -s elsewhere kinds/link
    l -q backup create kinds
    rest_restores kinds
}

# meddled CALL PATH TIMES FUNCTION [WORD...]: backs up the tree `live`; at the first TIMES calls
# CALL that concern PATH the program is stopped, FUNCTION is called, and the program goes on.
# Prints the exit status; output goes to out and err.
meddled()
{
    local call=$1 path=$2 times=$3 tracer process status=0 i done=0
    shift 3
    : >trace
    timeout 60 strace -f -o trace -P "$path" -e trace="$call" \
        -e inject="$call:signal=SIGSTOP:when=1..$times" \
        "${program[@]}" backup create live >out 2>err &
    tracer=$!
    for ((i = 0; i < 3000 && done < times; i++)); do
        kill -0 $tracer 2>/dev/null || break
        if [ "$(grep -c -- '--- SIGSTOP' trace)" -gt $done ]; then
            sleep 0.05
            "$@"
            done=$((done + 1))
            process=$(awk '/--- SIGSTOP/ { print $1 }' trace | tail -n 1)
            kill -CONT "$process"
        else
            sleep 0.01
        fi
    done
    wait $tracer || status=$?
    [ $done -gt 0 ] || { cat err >&2; fail "nothing was done at a $call of $path"; }
    echo $status
}

# fresh_live: a tree with a victim and neighbours.
fresh_live()
{
    rm -rf live
    mkdir -p live/a live/victim live/z
    echo before >live/a/f && echo behind >live/z/f
    seq 1000 >live/victim/file
    ln live/a/f live/z/linked
    l -q backup create live
    seq 999 >live/victim/file
    echo more >>live/z/f
}

becomes_nothing() { rm live/victim/file; }
becomes_link() { ln -sf "$PWD/outside" live/victim/file; }
becomes_fifo() { rm live/victim/file && mkfifo live/victim/file; }
becomes_folder() { rm live/victim/file && mkdir live/victim/file; }
becomes_longer() { seq 5000 >>live/victim/file; }
becomes_empty() { : >live/victim/file; }
becomes_another() { seq 77 >live/new && mv live/new live/victim/file; }
goes_with_folder() { mv live/victim gone; }

# Between the moment when an entry is seen and that when it is read.
change_before_reading()
{
    local change
    for change in becomes_nothing becomes_link becomes_fifo becomes_folder; do
        fresh_live
        [ "$(meddled statx "$PWD/live/victim" 1 $change)" = 3 ] ||
            { cat err; fail "$change: not told"; }
        [ "$(problems)" = 'victim/file ' ] || { cat err; fail "$change: who is it?"; }
        rest_restores live --exclude=/victim/*
        [ ! -f restored/victim/file ] || fail "$change: something came of nothing"
        ! l ls -R latest --source live --json | has outside || fail 'followed a link'
        # What it has become is in the next backup.
        expect 0 '' l backup create live
        rest_restores live
    done
    for change in becomes_longer becomes_empty becomes_another; do
        fresh_live
        [ "$(meddled statx "$PWD/live/victim" 1 $change)" = 0 ] ||
            { cat err; fail "$change: is nothing wrong with"; }
        rest_restores live
    done
    fresh_live
    [ "$(meddled statx "$PWD/live/victim" 1 goes_with_folder)" = 0 ] ||
        [ "$(problems)" = 'victim/file ' ] || { cat err; fail 'a folder that goes'; }
    rest_restores live --exclude=/victim
}

# While it is read: a long file after its first piece.
change_while_reading()
{
    local change
    for change in becomes_longer becomes_empty becomes_another; do
        fresh_live
        head -c 6000000 /dev/urandom >live/victim/file
        [ "$(meddled pread64 "$PWD/live/victim/file" 1 $change)" = 0 ] ||
            { cat err; fail "$change: once is not always"; }
        if [ $change != becomes_another ]; then
            rest_restores live
        fi
        expect 0 '' l backup create live
        rest_restores live
    done
    for change in becomes_nothing becomes_link; do
        fresh_live
        head -c 6000000 /dev/urandom >live/victim/file
        cp live/victim/file original
        if [ "$(meddled pread64 "$PWD/live/victim/file" 1 $change)" = 0 ]; then
            l cat latest:victim/file --source live | cmp - original ||
                fail "$change: what was open is not complete"
        else
            [ "$(problems)" = 'victim/file ' ] || { cat err; fail "$change: who is it?"; }
        fi
        rest_restores live --exclude=/victim/*
        ! l cat latest:victim/file --source live 2>/dev/null | has 'must not' ||
            fail 'followed a link'
        expect 0 '' l backup create live
        rest_restores live
    done
}

# Each time it is looked at: it is stored, named, and read again next time.
change_for_ever()
{
    fresh_live
    [ "$(meddled statx "$PWD/live/victim/file" 50 becomes_longer)" = 3 ] ||
        { cat err; fail 'not told'; }
    [ "$(problems)" = 'victim/file ' ] && grep -q 'changed while it was read' err ||
        { cat err; fail 'not named'; }
    rest_restores live --exclude=/victim/*
    [ "$(l cat latest:victim/file --source live | head -n 999 | tail -n 1)" = 999 ] ||
        fail 'what could be read is lost'
    expect 0 '' l backup create live
    rest_restores live
}

initialise
unreadable
absent
no_folders
echo 'must not be read' >outside
# The program hides its memory and its files from all but root.
if [ "$(id -u)" = 0 ] && command -v strace >/dev/null && strace -o trace true 2>/dev/null; then
    change_before_reading
    change_while_reading
    change_for_ever
else
    echo 'nothing can be traced here: changes at known places are left out'
fi
l verify --depth data | has 'nothing is wrong'
l -q catalog check
