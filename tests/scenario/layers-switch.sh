#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Layers are switched on in the configuration, and do in real backups what they say: prefix,
# read-only, cache, dry-run, throttle, parallel with latency, faults, emulations that nobody sees.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"

# layers WORDS: the configuration with these layers in front of the target.
layers()
{
    { cat base; echo "driver tgt_dir { layers { $* } }"; } >"$conf"
}

# took COMMAND...: how long it took, in ms.
took()
{
    local start=$(date +%s%N)
    "$@"
    echo $((($(date +%s%N) - start) / 1000000))
}

# objects: what the store holds.
objects()
{
    (cd vault && find . -type f ! -path './*@*' -printf '%p %s\n' | sort)
}

prefix()
{
    layers 'prefix = below/here'
    l -q vault create pre --region local --recovery-file pre-recovery
    l -q backup create tree --vault pre
    [ -d vault/pre/below/here/packs ] || fail 'nothing lies below the prefix'
    [ ! -e vault/pre/packs ] || fail 'packs beside the prefix'
    l -q verify --vault pre
    l -q restore latest --vault pre --to out-pre
    diff -r tree out-pre
}

read_only()
{
    layers 'read-only = yes'
    objects >before
    expect 1 'read-only is switched on' l -q backup create tree --vault main
    l -q restore latest --vault main --to out-read-only
    diff -r tree out-read-only
    objects | diff before -
}

dry_run()
{
    echo more >tree/more
    layers 'dry-run = yes'
    objects >before
    l backup list --vault main >list
    expect_status 1 l backup create tree --vault main >out 2>err
    expect_in err 'this was a dry run, which ends here: so far'
    expect_in err 'nothing was changed'
    objects | diff before - || fail 'the dry run has changed the store'
    l backup list --vault main | diff list - || fail 'a backup that does not exist is listed'
    rm tree/more
}

# reads COMMAND...: how many reads the store has served of what may be kept.
reads()
{
    "$@" >out 2>&1 || { cat out >&2; fail "$*"; }
    grep -q 'cache: [0-9]* reads from copies' out || { cat out >&2; fail 'no count of reads'; }
    sed -n 's/.*reads from copies, \([0-9]*\) from the store.*/\1/p' out |
        awk '{ n += $1 } END { print n }'
}

cache()
{
    local first second run
    layers "cache = $PWD/copies"
    rm -rf state/cache
    first=$(reads l -v ls latest --vault main)
    [ "$(stat -c %a copies)" = 700 ] || fail 'others can look into the copies'
    [ -n "$(ls copies)" ] || fail 'nothing was kept'
    rm -rf state/cache
    second=$(reads l -v ls latest --vault main)
    [ "$second" -lt "$first" ] || fail "the store was read $first and $second times"
    # Who looks for damage looks at the store, whatever the copies say.
    run=$(find vault/main/packs -type f -size -1000k | sort | head -n 1)
    cp -p "$run" run
    chmod u+w "$run"
    printf 'X' | dd of="$run" bs=1 seek=20 conv=notrunc status=none
    rm -rf state/cache
    expect_status 4 l -q verify --depth objects --vault main >out 2>err
    cp -p run "$run"
    l -q verify --depth objects --vault main
}

throttle()
{
    head -c 3000000 /dev/urandom >tree/random
    layers 'send-rate = 2M'
    slow=$(took l -q backup create tree --vault main)
    [ "$slow" -ge 1000 ] || fail "3 MB at 2 MiB/s took $slow ms"
    layers 'receive-rate = 2M'
    slow=$(took l -q restore latest --vault main --to out-slow)
    [ "$slow" -ge 1000 ] || fail "3 MB at 2 MiB/s took $slow ms to come back"
    diff -r tree out-slow
}

latency()
{
    layers 'latency = 30ms parallel = 1'
    slow=$(took l -q backup create tree --vault main)
    [ "$slow" -ge 300 ] || fail "calls were to be slow: $slow ms"
}

fault()
{
    layers 'fault = { "put:denied" }'
    expect 1 'a fault on purpose (put:denied)' l -q backup create tree --vault main
    layers 'fault = { "put:transient:every:3" } retry-pause = 1ms'
    l -q backup create tree --vault main 2>err
    expect 2 '"sometimes" is not known; allowed are: after:N' \
        l --fault put:io:sometimes -q backup create tree --vault main
    layers
    l -q verify --depth objects --vault main
}

initialise
cp "$conf" base
mkdir tree
seq 20000 >tree/numbers
echo text >tree/text
l -q backup create tree --vault main
prefix
read_only
dry_run
cache
throttle
latency
fault
