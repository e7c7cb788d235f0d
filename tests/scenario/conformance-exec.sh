#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The examples of drivers that are programs, in shell and in Python, pass the same suite as drivers
# in C.  ROUNDS=N makes it long: everything in shell too.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/conformance-functions.sh"
requires_program python3 find awk
modules
mkdir -m 755 programs
install -m 755 "$abs_top_srcdir"/doc/examples/exec/*.sh "$abs_top_srcdir"/doc/examples/exec/*.py \
    programs

# What starts hundreds of programs, or stores hundreds of objects, takes a shell minutes.
slow=()
[ -n "${ROUNDS-}" ] || slow=(--group core --group capability --exclude '*many*'
    --exclude 'target-list-[!om]*' --exclude 'target-model-*' --exclude 'target-put-[!ib]*'
    --exclude 'life-*' --exclude 'target-cancel-*')

passes tgt_exec "command=$PWD/programs/tgt_directory.py $PWD/python" processes=4
ran target-put-if-absent-loses-cleanly target-list-order target-model-stages \
    target-race-one-winner target-crash-in-put target-cancel-during-put
passes "${slow[@]}" tgt_exec "command=$PWD/programs/tgt_directory.sh $PWD/shell" processes=4

passes src_exec "command=$PWD/programs/src_tree.py $PWD/nowhere" speaks=protocol processes=4 \
    "folder=$PWD/tree"
ran source-walk-hostile-names source-attack-through-links source-model source-crash-killed \
    source-node-links
mkdir own && seq 1000 >own/numbers && ln -s numbers own/link && mkfifo own/fifo
seq 10 >own/$'new\nline' && : >own/empty && mkdir own/folder
passes src_exec "command=$PWD/programs/src_folder.sh $PWD/own" speaks=protocol processes=2
ran source-walk-in-order source-read-random
