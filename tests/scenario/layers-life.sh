#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Layers as people meet them: faults from the command line and from the configuration, with and
# without retries; what they leave in the store, and what the log says.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"

mkdir tree
for i in $(seq 40); do head -c 3000 /dev/urandom >"tree/file-$i"; done
initialise
plain=$PWD/conf/plain.conf
cp "$conf" "$plain"

# configure TEXT: puts `layers { TEXT }` into the target's section.
configure()
{
    sed "s|^\( *\)target tgt_dir {|&\n        layers { retry-pause = 1ms $* }|" "$plain" >"$conf"
    grep -q 'layers {' "$conf" || fail 'the configuration has no target section'
}

# seals: how many there are in the store.
seals()
{
    find vault -path '*/seals/*' -type f | wc -l
}

# A fault now and then is not noticed, but for a warning; nothing is there twice.
configure
l -q backup create tree --name plain
head -c 5000 /dev/urandom >tree/file-1
l --fault target:put:transient:every:2 --fault target:get:busy:every:2 \
    --fault source:entry_open:transient:every:3 backup create tree --name faulty 2>err >out
expect_in err 'a fault on purpose'
expect_in err 'it is tried again'
l -q verify --depth data
l -q restore latest --to restored
diff -r tree restored
[ "$(l --json backup list | grep -c '"type":"backup"')" = 2 ]
[ "$(seals)" = 2 ]

# The answer to each put is lost, though it took effect: no doubles, no other objects.
head -c 5000 /dev/urandom >tree/file-2
l -q --fault target:put:transient:every:2:effect backup create tree --name lost 2>err
l -q verify --depth data
[ "$(l --json backup list | grep -c '"type":"backup"')" = 3 ]
[ "$(seals)" = 3 ]

# One that never works is given up after its attempts; without retries at once.
configure retry = 2
head -c 5000 /dev/urandom >tree/file-3
[ "$(status_of l --fault target:put:transient:after:1 backup create tree)" = 5 ]
expect_in err 'after 3 attempts in'
configure retry = 0
[ "$(status_of l --fault target:put:transient:at:2 backup create tree)" = 5 ]
! grep -q 'tried again' err
l -q backup create tree --name mended
l -q verify --depth data

# From the configuration, for a driver; what the target says is stronger.
configure retry = 3
printf 'driver tgt_dir { layers { retry = 0  statistics = yes  fault = put:transient:every:2 } }\n' \
    >>"$conf"
head -c 5000 /dev/urandom >tree/file-4
l -v backup create tree --name configured 2>err >out
expect_in err 'statistics: put: calls '
expect_in err 'it is tried again'

# Mistakes are named with their place.
expect 2 '"frob" is no verb' l --fault frob:transient backup list
configure retry = often
[ "$(status_of l backup list)" = 2 ]
expect_in err 'lagan.conf:'
expect_in err 'retry: "often" is not a whole number'
