#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# TSK-23, SCH-08, OPS-03: two runners under accelerated time with kills and places that go away: see
# tests/fault/runner_works.py.  RUNNER_SECONDS and RUNNER_RATE make it longer.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program python3 rsync
first=$(ldd "$abs_top_builddir/lagan" | awk '/lib(a|t)san/ { print $3 }')
seconds=${RUNNER_SECONDS:-5} patience=1
[ -z "$first" ] || patience=4 # a sanitized program is slower
python3 "$abs_top_srcdir/tests/fault/runner_works.py" --lagan "$abs_top_builddir/run lagan" \
    --clock "$abs_top_builddir/tests/drivers/clock_shift.so" --first "$first" --seconds "$seconds" \
    --rate "${RUNNER_RATE:-600}" --patience $patience --scratch "$scratch"
