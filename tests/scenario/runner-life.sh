#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The runner from day to day: a policy that is due runs by itself; SIGTERM, SIGHUP (also with a
# configuration that is wrong), SIGUSR1; what the service manager and people are told; --once; a
# job whose time is over; and a runner without its vault or its space.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program sqlite3 timeout pgrep ps python3

# A second is a minute, for all processes of this test.
first=$(ldd "$abs_top_builddir/lagan" | awk '/lib(a|t)san/ { print $3 }')
export CLOCK_RATE=60 CLOCK_BASE=$(cut -d ' ' -f 1 /proc/uptime)
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
clock=${first:+$first:}$abs_top_builddir/tests/drivers/clock_shift.so
fast() { LD_PRELOAD=$clock timeout 60 "$abs_top_builddir/run" lagan --config "$conf" "$@"; }

# start WORDS...: a runner in the background, $runner; it is ended with the test.
start()
{
    (LD_PRELOAD=$clock exec timeout --foreground 120 "$abs_top_builddir/run" lagan --config "$conf" "$@") \
        >log 2>&1 &
    guard=$!
    for ((i = 0; i < 100; i++)); do
        runner=$(pgrep -P $guard -x lagan) && break
        sleep 0.1
    done
}
cleanup_fn eval 'kill -9 $runner 2>/dev/null || :'

# until_true SECONDS COMMAND...: waits for it.
until_true()
{
    local tries=$(($1 * 10))
    shift
    for ((i = 0; i < tries; i++)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    cat log >&2
    fail "this did not come true: $*"
}
logged() { grep -qF -- "$1" log; }
count() { sqlite3 state/catalog.db "PRAGMA busy_timeout = 30000; $1" | tail -n 1; }
more_than() { [ "$(count "SELECT count(*) FROM $1")" -gt "$2" ]; }
runs_open() { more_than "runs WHERE state IN ('waiting', 'running')" 0; }
no_run_is_open() { ! runs_open; }
is() { [ "$2" = "$3" ] || { cat log >&2; fail "$1: '$2' instead of '$3'"; }; }

# The service manager's end: a line for each state that it is told.
cat >manager.py <<'.'
import socket
end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
end.bind("manager")
while True:
    with open("told", "ab") as out:
        out.write(end.recv(4096) + b"\n")
.
python3 manager.py &
cleanup_fn kill $!
until_true 5 test -S manager

initialise
cat >>"$conf" <<.
runner { jobs = 2  attempts = 5  retry-delay = 3m }
notify people { command = "cat >>'$PWD/notices'"  severity = info }
.
mkdir tree
seq 3000 >tree/numbers
fast -q source add tree src_files path="$PWD/tree" --vault main
fast -q policy create minutely 'schedule=cron * * * * *' zone=UTC --vault main

echo '== a policy that is due runs by itself'
export NOTIFY_SOCKET=$PWD/manager WATCHDOG_USEC=2000000
start run
unset NOTIFY_SOCKET WATCHDOG_USEC
until_true 20 more_than "backups WHERE policy = 'minutely'" 1
is 'a slot has one run' "$(count "SELECT count(*) - count(DISTINCT slot_ns) FROM runs")" 0

echo '== the service manager knows it, and people are told'
until_true 5 grep -qx READY=1 told
until_true 5 grep -qx WATCHDOG=1 told
until_true 5 grep -q '^STATUS=.*next run: 20' told
until_true 20 grep -q 'policy minutely' notices

echo '== SIGUSR1: how far the jobs are'
kill -USR1 $runner
until_true 5 logged 'jobs of this runner'

echo '== SIGHUP: a configuration that is wrong is told of, and the one before stays'
cp "$conf" good.conf
echo 'runner { jobs = many }' >>"$conf"
kill -HUP $runner
until_true 5 logged 'the one before stays'
is 'one line' "$(grep -c 'the one before stays' log)" 1
cp good.conf "$conf"
kill -HUP $runner
until_true 5 logged 'the configuration was read anew'
is 'RELOADING' "$(grep -c '^RELOADING=1' told)" 2
made=$(count 'SELECT count(*) FROM backups')
until_true 10 more_than backups "$made"

echo '== a task that is cancelled ends its job'
fast -q policy disable minutely
until_true 10 no_run_is_open
fast -q policy create slow 'before=sleep 40.125' hook-timeout=10h
fast -q policy withdraw minutely main
fast -q policy apply slow main
fast -q policy run slow
until_true 10 pgrep -f 'sleep 40.125'
fast -q task cancel "$(count "SELECT task FROM jobs WHERE state = 'running' AND run > 0")"
until_true 10 no_run_is_open
is 'cancelled' "$(count "SELECT state FROM runs ORDER BY id DESC LIMIT 1")" cancelled
! pgrep -f 'sleep 40.125' || fail 'a hook was left running'

echo '== SIGTERM: ends within seconds, and leaves nothing behind that hinders'
fast -q policy run slow
until_true 10 pgrep -f 'sleep 40.125'
child=$(pgrep -P $runner -f -- '--job')
[ "$(ps -o ni= -p $child)" -ge $(($(ps -o ni= -p $runner) + 10)) ] || fail 'a job does not yield to others'
begun=$SECONDS
kill -TERM $runner
status=0
wait $guard || status=$?
is 'SIGTERM: status' $status 0
grep -qx STOPPING=1 told || fail 'the service manager does not know that it stops'
[ $((SECONDS - begun)) -le 10 ] || fail "it took $((SECONDS - begun)) s to end"
is 'SIGTERM: the job goes on later' "$(count "SELECT state FROM jobs WHERE run = (SELECT max(id) FROM runs)")" waiting
! pgrep -f 'sleep 40.125' || fail 'a hook was left running'

echo '== --once: does what waits, and ends with the worst status'
fast -q policy edit slow before=
fast -q run --once
is '--once' "$(count "SELECT state FROM runs ORDER BY id DESC LIMIT 1")" success

echo '== a job whose time is over is ended, and said to be'
fast -q policy edit slow 'before=sleep 40.125' timeout=2m
fast -q policy run slow
status=0
fast -q run --once 2>err || status=$?
is 'timeout: status' $status 1
is 'timeout: state' "$(count "SELECT state FROM runs ORDER BY id DESC LIMIT 1")" timeout
is 'timeout: code' "$(count "SELECT error_code FROM jobs WHERE run > 0 ORDER BY id DESC LIMIT 1")" job-timeout
is 'timeout: one line' "$(grep -c 'took longer than' err)" 1
fast -q policy edit slow before= timeout=

echo '== without its vault: one clear line, and the next run works'
mv vault away
fast -q policy run slow
status=0
fast -q run --once >out 2>err || status=$?
[ $status -ne 0 ] || fail 'a vault that is away is no failure'
is 'lines about the backup' "$(grep -c '^lagan: backup of tree into main: ' err)" 1
grep -q 'it is tried again' err || { cat err >&2; fail 'it does not say what comes next'; }
mv away vault
once_until_none() { fast -q run --once 2>>log || :; no_run_is_open; }
until_true 30 once_until_none
is 'the next run' "$(count "SELECT state FROM runs ORDER BY id DESC LIMIT 1")" success

echo '== without space: the same'
head -c 3000000 /dev/urandom >tree/large
fast -q vault update main --quota $((1 << 20))
fast -q policy run slow
expect_status 14 fast -q run --once 2>err
is 'lines about the backup' "$(grep -c '^lagan: backup of tree into main: ' err)" 1
fast -q vault update main --quota 0
until_true 30 once_until_none
rm tree/large
fast -q policy run slow
fast -q run --once
is 'the next run' "$(count "SELECT state FROM runs ORDER BY id DESC LIMIT 1")" success

echo '== INT-02: every object was read, and damage is told of'
pack=$(find vault -path '*/packs/*' -type f | head -n 1)
chmod u+w "$pack"
printf xxxxxxxx | dd of="$pack" bs=1 seek=100 conv=notrunc status=none
count "UPDATE jobs SET due_ns = 1 WHERE operation = 'verify'" >/dev/null
count "DELETE FROM verified" >/dev/null
sed -i 's/^runner {/runner { verify-within = 1h /' "$conf"
expect_status 4 fast -q run --once 2>err
grep -q 'damaged or missing' err || { cat err >&2; fail 'damage is not told of'; }
is 'what was read is known' "$(count "SELECT count(*) > 0 FROM verified")" 1
