#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What was built is what was meant: a driver exports its one function and nothing else, programs
# and drivers are hardened, and nothing looks for libraries in odd places.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program nm readelf

shopt -s nullglob
drivers=("$abs_top_builddir"/test-drivers/*.so)

# exported FILE: the names it defines for others.
exported()
{
    nm -D --defined-only "$1" | awk '{ print $NF }' | sed 's/@.*//'
}

check_hardening()
{
    local file=$1 dynamic headers
    dynamic=$(readelf -dW "$file")
    headers=$(readelf -lW "$file")
    grep -q 'GNU_RELRO' <<<"$headers" || fail "$file: no RELRO"
    grep -qE 'BIND_NOW|Flags:.*NOW' <<<"$dynamic" || fail "$file: lazy binding"
    ! grep -qE 'RPATH|RUNPATH|TEXTREL' <<<"$dynamic" || fail "$file: RPATH or TEXTREL"
    grep -E 'GNU_STACK' <<<"$headers" | grep -qv 'RWE' || fail "$file: executable stack"
    ! grep -qE 'LOAD.*RWE' <<<"$headers" || fail "$file: a segment writable and executable"
    grep -qE 'Type:.*DYN' <<<"$(readelf -hW "$file")" || fail "$file: position-dependent"
}

check_hardening "$abs_top_builddir/lagan"
for driver in "${drivers[@]}"; do
    name=$(basename "$driver" .so)
    check_hardening "$driver"
    [ "$(stat -c '%a %h' "$driver")" = '755 1' ] || fail "$driver: mode or links"
    symbols=$(exported "$driver")
    [ "$symbols" = "${name}_LTX_lagan_driver" ] || fail "$driver exports: $symbols"
done

# Examples are built by other flags, those of their reader, and keep the same rule.
examples=("$abs_top_builddir"/example-drivers/*.so)
[ ${#examples[@]} -ge 6 ] || fail 'no examples'
for driver in "${examples[@]}"; do
    name=$(basename "$driver" .so)
    [ "$(exported "$driver")" = "${name}_LTX_lagan_driver" ] ||
        fail "$driver exports: $(exported "$driver")"
    [ -z "$(nm -D --undefined-only "$driver" | grep -i lagan)" ] || fail "$driver wants the host"
done
echo "checked: lagan and ${#drivers[@]} drivers"
