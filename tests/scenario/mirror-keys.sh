#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# MIR-04, VLT-07, VLT-33: a mirror is encrypted by the method of its vault, with a key of its own
# region; when the source's key service is gone for good, the mirror opens with its own.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program openssl jq sqlite3

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
mkdir -p service-east service-west east west source
echo 'the password of the east' >service-east/key
echo 'the password of the west' >service-west/key
seq 5000 >source/numbers

# service REGION: its key provider.
service() { echo "key_exec:$PWD/kms,key=key,env=SERVICE=$PWD/service-$1,timeout=5s"; }
cat >lagan.conf <<.
state   = $PWD/state
drivers = { src_files, tgt_dir, key_file, key_exec }
region east { target tgt_dir { path = $PWD/east } }
region west { target tgt_dir { path = $PWD/west } }
mirror { history-delay = 0s }
.
export XDG_CONFIG_HOME=$PWD HOME=$PWD
l() { lagan --config lagan.conf "$@"; }

# refused CODE COMMAND...: fails with this code.
refused()
{
    local code=$1 found
    shift
    found=$(l "$@" --json 2>/dev/null | jq -r 'select(.type == "end") | .code') || true
    [ "$found" = "$code" ] || fail "$*: $found instead of $code"
}

l -q vault create main --region east --encryption kms --key "$(service east)" --recovery-file recovery
l -q vault create plain --region east --recovery-file recovery-plain
l -q backup create "$PWD/source" --vault main

echo '== the method must be that of the vault, in both directions'
refused encryption-differs mirror create main --region west
refused encryption-differs mirror create plain --region west --key "$(service west)"
refused encryption-differs mirror create main --region west --key "$(service west)" --encryption managed
[ -z "$(ls west)" ] || fail 'a refused mirror has left something'
l -q mirror create main --region west --key "$(service west)"
l -q run --once
[ "$(l mirror show '[COPY]-main' --json | jq -r 'select(.type == "mirror") | .encryption')" = kms ]

echo '== the slot of the east did not travel'
kinds=$(l vault key list '[COPY]-main' --region west --json | jq -r 'select(.type == "slot") | .kind' | sort | xargs)
[ "$kinds" = 'provider recovery' ] || fail "slots of the mirror: $kinds"

echo '== a mirror that is deleted and purged leaves nothing'
l -q mirror create plain --region west
l -q run --once
expect_status 1 l mirror delete '[COPY]-plain' --region east --yes
l -q mirror delete '[COPY]-plain' --region west --confirm '[COPY]-plain'
l -q vault purge '[COPY]-plain' --force --yes 2>purged
[ ! -s purged ] || { cat purged >&2; fail 'the purge left something'; }

echo '== a mirror that was never finished does not pass for its vault in a rebuild'
l -q mirror create plain --region west --name half
l -q mirror stop half --yes
sqlite3 state/catalog.db "PRAGMA foreign_keys = ON; DELETE FROM vaults WHERE name = 'half'"
rm -rf west/half/about
expect_status 1 l -q catalog rebuild 2>second
expect_in second 'is a second copy of the vault that lies in region east'
[ "$(l vault show plain --json | jq -r 'select(.type == "vault") | .region')" = east ] || fail 'the vault has moved'
l -q mirror create plain --region west --name half
l -q mirror delete half --region west --yes
l -q vault purge half --force --yes

echo '== the region and its key service are gone'
rm -rf east service-east state
expect_status 11 l catalog rebuild --region west
l -q catalog rebuild --region west --key "$(service west)"
l -q restore latest --vault '[COPY]-main' --to "$PWD/back"
diff -r source back

echo '== and when the service of the mirror is gone, that is said at once'
rm service-west/key
expect_status 12 l vault key check '[COPY]-main'
l -q restore latest --vault '[COPY]-main' --to "$PWD/back2" --recovery-key "file:$PWD/recovery"
diff -r source back2
