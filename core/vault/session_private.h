/* SPDX-License-Identifier: Apache-2.0 */
/* session_private.h - a session as its own files see it. */
#ifndef CORE_VAULT_SESSION_PRIVATE_H
#define CORE_VAULT_SESSION_PRIVATE_H

#include "vault/journal.h"
#include "vault/moves.h"
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
    struct prune_epochs epochs; /* what was condemned when last looked at */
    uint64_t signs;             /* made so far, and when the last one was due */
    int64_t sign_ns;
    struct vault_writer writer;
    struct journal *journal;
    struct index *index;
    struct packer *packer;
    struct store *store;

    /* Of the parent; none when has_parent is false. */
    bool has_parent;
    uint8_t parent[32];
    uint64_t parent_number;         /* prune_seal_number */
    struct seal_pack *parent_packs; /* all of them, rolls followed and moves heeded */
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

/* session_prune.c */
/* Fills the packs of the parent; one that needs a condemned pack is none. */
int session_prune_parent(struct session *s, const struct seal *parent, struct error *e);
/* Before the seal: what was condemned since is left to its heirs where the parent alone needs
 * it.  BUSY when something that is needed was deleted, so that the caller has to begin anew. */
int session_prune_before(struct session *s, struct error *e);
/* After the seal `seal`: 1 when it stands; 0 when it does not, as somebody took the session for
 * dead and what it needs may be gone: then it is withdrawn, and `e` says so (BUSY); -1. */
int session_prune_after(struct session *s, const struct session_object *object, uint32_t epoch,
                        const struct seal *seal, struct error *e);
/* Gives a sign of life when it is time. */
void session_prune_sign(struct session *s);
/* The parent is none from now on. */
void session_drop_parent(struct session *s, const char *why);

/* session_needs.c: fills the packs and rolls of the seal; writes rolls when the list is long.
 */
int session_needs(struct session *s, struct seal *draft, struct error *e);

#endif
