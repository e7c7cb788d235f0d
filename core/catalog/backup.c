/* SPDX-License-Identifier: Apache-2.0 */
/* backup.c - the recovery points of the known vaults. */
#include "base/clock.h"
#include "base/text.h"
#include "catalog/catalog_private.h"
#include "catalog/ledger.h"

#include <string.h>

#define BACKUP_COLUMNS                                                                         \
    "vault, id, seal_name, seal_hash, source, source_name, source_driver, host, state,"        \
    " created_ns, start_ns, end_ns, entries, bytes, bytes_stored, name, description, parent,"  \
    " region, origin, kind, system_disk, trigger, policy, slot_ns, expire_ns, is_full,"        \
    " consistency, consistency_wanted, keep_ns, deleted_ns, purge_ns, delete_reason,"          \
    " state_before"
#define BACKUP_KNOWN(column, none)                                                             \
    "coalesce((SELECT " column " FROM backups WHERE vault = ?1 AND id = ?2), " none ")"
/* Members that are empty get what a backup of files made here by hand has.  A time to go that
 * was put off stays so when the row is read back from storage, and so does what people have
 * said of it: what was deleted stays deleted. */
#define BACKUP_VALUES                                                                          \
    "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"                                                          \
    " iif(" BACKUP_KNOWN(                                                                      \
        "deleted_ns",                                                                          \
        "0") " > 0, 'deleted', ?9), ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"              \
             " iif(?19 = '', coalesce((SELECT region FROM vaults WHERE uuid = ?1), ''), "      \
             "?19), ?20,"                                                                      \
             " iif(?21 = '', 'files', ?21), ?22, iif(?23 = '', 'manual', ?23), ?24, ?25,"      \
             " max(?26, " BACKUP_KNOWN(                                                        \
                 "expire_ns",                                                                  \
                 "0") "), ?27, ?28, ?29,"                                                      \
                      " " BACKUP_KNOWN("keep_ns", "0") ", " BACKUP_KNOWN(                      \
                          "deleted_ns",                                                        \
                          "0") ","                                                             \
                               " " BACKUP_KNOWN("purge_ns", "0") ", " BACKUP_KNOWN(            \
                                   "delete_reason",                                            \
                                   "''") ","                                                   \
                                         " iif(" BACKUP_KNOWN("deleted_ns",                    \
                                                              "0") " > 0, ?9, '')"
/* Those that can be restored. */
#define BACKUP_USABLE "state IN ('available', 'partial')"

static const char *const states[] = {
#define X(symbol, name) name,
    CATALOG_BACKUP_STATES(X)
#undef X
};
enum { STATES = sizeof(states) / sizeof(states[0]) };

static const char *state_name(int state)
{
    return states[state];
}

const char *catalog_backup_state_name(enum catalog_backup_state state)
{
    ASSERT((unsigned)state < STATES);
    return states[state];
}

/* Writing */

static void bind_row(struct query *q, const struct catalog_backup *backup)
{
    query_blob(q, backup->vault, CATALOG_ID_SIZE);
    query_text(q, backup->id);
    query_text(q, backup->seal_name);
    query_blob(q, backup->seal_hash, CATALOG_HASH_SIZE);
    query_blob(q, backup->source, CATALOG_ID_SIZE);
    query_text(q, backup->source_name);
    query_text(q, backup->source_driver);
    query_text(q, backup->host);
    query_text(q, catalog_backup_state_name(backup->state));
    query_number(q, backup->created_ns);
    query_number(q, backup->start_ns);
    query_number(q, backup->end_ns);
    query_number(q, (int64_t)backup->entries);
    query_number(q, (int64_t)backup->bytes);
    query_number(q, (int64_t)backup->bytes_stored);
    query_text(q, backup->name);
    query_text(q, backup->description);
    query_text(q, backup->parent);
    query_text(q, backup->region);
    query_text(q, backup->origin);
    query_text(q, backup->kind);
    query_number(q, backup->system_disk);
    query_text(q, backup->trigger);
    query_text(q, backup->policy);
    query_number(q, backup->slot_ns);
    query_number(q, backup->expire_ns);
    query_number(q, backup->full);
    query_text(q, backup->consistency);
    query_text(q, backup->consistency_wanted);
}

static int explain_conflict(int status, const struct catalog_backup *backup, struct error *e)
{
    if (query_is_taken(status))
        return error_set(e, LAGAN_EXISTS, ERROR_CONFLICT,
                         "the catalog knows a backup %s of this vault already", backup->id);
    if (status == SQLITE_CONSTRAINT_FOREIGNKEY)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_VAULT,
                         "the vault of the backup %s is not in the catalog", backup->id);
    return -1;
}

static int write_row(struct catalog *c, const char *sql, const struct catalog_backup *backup,
                     struct error *e)
{
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        bind_row(&q, backup);
        result = query_step(&q, e) < 0 ? explain_conflict(query_status(c), backup, e) : 0;
        query_end(&q);
    }
    if (result == 0)
        result = follow_backup(c, backup->vault, backup->id, e);
    return write_end(c, result, e);
}

int catalog_backup_insert(struct catalog *c, const struct catalog_backup *backup,
                          struct error *e)
{
    static const char sql[] =
        "INSERT INTO backups (" BACKUP_COLUMNS ") VALUES (" BACKUP_VALUES ")";

    return write_row(c, sql, backup, e);
}

int catalog_backup_upsert(struct catalog *c, const struct catalog_backup *backup,
                          struct error *e)
{
    static const char sql[] =
        "INSERT OR REPLACE INTO backups (" BACKUP_COLUMNS ") VALUES (" BACKUP_VALUES ")";

    return write_row(c, sql, backup, e);
}

/* A statement that ends with "vault = ? AND id = ?" and changes one row. */
static int change_row(struct catalog *c, const char *sql, const char *state,
                      const uint8_t vault[CATALOG_ID_SIZE], const char *id, struct error *e)
{
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        if (state != NULL)
            query_text(&q, state);
        query_blob(&q, vault, CATALOG_ID_SIZE);
        query_text(&q, id);
        result = query_finish(&q, e);
    }
    if (result == 0 && query_changes(c) == 0)
        result = error_set(e, LAGAN_NOT_FOUND, ERROR_NO_BACKUP,
                           "the backup %s is not in the catalog", id);
    return write_end(c, result, e);
}

int catalog_backup_set_state(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                             const char *id, enum catalog_backup_state state, struct error *e)
{
    static const char sql[] = "UPDATE backups SET state = ? WHERE vault = ? AND id = ?";

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = change_row(c, sql, catalog_backup_state_name(state), vault, id, e);
    if (result == 0)
        result = follow_backup(c, vault, id, e);
    return write_end(c, result, e);
}

int catalog_backup_set_expiry(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                              const char *id, int64_t expire_ns, struct error *e)
{
    static const char sql[] = "UPDATE backups SET expire_ns = ? WHERE vault = ? AND id = ?";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, expire_ns);
        query_blob(&q, vault, CATALOG_ID_SIZE);
        query_text(&q, id);
        result = query_finish(&q, e);
    }
    if (result == 0 && query_changes(c) == 0)
        result = error_set(e, LAGAN_NOT_FOUND, ERROR_NO_BACKUP,
                           "the backup %s is not in the catalog", id);
    return write_end(c, result, e);
}

/* What storage tells of a backup whose parent is gone is that it has none. */
static int forget_parent(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                         const char *id, struct error *e)
{
    static const char sql[] = "UPDATE backups SET parent = '' WHERE vault = ? AND parent = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, vault, CATALOG_ID_SIZE);
    query_text(&q, id);
    return query_finish(&q, e);
}

/* A replica that goes is no more live, whoever takes it away. */
static int end_replica(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *id,
                       struct error *e)
{
    return catalog_ledger_bury(c, vault, id, clock_wall_ns(), e) < 0 ? -1 : 0;
}

int catalog_backup_delete(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                          const char *id, struct error *e)
{
    static const char sql[] = "DELETE FROM backups WHERE vault = ? AND id = ?";

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = forget_parent(c, vault, id, e);
    if (result == 0)
        result = follow_backup_removal(c, vault, id, e);
    if (result == 0)
        result = end_replica(c, vault, id, e);
    if (result == 0)
        result = change_row(c, sql, NULL, vault, id, e);
    return write_end(c, result, e);
}

/* Reading */

static int read_row(struct query *q, struct catalog_backup *backup, struct error *e)
{
    row_blob(q, backup->vault, CATALOG_ID_SIZE);
    row_text(q, backup->id, sizeof(backup->id));
    row_text(q, backup->seal_name, sizeof(backup->seal_name));
    row_blob(q, backup->seal_hash, CATALOG_HASH_SIZE);
    row_blob(q, backup->source, CATALOG_ID_SIZE);
    row_text(q, backup->source_name, sizeof(backup->source_name));
    row_text(q, backup->source_driver, sizeof(backup->source_driver));
    row_text(q, backup->host, sizeof(backup->host));
    backup->state = (enum catalog_backup_state)row_enum(q, STATES, state_name);
    backup->created_ns = row_number(q);
    backup->start_ns = row_number(q);
    backup->end_ns = row_number(q);
    backup->entries = (uint64_t)row_number(q);
    backup->bytes = (uint64_t)row_number(q);
    backup->bytes_stored = (uint64_t)row_number(q);
    row_text(q, backup->name, sizeof(backup->name));
    row_text(q, backup->description, sizeof(backup->description));
    row_text(q, backup->parent, sizeof(backup->parent));
    row_text(q, backup->region, sizeof(backup->region));
    row_text(q, backup->origin, sizeof(backup->origin));
    row_text(q, backup->kind, sizeof(backup->kind));
    backup->system_disk = row_number(q) != 0;
    row_text(q, backup->trigger, sizeof(backup->trigger));
    row_text(q, backup->policy, sizeof(backup->policy));
    backup->slot_ns = row_number(q);
    backup->expire_ns = row_number(q);
    backup->full = row_number(q) != 0;
    row_text(q, backup->consistency, sizeof(backup->consistency));
    row_text(q, backup->consistency_wanted, sizeof(backup->consistency_wanted));
    backup->keep_ns = row_number(q);
    backup->deleted_ns = row_number(q);
    backup->purge_ns = row_number(q);
    row_text(q, backup->delete_reason, sizeof(backup->delete_reason));
    return query_row_check(q, e);
}

/* The only row of a bound query: 1, 0 none, -1; ends it. */
static int read_only_row(struct query *q, const char *text, struct catalog_backup *backup,
                         struct error *e)
{
    struct catalog_backup row;
    int found = query_step(q, e);

    if (found > 0 && read_row(q, &row, e) != 0)
        found = -1;
    if (found > 0) {
        int more = query_step(q, e);
        if (more > 0)
            error_set(e, LAGAN_INVALID, ERROR_AMBIGUOUS,
                      "'%s' means several backups: give more of the id", text);
        found = more == 0 ? 1 : -1;
    }
    query_end(q);
    if (found > 0)
        *backup = row;
    return found;
}

int catalog_backup_get(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *id,
                       struct catalog_backup *backup, struct error *e)
{
    static const char sql[] =
        "SELECT " BACKUP_COLUMNS " FROM backups WHERE vault = ? AND id = ?";
    struct query q;
    int found = -1;

    catalog_lock(c);
    if (query_start(c, sql, &q, e) == 0) {
        query_blob(&q, vault, CATALOG_ID_SIZE);
        query_text(&q, id);
        found = read_only_row(&q, id, backup, e);
    }
    catalog_unlock(c);
    if (found == 0)
        error_set(e, LAGAN_NOT_FOUND, ERROR_NO_BACKUP, "the backup %s is not in the catalog",
                  id);
    return found > 0 ? 0 : -1;
}

/* The `back`th newest: 1, 0, -1.  Two texts, so that each has its index. */
static int find_newest(struct catalog *c, const uint8_t *vault, const uint8_t *source,
                       uint64_t back, struct catalog_backup *backup, struct error *e)
{
    static const char of_source[] = "SELECT " BACKUP_COLUMNS " FROM backups"
                                    " WHERE vault = ?1 AND source = ?2 AND " BACKUP_USABLE
                                    " ORDER BY created_ns DESC, id DESC LIMIT 1 OFFSET ?3";
    static const char of_any[] =
        "SELECT " BACKUP_COLUMNS " FROM backups"
        " WHERE (?1 IS NULL OR vault = ?1) AND (?2 IS NULL OR source = ?2) AND " BACKUP_USABLE
        " ORDER BY created_ns DESC, vault DESC, id DESC LIMIT 1 OFFSET ?3";
    struct query q;

    if (query_start(c, vault != NULL && source != NULL ? of_source : of_any, &q, e) != 0)
        return -1;
    query_id_or_null(&q, vault);
    query_id_or_null(&q, source);
    query_number(&q, (int64_t)back);
    return read_only_row(&q, "latest", backup, e);
}

static int find_by_name(struct catalog *c, const uint8_t *vault, const uint8_t *source,
                        const char *text, struct catalog_backup *backup, struct error *e)
{
    static const char sql[] =
        "SELECT " BACKUP_COLUMNS " FROM backups"
        " WHERE (?1 IS NULL OR vault = ?1) AND (?2 IS NULL OR source = ?2) AND name = ?3"
        " ORDER BY created_ns LIMIT 2";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_id_or_null(&q, vault);
    query_id_or_null(&q, source);
    query_text(&q, text);
    return read_only_row(&q, text, backup, e);
}

static int find_by_id(struct catalog *c, const uint8_t *vault, const uint8_t *source,
                      const char *text, struct catalog_backup *backup, struct error *e)
{
    static const char sql[] =
        "SELECT " BACKUP_COLUMNS " FROM backups"
        " WHERE (?1 IS NULL OR vault = ?1) AND (?2 IS NULL OR source = ?2)"
        " AND id BETWEEN ?3 AND ?4 ORDER BY id LIMIT 2";
    enum { ID_BYTES = (CATALOG_SEAL_ID_SIZE - 1) / 2 };
    uint8_t low[ID_BYTES], high[ID_BYTES];
    char first[CATALOG_SEAL_ID_SIZE], last[CATALOG_SEAL_ID_SIZE];
    struct query q;

    if (!id_range(text, ID_BYTES, low, high))
        return 0;
    text_hex(low, ID_BYTES, first);
    text_hex(high, ID_BYTES, last);
    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_id_or_null(&q, vault);
    query_id_or_null(&q, source);
    query_text(&q, first);
    query_text(&q, last);
    return read_only_row(&q, text, backup, e);
}

/* "latest" is 0, "latest~3" is 3; false for anything else. */
static bool parse_latest(const char *text, uint64_t *back)
{
    static const char word[] = "latest";

    *back = 0;
    if (strncmp(text, word, strlen(word)) != 0)
        return false;
    text += strlen(word);
    return *text == '\0' ||
           (*text == '~' && text_parse_u64(text + 1, back) == 0 && *back <= INT64_MAX);
}

int catalog_backup_find(struct catalog *c, const uint8_t *vault, const uint8_t *source,
                        const char *text, struct catalog_backup *backup, struct error *e)
{
    uint64_t back;
    int found;

    catalog_lock(c);
    if (parse_latest(text, &back)) {
        found = find_newest(c, vault, source, back, backup, e);
    } else {
        found = find_by_name(c, vault, source, text, backup, e);
        if (found == 0)
            found = find_by_id(c, vault, source, text, backup, e);
    }
    catalog_unlock(c);
    if (found == 0)
        error_set(e, LAGAN_NOT_FOUND, ERROR_NO_BACKUP,
                  "there is no backup '%s'; `lagan backup list` shows those there are", text);
    return found > 0 ? 0 : -1;
}

int catalog_backup_latest(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                          const uint8_t source[CATALOG_ID_SIZE], struct catalog_backup *backup,
                          struct error *e)
{
    catalog_lock(c);
    int found = find_newest(c, vault, source, 0, backup, e);
    catalog_unlock(c);
    return found;
}

struct visit {
    int (*each)(void *context, const struct catalog_backup *backup, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    struct catalog_backup row;

    if (read_row(q, &row, e) != 0)
        return -1;
    return visit->each(visit->context, &row, e);
}

int catalog_backup_list(struct catalog *c, const uint8_t *vault, const uint8_t *source,
                        int (*each)(void *context, const struct catalog_backup *backup,
                                    struct error *e),
                        void *context, struct error *e)
{
    static const char sql[] =
        "SELECT " BACKUP_COLUMNS " FROM backups"
        " WHERE (?1 IS NULL OR vault = ?1) AND (?2 IS NULL OR source = ?2)"
        " ORDER BY created_ns, vault, id";
    struct visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_id_or_null(&q, vault);
        query_id_or_null(&q, source);
        result = query_list(&q, visit_row, &visit, e);
    }
    catalog_unlock(c);
    return result;
}

static int is_name_taken(const struct name_search *search, const char *name, struct error *e)
{
    static const char sql[] = "SELECT count(*) FROM backups WHERE vault = ? AND name = ?";
    struct query q;

    if (query_start(search->catalog, sql, &q, e) != 0)
        return -1;
    query_blob(&q, search->owner, CATALOG_ID_SIZE);
    query_text(&q, name);
    return query_exists(&q, e);
}

int catalog_backup_name(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], bool by_policy,
                        char name[NAME_SIZE], struct error *e)
{
    struct name_search search = {c, vault};

    return name_search(by_policy ? NAME_POLICY_BACKUP : NAME_BACKUP, is_name_taken, &search,
                       name, e);
}
