/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_private.h - what the files of this room share: the connection and its queries. */
#ifndef CORE_CATALOG_CATALOG_PRIVATE_H
#define CORE_CATALOG_CATALOG_PRIVATE_H

#include "base/object.h"
#include "base/process.h"
#include "catalog/catalog.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>

enum { CATALOG_MAGIC = 0x4c544143, STATEMENT_LIMIT = 320 };

/* A statement that was prepared once and stays so. */
struct statement {
    const char *sql; /* static text; its address is the key */
    sqlite3_stmt *handle;
    bool used; /* by a query that has not ended */
};

struct catalog {
    uint32_t magic;
    sqlite3 *db;
    pthread_mutex_t mutex; /* recursive; guards all below */
    char *path;
    int lock_fd;      /* holds a shared lock on PRESENCE while open */
    unsigned depth;   /* of catalog_begin */
    bool failed;      /* something inside the transaction failed */
    bool broken;      /* a sync failed: nothing may be acknowledged any more */
    unsigned listing; /* list functions at work */
    uint8_t writer_id[CATALOG_ID_SIZE];
    struct statement statements[STATEMENT_LIMIT];
    size_t statement_count;
};

void catalog_lock(struct catalog *c);
void catalog_unlock(struct catalog *c);

/* ---- query.c ---- */

/* One run of a statement.  Binding and reading go from left to right; what goes wrong is kept
 * until query_step and query_row_check. */
struct query {
    struct catalog *catalog;
    struct statement *statement; /* NULL = the handle is this query's own */
    sqlite3_stmt *handle;
    int next_bind;
    int next_column;
    int status;     /* of the first binding that failed */
    bool malformed; /* a column had a value that none of ours has */
};

/* `sql` is static.  After success, query_end is due. */
int query_start(struct catalog *c, const char *sql, struct query *q, struct error *e);
void query_number(struct query *q, int64_t value);
void query_text(struct query *q, const char *value); /* NULL binds NULL */
void query_blob(struct query *q, const void *data, size_t size);
/* A blob, or NULL when all its bytes are zero. */
void query_id(struct query *q, const uint8_t id[CATALOG_ID_SIZE]);
/* An id, or NULL for NULL. */
void query_id_or_null(struct query *q, const uint8_t *id);
/* 1 a row, 0 the end, -1 an error. */
int query_step(struct query *q, struct error *e);
void query_end(struct query *q);
/* Steps a statement without rows to its end, and ends the query in any case. */
int query_finish(struct query *q, struct error *e);

/*
 * Steps through all rows, calls `row` for each, ends the query.  A result of `row` other than 0
 * ends it and is returned.  The catalog may not be changed meanwhile.
 */
int query_list(struct query *q, int (*row)(struct query *q, void *context, struct error *e),
               void *context, struct error *e);

/* The same for all rows of a statement that binds nothing; from any thread. */
int query_list_all(struct catalog *c, const char *sql,
                   int (*row)(struct query *q, void *context, struct error *e), void *context,
                   struct error *e);
/* Runs a statement without rows that binds only the id. */
int query_run_for(struct catalog *c, const char *sql, const uint8_t id[CATALOG_ID_SIZE],
                  struct error *e);

int64_t row_number(struct query *q);
/* Copies a text; one that does not fit is malformed, NULL is empty. */
void row_text(struct query *q, char *text, size_t room);
/* An allocated copy. */
char *row_text_copy(struct query *q);
/* Exactly `size` bytes, or all zero for NULL. */
void row_blob(struct query *q, void *data, size_t size);
/* One of `count` names that `name_of` gives: its number. */
int row_enum(struct query *q, int count, const char *(*name_of)(int value));
/* A number from 0 to below `count`. */
int row_choice(struct query *q, int count);
/* An error's class, code and text, as three columns. */
void query_why(struct query *q, const struct error *why);
void row_why(struct query *q, struct error *why);
/* 0, or INTEGRITY when a column read so far was malformed. */
int query_row_check(struct query *q, struct error *e);

/* Fills `e` from the state of the connection after `status`.  Returns -1. */
int query_error(struct catalog *c, int status, struct error *e);
/* True when `status` says that a unique or primary key was taken. */
bool query_is_taken(int status);
/* The last status of the connection, extended. */
int query_status(const struct catalog *c);
int query_execute(struct catalog *c, const char *sql, struct error *e);
/* Runs a statement that gives one number. */
int query_single_number(struct catalog *c, const char *sql, int64_t *value, struct error *e);
/* Rows changed by the last statement. */
uint64_t query_changes(const struct catalog *c);

/* A write of one or more statements: catalog_begin, then write_end, which commits a `result` of
 * 0 and rolls back any other; returns the result. */
int write_end(struct catalog *c, int result, struct error *e);

/* For a change that a loss of power may take back, since such a loss makes it void in any case:
 * as catalog_begin and write_end, but without waiting for the disk. */
int write_begin_light(struct catalog *c, struct error *e);
int write_end_light(struct catalog *c, int result, struct error *e);

/* NAMES(family, LIST) with LIST one of the tables in the headers: FAMILY_names, their number
 * FAMILY_count, and the function FAMILY_name that row_enum and name_lookup want. */
#define NAMES_FIRST(name, ...) name,
#define NAMES_ENTRY(symbol, ...) NAMES_FIRST(__VA_ARGS__, 0)
#define NAMES(family, LIST)                                                                    \
    static const char *const family##_names[] = {LIST(NAMES_ENTRY)};                           \
    enum { family##_count = sizeof(family##_names) / sizeof(family##_names[0]) };              \
    static const char *family##_name(int value)                                                \
    {                                                                                          \
        ASSERT((unsigned)value < family##_count);                                              \
        return family##_names[value];                                                          \
    }

/* The number of the name among `count`, or -1. */
int name_lookup(const char *name, int count, const char *(*name_of)(int value));

/* Steps a bound `SELECT count(*)` and ends it: 1 when the count is not 0, 0, -1. */
int query_exists(struct query *q, struct error *e);

/* The range of an abbreviated id: true when `text` has 4 to 2 * `size` hexadecimal digits
 * (dashes ignored); `low` and `high` are then the first and last id that start with them. */
bool id_range(const char *text, size_t size, uint8_t *low, uint8_t *high);

/* ---- finder.c ---- */

/* How a family of rows with a name and an id of CATALOG_ID_SIZE is found. */
struct finder {
    const char *by_name;  /* SQL with one parameter */
    const char *by_range; /* SQL with two, which gives two rows at most */
    void *(*read)(struct query *q, struct error *e); /* the row at hand; NULL with `e` */
    void (*release)(void *row);
    const char *one, *several; /* in words; the command is `lagan ONE list` */
    enum error_code absent;
};
/* The row of that name, or else with that id (may be abbreviated).  AMBIGUOUS, `absent`. */
void *finder_find(struct catalog *c, const struct finder *f, const char *text, struct error *e);
void *finder_get(struct catalog *c, const struct finder *f, const uint8_t id[CATALOG_ID_SIZE],
                 struct error *e);
/* The row of exactly that name; NULL with `e` untouched when there is none. */
void *finder_named(struct catalog *c, const struct finder *f, const char *name,
                   struct error *e);
/* The first row of a bound query; ends it.  NULL with `e` untouched when there is none. */
void *finder_row(const struct finder *f, struct query *q, struct error *e);

/* ---- made_name.c ---- */

/* A random id: `start` ("t-", "r-") and 12 hexadecimal digits. */
int made_id(const char *start, char id[CATALOG_TASK_ID_SIZE], struct error *e);
/* The first and the last id that an abbreviated one, with or without its start, can mean; false
 * when it can mean none. */
bool made_id_range(const char *start, const char *text, char first[CATALOG_TASK_ID_SIZE],
                   char last[CATALOG_TASK_ID_SIZE]);

/* What a family's test for a taken name needs. */
struct name_search {
    struct catalog *catalog;
    const void *owner; /* a region's name, a vault's uuid */
};
/* Makes names until `taken` (1, 0, -1) finds one free. */
int name_search(enum name_kind kind,
                int (*taken)(const struct name_search *search, const char *name,
                             struct error *e),
                const struct name_search *search, char name[NAME_SIZE], struct error *e);

/* ---- schema_objects.c ---- */

extern const char schema_version_6[], schema_version_7[], schema_version_8[];

/* ---- schema.c ---- */

/* The version of the schema that this program makes. */
int schema_version(void);
/* Makes the tables of `version` in an empty database; gives SQLite's status. */
int schema_make(sqlite3 *db, int64_t version);
/* Brings the schema to that version; each step is one transaction. */
int schema_migrate(struct catalog *c, struct error *e);
/* NEWER_FORMAT, or INTEGRITY when what stands there is not what the migrations make. */
int schema_check(struct catalog *c, struct error *e);

/* ---- connection.c ---- */

/* Opens the file with all safety settings; `create` makes it.  The caller closes. */
int connection_open(struct catalog *c, const char *path, bool create, struct error *e);
void connection_close(struct catalog *c);
/* Moves all that the write-ahead log holds into the file, durably. */
int connection_empty_log(struct catalog *c, struct error *e);
/* INTEGRITY when SQLite's quick check finds anything. */
int connection_check(struct catalog *c, struct error *e);

/* ---- pairs.c ---- */

/* Rows (owner, position, name, value) of a table: `sql` binds the owner, then these. */
int pairs_insert(struct catalog *c, const char *sql, const uint8_t owner[CATALOG_ID_SIZE],
                 const struct catalog_pairs *pairs, struct error *e);
/* `sql` binds the owner and gives name and value in order. */
int pairs_read(struct catalog *c, const char *sql, const uint8_t owner[CATALOG_ID_SIZE],
               struct catalog_pairs *pairs, struct error *e);
bool pairs_equal(const struct catalog_pairs *a, const struct catalog_pairs *b);

/* ---- vault_row.c ---- */

#define VAULT_COLUMNS                                                                          \
    "uuid, name, region, type, state, encryption, role, prefix, key_driver, root_public,"      \
    " description, created_ns, lineage, project, plan, redundancy, trial_end_ns,"              \
    " quota_bytes, quota_warning, auto_expand, quota_warned, deleted_ns, purge_ns, reason"

/* Binds the columns in the order of VAULT_COLUMNS. */
void vault_row_bind(struct query *q, const struct catalog_vault *vault);
/* Replace the lists of a vault that has its row. */
int vault_row_write_key_parameters(struct catalog *c, const struct catalog_vault *vault,
                                   struct error *e);
int vault_row_write_tags(struct catalog *c, const struct catalog_vault *vault, struct error *e);
/* A row of VAULT_COLUMNS with its lists; the caller frees. */
struct catalog_vault *vault_row_read(struct query *q, struct error *e);

/* ---- follow.c: what mirrors are owed by a change of the vault that they follow ---- */

/* In the transaction of the change, after it; nothing happens when there is no mirror. */
int follow_backup(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *id,
                  struct error *e);
int follow_slot(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *id,
                struct error *e);
/* In the transaction of the change, before it. */
int follow_backup_removal(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                          const char *id, struct error *e);
int follow_slot_removal(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *id,
                        struct error *e);
/* Items for all that the mirror of `source` lacks: backups of class `class`, due at `due_ns`;
 * their number into `*count` (may be NULL). */
int follow_backups(struct catalog *c, const uint8_t source[CATALOG_ID_SIZE], int class,
                   int64_t due_ns, uint64_t *count, struct error *e);
int follow_slots(struct catalog *c, const uint8_t source[CATALOG_ID_SIZE], int class,
                 struct error *e);

/* ---- audit.c ---- */

/* The user of this process on this host. */
void audit_name_actor(char actor[CATALOG_TEXT_SIZE]);

/* ---- pin.c ---- */

/* Takes all pins of a backup that is gone away; in the transaction of its deletion. */
int pins_forget(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *backup,
                struct error *e);

/* ---- lane.c ---- */

/* Makes the lane of a vault when there is none.  NO_VAULT. */
int lane_make(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], struct error *e);

#endif
