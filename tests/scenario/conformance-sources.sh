#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every source of the tree keeps its contract: the suite passes, but for what is declared.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/conformance-functions.sh"
modules
cp "$abs_top_builddir"/shelf-drivers/src_shelf.so modules
[ ! -d "$abs_top_builddir/example-drivers" ] ||
    cp "$abs_top_builddir"/example-drivers/src_*.so modules

passes src_files "path=$PWD/files"
ran source-walk-hostile-names source-write-any-order source-attack-through-links source-model \
    source-crash-killed source-change-written source-race-one-wins
# Beside a user's own files nothing is written, and what holds for any content is checked.
mkdir own && seq 1000 >own/numbers && ln -s numbers own/link && mkfifo own/fifo
find own -printf '%p %T@ %C@ %s\n' | sort >before
check --safe src_files "path=$PWD/own" || { cat tap err >&2; fail 'not safe'; }
ran source-walk-in-order source-open-no-content
find own -printf '%p %T@ %C@ %s\n' | sort >after
diff before after || fail 'a safe run has changed something'

# Made up, and written back.
passes src_mem count=200 size=3000
ran source-walk-resume-each source-extents-contiguous
passes src_mem place=here
ran source-round-trip source-node-links

# What a command prints, and the folder that a restore puts it in.
seq 30000 >dump
passes src_exec "command=/bin/cat $PWD/dump"
ran source-stream-in-turn source-stream-closed-early source-open-missing
passes src_exec "command=/bin/cat $PWD/dump" "folder=$PWD/folder"
ran source-write-aborted source-write-taken source-crash-killed

passes src_shelf
