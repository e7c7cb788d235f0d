/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_object.h - sessions as the vault shows them: who writes now, since which prune epoch.
 * Format: doc/format.md section 10.
 */
#ifndef CORE_VAULT_SESSION_OBJECT_H
#define CORE_VAULT_SESSION_OBJECT_H

#include "vault/prune_epochs.h"
#include "vault/vault_private.h"

struct session_object {
    uint8_t vault[16];
    uint8_t session[16];
    uint8_t writer[16];
    int64_t created_ns;
    const char *host;
    const char *seal; /* of `.done`: name of the seal, "" = withdrawn; else NULL */
    uint32_t kind;    /* SESSION_... */
    const char
        *process; /* of kinds COPY and PRUNE: as base/process.h has it; NULL = not said */
};

/* What a session does: it makes a backup, copies backups from another copy of the vault, or
 * prunes. */
enum { SESSION_WRITER = 0, SESSION_COPY = 1, SESSION_PRUNE = 2 };

void session_object_encode(const struct session_object *object, struct buffer *out);

/* Registers a session under the highest prune epoch that it can heed (prune_epochs_usable),
 * which goes to `*epoch`; `*epochs` receives what is condemned. */
int session_object_register(struct vault *v, const struct session_object *object,
                            uint32_t *epoch, struct prune_epochs *epochs, struct error *e);
/* Says that the session lives: the sign `number`, made now. */
int session_object_sign(struct vault *v, const struct session_object *object, uint32_t epoch,
                        uint64_t number, struct error *e);
/* Whether the session is still registered: 1, 0, -1. */
int session_object_is_there(struct vault *v, const struct session_object *object,
                            uint32_t epoch, struct error *e);
/* Writes `.done`; one that is there already is fine. */
int session_object_finish(struct vault *v, const struct session_object *object, uint32_t epoch,
                          struct error *e);

/* A session as listings show it: all its objects together. */
struct session_entry {
    uint8_t session[16];
    uint32_t epoch; /* the highest it is registered under */
    bool done;      /* it has said its end */
    bool open;      /* registered there, and not done */
    bool dead;      /* its process is, for certain: no sign of life will come */
    uint32_t kind;
    int64_t sign_ns; /* the latest that it said */
};

/* All sessions, ascending by their ids; the caller frees `*entries`.  Objects that cannot be
 * read count as signs of an unknown writer at time 0. */
int session_object_list(struct vault *v, struct session_entry **entries, size_t *count,
                        struct error *e);

#endif
