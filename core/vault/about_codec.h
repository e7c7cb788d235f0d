/* SPDX-License-Identifier: Apache-2.0 */
/* about_codec.h - what a copy of a vault is, to and from bytes, and as it stands in storage.
 * Format: doc/format.md section 4.1. */
#ifndef CORE_VAULT_ABOUT_CODEC_H
#define CORE_VAULT_ABOUT_CODEC_H

#include "vault/about.h"
#include "vault/keys.h"
#include "vault/name.h"

enum { ABOUT_OBJECT_LIMIT = 8 << 20 };

/* Encodes and signs for the vault `uuid`. */
int about_encode(const struct vault_about *about, const uint8_t uuid[16],
                 const struct keys *keys, struct buffer *out, struct error *e);
/* Decodes the object stored as `name` into `*about` (freed by the caller on success): form,
 * signature, vault and name.  INTEGRITY or NEWER_FORMAT, naming the object. */
int about_decode(const void *data, size_t size, const char *name, const struct trust *trust,
                 struct vault_about *about, struct error *e);

/* A generation as it stands in storage. */
struct about_entry {
    char name[32];
    uint32_t generation;
    uint64_t bytes;
    bool valid;
    struct vault_about about; /* when valid */
    struct error why;         /* when not; class NOT_FOUND: it went after the listing */
};
/* Reads and judges all generations, ascending; freed with about_list_free. */
int about_load(struct vault *v, struct about_entry **entries, size_t *count, struct error *e);
void about_list_free(struct about_entry *entries, size_t count);

#endif
