/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c.h - CRC-32C (Castagnoli, RFC 3720 appendix B.4): finds accidents, not attacks. */
#ifndef CORE_CRYPTO_CRC32C_H
#define CORE_CRYPTO_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *data, size_t size);

#endif
