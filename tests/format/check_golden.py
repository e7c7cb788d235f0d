#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_golden.py - the golden vectors, read by the decoder.

golden_tree.txt holds chunks in the order in which they are written, a tree and a content map
over them.  Ids, nodes and the places where nodes end must follow from doc/format.md; entries
and records must be those of the formulas below, from which the vectors were made.

Of golden_chunker.txt only the first cuts are looked at: format_chunker.py is slow.
"""
import os
import sys

sys.dont_write_bytecode = True  # the source tree may be read-only

try:
    from format_chunker import chunk_lengths
    from format_trees import node_head, records_of, tree_entries
    from format_wire import HOLE, Bad, hkdf, mac, need, sha256
except ImportError as missing:
    print(f'skipped: {missing}')
    sys.exit(77)

ENTRY_COUNT, RECORD_COUNT = 300, 600
HERE = os.path.dirname(os.path.abspath(__file__))


class Golden:
    """The file; stands for a vault."""

    def __init__(self, path):
        self.chunks, self.order = {}, []
        with open(path) as f:
            for line in f:
                word, *values = line.split()
                if word == 'chunk':
                    chunk_id, data = map(bytes.fromhex, values)
                    self.chunks[chunk_id] = data
                    self.order.append(chunk_id)
                else:
                    setattr(self, word, values)
        self.secret, self.vault_id = bytes.fromhex(self.master[0]), bytes.fromhex(self.uuid[0])

    def key(self, label):
        return hkdf(self.secret, self.vault_id, b'lagan/1/' + label.encode(), 32)

    def chunk(self, kind, chunk_id):
        need(kind == 2 and chunk_id in self.chunks, 'a chunk is missing')
        need(mac(self.key('meta-id'), self.chunks[chunk_id]) == chunk_id, 'an id is wrong')
        return self.chunks[chunk_id]


def u32(n):
    return n.to_bytes(4, 'little')


def expected_records(i):
    count = 1 if i % 50 == 33 else 32 if i % 50 == 17 else i % 6
    return [(HOLE if i % 6 == 4 and j == 1 else sha256(b'chunk' + u32(i) + u32(j)),
             1000 * j + i + 1) for j in range(count)]


def expected_further(i):
    further = {}
    if i and i % 10 == 9:
        further[1] = b'../target-%d' % i
    if i % 11 == 0:
        further[3] = bytes([i & 255]) * 16
    if i % 13 == 0:
        value = b'v%d' % i
        further[4] = b'\1\x08user.tag' + bytes([len(value)]) + value
    if i == 42:
        further[1000] = b'later'
    return further


def expected_entry(i):
    kind = 1 if i == 0 else 3 if i % 10 == 9 else 2
    owner = i % 4 != 3
    records = expected_records(i) if kind == 2 else []
    return {
        'key': b'd%02d\0f%03d' % (i // 20, i) if i else b'', 'type': kind,
        'present': 1 | 2 | 8 | 16 | (4 if owner else 0), 'mode': 0o600 + i % 64,
        'user': 1000 + i % 3 if owner else 0, 'group': 100 if owner else 0,
        'user_name': b'user%d' % (1000 + i % 3) if owner and i % 3 != 2 else None,
        'group_name': b'staff' if owner else None, 'links': 2 if i % 7 == 0 else 1,
        'mtime': -1 if i == 5 else 1700000000 - i * i * 1000, 'mtime_ns': i * 3333333 % 10**9,
        'stamp': bytes((i * 7 + b) & 255 for b in range(i % 5 * 4)),
        'height': 2 if kind == 2 and i % 50 == 33 else 0, 'records': records,
        'bytes': sum(n for _, n in records), 'further': expected_further(i)}


def boundary(n, h):
    return n == 512 or n >= 128 and h < 1 << 27 or n >= 32 and h < 1 << 24


def number(data):
    return int.from_bytes(data[:4], 'little')


def check_ends(items, hash_of, counts):
    """Nodes of these counts, one after another, end just where the boundary rule says."""
    items = list(items)
    need(len(items) == sum(counts), 'nodes do not hold all items')
    while counts:
        count, counts = counts[0], counts[1:]
        need(not counts or boundary(count, hash_of(items[count - 1])), 'a node ends too early')
        need(not any(boundary(n, hash_of(items[n - 1])) for n in range(1, count)),
             'a node ends too late')
        items = items[count:]


def check_tree(golden):
    height, root, entries, size = golden.tree
    found = list(tree_entries(golden, int(height), bytes.fromhex(root), int(entries),
                              int(size)))
    need(len(found) == ENTRY_COUNT, 'number of entries')
    for i, entry in enumerate(found):
        need(entry == expected_entry(i), f'entry {i}: {entry} is not {expected_entry(i)}')
    key = golden.key('node')
    leaves = [node_head(golden.chunks[c], 0x54) for c in golden.order
              if golden.chunks[c][0] == 0x54 and golden.chunks[c][2] == 0]
    check_ends(found, lambda e: number(sha256(key + b'\0' + e['key'])),
               [count for _, count, _ in leaves])


def check_content(golden):
    height, root, size = golden.content
    found = list(records_of(golden, int(height), [(bytes.fromhex(root), int(size))]))
    need(found == [(HOLE if j % 100 == 50 else sha256(b'content' + u32(0) + u32(j)), j + 1)
                   for j in range(RECORD_COUNT)], 'records')
    nodes = [node_head(golden.chunks[c], 0x43) for c in golden.order
             if golden.chunks[c][0] == 0x43 and golden.chunks[c][2] == 0]
    check_ends(found, lambda r: 0xffffffff if r[0] == HOLE else number(r[0]),
               [count for _, count, _ in nodes])


def check_chunker():
    state, words = 88172645463325252, []
    for _ in range(65536):
        state = (state ^ state << 13) & (1 << 64) - 1
        state ^= state >> 7
        state = (state ^ state << 17) & (1 << 64) - 1
        words.append(state.to_bytes(8, 'little'))
    found = chunk_lengths(bytes(range(16)), b''.join(words), 16)[:-1]
    with open(os.path.join(HERE, 'golden_chunker.txt')) as f:
        expected = [int(line) for line in f if not line.startswith('#')]
    need(len(found) > 4 and found == expected[:len(found)], 'cuts of aes32')


def main():
    golden = Golden(os.path.join(HERE, 'golden_tree.txt'))
    check_tree(golden)
    check_content(golden)
    check_chunker()
    print(f'{len(golden.order)} chunks, {ENTRY_COUNT} entries, {RECORD_COUNT} records')


if __name__ == '__main__':
    try:
        main()
    except Bad as e:
        sys.exit(f'check_golden.py: {e}')
