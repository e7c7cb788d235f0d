#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_golden_pack.py - golden_pack.hex and golden_run.hex, read by the decoder.

tests/unit/test_vault_golden_pack.c makes them by the formulas that stand here again.
"""
import os
import sys

sys.dont_write_bytecode = True  # the source tree may be read-only

try:
    from format_objects import Pack, Run
    from format_wire import Bad, hkdf, mac, need, sha256
except ImportError as e:
    print(f'skipped: {e}')
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
MASTER = b'the master secret, 32 bytes long'
UUID = b'sixteen bytes id'


def key(label):
    return hkdf(MASTER, UUID, b'lagan/1/' + label, 32)


def load(name):
    with open(os.path.join(HERE, name)) as f:
        return bytes.fromhex(f.read())


def chunk(n):
    return bytes((n + i * i // 50) & 255 for i in range(100 * (n + 1)))


def check_pack():
    pack = Pack(load('golden_pack.hex'), UUID).open(key(b'data'))
    need(pack.type == 1 and pack.codec == (0, 0, 1), 'type and codecs of the pack')
    need([c[1] for c in pack.chunks] == [0, 0, 0, 1, 2, 2, 2, 2], 'blocks of its chunks')
    for n, (chunk_id, block, offset, length) in enumerate(pack.chunks):
        content = pack.block(block)[offset:offset + length]
        need(content == chunk(n), f'content of chunk {n}')
        need(mac(key(b'id'), content) == chunk_id, f'id of chunk {n}')


def check_run():
    run = Run(load('golden_run.hex'), UUID).open(key(b'index'))
    need([p[1:] for p in run.packs] == [(4096, 1, 20), (8192, 2, 20), (99999, 1, 20)],
         'packs of the run')
    need(sorted(run.entries) == sorted(
        (sha256(bytes([i]))[:16], i % 3, i // 3) for i in range(60)), 'entries of the run')


if __name__ == '__main__':
    try:
        check_pack()
        check_run()
    except Bad as e:
        sys.exit(f'check_golden_pack.py: {e}')
