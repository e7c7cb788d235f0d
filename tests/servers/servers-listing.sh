#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Many keys: a walk of ten millions needs no more memory than one of twenty thousand, and a backup in
# which nothing has changed asks for pages and for nothing else.  LAGAN_WALK_KEYS (default 10000000)
# and LAGAN_BACKUP_KEYS (default 50000) say how many.

. "${abs_top_srcdir:?run me through make check-servers}/tests/functions.sh"
. "$abs_top_srcdir/tests/servers/functions.sh"

requires_program curl
claim_ports
walk_keys=${LAGAN_WALK_KEYS:-10000000}
backup_keys=${LAGAN_BACKUP_KEYS:-50000}

start_listing "$ports" "$walk_keys" 100
began=$(date +%s)
timeout 500 "$abs_top_builddir/tests/servers/walk" "$abs_top_builddir/drivers" src_bucket \
    endpoint="$listing" bucket=big credentials-from=none dialect=aws style=path >walked
cat walked
echo "$(($(date +%s) - began)) s"
[ "$(sed -n 's/^entries //p' walked)" = $((walk_keys + 1)) ] || fail 'not every key was walked'
early=$(sed -n 's/^early //p' walked)
late=$(sed -n 's/^late //p' walked)
# Allocators keep what they had; a byte for each key would be ten thousand.
[ $((late - early)) -le 4096 ] || fail "memory has grown from $early to $late KiB"
[ "$(listing_count list)" -le $((walk_keys / 1000 + 2)) ] || fail 'pages were asked for twice'
[ "$(listing_count get)$(listing_count head)" = 00 ] || fail 'a walk looks at objects'

start_listing $((ports + 1)) "$backup_keys" 100
cat >lagan.conf <<END
state = $scratch/state
drivers = { src_bucket, tgt_dir, key_file }
region west { target tgt_dir { path = $scratch/vault } }
END
l()
{
    within 1200 400 "$abs_top_builddir/run" lagan --config "$scratch/lagan.conf" "$@"
}
l -q vault create main --recovery-file recovery
l -q source add big src_bucket endpoint="$listing" bucket=big credentials-from=none dialect=aws \
    style=path
l backup create big
[ "$(listing_count get)" -ge "$backup_keys" ] || fail 'a first backup reads everything'
curl -s "$listing/-/reset" >counts
l backup create big --json >second
curl -s "$listing/-/counts" >counts
cat counts
[ "$(listing_count list)" -le $((backup_keys / 1000 + 3)) ] || fail 'too many pages'
[ "$(listing_count get)$(listing_count head)" = 00 ] || fail 'objects that are unchanged were looked at'
[ "$(listing_count other)" -le 2 ] || fail 'too many other questions'

# Seven objects change: they are read, the others are not.
curl -s "$listing/-/change?7" >counts
curl -s "$listing/-/reset" >counts
l -q backup create big
[ "$(listing_count get)" = 7 ] || fail "$(listing_count get) objects were read instead of 7"
l -q verify --depth data
