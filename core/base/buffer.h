/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buffer.h - a growing byte buffer to encode into, and a bounded reader to decode from.
 *
 * Both have a sticky failure mark, so that a run of appends or takes needs one check at its
 * end: a buffer that could not grow ignores further appends; a reader that ran past its end
 * gives zeroes from then on.  Integers are little-endian; varints are LEB128, 1..10 bytes,
 * shortest form only (a longer form is a decoding failure, so that encodings stay canonical).
 */
#ifndef CORE_BASE_BUFFER_H
#define CORE_BASE_BUFFER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `{0}` (or BUFFER_INIT) is an empty buffer.  Owns `data`. */
struct buffer {
    uint8_t *data;
    size_t size; /* bytes in use */
    size_t room; /* bytes allocated */
    bool failed; /* memory ran out at some append */
};

#define BUFFER_INIT ((struct buffer){0})

/* Frees the memory and makes `b` empty again.  NULL is fine. */
void buffer_free(struct buffer *b);
/* For scope cleanup: `struct buffer b __attribute__((cleanup(buffer_free))) = BUFFER_INIT;` */
#define CLEANUP_BUFFER __attribute__((cleanup(buffer_free)))

/* Empties `b` and clears its failure mark; keeps the memory. */
void buffer_clear(struct buffer *b);

/* Makes room for `more` further bytes and returns where they go (without changing `size`), or
 * NULL and the mark set. */
uint8_t *buffer_reserve(struct buffer *b, size_t more);

void buffer_append(struct buffer *b, const void *data, size_t size);
void buffer_append_zeroes(struct buffer *b, size_t size);
void buffer_append_u8(struct buffer *b, uint8_t value);
void buffer_append_u16(struct buffer *b, uint16_t value);
void buffer_append_u32(struct buffer *b, uint32_t value);
void buffer_append_u64(struct buffer *b, uint64_t value);
void buffer_append_varint(struct buffer *b, uint64_t value);
/* Zigzag varint. */
void buffer_append_signed(struct buffer *b, int64_t value);
/* A printf-formatted text without its terminator. */
void buffer_append_format(struct buffer *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A byte string with its varint length in front. */
void buffer_append_counted(struct buffer *b, const void *data, size_t size);
/* One TLV: type u16, length u32, value. */
void buffer_append_tlv(struct buffer *b, uint16_t type, const void *value, uint32_t size);

/* 0, or -1 with NO_MEMORY when an append failed since the last clear. */
int buffer_check(const struct buffer *b, struct error *e);

/* Reads a byte range that somebody else owns. */
struct reader {
    const uint8_t *next;
    size_t left;
    bool failed; /* read past the end, or a non-canonical varint */
};

struct reader reader_of(const void *data, size_t size);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
uint64_t reader_varint(struct reader *r);
int64_t reader_signed(struct reader *r);
/* `size` bytes in place, or NULL and the mark set.  `size` 0 gives a non-NULL pointer. */
const uint8_t *reader_take(struct reader *r, size_t size);
/* A counted byte string in place (see buffer_append_counted); its length goes to `*size`. */
const uint8_t *reader_counted(struct reader *r, size_t *size);
/* The next TLV as a reader over its value; false at the clean end or after a failure (look at
 * `failed` to tell). */
bool reader_tlv(struct reader *r, uint16_t *type, struct reader *value);
/* True when nothing failed and nothing is left. */
bool reader_done(const struct reader *r);

/* Little-endian loads and stores at any alignment. */
uint16_t load_u16(const void *p);
uint32_t load_u32(const void *p);
uint64_t load_u64(const void *p);
void store_u16(void *p, uint16_t value);
void store_u32(void *p, uint32_t value);
void store_u64(void *p, uint64_t value);

#endif
