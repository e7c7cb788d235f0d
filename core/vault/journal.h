/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - what a session has stored so far, in the cache directory, for a later session to
 * take up when this one dies.  Locked while its session lives.  A lost or torn journal costs
 * sending again what it knew.
 *
 * Lines of text, each with its crc32c in front: "session UUID WRITER SOURCE EPOCH", "pack HASH
 * BYTES KIND" per committed pack, "sealed NAME".
 */
#ifndef CORE_VAULT_JOURNAL_H
#define CORE_VAULT_JOURNAL_H

#include "vault/vault_private.h"

/* All calls accept a NULL journal and do nothing then. */
struct journal;

/* Whose journal it is. */
struct journal_owner {
    uint8_t session[16];
    uint8_t writer[16];
    uint8_t source[16];
    uint32_t epoch;
};

/* What an interrupted session left.  `packs` is the caller's to free. */
struct journal_content {
    struct journal_owner owner;
    struct seal_pack *packs;
    size_t pack_count;
    char sealed[SEAL_NAME_SIZE]; /* "" = not sealed */
};

/* NULL when there is no cache directory: then the session cannot be taken up. */
struct journal *journal_create(struct vault *v, const struct journal_owner *owner);
/* The journal of a dead session of this writer and source, or NULL. */
struct journal *journal_take_over(struct vault *v, const uint8_t writer[16],
                                  const uint8_t source[16], struct journal_content *content);
void journal_pack(struct journal *j, const struct seal_pack *pack);
void journal_sealed(struct journal *j, const char *name);
/* Closes it; it stays for a later session. */
void journal_close(struct journal *j);
/* Removes and closes it: the session is finished. */
void journal_finish(struct journal *j);

#endif
