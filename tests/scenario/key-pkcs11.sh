#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# VLT-07, VLT-33, VLT-37: a vault whose key lies in a PKCS#11 token (SoftHSM): made, used,
# rewrapped under another key without touching a pack; and what is said, at once, when PIN,
# token or key are gone, while the recovery key still opens it.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program softhsm2-util pkcs11-tool python3 sqlite3
requires 'the driver key_pkcs11, which was not built' \
    test -e "$abs_top_builddir/drivers/key_pkcs11.so"
module=
for module in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so; do
    [ ! -e "$module" ] || break
done
requires SoftHSM test -e "$module"
# Long: four digits also turn up among the random digits of identifiers, now and then.
pin=the-PIN-5678-of-these-vaults

# key NAME: the provider of a key in the token.
key()
{
    echo "key_pkcs11:module=$module,token=vaults,key=$1,pin=file:$PWD/pin"
}

tool()
{
    pkcs11-tool --module "$module" --token-label vaults --login --pin "$pin" "$@" >/dev/null 2>&1
}

# said_at_once STATUS TEXT: every command that needs the key says so, and what to do.
said_at_once()
{
    local command
    for command in 'backup create tree --vault hsm' 'vault show hsm' 'vault key check hsm' \
        'ls latest --vault hsm' 'vault key check --all'; do
        [ "$(status_of l $command)" = "$1" ] ||
            { cat out err >&2; fail "$command: not $1"; }
        if [ "$command" = 'vault key check --all' ]; then
            cat out >>err
        fi
        grep -qF -- "$2" err || { cat out err >&2; fail "$command: no '$2'"; }
        grep -qF -- '--recovery-key' err || { cat err >&2; fail "$command: no next step"; }
        grep -qF -- 'key_pkcs11 (token vaults (' err ||
            { cat err >&2; fail "$command: which?"; }
    done
    l backup create tree --vault hsm --json >json 2>/dev/null || :
    has "\"type\":\"end\",\"status\":12,\"code\":\"$3\"" <json ||
        { cat json >&2; fail "not $3"; }
    [ "$(status_of l vault show hsm)" = 12 ]
    has '^key available: *no' <out || { cat out >&2; fail 'the verdict is not remembered'; }
    # Everything is still there for those who have the recovery key.
    rm -rf out-tree
    l -q restore latest --vault hsm --recovery-key "file:$PWD/recovery-hsm" --to out-tree
    diff -r tree out-tree
}

back_again()
{
    l vault key check hsm | has 'opens: *yes'
    l vault show hsm | has '^key available: *yes'
    l -q backup create tree --vault hsm
}

# Everything in the vault but its key slots.
objects()
{
    find vault/hsm -path vault/hsm/keys -prune -o -type f -printf '%p %i %s %T@\n' | sort
}

slots_of()
{
    l vault key list hsm --json | sed -nE 's/.*"id":"([0-9a-f]+)","kind":"provider".*/\1/p'
}

events()
{
    sqlite3 state/catalog.db "SELECT event FROM audit ORDER BY sequence" | tr '\n' ' '
}

token()
{
    mkdir tokens
    printf 'directories.tokendir = %s\nobjectstore.backend = file\n' "$PWD/tokens" \
        >softhsm2.conf
    export SOFTHSM2_CONF=$PWD/softhsm2.conf
    softhsm2-util --init-token --free --label vaults --so-pin 1234 --pin "$pin" >/dev/null
    (umask 077 && echo "$pin" >pin)
}

vault()
{
    initialise
    expect 1 'not enabled' l vault create hsm --key "$(key one)" --recovery-file "$PWD/r"
    mkdir -p conf/conf.d && echo 'drivers = { key_pkcs11 }' >conf/conf.d/keys.conf
    chmod 600 conf/conf.d/keys.conf
    rm -f r
    # The method and the provider must be of one mind, and no key is made before.
    expect 1 'managed' l vault create hsm --encryption managed --key "$(key one)" \
        --recovery-file "$PWD/r"
    expect 1 'kms' l vault create hsm --encryption kms --recovery-file "$PWD/r"
    expect 1 'kms' l vault create hsm --encryption kms --key "key_file:$PWD/f.key" \
        --recovery-file "$PWD/r"
    [ ! -e f.key ] || fail 'a key was made for nothing'
    ! tool -O --type secrkey --label one | grep -q . || fail 'a key was made for nothing'
    expect 2 'managed, kms' l vault create hsm --encryption none --recovery-file "$PWD/r"
    l -q vault create hsm --encryption kms --key "$(key one)" \
        --recovery-file "$PWD/recovery-hsm"
    l vault show hsm | has '^encryption: *kms'
    l vault show main | has '^encryption: *managed'
    l vault key list hsm --json | has '"identity":"token vaults (.*AES-256 key one, id '
    mkdir tree && seq 3000 >tree/numbers && echo text >tree/file
    l -q backup create tree --vault hsm
    l -q restore latest --vault hsm --to restored && diff -r tree restored
    l vault key check hsm | has '^state: *opens'
    l vault key check --all >out && [ "$(grep -c '^opens: *yes' out)" = 2 ]
    l verify --vault hsm --depth data | has 'nothing is wrong'
    # The PIN is where it was said to be, and nowhere else.
    ! grep -rF "$pin" state conf vault || fail 'the PIN got out'
}

missing_things()
{
    echo 0000 >pin
    said_at_once 12 'the PIN is wrong' key-unavailable
    echo "$pin" >pin
    back_again
    mv tokens away && mkdir tokens
    said_at_once 12 'token vaults is not there' key-unavailable
    rmdir tokens && mv away tokens
    back_again
    mv pin nopin
    expect_status 1 l ls latest --vault hsm 2>/dev/null
    mv nopin pin
}

# VLT-37: another key; what is stored stays as it is.
rewrap()
{
    local before old
    old=$(slots_of)
    objects >before
    # VLT-33: not silently, and never to another method.
    expect 1 'keeps for good' l vault key add hsm --new-key "key_file:$PWD/new.key"
    [ ! -e new.key ] || fail 'a key was made for nothing'
    l -q vault key add hsm --new-key "$(key two)"
    l vault key check hsm >out && [ "$(grep -c '^state: *opens' out)" = 2 ]
    l vault key remove hsm "$old" >out
    grep -q 'opened with key_pkcs11 from now on' out ||
        { cat out >&2; fail 'who opens it now?'; }
    objects >after
    diff before after || fail 'something was written anew'
    tool --delete-object --type secrkey --label one
    back_again
    l vault show hsm | has '^key parameters: .*key=two'
    case $(events) in
    *'key-add '*'key-remove '*'vault-update '*) ;;
    *) fail "events: $(events)" ;;
    esac
    sqlite3 state/catalog.db "SELECT detail FROM audit" | has "^hsm: provider slot $old"
}

# A key that was deleted, and one that was made anew under its name.
gone()
{
    tool --delete-object --type secrkey --label two
    said_at_once 12 'key two is not in token vaults' key-unavailable
    tool --keygen --key-type AES:32 --label two
    said_at_once 12 'opens with' wrong-key
    # A way out: a slot for a new key, with the recovery key.
    l -q vault key add hsm --recovery-key "file:$PWD/recovery-hsm" --new-key "$(key three)"
    l vault key remove hsm "$(l vault key list hsm --json |
        sed -nE 's/.*"id":"([0-9a-f]+)","kind":"provider".*key two.*/\1/p')" \
        --recovery-key "file:$PWD/recovery-hsm" | has 'from now on'
    back_again
}

token
vault
missing_things
rewrap
gone
