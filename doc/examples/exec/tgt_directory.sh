#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tgt_directory.sh [DIRECTORY] - keeps the objects of a vault as files of a directory.
#
#     target tgt_exec {
#         command = /usr/local/libexec/lagan/tgt_directory.sh
#         place = /srv/lagan/east
#     }
#
# The protocol is in lagan-exec(7).  Needs a POSIX shell, GNU coreutils, GNU find and awk.
set -fu
umask 077
LC_ALL=C
export LC_ALL
store=${1-} # objects are $store/KEY
made=0      # temporary files so far: $store/@tmp/PID.NUMBER
newline='
'

answer()
{
    printf '%s\n' "$*"
}

# refuse WORDS: what a command said when it failed, as an error of the class that fits.
refuse()
{
    case $1 in
    *'File exists'*) class=exists ;;
    *'No space left'* | *'quota exceeded'*) class=no-space ;;
    *'Permission denied'* | *'not permitted'*) class=denied ;;
    *'Read-only file system'*) class=immutable ;;
    *'File name too long'*) class=limit ;;
    *) class=io ;;
    esac
    answer "error $class ${1%%"$newline"*}"
}

# receive FILE: appends the bytes that follow a request.  False when they are to be forgotten.
receive()
{
    while read -r word count; do
        case $word in
        data)
            # Bytes that were not read would be taken for requests: a failure ends the program.
            said=$(head -c "$count" 2>&1 >>"$1") || { refuse "$said"; exit 1; }
            ;;
        end) return 0 ;;
        *) return 1 ;;
        esac
    done
    exit 1 # lagan has gone: nothing counts
}

# begin: makes an empty file $temporary, or answers why not.
begin()
{
    made=$((made + 1))
    temporary=$store/@tmp/$$.$made
    said=$( (true >"$temporary") 2>&1) && return
    refuse "$said"
    return 1
}

# publish FILE: gives it the name $key, unless that is taken.  It is durable before it has the
# name, and the name is before anybody is told; link(2) lets one of several writers win.
publish()
{
    folder=$store/$key
    folder=${folder%/*}
    said=$(mkdir -p "$folder" 2>&1 && sync "$1" 2>&1 && ln -T "$1" "$store/$key" 2>&1)
    linked=$?
    rm -f "$1"
    if [ $linked != 0 ]; then
        refuse "$said"
    elif persist "$folder"; then
        answer ok
    else
        answer 'error io outcome=unknown the folder cannot be synced'
    fi
}

# persist FOLDER: makes what was done in it durable, and it in those above.
persist()
{
    at=$1
    while sync "$at" && [ "$at" != "$store" ]; do
        at=${at%/*}
    done
    [ "$at" = "$store" ]
}

# find_object: sets $size and $modified, or answers why not.  Not found is said when certain.
find_object()
{
    if ! said=$(stat -c '%s %.9Y %F' "$store/$key" 2>&1); then
        case $said in
        *'No such file'* | *'Not a directory'*) answer 'error not-found there is no such object' ;;
        *) refuse "$said" ;;
        esac
        return 1
    fi
    size=${said%% *} modified=${said#* } kind=${said#* * }
    modified=${modified%% *}
    case $kind in
    regular*) return 0 ;;
    esac
    answer 'error not-found there is no such object'
    return 1
}

get()
{
    find_object || return
    # A number that is too large for a shell is none, and too large for an object.
    if ! [ "$offset" -le "$size" ] 2>/dev/null ||
        ! [ "${length:=$((size - offset))}" -le $((size - offset)) ] 2>/dev/null; then
        answer "error invalid the range reaches beyond the end of the object ($size bytes)"
        return
    fi
    answer "data $length"
    dd if="$store/$key" bs=1M iflag=skip_bytes,count_bytes skip="$offset" count="$length" \
        status=none || exit 1
    answer ok
}

list()
{
    begin || return
    top=./$prefix
    top=${top%/*}
    if said=$(cd "$store" && find "$top" -ignore_readdir_race -name '@*' -prune -o -type f \
        -path "./$prefix*" -regex '\./[a-z0-9._/-]+' -printf '%p %s %T@\n' 2>&1 >"$temporary"); then
        sort "$temporary" | awk -v after="$after" -v limit="$limit" '
            { key = substr($1, 3) }
            key "" > after "" {
                if (shown++ == limit) { more = " more"; exit }
                print "object key=" key " bytes=" $2 " modified=" substr($3, 1, index($3, ".") + 9)
            }
            END { print "ok" more }'
    else
        case $said in
        *"$top"*'No such file'* | *"$top"*'Not a directory'*) answer ok ;; # nothing has such a name
        *) refuse "$said" ;;
        esac
    fi
    rm -f "$temporary"
}

# sweep: removes what processes left behind that are gone.
sweep()
{
    removed=0
    for name in $(ls "$store/@tmp"); do
        changed=$(stat -c %Y "$store/@tmp/$name" 2>/dev/null) || continue
        [ ! -e "/proc/${name%%.*}" ] && [ $(($(date +%s) - changed)) -ge "${older%.*}" ] || continue
        rm -f "$store/@tmp/$name" && removed=$((removed + 1))
    done
    answer "ok removed=$removed"
}

open()
{
    [ -n "$store" ] || { answer 'error invalid no directory was named'; return; }
    case " $words " in
    *' initialise '*) said=$(mkdir -p "$store/@tmp" 2>&1) || { refuse "$said"; return; } ;;
    *' read-only '*) ;;
    *) [ ! -d "$store" ] || said=$(mkdir -p "$store/@tmp" 2>&1) || { refuse "$said"; return; } ;;
    esac
    if [ -d "$store" ]; then
        answer ok protocol=1 put-if-absent list-sorted list-consistent read-after-write \
            ranged-get remove staged-put durable=always place
    else
        answer 'error not-found there is no such directory'
    fi
}

trap 'set +f; rm -f "$store/@tmp/$$".*' EXIT
while read -r verb words; do
    key='' offset=0 length='' prefix='' after='' limit=0 stage='' older=0
    for word in $words; do
        case $word in
        key=*) key=${word#*=} ;;
        offset=*) offset=${word#*=} ;;
        length=*) length=${word#*=} ;;
        prefix=*) prefix=${word#*=} ;;
        # The one value with bytes that keys do not have.
        place=*) store=$(env printf '%b' "$(printf %s "${word#*=}" | sed 's/\\/\\\\/g; s/%/\\x/g')") ;;
        start-after=*) after=${word#*=} ;;
        limit=*) limit=${word#*=} ;;
        stage=*) stage=${word#*=} ;;
        older-than=*) older=${word#*=} ;;
        esac
    done
    case $verb in
    open) open ;;
    put)
        if ! begin; then
            receive /dev/null
        elif receive "$temporary"; then
            publish "$temporary"
        else
            rm -f "$temporary"
            answer ok
        fi
        ;;
    stage-begin) begin && answer "ok stage=$$.$made" ;;
    stage-write) receive "$store/@tmp/$stage" && answer ok ;;
    stage-commit) publish "$store/@tmp/$stage" ;;
    stage-abort) rm -f "$store/@tmp/$stage" && answer ok ;;
    get) get ;;
    stat) find_object && answer "ok bytes=$size modified=$modified" ;;
    list) list ;;
    remove)
        folder=$store/$key
        folder=${folder%/*}
        if [ -d "$store/$key" ]; then
            answer ok # a folder is no object
        elif said=$(rm -f "$store/$key" 2>&1 && { [ ! -d "$folder" ] || sync "$folder" 2>&1; }); then
            answer ok
        else
            refuse "$said"
        fi
        ;;
    capacity)
        stat -f -c '%S %b %a' "$store" | {
            read -r block total free
            answer "ok total=$((block * total)) available=$((block * free))"
        }
        ;;
    sweep) sweep ;;
    *) answer unsupported ;;
    esac
done
