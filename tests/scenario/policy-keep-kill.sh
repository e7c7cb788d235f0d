#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Expiry that is killed again and again: each backup that goes has one reason, none that stays is
# lost, and in the end catalog and vault agree.  ROUNDS (12) kills; 100 take two minutes.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"

initialise --region east --vault main
mkdir tree && echo some >tree/thing
l -q source add tree src_files path="$PWD/tree" --vault main
l -q policy create often backup keep-count=100 zone=UTC --vault main
for ((i = 0; i < 24; i++)); do
    l -q policy run often --wait
done
l -q policy edit often keep-count=4 --yes >out

# ids: of the backups that the catalog lists.
ids()
{
    l backup list --json | python3 -c '
import json, sys
for line in sys.stdin:
    record = json.loads(line)
    if record["type"] == "backup":
        print(record["id"])'
}

ids >all
[ "$(wc -l <all)" = 24 ]
killed=0
for ((i = 0; i < ${ROUNDS:-12}; i++)); do
    status=0
    timeout -s KILL "0.0$((RANDOM % 8 + 2))" "$abs_top_builddir/run" lagan --config "$conf" -q \
        policy expire main >/dev/null 2>&1 || status=$?
    [ $status != 137 ] || killed=$((killed + 1))
done
[ $killed -gt 0 ] || fail 'nothing was killed'
l -q policy expire main
ids >left
[ "$(wc -l <left)" = 4 ] || { cat left; fail 'not all went that had to'; }
tail -n 4 all | diff - left
while read -r id; do
    l policy explain "$id" --json >out
    [ "$(grep -c '"type":"explanation"' out)" = 1 ] || fail "$id: no explanation"
    has -E '"rule":"(not-kept|broken-off)"' <out
done < <(head -n 20 all)
l catalog check >/dev/null
l -q verify --depth data
