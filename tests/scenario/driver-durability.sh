# SPDX-License-Identifier: Apache-2.0
# driver-durability.sh - tgt_dir: bytes are durable before their name appears, a failed sync is final,
# and whatever call fails or kills the writer, no half object has a name and nothing is left behind.

. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program strace
requires 'the right to trace' strace -qq -o /dev/null true

tool=$abs_top_builddir/tests/unit/target_tool
modules=$abs_top_builddir/test-drivers
calls=write,pwrite64,fsync,fdatasync,linkat,renameat2,mkdirat,unlinkat,sync_file_range
# The leaks that an injected kill leaves are none of ours.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0

# run TRACE OPTIONS -- VERBS: the tool under strace, on the store "store", temporary files as in $mode.
run()
{
    local trace=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    strace -f -y -qq -o "$trace" "${options[@]}" \
        "$tool" "$modules" tgt_dir "path=$scratch/store" "temporary-files=$mode" -- "$@"
}

# fresh: an empty store, made without a trace.
fresh()
{
    rm -rf store
    "$tool" "$modules" tgt_dir "path=$scratch/store" "temporary-files=$mode" -- flush > /dev/null
}

# line_of PATTERN FILE: the number of the first line that matches.
line_of()
{
    grep -n -m 1 -E "$1" "$2" | cut -d : -f 1
}

# expect_clean: after a sweep nothing is left but the marker, folders and complete objects.
expect_clean()
{
    "$tool" "$modules" tgt_dir "path=$scratch/store" "temporary-files=$mode" -- sweep > swept
    grep -qx 'sweep ok' swept || fail "sweep after $1: $(cat swept)"
    [ -z "$(find store/@tmp -mindepth 1 2> /dev/null)" ] || fail "left after $1: $(find store)"
    find store -type f ! -name @lagan -printf '%P ' > files
    local file
    for file in $(cat files); do
        [ "$(cat "store/$file")" = "text of $file" ] || fail "half an object after $1: $file"
    done
}

for mode in auto named; do
    # Order: the file's fsync, its name, and with flush the folders, from the root down.
    fresh
    run trace -e trace="$calls" -- put a/b/one 'text of a/b/one' flush > out
    [ "$(cat out)" = $'put a/b/one ok\nflush ok' ] || fail "put and flush: $(cat out)"
    named=$(line_of '^[0-9]+ +(linkat|renameat2)\(.*"one"' trace)
    synced=$(line_of '^[0-9]+ +fsync\(' trace)
    [ "$synced" -lt "$named" ] || fail "named before it was synced: $(cat trace)"
    for folder in store store/a store/a/b; do
        tail -n "+$named" trace | grep -qE "fsync\([0-9]+<$scratch/$folder>\)" ||
            fail "$folder was not synced: $(cat trace)"
    done

    # Folders that somebody else has made need not be durable yet.
    fresh
    mkdir -p store/c/d
    run trace -e trace=fsync -- put c/d/one 'text of c/d/one' flush > out
    for folder in store store/c store/c/d; do
        grep -qE "fsync\([0-9]+<$scratch/$folder>\)" trace ||
            fail "$folder, found and not made, was not synced: $(cat trace)"
    done

    # A failed sync of the file is final: the object is not there, and nobody syncs it again.
    fresh
    run trace -e trace=fsync -e inject=fsync:error=EIO:when=1 -- \
        put a/one 'text of a/one' stage a/two 'text of a/two' > out || true
    [ "$(head -n 1 out)" = 'put a/one io' ] || fail "failed sync: $(cat out)"
    [ "$(grep -c fsync trace)" = 2 ] || fail "synced again: $(cat trace)"
    [ ! -e store/a/one ] || fail 'the object whose sync failed has a name'
    [ -e store/a/two ] || fail 'the object behind it was not stored'
    expect_clean 'a failed sync'

    # So is a failed sync of a folder: no later flush says that all is well.
    fresh
    run trace -e trace=fsync -e inject=fsync:error=EIO:when=2 -- \
        put a/one 'text of a/one' flush flush > out
    [ "$(cat out)" = $'put a/one ok\nflush io\nflush io' ] || fail "failed flush: $(cat out)"

    # Each call fails once; the caller is told, or it did not matter.
    failed=0
    for call in write fsync linkat renameat2 mkdirat; do
        for ((n = 1; n <= 9; n++)); do
            error=$(sed -n "$((n % 3 + 1))p" <<< $'ENOSPC\nEIO\nEDQUOT')
            fresh
            run trace -e trace="$call" -e inject="$call:error=$error:when=$n" -- \
                put a/one 'text of a/one' > out 2> /dev/null || true
            grep -q INJECTED trace || break
            failed=$((failed + 1))
            expect_clean "$error in $call $n"
            # The tool's own line of output may be the one that fails.
            if grep -qx 'put a/one ok' out; then
                [ -e store/a/one ] || fail "told stored, and is not: $error in $call $n"
            fi
        done
    done
    [ "$failed" -ge 4 ] || fail "only $failed calls could fail"

    # Killed at each call.
    killed=0
    for call in ${calls//,/ }; do
        for ((n = 1; n <= 40; n++)); do
            fresh
            status=0
            run trace -e trace="$call" -e inject="$call:signal=KILL:when=$n" -- put a/one \
                'text of a/one' stage b/two 'text of b/two' flush > out 2> /dev/null || status=$?
            [ "$status" != 0 ] || break
            killed=$((killed + 1))
            expect_clean "a kill in $call $n"
        done
    done
    [ "$killed" -ge 20 ] || fail "killed in $killed calls only"
done
