/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault_place.h - a vault on a real target (tgt_mem, or tgt_dir where a test damages files),
 * with a recovery key and a passphrase.
 */
#ifndef TESTS_UNIT_VAULT_PLACE_H
#define TESTS_UNIT_VAULT_PLACE_H

#include "driver_fixture.h"
#include "vault/seal.h"
#include "vault/vault.h"

struct vault_place {
    struct instance *instance;
    struct target *target;
    struct vault *vault; /* open; NULL after vault_place_empty */
    char *scratch;       /* a folder of the test's own */
    char *folder;        /* tgt_dir: where the objects are files */
    uint8_t recovery[32];
};

extern const char vault_place_passphrase[];
extern const uint8_t vault_place_writer[16];
extern const uint8_t vault_place_source[16];

/* The drivers of this process. */
struct driver_host *vault_place_host(void);
/* Targets only, empty. */
void vault_place_empty(struct vault_place *f, const char *driver);
/* And creates the vault; 0, or -1 with `e`. */
int vault_place_create(struct vault_place *f, struct error *e);
/* Place, create, open with a cache (when `cached`), unlock by the recovery key. */
void vault_place_open(struct vault_place *f, const char *driver, bool cached);
/* Closes and opens the vault again, locked or unlocked. */
void vault_place_again(struct vault_place *f, bool cached, bool unlocked);
void vault_place_close(struct vault_place *f);

/* Objects whose names start with `prefix`. */
size_t vault_place_count(struct vault_place *f, const char *prefix);
/* The name of object `index` under `prefix`; static storage. */
const char *vault_place_name(struct vault_place *f, const char *prefix, size_t index);
/* Replaces an object's bytes through the file (tgt_dir): those at `offset` are flipped; a
 * negative offset counts from the end. */
void vault_place_flip(struct vault_place *f, const char *name, long offset);
/* Cuts an object to `bytes` (tgt_dir). */
void vault_place_cut(struct vault_place *f, const char *name, long bytes);
/* Removes an object behind the vault's back. */
void vault_place_lose(struct vault_place *f, const char *name);
/* Stores an object behind the vault's back. */
void vault_place_plant(struct vault_place *f, const char *name, const void *data, size_t size);

/* A seal of a backup called `name` that needs `pack_count` packs; the caller frees it. */
struct seal *vault_place_draft(const char *name, const struct seal_pack *packs,
                               size_t pack_count);
/* Writes it; the caller frees it. */
struct seal *vault_place_seal(struct vault_place *f, const char *name,
                              const struct seal_pack *packs, size_t pack_count);
/* An object of `bytes` bytes of text that passes for a pack as far as names and sizes go. */
struct seal_pack vault_place_pack(struct vault_place *f, const char *text, size_t bytes);

#endif
