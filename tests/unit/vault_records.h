/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault_records.h - one fixed object of each small kind, and a loop over them: for tests of
 * codecs and for golden vectors.  Nothing in here is random.
 */
#ifndef TESTS_UNIT_VAULT_RECORDS_H
#define TESTS_UNIT_VAULT_RECORDS_H

#include "vault/keys.h"

extern const uint8_t records_uuid[16];
extern const uint8_t records_kek[32];
extern const char records_passphrase[];

/* The master secrets (epochs 0 and 3) and their keys; the caller frees. */
struct masters *records_masters(void);
struct keys *records_keys(void);
/* A writer of that vault. */
struct vault_writer records_writer(void);
/* A seal with every field in use but rules; the caller frees it with seal_free. */
struct seal *records_seal(void);

/* One kind of object. */
struct record_kind {
    const char *what;
    /* Appends the object. */
    void (*encode)(struct buffer *out);
    /* Checks that the bytes are decoded to what was encoded (cmocka asserts). */
    void (*check)(const struct buffer *object);
    /* Decodes alone: 0, or -1 with `e`. */
    int (*decode)(const void *data, size_t size, struct error *e);
};
extern const struct record_kind records[];
extern const size_t record_count;

#endif
