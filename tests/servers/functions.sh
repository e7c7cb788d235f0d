# SPDX-License-Identifier: Apache-2.0
# functions.sh - for scenarios with real servers, after tests/functions.sh:
#
#     . "$abs_top_srcdir/tests/servers/functions.sh"
#     claim_ports                          # $ports and the 99 behind it are this test's
#     start_server rgw $ports              # sets LAGAN_S3_...; skips where it cannot run
#     start_relay $((ports + 80)) $ports   # what goes through $((ports + 80)) can be broken
#     break_wire '[{"do": "cut-answer", "method": "PUT"}]'
#     mend_wire
#
# All of it ends with the test.

servers=$abs_top_srcdir/tests/servers

# claim_ports: a hundred ports that no other test has, from $LAGAN_SERVER_PORTS (default 24000) on,
# into $ports.
claim_ports()
{
    local lock
    for ((ports = ${LAGAN_SERVER_PORTS:-24000}; ports < 32000; ports += 100)); do
        lock=${TMPDIR:-/tmp}/lagan-ports.$(id -u).$ports
        exec {ports_lock}>"$lock"
        if flock -n "$ports_lock" && ! port_answers "$ports" && ! port_answers $((ports + 80)); then
            return 0
        fi
        exec {ports_lock}>&-
    done
    fail 'no ports are free'
}

# port_answers PORT: whether somebody listens there.
port_answers()
{
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# start_server KIND PORT [FOLDER]: rgw or swift; its settings become variables of this shell.
start_server()
{
    local kind=$1 port=$2 folder=${3:-$scratch/$1} status=0
    cleanup_fn bash "$servers/$kind.sh" stop "$folder"
    mkdir -p "$folder"
    bash "$servers/$kind.sh" start "$folder" "$port" || status=$?
    [ $status -ne 77 ] || exit 77
    [ $status -eq 0 ] || fail "$kind did not start"
    use_server "$kind" "$folder"
}

# use_server KIND [FOLDER]: takes the variables of a server that runs.
use_server()
{
    eval "$(bash "$servers/$1.sh" env "${2:-$scratch/$1}")"
}

# bucket VERB BUCKET...: another client; see bucket.py.
bucket()
{
    /usr/bin/python3 -B "$servers/bucket.py" "$@"
}

# start_background COMMAND...: with a limit of time, ended with the test.
start_background()
{
    timeout -k 5 1500 "$@" </dev/null &
    cleanup_fn kill $!
}

# wait_until SECONDS COMMAND...: until it succeeds.
wait_until()
{
    local until=$(($(date +%s) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt $until ] || fail "not within the time: $*"
        sleep 0.1
    done
}

# start_relay LISTEN-PORT SERVER-PORT [FOLDER]
start_relay()
{
    relay=${3:-$scratch/relay}
    mkdir -p "$relay"
    start_background /usr/bin/python3 -B "$servers/relay.py" "$1" "$2" "$relay"
    wait_until 20 test -e "$relay/ready"
}

# break_wire JSON: the rules of the relay, from the next request on; see relay_faults.py.
break_wire()
{
    printf '%s\n' "$1" >"$relay/rules.new"
    mv "$relay/rules.new" "$relay/rules.json"
}

mend_wire()
{
    rm -f "$relay/rules.json"
}

# forget_requests: the counts below begin anew.
forget_requests()
{
    : >"$relay/journal.jsonl"
    : >"$relay/acted.jsonl"
}

# broken: how many requests a rule has acted on.
broken()
{
    wc -l <"$relay/acted.jsonl"
}

# requests [EXPRESSION]: how many requests the relay has seen for which the expression (Python's, of
# the line of the journal as x) is true.
requests()
{
    /usr/bin/python3 -c 'import json, sys
print(sum(1 for line in open(sys.argv[1]) for x in [json.loads(line)] if eval(sys.argv[2])))' \
        "$relay/journal.jsonl" "${1:-True}"
}

# start_listing PORT KEYS BYTES: a server with a generated bucket `big`; `listing_counts` tells what
# was asked of it.
start_listing()
{
    listing=http://127.0.0.1:$1
    start_background "$abs_top_builddir/tests/servers/listing" "$1" "$2" "$3" 1500
    wait_until 20 port_answers "$1"
}

# listing_count KIND: list, head, get or other.
listing_count()
{
    curl -s "$listing/-/counts" | sed -n "s/^$1 //p"
}

# within SECONDS MEBIBYTES COMMAND...: its exit status; fails the test when it takes longer, or more
# memory at its peak.
within()
{
    local status=0
    /usr/bin/python3 - "$@" <<'END' || status=$?
import resource, subprocess, sys
seconds, limit = float(sys.argv[1]), int(sys.argv[2])
try:
    status = subprocess.run(sys.argv[3:], timeout=seconds, stdin=subprocess.DEVNULL).returncode
except subprocess.TimeoutExpired:
    print("longer than %g s" % seconds, file=sys.stderr)
    sys.exit(124)
used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
if used > limit:
    print("%d MiB of memory, more than %d" % (used, limit), file=sys.stderr)
    sys.exit(125)
sys.exit(status)
END
    case $status in
    124 | 125) fail "bounds: $*" ;;
    esac
    return $status
}

