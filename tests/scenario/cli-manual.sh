#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Help, completion and lagan(1) name the same commands with the same options, and the manual
# pages are well-formed.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program mandoc
manual=$abs_top_srcdir/doc/man/lagan.1

# The words of all commands, from help.
lagan --help | sed -nE 's/^  ([a-z]+( [a-z]+)*) .*/\1/p' | sort >commands
[ "$(wc -l <commands)" -gt 30 ]

# help_options COMMAND: the options in front of those of every command.
help_options()
{
    lagan $1 --help | sed '/^options of every command/,$d' |
        sed -nE 's/^  (-.,|   ) --([a-z-]+).*/\2/p' | sort
}

# completed_options COMMAND: what a shell offers behind it.
completed_options()
{
    lagan --complete $1 -- | sed 's/^--//' | sort
}

# manual_options COMMAND: those of its synopsis in the manual.
manual_options()
{
    awk -v wanted=".Ss lagan $1" '
        $0 == wanted { inside = 1; next }
        inside && /^\.(Pp|Ss|Sh)/ { exit }
        inside && /^\.Op/ && match($0, /Fl -[a-z-]+/) {
            print substr($0, RSTART + 4, RLENGTH - 4)
        }
        ' "$manual" | sort
}

lagan --help | sed '1,/^options of every command/d' |
    sed -nE 's/^  (-.,|   ) --([a-z-]+).*/\2/p' |
    sort >global
[ "$(wc -l <global)" -ge 7 ]

sed -n 's/^\.Ss lagan //p' "$manual" | sort >in_manual
diff commands in_manual || fail 'commands in --help (<) and in lagan(1) (>)'
while read -r command; do
    help_options "$command" >help
    manual_options "$command" >manual
    diff help manual || fail "options of $command in --help (<) and in lagan(1) (>)"
    sort -u help global >both
    completed_options "$command" >completed
    diff both completed || fail "options of $command in --help (<) and in completion (>)"
    cat help >>all
done <commands

# Each option is explained once, and none that does not exist.
sed -n '/^\.Sh OPTIONS OF COMMANDS/,/^\.Sh RULES/p' "$manual" |
    sed -nE 's/^\.It (Fl . , -|Fl -)([a-z-]+).*/\2/p' | sort -u >explained
sort -u all | diff - explained ||
    fail 'options of commands (<) and those that lagan(1) explains (>)'
while read -r option; do
    sed -n '/^\.Sh OPTIONS OF EVERY/,/^\.Sh WORDS/p' "$manual" |
        grep -E "^\.It Fl (. , )?-$option\b" >found ||
        fail "lagan(1) does not explain --$option"
done <global

# Settings of policies: those of the program are explained, and those of sources marked.
sed -n '/^#define POLICY_SETTINGS/,/^enum/s/^    X([A-Z_]*, "\([a-z-]*\)".*/\1/p' \
    "$abs_top_srcdir/core/policy/policy.h" | sort >settings
[ "$(wc -l <settings)" -gt 30 ]
sed -n '/^\.Sh SETTINGS OF POLICIES/,/^\.Sh ENVIRONMENT/p' "$manual" >section
sed -n 's/^\.It Cm \([a-z-]*\) Ns = Ns Ar .*/\1/p' section | sort | diff settings - ||
    fail 'settings of policies (<) and those that lagan(1) explains (>)'
lagan policy create --help | sed -n '/^settings:/,/^$/s/^  \([a-z-]*\)=.*/\1/p' | sort |
    diff settings - || fail 'settings of policies (<) and those of --help (>)'
lagan source set --help | sed -n '/^settings:/,/^$/s/^  \([a-z-]*\)=.*/\1/p' | sort >of_sources
[ "$(wc -l <of_sources)" -ge 8 ]
grep -B1 -x '\.Pq source' section | sed -n 's/^\.It Cm \([a-z-]*\) .*/\1/p' | sort |
    diff of_sources - || fail 'settings of sources in --help (<) and in lagan(1) (>)'

# compare_settings TABLE HEADER SECTION COMMAND: those of a table, of the manual and of --help.
compare_settings()
{
    sed -n "/^#define $1/,/^enum/s/^    X([A-Z_]*, \"\([a-z:-]*\)\".*/\1/p" \
        "$abs_top_srcdir/core/policy/$2" | sort >settings
    [ "$(wc -l <settings)" -ge 9 ]
    sed -n "/^\.Sh $3/,/^\.El/p" "$manual" |
        sed -nE 's/^\.It Cm ([a-z:-]*) Ns (= Ns|Ar name Ns =).*/\1/p' | sort | diff settings - ||
        fail "$1 (<) and those that lagan(1) explains (>)"
    lagan $4 --help | sed -nE '/^settings:/,/^$/s/^  ([a-z:-]*)(NAME)?=.*/\1/p' | sort |
        diff settings - || fail "$1 (<) and those of $4 --help (>)"
}
compare_settings INVENTORY_SETTINGS inventory_rules.h 'SETTINGS OF INVENTORIES' 'inventory create'
compare_settings BATCH_SETTINGS batch_rules.h 'SETTINGS OF BATCH JOBS' 'batch create'
compare_settings OBJECT_RULE_SETTINGS object_rules.h 'SETTINGS OF RULES' 'rule create'

# Settings of layers: those of the table are explained in lagan.conf(5).
sed -n '/^#define LAYER_SETTINGS/,/^$/s/^    X([a-z_]*, "\([a-z-]*\)".*/\1/p' \
    "$abs_top_srcdir/core/driver/layer_settings.h" | sort >settings
[ "$(wc -l <settings)" -ge 17 ]
sed -n '/^\.Ss layers/,/^\.Ss limits/s/^\.It Ic \([a-z-]*\) No .*/\1/p' \
    "$abs_top_srcdir/doc/man/lagan.conf.5" | sort | diff settings - ||
    fail 'settings of layers (<) and those that lagan.conf(5) explains (>)'

# Exit statuses: those of the program are those of the manual.
sed -nE 's/^    X\([A-Z_]+, "[a-z-]+", ([0-9]+)\).*/\1/p' "$abs_top_srcdir/core/base/error.h" |
    cat - <(printf '0\n3\n') | sort -nu >statuses
sed -n '/^\.Sh EXIT STATUS/,/^\.El/p' "$manual" | sed -n 's/^\.It \([0-9]*\)$/\1/p' | sort -nu |
    diff statuses - || fail 'exit statuses of the program (<) and of lagan(1) (>)'

for page in "$abs_top_srcdir"/doc/man/*.[0-9] "$abs_top_srcdir"/{plugins,doc/examples}/*/*.7; do
    mandoc -T lint -W warning "$page" || fail "mandoc finds faults in $page"
done

# Words of completion.
[ "$(lagan --complete verify --depth d)" = data ]
[ "$(lagan --complete vault key l)" = list ]
[ "$(lagan --complete restore x --on-conflict=s)" = --on-conflict=skip ]
[ -z "$(lagan --complete frob '')" ]
bash -n "$abs_top_srcdir/doc/completion/lagan"
completed=$(
    PATH=$abs_top_builddir:$PATH
    . "$abs_top_srcdir/doc/completion/lagan"
    COMP_LINE='lagan verify --depth=o' COMP_POINT=22
    COMP_WORDS=(lagan verify --depth = o) COMP_CWORD=4
    _lagan
    echo "${COMPREPLY[*]}"
)
[ "$completed" = objects ] || fail "bash completes --depth=o to '$completed'"
