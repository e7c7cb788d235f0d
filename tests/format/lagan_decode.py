#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lagan_decode.py - reads vaults, written from doc/format.md alone.

A vault is a directory here: an object's name is its path below it.  Needs Python 3.8 or later
and the package `cryptography`; zstd frames are decoded by libzstd.so.1 through ctypes.

    lagan_decode.py VAULT --check                        without a key
    lagan_decode.py VAULT KEY --backups | --list ID | --extract ID DIR | --check-data
    lagan_decode.py VAULT KEY --rechunk FILE             lengths of the chunks of FILE

KEY is one of --recovery-file F, --passphrase-file F, --key-file F.  Exit status: 0, 1 with
findings or errors on standard error, 2 usage.
"""
import argparse
import json
import os
import re
import sys
import time

sys.dont_write_bytecode = True  # the source tree may be read-only

from format_chunker import chunk_lengths
from format_objects import (About, Configuration, Envelope, LockRecord, Pack, PruneRecord, Run,
                            Seal, Slot, audit_head, recovery_key, roll_packs, tombstone)
from format_trees import records_of, tree_entries
from format_wire import HOLE, Bad, Reader, crc32c, hkdf, mac, need, public_key, sha256, tlvs

# ---- 2. The vault ----------------------------------------------------------------------------

NAMES = {
    'conf': r'conf/[0-9a-f]{8}', 'about': r'about/[0-9a-f]{8}', 'locks': r'locks/[0-9a-f]{8}',
    'audit': r'audit/[0-9a-f]{32}-[0-9a-f]{16}',
    'keys': r'keys/[0-9a-f]{32}',
    'packs': r'packs/([0-9a-f]{2})/\1[0-9a-f]{62}',
    'runs': r'runs/[0-9]-[0-9a-f]{16}-[0-9a-f]{64}', 'rolls': r'rolls/[0-9a-f]{64}',
    'seals': r'seals/[0-9]{8}t[0-9]{6}z-[0-9a-f]{16}(\.gone)?',
    'sessions': r'sessions/[0-9a-f]{8}/[0-9a-f]{32}(\.done|\.[0-9a-f]{16})?',
    'prune': r'prune/[0-9a-f]{8}\.(condemn|delete)', 'moves': r'moves/[0-9a-f]{64}',
}


class Vault:
    def __init__(self, directory):
        self.directory, self.names = directory, {kind: [] for kind in NAMES}
        self.foreign, self.masters, self.index, self.cached = [], None, {}, (None, None)
        for folder, _, files in os.walk(directory):
            for file in files:
                name = os.path.relpath(os.path.join(folder, file), directory)
                kind = name.split('/')[0]
                known = kind in NAMES and re.fullmatch(NAMES[kind], name)
                if known:
                    self.names[kind].append(name)
                elif not name.startswith('@'):
                    self.foreign.append(name)
        self.conf = self.find_configuration()

    def read(self, name):
        with open(os.path.join(self.directory, name), 'rb') as f:
            return f.read()

    def find_configuration(self):
        """The highest generation; the chain from the first one on must be valid."""
        need(self.names['conf'], 'there is no configuration')
        conf, previous = None, bytes(32)
        for number, name in enumerate(sorted(self.names['conf']), 1):
            conf = Configuration(self.read(name))
            need(name == f'conf/{conf.generation:08x}' and conf.generation == number and
                 conf.previous == previous, f'{name}: the chain is broken')
            previous = conf.hash
        return conf

    def unlock(self, kind, secret):
        last = Bad('there is no key slot of that kind')
        for name in self.names['keys']:
            slot = Slot(self.read(name))
            if slot.kind != kind:
                continue
            try:
                self.masters = slot.open(kind, secret)
                need(public_key(self.key('root')) == self.conf.root,
                     'the root key is not that of the master secret')
                return
            except Bad as e:
                last = e
        raise last

    def key(self, label, epoch=0):
        need(epoch in self.masters, f'no slot holds key epoch {epoch}')
        return hkdf(self.masters[epoch], self.conf.uuid, b'lagan/1/' + label.encode(), 32)

    def open_pack(self, name):
        pack = Pack(self.read(name), self.conf.uuid)
        return pack.open(self.key('data' if pack.type == 1 else 'meta', pack.epoch))

    def load_index(self):
        """Where each chunk is, from the directories of all packs."""
        for name in self.names['packs']:
            pack = self.open_pack(name)
            for chunk_id, block, offset, length in pack.chunks:
                self.index[pack.type, chunk_id] = (name, block, offset, length)

    def opened(self, name):
        """The pack, decrypted; the last one is kept."""
        if self.cached[0] != name:
            self.cached = (name, self.open_pack(name))
        return self.cached[1]

    def chunk(self, kind, chunk_id):
        need((kind, chunk_id) in self.index, f'chunk {chunk_id.hex()} is in no pack')
        name, block, offset, length = self.index[kind, chunk_id]
        data = self.opened(name).block(block)[offset:offset + length]
        need(mac(self.key('id' if kind == 1 else 'meta-id'), data) == chunk_id,
             'a chunk is not what its id says')
        return data

    def seals(self):
        """Seals without a tombstone, oldest first."""
        gone = {n[:-5] for n in self.names['seals'] if n.endswith('.gone')}
        found = []
        for name in sorted(self.names['seals']):
            if name not in gone and not name.endswith('.gone'):
                seal = Seal(self.read(name), self.conf)
                need(name.endswith('-' + seal.id), f'{name}: of another name')
                found.append(seal.open(self.key('meta', seal.epoch)) if self.masters else seal)
        return sorted(found, key=lambda seal: seal.created)

    def backup(self, text):
        found = [s for s in self.seals() if text == 'latest' or s.id.startswith(text)]
        need(found and (len(found) == 1 or text == 'latest'),
             f'backup {text}: {len(found)} found')
        return found[-1]

    def entries(self, seal):
        return tree_entries(self, *seal.root)

    def content(self, entry):
        """(data or None for a hole, length) of the entry's records."""
        for chunk_id, length in records_of(self, entry['height'], entry['records']):
            data = None if chunk_id == HOLE else self.chunk(1, chunk_id)
            need(data is None or len(data) == length, 'a record is not as long as its chunk')
            yield data, length


# ---- Checks ----------------------------------------------------------------------------------


class Check:
    """Looks at every object; findings are lines of (name, what)."""

    def __init__(self, vault):
        self.vault, self.conf, self.findings, self.moves = vault, vault.conf, [], []

    def look(self, name, function):
        try:
            return function(self.vault.read(name))
        except (Bad, KeyError, IndexError, ValueError) as e:
            self.findings.append((name, f'{type(e).__name__}: {e}'))
            return None

    def without_key(self):
        vault, uuid = self.vault, self.conf.uuid
        for name in vault.foreign:
            self.findings.append((name, 'not a name of this format'))
        for name in vault.names['keys']:
            self.look(name, lambda data: (hashed(name, data, 16), Slot(data)))
        for name in vault.names['about']:
            about = self.look(name, lambda data: About(data, self.conf))
            if about and name != f'about/{about.generation:08x}':
                self.findings.append((name, 'stored under a wrong name'))
        for name in vault.names['locks']:
            record = self.look(name, lambda data: LockRecord(data, self.conf))
            if record and name != f'locks/{record.generation:08x}':
                self.findings.append((name, 'stored under a wrong name'))
        for name in vault.names['audit']:
            self.look(name, lambda data: need(int(name[-16:], 16) == audit_head(data)[0],
                                              'stored under a wrong name'))
        for name in vault.names['packs']:
            self.look(name, lambda data: (hashed(name, data), Pack(data, uuid)))
        for name in vault.names['runs']:
            self.look(name, lambda data: (hashed(name, data), Run(data, uuid)))
        for name in vault.names['sessions']:
            self.look(name, session)
        self.check_records()
        self.check_seals()

    def check_records(self):
        """Records of prune; the moves are for the packs of seals."""
        magic = {'condemn': b'LAGANCDM', 'delete': b'LAGANDEL'}
        for name in self.vault.names['prune']:
            record = self.look(name, lambda data: PruneRecord(data, self.conf))
            if record and (record.magic != magic[name.split('.')[1]] or
                           int(name[6:14], 16) != record.epoch):
                self.findings.append((name, 'stored under a wrong name'))
        for name in self.vault.names['moves']:
            move = self.look(name, lambda data: (hashed(name, data),
                                                 PruneRecord(data, self.conf))[1])
            if move and move.magic != b'LAGANMOV':
                self.findings.append((name, 'stored under a wrong name'))
            elif move:
                self.moves.append(move)

    def check_seals(self):
        known, wanted = set(), {}
        for name in self.vault.names['seals']:
            if name.endswith('.gone'):
                found = self.look(name, lambda data: tombstone(data, self.conf))
                known |= {found[1]} if found else set()
                previous = found[2] if found else []
            else:
                seal = self.look(name, lambda data: Seal(data, self.conf))
                known |= {seal.hash} if seal else set()
                previous = seal.previous if seal else []
                if seal and name + '.gone' not in self.vault.names['seals']:
                    self.check_packs(name, seal)
            wanted.update((h, name) for h in previous)
        for missing in wanted.keys() - known:
            self.findings.append((wanted[missing], f'previous seal {missing.hex()} is missing'))

    def check_packs(self, name, seal):
        packs = list(seal.packs)
        for roll in seal.rolls:
            packs += self.look(f'rolls/{roll.hex()}', lambda data: (
                hashed(roll.hex(), data), roll_packs(data))[1]) or []
        for digest, size in self.needed(seal, packs):
            path = f'packs/{digest.hex()[:2]}/{digest.hex()}'
            full = os.path.join(self.vault.directory, path)
            if path not in self.vault.names['packs'] or os.path.getsize(full) != size:
                self.findings.append((name, f'needs {path}, which is missing or cut short'))

    def needed(self, seal, packs):
        """What the seal needs of these packs: heirs in the place of those that were moved."""
        waiting, seen, found = list(packs), set(), []
        while waiting:
            digest, size = waiting.pop()
            if digest in seen:
                continue
            seen.add(digest)
            moves = [move for move in self.moves
                     if seal.id in move.covers and digest in move.gone]
            if moves and f'packs/{digest.hex()[:2]}/{digest.hex()}' not in self.vault.names['packs']:
                waiting += moves[0].gone[digest][1]
            else:
                found.append((digest, size))
        return found

    def with_key(self):
        """Decrypts all, checks each id, walks each tree."""
        vault = self.vault
        for name in vault.names['runs']:
            self.look(name, lambda data: self.check_run(Run(data, self.conf.uuid)))
        for kind, chunk_id in vault.index:
            try:
                vault.chunk(kind, chunk_id)
            except Bad as e:
                self.findings.append((vault.index[kind, chunk_id][0], str(e)))
        for seal in vault.seals():
            try:
                for entry in vault.entries(seal):
                    for chunk_id, length in records_of(vault, entry['height'],
                                                       entry['records']):
                        where = vault.index.get((1, chunk_id))
                        need(chunk_id == HOLE or where and where[3] == length,
                             f'{shown(entry["key"])}: a chunk is missing')
            except Bad as e:
                self.findings.append((f'backup {seal.id}', str(e)))

    def check_run(self, run):
        """A run says nothing that the packs do not say."""
        run.open(self.vault.key('index', run.epoch))
        for start, pack, chunk in run.entries:
            digest, size, kind, chunks = run.packs[pack]
            need(chunk < chunks, 'a chunk is out of its pack')
            path = f'packs/{digest.hex()[:2]}/{digest.hex()}'
            if path in self.vault.names['packs']:
                found = self.vault.opened(path)
                need(found.type == kind and len(found.data) == size and
                     len(found.chunks) == chunks and found.chunks[chunk][0][:16] == start,
                     'an entry contradicts its pack')


def hashed(name, data, size=32):
    """The last 2 × size digits of the name are the hash of the object."""
    need(name[-2 * size:] == sha256(data)[:size].hex(), 'is not what its name says')


def session(data):
    need(data[:12] == b'LAGANSES\1\0\0\0', 'not a session of version 1')
    r = Reader(data[12:])
    tlvs(r.take(r.u32()))
    need(r.u32() == crc32c(data[:-4]) and r.left() == 0, 'damaged')


# ---- What people ask for ---------------------------------------------------------------------

TYPES = {1: 'directory', 2: 'file', 3: 'symlink', 4: 'character-device', 5: 'block-device',
         6: 'fifo', 7: 'socket', 8: 'object', 9: 'volume', 255: 'error'}
LINK, DEVICE, GROUP, METADATA, METADATA_CHUNK, ERROR, WARNINGS = range(1, 8)


def shown(key):
    return key.replace(b'\0', b'/').decode('utf-8', 'backslashreplace')


def pieces(vault, entry):
    """Metadata of an entry as (kind, name, value)."""
    data = entry['further'].get(METADATA, b'')
    if METADATA_CHUNK in entry['further']:
        r = Reader(entry['further'][METADATA_CHUNK])
        data = vault.chunk(2, r.take(32))
        need(len(data) == r.u32(), 'metadata is not as long as its chunk')
    r = Reader(data)
    while r.left():
        yield r.varint(), r.counted(), r.counted()


def print_backups(vault):
    for seal in vault.seals():
        inner = seal.inner
        print(json.dumps({
            'id': seal.id, 'created_ns': seal.created, 'entries': seal.root[2],
            'bytes': seal.root[3], 'source': inner.get(3, b'').decode(),
            'driver': inner.get(2, b'').decode(), 'host': inner.get(4, b'').decode(),
            'name': inner.get(10, b'').decode(), 'packs': len(seal.packs),
            'partial': bool(int.from_bytes(inner.get(12, b''), 'little') & 1)}))


def print_entries(vault, seal):
    for entry in vault.entries(seal):
        line = {name: entry[name] for name in ('mode', 'user', 'group', 'user_name',
                                               'group_name', 'bytes', 'mtime', 'mtime_ns',
                                               'links')}
        for name in ('user_name', 'group_name'):
            line[name] = line[name].decode() if line[name] is not None else None
        line.update(path=shown(entry['key']), type=TYPES.get(entry['type'], entry['type']))
        if LINK in entry['further']:
            line['target'] = shown(entry['further'][LINK])
        if GROUP in entry['further']:
            line['link_group'] = entry['further'][GROUP].hex()
        line['chunks'] = [0 if chunk_id == HOLE else length for chunk_id, length in
                          records_of(vault, entry['height'], entry['records'])]
        line['metadata'] = {shown(name): value.hex() for _, name, value in
                            pieces(vault, entry)}
        print(json.dumps(line))


class Extraction:
    """Writes entries below a directory, which is made."""

    def __init__(self, vault, top):
        self.vault, self.top = vault, os.fsencode(top)
        self.links, self.directories = {}, []
        os.makedirs(self.top, exist_ok=True)

    def path(self, key):
        parts = key.split(b'\0') if key else []
        need(not any(p in (b'', b'.', b'..') or b'/' in p for p in parts),
             f'{shown(key)}: an unsafe path')
        return os.path.join(self.top, *parts)

    def run(self, seal):
        for entry in self.vault.entries(seal):
            self.write(entry, self.path(entry['key']))
        for entry, path in reversed(self.directories):
            self.finish(entry, path)

    def write(self, entry, path):
        kind, group = entry['type'], entry['further'].get(GROUP)
        if kind == 1:
            os.makedirs(path, exist_ok=True)
            self.directories.append((entry, path))
            return
        if group in self.links:
            os.link(self.links[group], path, follow_symlinks=False)
            return
        if kind in (2, 8, 9):
            self.write_content(entry, path)
        elif kind == 3:
            os.symlink(entry['further'][LINK], path)
        elif kind == 6:
            os.mkfifo(path)
        else:
            print(f'{shown(entry["key"])}: {TYPES.get(kind, kind)} left out', file=sys.stderr)
            return
        self.finish(entry, path)
        if group:
            self.links[group] = path

    def write_content(self, entry, path):
        with open(path, 'xb') as f:
            for data, length in self.vault.content(entry):
                if data is None:
                    f.seek(length, os.SEEK_CUR)
                else:
                    f.write(data)
            f.truncate(entry['bytes'])

    def finish(self, entry, path):
        if os.geteuid() == 0:
            os.chown(path, entry['user'], entry['group'], follow_symlinks=False)
        for kind, name, value in pieces(self.vault, entry):
            if kind == 1:
                os.setxattr(path, name, value, follow_symlinks=False)
        if entry['type'] != 3:
            os.chmod(path, entry['mode'])
        when = entry['mtime'] * 10**9 + entry['mtime_ns']
        os.utime(path, ns=(when, when), follow_symlinks=False)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('vault')
    key = parser.add_mutually_exclusive_group()
    key.add_argument('--recovery-file', metavar='FILE')
    key.add_argument('--passphrase-file', metavar='FILE')
    key.add_argument('--key-file', metavar='FILE')
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument('--check', action='store_true')
    what.add_argument('--check-data', action='store_true')
    what.add_argument('--backups', action='store_true')
    what.add_argument('--list', metavar='ID')
    what.add_argument('--extract', nargs=2, metavar=('ID', 'DIR'))
    what.add_argument('--rechunk', metavar='FILE')
    return parser.parse_args()


def unlock(vault, options):
    for kind, path in ((3, options.recovery_file), (2, options.passphrase_file),
                       (1, options.key_file)):
        if path is None:
            continue
        with open(path, 'rb') as f:
            secret = f.read()
        if kind == 3:
            secret = recovery_key(secret.decode('ascii', 'replace'))
        elif kind == 2:
            secret = secret[:-1] if secret.endswith(b'\n') else secret
        vault.unlock(kind, secret)
        vault.load_index()
        return
    raise Bad('this needs a key')


def rechunk(vault, path):
    with open(path, 'rb') as f:
        data = f.read()
    average = 1 << vault.conf.average_log2
    if vault.conf.chunker == 1:
        return chunk_lengths(vault.key('chunk')[:16], data, vault.conf.average_log2)
    return [min(average, len(data) - at) for at in range(0, len(data), average)]


def main():
    options = arguments()
    vault = Vault(options.vault)
    check = Check(vault)
    if not options.check:
        unlock(vault, options)
    if options.check or options.check_data:
        check.without_key()
        if options.check_data:
            check.with_key()
        for name, what in check.findings:
            print(f'{name}: {what}', file=sys.stderr)
        print(f'{len(check.findings)} findings')
        return 1 if check.findings else 0
    if options.backups:
        print_backups(vault)
    elif options.list:
        print_entries(vault, vault.backup(options.list))
    elif options.extract:
        Extraction(vault, options.extract[1]).run(vault.backup(options.extract[0]))
    else:
        print('\n'.join(map(str, rechunk(vault, options.rechunk))))
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except Bad as e:
        sys.exit(f'lagan_decode.py: {e}')
