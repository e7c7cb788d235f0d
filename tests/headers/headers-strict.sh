#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles alone, in C11 and in C++17, under the strictest flags of whatever
# compilers there are; a driver made of the macros does too, in C and in C++, and its one exported
# symbol is the same.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
include=$abs_top_srcdir/include

strict=(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wcast-align
    -Wcast-qual -Wpointer-arith -Wformat=2 -Wwrite-strings -Wmissing-declarations
    -Wredundant-decls -Wdouble-promotion -Werror)
of_c=(-std=c11 -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition)
of_cc=(-std=c++17 -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual
    -Wzero-as-null-pointer-constant)

# compile COMMAND...: says what the compiler says when it says something.
compile()
{
    "$@" >said 2>&1 && [ ! -s said ] || { cat said >&2; fail "$*"; }
}

compile_all()
{
    local header side
    for header in driver source target key; do
        for side in '' '#define LAGAN_HOST_SIDE 1'; do
            printf '%s\n#include <lagan/%s.h>\n' "$side" $header | tee alone.c >alone.cc
            # Twice and together: guards work.
            printf '#include <lagan/%s.h>\n' $header driver source target key | tee -a alone.c >>alone.cc
            [ -z "$c" ] || compile $c "${of_c[@]}" "${strict[@]}" -I"$include" -fsyntax-only alone.c
            [ -z "$cc" ] || compile $cc "${of_cc[@]}" "${strict[@]}" -I"$include" -fsyntax-only alone.cc
        done
    done
}

# The least that uses every macro and every wrapper; "pp" is replaced by what the language has.
cat >common <<'END'
#include <lagan/key.h>
static uint32_t make(struct lagan_op *op, void **instance)
{
    static int nothing;
    lagan_log(op, LAGAN_LEVEL_DEBUG, "one of %d", 1);
    lagan_progress(op, 1, 1);
    lagan_random(&nothing, sizeof nothing);
    *instance = &nothing;
    if (lagan_cancelled(op) || lagan_sleep(op, 1))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "%s", "that is enough");
    return LAGAN_OK;
}
END
cat common - >key_strict.c <<'END'
static const struct lagan_key_ops ops = {.common = {.instance_new = make}};
static const struct lagan_parameter parameters[] = {{.name = NULL}};
static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD, .kind = LAGAN_KIND_KEY, .name = "key_strict", .version = "1",
    .parameters = parameters, .ops_bytes = sizeof ops, .ops = &ops};
LAGAN_DRIVER(key_strict, &descriptor)
END
cat common - >key_strict.cc <<'END'
static constexpr lagan_key_ops make_ops()
{
    lagan_key_ops ops{};
    ops.common.instance_new = make;
    return ops;
}
static constexpr lagan_key_ops ops = make_ops();
static constexpr lagan_driver make_descriptor()
{
    lagan_driver d = lagan_driver_head();
    d.kind = LAGAN_KIND_KEY;
    d.name = "key_strict";
    d.version = "1";
    d.ops_bytes = sizeof ops;
    d.ops = &ops;
    return d;
}
static constexpr lagan_driver descriptor = make_descriptor();
LAGAN_DRIVER(key_strict, &descriptor)
END

# exported FILE: what a module defines for others.
exported()
{
    nm -D --defined-only "$1" | awk '{ print $NF }'
}

compile_driver()
{
    local module
    for module in ${c:+c} ${cc:+cc}; do
        case $module in
        c) compile $c "${of_c[@]}" -Wno-missing-field-initializers "${strict[@]}" -I"$include" \
            -fPIC -fvisibility=hidden -shared -Wl,-z,defs -o key_strict_c.so key_strict.c ;;
        cc) compile $cc "${of_cc[@]}" "${strict[@]}" -I"$include" -fPIC -fvisibility=hidden \
            -shared -Wl,-z,defs -o key_strict_cc.so key_strict.cc ;;
        esac
        [ "$(exported key_strict_$module.so)" = key_strict_LTX_lagan_driver ] ||
            fail "key_strict.$module exports $(exported key_strict_$module.so)"
    done
}

requires_program gcc nm
checked=
for pair in gcc:g++ clang:clang++; do
    c=${pair%:*} cc=${pair#*:}
    command -v $c >/dev/null || c=
    command -v $cc >/dev/null || cc=
    compile_all
    compile_driver
    checked="$checked $c $cc"
done
echo "checked with:$checked"

# It would be told: a conversion that loses bits, and a cast of the old style.
printf 'static inline char lose(long x) { return (char)x + 1L; }\n' >bad.cc
! g++ "${of_cc[@]}" "${strict[@]}" -fsyntax-only bad.cc 2>/dev/null || fail 'nothing is strict'
