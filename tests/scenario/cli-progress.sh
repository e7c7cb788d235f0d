#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A bar of progress on a terminal, taken away in the end and before lines; none elsewhere, with
# --json, -q or on a terminal that cannot; colours only on a terminal and not with NO_COLOR.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program python3

# terminal.py COLUMNS COMMAND...: runs it with a terminal of that width; prints all it writes.
cat >terminal.py <<'END'
import fcntl, os, pty, struct, sys, termios
child, master = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
data = b""
while True:
    try:
        piece = os.read(master, 65536)
    except OSError:
        break
    if not piece:
        break
    data += piece
sys.stdout.buffer.write(data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
END

# shown STATUS COLUMNS WORDS...: on a terminal; must end with that status.
shown()
{
    local wanted=$1 columns=$2 status=0
    shift 2
    TERM=${TERM_NOW-xterm} python3 terminal.py "$columns" "$abs_top_builddir/lagan" \
        --driver-dir="$abs_top_builddir/test-drivers" --config "$conf" "$@" ||
        status=$?
    [ $status = "$wanted" ] || fail "status $status, not $wanted: $*"
}

# bars FILE: the bars that were drawn, one on each line.
bars()
{
    tr '\r' '\n' <"$1" | sed 's/\x1b\[K//g' | grep '^backup.* files, ' || :
}

lagan()
{
    lagan_with_test_drivers "$@"
}

initialise
sed -i 's/src_files,/src_files, src_mem,/' conf/lagan.conf
l -q source add memory src_mem count=25000 size=3000 unreadable=d00000000/e10
shown 3 100 backup create memory >out
bars out >drawn
[ "$(wc -l <drawn)" -ge 2 ] || { cat -v out; fail 'no bar'; }
[ "$(wc -l <drawn)" -le 300 ] || fail 'the bar is drawn too often'
[ -z "$(awk 'length >= 100' drawn)" ] || fail 'a bar is wider than the terminal'
grep -q '/s' drawn
# The line of the problem and the result stand alone.
tr '\r' '\n' <out | sed 's/\x1b\[K//g' >lines
grep -q '^lagan: cannot read d00000000/e10: ' lines &&
    grep -q '^backup [0-9a-f]\{16\} ' lines ||
    { cat -v out; fail 'a bar runs into a line'; }
shown 3 30 backup create memory --full >out
[ -z "$(bars out | awk 'length >= 30')" ] || fail 'a narrow terminal is overrun'
for words in '--json' '-q'; do
    shown 3 100 backup create memory --full $words >out
    [ -z "$(bars out)" ] || fail "a bar with $words"
done
TERM_NOW=dumb shown 3 100 backup create memory --full >out
[ -z "$(bars out)" ] || fail 'a bar on a dumb terminal'
l backup create memory --full >out 2>err || [ $? = 3 ]
! grep -q $'\r' out err || fail 'a bar in a file'

mkdir tree && echo a >tree/file
l -q backup create tree && echo b >tree/file2 && l -q backup create tree
shown 0 80 diff latest~1 latest --source tree | has $'\x1b\[32m+ file2\x1b\[0m'
export NO_COLOR=1
! shown 0 80 diff latest~1 latest --source tree | has $'\x1b\[3' || fail 'NO_COLOR'
unset NO_COLOR
! l diff latest~1 latest --source tree | has $'\x1b' || fail 'colours in a pipe'
