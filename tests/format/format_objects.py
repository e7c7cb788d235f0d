# SPDX-License-Identifier: Apache-2.0
"""format_objects.py - doc/format.md sections 3 to 6, 9 and 11: the objects of a vault."""
import hashlib
import hmac
import re
import struct

from format_wire import (Bad, Reader, Zstd, committed_key, crc32c, decrypt, hkdf, i64, need,
                         sha256, signed_by, tlvs, whole)

CHUNK_LIMIT = 16 << 20

# ---- 3. Keys ---------------------------------------------------------------------------------

ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'


def recovery_key(text):
    text = text.upper().translate(str.maketrans('OIL', '011', '- \t\r\n'))
    need(len(text) == 65 and all(c in ALPHABET for c in text), 'not a recovery key')
    bits = 0
    for group in range(13):
        values = [ALPHABET.index(c) for c in text[5 * group:5 * group + 5]]
        check = sum((2 * i + 1) * values[i - 1] for i in range(1, 5)) + group
        need(check % 32 == values[4], f'recovery key: group {group + 1} is mistyped')
        for value in values[:4]:
            bits = bits << 5 | value
    need(bits & 15 == 0, 'recovery key: group 13 is mistyped')
    return (bits >> 4).to_bytes(32, 'big')


def key_file_unwrap(line, wrapped, context):
    """The provider key_file."""
    match = re.fullmatch(rb'(lagan-key-1 ([0-9a-f]{64})) ([0-9a-f]{8})\n', line)
    need(match and sha256(match[1]).hex()[:8].encode() == match[3], 'not a key file')
    key = bytes.fromhex(match[2].decode())
    r = Reader(wrapped)
    need(r.take(8) == b'lagankf1', 'not wrapped by a key file')
    need(sha256(wrapped[:-8])[:8] == wrapped[-8:], 'the wrapped key is damaged')
    need(r.take(8) == hkdf(key, b'', b'lagan key_file id', 8), 'wrapped by another key file')
    salt, commitment = r.take(32), r.take(32)
    aes = committed_key(key, salt, b'lagan key_file wrap', commitment, 'key file')
    return decrypt(aes, 0, r.take(r.left() - 8), context)


def scrypt_key(passphrase, parameters):
    r = Reader(parameters)
    log2_n, block, parallel, salt = r.u8(), r.u32(), r.u32(), r.take(32)
    r.end('scrypt parameters')
    need(10 <= log2_n <= 22 and 1 <= block <= 32 and 1 <= parallel <= 16 and
         128 * block << log2_n <= 1 << 30, 'scrypt parameters out of bounds')
    return hashlib.scrypt(passphrase, salt=salt, n=1 << log2_n, r=block, p=parallel,
                          maxmem=(1 << 30) + (64 << 20), dklen=32)


class Slot:
    def __init__(self, data):
        r = Reader(data)
        need(r.take(8) == b'LAGANKEY' and r.u8() == 1, 'not a key slot of version 1')
        self.kind, self.role, zero, self.uuid = r.u8(), r.u8(), r.u8(), r.take(16)
        need(self.kind in (1, 2, 3) and zero == 0, 'not a key slot of version 1')
        self.fields = tlvs(r.take(r.u32()))
        self.ad = data[:r.at]
        self.salt, self.commitment = r.take(32), r.take(32)
        self.sealed = r.take(r.u32())
        r.end('a key slot')

    def masters(self, encryption_key):
        """{epoch: master secret}"""
        key = committed_key(encryption_key, self.salt, b'lagan/1/slot', self.commitment,
                            'key slot')
        r, found = Reader(decrypt(key, 0, self.sealed, self.ad)), {}
        for _ in range(r.u32()):
            epoch = r.u32()
            need(not found or epoch > max(found), 'key epochs do not ascend')
            found[epoch] = r.take(32)
        r.end('master secrets')
        return found

    def open(self, kind, secret):
        if kind == 1:
            need(self.fields.get(3) == b'key_file', 'not a slot of key_file')
            secret = key_file_unwrap(secret, self.fields[4], b'lagan/1/slot' + self.uuid)
        elif kind == 2:
            secret = scrypt_key(secret, self.fields[5])
        return self.masters(secret)


# ---- 4. Configuration ------------------------------------------------------------------------


class Configuration:
    def __init__(self, data):
        r = Reader(data)
        need(r.take(8) == b'LAGANCNF' and r.u8() == 1 and r.take(3) == bytes(3),
             'not a configuration of version 1')
        f = tlvs(r.take(r.u32()))
        signature = r.take(64)
        r.end('a configuration')
        self.hash, self.root = sha256(data), whole(f.get(8), 32)
        self.uuid, self.previous = whole(f.get(1), 16), whole(f.get(3), 32)
        self.generation = Reader(f[2]).u32()
        signed_by(self.root, signature, b'lagan/1/conf' + data[:-64], 'configuration')
        incompat = Reader(f[7]).u64() if 7 in f else 0
        need(incompat == 0, f'incompatible features {incompat:#x} are not known')
        self.chunker, self.average_log2 = f[9][0], f[10][0]
        need(f[11] == b'\1', 'the id algorithm is not known')
        self.name = f.get(17, b'').decode()


class About:
    """What a copy of a vault is: its id, and a dictionary of names and values."""

    def __init__(self, data, conf):
        r = Reader(data)
        need(r.take(8) == b'LAGANABO' and r.u8() == 1 and r.take(3) == bytes(3),
             'not about a copy, version 1')
        f = tlvs(r.take(r.u32()), repeating=(5,))
        need(r.left() == 64, 'bytes behind what a copy is')
        signed_by(conf.root, data[-64:], b'lagan/1/about' + data[:-64], 'about a copy')
        need(f.get(1) == conf.uuid, 'about a copy of another vault')
        self.id, self.generation = whole(f.get(2), 16), Reader(f[3]).u32()
        self.created, self.pairs = i64(f[4]), {}
        for value in f.get(5, []):
            pair = Reader(value)
            name, text = pair.counted(), pair.counted()
            pair.end('a name and its value')
            need(1 <= len(name) <= 255 and len(text) <= 4096 and b'\0' not in name + text,
                 'a name or value is out of bounds')
            need(not self.pairs or name > max(self.pairs), 'names do not ascend')
            self.pairs[name] = text
        need(len(self.pairs) <= 1000, 'too many names')


class LockRecord:
    """A record of a lock: its form and signatures are checked."""

    KINDS = {1: (1, 2, 3, 4, 5, 6, 7, 8, 9), 2: (1, 2, 3, 4, 9, 10), 3: (1, 2, 3, 4, 11, 12, 13)}

    def __init__(self, data, conf):
        r = Reader(data)
        need(r.take(8) == b'LAGANLCK' and r.u8() == 1 and r.take(3) == bytes(3),
             'not a record of a lock, version 1')
        f = tlvs(r.take(r.u32()))
        need(r.left() == 64, 'bytes behind a record of a lock')
        signed_by(conf.root, data[-64:], b'lagan/1/lock' + data[:-64], 'record of a lock')
        need(f.get(1) == conf.uuid, 'record of a lock of another vault')
        self.kind, self.generation, self.made = Reader(f[3]).u8(), Reader(f[2]).u32(), i64(f[4])
        need(self.kind in self.KINDS and all(t in f for t in self.KINDS[self.kind]),
             'kind of a record, or what it lacks')
        need(self.generation > 0 and (self.generation >= 1 << 31) == (self.kind == 3),
             'generation of a record')
        self.key = f.get(9, bytes(32))
        if self.kind == 1:
            self.mode, self.effective = Reader(f[5]).u8(), i64(f[8])
            self.least, self.most = Reader(f[6]).u32(), Reader(f[7]).u32()
            need(self.mode in (1, 2) and 1 <= self.least <= 99999 and self.most <= 99999 and
                 (self.most == 0 or self.most >= self.least), 'what a lock holds')
        elif self.kind == 2 and self.key != bytes(32):
            signed_by(self.key, whole(f.get(10), 64), b'lagan/1/lift' + conf.uuid + f[2] + f[4],
                      'proof of a lift')
        elif self.kind == 3:
            self.wall, self.boot, self.boot_id = i64(f[11]), i64(f[12]), f[13]

    def lifts(self, other):
        """Whether this lift lifts the set record."""
        if self.kind != 2 or self.generation <= other.generation:
            return False
        if other.mode == 2:
            return other.made <= self.made < other.effective
        return other.key != bytes(32) and self.key == other.key


def lock_that_counts(records):
    """(mode, least, most) of what no lift lifts; mode 0 = none."""
    held = [r for r in records if r.kind == 1 and not any(x.lifts(r) for x in records)]
    return (max((r.mode for r in held), default=0), max((r.least for r in held), default=0),
            min((r.most for r in held if r.most), default=0))


def audit_head(data):
    """Number of the line, when it was noted, its hash."""
    r = Reader(data)
    need(r.take(8) == b'LAGANAUD', 'not the head of an audit log')
    head = r.u64(), i64(r.take(8)), r.take(32)
    r.end('the head of an audit log')
    return head


# ---- 5., 6. Packs, and the envelope of runs --------------------------------------------------


class Envelope:
    """A pack or run: its header and trailer are checked; `open` decrypts the directory."""

    def __init__(self, data, uuid):
        self.data = data
        magic, version, self.type, wrap, cipher, self.epoch, owner = struct.unpack_from(
            '<8sBBBBI16s', data)
        need(magic in (b'LAGANPAK', b'LAGANRUN') and version == 1, 'not of version 1')
        self.is_run = magic == b'LAGANRUN'
        need(self.type in ((1,) if self.is_run else (1, 2)), 'type is not known')
        need(wrap == 0 and cipher == 1, 'wrap or cipher is not known')
        need(owner == uuid, 'of another vault')
        need(data[80:124] == bytes(44), 'reserved bytes are not zero')
        need(struct.unpack_from('<I', data, 124)[0] == crc32c(data[:124]), 'header is damaged')
        at, size, self.count, flags, crc, end = struct.unpack('<QIIII8s', data[-32:])
        need(end == b'LAGANEND' and crc == crc32c(data[-32:-12]) and flags == 0,
             'trailer is damaged')
        need(at % 4096 == 0 and size % 4096 == 0 and at >= 160 and
             at + size + 32 == len(data), 'trailer contradicts the size')
        self.directory_at, self.sealed = at, data[at:at + size]

    def open(self, key):
        info = b'lagan/1/run' if self.is_run else b'lagan/1/pack'
        self.key = committed_key(key, self.data[48:80], info + bytes([self.type, 1]),
                                 self.data[128:160], 'envelope')
        r = Reader(self.message((1 << 64) - 1, self.sealed))
        compressed, size = r.u32(), r.u32()
        content = Zstd.decode(r.take(compressed), size)
        need(not any(r.take(r.left())), 'padding is not zero')
        return content

    def message(self, n, sealed):
        return decrypt(self.key, n, sealed, self.data[:128])

    def check_padding(self, end):
        need(160 <= end <= self.directory_at and not any(self.data[end:self.directory_at]),
             'padding is not zero')


class Pack(Envelope):
    """Its blocks, and its chunks as (id, block, offset, length)."""

    def __init__(self, data, uuid):
        super().__init__(data, uuid)
        need(not self.is_run, 'not a pack')

    def open(self, key):
        r = Reader(super().open(key))
        blocks, chunks = r.u32(), r.u32()
        need(blocks == self.count <= 65535, 'number of blocks contradicts the trailer')

        def column(code, count):
            return struct.unpack(f'<{count}{code}', r.take(struct.calcsize(code) * count))
        stored, self.raw = column('I', blocks), column('I', blocks)
        self.codec = column('B', blocks)
        where, offsets, lengths = (column('I', chunks) for _ in range(3))
        ids = [r.take(32) for _ in range(chunks)]
        r.end('a directory')
        self.starts = [160]
        for size in stored:
            self.starts.append(self.starts[-1] + size)
        self.check_padding(self.starts[-1])
        self.chunks = list(zip(ids, where, offsets, lengths))
        self.check_chunks()
        self.cached = (None, b'')
        return self

    def check_chunks(self):
        last = (0, 0)
        for _, block, offset, length in self.chunks:
            need(block < self.count and length >= 1, 'a chunk is out of range')
            need(block > last[0] or offset >= last[1], 'chunks overlap')
            need(block >= last[0], 'chunks are not in order')
            need(offset + length <= self.raw[block], 'a chunk is out of its block')
            last = (block, offset + length)

    def block(self, i):
        if self.cached[0] != i:
            raw = self.message(i, self.data[self.starts[i]:self.starts[i + 1]])
            need(self.raw[i] <= CHUNK_LIMIT and self.codec[i] in (0, 1), 'block is not known')
            if self.codec[i] == 1:
                raw = Zstd.decode(raw, self.raw[i])
            need(len(raw) == self.raw[i], 'a block is not as long as it should be')
            self.cached = (i, raw)
        return self.cached[1]


# ---- 11. Index runs --------------------------------------------------------------------------


class Run(Envelope):
    """Its packs as (hash, size, type, chunks), its entries as (id's first 16, pack, chunk)."""

    def open(self, key):
        need(self.is_run, 'not an index run')
        f = tlvs(super().open(key))
        count, r = Reader(f[1]).u64(), Reader(f.get(2, b''))
        self.packs = []
        while r.left():
            self.packs.append((r.take(32), r.u64(), r.u8(), r.u32()))
        self.entries, at = [], 160
        for page in range(self.count):
            in_page = min(2730, count - len(self.entries))
            body = self.message(page, self.data[at:at + 24 * in_page + 16])
            at += 24 * in_page + 16
            need(body[:16] == f[3][16 * page:16 * page + 16], 'a fence is wrong')
            self.entries += struct.iter_unpack('<16sII', body)
        self.check_padding(at)
        need(len(self.entries) == count and self.entries == sorted(
            self.entries, key=lambda e: e[0]), 'entries are not sorted')
        need(all(self.in_filter(f[4], e[0]) for e in self.entries), 'the filter misses one')
        return self

    @staticmethod
    def in_filter(value, chunk_id):
        seed, length, segments = struct.unpack_from('<QII', value)
        prints, mask = value[16:], (1 << 64) - 1
        need(length & (length - 1) == 0 and len(prints) == (segments + 2) * length,
             'the filter has a wrong size')
        m = (int.from_bytes(chunk_id[:8], 'little') + seed) & mask
        for factor in (0xff51afd7ed558ccd, 0xc4ceb9fe1a85ec53):
            m = (m ^ m >> 33) * factor & mask
        m ^= m >> 33
        h = m * segments * length >> 64
        found = (prints[h] ^ prints[h + length ^ m >> 18 & length - 1] ^
                 prints[h + 2 * length ^ m & length - 1])
        return (m ^ m >> 32) & 255 == found


# ---- 9. Seals --------------------------------------------------------------------------------


def hashes(data):
    need(len(data) % 32 == 0, 'a list of hashes is cut short')
    return [data[i:i + 32] for i in range(0, len(data), 32)]


def pack_list(data):
    need(len(data) % 40 == 0, 'a list of packs is cut short')
    packs = list(struct.iter_unpack('<32sQ', data))
    need(packs == sorted(set(packs)), 'a list of packs does not ascend')
    return packs


def check_writer(f, root, uuid, label, data, signature, what):
    writer, public, certificate = whole(f.get(5), 16), whole(f.get(6), 32), whole(f.get(7), 64)
    need(f.get(1) == uuid, f'{what}: of another vault')
    signed_by(root, certificate, b'lagan/1/writer' + uuid + writer + public,
              f'{what}: certificate of the writer')
    signed_by(public, signature, label + data, what)


class Seal:
    def __init__(self, data, conf):
        r = Reader(data)
        need(r.take(8) == b'LAGANSEA' and r.u8() == 1 and r.take(3) == bytes(3),
             'not a seal of version 1')
        self.outer = tlvs(r.take(r.u32()))
        self.ad = data[:r.at]
        self.salt, self.commitment = r.take(32), r.take(32)
        self.sealed = r.take(r.u32())
        need(r.left() == 64, 'bytes behind a seal')
        check_writer(self.outer, conf.root, conf.uuid, b'lagan/1/seal', data[:-64],
                     data[-64:], 'seal')
        self.hash, self.id = sha256(data), self.outer[2].hex()
        self.packs, self.rolls = pack_list(self.outer.get(10, b'')), hashes(
            self.outer.get(11, b''))
        self.previous = hashes(self.outer.get(9, b''))
        self.epoch, self.created = Reader(self.outer[12]).u32(), i64(self.outer[8])

    def open(self, wrapping_key):
        key = committed_key(wrapping_key, self.salt, b'lagan/1/seal', self.commitment, 'seal')
        self.inner = tlvs(decrypt(key, 0, self.sealed, self.ad), repeating=(5, 14, 17, 18))
        r = Reader(self.inner[6])
        self.root = (r.u8(), r.take(32), r.u64(), r.u64())
        r.end('a root')
        return self


def tombstone(data, conf):
    """(id of the deleted seal, its hash, its previous seals)"""
    r = Reader(data)
    need(r.take(8) == b'LAGANGON' and r.u8() == 1 and r.take(3) == bytes(3), 'no tombstone')
    f = tlvs(r.take(r.u32()))
    need(r.left() == 64, 'bytes behind a tombstone')
    check_writer(f, conf.root, conf.uuid, b'lagan/1/gone', data[:-64], data[-64:], 'tombstone')
    return f[2].hex(), whole(f.get(3), 32), hashes(f.get(9, b''))


def roll_packs(data):
    need(data[:12] == b'LAGANROL\1\0\0\0', 'not a roll of version 1')
    packs = pack_list(data[16:])
    need(struct.unpack_from('<I', data, 12)[0] == len(packs), 'a roll is cut short')
    return packs


# ---- 13. Prune -------------------------------------------------------------------------------


class PruneRecord:
    """A record of prune: `covers` ids of backups, `gone` {hash of a pack: (size, heirs)}."""
    FORMS = {b'LAGANCDM': b'lagan/1/condemn', b'LAGANDEL': b'lagan/1/delete',
             b'LAGANMOV': b'lagan/1/move'}

    def __init__(self, data, conf):
        r = Reader(data)
        self.magic = r.take(8)
        need(self.magic in self.FORMS and r.u8() == 1 and r.take(3) == bytes(3),
             'not a record of prune of version 1')
        f = tlvs(r.take(r.u32()))
        need(r.left() == 64, 'bytes behind a record of prune')
        check_writer(f, conf.root, conf.uuid, self.FORMS[self.magic], data[:-64], data[-64:],
                     'record of prune')
        self.epoch, self.created = Reader(whole(f.get(3), 4)).u32(), i64(f[4])
        ids = [x.hex() for (x,) in struct.iter_unpack('<8s', f.get(8, b''))]
        heirs = pack_list(f.get(10, b''))
        places = [n for (n,) in struct.iter_unpack('<I', f.get(11, b''))]
        self.covers, self.gone, self.rolls = set(ids), {}, hashes(f.get(12, b''))
        rows = list(struct.iter_unpack('<32sQI', f.get(9, b'')))
        need(ids == sorted(set(ids)) and [x[0] for x in rows] == sorted({x[0] for x in rows}) and
             self.rolls == sorted(set(self.rolls)), 'a list does not ascend')
        need(sum(x[2] for x in rows) == len(places), 'heirs do not add up')
        need(self.magic != b'LAGANMOV' or not self.rolls, 'a move lists rolls')
        for digest, size, count in rows:
            self.gone[digest] = (size, [heirs[n] for n in places[:count]])
            del places[:count]
