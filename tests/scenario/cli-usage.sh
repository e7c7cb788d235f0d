#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Wrong command lines, closed and full outputs, hostile surroundings: the right exit status, one
# line that says what is wrong, and no harm.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"

long=$(printf 'x%.0s' {1..131000})

wrong_words()
{
    expect 2 'no command is given' l
    expect 2 'there is no command "frob"' l frob
    expect 2 'vault needs a verb' l vault
    expect 2 'vault key needs a verb' l vault key
    expect 2 'vault has no verb "frob"' l vault frob
    expect 2 'backup create needs SOURCE' l backup create
    expect 2 'does not know what to do with "more"' l ls one more
    expect 2 'is empty' l ls ''
    expect 2 'there is no command' l -- frob
    expect 2 'there is no command' l "$long"
    expect 2 'there is no command "\xff\xfe"' l $'\xff\xfe'
    expect 2 'there is no command "\x1b' l $'\033[31mred\n'
}

wrong_options()
{
    expect 2 'has no option --frob' l ls --frob
    expect 2 'did you mean --vault?' l ls --vualt x
    expect 2 'has no option --vaul' l ls --vaul x
    expect 2 'has no option -x' l ls -x
    expect 2 'has no option -R' l diff -R a b
    expect 2 'needs a value' l ls --vault
    expect 2 'needs a value' l ls --vault=
    expect 2 'needs a value' l ls --vault ''
    expect 2 'write --vault=--json' l ls --vault --json
    expect 2 'takes no value' l ls --long=yes
    expect 2 'is given twice' l ls --vault a --vault b
    expect 2 'is given twice' l ls -l -l
    expect 2 'in front of a command' l --vault x ls
    expect 2 'no such depth' l verify --depth 'no such depth'
    expect 2 '--on-conflict maybe' l restore x --to y --on-conflict maybe
    expect 2 'needs --to PLACE' l restore x
    expect 2 'exclude each other' l restore x --to y --in-place
    expect 2 'exclude each other' l restore x --to y --no-owners --numeric-owners
    expect 2 'add --force' l vault create x --no-recovery
    expect 2 'it can be 64K to 4G' l vault create x --pack-size 1K --recovery-file "$PWD/x"
    expect 2 'it can be 64K to 4G' l vault create x --pack-size much --recovery-file "$PWD/x"
    expect 2 'is no number' l task list --limit many
    expect 2 'it can be waiting' l task list --state asleep
    expect 2 'needs one of --new-passphrase' l vault key add
    expect 2 '--json shows no secrets' l init --json
    expect 2 'cannot show' l cat x:y --json
    # What stands behind -- is no option.
    expect 2 'there is no configuration' l ls -- --vault
}

without_configuration()
{
    expect 2 'lagan init' l backup list
    expect 0 '' l --version
    grep -q '^lagan [0-9]' out
    expect 0 '' l --help
    expect 0 '' l vault --help
    expect 0 '' l vault create --help
    expect 0 '' l help vault create
    expect 2 'no command' l help frob
    expect 0 '' l driver list
    expect 0 '' l driver show tgt_dir
    expect 1 'driver list' l driver show nosuch
    expect 2 '' lagan --config /dev/null backup list
    expect 2 '' lagan --config "$PWD" backup list
    expect 2 '' lagan --config "$conf" --driver-dir relative backup list
}

statuses()
{
    expect 10 'there are: main, second' l ls latest --vault nosuch
    expect 1 'there are: local' l vault create x --region nosuch
    expect 1 'backup list' l backup show 0123abcd
    expect 1 'neither the name of a source nor a path' l backup create nosuch --vault main
    expect 1 'neither the name of a source nor a path' l backup create ./nosuch --vault main
    expect 1 'source list' l source show nosuch
    expect 2 'of a source contains the byte 0x20' l source add 'bad name' src_files path=/
    expect 1 'is not enabled; add it to' l source add a nosuch
    expect 2 'its parameters are: path' l source add a src_files colour=red
    expect 2 'parameter path is missing' l source add a src_files
    expect 2 '--exclude: the rule' l source add a src_files path=/etc --exclude '['
    expect 1 'choose another name' l vault create main --recovery-file "$PWD/other"
    [ ! -e other ] || fail 'a recovery file is left of a vault that was not made'
    expect 1 'is there already' l init --state "$PWD/state2" --recovery-file "$PWD/other"
    [ ! -e other ] || fail 'a recovery file is left of init that was refused'
    for place in tgt_s3:bucket=b s3://host/bucket; do
        conf=$PWD/other.conf expect 2 'lagan vault create' l init --path "$place" \
            --state "$PWD/state2" --recovery-file "$PWD/other"
        [ -z "$(ls -d other* tgt_s3* s3:* 2>/dev/null)" ] || fail 'init left something'
    done
    echo wrong >wrong && chmod 600 wrong
    expect 12 'key list' l ls latest --vault main --passphrase "file:$PWD/wrong"
    expect 12 'key list' l ls latest --vault main --recovery-key "file:$PWD/recovery2"
    expect 2 'must be file:PATH' l ls latest --vault main --passphrase secret
    chmod 644 wrong
    expect 2 'others can read it' l ls latest --vault main --passphrase "file:$PWD/wrong"
}

broken_outputs()
{
    local status
    [ "$(status_of l backup list)" = 0 ]
    for command in 'backup list' 'ls -R latest' 'vault show main' '--version' '--help' \
        'ls -R latest --json' 'cat latest:file'; do
        status=0
        l $command >/dev/full 2>err || status=$?
        [ $status = 1 ] || fail "status $status with a full output: $command"
        grep -q 'cannot write to standard output' err
        status=0
        l $command >&- 2>err || status=$?
        [ $status = 1 ] || fail "status $status with a closed output: $command"
        { sleep 0.2; l $command 2>err || echo $? >pipe; } | true
        [ "$(cat pipe)" = 1 ] || fail "no status 1 into a broken pipe: $command"
        [ ! -s err ] || fail "a broken pipe is nothing to talk about: $(cat err)"
    done
    l vault list <&- >/dev/null
    expect_status 10 l ls latest --vault nosuch 2>&-
    expect_status 10 l ls latest --vault nosuch >&- 2>&- <&-
}

surroundings()
{
    mkdir bogus here
    printf 'x' >bogus/libzstd.so.1
    cp bogus/libzstd.so.1 here/src_files.la
    env -i "$abs_top_builddir/run" lagan --config "$conf" backup list >/dev/null
    for setting in LD_LIBRARY_PATH="$PWD/bogus" LTDL_LIBRARY_PATH="$PWD/bogus" \
        OPENSSL_CONF="$PWD/bogus/libzstd.so.1" SQLITE_TMPDIR=/nonexistent TZ=:/dev/zero \
        TZ="$long" TERM=$'\033[c' LANG=C LC_ALL=xx_YY HOME= HOME="$long" TMPDIR=/nonexistent \
        XDG_CONFIG_HOME=relative; do
        # The shell that starts the program must not trip over the setting itself.
        env "$setting" "$abs_top_builddir/lagan" --driver-dir="$abs_top_builddir/drivers" \
            --config "$conf" ls latest >/dev/null 2>err ||
            { grep -q 'error while loading shared' err && continue; cat err; fail "$setting"; }
    done
    env -i "$abs_top_builddir/run" lagan backup list >out 2>err && fail 'no home, no name'
    mkdir gone && cd gone && rmdir ../gone
    l backup list >/dev/null 2>&1
    cd ..
    (cd here && l ls latest >/dev/null)
    l help $(seq 20000) >/dev/null 2>err && fail 'so many words'
    [ "$(wc -l <err)" = 1 ]
}

masks()
{
    local mask
    for mask in 0000 0777; do
        mkdir "$mask" && (
            umask $mask
            lagan --config "$PWD/$mask/c/lagan.conf" -q init --state "$PWD/$mask/state" \
                --path "$PWD/$mask/vault" --recovery-file "$PWD/recovery-$mask"
            lagan --config "$PWD/$mask/c/lagan.conf" -q backup create source
        ) || fail "umask $mask"
        [ -z "$(find "$mask/c" "$mask/state" "$mask/vault" -perm /077)" ] ||
            fail "umask $mask: something is open to others"
    done
    [ "$(stat -c %a recovery-0000)" = 600 ]
}

wrong_words
without_configuration
wrong_options
mkdir source && echo text >source/file
initialise
expect 1 'backup list' l ls latest
l vault create second --recovery-file "$PWD/recovery2" >/dev/null
expect 1 'vaults' l backup create source
l backup create source --vault main >/dev/null
statuses
broken_outputs
surroundings
masks
