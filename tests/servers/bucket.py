#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Another client's view of a bucket (boto3, Debian's python3-boto3), for tests.

    bucket.py create BUCKET [--versions] [--lock]
    bucket.py fill BUCKET [--plain]      objects of all kinds; --plain: without tags and classes
    bucket.py many BUCKET COUNT BYTES    COUNT objects of BYTES different bytes: many/0000000 ...
    bucket.py age BUCKET                 versions and delete markers on some of them
    bucket.py digest BUCKET [PREFIX]     a line of JSON for each object, in key order
    bucket.py versions BUCKET            a line for each version and marker, oldest first
    bucket.py count BUCKET [PREFIX]
    bucket.py empty BUCKET               removes every version

The store is told by LAGAN_S3_ENDPOINT, LAGAN_S3_ACCESS, LAGAN_S3_SECRET, LAGAN_S3_DIALECT.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import random
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# Keys that programs like to get wrong.
ODD_KEYS = ["plain", "a b", "a+b", "a%b", "a%20b", "a%2Fb", "a&b=c?d#e", "a/b/c", "a//b", "//lead",
            "/lead", "trail/", "trail//", ".", "..", "../up", "a/../b", "a/./b", "./a",
            "dots/..", "semi;colon:at@", "quote'\"", "back\\slash", "tilde~star*paren()",
            "brackets[]{}<>|^`", "comma,dollar$excl!", "\u00e9\u00e8", "e\u0301", "\u65e5\u672c\u8a9e",
            "emoji \U0001f4be", "\uffee", "\U00010000", "new\nline", "tab\there", "cr\rhere",
            "CASE", "case", "-dash", " lead", "trail ", "x" * 255, "n/" * 100 + "deep",
            "k" * 1024, "\u00fc" * 512]


def store():
    return boto3.client(
        "s3", endpoint_url=os.environ["LAGAN_S3_ENDPOINT"], region_name="us-east-1",
        aws_access_key_id=os.environ["LAGAN_S3_ACCESS"],
        aws_secret_access_key=os.environ["LAGAN_S3_SECRET"],
        config=Config(signature_version="s3v4",
                      retries={"max_attempts": int(os.environ.get("ATTEMPTS", 6))},
                      max_pool_connections=16,
                      s3={"addressing_style": "path", "payload_signing_enabled": False}))


def content(name, size):
    return random.Random(name).randbytes(size)


def each(work, items, at_a_time=8):
    with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
        return list(pool.map(work, items))


def create(words):
    s3 = store()
    s3.create_bucket(Bucket=words.bucket, **({"ObjectLockEnabledForBucket": True}
                                             if words.lock else {}))
    if words.versions:
        s3.put_bucket_versioning(Bucket=words.bucket,
                                 VersioningConfiguration={"Status": "Enabled"})


def fill(words):
    """Odd keys, sizes around limits, everything that an object can be given."""
    s3 = store()

    def put(key, size, **given):
        s3.put_object(Bucket=words.bucket, Key=key, Body=content(key, size), **given)

    each(lambda key: put("odd/" + key if len(key.encode()) < 1020 else key, 100), ODD_KEYS)
    each(lambda size: put("size/%09d" % size, size),
         [0, 1, 4095, 4096, 65536, 1048577, 5 << 20, 17 << 20])
    put("given/all", 1000, ContentType="text/x-test; charset=utf-8", CacheControl="max-age=5",
        ContentDisposition='attachment; filename="a b.txt"', ContentEncoding="gzip",
        ContentLanguage="de, en",
        Metadata={"one": "1", "two-words": "a b  c", "long": "v" * 250, "empty": ""})
    put("given/type", 10, ContentType="application/x-lagan")
    put("given/meta", 0, Metadata={"only": "meta"})
    if not words.plain:
        put("given/tags", 10, Tagging="colour=blue&odd%20key=a%2Bb%3Dc&empty=")
        put("given/class", 10, StorageClass="STANDARD_IA")
    in_parts(s3, words.bucket, "parts/three", 3)


def in_parts(s3, bucket, key, parts):
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, ContentType="video/x-test",
                                        Metadata={"parts": str(parts)})["UploadId"]
    done = []
    for number in range(1, parts + 1):
        body = content("%s %d" % (key, number), 5 << 20 if number < parts else 1234)
        made = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=body)
        done.append({"PartNumber": number, "ETag": made["ETag"]})
    s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload,
                                 MultipartUpload={"Parts": done})


def many(words):
    s3 = store()

    def put(number):
        key = "many/%07d" % number
        s3.put_object(Bucket=words.bucket, Key=key, Body=content(key, words.bytes))

    each(put, range(words.count), 16)


def age(words):
    s3 = store()
    for turn in range(3):
        for name in ("aged/a", "aged/b", "aged/gone"):
            s3.put_object(Bucket=words.bucket, Key=name, Body=content(name + str(turn), 50 + turn),
                          Metadata={"turn": str(turn)})
    s3.delete_object(Bucket=words.bucket, Key="aged/gone")
    s3.delete_object(Bucket=words.bucket, Key="aged/b")
    s3.put_object(Bucket=words.bucket, Key="aged/b", Body=b"back again")


def objects(s3, bucket, prefix):
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def tags_of(s3, **where):
    if os.environ.get("LAGAN_S3_DIALECT") == "swift":
        return {}
    return {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(**where)["TagSet"]}


def look(s3, **where):
    """All that people gave an object, and what is in it."""
    told = s3.get_object(**where)
    return {"key": where["Key"], "bytes": told["ContentLength"],
            "sha256": hashlib.sha256(told["Body"].read()).hexdigest(),
            "type": told.get("ContentType"), "encoding": told.get("ContentEncoding"),
            "language": told.get("ContentLanguage"), "cache": told.get("CacheControl"),
            "disposition": told.get("ContentDisposition"), "meta": told["Metadata"],
            "class": told.get("StorageClass", "STANDARD"), "tags": tags_of(s3, **where)}


def digest(words):
    s3 = store()
    keys = [item["Key"] for item in objects(s3, words.bucket, words.prefix)]
    for line in each(lambda key: look(s3, Bucket=words.bucket, Key=key), keys):
        print(json.dumps(line, sort_keys=True))


def versions(words):
    """Of one second, versions come before markers: a listing does not tell more."""
    s3 = store()
    lines = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=words.bucket):
        for item in page.get("Versions", []):
            line = look(s3, Bucket=words.bucket, Key=item["Key"], VersionId=item["VersionId"])
            line["current"] = item["IsLatest"]
            lines.append((item["Key"], item["LastModified"].timestamp(), -len(lines), line))
        for item in page.get("DeleteMarkers", []):
            line = {"key": item["Key"], "marker": True, "current": item["IsLatest"]}
            lines.append((item["Key"], item["LastModified"].timestamp(), 1, line))
    lines.sort(key=lambda line: line[:3])
    for line in lines:
        print(json.dumps(line[3], sort_keys=True))


def count(words):
    print(sum(1 for _ in objects(store(), words.bucket, words.prefix)))


def empty(words):
    s3 = store()
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=words.bucket):
        for item in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket=words.bucket, Key=item["Key"], VersionId=item["VersionId"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    verbs = parser.add_subparsers(required=True)
    for verb in (create, fill, many, age, digest, versions, count, empty):
        sub = verbs.add_parser(verb.__name__)
        sub.set_defaults(verb=verb)
        sub.add_argument("bucket")
        if verb is create:
            sub.add_argument("--versions", action="store_true")
            sub.add_argument("--lock", action="store_true")
        elif verb is fill:
            sub.add_argument("--plain", action="store_true")
        elif verb is many:
            sub.add_argument("count", type=int)
            sub.add_argument("bytes", type=int)
        elif verb in (digest, count):
            sub.add_argument("prefix", nargs="?", default="")
    words = parser.parse_args()
    try:
        words.verb(words)
    except (BotoCoreError, ClientError) as error:
        sys.exit("bucket.py: %s" % error)


if __name__ == "__main__":
    sys.exit(main())
