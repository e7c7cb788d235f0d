#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The public headers as text: at least half of each is comment, every slot and member has a
# comment above it, the logs of additions agree with the number of the interface, and the manual
# pages name the same slots and classes.
. "${abs_top_srcdir:?run me through make check}/tests/functions.sh"
requires_program python3 mandoc

cat >look.py <<'END'
import re, sys
top = sys.argv[1]
headers = {name: open(f'{top}/include/lagan/{name}.h').read()
           for name in ('driver', 'source', 'target', 'key')}
faults = []

def without_comments(text):
    return re.sub(r'/\*.*?\*/', lambda c: '\n' * c.group().count('\n'), text, flags=re.S)

def filled(text):
    return [line for line in text.split('\n') if line.strip()]

def minor(of):
    return int(re.search(r'#define LAGAN_ABI_MINOR (\d+)', headers[of]).group(1))

# Half of it is comment.
for name, text in headers.items():
    bare, all_ = len(filled(without_comments(text))), len(filled(text))
    if 2 * bare > all_:
        faults.append(f'{name}.h: {bare} of {all_} lines are no comments')

# Slots: the members of the tables, in order.
tables = {'common': ('driver', 'lagan_common_ops'), 'source': ('source', 'lagan_source_ops'),
          'target': ('target', 'lagan_target_ops'), 'key': ('key', 'lagan_key_ops')}
slots = {}
for kind, (header, struct) in tables.items():
    body = re.search(r'\nstruct %s \{(.*?)\n\};' % struct, headers[header], flags=re.S).group(1)
    slots[kind] = re.findall(r'\(\*(\w+)\)\(', without_comments(body))
    # A comment ends right above each slot.
    for slot in slots[kind]:
        before = body[:body.index(f'(*{slot})(')]
        if not re.search(r'\*/\n[^;]*$', before):
            faults.append(f'{header}.h: no comment above the slot {slot}')

# Logs of additions: dated, ascending, none newer than the interface, the newest one somewhere.
newest = 0
for name, text in headers.items():
    log = re.search(r'\* Log of additions\n(.*?)\n \*/', text, flags=re.S)
    if not log:
        faults.append(f'{name}.h: no log of additions')
        continue
    rows = re.findall(r'^ \*   (\d+)\.(\d+)  (\d{4}-\d{2})  \S', log.group(1), flags=re.M)
    numbers = [int(row[1]) for row in rows]
    if not rows or numbers != sorted(numbers) or numbers[0] != 0:
        faults.append(f'{name}.h: the log of additions is not in order')
    newest = max(newest, *numbers)
    for number in {int(n) for n in re.findall(r'[Ss]ince 1\.(\d+)', text)} - set(numbers):
        faults.append(f'{name}.h: says "since 1.{number}", and its log has no such line')
if newest != minor('driver'):
    faults.append(f'the logs end with 1.{newest}, and the interface is 1.{minor("driver")}')
common = re.findall(r'^ \*   1\.(\d+)  ', headers['driver'], flags=re.M)
if sorted(set(map(int, common))) != list(range(minor('driver') + 1)):
    faults.append('driver.h: its log does not name every minor')

# Manual pages.
def page(name):
    return open(f'{top}/doc/man/{name}').read()

def items(text, section):
    """The names of the list items and subsections of a section."""
    found = re.search(r'\n\.Sh %s\n(.*?)(?=\n\.Sh |\Z)' % section, text, flags=re.S)
    if not found:
        return None
    return re.findall(r'^\.It (?:Fn|Dv|Va|Cm) (\w+)', found.group(1), flags=re.M)

def compare(what, wanted, found):
    if found is None:
        faults.append(f'{what}: no such section')
        return
    for name in wanted:
        if found.count(name) != 1:
            faults.append(f'{what}: {name} stands there {found.count(name)} times')
    for name in sorted(set(found) - set(wanted)):
        faults.append(f'{what}: there is no {name}')
    if set(wanted) == set(found) and wanted != found:
        faults.append(f'{what}: another order than in the header')

compare('lagan-driver(7), SLOTS', slots['common'], items(page('lagan-driver.7'), 'SLOTS'))
classes = re.search(r'#define LAGAN_CLASSES\(X\)(.*?[^\\])\n', headers['driver'], flags=re.S)
classes = ['LAGAN_' + name for name in re.findall(r'\bX\((\w+),', classes.group(1))]
compare('lagan-driver(7), CLASSES', classes, items(page('lagan-driver.7'), 'CLASSES'))
for kind in ('source', 'target', 'key'):
    compare(f'lagan-{kind}(3), SLOTS', slots[kind], items(page(f'lagan-{kind}.3'), 'SLOTS'))

for fault in faults:
    print(fault)
sys.exit(bool(faults))
END
python3 look.py "$abs_top_srcdir" || fail 'see above'

# It would be told: a slot without a word, in the header and in the manual; a minor without a line.
mkdir -p spoilt/doc && cp -R "$abs_top_srcdir/include" spoilt/ && cp -R "$abs_top_srcdir/doc/man" spoilt/doc/
chmod -R u+w spoilt
sed -i 's/^\(#define LAGAN_ABI_MINOR\).*/\1 77/' spoilt/include/lagan/driver.h
sed -i 's/^    uint32_t (\*remove).*/    uint32_t (*of_tomorrow)(void);\n&/' spoilt/include/lagan/target.h
sed -i 's/^\.It Fn walk_next/.It Fn walk_nest/' spoilt/doc/man/lagan-source.3
python3 look.py spoilt >faults && fail 'spoilt headers pass'
for fault in 'the interface is 1.77' 'of_tomorrow stands there 0 times' \
    'walk_next stands there 0 times' 'there is no walk_nest' 'no comment above the slot'; do
    expect_in faults "$fault"
done
