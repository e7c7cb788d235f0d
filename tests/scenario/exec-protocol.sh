#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Drivers that are programs, by the examples in shell and in Python: vaults are kept, backed up
# into, verified and restored from; trees are read and restored; a program that is killed in the
# middle is started anew, one that answers rubbish is named, and a cancellation takes no two
# seconds.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program python3 find awk

mkdir -m 755 programs
install -m 755 "$abs_top_srcdir"/doc/examples/exec/*.sh "$abs_top_srcdir"/doc/examples/exec/*.py \
    programs
initialise
mkdir -p conf/conf.d
cat >conf/conf.d/exec.conf <<-END
	drivers = { src_exec, tgt_exec }
	region python { target tgt_exec { command = "$PWD/programs/tgt_directory.py"
	    place = "$PWD/store/python" processes = 3 } }
	region shell { target tgt_exec { command = "$PWD/programs/tgt_directory.sh"
	    place = "$PWD/store/shell" } }
	END
chmod 600 conf/conf.d/exec.conf

# A tree with names of all kinds.
make_tree()
{
    mkdir -p tree/folder/deep 'tree/with blank' tree/empty
    seq 200000 >tree/numbers
    head -c 3000000 /dev/urandom >tree/folder/random
    : >tree/folder/deep/empty
    echo percent >'tree/with blank/100% sure=1'
    echo newline >$'tree/folder/a\nb'
    echo bytes >$'tree/folder/\xff\x01'
    ln tree/numbers tree/folder/same
    ln -s ../numbers 'tree/with blank/link'
    mkfifo tree/folder/fifo
    chmod 640 tree/numbers
    touch -d '1969-07-20 20:17:40.5 UTC' tree/folder/random
    touch -d '2001-01-01 UTC' tree/empty
}

same_tree()
{
    python3 "$abs_top_srcdir/tests/corpus/tree_digest.py" --no-holes --no-flags "$1" >one
    python3 "$abs_top_srcdir/tests/corpus/tree_digest.py" --no-holes --no-flags "$2" >two
    diff one two || fail "$1 and $2 differ"
}

make_tree

# Vaults that programs keep.
for region in python shell; do
    l -q vault create "kept-$region" --region "$region" --recovery-file "$PWD/recovery-$region"
    l -q backup create tree --vault "kept-$region"
    l -q backup create tree --vault "kept-$region"
    l -q verify --vault "kept-$region" --depth data
    l -q restore latest --vault "kept-$region" --to "back-$region"
    same_tree tree "back-$region"
    find "store/$region" -path '*/@tmp/*' >left
    [ ! -s left ] || fail "left: $(cat left)"
done

# Sources that programs serve.
l -q source add served src_exec "command=$PWD/programs/src_tree.py $PWD/tree" speaks=protocol \
    --vault main processes=2
l source check served | has 'the root can be listed'
l -q backup create served
sleep 2.1 # from here on files have a stamp
l -q backup create served
l backup create served --json | has '"bytes_read":0,' || fail 'unchanged files were read'
l -q restore latest --source served --to back-tree
same_tree tree back-tree
l -q restore latest --source served --to back-tree # once more: all is equal
cp -a tree before && rm -r tree/folder
l -q restore latest --source served --in-place
same_tree before tree
echo 'folder/random' >rules
l -q backup create served --exclude 'folder'
! l ls latest --source served | has folder || fail 'what is excluded is in the backup'

mkdir reports && cp tree/numbers reports/ && echo newline >reports/$'a\nb' && : >'reports/100% x'
echo bytes >reports/$'\xff' && ln -s numbers reports/link && mkdir reports/folder
l -q source add reports src_exec "command=$PWD/programs/src_folder.sh $PWD/reports" speaks=protocol \
    --vault main
l -q backup create reports
for name in numbers $'a\nb' '100% x'; do
    l cat "latest:$name" --source reports | cmp - "reports/$name" || fail "$name differs"
done
[ "$(l ls latest --source reports | wc -l)" = 4 ] || fail "$(l ls latest --source reports)"
expect 1 'place' l restore latest --source reports --to back-reports

# A program that is killed, answers rubbish, or says nothing more, in the middle of a backup, as the
# file `how` says; once.
cat >programs/shaky.py <<'END'
#!/usr/bin/env python3
import os
import signal
import sys
import time
from lagan_exec import serve
from tgt_directory import Directory


class Shaky(Directory):
    def put(self, words, body):
        return self.shaken(super().put, words, body)

    def stage_commit(self, words):
        return self.shaken(super().stage_commit, words)

    def shaken(self, act, *rest):
        try:
            os.rename(sys.argv[1], sys.argv[1] + ".taken")
        except FileNotFoundError:
            return act(*rest)
        with open(sys.argv[1] + ".taken") as file:
            how = file.read().strip()
        if how == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = act(*rest)
        if how == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "silent":
            time.sleep(60)
        os.write(1, b"ok\0ok\n")
        return answer


serve(Shaky())
END
chmod 755 programs/shaky.py
cat >conf/conf.d/shaky.conf <<-END
	region shaky { target tgt_exec { command = "$PWD/programs/shaky.py $PWD/how"
	    place = "$PWD/store/shaky" } }
	END
chmod 600 conf/conf.d/shaky.conf
l -q vault create shaky --region shaky --recovery-file "$PWD/recovery-shaky"
l -q backup create tree --vault shaky

# shaken HOW: a backup of something new; its exit status, and the vault is whole.
shaken()
{
    local status
    rm -f how.taken
    date +%N >tree/new
    echo "$1" >how
    status=$(status_of l backup create tree --vault shaky)
    [ -e how.taken ] || fail "$1: nothing was shaken"
    l -q verify --vault shaky --depth data || fail "$1: the vault is hurt"
    echo "$status"
}

for how in before after; do
    status=$(shaken $how)
    case $status in
    0) ;;
    5) expect_in err 'was killed by signal 9' ;;
    *) cat err >&2; fail "$how: status $status" ;;
    esac
done
[ "$(shaken rubbish)" = 1 ] || { cat err >&2; fail 'rubbish passed'; }
expect_in err 'does not keep to the protocol'
l -q backup create tree --vault shaky

# Cancelled within two seconds, and nothing of it is left.
rm -f how.taken
date +%N >tree/new
echo silent >how
python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$abs_top_builddir/lagan" \
    --driver-dir="$abs_top_builddir/drivers" --config "$conf" backup create tree --vault shaky \
    >out 2>err &
process=$!
for ((i = 0; i < 400; i++)); do
    [ ! -e how.taken ] || break
    sleep 0.02
done
sleep 0.2
start=$(date +%s%N)
kill -INT $process
status=0
wait $process || status=$?
took=$((($(date +%s%N) - start) / 1000000))
[ "$status" = 130 ] || { cat err >&2; fail "cancelled: status $status"; }
[ $took -lt 2500 ] || fail "cancelled in $took ms"
! pgrep -f "$PWD/programs/shaky.py" >/dev/null || fail 'a program is left'
l -q backup create tree --vault shaky
l -q restore latest --vault shaky --to back-shaky
same_tree tree back-shaky
