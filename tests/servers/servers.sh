# SPDX-License-Identifier: Apache-2.0
# servers.sh - what the scripts that start real servers share.  A script sets `server_name`,
# `server_programs`, and defines
#
#     server_start      starts all of it in the folder $folder on ports from $port on
#     server_settings   prints the shell lines of `env`, once it runs
#
# then calls  server_main "$@"  with one of
#
#     start FOLDER PORT   answers requests when it comes back; FOLDER is made, all state is below it
#     stop FOLDER         ends what start has started, by the ids that it has written down
#     env FOLDER          prints shell lines:  eval "$(rgw.sh env FOLDER)"
#
# Exit status 77 with a reason where a program is missing.  Everything listens on 127.0.0.1 alone
# and ends by itself after $LAGAN_SERVER_SECONDS (default 3600).

set -eu
export LC_ALL=C.UTF-8

server_fail()
{
    echo "$server_name: $*" >&2
    exit 1
}

server_skip()
{
    echo "SKIPPED: $*" >&2
    exit 77
}

# server_run COMMAND...: starts a program of the server and writes its id down.  `timeout` leads a
# process group of its own, so that what a server forks can be reached too.  Nothing that the caller
# has open (a lock, the job server of make) stays open in it.
server_run()
{
    (
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            [ "$fd" -le 2 ] || eval "exec $fd>&-"
        done
        exec timeout -k 5 "${LAGAN_SERVER_SECONDS:-3600}" "$@"
    ) </dev/null >"$folder/log/$(basename "$1").out" 2>&1 &
    echo "$! $1" >>"$folder/pids"
}

# server_wait SECONDS COMMAND...: until it succeeds, but not while a program of the server is dead.
server_wait()
{
    local seconds=$1 until
    shift
    until=$(($(date +%s) + seconds))
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt $until ] || server_fail "no answer within $seconds s: $*"
        server_lives
        sleep 0.1
    done
}

# Fails, and shows why, when one that was started is gone.
server_lives()
{
    local pid name
    while read -r pid name; do
        kill -0 "$pid" 2>/dev/null && continue
        tail -n 5 "$folder/log/$(basename "$name").out" >&2
        server_fail "$name has ended"
    done <"$folder/pids"
}

# server_is PID NAME: whether it is still the program that was started under this id.
server_is()
{
    grep -qF -- "$2" "/proc/$1/cmdline" 2>/dev/null
}

# stop_all SIGNAL: to the groups of all that still run; fails when there is none.
stop_all()
{
    local pid name found=1
    while read -r pid name; do
        server_is "$pid" "$name" || continue
        kill "-$1" -- "-$pid" 2>/dev/null || :
        found=0
    done <"$folder/pids"
    return $found
}

# TERM, and KILL for what is still there after a second and a half: what is stored survives that.
server_stop()
{
    local i
    [ -e "$folder/pids" ] || return 0
    for ((i = 0; i < 15; i++)); do
        stop_all $([ $i -eq 0 ] && echo TERM || echo 0) || break
        sleep 0.1
    done
    stop_all KILL || :
    rm -f "$folder/pids"
}

# server_answers URL: whatever it says.
server_answers()
{
    curl -s -o "$folder/answer" --max-time 5 "$1"
}

# Credentials in the forms that drivers and clients read, for accounts without and with a colon.
server_credentials()
{
    local access=$1 secret=$2
    printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "$access" "$secret" \
        >"$folder/credentials"
    printf '{"Version": 1, "AccessKeyId": "%s", "SecretAccessKey": "%s"}\n' "$access" "$secret" \
        >"$folder/credentials.json"
    chmod 600 "$folder/credentials" "$folder/credentials.json"
    cat >"$folder/env" <<-END
	export LAGAN_S3_ENDPOINT='http://127.0.0.1:$port'
	export LAGAN_S3_ACCESS='$access'
	export LAGAN_S3_SECRET='$secret'
	export LAGAN_S3_REGION='us-east-1'
	export LAGAN_S3_PROFILE_FILE='$folder/credentials'
	export LAGAN_S3_JSON_FILE='$folder/credentials.json'
	END
    server_settings >>"$folder/env"
}

server_main()
{
    local verb=${1-} program
    PATH=$PATH:/usr/sbin:/sbin
    [ $# -ge 2 ] || server_fail 'start FOLDER PORT, stop FOLDER, env FOLDER'
    case $verb in
    start)
        for program in $server_programs; do
            command -v "$program" >/dev/null ||
                server_skip "$server_name needs the program $program"
        done
        mkdir -p "$2/log"
        folder=$(cd "$2" && pwd)
        port=${3:?start FOLDER PORT}
        [ ! -s "$folder/pids" ] || server_fail "$folder: runs already"
        : >"$folder/pids"
        trap 'status=$?; [ $status -eq 0 ] || server_stop; exit $status' EXIT
        server_start
        ;;
    stop)
        folder=$(cd "$2" && pwd)
        server_stop
        ;;
    env)
        cat "$2/env"
        ;;
    *) server_fail "what is '$verb'?" ;;
    esac
}
