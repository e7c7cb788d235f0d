#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Migrations as people meet them: a tree into a tree, into a bucket, and out of one; changes between
# passes; names that are taken (MIG-08); scope (MIG-04, MIG-07); failures that are listed, exported
# and tried again (MIG-09); kill -9 and on (MIG-12); the statement (MIG-14).
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
. "$abs_top_srcdir/tests/scenario/migrate-functions.sh"

count=${LAGAN_TEST_MIGRATE_FILES:-200}

l()
{
    lagan_with_test_drivers --config "$conf" "$@"
}

mkdir -p conf state a/sub a/x b c v1 v2
chmod 700 conf
cat >"$conf" <<END
state = "$PWD/state"
drivers = { src_files, src_versions, tgt_dir, key_file }
region east { target tgt_dir { path = $PWD/east } }
END
/usr/bin/python3 - "$count" <<'END'
import os, sys
for i in range(int(sys.argv[1])):
    with open("a/f%05d" % i, "w") as file:
        file.write("file %d\n" % i)
END
echo one >a/sub/one
echo two >a/sub-x
echo three >a/sub.b
: >a/empty
head -c 9000000 /dev/urandom >a/big
echo umlaut >"a/x/ü b+%"
ln -s big a/link
find a -exec touch -h -d '2 hours ago' {} +
for name in a b c; do
    l -q source add $name src_files path="$PWD/$name"
done
l -q source add v1 src_versions path="$PWD/v1"
l -q source add v2 src_versions path="$PWD/v2"
total=$((count + 6))

# What cannot be is said when it is made.
expect 2 'has 1 to 60' l migrate create 'no name' a b
expect 1 'itself' l migrate create x a a
expect 2 'did you mean prefix' l migrate create x a b prefx=1
expect 2 'expected' l migrate create x a b unit-files=1001
expect 1 'nothing' l migrate create x nothing b

# A tree into a tree: content, modes, times, links.
l -q migrate create copy a b
l -q migrate run copy
diff -r a b
[ "$(stat -c '%a %Y' a/big)" = "$(stat -c '%a %Y' b/big)" ] || fail 'mode or time of a copy'
[ "$(readlink b/link)" = big ] || fail 'a link'
is 'objects listed' $((total + 1)) "$(status copy listed)"
is 'state' success "$(status copy state)"
is 'the second pass copies' 0 "$(status copy copied)"
is 'complete' yes "$(attested copy complete)"

# Changes are found by the next run, and nothing else is copied.
echo changed >a/f00001
echo new >a/new
rm a/f00002
l -q migrate run copy
cmp a/f00001 b/f00001
cmp a/new b/new
[ -e b/f00002 ] || fail 'something was deleted at the destination'
l migrate report copy --json | python3 -c '
import json, sys
passes = [r for line in sys.stdin for r in [json.loads(line)] if r["type"] == "pass"]
assert [p["copied"] for p in passes][2:] == [2, 0], passes'
is 'others at the destination' 1 "$(attested copy other_objects)"

# Into a bucket, below a prefix; out of the bucket again, and by the store.
l -q migrate create up a v1 to-prefix=in/ verify=sample
l -q migrate run up
is 'left out' 1 "$(status up left_out)"
is 'complete' yes "$(attested up complete)"
is 'bytes' "$(attested up source_bytes)" "$(attested up target_bytes)"
l -q migrate create across v1 v2
l -q migrate run across
is 'complete' yes "$(attested across complete)"
l -q migrate create down v2 c prefix=in/
l -q migrate run down
diff <(cd a && find . -type f | sort) <(cd c/in && find . -type f | sort)
cmp a/big c/in/big
cmp 'a/x/ü b+%' 'c/in/x/ü b+%'

# Names that are taken: never, newer, and its other word.
echo mine >b/f00003
echo theirs >a/f00003
touch -d '3 hours ago' a/f00003
l -q migrate create keep a b exists=never prefix=f0000
l -q migrate run keep
is 'never' mine "$(cat b/f00003)"
l -q migrate create younger a b exists=skip prefix=f0000
l -q migrate run younger
is 'skip, with an older original' mine "$(cat b/f00003)"
touch a/f00003
l -q migrate run younger
is 'skip, with a newer original' theirs "$(cat b/f00003)"

# A scope by time.
rm -rf c/*
l -q migrate create late a c modified-since="$(date -d '90 minutes ago' +%Y-%m-%dT%H:%M:%SZ)"
l -q migrate run late
[ "$(cd c && find . -type f | sort | tr '\n' ' ')" = './f00001 ./f00003 ./new ' ] ||
    { find c >&2; fail 'a scope by time'; }

# Failures are named, exported, tried again by themselves; what worked is not sent again.
rm -rf c/*
printf '%s\n' in%2Ff00010 in%2Ff00011 >v1/.broken
l -q migrate create broken v1 c prefix=in/f0001
[ "$(status_of l migrate run broken)" = 3 ] || { cat err >&2; fail 'failures are no failure'; }
grep -q 'in/f00010' err || { cat err >&2; fail 'the failure is not named'; }
is 'state' partial "$(status broken state)"
is 'failures' 2 "$(status broken failures)"
l -q migrate report broken failures.csv >/dev/null
[ "$(wc -l <failures.csv)" = 3 ] || { cat failures.csv; fail 'the exported list'; }
grep -q '^"in/f00010",' failures.csv || fail 'the name of what failed'
find c -type f -printf '%p %T@ %i\n' | sort >before
rm v1/.broken
l -q migrate retry broken
is 'state' success "$(status broken state)"
is 'failures' 0 "$(status broken failures)"
find c -type f -printf '%p %T@ %i\n' | sort >after
[ -z "$(comm -23 before after)" ] || fail 'what had worked was sent again'
is 'complete' yes "$(attested broken complete)"

# A statement that is signed, and says so when something is missing.
l -q migrate attest broken statement >/dev/null
/usr/bin/python3 - statement <<'END'
import subprocess, sys
lines = open(sys.argv[1], "rb").read().splitlines(True)
members = dict(line.decode().rstrip("\n").split(": ", 1) for line in lines)
open("text", "wb").write(b"".join(lines[:-1]))
open("signature", "wb").write(bytes.fromhex(members["signature"]))
open("key.der", "wb").write(bytes.fromhex("302a300506032b6570032100" + members["public-key"]))
assert members["complete"] == "yes" and members["source-root"] == members["target-root"]
END
openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey key.der -in text -sigfile signature \
    >verified || fail 'the signature'
rm c/in/f00012
[ "$(status_of l migrate attest broken)" = 4 ] || fail 'a hole was not told'
is 'missing' 1 "$(attested broken missing)"

# Killed at any time it goes on, and ends with everything there.
for delay in 0.1 0.3 0.6; do
    rm -rf c && mkdir c
    name=killed-${delay/./}
    l -q migrate create "$name" a c unit-files=20 parallel=4 bandwidth=120
    killed_after "$delay" migrate run "$name"
    l -q migrate run "$name"
    diff -r a c || fail "after a kill after $delay s"
    is 'complete' yes "$(attested "$name" complete)"
done
[ "$(find c -name '*.lagan*' | wc -l)" = 0 ] || fail 'something was left behind'

# One process at a time; an end by hand.
l -q migrate delete killed-01 --yes
[ "$(status_of l migrate show killed-01)" = 1 ] || fail 'it is still there'
l -q migrate create slow a v2 bandwidth=1 to-prefix=slow/
timeout 60 "$abs_top_builddir/lagan" --driver-dir="$abs_top_builddir/test-drivers" \
    --config "$conf" -q migrate run slow >slow.out 2>&1 &
pid=$!
for _ in $(seq 100); do
    [ "$(status slow state)" != running ] || break
    sleep 0.1
done
expect 1 'another process' l migrate run slow
expect 1 'is at work' l migrate delete slow --yes
l -q migrate cancel slow
wait $pid || true
is 'state' cancelled "$(status slow state)"
l audit list --json | grep -q '"event":"migrate-cancel"' || fail 'no audit line'
