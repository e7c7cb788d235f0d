/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object_queue.c - the versions that a rule is for: seen, waiting, taken, done.
 *
 * What is taken and what became of it is written without waiting for the disk: after a loss of
 * power the row says PENDING again, and a copy that was made is known again at the destination.
 */
#include "catalog/object_rule.h"

#include "base/clock.h"
#include "catalog/catalog_private.h"

#include <string.h>

#define COPY_COLUMNS                                                                           \
    "object, moment_ns, version, state, marker, bytes, turn_ns, due_ns, queued_ns, done_ns,"   \
    " attempts, reason, copy_version, error_class, error_code, error_text"

static const char *const states[] = {
#define X(symbol, name) name,
    CATALOG_COPY_STATES(X)
#undef X
};

const char *catalog_copy_state_name(enum catalog_copy_state state)
{
    ASSERT((unsigned)state < CATALOG_COPY_STATE_COUNT);
    return states[state];
}

int catalog_copy_state_parse(const char *name)
{
    for (int i = 0; i < CATALOG_COPY_REPLICA; i++) {
        if (strcasecmp(name, states[i]) == 0)
            return i;
    }
    return -1;
}

int catalog_object_copy_compare(const struct catalog_object_copy *a,
                                const struct catalog_object_copy *b)
{
    size_t shorter = a->object_size < b->object_size ? a->object_size : b->object_size;
    int order = memcmp(a->object, b->object, shorter);

    if (order != 0)
        return order;
    if (a->object_size != b->object_size)
        return a->object_size < b->object_size ? -1 : 1;
    if (a->moment_ns != b->moment_ns)
        return a->moment_ns < b->moment_ns ? -1 : 1;
    return strcmp(a->version, b->version);
}

/* ---- rows ---- */

static void read_object(struct query *q, struct catalog_object_copy *row)
{
    int column = q->next_column++;
    int size = sqlite3_column_bytes(q->handle, column);

    if (sqlite3_column_type(q->handle, column) != SQLITE_BLOB || size > CATALOG_OBJECT_KEY) {
        q->malformed = true;
        return;
    }
    row->object_size = (size_t)size;
    if (size > 0)
        memcpy(row->object, sqlite3_column_blob(q->handle, column), (size_t)size);
}

static void read_name(struct query *q, struct catalog_object_copy *row)
{
    read_object(q, row);
    row->moment_ns = row_number(q);
    row_text(q, row->version, sizeof(row->version));
    row->state = (enum catalog_copy_state)row_choice(q, CATALOG_COPY_REPLICA);
}

static int read_row(struct query *q, struct catalog_object_copy *row, struct error *e)
{
    memset(row, 0, sizeof(*row));
    read_name(q, row);
    row->marker = row_number(q) != 0;
    row->bytes = (uint64_t)row_number(q);
    row->turn_ns = row_number(q);
    row->due_ns = row_number(q);
    row->queued_ns = row_number(q);
    row->done_ns = row_number(q);
    row->attempts = (uint32_t)row_number(q);
    row_text(q, row->reason, sizeof(row->reason));
    row_text(q, row->copy_version, sizeof(row->copy_version));
    row_why(q, &row->why);
    return query_row_check(q, e);
}

/* The primary key. */
static void bind_name(struct query *q, const uint8_t *rule,
                      const struct catalog_object_copy *row)
{
    query_blob(q, rule, CATALOG_ID_SIZE);
    query_blob(q, row->object, row->object_size);
    query_number(q, row->moment_ns);
    query_text(q, row->version);
}

/* ---- the order of listings ---- */

struct page {
    struct catalog_object_copy *rows;
    size_t count;
};

static int add_to_page(struct query *q, void *context, struct error *e)
{
    struct page *page = context;

    read_name(q, &page->rows[page->count++]);
    return query_row_check(q, e);
}

int catalog_object_copy_page(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                             const struct catalog_object_copy *after,
                             struct catalog_object_copy *rows, size_t room, size_t *count,
                             struct error *e)
{
    static const char first[] = "SELECT object, moment_ns, version, state FROM object_copies"
                                " WHERE rule = ? ORDER BY object, moment_ns, version LIMIT ?";
    static const char next[] =
        "SELECT object, moment_ns, version, state FROM object_copies WHERE rule = ?"
        " AND (object, moment_ns, version) > (?, ?, ?)"
        " ORDER BY object, moment_ns, version LIMIT ?";
    struct page page = {.rows = rows};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, after != NULL ? next : first, &q, e);
    if (result == 0) {
        if (after != NULL)
            bind_name(&q, rule, after);
        else
            query_blob(&q, rule, CATALOG_ID_SIZE);
        query_number(&q, (int64_t)room);
        result = query_list(&q, add_to_page, &page, e);
    }
    catalog_unlock(c);
    if (result == 0)
        *count = page.count;
    return result;
}

static int insert_one(struct catalog *c, const uint8_t *rule,
                      const struct catalog_object_copy *row, enum catalog_copy_again again,
                      int64_t now_ns, uint64_t *added, struct error *e)
{
#define INSERT_ROW                                                                             \
    "INSERT INTO object_copies (rule, object, moment_ns, version, state, marker, bytes,"       \
    " turn_ns, due_ns, queued_ns, done_ns, attempts, run, reason, copy_version,"               \
    " error_class, error_code, error_text)"                                                    \
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, ?, '', 0, 'failed', '')"
#define RENEW_ROW                                                                              \
    " ON CONFLICT DO UPDATE SET state = excluded.state, turn_ns = excluded.turn_ns,"           \
    " due_ns = excluded.due_ns, queued_ns = excluded.queued_ns, reason = excluded.reason,"     \
    " attempts = excluded.attempts"
    static const char *const statements[] = {
        [CATALOG_COPY_NEW] = INSERT_ROW " ON CONFLICT DO NOTHING",
        [CATALOG_COPY_AGAIN] = INSERT_ROW RENEW_ROW " WHERE state IN (2, 3)",
        [CATALOG_COPY_FORCE] = INSERT_ROW RENEW_ROW " WHERE state IN (1, 2, 3)"};
    struct query q;

    if (query_start(c, statements[again], &q, e) != 0)
        return -1;
    bind_name(&q, rule, row);
    query_number(&q, row->state);
    query_number(&q, row->marker);
    query_number(&q, (int64_t)row->bytes);
    query_number(&q, row->turn_ns);
    query_number(&q, row->due_ns);
    query_number(&q, now_ns);
    query_number(&q, row->attempts);
    query_text(&q, row->reason);
    if (query_finish(&q, e) != 0)
        return -1;
    *added += query_changes(c);
    return 0;
}

int catalog_object_copy_insert(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                               const struct catalog_object_copy *rows, size_t count,
                               enum catalog_copy_again again, uint64_t *added, struct error *e)
{
    int64_t now_ns = clock_wall_ns();
    uint64_t changed = 0;
    int result = 0;

    if (count == 0)
        return 0;
    if (catalog_begin(c, e) != 0)
        return -1;
    for (size_t i = 0; i < count && result == 0; i++)
        result = insert_one(c, rule, &rows[i], again, now_ns, &changed, e);
    if (write_end(c, result, e) != 0)
        return -1;
    if (added != NULL)
        *added += changed;
    return 0;
}

int catalog_object_copy_forget(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                               const struct catalog_object_copy *row, struct error *e)
{
    static const char sql[] = "DELETE FROM object_copies WHERE rule = ? AND object = ?"
                              " AND moment_ns = ? AND version = ? AND state = ?";
    struct query q;
    int gone = 0;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        bind_name(&q, rule, row);
        query_number(&q, row->state);
        result = query_finish(&q, e);
        gone = query_changes(c) > 0;
    }
    if (write_end(c, result, e) != 0)
        return -1;
    return gone && row->state == CATALOG_COPY_PENDING;
}

/* ---- working on them ---- */

/* 1 and `*row`, 0, -1. */
static int choose(struct catalog *c, const struct catalog_object_rule *rule, int64_t now_ns,
                  struct catalog_object_copy *row, struct error *e)
{
    static const char sql[] =
        "SELECT " COPY_COLUMNS ", EXISTS (SELECT 1 FROM object_copies l WHERE l.rule = i.rule"
        " AND l.object = i.object AND (l.moment_ns, l.version) > (i.moment_ns, i.version)"
        " AND l.state = 1) FROM object_copies i"
        " WHERE rule = ?1 AND state = 0 AND due_ns <= ?2 AND run <> ?3"
        " AND NOT EXISTS (SELECT 1 FROM object_copies o WHERE o.rule = i.rule"
        " AND o.object = i.object AND (o.moment_ns, o.version) < (i.moment_ns, i.version)"
        " AND o.state = 0) ORDER BY turn_ns LIMIT 1";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, rule->id, CATALOG_ID_SIZE);
    query_number(&q, now_ns);
    query_number(&q, rule->run);
    int found = query_step(&q, e);
    if (found > 0 && read_row(&q, row, e) != 0)
        found = -1;
    if (found > 0)
        row->superseded = row_number(&q) != 0;
    query_end(&q);
    return found;
}

static int take(struct catalog *c, const struct catalog_object_rule *rule,
                struct catalog_object_copy *row, struct error *e)
{
    static const char sql[] =
        "UPDATE object_copies SET run = ?, attempts = attempts + 1"
        " WHERE rule = ? AND object = ? AND moment_ns = ? AND version = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, rule->run);
    bind_name(&q, rule->id, row);
    row->attempts++;
    return query_finish(&q, e);
}

int catalog_object_copy_claim(struct catalog *c, const struct catalog_object_rule *rule,
                              int64_t now_ns, struct catalog_object_copy *row, struct error *e)
{
    if (write_begin_light(c, e) != 0)
        return -1;
    int found = catalog_object_rule_goes_on(c, rule, e);
    if (found > 0)
        found = choose(c, rule, now_ns, row, e);
    if (found > 0 && take(c, rule, row, e) != 0)
        found = -1;
    if (write_end_light(c, found < 0 ? -1 : 0, e) != 0)
        return -1;
    return found;
}

static int store_outcome(struct catalog *c, const struct catalog_object_rule *rule,
                         const struct catalog_object_copy *row, struct error *e)
{
    static const char sql[] =
        "UPDATE object_copies SET state = ?, due_ns = ?, done_ns = ?, run = 0, reason = ?,"
        " copy_version = ?, bytes = ?, error_class = ?, error_code = ?, error_text = ?"
        " WHERE rule = ? AND object = ? AND moment_ns = ? AND version = ? AND run = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, row->state);
    query_number(&q, row->due_ns);
    query_number(&q, row->state == CATALOG_COPY_PENDING ? 0 : clock_wall_ns());
    query_text(&q, row->reason);
    query_text(&q, row->copy_version);
    query_number(&q, (int64_t)row->bytes);
    query_why(&q, &row->why);
    bind_name(&q, rule->id, row);
    query_number(&q, rule->run);
    return query_finish(&q, e);
}

static int count_copy(struct catalog *c, const struct catalog_object_rule *rule,
                      const struct catalog_object_copy *row, struct error *e)
{
    static const char sql[] = "UPDATE object_rules SET copied = copied + ?, copied_bytes ="
                              " copied_bytes + ?, marked = marked + ? WHERE id = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, !row->marker);
    query_number(&q, row->marker ? 0 : (int64_t)row->bytes);
    query_number(&q, row->marker);
    query_blob(&q, rule->id, CATALOG_ID_SIZE);
    return query_finish(&q, e);
}

int catalog_object_copy_end(struct catalog *c, const struct catalog_object_rule *rule,
                            const struct catalog_object_copy *row, struct error *e)
{
    if (write_begin_light(c, e) != 0)
        return -1;
    int result = store_outcome(c, rule, row, e);
    if (result == 0 && query_changes(c) > 0 && row->state == CATALOG_COPY_COMPLETED)
        result = count_copy(c, rule, row, e);
    return write_end_light(c, result, e);
}

/* ---- by hand ---- */

int catalog_object_copy_cancel(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                               uint64_t *count, int64_t *oldest_ns, struct error *e)
{
    static const char sql[] = "DELETE FROM object_copies WHERE rule = ? AND state = 0";
    struct catalog_rule_figures figures;
    uint64_t gone = 0;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_object_rule_figures(c, rule, &figures, e);
    if (result == 0)
        result = query_run_for(c, sql, rule, e);
    if (result == 0)
        gone = query_changes(c);
    if (write_end(c, result, e) != 0)
        return -1;
    if (count != NULL)
        *count = gone;
    if (oldest_ns != NULL)
        *oldest_ns = figures.oldest_ns;
    return 0;
}

int catalog_object_copy_retry(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                              const void *key, size_t key_size, uint64_t *count,
                              struct error *e)
{
    static const char all[] = "UPDATE object_copies SET state = 0, attempts = 1, due_ns = 0"
                              " WHERE rule = ? AND state = 2";
    static const char one[] = "UPDATE object_copies SET state = 0, attempts = 1, due_ns = 0"
                              " WHERE rule = ? AND state = 2 AND object = ?";
    uint64_t changed = 0;
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, key != NULL ? one : all, &q, e);
    if (result == 0) {
        query_blob(&q, rule, CATALOG_ID_SIZE);
        if (key != NULL)
            query_blob(&q, key, key_size);
        result = query_finish(&q, e);
        changed = query_changes(c);
    }
    if (write_end(c, result, e) != 0)
        return -1;
    if (count != NULL)
        *count = changed;
    return 0;
}

struct visit {
    int (*each)(void *context, const struct catalog_object_copy *row, struct error *e);
    void *context;
    struct catalog_object_copy row;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    struct visit *visit = context;

    return read_row(q, &visit->row, e) != 0 ? -1 : visit->each(visit->context, &visit->row, e);
}

/* The statement that has an index for what is asked. */
static const char *list_statement(const void *key, int state)
{
    static const char all[] = "SELECT " COPY_COLUMNS " FROM object_copies WHERE rule = ?1"
                              " AND (?2 IS NULL OR object = ?2) AND (?3 < 0 OR state = ?3)"
                              " ORDER BY object, moment_ns, version LIMIT ?4";
    static const char one[] = "SELECT " COPY_COLUMNS " FROM object_copies WHERE rule = ?1"
                              " AND object = ?2 AND (?3 < 0 OR state = ?3)"
                              " ORDER BY moment_ns, version LIMIT ?4";
    static const char pending[] =
        "SELECT " COPY_COLUMNS " FROM object_copies WHERE rule = ?1 AND state = 0"
        " AND ?2 IS NULL AND ?3 = 0 ORDER BY turn_ns LIMIT ?4";
    static const char failed[] =
        "SELECT " COPY_COLUMNS " FROM object_copies WHERE rule = ?1 AND state = 2"
        " AND ?2 IS NULL AND ?3 = 2 ORDER BY object, moment_ns, version LIMIT ?4";

    if (key != NULL)
        return one;
    return state == CATALOG_COPY_PENDING  ? pending
           : state == CATALOG_COPY_FAILED ? failed
                                          : all;
}

int catalog_object_copy_list(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                             const void *key, size_t key_size, int state, uint64_t limit,
                             int (*each)(void *context, const struct catalog_object_copy *row,
                                         struct error *e),
                             void *context, struct error *e)
{
    struct visit visit = {.each = each, .context = context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, list_statement(key, state), &q, e);
    if (result == 0) {
        query_blob(&q, rule, CATALOG_ID_SIZE);
        if (key != NULL)
            query_blob(&q, key, key_size);
        else
            query_id_or_null(&q, NULL);
        query_number(&q, state);
        query_number(&q, limit > 0 ? (int64_t)limit : -1);
        result = query_list(&q, visit_row, &visit, e);
    }
    catalog_unlock(c);
    return result;
}
