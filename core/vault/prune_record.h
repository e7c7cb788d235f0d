/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune_record.h - what prune writes down: packs that it condemns, packs that it deletes, and
 * moves, which say for good where the chunks of packs went that are there no more.
 * Format: doc/format.md section 13.
 *
 * Each states facts that hold in every copy of the vault: of the packs named in it, the backups
 * named in it need no chunk that its heirs do not have.
 */
#ifndef CORE_VAULT_PRUNE_RECORD_H
#define CORE_VAULT_PRUNE_RECORD_H

#include "vault/keys.h"
#include "vault/name.h"
#include "vault/vault_private.h"

enum { PRUNE_RECORD_LIMIT = 128 << 20 }; /* bytes of a record */

/* A pack that is, or will be, gone. */
struct prune_gone {
    struct seal_pack id;
    uint32_t first, count; /* in `places`: which heirs have its chunks that are needed */
};

/* `{0}` is empty.  Owns its arrays: prune_record_free. */
struct prune_record {
    enum name_kind kind; /* CONDEMN, DELETE or MOVE */
    uint32_t epoch;      /* 0 in moves */
    int64_t created_ns;
    uint64_t *seals; /* ids of the backups that it speaks of, ascending */
    size_t seal_count;
    struct prune_gone *gone; /* ascending by hash */
    size_t gone_count;
    struct seal_pack *heirs; /* ascending by hash */
    size_t heir_count;
    uint32_t *places; /* numbers of heirs */
    size_t place_count;
    uint8_t (*rolls)[32]; /* rolls that are gone, ascending; none in moves */
    size_t roll_count;
};

void prune_record_free(struct prune_record *r);

/* Appends the record, signed by `writer`.  The vault is that of `uuid` (16 bytes). */
int prune_record_encode(const struct prune_record *r, const uint8_t uuid[16],
                        const struct vault_writer *writer, struct buffer *out, struct error *e);
/* Decodes and checks what stands under `name` (full).  INTEGRITY naming it, or NEWER_FORMAT. */
int prune_record_decode(const struct trust *trust, const void *data, size_t size,
                        const char *name, struct prune_record *r, struct error *e);
/* Reads it from the target; NOT_FOUND too.  With `bytes` (may be NULL) what was read is
 * appended. */
int prune_record_read(struct vault *v, const char *name, struct buffer *bytes,
                      struct prune_record *r, struct error *e);
/* Stores it under its own name, which goes to `name`; not flushed.  1 when the name of a
 * CONDEMN or DELETE is taken by another, else 0 or -1. */
int prune_record_write(struct vault *v, const struct prune_record *r,
                       const struct vault_writer *writer, char name[NAME_SIZE],
                       struct error *e);

/* The entry of a pack, or NULL. */
const struct prune_gone *prune_record_find(const struct prune_record *r,
                                           const uint8_t hash[32]);
bool prune_record_has_roll(const struct prune_record *r, const uint8_t hash[32]);
/* Whether it speaks of the backup. */
bool prune_record_covers(const struct prune_record *r, uint64_t seal);
/* The id of a seal as a number: its 16 hex digits. */
uint64_t prune_seal_number(const struct seal *seal);

#endif
