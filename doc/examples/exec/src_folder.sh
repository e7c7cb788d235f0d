#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# src_folder.sh FOLDER - the regular files that lie directly in a folder, to be read.
#
#     lagan source add reports src_exec \
#         "command=/usr/local/libexec/lagan/src_folder.sh /srv/reports" speaks=protocol
#
# The protocol is in lagan-exec(7).  Needs a POSIX shell, GNU coreutils and GNU find.
set -fu
LC_ALL=C
export LC_ALL
folder=${1:?usage: src_folder.sh FOLDER}
walks=0   # so far; each walk is a list of keys in a file of its own
readers=0 # so far; reader N reads the file $reader_N
newline='
'

answer()
{
    printf '%s\n' "$*"
}

# escape NAME: every byte as %XX.
escape()
{
    printf %s "$1" | od -An -v -tx1 | tr -d '\n' | sed 's/ /%/g'
}

# unescape KEY: sets $name.  False when no file can have such a name.
unescape()
{
    case $1 in
    *%00* | *%2[fF]* | */* | '' | . | ..) return 1 ;;
    esac
    # A letter behind it keeps newlines at its end.
    name=$(env printf '%b.' "$(printf %s "$1" | sed 's/\\/\\\\/g; s/%/\\x/g')")
    name=${name%.}
    case $name in
    . | ..) return 1 ;;
    esac
}

# say_entry KEY FILE: the line of a file as it is now.
say_entry()
{
    said=$(stat -c 'mode=%a mtime=%.9Y user=%u group=%g bytes=%s id=%d:%i %F' "$2" 2>&1) || {
        case $said in
        *'No such file'*) answer 'error not-found it vanished' ;;
        *) answer "error io ${said%%"$newline"*}" ;;
        esac
        return 1
    }
    case $said in
    *' regular '*) answer "entry type=file key=$1 ${said%% regular *}" ;;
    *) answer 'error changed it is no regular file'; return 1 ;;
    esac
}

# Names end with a zero byte until they are escaped, since they may hold newlines.
walk_open()
{
    walks=$((walks + 1))
    list=$scratch/walk.$walks
    if find "$folder/" -mindepth 1 -maxdepth 1 -type f -printf '%f\0' >"$list.names"; then
        sort -z "$list.names" | od -An -v -w1 -tx1 |
            awk '$1 == "00" { print key; key = ""; next } { key = key "%" $1 }' >"$list"
        answer "ok walk=$walks"
    else
        answer 'error io the folder cannot be listed'
    fi
}

# The first page is the root alone; the others have one file each, which is slow but short.
walk_next()
{
    list=$scratch/walk.$walk
    if [ ! -e "$list.root" ]; then
        true >"$list.root"
        answer "entry type=directory key= $(stat -c 'mode=%a mtime=%.9Y user=%u group=%g' "$folder/")"
        answer ok
        return
    fi
    while key=$(head -n 1 "$list") && [ -n "$key" ]; do
        sed -i 1d "$list"
        unescape "$key"
        # One that vanished is passed over.
        if [ -f "$folder/$name" ] && [ ! -L "$folder/$name" ]; then
            entry=$(say_entry "$key" "$folder/$name")
            case $entry in
            entry*) answer "$entry"; answer ok; return ;;
            esac
        fi
    done
    answer end
}

entry_open()
{
    if [ -z "$key" ]; then
        answer 'error changed a folder has no content'
    elif ! unescape "$key" || [ -L "$folder/$name" ]; then
        answer 'error not-found there is no such file'
    elif say_entry "$key" "$folder/$name"; then
        case "$said " in
        *" id=$id "*) ;;
        *) [ -z "$id" ] || { answer 'error changed it is another file by now'; return; } ;;
        esac
        readers=$((readers + 1))
        eval "reader_$readers=\$name state_$readers=\$(state)"
        answer "ok reader=$readers"
    fi
}

# state: what tells whether the file $name was changed.
state()
{
    stat -c '%d:%i %s %y %z' "$folder/$name" 2>/dev/null || echo gone
}

entry_close()
{
    eval "name=\$reader_$reader before=\$state_$reader"
    if [ "$(state)" = "$before" ]; then
        answer ok verdict=consistent
    else
        answer ok verdict=changed
    fi
}

# Bytes lie in a file first: their number stands in front of them.
read_bytes()
{
    eval "name=\$reader_$reader"
    if said=$(dd if="$folder/$name" of="$scratch/bytes" bs=1M iflag=skip_bytes,count_bytes \
        skip="$offset" count="$size" status=none 2>&1); then
        answer "data $(stat -c %s "$scratch/bytes")"
        cat "$scratch/bytes"
        answer ok
    else
        answer "error io ${said%%"$newline"*}"
    fi
}

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
while read -r verb words; do
    key='' id='' walk=0 reader=0 offset=0 size=0
    for word in $words; do
        case $word in
        key=*) key=${word#*=} ;;
        id=*) id=${word#*=} ;;
        walk=*) walk=${word#*=} ;;
        reader=*) reader=${word#*=} ;;
        offset=*) offset=${word#*=} ;;
        size=*) size=${word#*=} ;;
        esac
    done
    case $verb in
    open)
        if [ -d "$folder" ]; then
            answer ok protocol=1 sorted random-read
        else
            answer 'error not-found there is no such folder'
        fi
        ;;
    walk-open) walk_open ;;
    walk-next) walk_next ;;
    walk-close)
        set +f
        rm -f "$scratch/walk.$walk" "$scratch/walk.$walk".*
        set -f
        answer ok
        ;;
    entry-open) entry_open ;;
    read) read_bytes ;;
    entry-close) entry_close ;;
    *) answer unsupported ;;
    esac
done
