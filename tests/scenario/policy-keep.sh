#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What keeps backups and lets them go, as people meet it: by the rules of a policy, held by
# hand, by the newest's right, by a brake, and whatever the clock says.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"

day=86400
passed=0 # seconds since the test began, for both clocks, besides those that it takes

# later SECONDS: so much time passes.
later()
{
    passed=$((passed + $1))
}

# ahead SECONDS WORDS...: lagan, with the wall clock alone so far ahead.
ahead()
{
    local seconds=$1
    shift
    BOOT_SHIFT=$passed with_clock $((passed + seconds)) l "$@"
}

# a WORDS...: lagan at the time of the test.
a()
{
    ahead 0 "$@"
}

# member NAME: of each JSON record on standard input that has it.
member()
{
    python3 -c '
import json, sys
for line in sys.stdin:
    record = json.loads(line)
    if sys.argv[1] in record and record["type"] != "end":
        print(record[sys.argv[1]])' "$1"
}

count()
{
    a backup list --vault main --json | member id | wc -l
}

id_of()
{
    a backup list --vault main --json | member id | sed -n "$1p"
}

# explained ID STAYS RULE: what policy explain says.
explained()
{
    a policy explain "$1" --json >out || cat out
    [ "$(member stays <out)" = "$2" ] && [ "$(member rule <out)" = "$3" ] ||
        { cat out >&2; fail "backup $1: not $3"; }
}

make_world()
{
    initialise --region east --vault main
    mkdir tree
    seq 2000 >tree/numbers
    a -q source add tree src_files path="$PWD/tree" --vault main
}

# days N: a run of the policy on each of so many days.
days()
{
    for ((i = 0; i < $1; i++)); do
        later $day
        echo "$passed" >tree/day
        a -q policy run daily --wait
    done
}

by_rules()
{
    a -q policy create daily backup keep-count=3 zone=UTC --vault main
    days 5
    [ "$(count)" = 5 ]
    a policy expire main --dry-run --json >out
    [ "$(member id <out | wc -l)" = 2 ]
    [ "$(count)" = 5 ]
    first=$(id_of 1)
    second=$(id_of 2)
    explained "$first" False not-kept
    explained latest True newest
    explained latest~1 True keep-count
    # RET-04: one by hand stays, and takes nobody's place.
    a -q backup create --vault main tree --name by-hand
    explained by-hand True manual
}

holds()
{
    a -q backup hold "$first" --reason 'for the audit'
    explained "$first" True pinned
    has 'for the audit' <out
    expect 1 'for the audit' a backup delete "$first" --vault main
    # RET-13, DEL-06
    expect 1 'is the newest of tree; --force' a backup delete by-hand --vault main
    expect 1 'nobody holds' a backup release "$second"
    a policy expire main --json >out
    [ "$(member id <out)" = "$second" ]
    [ "$(count)" = 5 ]
    # RET-18: of one that is gone, too.
    explained "$second" False not-kept
    has '"policy":"daily"' <out
    a -q backup release "$first"
    explained "$first" False not-kept
    a -q policy expire main
    [ "$(count)" = 4 ]
    a -q backup delete by-hand --vault main --force --now --yes --reason 'made for a test'
    explained by-hand False by-hand
    has 'made for a test' <out
    a audit list --json | member event >events
    for event in backup-hold backup-release backup-delete; do
        has -x "$event" <events
    done
}

# I10: nothing goes by a clock that was set.
clocks()
{
    a -q policy edit daily keep-count= keep-time=10d --yes
    days 2
    before=$(count)
    for seconds in $((20 * day)) $((50 * 365 * day)); do
        expect 7 'ahead of the time that has passed' ahead "$seconds" -q policy expire main
    done
    expect 7 'was set back' ahead $((-3 * day)) -q policy expire main
    [ "$(count)" = "$before" ]
    # Ten days later by both clocks the time of the last but one has come.
    later $((10 * day))
    last=$(id_of "$before")
    a -q policy expire main
    [ "$(count)" = $((before - 1)) ]
    explained "$last" True newest
    # A clock that is ahead by right, as somebody says: a machine that was off for long.
    a -q policy edit daily keep-time=2d --yes
    days 2
    expect 7 'ahead of the time' ahead $((40 * day)) -q policy expire main
    ahead $((40 * day)) -q policy release --clock
    ahead $((40 * day)) -q policy expire main
    [ "$(count)" = 4 ] # three that never had a time, and the newest
    a -q policy release --clock
}

# A burst waits until somebody says that it was meant.
brakes()
{
    a -q policy edit daily keep-time= keep-count=20 --yes
    days 12
    before=$(count)
    [ "$before" = 16 ]
    a -q policy edit daily keep-count=2 --yes
    # Who said so a moment ago is not asked again; days later he is.
    a policy expire main --dry-run | has '14 of 16 backups would go'
    later $((2 * day))
    expect 7 'lagan policy release main' a -q policy expire main
    [ "$(count)" = "$before" ]
    expect 7 'lagan policy release main' a -q policy expire main
    a -q policy release main
    expect 1 'nothing to release' a policy release main
    a -q policy expire main
    [ "$(count)" = 2 ]
    expect 2 'say which vault' a policy release
}

# RET-14: while the next backup is made, nobody takes the last one away from under it.
in_use()
{
    cat >try.sh <<END
#!/bin/sh
"$abs_top_builddir/run" lagan --config "$conf" backup delete latest --vault main --force \
    >"$PWD/tried" 2>&1
echo \$? >>"$PWD/tried"
END
    chmod +x try.sh
    a -q policy edit daily freeze=true thaw="$PWD/try.sh" --yes
    before=$(count)
    days 1
    expect_in tried 'the next backup of tree builds upon it'
    expect_in tried 1
    [ "$(count)" = $((before + 1)) ]
    a -q policy edit daily freeze= thaw= --yes
}

# RET-05: replicas go by the rules of the policy that has brought them, those by hand stay.
replicas()
{
    echo "region west { target tgt_dir { path = $PWD/west } }" >>"$conf"
    a -q vault create copies --region west --role replication --recovery-file "$PWD/r-copies"
    a -q policy create away replication replicate-to=west keep-count=1 zone=UTC --vault main
    oldest=$(id_of 1)
    a -q replica create "$oldest" --vault main --to west --name by-hand --wait
    a -q policy run away
    a -q run --once
    days 2
    a -q policy run away
    a -q run --once
    a policy expire copies --json >out
    a backup list --vault copies --json | member policy >policies
    [ "$(grep -cx away policies)" = 1 ] && [ "$(grep -cx None policies)" = 1 ] ||
        { cat policies; fail 'not the replicas that had to stay'; }
    a policy explain by-hand --vault copies --json | has '"rule":"manual"'
}

# What backups say of their policy is in the vault, and known again.
rebuilt()
{
    a backup show latest --vault main --json >out
    has '"policy":"daily"' <out
    a catalog export >before
    mv state/catalog.db lost.db
    rm -f state/catalog.db-*
    a -q catalog rebuild
    a catalog export >after
    diff before after || fail 'the rebuilt catalog knows less of the backups'
}

make_world
by_rules
holds
clocks
brakes
in_use
replicas
rebuilt
