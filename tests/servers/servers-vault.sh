#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Vaults in buckets of two stores of different kind: backups, a mirror in the other store, a restore
# when the first store and its data are gone; two vaults in one bucket beside what is none of theirs;
# runs that are killed; pruning where versions are kept, and where a lock of the store holds objects.

. "${abs_top_srcdir:?run me through make check-servers}/tests/functions.sh"
. "$abs_top_srcdir/tests/servers/functions.sh"

requires 'python3-boto3' /usr/bin/python3 -c 'import boto3'
requires_program jq
claim_ports
start_server swift $((ports + 70))
swift=$LAGAN_S3_ENDPOINT swift_key=$LAGAN_S3_JSON_FILE
start_server rgw "$ports"
rgw=$LAGAN_S3_ENDPOINT rgw_key=$LAGAN_S3_JSON_FILE

export XDG_CONFIG_HOME=$PWD HOME=$PWD
# target REST-OF-PARAMETERS: in Ceph's gateway.
target()
{
    echo "target tgt_s3 { endpoint = \"$rgw\" credentials = \"file:$rgw_key\" $* }"
}
cat >lagan.conf <<END
state = $PWD/state
limits { undelete = 0 }
drivers = { src_files, tgt_s3, key_file }
region east { $(target bucket = east prefix = vaults) }
region west { target tgt_s3 {
    endpoint = "$swift" bucket = west prefix = "deep/er" credentials = "file:$swift_key"
} }
region kept { $(target bucket = kept) }
region locked { $(target bucket = locked lock = governance lock-for = 1h storage-class = STANDARD_IA) }
region missing { $(target bucket = missing) }
region unlocked { $(target bucket = east lock = compliance) }
END
l() { lagan --config lagan.conf "$@"; }
backups_of() { l backup list --vault "$1" --json | jq -r 'select(.type == "backup") | .id' | sort; }
# change N: of the source; what it was is kept beside.
change()
{
    head -c $((300000 * $1)) /dev/urandom >"source/file$1"
    ln -sf "file$1" source/link
    cp -a source "was$1"
}
# check_restore N VAULT [OPTION...]
check_restore()
{
    rm -rf back
    l -q restore latest --vault "$2" --to "$PWD/back" "${@:3}"
    diff -r --no-dereference "was$1" back || fail "what was backed up as number $1 came back otherwise"
}
mkdir source

echo '== a bucket that is missing, one without a lock, credentials that are wrong'
expect_status 1 l region check missing 2>err
expect_in err 'NoSuchBucket'
l -q vault create main --region east --recovery-file recovery
expect_status 1 l vault create never --region unlocked 2>err
expect_in err 'has no object lock'
sed 's/file:[^"]*"/file:bad"/' lagan.conf >bad.conf
echo '{"Version": 1, "AccessKeyId": "nobody", "SecretAccessKey": "nothing"}' >bad
chmod 600 bad
expect_status 1 lagan --config bad.conf region check east 2>err
expect_in err 'InvalidAccessKeyId'

echo '== how names are decided'
l vault create other --region east >made
l region check east | grep -q 'put if absent: *native' || fail 'RGW decides names, and it is not told'
l mirror create main --region west
l region check west | grep -q 'put if absent: *emulated' || fail 'Swift cannot decide names'

echo '== backups flow into the other store'
for n in 1 2 3; do
    change $n
    l -q backup create "$PWD/source" --vault main --region east
    l -q run --once
done
[ "$(backups_of main | wc -l)" = 3 ]
diff <(backups_of main) <(backups_of '[COPY]-main') || fail 'the mirror lacks backups'
check_restore 3 main
l -q verify --vault main --depth data
l -q mirror verify '[COPY]-main' --depth objects

echo '== two vaults in one bucket, and what is none of theirs'
/usr/bin/python3 -B - "$servers" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import bucket
s3 = bucket.store()
for key in ("vaults/main/packs/Foreign", "vaults/main/seals/zz/", "vaults/main/~", "else"):
    s3.put_object(Bucket="east", Key=key, Body=b"foreign")
END
l -q backup create "$PWD/source" --vault other --region east
[ "$(backups_of other | wc -l)" = 1 ]
l -q verify --vault main --depth objects
l -q verify --vault other --depth data

echo '== a backup that is killed: the next one works, and the vault is whole'
head -c 150000000 /dev/urandom >source/long
for delay in 0.15 0.3 0.6; do
    timeout -s KILL $delay "$abs_top_builddir/run" lagan --config lagan.conf -q \
        backup create "$PWD/source" --vault other --region east && break
done 2>/dev/null
l -q backup create "$PWD/source" --vault other --region east
rm -rf was4
cp -a source was4
check_restore 4 other
l -q verify --vault other --depth data
rm source/long

echo '== the first store is gone with its data, the catalog and the keys too'
bash "$servers/rgw.sh" stop "$scratch/rgw"
rm -rf "$scratch/rgw/osd" "$scratch/rgw/mon" state keys
l catalog rebuild --region west --recovery-key "file:$PWD/recovery" >rebuilt
[ "$(backups_of '[COPY]-main' | wc -l)" = 3 ] || fail 'the rebuild lacks backups'
check_restore 3 '[COPY]-main' --recovery-key "file:$PWD/recovery"
l -q verify --vault '[COPY]-main' --depth data --recovery-key "file:$PWD/recovery"
l -q mirror stop '[COPY]-main' --yes --recovery-key "file:$PWD/recovery"
change 5
l -q backup create "$PWD/source" --vault '[COPY]-main' --recovery-key "file:$PWD/recovery"
check_restore 5 '[COPY]-main' --recovery-key "file:$PWD/recovery"

echo '== pruning in Swift'
l -q backup delete latest~1 --vault '[COPY]-main' --force --recovery-key "file:$PWD/recovery"
l -q prune --vault '[COPY]-main' --recovery-key "file:$PWD/recovery"
check_restore 5 '[COPY]-main' --recovery-key "file:$PWD/recovery"

echo '== where versions are kept, pruning removes those that lagan has put'
start_server rgw "$ports" "$scratch/again"
bucket create kept --versions
l -q vault create kept --region kept
mkdir goes
head -c 700000 /dev/urandom >goes/file
l -q backup create "$PWD/goes" --vault kept --region kept --name first
l -q backup create "$PWD/was1" --vault kept --region kept --name second
l -q backup delete first --vault kept --region kept --force
l prune --vault kept --json >pruned
[ "$(jq -r 'select(.type == "prune") | .bytes_deleted' pruned)" -gt 500000 ] || fail 'nothing came back'
packs() { bucket versions kept | grep -c '/packs/' || :; }
shown() { bucket count kept kept/packs/; }
[ "$(packs)" = "$(shown)" ] || fail "versions of packs that are gone: $(bucket versions kept)"
check_restore 1 kept

echo '== what a lock of the store holds stays, and pruning goes on'
l -q vault create locked --region locked
l -q backup create "$PWD/was2" --vault locked --region locked --name first
l -q backup create "$PWD/was1" --vault locked --region locked --name second
l -q backup delete first --vault locked --region locked --force
for turn in 1 2; do
    l prune --vault locked --json >pruned
    [ "$(jq -r 'select(.type == "prune") | .objects_held' pruned)" -ge 1 ] || fail "turn $turn: $(cat pruned)"
    epochs=$(bucket digest locked locked/prune/ | wc -l)
    [ $turn = 1 ] || [ "$epochs" = "$before" ] ||
        fail "what is held is condemned again and again: $before, $epochs, $(cat pruned)"
    before=$epochs
done
l -q backup create "$PWD/was3" --vault locked --region locked
check_restore 3 locked
l -q verify --vault locked --depth data
/usr/bin/python3 -B - "$servers" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import bucket
s3 = bucket.store()
for o in s3.list_objects_v2(Bucket="locked")["Contents"]:
    try:
        mode = s3.get_object_retention(Bucket="locked", Key=o["Key"])["Retention"]["Mode"]
    except bucket.ClientError:
        mode = None
    free = "/sessions/" in o["Key"] or "/runs/" in o["Key"]
    assert mode == (None if free else "GOVERNANCE"), (o["Key"], mode)
    assert (o["StorageClass"] == "STANDARD_IA") == ("/packs/" in o["Key"]), o["Key"]
END
echo 'everything came back'
