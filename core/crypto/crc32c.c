/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c.c - by the processor's own instruction where there is one, else by a table of bytes.
 */
#include "crypto/crc32c.h"

#include <pthread.h>
#include <string.h>

static uint32_t table[256];

static void fill_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) ? UINT32_C(0x82f63b78) : 0);
        table[byte] = crc;
    }
}

static uint32_t update_portable(uint32_t crc, const uint8_t *next, size_t size)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, fill_table);
    for (size_t i = 0; i < size; i++)
        crc = (crc >> 8) ^ table[(crc ^ next[i]) & 0xff];
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t
update_native(uint32_t crc, const uint8_t *next, size_t size)
{
    uint64_t wide = crc;

    for (; size >= sizeof(uint64_t); next += sizeof(uint64_t), size -= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, next, sizeof(word));
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    for (; size > 0; size--)
        crc = __builtin_ia32_crc32qi(crc, *next++);
    return crc;
}
#endif

uint32_t crc32c(const void *data, size_t size)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        return ~update_native(UINT32_MAX, data, size);
#endif
    return ~update_portable(UINT32_MAX, data, size);
}
