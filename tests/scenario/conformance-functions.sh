# SPDX-License-Identifier: Apache-2.0
# conformance-functions.sh - what the scenarios that run the conformance suite share; sourced behind
# functions.sh.  ROUNDS=N makes them long.

# modules: the drivers of the tree in modules/, with what they are declared not to hold.
modules()
{
    mkdir -m 755 modules
    cp "$abs_top_builddir"/test-drivers/*.so modules
    find "$abs_top_srcdir/plugins" "$abs_top_srcdir/tests/drivers" -name '*.deviations' \
        -exec cp {} modules \;
}

# check WORDS...: the suite, its TAP into the file tap; the exit status.
check()
{
    LAGAN_RUN_DRIVERS=$PWD/modules "$abs_top_builddir/run" lagan driver check \
        ${ROUNDS:+--rounds "$ROUNDS"} "$@" >tap 2>err
}

# passes WORDS...: every case of the suite passes, is skipped for its reason, or is declared.
passes()
{
    local status=0
    check "$@" || status=$?
    [ $status = 0 ] || {
        grep -A 8 '^not ok' tap | grep -v '^ok' >&2 || cat tap err >&2
        fail "status $status: driver check $*"
    }
    [ "$(grep -c '^ok' tap)" -gt 20 ] || { cat tap >&2; fail "few cases: driver check $*"; }
    echo "$*: $(grep -c '^ok' tap) ok," "$(grep -c '# SKIP' tap || :) of them skipped"
}

# ran CASE...: these were not skipped.
ran()
{
    local name
    for name; do
        grep -E "^ok [0-9]+ - $name( |\$)" tap | grep -qv '# SKIP' ||
            { grep -- "$name" tap >&2; fail "$name did not run"; }
    done
}

# caught DRIVER WORDS -- CASE...: exactly these of the cases fail that are asked for.
caught()
{
    local words=() name include=()
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    for name; do
        include+=(--include "$name")
    done
    rm -rf place
    ! check "${include[@]}" "${words[@]}" || { cat tap >&2; fail "not caught: ${words[*]}"; }
    for name; do
        grep -qE "^not ok [0-9]+ - $name( |\$)" tap ||
            { cat tap err >&2; fail "$name does not catch ${words[*]}"; }
    done
}
