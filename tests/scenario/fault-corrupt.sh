#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Objects of every type and files of the cache, damaged in ways chosen at random; `make
# check-fault` takes all of them.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program python3 rsync

python3 "$abs_top_srcdir/tests/fault/corrupt.py" --lagan "$abs_top_builddir/run lagan" \
    --points 8 --types conf,keys,packs,runs,seals,tombstones,sessions,cache
