#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Ten drivers that are broken and five doubles, made of one sound target and one sound source: the
# suite passes the sound ones, and catches each of the others by the cases that are about its fault.
# WHOLE=1 runs the whole suite against each, and tells what it finds.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/conformance-functions.sh"
modules
cp "$abs_top_builddir"/shelf-drivers/*.so modules

passes tgt_shelf "path=$PWD/place"
passes src_shelf

# The ten, as targets ...
caught tgt_leaks "path=$PWD/place" -- target-soak-same-again life-work-does-not-grow
caught tgt_sorts "path=$PWD/place" -- target-list-order target-list-start-after-each-key
caught tgt_deaf "path=$PWD/place" -- target-cancel-before-put target-cancel-before-remove
caught tgt_tears "path=$PWD/place" -- target-race-atomic-visibility
caught tgt_repeats "path=$PWD/place" -- target-put-no-exists-for-itself \
    target-stage-no-exists-for-itself
caught tgt_forgets "path=$PWD/place" -- target-durable-put target-durable-stage
caught tgt_shortens "path=$PWD/place" -- target-get-ranges target-put-sizes-around-buffers
caught tgt_crashes "path=$PWD/place" -- target-put-large
expect_in tap 'killed by signal 11'
caught --patience 2 tgt_blocks "path=$PWD/place" -- target-durable-put
expect_in tap 'blocked for 2 s'
caught tgt_corrupts "path=$PWD/place" -- target-put-large target-put-sizes-around-buffers

# ... and as sources, where that can be.
caught src_leaks -- source-read-leaves-nothing source-soak-reading
caught src_sorts -- source-walk-in-order source-walk-resume-each
caught src_deaf -- source-cancel-before-reading source-cancel-deadline
caught src_shortens -- source-read-whole source-read-many-readers
caught src_crashes -- source-read-whole
expect_in tap 'killed by signal 11'
caught --patience 2 src_blocks -- source-read-whole
expect_in tap 'blocked for 2 s'
caught src_corrupts -- source-read-whole

# The doubles.
caught tgt_faulty "path=$PWD/place" -- target-put-many
caught tgt_faulty verb=commit after=yes "path=$PWD/place" -- target-stage-many-open
caught tgt_slow "path=$PWD/place" -- target-cancel-during-put
caught tgt_eventual "path=$PWD/place" -- target-list-fresh target-put-some-bytes
caught tgt_short "path=$PWD/place" -- target-list-many
caught tgt_lying "path=$PWD/place" -- target-put-if-absent-loses-cleanly target-race-one-winner

# A driver that crashes ends its case and nothing else.
rm -rf place
check --include target-put-large --include target-put-zero-bytes tgt_crashes "path=$PWD/place" ||
    :
grep -q '^ok [0-9]* - target-put-zero-bytes' tap || fail 'a case beside the crash is missing'

if [ -n "${WHOLE-}" ]; then
    for module in modules/tgt_{leaks,sorts,deaf,tears,repeats,forgets,shortens,crashes,blocks} \
        modules/tgt_{corrupts,faulty,slow,eventual,short,lying} \
        modules/src_{leaks,sorts,deaf,shortens,crashes,blocks,corrupts}; do
        name=$(basename "$module")
        rm -rf place
        case $name in
        tgt_*) check --patience 2 "$name" "path=$PWD/place" || : ;;
        *) check --patience 2 "$name" || : ;;
        esac
        echo "$name: $(sed -n 's/^not ok [0-9]* - \([a-z0-9-]*\).*/\1/p' tap | tr '\n' ' ')"
    done
fi
