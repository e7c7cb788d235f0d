#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The tools that the other scenarios here stand on: a server starts, keeps what it is given over an end
# and a start, and is gone when stopped; the relay breaks exactly what it is told to; the listing
# server lists all keys once.

. "${abs_top_srcdir:?run me through make check-servers}/tests/functions.sh"
. "$abs_top_srcdir/tests/servers/functions.sh"

requires 'python3-boto3' /usr/bin/python3 -c 'import boto3'
claim_ports

start_listing $((ports + 90)) 12345 100
/usr/bin/python3 - "$listing" <<'END'
import hashlib, re, sys, urllib.request
keys, after = [], ""
while True:
    page = urllib.request.urlopen("%s/big?list-type=2&start-after=%s" % (sys.argv[1], after)).read()
    found = re.findall(rb"<Key>(.*?)</Key>.*?&quot;(.*?)&quot;.*?<Size>(.*?)</Size>", page)
    keys += found
    if b"<IsTruncated>true" not in page:
        break
    after = found[-1][0].decode()
assert len(keys) == 12345 and keys == sorted(keys) and len(set(k for k, _, _ in keys)) == 12345
for key, etag, size in keys[::1111]:
    body = urllib.request.urlopen("%s/big/%s" % (sys.argv[1], key.decode())).read()
    assert hashlib.md5(body).hexdigest() == etag.decode() and len(body) == int(size) == 100
END
[ "$(listing_count list)" = 13 ] || fail 'pages were not counted'

LAGAN_SERVER_STORE=bluestore start_server rgw "$ports"
bucket create things
bucket many things 10 1000
bucket digest things >before
bash "$servers/rgw.sh" stop "$scratch/rgw"
! port_answers "$ports" || fail 'a server that was stopped answers'
LAGAN_SERVER_STORE=bluestore start_server rgw "$ports"
bucket digest things | cmp - before

# Through the relay, with another host in what is signed.
start_relay $((ports + 80)) "$ports"
export LAGAN_S3_ENDPOINT=http://127.0.0.1:$((ports + 80))
bucket digest things | cmp - before
[ "$(broken)" = 0 ] || fail 'a relay without rules acts'

# given STATUS RULE: one request for an object, and what curl says of it.
given()
{
    break_wire "[$2]"
    local status=0
    curl -s --max-time 5 -o answer -D headers "${@:3}" "$url" || status=$?
    [ $status -eq "$1" ] || fail "curl: $status instead of $1 with $2"
}

url=$(/usr/bin/python3 - <<END
import os, sys
sys.dont_write_bytecode = True
sys.path.insert(0, "$servers")
import bucket
print(bucket.store().generate_presigned_url("get_object", {"Bucket": "things",
                                                           "Key": "many/0000003"}))
END
)
given 0 '{"do": "pass"}'
cp answer whole
[ "$(stat -c %s whole)" = 1000 ] || fail 'a whole answer'
given 56 '{"do": "cut-answer", "at": 0}'
given 56 '{"do": "cut-answer", "at": 600}'
given 52 '{"do": "cut-answer", "how": "close"}'
given 28 '{"do": "stall", "seconds": 3, "at": 700}' --max-time 1
given 28 '{"do": "drip", "pace": 10}' --max-time 1
given 0 '{"do": "flip", "at": 7}'
! cmp -s answer whole || fail 'no bit was flipped'
given 0 '{"do": "shorten", "by": 1}'
[ "$(stat -c %s answer)" = 999 ] || fail 'nothing is missing'
given 18 '{"do": "shorten", "by": 1, "lie": true}'
given 0 '{"do": "lengthen", "by": 5}'
[ "$(stat -c %s answer)" = 1005 ] || fail 'nothing is too much'
given 0 '{"do": "answer", "status": 503, "error": "SlowDown", "retry_after": 3}'
expect_in headers 'Retry-After: 3'
expect_in answer '<Code>SlowDown</Code>'
given 0 '{"do": "headers", "set": {"ETag": "\"0\""}, "date": -3600}'
expect_in headers 'ETag: "0"'
given 0 '{"do": "bomb"}'
expect_in answer '<!ENTITY e9'
given 56 '{"do": "endless", "kind": "headers", "limit": 10000000}'
given 1 '{"do": "garbage"}'
break_wire '[{"do": "answer", "status": 500, "skip": 1, "every": 2, "times": 2, "path": "many"}]'
statuses=$(for i in 1 2 3 4 5 6 7; do curl -s -o /dev/null -w '%{http_code} ' "$url"; done)
[ "$statuses" = '200 500 200 500 200 200 200 ' ] || fail "counts: $statuses"

# Cut at every part of a put: no object appears.
for at in 0 50 400 1000 3000; do
    break_wire '[{"do": "cut-request", "method": "PUT", "at": '$at', "times": 0}]'
    ! ATTEMPTS=0 bucket many things 1 5000 2>/dev/null || fail 'a put whose connection was cut has worked'
done
mend_wire
bucket digest things | cmp - before
