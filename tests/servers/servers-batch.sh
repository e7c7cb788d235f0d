#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Inventories of buckets and batch jobs between them, against Ceph's gateway: the inventory is what
# another client lists, current objects and all versions; the copies are the originals to that
# client, made by the store itself; manifests and reports that lie in buckets.

. "${abs_top_srcdir:?run me through make check-servers}/tests/functions.sh"
. "$abs_top_srcdir/tests/servers/functions.sh"

requires 'python3-boto3' /usr/bin/python3 -c 'import boto3'
claim_ports
start_server rgw "$ports"

export LAGAN_CONFIG=$PWD/config/lagan.conf
l() { "$abs_top_builddir/run" lagan --config "$LAGAN_CONFIG" "$@"; }

mkdir config
lagan() { l "$@"; }
l init --path "$PWD/vault" --state "$PWD/state" --recovery-file "$PWD/recovery" >/dev/null
sed -i 's/^drivers = .*/drivers = { src_files, src_bucket, tgt_dir, key_file }/' "$LAGAN_CONFIG"
printf '%s:%s' "$LAGAN_S3_ACCESS" "$LAGAN_S3_SECRET" >credentials
chmod 600 credentials

for name in photos copies lists; do
    bucket create $name
    l source add $name src_bucket endpoint="$LAGAN_S3_ENDPOINT" dialect="$LAGAN_S3_DIALECT" \
        credentials="file:$PWD/credentials" bucket=$name >/dev/null
done
bucket create aged --versions
l source add aged src_bucket endpoint="$LAGAN_S3_ENDPOINT" dialect="$LAGAN_S3_DIALECT" \
    credentials="file:$PWD/credentials" bucket=aged >/dev/null
bucket fill photos
bucket fill aged
bucket age aged

# compare_inventory BUCKET MANIFEST-KEY: what lies in the bucket `lists` is what boto3 lists.
compare_inventory()
{
    /usr/bin/python3 -B - "$servers" "$1" "$2" <<'END'
import csv, gzip, hashlib, io, json, sys, urllib.parse
sys.path.insert(0, sys.argv[1])
from bucket import store
s3 = store()
name, key = sys.argv[2:]
raw = s3.get_object(Bucket="lists", Key=key)["Body"].read()
checksum = key.replace("manifest.json", "manifest.checksum")
assert s3.get_object(Bucket="lists", Key=checksum)["Body"].read().decode() == hashlib.md5(raw).hexdigest()
told = json.loads(raw)
assert told["sourceBucket"] == name, told
columns = told["fileSchema"].split(", ")
rows = []
for file in told["files"]:
    data = s3.get_object(Bucket="lists", Key=file["key"])["Body"].read()
    assert hashlib.md5(data).hexdigest() == file["md5Checksum"] and len(data) == int(file["size"])
    assert hashlib.sha256(data).hexdigest() == file["sha256Checksum"]
    rows += [dict(zip(columns, row)) for row in csv.reader(io.StringIO(gzip.decompress(data).decode()))]
assert len(rows) == int(told["listObjectCount"])
found = set()
if "VersionId" in columns:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        for x in page.get("Versions", []):
            found.add((x["Key"], x["VersionId"], x["IsLatest"], False, str(x["Size"]), x["ETag"].strip('"')))
        for x in page.get("DeleteMarkers", []):
            found.add((x["Key"], x["VersionId"], x["IsLatest"], True, "0", ""))
    mine = {(urllib.parse.unquote(r["Key"]), r["VersionId"], r["IsLatest"] == "true",
             r["IsDeleteMarker"] == "true", r["Size"], r["ETag"]) for r in rows}
else:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for x in page.get("Contents", []):
            found.add((x["Key"], str(x["Size"]), x["ETag"].strip('"'), x["StorageClass"]))
    mine = {(urllib.parse.unquote(r["Key"]), r["Size"], r["ETag"], r["StorageClass"]) for r in rows}
    if "Tag" in columns:
        some = 0
        for r in rows:
            tags = s3.get_object_tagging(Bucket=name, Key=urllib.parse.unquote(r["Key"]))["TagSet"]
            some += len(tags)
            assert dict(urllib.parse.parse_qsl(r["Tag"], True)) == {t["Key"]: t["Value"] for t in tags}, r
        assert some > 0
assert mine == found, (sorted(mine - found)[:3], sorted(found - mine)[:3])
assert len(rows) == len(mine) > 20
END
}

# manifest_of INVENTORY: the key of its manifest in the bucket `lists`.
manifest_of()
{
    l --json inventory show "$1" | /usr/bin/python3 -c 'import json, sys
print(json.loads(sys.stdin.readline())["manifest"].removeprefix("source:lists/"))'
}

l inventory create plain photos to=lists rows=20 fields=size,modified,etag,class,tag >/dev/null
l inventory run plain >out
compare_inventory photos "$(manifest_of plain)"
l inventory create versions aged to=lists versions=all >/dev/null
l inventory run versions >out
compare_inventory aged "$(manifest_of versions)"

# All of it, within the store.
l batch create photos copies manifest="source:lists/$(manifest_of plain)" token=all \
    report=source:lists/reports/all.csv max-total=1G >/dev/null
expect_status 0 l batch run all >out 2>&1
expect_in out 'is Complete'
bucket digest photos >first
bucket digest copies >second
cmp first second || { diff first second | cut -c 1-300 >&2; fail 'the copies differ'; }
l batch report all >report.csv
[ "$(grep -c ',succeeded,' report.csv)" -eq "$(wc -l <first)" ]
l batch create lists copies manifest=<(printf 'lists,reports/all.csv\n') token=pipe >/dev/null 2>&1 &&
    l batch run pipe >out 2>&1 && fail 'a manifest that can be read once only was taken twice'
printf 'lists,reports/all.csv\n' >one.csv
l batch create lists copies manifest=one.csv token=one add-prefix=back/ metadata=replace \
    content-type=text/x-report meta:who=me tag:kind=report >/dev/null
l batch run one >out 2>&1 || { cat out >&2; l batch report one >&2; fail 'one'; }
/usr/bin/python3 -B - "$servers" report.csv <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from bucket import store
s3 = store()
x = s3.get_object(Bucket="copies", Key="back/reports/all.csv")
assert x["Body"].read() == open(sys.argv[2], "rb").read()
assert x["ContentType"] == "text/x-report" and x["Metadata"] == {"who": "me"}, x
tags = s3.get_object_tagging(Bucket="copies", Key="back/reports/all.csv")["TagSet"]
assert tags == [{"Key": "kind", "Value": "report"}], tags
END

# A version by its id is copied as it was; one that is gone fails by itself.
/usr/bin/python3 -B - "$servers" <<'END' >old.csv
import sys, urllib.parse
sys.path.insert(0, sys.argv[1])
from bucket import store
s3 = store()
old = [x for page in s3.get_paginator("list_object_versions").paginate(Bucket="aged")
       for x in page.get("Versions", []) if not x["IsLatest"]]
assert old
taken = {}
for x in old:
    taken.setdefault(x["Key"], x)
for x in taken.values():
    print("aged,%s,%s" % (urllib.parse.quote(x["Key"], safe=""), x["VersionId"]))
print("aged,plain-gone,%s" % old[0]["VersionId"])
END
l batch create aged copies manifest=old.csv token=old add-prefix=old/ >/dev/null
expect_status 3 l batch run old >out 2>&1
/usr/bin/python3 -B - "$servers" old.csv <<'END'
import csv, sys, urllib.parse
sys.path.insert(0, sys.argv[1])
from bucket import store
s3 = store()
rows = list(csv.reader(open(sys.argv[2])))[:-1]
for _, key, version in rows:
    key = urllib.parse.unquote(key)
    was = s3.get_object(Bucket="aged", Key=key, VersionId=version)["Body"].read()
    assert s3.get_object(Bucket="copies", Key="old/" + key)["Body"].read() == was, key
END
l batch report old --state failed >out
[ "$(wc -l <out)" -eq 2 ] || { cat out >&2; fail 'one version is gone'; }

# BAT-03, BAT-23.
l source add forbidden src_bucket endpoint="$LAGAN_S3_ENDPOINT" dialect="$LAGAN_S3_DIALECT" \
    credentials="file:$PWD/credentials" bucket=no-such-bucket >/dev/null
l batch create photos forbidden manifest="source:lists/$(manifest_of plain)" token=no >/dev/null
expect_status 1 l batch run no >out 2>&1
expect_in out 'is Failed: 0 of 0 copied'
/usr/bin/python3 -c 'import json, sys, urllib.parse
print("photos," + urllib.parse.quote(json.loads(sys.stdin.readline())["key"], safe=""))' \
    <first >plain.csv
l batch create photos copies manifest=plain.csv token=match if-match=0000 add-prefix=m/ >/dev/null
expect_status 3 l batch run match >out 2>&1
l batch report match >out
grep -q ',failed,precondition,412,' out || { cat out >&2; fail 'if-match'; }
