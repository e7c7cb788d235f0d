#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Inventories and batch jobs as people meet them: the layout of an inventory, read by a program that
# is not lagan; jobs made, refused with the reason, confirmed, run, paused, resumed, cancelled, by
# priority, killed at any moment, run again from what failed; by a runner, too.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program python3 gzip

objects=${LAGAN_TEST_OBJECTS:-250}
kills=${LAGAN_TEST_KILLS:-6}

l()
{
    lagan --config="$scratch/lagan.conf" "$@"
}

# refused STATUS TEXT COMMAND...
refused()
{
    local status=$1 text=$2
    shift 2
    expect_status "$status" l "$@" >out 2>&1
    expect_in out "$text"
}

# of JOB MEMBER: what `batch show` says.
of()
{
    l --json batch show "$1" |
        python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())[sys.argv[1]])' "$2"
}

# must_be JOB STATE
must_be()
{
    [ "$(of "$1" state)" = "$2" ] || { l batch show "$1" >&2; fail "$1 is not $2"; }
}

# wait_for JOB STATE
wait_for()
{
    local i
    for ((i = 0; i < 100; i++)); do
        [ "$(of "$1" state)" != "$2" ] || return 0
        sleep 0.1
    done
    must_be "$1" "$2"
}

cat >lagan.conf <<END
drivers = { "src_files", "tgt_dir", "key_file" }
state = "$scratch/state"
region local { target tgt_dir { path = "$scratch/vaults" } }
END
mkdir -p a/deep/er b other
for ((i = 0; i < objects; i++)); do
    printf '%0200d' $i >"a/deep/f$i"
done
printf 'x' >"a/deep/er/a b%c+d,\"e"
printf 'y' >$'a/\xc3\xa4\xff'
: >a/empty
l source add a src_files path="$scratch/a" >/dev/null
l source add b src_files path="$scratch/b" >/dev/null
count=$((objects + 3))

# ---- inventories (BAT-09 to BAT-12) ----

refused 2 'names have 1 to 64' inventory create 'a/b' a to="$scratch/lists"
refused 2 'to is missing' inventory create i a
refused 2 'daily or weekly' inventory create i a to="$scratch/lists" schedule='cron * * * * *'
refused 1 'no source' inventory create i a to=nowhere
l inventory create day.1 a to="$scratch/lists" to-prefix=pre rows=250 schedule=daily >out
l inventory run day.1 >out
expect_in out "$count entries in $scratch/lists/pre/lagan/a/day.1/"
l audit list | grep -q inventory-create
manifest=$(echo lists/pre/lagan/a/day.1/2*/manifest.json)
cat >check.py <<'END'
import csv, gzip, hashlib, io, json, os, sys, urllib.parse
top, manifest, tree = sys.argv[1:]
raw = open(manifest, 'rb').read()
checksum = open(os.path.join(os.path.dirname(manifest), 'manifest.checksum')).read()
assert checksum == hashlib.md5(raw).hexdigest()
told = json.loads(raw)
assert told['fileFormat'] == 'CSV' and told['sourceBucket'] == 'a', told
columns = told['fileSchema'].split(', ')
assert columns == ['Appid', 'Bucket', 'Key', 'Size', 'LastModifiedDate', 'ETag', 'StorageClass',
                   'IsMultipartUploaded', 'ReplicationStatus'], columns
keys = {}
for file in told['files']:
    data = open(os.path.join(top, file['key']), 'rb').read()
    assert len(data) == int(file['size'])
    assert hashlib.md5(data).hexdigest() == file['md5Checksum']
    assert hashlib.sha256(data).hexdigest() == file['sha256Checksum']
    for row in csv.reader(io.StringIO(gzip.decompress(data).decode())):
        assert len(row) == len(columns), row
        named = dict(zip(columns, row))
        assert named['Appid'] == 'lagan' and named['Bucket'] == 'a'
        keys[urllib.parse.unquote_to_bytes(named['Key'])] = int(named['Size'])
assert list(keys) == sorted(keys)
found = {}
for folder, _, names in os.walk(os.fsencode(tree)):
    for name in names:
        path = os.path.join(folder, name)
        found[os.path.relpath(path, os.fsencode(tree))] = os.path.getsize(path)
assert keys == found
assert int(told['listObjectCount']) == len(found) and len(told['files']) == (len(found) + 249) // 250
assert int(told['listStorageSize']) == sum(found.values())
END
python3 check.py lists "$manifest" a
l inventory create deep a to=b prefix=deep/er >out
l inventory run deep >out
expect_in out '1 entries in source:b/inventory/lagan/a/deep/'
l inventory delete deep >out
refused 1 'no inventory' inventory show deep
rm -rf b/inventory

# ---- jobs that are refused (BAT-02, 04, 05, 13, 16 to 19) ----

refused 2 'manifest is missing' batch create a b
refused 2 '0 to 2147483647' batch create a b manifest="$manifest" priority=2147483648
refused 2 'did you mean priority' batch create a b manifest="$manifest" prioritie=1
refused 2 'by ETag' batch create a b manifest="$manifest" profile=compat verify=checksum
refused 1 'No such file' batch create a b manifest="$scratch/nothing.csv"
refused 4 'is not the manifest' batch create a b manifest="$manifest" manifest-hash="$(printf '%064d' 0)"
printf 'a,empty\nc,deep/f1\n' >two.csv
l batch create a b manifest=two.csv token=two >out
refused 1 'two.csv:2: all objects of a job are in one bucket' batch run two
must_be two Failed
l batch create a b manifest="$manifest" token=large max-total=100 >out
refused 1 'max-total=unlimited' batch run large
must_be large Failed
printf 'a,empty\n' >changing.csv
l batch create a b manifest=changing.csv token=changing >out
printf 'a,deep/f1\n' >changing.csv
refused 4 'is not what it was' batch run changing

# ---- one that works, with a token and a confirmation ----

make_job()
{
    l batch create a b manifest="$manifest" token=first confirm-required=yes add-prefix=one/ \
        report="$scratch/first.csv" description='the first' "$@"
}
make_job >out
make_job | grep -q 'was made before' || fail 'the token made a second job'
refused 1 'in other words' batch create a b manifest="$manifest" token=first
l batch run first >out
expect_in out "has $count objects and waits for"
must_be first Suspended
refused 1 'cannot be paused' batch pause first
l batch confirm first >out
refused 1 'cannot be confirmed' batch confirm first
l batch run first >out
expect_in out "is Complete: $count of $count copied, 0 failed, 0 skipped"
diff -r a b/one
l batch list | grep -q 'the first'
[ "$(wc -l <first.csv)" -eq $((count + 1)) ]
[ "$(cut -d, -f 4 first.csv | sort | uniq -c | tr -s ' ')" = " 1 TaskStatus
 $count succeeded" ] || fail "the report is wrong: $(head -n 3 first.csv)"
l batch report first | diff - first.csv
refused 1 'nothing is left' batch resume first

# ---- what failed, and only that, again (BAT-12, 21, 27); rules for names (BAT-06) ----

printf 'Bucket,Key,Ignore\na,empty,1\na,deep/f1,2\na,missing,3\n' >some.csv
l batch create a b manifest=some.csv token=some add-prefix=two/ report-scope=failed \
    report="$scratch/some-report.csv" >out
expect_status 3 l batch run some >out 2>&1
expect_in out '2 of 3 copied, 1 failed'
[ "$(cut -d, -f 2,4-6 some-report.csv)" = 'Key,TaskStatus,ErrorCode,HTTPStatusCode
missing,failed,not-found,404' ] || fail "$(cat some-report.csv)"
echo now >a/missing
rm b/two/empty
id=$(l --json batch resume some | python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["id"])')
l batch run "$id" >out
expect_in out 'is Complete: 1 of 1 copied'
[ "$(cat b/two/missing)" = now ]
[ ! -e b/two/empty ] || fail 'a row that was done was done again'
rm a/missing
echo old >b/two/empty
for rule in fail skip rename overwrite; do
    printf 'a,empty\n' >empty.csv
    l batch create a b manifest=empty.csv token=$rule add-prefix=two/ exists=$rule >out
    expect_status "$([ $rule = fail ] && echo 3 || echo 0)" l batch run $rule >out 2>&1
    case $rule in
    fail) l batch report $rule | grep -q ',failed,exists,409,' ;;
    skip) l batch report $rule | grep -q ',skipped,,200,' ;;
    rename) l batch report $rule | grep -q 'two/empty%20%282%29' && [ -f 'b/two/empty (2)' ] ;;
    overwrite) l batch report $rule | grep -q ',succeeded,,200,' && [ ! -s b/two/empty ] ;;
    esac || fail "exists=$rule: $(l batch report $rule)"
    [ $rule = overwrite ] || [ "$(cat b/two/empty)" = old ] || fail "exists=$rule replaced it"
done
printf 'a,empty\n' >empty.csv
l batch create a b manifest=empty.csv token=when add-prefix=two/ modified-since=2100-01-01 >out
expect_status 3 l batch run when >out 2>&1
l batch report when | grep -q ',failed,precondition,412,' # BAT-23
l batch create a b manifest=empty.csv token=strip strip-prefix=other/ >out # BAT-26
expect_status 3 l batch run strip >out 2>&1

# ---- too many failures (BAT-20) ----

{
    for ((i = 0; i < 40; i++)); do
        echo "a,nothing/$i"
    done
} >none.csv
l batch create a b manifest=none.csv token=none failure-after=10 failure-rate=30 parallel=1 \
    max-total=unlimited >out
expect_status 1 l batch run none >out 2>&1
expect_in out '11 of 11 operations failed'
must_be none Failed

# ---- priority, pause, resume, cancel (BAT-17) ----

slow()
{
    l batch create a b manifest="$manifest" bandwidth=0:24:1 parallel=1 "$@" >out
}
slow token=low priority=1 add-prefix=low/
timeout 60 "$abs_top_builddir/run" lagan --config=lagan.conf batch run low >low.out 2>&1 &
wait_for low Active
l batch priority low 2 >out
l batch create a b manifest="$manifest" token=high priority=3 add-prefix=high/ >out
l batch run high >out
expect_in out "is Complete: $count of $count"
expect_status 5 wait $!
must_be low Paused
[ "$(of low held)" = False ]
timeout 60 "$abs_top_builddir/run" lagan --config=lagan.conf batch run low >low.out 2>&1 &
wait_for low Active
l batch pause low >out
expect_status 5 wait $!
must_be low Paused
l batch run low >out 2>&1 || true
must_be low Paused
done_before=$(of low succeeded)
l batch resume low >out
timeout 60 "$abs_top_builddir/run" lagan --config=lagan.conf batch run low >low.out 2>&1 &
wait_for low Active
l batch cancel low >out
expect_status 1 wait $!
must_be low Cancelled
[ "$(of low succeeded)" -ge "$done_before" ]
[ "$(l batch report low | tail -n +2 | wc -l)" -eq "$(of low succeeded)" ]
refused 1 'cannot be cancelled' batch cancel low

# ---- killed anywhere: nothing twice, nothing lost; a runner does the rest ----

l batch create a b manifest="$manifest" token=kill exists=fail add-prefix=kill/ parallel=4 >out
python3 - "$abs_top_builddir/run" "$scratch/lagan.conf" "$kills" <<'END'
import random, subprocess, sys
random.seed(3)
for i in range(int(sys.argv[3])):
    job = subprocess.Popen([sys.argv[1], 'lagan', '--config=' + sys.argv[2], 'batch', 'run', 'kill'],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        job.wait(0.02 + random.random() * 0.06)
    except subprocess.TimeoutExpired:
        job.kill()
        job.wait()
END
l run --once >out 2>&1
must_be kill Complete
[ "$(of kill succeeded)" -eq $count ]
diff -r a b/kill
l batch report kill | tail -n +2 >lines
[ "$(wc -l <lines)" -eq $count ]
[ "$(sed 's/.*,//' lines | sort -u | wc -l)" -eq $count ]

# ---- a runner makes the inventory of the next day, and works on jobs by priority ----

l batch create a b manifest="$manifest" token=second add-prefix=r2/ >out
l batch create a b manifest="$manifest" token=third priority=9 add-prefix=r3/ >out
before=$(l --json inventory show day.1)
with_time 90000 lagan --config=lagan.conf run --once >out 2>&1 || { cat out >&2; fail 'run --once'; }
must_be second Complete
must_be third Complete
diff -r a b/r3
[ "$before" != "$(l --json inventory show day.1)" ] || fail 'the inventory was not made again'
l catalog check >out
