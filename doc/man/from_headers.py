#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what the manual pages for authors of drivers say of slots and classes, from the headers.

    from_headers.py TOP            rewrites the sections in TOP/doc/man
    from_headers.py TOP --check    says which pages are not as the headers are, and fails

What stands between the two marks of a page belongs to this program; the rest is written by hand.
"""
import os
import re
import sys

BEGIN = '.\\" From include/lagan/%s.h, by from_headers.py:\n'
END = '.\\" End of what is from the header.\n'

# page, header, what: a struct of slots, or the table of classes.
PARTS = [
    ('lagan-driver.7', 'driver', 'lagan_common_ops'),
    ('lagan-driver.7', 'driver', 'LAGAN_CLASSES'),
    ('lagan-source.3', 'source', 'lagan_source_ops'),
    ('lagan-target.3', 'target', 'lagan_target_ops'),
    ('lagan-key.3', 'key', 'lagan_key_ops'),
]


def text_of_comment(comment):
    """The words of a comment, on one line."""
    inner = comment[2:-2]
    return re.sub(r'(?<!\.)\n *', ' ', re.sub(r'\n\s*\*', '\n', inner)).replace('\n', ' ').strip()


def lines_of(words):
    """Words as lines of mdoc: a sentence on each, nothing that looks like a request."""
    words = re.sub(r'\s+', ' ', words).replace('\\', '\\e')
    words = re.sub(r'`([^`]*)`', r'\\(oq\1\\(cq', words).replace('"', '\\(dq')
    lines = []
    for sentence in re.split(r'(?<=[.:]) (?=[A-Z0-9(\\])', words):
        while len(sentence) > 95 and ' ' in sentence[:95]:
            cut = sentence.rindex(' ', 0, 95)
            lines.append(sentence[:cut])
            sentence = sentence[cut + 1:]
        lines.append(sentence)
    return ''.join(('\\&' if line[:1] in ".'" else '') + line + '\n' for line in lines)


def slots(header, struct):
    body = re.search(r'\nstruct %s \{(.*?)\n\};' % struct, header, flags=re.S).group(1)
    comment, made = '', '.Bl -tag -width Ds\n'
    for token in re.finditer(r'/\*.*?\*/|(\w+) \(\*(\w+)\)\((.*?)\);', body, flags=re.S):
        if not token.group(2):
            comment = token.group()
            continue
        arguments = [' '.join(a.split()) for a in token.group(3).split(',')]
        made += '.It Fn %s %s\n' % (token.group(2), ' '.join('"%s"' % a for a in arguments))
        made += lines_of(text_of_comment(comment))
    return made + '.El\n'


def classes(header):
    table = re.search(r'#define LAGAN_CLASSES\(X\)(.*?[^\\])\n', header, flags=re.S).group(1)
    before = header[:header.index('#define LAGAN_CLASSES')]
    told = text_of_comment(before[before.rindex('/*'):].strip())
    reactions = {}
    for names, words in re.findall(r' - ([A-Z_, ]+): (.*?)(?= - [A-Z]|$)', told):
        for name in names.split(', '):
            reactions[name] = words
    made = '.Bl -tag -width Ds\n'
    for name, meaning in re.findall(r'X\((\w+), \d+, "[^"]*",\s*"([^"]*)"\)', table):
        made += '.It Dv LAGAN_%s\n' % name
        made += lines_of(meaning[0].upper() + meaning[1:] + '.')
        made += lines_of('Host: ' + reactions[name].strip())
    return made + '.El\n'


def rewritten(page, top, name):
    for at, header_name, what in PARTS:
        if at != name:
            continue
        with open('%s/include/lagan/%s.h' % (top, header_name)) as stream:
            header = stream.read()
        made = classes(header) if what == 'LAGAN_CLASSES' else slots(header, what)
        section = page.index('.Sh CLASSES\n' if what == 'LAGAN_CLASSES' else '.Sh SLOTS\n')
        mark = BEGIN % header_name
        begin = page.index(mark, section) + len(mark)
        page = page[:begin] + made + page[page.index(END, begin):]
    return page


def main():
    top, check = sys.argv[1], sys.argv[2:] == ['--check']
    stale = 0
    for name in sorted({part[0] for part in PARTS}):
        path = os.path.join(top, 'doc', 'man', name)
        with open(path) as stream:
            page = stream.read()
        made = rewritten(page, top, name)
        if made == page:
            continue
        stale = 1
        if check:
            print('%s is not as the headers are: run doc/man/from_headers.py .' % path)
        else:
            with open(path, 'w') as stream:
                stream.write(made)
    return stale if check else 0


sys.exit(main())
