#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conformance-targets.sh - every target driver in the tree passes the suite; and what `driver check`
# itself promises: an empty place, a store in use left as it was, deviations, lists.
# ROUNDS raises how often long cases do their work.

. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"

rounds=${ROUNDS:+--rounds $ROUNDS}

# Thousands of objects are synced: in memory where that can be had.
store=$(mktemp -d /dev/shm/lagan-check.XXXXXX 2>/dev/null) || store=$scratch/store
mkdir -p "$store"
cleanup_fn rm -rf "$store"

# check STATUS ARGUMENT...: the suite into the file "tap", which is shown when it ends otherwise.
check()
{
    local wanted=$1 status=0
    shift
    lagan_with_test_drivers driver check $rounds "$@" >tap 2>err || status=$?
    [ $status -eq "$wanted" ] || { grep -v '^ok' tap; cat err; fail "status $status of check $*"; } >&2
}

# summary: the numbers of the last run.
summary()
{
    tail -n 1 tap
}

check 0 tgt_dir path="$store/dir"
expect_in tap 'TAP version 14'
[ "$(grep -c '^ok' tap)" = "$(sed -n 's/^1\.\.//p' tap)" ] || fail 'the plan does not fit'
[ "$(grep -c '^ok .* # SKIP' tap)" -le 40 ] || fail "too much is skipped: $(grep SKIP tap)"
find "$store/dir" -type f ! -name @lagan >left
[ ! -s left ] || fail "left in the store: $(cat left)"
echo "tgt_dir $(summary)"

check 0 --group capability --group crash tgt_dir path="$store/named" temporary-files=named
check 0 tgt_mem name=x stages=yes
echo "tgt_mem $(summary)"

# A place that is not empty is refused, with one line.
mkdir full
lagan_with_test_drivers driver check --include target-put-one-byte tgt_dir path="$scratch/full" >tap
echo foreign >full/object
expect_status 1 lagan_with_test_drivers driver check tgt_dir path="$scratch/full" >tap 2>err
expect_in err 'the place is not empty: it holds object'
[ "$(wc -l <err)" -le 2 ] || fail "more than a line and a hint: $(cat err)"

# A store in use: it stays as it was.
find full -type f -printf '%P %s\n' | sort >before
check 0 --safe --group core --group crash tgt_dir path="$scratch/full"
expect_in tap 'SKIP not safe beside other users of a store'
[ "$(grep -c '^ok' tap)" -gt 80 ]
find full -type f -printf '%P %s\n' | sort | diff before - || fail 'the store in use has changed'

# So it does when it is interrupted.
# One signal: a second would end it at once.
timeout --foreground -s INT 1 "$abs_top_builddir/run" lagan driver check --safe --group soak --rounds 1000 \
    --include 'target-*' tgt_dir path="$scratch/full" >tap 2>err || true
find full -type f -printf '%P %s\n' | sort | diff before - || fail 'interrupted, the store has changed'

# Deviations beside the driver.
mkdir -m 755 own
cp "$abs_top_builddir/test-drivers/tgt_liar.so" "$abs_top_builddir/test-drivers/tgt_mem.so" own
own()
{
    LAGAN_RUN_DRIVERS=$scratch/own "$abs_top_builddir/run" lagan driver check "$@"
}
expect_status 1 own --include target-put-one-byte tgt_liar lie=short-get >tap
expect_in tap 'not ok 1 - target-put-one-byte'
expect_in tap "  look: 'target.h"
echo 'target-put-one-byte it lies' >own/tgt_liar.deviations
expect_status 0 own --include target-put-one-byte tgt_liar lie=short-get >tap
expect_in tap 'not ok 1 - target-put-one-byte # TODO it lies'
echo 'target-put-one-byte it does not' >own/tgt_mem.deviations
expect_status 1 own --include target-put-one-byte tgt_mem name=x >tap
expect_in tap 'the case passes, and is declared as a deviation'
echo 'target-put-one-bit no such case' >own/tgt_mem.deviations
expect_status 2 own --include target-put-one-byte tgt_mem name=x >tap 2>err
expect_in err 'tgt_mem.deviations: line 1: there is no case of that name: target-put-one-bit'

# A seed makes the same sequences; JSON has the same results.
lagan_with_test_drivers --json driver check --seed 5 --include 'target-put-*' tgt_mem name=x stages=yes >json
[ "$(grep -c '"type":"case"' json)" = 25 ] || fail "cases in JSON: $(cat json)"
grep -q '"type":"check","passed":[0-9]*,"failed":0' json || fail "no summary: $(tail -n 2 json)"
expect_status 2 lagan driver check --group none tgt_dir 2>/dev/null
expect_status 2 lagan driver check 2>/dev/null

# The manual page lists the cases as they are.
lagan --json driver check --dry-run | sed -n 's/.*"name":"\([a-z0-9-]*\)".*/\1/p' | sort >cases
[ "$(wc -l <cases)" -ge 120 ]
sed -n 's/^\.It Cm \([a-z0-9-]*\)$/\1/p' "$abs_top_srcdir/doc/man/lagan-driver-check.7" | sort |
    diff cases - || fail 'cases of the program (<) and of lagan-driver-check(7) (>)'
