#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check.sh - the module passes lagan's conformance suite, and its manual page explains exactly its
# parameters.  MODULE, MANUAL: the files; LAGAN: the program; CHECK_OPTIONS: for the suite;
# PLACE: where it writes, an absent or empty folder, unless a scratch folder is good enough.
set -eu
: "${MODULE:?the module}" "${MANUAL:?its manual page}"
lagan=${LAGAN:-lagan}
name=$(basename "$MODULE" .so)

# lagan trusts a module that nobody else could have changed, in a folder of which that is true.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -m 755 "$work/drivers"
install -m 755 "$MODULE" "$work/drivers/$name.so"

command -v "$lagan" >/dev/null || { echo "SKIPPED: needs the program lagan" >&2; exit 77; }

# ask WORDS...: lagan with this module.
ask()
{
    "$lagan" --driver-dir="$work/drivers" "$@"
}

ask driver show "$name" --json >"$work/shown"
sed -n 's/^{"type":"parameter","name":"\([^"]*\)".*/\1/p' "$work/shown" | sort >"$work/in_table"
sed -n '/^\.Sh PARAMETERS/,/^\.Sh [^P]/s/^\.It Cm //p' "$MANUAL" | sort >"$work/in_manual"
diff "$work/in_table" "$work/in_manual" ||
    { echo "parameters of the driver (<) and of $MANUAL (>)" >&2; exit 1; }

ask driver check ${CHECK_OPTIONS-} "$name" path="${PLACE:-$work/place}"
