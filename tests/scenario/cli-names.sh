#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Names of files are anybody's bytes: in every output one name is one line, nothing of it
# reaches the terminal as a command, and --json keeps the bytes exactly.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
. "$abs_top_srcdir/tests/scenario/cli-functions.sh"
requires_program python3 rsync

cat >names.py <<'END'
import os, sys
NAMES = [
    b"-rf", b"--help", b"*", b"?", b"[a]", b"!x", b"#x", b" lead", b"trail ", b"a b", b"'",
    b'"',
    b"`id`", b"$(id)", b"${HOME}", b";ls", b"|", b"&", b"<x>", b"\\", b"\\n", b"a\\x41",
    b"new\nline",
    b"\n", b"\r", b"tab\t", b"bell\a", b"back\b\b", b"\x1b[31mred\x1b[0m", b"\x1b]0;title\x07",
    b"\x1b[2J", b"\x7f", b"\xc2\x9b31m", b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    "täglich".encode(), "日本".encode(), "\u202etxt.exe".encode(), "\u2066x\u2069".encode(),
    "\u2028".encode(), "e\u0301".encode(), "\U0001f4be".encode(), b"x" * 255, b"{",
    b'","a":"', b"%s%n",
    b"lagan: error: forged", b"a:b", b"latest~1", b"~", b"...", b"=", b"\xe2\x80\x8f",
]
root = os.fsencode(sys.argv[1])
os.makedirs(root)
for name in NAMES:
    with open(os.path.join(root, name), "wb") as out:
        out.write(name)
os.makedirs(os.path.join(root, b"dir\n\x1b"))
for name in NAMES[:5]:
    os.symlink(b"\x1b[31m" + name, os.path.join(root, b"dir\n\x1b", name))
END
cat >safe.py <<'END'
import sys, unicodedata
data = sys.stdin.buffer.read()
text = data.decode("utf-8", "strict")
for c in text:
    unsafe = unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs")
    assert c == "\n" or not unsafe, f"{c!r} in the output"
lines = text.count("\n")
wanted = sys.argv[1]
assert wanted == "-" or lines == int(wanted), f"{lines} lines instead of {wanted}"
END
cat >same.py <<'END'
import json, os, sys
wanted = set()
root = os.fsencode(sys.argv[1])
for base, folders, files in os.walk(root):
    for name in folders + files:
        wanted.add(os.path.relpath(os.path.join(base, name), root))
got = set()
for line in sys.stdin.buffer:
    record = json.loads(line)
    if record["type"] == sys.argv[2]:
        path = record["path"].encode()
        got.add(bytes.fromhex(record["path_hex"]) if "path_hex" in record else path)
got.discard(b"")
assert got == wanted, (got - wanted, wanted - got)
END

# safe LINES COMMAND...: the output and the errors of the command are safe to show.
safe()
{
    local wanted=$1
    shift
    "$@" >out 2>err || :
    python3 safe.py "$wanted" <out || { cat -v out; fail "unsafe output: $*"; }
    python3 safe.py - <err || { cat -v err; fail "unsafe errors: $*"; }
}

python3 names.py tree
count=$(python3 -c 'import os; print(sum(len(d) + len(f) for _, d, f in os.walk(b"tree")))')
initialise
l -q backup create tree
mkdir empty && l -q backup create empty

safe $((count - 5)) l ls latest --source tree
safe $count l ls -R latest --source tree
safe $count l ls -lR latest --source tree
l ls -R latest --source tree --json | python3 same.py tree entry
l -q restore latest --source tree --to out-tree
[ -z "$(rsync -aHAX --checksum --dry-run --itemize-changes --delete tree/ out-tree/)" ] ||
    fail 'the tree was restored with other names'

# Each name can be said back.
python3 - <<'END' >paths
import os, sys
for name in sorted(os.listdir(b"tree")):
    if not name.startswith(b"dir"):
        sys.stdout.buffer.write(name + b"\0")
END
while IFS= read -r -d '' path; do
    lagan --config "$conf" cat "latest:$path" --source tree >content || fail "cat $path"
    printf '%s' "$path" | cmp - content || fail "cat gave another file: $path"
done < <(python3 -c '
import sys
names = open("paths", "rb").read().split(b"\0")[:-1]
sys.stdout.buffer.write(b"".join(n + b"\0" for n in names[::4]))')

# Differences, problems of reading and of restoring, conflicts.
cp -a tree tree2
for file in tree/*; do [ ! -f "$file" ] || echo more >>"$file"; done
l -q backup create tree
safe - l diff latest~1 latest --source tree
# "..." is no name that the shell's star finds.
[ "$(grep -c '^M ' out)" = $((count - 7)) ]
l diff latest~1 latest --source tree --json >out
[ "$(grep -c '"change":"content"' out)" = $((count - 7)) ]
safe - l restore latest --source tree --to out-tree
grep -q 'is there already' err
if command -v setpriv >/dev/null || [ "$(id -u)" != 0 ]; then
    chmod 000 tree/*
    for file in tree/*; do [ ! -f "$file" ] || touch "$file"; done
    safe - without_rights "$abs_top_builddir/run" lagan --config "$conf" backup create tree
    [ "$(grep -c '^lagan: cannot read ' err)" -ge $((count - 7)) ] ||
        { cat err; fail 'not all named'; }
    status=0
    without_rights "$abs_top_builddir/run" lagan --config "$conf" backup create tree --json \
        >out || status=$?
    [ $status = 3 ]
    safe - l backup show latest --source tree
    chmod -R u+rwX tree
fi

# Names on the command line.
safe 0 l backup create $'no\033[31m\nsuch'
safe 0 l ls $'latest:\033[31m\nno'
safe 0 l ls --vault $'\033[31m\nno'
safe 0 l restore latest --source tree --to $'/proc/nonexistent/\033[31m\n/x'
mkdir $'odd\n\033[31m' && echo x >$'odd\n\033[31m/x'
safe 1 l backup create $'odd\n\033[31m'
safe - l source list
safe - l backup list
safe - l task list
safe 0 l -q backup create tree --description $'bell\a'
grep -q . err || fail 'a description with control characters was taken'
