#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# TSK-23, SCH-08, OPS-03: two runners under accelerated time with kills and places that go away: see
# tests/fault/runner_works.py.  RUNNER_SECONDS, RUNNER_RATE and RUNNER_SOURCES make it longer; an
# hour at 60 times the speed is RUNNER_SECONDS=60 RUNNER_RATE=60.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program python3 rsync
first=$(ldd "$abs_top_builddir/lagan" | awk '/lib(a|t)san/ { print $3 }')
seconds=5 sources=20 patience=1
# A sanitized program is slower, and CI's time is short.
[ -z "$first" ] || seconds=4 sources=8 patience=4
python3 "$abs_top_srcdir/tests/fault/runner_works.py" --lagan "$abs_top_builddir/run lagan" \
    --clock "$abs_top_builddir/tests/drivers/clock_shift.so" --first "$first" \
    --seconds "${RUNNER_SECONDS:-$seconds}" --sources "${RUNNER_SOURCES:-$sources}" \
    --rate "${RUNNER_RATE:-600}" --patience $patience --scratch "$scratch"
