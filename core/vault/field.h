/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field.h - sequences of TLVs (doc/format.md section 1) as tables: each row says which member
 * of a struct a type belongs to and in which form it is stored.
 */
#ifndef CORE_VAULT_FIELD_H
#define CORE_VAULT_FIELD_H

#include "base/buffer.h"

enum field_form {
    FIELD_BYTES, /* exactly `size` bytes; the member is an array of them */
    FIELD_U8,    /* u8 in storage, uint32_t in memory */
    FIELD_U32,
    FIELD_U64,
    FIELD_I64,
    FIELD_TEXT, /* bytes other than NUL; the member is char[size], terminated */
    FIELD_OWN,  /* the same; the member is a char *, allocated, NULL when absent */
    FIELD_SPAN, /* any bytes; the member is a struct reader over them, absent = empty */
    FIELD_CALL  /* further forms: by `take` and `give` */
};

enum field_rule {
    FIELD_NEEDED = 1, /* an object without it is refused */
    FIELD_REPEATS = 2 /* may stand more than once; CALL only */
};

struct field {
    uint16_t type;
    uint8_t form;
    uint8_t rules;
    uint32_t size;
    size_t offset;
    /* CALL: takes one value into the struct; false when its form is wrong or memory ran out. */
    bool (*take)(void *object, struct reader *value);
    /* CALL: appends all TLVs of this type. */
    void (*give)(const void *object, struct buffer *out);
};

/* Decodes all TLVs of `r` into `object` (zeroed by the caller, and the caller's to free also
 * after a failure).  Types ascend and unknown ones are passed over.  CORRUPT with a text that
 * starts with `what` otherwise. */
int field_decode(struct reader r, const struct field *table, size_t count, void *object,
                 const char *what, struct error *e);
/* Appends all members to `out`: NEEDED ones always, the others unless they are empty (no text,
 * span of no bytes). */
void field_encode(struct buffer *out, const struct field *table, size_t count,
                  const void *object);

/* An object that starts with an 8-byte magic, u8 version 1, three zero bytes and a u32 length
 * of TLVs. */
enum { FIELD_HEAD_SIZE = 16, FIELD_MAGIC_SIZE = 8, FIELD_VERSION = 1 };

/* Takes the head; `*tlvs` becomes a reader over the TLVs and `r` stands behind them.
 * NEWER_FORMAT for a later version of the same magic, CORRUPT for anything else that does not
 * fit. */
int field_head(struct reader *r, const char magic[FIELD_MAGIC_SIZE + 1], struct reader *tlvs,
               const char *what, struct error *e);
/* Checks magic and version alone. */
int field_magic(struct reader *r, const char magic[FIELD_MAGIC_SIZE + 1], const char *what,
                struct error *e);
/* Appends head and TLVs. */
void field_encode_object(struct buffer *out, const char magic[FIELD_MAGIC_SIZE + 1],
                         const struct field *table, size_t count, const void *object);

#endif
