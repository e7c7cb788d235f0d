/* SPDX-License-Identifier: Apache-2.0 */
/* mirror.c - which vault mirrors which, and how far it has come. */
#include "catalog/mirror.h"
#include "base/clock.h"
#include "catalog/catalog_private.h"
#include "catalog/queue.h"

#include <stdlib.h>
#include <string.h>

#define MIRROR_COLUMNS                                                                         \
    "vault, source, state, created_ns, history_ns, history_total, history_bytes,"              \
    " delete_delay_ns, rpo_ns, latest_ns, synced_ns, braked_ns, released_ns, error_class,"     \
    " error_code, error_text"

NAMES(state, CATALOG_MIRROR_STATES)

const char *catalog_mirror_state_name(enum catalog_mirror_state state)
{
    return state_name((int)state);
}

static int read_row(struct query *q, struct catalog_mirror *mirror, struct error *e)
{
    row_blob(q, mirror->vault, CATALOG_ID_SIZE);
    row_blob(q, mirror->source, CATALOG_ID_SIZE);
    mirror->state = (enum catalog_mirror_state)row_enum(q, state_count, state_name);
    mirror->created_ns = row_number(q);
    mirror->history_ns = row_number(q);
    mirror->history_total = (uint64_t)row_number(q);
    mirror->history_bytes = (uint64_t)row_number(q);
    mirror->delete_delay_ns = row_number(q);
    mirror->rpo_ns = row_number(q);
    mirror->latest_ns = row_number(q);
    mirror->synced_ns = row_number(q);
    mirror->braked_ns = row_number(q);
    mirror->released_ns = row_number(q);
    row_why(q, &mirror->why);
    return query_row_check(q, e);
}

/* The row of a statement that binds the id: 1, 0 none, -1. */
static int find(struct catalog *c, const char *sql, const uint8_t id[CATALOG_ID_SIZE],
                struct catalog_mirror *mirror, struct error *e)
{
    struct catalog_mirror row;
    struct query q;

    catalog_lock(c);
    int found = query_start(c, sql, &q, e);
    if (found == 0) {
        query_blob(&q, id, CATALOG_ID_SIZE);
        found = query_step(&q, e);
        if (found > 0 && read_row(&q, &row, e) != 0)
            found = -1;
        query_end(&q);
    }
    catalog_unlock(c);
    if (found > 0)
        *mirror = row;
    return found;
}

int catalog_mirror_of(struct catalog *c, const uint8_t source[CATALOG_ID_SIZE],
                      struct catalog_mirror *mirror, struct error *e)
{
    static const char sql[] = "SELECT " MIRROR_COLUMNS " FROM mirrors WHERE source = ?";

    return find(c, sql, source, mirror, e);
}

static int no_mirror(struct error *e)
{
    return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_MIRROR, "the vault is no mirror");
}

int catalog_mirror_get(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                       struct catalog_mirror *mirror, struct error *e)
{
    static const char sql[] = "SELECT " MIRROR_COLUMNS " FROM mirrors WHERE vault = ?";
    int found = find(c, sql, vault, mirror, e);

    if (found == 0)
        no_mirror(e);
    return found > 0 ? 0 : -1;
}

/* Making */

/* The reason why a source gets no mirror is told in the words of the one that it has. */
static int refuse_second(struct catalog *c, const uint8_t source[CATALOG_ID_SIZE],
                         struct error *e)
{
    struct catalog_mirror known;
    int found = catalog_mirror_of(c, source, &known, e);

    if (found <= 0)
        return found;
    struct catalog_vault *vault = catalog_vault_get(c, known.vault, e);
    if (vault == NULL)
        return -1;
    error_set(e, LAGAN_EXISTS, ERROR_MIRROR_EXISTS,
              "the vault has a mirror already, '%s' in the region %s, and cannot have a second",
              vault->name, vault->region);
    catalog_vault_free(vault);
    return -1;
}

/* Numbers and bytes of what was there before the mirror. */
static int count_history(struct catalog *c, struct catalog_mirror *mirror, struct error *e)
{
    static const char sql[] = "SELECT count(*), coalesce(sum(bytes_stored), 0) FROM backups"
                              " WHERE vault = ?"
                              " AND state IN ('available', 'partial', 'deleted')";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, mirror->source, CATALOG_ID_SIZE);
    int result = query_step(&q, e) > 0 ? 0 : -1;
    if (result == 0) {
        mirror->history_total = (uint64_t)row_number(&q);
        mirror->history_bytes = (uint64_t)row_number(&q);
        result = query_row_check(&q, e);
    }
    query_end(&q);
    return result;
}

static int insert_row(struct catalog *c, const struct catalog_mirror *mirror, struct error *e)
{
    static const char sql[] = "INSERT INTO mirrors (" MIRROR_COLUMNS ") VALUES"
                              " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, mirror->vault, CATALOG_ID_SIZE);
    query_blob(&q, mirror->source, CATALOG_ID_SIZE);
    query_text(&q, catalog_mirror_state_name(mirror->state));
    query_number(&q, mirror->created_ns);
    query_number(&q, mirror->history_ns);
    query_number(&q, (int64_t)mirror->history_total);
    query_number(&q, (int64_t)mirror->history_bytes);
    query_number(&q, mirror->delete_delay_ns);
    query_number(&q, mirror->rpo_ns);
    query_number(&q, mirror->latest_ns);
    query_number(&q, mirror->synced_ns);
    query_number(&q, mirror->braked_ns);
    query_number(&q, mirror->released_ns);
    query_why(&q, &mirror->why);
    if (query_finish(&q, e) == 0)
        return 0;
    if (query_is_taken(query_status(c)))
        error_set(e, LAGAN_EXISTS, ERROR_MIRROR_EXISTS, "the vault is a mirror already");
    else if (query_status(c) == SQLITE_CONSTRAINT_FOREIGNKEY)
        error_set(e, LAGAN_NOT_FOUND, ERROR_NO_VAULT,
                  "a mirror follows a vault, and is one, that the catalog knows");
    return -1;
}

/* The vault's row: new, or one that a rebuild has found. */
static int write_vault(struct catalog *c, struct catalog_vault *vault,
                       struct catalog_mirror *mirror, struct error *e)
{
    static const char sql[] = "UPDATE vaults SET role = 'mirror' WHERE uuid = ?";

    if (vault == NULL)
        return query_run_for(c, sql, mirror->vault, e);
    vault->role = CATALOG_ROLE_MIRROR;
    memcpy(mirror->vault, vault->uuid, sizeof(mirror->vault));
    return catalog_vault_insert(c, vault, e);
}

static int insert(struct catalog *c, struct catalog_vault *vault, struct catalog_mirror *mirror,
                  struct error *e)
{
    if (refuse_second(c, mirror->source, e) != 0 || write_vault(c, vault, mirror, e) != 0 ||
        count_history(c, mirror, e) != 0 || insert_row(c, mirror, e) != 0 ||
        lane_make(c, mirror->vault, e) != 0)
        return -1;
    /* Keys at once: what flows at once is of no use without them. */
    if (follow_slots(c, mirror->source, CATALOG_CLASS_HISTORY, e) != 0)
        return -1;
    return follow_backups(c, mirror->source, CATALOG_CLASS_HISTORY, mirror->history_ns, NULL,
                          e);
}

int catalog_mirror_insert(struct catalog *c, struct catalog_vault *vault,
                          struct catalog_mirror *mirror, struct error *e)
{
    struct catalog_mirror row = *mirror;

    if (row.created_ns == 0)
        row.created_ns = clock_wall_ns();
    if (catalog_begin(c, e) != 0 || write_end(c, insert(c, vault, &row, e), e) != 0)
        return -1;
    *mirror = row;
    return 0;
}

/* Changing */

static int update_row(struct catalog *c, const struct catalog_mirror *mirror, struct error *e)
{
    static const char sql[] =
        "UPDATE mirrors SET state = ?, history_ns = ?, delete_delay_ns = ?, rpo_ns = ?,"
        " latest_ns = ?, synced_ns = ?, braked_ns = ?, released_ns = ?, error_class = ?,"
        " error_code = ?, error_text = ? WHERE vault = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, catalog_mirror_state_name(mirror->state));
    query_number(&q, mirror->history_ns);
    query_number(&q, mirror->delete_delay_ns);
    query_number(&q, mirror->rpo_ns);
    query_number(&q, mirror->latest_ns);
    query_number(&q, mirror->synced_ns);
    query_number(&q, mirror->braked_ns);
    query_number(&q, mirror->released_ns);
    query_why(&q, &mirror->why);
    query_blob(&q, mirror->vault, CATALOG_ID_SIZE);
    if (query_finish(&q, e) != 0)
        return -1;
    return query_changes(c) == 1 ? 0 : no_mirror(e);
}

int catalog_mirror_update(struct catalog *c, const struct catalog_mirror *mirror,
                          struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, update_row(c, mirror, e), e);
}

static int release(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], struct error *e)
{
    if (query_run_for(c, "DELETE FROM mirrors WHERE vault = ?", vault, e) != 0)
        return -1;
    if (query_changes(c) == 0)
        return no_mirror(e);
    if (query_run_for(c, "DELETE FROM items WHERE lane = ?", vault, e) != 0 ||
        query_run_for(c, "DELETE FROM lanes WHERE vault = ?", vault, e) != 0)
        return -1;
    return query_run_for(c, "UPDATE vaults SET role = 'normal' WHERE uuid = ?", vault, e);
}

int catalog_mirror_release(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                           struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, release(c, vault, e), e);
}

int catalog_mirror_fill(struct catalog *c, const uint8_t source[CATALOG_ID_SIZE],
                        uint64_t *count, struct error *e)
{
    uint64_t added = 0;

    if (catalog_begin(c, e) != 0 ||
        write_end(c, follow_backups(c, source, CATALOG_CLASS_NEW, 0, &added, e), e) != 0)
        return -1;
    if (count != NULL)
        *count = added;
    return 0;
}

/* Looking */

struct visit {
    int (*each)(void *context, const struct catalog_mirror *mirror, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    struct catalog_mirror row;

    if (read_row(q, &row, e) != 0)
        return -1;
    return visit->each(visit->context, &row, e);
}

int catalog_mirror_list(struct catalog *c,
                        int (*each)(void *context, const struct catalog_mirror *mirror,
                                    struct error *e),
                        void *context, struct error *e)
{
    static const char sql[] =
        "SELECT " MIRROR_COLUMNS " FROM mirrors ORDER BY created_ns, vault";
    struct visit visit = {each, context};

    return query_list_all(c, sql, visit_row, &visit, e);
}

/* Mirrors on their way into an array. */
struct gathering {
    struct catalog_mirror *items;
    size_t count;
};

static int gather(void *context, const struct catalog_mirror *mirror, struct error *e)
{
    struct gathering *all = context;
    struct catalog_mirror *grown = reallocarray(all->items, all->count + 1, sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(e, "mirrors");
    all->items = grown;
    all->items[all->count++] = *mirror;
    return 0;
}

int catalog_mirror_all(struct catalog *c, struct catalog_mirror **mirrors, size_t *count,
                       struct error *e)
{
    struct gathering all = {NULL, 0};

    if (catalog_mirror_list(c, gather, &all, e) != 0) {
        free(all.items);
        return -1;
    }
    *mirrors = all.items;
    *count = all.count;
    return 0;
}

int catalog_mirror_count(struct catalog *c, const char *region, uint64_t *count,
                         struct error *e)
{
    static const char sql[] = "SELECT count(*) FROM mirrors m JOIN vaults v ON v.uuid = m.vault"
                              " WHERE v.region = ?";
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, region);
        result = query_step(&q, e) > 0 ? 0 : -1;
        if (result == 0)
            *count = (uint64_t)row_number(&q);
        query_end(&q);
    }
    catalog_unlock(c);
    return result;
}

static int read_lag(struct query *q, struct catalog_lag *lag, struct error *e)
{
    lag->backups = (uint64_t)row_number(q);
    lag->bytes = (uint64_t)row_number(q);
    lag->oldest_ns = row_number(q);
    lag->history_left = (uint64_t)row_number(q);
    lag->history_bytes = (uint64_t)row_number(q);
    lag->deletions = (uint64_t)row_number(q);
    lag->deletions_due = (uint64_t)row_number(q);
    lag->dead = (uint64_t)row_number(q);
    return query_row_check(q, e);
}

int catalog_mirror_lag(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], int64_t now_ns,
                       struct catalog_lag *lag, struct error *e)
{
    static const char sql[] =
        "SELECT count(*) FILTER (WHERE operation = 'copy'),"
        " coalesce(sum(bytes) FILTER (WHERE operation = 'copy'), 0),"
        " coalesce(min(created_ns)"
        " FILTER (WHERE operation IN ('copy', 'slot') AND class <> ?3), 0),"
        " count(*) FILTER (WHERE operation = 'copy' AND class = ?3),"
        " coalesce(sum(bytes) FILTER (WHERE operation = 'copy' AND class = ?3), 0),"
        " count(*) FILTER (WHERE operation = 'remove' AND state <> 'dead'),"
        " count(*) FILTER (WHERE operation = 'remove' AND state <> 'dead' AND due_ns <= ?2),"
        " count(*) FILTER (WHERE state = 'dead') FROM items WHERE lane = ?1";
    struct catalog_lag found;
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, vault, CATALOG_ID_SIZE);
        query_number(&q, now_ns);
        query_number(&q, CATALOG_CLASS_HISTORY);
        result = query_step(&q, e) > 0 ? read_lag(&q, &found, e) : -1;
        query_end(&q);
    }
    catalog_unlock(c);
    if (result == 0)
        *lag = found;
    return result;
}

int catalog_mirror_breach(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                          struct error *e)
{
    static const char sql[] = "UPDATE mirrors SET breaches = breaches + 1 WHERE vault = ?";

    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, query_run_for(c, sql, vault, e), e);
}
