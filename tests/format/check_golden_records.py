#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_golden_records.py - golden_conf.hex, golden_slot.hex, golden_seal.hex (a seal and a
tombstone), golden_seal_rules.hex (the same seal with its source's rules), golden_about.hex and
golden_lock.hex (a lock, its lift, a mark of time) and golden_prune.hex (what is condemned, what is
deleted, a move), read by the decoder.

tests/unit/vault_records.c makes them from the values that stand here again.
"""
import os
import struct
import sys

sys.dont_write_bytecode = True  # the source tree may be read-only

try:
    from format_objects import (About, Configuration, LockRecord, PruneRecord, Seal, Slot,
                                lock_that_counts, tombstone)
    from format_wire import Bad, Reader, hkdf, i64, need, public_key
except ImportError as e:
    print(f'skipped: {e}')
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
MASTERS = {0: b'the master secret, 32 bytes long', 3: b'another secret of a later epoch.'}
UUID = b'sixteen bytes id'
KEK = b'key-encryption key, 32 bytes too'
PASSPHRASE = b'correct horse battery staple'
T0 = 1795247878 * 10**9


def load(name):
    with open(os.path.join(HERE, name)) as f:
        return [bytes.fromhex(line) for line in f]


def check_configuration(data):
    conf = Configuration(data)
    need((conf.uuid, conf.generation, conf.name) == (UUID, 2, 'Vault of n\u00f8 one'), 'names')
    need(conf.previous == b'\xab' * 32 and (conf.chunker, conf.average_log2) == (1, 19),
         'fields of the configuration')
    return conf


def check_slots(recovery, passphrase, provider):
    need(Slot(recovery).open(3, KEK) == MASTERS, 'masters under the recovery key')
    need(Slot(passphrase).open(2, PASSPHRASE) == MASTERS, 'masters under the passphrase')
    slot = Slot(provider)
    need(slot.masters(KEK) == MASTERS and slot.kind == 1, 'masters under the provider\'s key')
    need(slot.fields[3] == b'key_file' and slot.fields[4] == b'wrapped by the provider' and
         slot.fields[6].startswith(b'file ') and i64(slot.fields[2]) == T0, 'fields of the slot')


def check_outer(seal):
    need(seal.id == '0123456789abcdef' and seal.created == T0 + 999 and seal.epoch == 3,
         'id, time and epoch of the seal')
    need(seal.outer[3] == b"session's uuid.." and Reader(seal.outer[4]).u32() == 7, 'session')
    need(seal.previous == [b'\x11' * 32, b'\x22' * 32] and seal.rolls == [b'\x33' * 32],
         'lists of hashes')
    need(dict(seal.packs) == {b'\x44' * 32: 64 << 20, b'\x55' * 32: 5 << 32}, 'packs')


def check_seal(data, conf, rules):
    seal = Seal(data, conf)
    check_outer(seal)
    inner = seal.open(hkdf(MASTERS[3], UUID, b'lagan/1/meta', 32)).inner
    need(seal.root == (2, b'\x66' * 32, 1000000, 1 << 40), 'root')
    need(inner[1] == b"the source's id." and inner[2] == b'src_files' and inner[3] == b'home',
         'source')
    need(inner[5] == [b'\x04path\x05/home', b'\x0fone-file-system\x03yes'], 'parameters')
    need(struct.unpack('<8Q', inner[9]) == (1000000, 1, 2, 3, 4, 5, 6, 7), 'counters')
    need(inner[12] == b'\3\0\0\0' and Reader(inner[13]).u64() == 12345, 'flags and problems')
    need(inner[14][0] == b'\x03a\0b\x08\0\0\0\x11permission denied', 'the first problem')
    need(inner[16] == b'\x77' * 32 and inner[17] == [b'\x04keep\x08for ever'], 'parent and tag')
    need(inner.get(18, []) == rules, 'rules')


def check_tombstone(data, conf):
    need(tombstone(data, conf) == ('0123456789abcdef', b'\x88' * 32,
                                   [b'the hash of the seal before it..']), 'the tombstone')


def check_about(data, conf):
    about = About(data, conf)
    need((about.id, about.generation, about.created) ==
         (b"the copy's id...", 5, T0 + 7), 'id, generation and time of a copy')
    need(about.pairs == {b'name': 'mirror of n\u00f8 one'.encode(), b'role': b'mirror',
                         b'description': b'', b'tag:owner': 'Zo\u00eb'.encode()}, 'pairs')


def check_prune(objects, conf):
    for number, data in enumerate(objects):
        record = PruneRecord(data, conf)
        moved = number == 2
        need((record.epoch, record.created) == (0 if moved else 6, T0 + 13), 'head of a record')
        need(record.covers == {'0123456789abcdef', 'fedcba9876543210'}, 'covered backups')
        need(record.gone == {b'\x44' * 32: (64 << 20, [(b'\x66' * 32, 7000), (b'\x77' * 32, 8000)]),
                             b'\x55' * 32: (5000, [])}, 'gone packs and their heirs')
        need(record.rolls == ([] if moved else [b'\x33' * 32]), 'gone rolls')


def check_lock(held, lift, mark):
    held, lift, mark = (LockRecord(data, conf) for data in (held, lift, mark))
    key = public_key(hkdf(KEK, UUID, b'lagan/1/lift', 32))
    need((held.generation, held.made, held.mode, held.least, held.most, held.effective) ==
         (3, T0 + 11, 1, 30, 365, 0) and held.key == key, 'the lock')
    need((lift.generation, lift.made, lift.key) == (4, T0 + 12, key), 'the lift')
    need((mark.generation, mark.made, mark.wall, mark.boot, mark.boot_id) ==
         (1 << 31 | 5, T0 + 13, T0 + 14, 15, b'0b2e6c34-0000-4000-8000-aaaaaaaaaaaa'), 'the mark')
    need(lift.lifts(held) and not held.lifts(lift) and
         lock_that_counts([held, mark]) == (1, 30, 365) and
         lock_that_counts([held, lift, mark]) == (0, 0, 0), 'what counts')


if __name__ == '__main__':
    try:
        conf = check_configuration(*load('golden_conf.hex'))
        check_slots(*load('golden_slot.hex'))
        seal, gone = load('golden_seal.hex')
        check_seal(seal, conf, [])
        check_seal(*load('golden_seal_rules.hex'), conf,
                   [b'\x07exclude\x03*.o', b'\x07include\x06keep.o', b'\x07exclude\x00'])
        check_tombstone(gone, conf)
        check_about(*load('golden_about.hex'), conf)
        check_lock(*load('golden_lock.hex'))
        check_prune(load('golden_prune.hex'), conf)
    except Bad as e:
        sys.exit(f'check_golden_records.py: {e}')
