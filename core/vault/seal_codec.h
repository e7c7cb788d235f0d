/* SPDX-License-Identifier: Apache-2.0 */
/* seal_codec.h - seals and tombstones to and from bytes.  Format: doc/format.md section 9. */
#ifndef CORE_VAULT_SEAL_CODEC_H
#define CORE_VAULT_SEAL_CODEC_H

#include "vault/keys.h"

enum { SEAL_OBJECT_LIMIT = 64 << 20, SEAL_SALT_SIZE = 32 };

/* The name that a seal with this id and time has, without "seals/". */
void seal_name(const uint8_t id[8], int64_t created_ns, char name[SEAL_NAME_SIZE]);

/* Encodes and signs `s` (its writer is `writer`).  `meta_key`: K(meta) of s->key_epoch.  `salt`
 * is random and never used twice. */
int seal_encode(const struct seal *s, const uint8_t uuid[16], const uint8_t meta_key[32],
                const uint8_t salt[SEAL_SALT_SIZE], const struct vault_writer *writer,
                struct buffer *out, struct error *e);

/* How much of a seal's check may be left out: everything is checked with neither flag. */
enum { SEAL_SIGNATURE_KNOWN = 1 };

/*
 * Decodes and checks the seal `data`, stored under `name` (without "seals/"): form, name,
 * vault, the writer's certificate and signature, and with `keys` (NULL = locked) the inner
 * part.  `flags`: SEAL_SIGNATURE_KNOWN when these very bytes were checked before.  The caller
 * frees `*seal`. INTEGRITY naming the object, or NEWER_FORMAT.
 */
int seal_decode(const void *data, size_t size, const char *name, const struct trust *trust,
                const struct keys *keys, unsigned flags, struct seal **seal, struct error *e);

/* A tombstone.  Owns `previous`; freed with tombstone_clear. */
struct tombstone {
    uint8_t uuid[16];
    uint8_t seal_id[8];
    uint8_t seal_hash[32];
    int64_t created_ns;
    uint8_t writer[16];
    uint8_t writer_public[32];
    uint8_t certificate[64];
    uint8_t (*previous)[32];
    size_t previous_count;
    char *reason; /* NULL = none */
};

void tombstone_clear(struct tombstone *t);
/* Encodes and signs; the members on the writer are ignored. */
int tombstone_encode(const struct tombstone *t, const struct vault_writer *writer,
                     struct buffer *out, struct error *e);
/* Decodes and checks the tombstone stored under `name` (without "seals/", with ".gone") into
 * `*t`, which is cleared by the caller on success.  `flags` as above. */
int tombstone_decode(const void *data, size_t size, const char *name, const struct trust *trust,
                     unsigned flags, struct tombstone *t, struct error *e);
/* Reads and checks the tombstone of the seal `name` (without "seals/") of `v`: 1 when it is
 * genuine, its bytes appended to `data`; 0 when there is none (`why` stays empty) or a damaged
 * one (`why` says so); -1 when it cannot be reached. */
int tombstone_read(struct vault *v, const char *name, struct buffer *data, struct error *why,
                   struct error *e);

#endif
