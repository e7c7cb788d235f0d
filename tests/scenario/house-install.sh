#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `make install` into a folder of its own puts the program, the drivers and the headers where
# they belong, leaves no description of libtool behind, and `make uninstall` takes all of it away.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program make

make_in_build()
{
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
        flock "$abs_top_builddir/config.status" make -s -C "$abs_top_builddir" "$@" >make.log 2>&1 ||
        { cat make.log >&2; fail "make $*"; }
}

make_in_build install DESTDIR="$scratch/root"
find root -type f -o -type l | sort >installed
[ -s installed ] || fail 'nothing was installed'
expect_in installed /bin/lagan
expect_in installed /include/lagan/driver.h
expect_in installed /pkgconfig/lagan-driver.pc
expect_in installed /aclocal/lagan.m4
expect_in installed /man3/lagan-target.3
! grep -E '\.(la|a)$|_mem\.so$|/test' installed || fail 'these should not be installed'
[ -z "$(find root ! -type l -perm /022)" ] || fail 'writable by others'

# Every driver of the build is there.
for driver in "$abs_top_builddir"/drivers/*.so; do
    [ -e "$driver" ] || continue
    expect_in installed "/lagan/drivers/$(basename "$driver")"
done

# A driver builds against the installed headers alone.
headers=$(dirname "$(dirname "$(find root -name driver.h)")")
printf '#include <lagan/%s.h>\n' driver source target key >alone.c
${CC:-gcc} -std=gnu11 -Wall -Wextra -Werror -I"$headers" -fsyntax-only alone.c

make_in_build uninstall DESTDIR="$scratch/root"
find root -type f -o -type l >left
[ ! -s left ] || { cat left >&2; fail 'uninstall left these'; }
