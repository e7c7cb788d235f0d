#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# rule-kill.sh - passes that are killed at any moment lose no object and make none twice; memory
# does not grow with a bucket.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/rule-functions.sh"

rounds=${RULE_KILL_ROUNDS:-8}
phantoms=${RULE_PHANTOMS:-100000}

setup_rules a b far-away
lagan_r rule create one a b parallel=3 >/dev/null
expected=0
for ((round = 1; round <= rounds; round++)); do
    for i in 1 2 3 4 5 6; do put a "k$round-$i" "content $round $i"; done
    put a same "round $round"
    expected=$((expected + 7))
    LAGAN_RUN_DRIVERS=$abs_top_builddir/test-drivers timeout -s KILL \
        "0.$(printf %03d $((20 + RANDOM % 200)))" "$abs_top_builddir/run" lagan \
        --config "$scratch/conf" rule run one >/dev/null 2>&1 || true
done
# The one that was killed last may take a moment to be gone.
for ((i = 0; i < 5; i++)); do
    lagan_r rule run one --json >pass 2>&1 || true
    [ "$(member pass pending)" != 0 ] || break
    sleep 1
done
[ "$(member pass pending)" = 0 ] || fail "not all was copied: $(head -n 1 pass)"
[ "$(versions a)" -eq $expected ]
[ "$(versions b)" -eq $expected ] ||
    fail "$(versions b) versions instead of $expected at the destination"
[ "$(newest b same)" = "round $rounds" ]
for ((round = 1; round <= rounds; round++)); do
    for i in 1 2 3 4 5 6; do
        [ "$(newest b "k$round-$i")" = "content $round $i" ] || fail "k$round-$i"
    done
done
lagan_r catalog check >/dev/null

# A copy that was made and not recorded is found again: as if the disk had lost the last rows.
put a lost x
lagan_r rule run one --json >pass
[ "$(member pass copied)" = 1 ]
lagan_r rule run one --json >pass
# The pass begins again with what the catalog was while it was at work on it.
sqlite3=$(command -v sqlite3 || true)
if [ -n "$sqlite3" ]; then
    sqlite3 state/catalog.db "UPDATE object_copies SET state = 0, attempts = 1, done_ns = 0
        WHERE object = CAST('lost' AS BLOB)"
    lagan_r rule run one --json >pass
    [ "$(member pass found)" = 1 ] || fail "not found: $(head -n 1 pass)"
    [ "$(versions b lost)" = 1 ]
fi

# Constant memory: a listing of many takes no more than one of few.
peak()
{
    LAGAN_RUN_DRIVERS=$abs_top_builddir/test-drivers python3 - "$@" <<'END'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
END
}
lagan_r source add few src_versions "$scratch/store/a" phantoms=10 >/dev/null
lagan_r source add many src_versions "$scratch/store/a" "phantoms=$phantoms" >/dev/null
lagan_r rule delete one >/dev/null
lagan_r rule create few few far-away >/dev/null
small=$(peak "$abs_top_builddir/run" lagan --config "$scratch/conf" rule run few)
lagan_r rule delete few >/dev/null
lagan_r rule create many many far-away >/dev/null
lagan_r rule run many --json >pass
[ "$(member pass listed)" -ge "$phantoms" ]
large=$(peak "$abs_top_builddir/run" lagan --config "$scratch/conf" rule run many)
[ "$large" -le $((small + 8192)) ] || fail "$large KiB for many, $small KiB for few"
