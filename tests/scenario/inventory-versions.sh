#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Inventories of a place that keeps versions: all of them with markers, tags, what rules of
# replication have made of each; a batch job with such an inventory copies the latest ones.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/rule-functions.sh"
requires_program python3 zcat

setup_rules a b c
put a old 'from before' storage-class=COLD
sleep 0.01
lagan_r rule create one a b >/dev/null
put a many 1
put a many 2 tag:team=blue 'tag:a b=c&d'
put a gone 1
delete a gone
lagan_r rule run one >/dev/null
put a late 1

# list NAME SETTING...: makes an inventory of place a, and its rows into `rows`.
list()
{
    local name=$1
    shift
    lagan_r inventory create "$name" "${source-a}" to="$scratch/lists" "$@" >/dev/null
    lagan_r inventory run "$name" >out
    manifest=$(echo lists/inventory/lagan/*/"$name"/2*/manifest.json)
    columns=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["fileSchema"])' "$manifest")
    zcat lists/inventory/lagan/*/"$name"/data/*.csv.gz >rows
}

# cells COLUMN...: of all rows, by heading.
cells()
{
    python3 - "$columns" "$@" <<'END'
import csv, sys
columns = sys.argv[1].split(', ')
for row in csv.reader(open('rows')):
    print(' '.join(row[columns.index(name)] or '-' for name in sys.argv[2:]))
END
}

list all versions=all fields=size,class,replication,tag
[ "$columns" = 'Appid, Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, StorageClass, ReplicationStatus, Tag' ]
cells Key IsLatest IsDeleteMarker Size Tag | diff - <(cat <<'END'
gone false false 1 -
gone true true 0 -
late true false 1 -
many false false 1 -
many true false 1 a%20b=c%26d&team=blue
old true false 11 -
END
) || fail 'versions'
[ "$(cells StorageClass | sort -u | tr '\n' ' ')" != '- ' ] || fail 'no classes'
cells Key IsLatest ReplicationStatus | diff - <(cat <<'END'
gone false COMPLETED
gone true COMPLETED
late true -
many false COMPLETED
many true COMPLETED
old true -
END
) || fail 'replication status'
[ "$(cells VersionId | grep -c '^[um]')" -eq 6 ]
source=b list copies versions=all
[ "$(cells ReplicationStatus | sort | uniq -c | tr -s ' ')" = ' 4 REPLICA' ] ||
    { cells Key IsDeleteMarker ReplicationStatus >&2; fail 'copies'; }

# Only current ones, without columns of versions; a prefix.
list now
[ "$(cells Key | tr '\n' ' ')" = 'late many old ' ]
! grep -q VersionId <<<"$columns"
list some prefix=ma versions=all
[ "$(cells Key | tr '\n' ' ')" = 'many many ' ]

# The latest versions, by their ids.
lagan_r batch create a c manifest="$(echo lists/inventory/lagan/*/all/2*/manifest.json)" token=t >/dev/null
put a many 3
lagan_r batch run t >out || { cat out >&2; lagan_r batch report t >&2; fail 'batch run'; }
[ "$(newest c many)" = 2 ] || fail "the copy is not of the version in the inventory"
[ "$(newest c old)" = 'from before' ]
[ "$(versions c)" -eq 3 ]
lagan_r batch report t | cut -d , -f 3 | grep -c '^u' | grep -qx 3
