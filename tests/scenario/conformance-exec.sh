#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The examples of drivers that are programs, in shell and in Python, pass the same suite as drivers
# in C.  Each case starts programs anew, and a shell starts several for each call: all of it takes
# many minutes, with ROUNDS=N; else the cases that say most.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/conformance-functions.sh"
requires_program python3 find awk
modules
rm -f modules/src_exec.deviations # of speaks=output
mkdir -m 755 programs
install -m 755 "$abs_top_srcdir"/doc/examples/exec/*.sh "$abs_top_srcdir"/doc/examples/exec/*.py \
    programs
python="$(python3 -c 'import sys; print(sys.executable)') -B"

# some PATTERN...: the words that ask for these cases, unless all are to be run.
some()
{
    local pattern
    words=()
    [ -z "${ROUNDS-}" ] || return 0
    for pattern; do
        words+=(--include "$pattern")
    done
}

some 'target-put-[cdiskz]*' 'target-get-*' 'target-list-[flops]*' 'target-stage-*' \
    'target-remove-*' 'target-cancel-during-*' 'target-race-one*' 'target-crash-sweep*' \
    'target-durable-*' life-silent life-closed-stdin life-absent-place
passes "${words[@]}" tgt_exec "command=$python $PWD/programs/tgt_directory.py" \
    place="$PWD/python" processes=4
ran target-put-if-absent-loses-cleanly target-list-order target-durable-stage \
    target-cancel-during-put target-crash-sweep-spares-living

some 'target-put-[izo]*' 'target-put-sha*' 'target-get-[abst]*' 'target-list-[fn]*' \
    'target-stage-[abcr]*' 'target-remove-*' target-cancel-during-put target-durable-put \
    target-crash-sweep-spares-living
passes "${words[@]}" tgt_exec "command=$PWD/programs/tgt_directory.sh" place="$PWD/shell" \
    processes=4
ran target-put-if-absent-loses-cleanly target-durable-put target-cancel-during-put

some 'source-walk-*' 'source-select-*' 'source-open-*' 'source-attack-*' 'source-node-*' \
    'source-write-*' source-crash-synced source-change-written
passes "${words[@]}" src_exec "command=$python $PWD/programs/src_tree.py" speaks=protocol \
    processes=4 "folder=$PWD/tree"
ran source-walk-hostile-names source-attack-through-links source-node-links source-crash-synced

mkdir own && seq 1000 >own/numbers && ln -s numbers own/link && mkfifo own/fifo
seq 10 >own/$'new\nline' && : >own/empty && mkdir own/folder
some 'source-walk-[irs]*' 'source-select-*' 'source-open-*' 'source-read-*'
passes "${words[@]}" src_exec "command=$PWD/programs/src_folder.sh $PWD/own" speaks=protocol \
    processes=2
ran source-walk-in-order source-read-random
