# SPDX-License-Identifier: Apache-2.0
"""format_trees.py - doc/format.md 7.2 and 8: content maps and trees.

`vault` is anything with chunk(kind, id): kind 2 gives a metadata chunk, 1 a data chunk.
"""
import os

from format_wire import Reader, need, tlvs

NODE_LIMIT, HEIGHT_LIMIT = 512, 16

# ---- 7.2, 8. Content maps and trees ----------------------------------------------------------


def node_head(data, magic):
    r = Reader(data)
    need(r.u8() == magic and r.u8() == 1, 'not a node of version 1')
    level, zero, count = r.u8(), r.u8(), r.u32()
    need(zero == 0 and level < HEIGHT_LIMIT and 1 <= count <= NODE_LIMIT, 'node out of range')
    return level, count, tlvs(r.take(r.left()))


def records_of(vault, height, records):
    """The (id, length) of a content in order; a content map is followed."""
    for chunk_id, length in records:
        if height == 0:
            yield chunk_id, length
            continue
        level, count, f = node_head(vault.chunk(2, chunk_id), 0x43)
        r = Reader(f[16])
        lengths = [r.varint() for _ in range(count)]
        r.end('lengths')
        need(level == height - 1 and len(f[17]) == 32 * count and min(lengths) >= 1 and
             sum(lengths) == length, 'a content map contradicts itself')
        ids = [f[17][32 * i:32 * i + 32] for i in range(count)]
        yield from records_of(vault, level, list(zip(ids, lengths)))


class Columns:
    """The columns of a node; those left out read as zeroes."""

    def __init__(self, fields, count):
        self.fields, self.count = fields, count
        need(all(any(v) for v in fields.values()), 'a column of zeroes is not left out')

    def each(self, kind, take):
        if kind not in self.fields:
            return [take(Reader(bytes(32)))] * self.count
        r = Reader(self.fields[kind])
        values = [take(r) for _ in range(self.count)]
        r.end(f'column {kind}')
        return values

    def varints(self, kind):
        return self.each(kind, Reader.varint)

    def keys(self):
        previous, found = b'', []
        pairs = self.each(1, lambda r: (r.varint(), r.counted()))
        for i, (shared, rest) in enumerate(pairs):
            key = previous[:shared] + rest
            need(shared <= len(previous) and (i == 0 or key > previous), 'keys do not ascend')
            need(shared == len(os.path.commonprefix([previous, key])), 'a prefix is too short')
            found.append(key)
            previous = key
        return found

    def stamps(self):
        lengths = self.each(11, Reader.u8)
        width = max(lengths)
        column = self.fields.get(12, bytes(width * self.count))
        need(len(column) == width * self.count and width <= 32, 'stamps do not fit')
        stamps = [column[i::self.count] for i in range(self.count)]
        need(not any(any(s[n:]) for s, n in zip(stamps, lengths)), 'bytes behind a stamp')
        return [s[:n] for s, n in zip(stamps, lengths)]

    def owners(self):
        names, r, last = {}, Reader(self.fields.get(14, b'')), (-1, 0)
        while r.left():
            pair = (r.u8(), r.varint())
            need(pair > last, 'names do not ascend')
            names[pair], last = r.counted(), pair
        return names

    def contents(self):
        """(height, records) of each entry."""
        shapes = self.varints(15)
        total = sum(c if c <= 32 else 1 for c in shapes)
        lengths = Reader(self.fields.get(16, b''))
        ids = Reader(self.fields.get(17, bytes(32 * total)))
        found = []
        for c in shapes:
            count = c if c <= 32 else 1
            found.append((max(c - 32, 0), [(ids.take(32), lengths.varint())
                                           for _ in range(count)]))
        lengths.end('lengths of records')
        ids.end('ids of records')
        return found


HAS_OWNER = 4
NUMBERS = {'present': 3, 'mode': 4, 'user': 5, 'group': 6, 'bytes': 7, 'mtime_ns': 9,
           'links': 10}


def leaf_entries(columns):
    c, entries = columns, []
    numbers = {name: c.varints(kind) for name, kind in NUMBERS.items()}
    rows = zip(c.keys(), c.each(2, Reader.u8), c.each(8, Reader.signed), c.stamps(),
               c.each(13, Reader.counted), c.contents())
    owners, seconds = c.owners(), 0
    for i, (key, kind, step, stamp, further, (height, records)) in enumerate(rows):
        seconds = (seconds + step + (1 << 63)) % (1 << 64) - (1 << 63)
        entry = {name: numbers[name][i] for name in numbers}
        named = entry['present'] & HAS_OWNER
        entry.update(key=key, type=kind, mtime=seconds, stamp=stamp, further=tlvs(further),
                     height=height, records=records,
                     user_name=owners.get((0, entry['user'])) if named else None,
                     group_name=owners.get((1, entry['group'])) if named else None)
        need(kind != 0 and entry['mode'] <= 0o7777 and entry['mtime_ns'] < 10**9,
             'an attribute is out of range')
        need(not records or sum(n for _, n in records) == entry['bytes'],
             'records contradict the length')
        entries.append(entry)
    return entries


def tree_entries(vault, height, chunk_id, entries, size):
    """All entries below a node, in order; what the node above says is checked."""
    level, count, fields = node_head(vault.chunk(2, chunk_id), 0x54)
    columns, seen, total = Columns(fields, count), 0, 0
    need(level == height - 1, 'a node of a wrong level')
    if level == 0:
        for entry in leaf_entries(columns):
            seen, total = seen + 1, total + entry['bytes']
            yield entry
    else:
        rows = zip(columns.keys(), columns.each(18, lambda r: r.take(32)), columns.varints(19),
                   columns.varints(20))
        for last_key, child, below, bytes_below in rows:
            entry = None
            for entry in tree_entries(vault, level, child, below, bytes_below):
                yield entry
            need(entry and entry['key'] == last_key, 'a last key is wrong')
            seen, total = seen + below, total + bytes_below
    need((seen, total) == (entries, size), 'the sums of a node are wrong')
