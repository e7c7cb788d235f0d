#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The example drivers pass the conformance suite, and the sources among them back up and restore.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
. "$abs_top_srcdir/tests/scenario/kit-functions.sh"
modules=$scratch/modules
mkdir -m 755 modules
install -m 755 "$abs_top_builddir"/{drivers,example-drivers}/*.so modules/

lagan()
{
    LAGAN_RUN_DRIVERS=$modules "$abs_top_builddir/run" lagan "$@"
}

# passes NAME WORDS...: the suite has nothing to say against it.
passes()
{
    lagan driver check "$@" >"$1.tap" 2>&1 || { grep -v '^ok' "$1.tap" >&2; fail "$1 does not pass"; }
    ! grep '^not ok' "$1.tap" || fail "$1 does not pass"
    echo "$1: $(grep -c '^ok' "$1.tap") cases"
}

places
passes src_first
passes src_example text=hello
passes src_folder path="$places/folder"
passes tgt_example path="$places/example"
passes tgt_parallel path="$places/parallel" part-size=30000
passes key_example path="$places/key"

# Every example is there.
[ "$(ls ./*.tap | wc -l)" = "$(find "$abs_top_srcdir/doc/examples" -name '*_*.c' | wc -l)" ]

initialise
sed -i 's/^drivers = {/& src_first, src_folder,/' "$conf"
l -q source add first src_first
l -q backup create first
[ "$(l cat latest:hello)" = 'hello, sea' ]
mkdir -p files/below
echo one >files/one
touch -d '2001-02-03 04:05:06.789' files/one
chmod 640 files/one
head -c 200000 /dev/urandom >files/two
l -q source add files src_folder files
l source check files >out
expect_in out 'are left out'
rmdir files/below
l -q backup create files
l -q restore latest --to "$PWD/back"
diff -r files back
[ "$(stat -c '%a %.Y' files/one)" = "$(stat -c '%a %.Y' back/one)" ]
expect 0 '' l -q restore latest --to "$PWD/back"
