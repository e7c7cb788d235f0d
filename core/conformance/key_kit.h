/* SPDX-License-Identifier: Apache-2.0 */
/* key_kit.h - what the cases of key providers share. */
#ifndef CORE_CONFORMANCE_KEY_KIT_H
#define CORE_CONFORMANCE_KEY_KIT_H

#include "conformance/case.h"

enum { KEY_SECRET_LIMIT = 1024 };

/* A secret of a vault. */
struct key_secret {
    uint8_t data[KEY_SECRET_LIMIT];
    size_t size;
};

/* A wrapped secret. */
struct key_form {
    uint8_t data[LAGAN_WRAPPED_LIMIT];
    size_t size;
};

/* A secret that follows from `seed`. */
struct key_secret key_secret_of(uint64_t seed, size_t size);
/* The provider, open, with its key. */
struct opened *key_open(struct trial *t);
/* The same with a key of its own beside that one; skips where the provider cannot say where. */
struct opened *key_open_other(struct trial *t);

/* wrap, with room for as much as a form may have. */
uint32_t key_try_wrap(struct trial *t, struct opened *o, const char *context,
                      const struct key_secret *secret, struct key_form *form);
/* The same, and it must work. */
struct key_form key_wrap(struct trial *t, struct opened *o, const char *context,
                         const struct key_secret *secret);
/* unwrap into `room` bytes of `secret`; nothing may be written beyond. */
uint32_t key_try_unwrap(struct trial *t, struct opened *o, const char *context,
                        const struct key_form *form, size_t room, struct key_secret *secret);
/* Fails unless the form gives this secret. */
void key_expect_secret(struct trial *t, struct opened *o, const char *context,
                       const struct key_form *form, const struct key_secret *secret);

#endif
