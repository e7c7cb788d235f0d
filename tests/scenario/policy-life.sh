#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A policy as people meet it: made with or without its vault, refused with the reason, applied to
# vaults, changed, disabled, run by hand, withdrawn, deleted; its mirrors; settings of sources.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program sqlite3

# refused STATUS CODE TEXT COMMAND...: the status, the code of the --json end record, the text.
refused()
{
    local wanted=$1 code=$2 text=$3
    shift 3
    expect "$wanted" "$text" l "$@" --json
    grep -q "\"type\":\"end\",\"status\":$wanted,\"code\":\"$code\"" out ||
        { cat out >&2; fail "not the code $code: $*"; }
}

# member NAME: of each JSON record on standard input but the last.
member()
{
    python3 -c '
import json, sys
for line in sys.stdin:
    record = json.loads(line)
    if sys.argv[1] in record and record["type"] != "end":
        print(record[sys.argv[1]])' "$1"
}

# of POLICY MEMBER: what `policy show` says.
of()
{
    l policy show "$1" | sed -nE "s/^$2: *//p"
}

sql()
{
    sqlite3 state/catalog.db "$@"
}

# audited EVENT TEXT: the last line of that kind says so.
audited()
{
    l audit list --json | grep "\"event\":\"$1\"" | tail -n 1 | has -F -- "$2" ||
        { l audit list >&2; fail "no line $1 with $2"; }
}

make_configuration()
{
    mkdir -p conf state tree/sub
    cat >"$conf" <<END
state = "$PWD/state"
drivers = { src_files, tgt_dir, key_file }
region east { target tgt_dir { path = $PWD/east } }
region west { target tgt_dir { path = $PWD/west } }
region north { target tgt_dir { path = $PWD/north } }
region deaf { receive = no  target tgt_dir { path = $PWD/deaf } }
notify admin { command = "cat >>$PWD/notices" }
END
    chmod 700 conf
    chmod 600 "$conf"
    l -q vault create main --region east --recovery-file "$PWD/r-main"
    l -q vault create other --region east --recovery-file "$PWD/r-other"
    l -q vault create copies --region west --role replication --recovery-file "$PWD/r-copies"
    seq 1000 >tree/file
    l -q source add tree src_files "path=$PWD/tree" --vault main
}

# Every setting with what is wrong: one line that names it.
bad_settings()
{
    local kind=backup setting code text
    while IFS='|' read -r kind setting code text; do
        [ -n "$kind" ] || continue
        refused 2 "$code" "$text" policy create p "$kind" "$setting"
    done <<'END'
backup|schedule=daily|schedule-invalid|'daily'
backup|schedule=daily 25:00|schedule-invalid|25:00
backup|schedule=daily 01:00,01:30|schedule-invalid|01:30
backup|schedule=weekly someday 02:00|schedule-invalid|someday
backup|schedule=cron 61 * * * *|schedule-invalid|61
backup|schedule=calendar Foo *-*-* 00:00|schedule-invalid|Foo
backup|schedule=interval 0|schedule-invalid|interval
backup|zone=Middle/Earth|no-such-time-zone|Middle/Earth
backup|jitter=often|policy-setting-invalid|jitter
backup|window=-1h|policy-setting-invalid|window
backup|catch-up=all|policy-setting-invalid|none or one
backup|timeout=soon|policy-setting-invalid|timeout
backup|full-every=101|policy-setting-invalid|full-every
backup|keep-count=0|policy-setting-invalid|1 to 99999
backup|keep-count=100000|policy-setting-invalid|99999
backup|keep-time=forever|policy-setting-invalid|keep-time
backup|keep-hourly=101|policy-setting-invalid|0 to 100
backup|keep-daily=-1|policy-setting-invalid|0 to 100
backup|keep-weekly=x|policy-setting-invalid|keep-weekly
backup|keep-monthly=1.5|policy-setting-invalid|keep-monthly
backup|keep-yearly=101|policy-setting-invalid|0 to 100
backup|keep-pick=best|policy-setting-invalid|last or first
backup|keep-min=-3d|policy-setting-invalid|keep-min
backup|keep-failed=many|policy-setting-invalid|keep-failed
backup|replicate-to=west|policy-setting-invalid|replicate-to
backup|consistency=total|policy-setting-invalid|none, crash or app
backup|hook-timeout=0|policy-setting-invalid|hook-timeout
backup|drill=never|policy-setting-invalid|drill
backup|drill-sample=0|policy-setting-invalid|1 to 100
backup|nice=20|policy-setting-invalid|0 to 19
backup|notify=nobody|policy-setting-invalid|nobody
backup|keep-cuont=7|policy-setting-invalid|keep-count
backup|keep-count|policy-setting-invalid|NAME=VALUE
backup|=7|policy-setting-invalid|NAME=VALUE
replication|mirror-to=west|policy-setting-invalid|mirror-to
replication|keep-count=7|policy-setting-invalid|replicate-to=REGION
END
    refused 1 no-such-region mars policy create p mirror-to=mars
    refused 1 region-cannot-receive deaf policy create p mirror-to=deaf
    refused 1 no-such-region mars policy create p replication replicate-to=mars
    refused 10 no-such-vault nosuch policy create p replication replicate-to=west \
        replicate-into=nosuch
    refused 1 destination-vault-unsuitable 'replication vault' policy create p replication \
        replicate-to=east replicate-into=main
    refused 1 no-such-policy nosuch policy create p after=nosuch
    refused 2 policy-setting-invalid 'thaw' policy create p freeze=true
    refused 2 policy-setting-invalid 'twice' policy create p keep-count=7 keep-count=8
    refused 2 retention-invalid keep-time policy create p keep-count=7 keep-time=30d
    refused 2 usage 'neither a kind' policy create p image
    # NAM-11
    refused 2 name-invalid 'is too long' policy create "$(printf 'p%.0s' {1..65})"
    refused 2 name-invalid 'of a policy contains the byte 0x20' policy create 'a b'
    [ "$(sql 'SELECT count(*) FROM policies')" = 0 ] || fail 'one of these was made'
}

create()
{
    l policy list | has 'no policies; `lagan policy create` makes one'
    l policy create nightly 'schedule=daily 02:00' zone=Europe/Berlin keep-count=7 keep-weekly=4 \
        --vault main | has 'policy nightly made; it holds for the vault main'
    audited policy-create 'keep-count=7'
    audited policy-create 'for vault main in region east'
    [ "$(of nightly kind)" = backup ]
    [ "$(of nightly enabled)" = yes ]
    [ "$(of nightly vaults)" = main ]
    [ "$(of nightly zone)" = Europe/Berlin ]
    l policy show nightly --json | has '"settings":{"keep-count":"7","keep-weekly":"4",'
    [ "$(l policy show nightly --json | grep -c '"type":"next_run"')" = 5 ]
    l policy list | has -E '^nightly +backup +yes +main .*the last 7'
    refused 1 name-taken "policy 'nightly' already" policy create nightly
    # SCH-03
    refused 1 vault-has-policy 'backup policy nightly does so already' \
        policy create second --vault main
    refused 10 no-such-vault nosuch policy create second --vault nosuch
    # MIR-03 is with the mirrors; replication vaults take replicas only.
    refused 1 policy-kind 'replication vault' policy create second --vault copies
    refused 2 usage '--new-vault' policy create second --type table
    refused 2 usage 'neither is given' policy create second --region east
    # SCH-02
    l -q policy create away replication replicate-to=west 'schedule=weekly sun 04:00' \
        after=nightly --vault main
    refused 2 usage 'only --wait' replica create --policy away --to west
    refused 1 policy-kind 'makes backups' replica create --policy nightly
    refused 1 no-such-policy nobody replica create --policy nobody
    refused 1 same-region west policy create back replication replicate-to=west --vault copies2 \
        --new-vault --region west --recovery-file r-copies2
    [ ! -e r-copies2 ] || fail 'a recovery file of a vault that was not made'
    # SCH-04
    echo 'limits { policies = 2 }' >>"$conf"
    l -q policy create two
    refused 1 too-many-policies 'there may be 2' policy create three
    sed -i '/^limits/d' "$conf"
    l -q policy delete two
}

# VLT-03: both or neither.
new_vault()
{
    local before
    l policy create fresh keep-time=30d --new-vault --vault fresh --region east \
        --recovery-file r-fresh >out
    expect_in out 'vault fresh made in region east'
    expect_in out 'policy fresh made; it holds for the vault fresh'
    [ "$(of fresh vaults)" = fresh ]
    before=$(find east -type f | wc -l)
    refused 1 name-taken "policy 'fresh'" policy create fresh --new-vault --vault v2 \
        --region east --recovery-file r2
    refused 1 name-taken 'fresh' policy create p2 --new-vault --vault fresh --region east \
        --recovery-file r2
    refused 1 policy-kind 'replication vault' policy create p2 --new-vault --vault v2 \
        --role replication --region west --recovery-file r2
    refused 2 policy-setting-invalid keep-count policy create p2 keep-count=x --new-vault \
        --vault v2 --region east --recovery-file r2
    [ ! -e r2 ] || fail 'a recovery file of a vault that was not made'
    [ "$(find east -type f | wc -l)" = "$before" ] || fail 'something was made in storage'
    expect 10 '' l vault show v2
    expect 1 '' l policy show p2
}

apply()
{
    l policy apply nightly other fresh >out 2>err && fail 'fresh has a policy'
    expect_in err 'fresh does so already'
    [ "$(of nightly vaults)" = 'main, other' ] || fail 'the first was not applied'
    audited policy-update 'holds for vault other'
    l -q policy apply nightly other # again is fine
    l policy withdraw nightly other | has 'does not hold for the vault other any more'
    refused 1 no-such-policy 'does not hold' policy withdraw nightly other
    l -q vault freeze other --reason rent
    refused 1 vault-state 'its state is frozen' policy apply nightly other
    l -q vault unfreeze other
    # DEL-11, DEL-09: what is purged has no policy and no jobs any more.
    l -q policy apply nightly other
    refused 1 policy-is-applied 'the policy nightly holds for it' vault delete other --yes
    l -q vault delete other --yes --force
    l -q vault purge other --yes --force
    [ "$(of nightly vaults)" = main ]
}

edit()
{
    l policy edit nightly keep-count=9 window=6h >out
    expect_in out 'policy nightly is changed'
    expect_in out 'old backups too'
    audited policy-update 'window=6h, keep-count=9 (was 7)'
    l policy edit nightly window= | has 'is changed'
    [ -z "$(l policy show nightly --json | head -n 1 | grep window)" ] || fail 'window stays'
    l policy edit nightly keep-count=9 | has 'is so already'
    refused 2 policy-setting-invalid keep-count policy edit nightly keep-count=x
    refused 2 policy-setting-invalid NAME=VALUE policy edit nightly keep-count
    refused 2 retention-invalid keep-time policy edit nightly keep-time=1y
    # SCH-13
    refused 1 policy-is-applied 'replicates 1 vaults to region west' \
        policy edit away replicate-to=north
    refused 2 policy-setting-invalid replicate-to policy edit away replicate-to=
    # SCH-09
    refused 2 policy-setting-invalid 'wait for itself' policy edit nightly after=away
    refused 2 policy-setting-invalid 'wait for itself' policy edit nightly after=nightly
    refused 1 policy-is-applied 'policy away runs after it' policy delete nightly --yes
    # Somebody else's change in between is told.
    [ "$(sql "SELECT revision FROM policies WHERE name = 'nightly'")" = 3 ]
}

run_by_hand()
{
    # SCH-08, TSK-12
    l policy disable nightly | has 'is disabled'
    [ "$(of nightly enabled)" = no ]
    l policy show nightly | has 'it is disabled; `lagan policy enable` ends that'
    l policy run nightly | has 'waits for a runner'
    audited policy-run nightly
    refused 1 policy-is-running 'is running already' policy run nightly
    l policy runs nightly | has -E 'nightly .*manual +waiting'
    l policy cancel nightly | has 'of policy nightly is cancelled' # TSK-20
    audited task-cancel nightly
    refused 1 conflict 'no run of the policy nightly is under way' policy cancel nightly
    l policy run nightly --wait >out 2>err || { cat out err >&2; fail 'the run'; }
    expect_in out 'of policy nightly: success'
    l policy runs nightly --json >out
    grep -q '"type":"job".*"operation":"backup","vault":"main","source":"tree","state":"success"' \
        out || { cat out >&2; fail 'its job'; }
    l policy runs --state success | has nightly
    [[ $(l backup list --vault main --json | member name) = autobk_???? ]] # NAM-07
    [ "$(l backup list --vault main --json | grep -c '"type":"backup"')" = 1 ]
    refused 2 usage 'it can be waiting' policy runs --state late
    refused 2 usage 'it is a number' policy runs --limit few
    refused 1 policy-has-no-vault fresh policy run fresh
    refused 1 no-such-policy nosuch policy run nosuch
    l policy enable nightly | has 'is enabled'
    # What cannot be read is left out, and said so.
    if [ "$(id -u)" != 0 ]; then
        chmod 0 tree/sub
        expect 3 '' l policy run nightly --wait
        chmod 755 tree/sub
    fi
}

# TSK-15: what cannot be backed up now does not hold up the others.
partly_skipped()
{
    mkdir -p cold
    l -q vault create cold --region east --recovery-file r-cold
    l -q source add cold src_files "path=$PWD/cold" --vault cold
    l -q policy apply nightly cold
    l -q vault freeze cold --reason rent
    expect 3 '' l policy run nightly --wait
    l policy runs nightly --limit 1 --json >out
    grep -q '"source":"cold","state":"skipped".*"code":"vault-state".*its state is frozen (rent)' out ||
        { cat out >&2; fail 'the reason'; }
    grep -q '"state":"partial","full":false.*"reason":"1 of 2 jobs done: ' out ||
        { cat out >&2; fail 'the run'; }
    l -q policy withdraw nightly cold
    l -q vault unfreeze cold
    echo more >>tree/file
}

# RET-18: what would go is shown first, and nothing goes without a confirmation.
edit_with_loss()
{
    local i
    for i in 1 2 3; do
        echo "$i" >>tree/file
        l -q policy run nightly --wait
    done
    refused 2 not-confirmed 'letting 3 of 5 backups go' policy edit nightly keep-count=2 keep-weekly=
    l policy edit nightly keep-count=2 keep-weekly= --json 2>err >out || :
    [ "$(grep -c '"type":"would_go"' out)" = 3 ] || { cat out >&2; fail 'what would go'; }
    [ "$(l policy show nightly --json | member settings | grep -c "'keep-count': '9'")" = 1 ]
    refused 2 not-confirmed 'letting 3 of 5' policy edit nightly keep-count=2 keep-weekly= \
        --confirm other
    l -q policy edit nightly keep-count=2 keep-weekly= --confirm nightly
    [ "$(l backup list --vault main --json | grep -c '"type":"backup"')" = 5 ]
}

# SCH-01, MIR-13: set at creation, by editing, and when it is applied.
mirrors()
{
    expect 1 'its mirror is not made' l policy create t mirror-to=west --new-vault --vault t \
        --plan trial --region east --recovery-file r-t
    expect_in err 'it is a trial'
    [ "$(of t vaults)" = t ] || fail 'the policy does not stand'
    l -q policy delete t --yes
    l policy edit nightly mirror-to=west >out
    expect_in out 'mirror [COPY]-main of vault main made in region west'
    l mirror show '[COPY]-main' --json | has '"source":"main"'
    # MIR-03
    refused 1 policy-on-mirror 'it is a mirror' policy apply fresh '[COPY]-main'
    refused 1 source-vault-already-has-replication '[COPY]-main in region west' \
        policy edit nightly mirror-to=north
    l policy edit nightly mirror-to= | has 'is changed'
    l mirror list | has 'COPY'
    l -q vault create third --region east --recovery-file r-third
    l -q policy edit fresh mirror-to=north
    l policy withdraw fresh fresh >out
    l policy apply fresh third | has -F 'mirror [COPY]-third of vault third made in region north'
    refused 1 source-vault-already-has-replication north policy edit fresh mirror-to=west
    l -q vault create lone --region east --recovery-file r-lone
    refused 1 same-region east policy create same mirror-to=east --vault lone
}

of_sources()
{
    l source set tree consistency=app before='echo hello' | has 'source tree is changed'
    audited source-update 'consistency=app, before=echo hello'
    l source show tree | has -E '^settings: +before=echo hello consistency=app'
    l source set tree before= --json | has '"settings":{"consistency":"app"}'
    refused 2 policy-setting-invalid 'it has consistency, before' source set tree keep-count=7
    refused 2 policy-setting-invalid 'none, crash or app' source set tree consistency=most
    refused 2 policy-setting-invalid thaw source set tree freeze=true
    refused 2 policy-setting-invalid NAME=VALUE source set tree before
    refused 1 no-such-source nosuch source set nosuch before=x
    l -q source set tree consistency=
}

completion()
{
    [ "$(lagan --complete --config "$conf" policy show n)" = nightly ]
    [ "$(lagan --complete --config "$conf" policy edit nightly keep-c)" = keep-count= ]
    [ "$(lagan --complete --config "$conf" policy apply nightly thi)" = third ]
    [ "$(lagan --complete --config "$conf" policy create x repl)" = "$(printf '%s\n' \
        replicate-to= replicate-into= replication)" ]
    [ "$(lagan --complete --config "$conf" source set tree f | sort | tr '\n' ' ')" = \
        'failed= finally= freeze= ' ]
    [ -z "$(lagan --complete --config "$conf" policy show nightly keep)" ]
}

# RET-11: a policy goes, its backups stay.
delete()
{
    refused 2 not-confirmed 'which holds for 1 vaults' policy delete away
    l -q policy delete away --confirm away
    l -q policy run nightly
    l policy delete nightly --yes | has 'its backups stay'
    audited policy-delete nightly
    expect 1 '' l policy show nightly
    l policy runs --json | has '"policy":"nightly","trigger":"manual".*"state":"cancelled"'
    [ "$(l backup list --vault main --json | grep -c '"type":"backup"')" = 5 ]
    l catalog check
    l audit verify
}

make_configuration
bad_settings
create
new_vault
apply
edit
run_by_hand
partly_skipped
edit_with_loss
mirrors
of_sources
completion
delete
