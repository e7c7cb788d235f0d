# SPDX-License-Identifier: Apache-2.0
# functions.sh - what every scenario starts with:
#
#     . "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
#
# It gives the test an empty scratch folder as working directory ($scratch, removed at the end),
# and the functions below.  A command that fails ends the test (set -e); the line is shown.

set -euo pipefail
: "${abs_top_srcdir:?run me through make check}" "${abs_top_builddir:?}"
export LC_ALL=C.UTF-8 TZ=UTC
export abs_builddir=$abs_top_builddir abs_srcdir=$abs_top_srcdir

test_name=$(basename "$0" .sh)
cleanup_functions=()

# fail WORDS: ends the test as failed.
fail()
{
    echo "FAILED: $*" >&2
    exit 1
}

# skip WORDS: ends the test as skipped, with the reason.
skip()
{
    echo "SKIPPED: $*" >&2
    exit 77
}

# cleanup_fn COMMAND [ARGUMENT...]: runs it when the test ends, last registered first.
cleanup_fn()
{
    cleanup_functions+=("$(printf '%q ' "$@")")
}

run_cleanup()
{
    local status=$? i
    trap - EXIT
    set +e
    cd /
    for ((i = ${#cleanup_functions[@]} - 1; i >= 0; i--)); do
        eval "${cleanup_functions[i]}"
    done
    [ $status -eq 0 ] ||
        echo "$test_name: exit status $status (MALLOC_PERTURB_=${MALLOC_PERTURB_-})" >&2
    exit $status
}

# requires WORDS CONDITION...: skips unless the command CONDITION succeeds.
#     requires 'root' test "$(id -u)" = 0
requires()
{
    local what=$1
    shift
    "$@" >/dev/null 2>&1 || skip "needs $what"
}

# requires_program NAME...: skips unless each is installed.
requires_program()
{
    local name
    for name; do
        command -v "$name" >/dev/null || skip "needs the program $name"
    done
}

# lagan ARGUMENT...: the built program with the built drivers.
lagan()
{
    "$abs_top_builddir/run" lagan "$@"
}

# lagan_with_test_drivers ARGUMENT...: the same, with the modules of tests beside them.
lagan_with_test_drivers()
{
    LAGAN_RUN_DRIVERS=$abs_top_builddir/test-drivers "$abs_top_builddir/run" lagan "$@"
}

# with_clock SECONDS COMMAND...: with the wall clock so far ahead.  A sanitizer must be loaded first.
with_clock()
{
    local seconds=$1 first
    shift
    first=$(ldd "$abs_top_builddir/lagan" | awk '/lib(a|t)san/ { print $3 }')
    CLOCK_SHIFT=$seconds LD_PRELOAD=${first:+$first:}$abs_top_builddir/tests/drivers/clock_shift.so \
        ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 "$@"
}

# with_fast_clock RATE COMMAND...: with wall and boot clocks that run so many times as fast, from the
# first call on, or from where CLOCK_BASE says.  All processes agree on the time.
with_fast_clock()
{
    local rate=$1
    shift
    : "${CLOCK_BASE:=$(cut -d ' ' -f 1 /proc/uptime)}"
    CLOCK_RATE=$rate CLOCK_BASE=$CLOCK_BASE with_clock "${CLOCK_SHIFT:-0}" "$@"
}

# with_time SECONDS COMMAND...: after so much time, by the wall clock and by the boot clock.
with_time()
{
    BOOT_SHIFT=$1 with_clock "$@"
}

# expect_status STATUS COMMAND...: fails unless COMMAND ends with exactly this status.
expect_status()
{
    local wanted=$1 status=0
    shift
    "$@" || status=$?
    [ $status -eq "$wanted" ] || fail "exit status $status instead of $wanted: $*"
}

# expect_in FILE TEXT: fails unless a line of FILE contains TEXT.
expect_in()
{
    grep -qF -- "$2" "$1" || { cat "$1" >&2; fail "no '$2' in $1"; }
}

remove_scratch()
{
    chmod -R u+rwx "$scratch" 2>/dev/null
    rm -rf "$scratch"
}

trap run_cleanup EXIT
trap 'echo "$test_name: line $LINENO: $BASH_COMMAND" >&2' ERR
trap 'exit 130' INT
trap 'exit 143' TERM
scratch=$(mktemp -d "${TMPDIR:-/tmp}/lagan-$test_name.XXXXXX")
cleanup_fn remove_scratch
cd "$scratch"
