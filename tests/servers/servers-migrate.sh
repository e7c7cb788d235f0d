#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Migrations with real servers: a tree into a bucket and on into one of another kind of server, kills
# in between, odd keys and properties, a list of URLs that servers serve well and badly; and beside
# rclone (Debian's), which is no faster.  LAGAN_TEST_SMALL and LAGAN_TEST_LARGE say how many objects
# of 4 KiB and of 64 MiB that is measured with: 20000 and 32 for the figures of doc/performance.md.

. "${abs_top_srcdir:?run me through make check-servers}/tests/functions.sh"
. "$abs_top_srcdir/tests/servers/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
. "$abs_top_srcdir/tests/scenario/migrate-functions.sh"

small=${LAGAN_TEST_SMALL:-2000} large=${LAGAN_TEST_LARGE:-4}
requires 'python3-boto3' /usr/bin/python3 -c 'import boto3'
requires_program rclone
claim_ports

mkdir -p conf state tree web
chmod 700 conf
cat >"$conf" <<END
state = "$PWD/state"
drivers = { src_files, src_bucket, src_urls, key_file }
region east { target tgt_dir { path = $PWD/east } }
END

# add NAME BUCKET: the bucket of the server at hand as a source.
add()
{
    printf '{"AccessKeyId": "%s", "SecretAccessKey": "%s"}' "$LAGAN_S3_ACCESS" \
        "$LAGAN_S3_SECRET" >"$1.key"
    chmod 600 "$1.key"
    l -q source add "$1" src_bucket endpoint="$LAGAN_S3_ENDPOINT" dialect="$LAGAN_S3_DIALECT" \
        bucket="$2" credentials="file:$PWD/$1.key"
}

# digest BUCKET: keys and contents alone, which are equal whatever the server is.
digest()
{
    bucket digest "$1" | /usr/bin/python3 -c '
import json, sys
for line in sys.stdin:
    x = json.loads(line)
    print(x["key"].encode(), x.get("sha256", x.get("md5")))' | sort
}

start_server rgw "$ports"
for name in small from into rsmall large rlarge urls; do
    bucket create "$name"
    add "$name" "$name"
done
bucket fill from
l -q source add tree src_files path="$PWD/tree"

# ---- between buckets of one store: by the store ----
l -q migrate create within from into headers=keep
l -q migrate run within
is 'complete' yes "$(attested within complete)"
cmp <(bucket digest from | sed 's/"modified[^,}]*//') <(bucket digest into | sed 's/"modified[^,}]*//') ||
    { bucket digest from >1; bucket digest into >2; diff 1 2 | head >&2; fail 'copies differ'; }

# ---- beside rclone ----
/usr/bin/python3 - "$small" <<'END'
import os, random, sys
for i in range(int(sys.argv[1])):
    folder = "tree/%03d" % (i // 500)
    os.makedirs(folder, exist_ok=True)
    with open("%s/f%06d" % (folder, i), "wb") as file:
        file.write(random.Random(i).randbytes(4096))
END
cat >rclone.conf <<END
[s]
type = s3
provider = Ceph
endpoint = $LAGAN_S3_ENDPOINT
access_key_id = $LAGAN_S3_ACCESS
secret_access_key = $LAGAN_S3_SECRET
END
# rclone cannot take certificates from where botocore does.
rclone()
{
    env -u AWS_CA_BUNDLE rclone --config rclone.conf "$@"
}

seconds()
{
    local start
    start=$(date +%s%N)
    "$@" >timed.out 2>&1 || { cat timed.out >&2; fail "$*"; }
    echo "scale=2; ($(date +%s%N) - $start) / 1000000000" | bc
}
l -q migrate create small tree small passes=1
theirs=$(seconds rclone copy tree s:rsmall)
ours=$(seconds l -q migrate run small)
echo "$small objects of 4 KiB: lagan $ours s, rclone $theirs s"
is 'complete' yes "$(attested small complete)"

mkdir big
for ((i = 0; i < large; i++)); do
    head -c 67108864 /dev/urandom >big/$i
done
l -q source add big src_files path="$PWD/big"
# As rclone does it: parts are proved as they arrive, and the whole is not read back.
l -q migrate create large big large passes=1 verify=checksum
theirs=$(seconds rclone copy big s:rlarge)
ours=$(seconds l -q migrate run large)
echo "$large objects of 64 MiB: lagan $ours s, rclone $theirs s"
is 'complete' yes "$(attested large complete)"
rclone check big s:large

# ---- killed on the way out of one server into a tree ----
mkdir small.out
l -q source add out src_files path="$PWD/small.out"
l -q migrate create out small out unit-files=100
killed_after 1 migrate run out
l -q migrate run out
diff -r tree small.out

# ---- a list of URLs ----
for i in 1 2 3 4 5; do
    head -c $((i * 400000)) /dev/urandom >web/f$i
done
: >web/empty
head -c 9000000 /dev/urandom >web/long
start_background /usr/bin/python3 -B "$servers/urls.py" $((ports + 70)) "$PWD/web"
wait_until 20 port_answers $((ports + 70))
web=http://127.0.0.1:$((ports + 70))
{
    for kind in ranges plain chunked signed cut busy here; do
        for i in 1 2 3 4 5; do
            printf '%s\t%s\n' "$web/$kind/f$i" "$kind/f$i"
        done
    done
    echo "$web/ranges/empty"
    printf '%s\t%s\n' "$web/cut/long" long
} >list
l -q source add web src_urls list="$PWD/list"
# The first URL is one of a server that is busy once.
l -q source check web >checked || l -q source check web >checked
# Small objects for the cases of the contract, which read each a thousand times.
head -c 70000 /dev/urandom >web/small
printf '%s\n' "$web/ranges/small" "$web/ranges/empty" "$web/plain/small"$'\t'plain >list0
timeout 120 "$abs_top_builddir/run" lagan driver check src_urls list="$PWD/list0" --rounds 5 >tap ||
    { grep -A5 '^not ok' tap >&2; fail 'the contract of src_urls'; }
l -q migrate create urls web urls
l -q migrate run urls
is 'complete' yes "$(attested urls complete)"
mkdir got
rclone copy s:urls got
for kind in ranges plain chunked signed cut busy here; do
    for i in 1 2 3 4 5; do
        cmp web/f$i got/$kind/f$i
    done
done
cmp web/long got/long
grep -q 'GET /cut/long bytes=4194304-' web/.journal || fail 'what broke off was not gone on with'
# What leads elsewhere, or is not there, is named.
printf '%s\n' "$web/there/f1" "$web/ranges/none" "$web/ranges/f1" >list2
l -q source add away src_urls list="$PWD/list2"
l -q migrate create away away urls to-prefix=away/
[ "$(status_of l migrate run away)" = 3 ] || { cat err; fail 'failures of a list of URLs'; }
is 'failures' 2 "$(status away failures)"
l migrate report away | grep -q 'another place' || fail 'the reason'

# ---- into a server of another kind ----
start_server swift $((ports + 10))
bucket create other
add other other
l -q migrate create over from other
status=$(status_of l migrate run over)
[ "$status" = 0 ] || [ "$status" = 3 ] || { cat err >&2; fail "into Swift: $status"; }
l migrate report over
