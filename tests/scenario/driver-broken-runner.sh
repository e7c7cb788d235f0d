#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# None of the ten broken drivers makes anybody lose a backup unawares, or hang: with each of them, as
# target or as source, lagan ends in time; either with an error that names the driver, and without a
# backup that is called done; or with a backup that restores as it was; or it is said by `verify`, and
# by each restore, what is hurt, and other zones still have it.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/conformance-functions.sh"
modules
cp "$abs_top_builddir"/shelf-drivers/*.so modules
export LAGAN_RUN_DRIVERS=$PWD/modules ASAN_OPTIONS=${ASAN_OPTIONS-}:handle_segv=0
umask 022
mkdir tree
seq 60000 >tree/numbers
head -c 1000000 /dev/urandom >tree/random
for i in $(seq 20); do seq $((i * 50)) >tree/small-$i; done

# in FOLDER DRIVER REGION: a configuration there, with a region local that REGION describes.
in_folder()
{
    mkdir -p "$1"/{store,other,third}
    cat >"$1/lagan.conf" <<END
state = $PWD/$1/state
drivers = { src_files, tgt_dir, key_file, $2 }
$3
END
    at=$1
}

# l WORDS...: lagan there, which must end within a minute.
l()
{
    local status=0
    timeout --foreground 60 "$abs_top_builddir/run" lagan --config "$PWD/$at/lagan.conf" "$@" ||
        status=$?
    [ $status != 124 ] || echo "HANGS: $at: $*" >>hangs
    return $status
}

# ends STATUS TEXT WORDS...: lagan ends so, and says TEXT.
ends()
{
    local wanted=$1 text=$2 status=0
    shift 2
    l -q "$@" >"$at/out" 2>"$at/err" || status=$?
    [ $status = "$wanted" ] ||
        { cat "$at/out" "$at/err" >&2; fail "$at: status $status, not $wanted: $*"; }
    grep -qF -- "$text" "$at/out" "$at/err" || [ -z "$text" ] ||
        { cat "$at/out" "$at/err" >&2; fail "$at: no '$text': $*"; }
}

# target DRIVER [SETTINGS]: a vault in its store.
target()
{
    in_folder "$1" "$1" "region local { target $1 { path = $PWD/$1/store ${2-} } }"
    ends 0 '' vault create v --recovery-file "$PWD/$1/recovery"
}

# right [BACKUP]: it restores as it was, and nothing is found wrong.
right()
{
    rm -rf "$at/back"
    ends 0 '' restore "${1-latest}" --vault v --to "$PWD/$at/back"
    diff -r tree "$at/back" || fail "$at: it is not as it was"
    ends 0 '' verify --vault v --depth data
}

# none: no backup is called done.
none()
{
    l backup list --json | grep -q '"state":"available"' && fail "$at: a backup counts" || :
}

# The one that blocks for ever takes its time; meanwhile the others are looked at.  Nothing but a
# process of its own helps against it.
blocks()
{
    in_folder tgt_blocks tgt_blocks "region local { target tgt_blocks {
        path = $PWD/tgt_blocks/store  isolate = yes  layers { timeout = 1s  retry = 0 } } }"
    ends 5 'tgt_blocks: flush: the driver did not answer in time' \
        vault create v --recovery-file "$PWD/tgt_blocks/recovery"
}
blocked_source()
{
    in_folder src_blocks src_blocks "driver src_blocks { isolate = yes  layers { timeout = 1s } }
region local { target tgt_dir { path = $PWD/src_blocks/store } }"
    ends 0 '' vault create v --recovery-file "$PWD/src_blocks/recovery"
    ends 0 '' source add s src_blocks name=x
    ends 5 'src_blocks: read: the driver did not answer in time' backup create s --vault v
    none
}
(blocks) &
blocks=$!
(blocked_source) &
blocked_source=$!
cleanup_fn wait

echo '== leaks, sorts, deaf, tears: the backups are right'
for driver in tgt_leaks tgt_sorts tgt_deaf tgt_tears; do
    target $driver
    ends 0 '' backup create "$PWD/tree" --vault v
    ends 0 '' backup create "$PWD/tree" --vault v
    right
    right latest~1
done

echo '== tears, and is killed in the middle: what was called done stays, and what comes later is right'
at=tgt_tears
mkdir more
head -c 60000000 /dev/urandom >more/large
python3 - "$abs_top_builddir/run" lagan --config "$PWD/$at/lagan.conf" -q backup create \
    "$PWD/more" --vault v <<'END'
import os, signal, subprocess, sys, time
job = subprocess.Popen(sys.argv[1:], start_new_session=True, stderr=subprocess.DEVNULL)
time.sleep(0.3)
os.killpg(job.pid, signal.SIGKILL)
job.wait()
END
rm -rf "$at/back"
ends 0 '' restore latest --vault v --source tree --to "$PWD/$at/back" ||
    ends 0 '' restore latest --vault v --to "$PWD/$at/back"
diff -r tree "$at/back" || fail 'what was done before is hurt'
status=0
l -q backup create "$PWD/more" --vault v 2>"$at/err" || status=$?
if [ $status = 0 ]; then
    rm -rf "$at/back"
    l -q restore latest --vault v --to "$PWD/$at/back" 2>>"$at/err" && diff -r more "$at/back" ||
        { l verify --vault v --depth data >"$at/out" || status=$?
          [ $status = 4 ] || fail 'a torn object was built upon, and nobody says so'; }
else
    expect_in "$at/err" tgt_tears
fi

echo '== says that it was not done: the error names it, and no backup is called done'
target tgt_repeats
ends 5 'tgt_repeats: put' backup create "$PWD/tree" --vault v
none

echo '== forgets: verify says which backup is gone'
target tgt_forgets
ends 0 '' backup create "$PWD/tree" --vault v
sed -i 's/forgets.store /& power-cut = yes /' tgt_forgets/lagan.conf
ends 0 '' backup create "$PWD/tree" --vault v
ends 4 'its seal is missing' verify --vault v --depth data
# The newest that storage still has is the first one.
ends 0 '' restore latest --vault v --to "$PWD/tgt_forgets/back"
diff -r tree tgt_forgets/back || fail 'what was durable is hurt'

echo '== gives less than was asked for: every use names it'
target tgt_shortens
ends 0 '' backup create "$PWD/tree" --vault v
ends 4 'tgt_shortens: get' restore latest --vault v --to "$PWD/tgt_shortens/back"
ends 4 'tgt_shortens: get' verify --vault v --depth data

echo '== crashes: alone it takes lagan with it, in a process of its own its task'
target tgt_crashes
ends 139 '' backup create "$PWD/tree" --vault v 2>/dev/null
none
sed -i 's/crashes.store /& isolate = yes /' tgt_crashes/lagan.conf
ends 1 'tgt_crashes' backup create "$PWD/tree" --vault v
expect_in tgt_crashes/err 'the driver ended by signal 11'
none

echo '== corrupts: verify and restore say what is hurt; two sound zones beside it have it all'
target tgt_corrupts
ends 0 '' backup create "$PWD/tree" --vault v
ends 4 'altered' verify --vault v --depth data
ends 4 'altered' restore latest --vault v --to "$PWD/tgt_corrupts/back"
in_folder zones tgt_corrupts "region local {
    zone a { target tgt_corrupts { path = $PWD/zones/store } }
    zone b { target tgt_dir { path = $PWD/zones/other } }
    zone c { target tgt_dir { path = $PWD/zones/third } } }"
ends 0 '' vault create v --recovery-file "$PWD/zones/recovery"
ends 0 '' backup create "$PWD/tree" --vault v
# A pack is read from the first zone that has it: what that one has altered is noticed, and once it is
# taken away the others have all that was stored.
status=0
l -q restore latest --vault v --to "$PWD/zones/first" 2>zones/err || status=$?
case $status in
0) diff -r tree zones/first || fail 'altered, and nobody says so' ;;
4) expect_in zones/err 'altered' ;;
*) cat zones/err >&2; fail "status $status" ;;
esac
mv zones/store zones/taken-away
ends 0 '' restore latest --vault v --to "$PWD/zones/back"
diff -r tree zones/back || fail 'the sound zones do not help'

echo '== sources'
# source DRIVER [SETTINGS]: a vault, and the source s.
source_of()
{
    in_folder "$1" "$1" "driver $1 { ${2-} }
region local { target tgt_dir { path = $PWD/$1/store } }"
    ends 0 '' vault create v --recovery-file "$PWD/$1/recovery"
    ends 0 '' source add s "$1" name=x
}
for driver in src_shelf src_leaks src_deaf; do
    source_of $driver
    ends 0 '' backup create s --vault v
    ends 0 '' verify --vault v --depth data
    l cat latest:big --vault v >$driver/big
    cmp src_shelf/big $driver/big || fail "$driver: it is not as it was"
done
source_of src_sorts
ends 1 'src_sorts: walk: the entries do not come in the order' backup create s --vault v
none
# What it gives is less than it says: the entries are named, and the backup is partial.
source_of src_shortens
ends 3 'cannot read big: changed while it was read' backup create s --vault v
l backup list | grep -q partial || fail 'it is not partial'
source_of src_crashes 'isolate = yes'
ends 1 'src_crashes' backup create s --vault v
expect_in src_crashes/err 'ended by signal 11'
none
# Wrong bytes from a source look like any others: the suite alone finds it.  What came is what is kept.
source_of src_corrupts
ends 0 '' backup create s --vault v
ends 0 '' verify --vault v --depth data

wait $blocks || fail 'the target that blocks'
wait $blocked_source || fail 'the source that blocks'
[ ! -e hangs ] || { cat hangs >&2; fail 'something hangs'; }
