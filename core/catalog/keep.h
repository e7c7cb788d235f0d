/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep.h - what keeps backups from being deleted, what was let go and why, and what was seen of
 * their health.  Conventions: see catalog.h.
 */
#ifndef CORE_CATALOG_KEEP_H
#define CORE_CATALOG_KEEP_H

#include "catalog/catalog.h"

/* X(symbol, name, what it is) */
#define CATALOG_PINS(X)                                                                        \
    X(HOLD, "hold", "somebody keeps it by hand")                                               \
    X(IMAGE, "image", "an image was made from it")                                             \
    X(JOB, "job", "a job is reading it, or uses it as parent")
enum catalog_pin_kind {
#define X(symbol, name, text) CATALOG_PIN_##symbol,
    CATALOG_PINS(X)
#undef X
};
const char *catalog_pin_kind_name(enum catalog_pin_kind kind);

struct catalog_pin {
    uint8_t vault[CATALOG_ID_SIZE];
    char backup[CATALOG_SEAL_ID_SIZE];
    enum catalog_pin_kind kind;
    char owner[CATALOG_TEXT_SIZE]; /* several of a kind differ by it: a task, an image, "" */
    char reason[CATALOG_TEXT_SIZE];
    int64_t created_ns;
};
/* Fills in created_ns; one that is there gets this reason.  Kind JOB is bound to this process
 * and ends with it. */
int catalog_pin_set(struct catalog *c, struct catalog_pin *pin, struct error *e);
/* 1, or 0 when there was none. */
int catalog_pin_clear(struct catalog *c, const struct catalog_pin *pin, struct error *e);
/* Those of a backup, or of a vault (`backup` NULL); pins of dead processes are left out. */
int catalog_pin_list(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                     const char *backup,
                     int (*each)(void *context, const struct catalog_pin *pin, struct error *e),
                     void *context, struct error *e);

/* A backup that was let go. */
struct catalog_deletion {
    int64_t number;
    uint8_t vault[CATALOG_ID_SIZE];
    char backup[CATALOG_SEAL_ID_SIZE];
    char source_name[CATALOG_TEXT_SIZE];
    char backup_name[NAME_REPLICA_SIZE];
    int64_t created_ns; /* of the backup */
    int64_t at_ns;
    char policy[NAME_SIZE];         /* empty = by hand */
    char rule[64];                  /* "keep-count", "by-hand", ... */
    char reason[CATALOG_TEXT_SIZE]; /* one sentence */
};
/* Fills in number and at_ns.  Put it into the transaction that buries the backup. */
int catalog_deletion_insert(struct catalog *c, struct catalog_deletion *deletion,
                            struct error *e);
/* Newest first; `backup` (abbreviated) NULL = of all, `vault` NULL = of all. */
int catalog_deletion_list(struct catalog *c, const uint8_t *vault, const char *backup,
                          uint64_t limit,
                          int (*each)(void *context, const struct catalog_deletion *deletion,
                                      struct error *e),
                          void *context, struct error *e);

/* The brake on expiry in a vault. */
struct catalog_expiry_brake {
    int64_t braked_ns;   /* since when it holds; 0 = it does not */
    int64_t released_ns; /* when somebody last said that the deletions were meant; 0 = never */
    char reason[CATALOG_TEXT_SIZE];
};
int catalog_expiry_brake_get(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                             struct catalog_expiry_brake *brake, struct error *e);
int catalog_expiry_brake_set(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                             const struct catalog_expiry_brake *brake, struct error *e);

/* Objects (packs, runs, rolls: named by a hash) that were read in full. */
struct catalog_verified {
    uint8_t object[CATALOG_HASH_SIZE];
    uint64_t bytes;
    int64_t at_ns;
    bool whole;
};
int catalog_verified_set(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                         const struct catalog_verified *verified, struct error *e);
/* Forgets an object that is gone; NULL = all of the vault. */
int catalog_verified_clear(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                           const uint8_t *object, struct error *e);
/* By object. */
int catalog_verified_list(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                          int (*each)(void *context, const struct catalog_verified *verified,
                                      struct error *e),
                          void *context, struct error *e);

/* A restore drill and its evidence. */
struct catalog_drill {
    int64_t number;
    uint8_t vault[CATALOG_ID_SIZE];
    char backup[CATALOG_SEAL_ID_SIZE];
    char policy[NAME_SIZE]; /* empty = by hand */
    char state[16];         /* "success", "differs", "failed" */
    int64_t started_ns, ended_ns;
    uint64_t entries, bytes, differences;
    uint8_t
        digest[CATALOG_HASH_SIZE]; /* over names, metadata and content of what was restored */
    char task[CATALOG_TASK_ID_SIZE];
    char detail[ERROR_TEXT_SIZE]; /* the first difference, or the error */
};
int catalog_drill_insert(struct catalog *c, struct catalog_drill *drill, struct error *e);
/* Newest first; `vault` NULL = of all, `limit` 0 = all. */
int catalog_drill_list(struct catalog *c, const uint8_t *vault, uint64_t limit,
                       int (*each)(void *context, const struct catalog_drill *drill,
                                   struct error *e),
                       void *context, struct error *e);

/* Something that people are still to be told, by one way of the configuration. */
struct catalog_notice {
    int64_t number;
    char event[32];    /* as in engine/tell.h */
    char severity[16]; /* "info", "warning", "error" */
    char subject[CATALOG_TEXT_SIZE];
    char *body; /* freed by catalog_notice_free */
    char way[CATALOG_TEXT_SIZE];
    int64_t created_ns, due_ns;
    uint64_t attempts;
    char error_text[ERROR_TEXT_SIZE];
};
void catalog_notice_free(struct catalog_notice *notice);
int catalog_notice_insert(struct catalog *c, struct catalog_notice *notice, struct error *e);
/* The next that is due: 1 and `*notice`, 0, -1. */
int catalog_notice_next(struct catalog *c, int64_t now_ns, struct catalog_notice *notice,
                        struct error *e);
int catalog_notice_done(struct catalog *c, int64_t number, struct error *e);
/* It could not be told; it is tried again at `due_ns`. */
int catalog_notice_again(struct catalog *c, int64_t number, int64_t due_ns, const char *why,
                         struct error *e);
/* How many wait. */
int catalog_notice_count(struct catalog *c, uint64_t *count, struct error *e);

#endif
