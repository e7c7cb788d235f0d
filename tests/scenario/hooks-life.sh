#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# CON-11, CON-12, CON-13: hooks of a source through the program: their order and what they are
# told, what is recorded of the consistency that was reached, one that fails, hangs, is missing
# or prints without end; a snapshot that is read instead; a kill between freeze and thaw.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"

mkdir tree && seq 1000 >tree/numbers
initialise
l -q source add tree src_files "$PWD/tree"

# set_hooks SETTING...: exactly these of the source.
set_hooks()
{
    l -q source set tree before= freeze= thaw= after-backup= failed= finally= hook-timeout= \
        consistency= "$@"
    : >log
}

# note WORDS: a command that writes them to the log.
note()
{
    echo "echo $* >>$PWD/log"
}

# logged WORD...: the log holds these lines.
logged()
{
    printf '%s\n' "$@" | diff - log || fail 'the log (>) is not as it should be (<)'
}

# consistency REACHED WANTED: of the newest backup.
consistency()
{
    l --json backup show latest >rows
    has "\"consistency\":\"$1\",\"consistency_wanted\":\"$2\"" <rows || { cat rows; fail "$*"; }
}

# All of them, in their order, with their facts.
set_hooks "before=$(note 'before $LAGAN_SOURCE $LAGAN_VAULT $LAGAN_PATH')" \
    "freeze=$(note freeze)" "thaw=$(note thaw)" \
    "after-backup=$(note 'after $LAGAN_STATUS ${#LAGAN_BACKUP}')" \
    "failed=$(note failed)" "finally=$(note finally)" consistency=app
SECRET_OF_MINE=1 l backup create tree --json >out
logged "before tree main $PWD/tree" freeze thaw 'after success 16' finally
has '"consistency":"app","consistency_wanted":"app","consistency_reason":null' <out
consistency app app

# CON-13: a freeze that fails: the backup is made all the same, and says so.
set_hooks "freeze=$(note freeze); echo 'the database is away' >&2; exit 3" "thaw=$(note thaw)" \
    consistency=app
[ "$(status_of l backup create tree --json)" = 3 ]
logged freeze thaw
has '"consistency":"none","consistency_wanted":"app","consistency_reason":"the hook freeze' <out
consistency none app
expect_in err 'is of consistency none, not app as wanted'
expect_in err 'ended with status 3: the database is away'

# ... and with a snapshot it is as after a loss of power.
cp -a tree snapshot && echo snapshot >snapshot/only-here
set_hooks "before=echo LAGAN_PATH=$PWD/snapshot" 'freeze=false' 'thaw=true' consistency=app \
    "finally=$(note 'finally $LAGAN_SNAPSHOT')"
[ "$(status_of l backup create tree --json)" = 3 ]
has '"consistency":"crash","consistency_wanted":"app"' <out
logged "finally $PWD/snapshot"
l ls latest | has -x only-here
l -q backup create tree --json >out || [ $? = 3 ]
# What was unchanged is not read again, although it lies elsewhere.
has '"unchanged":[1-9]' <out

# What was wanted and never can be is a warning, too.
set_hooks consistency=crash
[ "$(status_of l backup create tree)" = 3 ]
expect_in err 'not crash as wanted: there is no freeze command'
set_hooks
l -q backup create tree

# A before that fails, hangs or is missing ends it in one line; the next run works.
for line in 'exit 9|ended with status 9' 'sleep 60|did not end within 1.0s and was stopped' \
    '/no/such/command|was not found by the shell'; do
    set_hooks "before=$(note before); ${line%|*}" hook-timeout=1s "failed=$(note failed)" \
        "finally=$(note 'finally $LAGAN_STATUS')" "freeze=$(note freeze)" "thaw=$(note thaw)"
    expect 1 "${line#*|}" l backup create tree
    logged before failed 'finally failed'
    l task list --limit 1 | has 'backup.*failed'
done
set_hooks
l -q backup create tree

# A path that is none, and one for a source that has none.
set_hooks 'before=echo LAGAN_PATH=somewhere'
expect 1 'which is no path from the root' l backup create tree

# Output without end fills neither the screen nor the log.
set_hooks 'before=yes | head -n 300000'
l -v backup create tree >out 2>&1
[ "$(grep -c 'before: y' out)" -le 100 ]

# CON-12: what would be frozen for too long goes on before the backup ends, which says so.
mkdir -p conf/conf.d && echo 'drivers = { src_exec }' >conf/conf.d/exec.conf
chmod 600 conf/conf.d/exec.conf
l -q source add slow src_exec "command=$(command -v sleep) 2"
: >log
l -q source set slow "freeze=$(note freeze)" "thaw=$(note thaw)" hook-timeout=1s consistency=app
[ "$(status_of l backup create slow --json)" = 3 ]
has '"consistency":"none","consistency_wanted":"app"' <out
expect_in err 'was frozen for longer than 1.0s and was thawed'
logged freeze thaw

# Those of a policy stand around those of the source; less than it wanted is not all of a run.
l -q source bind tree --vault main
set_hooks "before=$(note 'source $LAGAN_POLICY')" "finally=$(note 'source finally')"
l -q policy create nightly keep-count=9 "before=$(note policy)" \
    "finally=$(note 'policy finally $LAGAN_STATUS')"
l -q policy apply nightly main
l -q policy run nightly --wait
logged policy 'source nightly' 'source finally' 'policy finally success'
l -q policy edit nightly freeze=false thaw=true consistency=app
l -q policy run nightly --wait >out 2>err || [ $? = 3 ]
l policy runs --limit 1 | has ' partial '
consistency none app

# CON-12: killed between freeze and thaw.
set_hooks "freeze=$(note freeze)" "thaw=$(note thaw); touch $PWD/thawed"
for signal in KILL TERM; do
    rm -f thawed started
    set_hooks "freeze=$(note freeze); touch $PWD/started; sleep 20" \
        "thaw=$(note thaw); touch $PWD/thawed"
    python3 - "$signal" "$abs_top_builddir/run" lagan --config "$conf" -q backup create tree <<'END'
import os, signal, subprocess, sys, time
job = subprocess.Popen(sys.argv[2:], start_new_session=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
for _ in range(1000):
    if os.path.exists("started"):
        break
    time.sleep(0.01)
os.killpg(job.pid, getattr(signal, "SIG" + sys.argv[1]))
job.wait(20)
END
    for ((i = 0; i < 500; i++)); do
        [ ! -e thawed ] || break
        sleep 0.02
    done
    [ -e thawed ] || fail "no thaw after $signal"
    sleep 0.2
    logged freeze thaw
done
set_hooks
l -q backup create tree
# Nothing of it is left running.
! pgrep -f "$PWD/" >pids || { sleep 1; ! pgrep -af "$PWD/"; }
