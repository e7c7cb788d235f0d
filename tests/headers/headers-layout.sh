#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The public headers as bytes: every size, offset and value that modules built yesterday rely on
# is what abi.pins says, on this machine, on others with 64 bits, and with 32; and everything the
# headers define is pinned.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program python3
pins=$abs_top_srcdir/tests/headers/abi.pins

# asserts COLUMN: the pins as a program that compiles when they hold.
asserts()
{
    printf '#define LAGAN_HOST_SIDE 1\n'
    printf '#include <lagan/%s.h>\n' key source target
    awk -v column="$1" '
        /^#/ || NF == 0 { next }
        $1 == "value" { expression = $2; wanted = $3 }
        $1 == "size" { expression = "sizeof(struct " $2 ")"; wanted = $column }
        $1 == "at" { split($2, part, ".")
            expression = "offsetof(struct " part[1] ", " part[2] ")"; wanted = $column }
        { printf "_Static_assert((unsigned long long)(%s) == %sULL, \"%s is not %s any more\");\n",
              expression, wanted, $2, wanted }' "$pins"
}

# compile COLUMN COMMAND...
compile()
{
    local column=$1
    shift
    asserts "$column" >asserts.c
    [ "$(grep -c _Static_assert asserts.c)" -gt 250 ] || fail 'no pins'
    "$@" -std=c11 -fsyntax-only asserts.c 2>errors ||
        { grep 'error:' errors >&2 || cat errors >&2; fail "$*"; }
    echo "checked: $*"
}

# A machine without its C library is enough: this is all that the headers take from it.
mkdir -p bare/sys
printf 'typedef long long off_t;\n' >bare/sys/types.h
here=(-I"$abs_top_srcdir/include" -D_FILE_OFFSET_BITS=64)
there=(-ffreestanding -Ibare -I"$abs_top_srcdir/include")

case $(getconf LONG_BIT) in
64) compile 3 ${CC:-gcc} "${here[@]}" ;;
esac
echo 'int x;' >x.c
if ${CC:-gcc} -m32 -ffreestanding -fsyntax-only x.c 2>/dev/null && [ "$(uname -m)" = x86_64 ]; then
    compile 4 ${CC:-gcc} -m32 "${there[@]}"
else
    echo 'left out: this compiler has no -m32'
fi
if command -v clang >/dev/null; then
    for machine in x86_64 aarch64 riscv64 powerpc64le s390x; do
        compile 3 clang --target=$machine-linux-gnu "${there[@]}"
    done
    compile 4 clang --target=i386-linux-gnu "${there[@]}"
else
    echo 'left out: other machines need clang'
fi

# What a header defines and abi.pins does not have.
python3 - "$pins" "$abs_top_srcdir"/include/lagan/*.h <<'END'
import re, sys
pinned = {line.split()[1] for line in open(sys.argv[1]) if line[0] not in '#\n'}
wanted = set()
for path in sys.argv[2:]:
    text = re.sub(r'/\*.*?\*/', ' ', open(path).read(), flags=re.S)
    for name, body in re.findall(r'\bstruct (lagan_\w+) \{(.*?)\n\};', text, flags=re.S):
        wanted.add(name)
        for member in body.split(';'):
            found = (re.search(r'\(\*(\w+)\)\(', member) or
                     re.search(r'(\w+)(\[[^]]*\])?\s*$', member.strip()))
            if found:
                wanted.add(name + '.' + found.group(1))
    for body in re.findall(r'\benum \w*\s*\{(.*?)\}', text, flags=re.S):
        wanted |= set(re.findall(r'\b(LAGAN_\w+) = ', body.replace('LAGAN_##symbol', '')))
    for prefix, table in (('LAGAN_', 'LAGAN_CLASSES'), ('LAGAN_ENTRY_', 'LAGAN_ENTRY_TYPES')):
        found = re.search(r'#define %s\(X\)(.*?[^\\])\n' % table, text, flags=re.S)
        if found:
            wanted |= {prefix + row for row in re.findall(r'\bX\((\w+),', found.group(1))}
    wanted |= set(re.findall(r'#define (LAGAN_\w+) (?:U?INT\d+_(?:C\(|MAX)|\d)', text))
assert len(wanted) > 250, len(wanted)
for name in sorted(wanted - pinned):
    print('tests/headers/abi.pins lacks', name)
for name in sorted(pinned - wanted):
    print('tests/headers/abi.pins has', name, 'and the headers have not')
sys.exit(wanted != pinned)
END

# Each pin can fail.
sed 's/^size lagan_op .*/size lagan_op 584 568/' "$pins" >wrong.pins
pins=wrong.pins
asserts 3 >wrong.c
! ${CC:-gcc} "${here[@]}" -std=c11 -fsyntax-only wrong.c 2>/dev/null || fail 'nothing is compared'
