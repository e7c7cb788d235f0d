#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What `lagan policy simulate` tells (SCH-14): of policies without backups, of one that has made
# some, of disabled ones, of ten years; that it touches nothing; and that the runner, with a clock
# that is ahead, does then what was told.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"

# records TYPE MEMBER: the member of each JSON record of this type on standard input.
records()
{
    python3 -c '
import json, sys
for line in sys.stdin:
    record = json.loads(line)
    if record["type"] == sys.argv[1]:
        print(record.get(sys.argv[2]))' "$1" "$2"
}

# same NAME WANTED FOUND
same()
{
    [ "$2" = "$3" ] || fail "$1: $3 instead of $2"
}

mkdir -p conf data
head -c 200000 /dev/urandom >data/a
initialise
l -q source add files src_files path="$PWD/data" --vault main
l -q policy create nightly schedule='daily 02:00' zone=UTC keep-count=7 --vault main
l -q policy create hourly schedule='cron 0 * * * *' zone=Europe/Berlin keep-time=30d

# A year of one, with every month; the catalog stays as it is.
l catalog export >before
l policy simulate nightly --from 2027-01-01 --to 1y --json >year
l catalog export >after
cmp before after || fail 'a simulation has changed the catalog'
same 'runs of a year' 365 "$(records simulated_policy runs <year)"
same 'full ones' 1 "$(records simulated_policy full <year)"
same 'months' 12 "$(records simulated_month month <year | sort -u | wc -l)"
same 'the first month' 2027-01 "$(records simulated_month month <year | sed -n 1p)"
same 'it is assumed' True "$(records simulated_policy assumed <year)"
same 'sums' "$(records simulated_policy runs <year)" "$(grep -cE '"event":"(drop|keep)"' year)"
grep -q '"event":"drop".*"why":"not-kept"' year || fail 'no reason for what goes'

# Summer time in the zone of the policy: a day of 23 hours, one of 25.
l policy simulate hourly --from 2027-03-27T23:00:00Z --to 2027-03-28T21:59:59Z --json >short
same 'runs of the short day' 22 "$(records simulated_policy runs <short)"
l policy simulate hourly --from 2027-10-30T22:00:00Z --to 2027-10-31T22:59:59Z --json >long
same 'runs of the long day' 24 "$(records simulated_policy runs <long)"

# For people: sums, and each run when asked.
l policy simulate --from 2027-01-01 --to 2d >text 2>err
grep -qE '^nightly +2 +1 ' text || { cat text >&2; fail 'no sum'; }
grep -q 'no backups yet' text || fail 'it is not said that sizes are assumed'
l policy simulate nightly --from 2027-01-01 --to 2d -v >text
same 'listed runs' 2 "$(grep -c ' run ' text)"

# Disabled ones do nothing, unless they are named.
l -q policy disable nightly
l policy simulate --from 2027-01-01 --to 10d --json >all
same 'a disabled one' 0 "$(grep '"simulated_policy","policy":"nightly"' all |
    records simulated_policy runs)"
same 'a named one' 10 "$(l policy simulate nightly --from 2027-01-01 --to 10d --json |
    records simulated_policy runs)"
l -q policy enable nightly

# One that follows another brings that one along.
l -q policy create copies zone=UTC after=nightly
l policy simulate copies --from 2027-01-01 --to 10d --json >chain
same 'runs that follow' '10 10' "$(records simulated_policy runs <chain | paste -sd ' ')"
l -q policy delete copies --yes

# Ten years of both, in seconds.
SECONDS=0
l policy simulate --from 2027-01-01 --to 10y >text
[ $SECONDS -lt 20 ] || fail "ten years took $SECONDS s"

# What cannot be said.
expect 2 'it is written as' l policy simulate --from yesterday
expect 2 'or how much later' l policy simulate --to 5x
expect 2 '--to must be behind --from' l policy simulate --from 2027-01-02 --to 2027-01-01
expect 1 "no policy 'weekly'" l policy simulate weekly

# The runner does what was told: three days on, one run each at 02:00.
now=$(date +%s)
tomorrow=$(((now / 86400 + 1) * 86400 + 2 * 3600 + 20))
for day in 0 1 2; do
    with_clock $((tomorrow + day * 86400 - now)) timeout 100 "$abs_top_builddir/run" lagan \
        --config "$conf" -q run --once >run.out 2>&1 || { cat run.out >&2; fail 'the runner'; }
done
made=$(l backup list --json | records backup id | wc -l)
told=$(l policy simulate nightly --from "$(date -u -d @$now +%Y-%m-%dT%H:%M:%SZ)" \
    --to "$(date -u -d @$((tomorrow + 2 * 86400)) +%Y-%m-%dT%H:%M:%SZ)" --json |
    records simulated_policy runs)
l policy simulate nightly --from "$(date -u -d @$((tomorrow + 3 * 86400 - 60)) \
    +%Y-%m-%dT%H:%M:%SZ)" --to 1d --json >last
same 'backups of three days' 3 "$made"
[ "$told" = 3 ] || [ "$told" = 4 ] || fail "told $told runs for three days"
same 'what was made counts' False "$(records simulated_policy assumed <last)"
same 'later runs store as little' 0 "$(grep '"event":"run"' last | records simulated bytes)"
[ "$(records simulated_policy bytes <last)" -gt 200000 ] || fail 'what is stored is not counted'
