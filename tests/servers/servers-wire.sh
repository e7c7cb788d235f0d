#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Faults on the wire between tgt_s3 and a real server: whatever breaks, a backup that is told to be
# there is whole, one that is not there is not told, and nothing takes for ever or all memory.

. "${abs_top_srcdir:?run me through make check-servers}/tests/functions.sh"
. "$abs_top_srcdir/tests/servers/functions.sh"

requires 'python3-boto3' /usr/bin/python3 -c 'import boto3'
claim_ports
start_server rgw "$ports"
start_relay $((ports + 80)) "$ports"
elsewhere=$((ports + 81))
mkdir -p elsewhere
start_background /usr/bin/python3 -B "$servers/relay.py" $elsewhere "$ports" "$scratch/elsewhere"
wait_until 20 test -e "$scratch/elsewhere/ready"
bucket create vault

# Credentials from a program, which counts how often it was asked.
cat >credentials.sh <<END
#!/bin/sh
echo asked >>$scratch/asked
cat $LAGAN_S3_JSON_FILE
END
printf '[default]\ncredential_process = %s\n' "$scratch/credentials.sh" >profile
chmod 700 credentials.sh
chmod 600 profile
cat >lagan.conf <<END
state = $scratch/state
drivers = { src_files, tgt_s3, key_file }
driver tgt_s3 { layers { retry = 4  retry-pause = 20ms  retry-limit = 20s } }
region west {
    target tgt_s3 {
        endpoint = "http://127.0.0.1:$((ports + 80))"
        bucket = vault
        credentials-from = profile
        profile-file = $scratch/profile
        stall = 2s
    }
}
END

# l SECONDS WORDS...: with bounds.
l()
{
    local seconds=$1
    shift
    within "$seconds" 400 "$abs_top_builddir/run" lagan --config "$scratch/lagan.conf" "$@"
}

l 30 -q vault create main --recovery-file recovery
mkdir files
l 30 -q source add files src_files path="$scratch/files" ||
    l 30 -q source add files src_files "$scratch/files"

# news NUMBER: something new for a backup, in small files and in one that is longer than a pack's
# smallest part.
news()
{
    head -c 20000 /dev/urandom >"files/small"
    head -c 3000000 /dev/urandom >"files/large"
    echo "$1" >"files/number"
}

# bad WORDS: a case has failed; the others are looked at all the same.
failures=0
bad()
{
    echo "FAILED: $case_name: $*" >&2
    failures=$((failures + 1))
}

# ended STATUS STATUSES: whether a case came to its end as it should.
ended()
{
    [ "$(broken)" -gt 0 ] || bad 'the rule has never acted'
    case " $2 " in
    *" $1 "*) ;;
    *) bad "exit status $1 instead of $2: $(tail -n 1 err)" ;;
    esac
    [ "$1" -eq 0 ] || [ -s err ] || bad 'no word of what is wrong'
}

backups()
{
    l 30 backup list --json | grep -c '"state":"available"' || :
}

# same: what the latest backup holds is what the files are.
same()
{
    rm -rf back
    l 30 -q restore latest --to "$scratch/back" || bad 'restore'
    diff -rq files back >&2 || bad 'the backup differs'
}

# writes STATUSES NAME RULES: a backup while RULES hold ends with one of STATUSES.  When it is told to
# be there it is whole; else it is not there, and the next one works.
writes()
{
    local status=0 before
    case_name=$2
    before=$(backups)
    news "$case_name"
    forget_requests
    break_wire "$3"
    l 60 -q backup create files >out 2>err || status=$?
    mend_wire
    ended $status "$1"
    if [ $status -eq 0 ]; then
        [ "$(backups)" = $((before + 1)) ] || bad 'told, but not there'
    else
        [ "$(backups)" = "$before" ] || bad 'there, but not told'
        l 60 -q backup create files || bad 'the next one'
    fi
    same
}

put='"method": "PUT|POST"'

# Cut at every part of a put, each once, some in a row, and for good.
for at in 0 10 300 1000 5000 1500000; do
    writes 0 "put cut at $at" '[{"do": "cut-request", '"$put"', "at": '$at', "times": 2}]'
done
for what in packs sessions seals; do
    writes 0 "put of $what cut" '[{"do": "cut-request", "method": "PUT", "path": "/'$what'/",
        "at": 700}]'
    writes 0 "answer of $what lost" '[{"do": "cut-answer", "method": "PUT", "path": "/'$what'/"}]'
    writes 0 "$what: 503" '[{"do": "answer", "status": 503, "method": "PUT", "path": "/'$what'/"}]'
    writes 0 "$what: put, but 503" '[{"do": "answer", "status": 503, "forward": true,
        "method": "PUT", "path": "/'$what'/"}]'
done
writes 0 'put cut, in order' '[{"do": "cut-request", '"$put"', "at": 900, "how": "close"}]'
for at in 0 9 100 250; do
    writes 0 "answer cut at $at" '[{"do": "cut-answer", '"$put"', "at": '$at', "times": 3, "every": 2}]'
done
writes '1 5' 'each put cut' '[{"do": "cut-request", '"$put"', "at": 700, "times": 0}]'
writes '1 5' 'each answer cut' '[{"do": "cut-answer", '"$put"', "times": 0}]'

# The store is busy or ill, and what it was asked to do was done or not.
for status in 500 502 503 429; do
    writes 0 "$status" '[{"do": "answer", "status": '$status', "times": 2, '"$put"'}]'
done
writes 0 'done, but 500' '[{"do": "answer", "status": 500, "forward": true, "times": 3, "every": 2, '"$put"'}]'
writes 0 '503 with seconds' \
    '[{"do": "answer", "status": 503, "error": "SlowDown", "retry_after": 1, '"$put"'}]'
writes 0 '503 with a date' \
    '[{"do": "answer", "status": 503, "error": "SlowDown", "retry_after_date": 2, '"$put"'}]'
writes '0 1 5' 'a store that wants a day' \
    '[{"do": "answer", "status": 503, "retry_after": 86400, '"$put"'}]'
writes '1 5' '503 for good' '[{"do": "answer", "status": 503, "error": "SlowDown", "times": 0, '"$put"'}]'
writes 0 'an error behind 200' '[{"do": "answer", "status": 200, "error": "InternalError", "times": 1,
    "method": "POST"}, {"do": "pass", "times": 0}]'

# Slow and silent.
writes 0 'a slow answer' '[{"do": "drip", "pace": 300, "times": 2, '"$put"'}]'
writes 0 'a slow request' '[{"do": "drip", "side": "request", "pace": 2000000, '"$put"'}]'
writes 0 'silence' '[{"do": "stall", "seconds": 4, "times": 1, '"$put"'}]'

# Answers that are none, and changed contents.
writes '0 1 4 5' 'no HTTP' '[{"do": "garbage", "times": 1, '"$put"'}]'
writes '1 4 5' 'headers without end' '[{"do": "endless", "kind": "headers", "times": 0, '"$put"'}]'
writes '1 4 5' 'a header without end' '[{"do": "endless", "kind": "line", "times": 0, '"$put"'}]'
writes '1 4 5' 'an error without end' '[{"do": "endless", "status": 500, "times": 0, '"$put"'}]'
writes '1 4 5' 'a bomb as an error' '[{"do": "bomb", "status": 400, "times": 0, "method": "GET"}]'
writes '0 1 4 5' 'a flipped bit on its way' '[{"do": "flip", "side": "request", "at": 10, '"$put"'}]'
writes '0 1 4 5' 'each one flipped' '[{"do": "flip", "side": "request", "at": 10, "times": 0, '"$put"'}]'
writes '0 1 4 5' 'a wrong ETag' '[{"do": "headers", "set": {"ETag": "\"00000000000000000000000000000000\""},
    "times": 0, '"$put"'}]'

# Elsewhere: nothing may follow, credentials least of all.
for status in 301 302 307 308; do
    writes '0 1 4 5' "$status" '[{"do": "answer", "status": '$status', "times": 0, '"$put"',
        "headers": {"Location": "http://127.0.0.1:'$elsewhere'/vault/x"}}]'
done
[ ! -s elsewhere/journal.jsonl ] || fail 'a redirect was followed to another host'

# Time and credentials.
writes 0 'a clock that is wrong there' '[{"do": "headers", "date": 7200, "times": 0}]'
: >asked
writes 0 'a token that expires' '[{"do": "answer", "status": 400, "error": "ExpiredToken", "skip": 3}]'
[ "$(wc -l <asked)" -gt 1 ] || fail 'credentials were not fetched again'
writes '1 5' 'tokens that are always too old' \
    '[{"do": "answer", "status": 400, "error": "ExpiredToken", "times": 0, '"$put"'}]'
writes '1 5' 'access is withdrawn' '[{"do": "answer", "status": 403, "error": "AccessDenied", "times": 0, '"$put"'}]'

# A clock of ours that is an hour wrong.
news skewed
expect_status 1 with_clock 3600 "$abs_top_builddir/run" lagan --config lagan.conf -q \
    backup create files 2>err
expect_in err "this machine's clock is 3600 seconds ahead"
case_name='after a wrong clock'
l 60 -q backup create files
same

# reads STATUSES NAME RULES: restores and verifies while RULES hold; what is told to be right is right.
reads()
{
    local status=0
    case_name=$2
    forget_requests
    break_wire "$3"
    rm -rf back state/cache
    l 60 -q restore latest --to "$scratch/back" >out 2>err || status=$?
    mend_wire
    ended $status "$1"
    [ $status -ne 0 ] || diff -rq files back >&2 || bad 'what was restored differs'
}

get='"method": "GET"'
pack='"method": "GET", "path": "packs"'
for at in 0 100 600 5000 1000000; do
    reads 0 "get cut at $at" '[{"do": "cut-answer", '"$get"', "at": '$at', "times": 2}]'
done
reads '1 5' 'each get cut' '[{"do": "cut-answer", '"$pack"', "at": 600, "times": 0}]'
for status in 500 503 429; do
    reads 0 "get: $status" '[{"do": "answer", "status": '$status', "times": 2, '"$get"'}]'
done
reads '0 1 4 5' 'get: a flipped byte' '[{"do": "flip", "at": 99, '"$pack"'}]'
reads '1 3 4 5' 'get: all flipped' '[{"do": "flip", "at": 99, "times": 0, '"$pack"'}]'
reads '0 1 4 5' 'get: too short' '[{"do": "shorten", "by": 10, '"$pack"'}]'
reads '1 3 4 5' 'get: all too short' '[{"do": "shorten", "by": 10, "times": 0, '"$pack"'}]'
reads '0 1 4 5' 'get: ends early' '[{"do": "shorten", "by": 10, "lie": true, '"$pack"'}]'
reads '0 1 4 5' 'get: too long' '[{"do": "lengthen", "by": 10, '"$pack"'}]'
reads '0 1 3 4 5' 'get: all too long' '[{"do": "lengthen", "by": 100000000, "times": 3, '"$pack"'}]'
reads '1 3 4 5' 'get: without end' '[{"do": "endless", "times": 0, '"$get"'}]'
reads '0 1 3 4 5' 'get: headers without end' '[{"do": "endless", "kind": "headers", '"$get"'}]'
reads '1 3 4 5' 'get: chunks without end' '[{"do": "endless", "kind": "chunk", "times": 0, '"$get"'}]'
reads 0 'get: silence' '[{"do": "stall", "seconds": 4, "at": 700, '"$pack"'}]'
reads '1 4 5' 'get: 301' '[{"do": "answer", "status": 301, "times": 0, '"$get"',
    "headers": {"Location": "http://127.0.0.1:'$elsewhere'/vault/x"}}]'
reads '1 4 5' 'list: a bomb' '[{"do": "bomb", "times": 0, "path": "list-type"}]'
reads '1 4 5' 'list: deep' '[{"do": "bomb", "kind": "deep", "times": 0, "path": "list-type"}]'
reads '1 4 5' 'list: external' '[{"do": "bomb", "kind": "external", "times": 0, "path": "list-type"}]'
[ ! -s elsewhere/journal.jsonl ] || fail 'a redirect was followed to another host'

l 120 verify --depth data >out 2>err || { cat out err >&2 && fail 'verify'; }
[ $failures -eq 0 ] || fail "$failures cases"
