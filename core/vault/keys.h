/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys.h - the master secrets of a vault and what is derived from them.
 * Format: doc/format.md section 3.
 */
#ifndef CORE_VAULT_KEYS_H
#define CORE_VAULT_KEYS_H

#include "crypto/hash.h"
#include "vault/vault_private.h"

enum { MASTERS_LIMIT = 64 };

/* The master secrets, by ascending epoch, the first 0.  In secret memory: made by masters_new.
 */
struct masters {
    uint32_t count; /* 1..MASTERS_LIMIT */
    struct {
        uint32_t epoch;
        uint8_t secret[32];
    } items[MASTERS_LIMIT];
};

/* All zeroes. */
struct masters *masters_new(struct error *e);
/* Wipes and frees.  NULL is fine. */
void masters_free(struct masters *m);

/* All keys of a vault, in secret memory.  Read-only once made: any number of threads. */
struct keys;

/* Derives all keys of the vault `uuid`; `m` is copied.  CORRUPT when it does not start with
 * epoch 0 or does not ascend. */
struct keys *keys_new(const uint8_t uuid[16], const struct masters *m, struct error *e);
/* Wipes and frees.  NULL is fine. */
void keys_free(struct keys *k);

/* All of these are valid until keys_free. */
const struct masters *keys_masters(const struct keys *k);
/* NULL for an unknown epoch. */
const uint8_t *keys_wrapping(const struct keys *k, enum vault_wrapping use, uint32_t epoch);
const struct mac_key *keys_identity(const struct keys *k, enum chunk_kind kind);
const struct mac_key *keys_link(const struct keys *k);
const uint8_t *keys_chunker(const struct keys *k);
const uint8_t *keys_node(const struct keys *k);
/* The public half of the vault's signing key. */
const uint8_t *keys_root_public(const struct keys *k);

/* Signs `label` ‖ `data` with the vault's signing key. */
int keys_root_sign(const struct keys *k, const char *label, const void *data, size_t size,
                   uint8_t signature[64], struct error *e);
/* Derives a writer and its certificate. */
int keys_writer(const struct keys *k, const uint8_t writer_id[16], struct vault_writer *writer,
                struct error *e);

/* Whom an object without keys is judged by. */
struct trust {
    const uint8_t *uuid;        /* 16 bytes */
    const uint8_t *root_public; /* 32 bytes */
};

/* Checks a signature of `label` ‖ `data`: 0, or INTEGRITY saying that `what` is not genuine. */
int trust_check(const uint8_t public_key[32], const char *label, const void *data, size_t size,
                const uint8_t signature[64], const char *what, struct error *e);
/* Checks that the root key has certified the writer. */
int trust_check_writer(const struct trust *trust, const uint8_t writer_id[16],
                       const uint8_t public_key[32], const uint8_t certificate[64],
                       struct error *e);

/* What the vault's own objects are judged by. */
struct trust vault_trust(const struct vault *v);
/* The keys of an unlocked vault; NULL while it is locked. */
const struct keys *vault_keys(const struct vault *v);
/* The same; NULL with LOCKED. */
const struct keys *vault_keys_needed(const struct vault *v, struct error *e);
/* Unlocks: the vault takes `keys` over.  INTEGRITY, and `keys` freed, when they are not those
 * of its configuration. */
int vault_adopt_keys(struct vault *v, struct keys *keys, struct error *e);
/* Remembers that the vault was unlocked with this recovery key: it may lift locks. */
int vault_adopt_recovery(struct vault *v, const uint8_t recovery_key[32], struct error *e);
/* The seed (32 bytes) of the key pair that lifts locks; NULL unless the vault was unlocked with
 * a recovery key. */
const uint8_t *vault_lift_seed(const struct vault *v);

#endif
