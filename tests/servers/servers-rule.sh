#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Replication rules between buckets of two stores and of one: copies are what another client finds at
# the source, version for version; pairs in both directions do not loop; passes that are killed make
# nothing twice; nothing new costs a listing.

. "${abs_top_srcdir:?run me through make check-servers}/tests/functions.sh"
. "$abs_top_srcdir/tests/servers/functions.sh"

requires 'python3-boto3' /usr/bin/python3 -c 'import boto3'
claim_ports
east=$ports
claim_ports
west=$ports

mkdir config
export LAGAN_CONFIG=$PWD/config/lagan.conf
lagan() { "$abs_top_builddir/run" lagan --config "$LAGAN_CONFIG" "$@"; }
lagan init --path "$PWD/vault" --state "$PWD/state" --recovery-file "$PWD/recovery" >/dev/null
sed -i 's/^drivers = .*/drivers = { src_files, src_bucket, tgt_dir, key_file }/' "$LAGAN_CONFIG"

# source_add NAME [PORT]: a bucket of the server that is in use, with versions.
source_add()
{
    printf '%s:%s' "$LAGAN_S3_ACCESS" "$LAGAN_S3_SECRET" >"credentials.$1"
    chmod 600 "credentials.$1"
    bucket create "$1" --versions
    lagan source add "$1" src_bucket endpoint="${2:-$LAGAN_S3_ENDPOINT}" bucket="$1" \
        dialect="$LAGAN_S3_DIALECT" credentials="file:$PWD/credentials.$1" >/dev/null
}

# member NAME: of the last pass.
member()
{
    grep -m 1 "\"$1\":" pass | sed -E 's/.*"'"$1"'":("([^"]*)"|([^,}]*)).*/\2\3/'
}

# run_rule NAME [MEMBER VALUE]...
run_rule()
{
    local name=$1
    shift
    lagan rule run "$name" --json >pass || fail "rule $name: $(cat pass)"
    while [ $# -gt 0 ]; do
        [ "$(member "$1")" = "$2" ] || fail "rule $name: $1 is $(member "$1"), not $2: $(cat pass)"
        shift 2
    done
}

# What copies say of themselves apart.
plain() { sed -E 's/"lagan-origin": "[^"]*"(, )?//; s/, \}/}/'; }

# same VERB FROM TO: objects, or versions, of two buckets of the servers EAST and WEST.
same()
{
    use_server rgw "$scratch/${FROM:-east}"
    bucket "$1" "$2" | plain >first
    use_server rgw "$scratch/${TO:-west}"
    bucket "$1" "$3" | plain >second
    cmp first second || { diff first second | cut -c 1-300 >&2; fail "$1 of $2 and $3 differ"; }
}

start_server rgw "$east" "$scratch/east"
start_relay $((east + 80)) "$east"
source_add photos "http://127.0.0.1:$((east + 80))"
source_add nearby "http://127.0.0.1:$((east + 80))"
bucket fill photos # OBJ-09: this was there before the rule
sleep 1.1
start_server rgw "$west" "$scratch/west"
source_add copies

lagan rule create far photos copies parallel=8 prefix=new every=1s >/dev/null
lagan rule edit far prefix= >/dev/null
run_rule far queued 0 copied 0

# OBJ-16: all of it, by the difference of the listings; then nothing is missing.
lagan rule backfill far --json >pass || fail "backfill: $(cat pass)"
[ "$(member failed)" = 0 ] && [ "$(member by_store)" = 0 ] || fail "backfill: $(cat pass)"
same digest photos copies
lagan rule backfill far --json >pass
[ "$(member queued)" = 0 ] || fail "still missing: $(cat pass)"

# OBJ-01, OBJ-02, OBJ-07: versions and markers in their order.
use_server rgw "$scratch/east"
bucket age photos
run_rule far failed 0
same digest photos copies
use_server rgw "$scratch/east"
bucket versions photos | grep aged/ | plain >first
use_server rgw "$scratch/west"
bucket versions copies | grep aged/ | plain >second
diff first second || fail 'versions differ'

# Nothing new: requests of listings alone, and few.
forget_requests
run_rule far queued 0 copied 0
[ "$(requests 'x["method"] != "GET"')" = 0 ] || fail 'more than listings'
[ "$(requests)" -le 6 ] || fail "$(requests) requests"

# OBJ-10: the other direction.
lagan rule create back copies photos >/dev/null
use_server rgw "$scratch/west"
bucket many copies 5 100
run_rule back copied 5
for turn in 1 2; do
    run_rule far copied 0 markers 0
    run_rule back copied 0 markers 0
done
use_server rgw "$scratch/east"
/usr/bin/python3 -B - "$servers" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from bucket import store
store().delete_object(Bucket="photos", Key="many/0000001")
END
run_rule far markers 1
for turn in 1 2; do
    run_rule back copied 0 markers 0
    run_rule far copied 0 markers 0
done
same digest photos copies

# OBJ-06: tags; in one store, which copies by itself.
lagan rule delete far >/dev/null
lagan rule delete back >/dev/null
lagan rule create near photos nearby tag=colour=blue >/dev/null
use_server rgw "$scratch/east"
sleep 1.1
/usr/bin/python3 -B - "$servers" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from bucket import store
s3 = store()
s3.put_object(Bucket="photos", Key="blue", Body=b"b", Tagging="colour=blue&size=1",
              Metadata={"who": "me"}, ContentType="text/x-blue")
s3.put_object(Bucket="photos", Key="red", Body=b"r", Tagging="colour=red")
s3.put_object(Bucket="photos", Key="none", Body=b"n")
END
run_rule near copied 1 by_store 1 skipped 2
bucket digest photos blue | plain >first
bucket digest nearby | plain >second
cmp first second || { cat first second; fail 'the copy within the store differs'; }

# Killed again and again: nothing is lost, nothing is made twice.
lagan rule delete near >/dev/null
lagan rule create far photos copies parallel=4 >/dev/null
lagan rule backfill far >/dev/null
sleep 1.1
killed=0
for ((round = 1; round <= ${RULE_KILL_ROUNDS:-6}; round++)); do
    use_server rgw "$scratch/east"
    /usr/bin/python3 -B - "$servers" "$round" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from bucket import content, each, store
s3 = store()
each(lambda n: s3.put_object(Bucket="photos", Key="kill/%s-%d" % (sys.argv[2], n),
                             Body=content(str(n), 30000 * n)), range(12))
END
    status=0
    timeout -s KILL "0.$(printf %03d $((60 + RANDOM % 500)))" "$abs_top_builddir/run" lagan \
        --config "$LAGAN_CONFIG" rule run far >/dev/null 2>&1 || status=$?
    [ $status -ne 137 ] || killed=$((killed + 1))
done
sleep 1
for turn in 1 2 3; do
    lagan rule run far --json >pass 2>&1 || true
    [ "$(member pending)" != 0 ] || break
    sleep 2
done
[ "$(member pending)" = 0 ] || fail "not all was copied: $(cat pass)"
same digest photos copies
use_server rgw "$scratch/west"
[ "$(bucket versions copies | grep -c '"kill/')" = $((12 * ${RULE_KILL_ROUNDS:-6})) ] ||
    fail 'something was made twice'
[ "$killed" -gt 0 ] || fail 'nothing was killed'

# The wire fails: what could not be copied is tried again, and nothing is lost.
use_server rgw "$scratch/east"
bucket many photos 20 5000
break_wire '[{"do": "answer", "status": 503, "error": "SlowDown", "times": 0, "every": 3}]'
lagan rule run far >/dev/null 2>&1 || true
mend_wire
sleep 1.5
for turn in 1 2 3 4; do
    lagan rule run far --json >pass 2>&1 || true
    [ "$(member pending)" != 0 ] || break
    sleep 2
done
[ "$(member pending)" = 0 ] && [ "$(member failed)" = 0 ] || fail "not all was copied: $(cat pass)"
same digest photos copies

# OBJ-03: versions end at the destination, at the source.
versioning() # BUCKET STATUS
{
    /usr/bin/python3 -B - "$servers" "$@" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from bucket import store
store().put_bucket_versioning(Bucket=sys.argv[2], VersioningConfiguration={"Status": sys.argv[3]})
END
}
use_server rgw "$scratch/west"
versioning copies Suspended
expect_status 1 lagan rule run far >/dev/null 2>refused
expect_in refused 'keeps no versions any more'
lagan rule list --json | grep -q '"state":"invalid"'
versioning copies Enabled
lagan rule enable far >/dev/null
use_server rgw "$scratch/east"
versioning photos Suspended
expect_status 1 lagan rule run far >/dev/null 2>refused
expect_in refused 'its source'
versioning photos Enabled
run_rule far
