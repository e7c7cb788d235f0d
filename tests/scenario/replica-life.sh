#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Replicas as people meet them: asked for by backup and by vault, refused with the reason, made
# by the runner, restored, listed where they are, deleted, made again, found after a rebuild.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"

# refused STATUS CODE TEXT COMMAND...: the status, the code of the --json end record, the text.
refused()
{
    local wanted=$1 code=$2 text=$3
    shift 3
    expect "$wanted" "$text" l "$@"
    l "$@" --json >out 2>/dev/null || :
    grep -q "\"type\":\"end\",\"status\":$wanted,\"code\":\"$code\"" out ||
        { cat out >&2; fail "not the code $code: $*"; }
}

# member NAME: of each JSON record on standard input.
member()
{
    python3 -c '
import json, sys
for line in sys.stdin:
    record = json.loads(line)
    if sys.argv[1] in record and record["type"] != "end":
        print(record[sys.argv[1]])' "$1"
}

# backup_id N: of the N-th backup of the vault main, from 1.
backup_id()
{
    l backup list --vault main --json | member id | sed -n "$1p"
}

# replicas REGION: ids of those that are there.
replicas()
{
    l replica list --region "$1" --json |
        python3 -c '
import json, sys
for line in sys.stdin:
    r = json.loads(line)
    if r["type"] == "replica" and r["state"] == "success":
        print(r["id"])'
}

line_state()
{
    l replica show "$1" --json | member state
}

same_tree()
{
    diff -r --no-dereference "$1" "$2" || fail "$1 and $2 differ"
}

make_configuration()
{
    mkdir -p conf state
    cat >"$conf" <<END
state = "$PWD/state"
drivers = { src_files, tgt_dir, key_file }
region east {
    projects = { main, research }
    target tgt_dir { path = $PWD/east }
}
region west {
    projects = { main, research }
    target tgt_dir { path = $PWD/west }
}
region north {
    receive = no
    target tgt_dir { path = $PWD/north }
}
region south {
    send = no
    target tgt_dir { path = $PWD/south }
}
region away {
    account = others
    target tgt_dir { path = $PWD/away }
}
END
    chmod 700 conf
    chmod 600 "$conf"
}

make_vaults()
{
    l -q vault create main --region east --recovery-file "$PWD/r-main"
    l -q vault create copies --region west --role replication --recovery-file "$PWD/r-copies"
    l -q vault create home --region south --recovery-file "$PWD/r-home"
    mkdir -p tree/a
    seq 100000 >tree/a/large
    echo one >tree/a/x
    ln tree/a/x tree/y
    ln -s a/x tree/soft
    for i in 1 2 3; do
        echo "$i" >tree/a/x
        l -q backup create --vault main tree
        cp -a tree "tree-$i"
    done
    l -q backup create --vault home tree
}

# Everything that people may type wrongly, and every rule that the command line can break.
bad_input()
{
    local id
    id=$(backup_id 1)
    refused 2 usage 'say what is to be replicated' replica create --to west
    refused 2 usage '--to' replica create "$id" --vault main
    refused 2 usage '--wait' replica create "$id" --vault main --to west --dry-run --wait
    refused 2 usage '--again' replica create "$id" --vault main --to west --again
    refused 2 usage 'one backup' replica create --vault main --to west --name x
    # NAM-01, NAM-02, NAM-03
    refused 2 usage 'needs a value' replica create "$id" --vault main --to west --name ''
    refused 2 name-invalid "contains '['" replica create "$id" --vault main --to west --name 'a[b'
    refused 2 name-invalid 'is too long' replica create "$id" --vault main --to west \
        --name "$(printf '备%.0s' {1..256})"
    refused 2 name-invalid '256 characters' replica create "$id" --vault main --to west \
        --description "$(printf 'd%.0s' {1..256})"
    refused 1 no-such-region nowhere replica create "$id" --vault main --to nowhere
    refused 1 no-such-project nosuch replica create "$id" --vault main --to west --project nosuch
    refused 10 no-such-vault nosuch replica create "$id" --vault nosuch --to west
    refused 10 no-such-vault nosuch replica create "$id" --vault main --to west --into nosuch
    refused 1 no-such-backup ffff replica create ffffffff --vault main --to west
    refused 1 no-such-backup ffff replica create ffffffff --to west
    # LOC-01, LOC-03, LOC-05, LOC-07
    refused 1 same-region 'east' replica create "$id" --vault main --to east
    refused 1 region-cannot-receive 'north' replica create "$id" --vault main --to north
    refused 1 region-cannot-send 'south' replica create latest --vault home --to west
    refused 1 account-differs 'away' replica create "$id" --vault main --to away
    # REP-09: the destination vault, by itself and given
    refused 1 destination-vault-unsuitable 'role is normal' \
        replica create "$id" --vault main --to west --into home
    refused 1 destination-vault-unsuitable 'in project research' \
        replica create "$id" --vault main --to west --project research
    refused 1 destination-vault-unsuitable 'not in research' \
        replica create "$id" --vault main --to west --project research --into copies
    l -q vault create more --region west --role replication --recovery-file "$PWD/r-more"
    refused 1 destination-vault-unsuitable '--into' replica create "$id" --vault main --to west
    l -q vault freeze more --reason maintenance
    refused 1 destination-vault-unsuitable 'frozen' \
        replica create "$id" --vault main --to west --into more
    l -q vault unfreeze more
    l -q vault update more --quota 1
    refused 1 destination-vault-unsuitable 'quota' \
        replica create "$id" --vault main --to west --into more
    l -q vault delete more --yes
    refused 1 no-such-replica 'ffffffff' replica show ffffffff
    refused 1 no-such-replica 'r-ffffffff' replica show r-ffffffff
    refused 1 no-such-replica 'ffffffff' replica delete ffffffff --region west --yes
    refused 1 no-such-region nowhere replica list --region nowhere
    refused 10 no-such-vault nosuch replica list --vault nosuch
    l replica list | has 'no replicas' || l replica list 2>&1 | has 'no replicas'
}

# REP-27: what would go, how much of it, and nothing is changed.
dry_run()
{
    l replica create --vault main --to west --dry-run --json >out
    [ "$(member goes <out | sort -u)" = True ]
    [ "$(grep -c replica_plan out)" = 3 ]
    [ "$(grep '"type":"replica_counts"' out | member going)" = 3 ]
    [ "$(grep '"type":"replica_counts"' out | member bytes_estimate)" -gt 100 ]
    [ -z "$(l replica list --json | member id)" ]
    [ -z "$(find west/copies -path '*/packs/*' -type f)" ]
}

# REP-01, REP-10, REP-15, NAM-04: one backup by hand, and what it became.
by_hand()
{
    local id line replica
    id=$(backup_id 1)
    line=$(l replica create "$id" --to west --json | member replica)
    [[ $line = r-???????????? ]]
    [ "$(line_state "$line")" = waiting_replicate ]
    # REP-05: on its way is there.
    refused 1 replica-exists "$line" replica create "$id" --vault main --to west
    l -q run --once
    [ "$(line_state "$line")" = success ]
    refused 1 replica-exists "$line" replica create "$id" --vault main --to west
    replica=$(replicas west)
    [ "$replica" != "$id" ]
    l replica show "$replica" --region west --json >shown
    [ "$(member name <shown)" = "manual_rep_from_$id" ]
    [ "$(member backup <shown)" = "$id" ]
    # REP-12: the traffic is the size of the backup; what was sent is known too.
    [ "$(member bytes <shown)" = "$(l usage --json | grep '"east>west"' | member bytes)" ]
    [ "$(member bytes_sent <shown)" -gt 0 ]
    # LOC-04: it is inspected where it is.
    refused 1 wrong-region 'is in region west, not in east' replica show "$replica" --region east
    [ -z "$(replicas east)" ]
    # RST-08: restored as its source was.
    l -q restore "$replica" --vault copies --to restored
    same_tree tree-1 restored
    # REP-22: it was protected when its source was.
    [ "$(member protected <shown)" = "$(l backup show "$id" --vault main --json | member started)" ]
    # REP-03, REP-04: a replica stays where it is.
    refused 1 vault-is-replication 'replication vault' replica create "$replica" --to east
    refused 1 vault-is-replication 'replication vault' replica create --vault copies --to east
}

# REP-08, REP-11, REP-25: a vault: what was not there before, and only what is new of it.
by_vault()
{
    l replica create --vault main --to west --json >out
    [ "$(grep replica_plan out | member goes | sort | uniq -c | tr -s ' \n' ' ')" = \
        ' 1 False 2 True ' ]
    grep -q '"code":"replica-exists"' out
    l run --once --json >out
    [ "$(grep '"event":"done"' out | member bytes | sort -n | tail -1)" -lt 60000 ]
    [ "$(replicas west | wc -l)" = 3 ]
    local n=0 id
    for id in $(l backup list --vault copies --json | member id); do
        n=$((n + 1))
        l -q restore "$id" --vault copies --to "restored-$n"
        same_tree "tree-$n" "restored-$n"
    done
    l -q verify --vault copies --depth data
    l -q catalog check --region west
}

# DEL-04, REP-06, REP-07, C4: deleted, the source stays; again by hand, by vault only on demand.
delete_and_again()
{
    local id replica line
    id=$(backup_id 1)
    replica=$(l replica list --json | grep "\"backup\":\"$id\"" | member id)
    refused 2 not-confirmed "$replica" replica delete "$replica" --region west
    refused 2 not-confirmed "$replica" replica delete "$replica" --region west --confirm other
    refused 1 wrong-region '--region' replica delete "$replica" --yes
    refused 1 wrong-region 'in region west' replica delete "$replica" --region east --yes
    l -q replica delete "$replica" --region west --confirm "$replica" --reason 'no more'
    l -q backup show "$id" --vault main >/dev/null
    [ "$(replicas west | wc -l)" = 2 ]
    l replica list | has "deleted"
    l audit list | has -E "replica-delete +$replica"
    refused 1 no-such-replica "$replica" replica delete "$replica" --region west --yes
    l replica create --vault main --to west --json >out
    [ "$(grep -c '"code":"replicated-before"' out)" = 1 ]
    [ "$(grep '"type":"replica_counts"' out | member going)" = 0 ]
    l -q replica create --vault main --to west --again --wait
    [ "$(replicas west | wc -l)" = 3 ]
    replica=$(l replica list --json | grep '"state":"success"' | grep "\"backup\":\"$id\"" | member id)
    l -q replica delete "$replica" --region west --yes
    line=$(l replica create "$id" --to west --name '备份_1' --description 'by hand' --json |
        member replica)
    # What is on its way does not arrive once it is deleted.
    l -q replica delete "$line" --region west --yes
    [ "$(line_state "$line")" = skip ]
    l -q run --once
    [ "$(replicas west | wc -l)" = 2 ]
    l -q replica create "$id" --to west --name '备份_1' --description 'by hand' --wait
    l backup list --vault copies | has '备份_1'
    # A source that goes before its replica is made: skipped, with the reason.
    l -q backup create --vault main tree
    line=$(l replica create latest --vault main --to west --json | member replica)
    l -q backup delete latest --vault main --force --now --yes
    l -q run --once
    [ "$(line_state "$line")" = skip ]
    l replica show "$line" | has 'the backup was deleted'
}

# The place that is away holds things up, and loses nothing.
away_and_back()
{
    local line
    echo four >tree/a/x
    l -q backup create --vault main tree
    mv west west-away
    line=$(l replica create latest --vault main --to west --json | member replica)
    expect 5 '' l -q run --once
    [ "$(line_state "$line")" = waiting_replicate ]
    [ ! -e west ]
    mv west-away west
    with_clock 3600 l -q run --once
    [ "$(line_state "$line")" = success ]
}

# The catalog is lost: storage tells what replicas are.
rebuild()
{
    local id before
    id=$(backup_id 2)
    before=$(replicas west | sort)
    mv state state-old
    mkdir state
    l -q catalog rebuild --region east
    l -q catalog rebuild --region west
    [ "$(replicas west | sort)" = "$before" ]
    [ "$(l replica list --json | grep "\"backup\":\"$id\"" | member from_region)" = east ]
    refused 1 replica-exists 'has it already' replica create "$id" --vault main --to west --into copies
    l -q catalog check --region west
    l -q restore "$(echo "$before" | head -n 1)" --vault copies --to restored-again
}

make_configuration
make_vaults
bad_input
dry_run
by_hand
by_vault
delete_and_again
away_and_back
rebuild
