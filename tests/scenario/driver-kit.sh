#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What `lagan driver new` writes builds against an installed lagan, in every way that it offers,
# without a change and without a warning, passes the conformance suite, installs and loads.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
. "$abs_top_srcdir/tests/scenario/kit-functions.sh"
requires_program autoreconf automake make pkg-config mandoc nm
stage
# The whole suite is run against the same drivers by driver-examples.
places
export CHECK_OPTIONS='--group core'
few='--group core --include life-*'

lagan()
{
    "$staged/bin/lagan" --driver-dir="$staged/lib/lagan/drivers" "$@"
}

# check_installed NAME: one symbol, one manual page, and it describes itself.
check_installed()
{
    local module=$staged/lib/lagan/drivers/$1.so page
    [ "$(nm -D --defined-only "$module" | awk '{ print $NF }')" = "$1_LTX_lagan_driver" ] ||
        fail "$module exports $(nm -D --defined-only "$module")"
    page=$(find "$staged" -name "$1.7")
    mandoc -T lint -W warning "$page" || fail "the manual page of $1"
    l driver show "$1" --json >out
    expect_in out "\"name\":\"$1\""
    l driver list >out
    grep -q "^$1 .* usable " out || { cat out; fail "$1 is not listed"; }
}

# with_autotools NAME: in its folder.
with_autotools()
{
    cd "$1"
    autoreconf -fi
    ./configure -q --prefix="$staged" CFLAGS='-O1 -g -Werror'
    make -s
    PLACE=$places/$1 make -s check || { cat test-suite.log; exit 1; }
    make -s install
}

in_background()
{
    (set -e; "$@") >"$2.log" 2>&1 &
    jobs[$!]=$2
}

names_and_folders()
{
    expect 2 'kinds are source, target and key' lagan driver new sink demo
    expect 2 'made of a-z, 0-9 and _' lagan driver new target De-mo
    expect 2 'made of a-z, 0-9 and _' lagan driver new target tgt_
    expect 2 'src_demo would be a source driver' lagan driver new target src_demo
    expect 2 'at most 32 bytes, key_ included' lagan driver new key abcdefghijklmnopqrstuvwxyz012
    [ -z "$(find . -maxdepth 1 -name 'tgt_*' -o -name 'src_*' -o -name 'key_*')" ]
    lagan driver new key abcdefghijklmnopqrstuvwxyz01 >out
    [ -e key_abcdefghijklmnopqrstuvwxyz01/key_abcdefghijklmnopqrstuvwxyz01.c ]
    mkdir taken && : >taken/mine
    expect 2 'taken is there already' lagan driver new target demo taken
    [ "$(ls -A taken)" = mine ]
    expect 1 'nowhere/below' lagan driver new target demo nowhere/below
    lagan driver new target tgt_full >out
    expect_in out 'autoreconf -fi'
    lagan driver new target tgt_full elsewhere
    diff -r tgt_full elsewhere
    expect 2 'tgt_full is there already' lagan driver new target full
    # Nothing of the templates' own words is left.
    ! grep -rnE 'tgt_example|TGT_EXAMPLE|@(NAME|KIND|PREFIX)@|^%' tgt_full ||
        fail 'words that were to be replaced'
    lagan driver new target demo --json >out
    grep -q '"type":"project","name":"tgt_demo","kind":"target","folder":"tgt_demo"' out ||
        fail "$(cat out)"
}

autotools()
{
    declare -A jobs=()
    local pid
    lagan driver new source demo >out
    lagan driver new key demo >out
    for name in tgt_demo src_demo key_demo; do
        in_background with_autotools $name
    done
    for pid in "${!jobs[@]}"; do
        wait "$pid" || { cat "${jobs[$pid]}.log" >&2; fail "${jobs[$pid]} with Autotools"; }
        ! grep -i warning "${jobs[$pid]}.log" || fail "${jobs[$pid]}: warnings"
    done
    for name in tgt_demo src_demo key_demo; do
        check_installed $name
    done
    # Its test sees a manual page that forgets a parameter, and headers that are too old.
    cd tgt_demo
    sed -i '/^\.It Cm path/d' tgt_demo.7
    ! make -s check >/dev/null 2>&1 || fail 'a manual page that lacks a parameter passes'
    expect_in test-suite.log 'parameters of the driver'
    sed 's/^lagan_abi_wanted=.*/lagan_abi_wanted=1.999/' configure >newer
    ! sh ./newer -q >out 2>&1 || fail 'headers that are too old are accepted'
    expect_in out 'is written for version 1.999'
    make -s uninstall
    cd ..
    [ ! -e "$staged/lib/lagan/drivers/tgt_demo.so" ] || fail 'make uninstall leaves the module'
}

plain_make()
{
    local kind
    for kind in source target key; do
        lagan driver new $kind plain plain_$kind >out
        quietly make -s -C plain_$kind -f Makefile.plain CFLAGS='-O1 -Werror'
        CHECK_OPTIONS=$few PLACE=$places/plain_$kind quietly make -s -C plain_$kind -f Makefile.plain check
        quietly make -s -C plain_$kind -f Makefile.plain install mandir="$staged/share/man"
    done
    check_installed tgt_plain
    check_installed src_plain
    check_installed key_plain
}

with_meson()
{
    command -v meson >/dev/null && command -v ninja >/dev/null ||
        { echo 'left out: needs meson and ninja'; return; }
    lagan driver new key meson >out
    quietly meson setup --werror --prefix="$staged" key_meson/build key_meson
    CHECK_OPTIONS=$few PLACE=$places/meson quietly meson test -C key_meson/build
    quietly meson install -C key_meson/build
    check_installed key_meson
}

names_and_folders
autotools
plain_make
with_meson
