/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunker_scan.h - the inner loop of aes32, once per kind of processor.
 *
 * A scan looks at the positions from..to-1 of `data` (a position is the number of bytes in
 * front of it; from >= CHUNKER_WINDOW) and returns the first one whose value has its top `bits`
 * (1..32) bits zero, or `to`.  So the upper half of a value is all that is ever looked at.
 */
#ifndef CORE_VAULT_CHUNKER_SCAN_H
#define CORE_VAULT_CHUNKER_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCAN_ROUND_KEYS = 11 };

/* AES-128 round keys (FIPS 197), each as the 16 bytes of the state. */
struct scan_key {
    _Alignas(64) uint8_t round[SCAN_ROUND_KEYS][16];
};

typedef size_t scan_function(const struct scan_key *key, const uint8_t *data, size_t from,
                             size_t to, unsigned bits);

/* Expands a 16-byte key. */
void scan_key_expand(struct scan_key *key, const uint8_t bytes[16]);

/* One row of the table of implementations. */
struct scan_implementation {
    const char *name;
    scan_function *scan;
    bool (*runs_here)(void);
};

/* Best first; ends with a NULL name. */
extern const struct scan_implementation scan_implementations[];

scan_function scan_portable;
#if defined(__x86_64__)
scan_function scan_aesni, scan_vaes256, scan_vaes512;
#elif defined(__aarch64__)
scan_function scan_armv8;
#endif

#endif
