#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Prune beside four writers and two mirrors that are killed now and then, for some rounds;
# `make check-fault-prune` does a thousand.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program python3 rsync
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
first=$(ldd "$abs_top_builddir/lagan" | awk '/lib(a|t)san/ { print $3 }')

python3 "$abs_top_srcdir/tests/fault/prune_works.py" --lagan "$abs_top_builddir/run lagan" \
    --shift "${first:+$first:}$abs_top_builddir/tests/drivers/clock_shift.so" \
    --rounds "${ROUNDS:-100}" --seconds "${SECONDS_OF_PRUNE:-6}" --every 4
