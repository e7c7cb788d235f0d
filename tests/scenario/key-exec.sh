#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# VLT-07, VLT-33: a vault whose key a command looks after: the example of key_exec(7) with a
# service that can be down, deny and forget; what is said at once; two vaults with two services.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program openssl sqlite3

# A key service in the folder service/: a file for each key, and a file `down` or `denied`.
cat >kms <<'END'
#!/bin/sh
read -r verb key data || exit 1
echo "$verb $key" >>"$SERVICE/calls"
[ ! -e "$SERVICE/down" ] || { echo 'no route to the service' >&2; exit 69; }
[ ! -e "$SERVICE/denied" ] || { echo 'the key is disabled' >&2; exit 77; }
[ ! -e "$SERVICE/busy" ] || exit 75
[ ! -e "$SERVICE/slow" ] || exec sleep 60
[ -f "$SERVICE/$key" ] || exit 66
case $verb in
wrap) printf %s "$data" |
    openssl enc -aes-256-cbc -pbkdf2 -iter 1 -a -A -pass "file:$SERVICE/$key" ;;
unwrap) printf %s "$data" |
    openssl enc -d -aes-256-cbc -pbkdf2 -iter 1 -a -A -pass "file:$SERVICE/$key" || exit 65 ;;
esac
END
chmod 755 kms
mkdir -p service tree && echo 'the password of the first' >service/first
echo 'the password of the second' >service/second
seq 3000 >tree/numbers

# key NAME: the provider of a key of the service.
key()
{
    echo "key_exec:$PWD/kms,key=$1,env=SERVICE=$PWD/service,timeout=2s"
}

# provider_slot: the id of the one slot of a provider.
provider_slot()
{
    l vault key list kept --json | sed -nE 's/.*"id":"([0-9a-f]+)","kind":"provider".*/\1/p'
}

# state STATUS TEXT FILE: with that file in the service.
state()
{
    : >"service/$3"
    for command in 'backup create tree --vault kept' 'vault show kept' \
        'vault key check kept'; do
        [ "$(status_of l $command)" = "$1" ] ||
            { cat out err >&2; fail "$3: $command: not $1"; }
        grep -qF -- "$2" err || { cat out err >&2; fail "$3: $command: no '$2'"; }
    done
    rm "service/$3"
}

initialise
mkdir -p conf/conf.d && echo 'drivers = { key_exec }' >conf/conf.d/keys.conf
chmod 600 conf/conf.d/keys.conf
expect 12 'no such key (key third)' l vault create kept --key "$(key third)" \
    --recovery-file "$PWD/r"
rm -f r
l -q vault create kept --encryption kms --key "$(key first)" \
    --recovery-file "$PWD/recovery-kept"
l vault show kept | has '^encryption: *kms'
l -q backup create tree --vault kept
l -q restore latest --vault kept --to restored && diff -r tree restored
[ "$(sort -u service/calls | tr '\n' ,)" = 'unwrap first,wrap first,wrap third,' ] ||
    fail "calls: $(sort -u service/calls)"

state 12 'cannot be reached (key first): no route to the service; until it is back' down
state 12 'denies it (key first): the key is disabled; until it is back --recovery-key' denied
state 5 'cannot do it now' busy
state 5 'did not answer within 2 seconds' slow
mv service/first away
[ "$(status_of l vault key check --all --json)" = 12 ]
has '"vault":"kept","region":"local","opens":false,"why":".*no such key' <out
has '"vault":"main","region":"local","opens":true' <out
: >rows && l vault show kept >rows 2>/dev/null || :
has '^key available: *no' <rows
l -q restore latest --vault kept --recovery-key "file:$PWD/recovery-kept" --to recovered
diff -r tree recovered
# At the start of every run, too; the rest of the run goes on.
expect 12 'no such key (key first)' l run --once
l run --once --json >out 2>/dev/null || :
has '"type":"key_check","vault":"kept","region":"local","opens":false' <out
has '"type":"end","status":12,"code":"key-unavailable"' <out
mv away service/first
l run --once

# Another key of the same service: rewrapped, no pack touched.
find vault/kept/packs -type f -printf '%p %i %T@\n' | sort >before
first=$(provider_slot)
l -q vault key add kept --new-key "$(key second)" --label second
l vault key remove kept "$first" | has 'from now on'
find vault/kept/packs -type f -printf '%p %i %T@\n' | sort >after
diff before after || fail 'packs were rewritten'
rm service/first
l vault key check kept | has '^opens: *yes'
l -q backup create tree --vault kept

# The last slot of a provider, then none.
slot=$(provider_slot)
l vault key remove kept "$slot" --recovery-key "file:$PWD/recovery-kept" |
    has 'no key provider opens vault kept any more'
expect 11 '--recovery-key' l ls latest --vault kept
l vault show kept | has '^encryption: *kms'
expect 1 'keeps for good' l vault key add kept --recovery-key "file:$PWD/recovery-kept" \
    --new-key "key_file:$PWD/f.key"
l -q vault key add kept --recovery-key "file:$PWD/recovery-kept" --new-key "$(key second)"
l ls latest --vault kept >/dev/null
[ "$(sqlite3 state/catalog.db "SELECT count(*) FROM audit
    WHERE event IN ('key-add', 'key-remove') AND detail LIKE 'kept: %'")" -ge 4 ] ||
    fail 'changes of keys were not written down'
