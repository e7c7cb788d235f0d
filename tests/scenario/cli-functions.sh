# SPDX-License-Identifier: Apache-2.0
# cli-functions.sh - what the scenarios of the command line share; sourced behind functions.sh.

set -o errtrace # the line of a failure is shown in functions too
conf=$PWD/conf/lagan.conf

# l WORDS...: lagan with the configuration of this test.
l()
{
    lagan --config "$conf" "$@"
}

# initialise WORDS...: a configuration with a vault, all in the scratch folder.
initialise()
{
    l -q init --state "$PWD/state" --path "$PWD/vault" --recovery-file "$PWD/recovery" "$@"
}

# status_of COMMAND...: prints its exit status; output goes to out and err.
status_of()
{
    local status=0
    "$@" >out 2>err || status=$?
    echo $status
}

# expect STATUS TEXT COMMAND...: the exit status, and a line of standard error with TEXT.
expect()
{
    local wanted=$1 text=$2 status
    shift 2
    status=$(status_of "$@")
    [ "$status" = "$wanted" ] || { cat out err >&2; fail "status $status, not $wanted: $*"; }
    [ -z "$text" ] || grep -qF -- "$text" err || { cat err >&2; fail "no '$text': $*"; }
    [ "$(wc -l <err)" -le 1 ] || { cat err >&2; fail "more than one line of errors: $*"; }
}

# without_rights COMMAND...: runs it so that permission bits count, also for root.
without_rights()
{
    if [ "$(id -u)" = 0 ]; then
        setpriv --bounding-set -dac_override,-dac_read_search "$@"
    else
        "$@"
    fi
}

# has WORDS...: as grep -q on standard input, but reads it to its end: who writes to a pipe that
# is closed fails.
has()
{
    grep "$@" | cat >/dev/null
}
