#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Secrets stay where they belong: a marker in every secret, and none of it in arguments of
# processes, in what the program says, in the catalog, the configuration or on storage; and all
# ways of giving a secret work.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program strace

marker=MaRkEr$RANDOM$RANDOM$RANDOM$RANDOM
echo "$marker-file" >passphrase && chmod 600 passphrase
echo "$marker-second" >second && chmod 600 second
mkdir credentials && echo "$marker-file" >credentials/vault-key
chmod 600 credentials/vault-key
mkdir source said && echo text >source/file

# told NAME COMMAND...: runs it, with everything it says, and what it starts, kept in said/.
told()
{
    local name=$1
    shift
    ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 \
        strace -f --seccomp-bpf -s 4096 -e trace=execve -o "said/$name.execve" \
        "$abs_top_builddir/lagan" --driver-dir="$abs_top_builddir/drivers" --config "$conf" \
        -vvv "$@" >"said/$name.out" 2>"said/$name.err" ||
        { cat "said/$name.err"; fail "$*"; }
}
requires 'strace that may trace' strace -o /dev/null true

told init init --state "$PWD/state" --path "$PWD/vault" --passphrase "file:$PWD/passphrase" \
    --recovery-file "$PWD/recovery"
recovery=$(cat recovery)
[ ${#recovery} -gt 60 ] && [ "$(stat -c %a recovery)" = 600 ]
told backup backup create source --passphrase "file:$PWD/passphrase"
told fd ls latest --passphrase fd:7 7<passphrase
told command verify --depth data --passphrase "command:cat '$PWD/passphrase'"
CREDENTIALS_DIRECTORY=$PWD/credentials \
    told credential ls latest --passphrase credential:vault-key
told recovery restore latest --to restored --recovery-key "file:$PWD/recovery"
tr -d '\n-' <recovery | tr A-Z a-z >typed && chmod 600 typed
told typed ls latest --recovery-key "file:$PWD/typed"
told add vault key add --passphrase "file:$PWD/passphrase" --new-passphrase "file:$PWD/second"
told new ls latest --passphrase "file:$PWD/second" --json
told list vault key list --json
told new_recovery vault key add --new-recovery --recovery-file "$PWD/recovery2" \
    --passphrase "file:$PWD/second" --json
told provider vault key add --new-key "key_file:path=$PWD/provider.key" \
    --passphrase "file:$PWD/second"
told without ls latest
told shown backup show latest
told export catalog export
told tasks task list
told check vault key check
expect 12 '' l ls latest --recovery-key "file:$PWD/passphrase"
cat out err >>said/wrong
expect 12 '' l ls latest --passphrase "file:$PWD/recovery"
cat out err >>said/wrong
expect 2 '' l ls latest --passphrase "$marker-file"
cat out err >>said/literal
expect 1 'No such file' l ls latest --passphrase "file:$PWD/nosuch"
expect 2 '' l ls latest --passphrase "command:exit 3"
expect 2 '' l init --json

# A recovery key on the screen is shown once and nowhere else.
l vault create third --passphrase "file:$PWD/passphrase" >screen 2>said/create.err
shown=$(grep -oE '[0-9A-Z]{5}(-[0-9A-Z]{5}){12}' screen)
[ "$(wc -l <<<"$shown")" = 1 ]

rm said/literal # there the user said it himself
for secret in "$marker" "$recovery" "$(cat recovery2)" "$shown" "$(tr -d '\n' <typed)"; do
    [ ${#secret} -gt 10 ]
    ! grep -rlaF -- "$secret" said state vault conf || fail 'a secret got out'
done
python3 - <<'END' || fail 'the key of a provider got out'
import os, sys
key = open("provider.key", "rb").read()
needles = {key.strip(), key[-32:]}
for top in ("said", "state", "vault", "conf"):
    for base, _, names in os.walk(top):
        for name in names:
            data = open(os.path.join(base, name), "rb").read()
            for needle in needles:
                assert needle not in data, os.path.join(base, name)
END

# While it runs: nothing in the arguments or the environment of any process.
sleep_then="sleep 0.4; cat '$PWD/passphrase'"
l ls latest --vault main --passphrase "command:$sleep_then" >/dev/null &
sleep 0.2
for process in /proc/[0-9]*; do
    { cat "$process/cmdline" "$process/environ"; } 2>/dev/null
done >processes || :
wait $!
! grep -qaF -- "$marker-file" processes || fail 'a secret stands in /proc'

# Files that others can read are refused; so is what is too long or empty.
chmod 644 passphrase
expect 2 'others can read it' l ls latest --vault main --passphrase "file:$PWD/passphrase"
: >empty && chmod 600 empty
expect 2 'empty' l ls latest --vault main --passphrase "file:$PWD/empty"
head -c 70000 /dev/zero >long && chmod 600 long
expect 2 '' l ls latest --vault main --passphrase "file:$PWD/long"
expect 2 '' l ls latest --vault main --passphrase "file:$PWD"
expect 2 '' l ls latest --vault main --passphrase fd:99
