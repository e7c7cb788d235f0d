#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# demo.sh - shows what lagan is for, with everything embedded and in a scratch folder:
#
#     ./autogen.sh demo [DIR]
#
# Copies DIR (default: the checkout), backs the copy up, changes it, backs it up again, lists,
# verifies and restores, and compares with rsync and sha256sum.  DIR itself is only read.  Then a
# region burns down (tests/scenario/disaster.sh), and its mirror gives everything back.
set -euo pipefail
: "${abs_top_srcdir:?run me through autogen.sh demo}" "${abs_top_builddir:?}"
export LC_ALL=C.UTF-8
source_folder=${1:-$abs_top_srcdir}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/lagan-demo.XXXXXX")
work=$scratch/work
lagan=("$abs_top_builddir/run" lagan --config "$scratch/lagan.conf")

fail()
{
    echo "demo: FAILED: $*" >&2
    echo "demo: what there is lies in $scratch" >&2
    exit 1
}
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR

# timed COMMAND...: runs it, and leaves in $took how many seconds that took.
timed()
{
    local start=$EPOCHREALTIME status=0
    "$@" || status=$?
    took=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f s", b - a }')
    return $status
}

# run WORDS...: shows and runs a command of lagan.
run()
{
    echo "\$ lagan $*"
    timed "${lagan[@]}" "$@" >"$scratch/output" || fail "lagan $*"
    sed 's/^/  /' "$scratch/output"
}

size_of()
{
    du -sh --apparent-size "$1" | cut -f1
}

# digests FOLDER: of every file below.
digests()
{
    (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum)
}

change_something()
{
    local first
    mkdir "$work/lagan-demo"
    date >"$work/lagan-demo/new"
    ln "$work/lagan-demo/new" "$work/lagan-demo/hard link"
    ln -s ../lagan-demo "$work/lagan-demo/symbolic link"
    printf 'x' | dd of="$work/lagan-demo/sparse" bs=1 seek=10M status=none
    first=$(find "$work" -type f -size +0 -writable -not -path "$work/lagan-demo/*" -print -quit)
    [ -z "$first" ] || { echo 'one more line' >>"$first"; chmod g+w "$first"; }
}

echo "lagan: a demonstration with a copy of $source_folder, in $scratch"
copied=0
rsync -aHAX "$source_folder/" "$work/" 2>"$scratch/rsync.log" || copied=$?
case $copied in
0) ;;
23 | 24) echo "(what could not be copied is named in $scratch/rsync.log)" ;;
*) fail "rsync ended with $copied: $(tail -n 1 "$scratch/rsync.log")" ;;
esac
echo "$(find "$work" | wc -l) entries, $(size_of "$work")"

"${lagan[@]}" -q init --state "$scratch/state" --path "$scratch/vault" \
    --recovery-file "$scratch/recovery-key"
echo "\$ lagan init    (configuration, region local, vault main; recovery key in a file)"
run backup create "$work"
change_something
echo '  ... one file changed, a few added: hard link, symbolic link, a hole of 10 MiB ...'
run backup create "$work"
run backup list
run diff latest~1 latest
run verify --depth data
run restore latest --to "$scratch/restored"
echo "  restored in $took"

difference=$(rsync -aHAX --checksum --dry-run --itemize-changes --delete \
    "$work/" "$scratch/restored/")
[ -z "$difference" ] || fail "rsync finds differences: $difference"
digests "$work" >"$scratch/digests"
digests "$scratch/restored" | diff "$scratch/digests" - >/dev/null ||
    fail 'the digests of restored files differ'
echo "compared: rsync -aHAX --checksum finds no difference;" \
    "$(wc -l <"$scratch/digests") digests are equal"
echo "stored: $(size_of "$scratch/vault") for two backups of $(size_of "$work")"
echo
echo 'the second half: a vault in one region, its mirror in another, and a fire'
bash "$abs_top_srcdir/tests/scenario/disaster.sh" >"$scratch/disaster" 2>&1 || {
    [ $? = 77 ] || { cat "$scratch/disaster" >&2; fail 'the story of the disaster'; }
}
grep -E '^(==|everything|SKIPPED)|of them new|complete;' "$scratch/disaster" | sed 's/^/  /'
cat <<END
next:
  cd $scratch
  L="$abs_top_builddir/run lagan --config $scratch/lagan.conf"
  \$L ls -l latest:lagan-demo;  \$L cat latest:lagan-demo/new
  \$L restore latest --path lagan-demo --to part;  \$L task list;  \$L vault show main
  \$L --help;  rm -rf $scratch
END
