#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Buckets as sources: what is backed up and restored is what another client finds, in another bucket,
# in folders and back; versions and delete markers in their order; a backup of what has not changed
# lists and reads nothing.
#
# LAGAN_LARGE=1: an object of 6 GiB, too.

. "${abs_top_srcdir:?run me through make check-servers}/tests/functions.sh"
. "$abs_top_srcdir/tests/servers/functions.sh"

requires 'python3-boto3' /usr/bin/python3 -c 'import boto3'
claim_ports

settle() { sleep 3.5; }

# source_add NAME WORDS...: a bucket of the server that is in use.
source_add()
{
    local name=$1
    shift
    lagan source add "$name" src_bucket endpoint="$LAGAN_S3_ENDPOINT" dialect="$LAGAN_S3_DIALECT" \
        credentials="file:$PWD/credentials" "$@" >/dev/null
}

begin()
{
    rm -rf vault state config
    mkdir config
    lagan init --path "$PWD/vault" --state "$PWD/state" --recovery-file "$PWD/recovery" >/dev/null
    sed -i 's/^drivers = .*/drivers = { src_files, src_bucket, tgt_dir, key_file }/' "$LAGAN_CONFIG"
    rm -f recovery
    install -m 600 "$LAGAN_S3_JSON_FILE" credentials
}

export LAGAN_CONFIG=$PWD/config/lagan.conf
lagan() { "$abs_top_builddir/run" lagan --config "$LAGAN_CONFIG" "$@"; }

# place WORDS: a place in the server, for --to.
place()
{
    echo "src_bucket:endpoint=$LAGAN_S3_ENDPOINT,dialect=$LAGAN_S3_DIALECT,credentials=file:$PWD/credentials,$1"
}

same_objects()
{
    bucket digest "$1" >first
    bucket digest "$2" ${3:+"$3"} >second
    cmp first second || { diff first second | cut -c 1-300 >&2; fail "$1 and $2 differ"; }
}

# What Swift takes: no tags, no classes, short values of metadata.
fill_plainly()
{
    /usr/bin/python3 -B - "$servers" "$1" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from bucket import ODD_KEYS, content, store
s3 = store()
def put(key, size, **given):
    s3.put_object(Bucket=sys.argv[2], Key=key, Body=content(key, size), **given)
for key in ODD_KEYS:
    put("odd/" + key if len(key.encode()) < 1020 else key, 100)
for size in [0, 1, 4096, 65536, 1048577, 5 << 20, 17 << 20]:
    put("size/%09d" % size, size)
put("given/all", 1000, ContentType="text/x-test; charset=utf-8", ContentLanguage="de, en",
    ContentDisposition='attachment; filename="a b.txt"', ContentEncoding="gzip",
    Metadata={"one": "1", "two-words": "a b  c"})
END
}

copies_are_equal() # FILL
{
    bucket create from
    $1 from
    source_add from bucket=from
    lagan source check from >check
    grep -q 'can be listed' check || fail 'check says nothing of the listing'
    lagan backup create from >/dev/null
    lagan restore latest --source from --to into
    same_objects from into
    lagan --json restore latest --source from --to into >again
    grep -q '"written":0,' again || fail 'what is equal was written again'
    lagan verify --depth data >/dev/null
}

# Names of any kind, and what of it a tree of files can hold.
folders_hold_what_they_can()
{
    local status=0
    lagan restore latest --source from --to src_files:"$PWD/tree/below" >out 2>err || status=$?
    [ $status = 3 ] || fail "status $status, not 3"
    grep -q 'odd/a/../b: "." and ".."' err || fail 'a name with .. was not refused'
    grep -q 'odd/a//b: a folder or file without a name' err || fail 'an empty name was not refused'
    [ ! -e tree/up ] || fail 'outside the place'
    lagan cat latest:'odd/a/../b' --source from >odd || fail 'cat of an odd name'
    [ "$(wc -c <odd)" = 100 ] || fail 'cat gave something else'
    lagan ls -R latest --source from >names
    grep -qF 'odd/new\x0aline' names || fail 'a line break is shown raw'
    lagan ls latest --source from >names
    grep -qx 'given/' names && ! grep -q given/all names || fail 'folders were not shown'
    lagan ls latest:given --source from >names
    [ "$(cat names | tr '\n' ' ')" = 'given/all given/class given/meta given/tags given/type ' ] ||
        fail "a folder shows $(cat names)"
    lagan --json restore latest --source from --to src_files:"$PWD/tree/below" >again 2>&1 || :
    grep -q '"written":0,' again || fail 'files that are equal were written again'
}

folders_become_objects()
{
    local tree=tree/below
    ln -s nowhere $tree/link
    rm -rf $tree/odd
    lagan backup create "$PWD/$tree" >/dev/null
    status=0
    lagan restore latest --source below --to "$(place bucket=back)" 2>err || status=$?
    [ $status = 3 ] || fail "status $status, not 3"
    grep -q 'cannot restore link' err || fail 'a symlink was not named'
    bucket digest from given/ >first
    bucket digest back given/ >second
    # Tags and classes come back too; the time of the file is kept beside what was there.
    /usr/bin/python3 - <<'END' || fail 'properties did not come back'
import json
first, second = ([json.loads(line) for line in open(name)] for name in ("first", "second"))
for each in second:
    assert each["meta"].pop("mtime")
assert first == second, (first, second)
END
}

versions_keep_their_order()
{
    bucket create aged --versions
    bucket fill aged
    bucket age aged
    bucket create other --versions
    source_add aged bucket=aged versions=all
    lagan backup create aged >/dev/null
    lagan --json restore latest --source aged --to other >map
    bucket versions aged >first
    bucket versions other >second
    cmp first second || { diff first second >&2; fail 'versions differ'; }
    grep -q '"type":"version","key":"aged/a","from":"' map || fail 'no map of versions'
    # The current ones alone, as files.
    lagan restore latest:aged --source aged --to src_files:"$PWD/current" 2>err
    [ -f current/a ] && [ ! -e current/gone ] || fail 'not the current versions'
    grep -q 'older versions are left out' err || fail 'nothing said of older versions'
    settle
    lagan backup create aged >out
    grep -q ' 0 new, 0 changed; 0 B read' out || fail "read again: $(cat out)"
}

# More versions than are written at a time keep their order, too.
many_versions()
{
    local count=${LAGAN_VERSIONS:-1100}
    bucket create heap --versions
    bucket create heap2 --versions
    /usr/bin/python3 -B - "$servers" "$count" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from bucket import store
s3 = store()
for i in range(int(sys.argv[2])):
    s3.put_object(Bucket="heap", Key="k", Body=b"%d" % i)
END
    source_add heap bucket=heap versions=all
    lagan backup create heap >/dev/null
    lagan restore latest --source heap --to heap2 >/dev/null
    bucket versions heap >first
    bucket versions heap2 >second
    [ "$(wc -l <first)" = "$count" ] || fail 'versions are missing'
    cmp first second || fail 'versions are in another order'
}

# A generated bucket: what was asked of it, and the memory that it took.
unchanged_is_listed_only()
{
    start_listing $((ports + 90)) "${LAGAN_KEYS:-5000}" 100
    lagan source add big src_bucket endpoint="$listing" bucket=big credentials-from=none >/dev/null
    lagan backup create big >/dev/null
    local got
    got=$(listing_count get)
    [ "$got" = "${LAGAN_KEYS:-5000}" ] || fail "$got objects were read"
    [ "$(listing_count head)" = 0 ] || fail "$(listing_count head) HEAD requests"
    lagan backup create big >out
    grep -q ' 0 new, 0 changed; 0 B read' out || fail "read again: $(cat out)"
    [ "$(listing_count get)" = "$got" ] || fail 'objects were read again'
}

large_object()
{
    truncate -s 6G large
    AWS_ACCESS_KEY_ID=$LAGAN_S3_ACCESS AWS_SECRET_ACCESS_KEY=$LAGAN_S3_SECRET \
        /usr/bin/python3 - <<'END'
import os, boto3
from boto3.s3.transfer import TransferConfig
s = boto3.client("s3", endpoint_url=os.environ["LAGAN_S3_ENDPOINT"], region_name="us-east-1")
s.create_bucket(Bucket="large")
s.upload_file("large", "large", "six", Config=TransferConfig(multipart_chunksize=64 << 20))
END
    source_add large bucket=large
    within 600 600 "$abs_top_builddir/run" lagan --config "$LAGAN_CONFIG" backup create large
    within 900 700 "$abs_top_builddir/run" lagan --config "$LAGAN_CONFIG" restore latest \
        --source large --to "$(place bucket=large2)"
    same_objects large large2
}

suite() # OPTION...
{
    "$abs_top_builddir/run" lagan --config "$LAGAN_CONFIG" driver check "$@" src_bucket \
        endpoint="$LAGAN_S3_ENDPOINT" dialect="$LAGAN_S3_DIALECT" bucket=suite place=suite/in \
        credentials="file:$PWD/credentials" >tap || {
        grep -A 5 '^not ok' tap >&2
        fail 'the suite'
    }
    grep '^# passed' tap
}

if [ "${LAGAN_SERVERS:-rgw}" = rgw ]; then
start_server rgw "$ports"
begin
copies_are_equal "bucket fill"
folders_hold_what_they_can
folders_become_objects
versions_keep_their_order
many_versions
unchanged_is_listed_only
suite
[ -z "${LAGAN_LARGE:-}" ] || large_object
bash "$servers/rgw.sh" stop "$scratch/rgw"
fi

start_server swift $((ports + 10))
begin
copies_are_equal fill_plainly
# The rest takes Swift a quarter of an hour: LAGAN_LARGE=1 waits for it.
if [ -n "${LAGAN_LARGE:-}" ]; then suite; else suite --include 'source-write-*' \
    --include 'source-read-*' --include 'source-open-*'; fi
