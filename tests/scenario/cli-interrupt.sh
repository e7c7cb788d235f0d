#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Signals: a first one ends a command in good order with status 130, a second one at once; the
# vault is whole after either, and the same command works again.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"

# bash starts background jobs with SIGINT ignored, and nohup all with SIGHUP: the program would
# honour that.
program=(python3 -c 'import os, signal, sys
for number in sys.argv.pop(1).split():
    signal.signal(int(number), signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])')
words=("$abs_top_builddir/lagan" --driver-dir="$abs_top_builddir/test-drivers" --config "$conf")

lagan()
{
    lagan_with_test_drivers "$@"
}

# A task of a backup is at work, and was for a moment.
until_running()
{
    local i
    for ((i = 0; i < 200; i++)); do
        l task list --state running --json | has '"kind":"backup"' && break
        sleep 0.05
    done
    sleep 0.3
}

# interrupted SIGNAL TIMES: a long backup that gets the signal so many times; its exit status.
interrupted()
{
    local status=0 process i
    "${program[@]}" '1 2' "${words[@]}" backup create endless >out 2>err &
    process=$!
    until_running
    for ((i = 0; i < $2; i++)); do
        kill -"$1" $process 2>/dev/null || :
    done
    wait $process || status=$?
    echo $status
}

check_after()
{
    [ "$(l backup list --json | grep -c '"type":"backup"')" = 1 ] ||
        fail 'half a backup is listed'
    l -q verify --depth data || fail 'the vault is hurt'
    l -q catalog check
}

mkdir small && echo text >small/file
initialise
sed -i 's/src_files,/src_files, src_mem,/' conf/lagan.conf
l -q source add endless src_mem count=300000 size=20000
l -q backup create small
for signal in INT TERM HUP; do
    [ "$(interrupted $signal 1)" = 130 ] || fail "SIG$signal does not end with 130: $(cat err)"
    [ "$(wc -l <err)" = 1 ] && grep -q 'interrupted' err ||
        { cat err; fail 'one line was expected'; }
    l task list --state cancelled --json | has '"kind":"backup"'
    [ "$(l task list --state running --json | wc -l)" = 1 ] || fail 'the task runs for ever'
    check_after
done
[ "$(interrupted INT 2)" = 130 ]
check_after

# Killed at once: the next command finds out that the task is over.
"${program[@]}" 2 "${words[@]}" backup create endless >/dev/null 2>&1 &
process=$!
until_running
kill -9 $process
wait $process 2>/dev/null || :
l task list --json >out
grep -q '"state":"failed".*interrupted' out ||
    { cat out; fail 'a dead task is not known as such'; }
check_after

# A signal that was ignored at the start stays so (nohup).
(
    trap '' HUP
    exec "${program[@]}" 2 "${words[@]}" backup create endless >/dev/null 2>err
) &
process=$!
until_running
kill -HUP $process
sleep 0.3
kill -0 $process || fail 'an ignored signal ended a backup'
kill -TERM $process
wait $process && fail 'no end' || [ $? = 130 ]
l -q backup create small
