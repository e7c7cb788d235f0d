# SPDX-License-Identifier: Apache-2.0
# migrate-functions.sh - what the scenarios of migrations share; sourced behind cli-functions.sh.

# of RECORD MEMBER: of the first JSON record of that type on standard input.
of()
{
    python3 -c '
import json, sys
for line in sys.stdin:
    record = json.loads(line)
    if record["type"] == sys.argv[1]:
        value = record.get(sys.argv[2], "")
        print("yes" if value is True else "no" if value is False else value)
        break' "$1" "$2"
}

# status MIGRATION MEMBER
status()
{
    l migrate status "$1" --json | of migrate_status "$2"
}

# attested MIGRATION MEMBER
attested()
{
    { l migrate attest "$1" --json || true; } | of statement "$2"
}

# is WORDS WANTED FOUND
is()
{
    [ "$2" = "$3" ] || fail "$1: wanted $2, found $3"
}

# killed_after SECONDS WORDS...: lagan with the test's configuration, killed then, and gone.
killed_after()
{
    /usr/bin/python3 - "$1" "$abs_top_builddir/lagan" --driver-dir="$abs_top_builddir/test-drivers" \
        --config "$conf" -q "${@:2}" <<'END'
import subprocess, sys
process = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL)
try:
    process.wait(float(sys.argv[1]))
except subprocess.TimeoutExpired:
    process.kill()
    process.wait()
END
}
