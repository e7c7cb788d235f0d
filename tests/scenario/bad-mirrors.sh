#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Everything that can be typed wrongly about mirrors, regions, tasks, usage, the audit log and the
# runner: one line says what, on what, why and what to do; the status and the code are the designed
# ones, with --json too; and nothing was changed.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program python3 # the key service below

# many CHARACTER NUMBER
many()
{
    printf "$1%.0s" $(seq "$2")
}

long_64=$(many n 64) long_65=$(many n 65) wide=备份
text_255=$(many 说 255) text_256=$(many d 256)
control=$'a\nb' not_utf8=$'a\xff\xfeb' escape=$'\033[31mred'
mirror='[COPY]-main'
key_exec="key_exec:$PWD/kms,key=first"

make_configuration()
{
    mkdir -p conf state east west spare north south away gone
    cat >"$conf" <<END
state = "$PWD/state"
drivers = { src_files, tgt_dir, key_file, key_exec }
region east {
    projects = { main, research }
    target tgt_dir { path = $PWD/east }
}
region west {
    projects = { main, research }
    target tgt_dir { path = $PWD/west }
}
region spare {
    target tgt_dir { path = $PWD/spare }
}
region north {
    receive = no
    target tgt_dir { path = $PWD/north }
}
region south {
    send = no
    target tgt_dir { path = $PWD/south }
}
region away {
    account = others
    target tgt_dir { path = $PWD/away }
}
region gone {
    target tgt_dir { path = $PWD/gone }
}
limits { mirrors = 1 }
END
    chmod 700 conf
    chmod 600 "$conf"
    cat >kms <<'END'
#!/usr/bin/env python3
import base64
_, _, data = input().split()
print(base64.b64encode(bytes(b ^ 85 for b in base64.b64decode(data))).decode())
END
    chmod 755 kms
    (umask 077 && echo 'correct horse' >phrase && echo 'wrong horse' >wrong-phrase)
    : >empty
}

# vault NAME OPTION...: makes one.
vault()
{
    l -q vault create "$@" --recovery-file "$PWD/r-$1"
}

make_vaults()
{
    local type
    for type in archive database container; do vault $type --region east --type $type; done
    vault main --region east
    vault plain --region east
    vault trial --region east --plan trial
    vault copies --region east --role replication
    vault frozen --region east
    l -q vault freeze frozen --reason audit
    vault dropped --region east
    l -q vault delete dropped --yes
    vault home --region south
    vault elsewhere --region gone
    vault serviced --region east --key "$key_exec"
    vault spoken --region east --passphrase "file:$PWD/phrase"
    mkdir tree
    echo one >tree/file
    l -q backup create tree --vault main
    l -q mirror create main --region west
    with_clock 7200 l -q run --once
    [ "$(l mirror list --json | grep -c '"state":"in-sync"')" = 1 ]
    task=$(l task list --state success --json | sed -n 's/.*"id":"\(t-[^"]*\)".*/\1/p' | head -n 1)
    [ -n "$task" ]
}

# state: everything that must not change.
state()
{
    l catalog export
    find east west spare north south away conf tree r-* -printf '%p %s %T@\n' | sort
    [ ! -e gone ] || find gone
}

# last_record STATUS CODE: `out` is JSON whose only end record is its last and says so.
last_record()
{
    [ "$(grep -c '"type":"end"' out)" = 1 ] &&
        tail -n 1 out | has -F "{\"type\":\"end\",\"status\":$1,\"code\":\"$2\","
}

# refused STATUS CODE TEXT COMMAND...
refused()
{
    local wanted=$1 code=$2 text=$3 said
    shift 3
    expect "$wanted" "$text" l "$@"
    [ "$(wc -l <err)" = 1 ] || fail "no line on standard error: $*"
    [ ! -s out ] || { cat out >&2; fail "it says something else as well: $*"; }
    said=$(cat err)
    [[ $said == lagan:\ * && $said != *[[:cntrl:]]* ]] || fail "not one clean line: $*"
    # What to do: a command, an option, what there is, or words behind a stop.
    [[ $said == *[\`\;]* || $said == *'there are: '* || $said == *' --'* || $said == *': name '* ||
        $said == *'must be '* || $said == *'can be '* || $said == *'characters'* ||
        $said == *allowed* || $said == *'is written as'* || $said == *'o such file'* ]] ||
        fail "no word on what to do: $said"
    l "$@" --json >out 2>/dev/null || :
    last_record "$wanted" "$code" || { cat out >&2; fail "--json: $*"; }
}

# rows: lines of "STATUS CODE | TEXT | COMMAND" on standard input, each of which is refused; none
# of them changes anything.
rows()
{
    local left text command
    state >before
    while IFS='|' read -r left text command; do
        text=${text# }
        eval "refused $left $(printf %q "${text% }") $command" </dev/null
    done
    state >after
    diff before after >&2 || fail "one of ${FUNCNAME[1]} has changed something"
}

wrong_words()
{
    rows <<'END'
2 usage | mirror needs a verb | mirror
2 usage | mirror has no verb "frob" | mirror frob
2 usage | mirror create needs VAULT | mirror create --region west
2 usage | does not know what to do with "more" | mirror create plain more --region spare
2 usage | an operand of mirror create is empty | mirror create '' --region spare
2 usage | does not know what to do with "x" | mirror list x
2 usage | mirror show needs NAME | mirror show
2 usage | does not know what to do with "x" | mirror show "$mirror" x
2 usage | mirror verify needs NAME | mirror verify
2 usage | mirror stop needs NAME | mirror stop --yes
2 usage | mirror delete needs NAME | mirror delete --yes --region west
2 usage | mirror release needs NAME | mirror release
2 usage | has no option --region-name | mirror create plain --region-name spare
2 usage | --region needs a value | mirror create plain --region
2 usage | --region needs a value | mirror create plain --region=
2 usage | --region is given twice | mirror create plain --region spare --region west
2 usage | --yes takes no value | mirror stop "$mirror" --yes=no
2 usage | --confirm needs a value | mirror delete "$mirror" --region west --confirm ''
2 usage | --name needs a value | mirror create plain --region spare --name ''
2 usage | --items takes no value | mirror show "$mirror" --items=all
2 usage | did you mean --repair | mirror verify "$mirror" --repiar
2 usage | task cancel needs TASK | task cancel
2 usage | does not know what to do with "b" | task cancel a b
2 usage | does not know what to do with "x" | task dead x
2 usage | does not know what to do with "b" | task retry a b
2 usage | say which: a task, or --state | task clear
2 usage | does not know what to do with "b" | task clear a b
2 usage | does not know what to do with "x" | usage x
2 usage | audit needs a verb | audit
2 usage | does not know what to do with "x" | audit list x
2 usage | does not know what to do with "x" | audit verify x
2 usage | does not know what to do with "x" | run x
2 usage | --once is given twice | run --once --once
2 usage | --once takes no value | run --once=yes
2 usage | region has no verb "frob" | region frob
2 usage | does not know what to do with "x" | region list x
2 usage | region show needs NAME | region show
2 usage | region check needs NAME | region check
2 usage | does not know what to do with "west" | region check east west
2 usage | region repair needs NAME | region repair
END
}

# What mirror create refuses, by what it was given.
create_places()
{
    rows <<'END'
10 no-such-vault | there is no vault 'nosuch'; there are: archive, container | mirror create nosuch --region spare
10 no-such-vault | there is no vault '\x1b[31mred' | mirror create "$escape" --region spare
10 no-such-vault | there is no vault 'a\xff\xfeb' | mirror create "$not_utf8" --region spare
10 no-such-vault | there is no vault 'nnnn | mirror create "$long_65" --region spare
2 usage | say with --region where | mirror create plain
1 no-such-region | there is no region 'nowhere' | mirror create plain --region nowhere
1 no-such-region | there is no region 'a\x0ab' | mirror create plain --region "$control"
1 no-such-region | there is no region 'a\xff\xfeb' | mirror create plain --region "$not_utf8"
1 no-such-region | there are: east, west | mirror create plain --region "$long_65"
1 same-region | region east is the source's own | mirror create plain --region east
1 region-cannot-receive | region north takes nothing | mirror create plain --region north
1 region-cannot-send | region south sends nothing | mirror create home --region spare
1 account-differs | east and away belong to different accounts | mirror create plain --region away
1 no-such-project | no project 'nosuch'; there are: main, research | mirror create plain --region west --project nosuch
1 no-such-project | there are: default | mirror create plain --region spare --project "$long_65"
1 no-such-project | no project 'a\x0ab' | mirror create plain --region spare --project "$control"
1 too-many-mirrors | region west has 1 mirrors, and may have 1 | mirror create plain --region west
2 cadence-fixed | follows its vault at once | mirror create plain --region spare --interval 5m
END
}

create_vaults()
{
    rows <<'END'
1 source-vault-already-has-replication | it has the mirror [COPY]-main in region west | mirror create main --region spare
1 source-vault-already-has-replication | may have one | mirror create main --region west
1 mirror-of-mirror | it is a mirror itself | mirror create "$mirror" --region spare
1 mirror-of-replication-vault | it is a replication vault | mirror create copies --region spare
1 mirror-of-archive-vault | it is of type archive | mirror create archive --region spare
1 mirror-of-database-vault | it is of type database | mirror create database --region spare
1 mirror-of-container-vault | it is of type container | mirror create container --region spare
1 mirror-of-trial-vault | lagan vault convert trial | mirror create trial --region spare
1 mirror-of-vault-in-bad-state | lagan vault unfreeze frozen | mirror create frozen --region spare
1 mirror-of-vault-in-bad-state | lagan vault undelete dropped | mirror create dropped --region spare
END
}

create_names()
{
    rows <<'END'
2 name-invalid | is too long | mirror create plain --region spare --name "$long_65"
2 name-invalid | contains the byte 0xe5 | mirror create plain --region spare --name "$wide"
2 name-invalid | a\x0ab | mirror create plain --region spare --name "$control"
2 name-invalid | a\xff\xfeb | mirror create plain --region spare --name "$not_utf8"
2 name-invalid | \x1b[31mred | mirror create plain --region spare --name "$escape"
2 name-invalid | a/b | mirror create plain --region spare --name a/b
2 name-invalid | -a | mirror create plain --region spare --name=-a
2 name-invalid | a b | mirror create plain --region spare --name 'a b'
2 name-invalid | has 256 characters; at most 255 | mirror create plain --region spare --description "$text_256"
2 name-invalid | description | mirror create plain --region spare --description "$control"
2 name-invalid | description | mirror create plain --region spare --description "$not_utf8"
END
}

create_keys()
{
    rows <<'END'
2 usage | --encryption rot13: it can be managed or kms | mirror create plain --region spare --encryption rot13
1 encryption-differs | that of the mirror would be kms | mirror create plain --region spare --encryption kms
1 encryption-differs | that of the mirror would be kms | mirror create plain --region spare --key "$key_exec"
1 encryption-differs | its encryption is kms, that of the mirror would be managed | mirror create serviced --region spare
1 encryption-differs | that of the mirror would be managed | mirror create serviced --region spare --key "key_file:path=$PWD/k"
1 encryption-differs | its encryption is kms | mirror create serviced --region spare --encryption managed --key "$key_exec"
1 no-such-driver | the driver key_pkcs11 is not enabled | mirror create plain --region spare --key key_pkcs11:token=x
1 no-such-driver | the driver nosuch is not enabled | mirror create plain --region spare --key nosuch
1 no-such-driver | the driver \x1b[31mred is not enabled | mirror create plain --region spare --key "$escape"
1 no-such-driver | is of kind target | mirror create plain --region spare --key "tgt_dir:path=$PWD/x"
2 parameter-invalid | parameter path is missing | mirror create plain --region spare --key key_file
2 parameter-invalid | no parameter "nosuch" | mirror create plain --region spare --key key_file:nosuch=1
12 key-unavailable | nowhere/key | mirror create plain --region spare --key key_file:path=/nowhere/key
2 parameter-invalid | must be file:PATH | mirror create spoken --region spare --passphrase literal
1 failed | nowhere | mirror create spoken --region spare --passphrase file:/nowhere
12 wrong-key | vault plain | mirror create plain --region spare --recovery-key "file:$PWD/r-main"
12 wrong-key | spoken | mirror create spoken --region spare --passphrase "file:$PWD/wrong-phrase"
12 wrong-key | spoken | mirror create spoken --region spare --recovery-key "file:$PWD/r-main"
11 locked | spoken | mirror create spoken --region spare
END
}

# A place that holds another vault, or is away; a source that is away.
create_places_in_use()
{
    cp -a east/plain spare/copy-frozen
    l -q vault unfreeze frozen
    rows <<'END'
1 conflict | another vault lies at copy-frozen in region spare | mirror create frozen --region spare
END
    l -q vault freeze frozen --reason audit
    rm -r spare/copy-frozen
    mv gone gone-away
    rows <<'END'
1 failed | gone does not exist | mirror create plain --region gone
END
    mv gone-away gone
    mv east/plain east-plain
    rows <<'END'
10 no-such-vault | east/plain does not exist | mirror create plain --region spare
END
    mv east-plain east/plain
}

states()
{
    # Only mirrors are offered where only they will do, and regions where one is asked for.
    [ "$(lagan --complete --config="$conf" mirror stop '')" = "$mirror" ]
    [ "$(lagan --complete --config="$conf" mirror create plain --region sp)" = spare ]
    rows <<'END'
1 no-such-mirror | is no mirror; its mirror is [COPY]-main in region west | mirror show main
1 no-such-mirror | lagan mirror create plain --region | mirror show plain
10 no-such-vault | there is no vault 'nosuch' | mirror show nosuch
10 no-such-vault | there is no vault 'a\x0ab' | mirror show "$control"
10 no-such-vault | in the region east | mirror show "$mirror" --region east
1 no-such-region | there is no region 'nowhere' | mirror show "$mirror" --region nowhere
1 no-such-region | there is no region 'nowhere' | mirror list --region nowhere
1 no-such-region | there is no region 'a\xff\xfeb' | mirror list --region "$not_utf8"
1 no-such-mirror | is no mirror | mirror verify main
10 no-such-vault | there is no vault 'nosuch' | mirror verify nosuch
1 no-such-region | there is no region 'nowhere' | mirror verify "$mirror" --region nowhere
2 usage | compared by structure or objects | mirror verify "$mirror" --depth data
2 usage | compared by structure or objects | mirror verify "$mirror" --depth "$escape"
1 no-such-mirror | is no mirror | mirror stop plain --yes
10 no-such-vault | there is no vault 'nosuch' | mirror stop nosuch --yes
2 not-confirmed | add --confirm '[COPY]-main', or --yes | mirror stop "$mirror"
2 not-confirmed | add --confirm '[COPY]-main', or --yes | mirror stop "$mirror" --confirm main
2 not-confirmed | add --confirm '[COPY]-main', or --yes | mirror stop "$mirror" --confirm "$not_utf8"
1 no-such-region | there is no region 'nowhere' | mirror stop "$mirror" --region nowhere --yes
1 no-such-driver | the driver nosuch is not enabled | mirror stop "$mirror" --yes --key nosuch
12 wrong-key | vault [COPY]-main | mirror stop "$mirror" --yes --recovery-key "file:$PWD/r-plain"
12 wrong-key | vault [COPY]-main | mirror stop "$mirror" --yes --key "key_file:path=$PWD/conf/keys/plain.key"
2 parameter-invalid | must be file:PATH | mirror stop "$mirror" --yes --passphrase x
1 no-such-mirror | is no mirror | mirror delete main --region east --yes
10 no-such-vault | there is no vault 'nosuch' | mirror delete nosuch --region west --yes
1 wrong-region | is deleted in its own region: say --region west | mirror delete "$mirror" --yes
1 wrong-region | in region west, not in east | mirror delete "$mirror" --region east --yes
1 wrong-region | in region west, not in nowhere | mirror delete "$mirror" --region nowhere --yes
2 not-confirmed | add --confirm '[COPY]-main', or --yes | mirror delete "$mirror" --region west
2 not-confirmed | add --confirm '[COPY]-main', or --yes | mirror delete "$mirror" --region west --confirm main
1 no-such-mirror | is no mirror | mirror release plain
10 no-such-vault | there is no vault 'nosuch' | mirror release nosuch
1 mirror-state | no brake holds | mirror release "$mirror"
1 vault-has-mirror | mirror | vault delete main --yes
1 vault-is-mirror | mirror | vault delete "$mirror" --yes
1 vault-is-mirror | mirror | backup create tree --vault "$mirror"
END
}

tasks_and_lists()
{
    rows <<'END'
1 failed | there is no task 'nosuch' | task cancel nosuch
1 failed | there is no task 'a\xff\xfeb' | task cancel "$not_utf8"
1 failed | there is no task 'nnnn | task cancel "$long_65"
1 conflict | is over: success | task cancel "$task"
1 failed | there is no task 'nosuch' | task retry nosuch
1 conflict | was given up | task retry "$task"
1 failed | there is no task 'nosuch' | task clear nosuch
1 conflict | is in state success: leave out --state | task clear "$task" --state failed
2 usage | --state asleep: it can be success | task clear --state asleep
2 usage | --state running: it can be success | task clear --state running
2 usage | --state waiting: it can be success | task clear --state waiting
2 usage | is written as 2026-11 | usage --month 2026
2 usage | is written as 2026-11 | usage --month 2026-13
2 usage | is written as 2026-11 | usage --month 2026-00
2 usage | is written as 2026-11 | usage --month 2026-1a
2 usage | is written as 2026-11 | usage --month " 2026-11"
2 usage | --month a\xff\xfeb | usage --month "$not_utf8"
10 no-such-vault | there is no vault 'nosuch' | usage --vault nosuch
10 no-such-vault | in the region west | usage --vault plain --region west
1 no-such-region | there is no region 'nowhere' | usage --region nowhere
2 usage | --limit many is no number | audit list --limit many
2 usage | --limit=-1 | audit list --limit -1
2 usage | is no number | audit list --limit=-1
2 usage | is no number | audit list --limit 99999999999999999999
END
}

regions()
{
    rows <<'END'
1 no-such-region | there is no region 'nowhere' | region show nowhere
1 no-such-region | there is no region 'a\x0ab' | region show "$control"
1 no-such-region | there is no region 'a\xff\xfeb' | region show "$not_utf8"
1 no-such-region | there is no region 'nnnn | region show "$long_65"
1 no-such-region | there is no region 'nowhere' | region check nowhere
1 no-such-region | there is no region '\x1b[31mred' | region check "$escape"
1 no-such-region | there is no region 'nowhere' | region repair nowhere
1 conflict | region west has one zone | region repair west
2 usage | --depth data: it can be structure or objects | region repair west --depth data
2 usage | --depth | region repair west --depth "$not_utf8"
END
}

# The borders that are allowed, and what is in the wrong state afterwards.
allowed()
{
    l -q mirror create plain --region spare --name "$long_64" --description "$text_255"
    l -q mirror stop "$long_64" --confirm "$long_64"
    vault twin --region east
    l -q vault create twin --region south --recovery-file "$PWD/r-twin-2"
    rows <<'END'
1 no-such-mirror | is no mirror | mirror stop "$long_64" --yes
1 no-such-mirror | is no mirror | mirror delete "$long_64" --region spare --yes
1 name-taken | name | mirror create plain --region spare --name "$long_64"
1 ambiguous | give the id of one | mirror create twin --region spare
END
    l -q mirror create plain --region spare --name short --key "key_file:path=$PWD/conf/k"
    l -q mirror delete short --region spare --confirm short
    l -q mirror delete "$mirror" --region west --yes
    l audit list --limit 1 | has mirror-delete || fail 'the last line of the log is not the last'
    rows <<'END'
1 no-such-mirror | lagan vault undelete [COPY]-main | mirror show "$mirror"
1 no-such-mirror | lagan vault undelete [COPY]-main | mirror delete "$mirror" --region west --yes
END
}

make_configuration
make_vaults
wrong_words
create_places
create_vaults
create_names
create_keys
create_places_in_use
states
tasks_and_lists
regions
allowed
