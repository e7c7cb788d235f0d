/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c.c - bit by bit: only headers of some hundred bytes are summed. */
#include "crypto/crc32c.h"

uint32_t crc32c(const void *data, size_t size)
{
    const uint8_t *next = data;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= next[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) ? UINT32_C(0x82f63b78) : 0);
    }
    return ~crc;
}
