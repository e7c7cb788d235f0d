#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Faults on the wire between src_bucket and a real server: a backup holds every object or names those
# that it lacks (exit status 3) or is none; a restore that says so has written every object.

. "${abs_top_srcdir:?run me through make check-servers}/tests/functions.sh"
. "$abs_top_srcdir/tests/servers/functions.sh"

requires 'python3-boto3' /usr/bin/python3 -c 'import boto3'
claim_ports
start_server rgw "$ports"
start_relay $((ports + 80)) "$ports"
mkdir elsewhere
start_background /usr/bin/python3 -B "$servers/relay.py" $((ports + 81)) "$ports" "$scratch/elsewhere"
wait_until 20 test -e elsewhere/ready
bucket create from
bucket create back
bucket many from 1500 300
bucket fill from

cat >lagan.conf <<END
state = $scratch/state
drivers = { src_bucket, tgt_dir, key_file }
driver src_bucket { layers { retry = 4  retry-pause = 20ms  retry-limit = 20s } }
region west { target tgt_dir { path = $scratch/vault } }
END

# l SECONDS WORDS...: with bounds.
l()
{
    local seconds=$1
    shift
    within "$seconds" 400 "$abs_top_builddir/run" lagan --config "$scratch/lagan.conf" "$@"
}

source=(endpoint="http://127.0.0.1:$((ports + 80))" credentials="file:$LAGAN_S3_JSON_FILE" stall=2s)
l 30 -q vault create main --recovery-file recovery
l 30 -q source add from src_bucket bucket=from "${source[@]}"
l 60 -q backup create from
bucket digest from >from.digest

failures=0
bad()
{
    echo "FAILED: $case_name: $*" >&2
    failures=$((failures + 1))
}

ended()
{
    [ "$(broken)" -gt 0 ] || bad 'the rule has never acted'
    case " $2 " in
    *" $1 "*) ;;
    *) bad "exit status $1 instead of $2: $(tail -n 1 err)" ;;
    esac
    [ "$1" -eq 0 ] || [ -s err ] || bad 'no word of what is wrong'
}

# What the latest backup holds, as keys.
held()
{
    l 60 --json ls latest -R | grep -c '"type":"entry"' || :
}

# walks STATUSES NAME RULES: a full backup while RULES hold; when it is told to be whole, it has every
# object.
walks()
{
    local status=0
    case_name=$2
    forget_requests
    break_wire "$3"
    l 60 -q backup create from --full >out 2>err || status=$?
    mend_wire
    ended $status "$1"
    [ $status -ne 0 ] || [ "$(held)" = "$all" ] || bad "told whole with $(held) of $all objects"
}

all=$(held)
[ "$all" -ge 1550 ] || fail "the backup holds $all"
list='"path": "list-type"'
walks 0 'list: cut' '[{"do": "cut-answer", "at": 20000, "times": 2, '"$list"'}]'
walks 0 'list: 503' '[{"do": "answer", "status": 503, "times": 2, "skip": 1, '"$list"'}]'
walks '1 4 5' 'list: a page that repeats' '[{"do": "repeat", "times": 0, '"$list"'}]'
walks '0 1 4 5' 'list: ends within the document' '[{"do": "shorten", "by": 3000, '"$list"'}]'
walks '1 4 5' 'list: always ends early' '[{"do": "shorten", "by": 3000, "times": 0, '"$list"'}]'
walks '1 4 5' 'list: truncated, but says it is not' '[{"do": "replace", "times": 0, '"$list"',
    "pattern": "<IsTruncated>true</IsTruncated>", "by": "<IsTruncated>false</IsTruncated>"}]'
walks '0 1 4 5' 'list: does not say whether it is truncated' '[{"do": "replace", "times": 0, '"$list"',
    "pattern": "<IsTruncated>true</IsTruncated>", "by": ""}]'
walks '1 4 5' 'list: no keys, but a number of them' '[{"do": "replace", "times": 0, '"$list"',
    "pattern": "<Contents>.*</Contents>", "by": ""}]'
walks '1 4 5' 'list: out of order' '[{"do": "replace", "times": 0, '"$list"',
    "pattern": "<Key>many[^<]*0000100</Key>", "by": "<Key>zzz</Key>"}]'
walks '1 4 5' 'list: nothing' '[{"do": "answer", "status": 200, "times": 0, '"$list"'}]'
walks '1 4 5' 'list: a bomb' '[{"do": "bomb", "times": 0, '"$list"'}]'
walks '1 4 5' 'list: deep' '[{"do": "bomb", "kind": "deep", "times": 0, '"$list"'}]'
walks '1 4 5' 'list: without end' '[{"do": "endless", "times": 0, '"$list"'}]'
walks '1 4 5' 'list: elsewhere' '[{"do": "answer", "status": 307, "times": 0, '"$list"',
    "headers": {"Location": "http://127.0.0.1:'$((ports + 81))'/from?list-type=2"}}]'

object='"method": "GET", "path": "/from/many/00005"'
walks 0 'get: cut' '[{"do": "cut-answer", "at": 300, "times": 3, '"$object"'}]'
walks '0 3' 'get: flipped' '[{"do": "flip", "at": 17, '"$object"'}]'
walks 3 'get: always flipped' '[{"do": "flip", "at": 17, "times": 0, '"$object"'}]'
walks '3 4 5' 'get: always too short' '[{"do": "shorten", "by": 5, "times": 0, '"$object"'}]'
walks '0 3 4 5' 'get: always too long' '[{"do": "lengthen", "by": 5, "times": 0, '"$object"'}]'
walks '3 5' 'get: always 500' '[{"do": "answer", "status": 500, "times": 0, "path": "/from/many/0000500"}]'
walks 3 'get: denied' '[{"do": "answer", "status": 403, "error": "AccessDenied", "times": 0,
    "path": "/from/many/0000500"}]'
walks '0 3' 'get: gone' '[{"do": "answer", "status": 404, "error": "NoSuchKey", "times": 0,
    "path": "/from/many/0000500"}]'
walks '0 3 5' 'get: ranges cut' '[{"do": "cut-answer", "at": 3000000, "times": 4, "path": "/from/size/017"}]'
walks '3 5' 'get: without end' '[{"do": "endless", "kind": "chunk", "times": 0, '"$object"'}]'
[ ! -s elsewhere/journal.jsonl ] || fail 'a redirect was followed to another host'

l 60 -q backup create from --full
[ "$(held)" = "$all" ] || fail 'a whole backup in the end'

# restores STATUSES NAME RULES: while RULES hold; when it is told to be done the bucket is the same.
# Afterwards the same command finishes it.
restores()
{
    local status=0
    case_name=$2
    forget_requests
    bucket empty back
    break_wire "$3"
    l 90 -q restore latest --to back --on-conflict overwrite --include 'parts*' --include 'size*' \
        --include 'given*' --include 'many/00000*' >out 2>err || status=$?
    mend_wire
    ended $status "$1"
    if [ $status -ne 0 ]; then
        l 90 -q restore latest --to back --on-conflict overwrite --include 'parts*' \
            --include 'size*' --include 'given*' --include 'many/00000*' || bad 'again'
    fi
    bucket digest back >back.digest
    grep -E '"key": "(parts|size|given|many/00000)' from.digest | diff - back.digest >differs ||
        bad "what was restored differs: $(cut -c 1-300 differs | head -n 4)"
}

put='"method": "PUT", "path": "/back/"'
restores 0 'nothing' '[{"do": "pass", "times": 0}]'
restores 0 'put: cut' '[{"do": "cut-request", "at": 700, "every": 20, "times": 4, '"$put"'}]'
restores 0 'put: cut within a large one' \
    '[{"do": "cut-request", "at": 2000000, "method": "PUT", "path": "/back/(size|parts)", "times": 2}]'
restores 0 'put: answer lost' '[{"do": "cut-answer", "every": 20, "times": 4, '"$put"'}]'
restores 0 'put: 503' '[{"do": "answer", "status": 503, "retry_after": 1, "every": 20, "times": 3, '"$put"'}]'
restores '0 3 4 5' 'put: flipped' \
    '[{"do": "flip", "side": "request", "at": 3, "every": 20, "times": 3, '"$put"'}]'
restores '1 3 5' 'put: always 500' '[{"do": "answer", "status": 500, "times": 0, '"$put"'}]'
restores 0 'parts: cut' '[{"do": "cut-request", "at": 90000, "path": "partNumber", "times": 2}]'
restores '0 3 5' 'parts: the end is lost' '[{"do": "cut-answer", "method": "POST", "path": "uploadId"}]'
restores '0 3 5' 'parts: an error behind 200' \
    '[{"do": "answer", "status": 200, "error": "InternalError", "method": "POST", "path": "uploadId"}]'
restores '0 1 3 5' 'credentials expire' \
    '[{"do": "answer", "status": 400, "error": "ExpiredToken", "skip": 30, "times": 0}]'

[ $failures -eq 0 ] || fail "$failures cases"
