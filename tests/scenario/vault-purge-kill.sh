#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A purge that is killed at each of its removals: what is left is no vault that anybody takes for
# a healthy one unless it is one, and the next purge finishes it (DEL-14).
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 # it does not work where a program is traced
at_call=$abs_top_builddir/tests/fault/at_call
requires 'the right to trace' "$at_call" write true
calls=unlinkat

# purge_at OPTION...: purges the vault under at_call.
purge_at()
{
    timeout 60 "$at_call" "$@" $calls "$abs_top_builddir/run" lagan --config "$conf" -q \
        vault purge doomed --yes --force
}

again()
{
    rm -rf vault state
    cp -a kept/vault kept/state .
}

# Whoever has lost the catalog now finds the vault whole, or one that cannot be opened.
check_rebuild()
{
    cp -a state aside && rm -r state
    l -q catalog rebuild >out 2>err || :
    if [ -e vault/doomed/conf/00000001 ] && l -q ls last --vault doomed >out 2>err; then
        l -q restore last --vault doomed --to "back-$1"
        cmp tree/file "back-$1/file"
    elif [ -e vault/doomed/conf/00000001 ]; then
        # A vault, and not one that is simply empty: nothing opens it.
        [ "$(status_of l verify --vault doomed --depth data)" != 0 ] ||
            fail "kill $1: what is left passes for a healthy vault"
    fi
    rm -rf state && mv aside state
}

mkdir tree && seq 50000 >tree/file
initialise
l -q vault create doomed --recovery-file "$PWD/recovery-doomed"
l -q backup create tree --vault doomed --name first
echo more >>tree/file
l -q backup create tree --vault doomed --name last
l -q backup create tree --vault main --name others
l -q vault delete doomed --yes
mkdir kept && cp -a vault state kept/

purge_at -o count
total=$(cat count)
objects=$(find kept/vault/doomed -type f ! -name @lagan | wc -l)
[ "$total" -ge "$objects" ] || fail "$total calls for $objects objects"
for ((n = 1; n <= total; n++)); do
    again
    status=0
    purge_at -k $n 2>err || status=$?
    [ $status = 137 ] || { cat err >&2; fail "kill $n of $total: status $status"; }
    l vault list | has -E '^doomed .* (deleted|deleting)' || [ ! -e vault/doomed/conf/00000001 ] ||
        fail "kill $n: the catalog forgot a vault that is there"
    check_rebuild $n
    if l vault list | has '^doomed '; then
        l -q vault purge doomed --yes --force || fail "kill $n: the purge cannot be finished"
    fi
    [ -z "$(find vault/doomed -type f ! -name @lagan)" ] || fail "kill $n: left: $(find vault/doomed -type f)"
    expect 10 '' l vault show doomed
    l -q verify --vault main || fail "kill $n: another vault was hurt"
done
