/* SPDX-License-Identifier: Apache-2.0 */
/* note_codec.h - notes to and from bytes, and as they stand in storage.
 * Format: doc/format.md section 15. */
#ifndef CORE_VAULT_NOTE_CODEC_H
#define CORE_VAULT_NOTE_CODEC_H

#include "vault/keys.h"
#include "vault/name.h"
#include "vault/note.h"

enum { NOTE_OBJECT_LIMIT = 8 << 20, NOTE_SALT_SIZE = 32 };

/* Encodes, seals with the keys of epoch `key_epoch` and signs for the vault `uuid`. */
int note_encode(const struct vault_note *note, const uint8_t uuid[16], uint32_t key_epoch,
                const uint8_t salt[NOTE_SALT_SIZE], const struct keys *keys, struct buffer *out,
                struct error *e);
/* Decodes the object stored as `name` into `*note` (freed by the caller on success): form,
 * signature, vault and name; and, unless `keys` is NULL, what it says.  INTEGRITY, WRONG_KEY or
 * NEWER_FORMAT, naming the object. */
int note_decode(const void *data, size_t size, const char *name, const struct trust *trust,
                const struct keys *keys, struct vault_note *note, struct error *e);

/* One that stands in storage. */
struct note_entry {
    char name[64];
    struct name parsed;
    uint64_t bytes;
};
/* All of them, by topic and generation; the caller frees `*entries`. */
int note_entries(struct vault *v, struct note_entry **entries, size_t *count, struct error *e);
/* Checks one, without keys: 0, or -1 with INTEGRITY, NOT_FOUND when it went, or why it cannot
 * be read. */
int note_check(struct vault *v, const struct note_entry *entry, struct error *e);

#endif
