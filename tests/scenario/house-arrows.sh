#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The rules of the house that a program can check: includes point down, drivers see <lagan/...>
# alone, functions that invite mistakes are absent, files and functions stay short, each file
# names its licence, and the public headers stand alone in C and in C++ and say what they mean.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
cd "$abs_top_srcdir"

# What each room may include besides itself.
declare -A below=(
    [base]=''
    [crypto]='base'
    [driver]='base crypto'
    [policy]='base'
    [catalog]='base crypto'
    [vault]='base crypto driver'
    [engine]='base crypto driver policy catalog vault'
    [mirror]='base crypto driver policy catalog vault engine'
    [runner]='base crypto driver policy catalog vault engine mirror'
    [conformance]='base crypto driver'
    [cli]='base crypto driver policy catalog vault engine mirror runner conformance'
)
banned='sprintf|vsprintf|strcpy|strcat|stpcpy|system|popen|tmpnam|tempnam|mktemp|alloca|strtok'
banned+='|atoi|atol|rand|srand|gets|getenv'
# The one reader of the wall clock, and the one file that asks for the kernel's coarse clock: it
# compares change times that the kernel made from this very clock, which no other tells.
wall_clock_seam=core/base/clock.c
change_time_clock=plugins/src_files/attributes.c:CLOCK_REALTIME_COARSE
longest_file=800 longest_function=100

broken=0
complain()
{
    echo "$*"
    broken=$((broken + 1))
}

# files FOLDER...: the C files below.
files()
{
    find "$@" -name '*.[ch]' | LC_ALL=C sort
}

# code FILE: its text without comments and what stands in strings; lines keep their places.
code()
{
    ${CC:-gcc} -fpreprocessed -dD -E "$1" 2>/dev/null | awk '
        /^# [0-9]+ "/ { for (want = $2; line < want - 1; line++) print ""; next }
        { print; line++ }' | sed -E 's/"([^"\\]|\\.)*"/""/g'
}

# includes FILE: "..." and <...> of its include lines, with the quotes.
includes()
{
    sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*(["<][^">]+[">]).*/\1/p' "$1"
}

check_room_includes()
{
    local file room other included
    for file in $(files core); do
        room=${file#core/}
        room=${room%%/*}
        [ -n "${below[$room]+known}" ] || complain "$file: no room of that name is known here"
        for included in $(includes "$file"); do
            case $included in
            *..*) complain "$file includes $included: no way up by dots" ;;
            '<'*) ;;
            '"'*/*)
                other=${included#\"}
                other=${other%%/*}
                [ "$other" = "$room" ] || [[ " ${below[$room]-} " = *" $other "* ]] ||
                    complain "$file includes $included: $room does not stand on $other"
                ;;
            *) complain "$file includes $included: name the room" ;;
            esac
        done
    done
}

check_driver_includes()
{
    local file folder included
    for file in $(files plugins tests/drivers); do
        folder=$(basename "$(dirname "$file")")
        for included in $(includes "$file"); do
            case $included in
            *..*) complain "$file includes $included: no way up by dots" ;;
            '<'*) ;;
            "\"$folder/"* | '"common/'*) ;;
            '"'*/*) complain "$file includes $included: that is not its own" ;;
            esac
        done
    done
    for file in $(files include); do
        for included in $(includes "$file"); do
            [[ $included = '<'* ]] || complain "$file includes $included: public, so <...>"
        done
    done
}

check_banned()
{
    local file hit rest
    for file in $(files core plugins include); do
        rest=$banned
        [ "$file" = "$wall_clock_seam" ] || rest+='|time|gettimeofday|clock_gettime'
        while read -r hit; do
            # The wall clock has one seam; the monotonic clock of deadlines is free to be read.
            [[ $hit != *'clock_gettime(CLOCK_MONOTONIC'* ]] || continue
            [[ $file != "${change_time_clock%:*}" ||
                $hit != *"clock_gettime(${change_time_clock#*:},"* ]] || continue
            complain "$file:${hit%%:*}: banned: ${hit#*:}"
        done < <(code "$file" | grep -nE "(^|[^A-Za-z0-9_>.])($rest)[[:space:]]*[(]" || :)
    done
}

check_licences()
{
    local file
    for file in $(files core plugins include tests); do
        head -n 1 "$file" | grep -q '^/\* SPDX-License-Identifier: [A-Za-z0-9.-]* \*/$' ||
            complain "$file: the first line does not name the licence"
    done
    for file in $(find tests doc -name '*.sh' -o -name '*.py' -o -name '*.mk') Makefile.am \
        configure.ac autogen.sh; do
        head -n 3 "$file" | grep -q 'SPDX-License-Identifier:' ||
            complain "$file: does not name its licence"
    done
}

check_lengths()
{
    local file lines
    for file in $(files core plugins include tests); do
        lines=$(wc -l <"$file")
        [ "$lines" -le $longest_file ] || complain "$file: $lines lines"
    done
    for file in $(files core plugins include); do
        while read -r lines; do
            complain "$file:$lines"
        done < <(awk -v most=$longest_function '
            /^[A-Za-z].*\(/ { name = $0 }
            /^\{/ { first = NR }
            /^\}/ && first { if (NR - first + 1 > most && name !~ /^int main\(/)
                print first ": a function of " NR - first + 1 " lines: " name; first = 0 }' "$file")
    done
}

check_headers_alone()
{
    local header
    for header in include/lagan/*.h; do
        echo "#include <lagan/$(basename "$header")>" >"$scratch/alone.c"
        cp "$scratch/alone.c" "$scratch/alone.cc"
        ${CC:-gcc} -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only \
            "$scratch/alone.c" || complain "$header does not stand alone in C11"
        ! command -v g++ >/dev/null || g++ -std=c++17 -Wall -Wextra -Werror -Iinclude \
            -fsyntax-only "$scratch/alone.cc" || complain "$header does not stand alone in C++17"
    done
    for header in $(files core | grep '\.h$'); do
        echo "#include \"${header#core/}\"" >"$scratch/alone.c"
        ${CC:-gcc} -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -Iinclude -Icore \
            -I"$abs_top_builddir" -fsyntax-only "$scratch/alone.c" ||
            complain "$header does not stand alone"
    done
}

# The public headers are the only manual that some authors have.
check_header_comments()
{
    local header all bare
    for header in include/lagan/*.h; do
        all=$(grep -c '[^[:space:]]' "$header")
        bare=$(code "$header" | grep -c '[^[:space:]]')
        [ $((2 * bare)) -le "$all" ] || complain "$header: $bare of $all lines are no comments"
    done
}

check_room_includes
check_driver_includes
check_banned
check_licences
check_lengths
check_headers_alone
check_header_comments
[ $broken -eq 0 ] || fail "$broken rules broken"
