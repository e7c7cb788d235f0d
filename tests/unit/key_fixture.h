/* SPDX-License-Identifier: Apache-2.0 */
/* key_fixture.h - what tests of key providers share: a provider from words, and what each must
 * do with what it has wrapped. */
#ifndef TESTS_UNIT_KEY_FIXTURE_H
#define TESTS_UNIT_KEY_FIXTURE_H

#include "driver_fixture.h"

#define KEY_CONTEXT "vault"

extern const uint8_t key_secret[32];

/* A provider with what it stands on.  `{0}` is closed. */
struct key_opened {
    struct instance *instance;
    struct key_provider *provider;
};
/* Opens `driver` with `words` (ends with NULL); the test fails when it does not. */
struct key_opened key_open(struct driver_host *host, const char *driver,
                           const char *const *words, uint64_t flags);
/* The same must fail with this class, and `part` in the text.  Its code is returned. */
uint32_t key_open_fails(struct driver_host *host, const char *driver, const char *const *words,
                        uint64_t flags, uint32_t error_class, const char *part);
void key_close(struct key_opened *k);

/* Wraps key_secret under KEY_CONTEXT; the caller frees. */
struct buffer key_wrap_secret(struct key_opened *k);
void key_wrap_fails(struct key_opened *k, uint32_t error_class, const char *part);
/* What comes out must be key_secret. */
void key_unwrap_secret(struct key_opened *k, const struct buffer *wrapped);
/* Returns the code. */
uint32_t key_unwrap_fails(struct key_opened *k, const struct buffer *wrapped,
                          uint32_t error_class, const char *part);

/* What the contract asks of every provider: round trip, no form twice, nothing of the secret to
 * be seen, every altered byte and every cut told, other contexts refused, no room. */
void key_keeps_the_contract(struct key_opened *k);

#endif
