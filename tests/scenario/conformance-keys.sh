#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every key provider of the tree keeps its contract: the suite passes, but for what is declared.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/conformance-functions.sh"
modules

passes key_file "path=$PWD/keys"
ran key-round-trip key-other-key key-never-replaced key-missing key-made-once

# A key service that is a few lines of shell.
if command -v openssl >/dev/null; then
    cat >kms <<'END'
#!/bin/sh
read -r verb key data || exit 1
[ -f "$SERVICE/$key" ] || exit 66
case $verb in
wrap) printf %s "$data" |
    openssl enc -aes-256-cbc -pbkdf2 -iter 1 -a -A -pass "file:$SERVICE/$key" ;;
unwrap) printf %s "$data" |
    openssl enc -d -aes-256-cbc -pbkdf2 -iter 1 -a -A -pass "file:$SERVICE/$key" || exit 65 ;;
esac
END
    chmod 755 kms
    mkdir service && echo 'a password' >service/one
    passes key_exec "command=$PWD/kms" key=one "env=SERVICE=$PWD/service"
    ran key-round-trip key-each-byte key-cancelled
fi

# A token, where SoftHSM is installed.
token()
{
    local module pin=the-PIN-5678
    for module in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so; do
        [ ! -e "$module" ] || break
    done
    [ -e "$module" ] && [ -e modules/key_pkcs11.so ] && command -v softhsm2-util >/dev/null ||
        return 0
    mkdir tokens
    printf 'directories.tokendir = %s\nobjectstore.backend = file\n' "$PWD/tokens" \
        >softhsm2.conf
    export SOFTHSM2_CONF=$PWD/softhsm2.conf
    softhsm2-util --init-token --free --label vaults --so-pin 1234 --pin "$pin" >/dev/null
    (umask 077 && echo "$pin" >pin)
    # SoftHSM empties the file of a token when processes log in to it at the same time, and keeps
    # some bytes for each session.
    passes --exclude key-made-once --exclude 'life-*-grow' key_pkcs11 "module=$module" token=vaults key=one "pin=file:$PWD/pin"
    ran key-round-trip key-each-byte key-threads
}
token
