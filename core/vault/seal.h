/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal.h - backups of a vault: their seals, their deletion.  Format: doc/format.md section 9.
 */
#ifndef CORE_VAULT_SEAL_H
#define CORE_VAULT_SEAL_H

#include "vault/tree.h"
#include "vault/vault.h"

#include <stdatomic.h>

enum { SEAL_ID_TEXT = 17, SEAL_NAME_SIZE = 40, SEAL_PROBLEM_LIMIT = 1000 };

/* X(member, name in --json and tables): the counters of inner TLV 9, in its order. */
#define SEAL_COUNTERS(X)                                                                       \
    X(entries, "entries")                                                                      \
    X(entries_new, "new")                                                                      \
    X(entries_changed, "changed")                                                              \
    X(entries_unchanged, "unchanged")                                                          \
    X(bytes_read, "bytes_read")                                                                \
    X(chunks_new, "chunks_new")                                                                \
    X(bytes_new, "bytes_new")                                                                  \
    X(bytes_stored, "bytes_stored")

struct seal_counters {
#define X(member, name) uint64_t member;
    SEAL_COUNTERS(X)
#undef X
};

struct seal_pack {
    uint8_t hash[32];
    uint64_t bytes;
};

/* A name and a value: parameters, rules and tags. */
struct seal_pair {
    char *name;
    char *value;
};

/* An entry that could not be read. */
struct seal_problem {
    uint8_t *key;
    size_t key_size;
    uint32_t error_class;
    char *text;
};

enum { SEAL_PARTIAL = 1, SEAL_FULL = 2 };

/* A decoded seal.  Owns all it points to; made by seal_new or a listing, freed by seal_free.
 * The inner part is empty (`opened` false) when the vault is locked. */
struct seal {
    char name[SEAL_NAME_SIZE]; /* without "seals/" */
    char id[SEAL_ID_TEXT];     /* 16 hex digits: the backup's id */
    uint8_t hash[32];          /* of the object */
    uint64_t object_bytes;
    uint8_t session[16];
    uint32_t prune_epoch;
    uint8_t writer[16];
    int64_t created_ns;
    uint32_t key_epoch;
    uint8_t (*previous)[32];
    size_t previous_count;
    struct seal_pack *packs; /* those listed in the seal itself */
    size_t pack_count;
    uint8_t (*rolls)[32];
    size_t roll_count;

    bool opened;
    uint8_t source_id[16];
    char *source_driver;
    char *source_name;
    char *host;
    struct seal_pair *parameters;
    size_t parameter_count;
    struct tree_root root;
    int64_t start_ns;
    int64_t end_ns;
    struct seal_counters counters;
    char *backup_name;
    char *description;
    uint32_t flags; /* SEAL_... */
    uint64_t problem_total;
    struct seal_problem *problems; /* the first SEAL_PROBLEM_LIMIT */
    size_t problem_count;
    char *program;
    bool has_parent;
    uint8_t parent[32]; /* hash of the parent's seal */
    struct seal_pair *tags;
    size_t tag_count;
    struct seal_pair *rules; /* of the source, in their order; seals of old have none */
    size_t rule_count;

    atomic_uint shares; /* how many hold it, but for one */
};

struct seal *seal_new(struct error *e);
/* Another share of a seal that nobody changes any more; each is freed. */
struct seal *seal_share(struct seal *s);
/* The last share frees it.  NULL is fine. */
void seal_free(struct seal *s);
/* Copies text into an owned member (frees what was there; NULL clears). */
int seal_set_text(char **member, const char *value, struct error *e);
int seal_add_parameter(struct seal *s, const char *name, const char *value, struct error *e);
int seal_add_tag(struct seal *s, const char *name, const char *value, struct error *e);
int seal_add_rule(struct seal *s, const char *name, const char *value, struct error *e);
/* Counts a problem and keeps it while there is room. */
int seal_add_problem(struct seal *s, const void *key, size_t key_size, uint32_t error_class,
                     const char *text, struct error *e);

/* A list of seals, oldest first.  seal_list_free frees all. */
struct seal_list {
    struct seal **seals;
    size_t count;
};
void seal_list_free(struct seal_list *list);

/* A seal that could not be used, met while listing. */
typedef void seal_damage_function(void *context, const char *object, const struct error *why);

/*
 * All backups of the vault, checked (signature, certificate, and when unlocked the inner part).
 * Damaged seals are left out and handed to `damage` (NULL = they are logged as warnings). Seals
 * with a tombstone are left out.
 */
int vault_backups(struct vault *v, struct seal_list *list, seal_damage_function *damage,
                  void *context, struct error *e);
/* One backup by id (abbreviated, at least 4 digits), full seal name, "latest", or "latest~N",
 * the last two over backups of `source_id` (NULL = all).  no-such-backup, ambiguous. The result
 * points into `list`. */
int seal_list_find(const struct seal_list *list, const char *text, const uint8_t *source_id,
                   const struct seal **seal, struct error *e);
/* All packs a backup needs, ascending, rolls followed and moves (vault/moves.h) heeded; the
 * caller frees `*packs`. */
int vault_backup_packs(struct vault *v, const struct seal *seal, struct seal_pack **packs,
                       size_t *count, struct error *e);
/* Deletes a backup: tombstone, then the seal.  The vault is unlocked.  What its lock holds
 * stays (vault/lock.h): BACKUP_LOCKED, LOCK_STATE. */
int vault_backup_delete(struct vault *v, const struct seal *seal, const uint8_t writer_id[16],
                        const char *reason, struct error *e);
/* Whether the vault has a genuine tombstone of the seal `name` (without "seals/"): 1, 0, -1. */
int vault_backup_is_deleted(struct vault *v, const char *name, struct error *e);
/* Removes the seals that valid tombstones hide: what deletions that were broken off have left.
 * Where the store lets nothing be removed they stay, and hinder nobody. */
int vault_deletions_finish(struct vault *v, struct error *e);

#endif
