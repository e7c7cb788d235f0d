#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The target driver for buckets keeps its contract on two stores of different kind: one that decides
# names itself, and one where the writers agree on them.  LAGAN_CHECK_WHOLE=1: all cases on both.

. "${abs_top_srcdir:?run me through make check-servers}/tests/functions.sh"
. "$abs_top_srcdir/tests/servers/functions.sh"

claim_ports

# check NAME ARGUMENT...: the suite, in a bucket of its own, into a file that is shown on failure.
check()
{
    local name=$1 status=0
    shift
    lagan_with_test_drivers driver check --patience 60s tgt_s3 prefix=check bucket="check-$name" \
        endpoint="$LAGAN_S3_ENDPOINT" credentials="file:$LAGAN_S3_JSON_FILE" "$@" >tap 2>err || status=$?
    [ $status -eq 0 ] || { grep -v '^ok' tap || :; cat err; fail "status $status of $name"; } >&2
    echo "$name: $(tail -n 1 tap)"
}

start_server rgw "$ports"
check whole --group core --group concurrency --group capability --group crash
check small-parts --include 'target-stage-*' --include target-put-large part-size=5MiB

# In a bucket that keeps versions this store decides nothing: the writers agree, and quickly.
requires 'python3-boto3' /usr/bin/python3 -c 'import boto3'
bucket create check-versions --versions
check versions --include 'target-race-*' --include 'target-remove-*' --include 'target-copy*' \
    --include 'target-stage-*' --include target-put-if-absent-loses-cleanly

start_server swift $((ports + 70))
if [ -n "${LAGAN_CHECK_WHOLE-}" ]; then
    check swift --group core --group concurrency --group capability --group crash
else
    check swift --include 'target-put-sha256-*' --include target-put-large \
        --include target-put-if-absent-loses-cleanly --include target-put-equal-again-exists \
        --include target-stage-empty --include target-stage-loses-cleanly \
        --include 'target-copy*' --include target-race-one-winner --include target-race-processes
fi
