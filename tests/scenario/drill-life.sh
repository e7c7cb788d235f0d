#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Restore drills: all of a backup and a sample of it, what stays as evidence, a vault that is
# damaged, a scratch folder that a killed one has left.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"

mkdir -p tree/deep/er tree/read-only
seq 30000 >tree/numbers
head -c 3000000 /dev/urandom >tree/deep/large
truncate -s 5M tree/deep/er/holes && echo end >>tree/deep/er/holes
ln -s ../numbers tree/deep/link
ln tree/numbers tree/deep/er/other-name
mkfifo tree/fifo
for i in {1..300}; do echo "file $i" >"tree/deep/$i"; done
echo kept >tree/read-only/file && chmod 500 tree/read-only && chmod 400 tree/numbers
touch -d '2001-02-03 04:05:06.789' tree/deep
setfattr -n user.colour -v blue tree/deep/1 2>/dev/null || :

initialise
[ "$(status_of l drill run)" = 1 ]
l drill list | has 'failed'
l -q backup create tree

# All of it.
l drill run --json >out
has '"state":"success"' <out
has '"differences":0' <out
entries=$(sed -nE 's/.*"entries":([0-9]+).*/\1/p' out | head -n 1)
[ "$entries" = "$(find tree | wc -l)" ]
[ -z "$(ls state/drills)" ] || fail 'something stays in the scratch folder'

# Again gives the same evidence; a sample is smaller, and always the same.
digest() { sed -nE 's/.*"digest":"([0-9a-f]+)".*/\1/p' out | head -n 1; }
first=$(digest)
l drill run latest --json >out && [ "$(digest)" = "$first" ]
l drill run --sample 20 --json >out
sample=$(digest)
[ "$sample" != "$first" ]
some=$(sed -nE 's/.*"entries":([0-9]+).*/\1/p' out | head -n 1)
[ "$some" -gt 20 ] && [ "$some" -lt 150 ] || fail "$some entries in a sample of 20 %"
l drill run --sample 20 --json >out && [ "$(digest)" = "$sample" ]
expect 2 'it can be 1 to 100' l drill run --sample 0
expect 2 'it can be 1 to 100' l drill run --sample some

# Somewhere else; what a killed one has left there goes.
mkdir -p place/lagan-drill-aaaaaa/content/a && chmod 500 place/lagan-drill-aaaaaa/content
echo mine >place/mine
l -q drill run --to place
[ "$(ls place)" = mine ] || fail "in the place: $(ls place)"
python3 - "$abs_top_builddir/run" lagan --config "$conf" -q drill run --to place <<'END'
import os, signal, subprocess, sys, time
job = subprocess.Popen(sys.argv[1:], start_new_session=True)
for _ in range(2000):
    if any(os.path.isdir(f"place/{name}/content") for name in os.listdir("place")):
        break
    time.sleep(0.002)
os.killpg(job.pid, signal.SIGKILL)
job.wait(20)
END
l -q drill run --to place
[ "$(ls place)" = mine ] || fail "in the place: $(ls place)"

# Damage in the vault: it is found, named, and stays known.
pack=$(find vault/main/packs -type f -size +1M | head -n 1)
chmod u+w "$pack"
python3 - "$pack" <<'END'
import sys
with open(sys.argv[1], "r+b") as pack:
    pack.seek(1000000)
    data = bytearray(pack.read(64))
    pack.seek(1000000)
    pack.write(bytes(byte ^ 255 for byte in data))
END
[ "$(status_of l drill run)" = 4 ] || { cat out err; fail 'damage was not found'; }
expect_in err 'are not as in the backup'
[ -z "$(ls state/drills)" ] || fail 'something stays in the scratch folder'
l drill list >list
[ "$(grep -c success list)" -ge 6 ] || fail "$(cat list)"
has 'differs' <list
l drill list --json --limit 1 | has '"state":"differs".*"detail":"restore drill in main: '
l task list --limit 1 | has 'drill.*failed'
