#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The runner, killed at some of its persistence calls while it makes replicas, and killed again
# while it recovers: at the end every replica is there, and once.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program python3
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 # it does not work where a program is traced
at_call=$abs_top_builddir/tests/fault/at_call
requires 'the right to trace' "$at_call" write true
calls=write,pwrite64,fsync,fdatasync,linkat,renameat,renameat2,unlinkat,mkdirat,create,ftruncate
points=${REPLICA_KILL_POINTS:-6}

mkdir -p conf state tree
cat >"$conf" <<END
state = "$PWD/state"
drivers = { src_files, tgt_dir, key_file }
region east { target tgt_dir { path = $PWD/east } }
region west { target tgt_dir { path = $PWD/west } }
END
chmod 700 conf
chmod 600 "$conf"
l -q vault create main --region east --recovery-file "$PWD/r1"
l -q vault create copies --region west --role replication --recovery-file "$PWD/r2"
for i in 1 2 3; do
    head -c 300000 /dev/urandom >"tree/f$i"
    l -q backup create --vault main tree
done
l -q replica create --vault main --to west

mkdir saved
cp -a state east west saved/

# killed N: the runner, killed at call N.
killed()
{
    local status=0
    "$at_call" -k "$1" "$calls" "$abs_top_builddir/run" lagan --config "$conf" -q run --once \
        2>killed.log || status=$?
    [ $status -eq 137 ] || [ $status -eq 0 ] || [ $status -eq 5 ] ||
        { cat killed.log >&2; fail "status $status at call $1"; }
}

check_all()
{
    l replica list --json | python3 -c '
import json, sys
records = [json.loads(line) for line in sys.stdin]
replicas = [r for r in records if r["type"] == "replica"]
assert len(replicas) == 3, replicas
assert all(r["state"] == "success" and r["line"] for r in replicas), replicas
assert len({r["backup"] for r in replicas}) == 3, replicas'
    [ "$(l backup list --vault copies --json | grep -c '"type":"backup"')" = 3 ]
    l -q catalog check
    l -q verify --vault copies --depth data
    [ "$(l task dead --json | wc -l)" = 1 ] # the end of the list
    l usage --json | grep '"east>west"' | grep -q '"bytes":1800000\b' ||
        { l usage --json >&2; fail "what was sent is not metered once"; }
}

"$at_call" -o count "$calls" "$abs_top_builddir/run" lagan --config "$conf" -q run --once
total=$(cat count)
check_all
[ "$total" -gt 60 ]
for ((n = 0; n < points; n++)); do
    rm -rf state east west
    cp -a saved/state saved/east saved/west .
    killed $((1 + n * (total - 1) / (points - 1)))
    killed $((1 + RANDOM % 60))
    l -q run --once
    check_all
done
