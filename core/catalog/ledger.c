/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.c - every replication that was ever tried, and what it says of a backup and a region.
 */
#include "catalog/ledger.h"
#include "base/clock.h"
#include "catalog/catalog_private.h"

#include <string.h>

#define LEDGER_COLUMNS                                                                         \
    "id, source_vault, backup, source_region, region, project, vault, replica, name,"          \
    " description, way, policy, state, gone_ns, task, created_ns, started_ns, ended_ns, "      \
    "bytes,"                                                                                   \
    " bytes_sent, error_class, error_code, error_text"

NAMES(state, CATALOG_LEDGER_STATES)
NAMES(way, CATALOG_WAYS)

const char *catalog_ledger_state_name(enum catalog_ledger_state state)
{
    return state_name((int)state);
}

const char *catalog_way_name(enum catalog_way way)
{
    return way_name((int)way);
}

/* Writing */

static void bind_row(struct query *q, const struct catalog_ledger *line)
{
    query_text(q, line->id);
    query_blob(q, line->source_vault, CATALOG_ID_SIZE);
    query_text(q, line->backup);
    query_text(q, line->source_region);
    query_text(q, line->region);
    query_text(q, line->project);
    query_blob(q, line->vault, CATALOG_ID_SIZE);
    query_text(q, line->replica);
    query_text(q, line->name);
    query_text(q, line->description);
    query_text(q, catalog_way_name(line->way));
    query_text(q, line->policy);
    query_text(q, catalog_ledger_state_name(line->state));
    query_number(q, line->gone_ns);
    query_text(q, line->task);
    query_number(q, line->created_ns);
    query_number(q, line->started_ns);
    query_number(q, line->ended_ns);
    query_number(q, (int64_t)line->bytes);
    query_number(q, (int64_t)line->bytes_sent);
    query_why(q, &line->why);
}

static int explain_conflict(struct catalog *c, const struct catalog_ledger *line,
                            struct error *e)
{
    if (query_is_taken(query_status(c)))
        return error_set(e, LAGAN_EXISTS, ERROR_REPLICA_EXISTS,
                         "the region '%s' has a replica of the backup %s, or one is on its way",
                         line->region, line->backup);
    return -1;
}

static int insert_row(struct catalog *c, const struct catalog_ledger *line, struct error *e)
{
    static const char sql[] = "INSERT INTO ledger (" LEDGER_COLUMNS ") VALUES (?, ?, ?, ?, ?,"
                              " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    bind_row(&q, line);
    return query_finish(&q, e) == 0 ? 0 : explain_conflict(c, line, e);
}

static int insert_item(struct catalog *c, const struct catalog_ledger *line, struct error *e)
{
    bool by_policy = line->way == CATALOG_WAY_POLICY;
    struct catalog_item item = {.operation = CATALOG_OPERATION_REPLICA,
                                .class =
                                    by_policy ? CATALOG_CLASS_POLICY : CATALOG_CLASS_MANUAL,
                                .bytes = line->bytes};

    memcpy(item.lane, line->vault, sizeof(item.lane));
    memcpy(item.subject, line->id, sizeof(line->id));
    return catalog_item_insert(c, &item, NULL, e);
}

int catalog_ledger_insert(struct catalog *c, struct catalog_ledger *line, struct error *e)
{
    struct catalog_ledger row = *line;

    if (made_id("r-", row.id, e) != 0)
        return -1;
    row.state = CATALOG_LEDGER_WAITING;
    row.created_ns = clock_wall_ns();
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = insert_row(c, &row, e);
    if (result == 0)
        result = insert_item(c, &row, e);
    if (write_end(c, result, e) != 0)
        return -1;
    *line = row;
    return 0;
}

static int no_line(const char *text, struct error *e)
{
    return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_REPLICA,
                     "there is no replica '%s'; `lagan replica list` shows those there are",
                     text);
}

static int update_row(struct catalog *c, const struct catalog_ledger *line, struct error *e)
{
    static const char sql[] =
        "UPDATE ledger SET state = ?, replica = ?, task = ?, started_ns = ?,"
        " ended_ns = ?, bytes = ?, bytes_sent = ?, error_class = ?, error_code = ?,"
        " error_text = ? WHERE id = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, catalog_ledger_state_name(line->state));
    query_text(&q, line->replica);
    query_text(&q, line->task);
    query_number(&q, line->started_ns);
    query_number(&q, line->ended_ns);
    query_number(&q, (int64_t)line->bytes);
    query_number(&q, (int64_t)line->bytes_sent);
    query_why(&q, &line->why);
    query_text(&q, line->id);
    if (query_finish(&q, e) != 0)
        return explain_conflict(c, line, e);
    return query_changes(c) == 1 ? 0 : no_line(line->id, e);
}

int catalog_ledger_update(struct catalog *c, const struct catalog_ledger *line, struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, update_row(c, line, e), e);
}

int catalog_ledger_bury(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                        const char *replica, int64_t gone_ns, struct error *e)
{
    static const char sql[] = "UPDATE ledger SET gone_ns = ? WHERE vault = ? AND replica = ?"
                              " AND replica <> '' AND gone_ns = 0";
    bool known = false;
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, gone_ns);
        query_blob(&q, vault, CATALOG_ID_SIZE);
        query_text(&q, replica);
        result = query_finish(&q, e);
        known = query_changes(c) > 0;
    }
    return write_end(c, result, e) != 0 ? -1 : known;
}

/* Reading */

static int read_row(struct query *q, struct catalog_ledger *line, struct error *e)
{
    row_text(q, line->id, sizeof(line->id));
    row_blob(q, line->source_vault, CATALOG_ID_SIZE);
    row_text(q, line->backup, sizeof(line->backup));
    row_text(q, line->source_region, sizeof(line->source_region));
    row_text(q, line->region, sizeof(line->region));
    row_text(q, line->project, sizeof(line->project));
    row_blob(q, line->vault, CATALOG_ID_SIZE);
    row_text(q, line->replica, sizeof(line->replica));
    row_text(q, line->name, sizeof(line->name));
    row_text(q, line->description, sizeof(line->description));
    line->way = (enum catalog_way)row_enum(q, way_count, way_name);
    row_text(q, line->policy, sizeof(line->policy));
    line->state = (enum catalog_ledger_state)row_enum(q, state_count, state_name);
    line->gone_ns = row_number(q);
    row_text(q, line->task, sizeof(line->task));
    line->created_ns = row_number(q);
    line->started_ns = row_number(q);
    line->ended_ns = row_number(q);
    line->bytes = (uint64_t)row_number(q);
    line->bytes_sent = (uint64_t)row_number(q);
    row_why(q, &line->why);
    return query_row_check(q, e);
}

/* How many of at most two lines lie in the range; the first into `*line`. */
static int find_range(struct catalog *c, const char *first, const char *last,
                      struct catalog_ledger *line, struct error *e)
{
    static const char sql[] = "SELECT " LEDGER_COLUMNS " FROM ledger"
                              " WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 2";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, first);
    query_text(&q, last);
    int found = query_step(&q, e);
    if (found > 0 && read_row(&q, line, e) != 0)
        found = -1;
    int more = found > 0 ? query_step(&q, e) : 0;
    query_end(&q);
    return more < 0 ? -1 : found + more;
}

int catalog_ledger_find(struct catalog *c, const char *text, struct catalog_ledger *line,
                        struct error *e)
{
    char first[CATALOG_TASK_ID_SIZE], last[CATALOG_TASK_ID_SIZE];
    struct catalog_ledger row;

    if (!made_id_range("r-", text, first, last))
        return no_line(text, e);
    catalog_lock(c);
    int found = find_range(c, first, last, &row, e);
    catalog_unlock(c);
    if (found == 0)
        return no_line(text, e);
    if (found > 1)
        return error_set(e, LAGAN_INVALID, ERROR_AMBIGUOUS,
                         "'%s' means several replicas: give more of the id", text);
    if (found < 0)
        return -1;
    *line = row;
    return 0;
}

struct visit {
    int (*each)(void *context, const struct catalog_ledger *line, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    struct catalog_ledger row;

    if (read_row(q, &row, e) != 0)
        return -1;
    return visit->each(visit->context, &row, e);
}

int catalog_ledger_list(struct catalog *c, const uint8_t *source_vault, const char *backup,
                        const char *region,
                        int (*each)(void *context, const struct catalog_ledger *line,
                                    struct error *e),
                        void *context, struct error *e)
{
    /* Two texts, so that the lines of one backup have their index. */
    static const char of_any[] =
        "SELECT " LEDGER_COLUMNS " FROM ledger WHERE (?1 IS NULL OR source_vault = ?1)"
        " AND (?2 IS NULL OR backup = ?2) AND (?3 IS NULL OR region = ?3)"
        " ORDER BY number DESC";
    static const char of_backup[] =
        "SELECT " LEDGER_COLUMNS " FROM ledger INDEXED BY ledger_by_backup"
        " WHERE source_vault = ?1 AND backup = ?2 AND (?3 IS NULL OR region = ?3)"
        " ORDER BY number DESC";
    struct visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result =
        query_start(c, source_vault != NULL && backup != NULL ? of_backup : of_any, &q, e);
    if (result == 0) {
        query_id_or_null(&q, source_vault);
        query_text(&q, backup);
        query_text(&q, region);
        result = query_list(&q, visit_row, &visit, e);
    }
    catalog_unlock(c);
    return result;
}

static int judge(void *context, const struct catalog_ledger *line, struct error *e)
{
    struct catalog_replicated *replicated = context;
    bool on_its_way =
        line->state == CATALOG_LEDGER_WAITING || line->state == CATALOG_LEDGER_RUNNING;
    bool arrived = line->state == CATALOG_LEDGER_SUCCESS;

    (void)e;
    if (replicated->last.id[0] == '\0')
        replicated->last = *line;
    replicated->ever |= arrived;
    replicated->running |= on_its_way && line->gone_ns == 0;
    replicated->live |= (on_its_way || arrived) && line->gone_ns == 0;
    return 0;
}

int catalog_ledger_history(struct catalog *c, const uint8_t source_vault[CATALOG_ID_SIZE],
                           const char *backup, const char *region,
                           struct catalog_replicated *replicated, struct error *e)
{
    struct catalog_replicated found = {.live = false};

    if (catalog_ledger_list(c, source_vault, backup, region, judge, &found, e) != 0)
        return -1;
    *replicated = found;
    return 0;
}
