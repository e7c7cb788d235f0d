#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# OPS: the units of systemd are understood by it, and leave the runner no more than it needs.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program make systemd-analyze
most=20 # tenths: an exposure of 2.0

env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$abs_top_builddir" \
    core/runner/units/lagan.service core/runner/units/lagan-once.service \
    core/runner/units/lagan.conf >make.log 2>&1 || { cat make.log >&2; fail 'the units'; }
from=$abs_top_builddir/core/runner/units
cp "$from"/*.service "$abs_top_srcdir/core/runner/units/lagan-once.timer" .
! grep -n '@' *.service | grep -v '^[^:]*:[0-9]*:SystemCall\|@system-service' || fail 'a place is not filled in'

# What they start is installed somewhere else: here its place is taken by a program that is there.
grep -q '^ExecStart=/.*/lagan --config=/.* run$' lagan.service || fail 'lagan.service starts something else'
grep -q '^ExecStart=/.*/lagan --config=/.* run --once$' lagan-once.service || fail 'lagan-once.service too'
sed -i "s#^ExecStart=[^ ]*#ExecStart=$abs_top_builddir/lagan#" *.service
systemd-analyze verify --man=no ./lagan.service ./lagan-once.service ./lagan-once.timer >verify.log 2>&1 ||
    { cat verify.log >&2; fail 'systemd-analyze verify'; }
! grep -E 'Unknown|Failed|ignoring|not executable' verify.log >&2 || fail 'systemd does not understand a line'

for unit in lagan.service lagan-once.service; do
    systemd-analyze security --offline=true --threshold=$most ./$unit >security.log 2>&1 ||
        { grep -v '✓' security.log >&2; fail "$unit is exposed more than ${most%?}.${most#?}"; }
    # One capability, for reading, and a user of its own.
    grep -q '^AmbientCapabilities=CAP_DAC_READ_SEARCH$' $unit || fail "$unit: ambient capabilities"
    grep -q '^CapabilityBoundingSet=CAP_DAC_READ_SEARCH$' $unit || fail "$unit: bounding set"
    grep -q '^User=lagan$' $unit || fail "$unit: user"
    # What is read is seen as it is, and leases need the boot's id.
    grep -q '^PrivateTmp=no$' $unit || fail "$unit: /tmp would drop out of backups"
    ! grep -q '^ProcSubset=' $unit || fail "$unit: leases are not told from dead ones"
done
if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers --dry-run "$from/lagan.conf" >users.log 2>&1 ||
        { cat users.log >&2; fail 'the user is not understood'; }
    getent passwd lagan >/dev/null || grep -q lagan users.log ||
        { cat users.log >&2; fail 'no user would be made'; }
fi
