/* SPDX-License-Identifier: Apache-2.0 */
/* vault_fixture.h - what tests of packs, sessions and stores share: a vault on a real target,
 * made anew, and chunks whose content follows from a number. */
#ifndef TESTS_UNIT_VAULT_FIXTURE_H
#define TESTS_UNIT_VAULT_FIXTURE_H

#include "driver_fixture.h"
#include "vault/store.h"

/* A vault and all below it. */
struct vault_fixture {
    struct driver_host *host;
    struct instance *instance;
    struct target *target;
    struct vault *vault;
    char *scratch; /* holds the target of tgt_dir, and `cache` */
    char *cache;   /* NULL = the vault has no cache directory */
    uint8_t recovery_key[32];
    uint8_t writer[16];
    uint8_t source[16];
};

/* Settings to change before the vault is made; NULL = the defaults. */
typedef void vault_fixture_tune(struct vault_settings *settings);

/* `driver`: "tgt_mem" or "tgt_dir". */
void vault_fixture_make(struct vault_fixture *f, const char *driver, bool with_cache,
                        vault_fixture_tune *tune);
/* On a tgt_mem that holds `bytes` bytes. */
void vault_fixture_make_limited(struct vault_fixture *f, uint64_t bytes,
                                vault_fixture_tune *tune);
void vault_fixture_drop(struct vault_fixture *f);
/* Closes the vault and opens it again, as another process would; `cache` stays. */
void vault_fixture_reopen(struct vault_fixture *f);

/* A session of the fixture's writer and source. */
struct session *vault_fixture_session(struct vault_fixture *f, const struct seal *parent);
/* Ends the session with a seal; the caller frees it. */
struct seal *vault_fixture_seal(struct session *s);

/* Content number `number` of `size` bytes: compressible unless `noise`. */
void vault_fixture_content(uint64_t number, bool noise, uint8_t *data, size_t size);
/* Puts it. */
void vault_fixture_put(struct vault_fixture *f, struct session *s, enum chunk_kind kind,
                       uint64_t number, size_t size);
/* Reads it back and compares. */
void vault_fixture_expect(struct vault_fixture *f, struct store *st, enum chunk_kind kind,
                          uint64_t number, size_t size);

#endif
