/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog.h - what people manage, kept in one SQLite file: settings, regions, sources, vaults,
 * backups, tasks.  The only SQL of the program is in this room.
 *
 * The vaults are the truth; backups and vaults can be read back from them (`lagan catalog
 * rebuild`).  The file is CATALOG_FILE in the state folder, mode 0600, write-ahead log,
 * synchronous=FULL: what a function has acknowledged survives a loss of power.  Several
 * processes may have it open at a time; a writer waits up to 30 s for another (code LOCKED).
 *
 * Times are nanoseconds since 1970 UTC, 0 = unknown.  Texts are UTF-8.  Thread-safe: one
 * connection, one lock.  Functions that return a pointer hand over an object that the caller
 * frees with the family's `_free`; NULL is fine for all of these.
 *
 * A list function calls `each` for every row, in a stated order; a result other than 0 ends the
 * list and is returned (-1 with `e` filled, by custom).  `each` may read the catalog but not
 * change it; the row is valid until it returns.
 *
 * Codes besides those stated: INTEGRITY with the advice to rebuild when the file is damaged,
 * NO_SPACE, LOCKED.
 */
#ifndef CORE_CATALOG_CATALOG_H
#define CORE_CATALOG_CATALOG_H

#include "base/buffer.h"
#include "catalog/name.h"

#include <stdbool.h>

struct catalog;

#define CATALOG_FILE "catalog.db"

enum {
    CATALOG_OPEN_REBUILD = 1,  /* a new file takes the place of one that is set aside */
    CATALOG_OPEN_EXISTING = 2, /* do not make a new file: class NOT_FOUND, code FAILED */
    CATALOG_HASH_SIZE = 32,
    CATALOG_ID_SIZE = 16,      /* of vaults, sources, writers */
    CATALOG_SEAL_ID_SIZE = 17, /* 16 hexadecimal digits and the terminator */
    CATALOG_SLOT_ID_SIZE = 33, /* 32 hexadecimal digits and the terminator */
    CATALOG_TASK_ID_SIZE = 15, /* "t-", 12 hexadecimal digits and the terminator */
    CATALOG_TEXT_SIZE = 256    /* short texts: hosts, drivers, prefixes */
};

/*
 * Opens the catalog in the folder `state` (made when absent, mode 0700), making or migrating
 * the file as needed.  `flags`: CATALOG_OPEN_...
 *
 * A damaged file is set aside as `catalog.damaged-<time>` beside it, never deleted, unless
 * another process has it open; the call fails with INTEGRITY, and so does every later one
 * until there is a new file, which CATALOG_OPEN_REBUILD makes.  A file of a newer program:
 * NEWER_FORMAT.
 */
int catalog_open(const char *state, unsigned flags, struct catalog **catalog, struct error *e);
void catalog_close(struct catalog *c);
/* The file's path; lives as long as the catalog. */
const char *catalog_path(const struct catalog *c);

/*
 * Puts several calls into one transaction.  Calls nest, the outermost pair counts.  The catalog
 * belongs to the calling thread in between.  After a failed call inside, roll back: commit then
 * refuses.  catalog_commit rolls back by itself when it fails.
 */
int catalog_begin(struct catalog *c, struct error *e);
int catalog_commit(struct catalog *c, struct error *e);
void catalog_rollback(struct catalog *c);

/* What catalog_check found; one line. */
typedef void catalog_problem_function(void *context, const char *text);
/* SQLite's own full check, foreign keys, and facts that no constraint can state.  `*problems`
 * is their number. */
int catalog_check(struct catalog *c, catalog_problem_function *problem, void *context,
                  uint64_t *problems, struct error *e);
/* Appends all that a rebuild must bring back - vaults, key slots, tombstones and backups
 * without what only this installation knows - as text lines in a canonical order.  Two catalogs
 * that know the same give the same bytes. */
int catalog_dump(struct catalog *c, struct buffer *out, struct error *e);

/* Settings: named texts.  catalog_setting_get: allocated, or NULL without an error (the class
 * of `e` stays LAGAN_OK) when there is none. */
char *catalog_setting_get(struct catalog *c, const char *name, struct error *e);
int catalog_setting_set(struct catalog *c, const char *name, const char *value,
                        struct error *e);
/* The random id of this installation as a writer, made with the file. */
void catalog_writer_id(const struct catalog *c, uint8_t id[CATALOG_ID_SIZE]);

/* An ordered list of names and values; names may repeat.  `{0}` is empty. */
struct catalog_pair {
    char *name;
    char *value;
};
struct catalog_pairs {
    struct catalog_pair *items;
    size_t count;
};
int catalog_pairs_add(struct catalog_pairs *pairs, const char *name, const char *value,
                      struct error *e);
/* The first value of `name`, or NULL. */
const char *catalog_pairs_find(const struct catalog_pairs *pairs, const char *name);
void catalog_pairs_clear(struct catalog_pairs *pairs);

/* ---- regions: those of the configuration, and those that vaults are in ---- */

#define CATALOG_REGION_STATES(X)                                                               \
    X(AVAILABLE, "available")                                                                  \
    X(UNCONFIGURED, "unconfigured") /* no more in the configuration */
enum catalog_region_state {
#define X(symbol, name) CATALOG_REGION_##symbol,
    CATALOG_REGION_STATES(X)
#undef X
};
const char *catalog_region_state_name(enum catalog_region_state state);

struct catalog_region {
    char name[NAME_SIZE];
    char target_driver[CATALOG_TEXT_SIZE];
    enum catalog_region_state state;
    int64_t created_ns;
};
/* Makes the region known and available. */
int catalog_region_upsert(struct catalog *c, const char *name, const char *target_driver,
                          struct error *e);
/* Marks all regions but these as unconfigured. */
int catalog_region_retain(struct catalog *c, const char *const *names, size_t count,
                          struct error *e);
/* NO_REGION when there is none. */
int catalog_region_get(struct catalog *c, const char *name, struct catalog_region *region,
                       struct error *e);
/* By name. */
int catalog_region_list(struct catalog *c,
                        int (*each)(void *context, const struct catalog_region *region,
                                    struct error *e),
                        void *context, struct error *e);

/* ---- sources ---- */

struct catalog_source {
    uint8_t id[CATALOG_ID_SIZE];
    char name[NAME_SIZE];
    char driver[CATALOG_TEXT_SIZE];
    struct catalog_pairs parameters;
    struct catalog_pairs
        rules; /* names "exclude" and "include"; values as in policy/select.h */
    int64_t created_ns;
    uint8_t vault[CATALOG_ID_SIZE]; /* where its backups go; all zero = not bound */
};
struct catalog_source *catalog_source_new(struct error *e);
void catalog_source_free(struct catalog_source *source);
/* Fills in `created_ns`, and `id` when it is all zero.  NAME_INVALID, NAME_TAKEN, NO_VAULT. */
int catalog_source_insert(struct catalog *c, struct catalog_source *source, struct error *e);
/* By name, or by id in hexadecimal (abbreviated, at least 4 digits).  NO_SOURCE, AMBIGUOUS. */
struct catalog_source *catalog_source_find(struct catalog *c, const char *text,
                                           struct error *e);
struct catalog_source *catalog_source_get(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                                          struct error *e);
/* The source with exactly this driver and these parameters; NULL without an error when there is
 * none. */
struct catalog_source *catalog_source_same(struct catalog *c, const char *driver,
                                           const struct catalog_pairs *parameters,
                                           struct error *e);
/* Replaces name, driver, parameters, rules and vault of the source with this id. */
int catalog_source_update(struct catalog *c, const struct catalog_source *source,
                          struct error *e);
/* Backups stay.  NO_SOURCE. */
int catalog_source_delete(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                          struct error *e);
/* By name. */
int catalog_source_list(struct catalog *c,
                        int (*each)(void *context, const struct catalog_source *source,
                                    struct error *e),
                        void *context, struct error *e);
/* A free name for a source, from any text: "etc", "etc-2", ... */
int catalog_source_name(struct catalog *c, const char *text, char name[NAME_SIZE],
                        struct error *e);

/* ---- vaults ---- */

#define CATALOG_VAULT_STATES(X)                                                                \
    X(CREATING, "creating")                                                                    \
    X(AVAILABLE, "available")                                                                  \
    X(LOCKED, "lock")                                                                          \
    X(FROZEN, "frozen")                                                                        \
    X(DELETING, "deleting")                                                                    \
    X(ERROR, "error")                                                                          \
    X(DELETED, "deleted") /* softly: it can be brought back until it is purged */
enum catalog_vault_state {
#define X(symbol, name) CATALOG_VAULT_##symbol,
    CATALOG_VAULT_STATES(X)
#undef X
};
#define CATALOG_VAULT_TYPES(X)                                                                 \
    X(GENERAL, "general")                                                                      \
    X(TABLE, "table")                                                                          \
    X(ARCHIVE, "archive")                                                                      \
    X(DATABASE, "database")                                                                    \
    X(CONTAINER, "container")
enum catalog_vault_type {
#define X(symbol, name) CATALOG_TYPE_##symbol,
    CATALOG_VAULT_TYPES(X)
#undef X
};
#define CATALOG_ENCRYPTIONS(X)                                                                 \
    X(MANAGED, "managed")                                                                      \
    X(PASSPHRASE, "passphrase")                                                                \
    X(KMS, "kms")
enum catalog_encryption {
#define X(symbol, name) CATALOG_ENCRYPTION_##symbol,
    CATALOG_ENCRYPTIONS(X)
#undef X
};
/* A trial has an end, and no mirror. */
#define CATALOG_PLANS(X)                                                                       \
    X(FULL, "full")                                                                            \
    X(TRIAL, "trial")
enum catalog_plan {
#define X(symbol, name) CATALOG_PLAN_##symbol,
    CATALOG_PLANS(X)
#undef X
};
/* How a vault's objects lie on its region: chosen by the system from the region's zones. */
#define CATALOG_REDUNDANCIES(X)                                                                \
    X(LOCAL, "lrs")                                                                            \
    X(ZONE, "zrs")
enum catalog_redundancy {
#define X(symbol, name) CATALOG_REDUNDANCY_##symbol,
    CATALOG_REDUNDANCIES(X)
#undef X
};
/* What a vault is to others. */
#define CATALOG_VAULT_ROLES(X)                                                                 \
    X(NORMAL, "normal")                                                                        \
    X(REPLICATION, "replication")                                                              \
    X(MIRROR, "mirror")
enum catalog_vault_role {
#define X(symbol, name) CATALOG_ROLE_##symbol,
    CATALOG_VAULT_ROLES(X)
#undef X
};
/* Names of the above; static.  The reverse: -1 when there is no such. */
const char *catalog_vault_state_name(enum catalog_vault_state state);
const char *catalog_vault_type_name(enum catalog_vault_type type);
const char *catalog_encryption_name(enum catalog_encryption encryption);
const char *catalog_vault_role_name(enum catalog_vault_role role);
int catalog_vault_type_parse(const char *name);
int catalog_encryption_parse(const char *name);
const char *catalog_plan_name(enum catalog_plan plan);
int catalog_plan_parse(const char *name);
const char *catalog_redundancy_name(enum catalog_redundancy redundancy);
int catalog_vault_role_parse(const char *name);

struct catalog_vault {
    uint8_t uuid[CATALOG_ID_SIZE]; /* its id here; a mirror's differs from its source's */
    /* The id in the configuration object in storage: a mirror, and what became of one, has that
     * of its source.  All zero when inserting: the same as uuid. */
    uint8_t lineage[CATALOG_ID_SIZE];
    char name[CATALOG_TEXT_SIZE]; /* longer than NAME_SIZE: made names may be */
    char region[NAME_SIZE];
    enum catalog_vault_type type;
    enum catalog_vault_state state;
    enum catalog_encryption encryption;
    enum catalog_vault_role role;
    enum catalog_plan plan;
    enum catalog_redundancy redundancy;
    char project[NAME_SIZE];        /* empty when inserting: "main" */
    char prefix[CATALOG_TEXT_SIZE]; /* below the region's target, without slash at the ends */
    char key_driver[CATALOG_TEXT_SIZE]; /* empty = none (passphrase) */
    struct catalog_pairs key_parameters;
    uint8_t root_public[32]; /* to know the vault again; all zero while it is being created */
    char description[DESCRIPTION_SIZE];
    int64_t created_ns;
    int64_t trial_end_ns;           /* of plan TRIAL */
    uint64_t quota_bytes;           /* 0 = none */
    uint32_t quota_warning;         /* percent, 1 to 100; 0 when inserting: 80 */
    bool auto_expand;               /* the quota grows to 1.25 times when it is used up */
    bool quota_warned;              /* since the use last fell below the threshold */
    int64_t deleted_ns;             /* of state DELETED ... */
    int64_t purge_ns;               /* ... and when it may be purged; of FROZEN: deadline, 0 */
    char reason[CATALOG_TEXT_SIZE]; /* of states FROZEN and ERROR */
    struct catalog_pairs tags;      /* each name once */
};
struct catalog_vault *catalog_vault_new(struct error *e);
void catalog_vault_free(struct catalog_vault *vault);
/*
 * The vault's region is known to the catalog (NO_REGION).  Fills in `created_ns` when it is 0.
 * NAME_TAKEN for a name or prefix that the region has, or a known uuid.  The name is checked by
 * the caller (name.h), since made names are free.
 */
int catalog_vault_insert(struct catalog *c, struct catalog_vault *vault, struct error *e);
/* As catalog_vault_insert, but replaces what is known under this uuid: for rebuilding.  Kept
 * when the new ones are empty: key driver and parameters, description, lineage, project, tags,
 * end of the trial, quota; and the role of what mirrors a vault here. */
int catalog_vault_upsert(struct catalog *c, struct catalog_vault *vault, struct error *e);
/* By name or by uuid in hexadecimal (abbreviated, at least 4 digits; dashes and a "v-" in front
 * are ignored); `text` NULL = the only one that is not deleted.  `region` NULL = any.  NO_VAULT
 * with the names there are, AMBIGUOUS. */
struct catalog_vault *catalog_vault_find(struct catalog *c, const char *region,
                                         const char *text, struct error *e);
struct catalog_vault *catalog_vault_get(struct catalog *c, const uint8_t uuid[CATALOG_ID_SIZE],
                                        struct error *e);
/* Replaces all but uuid and created_ns. */
int catalog_vault_update(struct catalog *c, const struct catalog_vault *vault, struct error *e);
int catalog_vault_set_state(struct catalog *c, const uint8_t uuid[CATALOG_ID_SIZE],
                            enum catalog_vault_state state, struct error *e);
/* With all that is known of it, its jobs too, and no policy holds for it any more; what the
 * ledger says of replicas in it ends, and so do runs that had nothing else to do.  A vault that
 * has a mirror: VAULT_HAS_MIRROR, naming it. */
int catalog_vault_delete(struct catalog *c, const uint8_t uuid[CATALOG_ID_SIZE],
                         struct error *e);
/* By region, then name. */
int catalog_vault_list(struct catalog *c,
                       int (*each)(void *context, const struct catalog_vault *vault,
                                   struct error *e),
                       void *context, struct error *e);
/* A made name that the region does not have: "vault_1f2e". */
int catalog_vault_name(struct catalog *c, const char *region, char name[NAME_SIZE],
                       struct error *e);

/* ---- backups ---- */

#define CATALOG_BACKUP_STATES(X)                                                               \
    X(AVAILABLE, "available")                                                                  \
    X(PARTIAL, "partial")                                                                      \
    X(ERROR, "error")                                                                          \
    X(DELETING, "deleting")                                                                    \
    X(DELETED, "deleted") /* kept for a while, and can be brought back */
enum catalog_backup_state {
#define X(symbol, name) CATALOG_BACKUP_##symbol,
    CATALOG_BACKUP_STATES(X)
#undef X
};
const char *catalog_backup_state_name(enum catalog_backup_state state);

struct catalog_backup {
    uint8_t vault[CATALOG_ID_SIZE];
    char id[CATALOG_SEAL_ID_SIZE];
    char seal_name[CATALOG_TEXT_SIZE];
    uint8_t seal_hash[CATALOG_HASH_SIZE];
    uint8_t source[CATALOG_ID_SIZE]; /* need not be in the catalog any more */
    char source_name[CATALOG_TEXT_SIZE];
    char source_driver[CATALOG_TEXT_SIZE];
    char host[CATALOG_TEXT_SIZE];
    enum catalog_backup_state state;
    int64_t created_ns; /* of the seal */
    int64_t start_ns;
    int64_t end_ns;
    uint64_t entries;
    uint64_t bytes;               /* of all content */
    uint64_t bytes_stored;        /* that this backup added to the vault */
    char name[NAME_REPLICA_SIZE]; /* those of replicas are longer than others */
    char description[DESCRIPTION_SIZE];
    char parent[CATALOG_SEAL_ID_SIZE]; /* empty = none */
    char region[NAME_SIZE]; /* it was made in; empty when inserting: the vault's own */
    char origin[CATALOG_SEAL_ID_SIZE]; /* of a replica: the id of what it copies; else empty */
    char kind[32];                     /* what it is of: empty = "files" */
    bool system_disk;                  /* kind "server": it has the disk it starts from */
    char trigger[16];                  /* as in catalog/run.h; empty when inserting: "manual" */
    char policy[NAME_SIZE];            /* that made it; empty = by hand */
    int64_t slot_ns;                   /* of that policy's schedule; 0 = none */
    int64_t expire_ns;   /* when it may go by time; 0 = its policy's other rules decide */
    bool full;           /* everything was read anew */
    char consistency[8]; /* reached: "none", "crash", "app"; empty = not known */
    char consistency_wanted[8];
    /* Set by their own functions alone, and kept when the row is replaced. */
    int64_t keep_ns;                       /* nobody deletes it before; 0 = none said so */
    int64_t deleted_ns;                    /* of state DELETED; else 0 */
    int64_t purge_ns;                      /* when it goes for good */
    char delete_reason[CATALOG_TEXT_SIZE]; /* of people; empty = none */
};
/* CONFLICT when the vault has this id. */
int catalog_backup_insert(struct catalog *c, const struct catalog_backup *backup,
                          struct error *e);
/* Replaces what is known under this vault and id: for rebuilding. */
int catalog_backup_upsert(struct catalog *c, const struct catalog_backup *backup,
                          struct error *e);
/* NO_BACKUP. */
int catalog_backup_get(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *id,
                       struct catalog_backup *backup, struct error *e);
/*
 * One backup by id (abbreviated, at least 4 digits), name, "latest" or "latest~N" - the last
 * two count the available and partial backups from the newest, of `source` if given.  `vault`
 * NULL = any vault, `source` NULL = any source.  NO_BACKUP, AMBIGUOUS.
 */
int catalog_backup_find(struct catalog *c, const uint8_t *vault, const uint8_t *source,
                        const char *text, struct catalog_backup *backup, struct error *e);
/* The newest available or partial backup of a source in a vault: 1 found, 0 none, -1. */
int catalog_backup_latest(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                          const uint8_t source[CATALOG_ID_SIZE], struct catalog_backup *backup,
                          struct error *e);
int catalog_backup_set_state(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                             const char *id, enum catalog_backup_state state, struct error *e);
/* Replaces the time after which it may go; RET-09 and RET-15 are decided in policy/. */
int catalog_backup_set_expiry(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                              const char *id, int64_t expire_ns, struct error *e);
/* Nobody deletes it before `keep_ns`; 0 = takes that back. */
int catalog_backup_set_keep(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                            const char *id, int64_t keep_ns, struct error *e);
/* It becomes DELETED, and goes for good from `purge_ns` on; `reason` "" = none.  Its row stays
 * so when it is read back from storage. */
int catalog_backup_discard(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                           const char *id, int64_t deleted_ns, int64_t purge_ns,
                           const char *reason, struct error *e);
/* A DELETED one becomes what it was.  BACKUP_STATE when it is not deleted; NO_BACKUP. */
int catalog_backup_bring_back(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                              const char *id, struct error *e);
/* Forgets it, also as the parent of others, and as a live replica.  The mirror of the vault
 * forgets it only when the vault has a tombstone of it: what is merely missing was not deleted.
 */
int catalog_backup_delete(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                          const char *id, struct error *e);
/* Oldest first; `vault` and `source` NULL = all. */
int catalog_backup_list(struct catalog *c, const uint8_t *vault, const uint8_t *source,
                        int (*each)(void *context, const struct catalog_backup *backup,
                                    struct error *e),
                        void *context, struct error *e);
/* A made name that no backup of the vault has: "manualbk_1f2e", or "autobk_1f2e" for one that a
 * policy makes. */
int catalog_backup_name(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], bool by_policy,
                        char name[NAME_SIZE], struct error *e);

/* ---- objects of vaults that no other object names: known here, so that a loss is seen ---- */

struct catalog_slot {
    uint8_t vault[CATALOG_ID_SIZE];
    char id[CATALOG_SLOT_ID_SIZE]; /* the object is `keys/` and this */
    char kind[32];                 /* for people, as the label is */
    char label[CATALOG_TEXT_SIZE];
    int64_t created_ns;
};
/* Class INVALID when the vault is not known. */
int catalog_slot_upsert(struct catalog *c, const struct catalog_slot *slot, struct error *e);
/* Forgets a slot that was taken away, or all of the vault (`id` NULL), which says nothing of
 * storage and does not reach a mirror; one that is not known is forgotten already. */
int catalog_slot_delete(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *id,
                        struct error *e);
/* By vault, then id; `vault` NULL = of all. */
int catalog_slot_list(struct catalog *c, const uint8_t *vault,
                      int (*each)(void *context, const struct catalog_slot *slot,
                                  struct error *e),
                      void *context, struct error *e);

/* The vault holds a tombstone of the seal called `seal_name`. */
int catalog_tombstone_insert(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                             const char *seal_name, struct error *e);
/* Forgets all tombstones of the vault. */
int catalog_tombstone_clear(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                            struct error *e);
/* The backup was deleted: its tombstone is known in the place of its row.  NO_BACKUP, after
 * which a transaction around it may go on. */
int catalog_backup_bury(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *id,
                        struct error *e);
/* By vault, then name; `vault` NULL = of all. */
int catalog_tombstone_list(struct catalog *c, const uint8_t *vault,
                           int (*each)(void *context, const uint8_t vault[CATALOG_ID_SIZE],
                                       const char *seal_name, struct error *e),
                           void *context, struct error *e);

/* ---- tasks ---- */

#define CATALOG_TASK_TYPES(X)                                                                  \
    X(BACKUP, "backup")                                                                        \
    X(RESTORE, "restore")                                                                      \
    X(VERIFY, "verify")                                                                        \
    X(DELETE, "delete")                                                                        \
    X(VAULT_CREATE, "vault_create")                                                            \
    X(VAULT_DELETE, "vault_delete")                                                            \
    X(REBUILD, "rebuild")                                                                      \
    X(REPLICATION, "replication")                                                              \
    X(SYNC, "sync")                                                                            \
    X(PRUNE, "prune")                                                                          \
    X(EXPIRE, "expire")                                                                        \
    X(DRILL, "drill")                                                                          \
    X(RULE, "rule")                                                                            \
    X(INVENTORY, "inventory")                                                                  \
    X(BATCH, "batch")                                                                          \
    X(MIGRATE, "migrate")
enum catalog_task_type {
#define X(symbol, name) CATALOG_TASK_##symbol,
    CATALOG_TASK_TYPES(X)
#undef X
};
/* X(symbol, name, over) */
#define CATALOG_TASK_STATES(X)                                                                 \
    X(WAITING, "waiting", 0)                                                                   \
    X(RUNNING, "running", 0)                                                                   \
    X(SUCCESS, "success", 1)                                                                   \
    X(PARTIAL, "partial", 1)                                                                   \
    X(FAILED, "failed", 1)                                                                     \
    X(SKIPPED, "skipped", 1)                                                                   \
    X(TIMEOUT, "timeout", 1)                                                                   \
    X(CANCELLED, "cancelled", 1)
enum catalog_task_state {
#define X(symbol, name, over) CATALOG_TASK_STATE_##symbol,
    CATALOG_TASK_STATES(X)
#undef X
};
const char *catalog_task_type_name(enum catalog_task_type type);
const char *catalog_task_state_name(enum catalog_task_state state);
int catalog_task_state_parse(const char *name);

struct catalog_task {
    char id[CATALOG_TASK_ID_SIZE];
    enum catalog_task_type type;
    enum catalog_task_state state;
    uint8_t vault[CATALOG_ID_SIZE]; /* all zero = none; the same for source */
    uint8_t source[CATALOG_ID_SIZE];
    char backup[CATALOG_SEAL_ID_SIZE];    /* empty = none (yet) */
    char parent[CATALOG_TASK_ID_SIZE];    /* the task that it is a part of; empty = none */
    char subject[CATALOG_TEXT_SIZE];      /* what it works on, for people: "etc -> main" */
    uint64_t entries_done, entries_total; /* totals 0 = unknown */
    uint64_t bytes_done, bytes_total;
    uint64_t problems; /* entries that could not be handled */
    int64_t created_ns, started_ns, ended_ns;
    uint32_t error_class;
    uint32_t error_code;
    char error_text[ERROR_TEXT_SIZE];
};
/* Records a task of this process that starts now: fills in id, state RUNNING and times. */
int catalog_task_start(struct catalog *c, struct catalog_task *task, struct error *e);
/* Stores the counters (entries, bytes, problems) of a running task.  Meant for once a second:
 * it is not synchronised to disk more often than that needs. */
int catalog_task_progress(struct catalog *c, const struct catalog_task *task, struct error *e);
/* Ends a task: stores counters and backup of `task` with the state, and `why` (NULL or empty
 * for success).  Sets the same members of `task`.  CONFLICT when it is over already. */
int catalog_task_finish(struct catalog *c, struct catalog_task *task,
                        enum catalog_task_state state, const struct error *why,
                        struct error *e);
/* A backup came into being: stores its row and finishes the task (SUCCESS, or PARTIAL for a
 * partial backup), both or neither.  A row that somebody else has read from the vault in the
 * meantime is replaced. */
int catalog_backup_commit(struct catalog *c, const struct catalog_backup *backup,
                          struct catalog_task *task, struct error *e);
/* Tasks whose process is gone become FAILED, "interrupted".  `*count` (may be NULL) is their
 * number. */
int catalog_task_reap(struct catalog *c, uint64_t *count, struct error *e);
/* By id (abbreviated, with or without "t-").  Class NOT_FOUND, code FAILED; AMBIGUOUS. */
int catalog_task_find(struct catalog *c, const char *text, struct catalog_task *task,
                      struct error *e);
/* Newest first, at most `limit` (0 = all) of those created since `since_ns`; `state` -1 = any.
 */
int catalog_task_list(struct catalog *c, int64_t since_ns, int state, uint64_t limit,
                      int (*each)(void *context, const struct catalog_task *task,
                                  struct error *e),
                      void *context, struct error *e);
/* Asks the process of a task that is not over to end it; `id` as catalog_task_find.  CONFLICT
 * when it is over.  The process sees it through catalog_task_is_cancelled, for the task and for
 * its parts: 1, 0, -1. */
int catalog_task_cancel(struct catalog *c, const char *id, struct error *e);
int catalog_task_is_cancelled(struct catalog *c, const char *id, struct error *e);
/* Numbers of a task's parts, by state. */
struct catalog_task_parts {
    uint64_t count[CATALOG_TASK_STATE_CANCELLED + 1];
};
int catalog_task_parts(struct catalog *c, const char *id, struct catalog_task_parts *parts,
                       struct error *e);
/* Removes tasks that are over: one (`id`), or all (`id` NULL) that ended before `before_ns` (0
 * = any time) with `state` (-1 = any).  `*count` (may be NULL) is the number removed. */
int catalog_task_clear(struct catalog *c, const char *id, int64_t before_ns, int state,
                       uint64_t *count, struct error *e);

#endif
