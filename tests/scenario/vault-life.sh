#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A vault as people manage it: made, bound to sources, filled to its quota, changed, converted,
# frozen, deleted, brought back, purged.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program sqlite3

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

# of NAME MEMBER: what `vault show` says.
of()
{
    l vault show "$1" | sed -nE "s/^$2: *//p"
}

sql()
{
    sqlite3 state/catalog.db "$@"
}

# objects VAULT: files in its place, the target's own mark excepted.
objects()
{
    find "vault/$1" -type f ! -name @lagan
}

create()
{
    # NAM-07: a made name; VLT-05: the system chooses the redundancy; VLT-09: what the list has.
    l -q vault create --recovery-file "$PWD/recovery-made"
    l vault list | has -E '^vault_[0-9a-f]{4} +[0-9a-f]{32} +general +normal +available +full '
    l vault list | head -n 1 | has '^NAME .*ID .*TYPE .*ROLE .*STATE .*PLAN .*SOURCES .*STORED .*REGION'
    [ "$(of main redundancy)" = lrs ]
    [ "$(of main project)" = default ]
    refused 2 usage 'zones of region local' vault create zoned --redundancy zrs --recovery-file r
    # NAM-09, LOC-02, VLT-02, VLT-34 and bad words.
    refused 2 name-invalid 'is too long' vault create "$(printf 'v%.0s' {1..65})" --recovery-file r
    refused 2 name-invalid "contains '['" vault create '[COPY]-x' --recovery-file r
    refused 1 no-such-project nosuch vault create p --project nosuch --recovery-file r
    refused 1 no-such-region nosuch vault create p --region nosuch --recovery-file r
    refused 2 parameter-invalid 'general, table' vault create p --type tape --recovery-file r
    refused 2 parameter-invalid 'full or trial' vault create p --plan free --recovery-file r
    refused 2 parameter-invalid 'mirror create' vault create p --role mirror --recovery-file r
    refused 2 parameter-invalid '1 to 100' vault create p --quota-warning 101 --recovery-file r
    refused 2 parameter-invalid '500G' vault create p --quota much --recovery-file r
    refused 2 parameter-invalid 'NAME=VALUE' vault create p --tag owner --recovery-file r
    refused 2 name-invalid 'empty' vault create p --tag =x --recovery-file r
    refused 2 name-invalid '256 characters' vault create p --recovery-file r \
        --description "$(printf 'd%.0s' {1..256})"
    refused 1 destination-vault-unsuitable 'type archive' vault create p --type archive \
        --role replication --recovery-file r
    refused 1 encryption-differs 'needs the key of a service' vault create p --encryption kms \
        --recovery-file r
    [ ! -e r ] || fail 'a recovery file is left of a vault that was not made'
    for type in table archive database container; do
        l -q vault create "of_$type" --type $type --recovery-file "recovery-$type" \
            --description "of type $type"
        l vault list | has -E "^of_$type .* $type +normal +available"
    done
    sed -i '/^limits/d' conf/lagan.conf
    echo 'limits { vaults = 6 }' >>conf/lagan.conf
    refused 1 too-many-vaults 'there may be 6' vault create one_more --recovery-file r
    sed -i '/^limits/d' conf/lagan.conf
}

bindings()
{
    # VLT-04: an unbound source and several vaults.
    l -q source add tree src_files "path=$PWD/tree"
    refused 1 source-has-no-vault 'lagan source bind' backup create tree
    refused 10 no-such-vault nosuch source add other src_files "path=$PWD/tree/sub" --vault nosuch
    l source bind tree --vault main | has 'bound to the vault main'
    l -q backup create tree
    [ "$(l backup list --vault main --json | grep -c '"type":"backup"')" = 1 ]
    # VLT-25: a source has one vault; a path is a source like others.
    refused 1 conflict 'bound to the vault main' backup create tree --vault of_table
    refused 1 conflict 'bound to the vault main' backup create "$PWD/tree" --vault of_table
    l -q backup create "$PWD/tree"
    l source list | has -E '^tree +src_files +main '
    # VLT-30: what is unbound keeps its backups.
    l source unbind tree | has 'its backups stay'
    refused 1 conflict 'nothing to do' source unbind tree
    [ "$(l backup list --vault main --json | grep -c '"type":"backup"')" = 2 ]
    l -q source bind tree --vault main
    # VLT-03: source and vault come together, or neither.
    mkdir -p other
    l source add other src_files "path=$PWD/other" --new-vault --vault theirs --type archive \
        --recovery-file recovery-theirs | has 'other added, bound to the vault theirs'
    [ "$(of theirs kind)" = archive ]
    l -q backup create other
    [ "$(l backup list --vault theirs --json | grep -c '"type":"backup"')" = 1 ]
    refused 1 name-taken tree source add tree src_files "path=$PWD/other" --new-vault \
        --vault never --recovery-file r
    refused 1 name-taken theirs source add third src_files "path=$PWD/other" --new-vault \
        --vault theirs --recovery-file r
    expect 10 '' l vault show never
    expect 1 '' l source show third
    [ ! -e vault/never ] && [ ! -e r ] || fail 'something is left of what came to nothing'
    refused 2 usage 'without --new-vault' source add third src_files "path=$PWD/other" \
        --vault theirs --type table
    refused 2 usage '--region says where' source add third src_files "path=$PWD/other" \
        --region local
    # VLT-25, LIM-01: no more than so many.
    echo 'limits { sources = 1 }' >>conf/lagan.conf
    refused 1 too-many-sources 'may have 1' source add third src_files "path=$PWD/other" \
        --vault theirs
    expect 1 '' l source show third
    sed -i '/^limits/d' conf/lagan.conf
}

# VLT-03: the source is refused when its vault is in storage already.
neither()
{
    refused 1 vault-is-replication 'takes replicas only' source add third src_files \
        "path=$PWD/other" --new-vault --vault never --role replication --recovery-file r
    expect 10 '' l vault show never
    expect 1 '' l source show third
    [ ! -e r ] || fail 'a recovery key is left of a vault that was not made'
    [ -z "$(objects never)" ] || fail 'a vault without its source is left'
    l catalog check >/dev/null
}

quota()
{
    local before
    l -q vault create small --recovery-file recovery-small --quota 600K --quota-warning 50
    l -q source add big src_files "path=$PWD/big" --vault small
    mkdir -p big
    # VLT-19: one warning for each crossing.
    head -c 200K /dev/urandom >big/1
    l backup create big >out 2>err
    ! grep -q 'that it may' err || fail 'a warning below the threshold'
    head -c 200K /dev/urandom >big/2
    l backup create big >out 2>err
    grep -q 'vault small holds .* of the 600.* KiB that it may' err || { cat err; fail 'no warning'; }
    l backup create big >out 2>err
    ! grep -q 'that it may' err || fail 'a second warning'
    # VLT-17: during a backup; nothing is left of it that counts.
    head -c 400K /dev/urandom >big/3
    refused 14 vault-full '--quota SIZE' backup create big
    [ "$(l backup list --vault small --json | grep -c '"type":"backup"')" = 3 ]
    l verify --vault small >/dev/null
    # VLT-18: not below what is used; VLT-16: 0 = none.
    refused 1 conflict 'cannot be below' vault update small --quota 300K
    before=$(of small bytes_stored)
    l -q vault update small --auto-expand --quota 600K
    l -q backup create big
    [ "$(sql "SELECT quota_bytes FROM vaults WHERE name='small'")" = $((600 * 1024 * 125 * 125 / 10000)) ] ||
        fail "the quota did not grow by steps of 1.25: $before, $(of small quota)"
    # Switched on when it is full already: nothing happens.
    sql "UPDATE vaults SET quota_bytes = 1000 WHERE name = 'small'"
    refused 14 vault-full 'lagan vault update small' backup create big
    l -q vault update small --quota 0 --no-auto-expand
    l -q backup create big
    [ -z "$(of small quota)" ]
}

update()
{
    l -q vault update main --description 'the first' --tag owner=me --tag place=cellar
    [ "$(of main description)" = 'the first' ]
    [ "$(of main tags)" = 'owner=me place=cellar' ]
    l -q vault update main --tag owner=you --untag place
    [ "$(of main tags)" = 'owner=you' ]
    refused 2 parameter-invalid "no tag called 'place'" vault update main --untag place
    refused 2 usage 'nothing says' vault update main
    refused 2 usage 'exclude each other' vault update main --auto-expand --no-auto-expand
    refused 10 no-such-vault '' vault update nosuch --tag a=b
    # NAM-12, LIM-01: 20 tags and no more.
    tags=()
    for n in {1..19}; do tags+=(--tag "t$n=$n"); done
    l -q vault update main "${tags[@]}"
    refused 2 parameter-invalid 'may have 20' vault update main --tag one-more=x
    [ "$(sql "SELECT count(*) FROM vault_tags")" = 20 ]
}

plans()
{
    # VLT-08: 30 days, then no backups; restores and the way to a full vault stay.
    l vault create tried --plan trial --recovery-file recovery-tried | has 'vault convert tried'
    refused 1 already-full-plan 'full already' vault convert main
    l -q source add tried src_files "path=$PWD/tree" --vault tried
    l -q backup create tried --name last
    with_clock $((30 * 86400 - 600)) l -q backup create tried
    expect 1 'trial ended' with_clock $((30 * 86400 + 60)) l backup create tried
    with_clock $((31 * 86400)) l -q restore last --vault tried --to tried-back
    [ "$(cat tried-back/file)" = text ]
    l vault convert tried | has 'full vault now'
    refused 1 already-full-plan '' vault convert tried
    with_clock $((31 * 86400)) l -q backup create tried
}

states()
{
    # VLT-13
    refused 2 usage '--reason' vault freeze main
    l vault freeze main --reason 'not paid' | has 'frozen'
    l vault list | has -E '^main .* frozen'
    refused 1 vault-state 'frozen (not paid)' backup create tree
    refused 1 vault-state '' vault freeze main --reason again
    refused 1 vault-state '' vault delete main --yes
    refused 1 vault-state '' vault update main --quota 5G
    l ls latest --vault main >/dev/null || fail 'a frozen vault cannot be read'
    l -q vault unfreeze main
    refused 1 vault-state 'nothing to do' vault unfreeze main
    l -q backup create tree
    refused 2 parameter-invalid '30d' vault freeze of_table --reason x --until soon
    l -q vault freeze of_table --reason 'not paid' --until 30d
    l vault show of_table | has '^deadline: '
    with_clock $((30 * 86400 - 600)) l vault purge --due | has 'no vault is due'
    with_clock $((30 * 86400 + 60)) l vault purge --due | has 'of_table was frozen for too long'
    l -q vault undelete of_table
    # Every other state, as the catalog may hold it.
    for state in creating lock deleting error deleted; do
        sql "UPDATE vaults SET state = '$state', reason = 'test' WHERE name = 'main'"
        refused 1 vault-state '' backup create tree
    done
    sql "UPDATE vaults SET state = 'error', reason = 'test' WHERE name = 'main'"
    mv vault/main vault/away
    expect 10 '' l vault unfreeze main
    mv vault/away vault/main
    l -q vault unfreeze main
}

roles()
{
    # VLT-14: takes no backups, and no source.
    l -q vault create copies --role replication --recovery-file recovery-copies
    refused 1 vault-is-replication 'takes replicas only' backup create alone/ --vault copies
    refused 1 vault-is-replication '' source bind tree --vault copies
}

# DEL-02, MIR-17: the mirror goes first, in its own region; MIR-03, MIR-16, MIR-19: a mirror is
# written to, resized and deleted by nobody else.
mirrored()
{
    local mirror='[COPY]-small'
    {
        echo 'region west {'
        for zone in a b c; do
            echo "    zone $zone { target tgt_dir { path = \"$PWD/west/$zone\" } }"
        done
        echo '}'
    } >>conf/lagan.conf
    l -q mirror create small --region west
    # VLT-05, VLT-06: each as the zones of its own region say.
    [ "$(of "$mirror" redundancy)" = zrs ] && [ "$(of small redundancy)" = lrs ]
    l vault create zoned --region west --recovery-file recovery-zoned | has 'redundancy zrs'
    l -q backup create alone/ --vault zoned
    [ "$(find west -path '*/zoned/seals/*' -type f | wc -l)" -ge 2 ] || fail 'one copy of a seal'
    l -q vault delete zoned --yes
    l -q vault purge zoned --yes --force
    l vault list --region west | has -F "$mirror "
    refused 1 vault-has-mirror "the mirror $mirror in region west" vault delete small --yes
    refused 1 vault-is-mirror 'only the replication writes' backup create alone/ --vault "$mirror"
    refused 1 vault-is-mirror '' source bind tree --vault "$mirror"
    refused 1 vault-is-mirror '' vault update "$mirror" --quota 5G
    refused 1 vault-is-mirror '' vault freeze "$mirror" --reason test
    refused 1 vault-is-mirror 'only the replication writes' vault key add "$mirror" \
        --new-recovery --recovery-file r
    refused 1 vault-is-mirror "lagan mirror delete $mirror --region west" \
        vault delete "$mirror" --yes
    l -q mirror delete "$mirror" --region west --yes
    l -q vault purge "$mirror" --yes --force
    [ -z "$(find west -type f ! -name @lagan)" ] || fail "left of the mirror: $(find west -type f)"
    sed -i '/^region west/,$d' conf/lagan.conf
}

deletion()
{
    local id
    # DEL-01, MIR-18: typed confirmation.
    refused 2 not-confirmed '--confirm theirs' vault delete theirs
    refused 2 not-confirmed "says 'their'" vault delete theirs --confirm their
    refused 2 not-confirmed "says 'main'" vault delete theirs --confirm main --yes
    [ "$(of theirs state)" = available ]
    id=$(of theirs id)
    # NAM-13: an id with its prefix.
    l vault show "v-${id:0:12}" | has '^name: *theirs'
    expect 10 '' l vault show "t-${id:0:12}"
    # DEL-08
    echo 'limits { vault-age = 2h }' >>conf/lagan.conf
    refused 1 vault-too-young 'vault-age' vault delete theirs --yes
    sed -i '/^limits/d' conf/lagan.conf
    # DEL-10: it can be brought back.
    l vault delete theirs --confirm "${id:0:8}-${id:8}" | has 'undelete theirs'
    l vault list | has -E '^theirs .* deleted'
    refused 1 vault-state 'undelete theirs' backup create other
    refused 1 vault-state 'undelete theirs' ls latest --vault theirs
    refused 1 vault-state '' vault delete theirs --yes
    refused 1 vault-state 'kept until' vault purge theirs --yes
    refused 1 name-taken '' vault create theirs --recovery-file r
    l vault undelete theirs | has 'is back'
    refused 1 not-deleted '' vault undelete theirs
    refused 1 not-deleted '' vault purge theirs --yes
    l -q backup create other
    l -q vault delete theirs --confirm theirs
}

purge()
{
    # Not before its time, unless somebody insists.
    l vault purge --due | has 'no vault is due'
    with_clock $((14 * 86400 - 600)) l vault purge --due | has 'no vault is due'
    refused 2 usage '--due' vault purge
    refused 2 usage '--due' vault purge theirs --due
    with_clock $((14 * 86400 + 60)) l vault purge --due | has 'vault theirs is gone: [0-9]* objects'
    # DEL-14: nothing is left, DEL-09: what was bound is not, and the audit says so.
    [ -z "$(objects theirs)" ] || fail "left: $(objects theirs)"
    expect 10 '' l vault show theirs
    [ -z "$(l source show other | sed -nE 's/^vault: *//p')" ]
    refused 1 source-has-no-vault '' backup create other
    [ "$(sql "SELECT group_concat(event) FROM (SELECT event FROM audit
        WHERE detail LIKE 'theirs%' ORDER BY sequence)")" = \
        vault-create,vault-delete,vault-undelete,vault-delete,vault-state,vault-purge ]
    l task list | has -E 'vault_delete +.*success'
    l catalog check >/dev/null
    l -q vault create theirs --recovery-file recovery-again
}

# DEL-13, DEL-14: what cannot be removed is counted and named; the next purge finishes it.
purge_stuck()
{
    local seal
    l -q source bind other --vault theirs
    l -q backup create other
    l -q vault delete theirs --yes
    seal=$(find vault/theirs/packs -type f | head -n 1)
    chmod a-w "$(dirname "$seal")" vault/theirs/packs
    if without_rights true 2>/dev/null; then
        expect 1 'are left, the first is packs/' without_rights "$abs_top_builddir/run" lagan \
            --config "$conf" vault purge theirs --yes --force
        l vault list | has -E '^theirs .* deleting'
        [ -e vault/theirs/conf/00000001 ] || fail 'the configuration went before the packs'
        [ -z "$(find vault/theirs/seals vault/theirs/keys -type f)" ]
    fi
    chmod -R u+w vault/theirs
    # What is left is no healthy vault for who has lost the catalog.
    cp -a state kept-state && rm -r state
    [ "$(status_of l catalog rebuild)" != 0 ]
    [ "$(status_of l ls latest --vault theirs)" != 0 ] || fail 'it is taken for a healthy vault'
    rm -r state && mv kept-state state
    echo stray >vault/theirs/stray
    l -q vault purge theirs --yes 2>err
    grep -q '1 objects in its place never were of a vault and stay, the first is stray' err ||
        { cat err; fail 'what stays is not named'; }
    [ "$(objects theirs)" = vault/theirs/stray ]
    rm -r vault/theirs
    # Another vault in its place is not touched.
    l -q vault create theirs --recovery-file recovery-third
    l -q vault delete theirs --yes
    mv vault/theirs vault/aside && cp -a vault/main vault/theirs
    refused 4 integrity 'another vault lies in its place' vault purge theirs --yes --force
    cmp vault/main/conf/00000001 vault/theirs/conf/00000001
    rm -r vault/theirs && mv vault/aside vault/theirs
    l -q vault purge theirs --yes
    # A place that is not mounted is not an empty one.
    l -q vault create theirs --recovery-file recovery-fourth
    l -q vault delete theirs --yes
    mv vault unmounted
    [ "$(status_of l vault purge theirs --yes --force)" != 0 ]
    mv unmounted vault
    l vault list | has -E '^theirs .* deleted' # nothing was begun: it may have a lock
    l -q vault purge theirs --yes --force
    expect 10 '' l vault show theirs
}

# What a vault is stands in storage too.
lost_catalog()
{
    local member
    l -q vault update of_archive --description 'kept long' --tag keep=10y
    l -q vault create on_trial --plan trial --recovery-file recovery-trial2
    for member in kind role plan project tags description trial.end encryption; do
        echo "$member: $(of of_archive $member) $(of on_trial $member) $(of copies $member)"
    done >before
    rm -r state
    l -q catalog rebuild >out 2>err || { cat out err >&2; fail 'rebuild'; }
    for member in kind role plan project tags description trial.end encryption; do
        echo "$member: $(of of_archive $member) $(of on_trial $member) $(of copies $member)"
    done >after
    diff before after || fail 'a rebuilt catalog says something else of a vault'
    grep -q '^tags: keep=10y' after && grep -q '^role: normal normal replication' after
}

mkdir -p tree/sub alone && echo text >tree/file
initialise
create
bindings
neither
quota
update
plans
states
roles
mirrored
deletion
purge
purge_stuck
lost_catalog
