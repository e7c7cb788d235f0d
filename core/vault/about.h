/* SPDX-License-Identifier: Apache-2.0 */
/*
 * about.h - what one copy of a vault is.  Format: doc/format.md section 4.1.
 *
 * A mirror has the same configuration, keys and packs as its source.  What differs - its own
 * id, its name, its role, where its source is - stands in its own `about/` objects, together
 * with the facts that a catalog must find again after it was lost.  An object is signed with
 * the vault's root key: writing needs an unlocked vault, reading and checking does not.
 *
 * Who may write to the storage can bring back an older object or that of another copy: nothing
 * that decides over data may rest on it alone.
 */
#ifndef CORE_VAULT_ABOUT_H
#define CORE_VAULT_ABOUT_H

#include "vault/seal.h"

enum {
    VAULT_ABOUT_PAIR_LIMIT = 1000,
    VAULT_ABOUT_NAME_LIMIT = 255,  /* bytes of a pair's name, from 1 */
    VAULT_ABOUT_VALUE_LIMIT = 4096 /* bytes of a pair's value */
};

/* X(symbol, name of a pair): the names in use.  "tag:KEY" stands for a tag. */
#define VAULT_ABOUT_NAMES(X)                                                                   \
    X(NAME, "name")                                                                            \
    X(DESCRIPTION, "description")                                                              \
    X(TYPE, "type")                                                                            \
    X(ROLE, "role")                                                                            \
    X(PLAN, "plan")                                                                            \
    X(PROJECT, "project")                                                                      \
    X(ENCRYPTION, "encryption")                                                                \
    X(SOURCE_ID, "source-id")                                                                  \
    X(SOURCE_VAULT, "source-vault")                                                            \
    X(SOURCE_REGION, "source-region")                                                          \
    X(CREATED, "created")                                                                      \
    X(TRIAL_END, "trial-end")                                                                  \
    X(QUOTA, "quota")                                                                          \
    X(QUOTA_WARNING, "quota-warning")                                                          \
    X(AUTO_EXPAND, "auto-expand")                                                              \
    X(DELETED, "deleted")                                                                      \
    X(PURGE, "purge")
#define VAULT_ABOUT_TAG "tag:"

/* `{0}` is empty.  Owns the pairs: vault_about_free. */
struct vault_about {
    uint8_t id[16];          /* of this copy */
    uint32_t generation;     /* from 1; set by reading and writing */
    int64_t created_ns;      /* when this generation was written; set likewise */
    struct seal_pair *pairs; /* ascending by name, each name once */
    size_t pair_count;
};

/* Adds a pair, or replaces the value of the one with this name; NULL removes it.  INVALID for
 * a name or value that is too long, for an empty name, and beyond the limit of pairs. */
int vault_about_add(struct vault_about *about, const char *name, const char *value,
                    struct error *e);
/* The value, or NULL. */
const char *vault_about_find(const struct vault_about *about, const char *name);
/* Frees the pairs and makes it empty.  NULL is fine. */
void vault_about_free(struct vault_about *about);

/* Reads the newest generation that is genuine into `*about` (zeroed by the caller, or empty):
 * 1, 0 when there is none, -1 when it cannot be reached.  Damaged ones are logged. */
int vault_about_read(struct vault *v, struct vault_about *about, struct error *e);
/*
 * Writes a new generation, durably, then removes older ones where the store allows it; fills in
 * generation and created_ns.  LOCKED; NEWER_FORMAT as vault_writable.
 */
int vault_about_write(struct vault *v, struct vault_about *about, struct error *e);

#endif
