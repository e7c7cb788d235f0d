#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A region of three zones survives the loss of each (VLT-05, INT-03), is repaired, and tells what
# it is and allows (LOC-01, LOC-02, LOC-05, LOC-06, LOC-10).
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"

umask 022
cat >lagan.conf <<END
state = $PWD/state
drivers = { src_files, tgt_dir, key_file }
region west {
    projects = { main, lab }
    default-project = lab
    domains { site = dresden  power = drewag }
    destinations = { east }
    zone a { target tgt_dir { path = $PWD/a } }
    zone b { target tgt_dir { path = $PWD/b } }
    zone c { target tgt_dir { path = $PWD/c } }
}
region east { domains { power = drewag }  target tgt_dir { path = $PWD/east } }
region north { receive = no  target tgt_dir { path = $PWD/north } }
END
l() { lagan --config "$PWD/lagan.conf" "$@"; }

# objects ZONE: the names of what a zone holds.
objects()
{
    (cd "$1/v" && find . -type f ! -path './@lagan*' | sort)
}

# full: every pack in two zones, everything else in three.
full()
{
    { objects a; objects b; objects c; } | sort | uniq -c >counts
    awk '$2 ~ /^.\/packs\// && $1 < 2 || $2 !~ /^.\/packs\// && $1 != 3' counts >few
    [ ! -s few ] || { cat few; return 1; }
}

# same_tree PLACE: what was restored there is what was backed up.
same_tree()
{
    l restore latest --vault v --to "$1" >out 2>err || { cat out err; fail "restore to $1"; }
    diff -r source "$1" || fail "$1 differs"
}

# ---- what the configuration says can be asked for (LOC rows)
l region show west --json >show
expect_in show '"redundancy":"zrs","zones":3'
expect_in show '"cross_region":true,"zrs":true,"lrs":false,"policies":true'
expect_in show '{"type":"project","name":"lab","default":true}'
expect_in show '{"type":"project","name":"main","default":false}'
expect_in show '"name":"east","allowed":true,"shares":"power"'
expect_in show '"name":"north","allowed":false'
expect_in show '"code":"region-cannot-receive"'
l region show east --json >show
expect_in show '"redundancy":"lrs","zones":1'
expect_in show '"name":"west","allowed":true'
l region show north --json >show
expect_in show '"receive":false'
expect_status 1 l region repair east 2>err
expect_in err 'has one zone'

# ---- a vault in three zones
mkdir -p a b c source
for i in $(seq 40); do
    head -c 100000 /dev/urandom >"source/file $i"
done
l vault create v --region west --pack-size 256K --recovery-file recovery >out
l vault show v --json | grep -q '"redundancy":"zrs"' || fail 'VLT-05: not recorded'
l backup create source --vault v >out
[ "$(find a/v/packs -type f | wc -l)" -gt 3 ]
full || fail 'not in all zones'
l region check west >out 2>err
expect_in err 'the zones a and b lie on one device'
l verify --vault v >out
expect_in out 'nothing is wrong'

# ---- a zone is gone: reading, and writing, go on; verify says what is missing
rm -rf b
same_tree one
expect_status 5 l region check west >out 2>err
grep -A1 '^name: *b' out | grep -q missing || fail 'the missing zone is not named'
l verify --vault v --depth data >out 2>err
expect_in out 'warning: b: this zone is missing'
expect_in out 'objects are in fewer zones than they should be; `lagan region repair` mends that'
expect_in err 'the zone b is missing, the others stand in for it'
# The catalog may be gone, too.
rm -rf state
l catalog rebuild --region west >out 2>err
same_tree two
l catalog check >out 2>err
l vault show v --json | grep -q '"redundancy":"zrs"' || fail 'VLT-05: not rebuilt'
echo more >source/more
l backup create source --vault v >out 2>err

# ---- repaired, whole, and again nothing to do
mkdir b
l region repair west --json >out
expect_in out '"vault":"v"'
expect_in out '"lost":0,"zones":3,"zones_missing":0'
full || fail 'not repaired'
l region repair west --vault v --json >out
expect_in out '"copied":0,"copied_bytes":0,"replaced":0,"lost":0'
l verify --vault v >out
expect_in out 'nothing is wrong'

# ---- each other zone in turn
for zone in a c; do
    rm -rf "$zone"
    same_tree "without $zone"
    mkdir "$zone"
    l region repair west >out
    full || fail "not repaired: $zone"
done
python3 - <<'END' || fail 'the repairs are not in the audit log'
import sqlite3
lines = sqlite3.connect("state/catalog.db").execute(
    "SELECT count(*) FROM audit WHERE event = 'zone-repair' AND subject = 'v'").fetchone()
raise SystemExit(lines[0] != 4)
END

# ---- a damaged copy is found and made anew from the good one
pack=$(find a/v/packs -type f | head -n 1)
chmod u+w "$pack"
printf X | dd of="$pack" bs=1 seek=1000 conv=notrunc status=none
l region repair west --json >out
expect_in out '"replaced":0'
l region repair west --depth objects --json >out
expect_in out '"zone":"a","message":"the copy is damaged and is made anew"'
expect_in out '"replaced":1,"lost":0'
l region repair west --depth objects --json >out
expect_in out '"replaced":0,"lost":0'

# ---- no sound copy: named, status 4
for copy in {a,b,c}/"${pack#a/}"; do
    [ -e "$copy" ] || continue
    chmod u+w "$copy"
    printf X | dd of="$copy" bs=1 seek=1000 conv=notrunc status=none
done
expect_status 4 l region repair west --depth objects >out
expect_in out "${pack#a/v/}: no zone has a sound copy"

# ---- two zones are gone: refused, temporary
rm -rf a b
expect_status 5 l verify --vault v >out 2>err
expect_in err 'of 3 zones 2 are missing'
