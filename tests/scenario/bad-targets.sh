#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Targets that are full, read-only, not mounted or gone, and vaults that do not open: the exit
# status and one line tell, older backups restore, nothing half-made has a name, and what works
# again afterwards needs no manual step.
#
# With rights to mount, it mounts small file systems in a name space of its own.
if [ -z "${LAGAN_TEST_MOUNTS-}" ]; then
    export LAGAN_TEST_MOUNTS=no
    if [ "$(id -u)" = 0 ] && unshare -m mount -t tmpfs none /tmp 2>/dev/null; then
        LAGAN_TEST_MOUNTS=yes exec unshare -m bash "$0"
    fi
fi
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"

driver_option=--driver-dir="$abs_top_builddir/drivers"

# mounted SIZE PLACE: a file system of its own there.
mounted()
{
    mkdir -p "$2"
    mount -t tmpfs -o "size=$1,mode=755" none "$2"
    cleanup_fn unmount "$PWD/$2"
}

unmount()
{
    ! mountpoint -q "$1" || umount "$1"
}

# make_vault: the configuration with its vault in the folder target.
make_vault()
{
    l -q init --state "$PWD/state" --path "$PWD/target/v" --recovery-file "$PWD/recovery"
}

# restricted WORDS...: lagan of somebody for whom permission bits count.
restricted()
{
    without_rights "$abs_top_builddir/lagan" "$driver_option" --config "$conf" "$@"
}

# restores BACKUP TREE: it is what TREE is now.
restores()
{
    rm -rf restored
    l -q restore "$1" --vault main --to restored || fail "$1 does not restore"
    diff -r "$2" restored || fail "$1 is not as it was"
}

# whole_names: each object in the vault has the name that its bytes give it, the seals are those
# of the catalog, and no temporary file is left.
whole_names()
{
    local file backups
    find target -type f -path '*/packs/*' -o -type f -path '*/runs/*' >names
    while read -r file; do
        [ "$(sha256sum <"$file")" = "$(basename "$file")  -" ] || fail "half an object: $file"
    done <names
    backups=$(l backup list --json | grep -c '"state":"available"')
    [ "$(find target -path '*/seals/*' -type f | wc -l)" = "$backups" ] ||
        fail 'there are seals that are no backups'
    [ -z "$(find target -type f -path '*/@tmp/*' ! -name lock)" ] ||
        fail "temporary files: $(find target -path '*/@tmp/*')"
}

# A target that fills up while the data come.
full_while_data()
{
    mounted 4m target
    make_vault
    l -q backup create tree --name first
    cp -a tree tree.first
    head -c 8000000 /dev/urandom >tree/whale
    expect 14 'No space left on device; make room' l backup create tree --name second
    whole_names
    restores first tree.first
    l verify --depth data | has 'nothing is wrong' || fail 'the vault is hurt'
    expect 14 '' l backup create tree --name second
    l task list --state failed | has 'No space left' || fail 'the task does not tell'
    mount -o remount,size=24m target
    l backup create tree --name second --json | has '"new":1,' || fail 'no second backup'
    restores second tree
    restores first tree.first
    whole_names
    l verify --depth data | has 'nothing is wrong'
    l -q catalog check
}

# Room that ends at each object that a backup writes.
full_at_each_object()
{
    local room status failures=0
    for room in 0 4 8 12 16 20 24 28 40 60; do
        echo "$room" >>tree/small
        head -c 12000 /dev/urandom >tree/random
        rm -f target/ballast
        fallocate -l "$(($(stat -f -c '%a * %S' target) - room * 1024))" target/ballast
        status=$(status_of l backup create tree --name "with-$room")
        case $status in
        0) [ $room -gt 12 ] || fail 'where did it go?' ;;
        14)
            failures=$((failures + 1))
            [ "$(wc -l <err)" = 1 ] || { cat err; fail 'more than one line'; }
            rm target/ballast
            expect 0 '' l backup create tree --name "with-$room"
            ;;
        *)
            cat err
            fail "status $status with $room KiB of room"
            ;;
        esac
        rm -f target/ballast
        restores "with-$room" tree
        whole_names
    done
    [ $failures -ge 4 ] || fail "the target was full $failures times only"
    restores first tree.first
    l verify --depth data | has 'nothing is wrong'
}

# A place to restore to, and a state folder, that fill up.
full_elsewhere()
{
    mounted 1m small
    expect 14 'No space left on device' l restore second --to small/there
    diff -q tree/numbers small/there/numbers || fail 'what came before is not there'
    [ ! -e small/there/whale ] || fail 'half a file has its name'
    mount -o remount,size=20m small
    l -q restore second --to small/there
    cmp tree/whale small/there/whale
    unmount small
    mounted 1m small
    cp -a state small/state && cp "$conf" kept.conf
    sed -i "s,^state = .*,state = $PWD/small/state," "$conf"
    l -q ls first >/dev/null
    cat /dev/zero >small/ballast 2>/dev/null || :
    expect 14 "$PWD/small/state/catalog.db" l backup create tree
    rm small/ballast
    l -q backup create tree
    cp kept.conf "$conf"
    unmount small
    l -q catalog rebuild
}

# changing_commands STATUS TEXT RUN: what writes to the vault fails so, without a trace.
changing_commands()
{
    local wanted=$1 text=$2 run=$3
    l vault key list --json >slots
    expect "$wanted" "$text" "$run" backup create tree --name never
    expect "$wanted" "$text" "$run" backup delete first --force --now --yes
    expect "$wanted" "$text" "$run" vault key add main --new-recovery --recovery-file "$PWD/r"
    expect "$wanted" "$text" "$run" vault create other --recovery-file "$PWD/r"
    [ ! -e r ] || fail 'a recovery key is left of nothing'
    l vault key list --json | cmp - slots || fail 'a key slot came or went'
    l backup list | has ' first .* available' || fail 'a backup that is there is not listed'
    ! l backup list | has ' never ' || fail 'a backup that is not there is listed'
    [ "$(l vault list --json | grep -c '"type":"vault"')" = 1 ] || fail 'a vault was made'
}

# reading_commands RUN: what only reads works.
reading_commands()
{
    local run=$1
    rm -rf restored
    "$run" -q restore first --to restored || fail 'a target that is read-only restores nothing'
    diff -r tree.first restored
    "$run" verify --depth data | has 'nothing is wrong' || fail 'cannot be verified'
    "$run" ls first >/dev/null && "$run" cat first:numbers | cmp - tree.first/numbers
    "$run" region check local >/dev/null && "$run" vault key check main >/dev/null
    "$run" -q catalog check && "$run" -q catalog rebuild && "$run" diff first first >/dev/null
}

read_only_mount()
{
    mount -o remount,ro target
    changing_commands 1 'Read-only file system; make it writable' l
    reading_commands l
    mount -o remount,rw target
    l -q backup create tree --name writable-again
}

read_only_bits()
{
    chmod -R a-w target
    changing_commands 1 'Permission denied' restricted
    reading_commands restricted
    chmod -R u+w target
    l -q backup create tree --name writable
}

# The file system of the target is not mounted: nothing is written to what lies below it.
not_mounted()
{
    unmount target
    for command in 'backup create tree' 'ls first' 'verify' 'restore first --to never'; do
        expect 10 'it may be on a file system that is not mounted' l $command
    done
    expect 1 'it may be on a file system that is not mounted' l catalog rebuild
    expect 1 'it may be on a file system that is not mounted' \
        l vault create other --recovery-file "$PWD/r"
    [ ! -e r ] || fail 'a recovery key is left of nothing'
    expect 1 '' l catalog check
    has 'not mounted' <out || fail 'the check does not tell'
    [ -z "$(ls -A target)" ] || fail "something was written: $(find target)"
    l backup list | has ' first .* available' || fail 'the catalog forgot what it cannot see'
}

unreadable_vault()
{
    local key=$PWD/conf/keys/main.key
    # Another vault's key, a wrong passphrase, no key, a broken one.
    l -q vault create other --recovery-file "$PWD/other-recovery"
    for command in 'ls first' 'backup create tree' 'verify --depth data' \
        'restore first --to never'; do
        expect 12 'vault main' l $command --vault main \
            --recovery-key "file:$PWD/other-recovery"
        expect 12 'vault main' l $command --vault main \
            --key "key_file:path=$PWD/conf/keys/other.key"
    done
    mv "$key" kept.key
    expect 12 "$key" l ls first --vault main
    cp conf/keys/other.key "$key"
    expect 12 'vault main' l ls first --vault main
    mv kept.key "$key"
    expect 10 'there are: main, other' l backup create tree --vault nosuch
    expect 10 'there are: main, other' l verify --vault nosuch
    l -q ls first --vault main >/dev/null
    [ ! -e never ] || fail 'something was restored'
}

# damaged_conf STATUS TEXT: what comes of the configuration in the vault as it lies there.
damaged_conf()
{
    expect "$1" "$2" l ls first --vault main
    expect "$1" "$2" l backup create tree --vault main
    expect "$1" "$2" l verify --vault main --depth objects
    expect "$1" "$2" l verify --target "tgt_dir:path=$PWD/target/v/main"
    cp -f kept.settings "$settings"
}

vault_settings()
{
    settings=target/v/main/conf/00000001
    cp "$settings" kept.settings
    chmod u+w "$settings"
    # The byte behind the magic is the version.
    printf '\x7f' | dd of="$settings" bs=1 seek=8 conv=notrunc status=none
    damaged_conf 13 'install a newer lagan'
    printf 'xx' | dd of="$settings" bs=1 seek=100 conv=notrunc status=none
    damaged_conf 4 'conf/00000001'
    truncate -s 100 "$settings"
    damaged_conf 4 'conf/00000001'
    : >"$settings"
    damaged_conf 4 'conf/00000001'
    cp -f target/v/other/conf/00000001 "$settings"
    expect 4 'another vault' l ls first --vault main
    rm -f "$settings"
    expect 10 'is the right storage mounted?' l ls first --vault main
    expect 10 '' l backup create tree --vault main
    cp kept.settings "$settings"
    l -q backup create tree --vault main
}

gone()
{
    mv target/v/main kept
    expect 10 'target/v/main does not exist' l ls first --vault main
    expect 10 'target/v/main does not exist' l backup create tree --vault main
    [ ! -e target/v/main ] || fail 'half a vault was made'
    touch target/v/main
    expect 1 'target/v/main' l ls first --vault main
    rm target/v/main && mv kept target/v/main
    l -q backup create tree --vault main
    l verify --vault main --depth data | has 'nothing is wrong'
}

mkdir tree && echo text >tree/file && seq 20000 >tree/numbers
head -c 500000 /dev/urandom >tree/content
if [ "$LAGAN_TEST_MOUNTS" = yes ]; then
    full_while_data
    full_at_each_object
    full_elsewhere
    read_only_mount
    not_mounted
    rm -rf conf state target recovery tree/whale
else
    echo 'no rights to mount: full and read-only file systems are left out'
fi
make_vault
rm -rf tree.first && cp -a tree tree.first
l -q backup create tree --name first
read_only_bits
unreadable_vault
vault_settings
gone
restores first tree.first
