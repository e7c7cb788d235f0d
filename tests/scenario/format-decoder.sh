# SPDX-License-Identifier: Apache-2.0
# What lagan wrote is what doc/format.md says: a decoder that was written from that page alone
# checks the vault without a key, opens it with each kind of key, and extracts what was backed up.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"

requires_program python3 rsync jq
requires 'the Python package cryptography' python3 -c 'import cryptography'

decode()
{
    python3 "$abs_top_srcdir/tests/format/lagan_decode.py" "$@"
}

# same A B: fails unless the trees are equal in content, mode, time, links and attributes.
same()
{
    rsync -aHX --checksum --dry-run --delete --itemize-changes "$1/" "$2/" >differences
    [ ! -s differences ] || { cat differences >&2; fail "$1 and $2 differ"; }
}

make_source()
{
    mkdir -p source/folder/deep 'source/odd name'
    head -c 1500000 /dev/urandom >source/large
    for i in $(seq 300); do echo "content $i" >"source/folder/file-$i"; done
    truncate -s 40M source/sparse
    echo data | dd of=source/sparse bs=1 seek=20000000 conv=notrunc status=none
    echo linked >source/first
    ln source/first source/folder/second
    ln -s ../first source/folder/symlink
    ln -s /nowhere source/folder/dangling
    mkfifo source/folder/fifo
    : >source/empty
    chmod 4750 source/first
    chmod 0700 source/folder/deep
    printf x >source/'odd name'/$'new\nline\xff'
    touch -d '1960-01-02 03:04:05.123456789' source/folder/deep
    if setfattr -n user.short -v value source/first 2>/dev/null; then
        setfattr -n user.long -v "$(head -c 900 /dev/zero | tr '\0' a)" source/empty
    fi
}

run()
{
    lagan --config "$scratch/etc/lagan.conf" --quiet "$@"
}

mkdir etc
make_source
run init --path "$scratch/store" --state "$scratch/state" --recovery-file "$scratch/recovery"
(umask 077 && echo 'correct horse' >passphrase)
run vault key add main --new-passphrase "file:$scratch/passphrase"
run backup create "$scratch/source" --name first
cp -a source before
echo changed >source/folder/file-7
rm source/folder/file-8
echo new >source/folder/file-7a
run backup create "$scratch/source" --name second
vault=store/main
key_file=$(find etc -name '*.key' -o -path '*/keys/*' -type f | head -n 1)

# Without a key.
decode $vault --check || fail 'the check without a key found something'

# With each kind of key.
decode $vault --recovery-file recovery --check-data || fail 'the check of data found something'
decode $vault --passphrase-file passphrase --backups >backups
decode $vault --key-file "$key_file" --backups | cmp - backups
[ "$(jq -r .name backups | tr '\n' ' ')" = 'first second ' ] || fail "backups: $(cat backups)"

# What was backed up comes out again, each backup as it was.
first=$(jq -r 'select(.name == "first").id' backups)
decode $vault --recovery-file recovery --extract "$first" out-first
same before out-first
decode $vault --recovery-file recovery --extract latest out-second
same source out-second
[ "$(du -k out-second/sparse | cut -f 1)" -lt 1000 ] || fail 'the sparse file is not sparse'

# The chunks of a file end where the decoder's own chunker says.
decode $vault --recovery-file recovery --list latest >entries
jq -r 'select(.path == "large").chunks[]' entries >chunks
decode $vault --recovery-file recovery --rechunk source/large | cmp - chunks

# The decoder would have noticed: a changed byte, a missing pack, a wrong key.
pack=$(find $vault/packs -type f | sort | head -n 1)
cp -a $vault damaged
chmod u+w "damaged/${pack#"$vault/"}"
printf '\377' | dd of="damaged/${pack#"$vault/"}" bs=1 seek=300 conv=notrunc status=none
cmp -s "$pack" "damaged/${pack#"$vault/"}" &&
    printf '\0' | dd of="damaged/${pack#"$vault/"}" bs=1 seek=300 conv=notrunc status=none
expect_status 1 decode damaged --check
rm -f "damaged/${pack#"$vault/"}"
expect_status 1 decode damaged --check
echo wrong >passphrase
expect_status 1 decode $vault --passphrase-file passphrase --backups

# What a mirror has besides: another key, what it is, the head of the audit log.
mkdir etc/conf.d
echo "region west { target tgt_dir { path = $scratch/west } }" >etc/conf.d/west.conf
chmod 600 etc/conf.d/west.conf
run mirror create main --region west
run backup create "$scratch/source" --name third
with_clock 7200 lagan --config "$scratch/etc/lagan.conf" --quiet run --once
mirror=west/copy-main
decode $mirror --check || fail 'the check of the mirror found something'
decode $mirror --key-file "etc/keys/[COPY]-main.key" --backups >backups
[ "$(jq -r .name backups | tr '\n' ' ')" = 'first second third ' ] || fail "backups of the mirror: $(cat backups)"
head=$(find $mirror/audit -type f)
chmod u+w "$head"
printf 'x' | dd of="$head" bs=1 seek=10 conv=notrunc status=none
expect_status 1 decode $mirror --check

# What prune leaves: packs that a seal lists are gone, and a move says where their chunks are.
rm source/large
run backup create "$scratch/source" --vault main --region local
for id in $(jq -r .id backups); do
    run backup delete "$id" --vault main --region local --force --now --yes
done
run prune --vault main --region local
[ -n "$(find $vault/moves -type f)" ] || fail 'prune has written no move'
decode $vault --check || fail 'the check after prune found something'
decode $vault --recovery-file recovery --check-data || fail 'the check of data after prune found something'
rm -rf out-second
decode $vault --recovery-file recovery --extract latest out-second
same source out-second
rm -rf damaged
cp -a $vault damaged
chmod -R u+w damaged
rm damaged/moves/*
expect_status 1 decode damaged --check
