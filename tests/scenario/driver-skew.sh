#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Drivers that were built with the headers of every older minor of the interface load and work;
# so do drivers of minors to come, unless they require a feature that this program lacks.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program nm
abi=$abs_top_srcdir/tests/drivers/abi
modules=$scratch/modules
mkdir -m 755 modules
install -m 755 "$abs_top_builddir"/drivers/*.so modules/

lagan()
{
    LAGAN_RUN_DRIVERS=$modules "$abs_top_builddir/run" lagan "$@"
}

# build KIND MODULE HEADERS FLAGS...: the aged driver of that kind under that name.
build()
{
    local kind=$1 module=$2 headers=$3
    shift 3
    sed "s/${kind}_aged/$module/g" "$abi/${kind}_aged.c" >"$module.c"
    ${CC:-gcc} -Wall -Wextra -Werror -O1 -D_FILE_OFFSET_BITS=64 -I"$headers" -fPIC \
        -fvisibility=hidden -shared -Wl,-z,defs "$@" -o "modules/$module.so" "$module.c" \
        -lcrypto
    chmod 755 "modules/$module.so"
}

# use NAME MINOR: a vault and a backup through the three drivers NAME, and back.
use()
{
    local name=$1 minor=$2 kind
    conf=$PWD/$name/conf
    mkdir -p "$name/data"
    printf 'hello from %s\n' "$name" >"$name/data/hello"
    head -c 3000000 /dev/urandom >"$name/data/longer"
    l -q init --state "$PWD/$name/state" --path "$PWD/$name/unused" \
        --recovery-file "$PWD/$name/recovery"
    sed -i "s/^drivers = {/& src_$name, tgt_$name, key_$name, /" "$conf"
    cat >>"$conf" <<-END
		region aged {
		    target tgt_$name { path = "$PWD/$name/store" }
		    key = "key_$name:path=$PWD/$name/key"
		}
		END
    l -q vault create old --region aged --recovery-file "$PWD/$name/recovery-old"
    l -q source add data src_$name path="$PWD/$name/data"
    sleep 0.2 # what was changed within the clock's tick has no stamp
    l -q backup create data --region aged --vault old
    l -q verify --region aged --vault old --depth data
    l -q restore latest --region aged --vault old --to "$PWD/$name/back"
    diff -r "$name/data" "$name/back" || fail "$name: the restore differs"
    l -q backup create data --region aged --vault old --json >out
    expect_in out '"unchanged":2,"bytes_read":0'
    for kind in src tgt key; do
        l driver show ${kind}_$name --json >out
        expect_in out "\"abi\":\"1.$minor\""
    done
}

[ "$(nm -D "$abs_top_builddir/drivers/tgt_dir.so" | grep -c LTX)" = 1 ]

# Every minor before this one has its headers here.
now=$(sed -n 's/^#define LAGAN_ABI_MINOR //p' "$abs_top_srcdir/include/lagan/driver.h")
for ((minor = 0; minor < now; minor++)); do
    grep -qx "#define LAGAN_ABI_MINOR $minor" "$abi/1.$minor/lagan/driver.h" ||
        fail "tests/drivers/abi/1.$minor: no headers of this minor"
    for kind in src tgt key; do
        build $kind ${kind}_aged_$minor "$abi/1.$minor"
    done
    use aged_$minor $minor
done

# The headers of tomorrow: a higher minor, longer tables and structs, calls that nobody here
# knows.
mkdir tomorrow
cp -R "$abs_top_srcdir/include/lagan" tomorrow/
chmod -R u+w tomorrow
sed -i 's/^\(#define LAGAN_ABI_MINOR\) .*/\1 99/' tomorrow/lagan/driver.h
for struct in lagan_driver lagan_source_ops lagan_target_ops lagan_key_ops \
    lagan_target_capabilities lagan_source_capabilities; do
    sed -i "/^struct $struct {/,/^};/s/^};/    void *of_tomorrow[8];\n};/" tomorrow/lagan/*.h
done
[ "$(grep -c of_tomorrow tomorrow/lagan/*.h | awk -F: '{ n += $2 } END { print n }')" = 6 ] ||
    fail 'the headers of tomorrow are those of today'
for kind in src tgt key; do
    build $kind ${kind}_tomorrow tomorrow -DOF_TOMORROW=abort
done
use tomorrow 99

# A feature that this program lacks is refused in a sentence that names it.
build tgt tgt_needy tomorrow -DOF_TOMORROW=abort -DREQUIRED='UINT64_C(1) << 40'
expect 1 'requires a feature of the program that this one does not have (bits 0x10000000000)' \
    l driver show tgt_needy
expect 1 'a newer lagan may' l driver show tgt_needy
# One that it has is no obstacle.
build tgt tgt_modest tomorrow -DOF_TOMORROW=abort -DREQUIRED=LAGAN_FEATURE_STREAM
l driver show tgt_modest >out
# Another major is another interface.
sed -i 's/^\(#define LAGAN_ABI_MAJOR\) .*/\1 2/' tomorrow/lagan/driver.h
build tgt tgt_major tomorrow -DOF_TOMORROW=abort
expect 1 'it was built for ABI 2.99' l driver show tgt_major
