# SPDX-License-Identifier: Apache-2.0
"""format_chunker.py - doc/format.md 7.1: the chunker aes32, slow and plain.

    format_chunker.py KEY LOG2_AVERAGE FILE      KEY: 16 bytes in hexadecimal
"""
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def double(x):
    return (x << 1) ^ (0x11b if x & 0x80 else 0)


def make_sbox():
    """The S-box of FIPS 197: inverse in GF(2^8), then an affine map."""
    powers, logs, x = [0] * 255, [0] * 256, 1
    for i in range(255):
        powers[i], logs[x] = x, i
        x = x ^ double(x)
    box = []
    for value in range(256):
        inverse = powers[-logs[value] % 255] if value else 0
        box.append(0x63 ^ inverse ^ rotated(inverse, 1) ^ rotated(inverse, 2) ^
                   rotated(inverse, 3) ^ rotated(inverse, 4))
    return box


def rotated(x, by):
    return (x << by | x >> (8 - by)) & 255


def make_tables():
    """tables[p][x]: what byte x of the input, at position p of a column after ShiftRows, adds
    to that column, as a little-endian number."""
    tables = []
    for row in range(4):
        table = []
        for s in make_sbox():
            two, three = double(s), double(s) ^ s
            column = [s, s, s, s]
            column[row], column[row - 1] = two, three
            table.append(int.from_bytes(bytes(column), 'little'))
        tables.append(table)
    return tables


T0, T1, T2, T3 = make_tables()


def aesenc(b, i):
    """SubBytes, ShiftRows and MixColumns of the 16 bytes of `b` at `i`, as a number."""
    return ((T0[b[i]] ^ T1[b[i + 5]] ^ T2[b[i + 10]] ^ T3[b[i + 15]]) |
            (T0[b[i + 4]] ^ T1[b[i + 9]] ^ T2[b[i + 14]] ^ T3[b[i + 3]]) << 32 |
            (T0[b[i + 8]] ^ T1[b[i + 13]] ^ T2[b[i + 2]] ^ T3[b[i + 7]]) << 64 |
            (T0[b[i + 12]] ^ T1[b[i + 1]] ^ T2[b[i + 6]] ^ T3[b[i + 11]]) << 96)


def values(key, data, first, last):
    """v for chunks that end behind byte n, n = first .. last - 1."""
    blocks = []
    for n in range(first, last):
        low = int.from_bytes(data[n - 32:n - 16], 'little')
        blocks.append((low ^ aesenc(data, n - 16)).to_bytes(16, 'little'))
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    out = cipher.update(b''.join(blocks))
    return [int.from_bytes(out[i:i + 8], 'little') for i in range(0, len(out), 16)]


def first_cut(key, data, log2):
    """The length of the first chunk of `data`."""
    average = 1 << log2
    for start in range(average // 4, min(len(data), 4 * average), 4096):
        last = min(start + 4096, len(data), 4 * average)
        for n, v in zip(range(start, last), values(key, data, start, last)):
            zeroes = log2 + 2 if n < average else log2 - 2
            if v >> (64 - zeroes) == 0:
                return n
    return min(len(data), 4 * average)


def chunk_lengths(key, data, log2):
    lengths = []
    while data:
        lengths.append(first_cut(key, data, log2))
        data = data[lengths[-1]:]
    return lengths


if __name__ == '__main__':
    with open(sys.argv[3], 'rb') as file:
        for length in chunk_lengths(bytes.fromhex(sys.argv[1]), file.read(),
                                    int(sys.argv[2])):
            print(length)
