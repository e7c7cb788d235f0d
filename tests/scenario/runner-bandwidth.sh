#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SCH-12: `bandwidth` in `runner { }` holds back what the backups of policies write, and no others.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"

# took COMMAND...: how long it took, in ms.
took()
{
    local start=$(date +%s%N)
    "$@"
    echo $((($(date +%s%N) - start) / 1000000))
}

initialise
echo 'runner { bandwidth = "0:24:512" }' >>"$conf"
mkdir tree
head -c 2000000 /dev/urandom >tree/first
l -q source add tree src_files path="$PWD/tree" --vault main
l -q policy create slow --vault main
by_policy=$(took l -q policy run slow --wait)
# 512 KiB in a second; the last block needs not be waited for.
[ "$by_policy" -ge 1900 ] || fail "2 MB were written in $by_policy ms"
head -c 4000000 /dev/urandom >tree/second
by_hand=$(took l -q backup create tree)
[ "$by_hand" -lt 7000 ] || fail "a backup by hand took $by_hand ms"
l -q restore latest --to out && diff -r tree out
