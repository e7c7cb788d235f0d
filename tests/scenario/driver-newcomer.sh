#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# As a newcomer would: a driver of one's own, from nothing to a backup, in at most ten commands
# that stand in doc/driver-guide.md and work as they stand there.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/kit-functions.sh"
requires_program autoreconf automake make pkg-config
stage

# The newcomer's machine: lagan is installed, has its configuration, and something to protect.
unset -f lagan
export HOME=$scratch/home
conf=$HOME/.config/lagan/lagan.conf
mkdir -p "$HOME/Documents/letters" tools work
echo 'dear sea' >"$HOME/Documents/letters/one"
seq 100000 >"$HOME/Documents/numbers"
cat >tools/lagan <<-END
	#!/bin/sh
	exec '$staged/bin/lagan' --driver-dir='$staged/lib/lagan/drivers' --config '$conf' "\$@"
	END
# The prefix is not the one that configure would take by itself.
cat >tools/sudo <<-END
	#!/bin/sh
	exec "\$@"
	END
chmod +x tools/*
export PATH=$scratch/tools:$PATH
# The whole suite is run against the same driver by driver-examples.
places
export CHECK_OPTIONS='--group core' PLACE=$places/place
export CONFIG_SITE=$scratch/site
echo "prefix=$staged" >site
lagan -q init --state "$scratch/state" --path "$scratch/vault" --recovery-file "$scratch/recovery"

# block HEADING: the first indented block below that heading of the guide.
block()
{
    awk -v heading="$1" '
        /^## / { wanted = $0 == "## " heading; seen = 0 }
        wanted && /^    / { print substr($0, 5); seen = 1; next }
        wanted && seen && NF { exit }' "$abs_top_srcdir/doc/driver-guide.md"
}

block 'Ten commands' >commands
[ "$(grep -cF 'lagan driver new target demo' commands)" = 1 ] || fail 'no such block in the guide'
count=$(sed 's/&&/\n/g' commands | grep -c '[a-z]')
[ "$count" -le 10 ] || fail "$count commands"
grep -q '^lagan backup create' commands
cd work
bash -ex ../commands >../log 2>&1 ||
    { cat ../log tgt_demo/check.sh.log >&2; fail 'the commands of the guide'; }

# What they have made: a backup in a folder that only this driver knows, which can be read back.
lagan vault list >out
expect_in out demo
[ -n "$(find "$HOME/demo" -name '*,*')" ] || fail "no objects of this driver: $(find "$HOME")"
lagan restore latest --region demo --vault demo --to "$scratch/back"
diff -r "$HOME/Documents" "$scratch/back"
lagan verify --region demo --vault demo --depth data
