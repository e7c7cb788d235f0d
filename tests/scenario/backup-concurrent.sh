#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Backups that run at the same time into one vault, and backups that are interrupted or killed
# while others run: all that end well are whole, what is stored is shared, and what was stored
# before an interruption is not sent again.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program python3

# bash starts background jobs with SIGINT ignored, which the program would honour.
program=(timeout 100 python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
with open(sys.argv[1], "w") as file:
    file.write(str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])')
running=()

# begin NAME SOURCE: a backup in the background; its process goes to $process and the file
# NAME.pid, its output to NAME.out.
begin()
{
    rm -f "$1.pid"
    "${program[@]}" "$1.pid" "$abs_top_builddir/lagan" \
        --driver-dir="$abs_top_builddir/drivers" --config "$conf" \
        backup create "$2" --vault small --name "$1" >"$1.out" 2>"$1.err" &
    job=$!
    running+=("$job")
    until [ -s "$1.pid" ]; do sleep 0.005; done
    process=$(cat "$1.pid")
}

# ends STATUS JOB NAME
ends()
{
    local status=0
    wait "$2" || status=$?
    [ $status = "$1" ] || { cat "$3.out" "$3.err"; fail "$3: status $status, not $1"; }
}

stop_all()
{
    local file
    for file in "$scratch"/*.pid; do
        [ ! -s "$file" ] || kill -CONT "$(cat "$file")" 2>/dev/null || :
    done
    kill "${running[@]}" 2>/dev/null || :
    wait || :
}

# stored: bytes in packs.
stored()
{
    find vault/small -type f -path '*/packs/*' -printf '%s\n' 2>/dev/null |
        awk '{ sum += $1 } END { print sum + 0 }'
}

# grown_to BYTES PROCESS: waits until so much is stored, and stops the process there.
grown_to()
{
    local i
    for ((i = 0; i < 4000; i++)); do
        if [ "$(stored)" -ge "$1" ]; then
            kill -STOP "$2" 2>/dev/null || return 1
            sleep 0.02
            grep -q '^State:.*T' "/proc/$2/status" 2>/dev/null
            return
        fi
        sleep 0.002
    done
    return 1
}

restores()
{
    rm -rf restored
    l -q restore "$1" --vault small --to restored
    diff -r "$2" restored || fail "$1 is not what it was taken of"
}

# One is held in the middle while another begins and ends; then two run freely.
beside_each_other()
{
    local before grown a b a_process tree
    before=$(stored)
    begin a tree_a
    a=$job
    grown_to $((before + 1)) "$process" || fail 'the first was too fast'
    a_process=$process
    expect 0 '' l backup create tree_b --vault small --name b
    ! l backup list --json | has '"name":"a"' || fail 'the first did not wait'
    kill -CONT "$a_process"
    ends 0 "$a" a
    grown=$(($(stored) - before))
    # They have 32 million bytes of their own, and twenty million each of the older one.
    [ $grown -lt 38000000 ] || fail "$grown bytes more: nothing is shared"
    begin c tree_c
    a=$job
    begin d tree_d
    b=$job
    ends 0 "$a" c
    ends 0 "$b" d
    before=$(stored)
    # What they have stored is there for all that follow.
    mkdir tree_all && cp tree_a/own* tree_b/own* tree_c/own* tree_d/own* tree_all
    expect 0 '' l backup create tree_all --vault small --name all
    grown=$(($(stored) - before))
    [ $grown -lt 300000 ] || fail "$grown bytes more for what is all there"
    for tree in a b c d all; do
        restores $tree tree_$tree
    done
    l verify --vault small --depth data | has 'nothing is wrong' || fail 'the vault is hurt'
    l -q catalog check
}

# broken_off SIGNAL STATUS TREE: a backup of forty million bytes is broken off half-way, and
# done again, while another backup is in the middle of its own.
broken_off()
{
    local signal=$1 wanted=$2 tree=$3 other other_process before half again
    begin "other-$signal" tree_long
    other=$job
    other_process=$process
    grown_to $(($(stored) + 1)) "$other_process" || fail 'the other was too fast'
    before=$(stored)
    begin "$tree" "$tree"
    if grown_to $((before + 16000000)) "$process"; then
        kill -"$signal" "$process"
        kill -CONT "$process" 2>/dev/null || :
        ends "$wanted" "$job" "$tree" 2>/dev/null
    else
        fail "$tree was too fast to be broken off"
    fi
    half=$(($(stored) - before))
    ! l backup list --json | has "\"name\":\"$tree\"" || fail 'half a backup is listed'
    expect 0 '' l backup create "$tree" --vault small --name "$tree"
    again=$(($(stored) - before))
    # Only what was on its way is sent again.
    [ $again -lt 46000000 ] ||
        fail "SIG$signal: $half bytes were stored, $again in the end"
    restores "$tree" "$tree"
    kill -CONT "$other_process"
    ends 0 "$other" "other-$signal"
    restores "other-$signal" tree_long
    l verify --vault small --depth data | has 'nothing is wrong' ||
        fail "SIG$signal: the vault is hurt"
    l -q catalog check
    echo "SIG$signal: $half bytes when it was broken off, $again in the end"
    # Something new for the next round.
    random_files tree_long "more-$signal" 24
}

# random_files DIRECTORY NAME COUNT: files of a million bytes each.
random_files()
{
    local i
    mkdir -p "$1"
    for ((i = 0; i < $3; i++)); do
        head -c 1000000 /dev/urandom >"$1/$2$i"
    done
}

cleanup_fn stop_all
random_files tree_base shared 20
for tree in a b c d; do
    cp -r tree_base tree_$tree
    random_files tree_$tree own-$tree $([ $tree = a ] && echo 24 || echo 8)
done
random_files tree_INT data 40
random_files tree_KILL data 40
random_files tree_long data 24
initialise
# Small packs: what is stored comes in steps that can be watched.
l -q vault create small --pack-size 2M --recovery-file "$PWD/recovery2"
l -q backup create tree_base --vault small --name base
beside_each_other
broken_off INT 130 tree_INT
broken_off KILL 137 tree_KILL
