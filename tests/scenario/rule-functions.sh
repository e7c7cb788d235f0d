# SPDX-License-Identifier: Apache-2.0
# rule-functions.sh - replication rules between folders that behave as buckets with versions do
# (tests/drivers/src_versions.c).  Sourced by scenarios; `setup_rules` first.

lagan_r()
{
    LAGAN_RUN_DRIVERS=$abs_top_builddir/test-drivers "$abs_top_builddir/run" lagan \
        --config "$scratch/conf" "$@"
}

# setup_rules NAME...: registers places of these names; those with a dash are of another store.
setup_rules()
{
    local name
    mkdir -p state store
    cat >conf <<END
state = $scratch/state
drivers = { src_files, src_versions, tgt_dir, key_file }
region here { target tgt_dir { path = $scratch/here } }
END
    for name; do
        mkdir -p "$(folder_of "$name")"
        lagan_r source add "$name" src_versions "$scratch/$(folder_of "$name")" >/dev/null
    done
}

folder_of()
{
    case $1 in
    *-*) echo "$1-store/$1" ;;
    *) echo "store/$1" ;;
    esac
}

# put PLACE KEY CONTENT [NAME=VALUE...]: a version made now.  KEY has only what needs no escape.
put()
{
    local folder
    folder=$(folder_of "$1")/$2
    mkdir -p "$folder"
    {
        echo object
        [ $# -lt 4 ] || printf '%s\n' "${@:4}"
        printf '\n%s' "$3"
    } >"$folder/.new"
    mv "$folder/.new" "$folder/$(printf %016x "$(date +%s%N)")@u$RANDOM$RANDOM"
}

# delete PLACE KEY: a delete marker.
delete()
{
    local folder
    folder=$(folder_of "$1")/$2
    printf 'marker\n\n' >"$folder/.new"
    mv "$folder/.new" "$folder/$(printf %016x "$(date +%s%N)")@m$RANDOM$RANDOM"
}

# versions PLACE [KEY]: the number of versions.
versions()
{
    find "$(folder_of "$1")/${2-}" -type f -name '*@*' | wc -l
}

# newest PLACE KEY: the content of the newest version; "(deleted)" for a marker.
newest()
{
    local file
    file=$(find "$(folder_of "$1")/$2" -type f -name '*@*' | LC_ALL=C sort | tail -n 1)
    if [ "$(head -n 1 "$file")" = marker ]; then
        echo '(deleted)'
    else
        sed '1,/^$/d' "$file"
    fi
}

# member FILE NAME: the value of a member in the first line of JSON that has it.
member()
{
    grep -m 1 "\"$2\":" "$1" | sed -E 's/.*"'"$2"'":("([^"]*)"|([^,}]*)).*/\2\3/'
}

# run_rule NAME [MEMBER VALUE]...: a pass, whose record must have these.
run_rule()
{
    local name=$1
    shift
    lagan_r rule run "$name" --json >pass
    while [ $# -gt 0 ]; do
        [ "$(member pass "$1")" = "$2" ] ||
            fail "rule $name: $1 is $(member pass "$1"), not $2: $(head -n 1 pass)"
        shift 2
    done
}

# skipped RULE REASON: how many versions were left out for that reason.
skipped()
{
    lagan_r rule show "$1" --json | sed -nE \
        's/^\{"type":"skipped","reason":"'"$2"'","versions":([0-9]+)\}/\1/p'
}

# refused CODE COMMAND...: the command fails with that code.
refused()
{
    local code=$1
    shift
    if lagan_r "$@" --json >refused 2>&1; then
        fail "not refused: $*"
    fi
    expect_in refused "\"code\":\"$code\""
}
