#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Drivers that are absent, not enabled, given wrong parameters, open to others or no drivers at
# all: one line that names the file or the line of the configuration and what to do, and what
# does not need them goes on.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"

modules=$scratch/modules

lagan()
{
    LAGAN_RUN_DRIVERS=$modules "$abs_top_builddir/run" lagan "$@"
}

# configuration SED: the configuration of the beginning, changed.
configuration()
{
    sed "$1" good.conf >"$conf"
}

# line_of TEXT: the line of the configuration that has it.
line_of()
{
    grep -nF -- "$1" "$conf" | cut -d: -f1
}

absent()
{
    expect 1 '`lagan driver list` shows those there are' l driver show nosuch
    grep -qF "\"nosuch\": $modules/nosuch.so does not exist" err || fail "no file: $(cat err)"
    expect 1 'names are made of a-z' l driver show ../src_files
    expect 1 'names are made of a-z' l driver show SRC_FILES
    configuration 's/^drivers = {/& src_nosuch, /'
    # What is enabled and not there hurts only who needs it.
    l -q backup create tree
    expect 0 '' l driver list
    grep -q "^src_nosuch .*missing .*$modules/src_nosuch.so" out ||
        { cat out; fail 'a missing driver is not listed'; }
    expect 1 "$modules/src_nosuch.so does not exist" l source add s src_nosuch path=/
    mv modules/src_files.so kept
    expect 1 "$modules/src_files.so does not exist" l backup create tree
    expect 1 "$modules/src_files.so does not exist" l restore latest --to never
    l ls latest >/dev/null && l verify --depth data >/dev/null ||
        fail 'reading needs the source'
    mv kept modules/src_files.so
    configuration "s/target tgt_dir/target tgt_nosuch/; s/^drivers = {/& tgt_nosuch, /"
    expect 2 "$modules/tgt_nosuch.so does not exist" l ls latest
    grep -qF "$conf:$(line_of 'target tgt_nosuch')" err || fail "no line: $(cat err)"
}

not_enabled()
{
    local add="add it to \`drivers\` in $conf"
    configuration 's/src_files, //'
    expect 1 "the driver src_files is not enabled; $add" l backup create tree
    expect 1 "the driver src_files is not enabled; $add" l restore latest --to never
    l ls latest >/dev/null && l verify >/dev/null && l source list >/dev/null
    configuration '/^drivers/s/, tgt_dir//'
    expect 2 "the driver tgt_dir is not enabled; $add" l backup create tree
    grep -qF "$conf:$(line_of 'target tgt_dir')" err || fail "no line: $(cat err)"
    l backup list | has available || fail 'a list needs the target'
    configuration '/^drivers/s/, key_file//'
    expect 1 "the driver key_file is not enabled; $add" l ls latest
    l ls latest --recovery-key "file:$PWD/recovery" >/dev/null ||
        fail 'the recovery key needs a driver'
    configuration 's/^drivers = .*/drivers = { src_files, Tgt-Dir }/'
    expect 2 "$conf:$(line_of drivers\ =): 'Tgt-Dir' is no driver" l ls latest
    [ ! -e never ] || fail 'something was restored'
}

wrong_parameters()
{
    configuration 's/path = .*/pfad = "x"/'
    for command in 'ls latest' 'backup create tree' 'region check local' \
        "vault create v --recovery-file $PWD/r"; do
        expect 2 'has no parameter "pfad"; its parameters are: path' l $command
        grep -qF "$conf:$(line_of pfad):" err || fail "no line: $(cat err)"
    done
    configuration '/ path = /d'
    expect 2 'parameter path is missing' l ls latest
    grep -qF "$conf:$(line_of 'target tgt_dir'):" err || fail "no line: $(cat err)"
    configuration 's/path = .*/path = ""/'
    expect 2 'parameter path: "" is no path' l ls latest
    configuration 's/path = .*/&\ntemporary-files = sometimes/'
    expect 2 'allowed is one of auto' l ls latest
    configuration 's/target tgt_dir/target src_files/'
    expect 2 'is of kind source, and a driver of kind target is needed' l ls latest
    configuration ''
    expect 2 'no parameter "colour"' l source add s src_files path=/ colour=red
    expect 2 'is given twice' l source add s src_files path=/ path=/etc
    expect 2 'allowed is yes or no' l source add s src_files path=/ one-file-system=perhaps
    expect 1 'a driver of kind source is needed' l source add s tgt_dir path=/
    [ "$(l source list --json | grep -c '"type":"source"')" = 1 ] || fail 'a source was added'
    [ ! -e r ] || fail 'a vault was made'
}

# refused REASON: the module src_files as it lies there is refused in these words, in every way
# in, and the rest goes on.
refused()
{
    local next='correct owner and mode, or install it again'
    expect 1 "driver $modules/src_files.so is refused: $1; $next" l driver show src_files
    expect 1 "driver $modules/src_files.so is refused: $1; $next" l backup create tree
    expect 1 "driver $modules/src_files.so is refused: $1; $next" l restore latest --to never
    expect 0 '' l driver list
    grep -q "^src_files .* refused .*src_files.so is refused: $1" out ||
        { cat out; fail 'the list does not tell'; }
    grep -q '^tgt_dir .* usable ' out || fail 'one bad driver spoils the others'
    l ls latest >/dev/null || fail 'one bad driver spoils the others'
    cp --remove-destination sound.so modules/src_files.so
}

wrong_files()
{
    cp modules/src_files.so sound.so
    chmod o+w modules/src_files.so
    refused 'others can write to it'
    chmod g+w modules/src_files.so
    refused 'others can write to it'
    echo 'no shared object' >modules/src_files.so
    refused 'file too short'
    seq 1000 >modules/src_files.so
    refused 'invalid ELF header'
    : >modules/src_files.so
    refused 'file too short'
    for bytes in 200 5000 20000; do
        truncate -s "$bytes" modules/src_files.so
        refused 'the file is cut short'
    done
    cp modules/tgt_dir.so modules/src_files.so
    refused 'it does not export src_files_LTX_lagan_driver'
    cp sound.so elsewhere.so && ln -sf ../elsewhere.so modules/src_files.so
    refused 'it is a symbolic link'
    rm modules/src_files.so && mkdir modules/src_files.so
    expect 1 'it is not a regular file' l backup create tree
    rmdir modules/src_files.so
    cp sound.so modules/src_files.so
    chmod 000 modules/src_files.so
    expect 1 "$modules/src_files.so cannot be opened: Permission denied" \
        without_rights "$abs_top_builddir/lagan" --driver-dir="$modules" --config "$conf" \
        backup create tree
    chmod 755 modules/src_files.so
}

wrong_folder()
{
    chmod o+w modules
    expect 1 "driver folder $modules is refused: others can write to it" l backup create tree
    chmod o-w modules
    mv modules away
    expect 2 "driver folder $modules: No such file" l backup create tree
    mv away modules
}

cp -a "$abs_top_builddir/drivers" modules
mkdir tree && echo text >tree/file
initialise
l -q backup create tree
cp "$conf" good.conf
absent
not_enabled
wrong_parameters
wrong_files
wrong_folder
l -q backup create tree
[ "$(l backup list --json | grep -c '"type":"backup"')" = 3 ]
