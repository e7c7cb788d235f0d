#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Deletions of backups that people take back (DEL-10), the time of one that they extend (RET-15),
# what several have to approve of (DEL-12), and policies: all of it is in the vault, and known
# again when the catalog was lost.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"

day=86400
passed=0 # seconds since the test began, for both clocks

# a WORDS...: lagan at the time of the test.
a()
{
    BOOT_SHIFT=$passed with_clock "$passed" l "$@"
}

# names WORDS...: the names of backups that a list has.
names()
{
    a backup list --json "$@" | python3 -c '
import json, sys
print(*sorted(r["name"] for r in map(json.loads, sys.stdin) if r["type"] == "backup"))'
}

# member NAME: of each policy among the JSON records on standard input.
member()
{
    python3 -c '
import json, sys
for line in sys.stdin:
    record = json.loads(line)
    if record["type"] == "policy":
        print(record[sys.argv[1]])' "$1"
}

# lose_catalog: as an accident does, then what brings it back.
lose_catalog()
{
    rm -f state/catalog.db state/catalog.db-*
    a catalog rebuild >rebuilt
}

make_world()
{
    initialise --region east --vault main
    mkdir tree
    a -q source add tree src_files path="$PWD/tree" --vault main
    for name in one two three; do
        passed=$((passed + 60))
        head -c 300000 /dev/urandom >"tree/$name"
        a -q backup create tree --name $name
        rm "tree/$name"
    done
}

comes_back()
{
    expect 1 '--force' a backup delete three
    a backup delete one --reason 'by mistake' >out
    expect_in out 'lagan backup undelete'
    [ "$(names)" = 'three two' ] && [ "$(names --all)" = 'one three two' ]
    [ "$(names --state deleted)" = one ]
    expect 2 'it can be available' a backup list --state gone
    # It is nobody's to read, and all that it needs stays.
    expect 1 'is deleted; `lagan backup undelete' a restore one --to "$PWD/out-one"
    expect 1 'is deleted already' a backup delete one
    a backup show one | has 'by mistake'
    a policy explain one >out
    expect_in out 'deleted, until 20'
    a vault show main --json | has '"backups_deleted":1'
    a -q prune
    a -q verify --depth data
    a -q backup undelete one
    [ "$(names)" = 'one three two' ]
    a -q restore one --to "$PWD/out-one"
    expect 1 'is not deleted' a backup undelete one
}

goes_for_good()
{
    a -q backup delete one two
    passed=$((passed + 13 * day))
    a -q run --once
    [ "$(names --all)" = 'one three two' ]
    a -q backup undelete two
    passed=$((passed + day))
    a -q run --once
    [ "$(names --all)" = 'three two' ] || fail 'it is still there, or too much went'
    a policy explain one | has 'its time to be brought back is over'
    # Not with --now without a word more, and then at once.
    expect 2 'is not confirmed' a backup delete two --now
    a -q backup delete two
    a -q backup delete two --now --confirm main
    [ "$(names --all)" = three ]
    a -q verify --depth data
    a audit list --json >out
    expect_in out '"backup-undelete"'
    a -q prune
    a audit list --json >out
    expect_in out '"event":"prune"'
}

extended()
{
    a -q backup create tree --name four
    expect 2 'needs --until' a backup extend three
    a backup extend three --until 90d --reason 'for the court' >out
    expect_in out 'is kept until'
    expect 1 'somebody has extended its time' a backup delete three
    a -q policy create daily backup keep-count=1 zone=UTC --vault main
    a policy explain three --json | has '"kept_until":"20'
    a backup show three --json | has '"kept_until":"20'
    expect 2 '--reason has to say why' a backup extend three --until 10d
}

# The catalog is lost: what people have said comes back.
rebuilt()
{
    a -q backup delete four --force
    a -q policy create away replication replicate-to=west keep-count=7 zone=UTC --vault main
    a -q policy disable away
    a -q policy edit daily keep-count=5 schedule='daily 02:00'
    a -q source set tree before=true
    a -q policy disable daily
    a catalog export >before
    a policy show daily --json | has '"schedule":"daily 02:00"'
    lose_catalog
    a catalog export >after
    diff before after || fail 'the rebuilt catalog knows less'
    expect_in rebuilt '2 policies are back, 2 of them disabled as they were'
    expect_in rebuilt '1 backups are deleted still'
    expect_in rebuilt '1 sources are bound to it again'
    [ "$(names)" = three ] && [ "$(names --state deleted)" = four ]
    a -q backup undelete four
    expect 1 'somebody has extended its time' a backup delete three
    a source show tree --json | has '"before":"true"'
    # Twice is as good as once, and what the catalog knows stands.
    a -q policy enable daily
    a -q policy withdraw away main
    a -q policy delete away --yes
    a catalog export >before
    a -q catalog rebuild
    a catalog export >after
    diff before after || fail 'a second rebuild has changed something'
    lose_catalog
    expect_in rebuilt '1 policies are back, 0 of them disabled'
    a catalog export >after
    diff before after || fail 'the policy that is gone is back'
    # In a vault without a lock what was extended can be taken back, with a reason.
    a -q backup extend three --until 0 --reason 'the case is closed'
    lose_catalog
    a -q backup delete three
    a -q backup undelete three
}

# Policies as a file, for those who want one.
imported()
{
    a policy list --json >policies
    a -q policy withdraw daily main
    a -q policy delete daily --yes
    a policy import policies | has 'policy daily is made, enabled'
    a policy list --json >again
    for key in name kind enabled vaults settings; do
        diff <(member "$key" <policies) <(member "$key" <again) || fail "not the same $key"
    done
    expect 1 'there is a policy' a policy import policies
    : >none
    expect 2 'has no policy' a policy import none
    echo '{"type":"policy",' >broken
    expect 2 'line 1' a policy import broken
}

# request: the id of the newest one that waits.
request()
{
    a approval list --json | python3 -c '
import json, sys
print(next(r["id"] for r in map(json.loads, sys.stdin) if r["type"] == "approval_request"))'
}

approved()
{
    local keys=()
    for who in ann bob eve; do
        keys+=("$who=$(a -q approval key "$PWD/key-$who")")
    done
    expect 1 '' a approval key "$PWD/key-ann"
    expect 2 'is not confirmed' a vault approvers main --need 2 "${keys[@]}"
    a -q vault approvers main --need 2 "${keys[@]}" --yes
    a vault approvers main | has eve
    expect 7 'needs 2 approvals, and has 0' a backup delete three
    expect 7 'needs 2 approvals' a vault delete main --yes --force
    expect 7 'needs 2 approvals' a vault approvers main --need 0 --yes
    expect 7 'needs 2 approvals' a policy edit daily keep-count=1 --yes
    for id in $(a approval list --json | grep -o '"id":"[0-9a-f]*"' | cut -d '"' -f 4); do
        a -q approval cancel "$id"
    done
    expect 7 'needs 2 approvals, and has 0' a backup delete three
    id=$(request)
    a approval grant "$id" "$PWD/key-ann" | has '1 more have to'
    expect 1 'already' a approval grant "$id" "$PWD/key-ann"
    expect 7 'needs 2 approvals, and has 1' a backup delete three
    # Who approves is in the vault, too.
    a -q approval grant "$id" "$PWD/key-eve"
    a -q backup delete three
    a -q backup undelete three
    lose_catalog
    expect_in rebuilt '3 approvers are asked again'
    expect 7 'needs 2 approvals, and has 0' a backup delete three
    a audit list --json >out
    expect_in out '"approval-request"'
    [ "$(stat -c %a key-ann)" = 600 ]
}

make_world
comes_back
goes_for_good
extended
echo "region west { target tgt_dir { path = $PWD/west } }" >>"$conf"
a -q vault create copies --region west --role replication --recovery-file "$PWD/recovery-copies"
rebuilt
imported
approved
