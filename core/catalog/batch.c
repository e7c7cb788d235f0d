/* SPDX-License-Identifier: Apache-2.0 */
/* batch.c - batch jobs as rows; see batch.h. */
#include "catalog/batch.h"

#include "base/clock.h"
#include "catalog/catalog_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#define BATCH_COLUMNS                                                                          \
    "id, token, origin, source, source_name, target, target_name, state, wish, held,"          \
    " priority, confirm, confirmed_ns, manifest_hash, total, total_bytes, succeeded, failed,"  \
    " skipped, bytes, created_ns, started_ns, ended_ns, report, task, pid, boot_id,"           \
    " process_start, error_class, error_code, error_text"

static const struct {
    const char *name;
    bool final;
    unsigned next;
} states[CATALOG_BATCH_STATE_COUNT] = {
#define X(symbol, name, final, next) {name, final, next},
    CATALOG_BATCH_STATES(X)
#undef X
};
NAMES(wish, CATALOG_BATCH_WISHES)

static const char *state_name(int state)
{
    return states[state].name;
}

const char *catalog_batch_state_name(enum catalog_batch_state state)
{
    ASSERT((unsigned)state < CATALOG_BATCH_STATE_COUNT);
    return states[state].name;
}

int catalog_batch_state_parse(const char *name)
{
    for (int i = 0; i < CATALOG_BATCH_STATE_COUNT; i++)
        if (strcasecmp(name, states[i].name) == 0)
            return i;
    return -1;
}

bool catalog_batch_state_is_final(enum catalog_batch_state state)
{
    ASSERT((unsigned)state < CATALOG_BATCH_STATE_COUNT);
    return states[state].final;
}

bool catalog_batch_may_follow(enum catalog_batch_state from, enum catalog_batch_state to)
{
    ASSERT((unsigned)from < CATALOG_BATCH_STATE_COUNT);
    ASSERT((unsigned)to < CATALOG_BATCH_STATE_COUNT);
    return (states[from].next & (1u << to)) != 0;
}

struct catalog_batch *catalog_batch_new(struct error *e)
{
    struct catalog_batch *job = calloc(1, sizeof(*job));

    if (job == NULL)
        error_no_memory(e, "a batch job");
    return job;
}

void catalog_batch_free(struct catalog_batch *job)
{
    if (job == NULL)
        return;
    catalog_pairs_clear(&job->settings);
    free(job);
}

bool catalog_batch_is_owned(const struct catalog_batch *job)
{
    return job->owner.pid != 0 && process_is_alive(&job->owner);
}

/* Writing */

static int check_limit(struct catalog *c, uint64_t most, struct error *e)
{
    static const char sql[] = "SELECT count(*) >= ? FROM batch_jobs WHERE ended_ns = 0";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, (int64_t)most);
    int full = query_exists(&q, e);
    if (full <= 0)
        return full;
    return error_set(e, LAGAN_LIMIT, ERROR_BATCH_LIMIT,
                     "there are %llu batch jobs that are not over, which is the most",
                     (unsigned long long)most);
}

static int insert_row(struct catalog *c, const struct catalog_batch *job, struct error *e)
{
    static const char sql[] =
        "INSERT INTO batch_jobs (" BATCH_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, 'New',"
        " 'none', 0, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, ?, 0, 0, '', '', 0, '', 0, 0, 'failed', '')";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, job->id, CATALOG_ID_SIZE);
    query_text(&q, job->token);
    query_id(&q, job->origin);
    query_blob(&q, job->source, CATALOG_ID_SIZE);
    query_text(&q, job->source_name);
    query_blob(&q, job->target, CATALOG_ID_SIZE);
    query_text(&q, job->target_name);
    query_number(&q, job->priority);
    query_number(&q, job->confirm);
    query_number(&q, job->confirmed_ns);
    query_blob(&q, job->manifest_hash, CATALOG_HASH_SIZE);
    query_number(&q, job->created_ns);
    if (query_finish(&q, e) == 0)
        return 0;
    if (query_is_taken(query_status(c)))
        return error_set(e, LAGAN_EXISTS, ERROR_BATCH_TOKEN,
                         "the token '%s' belongs to another batch job", job->token);
    return -1;
}

int catalog_batch_insert(struct catalog *c, struct catalog_batch *job, uint64_t most,
                         struct error *e)
{
    static const char settings[] = "INSERT INTO batch_settings VALUES (?, ?, ?, ?)";
    struct catalog_batch row = *job;

    if (getrandom(row.id, CATALOG_ID_SIZE, 0) != CATALOG_ID_SIZE)
        return error_errno(e, errno, "random bytes");
    row.state = CATALOG_BATCH_NEW;
    row.created_ns = clock_wall_ns();
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = check_limit(c, most, e);
    if (result == 0)
        result = insert_row(c, &row, e);
    if (result == 0)
        result = pairs_insert(c, settings, row.id, &row.settings, e);
    if (write_end(c, result, e) != 0)
        return -1;
    *job = row;
    return 0;
}

static int update_state(struct catalog *c, const struct catalog_batch *job,
                        enum catalog_batch_state from, struct error *e)
{
    static const char sql[] =
        "UPDATE batch_jobs SET state = ?, total = ?, total_bytes = ?, succeeded = ?,"
        " failed = ?, skipped = ?, bytes = ?, started_ns = ?, ended_ns = ?, report = ?,"
        " task = ?, error_class = ?, error_code = ?, error_text = ? WHERE id = ? AND state = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, states[job->state].name);
    query_number(&q, (int64_t)job->total);
    query_number(&q, (int64_t)job->total_bytes);
    query_number(&q, (int64_t)job->succeeded);
    query_number(&q, (int64_t)job->failed);
    query_number(&q, (int64_t)job->skipped);
    query_number(&q, (int64_t)job->bytes);
    query_number(&q, job->started_ns);
    query_number(&q, job->ended_ns);
    query_text(&q, job->report);
    query_text(&q, job->task);
    query_why(&q, &job->why);
    query_blob(&q, job->id, CATALOG_ID_SIZE);
    query_text(&q, states[from].name);
    if (query_finish(&q, e) != 0)
        return -1;
    if (query_changes(c) == 1)
        return 0;
    return error_set(e, LAGAN_CHANGED, ERROR_BATCH_STATE,
                     "the batch job is not %s any more: look at it again", states[from].name);
}

int catalog_batch_move(struct catalog *c, struct catalog_batch *job,
                       enum catalog_batch_state to, const struct error *why, struct error *e)
{
    struct catalog_batch moved = *job;

    if (!catalog_batch_may_follow(job->state, to))
        return error_set(e, LAGAN_PRECONDITION, ERROR_BATCH_STATE,
                         "a batch job that is %s does not become %s", states[job->state].name,
                         states[to].name);
    moved.state = to;
    if (to == CATALOG_BATCH_ACTIVE && moved.started_ns == 0)
        moved.started_ns = clock_wall_ns();
    if (states[to].final)
        moved.ended_ns = clock_wall_ns();
    if (why != NULL)
        moved.why = *why;
    if (catalog_begin(c, e) != 0 ||
        write_end(c, update_state(c, &moved, job->state, e), e) != 0)
        return -1;
    *job = moved;
    return 0;
}

static int update_counts(struct catalog *c, const struct catalog_batch *job, struct error *e)
{
    static const char sql[] = "UPDATE batch_jobs SET total = ?, total_bytes = ?, succeeded = ?,"
                              " failed = ?, skipped = ?, bytes = ?, report = ? WHERE id = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, (int64_t)job->total);
    query_number(&q, (int64_t)job->total_bytes);
    query_number(&q, (int64_t)job->succeeded);
    query_number(&q, (int64_t)job->failed);
    query_number(&q, (int64_t)job->skipped);
    query_number(&q, (int64_t)job->bytes);
    query_text(&q, job->report);
    query_blob(&q, job->id, CATALOG_ID_SIZE);
    return query_finish(&q, e);
}

int catalog_batch_note(struct catalog *c, const struct catalog_batch *job, struct error *e)
{
    if (write_begin_light(c, e) != 0)
        return -1;
    return write_end_light(c, update_counts(c, job, e), e);
}

static int update_ask(struct catalog *c, const struct catalog_batch *job, struct error *e)
{
    static const char sql[] = "UPDATE batch_jobs SET wish = ?, held = ?, priority = ?,"
                              " confirmed_ns = ? WHERE id = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, wish_name((int)job->wish));
    query_number(&q, job->held);
    query_number(&q, job->priority);
    query_number(&q, job->confirmed_ns);
    query_blob(&q, job->id, CATALOG_ID_SIZE);
    return query_finish(&q, e);
}

int catalog_batch_ask(struct catalog *c, const struct catalog_batch *job, struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, update_ask(c, job, e), e);
}

int catalog_batch_heeded(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    static const char sql[] = "UPDATE batch_jobs SET wish = 'none' WHERE id = ?"
                              " AND wish IN ('pause', 'yield')";

    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, query_run_for(c, sql, id, e), e);
}

int catalog_batch_delete(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, query_run_for(c, "DELETE FROM batch_jobs WHERE id = ?", id, e), e);
}

/* Reading */

static void read_members(struct query *q, struct catalog_batch *row)
{
    row_blob(q, row->id, CATALOG_ID_SIZE);
    row_text(q, row->token, sizeof(row->token));
    row_blob(q, row->origin, CATALOG_ID_SIZE);
    row_blob(q, row->source, CATALOG_ID_SIZE);
    row_text(q, row->source_name, sizeof(row->source_name));
    row_blob(q, row->target, CATALOG_ID_SIZE);
    row_text(q, row->target_name, sizeof(row->target_name));
    row->state = (enum catalog_batch_state)row_enum(q, CATALOG_BATCH_STATE_COUNT, state_name);
    row->wish = (enum catalog_batch_wish)row_enum(q, wish_count, wish_name);
    row->held = row_number(q) != 0;
    row->priority = (int32_t)row_number(q);
    row->confirm = row_number(q) != 0;
    row->confirmed_ns = row_number(q);
    row_blob(q, row->manifest_hash, CATALOG_HASH_SIZE);
    row->total = (uint64_t)row_number(q);
    row->total_bytes = (uint64_t)row_number(q);
    row->succeeded = (uint64_t)row_number(q);
    row->failed = (uint64_t)row_number(q);
    row->skipped = (uint64_t)row_number(q);
    row->bytes = (uint64_t)row_number(q);
    row->created_ns = row_number(q);
    row->started_ns = row_number(q);
    row->ended_ns = row_number(q);
    row_text(q, row->report, sizeof(row->report));
    row_text(q, row->task, sizeof(row->task));
    row->owner.pid = row_number(q);
    row_text(q, row->owner.boot_id, sizeof(row->owner.boot_id));
    row->owner.start_ticks = row_number(q);
    row_why(q, &row->why);
}

static void *read_row(struct query *q, struct error *e)
{
    static const char settings[] =
        "SELECT name, value FROM batch_settings WHERE job = ? ORDER BY position";
    struct catalog_batch *row = catalog_batch_new(e);

    if (row == NULL)
        return NULL;
    read_members(q, row);
    if (query_row_check(q, e) == 0 &&
        pairs_read(q->catalog, settings, row->id, &row->settings, e) == 0)
        return row;
    catalog_batch_free(row);
    return NULL;
}

static void release_row(void *row)
{
    catalog_batch_free(row);
}

static const struct finder finder = {
    .by_name = "SELECT " BATCH_COLUMNS " FROM batch_jobs WHERE token = ? AND token <> ''",
    .by_range =
        "SELECT " BATCH_COLUMNS " FROM batch_jobs WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 2",
    .read = read_row,
    .release = release_row,
    .one = "batch",
    .several = "batch jobs",
    .absent = ERROR_NO_BATCH};

struct catalog_batch *catalog_batch_find(struct catalog *c, const char *text, struct error *e)
{
    return finder_find(c, &finder, text, e);
}

struct catalog_batch *catalog_batch_get(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                                        struct error *e)
{
    return finder_get(c, &finder, id, e);
}

struct catalog_batch *catalog_batch_of_token(struct catalog *c, const char *token,
                                             struct error *e)
{
    return finder_named(c, &finder, token, e);
}

struct visit {
    int (*each)(void *context, const struct catalog_batch *job, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    struct catalog_batch *row = read_row(q, e);

    if (row == NULL)
        return -1;
    int result = visit->each(visit->context, row, e);
    catalog_batch_free(row);
    return result;
}

int catalog_batch_list(struct catalog *c, int64_t since_ns,
                       int (*each)(void *context, const struct catalog_batch *job,
                                   struct error *e),
                       void *context, struct error *e)
{
    static const char sql[] =
        "SELECT " BATCH_COLUMNS " FROM batch_jobs WHERE created_ns >= ? OR ended_ns = 0"
        " ORDER BY created_ns DESC, id";
    struct visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, since_ns);
        result = query_list(&q, visit_row, &visit, e);
    }
    catalog_unlock(c);
    return result;
}

int catalog_batch_wish(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                       enum catalog_batch_wish *wish, struct error *e)
{
    static const char sql[] = "SELECT wish FROM batch_jobs WHERE id = ?";
    struct query q;

    catalog_lock(c);
    int found = query_start(c, sql, &q, e) == 0 ? 0 : -1;
    if (found == 0) {
        query_blob(&q, id, CATALOG_ID_SIZE);
        found = query_step(&q, e);
        int read = found > 0 ? row_enum(&q, wish_count, wish_name) : 0;
        if (found > 0 && query_row_check(&q, e) != 0)
            found = -1;
        query_end(&q);
        /* A job that was forgotten meanwhile is as good as cancelled. */
        if (found >= 0)
            *wish = found > 0 ? (enum catalog_batch_wish)read : CATALOG_BATCH_WISH_CANCEL;
    }
    catalog_unlock(c);
    return found < 0 ? -1 : 0;
}
