/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key.h - a key provider, opened: see <lagan/key.h> for the contract.  Thread-safe.
 *
 * A provider that answers that its key cannot be had - NOT_FOUND, DENIED, AUTH, OFFLINE, IO -
 * makes the code KEY_UNAVAILABLE.
 */
#ifndef CORE_DRIVER_KEY_H
#define CORE_DRIVER_KEY_H

#include "base/buffer.h"
#include "driver/instance.h"

#include <lagan/key.h>

struct key_provider;

/* Opens `i` (ready; of a key driver; outlives the result).  `flags`: LAGAN_OPEN_INITIALISE
 * creates the provider's key when there is none. */
struct key_provider *key_provider_open(struct instance *i, uint64_t flags, struct error *e);
/* NULL is fine. */
void key_provider_close(struct key_provider *p);
const struct driver *key_provider_driver(const struct key_provider *p);

/* Appends to `wrapped` the form of `secret` that can be stored, bound to `context`. */
int key_provider_wrap(struct key_provider *p, const void *context, size_t context_size,
                      const void *secret, size_t secret_size, struct buffer *wrapped,
                      struct error *e);
/* The reverse, into `secret` (room for `room` bytes); its length goes to `*secret_size`.
 * Errors: class AUTH, code WRONG_KEY for another key than the one that wrapped it; CORRUPT when
 * altered or of another context.  On failure `secret` is zeroed. */
int key_provider_unwrap(struct key_provider *p, const void *context, size_t context_size,
                        const void *wrapped, size_t wrapped_size, void *secret, size_t room,
                        size_t *secret_size, struct error *e);
/* A line for people on which key this is; never secret. */
int key_provider_identify(struct key_provider *p, char *text, size_t room, struct error *e);

#endif
