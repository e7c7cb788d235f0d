# SPDX-License-Identifier: Apache-2.0
"""format_wire.py - doc/format.md section 1: numbers, TLVs, and the cryptography under them."""
import ctypes
import ctypes.util
import hashlib
import hmac
import struct

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import (Ed25519PrivateKey,
                                                               Ed25519PublicKey)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HOLE = bytes(32)


class Bad(Exception):
    """What was read is not what doc/format.md says."""


def need(condition, what):
    if not condition:
        raise Bad(what)


class Reader:
    """Takes values off the front of bytes."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def take(self, size):
        need(0 <= size <= self.left(), 'cut short')
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), 'little')

    def u8(self):
        return self.number(1)

    def u16(self):
        return self.number(2)

    def u32(self):
        return self.number(4)

    def u64(self):
        return self.number(8)

    def varint(self):
        value = 0
        for shift in range(0, 70, 7):
            byte = self.u8()
            value |= (byte & 0x7f) << shift
            if byte < 0x80:
                need(shift == 0 or byte != 0, 'a varint is not in its shortest form')
                need(value < 1 << 64, 'a varint is too large')
                return value
        raise Bad('a varint is too long')

    def signed(self):
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def counted(self):
        return self.take(self.varint())

    def end(self, what):
        need(self.left() == 0, f'bytes behind {what}')


def tlvs(data, repeating=()):
    """{type: value}, {type: [values]} for types that may repeat."""
    r, found, previous = Reader(data), {}, -1
    while r.left():
        kind = r.u16()
        value = r.take(r.u32())
        need(kind > previous or (kind == previous and kind in repeating), 'TLVs do not ascend')
        previous = kind
        if kind in repeating:
            found.setdefault(kind, []).append(value)
        else:
            found[kind] = value
    return found


def i64(data):
    need(len(data) == 8, 'a time is not 8 bytes')
    return struct.unpack('<q', data)[0]


def whole(data, size):
    need(data is not None and len(data) == size, f'a value is not {size} bytes')
    return data


def sha256(data):
    return hashlib.sha256(data).digest()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf(secret, salt, info, size):
    prk, out, block, i = mac(salt or bytes(32), secret), b'', b'', 1
    while len(out) < size:
        block = mac(prk, block + info + bytes([i]))
        out, i = out + block, i + 1
    return out[:size]


def nonce(n):
    return struct.pack('<Q', n) + bytes(4)


def decrypt(key, n, data, ad):
    try:
        return AESGCM(key).decrypt(nonce(n), data, ad)
    except InvalidTag:
        raise Bad('decryption failed: altered, or another key') from None


def committed_key(secret, salt, info, commitment, what):
    both = hkdf(secret, salt, info, 64)
    need(hmac.compare_digest(both[32:], commitment), f'{what}: another key (commitment)')
    return both[:32]


def signed_by(public, signature, data, what):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        raise Bad(f'{what}: wrong signature') from None


def public_key(seed):
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def crc_table():
    table = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (0x82f63b78 if i & 1 else 0)
        table.append(i)
    return table


CRC32C = crc_table()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ CRC32C[(crc ^ byte) & 255]
    return crc ^ 0xffffffff


class Zstd:
    library = None

    @classmethod
    def decode(cls, frame, size):
        """The content of a frame, which is exactly `size` bytes."""
        if cls.library is None:
            cls.library = ctypes.CDLL(ctypes.util.find_library('zstd') or 'libzstd.so.1')
            for name in ('ZSTD_decompress', 'ZSTD_findFrameCompressedSize'):
                getattr(cls.library, name).restype = ctypes.c_size_t
        out = ctypes.create_string_buffer(max(size, 1))
        frame_size = ctypes.c_size_t(len(frame))
        need(cls.library.ZSTD_findFrameCompressedSize(frame, frame_size) == len(frame),
             'not one zstd frame')
        got = cls.library.ZSTD_decompress(out, ctypes.c_size_t(size), frame, frame_size)
        need(got == size, 'a zstd frame does not decode to its length')
        return out.raw[:size]
