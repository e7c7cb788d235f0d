#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A region burns down: three regions, one of them with three zones; a mirror that holds everything;
# then the source region, the catalog and its keys are gone, and one command brings it all back from
# the mirror's region.  Then a zone of that region is lost, too.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program jq

mirror='[COPY]-main'
delay=5400 # seconds that history is held

cat >lagan.conf <<.
state   = $PWD/state
drivers = { src_files, tgt_dir, key_file }
region east {
    domains { site = one }
    target tgt_dir { path = $PWD/east }
}
region west {
    domains { site = two }
    zone a { target tgt_dir { path = $PWD/west-a } }
    zone b { target tgt_dir { path = $PWD/west-b } }
    zone c { target tgt_dir { path = $PWD/west-c } }
}
region south {
    target tgt_dir { path = $PWD/south }
}
.
mkdir east west-a west-b west-c south source
export XDG_CONFIG_HOME=$PWD HOME=$PWD
l() { lagan --config lagan.conf "$@"; }

# field MEMBER: of the mirror.
field() { l mirror show "$mirror" --json | jq -r "select(.type == \"mirror\") | .$1"; }
# backups_of VAULT
backups_of() { l backup list --vault "$1" --json | jq -r 'select(.type == "backup") | .id' | sort; }
# next_backup N: changes the source and backs it up; what it was is kept beside.
next_backup()
{
    echo "state $1" >"source/state"
    head -c 20000 /dev/urandom >"source/file-$1"
    [ "$1" -lt 5 ] || rm -f "source/file-$(($1 - 4))"
    cp -a source "was-$1"
    l -q backup create "$PWD/source" --vault main --region east --name "backup-$1"
}
# check_restore N [OPTION...]: the backup is what the source was then.
check_restore()
{
    local n=$1
    shift
    rm -rf back
    l -q restore "$(backup_id "$n")" --to "$PWD/back" "$@"
    diff -r --no-dereference "was-$n" back || fail "backup $n is not what it was"
}
# notes_of FOLDER: names of what people have said of its vault.
notes_of() { find "$1" -path '*/notes/*' -type f -printf '%f\n' | sort; }
# words_are_back: the rebuild has brought back what was said of the vault that is gone.
words_are_back()
{
    expect_in rebuilt '1 policies are back, 0 of them disabled'
    expect_in rebuilt '1 backups are deleted still'
    [ "$(deleted)" = backup-21 ] || fail "deleted: $(deleted)"
    [ "$(l policy show yearly --json | jq -r 'select(.type == "policy") | .enabled')" = true ]
}
deleted() { l backup list --vault "$mirror" --state deleted --json | jq -r 'select(.type == "backup") | .name'; }
backup_id() { l backup list --vault "$mirror" --json | jq -r "select(.name == \"backup-$1\") | .id"; }

echo '== ten backups before the mirror'
l -q vault create main --region east --recovery-file recovery
for n in 1 2 3 4 5 6 7 8 9 10; do next_backup $n; done

echo '== the mirror: new backups flow at once, history waits'
l mirror create main --region west
[ "$(field state)" = waiting-history ] || fail "state $(field state)"
[ "$(field redundancy)" = zrs ] || fail 'the system chooses the redundancy (VLT-06)'
expect_status 1 l mirror create main --region south
expect_status 1 l vault delete main --region east --yes
l -q run --once
[ -z "$(backups_of "$mirror")" ] || fail 'history was not held (MIR-09)'
for n in 11 12 13 14 15; do
    next_backup $n
    l -q run --once
    [ "$(backups_of "$mirror" | wc -l)" = $((n - 10)) ] || fail "backup $n did not flow at once (MIR-08)"
done
[ "$(field state)" = waiting-history ] || fail "state $(field state)"
[ "$(field history_percent)" = 0 ] || fail "history $(field history_percent) %"

echo '== the destination is away for a while'
for zone in a b c; do mv west-$zone away-$zone; done
for n in 16 17 18; do next_backup $n; done
expect_status 5 l -q run --once
[ "$(field lag_backups)" = 13 ] || fail "lag of $(field lag_backups) backups"
for zone in a b c; do mv away-$zone west-$zone; done

echo '== after the delay history flows, and all that was owed'
with_clock $((delay + 60)) l -q run --once
for n in 19 20; do next_backup $n; done
with_clock $((delay + 120)) l -q run --once
[ "$(field state)" = in-sync ] || fail "state $(field state)"
[ "$(field history_percent)" = 100 ] || fail "history $(field history_percent) %"
diff <(backups_of main) <(backups_of "$mirror") || fail 'the mirror lacks backups (MIR-10)'
l mirror verify "$mirror" --depth objects
l -q run --once

echo '== what people say goes along: a policy, a backup that is deleted, one that was'
l -q policy create yearly backup keep-count=50 zone=UTC --vault main
for n in 21 22; do next_backup $n; done
for n in 21 22; do l -q backup delete backup-$n --vault main --region east --force; done
with_clock $((delay + 180)) l -q run --once
[ "$(notes_of west-a)" = "$(notes_of east)" ] || fail 'the mirror lacks notes'
l -q backup undelete backup-22 --vault main --region east
with_clock $((delay + 240)) l -q run --once
[ "$(notes_of west-a)" = "$(notes_of east)" ] || fail 'the mirror has notes that do not hold any more'
l mirror verify "$mirror"

echo '== the source region, the catalog and the keys of the source burn'
rm -rf east state keys/main.key
l catalog rebuild --region west >rebuilt
words_are_back
[ "$(backups_of "$mirror" | wc -l)" = 21 ] || fail 'the rebuild lacks backups'
for n in 1 10 11 16 20; do check_restore $n --vault "$mirror"; done
# Nobody writes to a mirror, with or without its source.
expect_status 1 l -q backup create "$PWD/source" --vault "$mirror"

echo '== the same with nothing but the recovery key'
rm -rf state keys
l catalog rebuild --region west --recovery-key "file:$PWD/recovery" >rebuilt
words_are_back
check_restore 20 --vault "$mirror" --recovery-key "file:$PWD/recovery"
# A mirror whose vault is gone takes a new key all the same.
l -q vault key add "$mirror" --recovery-key "file:$PWD/recovery" --new-key "key_file:path=$PWD/keys/new"
check_restore 20 --vault "$mirror"

echo '== a zone is lost, and another one after the repair'
rm -rf west-a
check_restore 20 --vault "$mirror" --recovery-key "file:$PWD/recovery"
check_restore 1 --vault "$mirror" --recovery-key "file:$PWD/recovery"
mkdir west-a
l region repair west
rm -rf west-b
check_restore 20 --vault "$mirror" --recovery-key "file:$PWD/recovery"
check_restore 1 --vault "$mirror" --recovery-key "file:$PWD/recovery"
mkdir west-b
l region repair west
l verify --vault "$mirror" --depth data --recovery-key "file:$PWD/recovery"

echo '== the mirror becomes a vault that is written to'
l -q mirror stop "$mirror" --yes --recovery-key "file:$PWD/recovery"
l policy show yearly --json | grep -F -q -- "$mirror" || fail 'the policy does not hold for it'
[ "$(deleted)" = backup-21 ] || fail 'what was deleted is not deleted any more'
l -q backup create "$PWD/source" --vault "$mirror" --recovery-key "file:$PWD/recovery"
[ "$(backups_of "$mirror" | wc -l)" = 22 ] || fail 'no backup after the end of the mirror'
l -q backup undelete backup-21 --vault "$mirror" --recovery-key "file:$PWD/recovery"
[ "$(backups_of "$mirror" | wc -l)" = 23 ] || fail 'what was deleted is not back'
check_restore 21 --vault "$mirror" --recovery-key "file:$PWD/recovery"
echo 'everything came back'
