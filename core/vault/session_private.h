/* SPDX-License-Identifier: Apache-2.0 */
/* session_private.h - a session as its own files see it. */
#ifndef CORE_VAULT_SESSION_PRIVATE_H
#define CORE_VAULT_SESSION_PRIVATE_H

#include "vault/journal.h"
#include "vault/packer.h"
#include "vault/session_object.h"
#include "vault/store_private.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    SESSION_MAGIC = 0x53455353,
    SESSION_TABLE_BYTES = 12 << 20, /* tables of contents in memory */
    SESSION_BLOCK_BYTES = 4 << 20,  /* decoded blocks of older trees */
    SESSION_PACK_LIMIT = 512,       /* packs in a seal before they go to a roll */
    SESSION_ROLL_LIMIT = 8          /* rolls in a seal before they are merged */
};

/* What a pack of the index is to the session. */
enum { PACK_NEEDED = 1, PACK_OWN = 2, PACK_RESUMED = 4 };

struct session {
    uint32_t magic; /* SESSION_MAGIC */
    struct vault *vault;
    uint8_t source[16];
    struct session_object object;
    char host[256];
    uint32_t epoch;
    struct vault_writer writer;
    struct journal *journal;
    struct index *index;
    struct packer *packer;
    struct store *store;

    /* Of the parent; none when has_parent is false. */
    bool has_parent;
    uint8_t parent[32];
    struct seal_pack *parent_packs; /* all of them, rolls followed */
    size_t parent_pack_count;
    uint8_t (*parent_rolls)[32];
    size_t parent_roll_count;

    pthread_mutex_t lock; /* of `packs` */
    uint8_t *packs;       /* PACK_..., by number in the index */
    size_t pack_room;

    atomic_uint_fast64_t chunks_new, chunks_known, bytes_new, bytes_stored, pack_total,
        bytes_resumed;
};

/* Marks pack `number` of the index; `*marks` (may be NULL) receives what it is marked with. */
int session_mark(struct session *s, uint32_t number, uint8_t mark, uint8_t *marks,
                 struct error *e);

/* session_resume.c: takes over what an interrupted session left, or starts a new journal.  Sets
 * the session's uuid. */
int session_resume_begin(struct session *s, struct journal_content *content, struct error *e);
/* Makes the packs of the interrupted session the session's own. */
int session_resume_packs(struct session *s, const struct journal_content *content,
                         struct error *e);

/* session_needs.c: fills the packs and rolls of the seal; writes rolls when the list is long.
 */
int session_needs(struct session *s, struct seal *draft, struct error *e);

#endif
