#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check.sh - the model of prune: no order of steps loses a backup, and with any one of its steps
# left out some order does.  Needs spin and a C compiler.
#
# MODEL_SECONDS bounds the search for a fault in the whole model (10; 0 = until every state was
# seen, which takes hours): what it has seen by then is told.
set -u

folder=${srcdir:-.}/tests/model
[ -e "$folder/prune.pml" ] || folder=$(dirname "$0")
folder=$(cd "$folder" && pwd)
seconds=${MODEL_SECONDS:-10}
compiler=${MODEL_CC:-gcc}
command -v spin >/dev/null || { echo "skipped: spin is not installed"; exit 77; }
command -v "$compiler" >/dev/null || { echo "skipped: $compiler is not installed"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# build NAME OPTION...: a search over the model
build()
{
    name=$1
    shift
    mkdir "$work/$name" && cd "$work/$name" || exit 1
    spin "$@" -a "$folder/prune.pml" >spin.log || { cat spin.log; exit 1; }
    "$compiler" -O2 -w -DSAFETY -DBITSTATE -o search pan.c || exit 1
    cd "$work" || exit 1
}

# search NAME SECONDS: runs it, its words in NAME/log
search()
{
    (cd "$work/$1" && timeout --preserve-status "$2" ./search -E -n -m100000 -w"${MODEL_BITS:-28}") \
        >"$work/$1/log" 2>&1
    grep -q 'errors: 0' "$work/$1/log" || grep -q 'States=\|stored' "$work/$1/log" ||
        { cat "$work/$1/log"; exit 1; }
}

failures=0
for step in RESCUE RELIST WAIT MOVE; do
    build "$step" "-DWITHOUT_$step"
    search "$step" 60
    if grep -q 'assertion violated' "$work/$step/log"; then
        echo "ok: without the step $step a backup is lost or turned away"
    else
        echo "not ok: the step $step was left out, and nothing was found"
        failures=1
    fi
done
build whole
[ "$seconds" = 0 ] && seconds=infinity
search whole "$seconds"
if grep -q 'assertion violated\|pan:1' "$work/whole/log"; then
    echo "not ok: an order of steps loses a backup:"
    (cd "$work/whole" && cp "$folder/prune.pml" . && spin -t -p prune.pml | tail -60)
    failures=1
else
    echo "ok: the whole model, $(grep -o 'States= *[0-9.e+]*\|[0-9.e+]* states, stored' \
        "$work/whole/log" | tail -1)"
fi
exit $failures
