#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What doc/driver-guide.md tells its reader to type works as it stands there: the example is
# built with the headers alone, found, described, backed up and read back.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program cc

# block WORD: the indented block of the guide that starts with WORD.
block()
{
    awk -v word="$1" '
        !/^    / { inside = 0; next }
        !inside { inside = 1; wanted = $1 == word }
        wanted { print substr($0, 5) }' "$abs_top_srcdir/doc/driver-guide.md"
}

# The reader's folder: a checkout with a build in it.
ln -s "$abs_top_srcdir/include" "$abs_top_srcdir/doc" .
ln -s "$abs_top_builddir" build
cat >run <<-END
	#!/bin/sh
	shift
	exec build/run lagan --config '$conf' "\$@"
	END
chmod +x run

block cc >build.sh
grep -q -- '-Iinclude' build.sh
grep -q -- '-Wl,-z,defs' build.sh
sh -ex build.sh
[ "$(nm -D --defined-only src_example.so | grep -c ' [TDB] ')" -ge 1 ]
block install >install.sh
initialise
sed -i 's/^\( *drivers *= *{\)/\1 src_example,/' "$conf"
grep -q 'src_example' "$conf" || fail "no driver enabled: $(cat "$conf")"
block ./run >try.sh
[ "$(grep -c '^\./run lagan' try.sh)" = 5 ]
cat install.sh try.sh >all.sh
sh -ex all.sh >out
expect_in out 'one file in memory'
expect_in out 'of notes: '
[ "$(tail -c 10 out)" = 'hello, sea' ] || fail "$(cat out)"

# The stamp holds: the next backup opens nothing.  What is not there is named.
export LAGAN_RUN_DRIVERS=$PWD/drivers
./run lagan backup create notes --json >out
expect_in out '"changed":1,"unchanged":1,"bytes_read":0'
expect 1 'has no entry nothing' ./run lagan cat latest:nothing
expect 1 'cannot restore' ./run lagan restore latest --in-place
