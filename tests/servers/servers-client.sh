#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The S3 client by itself, each of its calls, against Ceph's gateway, plain and with TLS, and against
# Swift.

. "${abs_top_srcdir:?run me through make check-servers}/tests/functions.sh"
. "$abs_top_srcdir/tests/servers/functions.sh"

claim_ports

run_tests()
{
    local test
    for test in test_s3_live test_s3_live_many test_s3_live_copy; do
        timeout 300 "$abs_top_builddir/tests/unit/$test" >"$test.out" 2>&1 || {
            cat "$test.out" >&2
            fail "$test, $*"
        }
    done
}

start_server rgw "$ports"
run_tests rgw
(
    export LAGAN_S3_ENDPOINT=$LAGAN_S3_TLS_ENDPOINT
    run_tests rgw with TLS
)
unset LAGAN_S3_CA_FILE
start_server swift $((ports + 70))
run_tests swift
