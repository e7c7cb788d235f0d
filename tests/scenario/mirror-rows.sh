#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is owed of vaults, mirrors and tasks and has no better place: each line names its row.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program jq sqlite3

cat >lagan.conf <<.
state   = $PWD/state
drivers = { src_files, tgt_dir, key_file, src_mem, src_mem_policy, src_mem_alone }
region east { target tgt_dir { path = $PWD/east } }
region west { target tgt_dir { path = $PWD/west } }
mirror { history-delay = 0s  delete-delay = 1h }
prices { stored = 0.02  replicated = 0.05  restored = 0.09  currency = EUR }
.
mkdir east west source
seq 40000 >source/numbers
export XDG_CONFIG_HOME=$PWD HOME=$PWD
l() { lagan_with_test_drivers --config lagan.conf "$@"; }
# of TYPE MEMBER COMMAND...: a member of the records of a type.
of() { local type=$1 member=$2; shift 2; l "$@" --json | jq -r "select(.type == \"$type\") | .$member"; }
# code COMMAND...: of the error that it ends with.
code() { { l "$@" --json 2>/dev/null || true; } | jq -r 'select(.type == "end") | .code'; }
is() { [ "$2" = "$3" ] || fail "$1: '$2' instead of '$3'"; }

l -q vault create main --region east --recovery-file recovery
l -q vault create machines --region east --recovery-file recovery2
l -q vault create alone --region east --recovery-file recovery3

echo '== VLT-01: no backup outside a vault'
! sqlite3 state/catalog.db "PRAGMA foreign_keys = ON; INSERT INTO backups SELECT randomblob(16),
    '0123456789abcdef', '', zeroblob(32), zeroblob(16), '', '', '', 'available', 1, 1, 1, 1, 1, 1, '', '', '',
    '', '', '', 0" 2>/dev/null || fail 'VLT-01: a backup without a vault'

echo '== NAM-06, TSK-02, TSK-03: a backup of a chosen name, available when it has succeeded'
l -q backup create "$PWD/source" --vault main --name evening --description 'before the change'
is NAM-06 "$(of backup name backup show evening --vault main)" evening
is NAM-06 "$(of backup description backup show evening --vault main)" 'before the change'
is TSK-02 "$(of backup state backup show evening --vault main)" available
task=$(of task id task list | head -n 1)
is TSK-02 "$(of task state task show "$task")" success
is TSK-03 "$(of task percent task show "$task")" 100

echo '== MIR-05: place, method, name and description, given and made'
l -q mirror create main --region west --name twin --description 'of main' --encryption managed --project default
is MIR-05 "$(of mirror name mirror show twin)" twin
is MIR-05 "$(of mirror description mirror show twin)" 'of main'
is MIR-05 "$(of mirror encryption mirror show twin)" managed
id=$(of vault id vault show machines --region east | head -n 1)
l -q mirror create machines --region west
is MIR-07 "$(of mirror description mirror show '[COPY]-machines')" "From machines($id)"

echo '== MIR-11: there is no interval to be set'
is MIR-11 "$(code mirror create alone --region west --interval 5m)" cadence-fixed

echo '== TSK-01: copying makes tasks that are seen at the destination'
l -q run --once
twin=$(of mirror id mirror show twin)
parent=$(l task list --json | jq -r "select(.type == \"task\" and .kind == \"sync\" and .vault_id == \"$twin\") | .id")
is TSK-17 "$(of task_parts success task show "$parent")" "$(l task list --json --limit 0 | jq -r "select(.parent == \"$parent\" and .state == \"success\") | .id" | wc -l)"
is MIR-12 "$(of mirror state mirror show twin --region west)" in-sync
is LOC-04 "$(code mirror show twin --region east)" no-such-vault

echo '== MET-01, MET-02: what the mirror stores and what was sent to it have a price'
month=$(date -u +%Y-%m)
stored=$(l usage --json --month "$month" | jq -r 'select(.kind == "stored" and .vault == "twin") | .amount')
sent=$(l usage --json --month "$month" | jq -r 'select(.kind == "replicated" and .vault == "twin") | .route')
is MET-02 "$sent" 'east>west'
with_clock 86400 l -q run --once
stored=$(l usage --json | jq -r 'select(.kind == "stored" and .vault == "twin") | .amount' | tail -n 1)
case $stored in *EUR) ;; *) fail "MET-01: '$stored'" ;; esac
l -q restore latest --vault twin --to "$PWD/back" --route internet
is RST-06 "$(l usage --json | jq -r 'select(.kind == "restored" and .route == "internet") | .vault')" twin
diff -r source back
l -q restore latest --vault twin --to "$PWD/back3"
is RST-06 "$(l usage --json | jq -r 'select(.kind == "restored" and .route == "local") | .amount')" null

echo '== MIR-14, MIR-15, SRC-04: what drivers say of themselves decides'
l -q source add machine src_mem_policy count=5
l -q backup create machine --vault machines
l -q run --once
is SRC-04 "$(code restore latest --vault '[COPY]-machines' --to x)" not-restorable-from-mirror
is RST-23 "$(code restore latest --vault machines --region east --to x)" ok
l -q mirror delete '[COPY]-machines' --region west --yes
is MIR-14 "$(code mirror create machines --region west --name again)" replication-by-policy-only
# MIR-13: the other way in.
is MIR-14 "$(code policy create machines mirror-to=west --vault machines)" ok
is MIR-13 "$(l mirror list --json | jq -r 'select(.type == "mirror" and .source == "machines") | .region')" west
l -q policy delete machines --yes
l -q mirror delete '[COPY]-machines-2' --region west --yes
l -q source add secret src_mem_alone count=5
l -q backup create secret --vault alone
is MIR-15 "$(code mirror create alone --region west)" source-not-mirrorable

echo '== DEL-03, MIR-16: a mirror that is deleted ends the replication, and what was owed is dropped'
l -q backup create "$PWD/source" --vault main
[ "$(of mirror lag_backups mirror show twin)" = 1 ]
is MIR-16 "$(code mirror delete twin --region east --yes)" wrong-region
l -q mirror delete twin --region west --yes
l -q backup create "$PWD/source" --vault main
is DEL-03 "$(sqlite3 state/catalog.db "SELECT count(*) FROM items WHERE lane = x'$twin'")" 0
l -q run --once
is DEL-02 "$(code vault delete main --region east --yes)" ok

echo '== TSK-26: an item whose process dies in it again and again is given up, and can be replayed'
l -q vault undelete main --region east
l -q mirror create main --region west --name poisoned
l -q run --once
l -q backup create "$PWD/source" --vault main
sqlite3 state/catalog.db 'UPDATE items SET attempts = 1000'
expect_status 1 l -q run --once
is TSK-26 "$(of item operation task dead)" copy
is TSK-26 "$(of mirror state mirror show poisoned)" error
l -q task retry
l -q run --once
is TSK-26 "$(of mirror state mirror show poisoned)" in-sync

echo '== DEL-10: what its vault has deleted is deleted in a mirror that becomes a vault, and can be brought back'
id=$(of backup id backup list --vault poisoned | head -n 1)
l -q backup delete "$id" --vault main --force
is DEL-10 "$(of backup id backup list --vault poisoned --state deleted)" ''
l -q mirror stop poisoned --yes
is DEL-10 "$(of backup id backup list --vault poisoned --state deleted)" "$id"
for vault in poisoned main; do l -q backup undelete "$id" --vault $vault; done

echo '== MET-14: the audit log, its heads in mirrors, and a line that was changed'
l -q mirror create main --region west
is NAM-10 "$(of mirror name mirror list)" '[COPY]-main'
l -q mirror stop '[COPY]-main' --yes
l -q mirror create main --region west
is NAM-10 "$(of mirror name mirror list)" '[COPY]-main-2'
l -q mirror stop '[COPY]-main-2' --yes
l -q mirror create main --region west --name witness
l -q run --once
l audit verify
trigger=$(sqlite3 state/catalog.db "SELECT sql FROM sqlite_schema WHERE name = 'audit_stays'")
sqlite3 state/catalog.db "DROP TRIGGER audit_stays; UPDATE audit SET actor = 'nobody' WHERE sequence = 2; $trigger"
is MET-14 "$(code audit verify)" audit-broken

echo '== DEL-10: what was deleted stays so when the catalog is lost, and can be brought back'
rm -rf state
l -q catalog rebuild 2>/dev/null || true
l -q vault update alone --region east --quota 5G --quota-warning 70
l -q vault delete alone --region east --yes
rm -rf state
l -q catalog rebuild --region east
is DEL-10 "$(l vault list --json | jq -r 'select(.name == "alone") | .state')" deleted
l -q vault undelete alone --region east
is VLT-16 "$(of vault quota vault show alone)" $((5 << 30))
rm -rf state
l -q catalog rebuild --region east
is DEL-10 "$(l vault list --json | jq -r 'select(.name == "alone") | .state')" available
