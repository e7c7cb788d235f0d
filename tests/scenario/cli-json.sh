#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --json: every line of every command is one JSON object with a type; the last one is of type
# end and has the exit status.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program python3

mkdir outputs
cat >check.py <<'END'
import json, sys
def check(lines, wanted, types):
    records = []
    for line in lines:
        assert line.endswith(b"\n"), "a line without its end"
        record = json.loads(line.decode("utf-8", "strict"))
        assert isinstance(record, dict) and list(record)[0] == "type", record
        records.append(record)
    assert records and records[-1]["type"] == "end", "no end"
    assert [r["type"] for r in records].count("end") == 1
    end = records[-1]
    assert end["status"] == wanted, end
    assert (end["code"] == "ok") == (wanted == 0), end
    assert wanted in (0, 1, 3, 4) or end["message"], end
    seen = {r["type"] for r in records}
    missing = [t for t in types if t not in seen]
    assert not missing, f"no record of type {missing} among {seen}"
for number, line in enumerate(open("wanted"), 1):
    status, types, words = line.rstrip("\n").split("|", 2)
    try:
        lines = open(f"outputs/{number}", "rb").readlines()
        check(lines, int(status), [t for t in types.split(",") if t])
    except Exception as error:
        sys.exit(f"{words}: {error}")
print(f"{number} outputs checked")
END

# json STATUS TYPE,TYPE... WORDS...: runs it, and keeps the output to be checked in the end.
number=0
json()
{
    local wanted=$1 types=$2 status=0
    shift 2
    number=$((number + 1))
    echo "$wanted|$types|$*" >>wanted
    l "$@" --json >"outputs/$number" 2>err || status=$?
    [ $status = "$wanted" ] ||
        { cat "outputs/$number" err; fail "status $status, not $wanted: $*"; }
    if [ "$wanted" = 0 ] || [ "$wanted" = 3 ]; then
        [ ! -s err ] || { cat err; fail "something on standard error: $*"; }
    fi
}

mkdir source && echo one >source/file && printf 'x' >source/$'odd\n\xff name'
json 0 init init --state "$PWD/state" --path "$PWD/vault" --recovery-file "$PWD/recovery"
json 1 end init --state "$PWD/state" --recovery-file "$PWD/recovery2"
json 0 version --version
json 0 driver driver list
json 0 driver,parameter,capability driver show src_files
json 0 region region list
json 0 region,project,parameter,vault region show local
json 0 backup backup create source
echo two >>source/file && touch source/new
json 0 backup backup create source --name second
json 0 region_check region check local
json 0 source source add other src_files path=/etc --exclude '*' --include a
json 0 source source list
json 0 source source show other
json 0 source_check source check source
json 0 '' source remove other
json 0 vault vault create spare --recovery-file "$PWD/recovery3"
json 0 vault vault list
json 0 vault,vault_totals vault show main
json 0 slot vault key list main
json 0 key_check vault key check main
json 0 slot vault key add main --new-recovery --recovery-file "$PWD/recovery4"
json 2 end vault key add main --new-recovery
json 0 backup backup list
json 0 backup backup show second
json 0 entry ls second
json 0 entry ls -lR second
json 0 difference diff latest~1 latest
json 0 verify verify --vault main
json 0 verify verify --vault main --depth data
json 0 restore restore second --to to
json 1 end restore latest~1 --to to
json 0 restore restore latest~1 --to to --on-conflict overwrite
json 1 end ls second:nosuch
json 10 end ls second --vault nosuch
json 2 end ls --nosuch
json 2 end frob
json 1 error,backup,end backup create source nosuch --vault main
json 0 deleted backup delete second --vault main --force --now --yes
json 0 '' catalog check
json 0 vault catalog rebuild
json 0 line catalog export
json 0 task task list
json 0 task task show "$(l task list --json | sed -n '1s/.*"id":"\([^"]*\)".*/\1/p')"

# Problems of single entries.
mkdir test-conf && cp conf/lagan.conf test-conf/ && cp -r conf/keys test-conf/
sed -i 's/src_files,/src_files, src_mem,/' test-conf/lagan.conf
conf=$PWD/test-conf/lagan.conf
lagan()
{
    lagan_with_test_drivers "$@"
}
l -q source add memory src_mem count=50 unreadable=d00000000/e10 vanishing=d00000000/e12
json 3 backup,problem backup create memory --vault main
grep -q '"problems":2,' "outputs/$number"
json 0 backup,problem backup show latest --source memory

# Damage.
pack=$(find vault/main/packs -type f | head -n 1)
chmod u+w "$pack" && printf 'xxxx' | dd of="$pack" bs=1 seek=100 conv=notrunc status=none
json 4 finding,verify verify --vault main --depth objects
python3 check.py
