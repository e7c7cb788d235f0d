#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A lock on a vault's backups against every command that deletes, an edited catalog, records that
# vanish from storage, clocks, and kills while it is set (VLT-20 to VLT-24, RET-15).
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program sqlite3 jq
points=${POINTS:-6} # kill points that are tried; 0 = all
day=86400 years=$((50 * 365 * 86400))

cat >lagan.conf <<.
state   = $PWD/state
drivers = { src_files, tgt_dir, key_file }
region east { target tgt_dir { path = $PWD/east } }
region west { target tgt_dir { path = $PWD/west } }
mirror { history-delay = 0s  delete-delay = 0s }
.
conf=$PWD/lagan.conf
export XDG_CONFIG_HOME=$PWD HOME=$PWD
mkdir east west tree

# refused CODE COMMAND...: ends with this code, and one line that says so.
refused()
{
    local code=$1 lines
    shift
    "$@" --json >out 2>err && fail "not refused: $*"
    [ "$(jq -r 'select(.type == "end") | .code' out)" = "$code" ] ||
        { cat out err >&2; fail "not $code: $*"; }
    lines=$(grep -vc ' warning: ' err) || :
    [ "$lines" = 1 ] || { cat err >&2; fail "$lines lines: $*"; }
}
locked() { refused backup-locked "$@"; }
# of VAULT MEMBER: what its storage says of its lock.
of() { l vault lock show "$1" --json | jq -r "select(.type == \"vault_lock\") | .$2"; }
sql() { sqlite3 state/catalog.db "$@"; }
backups() { l backup list --vault "$1" --json | jq -s 'map(select(.type == "backup")) | length'; }

recovery=file:$PWD/recovery
l -q vault create main --region east --recovery-file recovery
l -q vault create copies --region west --role replication --recovery-file recovery-copies
l -q source add tree src_files "path=$PWD/tree" --vault main
for n in 1 2 3; do
    echo $n >tree/file
    l -q backup create tree --name "b$n"
done
l -q mirror create main --region west --name twin
l -q replica create b1 --vault main --to west --into copies --name r1
l -q run --once
replica=$(l replica list --json | jq -r 'select(.type == "replica") | .id' | head -n 1)

echo '== set: confirmed, with the recovery key, and only ever extended (VLT-23, RET-15)'
set_main=(l vault lock set main --region east --mode governance)
refused usage l vault lock set main --mode governance --yes
refused parameter-invalid l vault lock set main --mode strict --least 3 --yes
refused parameter-invalid l vault lock set main --mode governance --least 0 --yes
refused not-confirmed "${set_main[@]}" --least 30 --recovery-key "$recovery"
refused lock-state "${set_main[@]}" --least 30 --yes
refused vault-is-mirror l vault lock set twin --region west --mode compliance --least 3 --yes
refused lock-state l vault lock lift main --yes
[ "$(of main mode)" = none ]
"${set_main[@]}" --least 20 --recovery-key "$recovery" --confirm main |
    has 'before it is 20 days old'
"${set_main[@]}" -q --least 30 --yes # extended without it
refused lock-only-extends "${set_main[@]}" --least 29 --yes
refused lock-state l vault lock lift main --yes
expect 2 'nobody, whatever key he has' l vault lock set copies --region west --mode compliance \
    --least 30
l -q vault lock set copies --region west --mode compliance --least 30 --confirm copies
[ "$(of main mode) $(of main least_days)" = 'governance 30' ]
l vault show main | has -E '^lock: +governance'
l audit list | has 'vault-lock .*main: locked: governance, at least 30'
l region show east | has -E '^immutable: +yes'

echo '== the mirror has it, one that was there and one that is made (VLT-22)'
l -q run --once
[ "$(of twin mode) $(of twin least_days)" = 'governance 30' ]

echo '== what is bound stays bound (VLT-21)'
l -q vault create other --region east --recovery-file recovery-other
refused lock-state l source unbind tree
refused lock-state l source bind tree --vault other
refused lock-state l source remove tree

# held SECONDS: everything that deletes, with the clock so far off; what can be taken back is taken
# back.  (A vault of the future is too young to be deleted.)
held()
{
    local run=(with_clock "$1")
    locked "${run[@]}" l backup delete b1 --vault main --region east
    locked "${run[@]}" l replica delete "$replica" --region west --yes
    "${run[@]}" l -q run --once >/dev/null
    [ "$1" -ge 0 ] || return 0
    "${run[@]}" l -q vault delete copies --yes
    locked "${run[@]}" l vault purge copies --yes --force
    l -q vault undelete copies
}
check_there()
{
    [ "$(backups main) $(backups twin) $(backups copies)" = '3 3 1' ] || fail "backups went: $1"
    l -q verify --vault main
}

echo '== nothing goes: now, with clocks that are wrong, with an edited catalog'
held 0
held $years
held -$years
sql "UPDATE backups SET expire_ns = 1; UPDATE backups SET created_ns = 1 WHERE name = 'b1'"
held 0
held $years
sql "DELETE FROM settings WHERE name LIKE 'vault_lock.%'"
held $years
check_there 'edited catalog'
l -q catalog rebuild
held 0
check_there 'rebuilt catalog'

echo '== a mirror that is ended, deleted, purged'
l -q mirror delete twin --region west --yes
locked l vault purge twin --yes --force
locked with_clock $years l vault purge twin --yes
expect 1 'still holds 3 of its backups' with_clock $years l vault purge --due
l -q vault undelete twin
locked l backup delete b1 --vault twin --region west
l -q mirror create main --region west --name second
[ "$(of second mode) $(of second least_days)" = 'governance 30' ]
l -q run --once
l -q mirror stop second --region west --yes
locked l backup delete b1 --vault second --region west
l -q vault delete second --yes
locked l vault purge second --yes --force
l -q vault delete main --yes
locked l vault purge main --yes --force
l -q vault undelete main

echo '== records that vanish from storage are missed, also by who forces a purge'
mkdir aside && cp -a east/main/locks aside/
chmod -R u+w east/main/locks && rm -r east/main/locks
refused lock-state l backup delete b1 --vault main --region east
[ "$(status_of l verify --vault main)" = 4 ]
cat out err | has 'locks/'
refused lock-state l vault lock lift main --recovery-key "$recovery" --yes
refused lock-only-extends "${set_main[@]}" --least 3 --recovery-key "$recovery" --yes
l -q vault delete main --yes
refused lock-state l vault purge main --yes --force
mv east/main/conf/00000001 conf-aside
refused lock-state l vault purge main --yes --force
mv conf-aside east/main/conf/00000001
l -q vault undelete main
"${set_main[@]}" -q --least 30 --recovery-key "$recovery" --yes
locked l backup delete b1 --vault main --region east
cp -a aside/locks/* east/main/locks/ 2>/dev/null || :
check_key=$(l vault key list main --json | jq -r 'select(.kind == "recovery") | .id')
refused lock-state l vault key remove main "$check_key"

echo '== lifted with the recovery key; compliance within 72 hours only'
l -q vault lock lift main --recovery-key "$recovery" --yes
[ "$(of main mode)" = none ]
refused lock-state with_time $((4 * day)) l vault lock lift copies --yes
l audit list | has 'vault-unlock .*main: lock lifted'
l -q vault lock set main --region east --mode compliance --least 30 --yes
locked l backup delete b1 --vault main --region east

echo '== when the time has come they go'
locked with_time $((29 * day)) l backup delete b1 --vault main --region east
with_time $((31 * day)) l -q backup delete b1 --now --yes --vault main --region east
with_time $((31 * day)) l -q replica delete "$replica" --region west --yes
l -q vault delete second --yes 2>/dev/null || :
with_time $((31 * day)) l -q vault purge second --yes --force
expect 10 '' l vault show second
with_time $((31 * day)) l -q source unbind tree 2>/dev/null && fail 'a locked vault lost a source'
[ "$(backups main)" = 2 ]

echo '== killed while it is set: it is there whole, or not at all'
at_call=$abs_top_builddir/tests/fault/at_call
"$at_call" write true 2>/dev/null || { echo 'SKIPPED: kills need the right to trace' >&2; exit 0; }
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
l -q vault create target --region east --recovery-file recovery-target
mkdir kept && cp -a east state kept/
set_at()
{
    timeout 60 "$at_call" "$@" linkat,renameat,unlinkat,fsync,fdatasync,pwrite64 \
        "$abs_top_builddir/run" lagan --config "$conf" -q vault lock set target --mode compliance \
        --least 7 --yes
}
set_at -o count
total=$(cat count)
[ "$total" -gt 4 ]
step=$((points == 0 || total <= points ? 1 : (total + points - 1) / points))
for ((n = 1; n <= total; n += step)); do
    rm -rf east state && cp -a kept/east kept/state .
    status=0
    set_at -k $n 2>err || status=$?
    [ $status = 137 ] || { cat err >&2; fail "kill $n of $total: status $status"; }
    was=$(of target mode)
    case $was in
    none) [ -z "$(find east/target/locks -name '0*' 2>/dev/null)" ] || fail "kill $n: none, with a record" ;;
    compliance) [ "$(of target least_days)" = 7 ] || fail "kill $n: half a lock" ;;
    *) fail "kill $n: mode '$was'" ;;
    esac
    l -q vault lock set target --mode compliance --least 7 --yes
    [ "$(of target mode) $(of target least_days)" = 'compliance 7' ] || fail "kill $n: not set again"
    l -q verify --vault target
done

echo '== what would be kept for too long is not admitted (VLT-24)'
rm -rf east state && cp -a kept/east kept/state .
l -q vault lock set target --mode compliance --least 7 --most 30 --yes
mkdir tree2 && echo x >tree2/file
refused retention-outside-lock l backup create "$PWD/tree2" --vault target
[ "$(backups target)" = 0 ]
l -q vault lock set other --region east --mode compliance --least 7 --yes
l -q backup create "$PWD/tree2" --vault other
