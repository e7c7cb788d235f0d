#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Commands killed at some of their persistence system calls, chosen at random; `make check-fault`
# takes all of them.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program python3 rsync
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 # it does not work where a program is traced
at_call=$abs_top_builddir/tests/fault/at_call
requires 'the right to trace' "$at_call" write true

python3 "$abs_top_srcdir/tests/fault/kill_sweep.py" --lagan "$abs_top_builddir/run lagan" \
    --at-call "$at_call" --points 4 --again 2
