#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Several vaults and their keys; a catalog that is lost and read back from storage; an auditor
# who has nothing but a copy.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program rsync python3

# same_tree A B
same_tree()
{
    local difference
    difference=$(rsync -aHAX --checksum --dry-run --itemize-changes --delete "$1/" "$2/")
    [ -z "$difference" ] || fail "$1 and $2 differ: $difference"
}

ids()
{
    l "$@" --json | sed -nE 's/.*"type":"(backup|slot)","id":"([0-9a-f]+)".*/\2/p'
}

# slot_of KIND VAULT: its id.
slot_of()
{
    l vault key list "$2" --json | sed -nE 's/.*"id":"([0-9a-f]+)","kind":"'"$1"'".*/\1/p'
}

several_vaults()
{
    l -q vault create Second_Vault --recovery-file "$PWD/recovery2" --description 'the second'
    l -q vault create second-vault --recovery-file "$PWD/recovery3"
    [ "$(l vault list --json | grep -c '"place":"second-vault\(-2\)\?"')" = 2 ] ||
        fail 'two vaults share a place'
    expect 1 '--vault' l backup create tree
    l -q backup create tree --vault main --name one
    echo more >>tree/file
    l -q backup create tree --vault Second_Vault --name two
    echo more >>tree/file
    l -q backup create tree --vault main --name three
    # A backup tells its vault.
    l cat two:file | cmp - <(printf 'text\nmore\n')
    l cat "$(ids backup list --vault main | head -n 1 | cut -c1-8):file" | cmp - <(echo text)
    [ "$(l ls latest --vault Second_Vault | wc -l)" = 2 ]
    l vault show Second_Vault | has '^description: *the second'
    [ "$(ids backup list --vault main | wc -l)" = 2 ] && [ "$(ids backup list | wc -l)" = 3 ]
    expect 1 '' l diff one two --vault main
    expect 10 '' l backup list --vault nosuch
    # The vault of a uuid.
    uuid=$(l vault show main --json | sed -nE 's/.*"id":"([0-9a-f]+)".*/\1/p')
    l ls latest --vault "${uuid:0:10}" >/dev/null
}

keys()
{
    local slot
    echo swordfish >word && chmod 600 word
    [ "$(ids vault key list main | wc -l)" = 2 ]
    l -q vault key add main --new-passphrase "file:$PWD/word" --label 'in the safe' >out
    [ "$(ids vault key list main | wc -l)" = 3 ]
    l vault key list main | has 'passphrase  in the safe'
    l ls one --passphrase "file:$PWD/word" --vault main >/dev/null
    l vault key check main --passphrase "file:$PWD/word" | has 'opens: *yes'
    # Without the key file: the passphrase and the recovery key are left.
    mv conf/keys/main.key kept
    expect 12 "--recovery-key" l ls one --vault main
    l restore one --vault main --recovery-key "file:$PWD/recovery" --to recovered >/dev/null
    [ "$(cat recovered/file)" = text ]
    l verify --vault main --depth objects | has 'nothing is wrong' ||
        fail 'a check without keys needs a key'
    expect 12 "--recovery-key" l verify --vault main --depth data
    mv kept conf/keys/main.key
    slot=$(slot_of passphrase main)
    expect 1 'has no slot' l vault key remove main 00000000
    expect 2 'at least 4' l vault key remove main ab
    l vault key remove main "${slot:0:8}" | has 'removed'
    expect 12 '' l ls one --vault main --passphrase "file:$PWD/word"
    l ls one --vault main >/dev/null
    l -q vault key remove second-vault "$(slot_of recovery second-vault)"
    slot=$(slot_of provider second-vault)
    [ "$(status_of l vault key remove second-vault "$slot")" = 1 ] || fail 'the last slot went'
}

passphrase_vault()
{
    l -q vault create locked --passphrase "file:$PWD/word" --no-recovery --force
    [ "$(ids vault key list locked | wc -l)" = 1 ]
    expect 11 '--passphrase' l ls latest --vault locked
    expect 11 '' l backup create tree --vault locked
    l -q backup create tree --vault locked --passphrase "file:$PWD/word"
    l verify --vault locked --locked >/dev/null
    l -q vault key add locked --passphrase "file:$PWD/word" \
        --new-key "key_file:path=$PWD/locked.key" >/dev/null
    l ls latest --vault locked >/dev/null || fail 'a new provider is not used'
}

# What makes a source what it is.
source_of()
{
    l source show "$1" | grep -v '^created'
}

lost_catalog()
{
    l -q source add ruled src_files "path=$PWD/tree" one-file-system=yes --exclude '*.o' \
        --include '/keep.o' --exclude '/a b'
    l -q backup create ruled --vault main
    l backup show latest --vault main --source ruled | has '^rules: *exclude=\*.o include=/keep.o'
    source_of ruled >source-before
    has 'exclude=/a b' <source-before
    l catalog check | has agree
    l catalog export >before
    rm -r state
    l vault list | has '^no vaults'
    expect 1 '' l catalog check
    [ "$(grep -c 'that is not in the catalog' out)" = 4 ]
    # The vault with the key file in a place of its own and those whose keys are gone stay
    # locked; the others are back.
    [ "$(status_of l catalog rebuild)" = 11 ]
    l -q catalog rebuild --key "key_file:path=$PWD/locked.key" || :
    l catalog check >out || { cat out; fail 'catalog and vaults differ after a rebuild'; }
    l catalog export >after
    diff before after || fail 'a rebuilt catalog knows something else'
    source_of ruled >source-after
    diff source-before source-after || fail 'a source came back as something else'
    l restore three --vault main --to rebuilt >/dev/null
    same_tree tree rebuilt
    # The source is known again, and its backups go on from the last one; what changed a moment
    # before that is read once more.
    l backup create tree --vault main --json | has '"new":0,'
    l backup create tree --vault main --json | has '"bytes_read":0,'
}

differences()
{
    l -q backup create tree --vault main --name gone
    seal=$(l backup show gone --vault main --json | sed -nE 's/.*"seal":"([^"]+)".*/\1/p')
    mv "vault/main/seals/$seal" kept-seal
    expect 1 '' l catalog check
    grep -q 'is in the catalog but not in the vault' out
    expect 4 '' l verify --vault main
    grep -q "^damaged: seals/$seal: .*; hurts backup ${seal##*-}$" out
    l catalog rebuild | has 'vault main .* 1 gone'
    mv kept-seal "vault/main/seals/$seal"
    expect 1 '' l catalog check
    grep -q 'is in the vault but not in the catalog' out
    l catalog rebuild | has 'vault main .* 1 of them new'
    l catalog check >/dev/null
    l ls gone --vault main >/dev/null
    # Objects that nothing in storage misses: a key slot, the tombstone of the newest backup.
    l -q backup delete gone --vault main --force --now --yes
    for object in "keys/$(slot_of recovery main)" "seals/$seal.gone"; do
        mv "vault/main/$object" kept-object
        rm -rf state/cache
        expect 4 '' l verify --vault main
        grep -q "^damaged: $object: the catalog knows" out || { cat out; fail "$object: not missed"; }
        expect 1 '' l catalog check
        grep -q "$object: the catalog knows" out
        mv kept-object "vault/main/$object"
    done
    l catalog check | has agree
    l -q vault key add main --new-passphrase "file:$PWD/word" >/dev/null
    slot=$(slot_of passphrase main)
    cp "vault/main/keys/$slot" kept-slot
    l vault key remove main "$slot" | has 'removed'
    mv kept-slot "vault/main/keys/$slot"
    l verify --vault main | has "^warning: keys/$slot: the catalog does not know"
    expect 1 '' l catalog check
    l catalog rebuild >/dev/null
    l catalog check | has agree
    rm "vault/main/keys/$slot"
    l catalog rebuild | has 'vault main: 1 key slots gone'
    # Another vault in its place.
    mv vault/main vault/aside && cp -a vault/second-vault vault/main
    expect 4 '' l ls gone --vault main
    rm -rf vault/main && mv vault/aside vault/main
}

damaged_catalog()
{
    cp -a state kept-state
    printf 'garbage' | dd of=state/catalog.db bs=1 seek=20 conv=notrunc status=none
    rm -f state/catalog.db-wal
    expect 4 'rebuild' l backup list
    expect 4 'rebuild' l backup list
    l -q catalog rebuild 2>/dev/null || :
    l ls three --vault main >/dev/null || fail 'a damaged catalog was not made anew'
    ls state/catalog.damaged-* >/dev/null || fail 'the damaged catalog was thrown away'
    rm -r state && mv kept-state state
}

auditor()
{
    local pack
    cp -a vault/main copy
    mkdir elsewhere && cd elsewhere
    conf=$PWD/nosuch.conf
    for depth in structure objects; do
        l verify --target "tgt_dir:path=$scratch/copy" --depth $depth | has 'nothing is wrong'
    done
    expect 11 '' l verify --target "tgt_dir:path=$scratch/copy" --depth data
    l verify --target "tgt_dir:path=$scratch/copy" --depth data \
        --recovery-key "file:$scratch/recovery" | has 'nothing is wrong'
    l verify --target "tgt_dir:$scratch/copy" --key "key_file:$scratch/conf/keys/main.key" \
        --depth data >/dev/null
    l verify --target "tgt_dir:$scratch/copy" --backup latest >/dev/null
    expect 10 '' l verify --target "tgt_dir:path=$scratch/conf"
    expect 10 '' l verify --target "tgt_dir:path=$scratch/nosuch"
    expect 2 '' l verify --target ":path=$scratch/copy"
    expect 2 '' l verify --target "tgt_dir:colour=red"
    pack=$(find "$scratch/copy/packs" -type f | head -n 1)
    chmod u+w "$pack" && truncate -s -1 "$pack"
    expect_status 4 l verify --target "tgt_dir:path=$scratch/copy" >out
    grep -q "^damaged: packs/.*$(basename "$pack").*hurts backup" out ||
        { cat out; fail 'not named'; }
    cd ..
    conf=$scratch/conf/lagan.conf
}

mkdir tree && echo text >tree/file && seq 1000 >tree/numbers
initialise
several_vaults
keys
passphrase_vault
lost_catalog
differences
damaged_catalog
auditor
