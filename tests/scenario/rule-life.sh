#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# rule-life.sh - replication rules of objects from one place to another, requirement by
# requirement.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/rule-functions.sh"

setup_rules a b c far-away

# OBJ-09: what was there before is not copied.  OBJ-01, OBJ-17: what is new is, readable there.
put a old 'from before'
sleep 0.01
lagan_r rule create one a b >/dev/null
put a new 'hello' content-type=text/plain meta:who=me tag:team=blue storage-class=WARM
run_rule one listed 2 queued 1 copied 1 by_store 1
[ "$(newest b new)" = hello ]
[ ! -e store/b/old ]
[ "$(skipped one pre-existing)" = 1 ]

# OBJ-02, OBJ-11: content, metadata, tags, class; the version's id in a map and in the copy.
for line in content-type=text/plain meta:who=me tag:team=blue storage-class=WARM; do
    grep -qx "$line" store/b/new/* || fail "the copy lacks $line"
done
version=$(basename store/a/new/* | sed 's/.*@//')
copy=$(basename store/b/new/* | sed 's/.*@//')
lagan_r rule status one new --json >status
[ "$(member status version)" = "$version" ]
[ "$(member status copy_version)" = "$copy" ]
[ "$(member status status)" = COMPLETED ]
grep -q "^meta:lagan-origin=lagan1 rule=one .*version=$version\$" store/b/new/*

# Nothing new: nothing but a listing.
: >store/a/.requests
: >store/b/.requests
run_rule one queued 0 copied 0
[ -z "$(tr -d w <store/a/.requests)" ] || fail "requests: $(cat store/a/.requests)"
[ ! -s store/b/.requests ] || fail "requests there: $(cat store/b/.requests)"
rm store/a/.requests store/b/.requests

# Versions of a key in their order, the newest last; other keys beside them.
for i in 1 2 3 4 5; do put a many "version $i"; done
run_rule one queued 5 copied 5
[ "$(newest b many)" = 'version 5' ]
[ "$(versions b many)" = 5 ]

# OBJ-07: delete markers go along, in their turn; objects are never deleted there.
put a marked 1
delete a marked
put a marked 2
delete a many
run_rule one copied 2 markers 2
[ "$(newest b marked)" = 2 ]
[ "$(newest b many)" = '(deleted)' ]
[ "$(versions b many)" = 6 ]

# OBJ-08: versions that are deleted at the source stay at the destination.
find store/a/many -type f -delete
run_rule one copied 0 markers 0
[ "$(versions b many)" = 6 ]
# One that went before it was copied is none of ours.
put a gone x
lagan_r rule edit one every=1h >/dev/null
find store/a/gone -type f -delete
run_rule one queued 0
[ ! -e store/b/gone ]

# OBJ-10: a pair in both directions does not loop.
lagan_r rule create back b a >/dev/null
put b there 'made there'
run_rule back copied 1
before=$(($(versions a) + $(versions b)))
for i in 1 2 3; do
    run_rule one copied 0 markers 0
    run_rule back copied 0 markers 0
done
delete a there
run_rule one markers 1
run_rule back markers 0 copied 0
run_rule one markers 0 copied 0
[ $(($(versions a) + $(versions b))) -eq $((before + 2)) ]
[ "$(skipped one is-a-copy)" = 1 ]
# And not when the catalog is lost: copies say what they are.
put a pair x
run_rule one copied 1
mv state state.lost
mkdir state
for name in a b c; do
    lagan_r source add $name src_versions "$scratch/store/$name" >/dev/null
done
lagan_r source add far-away src_versions "$scratch/far-away-store/far-away" >/dev/null
lagan_r rule create back b a >/dev/null
lagan_r rule backfill back --since 2000-01-01 --json >pass
[ "$(member pass copied)" = 0 ] && [ "$(member pass markers)" = 0 ] ||
    fail "copies were copied back: $(head -n 1 pass)"
[ "$(newest a pair)" = x ]
[ "$(newest a marked)" = 2 ]
[ "$(newest a there)" = '(deleted)' ]
lagan_r rule delete back >/dev/null

# OBJ-09: rules are not transitive.
lagan_r rule create one a b >/dev/null
lagan_r rule create on b c >/dev/null
put a first x
run_rule one copied 1
run_rule on copied 0
[ ! -e store/c/first ]
[ "$(skipped on is-a-copy)" = 1 ]
lagan_r rule delete on >/dev/null

# OBJ-06: tags and prefixes.
lagan_r rule delete one >/dev/null
refused rule-tags-with-delete-marker rule create t a b tag=team=blue delete-marker=enabled
lagan_r rule create t a b prefix=doc tag=team=blue tag=kind=x >/dev/null
put a doc1 1 tag:kind=x tag:team=blue tag:z=1
put a doc2 2 tag:team=blue
put a doc3 3
put a other 4 tag:kind=x tag:team=blue
run_rule t copied 1
[ "$(newest b doc1)" = 1 ]
[ ! -e store/b/doc2 ]
[ "$(skipped t other-tags)" = 2 ]
delete a doc1
run_rule t markers 0
[ "$(skipped t delete-marker)" = 1 ]

# OBJ-05, OBJ-13: which rules may stand beside each other.
refused rule-prefixes-overlap rule create u a b prefix=doc1
refused rule-priorities-mixed rule create u a b prefix=x priority=3
refused rule-of-whole-bucket rule create u a b
refused name-taken rule create t a c prefix=x
lagan_r rule delete t >/dev/null
lagan_r rule create p a b prefix=p/ priority=2 >/dev/null
lagan_r rule create q a b prefix=p/q/ priority=1 class=COLD >/dev/null
refused rule-priority-taken rule create u a b prefix=z priority=1
put a p%2F1 1
put a p%2Fq%2F1 2
run_rule p copied 1 skipped 1
run_rule q copied 1
grep -qx storage-class=COLD store/b/p%2Fq%2F1/*
[ "$(skipped p other-rule)" = 1 ]
# A prefix can be widened to the whole, when there is no other.
refused rule-of-whole-bucket rule edit p prefix= priority=
lagan_r rule delete q >/dev/null
lagan_r rule edit p prefix= priority= >/dev/null
put a wide 1
run_rule p copied 1

# OBJ-03: versions at both ends, when it is made and ever after.
echo suspended >store/c/.versioning
refused destination-keeps-no-versions rule create v a c prefix=v
refused source-keeps-no-versions rule create v c a
echo none >store/a/.versioning
refused source-keeps-no-versions rule run p
lagan_r rule list --json | grep -q '"state":"enabled"'
rm store/a/.versioning
echo suspended >store/b/.versioning
put a late 1
refused destination-keeps-no-versions rule run p
refused rule-invalid rule run p
lagan_r rule list --json | grep -q '"state":"invalid","running":false,"reason":'
refused destination-keeps-no-versions rule enable p
rm store/b/.versioning
lagan_r rule enable p >/dev/null
run_rule p copied 1
[ "$(newest b late)" = 1 ]
refused rule-into-itself rule create v a a

# OBJ-12: off and on again covers what is new from then on; OBJ-16: the gap is filled.
put a waits 1
lagan_r rule disable p >/dev/null
refused rule-disabled rule run p
put a gap 1
put a gap 2
lagan_r rule enable p >/dev/null
put a on 1
run_rule p copied 1
[ ! -e store/b/gap ] && [ ! -e store/b/waits ]
[ "$(skipped p switched-off)" = 3 ]
lagan_r rule show p --json | grep -q '"type":"gap"'
lagan_r rule backfill p --since 1h --json >pass
[ "$(newest b gap)" = 2 ]
[ "$(newest b waits)" = 1 ]
[ "$(versions b gap)" = 2 ]
! lagan_r rule show p --json | grep -q '"type":"gap"'
# By difference: what the destination lacks, or has otherwise.
find store/b/on store/b/old -type f -delete
lagan_r rule backfill p --json >pass
[ "$(newest b old)" = 'from before' ]
[ "$(newest b on)" = 1 ]
lagan_r rule backfill p --json >pass
[ "$(member pass queued)" = 0 ] || fail "not equal: $(head -n 1 pass)"

# OBJ-14, OBJ-15: what fails is tried again, then given up, with its reason; retry; the lag.
lagan_r rule edit p attempts=2 rpo=1s >/dev/null
put a bad 1
put a good 1
echo bad >store/a/.broken
lagan_r rule delete p >/dev/null
lagan_r rule create f a far-away attempts=2 rpo=1h >/dev/null
put a bad 2
put a good 2
expect_status 3 lagan_r rule run f --json >pass
[ "$(member pass again)" = 1 ] && [ "$(member pass copied)" = 1 ]
[ "$(member pass by_store)" = 0 ] || fail "by the store: $(cat pass)"
[ "$(member pass pending)" = 1 ]
lagan_r rule status f bad --json >status
[ "$(member status status)" = PENDING ]
[ "$(member status attempts)" = 1 ]
sleep 1.1
expect_status 3 lagan_r rule run f --json >pass
[ "$(member pass failed)" = 1 ]
lagan_r rule status f --state failed --json >status
[ "$(member status key)" = bad ] && [ "$(member status class)" = io ]
expect_in status 'the content cannot be read'
lagan_r metrics >metrics
expect_in metrics 'lagan_rule_failed_objects{rule="f",source="a",destination="far-away",state="enabled"} 1'
rm store/a/.broken
lagan_r rule retry f >/dev/null
run_rule f copied 1 failed 0
[ "$(newest far-away bad)" = 2 ]
# Lag over its limit is a status of its own.
lagan_r rule edit f rpo=1s every=1h >/dev/null
run_rule f
sleep 1.2
expect_status 8 lagan_r rule show f >shown 2>&1
expect_in shown 'is behind by'

# OBJ-12: what is being copied when a rule is switched off is ended.
lagan_r rule edit f bandwidth=0:24:1 rpo= >/dev/null
put a slow x
truncate -s 40M store/a/slow/*
(timeout 60 "$abs_top_builddir/lagan" --driver-dir="$abs_top_builddir/test-drivers" \
    --config "$scratch/conf" rule run f --json >cut 2>&1 || echo $? >cut.status) &
pass=$!
for ((i = 0; i < 100; i++)); do
    ! lagan_r rule list --json | grep -q '"running":true' || break
    sleep 0.1
done
sleep 0.5
begun=$(date +%s)
lagan_r rule disable f >/dev/null
wait $pass
[ $(($(date +%s) - begun)) -le 10 ] || fail 'the pass went on'
expect_in cut '"cut":true'
[ ! -e far-away-store/far-away/slow ]
lagan_r rule enable f >/dev/null
lagan_r rule edit f bandwidth= >/dev/null
run_rule f copied 0
lagan_r rule backfill f --since 1h --json >pass
[ "$(stat -c %s far-away-store/far-away/slow/*)" -gt 41900000 ]

# OBJ-04: a whole configuration at once, or nothing of it.
lagan_r rule list a --json | grep '"type":"rule"' >rules
sed 's/"name":"f"/"name":"g"/; s/"to":"far-away"/"to":"b"/; s/"settings":{/&"prefix":"g\/",/' \
    rules >second
sed 's/"settings":{/&"prefix":"f\/","tag":["a=1","b=2"],/' rules >first
cat first second >both
lagan_r rule replace a both --json >replaced
[ "$(member replaced made)" = 1 ] && [ "$(member replaced changed)" = 1 ]
lagan_r rule list a --json | grep -c '"type":"rule"' | grep -qx 2
lagan_r rule list a --json | grep -q '"tag":\["a=1","b=2"\]'
cat rules second >bad # the first is for the whole source
refused rule-of-whole-bucket rule replace a bad
lagan_r rule list a --json | grep -c '"type":"rule"' | grep -qx 2
lagan_r rule replace a rules --json >replaced
[ "$(member replaced deleted)" = 1 ]
[ "$(lagan_r rule list a --json | grep -c '"type":"rule"')" = 1 ]
lagan_r audit list | grep -q 'rule-replace'

# A source that is the end of a rule stays.
refused conflict source remove a

# The runner does it by itself, each second here.
lagan_r rule edit f every=1s rpo= >/dev/null
put a once 1
lagan_r run --once >run.log 2>&1 || fail "$(cat run.log)"
[ "$(newest far-away once)" = 1 ]
lagan_r run >run.log 2>&1 &
runner=$!
cleanup_fn eval "kill -9 $runner 2>/dev/null || true"
sleep 1
put a live 1
for ((i = 0; i < 100; i++)); do
    [ ! -e far-away-store/far-away/live ] || break
    sleep 0.1
done
kill -TERM $runner
wait $runner || true
[ "$(newest far-away live)" = 1 ]
